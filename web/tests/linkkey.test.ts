import assert from 'node:assert/strict';
import * as node from 'node:crypto';
import { test } from 'node:test';
import { fingerprintsOf, fromBase64url, LinkKey, makeKey, promised, toBase64url } from '../src/linkkey';
import { fragment, isKey, readRoute } from '../src/route';
import './clock';

/* Vectors: node's own crypto, which shares nothing with WebCrypto's interface, says the same as written here. */
const MEETING = 'kXlS0P4yZTT0pYcxVnFt0A';
const KEY = 'AAECAwQFBgcICQoLDA0ODw';	/* bytes 0 to 15 */
const PRINTS = ['sha-256 0A:0B', 'sha-256 1C:1D'];
const SIGNED = '["kXlS0P4yZTT0pYcxVnFt0A","from-a","to-b","offer",["sha-256 0A:0B","sha-256 1C:1D"]]';

const VECTOR_MAC = '4PgglX4QDWBd5LGNy_SfrkORoDjZJ1d61CWzZHyPHcE';
const VECTOR_NAME = 'BwcHBwcHBwcHBwcH7g28uARKrEIetYslD_OcOcPZi6s8eTokuXcJuD6IR7SjwqbdMHQRCbWTMOT5aBm2';

const derived = (info: string) => Buffer.from(node.hkdfSync('sha256', Buffer.from(KEY, 'base64url'), MEETING, info, 32));

const mac = () => LinkKey.of(KEY, MEETING).then((key) => key.sign('from-a', 'to-b', 'offer', PRINTS));

function sealedByNode(what: string, meeting: string, clear: Buffer, iv = Buffer.alloc(12, 7)): string {
	const cipher = node.createCipheriv('aes-256-gcm', derived('paravent v1 names'), iv);

	cipher.setAAD(Buffer.from(`["paravent v1","${what}","${meeting}"]`));
	return Buffer.concat([iv, cipher.update(clear), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

test('the mac is HMAC-SHA256 over JSON without spaces, under the derived key (doc/protocol.md)', async () => {
	const expected = node.createHmac('sha256', derived('paravent v1 fingerprint')).update(SIGNED).digest('base64url');

	assert.equal(expected, VECTOR_MAC);
	assert.equal(await mac(), VECTOR_MAC);
});

test('a mac fits one meeting, one pair, one direction, one type, one set of fingerprints, one key', async () => {
	const key = await LinkKey.of(KEY, MEETING);
	const good = await mac();

	assert.ok(await key.verifies(good, 'from-a', 'to-b', 'offer', PRINTS));
	for (const [from, to, type, prints] of [
		['to-b', 'from-a', 'offer', PRINTS], ['from-c', 'to-b', 'offer', PRINTS], ['from-a', 'to-c', 'offer', PRINTS],
		['from-a', 'to-b', 'answer', PRINTS], ['from-a', 'to-b', 'offer', ['sha-256 0A:0B']],
		['from-a', 'to-b', 'offer', [...PRINTS, 'sha-256 FF']], ['from-a', 'to-b', 'offer', []],
	] as const)
		assert.ok(!await key.verifies(good, from, to, type, [...prints]), `${from} ${to} ${type} ${prints}`);
	for (const [other, meeting] of [[makeKey(), MEETING], [KEY, 'another']])
		assert.ok(!await (await LinkKey.of(other, meeting)).verifies(good, 'from-a', 'to-b', 'offer', PRINTS));
	for (const bad of [undefined, null, '', 5, {}, 'no base64url!', good.slice(1), `${good}A`, good.toUpperCase()])
		assert.ok(!await key.verifies(bad, 'from-a', 'to-b', 'offer', PRINTS), `${bad}`);
});

test('what node seals opens here, and what is sealed here opens in node', async () => {
	const key = await LinkKey.of(KEY, MEETING);
	const clear = Buffer.alloc(32);

	clear.write('Märia 🌷');
	assert.equal(sealedByNode('name', MEETING, clear), VECTOR_NAME);
	assert.equal(await key.open('name', VECTOR_NAME), 'Märia 🌷');

	const sealed = Buffer.from(await key.seal('note', 'Zwei Minuten'), 'base64url');
	const open = node.createDecipheriv('aes-256-gcm', derived('paravent v1 names'), sealed.subarray(0, 12));
	open.setAAD(Buffer.from(`["paravent v1","note","${MEETING}"]`));
	open.setAuthTag(sealed.subarray(-16));
	const text = Buffer.concat([open.update(sealed.subarray(12, -16)), open.final()]);
	assert.equal(text.length, 32);
	assert.equal(text.toString().replace(/\0+$/, ''), 'Zwei Minuten');
});

test('a sealed name is no note, and is worth nothing in another meeting, with another key, or changed', async () => {
	const key = await LinkKey.of(KEY, MEETING);
	const sealed = await key.seal('name', 'Maria');

	assert.equal(await key.open('name', sealed), 'Maria');
	assert.equal(await key.open('note', sealed), null);
	assert.equal(await (await LinkKey.of(KEY, 'another')).open('name', sealed), null);
	assert.equal(await (await LinkKey.of(makeKey(), MEETING)).open('name', sealed), null);
	for (let n = 0; n < sealed.length - 1; n++)
		assert.equal(await key.open('name', sealed.slice(0, n) + (sealed[n] === 'A' ? 'B' : 'A') + sealed.slice(n + 1)), null);
	for (const bad of ['', 'AAAA', '!', sealed.slice(0, 20)])
		assert.equal(await key.open('name', bad), null);
});

test('the same name sealed twice differs, and names of different length do not', async () => {
	const key = await LinkKey.of(KEY, MEETING);

	assert.notEqual(await key.seal('name', 'Maria'), await key.seal('name', 'Maria'));
	assert.equal((await key.seal('name', 'Jo')).length, (await key.seal('name', 'Annegret Sonnenschein')).length);
	assert.ok((await key.seal('name', '🌷'.repeat(80))).length <= 1024, 'the longest name fits');
	assert.ok((await key.seal('note', '🌷'.repeat(500))).length <= 4096, 'the longest note fits');
});

test('what could turn the direction of text or move the cursor is gone from opened names', async () => {
	const key = await LinkKey.of(KEY, MEETING);

	assert.equal(await key.open('name', await key.seal('name', ' Ma\u202eria\n\u2066x ')), 'Ma ria x');
});

test('fingerprints: each once, sorted; none may hide from us what a browser might see', () => {
	const sdp = (...lines: string[]) => ['v=0', 'o=- 1 2 IN IP4 0.0.0.0', ...lines, 'm=audio 9 UDP/TLS/RTP/SAVPF 111'].join('\r\n');

	assert.deepEqual(fingerprintsOf(sdp('a=fingerprint:sha-256 BB:CC', 'a=fingerprint:sha-256 AA:CC', 'a=fingerprint:sha-256 BB:CC')),
		['sha-256 AA:CC', 'sha-256 BB:CC']);
	assert.deepEqual(fingerprintsOf('a=fingerprint:sha-256 AA\na=fingerprint:sha-256 BB\n'), ['sha-256 AA', 'sha-256 BB']);
	assert.deepEqual(fingerprintsOf(sdp()), []);
	for (const line of ['a=fingerprint: sha-256 AA', 'a= fingerprint:sha-256 AA', ' a=fingerprint:sha-256 AA', 'a=fingerprint:sha-256 AA BB',
		'a=fingerprint:sha-256  AA', 'a=fingerprint:sha-256 AA ', 'b=fingerprint:sha-256 AA', 'a=fingerprint', 'a=x a=fingerprint:sha-256 AA'])
		assert.equal(fingerprintsOf(sdp('a=fingerprint:sha-256 BB', line)), null, line);
});

test('the live certificate is one that was promised, by whatever hash', async () => {
	const certificate = node.randomBytes(300);
	const bytes = certificate.buffer.slice(certificate.byteOffset, certificate.byteOffset + 300) as ArrayBuffer;
	const print = (hash: string) => node.createHash(hash).update(certificate).digest('hex').replace(/(?=(..)+$)(?!^)/g, ':');

	assert.ok(await promised(bytes, [`sha-256 ${print('sha256')}`]));
	assert.ok(await promised(bytes, ['sha-256 00:11', `sha-512 ${print('sha512').toUpperCase()}`]));
	assert.ok(!await promised(bytes, [`sha-256 ${print('sha512')}`]));
	assert.ok(!await promised(bytes, [`md5 ${print('md5')}`, '']));
	assert.ok(!await promised(bytes, []));
});

test('keys are 128 bits, each another, and travel in the fragment beside the token', () => {
	const one = makeKey();

	assert.equal(fromBase64url(one)!.length, 16);
	assert.notEqual(one, makeKey());
	assert.ok(isKey(one));
	assert.ok(isKey(KEY));
	for (const bad of ['', one.slice(1), `${one}A`, `${one.slice(0, -1)}B`, `${one.slice(0, -1)}!`])
		assert.ok(!isKey(bad), bad);
	const route: any = readRoute(new URL(`https://example.org/join/${MEETING}${fragment(KEY, 'a/b')}`));
	assert.deepEqual([route.key, route.token, route.keySeen], [KEY, 'a/b', false]);
});

test('base64url goes both ways', () => {
	for (let n = 0; n < 40; n++) {
		const bytes = node.randomBytes(n);

		assert.equal(toBase64url(bytes), bytes.toString('base64url'));
		assert.deepEqual(Buffer.from(fromBase64url(bytes.toString('base64url'))!), bytes);
	}
	for (const bad of ['A', 'AA=', 'A+', 'A/', 'ä', 'A A'])
		assert.equal(fromBase64url(bad), null, bad);
});
