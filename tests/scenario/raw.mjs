/**
 * Hostile and hand-made bytes: a TCP connection on which a test says exactly what it
 * wants, HTTP answers read off it, and WebSocket frames that no library would send.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import net from 'node:net';

import { PATIENCE_MS, sleep } from './stage.mjs';

export const OP = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9,
	PONG: 10 };

/** One plain TCP connection. */
export class Raw {
	static async connect(server, { from } = {})
	{
		const raw = new this();

		raw.socket = net.connect({ host: '127.0.0.1', port: server.port,
			localAddress: from, noDelay: true });
		raw.got = Buffer.alloc(0);
		raw.ended = false;
		raw.socket.on('data', (part) => {
			raw.got = Buffer.concat([raw.got, part]);
			raw.#changed();
		});
		/* A reset is an end as well: the server does not owe hostile
		 * bytes a graceful good-bye. */
		raw.socket.on('error', () => undefined);
		raw.socket.on('close', () => {
			raw.ended = true;
			raw.#changed();
		});
		raw.socket.on('end', () => {
			raw.ended = true;
			raw.#changed();
		});
		await new Promise((resolve, reject) => {
			raw.socket.once('connect', resolve);
			raw.socket.once('error', reject);
		});
		return raw;
	}

	#watchers = new Set();

	#changed()
	{
		for (const watch of this.#watchers)
			watch();
	}

	/** Until the condition holds; false when the time is over. */
	until(condition, ms = PATIENCE_MS)
	{
		if (condition())
			return Promise.resolve(true);
		return new Promise((resolve) => {
			const done = (result) => {
				clearTimeout(timer);
				this.#watchers.delete(watch);
				resolve(result);
			};
			const watch = () => condition() && done(true);
			const timer = setTimeout(() => done(false), ms);

			this.#watchers.add(watch);
		});
	}

	send(bytes)
	{
		if (!this.socket.destroyed)
			this.socket.write(bytes);
		return this;
	}

	/** The same bytes, so many at a time, each in a segment of its own. */
	async drip(bytes, { step = 1, gap = 0 } = {})
	{
		const all = Buffer.from(bytes);

		for (let at = 0; at < all.length && !this.ended; at += step) {
			this.send(all.subarray(at, at + step));
			if (gap)
				await sleep(gap);
			else
				await new Promise((next) => setImmediate(next));
		}
		return this;
	}

	/** The server has closed; false when it has not within the time. */
	end(ms)
	{
		return this.until(() => this.ended, ms);
	}

	close()
	{
		this.socket.destroy();
	}

	/** Takes bytes off the front of what came. */
	take(count)
	{
		const bytes = this.got.subarray(0, count);

		this.got = this.got.subarray(count);
		return bytes;
	}

	/** The next HTTP answer, or undefined: closed, or nothing in time. */
	async answer({ head = false, ms = PATIENCE_MS } = {})
	{
		let answer;

		await this.until(() => (answer = parseAnswer(this.got, head)) ||
			this.ended, ms);
		if (answer)
			this.take(answer.length);
		return answer;
	}
}

/* The first HTTP answer in the bytes, or undefined while it is not whole. */
function parseAnswer(bytes, head)
{
	const end = bytes.indexOf('\r\n\r\n');

	if (end < 0)
		return undefined;

	const [first, ...lines] = bytes.subarray(0, end).toString('latin1')
		.split('\r\n');
	const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
	const headers = {};

	assert.ok(status, `not a status line: ${first}`);
	for (const line of lines) {
		const colon = line.indexOf(':');

		headers[line.slice(0, colon).toLowerCase()] =
			line.slice(colon + 1).trim();
	}
	const bare = head || status == 101 || status == 204 || status == 304 ||
		status == 100;
	const length = bare ? 0 : Number(headers['content-length'] ?? 0);

	if (bytes.length < end + 4 + length)
		return undefined;
	const body = bytes.subarray(end + 4, end + 4 + length).toString();

	return { status, headers, body, length: end + 4 + length };
}

/**
 * A client's frame. length: what it claims to hold, where that is a lie;
 * form: 7, 16 or 64 bits for the length, where not the shortest.
 */
export function frame(opcode, payload = '', { fin = true, rsv = 0, mask = true,
	length, form } = {})
{
	const data = Buffer.from(payload);
	const size = length ?? data.length;
	const bits = form ?? (size < 126 ? 7 : size < 65536 ? 16 : 64);
	const head = Buffer.alloc(2 + (bits == 7 ? 0 : bits / 8));

	head[0] = (fin ? 0x80 : 0) | rsv << 4 | opcode;
	head[1] = mask ? 0x80 : 0;
	if (bits == 7) {
		head[1] |= size;
	} else if (bits == 16) {
		head[1] |= 126;
		head.writeUInt16BE(size, 2);
	} else {
		head[1] |= 127;
		head.writeBigUInt64BE(BigInt(size), 2);
	}
	if (!mask)
		return Buffer.concat([head, data]);

	const key = crypto.randomBytes(4);
	const masked = Buffer.from(data);

	for (let n = 0; n < masked.length; n++)
		masked[n] ^= key[n % 4];
	return Buffer.concat([head, key, masked]);
}

export function textFrame(message, options)
{
	return frame(OP.TEXT, typeof message === 'string' ||
		Buffer.isBuffer(message) ? message : JSON.stringify(message),
		options);
}

export function closeFrame(code, reason = '')
{
	const body = Buffer.alloc(2 + Buffer.byteLength(reason));

	body.writeUInt16BE(code);
	body.write(reason, 2);
	return frame(OP.CLOSE, body);
}

/** The handshake's lines for a meeting; further headers as [name, value]. */
export function handshake(server, meeting, { key = 'dGhlIHNhbXBsZSBub25jZQ==',
	drop = [], add = [] } = {})
{
	const lines = [['Host', `127.0.0.1:${server.port}`],
		['Upgrade', 'websocket'], ['Connection', 'Upgrade'],
		['Sec-WebSocket-Key', key], ['Sec-WebSocket-Version', '13'],
		['Sec-WebSocket-Protocol', 'paravent.v1']]
		.filter(([name]) => !drop.includes(name)).concat(add);

	return `GET /api/meetings/${meeting.id}/socket HTTP/1.1\r\n` +
		lines.map(([name, value]) => `${name}: ${value}\r\n`).join('') +
		'\r\n';
}

/** A WebSocket by hand: handshake done, frames as the test wants them. */
export class RawVoice extends Raw {
	static async open(server, meeting, options)
	{
		const raw = await this.connect(server, options);

		raw.send(handshake(server, meeting));
		raw.greeting = await raw.answer();
		assert.equal(raw.greeting?.status, 101);
		return raw;
	}

	/** Opens and joins by frames; gives the answer's message. */
	static async join(server, meeting, members = {}, options)
	{
		const raw = await this.open(server, meeting, options);

		raw.send(textFrame({ type: 'join', name: 'Raw', ...members }));
		raw.welcome = await raw.message();
		raw.id = raw.welcome.id;
		return raw;
	}

	/** The next frame of the server: { opcode, fin, payload }; or undefined. */
	async frame(ms = PATIENCE_MS)
	{
		let one;

		await this.until(() => (one = parseFrame(this.got)) || this.ended,
			ms);
		if (one)
			this.take(one.length);
		return one;
	}

	/** The next message, pings aside. */
	async message(ms)
	{
		for (;;) {
			const one = await this.frame(ms);

			assert.ok(one, 'no message');
			if (one.opcode == OP.TEXT)
				return JSON.parse(one.payload.toString());
			assert.notEqual(one.opcode, OP.CLOSE, 'closed: ' +
				`${one.payload.length >= 2 &&
				one.payload.readUInt16BE(0)}`);
		}
	}

	/** The code with which the server closes, then the connection's end. */
	async closeCode(ms)
	{
		for (;;) {
			const one = await this.frame(ms);

			if (!one)
				return this.ended ? 1006 : undefined;
			if (one.opcode == OP.CLOSE) {
				return one.payload.length < 2 ? 1005
					: one.payload.readUInt16BE(0);
			}
		}
	}

	/** What a server must do to a protocol's breaker: this code, and the end. */
	async isClosedWith(...codes)
	{
		const code = await this.closeCode();

		assert.ok(codes.includes(code), `closed with ${code}`);
		assert.ok(await this.end(), `still connected after ${code}`);
	}
}

function parseFrame(bytes)
{
	if (bytes.length < 2)
		return undefined;
	assert.equal(bytes[1] & 0x80, 0, 'a server masks nothing');

	let length = bytes[1];
	let at = 2;

	if (length == 126) {
		if (bytes.length < 4)
			return undefined;
		length = bytes.readUInt16BE(2);
		at = 4;
	} else if (length == 127) {
		if (bytes.length < 10)
			return undefined;
		length = Number(bytes.readBigUInt64BE(2));
		at = 10;
	}
	if (bytes.length < at + length)
		return undefined;
	return { opcode: bytes[0] & 15, fin: bytes[0] >= 128,
		payload: bytes.subarray(at, at + length), length: at + length };
}
