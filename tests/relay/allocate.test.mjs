/**
 * Allocate and Refresh: turn.md section 1.5 and the R lines of 1.6 (RFC 8656 sections 6,
 * 7 and 8).
 */
import assert from 'node:assert/strict';

import { HOST, STREAMS, UDP_ONLY, source, sleep, staged }
	from './relaystage.mjs';
import { ATTR, CLASS, FAMILY4, FAMILY6, METHOD, Message, UDP, channelData, u32 }
	from './turnclient.mjs';

const stage = staged();
const { rule } = stage;
const PEER = { address: '127.0.0.2', port: 9 };
const evenPort = (reserve) => [ATTR.EVEN_PORT, Buffer.from([reserve ? 0x80 : 0])];

/* Attributes in an Allocate of their own. */
async function refused(scene, attributes)
{
	const turn = await scene.client();

	return (await turn.request(METHOD.ALLOCATE, attributes)).code;
}

/* The relay port comes free within moments. */
async function comesFree(port)
{
	for (let n = 0; n < 100; n++) {
		if (!stage.server.holds(port, 4))
			return true;
		await sleep(20);
	}
	return false;
}

rule('L0', 'the same client has another allocation at another carrier', async (scene) => {
	const local = source();
	const one = await scene.allocated({ local, kind: 'udp' });
	const two = await scene.allocated({ local, kind: 'tcp' });
	const three = await scene.allocated({ local, kind: 'tls' });

	assert.equal(new Set([one, two, three].map(
		(turn) => turn.relayed.port)).size, 3);
	assert.equal((await one.refresh(0)).code, 0);
	assert.equal((await two.refresh(600)).code, 0);
	assert.equal((await three.refresh(600)).code, 0);
}, { on: [undefined] });

rule('L1', 'a retransmitted Allocate repeats its success', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const message = turn.sign(new Message(METHOD.ALLOCATE)
		.add(ATTR.REQUESTED_TRANSPORT, UDP));
	const first = await turn.ask(message);
	const second = await turn.ask(message);

	assert.equal(first.code, 0);
	assert.equal(second.code, 0);
	assert.deepEqual(second.relayed, first.relayed);
	assert.deepEqual(second.mapped, first.mapped);
	assert.equal(second.signed(turn.key), 'sha1');
});

rule('L1', 'a retransmitted Allocate repeats its reservation token', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const message = turn.sign(new Message(METHOD.ALLOCATE)
		.add(ATTR.REQUESTED_TRANSPORT, UDP).add(...evenPort(true)));
	const first = await turn.ask(message);
	const second = await turn.ask(message);

	assert.ok(first.value(ATTR.RESERVATION_TOKEN));
	assert.deepEqual(second.value(ATTR.RESERVATION_TOKEN),
		first.value(ATTR.RESERVATION_TOKEN));
});

rule('L1', 'ten retransmissions at once make one allocation', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const message = turn.sign(new Message(METHOD.ALLOCATE)
		.add(ATTR.REQUESTED_TRANSPORT, UDP));

	for (let n = 0; n < 10; n++)
		await turn.tell(message);
	const ports = new Set();

	for (let n = 0; n < 10; n++)
		ports.add((await turn.carrier.next()).relayed.port);
	assert.equal(ports.size, 1);
});

rule('L1', 'a second Allocate on the 5-tuple is 437', async (scene) => {
	const turn = await scene.allocated();

	assert.equal((await turn.allocate()).code, 437);
	assert.equal((await turn.refresh(600)).code, 0, 'the first lives');
});

rule('L2', 'REQUESTED-TRANSPORT missing is 400', async (scene) => {
	assert.equal(await refused(scene, []), 400);
});

rule('L2', 'REQUESTED-TRANSPORT of a wrong length is 400', async (scene) => {
	for (const size of [0, 1, 3, 5, 8]) {
		assert.equal(await refused(scene, [[ATTR.REQUESTED_TRANSPORT,
			Buffer.alloc(size, 17)]]), 400, `${size} bytes`);
	}
});

rule('L2', 'REQUESTED-TRANSPORT not UDP is 442', async (scene) => {
	for (const protocol of [0, 1, 6, 16, 18, 33, 132, 136, 255]) {
		assert.equal(await refused(scene, [[ATTR.REQUESTED_TRANSPORT,
			Buffer.from([protocol, 0, 0, 0])]]), 442,
		`protocol ${protocol}`);
	}
});

rule('L2', 'the three bytes behind the protocol are ignored', async (scene) => {
	const turn = await scene.client();

	assert.equal((await turn.request(METHOD.ALLOCATE,
		[[ATTR.REQUESTED_TRANSPORT, Buffer.from([17, 1, 2, 3])]])).code, 0);
});

rule('L3', 'DONT-FRAGMENT works, or is 420 by name', async (scene) => {
	const turn = await scene.client();
	const answer = await turn.allocate([[ATTR.DONT_FRAGMENT, '']]);

	if (answer.code)
		assert.deepEqual([answer.code, answer.unknown],
			[420, [ATTR.DONT_FRAGMENT]]);
});

rule('L4', 'RESERVATION-TOKEN with EVEN-PORT or a family is 400', async (scene) => {
	for (const more of [evenPort(false), evenPort(true),
		[ATTR.REQUESTED_ADDRESS_FAMILY, FAMILY4],
		[ATTR.ADDITIONAL_ADDRESS_FAMILY, FAMILY6]]) {
		assert.equal(await refused(scene, [[ATTR.REQUESTED_TRANSPORT, UDP],
			[ATTR.RESERVATION_TOKEN, 'tokentok'], more]), 400,
		`with ${more[0]}`);
	}
});

rule('L4', 'an unknown RESERVATION-TOKEN is 508', async (scene) => {
	assert.equal(await refused(scene, [[ATTR.REQUESTED_TRANSPORT, UDP],
		[ATTR.RESERVATION_TOKEN, 'tokentok']]), 508);
});

rule('L4', 'a RESERVATION-TOKEN that is not eight bytes is 400', async (scene) => {
	for (const size of [0, 4, 7, 9, 16]) {
		assert.equal(await refused(scene, [[ATTR.REQUESTED_TRANSPORT, UDP],
			[ATTR.RESERVATION_TOKEN, Buffer.alloc(size)]]), 400,
		`${size} bytes`);
	}
});

rule('L5', 'REQUESTED- with ADDITIONAL-ADDRESS-FAMILY is 400', async (scene) => {
	for (const family of [FAMILY4, FAMILY6]) {
		assert.equal(await refused(scene, [[ATTR.REQUESTED_TRANSPORT, UDP],
			[ATTR.REQUESTED_ADDRESS_FAMILY, family],
			[ATTR.ADDITIONAL_ADDRESS_FAMILY, FAMILY6]]), 400);
	}
});

rule('L5', 'ADDITIONAL-ADDRESS-FAMILY IPv4 is 400', async (scene) => {
	assert.equal(await refused(scene, [[ATTR.REQUESTED_TRANSPORT, UDP],
		[ATTR.ADDITIONAL_ADDRESS_FAMILY, FAMILY4]]), 400);
});

rule('L5', 'EVEN-PORT that reserves with ADDITIONAL-ADDRESS-FAMILY is 400',
	async (scene) => {
		assert.equal(await refused(scene, [[ATTR.REQUESTED_TRANSPORT, UDP],
			[ATTR.ADDITIONAL_ADDRESS_FAMILY, FAMILY6],
			evenPort(true)]), 400);
	});

rule('L6', 'IPv4 may be asked for by name', async (scene) => {
	const turn = await scene.client();
	const answer = await turn.allocate([[ATTR.REQUESTED_ADDRESS_FAMILY, FAMILY4]]);

	assert.equal(answer.code, 0);
	assert.equal(answer.relayed.address, HOST);
});

rule('L6', 'a family that the server does not have is 440', async (scene) => {
	for (const family of [FAMILY6, Buffer.from([3, 0, 0, 0])]) {
		assert.equal(await refused(scene, [[ATTR.REQUESTED_TRANSPORT, UDP],
			[ATTR.REQUESTED_ADDRESS_FAMILY, family]]), 440,
		`family ${family[0]}`);
	}
});

rule('L7', 'ADDITIONAL-ADDRESS-FAMILY that cannot be had is a success that says so',
	async (scene) => {
		const turn = await scene.client();
		const answer = await turn.allocate(
			[[ATTR.ADDITIONAL_ADDRESS_FAMILY, FAMILY6]]);

		assert.equal(answer.code, 0);
		assert.equal(answer.allRelayed.length, 1);
		const why = answer.value(ATTR.ADDRESS_ERROR_CODE);

		assert.ok(why, 'ADDRESS-ERROR-CODE');
		assert.equal(why[0], 2, 'of IPv6');
		assert.ok([440, 508].includes((why[2] & 7) * 100 + why[3]));
	});

rule('L8', 'EVEN-PORT gives an even port', async (scene) => {
	for (let n = 0; n < 8; n++) {
		const turn = await scene.client();
		const answer = await turn.allocate([evenPort(false)]);

		assert.equal(answer.code, 0);
		assert.equal(answer.relayed.port & 1, 0);
		assert.ok(!answer.has(ATTR.RESERVATION_TOKEN));
	}
});

rule('L8', 'EVEN-PORT of a wrong length is 400', async (scene) => {
	for (const size of [0, 2, 4]) {
		assert.equal(await refused(scene, [[ATTR.REQUESTED_TRANSPORT, UDP],
			[ATTR.EVEN_PORT, Buffer.alloc(size)]]), 400, `${size} bytes`);
	}
});

rule('L8', 'a reserved port is the next one, for whoever has the token, once',
	async (scene) => {
		const one = await scene.client();
		const answer = await one.allocate([evenPort(true)]);
		const token = answer.value(ATTR.RESERVATION_TOKEN);

		assert.equal(answer.code, 0);
		assert.equal(answer.relayed.port & 1, 0);
		assert.equal(token.length, 8);

		const two = await scene.client({ kind: 'udp' });

		assert.equal((await two.allocate([[ATTR.RESERVATION_TOKEN, token]])).code,
			0);
		assert.deepEqual(two.relayed, { address: one.relayed.address,
			port: one.relayed.port + 1 });
		const three = await scene.client();

		assert.equal((await three.allocate([[ATTR.RESERVATION_TOKEN, token]]))
			.code, 508);
	});

rule('L8', 'a reserved port outlives the allocation that reserved it', async (scene) => {
	const one = await scene.client();
	const answer = await one.allocate([evenPort(true)]);
	const token = answer.value(ATTR.RESERVATION_TOKEN);

	await one.refresh(0);
	const two = await scene.client();

	assert.equal((await two.allocate([[ATTR.RESERVATION_TOKEN, token]])).code, 0);
	assert.equal(two.relayed.port, one.relayed.port + 1);
});

rule('L10', 'ports lie in the range, and cannot be guessed from one another',
	async (scene) => {
		const ports = [];

		for (let n = 0; n < 12; n++)
			ports.push((await scene.allocated()).relayed.port);
		const [first, last] = stage.server.range;
		const steps = new Set(ports.slice(1).map((port, n) => port - ports[n]));

		for (const port of ports)
			assert.ok(port >= first && port <= last, `${port}`);
		assert.ok(steps.size >= 6, `steps ${[...steps]}`);
	});

rule('L11', 'lifetimes are 600 s, whatever is asked', async (scene) => {
	for (const asked of [undefined, 0, 1, 599, 600, 601, 3600, 0xffffffff]) {
		const turn = await scene.client();
		const answer = await turn.allocate(asked === undefined ? []
			: [[ATTR.LIFETIME, u32(asked)]]);

		/* Zero in an Allocate asks for nothing sensible: refused, or 600. */
		if (asked === 0 && answer.code)
			assert.equal(answer.code, 400);
		else
			assert.equal(answer.lifetime, 600, `asked for ${asked}`);
	}
});

rule('L12', 'a success tells the relayed and the mapped address and the lifetime',
	async (scene) => {
		const turn = await scene.client();
		const answer = await turn.allocate();

		assert.deepEqual(answer.mapped, turn.carrier.local);
		assert.equal(answer.relayed.address, HOST);
		assert.equal(answer.lifetime, 600);
		assert.ok(!answer.has(ATTR.RESERVATION_TOKEN));
		assert.equal(answer.signed(turn.key), 'sha1');
	});

rule('L12', 'SOFTWARE has no version, and comes to who has proved who he is',
	async (scene) => {
		const turn = await scene.client();
		const unknown = await turn.learn();
		const known = await turn.allocate();

		assert.ok(!unknown.has(ATTR.SOFTWARE));
		assert.doesNotMatch(`${known.value(ATTR.SOFTWARE) ?? ''}`, /\d/);
	});

rule('L14', 'no two allocations have one relayed address', async (scene) => {
	const all = [];

	for (let n = 0; n < 30; n++)
		all.push((await scene.allocated()).relayed.port);
	assert.equal(new Set(all).size, all.length);
});

rule('L15', 'when the connection ends the allocation is gone at once', async (scene) => {
	const turn = await scene.allocated();
	const { port } = turn.relayed;

	assert.ok(stage.server.holds(port, 4));
	turn.close();
	assert.ok(await comesFree(port));
}, { on: STREAMS });

rule('L15', 'half a connection is no connection', async (scene) => {
	const turn = await scene.allocated();

	turn.carrier.socket.end();
	assert.ok(await comesFree(turn.relayed.port));
}, { on: STREAMS });

/* --- Refresh ----------------------------------------------------------------------- */

rule('R1', 'requests on a 5-tuple without allocation are 437', async (scene) => {
	const turn = await scene.client();

	assert.equal((await turn.refresh(600)).code, 437);
	assert.equal((await turn.refresh(0)).code, 437);
	assert.equal((await turn.permit(PEER.address)).code, 437);
	assert.equal((await turn.bind(0x4000, PEER)).code, 437);
});

rule('R1', 'Send on a 5-tuple without allocation is ignored', async (scene) => {
	const turn = await scene.client();

	await turn.silence(new Message(METHOD.SEND, CLASS.INDICATION)
		.peer(PEER).add(ATTR.DATA, 'x'));
});

rule('R1', 'ChannelData on a 5-tuple without allocation is ignored', async (scene) => {
	const turn = await scene.client();

	await turn.silence(channelData(0x4000, 'x'));
}, { on: UDP_ONLY });

rule('R2', 'LIFETIME 0 deletes now', async (scene) => {
	const turn = await scene.allocated();
	const answer = await turn.refresh(0);

	assert.equal(answer.code, 0);
	assert.equal(answer.lifetime, 0);
	assert.equal((await turn.refresh(600)).code, 437, 'Refresh');
	assert.equal((await turn.permit(PEER.address)).code, 437, 'CreatePermission');
	assert.equal((await turn.refresh(0)).code, 437, 'a second delete');
});

rule('R2', 'LIFETIME 0 closes the relayed port', async (scene) => {
	const turn = await scene.allocated();

	await turn.refresh(0);
	assert.ok(await comesFree(turn.relayed.port));
});

rule('R2', 'after LIFETIME 0 the 5-tuple may allocate again', async (scene) => {
	const turn = await scene.allocated();

	await turn.refresh(0);
	assert.equal((await turn.allocate()).code, 0);
	assert.equal((await turn.refresh(600)).code, 0);
});

rule('R2', 'a new allocation has none of the old one\'s permissions and channels',
	async (scene) => {
		const turn = await scene.allocated();
		const peer = await scene.peer();

		await turn.bind(0x4000, peer.local);
		await turn.refresh(0);
		assert.equal((await turn.allocate()).code, 0);
		await turn.sendOn(0x4000, 'old channel');
		await turn.sendTo(peer.local, 'old permission');
		await turn.fence();
		await turn.permit(peer.local.address);
		await turn.sendTo(peer.local, 'new');
		assert.equal(`${(await peer.next()).data}`, 'new');
	});

rule('R3', 'Refresh has the lifetimes of Allocate', async (scene) => {
	const turn = await scene.allocated();

	for (const asked of [1, 599, 600, 3600, 0xffffffff]) {
		assert.equal((await turn.refresh(asked)).lifetime, 600,
			`asked for ${asked}`);
	}
	assert.equal((await turn.refresh()).lifetime, 600, 'asked for nothing');
});

rule('R3', 'Refresh of a family that the allocation has not is 443', async (scene) => {
	const turn = await scene.allocated();

	assert.equal((await turn.refresh(600,
		[[ATTR.REQUESTED_ADDRESS_FAMILY, FAMILY6]])).code, 443);
	assert.equal((await turn.refresh(0,
		[[ATTR.REQUESTED_ADDRESS_FAMILY, FAMILY6]])).code, 443);
	assert.equal((await turn.refresh(600,
		[[ATTR.REQUESTED_ADDRESS_FAMILY, FAMILY4]])).code, 0);
});

rule('R4', 'a success of Refresh is LIFETIME and MESSAGE-INTEGRITY', async (scene) => {
	const turn = await scene.allocated();
	const answer = await turn.refresh(600);

	assert.deepEqual(answer.types.filter((type) => type != ATTR.SOFTWARE),
		[ATTR.LIFETIME, ATTR.MESSAGE_INTEGRITY]);
});
