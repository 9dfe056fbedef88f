/**
 * How much one may ask for: turn.md section 3, D2 to D7 and L9. Loopback addresses are
 * addresses like others here, so that quotas and rates can be seen.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { HOST, STREAMS, UDP_ONLY, source, staged } from './relaystage.mjs';
import { ATTR, METHOD, Message, UDP, channelData } from './turnclient.mjs';

const stage = staged({ ports: 2400 });
const { rule } = stage;
const PER_USER = 16;
const PER_MEETING = 64;
const PER_SOURCE = 128;

const opaque = () => crypto.randomBytes(6).toString('hex');

/* So many clients of one participant, each with an allocation; gives the last code. */
async function fill(scene, count, options = () => ({}))
{
	const all = [];

	for (let n = 0; n < count; n++) {
		const turn = await scene.client(options(n));

		assert.equal((await turn.allocate()).code, 0, `number ${n + 1}`);
		all.push(turn);
	}
	return all;
}

async function code(scene, options)
{
	return (await (await scene.client(options)).allocate()).code;
}

rule('L9', 'the 17th allocation of one user is 486, and another user has his own 16',
	async (scene) => {
		const credentials = stage.server.credentials();

		await fill(scene, PER_USER, () => ({ credentials }));
		assert.equal(await code(scene, { credentials }), 486);
		assert.equal(await code(scene, {}), 0);
	});

rule('D2', 'the quota is the participant\'s, whenever his credentials were made',
	async (scene) => {
		const id = `${opaque()}.${opaque()}.p`;

		await fill(scene, PER_USER, (n) => ({
			credentials: stage.server.credentials({ id, ttl: 600 + n }) }));
		assert.equal(await code(scene, {
			credentials: stage.server.credentials({ id, ttl: 900 }) }), 486);
	}, { on: UDP_ONLY });

rule('D2', 'the 65th allocation of one meeting is 486', async (scene) => {
	const meeting = opaque();
	const seat = (n) => ({ credentials: stage.server.credentials(
		{ id: `${meeting}.s${n >> 3}.p` }) });

	await fill(scene, PER_MEETING, seat);
	assert.equal(await code(scene, seat(1000)), 486);
	assert.equal(await code(scene, {}), 0, 'another meeting');
}, { on: UDP_ONLY });

rule('D2', 'the 129th allocation from one address is 486', async (scene) => {
	const local = source();

	/* A nonce serves one port, so each asks twice: slower than the 401 limit. */
	for (let n = 0; n < PER_SOURCE; n++) {
		const kind = ['tcp', 'tls'][n & 1];

		assert.equal(await code(scene, { local, kind }), 0, `number ${n + 1}`);
	}
	assert.equal(await code(scene, { local, kind: 'tcp' }), 486);
	assert.equal(await code(scene, { local: source(), kind: 'tcp' }), 0);
}, { on: [undefined] });

rule('D2', 'what is given back may be had again', async (scene) => {
	const credentials = stage.server.credentials();
	const all = await fill(scene, PER_USER, () => ({ credentials }));

	assert.equal(await code(scene, { credentials }), 486);
	for (const turn of all.slice(0, 3))
		await turn.refresh(0);
	await fill(scene, 3, () => ({ credentials }));
	assert.equal(await code(scene, { credentials }), 486);
});

rule('L15', 'connections that end give back what they had', async (scene) => {
	const credentials = stage.server.credentials();

	for (const turn of await fill(scene, PER_USER, () => ({ credentials })))
		turn.close();
	for (let n = 0; n < 100 && await code(scene, { credentials }); n++)
		await sleep(20);
	await fill(scene, PER_USER - 1, () => ({ credentials }));
}, { on: STREAMS });

rule('D2', 'refused Allocates count for nothing', async (scene) => {
	const credentials = stage.server.credentials();
	const turn = await scene.client({ credentials });

	for (let n = 0; n < 40; n++) {
		assert.equal((await turn.request(METHOD.ALLOCATE,
			[[ATTR.REQUESTED_TRANSPORT, Buffer.from([6, 0, 0, 0])]])).code, 442);
		assert.equal((await turn.allocate([[ATTR.RESERVATION_TOKEN, 'tokentok']]))
			.code, 508);
	}
	await fill(scene, PER_USER, () => ({ credentials }));
});

rule('D2', 'a hundred rounds leave nothing on the account', async (scene) => {
	const credentials = stage.server.credentials();
	const turn = await scene.client({ credentials });

	for (let n = 0; n < 100; n++) {
		assert.equal((await turn.allocate()).code, 0);
		assert.equal((await turn.refresh(0)).code, 0);
	}
	await fill(scene, PER_USER, () => ({ credentials }));
	assert.equal(await code(scene, { credentials }), 486);
}, { on: UDP_ONLY });

/* --- D4: the rate of refusals ----------------------------------------------------------- */

/* Sends so many and gives how many answers come within half a second. */
async function answers(carrier, messages)
{
	for (const message of messages)
		await carrier.send(message.bytes);
	await sleep(500);
	return carrier.inbox.items.splice(0).length;
}

const bare = () => new Message(METHOD.ALLOCATE).add(ATTR.REQUESTED_TRANSPORT, UDP);

rule('D4', 'over UDP one address hears some forty 401 and then silence', async (scene) => {
	const turn = await scene.client();
	const count = await answers(turn.carrier, Array.from({ length: 400 }, bare));

	assert.ok(count >= 35 && count <= 70, `${count} answers`);
	assert.equal((await (await scene.client()).allocate()).code, 0,
		'another address is served');
}, { on: UDP_ONLY });

rule('D4', 'another port of the same address does not help', async (scene) => {
	const local = source();
	let count = 0;

	for (let n = 0; n < 8; n++) {
		const turn = await scene.client({ local });

		for (let k = 0; k < 50; k++)
			await turn.tell(bare());
		await turn.fence();
		count += turn.carrier.inbox.items.length;
	}
	assert.ok(count >= 35 && count <= 90, `${count} answers`);
}, { on: UDP_ONLY });

rule('D4', 'a wrong nonce and a wrong signature count too', async (scene) => {
	const ways = [
		(turn) => bare().add(ATTR.USERNAME, turn.credentials.username)
			.add(ATTR.REALM, turn.realm).add(ATTR.NONCE, 'not ours')
			.integrity(turn.key),
		(turn) => bare().add(ATTR.USERNAME, turn.credentials.username)
			.add(ATTR.REALM, turn.realm).add(ATTR.NONCE, turn.nonce)
			.integrity(turn.key, { flip: true }),
	];

	for (const way of ways) {
		const turn = await scene.client();

		await turn.learn();
		const count = await answers(turn.carrier,
			Array.from({ length: 300 }, () => way(turn)));

		assert.ok(count >= 30 && count <= 70, `${count} answers`);
	}
}, { on: UDP_ONLY });

rule('D4', 'after a while the address is answered again', async (scene) => {
	const turn = await scene.client();

	await answers(turn.carrier, Array.from({ length: 200 }, bare));
	await sleep(600);
	assert.equal((await turn.ask(bare()))?.code, 401);
}, { on: UDP_ONLY });

rule('D4', 'who is silenced keeps what he has', async (scene) => {
	const turn = await scene.allocated();
	const peer = await scene.peer();

	await turn.bind(0x4000, peer.local);
	await answers(turn.carrier, Array.from({ length: 200 }, bare));
	assert.equal((await turn.refresh(600)).code, 0);
	await turn.sendOn(0x4000, 'still');
	assert.equal(`${(await peer.next()).data}`, 'still');
}, { on: UDP_ONLY });

rule('D4', 'a connection cannot be forged and is always answered', async (scene) => {
	const turn = await scene.client();

	assert.equal(await answers(turn.carrier, Array.from({ length: 200 }, bare)), 200);
}, { on: STREAMS });

/* --- D3: bandwidth ----------------------------------------------------------------------- */

rule('D3', 'what is over the bandwidth is dropped, requests are not', async (scene) => {
	const turn = await scene.allocated();
	const peer = await scene.peer();
	const start = Date.now();
	let bytes = 0;

	peer.socket.removeAllListeners('message');
	peer.socket.on('message', (data) => {
		bytes += data.length;
	});
	await turn.bind(0x4000, peer.local);
	for (let n = 0; n < 3000; n++) {
		await turn.sendOn(0x4000, Buffer.alloc(1200));
		if (n % 1000 == 500)
			assert.equal((await turn.refresh(600)).code, 0);
	}
	await turn.fence();
	await sleep(100);
	const seconds = (Date.now() - start) / 1000;

	/* Half a megabyte at once, and one a second. */
	assert.ok(bytes <= 700e3 + 1.2e6 * seconds, `${bytes} in ${seconds} s`);
	assert.ok(bytes >= 300e3, `${bytes} in ${seconds} s`);
});

/* --- D7: connections ------------------------------------------------------------------------ */

rule('D7', 'a slow reader loses data, never half a message nor an answer',
	async (scene) => {
		const turn = await scene.allocated();
		const peer = await scene.peer();
		const { server } = stage;
		const relay = { host: HOST, port: turn.relayed.port };
		let highest = -1;

		await turn.bind(0x4000, peer.local);
		const before = server.rss;

		turn.carrier.socket.pause();
		for (let round = 0; round < 6; round++) {
			for (let n = 0; n < 400; n++) {
				const data = Buffer.alloc(1200, 0x55);

				data.writeUInt32BE(round * 400 + n);
				await peer.send(data, relay);
			}
			/* The bandwidth refills. */
			await sleep(500);
		}
		const refresh = turn.sign(new Message(METHOD.REFRESH));

		await turn.tell(refresh);
		await sleep(100);
		assert.ok(server.rss - before < 4096, `${before} to ${server.rss} kB`);
		turn.carrier.socket.resume();
		const answer = await turn.carrier.next((one) =>
			one.tid?.equals(refresh.tid));

		assert.equal(answer?.code, 0, 'the answer to Refresh');
		for (const one of turn.carrier.inbox.items.splice(0)) {
			assert.equal(one.channel, 0x4000);
			assert.equal(one.data.length, 1200);
			const at = one.data.readUInt32BE();

			assert.ok(at > highest, 'in order');
			highest = at;
			assert.ok(one.data.subarray(4).every((byte) => byte == 0x55));
		}
		await turn.sendOn(0x4000, 'and on');
		assert.equal(`${(await peer.next()).data}`, 'and on');
	}, { on: STREAMS });

rule('D7', 'the largest frames do no harm', async (scene) => {
	const peer = await scene.peer();

	for (const bytes of [channelData(0x4000, Buffer.alloc(65535), { stream: true }),
		new Message(METHOD.BINDING).add(ATTR.SOFTWARE, Buffer.alloc(65508)).bytes]) {
		const turn = await scene.allocated();

		await turn.bind(0x4000, peer.local);
		await turn.tell(bytes);
		await turn.tell(new Message(METHOD.BINDING));
		/* Taken or closed, but the next connection is served. */
		await turn.carrier.next(undefined, 2000);
	}
	assert.equal((await (await scene.client()).allocate()).code, 0);
}, { on: STREAMS });
