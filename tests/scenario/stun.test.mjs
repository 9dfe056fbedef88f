/**
 * STUN over UDP (RFC 8489): a Binding request is answered with the address it came
 * from; whatever else arrives meets silence, so that nobody is flooded through us.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';

import { Server, freePort } from './stage.mjs';

const COOKIE = 0x2112a442;
const BINDING = 0x0001;
const SUCCESS = 0x0101;
const ERROR = 0x0111;
const XOR_MAPPED_ADDRESS = 0x0020;
const ERROR_CODE = 0x0009;
const UNKNOWN_ATTRIBUTES = 0x000a;
const FINGERPRINT = 0x8028;

let server;
let port6;

before(async () => {
	const port = await freePort();

	port6 = await freePort();
	server = await Server.start({ 'stun-listen':
		[`127.0.0.1:${port}`, `[::1]:${port6}`] });
	server.stunPort = port;
});

after(() => server.strike());

/* CRC-32 of IEEE 802.3, for node versions whose zlib has none. */
function crc32(bytes)
{
	let crc = ~0;

	if (zlib.crc32)
		return zlib.crc32(bytes);
	for (const byte of bytes) {
		crc ^= byte;
		for (let n = 0; n < 8; n++)
			crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc >>> 0;
}

/* A message: attributes are [type, value]. */
function message({ type = BINDING, cookie = COOKIE, tid = crypto.randomBytes(12),
	attributes = [], fingerprint, length } = {})
{
	const parts = attributes.map(([kind, value]) => {
		const one = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);

		one.writeUInt16BE(kind, 0);
		one.writeUInt16BE(value.length, 2);
		Buffer.from(value).copy(one, 4);
		return one;
	});
	const body = Buffer.concat(parts);
	const head = Buffer.alloc(20);

	head.writeUInt16BE(type, 0);
	head.writeUInt16BE(length ?? body.length + (fingerprint ? 8 : 0), 2);
	head.writeUInt32BE(cookie, 4);
	tid.copy(head, 8);
	const all = Buffer.concat([head, body]);
	if (!fingerprint)
		return all;

	const last = Buffer.alloc(8);

	last.writeUInt16BE(FINGERPRINT, 0);
	last.writeUInt16BE(4, 2);
	last.writeUInt32BE((crc32(all) ^ 0x5354554e ^
		(fingerprint == 'wrong' ? 1 : 0)) >>> 0, 4);
	return Buffer.concat([all, last]);
}

function attributesOf(answer)
{
	const found = {};

	for (let at = 20; at < answer.length;) {
		const length = answer.readUInt16BE(at + 2);

		found[answer.readUInt16BE(at)] =
			answer.subarray(at + 4, at + 4 + length);
		at += 4 + Math.ceil(length / 4) * 4;
	}
	return found;
}

/* Sends datagrams from one socket; gives what comes back and the socket's port. */
async function ask(datagrams, { v6 = false, answers = 1, ms = 8000 } = {})
{
	const socket = dgram.createSocket(v6 ? 'udp6' : 'udp4');
	const got = [];

	await new Promise((done) => socket.bind(0, v6 ? '::1' : '127.0.0.1',
		done));
	const { port } = socket.address();
	await new Promise((done) => {
		const timer = setTimeout(done, ms);

		socket.on('message', (bytes) => {
			got.push(bytes);
			if (got.length == answers) {
				clearTimeout(timer);
				done();
			}
		});
		for (const datagram of datagrams)
			socket.send(datagram, v6 ? port6 : server.stunPort,
				v6 ? '::1' : '127.0.0.1');
	});
	socket.close();
	return { got, port };
}

describe('STUN', { concurrency: true }, () => {
	test('tells who asks from which address he came', async () => {
		const tid = crypto.randomBytes(12);
		const { got: [answer], port } = await ask([message({ tid })]);

		assert.equal(answer.readUInt16BE(0), SUCCESS);
		assert.equal(answer.readUInt16BE(2), answer.length - 20);
		assert.equal(answer.readUInt32BE(4), COOKIE);
		assert.deepEqual(answer.subarray(8, 20), tid);
		const value = attributesOf(answer)[XOR_MAPPED_ADDRESS];
		assert.equal(value[1], 1);
		assert.equal(value.readUInt16BE(2) ^ COOKIE >>> 16, port);
		assert.equal((value.readUInt32BE(4) ^ COOKIE) >>> 0, 0x7f000001);
		assert.ok(!(FINGERPRINT in attributesOf(answer)));
	});

	test('tells it in IPv6 as well', async () => {
		const tid = crypto.randomBytes(12);
		const { got: [answer], port } = await ask([message({ tid })],
			{ v6: true });
		const value = attributesOf(answer)[XOR_MAPPED_ADDRESS];

		assert.equal(value[1], 2);
		assert.equal(value.readUInt16BE(2) ^ COOKIE >>> 16, port);
		const mask = Buffer.concat([Buffer.from([0x21, 0x12, 0xa4, 0x42]),
			tid]);
		const address = value.subarray(4).map((byte, n) => byte ^ mask[n]);
		assert.deepEqual([...address], [...Array(15).fill(0), 1]);
	});

	test('signs with FINGERPRINT who signs so', async () => {
		const { got: [answer] } = await ask([message({ fingerprint: true })]);
		const value = attributesOf(answer)[FINGERPRINT];
		const signed = answer.subarray(0, answer.length - 8);

		assert.equal(value.readUInt32BE(0),
			(crc32(signed) ^ 0x5354554e) >>> 0);
	});

	test('answers who names his software, and who adds what is optional',
		async () => {
		const { got: [answer] } = await ask([message({ attributes: [
			[0x8022, 'browser'], [0xc057, '1234']] })]);

		assert.equal(answer.readUInt16BE(0), SUCCESS);
	});

	test('says 420 and which attribute it does not understand', async () => {
		const { got: [answer] } = await ask([message({ attributes: [
			[0x7f01, 'must'], [0x8022, 'may']] })]);
		const found = attributesOf(answer);

		assert.equal(answer.readUInt16BE(0), ERROR);
		assert.equal(found[ERROR_CODE][2] * 100 + found[ERROR_CODE][3], 420);
		assert.equal(found[UNKNOWN_ATTRIBUTES].readUInt16BE(0), 0x7f01);
	});

	test('answers a thousand in a row, each with its own transaction',
		async () => {
		for (let n = 0; n < 20; n++) {
			const tids = Array.from({ length: 50 },
				() => crypto.randomBytes(12));
			const { got } = await ask(tids.map(
				(tid) => message({ tid })), { answers: 50 });

			assert.deepEqual(new Set(got.map((one) =>
				one.toString('hex', 8, 20))), new Set(tids.map(
				(tid) => tid.toString('hex'))));
		}
	});

	test('gives back hardly more than it was given', async () => {
		for (const datagram of [message(), message({ fingerprint: true }),
			message({ attributes: [[0x7f01, '']] })]) {
			const { got: [answer] } = await ask([datagram]);

			assert.ok(answer.length <= datagram.length + 20);
		}
	});

	const good = message();
	const silence = [
		['nothing', Buffer.alloc(0)],
		['one byte', Buffer.from([0])],
		['a head that ends too early', good.subarray(0, 19)],
		['another cookie', message({ cookie: COOKIE + 1 })],
		['no cookie (RFC 3489)', message({ cookie: 0 })],
		['a length that lies above', message({ length: 8 })],
		['a length that lies below', Buffer.concat([good,
			Buffer.alloc(8)])],
		['a length that is no multiple of four', Buffer.concat([
			message({ length: 3 }), Buffer.alloc(3)])],
		['the two first bits set', message({ type: 0xc001 })],
		['a success answer', message({ type: SUCCESS })],
		['an error answer', message({ type: ERROR })],
		['an indication', message({ type: 0x0011 })],
		['a Send indication of nobody', message({ type: 0x0016 })],
		['an unknown method', message({ type: 0x000a })],
		['a wrong FINGERPRINT', message({ fingerprint: 'wrong' })],
		['an attribute longer than the message', Buffer.concat([
			message({ length: 8 }),
			Buffer.from([0x80, 0x22, 0xff, 0xff, 1, 2, 3, 4])])],
		['ChannelData', Buffer.from([0x40, 0, 0, 4, 1, 2, 3, 4])],
		['DTLS', Buffer.from([22, 254, 253, 0, 0, 0, 0])],
		['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
		['1400 random bytes', crypto.randomBytes(1400)],
		['60,000 bytes', Buffer.alloc(60000)],
	];
	for (const [what, datagram] of silence) {
		test(`meets ${what} with silence`, async () => {
			/* An answer to it would come before that to the good one behind it. */
			const tid = crypto.randomBytes(12);
			const { got: [answer] } = await ask([datagram, message({ tid })]);

			assert.deepEqual(answer.subarray(8, 20), tid);
		});
	}
});
