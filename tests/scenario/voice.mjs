/**
 * A voice in a visit: one person's signaling connection, spoken by an independent
 * WebSocket client. `says` sends, `hears` waits for the very next message: what a
 * test does not expect to be said fails it.
 */
import assert from 'node:assert/strict';
import WebSocket from 'ws';

import { PATIENCE_MS } from './stage.mjs';

export const PROTOCOL = 'paravent.v1';

function describe(message)
{
	const text = JSON.stringify(message) ?? 'nothing';

	return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}

export class Voice {
	#queue = [];		/* messages that nobody has waited for yet */
	#waiting = [];		/* who waits: { give, end } */
	#end;			/* once closed: { code, reason } */

	/**
	 * meeting: what server.meeting() gave, or { id }.
	 * options: origin, protocol (null for none), headers, ws (further
	 *          options of the client).
	 */
	constructor(server, meeting, options = {})
	{
		this.server = server;
		this.meeting = meeting;
		this.options = options;
	}

	/** Opens the connection; a refused handshake throws an error with `status`. */
	async open()
	{
		const { protocol = PROTOCOL, origin, headers, ws } = this.options;
		const scheme = this.server.tls ? 'wss' : 'ws';
		const host = this.server.tls ? 'localhost' : '127.0.0.1';
		const url = `${scheme}://${host}:${this.server.port}` +
			`/api/meetings/${this.meeting.id}/socket`;

		this.ws = new WebSocket(url, protocol ?? [], {
			perMessageDeflate: false,
			family: 4,	/* where localhost is ::1 first, nobody listens */
			handshakeTimeout: PATIENCE_MS,
			rejectUnauthorized: false,
			...origin !== undefined && { origin },
			...headers && { headers },
			...ws,
		});
		this.pings = 0;
		this.ws.on('ping', () => this.pings++);
		this.ws.on('message', (data, binary) => this.#arrived(data, binary));
		this.ws.on('close', (code, reason) => this.#over({ code,
			reason: reason.toString() }));
		await new Promise((resolve, reject) => {
			this.ws.once('open', resolve);
			this.ws.once('unexpected-response', (request, res) => {
				request.destroy();
				reject(Object.assign(new Error(
					`handshake: ${res.statusCode}`),
					{ status: res.statusCode, headers: res.headers }));
			});
			this.ws.on('error', reject);
		});
		return this;
	}

	#arrived(data, binary)
	{
		const message = binary ? { type: '(binary)', data }
			: JSON.parse(data.toString());
		const next = this.#waiting.shift();

		if (next)
			next.give(message);
		else
			this.#queue.push(message);
	}

	#over(end)
	{
		this.#end = end;
		for (const next of this.#waiting.splice(0))
			next.end(end);
	}

	/** Sends an object as JSON, or text and bytes as they are. */
	says(message)
	{
		const raw = typeof message === 'string' ||
			Buffer.isBuffer(message);

		this.ws.send(raw ? message : JSON.stringify(message));
		return this;
	}

	/** The next message, whatever it is. */
	next(what = 'a message', ms = PATIENCE_MS)
	{
		if (this.#queue.length)
			return Promise.resolve(this.#queue.shift());
		if (this.#end)
			return Promise.reject(new Error(`waiting for ${what}: ` +
				`closed with ${this.#end.code} ${this.#end.reason}`));
		return new Promise((resolve, reject) => {
			const entry = {
				give: (message) => {
					clearTimeout(timer);
					resolve(message);
				},
				end: (end) => {
					clearTimeout(timer);
					reject(new Error(`waiting for ${what}: ` +
						`closed with ${end.code} ${end.reason}`));
				},
			};
			const timer = setTimeout(() => {
				this.#waiting.splice(
					this.#waiting.indexOf(entry), 1);
				reject(new Error(`waiting for ${what}: silence`));
			}, ms);

			this.#waiting.push(entry);
		});
	}

	/** The next message is of this type and has these members; gives it. */
	async hears(type, members = {})
	{
		const message = await this.next(`"${type}"`);

		assert.equal(message.type, type, describe(message));
		for (const [key, value] of Object.entries(members))
			assert.deepEqual(message[key], value,
				`${key} in ${describe(message)}`);
		return message;
	}

	/** The next error has this code and answers this type. */
	hearsError(code, re)
	{
		return this.hears('error', { code, ...re && { re } });
	}

	/** Drops what comes before the first message of this type; gives that one. */
	async hearsAtLast(type, members = {})
	{
		for (;;) {
			const message = await this.next(`"${type}" at last`);

			if (message.type == type && Object.entries(members).every(
				([key, value]) => message[key] === value))
				return message;
		}
	}

	/** Nothing comes, for so long. */
	async hearsNothing(ms = 150)
	{
		const message = await this.next('nothing', ms).catch((err) => {
			if (!err.message.endsWith('silence'))
				throw err;
		});

		assert.equal(message, undefined, `heard ${describe(message)}`);
	}

	/**
	 * Nothing has come before the answer to something that the server surely
	 * answers: silence without waiting for it.
	 */
	async hasHeardNothing()
	{
		this.says({ type: 'ice' });
		await this.hears('ice');
	}

	/** The connection is closed, and how; messages before it count as heard. */
	async closed(code)
	{
		const end = this.#end ?? await new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(
				new Error(`still open, expected ${code}`)),
				PATIENCE_MS * 2);

			this.ws.once('close', (number, reason) => {
				clearTimeout(timer);
				resolve({ code: number, reason: reason.toString() });
			});
		});

		if (code !== undefined)
			assert.equal(end.code, code, `reason: ${end.reason}`);
		return end;
	}

	/** Sends join; the first message is the caller's to hear. */
	joins(members = {})
	{
		return this.says({ type: 'join', name: 'Somebody', ...members });
	}

	#placed(message)
	{
		this.welcome = message;
		this.id = message.id;
		this.resume = message.resume;
		return message;
	}

	/** Opens, joins, and is welcome. */
	async enters(members = {})
	{
		await this.open();
		this.joins(members);
		this.#placed(await this.hears('welcome'));
		return this;
	}

	/** Opens, joins, and has to wait. */
	async knocks(members = {})
	{
		await this.open();
		this.joins(members);
		this.#placed(await this.hears('waiting'));
		return this;
	}

	/** Who waits is let in. */
	async isWelcome()
	{
		return this.#placed(await this.hears('welcome'));
	}

	/** The cable is cut: no close frame. */
	cut()
	{
		this.ws.terminate();
	}

	/** Says good-bye as WebSocket does, without leaving. */
	closes(code = 1000)
	{
		this.ws.close(code);
	}

	/** Round trip of a signal to another voice in the same visit, in ms. */
	async signals(other, data = { n: Math.random() })
	{
		const start = performance.now();

		this.says({ type: 'signal', to: other.id, data });
		await other.hears('signal', { from: this.id, data });
		return performance.now() - start;
	}
}

export function host(server, meeting, options)
{
	return new Voice(server, meeting, options).enters({ name: 'Dr. Host',
		token: meeting.token });
}

export function guest(server, meeting, options)
{
	return new Voice(server, meeting, options).knocks({ name: 'Guest' });
}

/** One knocks, the host lets him in; both have heard what there is to hear. */
export async function admitted(server, meeting, doctor)
{
	const patient = await guest(server, meeting);

	await doctor.hears('knock', { id: patient.id });
	doctor.says({ type: 'admit', id: patient.id });
	await patient.isWelcome();
	await doctor.hears('participant-joined', { id: patient.id });
	return patient;
}

/** A visit of two: { meeting, doctor, patient }. */
export async function visit(server, plan)
{
	const meeting = await server.meeting(plan);
	const doctor = await host(server, meeting);

	return { meeting, doctor,
		patient: await admitted(server, meeting, doctor) };
}
