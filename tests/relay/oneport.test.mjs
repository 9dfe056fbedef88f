/**
 * HTTPS, WebSocket and TURN on one port: turn.md section 6 (RFC 7443, RFC 8489 section
 * 6.2.3). That TURN works over TCP and TLS there is what all other tests do.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';

import { HOST, STREAMS, certificate, sleep, staged } from './relaystage.mjs';
import { ATTR, METHOD, Message, UDP, channelData } from './turnclient.mjs';

const stage = staged();
const { rule } = stage;
const TLS_ONLY = ['tls'];

/* A bare connection: what comes is in `got`. */
async function connect(scene, { kind = scene.kind, ...options } = {})
{
	const target = { host: HOST, port: stage.server.port };
	const socket = kind == 'tls' ? tls.connect({ ...target,
		rejectUnauthorized: false, servername: 'localhost', ...options })
		: net.connect(target);
	const one = { socket, got: Buffer.alloc(0), ended: false };

	scene.keep({ close: () => socket.destroy() });
	socket.on('data', (bytes) => {
		one.got = Buffer.concat([one.got, bytes]);
	});
	socket.on('close', () => {
		one.ended = true;
	});
	await new Promise((done, fail) => {
		socket.once(kind == 'tls' ? 'secureConnect' : 'connect', done);
		socket.once('error', fail);
	});
	socket.on('error', () => {});
	return one;
}

async function until(condition, ms = 4000)
{
	for (const end = Date.now() + ms; Date.now() < end; await sleep(5)) {
		if (condition())
			return true;
	}
	return condition();
}

const allocate = () => new Message(METHOD.ALLOCATE)
	.add(ATTR.REQUESTED_TRANSPORT, UDP);

rule('T1', 'neither TLS, nor TURN, nor a letter: closed', async (scene) => {
	for (const first of [0x04, 0x15, 0x17, 0x20, 0x30, 0x7f, 0x80, 0xff]) {
		const one = await connect(scene);

		one.socket.write(Buffer.alloc(32, first));
		assert.ok(await until(() => one.ended), `first byte ${first}`);
		assert.equal(one.got.length, 0);
	}
}, { on: STREAMS });

rule('T2', 'HTTP on the same port is HTTP', async (scene) => {
	const one = await connect(scene);

	one.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
	assert.ok(await until(() => /^HTTP\/1\.1 200 /.test(one.got.toString())));
}, { on: TLS_ONLY });

rule('T2', 'methods whose letters are ChannelData\'s are HTTP as well', async (scene) => {
	for (const method of ['CONNECT', 'DELETE', 'GET', 'HEAD']) {
		const one = await connect(scene);

		one.socket.write(`${method} / HTTP/1.1\r\nHost: localhost\r\n\r\n`);
		assert.ok(await until(() => /^HTTP\/1\.1 \d{3} /
			.test(one.got.toString())), method);
	}
}, { on: TLS_ONLY });

rule('T2', 'a connection cannot begin with ChannelData', async (scene) => {
	const one = await connect(scene);

	one.socket.write(channelData(0x4000, 'x'.repeat(40), { stream: true }));
	assert.ok(await until(() => one.ended));
	assert.doesNotMatch(one.got.toString('latin1'), /^[\x00-\x03]/);
}, { on: STREAMS });

rule('T2', 'a first byte of TURN with another cookie is closed', async (scene) => {
	const one = await connect(scene);
	const { bytes } = allocate();

	bytes[5] ^= 0x10;
	one.socket.write(bytes);
	assert.ok(await until(() => one.ended));
	assert.equal(one.got.length, 0);
}, { on: STREAMS });

rule('T2', 'what has begun as TURN stays TURN', async (scene) => {
	const turn = await scene.allocated();

	/* 'GE' is a channel that is not bound, 'T ' the length of its data. */
	await turn.tell(Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
		.padEnd(4 + 0x5420)));
	assert.deepEqual(await turn.fence(), []);
	assert.equal((await turn.refresh(600)).code, 0);
}, { on: STREAMS });

rule('T2', 'what has begun as HTTP stays HTTP', async (scene) => {
	const one = await connect(scene);

	one.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
	await until(() => one.got.length);
	await sleep(50);
	one.got = Buffer.alloc(0);
	one.socket.write(allocate().bytes);
	assert.ok(await until(() => one.ended || one.got.length, 12000));
	assert.doesNotMatch(one.got.toString('latin1'), /^[\x00-\x03]/);
}, { on: TLS_ONLY });

rule('T2', 'the first message may come byte by byte', async (scene) => {
	const turn = await scene.client();

	for (const byte of allocate().bytes) {
		await turn.tell(Buffer.from([byte]));
		await sleep(1);
	}
	assert.equal((await turn.carrier.next()).code, 401);
}, { on: STREAMS });

rule('T3', 'ALPN stun.turn is picked, and is TURN', async (scene) => {
	const turn = await scene.allocated({
		secure: { ALPNProtocols: ['stun.turn'] } });

	assert.equal(turn.carrier.socket.alpnProtocol, 'stun.turn');
}, { on: TLS_ONLY });

rule('T3', 'without ALPN it is TURN by its first byte', async (scene) => {
	const turn = await scene.allocated();

	assert.equal(turn.carrier.socket.alpnProtocol, false);
}, { on: TLS_ONLY });

rule('T3', 'an ALPN that nobody knows is no reason to fail', async (scene) => {
	const turn = await scene.allocated({ secure: { ALPNProtocols: ['h3', 'x'] } });

	assert.equal(turn.carrier.socket.alpnProtocol, false);
}, { on: TLS_ONLY });

rule('T4', 'another name in SNI, or none, is no reason to fail', async (scene) => {
	for (const servername of ['', 'other.example']) {
		const turn = await scene.client({ secure: { servername } });

		assert.equal((await turn.allocate()).code, 0, `"${servername}"`);
	}
}, { on: TLS_ONLY });

rule('T5', 'TLS 1.2 and 1.3 carry TURN, 1.1 does not', async (scene) => {
	for (const version of ['TLSv1.2', 'TLSv1.3']) {
		const turn = await scene.allocated({ secure: {
			minVersion: version, maxVersion: version } });

		assert.equal(turn.carrier.socket.getProtocol(), version);
	}
	await assert.rejects(scene.client({ secure: { minVersion: 'TLSv1',
		maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } }));
}, { on: TLS_ONLY });

rule('T5', 'a new certificate is taken over at SIGHUP, and no connection ends',
	async (scene) => {
		const { server } = stage;
		const turn = await scene.allocated();
		const peer = await scene.peer();
		const next = certificate(server.dir, 'next');
		const print = () => connect(scene).then(({ socket }) =>
			socket.getPeerCertificate().fingerprint256);
		const before = await print();

		await turn.bind(0x4000, peer.local);
		for (const name of ['cert', 'key'])
			fs.renameSync(next[name], server.tls[name]);
		server.signal('SIGHUP');
		for (let n = 0; n < 100 && await print() == before; n++)
			await sleep(20);
		assert.notEqual(await print(), before);
		await turn.sendOn(0x4000, 'still here');
		assert.equal(`${(await peer.next()).data}`, 'still here');
		assert.equal((await turn.refresh(600)).code, 0);
		assert.equal((await (await scene.client()).allocate()).code, 0);
	}, { on: TLS_ONLY });

rule('T5', 'the end of TLS without close_notify ends the allocation', async (scene) => {
	const turn = await scene.allocated();

	turn.carrier.socket.destroy();
	for (let n = 0; n < 100; n++) {
		if (!stage.server.relayPorts.includes(turn.relayed.port))
			return;
		await sleep(20);
	}
	assert.fail('the relayed port is still open');
}, { on: TLS_ONLY });
