/**
 * What a stranger tried who wanted to break the relay, and a participant who may use it:
 * each of these did something once that it must not do again.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { Caller, meeting } from './caller.mjs';
import { BINARY, HOST, PEER_HOST, STREAMS, Server, TARGET, UDP_ONLY, freePort, sleep,
	staged, temporary } from './relaystage.mjs';
import { Turn, channelData } from './turnclient.mjs';

const skip = TARGET == 'coturn' && 'coturn has a past of its own';
const run = promisify(execFile);

const { rule } = staged({ conf: { 'relay-peer-allow': ['0.0.0.0/0'] } });

/* The longest data that every framing carries, and what a stream can bring beyond. */
const LONGEST = 65488;
const TOO_LONG = [65489, 65492, 65500, 65501, 65508, 65516, 65520, 65532];

/*
 * 65532 bytes fit ChannelData and no Data indication: the server ended. From 65501 on
 * the indication was longer than a frame: a TLS client was sent what lay behind it in
 * the server's memory.
 */
for (const other of STREAMS) {
	rule('S3', `data too long for an indication are dropped, to a client on ${other}`,
		async (scene) => {
			const one = await scene.allocated();
			const two = await scene.allocated({ kind: other });

			assert.equal((await two.permit(HOST)).code, 0);
			assert.equal((await one.bind(0x4000, two.relayed)).code, 0);
			for (const length of TOO_LONG)
				await one.tell(channelData(0x4000,
					Buffer.alloc(length, 'x'), { stream: true }));
			await one.fence();
			assert.equal((await two.refresh(600)).code, 0);
			await one.tell(channelData(0x4000, Buffer.alloc(LONGEST, 'y'),
				{ stream: true }));
			assert.deepEqual((await two.data()).data, Buffer.alloc(LONGEST, 'y'));
		}, { on: STREAMS, skip });
}

rule('G5', 'to open 0.0.0.0/0 opens no special range: not the machine\'s resolver, '
	+ 'nor the metadata of a cloud', async (scene) => {
	const turn = await scene.allocated();

	for (const address of [PEER_HOST, '127.0.0.53', '169.254.169.254', '10.0.0.1',
		'192.168.1.1', '0.0.0.0', '224.0.0.251', '255.255.255.255'])
		assert.equal((await turn.permit(address)).code, 403, address);
	assert.equal((await turn.permit('8.8.8.8')).code, 0);
}, { on: UDP_ONLY, skip });

rule('G4', 'ports of services that answer with more than they are asked are refused',
	async (scene) => {
		const turn = await scene.allocated();

		for (const port of [53, 123, 161, 389, 1900, 11211])
			assert.equal((await turn.bind(0x4000, { address: '8.8.8.8', port }))
				.code, 403, `${port}`);
		assert.equal((await turn.bind(0x4000, { address: '8.8.8.8', port: 54 }))
			.code, 0);
	}, { on: UDP_ONLY, skip });

describe('a restart', { skip }, () => {
	let server;
	const open = [];

	before(async () => {
		server = await Server.start();
	});
	after(async () => {
		for (const one of open)
			one.close();
		await server?.strike();
	});

	async function allocates(credentials)
	{
		const carrier = await server.carrier('udp');

		open.push(carrier);
		return (await new Turn(carrier, credentials).allocate()).code;
	}

	test('D10 who left or was removed before it stays refused', async () => {
		const visit = await meeting(server,
			{ waitingRoom: false, kind: 'class', capacity: 4 });
		const other = await meeting(server, { waitingRoom: false });
		const host = await Caller.join(server, visit, { token: visit.token });
		const removed = await Caller.join(server, visit);
		const left = await Caller.join(server, visit);
		const ended = await Caller.join(server, other, { token: other.token });
		const all = [host, removed, left, ended].map((one) => one.credentials);

		open.push(host, removed, left, ended);
		for (const one of all)
			assert.equal(await allocates(one), 0);
		host.say({ type: 'remove', id: removed.id });
		await removed.next('removed');
		left.say({ type: 'leave' });
		ended.say({ type: 'end' });
		await ended.next('ended');
		for (let n = 0; n < 200 && server.relayPorts.length > 1; n++)
			await sleep(10);
		server.signal('SIGTERM');
		await server.exited;
		await server.up();
		assert.equal(await allocates(all[0]), 0, 'his place is held');
		assert.equal(await allocates(all[1]), 401, 'removed');
		assert.equal(await allocates(all[2]), 401, 'left');
		assert.equal(await allocates(all[3]), 401, 'ended');
	});
});

test('a server that others reach does not start without limits', { skip }, async () => {
	const dir = temporary();
	const conf = path.join(dir, 'conf');
	const port = await freePort();

	fs.writeFileSync(conf, `listen = {"127.0.0.1:${port}"}\n` +
		`stun-listen = {"0.0.0.0:${await freePort()}"}\n` +
		`public-url = "http://localhost:${port}"\nstate-dir = "${dir}/state"\n`);
	await assert.rejects(run(BINARY, ['serve', '-c', conf], { timeout: 10000,
		env: { ...process.env, PARAVENT_RELAY_TEST: '1' } }), (err) => {
		assert.notEqual(err.code, 0);
		assert.equal(err.signal, null, 'it does not serve');
		assert.match(err.stderr, /PARAVENT_RELAY_TEST/);
		return true;
	});
});
