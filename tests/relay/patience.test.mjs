/**
 * What takes its time: the deadlines of turn.md D7 and T7. All wait at once.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';

import { HOST, Server, TARGET, sleep } from './relaystage.mjs';
import { ATTR, METHOD, Message, Turn, UDP } from './turnclient.mjs';

const skip = TARGET == 'coturn' && 'other deadlines';
const bare = () => new Message(METHOD.ALLOCATE).add(ATTR.REQUESTED_TRANSPORT, UDP);

let server;

before(async () => {
	server = await Server.start();
});
after(() => server?.strike());

async function client(kind)
{
	return new Turn(await server.carrier(kind), server.credentials());
}

/* How long until the server closes this connection, in seconds. */
function lives(socket, limit)
{
	const start = Date.now();

	socket.on('error', () => {});
	socket.resume();
	return Promise.race([
		new Promise((done) => socket.once('close',
			() => done((Date.now() - start) / 1000))),
		sleep(limit * 1000, Infinity, { ref: false }),
	]);
}

describe('deadlines', { concurrency: true, skip }, () => {
	test('D7 10 s for the first byte', async () => {
		const socket = net.connect(server.port, HOST);
		const seconds = await lives(socket, 15);

		assert.ok(seconds > 8 && seconds < 13, `${seconds} s`);
	});

	test('D7 10 s for the TLS handshake, however it drips', async () => {
		const socket = net.connect(server.port, HOST);
		const timer = setInterval(() => socket.write('\x16'), 1000);
		const seconds = await lives(socket, 15);

		clearInterval(timer);
		assert.ok(seconds < 13, `${seconds} s`);
	});

	test('D7 10 s from TLS to the first byte', async () => {
		const socket = tls.connect({ host: HOST, port: server.port,
			rejectUnauthorized: false });
		const seconds = await lives(socket, 25);

		assert.ok(seconds > 8 && seconds < 22, `${seconds} s`);
	});

	for (const kind of ['tcp', 'tls']) {
		test(`D7 10 s for the first message, however it drips [${kind}]`,
			async () => {
				const turn = await client(kind);
				const { bytes } = bare();
				let at = 0;
				const timer = setInterval(() => {
					if (at < bytes.length - 1)
						turn.carrier.socket.write(
							bytes.subarray(at, ++at));
				}, 700);
				const seconds = await lives(turn.carrier.socket, 18);

				clearInterval(timer);
				turn.close();
				assert.ok(seconds > 8 && seconds < 14, `${seconds} s`);
			});

		test(`D7 30 s to a successful Allocate, whatever else is said [${kind}]`,
			async () => {
				const turn = await client(kind);
				const timer = setInterval(() => turn.tell(
					new Message(METHOD.BINDING)), 2000);
				const seconds = await lives(turn.carrier.socket, 45);

				clearInterval(timer);
				turn.close();
				assert.ok(seconds > 25 && seconds < 40, `${seconds} s`);
			});

		test(`T7 an allocation may be silent for longer than HTTP [${kind}]`,
			async () => {
				const turn = await client(kind);

				await turn.allocated();
				await sleep(66000);
				assert.equal((await turn.refresh(600)).code, 0);
				turn.close();
			});
	}

	test('L8 a reserved port is held for 30 s and given back', async () => {
		const one = await client('udp');
		const two = await client('udp');
		const answer = await one.allocate(
			[[ATTR.EVEN_PORT, Buffer.from([0x80])]]);
		const token = answer.value(ATTR.RESERVATION_TOKEN);
		const { port } = one.relayed;

		await one.refresh(0);
		await sleep(28000);
		assert.ok(server.relayPorts.includes(port + 1), 'held');
		await sleep(10000);
		assert.ok(!server.relayPorts.includes(port + 1), 'given back');
		assert.equal((await two.allocate([[ATTR.RESERVATION_TOKEN, token]])).code,
			508);
		one.close();
		two.close();
	});
});
