/**
 * Attacks while somebody talks: turn.md D6, V4. Each flood lasts some seconds; a flow of
 * 50 packets a second loses nothing meanwhile, and the server grows by nothing that
 * matters. What it may refuse is in limits.test.mjs.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';

import { HOST, PEER_HOST, Server, TARGET, sleep, source } from './relaystage.mjs';
import { ATTR, METHOD, Message, Turn, UDP, Udp, channelData } from './turnclient.mjs';

const SECONDS = 2;	/* twice: what it takes once is not growth */
const PER_MS = 20;
const GROWTH_KB = 3072;
const skip = TARGET == 'coturn' && 'it keeps 18 kB for each stranger';

let server;

before(async () => {
	if (!skip)
		server = await Server.start({ ports: 1000 });
});
after(() => server?.strike());

async function client(kind = 'udp', options)
{
	return new Turn(await server.carrier(kind, options), server.credentials());
}

/* Sanitizers keep what is freed. */
function isSanitized()
{
	return fs.readFileSync(`/proc/${server.pid}/maps`, 'utf8').includes('libasan');
}

/* A flow of 50 packets a second there and back, until it is stopped. */
class Flow {
	sent = 0;
	back = 0;

	static async start()
	{
		const one = new Flow();

		one.turn = await client();
		await one.turn.allocated();
		one.peer = await Udp.open({ local: PEER_HOST, raw: true });
		one.peer.socket.on('message', (data, from) =>
			one.peer.socket.send(data, from.port, from.address));
		one.turn.carrier.socket.on('message', (data) => {
			one.back += data[0] == 0x40;
		});
		assert.equal((await one.turn.bind(0x4000, one.peer.local)).code, 0);
		one.timer = setInterval(() => {
			one.sent++;
			one.turn.sendOn(0x4000, Buffer.alloc(160));
		}, 20);
		return one;
	}

	async stop()
	{
		clearInterval(this.timer);
		for (let n = 0; n < 50 && this.back < this.sent; n++)
			await sleep(20);
		this.turn.close();
		this.peer.close();
	}
}

/* Calls the act over and over while the flow runs, PER_MS times in each millisecond. */
async function flood(act)
{
	const start = Date.now();

	for (let n = 0; Date.now() < start + SECONDS * 1000; n++) {
		await act(n);
		if (n % 64 == 63)
			await new Promise((next) => setImmediate(next));
		while (n > (Date.now() - start + 1) * PER_MS)
			await sleep(1);
	}
}

function attack(name, prepare)
{
	test(name, { skip, timeout: 60000 }, async (t) => {
		/* The refusals to everybody together have a limit, which refills. */
		await sleep(1000);
		const flow = await Flow.start();
		const dropped = server.udpDrops;
		let finish, grown;

		try {
			const attacker = await prepare();
			const { act } = attacker;

			({ finish } = attacker);
			/* Whatever it takes once, it has taken now. */
			await flood(act);
			const before = server.rss;

			await flood(act);
			grown = server.rss - before;
		} finally {
			await flow.stop();
			await finish?.();
		}
		t.diagnostic(`${flow.sent} sent, ${flow.back} back, ${grown} kB, ` +
			`${server.udpDrops - dropped} found the server's socket full`);
		assert.ok(flow.sent > SECONDS * 25, `${flow.sent} packets in the flow`);
		assert.equal(flow.back, flow.sent, 'the flow loses nothing');
		if (!isSanitized())
			assert.ok(grown < GROWTH_KB, `${grown} kB more`);
		await sleep(1000);
		assert.equal((await (await client()).allocate()).code, 0, 'and serves on');
	});
}

/* Many addresses that send; what they hear is thrown away. */
async function strangers(count)
{
	const all = await Promise.all(Array.from({ length: count },
		() => server.carrier('udp')));

	for (const one of all)
		one.socket.removeAllListeners('message').on('message', () => {});
	return { all, finish: () => all.forEach((one) => one.close()) };
}

const bare = () => new Message(METHOD.ALLOCATE).add(ATTR.REQUESTED_TRANSPORT, UDP);

attack('unauthenticated Allocate from 200 addresses', async () => {
	const { all, finish } = await strangers(200);
	const messages = Array.from({ length: 64 }, () => bare().bytes);

	return { finish, act: (n) => all[n % 200].send(messages[n % 64]) };
});

attack('Allocate with a nonce that is not ours', async () => {
	const { all, finish } = await strangers(200);
	const messages = Array.from({ length: 64 }, () => bare()
		.add(ATTR.USERNAME, server.credentials().username)
		.add(ATTR.REALM, 'localhost')
		.add(ATTR.NONCE, `obMatJos2gAAA${crypto.randomBytes(15).toString('base64')}`)
		.integrity(crypto.randomBytes(16)).bytes);

	return { finish, act: (n) => all[n % 200].send(messages[n % 64]) };
});

attack('Allocate with a good nonce and a forged signature', async () => {
	const turns = await Promise.all(Array.from({ length: 64 }, () => client()));
	const messages = [];

	for (const turn of turns) {
		await turn.learn();
		messages.push(bare().add(ATTR.USERNAME, turn.credentials.username)
			.add(ATTR.REALM, turn.realm).add(ATTR.NONCE, turn.nonce)
			.integrity(crypto.randomBytes(16)).bytes);
		turn.carrier.socket.removeAllListeners('message')
			.on('message', () => {});
	}
	return { finish: () => turns.forEach((turn) => turn.close()),
		act: (n) => turns[n % 64].tell(messages[n % 64]) };
});

attack('Binding', async () => {
	const { all, finish } = await strangers(50);
	const { bytes } = new Message(METHOD.BINDING);

	return { finish, act: (n) => all[n % 50].send(bytes) };
});

attack('junk: noise, and messages with a few bits turned', async () => {
	const { all, finish } = await strangers(50);
	const seeds = [bare().bytes, new Message(METHOD.BINDING).fingerprint().bytes,
		bare().add(ATTR.USERNAME, '1:x').add(ATTR.REALM, 'r')
			.add(ATTR.NONCE, 'n').integrity(Buffer.alloc(16)).bytes,
		channelData(0x4000, 'x'.repeat(100))];
	const junk = Array.from({ length: 256 }, (_, n) => {
		if (n & 1)
			return crypto.randomBytes(crypto.randomInt(1400));
		const bytes = Buffer.from(seeds[n >> 1 & 3]);

		for (let k = 0; k < 4; k++)
			bytes[crypto.randomInt(bytes.length)] ^= 1 << crypto.randomInt(8);
		return bytes;
	});

	return { finish, act: (n) => all[n % 50].send(junk[n & 255]) };
});

attack('data of nobody: ChannelData and Send without allocation', async () => {
	const { all, finish } = await strangers(50);
	const messages = [channelData(0x4000, 'x'.repeat(1000)),
		new Message(METHOD.SEND, 1).peer({ address: PEER_HOST, port: 9 })
			.add(ATTR.DATA, 'x'.repeat(1000)).bytes];

	return { finish, act: (n) => all[n % 50].send(messages[n & 1]) };
});

attack('datagrams of strangers to a relayed address', async () => {
	const turn = await client();
	const stranger = await Udp.open({ local: '127.0.0.3', raw: true });

	await turn.allocated();
	const relay = { host: HOST, port: turn.relayed.port };

	return { act: () => stranger.send(Buffer.alloc(1000), relay),
		finish: () => {
			stranger.close();
			turn.close();
		} };
});

attack('TLS handshakes that stay half open', async () => {
	/* The first bytes of a ClientHello of 512 bytes. */
	const hello = Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
		crypto.randomBytes(32)]);
	const open = [];

	return {
		act: async () => {
			const socket = net.connect({ port: server.port, host: HOST,
				localAddress: source() });

			socket.on('error', () => {});
			await new Promise((done) => socket.once('connect', done));
			socket.write(hello);
			open.push(socket);
			/* 200 at a time, for ever new ones. */
			if (open.length > 200)
				open.shift().destroy();
			await sleep(2);
		},
		finish: () => open.forEach((socket) => socket.destroy()),
	};
});

attack('connections that come, allocate, and are cut', async () => ({
	act: async (n) => {
		const turn = await client('tcp');

		await turn.allocate();
		if (n & 1)
			turn.carrier.socket.resetAndDestroy();
		turn.close();
	},
}));

attack('a reader over TCP that does not read', async () => {
	const turn = await client('tcp');
	const peer = await Udp.open({ local: PEER_HOST, raw: true });

	await turn.allocated();
	await turn.bind(0x4000, peer.local);
	turn.carrier.socket.pause();
	const relay = { host: HOST, port: turn.relayed.port };

	return { act: () => peer.send(Buffer.alloc(1200), relay), finish: () => {
		peer.close();
		turn.close();
	} };
});

attack('permissions and channels, over and over', async () => {
	const turn = await client();
	let k = 0;

	await turn.allocated();
	return { finish: () => turn.close(), act: async () => {
		k = (k + 1) % 60;
		assert.equal((await turn.permit(`127.1.0.${k + 1}`)).code, 0);
		await turn.bind(0x4000 + k, { address: '127.2.0.1', port: 1000 + k });
	} };
});

attack('allocations that are made and deleted', async () => {
	const turn = await client();

	return { finish: () => turn.close(), act: async () => {
		const { code } = await turn.allocate();

		/* Ports rest before they come again, so there may be none for a while. */
		assert.ok([0, 508].includes(code), `${code}`);
		if (!code)
			await turn.refresh(0);
	} };
});
