/**
 * Somebody in a visit: HTTP and the signaling WebSocket (RFC 6455), as much of them as
 * the relay's tests need to get credentials the way browsers do.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import https from 'node:https';
import tls from 'node:tls';

import { HOST } from './relaystage.mjs';

const PATIENCE_MS = 8000;
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** One HTTPS call: { status, json }. */
export function call(server, method, target, { json, token } = {})
{
	const body = json === undefined ? '' : JSON.stringify(json);

	return new Promise((resolve, reject) => {
		const request = https.request({ host: HOST, port: server.port, method,
			path: target, rejectUnauthorized: false, agent: false,
			timeout: PATIENCE_MS, headers: {
				'host': `localhost:${server.port}`,
				...body && { 'content-type': 'application/json' },
				'content-length': Buffer.byteLength(body),
				...token && { authorization: `Bearer ${token}` },
			} }, (answer) => {
			let text = '';

			answer.setEncoding('utf8').on('data', (part) => {
				text += part;
			}).on('end', () => resolve({ status: answer.statusCode,
				json: text.startsWith('{') ? JSON.parse(text)
					: undefined, text }));
		});

		request.on('timeout', () => request.destroy(new Error('no answer')));
		request.on('error', reject);
		request.end(body);
	});
}

/** A new meeting: { id, token }. */
export async function meeting(server, plan = {})
{
	const { status, json, text } = await call(server, 'POST', '/api/meetings',
		{ json: plan });

	assert.equal(status, 201, text);
	const fragment = new URLSearchParams(new URL(json.hostUrl).hash.slice(1));

	return { id: json.meetingId, token: fragment.get('token') };
}

function clientFrame(opcode, payload)
{
	const data = Buffer.from(payload);
	const key = crypto.randomBytes(4);
	const head = data.length < 126 ? Buffer.from([0x80 | opcode, 0x80 | data.length])
		: Buffer.from([0x80 | opcode, 0xfe, data.length >> 8, data.length & 255]);

	return Buffer.concat([head, key, data.map((byte, n) => byte ^ key[n & 3])]);
}

/* The first frame in the bytes, or undefined while it is not whole. */
function serverFrame(bytes)
{
	if (bytes.length < 2)
		return undefined;
	const long = (bytes[1] & 127) == 126;
	const at = long ? 4 : 2;

	if (bytes.length < at)
		return undefined;
	const length = long ? bytes.readUInt16BE(2) : bytes[1] & 127;

	return bytes.length < at + length ? undefined : { opcode: bytes[0] & 15,
		payload: bytes.subarray(at, at + length), length: at + length };
}

export class Caller {
	heard = [];
	#bytes = Buffer.alloc(0);
	#open = false;
	#wake = () => {};

	/** Connects and joins; `welcome` is the first answer, whichever it is. */
	static async join(server, { id }, { name = 'Caller', ...members } = {})
	{
		const one = new Caller();

		one.socket = tls.connect({ host: HOST, port: server.port,
			rejectUnauthorized: false, servername: 'localhost' });
		one.socket.on('error', () => {});
		one.socket.on('close', () => {
			one.ended = true;
			one.#wake();
		});
		one.socket.on('data', (bytes) => one.#read(bytes));
		one.socket.write(`GET /api/meetings/${id}/socket HTTP/1.1\r\n` +
			`Host: localhost:${server.port}\r\nUpgrade: websocket\r\n` +
			'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
			`Sec-WebSocket-Key: ${crypto.randomBytes(16)
				.toString('base64')}\r\n` +
			'Sec-WebSocket-Protocol: paravent.v1\r\n\r\n');
		one.say({ type: 'join', name, ...members });
		one.welcome = await one.next('welcome', 'waiting');
		one.id = one.welcome.id;
		return one;
	}

	#read(bytes)
	{
		this.#bytes = Buffer.concat([this.#bytes, bytes]);
		if (!this.#open) {
			const end = this.#bytes.indexOf('\r\n\r\n');

			if (end < 0)
				return;
			assert.match(this.#bytes.toString('latin1'), /^HTTP\/1\.1 101 /);
			this.#bytes = this.#bytes.subarray(end + 4);
			this.#open = true;
		}
		for (let one; (one = serverFrame(this.#bytes));) {
			this.#bytes = this.#bytes.subarray(one.length);
			if (one.opcode == TEXT)
				this.heard.push(JSON.parse(one.payload.toString()));
			else if (one.opcode == PING)
				this.socket.write(clientFrame(PONG, one.payload));
			else if (one.opcode == CLOSE)
				this.socket.end();
		}
		this.#wake();
	}

	say(message)
	{
		this.socket.write(clientFrame(TEXT, JSON.stringify(message)));
	}

	/** The next message of one of these types; others are passed over. */
	async next(...types)
	{
		const deadline = Date.now() + PATIENCE_MS;

		for (;;) {
			const at = this.heard.findIndex(({ type }) => types.includes(type));

			if (at >= 0)
				return this.heard.splice(at, 1)[0];
			assert.ok(!this.ended && Date.now() < deadline,
				`no ${types}: ${JSON.stringify(this.heard)}`);
			await new Promise((done) => {
				const timer = setTimeout(done, 200);

				this.#wake = () => {
					clearTimeout(timer);
					done();
				};
			});
		}
	}

	/** { username, password } of the last iceServers heard. */
	get credentials()
	{
		const one = this.welcome.iceServers.find((entry) => entry.username);

		return { username: one.username, password: one.credential };
	}

	/** All URLs of the last iceServers. */
	get urls()
	{
		return this.welcome.iceServers.flatMap(({ urls }) => urls);
	}

	/** The connection is cut without a word. */
	close()
	{
		this.socket.destroy();
	}
}
