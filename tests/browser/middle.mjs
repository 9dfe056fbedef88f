/*
 * The server, seen through somebody in the middle: an HTTP proxy that keeps every byte the browsers send, and may change
 * what passes on the WebSocket. It is what a hostile server could do without changing the page.
 */
import { request, createServer } from 'node:http';
import { connect } from 'node:net';

const TEXT = 1;

/* Frames of one direction: whole ones go through `change`, what is no text passes as it is. */
function frames(change) {
	let rest = Buffer.alloc(0);

	return (bytes) => {
		const out = [];

		rest = Buffer.concat([rest, bytes]);
		for (;;) {
			let at = 2;
			if (rest.length < at)
				break;
			let length = rest[1] & 127;
			if (length === 126) {
				if (rest.length < 4)
					break;
				length = rest.readUInt16BE(2);
				at = 4;
			} else if (length === 127) {
				if (rest.length < 10)
					break;
				length = Number(rest.readBigUInt64BE(2));
				at = 10;
			}
			const masked = rest[1] >> 7;
			const mask = masked ? rest.subarray(at, at + 4) : null;
			at += masked ? 4 : 0;
			if (rest.length < at + length)
				break;
			let payload = Buffer.from(rest.subarray(at, at + length));
			const opcode = rest[0];
			rest = rest.subarray(at + length);
			if (mask)
				payload.forEach((byte, n) => {
					payload[n] = byte ^ mask[n & 3];
				});
			if ((opcode & 15) === TEXT)
				payload = Buffer.from(change(payload.toString()));
			/* a mask of zeros is a mask */
			const head = Buffer.alloc((payload.length < 126 ? 2 : 4) + (masked ? 4 : 0));
			head[0] = opcode;
			head[1] = masked << 7 | Math.min(payload.length, 126);
			if (payload.length >= 126)
				head.writeUInt16BE(payload.length, 2);
			out.push(head, payload);
		}
		return Buffer.concat(out);
	};
}

export class Middle {
	/** tamper: takes and gives a message that a browser sends to the server. */
	static async before(server, tamper = (message) => message) {
		const one = new Middle(server, tamper);

		await new Promise((done) => one.http.listen(0, '127.0.0.1', done));
		one.url = `http://localhost:${one.http.address().port}`;
		return one;
	}

	constructor(server, tamper) {
		this.server = server;
		this.tamper = tamper;
		this.heard = [];	/* all that came from browsers, as text */
		this.messages = [];	/* and what of it were messages */
		this.sockets = new Set();
		this.http = createServer((rq, answer) => this.pass(rq, answer));
		this.http.on('upgrade', (rq, socket) => this.upgrade(rq, socket));
	}

	/** A link of the server's, that leads here instead. */
	link(url) {
		return url.replace(this.server.url, this.url);
	}

	async close() {
		for (const one of this.sockets)
			one.destroy();
		this.http.closeAllConnections();
		await new Promise((done) => this.http.close(done));
	}

	/* the server allows its own origin only */
	headers(rq) {
		const { 'sec-websocket-extensions': _, ...rest } = rq.headers;

		this.heard.push(`${rq.method} ${rq.url} ${JSON.stringify(rq.headers)}`);
		return { ...rest, host: `localhost:${this.server.port}`, ...rest.origin && { origin: this.server.url } };
	}

	pass(rq, answer) {
		const on = request({ host: '127.0.0.1', port: this.server.port, path: rq.url, method: rq.method, headers: this.headers(rq) }, (reply) => {
			answer.writeHead(reply.statusCode, reply.headers);
			reply.pipe(answer);
		});

		on.on('error', () => answer.destroy());
		rq.on('data', (bytes) => {
			this.heard.push(bytes.toString('latin1'));
			on.write(bytes);
		});
		rq.on('end', () => on.end());
	}

	upgrade(rq, socket) {
		const on = connect(this.server.port, '127.0.0.1');
		const change = frames((text) => {
			const message = JSON.parse(text);

			this.heard.push(text);
			this.messages.push(message);
			return JSON.stringify(this.tamper(structuredClone(message)));
		});
		const head = Object.entries(this.headers(rq)).map(([name, value]) => `${name}: ${value}\r\n`).join('');

		on.write(`${rq.method} ${rq.url} HTTP/1.1\r\n${head}\r\n`);
		socket.on('data', (bytes) => on.write(change(bytes)));
		on.pipe(socket);
		for (const [one, other] of [[socket, on], [on, socket]]) {
			this.sockets.add(one);
			one.on('error', () => other.destroy());
			one.on('close', () => other.destroy());
		}
	}
}
