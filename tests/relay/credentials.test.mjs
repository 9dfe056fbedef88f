/**
 * Who asks: turn.md section 1.4 (RFC 8489 section 9.2; RFC 8656 sections 5 and 6), with
 * the time-limited form of user names and the refusals of the first twenty lines.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';

import { UDP_ONLY, sleep, source, staged } from './relaystage.mjs';
import { ATTR, CLASS, METHOD, Message, UDP, longTermKey, u16, u32 }
	from './turnclient.mjs';

const stage = staged();
const { rule } = stage;
const PEER = { address: '127.0.0.2', port: 9 };
const MD5 = 1;
const SHA256 = 2;

const allocate = () => new Message(METHOD.ALLOCATE)
	.add(ATTR.REQUESTED_TRANSPORT, UDP);

/* One entry of PASSWORD-ALGORITHMS, or PASSWORD-ALGORITHM: without parameters. */
const algorithm = (number) => Buffer.concat([u16(number), u16(0)]);

/* What every refusal before authentication looks like. */
function isChallenge(answer, code)
{
	assert.equal(answer.code, code);
	assert.ok(answer.realm, 'REALM');
	assert.ok(answer.nonce, 'NONCE');
	assert.ok(!answer.has(ATTR.MESSAGE_INTEGRITY), 'unsigned');
	assert.ok(!answer.has(ATTR.MESSAGE_INTEGRITY_SHA256), 'unsigned');
}

/* The four attributes in order, some left out or with another value. */
function signedBy(turn, message, { key = turn.key, ...values } = {})
{
	const parts = { USERNAME: turn.credentials.username, REALM: turn.realm,
		NONCE: turn.nonce, ...values };

	for (const [name, value] of Object.entries(parts)) {
		if (value !== undefined)
			message.add(ATTR[name], value);
	}
	return message.integrity(key);
}

/* --- A2: the order of judgement ---------------------------------------------------- */

rule('A2', 'a request without MESSAGE-INTEGRITY is 401', async (scene) => {
	for (const method of [METHOD.ALLOCATE, METHOD.REFRESH,
		METHOD.CREATE_PERMISSION, METHOD.CHANNEL_BIND]) {
		const turn = await scene.client();

		isChallenge(await turn.ask(new Message(method)), 401);
	}
});

rule('A2', '401 comes before every other judgement', async (scene) => {
	const turn = await scene.client();
	const wrong = [
		new Message(METHOD.ALLOCATE),
		new Message(METHOD.ALLOCATE).add(ATTR.REQUESTED_TRANSPORT,
			Buffer.from([132, 0, 0, 0])),
		allocate().add(ATTR.LIFETIME, 'abc'),
		allocate().add(ATTR.REQUESTED_ADDRESS_FAMILY, Buffer.from([9, 0, 0, 0])),
		allocate().add(ATTR.RESERVATION_TOKEN, 'tokentok'),
		new Message(METHOD.CHANNEL_BIND).add(ATTR.CHANNEL_NUMBER, u32(0)),
		new Message(METHOD.CREATE_PERMISSION)
			.peer({ address: '169.254.169.254', port: 80 }),
	];

	for (const message of wrong)
		isChallenge(await turn.ask(message), 401);
});

rule('A2', 'an allocation is not touched without MESSAGE-INTEGRITY', async (scene) => {
	const turn = await scene.allocated();
	const bare = new Message(METHOD.REFRESH).add(ATTR.LIFETIME, u32(0))
		.add(ATTR.USERNAME, turn.credentials.username)
		.add(ATTR.REALM, turn.realm).add(ATTR.NONCE, turn.nonce);

	isChallenge(await turn.ask(bare), 401);
	assert.equal((await turn.refresh(600)).code, 0);
});

rule('A2', 'MESSAGE-INTEGRITY without USERNAME, REALM or NONCE is an unsigned 400',
	async (scene) => {
		const turn = await scene.client();

		await turn.learn();
		for (const name of ['USERNAME', 'REALM', 'NONCE']) {
			const answer = await turn.ask(signedBy(turn, allocate(),
				{ [name]: undefined }));

			assert.equal(answer.code, 400, `without ${name}`);
			assert.ok(!answer.has(ATTR.MESSAGE_INTEGRITY));
		}
	});

rule('A2', 'an unknown user is 401', async (scene) => {
	const turn = await scene.client({ credentials:
		stage.server.credentials({ secret: 'another' }) });

	await turn.learn();
	isChallenge(await turn.ask(turn.sign(allocate())), 401);
});

rule('A2', 'a wrong MESSAGE-INTEGRITY is 401', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	isChallenge(await turn.ask(signedBy(turn, allocate(),
		{ key: Buffer.alloc(16) })), 401);
	const flipped = allocate().add(ATTR.USERNAME, turn.credentials.username)
		.add(ATTR.REALM, turn.realm).add(ATTR.NONCE, turn.nonce)
		.integrity(turn.key, { flip: true });

	isChallenge(await turn.ask(flipped), 401);
	assert.equal((await turn.allocate()).code, 0);
});

rule('A2', 'a changed byte anywhere before MESSAGE-INTEGRITY is 401', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const message = turn.sign(allocate().add(ATTR.LIFETIME, u32(600)));
	const { bytes } = message;

	bytes[35] ^= 1;		/* the last byte of LIFETIME */
	await turn.tell(bytes);
	const answer = await turn.carrier.next((one) =>
		one.tid?.equals(message.tid));

	isChallenge(answer, 401);
});

rule('A10', 'the key of another realm is 401', async (scene) => {
	const turn = await scene.client();
	const { username, password } = turn.credentials;

	await turn.learn();
	isChallenge(await turn.ask(signedBy(turn, allocate(), { REALM: 'other.example',
		key: longTermKey('md5', username, 'other.example', password) })), 401);
});

/* --- Nonces ------------------------------------------------------------------------- */

rule('A3', 'a nonce that is not ours is 438 with a fresh one', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	for (const nonce of ['x', 'obMatJos2gAAA', turn.nonce.slice(0, -1),
		`${turn.nonce}A`, turn.nonce.replace(/.$/,
			(last) => last == 'A' ? 'B' : 'A'), 'f'.repeat(16)]) {
		const answer = await turn.ask(signedBy(turn, allocate(),
			{ NONCE: nonce }));

		isChallenge(answer, 438);
		turn.nonce = answer.nonce;
	}
	assert.equal((await turn.allocate()).code, 0);
});

rule('A5', 'a nonce of another address and port is 438', async (scene) => {
	const one = await scene.client();
	const other = await scene.client();

	await one.learn();
	await other.learn();
	assert.notEqual(one.nonce, other.nonce);
	isChallenge(await other.ask(signedBy(other, allocate(),
		{ NONCE: one.nonce })), 438);
});

rule('A5', 'a nonce of the same address and another port is 438', async (scene) => {
	const local = source();
	const one = await scene.client({ local });
	const other = await scene.client({ local });

	await one.learn();
	await other.learn();
	isChallenge(await other.ask(signedBy(other, allocate(),
		{ NONCE: one.nonce })), 438);
});

rule('0.1', 'a nonce just issued is never 438 on Allocate, nor later on', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	for (let n = 0; n < 5; n++) {
		assert.equal((await turn.allocate()).code, 0);
		assert.equal((await turn.permit(PEER.address)).code, 0);
		assert.equal((await turn.refresh(0)).code, 0);
	}
});

rule('0.1', 'a nonce stays good while newer ones are issued', async (scene) => {
	const turn = await scene.client();
	const { nonce } = await turn.learn();

	for (let n = 0; n < 5; n++)
		await turn.learn();
	turn.nonce = nonce;
	assert.equal((await turn.allocate()).code, 0);
});

rule('A5', 'the nonce says that we know password algorithms, and no more',
	async (scene) => {
		const turn = await scene.client();

		await turn.learn();
		assert.equal(turn.nonce.slice(0, 9), 'obMatJos2');
		const bits = Buffer.from(turn.nonce.slice(9, 13), 'base64')
			.readUIntBE(0, 3);

		assert.equal(bits, 0x800000);
	});

rule('A6', '401 offers SHA-256 and MD5', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const offered = turn.algorithms;

	assert.ok(offered, 'PASSWORD-ALGORITHMS');
	assert.equal(offered.length, 8);
	assert.deepEqual([offered.readUInt16BE(0), offered.readUInt16BE(4)].sort(),
		[MD5, SHA256]);
});

/* --- Password algorithms ------------------------------------------------------------- */

/* A request by the rules of section 9.2.3.2; a member changes one thing. */
async function byAlgorithm(turn, message, { chosen = SHA256, offered = turn.algorithms,
	kind = 'sha256', both = false } = {})
{
	const { username, password } = turn.credentials;
	const key = longTermKey(kind, username, turn.realm, password);

	message.add(ATTR.USERNAME, username).add(ATTR.REALM, turn.realm)
		.add(ATTR.NONCE, turn.nonce);
	if (offered)
		message.add(ATTR.PASSWORD_ALGORITHMS, offered);
	if (chosen)
		message.add(ATTR.PASSWORD_ALGORITHM, algorithm(chosen));
	if (both)
		message.integrity(key);
	const answer = await turn.ask(message.integrity256(key));

	return { answer, key };
}

rule('A7', 'SHA-256 all the way', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	for (const message of [allocate(), new Message(METHOD.REFRESH),
		new Message(METHOD.CREATE_PERMISSION).peer(PEER)]) {
		const { answer, key } = await byAlgorithm(turn, message);

		assert.equal(answer.code, 0);
		assert.equal(answer.signed(key), 'sha256');
	}
});

rule('A7', 'MD5 chosen from the list works too', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const { answer, key } = await byAlgorithm(turn, allocate(),
		{ chosen: MD5, kind: 'md5' });

	assert.equal(answer.code, 0);
	assert.equal(answer.signed(key), 'sha256');
});

rule('A7', 'both kinds of MESSAGE-INTEGRITY by the SHA-256 key', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const { answer } = await byAlgorithm(turn, allocate(), { both: true });

	assert.equal(answer.code, 0);
});

rule('A7', 'neither attribute means MD5', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const wrong = await byAlgorithm(turn, allocate(),
		{ chosen: 0, offered: null });

	assert.equal(wrong.answer.code, 401);
	const right = await byAlgorithm(turn, allocate(),
		{ chosen: 0, offered: null, kind: 'md5' });

	assert.equal(right.answer.code, 0);
});

rule('A7', 'one of the two attributes alone is 400', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	assert.equal((await byAlgorithm(turn, allocate(), { chosen: 0 }))
		.answer.code, 400);
	assert.equal((await byAlgorithm(turn, allocate(), { offered: null }))
		.answer.code, 400);
});

rule('A7', 'a list that is not byte for byte ours is 400', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const ours = turn.algorithms;
	const lists = [algorithm(MD5), algorithm(SHA256),
		Buffer.concat([ours.subarray(4), ours.subarray(0, 4)]),
		Buffer.concat([ours, algorithm(3)]), Buffer.alloc(0),
		ours.subarray(0, 7)];

	for (const offered of lists) {
		const { answer } = await byAlgorithm(turn, allocate(), { offered });

		assert.equal(answer.code, 400, offered.toString('hex'));
	}
});

rule('A7', 'an algorithm that was not offered is 400', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	for (const chosen of [3, 0x7fff, 0xffff]) {
		assert.equal((await byAlgorithm(turn, allocate(), { chosen }))
			.answer.code, 400);
	}
});

rule('A7', 'the key of the other algorithm is 401', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	assert.equal((await byAlgorithm(turn, allocate(), { kind: 'md5' }))
		.answer.code, 401);
	assert.equal((await byAlgorithm(turn, allocate(), { chosen: MD5 }))
		.answer.code, 401);
});

rule('A8', 'USERHASH, which is not offered, names nobody', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const userhash = crypto.createHash('sha256')
		.update(`${turn.credentials.username}:${turn.realm}`).digest();
	const answer = await turn.ask(allocate().add(ATTR.USERHASH, userhash)
		.add(ATTR.REALM, turn.realm).add(ATTR.NONCE, turn.nonce)
		.integrity(turn.key));

	isChallenge(answer, 401);
});

/* --- Users ---------------------------------------------------------------------------- */

rule('A9', 'another user on the same 5-tuple is 441, signed with his key',
	async (scene) => {
		const turn = await scene.allocated();
		const mine = turn.credentials;

		turn.credentials = stage.server.credentials();
		/* request() checks the signature with the key of who asks. */
		assert.equal((await turn.refresh(0)).code, 441);
		assert.equal((await turn.permit(PEER.address)).code, 441);
		assert.equal((await turn.bind(0x4000, PEER)).code, 441);
		turn.credentials = mine;
		assert.equal((await turn.refresh(600)).code, 0);
	});

rule('A12', 'user names that are not <digits>:<id> are 401, though well signed',
	async (scene) => {
		const turn = await scene.client();
		const soon = Math.floor(Date.now() / 1000) + 600;

		await turn.learn();
		for (const username of ['', ':', 'x', 'x:y', `${soon}x:y`, `-${soon}:y`,
			`+${soon}:y`, ` ${soon}:y`, `${soon} :y`, '0x7fffffff:y',
			'1e12:y', `${soon}.5:y`, ':y', '0:y', '1:y',
			'99999999999999999999:y', `${'9'.repeat(40)}:y`]) {
			turn.credentials = stage.server.credentials({ username });
			const answer = await turn.ask(turn.sign(allocate()));

			assert.equal(answer.code, 401, `"${username}"`);
		}
	});

rule('A12', 'expired credentials are 401', async (scene) => {
	for (const ttl of [-1, -3600, -Math.floor(Date.now() / 1000)]) {
		const turn = await scene.client({ credentials:
			stage.server.credentials({ ttl }) });

		await turn.learn();
		isChallenge(await turn.ask(turn.sign(allocate())), 401);
	}
});

rule('0.2', 'credentials expire for Allocate only: what runs goes on', async (scene) => {
	const turn = await scene.client({ credentials:
		stage.server.credentials({ ttl: 2 }) });

	await turn.allocated();
	await sleep(3100);
	assert.equal((await turn.refresh(600)).code, 0, 'Refresh');
	assert.equal((await turn.permit(PEER.address)).code, 0, 'CreatePermission');
	assert.equal((await turn.bind(0x4000, PEER)).code, 0, 'ChannelBind');
	assert.equal((await turn.refresh(0)).code, 0, 'the last Refresh');
	isChallenge(await turn.ask(turn.sign(allocate())), 401);
});

rule('0.6', 'who has not proved who he is hears 401 and nothing else', async (scene) => {
	const turn = await scene.allocated();
	const answer = await turn.ask(allocate());

	/* It would be 437, were it signed. */
	isChallenge(answer, 401);
});

/* --- What it costs -------------------------------------------------------------------- */

rule('D5', '401 is at most 104 bytes', async (scene) => {
	const turn = await scene.client();
	const answer = await turn.learn();

	assert.ok(answer.bytes.length <= 104, `${answer.bytes.length}`);
});

rule('D5', 'what is asked without credentials is not answered with more than 5.2 times',
	async (scene) => {
		const turn = await scene.client();

		for (const message of [new Message(METHOD.ALLOCATE),
			new Message(METHOD.REFRESH), new Message(METHOD.BINDING),
			new Message(METHOD.BINDING).add(0x7f01, '')]) {
			const answer = await turn.ask(message);

			assert.ok(answer.bytes.length <= 5.2 * message.bytes.length);
		}
		await turn.silence(new Message(METHOD.SEND, CLASS.INDICATION));
	}, { on: UDP_ONLY });
