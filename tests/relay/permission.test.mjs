/**
 * Permissions and the Send and Data indications: the C lines of turn.md section 1.6, and
 * S and N of 1.7 and 1.8 (RFC 8656 sections 9 to 11, 14).
 *
 * That a permission ends after 300 s, that data does not refresh it (C2), and that ICMP
 * is not delivered (N3) is left to the unit tests, where time is an argument.
 */
import assert from 'node:assert/strict';

import { UDP_ONLY, sleep, staged } from './relaystage.mjs';
import { ATTR, CLASS, METHOD, Message, xorAddress } from './turnclient.mjs';

const { rule } = staged();
const PEER = { address: '127.0.0.2', port: 9 };

const send = () => new Message(METHOD.SEND, CLASS.INDICATION);

/* An allocation with a permission for a peer that listens. */
async function pair(scene)
{
	const turn = await scene.allocated();
	const peer = await scene.peer();

	assert.equal((await turn.permit(peer.local.address)).code, 0);
	return { turn, peer };
}

/* The next that the peer hears is this: nothing came before it. */
async function hears(peer, turn, text)
{
	await turn.sendTo(peer.local, text);
	assert.equal(`${(await peer.next())?.data}`, text);
}

/* --- CreatePermission -------------------------------------------------------------- */

rule('C1', 'CreatePermission without a peer is 400', async (scene) => {
	const turn = await scene.allocated();

	assert.equal((await turn.permit()).code, 400);
});

rule('C1', 'a peer of another family is 443', async (scene) => {
	const turn = await scene.allocated();

	assert.equal((await turn.permit('2606:4700::1111')).code, 443);
});

rule('C1', 'one bad address, and nothing is installed', async (scene) => {
	for (const bad of ['0.0.0.0', '224.0.0.1', '2606:4700::1111']) {
		const turn = await scene.allocated();
		const peer = await scene.peer();

		for (const all of [[PEER.address, bad], [bad, PEER.address]])
			assert.ok((await turn.permit(...all)).code >= 400, bad);
		await turn.sendTo(peer.local, 'not permitted');
		await turn.fence();
		await turn.permit(PEER.address);
		await hears(peer, turn, 'permitted');
	}
});

rule('C1', 'a success of CreatePermission is MESSAGE-INTEGRITY alone', async (scene) => {
	const turn = await scene.allocated();
	const answer = await turn.permit(PEER.address);

	assert.deepEqual(answer.types.filter((type) => type != ATTR.SOFTWARE),
		[ATTR.MESSAGE_INTEGRITY]);
});

rule('C2', 'a permission is for the address with every port', async (scene) => {
	const { turn, peer } = await pair(scene);
	const other = await scene.peer();

	await hears(peer, turn, 'one port');
	await hears(other, turn, 'another port');
	await other.send('back', { host: turn.relayed.address,
		port: turn.relayed.port });
	assert.equal(`${(await turn.data()).data}`, 'back');
});

rule('C2', 'what a peer sends without permission is dropped in silence',
	async (scene) => {
		const { turn, peer } = await pair(scene);
		const stranger = await scene.peer({ local: '127.0.0.3' });
		const relay = { host: turn.relayed.address, port: turn.relayed.port };

		await stranger.send('stranger', relay);
		await peer.send('friend', relay);
		assert.equal(`${(await turn.data()).data}`, 'friend');
		assert.deepEqual(await turn.fence(), []);
	});

rule('C2', 'a permission may be asked for again and again', async (scene) => {
	const { turn, peer } = await pair(scene);

	for (let n = 0; n < 200; n++)
		assert.equal((await turn.permit(peer.local.address)).code, 0);
	await hears(peer, turn, 'still');
});

rule('C3', 'the 65th permission is 403, and the 64 stay', async (scene) => {
	const turn = await scene.allocated();
	const peer = await scene.peer();

	assert.equal((await turn.permit(peer.local.address)).code, 0);
	for (let n = 1; n < 64; n++)
		assert.equal((await turn.permit(`127.1.0.${n}`)).code, 0, `${n}`);
	assert.equal((await turn.permit('127.2.0.1')).code, 403);
	assert.equal((await turn.permit('127.1.0.7')).code, 0, 'a refresh');
	await hears(peer, turn, 'still');
});

rule('C3', 'so is one request with 65 peers, of which none is installed',
	async (scene) => {
		const turn = await scene.allocated();
		const peer = await scene.peer();
		const many = Array.from({ length: 64 }, (_, n) => `127.1.0.${n + 1}`);

		assert.equal((await turn.permit(peer.local.address, ...many)).code, 403);
		await turn.sendTo(peer.local, 'not permitted');
		await turn.fence();
		assert.equal((await turn.permit(peer.local.address)).code, 0);
		await hears(peer, turn, 'permitted');
	});

rule('C4', 'Send right behind CreatePermission, not waiting for its answer',
	async (scene) => {
		const turn = await scene.allocated();

		for (let n = 0; n < 20; n++) {
			const local = `127.0.1.${n + 1}`;
			const peer = await scene.peer({ local });

			await Promise.all([
				turn.tell(turn.sign(new Message(METHOD.CREATE_PERMISSION)
					.peer({ address: local, port: 0 }))),
				turn.sendTo(peer.local, 'check')]);
			assert.equal(`${(await peer.next())?.data}`, 'check');
		}
	});

/* --- Send and Data --------------------------------------------------------------------- */

rule('S1', 'Send goes to the peer from the relayed address', async (scene) => {
	const { turn, peer } = await pair(scene);

	await turn.sendTo(peer.local, 'hello');
	const got = await peer.next();

	assert.equal(`${got.data}`, 'hello');
	assert.deepEqual(got.from, turn.relayed);
});

rule('S1', 'Send without permission is discarded', async (scene) => {
	const turn = await scene.allocated();
	const peer = await scene.peer();

	await turn.sendTo(peer.local, 'too early');
	await turn.fence();
	await turn.permit(peer.local.address);
	await hears(peer, turn, 'in time');
});

rule('S1', 'Send without DATA, and without a peer, is discarded', async (scene) => {
	const { turn, peer } = await pair(scene);

	await turn.silence(send().peer(peer.local));
	await turn.silence(send().add(ATTR.DATA, 'whereto'));
	await turn.silence(send());
	await hears(peer, turn, 'whole');
});

rule('S1', 'Send with a peer that cannot be read is discarded', async (scene) => {
	const { turn, peer } = await pair(scene);

	await turn.silence(send().peer(peer.local, 2).add(ATTR.DATA, 'family'));
	await turn.silence(send().add(ATTR.XOR_PEER_ADDRESS, Buffer.alloc(4))
		.add(ATTR.DATA, 'length'));
	await turn.silence(send().peer({ address: '2606:4700::1111', port: 9 })
		.add(ATTR.DATA, 'other family'));
	await hears(peer, turn, 'good');
});

rule('S1', 'empty DATA is an empty datagram', async (scene) => {
	const { turn, peer } = await pair(scene);

	await turn.sendTo(peer.local, '');
	assert.equal((await peer.next()).data.length, 0);
});

rule('S1', 'the order of the attributes does not matter', async (scene) => {
	const { turn, peer } = await pair(scene);

	await turn.tell(send().add(ATTR.DATA, 'data first').peer(peer.local));
	assert.equal(`${(await peer.next()).data}`, 'data first');
	await turn.tell(send().add(ATTR.SOFTWARE, 'odd').peer(peer.local)
		.add(ATTR.DATA, 'odd one before'));
	assert.equal(`${(await peer.next()).data}`, 'odd one before');
});

rule('S1', 'Send may have a FINGERPRINT, a right one', async (scene) => {
	const { turn, peer } = await pair(scene);

	await turn.tell(send().peer(peer.local).add(ATTR.DATA, 'wrong')
		.fingerprint({ flip: true }));
	await turn.tell(send().peer(peer.local).add(ATTR.DATA, 'right')
		.fingerprint());
	assert.equal(`${(await peer.next()).data}`, 'right');
});

rule('S1', 'Send with DONT-FRAGMENT arrives, the next without it as well',
	async (scene) => {
		const { turn, peer } = await pair(scene);

		await turn.tell(send().peer(peer.local).add(ATTR.DONT_FRAGMENT)
			.add(ATTR.DATA, 'whole'));
		assert.equal(`${(await peer.next()).data}`, 'whole');
		await hears(peer, turn, 'in pieces');
	});

rule('S2', 'Send to a forbidden peer is silence', async (scene) => {
	const { turn, peer } = await pair(scene);

	for (const address of ['0.0.0.0', '10.0.0.1', '169.254.169.254', '224.0.0.1',
		'255.255.255.255'])
		await turn.sendTo({ address, port: 80 }, 'no');
	await turn.sendTo({ address: peer.local.address, port: 0 }, 'port 0');
	assert.deepEqual(await turn.fence(), []);
	await hears(peer, turn, 'yes');
});

rule('S3', 'a Data indication is XOR-PEER-ADDRESS and DATA, and no more: 36 bytes',
	async (scene) => {
		const { turn, peer } = await pair(scene);
		const relay = { host: turn.relayed.address, port: turn.relayed.port };

		for (const text of ['four', 'five5', '', 'x'.repeat(1200)]) {
			await peer.send(text, relay);
			const got = await turn.data();

			assert.equal(got.method, METHOD.DATA);
			assert.deepEqual([...got.types].sort(),
				[ATTR.XOR_PEER_ADDRESS, ATTR.DATA]);
			assert.deepEqual(got.peer, peer.local);
			assert.equal(`${got.data}`, text);
			assert.equal(got.bytes.length, 36 + text.length +
				(-text.length & 3));
		}
	});

rule('S3', 'each Data indication has a transaction of its own', async (scene) => {
	const { turn, peer } = await pair(scene);
	const tids = new Set();

	for (let n = 0; n < 20; n++) {
		await peer.send('x', { host: turn.relayed.address,
			port: turn.relayed.port });
		tids.add((await turn.data()).tid.toString('hex'));
	}
	assert.equal(tids.size, 20);
});

rule('S3', 'payloads up to 1472 bytes come whole, there and back', async (scene) => {
	const { turn, peer } = await pair(scene);

	for (const size of [1, 2, 3, 5, 63, 64, 65, 511, 512, 1199, 1200, 1400,
		1472]) {
		const data = Buffer.alloc(size, size & 255);

		await turn.sendTo(peer.local, data);
		const there = await peer.next();

		assert.deepEqual(there?.data, data, `${size} bytes there`);
		await peer.send(data, { host: there.from.address,
			port: there.from.port });
		assert.deepEqual((await turn.data())?.data, data,
			`${size} bytes back`);
	}
});

rule('S3', 'a hundred in a row arrive in order, there and back', async (scene) => {
	const { turn, peer } = await pair(scene);

	for (let n = 0; n < 100; n++)
		await turn.sendTo(peer.local, `${n}`);
	for (let n = 0; n < 100; n++) {
		const got = await peer.next();

		assert.equal(`${got?.data}`, `${n}`);
		await peer.send(got.data, { host: got.from.address,
			port: got.from.port });
	}
	for (let n = 0; n < 100; n++)
		assert.equal(`${(await turn.data())?.data}`, `${n}`);
});

rule('S3', 'what is padding in one message is not data in the next', async (scene) => {
	const { turn, peer } = await pair(scene);
	const relay = { host: turn.relayed.address, port: turn.relayed.port };

	/* Reply throws when padding is not zero (P5). */
	for (let n = 0; n < 20; n++) {
		await peer.send(Buffer.alloc(200, 0xff), relay);
		await turn.data();
		await peer.send(Buffer.alloc(9, 0xff), relay);
		assert.equal((await turn.data()).data.length, 9);
	}
});

rule('N4', 'a peer that does not exist does no harm', async (scene) => {
	const { turn, peer } = await pair(scene);
	const gone = await scene.peer();

	gone.close();
	for (let n = 0; n < 20; n++)
		await turn.sendTo(gone.local, 'is there anybody');
	await sleep(50);
	assert.deepEqual(await turn.fence(), [], 'no ICMP is told');
	await hears(peer, turn, 'still');
	assert.equal((await turn.refresh(600)).code, 0);
});

rule('N4', 'a datagram that is too large for the network does no harm', async (scene) => {
	const { turn, peer } = await pair(scene);

	await turn.sendTo(peer.local, Buffer.alloc(60000));
	await turn.tell(send().peer(peer.local).add(ATTR.DONT_FRAGMENT)
		.add(ATTR.DATA, Buffer.alloc(60000)));
	await turn.fence();
	while (await peer.next(undefined, 100))
		;
	await hears(peer, turn, 'still');
});

/* --- D8: one allocation's traffic is not another's ------------------------------------- */

rule('D8', 'a permission of one allocation is none of another', async (scene) => {
	const { turn, peer } = await pair(scene);
	const other = await scene.allocated();

	await other.sendTo(peer.local, 'not mine');
	await other.fence();
	await peer.send('not yours', { host: other.relayed.address,
		port: other.relayed.port });
	await hears(peer, turn, 'mine');
	assert.deepEqual(await other.fence(), []);
});

rule('D8', 'Send from the same address and another port is nobody\'s', async (scene) => {
	const { turn, peer } = await pair(scene);
	const forger = await scene.client({ local: turn.carrier.local.address });

	await forger.silence(send().peer(peer.local).add(ATTR.DATA, 'forged'));
	await forger.silence(new Message(METHOD.REFRESH, CLASS.INDICATION));
	await hears(peer, turn, 'mine');
}, { on: UDP_ONLY });

rule('C1', 'a CreatePermission with a wrong signature installs nothing', async (scene) => {
	const turn = await scene.allocated();
	const peer = await scene.peer();
	const forged = new Message(METHOD.CREATE_PERMISSION)
		.add(ATTR.XOR_PEER_ADDRESS, xorAddress(PEER, Buffer.alloc(12)));

	forged.tid = Buffer.alloc(12);
	forged.add(ATTR.USERNAME, turn.credentials.username)
		.add(ATTR.REALM, turn.realm).add(ATTR.NONCE, turn.nonce)
		.integrity(turn.key, { flip: true });
	assert.equal((await turn.ask(forged)).code, 401);
	await turn.sendTo(peer.local, 'not permitted');
	await turn.fence();
	await turn.permit(PEER.address);
	await hears(peer, turn, 'permitted');
});
