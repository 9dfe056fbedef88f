import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkKey, makeKey } from '../src/linkkey';
import { assertTalking, connect, long, pair, type Side } from './sides';

async function keyed(shared = makeKey()) {
	const all = pair();

	for (const side of [all.a, all.b]) {
		side.key = await LinkKey.of(shared, 'm');
		side.open();
	}
	return all;
}

/* A server in the middle: what it says is of its own certificate. */
function swapped(data: any): any {
	if (data.description)
		data.description.sdp = data.description.sdp.replace(/a=fingerprint:.*/g, 'a=fingerprint:sha-256 EE');
	return data;
}

async function meet(a: Side, b: Side): Promise<void> {
	b.call.meet('a', false);
	a.call.meet('b', true);
	await long();
}

const peer = (side: Side) => side.peers.get(side.other.id)!;

function assertRefused(...sides: Side[]): void {
	for (const side of sides) {
		assert.equal(side.states.get(side.other.id), 'refused');
		assert.deepEqual(side.verdicts, ['refused']);
		assert.ok(side.connections.every((one) => one.connectionState === 'closed' && !one.remoteDescription), 'nothing was ever set');
	}
}

test('with the key both are verified, and say so', async () => {
	const { clock, a, b } = await keyed();

	await connect(a, b);
	await clock.pass(1000);
	for (const side of [a, b]) {
		assert.equal(peer(side).trust, 'verified');
		assert.deepEqual(side.verdicts, ['verified']);
		assert.ok(side.sent.every((one) => !one.description || one.mac));
		assert.ok(side.sent.every((one) => !one.nonce), 'no words where the key says it');
	}
});

test('it stays so through restarts, new connections and reloads', async () => {
	const { clock, a, b } = await keyed();

	await connect(a, b);
	a.now.restartIce();
	await long();
	a.now.become('failed');
	await clock.pass(100);
	await long();
	assertTalking(a, b);
	assert.equal(peer(a).trust, 'unknown', 'until it is connected again');
	b.call.close();
	b.open();
	b.call.meet('a', true);
	await long();
	assertTalking(a, b);
	a.now.become('connected');
	b.now.become('connected');
	await long();
	assert.deepEqual([peer(a).trust, peer(b).trust], ['verified', 'verified']);
});

test('fingerprints swapped in either direction, or both: both refuse, and nothing was ever connected', async () => {
	for (const who of ['a', 'b', 'ab']) {
		const { clock, a, b } = await keyed();

		for (const side of [a, b])
			if (who.includes(side.id))
				side.tamper = swapped;
		await meet(a, b);
		await clock.pass(120_000);
		if (who === 'b') {	/* the offer was good; only the answer was not */
			assert.equal(b.states.get('a'), 'refused');
			assert.equal(a.states.get('b'), 'refused');
			assert.ok(!a.now.remoteDescription);
		} else {
			assertRefused(a, b);
		}
	}
});

test('a mac that is missing, wrong or of another description is refused', async () => {
	for (const change of [
		(data: any) => ({ ...data, mac: undefined }),
		(data: any) => ({ ...data, mac: 'AAAA' }),
		(data: any) => ({ ...data, description: data.description && { ...data.description, type: 'answer' } }),
		(data: any) => ({ ...data, description: data.description && { ...data.description, sdp: `${data.description.sdp}a=x fingerprint\r\n` } }),
	]) {
		const { a, b } = await keyed();

		a.tamper = change;
		await meet(a, b);
		assertRefused(b);
		assert.equal(a.states.get('b'), 'refused');
	}
});

test('two keys, or a key on one side only, do not come together, and both hear of it', async () => {
	for (const one of [0, 1]) {
		const { a, b } = await keyed();
		const side = [a, b][one];

		side.key = null;
		side.open();
		await meet(a, b);
		assert.deepEqual([a.states.get('b'), b.states.get('a')], ['refused', 'refused']);
	}
	const { a, b } = await keyed();
	b.key = await LinkKey.of(makeKey(), 'm');
	b.open();
	await meet(a, b);
	assertRefused(a, b);
});

test('an offer that is as it should be heals a refusal', async () => {
	const { clock, a, b } = await keyed();

	a.tamper = swapped;
	await meet(a, b);
	assertRefused(a, b);
	a.tamper = (data) => data;
	a.call.close();
	a.open();
	a.call.meet('b', true);
	await long();
	assertTalking(a, b);
	a.now.become('connected');
	b.now.become('connected');
	await clock.pass(1000);
	assert.deepEqual([peer(a).trust, peer(b).trust], ['verified', 'verified']);
	assert.deepEqual(b.verdicts, ['refused', 'verified']);
});

test('a live certificate that nobody promised is refused', async () => {
	const { a, b } = await keyed();

	await meet(a, b);
	a.now.sees(new Uint8Array([1, 2, 3]).buffer);
	a.now.become('connected');
	await long();
	assert.deepEqual([a.states.get('b'), b.states.get('a')], ['refused', 'refused']);
	assert.deepEqual(a.verdicts, ['refused']);
});

test('without a key: the same two words on both sides, not verified until both say so', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	await long();
	assert.ok(peer(a).proof.words);
	assert.deepEqual(peer(a).proof.words, peer(b).proof.words);
	assert.deepEqual([peer(a).trust, peer(b).trust], ['unverified', 'unverified']);
	a.call.compared('b', true);
	await long();
	assert.deepEqual([peer(a).trust, peer(b).trust], ['unverified', 'unverified']);
	b.call.compared('a', true);
	await long();
	assert.deepEqual([peer(a).trust, peer(b).trust], ['verified', 'verified']);
	assert.deepEqual([a.verdicts, b.verdicts], [['unverified', 'verified'], ['unverified', 'verified']]);

	/* a new connection between the same two pages is as good; a new page is not */
	const words = peer(a).proof.words;
	a.now.become('failed');
	await clock.pass(100);
	await long();
	a.now.become('connected');
	b.now.become('connected');
	await long();
	assert.deepEqual([peer(a).trust, peer(b).trust], ['verified', 'verified']);
	b.call.close();
	b.open();
	b.call.meet('a', true);
	await long();
	a.now.become('connected');
	b.now.become('connected');
	await long();
	assert.deepEqual([peer(a).trust, peer(b).trust], ['unverified', 'unverified']);
	assert.notDeepEqual(peer(a).proof.words, words);
	assert.deepEqual(peer(a).proof.words, peer(b).proof.words);
});

test('both know whether their pages are in the same language, and in which', async () => {
	for (const [one, other, both] of [['de', 'de', 'de'], ['de', 'en', undefined]] as const) {
		const { a, b } = pair();

		a.lang = one;
		b.lang = other;
		for (const side of [a, b])
			side.open();
		await connect(a, b);
		await long();
		assert.deepEqual([peer(a).proof.lang, peer(b).proof.lang], [both, both]);
	}
});

test('"they differ" on one side ends it on both', async () => {
	const { a, b } = pair();

	await connect(a, b);
	await long();
	b.call.compared('a', false);
	await long();
	assert.deepEqual([a.states.get('b'), b.states.get('a')], ['refused', 'refused']);
	assert.equal(a.now.connectionState, 'closed');
});

test('somebody in the middle makes other words on each side', async () => {
	let same = 0;

	for (let n = 0; n < 20; n++) {
		const { a, b } = pair();

		a.tamper = b.tamper = swapped;
		await connect(a, b);
		await long();
		same += `${peer(a).proof.words}` === `${peer(b).proof.words}` ? 1 : 0;
	}
	assert.equal(same, 0);
});

test('nobody tells the nonce before being bound by the other\'s promise, nor believes another', async () => {
	const { a, b } = pair();

	a.tamper = (data) => data.nonce ? { nonce: 'another' } : data;
	await connect(a, b);
	await long();
	assert.equal(peer(b).proof.words, null);
	for (const side of [a, b]) {
		const told = side.sent.findIndex((one) => one.nonce);
		assert.ok(told > side.sent.findIndex((one) => one.commit) && told >= 0);
	}
	assert.ok(a.sent.findIndex((one) => one.nonce) > 0, 'the offer alone reveals nothing');
	b.call.compared('a', true);
	await long();
	assert.equal(peer(b).trust, 'unverified', 'there was nothing to compare');
});

test('fingerprints that change on a living connection are refused, with a key or without', async () => {
	const { a, b } = pair();

	await connect(a, b);
	a.tamper = swapped;
	a.now.restartIce();
	await long();
	assert.equal(b.states.get('a'), 'refused');
});

test('signaling lost in the middle: the words come when it is back', async () => {
	const { a, b } = pair();

	a.tamper = (data) => data.nonce ? {} : data;
	await connect(a, b);
	await long();
	assert.equal(peer(b).proof.words, null);
	a.tamper = (data) => data;
	a.call.offline();
	a.call.back([{ id: 'b' }]);
	await long();
	assert.deepEqual(peer(a).proof.words, peer(b).proof.words);
	assert.ok(peer(b).proof.words);
});

test('a key that the server has seen on one side verifies on neither; the words can', async () => {
	const { a, b } = await keyed();

	b.seen = true;
	b.open();
	await connect(a, b);
	await long();
	for (const side of [a, b]) {
		assert.equal(peer(side).trust, 'unverified');
		assert.ok(peer(side).proof.keySeen);
		side.call.compared(side.other.id, true);
	}
	assert.deepEqual(peer(a).proof.words, peer(b).proof.words);
	await long();
	assert.deepEqual([peer(a).trust, peer(b).trust], ['verified', 'verified']);
});
