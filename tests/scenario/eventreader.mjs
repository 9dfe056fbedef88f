/**
 * Reads an event stream as the standard says (WHATWG HTML, "Server-sent events"), on a
 * connection of its own that can also be left unread.
 */
import http from 'node:http';

import { PATIENCE_MS } from './stage.mjs';

export class EventReader {
	#queue = [];
	#waiting = [];
	#text = '';
	#over = false;

	/** options: after, lastEventId, token. Opens; a refusal throws with `status`. */
	static async open(server, { after, lastEventId, token } = {})
	{
		const reader = new EventReader();
		const query = after === undefined ? '' : `?after=${after}`;

		reader.comments = 0;
		await new Promise((resolve, reject) => {
			reader.request = http.request({
				host: '127.0.0.1', port: server.port, agent: false,
				path: `/api/events${query}`,
				headers: {
					'accept': 'text/event-stream',
					...token && { authorization: `Bearer ${token}` },
					...lastEventId !== undefined &&
						{ 'last-event-id': `${lastEventId}` },
				},
			}, (res) => {
				reader.response = res;
				if (res.statusCode != 200) {
					res.resume();
					reject(Object.assign(
						new Error(`refused: ${res.statusCode}`),
						{ status: res.statusCode }));
					return;
				}
				res.setEncoding('utf8');
				res.on('data', (part) => reader.#arrived(part));
				res.on('close', () => reader.#ended());
				res.on('error', () => reader.#ended());
				resolve();
			});
			reader.request.on('error', (err) => {
				reader.#ended();
				reject(err);
			});
			reader.request.end();
		});
		return reader;
	}

	#arrived(part)
	{
		this.#text += part;
		for (;;) {
			const at = this.#text.indexOf('\n\n');

			if (at < 0)
				break;
			this.#block(this.#text.slice(0, at));
			this.#text = this.#text.slice(at + 2);
		}
	}

	#block(block)
	{
		const event = {};

		for (const line of block.split('\n')) {
			const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);

			if (name === '')
				this.comments++;
			else
				event[name] = value;
		}
		if (!('data' in event))
			return;
		event.fact = JSON.parse(event.data);
		const next = this.#waiting.shift();

		if (next)
			next(event);
		else
			this.#queue.push(event);
	}

	#ended()
	{
		this.#over = true;
		for (const next of this.#waiting.splice(0))
			next(undefined);
	}

	/** The next event: { id, event, fact }; undefined when the stream has ended. */
	async next(ms = PATIENCE_MS)
	{
		if (this.#queue.length || this.#over)
			return this.#queue.shift();
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(
				new Error('no event comes')), ms);

			this.#waiting.push((event) => {
				clearTimeout(timer);
				resolve(event);
			});
		});
	}

	/** All facts up to the first that `wanted` says is the one. */
	async until(wanted)
	{
		const all = [];

		for (;;) {
			const event = await this.next();

			if (!event)
				throw new Error('the stream ended');
			all.push(event.fact);
			if (wanted(event.fact))
				return all;
		}
	}

	/** All that comes until the stream ends. */
	async rest()
	{
		const all = [];

		for (let event; (event = await this.next()); )
			all.push(event.fact);
		return all;
	}

	/** Takes nothing from the connection any more; and again. */
	pause()
	{
		this.response.socket.pause();
	}

	resume()
	{
		this.response.socket.resume();
	}

	close()
	{
		this.request.destroy();
	}
}
