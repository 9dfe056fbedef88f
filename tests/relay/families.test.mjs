/**
 * IPv6 beside IPv4: turn.md L6, L7, R3 and the family rules of C1 and H1 on a server that
 * has both (RFC 8656 sections 7.2, 8.2, 10.2, 12.2).
 */
import assert from 'node:assert/strict';

import { HOST, PEER_HOST, UDP_ONLY, sleep, staged } from './relaystage.mjs';
import { ATTR, FAMILY4, FAMILY6, METHOD, Message } from './turnclient.mjs';

const stage = staged({ v6: true });
const { rule } = stage;
const HOST6 = '::1';
const wants = (family) => [ATTR.REQUESTED_ADDRESS_FAMILY, family];
const BOTH = [[ATTR.ADDITIONAL_ADDRESS_FAMILY, FAMILY6]];

/* A client with two relayed addresses: { turn, four, six }. */
async function dual(scene)
{
	const turn = await scene.client();
	const answer = await turn.allocate(BOTH);

	assert.equal(answer.code, 0);
	assert.ok(!answer.has(ATTR.ADDRESS_ERROR_CODE));
	assert.equal(answer.allRelayed.length, 2);
	return { turn, four: answer.allRelayed.find((one) => one.address == HOST),
		six: answer.allRelayed.find((one) => one.address == HOST6) };
}

/* Somebody's relay of the other family may have the same number. */
async function comesFree({ address, port })
{
	const family = address == HOST ? 4 : 6;

	for (let n = 0; n < 100 && stage.server.holds(port, family); n++)
		await sleep(20);
	return !stage.server.holds(port, family);
}

rule('L6', 'who asks for no family gets IPv4, though he came over IPv6',
	async (scene) => {
		const turn = await scene.client({ v6: true });
		const answer = await turn.allocate();

		assert.equal(answer.code, 0);
		assert.equal(answer.relayed.address, HOST);
		assert.deepEqual(answer.mapped, turn.carrier.local);
	});

rule('L6', 'who asks for IPv6 gets it, over IPv4 and over IPv6', async (scene) => {
	for (const v6 of [false, true]) {
		const turn = await scene.client({ v6 });
		const answer = await turn.allocate([wants(FAMILY6)]);

		assert.equal(answer.code, 0);
		assert.equal(answer.relayed.address, HOST6);
	}
});

rule('P14', 'Binding over IPv6 is answered in 44 bytes', async (scene) => {
	const turn = await scene.client({ v6: true });
	const answer = await turn.ask(new Message(METHOD.BINDING));

	assert.equal(answer.bytes.length, 44);
	assert.deepEqual(answer.mapped, turn.carrier.local);
});

rule('S3', 'IPv6 peers by Send and Data, and by channel', async (scene) => {
	const turn = await scene.client();
	const peer = await scene.peer({ local: HOST6 });

	assert.equal((await turn.allocate([wants(FAMILY6)])).code, 0);
	const relay = { host: HOST6, port: turn.relayed.port };

	assert.equal((await turn.permit(HOST6)).code, 0);
	await turn.sendTo(peer.local, 'by send');
	const got = await peer.next();

	assert.equal(`${got?.data}`, 'by send');
	assert.deepEqual(got.from, turn.relayed);
	await peer.send('back', relay);
	const back = await turn.data();

	assert.deepEqual(back.peer, peer.local);
	assert.equal(back.bytes.length, 48 + 4);
	assert.equal((await turn.bind(0x4000, peer.local)).code, 0);
	await turn.sendOn(0x4000, 'by channel');
	assert.equal(`${(await peer.next())?.data}`, 'by channel');
	await peer.send('back', relay);
	assert.equal((await turn.data()).channel, 0x4000);
});

rule('C1', 'an IPv4 peer on an IPv6 allocation is 443', async (scene) => {
	const turn = await scene.client();

	await turn.allocate([wants(FAMILY6)]);
	assert.equal((await turn.permit(PEER_HOST)).code, 443);
	assert.equal((await turn.bind(0x4000, { address: PEER_HOST, port: 9 })).code, 443);
});

rule('L7', 'ADDITIONAL-ADDRESS-FAMILY gives both', async (scene) => {
	const { four, six } = await dual(scene);

	assert.ok(four && six);
});

rule('L7', 'a retransmission repeats both', async (scene) => {
	const turn = await scene.client();
	const tid = Buffer.from('twelve bytes');
	const first = await turn.allocate(BOTH, { tid });
	const second = await turn.allocate(BOTH, { tid });

	assert.deepEqual(second.allRelayed, first.allRelayed);
	assert.equal(second.allRelayed.length, 2);
});

rule('L7', 'both carry data, each its family', async (scene) => {
	const { turn, four, six } = await dual(scene);
	const peers = [[await scene.peer(), four],
		[await scene.peer({ local: HOST6 }), six]];

	assert.equal((await turn.permit(PEER_HOST, HOST6)).code, 0);
	for (const [peer, relayed] of peers) {
		await turn.sendTo(peer.local, 'there');
		assert.deepEqual((await peer.next())?.from, relayed);
		await peer.send('back', relayed);
		assert.deepEqual((await turn.data())?.peer, peer.local);
	}
});

rule('R3', 'Refresh without a family is for both', async (scene) => {
	const { turn, four, six } = await dual(scene);

	assert.equal((await turn.refresh(600)).code, 0);
	assert.equal((await turn.refresh(0)).code, 0);
	assert.ok(await comesFree(four));
	assert.ok(await comesFree(six));
	assert.equal((await turn.refresh(600)).code, 437);
});

rule('R3', 'Refresh with a family deletes that half, and the other lives on',
	async (scene) => {
		for (const [gone, stays] of [[FAMILY4, FAMILY6], [FAMILY6, FAMILY4]]) {
			const { turn, four, six } = await dual(scene);

			assert.equal((await turn.refresh(0, [wants(gone)])).code, 0);
			assert.ok(await comesFree(gone == FAMILY4 ? four : six));
			assert.equal((await turn.refresh(600, [wants(gone)])).code, 443);
			assert.equal((await turn.refresh(600, [wants(stays)])).code, 0);
			assert.equal((await turn.permit(gone == FAMILY4 ? PEER_HOST
				: HOST6)).code, 443);
			assert.equal((await turn.permit(gone == FAMILY4 ? HOST6
				: PEER_HOST)).code, 0);
			assert.equal((await turn.refresh(0, [wants(stays)])).code, 0);
			assert.equal((await turn.refresh(600)).code, 437);
		}
	});

rule('A5', 'a nonce of one IPv6 port is 438 at another', async (scene) => {
	const one = await scene.client({ v6: true });
	const other = await scene.client({ v6: true });

	await one.learn();
	await other.learn();
	other.nonce = one.nonce;
	assert.equal((await other.allocate()).code, 438);
}, { on: UDP_ONLY });
