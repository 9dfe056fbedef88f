import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOf } from '../src/refusal';
import { backoff, Signaling, type Closing, type Phase, type ServerMessage, type Wire } from '../src/protocol';
import { FakeClock } from './clock';

class FakeWire implements Wire {
	onopen: Wire['onopen'] = null;
	onmessage: Wire['onmessage'] = null;
	onclose: Wire['onclose'] = null;
	sent: any[] = [];
	closed = false;

	send(text: string): void {
		this.sent.push(JSON.parse(text));
	}

	close(): void {
		this.closed = true;
	}

	say(message: object): void {
		this.onmessage?.({ data: JSON.stringify(message) });
	}
}

function setup(more: { token?: string; resume?: string } = {}) {
	const clock = new FakeClock();
	const wires: FakeWire[] = [];
	const heard: ServerMessage[] = [];
	const phases: Phase[] = [];
	const closings: Closing[] = [];
	const signaling = new Signaling({
		who: { name: 'Maria' }, ...more, clock, random: () => 1,
		open: () => {
			const wire = new FakeWire();
			wires.push(wire);
			return wire;
		},
		hear: (message) => heard.push(message),
		phase: (phase) => phases.push(phase),
		closed: (closing) => closings.push(closing),
	});

	signaling.start();
	return { clock, wires, heard, phases, closings, signaling };
}

const WELCOME = { type: 'welcome', id: 'a', resume: 'secret', role: 'guest', meeting: {}, participants: [], iceServers: [] };

test('the first word is join, with name, token and resume', () => {
	const { wires } = setup({ token: 't', resume: 'r' });

	wires[0].onopen!();
	assert.deepEqual(wires[0].sent, [{ type: 'join', name: 'Maria', token: 't', resume: 'r' }]);
});

test('nothing can be sent before there is a place', () => {
	const { wires, signaling } = setup();

	wires[0].onopen!();
	assert.equal(signaling.send({ type: 'end' }), false);
	wires[0].say(WELCOME);
	assert.equal(signaling.send({ type: 'end' }), true);
	assert.deepEqual(wires[0].sent.at(-1), { type: 'end' });
});

test('messages are heard in the order they came, unknown ones too, and what is no JSON is not', () => {
	const { wires, heard } = setup();

	wires[0].onopen!();
	wires[0].say(WELCOME);
	wires[0].onmessage!({ data: '{' });
	wires[0].say({ type: 'of-tomorrow' });
	wires[0].say({ type: 'locked', on: true });
	assert.deepEqual(heard.map((one) => one.type), ['welcome', 'of-tomorrow', 'locked']);
});

test('a lost connection comes back by itself, with resume, for as long as it takes', async () => {
	const { clock, wires, phases, closings } = setup();

	wires[0].onopen!();
	wires[0].say(WELCOME);
	wires[0].onclose!({ code: 1001 });
	assert.deepEqual(phases, ['inside', 'lost']);
	for (let n = 1; n < 12; n++) {
		await clock.pass(10_000);
		wires.at(-1)!.onclose?.({ code: 1006 });
	}
	await clock.pass(10_000);
	wires.at(-1)!.onopen!();
	assert.equal(wires.at(-1)!.sent[0].resume, 'secret');
	wires.at(-1)!.say(WELCOME);
	assert.deepEqual(phases, ['inside', 'lost', 'inside']);
	assert.deepEqual(closings, []);
});

test('the pauses grow to ten seconds and are never the same for everybody', () => {
	assert.deepEqual([0, 1, 2, 3, 4, 5, 9].map((n) => backoff(n, 1)), [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
	assert.equal(backoff(9, 0), 5000);
});

for (const code of [1000, 1008, 1009, 4400, 4401, 4403, 4404, 4409, 4410])
	test(`close ${code} is final`, async () => {
		const { clock, wires, closings } = setup();

		wires[0].onopen!();
		wires[0].say(WELCOME);
		wires[0].onclose!({ code });
		await clock.pass(60_000);
		assert.deepEqual(closings.map((one) => one.code), [code]);
		assert.equal(wires.length, 1);
		assert.equal(clock.pending, 0);
	});

test('a server that cannot record lets nobody in for now: the place is kept, and asked for again', async () => {
	const { clock, wires, phases, closings } = setup();
	const full = { type: 'error', code: 'unavailable', detail: '', re: 'join' };

	wires[0].onopen!();
	wires[0].say(WELCOME);
	wires[0].onclose!({ code: 1011 });
	for (let n = 1; n < 20; n++) {
		await clock.pass(10_000);
		wires.at(-1)!.onopen!();
		wires.at(-1)!.say(full);
		assert.ok(wires.at(-1)!.closed);
	}
	assert.equal(wires.length, 20);
	assert.deepEqual(phases, ['inside', 'lost']);
	await clock.pass(10_000);
	wires.at(-1)!.onopen!();
	assert.equal(wires.at(-1)!.sent[0].resume, 'secret');
	wires.at(-1)!.say(WELCOME);
	assert.equal(phases.at(-1), 'inside');
	assert.deepEqual(closings, []);
});

test('who has no place yet hears after five tries that the server is busy', async () => {
	const { clock, wires, closings } = setup();

	for (let n = 0; n < 5; n++) {
		wires.at(-1)!.onopen!();
		wires.at(-1)!.say({ type: 'error', code: 'unavailable', detail: '', re: 'join' });
		await clock.pass(10_000);
	}
	assert.deepEqual(closings, [{ code: 1011, said: 'unavailable' }]);
	assert.equal(refusalOf(closings[0]), 'busy');
});

test('what is unavailable after the join leaves the connection alone', () => {
	const { wires, phases } = setup();

	wires[0].onopen!();
	wires[0].say(WELCOME);
	wires[0].say({ type: 'error', code: 'unavailable', detail: '', re: 'signal' });
	assert.ok(!wires[0].closed);
	assert.deepEqual(phases, ['inside']);
});

test('closed again right after every welcome, the pauses still grow', async () => {
	const { clock, wires } = setup();

	for (let n = 0; n < 8; n++) {
		wires.at(-1)!.onopen!();
		wires.at(-1)!.say(WELCOME);
		wires.at(-1)!.onclose!({ code: 1011 });
		await clock.pass(backoff(n, 1) - 1);
		assert.equal(wires.length, n + 1);
		await clock.pass(1);
		assert.equal(wires.length, n + 2);
	}
	wires.at(-1)!.onopen!();
	wires.at(-1)!.say(WELCOME);
	await clock.pass(10_000);
	wires.at(-1)!.onclose!({ code: 1011 });
	await clock.pass(500);
	assert.equal(wires.length, 10);
});

for (const code of [1001, 1006, 1011, 4408, 4429])
	test(`close ${code} is passing for who has a place`, async () => {
		const { clock, wires, closings } = setup();

		wires[0].onopen!();
		wires[0].say(WELCOME);
		wires[0].onclose!({ code });
		await clock.pass(10_000);
		assert.equal(wires.length, 2);
		assert.deepEqual(closings, []);
	});

test('what the server said last explains the close', () => {
	for (const [message, said] of [
		[{ type: 'removed' }, 'removed'], [{ type: 'denied' }, 'denied'], [{ type: 'ended', reason: 'api' }, 'api'],
		[{ type: 'error', code: 'replaced', detail: '' }, 'replaced'],
	] as const) {
		const { wires, closings } = setup();

		wires[0].onopen!();
		wires[0].say(message);
		wires[0].onclose!({ code: 4403 });
		assert.equal(closings[0].said, said);
	}
});

test('who never got a place hears after five tries that it does not work', async () => {
	const { clock, wires, closings } = setup();

	for (let n = 0; n < 5; n++) {
		wires.at(-1)!.onclose?.({ code: 1006 });
		await clock.pass(10_000);
	}
	assert.equal(wires.length, 5);
	assert.deepEqual(closings, [{ code: 1006, said: undefined }]);
});

test('a join that nobody answers is tried again', async () => {
	const { clock, wires } = setup();

	wires[0].onopen!();
	await clock.pass(10_000);
	assert.ok(wires[0].closed);
	await clock.pass(1000);
	assert.equal(wires.length, 2);
});

test('a connection that died silently is found out by a question', async () => {
	const { clock, wires, signaling, phases } = setup();

	wires[0].onopen!();
	wires[0].say(WELCOME);
	signaling.hurry();
	assert.deepEqual(wires[0].sent.at(-1), { type: 'ice' });
	wires[0].say({ type: 'ice', iceServers: [] });
	await clock.pass(20_000);
	assert.equal(wires.length, 1);
	signaling.hurry();
	await clock.pass(10_000);
	assert.equal(phases.at(-1), 'lost');
	assert.ok(wires[0].closed);
});

test('who asks for ICE servers finds out, too, that nobody is there', async () => {
	const { clock, wires, signaling, phases } = setup();

	wires[0].onopen!();
	wires[0].say(WELCOME);
	signaling.send({ type: 'ice' });
	await clock.pass(3000);
	signaling.send({ type: 'ice' });	/* a second question is no second patience */
	await clock.pass(900);
	assert.equal(phases.at(-1), 'inside');
	await clock.pass(200);
	assert.equal(phases.at(-1), 'lost');
	await clock.pass(5000);
	assert.equal(wires.length, 2);
});

test('when the network is back the pause is not sat out', async () => {
	const { wires, signaling, clock } = setup();

	wires[0].onopen!();
	wires[0].say(WELCOME);
	wires[0].onclose!({ code: 1006 });
	signaling.hurry();
	assert.equal(wires.length, 2);
	await clock.pass(5000);
	assert.equal(wires.length, 2);
});

test('leaving says so, and nothing is heard or tried any more', async () => {
	const { wires, signaling, clock, heard, closings } = setup();

	wires[0].onopen!();
	wires[0].say(WELCOME);
	signaling.leave();
	assert.deepEqual(wires[0].sent.at(-1), { type: 'leave' });
	wires[0].say({ type: 'locked', on: true });
	wires[0].onclose?.({ code: 1000 });
	await clock.pass(60_000);
	assert.equal(heard.length, 1);
	assert.equal(wires.length, 1);
	assert.deepEqual(closings, []);
});

test('who comes too early hears when the link opens', () => {
	const { wires, closings } = setup({ token: 't' });

	wires[0].onopen!();
	wires[0].say({ type: 'error', code: 'too-early', detail: '', opensAt: '2026-11-20T09:30:00Z', re: 'join' });
	wires[0].onclose!({ code: 4401 });
	assert.deepEqual(closings, [{ code: 4401, said: 'too-early', opensAt: '2026-11-20T09:30:00Z' }]);
	assert.equal(refusalOf(closings[0]!), 'too-early');
	assert.equal(refusalOf({ code: 4401 }), 'token');
});
