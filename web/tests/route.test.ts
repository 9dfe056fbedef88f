import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHeld } from '../src/keep';
import { refusalOf } from '../src/refusal';
import { cleanAddress, fragment, readRoute } from '../src/route';

const at = (url: string) => new URL(url, 'https://example.org');

test('home is everything that is no join link', () => {
	assert.deepEqual(readRoute(at('/')), { page: 'home' });
	assert.deepEqual(readRoute(at('/join/')), { page: 'home' });
});

test('token and key are read from the fragment, the token also from the query', () => {
	const route = (url: string) => readRoute(at(url)) as any;

	assert.equal(route('/join/abc').id, 'abc');
	assert.equal(route('/join/abc').token, undefined);
	assert.equal(route('/join/abc#token=t').token, 't');
	assert.equal(route('/join/abc#k=K&token=a%2Fb').token, 'a/b');
	assert.equal(route('/join/abc#k=K&token=t').key, 'K');
	assert.equal(route('/join/abc?token=j').token, 'j');
	assert.equal(route('/join/abc?jwt=j').token, 'j');
});

test('what stays in the address bar holds no secret', () => {
	assert.equal(cleanAddress(at('/join/abc?jwt=j&lang=de#k=K&token=t')), '/join/abc?lang=de');
	assert.equal(cleanAddress(at('/join/abc?token=t')), '/join/abc');
});

test('a link whose # became %23 on its way is mended, and its key counts as seen', () => {
	const route = (url: string) => readRoute(at(url)) as any;

	for (const url of ['/join/abc%23k=K&token=t', '/join/abc%23k=K%26token=t', '/join/abc&k=K&token=t', '/join/abc/%23k=K&token=t',
		'/join/abc?k=K&token=t', '/join/abc%23token=t&k=K?lang=de']) {
		const { id, key, token, keySeen } = route(url);
		assert.deepEqual([id, key, token, keySeen], ['abc', 'K', 't', true], url);
		assert.equal(cleanAddress(at(url)), `/join/abc${url.includes('lang') ? '?lang=de' : ''}`);
	}
	assert.deepEqual([route('/join/abc%23k=K#k=L').key, route('/join/abc%23k=K#k=L').keySeen], ['L', true]);
	assert.equal(route('/join/abc#k=K').keySeen, false);
	assert.equal(route('/join/a%zz').id, 'a%zz', 'nonsense is no reason to fall over');
});

test('the fragment puts key before token, and nothing where there is nothing', () => {
	assert.equal(fragment('K', 'a/b'), '#k=K&token=a%2Fb');
	assert.equal(fragment(undefined, 't'), '#token=t');
	assert.equal(fragment(), '');
});

test('a place is held for two minutes', () => {
	assert.ok(isHeld({ resume: 'r', name: 'n', seen: 1000 }, 120_000));
	assert.ok(!isHeld({ resume: 'r', name: 'n', seen: 1000 }, 121_001));
	assert.ok(!isHeld({ name: 'n', seen: 1000 }, 1001));
});

test('each close says something of its own', () => {
	const said = [[4400], [4401], [4403, 'denied'], [4403, 'removed'], [4403, 'replaced'], [4404], [4408], [4409], [4410], [4429],
		[1008], [1011], [1006]].map(([code, said]) => refusalOf({ code: code as number, said: said as string }));

	assert.deepEqual(said, ['bad-join', 'token', 'denied', 'removed', 'replaced', 'missing', 'timeout', 'full', 'over', 'too-fast',
		'protocol', 'server', 'network']);
});
