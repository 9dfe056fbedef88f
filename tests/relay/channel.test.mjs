/**
 * Channels: the H lines of turn.md section 1.7 (RFC 8656 section 12).
 *
 * That a binding ends after 600 s, and that downstream data needs a permission though
 * the channel lives (H2, H5), is left to the unit tests, where time is an argument.
 */
import assert from 'node:assert/strict';

import { STREAMS, UDP_ONLY, staged } from './relaystage.mjs';
import { ATTR, METHOD, channelData, channelNumber, u16, u32, xorAddress }
	from './turnclient.mjs';

const { rule } = staged();
const PEER = { address: '127.0.0.2', port: 9 };

const relayOf = (turn) => ({ host: turn.relayed.address, port: turn.relayed.port });

/* An allocation with a channel to a peer that listens. */
async function bound(scene, number = 0x4000)
{
	const turn = await scene.allocated();
	const peer = await scene.peer();

	assert.equal((await turn.bind(number, peer.local)).code, 0);
	return { turn, peer };
}

async function hears(peer, turn, number, text)
{
	await turn.sendOn(number, text);
	assert.equal(`${(await peer.next())?.data}`, text);
}

rule('H1', 'ChannelBind needs both a number and a peer', async (scene) => {
	const turn = await scene.allocated();
	const number = [ATTR.CHANNEL_NUMBER, channelNumber(0x4000)];
	const peer = [ATTR.XOR_PEER_ADDRESS, (tid) => xorAddress(PEER, tid)];

	for (const attributes of [[], [number], [peer]]) {
		assert.equal((await turn.request(METHOD.CHANNEL_BIND, attributes)).code,
			400, `${attributes.length} attributes`);
	}
	assert.equal((await turn.request(METHOD.CHANNEL_BIND, [peer, number])).code, 0);
});

rule('H1', 'channel numbers are 0x4000 to 0x4fff', async (scene) => {
	const turn = await scene.allocated();

	for (const number of [0, 1, 0x3fff, 0x5000, 0x5001, 0x7ffe, 0x7fff, 0x8000, 0xffff])
		assert.equal((await turn.bind(number, PEER)).code, 400, `${number}`);
	assert.equal((await turn.bind(0x4000, PEER)).code, 0);
	assert.equal((await turn.bind(0x4fff, { ...PEER, port: 10 })).code, 0);
});

rule('H1', 'a number that is bound to another peer is 400', async (scene) => {
	const { turn, peer } = await bound(scene);

	assert.equal((await turn.bind(0x4000, PEER)).code, 400);
	assert.equal((await turn.bind(0x4000, { ...peer.local,
		address: '127.0.0.3' })).code, 400);
	await hears(peer, turn, 0x4000, 'mine');
});

rule('H1', 'a peer that is bound to another number is 400', async (scene) => {
	const { turn, peer } = await bound(scene);

	assert.equal((await turn.bind(0x4001, peer.local)).code, 400);
	await hears(peer, turn, 0x4000, 'mine');
});

rule('H1', 'another port of the same host is another peer', async (scene) => {
	const { turn, peer } = await bound(scene);
	const other = await scene.peer();

	assert.equal((await turn.bind(0x4001, other.local)).code, 0);
	await hears(peer, turn, 0x4000, 'one');
	await hears(other, turn, 0x4001, 'other');
});

rule('H1', 'a peer of another family is 443', async (scene) => {
	const turn = await scene.allocated();

	assert.equal((await turn.bind(0x4000, { address: '2606:4700::1111', port: 9 }))
		.code, 443);
});

rule('H1', 'the 65th channel is 508, and the 64 stay', async (scene) => {
	const { turn, peer } = await bound(scene);

	for (let n = 1; n < 64; n++) {
		assert.equal((await turn.bind(0x4000 + n,
			{ address: PEER.address, port: 10000 + n })).code, 0, `${n}`);
	}
	assert.equal((await turn.bind(0x4040, { address: PEER.address, port: 99 })).code,
		508);
	assert.equal((await turn.bind(0x4000, peer.local)).code, 0, 'a refresh');
	await hears(peer, turn, 0x4000, 'still');
});

rule('H2', 'the same pair may be bound again and again', async (scene) => {
	const { turn, peer } = await bound(scene);

	for (let n = 0; n < 100; n++)
		assert.equal((await turn.bind(0x4000, peer.local)).code, 0);
	await hears(peer, turn, 0x4000, 'still');
});

rule('H2', 'ChannelBind installs the permission', async (scene) => {
	const { turn, peer } = await bound(scene);
	const other = await scene.peer();

	await turn.sendTo(other.local, 'another port');
	assert.equal(`${(await other.next()).data}`, 'another port');
	await peer.send('by channel', relayOf(turn));
	assert.equal((await turn.data()).channel, 0x4000);
});

rule('H3', 'each allocation has its own numbers', async (scene) => {
	const one = await bound(scene);
	const two = await bound(scene);

	await hears(one.peer, one.turn, 0x4000, 'one');
	await hears(two.peer, two.turn, 0x4000, 'two');
});

rule('S3', 'a bound peer is heard by ChannelData, another by Data', async (scene) => {
	const { turn, peer } = await bound(scene, 0x4abc);
	const other = await scene.peer();

	await peer.send('bound', relayOf(turn));
	const first = await turn.data();

	assert.equal(first.channel, 0x4abc);
	assert.equal(`${first.data}`, 'bound');
	await other.send('unbound', relayOf(turn));
	const second = await turn.data();

	assert.equal(second.method, METHOD.DATA);
	assert.deepEqual(second.peer, other.local);
});

rule('S3', 'after ChannelBind Send still works', async (scene) => {
	const { turn, peer } = await bound(scene);

	await turn.sendTo(peer.local, 'sent');
	assert.equal(`${(await peer.next()).data}`, 'sent');
});

rule('H4', 'ChannelData shorter than its length is discarded', async (scene) => {
	const { turn, peer } = await bound(scene);

	await turn.silence(channelData(0x4000, 'short', { length: 6 }));
	await turn.silence(channelData(0x4000, '', { length: 0xffff }));
	await turn.silence(channelData(0x4000, '').subarray(0, 3));
	await hears(peer, turn, 0x4000, 'whole');
}, { on: UDP_ONLY });

rule('H4', 'ChannelData longer than its length: the tail is ignored', async (scene) => {
	const { turn, peer } = await bound(scene);

	await turn.tell(channelData(0x4000, 'head and tail', { length: 4 }));
	assert.equal(`${(await peer.next()).data}`, 'head');
	await turn.tell(channelData(0x4000, 'padded', { stream: true }));
	assert.equal(`${(await peer.next()).data}`, 'padded');
}, { on: UDP_ONLY });

rule('H4', 'ChannelData on an unbound channel is discarded', async (scene) => {
	const { turn, peer } = await bound(scene);

	for (const number of [0x4001, 0x4fff])
		await turn.sendOn(number, 'nobody');
	assert.deepEqual(await turn.fence(), []);
	await hears(peer, turn, 0x4000, 'bound');
});

rule('H4', 'ChannelData of no length is an empty datagram, there and back',
	async (scene) => {
		const { turn, peer } = await bound(scene);

		await turn.sendOn(0x4000, '');
		assert.equal((await peer.next())?.data.length, 0);
		await peer.send('', relayOf(turn));
		const back = await turn.data();

		assert.equal(back.channel, 0x4000);
		assert.equal(back.data.length, 0);
	});

rule('H4', 'on a stream ChannelData is padded to four, and the length does not say so',
	async (scene) => {
		const { turn, peer } = await bound(scene);

		for (const text of ['1', '12', '123', '1234', '12345'])
			await hears(peer, turn, 0x4000, text);
		for (const text of ['1', '12', '123', '1234', '12345', 'end.']) {
			await peer.send(text, relayOf(turn));
			/* The carrier steps over the padding: were it missing, the next
			 * message would not be found. */
			const got = await turn.data();

			assert.equal(`${got?.data}`, text);
		}
		assert.deepEqual(await turn.fence(), []);
	}, { on: STREAMS });

rule('H4', 'the padding of a stream is zero, or nothing of ours', async (scene) => {
	const { turn, peer } = await bound(scene);
	const wire = [];

	turn.carrier.socket.on('data', (bytes) => wire.push(bytes));
	await peer.send(Buffer.alloc(64, 0xff), relayOf(turn));
	await peer.send(Buffer.alloc(5, 0xff), relayOf(turn));
	await turn.data();
	await turn.data();
	assert.deepEqual(Buffer.concat(wire).subarray(68), Buffer.concat([
		u16(0x4000), u16(5), Buffer.alloc(5, 0xff), Buffer.alloc(3)]));
}, { on: STREAMS });

rule('H4', 'over UDP ChannelData comes without padding', async (scene) => {
	const { turn, peer } = await bound(scene);

	for (const size of [1, 2, 3, 4, 5]) {
		await peer.send(Buffer.alloc(size), relayOf(turn));
		assert.equal((await turn.data()).bytes.length, 4 + size);
	}
}, { on: UDP_ONLY });

rule('H4', 'payloads up to 1472 bytes come whole, there and back', async (scene) => {
	const { turn, peer } = await bound(scene);

	for (const size of [1, 2, 3, 5, 63, 64, 65, 511, 512, 1199, 1200, 1400,
		1472]) {
		const data = Buffer.alloc(size, size & 255);

		await turn.sendOn(0x4000, data);
		assert.deepEqual((await peer.next())?.data, data, `${size} there`);
		await peer.send(data, relayOf(turn));
		assert.deepEqual((await turn.data())?.data, data, `${size} back`);
	}
});

rule('H4', 'a burst of 64 times 1200 bytes loses nothing, there and back',
	async (scene) => {
		const { turn, peer } = await bound(scene);
		const data = (n) => Buffer.concat([u32(n), Buffer.alloc(1196, n)]);

		await Promise.all(Array.from({ length: 64 },
			(_, n) => turn.sendOn(0x4000, data(n))));
		for (let n = 0; n < 64; n++)
			assert.deepEqual((await peer.next())?.data, data(n), `${n} there`);
		await Promise.all(Array.from({ length: 64 },
			(_, n) => peer.send(data(n), relayOf(turn))));
		for (let n = 0; n < 64; n++)
			assert.deepEqual((await turn.data())?.data, data(n), `${n} back`);
	});

rule('H4', 'runs of other lengths between equal ones keep their order', async (scene) => {
	const { turn, peer } = await bound(scene);
	const sizes = [100, 100, 100, 100, 40, 100, 100, 101, 101, 101, 101, 101, 0, 7, 100];
	const data = sizes.map((size, n) => Buffer.alloc(size, n));

	await Promise.all(data.map((one) => turn.sendOn(0x4000, one)));
	for (const [n, one] of data.entries())
		assert.deepEqual((await peer.next())?.data, one, `${n}`);
});

rule('H6', 'the first channels come as Chromium numbers them, with data at once',
	async (scene) => {
		const turn = await scene.allocated();

		for (let n = 0; n < 8; n++) {
			const peer = await scene.peer();

			assert.equal((await turn.bind(0x4000 + n, peer.local)).code, 0);
			await hears(peer, turn, 0x4000 + n, `peer ${n}`);
		}
	});
