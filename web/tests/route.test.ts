import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHeld } from '../src/keep';
import { refusalOf } from '../src/refusal';
import { cleanAddress, readRoute } from '../src/route';

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
