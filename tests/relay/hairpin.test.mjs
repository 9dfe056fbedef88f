/**
 * Two clients of one server meet through their relayed addresses, and nothing else of
 * the server can be reached through it: turn.md G6, W7, 0.10 and RFC 8656 section
 * 21.1.7. The configuration is that of an operator who says nothing, so 127/8 is denied
 * but for the relays; where this machine has another address, a second server is on
 * that one and permits it by name, and its own ports are still shut.
 */
import assert from 'node:assert/strict';
import os from 'node:os';
import { after, before } from 'node:test';

import { HOST, STREAMS, Server, TARGET, UDP_ONLY, staged, udpFree }
	from './relaystage.mjs';
import { ATTR, FAMILY6, METHOD, Message, Turn, Udp, channelData }
	from './turnclient.mjs';

const { rule } = staged({ v6: true, conf: { 'relay-peer-allow': undefined } });
const NEIGHBOURS = ['udp', 'tcp', 'tls'];

/* An address of this machine that is not loopback. */
const LAN = Object.values(os.networkInterfaces()).flat()
	.find((one) => one.family == 'IPv4' && !one.internal)?.address;

const lanHere = LAN && TARGET != 'coturn';

let lan;

before(async () => {
	if (lanHere)
		lan = await Server.start({ host: LAN,
			conf: { 'relay-peer-allow': [`${LAN}/32`] } });
});
after(() => lan?.strike());

async function got(turn, text, from)
{
	const data = await turn.data();

	assert.equal(`${data?.data}`, text);
	if (from && data.peer)
		assert.deepEqual(data.peer, from);
	return data;
}

for (const other of NEIGHBOURS) {
	rule('G6', `by Send to a client on ${other}, and back`, async (scene) => {
		const one = await scene.allocated();
		const two = await scene.allocated({ kind: other });

		assert.equal((await one.permit(HOST)).code, 0);
		assert.equal((await two.permit(HOST)).code, 0);
		await one.sendTo(two.relayed, 'there');
		await got(two, 'there', one.relayed);
		await two.sendTo(one.relayed, 'back');
		await got(one, 'back', two.relayed);
	});

	rule('G6', `by channels to a client on ${other}, and back`, async (scene) => {
		const one = await scene.allocated();
		const two = await scene.allocated({ kind: other });

		assert.equal((await one.bind(0x4000, two.relayed)).code, 0);
		assert.equal((await two.bind(0x4abc, one.relayed)).code, 0);
		for (const size of [0, 1, 2, 3, 4, 5, 1200, 1472]) {
			const data = Buffer.alloc(size, size & 255);

			await one.sendOn(0x4000, data);
			const there = await two.data();

			assert.equal(there?.channel, 0x4abc);
			assert.deepEqual(there.data, data);
			await two.sendOn(0x4abc, data);
			const back = await one.data();

			assert.equal(back?.channel, 0x4000);
			assert.deepEqual(back.data, data);
		}
	});
}

rule('G6', 'one by channel, the other by Send', async (scene) => {
	const one = await scene.allocated();
	const two = await scene.allocated();

	await one.bind(0x4000, two.relayed);
	await two.permit(HOST);
	await one.sendOn(0x4000, 'channel');
	await got(two, 'channel', one.relayed);
	await two.sendTo(one.relayed, 'send');
	assert.equal((await got(one, 'send')).channel, 0x4000);
});

rule('G6', 'who has not permitted the other does not hear him', async (scene) => {
	const one = await scene.allocated();
	const two = await scene.allocated();

	await one.permit(HOST);
	await one.sendTo(two.relayed, 'uninvited');
	await one.fence();
	assert.deepEqual(await two.fence(), []);
	await two.permit(HOST);
	await one.sendTo(two.relayed, 'invited');
	await got(two, 'invited', one.relayed);
});

rule('G6', 'a hundred in a row, both ways at once, in order and whole', async (scene) => {
	const one = await scene.allocated();
	const two = await scene.allocated();

	await one.bind(0x4000, two.relayed);
	await two.bind(0x4000, one.relayed);
	for (let n = 0; n < 100; n++) {
		await one.sendOn(0x4000, `there ${n}`);
		await two.sendOn(0x4000, `back ${n}`);
	}
	for (let n = 0; n < 100; n++) {
		await got(two, `there ${n}`);
		await got(one, `back ${n}`);
	}
});

rule('G6', 'over IPv6', async (scene) => {
	const six = [[ATTR.REQUESTED_ADDRESS_FAMILY, FAMILY6]];
	const one = await (await scene.client()).allocated(six);
	const two = await (await scene.client()).allocated(six);

	assert.equal(one.relayed.address, '::1');
	assert.equal((await one.permit('::1')).code, 0);
	assert.equal((await two.bind(0x4000, one.relayed)).code, 0);
	await two.sendOn(0x4000, 'by channel');
	await got(one, 'by channel', two.relayed);
	await one.sendTo(two.relayed, 'by send');
	assert.equal((await got(two, 'by send')).channel, 0x4000);
});

rule('G6', 'an allocation may talk to itself, and it ends there', async (scene) => {
	const turn = await scene.allocated();

	await turn.bind(0x4000, turn.relayed);
	await turn.sendOn(0x4000, 'hello, me');
	assert.equal((await got(turn, 'hello, me')).channel, 0x4000);
	assert.deepEqual(await turn.fence(), []);
});

rule('G6', 'a message inside a message is data', async (scene) => {
	const one = await scene.allocated();
	const two = await scene.allocated();
	const inner = channelData(0x4000, 'again');

	await one.bind(0x4000, two.relayed);
	await two.bind(0x4000, one.relayed);
	await one.sendOn(0x4000, inner);
	assert.deepEqual((await two.data()).data, inner);
	assert.deepEqual(await one.fence(), []);
});

/* --- What is not a relay --------------------------------------------------------- */

/* Sends to an own address by Send and by channel. */
async function knock(turn, target, data)
{
	assert.equal((await turn.permit(target.address)).code, 0, 'permitted by address');
	await turn.sendTo(target, data);
	const answer = await turn.bind(0x4000, target);

	assert.ok([0, 403].includes(answer.code), `ChannelBind ${answer.code}`);
	if (!answer.code)
		await turn.sendOn(0x4000, data);
	await turn.fence();
}

/* Where it is tried: as the operator said nothing, and as he permitted the address. */
const PLACES = [
	['', HOST, (scene) => scene.allocated(), {}],
	['though that address is permitted, ', LAN, async (scene) => {
		const carrier = scene.keep(await lan.carrier(scene.kind, { local: LAN }));

		return new Turn(carrier, lan.credentials()).allocated();
	}, { skip: !lanHere && 'no other address, or no Paravent' }],
];

for (const [how, address, allocated, options] of PLACES) {
	rule('G6', `${how}the server's own ports cannot be reached through it`,
		async (scene) => {
			const server = how ? lan : scene.server;

			for (const port of [server.stunPort, server.port]) {
				const turn = await allocated(scene);

				await knock(turn, { address, port },
					new Message(METHOD.BINDING).bytes);
				assert.equal(await turn.data(150), undefined, `${port}`);
			}
		}, options);

	rule('G6', `${how}other services on the server's address cannot be reached`,
		async (scene) => {
			const service = scene.keep(await Udp.open({ local: address,
				raw: true }));
			const turn = await allocated(scene);

			await knock(turn, service.local, 'knock');
			assert.equal(await service.next(undefined, 150), undefined);
		}, options);

	rule('G6', `${how}a port of the range is only reached while it is a relay`,
		async (scene) => {
			const turn = await allocated(scene);
			const gone = await allocated(scene);
			const { port } = gone.relayed;

			await turn.permit(address);
			await turn.bind(0x4000, gone.relayed);
			await gone.refresh(0);
			for (let n = 0; n < 50 && !await udpFree(port, address); n++)
				await turn.fence();
			const service = scene.keep(await Udp.open({ local: address,
				raw: true, localPort: port }));

			await turn.sendTo(gone.relayed, 'who is there');
			await turn.sendOn(0x4000, 'who is there');
			await turn.fence();
			assert.equal(await service.next(undefined, 150), undefined);
		}, options);
}

rule('G6', 'TCP streams of two clients do not mix', async (scene) => {
	const all = [];

	for (let n = 0; n < 6; n++) {
		const turn = await scene.allocated({ kind: STREAMS[n % 2] });

		await turn.permit(HOST);
		all.push(turn);
	}
	for (const [n, turn] of all.entries()) {
		for (const other of all)
			await turn.sendTo(other.relayed, `from ${n}`);
	}
	for (const turn of all) {
		const heard = [];

		for (let n = 0; n < all.length; n++)
			heard.push(`${(await turn.data())?.data}`);
		assert.deepEqual(heard.sort(), all.map((_, n) => `from ${n}`));
	}
}, { on: [undefined] });

rule('0.16', 'a hairpin\'s source is the relayed address that clients were told',
	async (scene) => {
		const one = await scene.allocated();
		const two = await scene.allocated();

		await one.permit(HOST);
		await two.permit(HOST);
		await one.sendTo(two.relayed, 'who');
		assert.deepEqual((await two.data()).peer, one.relayed);
	}, { on: UDP_ONLY });
