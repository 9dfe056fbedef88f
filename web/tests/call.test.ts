import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Call } from '../src/call';
import { sessionOf, type LinkState } from '../src/peer';
import { FakeClock, settle } from './clock';
import { FakeConnection, FakeStream } from './fake-rtc';

/* Two pages and the server between them: what one sends arrives at the other a little later, if both are there. */
class Side {
	call!: Call;
	connections: FakeConnection[] = [];
	states = new Map<string, LinkState>();
	sent: any[] = [];
	deaf = false;
	other!: Side;

	constructor(readonly id: string, private readonly clock: FakeClock) {
		this.open();
	}

	/** Also what a reload does. */
	open(): void {
		this.call = new Call({
			self: this.id, iceServers: [], relayOnly: false, clock: this.clock,
			connection: (config) => {
				const one = new FakeConnection(config);
				this.connections.push(one);
				return one as unknown as RTCPeerConnection;
			},
			stream: () => new FakeStream() as unknown as MediaStream,
			send: (to, data) => {
				if (!this.call.online)
					return false;
				this.sent.push(data);
				setImmediate(() => {
					if (!this.other.deaf)
						this.other.call.hear(this.id, JSON.parse(JSON.stringify(data)));
				});
				return true;
			},
			changed: (peer) => this.states.set(peer.id, peer.state),
		});
	}

	get now(): FakeConnection {
		return this.connections.at(-1)!;
	}
}

function pair(): { clock: FakeClock; a: Side; b: Side } {
	const clock = new FakeClock();
	const a = new Side('a', clock);	/* the lower id is the polite one */
	const b = new Side('b', clock);

	a.other = b;
	b.other = a;
	return { clock, a, b };
}

function assertTalking(a: Side, b: Side): void {
	for (const [one, other] of [[a, b], [b, a]]) {
		assert.equal(one.now.signalingState, 'stable');
		assert.equal(sessionOf(one.now.currentRemoteDescription.sdp), other.now.session, 'each has the other\'s newest');
		assert.equal(one.now.getTransceivers().length, 2, 'two lines, never more');
		assert.ok(one.now.getTransceivers().every((line) => line.direction === 'sendrecv'));
		assert.equal(one.connections.filter((pc) => pc.connectionState !== 'closed').length, 1, 'old ones are closed');
	}
}

async function connect(a: Side, b: Side): Promise<void> {
	b.call.meet('a', false);
	a.call.meet('b', true);
	for (let n = 0; n < 5; n++)
		await settle();
	assertTalking(a, b);
	a.now.become('connected');
	b.now.become('connected');
}

async function long(): Promise<void> {
	for (let n = 0; n < 10; n++)
		await settle();
}

test('the session id is the second field of o=', () => {
	assert.equal(sessionOf('v=0\r\no=mozilla...THIS_IS_SDPARTA 4711 0 IN IP4 0.0.0.0\r\ns=-\r\n'), '4711');
	assert.equal(sessionOf('v=0\n'), '');
});

test('the newcomer offers, who was there answers', async () => {
	const { a, b } = pair();

	await connect(a, b);
	assert.deepEqual(a.sent.filter((one) => one.description).map((one) => one.description.type), ['offer']);
	assert.deepEqual(b.sent.filter((one) => one.description).map((one) => one.description.type), ['answer']);
	assert.ok(a.now.candidates.length && b.now.candidates.length);
	assert.equal(a.states.get('b'), 'connected');
});

test('tracks come, go and change without a negotiation', async () => {
	const { a, b } = pair();
	const track = (kind: string, id: number) => ({ kind, id }) as unknown as MediaStreamTrack;

	a.call.setTrack('audio', track('audio', 1));
	b.call.setTrack('video', track('video', 2));
	await connect(a, b);
	const said = a.sent.length + b.sent.length;
	a.call.setTrack('video', track('video', 3));
	b.call.setTrack('video', null);
	await long();
	assert.deepEqual(a.now.getTransceivers().map((line) => (line.sender.track as any)?.id), [1, 3]);
	assert.deepEqual(b.now.getTransceivers().map((line) => line.sender.track), [null, null]);
	assert.equal(a.sent.length + b.sent.length, said);
});

test('both offer at once: the polite one gives way, and there are still two lines', async () => {
	const { a, b } = pair();

	a.call.meet('b', true);
	b.call.meet('a', true);
	await long();
	assertTalking(a, b);
});

test('both restart at once: nobody starts over', async () => {
	const { a, b } = pair();

	await connect(a, b);
	a.now.restartIce();
	b.now.restartIce();
	await long();
	assertTalking(a, b);
	assert.equal(a.connections.length + b.connections.length, 2);
});

for (const who of ['a', 'b'] as const)
	test(`${who} reloads: the other sees the new session and answers with a new connection`, async () => {
		const { a, b } = pair();
		const [one, other] = who === 'a' ? [a, b] : [b, a];

		await connect(a, b);
		one.call.close();
		one.open();
		other.call.setAway(one.id, true);
		one.call.meet(other.id, true);
		other.call.setAway(one.id, false);
		await long();
		assertTalking(a, b);
		assert.equal(other.connections.length, 2);
	});

test('a reload that crosses an ICE restart of the other still ends well', async () => {
	const { a, b } = pair();

	await connect(a, b);
	a.call.close();
	a.open();
	b.now.restartIce();
	a.call.meet('b', true);
	await long();
	assertTalking(a, b);
});

test('an answer from a connection we never met starts over', async () => {
	const { a, b } = pair();

	await connect(a, b);
	/* b lost its page and, by chance, first hears a restart that was meant for the old one */
	b.call.close();
	b.open();
	b.call.meet('a', false);
	a.now.restartIce();
	await long();
	assertTalking(a, b);
});

test('signaling lost and back: the connection is kept, not a word is said', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	const said = a.sent.length;
	a.call.offline();
	b.call.setAway('a', true);
	await clock.pass(30_000);
	a.call.back([{ id: 'b' }]);
	b.call.setAway('a', false);
	await clock.pass(30_000);
	assert.equal(a.connections.length, 1);
	assert.equal(a.sent.length, said);
});

test('an offer that got lost with the connection is said again', async () => {
	const { a, b } = pair();

	b.call.meet('a', false);
	b.deaf = true;
	a.call.meet('b', true);
	await long();
	a.call.offline();
	b.deaf = false;
	a.call.back([{ id: 'b' }]);
	await long();
	assertTalking(a, b);
});

test('candidates found while nobody listens are said later', async () => {
	const { a, b } = pair();

	await connect(a, b);
	const before = b.now.candidates.length;
	a.call.offline();
	a.now.onicecandidate({ candidate: { candidate: 'late', toJSON: () => ({ candidate: 'late' }) } });
	a.call.back([{ id: 'b' }]);
	await long();
	assert.deepEqual(b.now.candidates.slice(before), [{ candidate: 'late' }]);
});

test('four seconds without packets restart ICE; ten more and it is built anew', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	b.now.become('disconnected');
	assert.equal(b.states.get('a'), 'interrupted');
	await clock.pass(3900);
	assert.equal(b.now.restarts, 0);
	await clock.pass(200);
	assert.equal(b.now.restarts, 1);
	await clock.pass(11_000);
	await long();
	assert.equal(b.connections.length, 2);
	assertTalking(a, b);
});

test('a hiccup is only a hiccup', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	b.now.become('disconnected');
	await clock.pass(3000);
	b.now.become('connected');
	await clock.pass(60_000);
	assert.equal(b.now.restarts, 0);
	assert.equal(b.states.get('a'), 'connected');
});

test('what failed is built anew, first by the impolite one', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.now.become('failed');
	b.now.become('failed');
	await clock.pass(100);
	await long();
	assertTalking(a, b);
	assert.equal(b.connections.length, 2);
	assert.equal(a.connections.length, 2);
});

test('nothing is tried towards somebody who is away', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	b.call.setAway('a', true);
	b.now.become('disconnected');
	b.now.become('failed');
	await clock.pass(60_000);
	assert.equal(b.connections.length, 1);
	b.call.setAway('a', false);
	await clock.pass(1000);
	await long();
	assert.equal(b.connections.length, 2);
});

test('new ICE servers reach living connections and later ones', async () => {
	const { a, b } = pair();

	await connect(a, b);
	a.call.configure([{ urls: 'turn:relay.invalid' }]);
	assert.deepEqual(a.now.config.iceServers, [{ urls: 'turn:relay.invalid' }]);
	assert.equal(a.now.config.iceTransportPolicy, 'all');
});

test('who left is closed and forgotten; who is not in the list after coming back too', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.call.drop('b');
	assert.equal(a.now.connectionState, 'closed');
	a.call.hear('b', { candidate: { candidate: 'x' } });
	b.call.back([]);
	assert.equal(b.now.connectionState, 'closed');
	await clock.pass(60_000);
	assert.equal(clock.pending, 0);
});
