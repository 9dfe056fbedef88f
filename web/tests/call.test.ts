import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionOf } from '../src/peer';
import { assertTalking, connect, long, pair } from './sides';

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

const setups = (sdp: string) => [...sdp.matchAll(/^a=setup:(\w+)/gm)].map((line) => line[1]);

for (const eager of ['', 'a', 'b', 'ab'])
	for (const who of ['a', 'b'] as const)
		for (const older of [false, true])
			test(`${who} restarts${older ? ', from an older page' : ''}: who began in DTLS stays, ${eager ? `though ${eager} would begin` : 'as browsers should'}`, async () => {
				const { a, b } = pair();
				const [one, other] = who === 'a' ? [a, b] : [b, a];
				const roles = { a: 'passive', b: 'active' } as Record<string, string>;	/* b answered first */

				a.eager = eager.includes('a');
				b.eager = eager.includes('b');
				await connect(a, b);
				const said = [one.sent.length, other.sent.length];
				if (older)
					one.tamper = other.tamper = (data) => {
						if (data.description?.type === 'offer')
							data.description.sdp = data.description.sdp.replace(/^a=setup:\w+/gm, 'a=setup:actpass');
						return data;
					};
				one.now.restartIce();
				await long();
				assertTalking(a, b);
				assert.equal(a.connections.length + b.connections.length, 2);
				const [offer] = one.sent.slice(said[0]).filter((data) => data.description);
				const [answer] = other.sent.slice(said[1]).filter((data) => data.description);
				assert.deepEqual(setups(offer.description.sdp), [roles[one.id], roles[one.id]], 'an older page answers that alike');
				assert.deepEqual(setups(answer.description.sdp), [roles[other.id], roles[other.id]]);
			});

test('the first offer, and that of every new connection, leaves it open who begins', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	b.now.become('failed');
	await clock.pass(4000);
	await long();
	const offers = [...a.sent, ...b.sent].filter((data) => data.description?.type === 'offer');
	assert.equal(offers.length, 2);
	for (const { description } of offers)
		assert.deepEqual(setups(description.sdp), ['actpass', 'actpass']);
	assertTalking(a, b);
});

test('an answer that the browser refuses starts over at once', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.tamper = (data) => {
		if (a.connections.length === 1 && data.description?.type === 'answer')
			data.description.sdp = data.description.sdp.replace(/^a=setup:\w+/gm, 'a=setup:passive');
		return data;
	};
	b.tamper = a.tamper;
	a.now.restartIce();
	await long();
	assert.equal(a.now.connectionState, 'connected', 'what the old one still carries does not matter');
	await clock.pass(100);
	await long();
	assert.equal(a.connections.length, 2);
	assertTalking(a, b);
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

test('a restart meant for the page that was reloaded costs no further connection', async () => {
	const { a, b } = pair();

	await connect(a, b);
	b.call.close();
	b.open();
	b.call.meet('a', true);
	a.now.restartIce();
	await long();
	assertTalking(a, b);
	assert.equal(a.connections.length, 2);
	assert.equal(b.connections.length, 2);
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

test('signaling lost and back: the connection is kept, and nothing is negotiated', async () => {
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
	assert.deepEqual(a.sent.slice(said).map((one) => Object.keys(one)), [['nonce']], 'but for what may have been lost');
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

test('four seconds without packets restart ICE; six more and it is built anew', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.now.become('disconnected');
	assert.equal(a.states.get('b'), 'interrupted');
	await clock.pass(3900);
	assert.equal(a.now.restarts, 0);
	await clock.pass(200);
	assert.equal(a.now.restarts, 1);
	a.now.become('connecting');	/* states of a restart do not lengthen it */
	await clock.pass(3000);
	a.now.become('disconnected');
	await clock.pass(2800);
	assert.equal(a.connections.length, 1);
	await clock.pass(300);
	await long();
	assert.equal(a.connections.length, 2);
	assertTalking(a, b);
});

test('a restart that brings it back is the end of it', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.now.become('disconnected');
	await clock.pass(5000);
	a.now.become('connecting');
	assert.equal(a.states.get('b'), 'interrupted');
	a.now.become('connected');
	b.now.become('connecting');		/* the other only answers it, and its picture goes on */
	assert.equal(b.states.get('a'), 'connected');
	b.now.become('connected');
	await clock.pass(60_000);
	assert.equal(a.now.restarts, 1);
	assert.equal(a.connections.length + b.connections.length, 2);
	assertTalking(a, b);
});

test('if the one who leads does nothing, the other restarts and builds anew', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	b.now.become('disconnected');
	await clock.pass(6900);
	assert.equal(b.now.restarts, 0, 'it is the other\'s turn first');
	await clock.pass(200);
	assert.equal(b.now.restarts, 1);
	await clock.pass(9000);
	await long();
	assert.equal(b.connections.length, 2);
	assertTalking(a, b);
});

test('both lose it and no restart helps: one builds anew, the other follows, and no more than that', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.now.become('disconnected');
	b.now.become('disconnected');
	await clock.pass(12_000);
	await long();
	assertTalking(a, b);
	a.now.become('connected');
	b.now.become('connected');
	await clock.pass(60_000);
	assert.equal(a.connections.length, 2);
	assert.equal(b.connections.length, 2);
	assertTalking(a, b);
});

test('who waits for credentials to build anew is overtaken by the other\'s new connection', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.answers = b.answers = null;
	b.now.become('failed');
	await clock.pass(3500);		/* b waits for credentials when a's offer comes */
	a.now.become('failed');
	a.call.configure([]);
	await clock.pass(100);
	a.call.configure([]);
	await clock.pass(10_000);
	await long();
	assertTalking(a, b);
	assert.equal(a.connections.length, 2);
	assert.equal(b.connections.length, 2);
});

test('what never comes up is tried again, at ever longer intervals, without end', async () => {
	const { clock, a, b } = pair();

	b.deaf = true;
	b.call.meet('a', false);
	a.call.meet('b', true);
	const after: number[] = [];
	while (after.length < 8) {
		const before = a.connections.length;
		const began = clock.now;
		while (a.connections.length === before)
			await clock.pass(100);
		after.push(Math.round((clock.now - began) / 1000));
		await long();
	}
	assert.ok(after.every((pause, n) => !n || pause >= after[n - 1]), `${after}`);
	assert.ok(after.at(-1)! <= 30, `${after}`);
});

test('before a restart and before a new connection the relay\'s credentials are made fresh', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.answers = [{ urls: 'turn:fresh.invalid', username: 'u', credential: 'c' }];
	a.now.become('disconnected');
	await clock.pass(4000);
	assert.equal(a.asked, 1);
	await long();
	assert.deepEqual(a.now.config.iceServers, a.answers);
	assert.equal(a.now.restarts, 1);
	a.answers = [{ urls: 'turn:fresher.invalid' }];
	await clock.pass(6000);
	await long();
	assert.equal(a.connections.length, 2);
	assert.deepEqual(a.now.config.iceServers, a.answers);
});

test('credentials that do not come are waited for two seconds', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.answers = null;
	a.now.become('disconnected');
	await clock.pass(5900);
	assert.equal(a.now.restarts, 0);
	await clock.pass(200);
	assert.equal(a.now.restarts, 1);
});

test('one question serves all peers', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.call.meet('c', true);
	await long();
	a.now.become('connected');
	a.call.moved();
	await clock.pass(100);
	assert.equal(a.asked, 1);
	assert.deepEqual(a.connections.map((one) => one.restarts), [1, 1]);
});

test('another network restarts at once, and goes back to watching if it was well all along', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	b.call.moved();
	await clock.pass(0);
	assert.equal(b.now.restarts, 1);
	assert.equal(b.states.get('a'), 'connected', 'the picture stays');
	await clock.pass(60_000);
	assert.equal(b.connections.length, 1);
	b.call.moved();
	await clock.pass(1000);
	b.now.become('disconnected');
	await clock.pass(9000);
	await long();
	assert.equal(b.connections.length, 2);
	assertTalking(a, b);
});

test('a restart after which no way is chosen is made up for by a restart of ours, and that by a new connection', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.now.goes({ candidateType: 'host' });
	b.now.goes({ candidateType: 'host' });
	await clock.pass(12_000);
	b.call.moved();
	await clock.pass(0);
	await long();
	a.now.stats = new Map();
	await clock.pass(3900);
	assert.equal(a.now.restarts, 0, 'it may come yet');
	await clock.pass(200);
	assert.equal(a.now.restarts, 1);
	assert.equal(b.now.restarts, 1, 'who has a way restarts no more');
	await clock.pass(5800);
	assert.equal(a.connections.length, 1);
	await clock.pass(300);
	await long();
	assert.equal(a.connections.length, 2);
	assertTalking(a, b);
});

test('a way that is chosen in time, or after our own restart, is the end of it', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.now.goes({ candidateType: 'host' });
	await clock.pass(12_000);
	b.call.moved();
	await clock.pass(0);
	await long();
	a.now.stats = new Map();
	await clock.pass(3500);
	a.now.goes({ candidateType: 'host' });
	await clock.pass(60_000);
	assert.equal(a.now.restarts, 0);
	a.now.stats = new Map();
	await clock.pass(5000);
	assert.equal(a.now.restarts, 1);
	a.now.goes({ candidateType: 'host' });
	await clock.pass(60_000);
	assert.equal(a.now.restarts, 1);
	assert.equal(a.connections.length + b.connections.length, 2);
});

test('a browser that never tells the way is left in peace', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	b.call.moved();
	await clock.pass(60_000);
	assert.equal(a.now.restarts, 0);
	assert.equal(a.connections.length + b.connections.length, 2);
});

test('another network while signaling is lost: the restart comes as soon as it can pass', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.call.offline();
	a.call.moved();
	await clock.pass(5000);
	assert.equal(a.now.restarts, 0);
	a.call.back([{ id: 'b' }]);
	await clock.pass(0);
	assert.equal(a.now.restarts, 1);
	await long();
	assertTalking(a, b);
	assert.equal(a.connections.length, 1);
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

test('what failed is built anew, first by the one who leads', async () => {
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
	a.call.setAway('b', true);
	a.now.become('disconnected');
	a.now.become('failed');
	await clock.pass(60_000);
	assert.equal(a.connections.length, 1);
	a.call.setAway('b', false);
	await clock.pass(1000);
	await long();
	assert.equal(a.connections.length, 2);
});

test('an answer that got lost is given again to the offer that is said again', async () => {
	const { a, b } = pair();

	b.call.meet('a', false);
	a.deaf = true;
	a.call.meet('b', true);
	await long();
	assert.equal(a.now.signalingState, 'have-local-offer');
	assert.equal(b.now.signalingState, 'stable');
	a.call.offline();
	b.call.setAway('a', true);
	a.deaf = false;
	a.call.back([{ id: 'b' }]);
	b.call.setAway('a', false);
	await long();
	assertTalking(a, b);
	assert.equal(a.connections.length + b.connections.length, 2);
});

test('signaling lost between offer and answer, on the side that answers', async () => {
	const { a, b } = pair();

	b.call.meet('a', false);
	a.call.meet('b', true);
	b.call.offline();		/* the offer arrives, the answer does not go out */
	await long();
	a.call.setAway('b', true);
	b.call.back([{ id: 'a' }]);
	a.call.setAway('b', false);
	await long();
	assertTalking(a, b);
});

test('both restart at once and both offers are lost with the connections', async () => {
	const { a, b } = pair();

	await connect(a, b);
	a.deaf = b.deaf = true;
	a.now.restartIce();
	b.now.restartIce();
	await long();
	assert.deepEqual([a.now.signalingState, b.now.signalingState], ['have-local-offer', 'have-local-offer']);
	for (const side of [a, b])
		side.call.offline();
	a.deaf = b.deaf = false;
	a.call.back([{ id: 'b', away: true }]);
	await long();
	b.call.back([{ id: 'a' }]);
	a.call.setAway('b', false);
	await long();
	assertTalking(a, b);
	assert.equal(a.connections.length + b.connections.length, 2);
});

test('in a relay-only meeting every connection, later ones too, uses relays and nothing else', async () => {
	const { clock, a, b } = pair(true);

	await connect(a, b);
	a.now.become('failed');
	await clock.pass(100);
	await long();
	a.call.configure([{ urls: 'turn:relay.invalid' }]);
	assert.equal(a.connections.length, 2);
	for (const one of [...a.connections, ...b.connections])
		assert.equal(one.config.iceTransportPolicy, 'relay');
});

test('the path is read when it is connected, and again while it lasts', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	a.now.goes({ candidateType: 'host' });
	await clock.pass(5000);
	assert.equal(a.paths.get('b'), 'direct');
	a.now.goes({ candidateType: 'relay', relayProtocol: 'tls' });
	await clock.pass(5000);
	assert.equal(a.paths.get('b'), 'relay-tls');
	a.now.become('failed');
	await clock.pass(100);
	await long();
	assert.equal(a.paths.get('b'), null, 'a new connection has to be asked anew');
});

test('each connection is reported once, with its path; each loss once', async () => {
	const { clock, a, b } = pair();

	b.call.meet('a', false);
	a.call.meet('b', true);
	await long();
	a.now.goes({ candidateType: 'relay', relayProtocol: 'tcp' });
	a.now.become('connected');
	b.now.become('connected');
	await clock.pass(30_000);
	assert.deepEqual(a.reports, [{ type: 'report', peer: 'b', event: 'connected', path: 'relay-tcp', stats: undefined }]);

	/* a hiccup is none; more than ten seconds are; and it is found again */
	a.call.setAway('b', true);
	a.now.become('disconnected');
	await clock.pass(9000);
	a.now.become('connected');
	await clock.pass(30_000);
	assert.equal(a.reports.length, 1);
	a.now.become('disconnected');
	await clock.pass(60_000);
	assert.deepEqual(a.reports.slice(1), [{ type: 'report', peer: 'b', event: 'lost', path: undefined, stats: undefined }]);
	a.now.become('connected');
	await clock.pass(1000);
	assert.deepEqual(a.reports.slice(2).map((one) => one.event), ['connected']);

	/* given up before the ten seconds are over */
	a.call.setAway('b', false);
	a.now.become('failed');
	await clock.pass(1000);
	assert.deepEqual(a.reports.slice(3).map((one) => one.event), ['lost']);
	await long();
	a.now.goes({ candidateType: 'host' });
	a.now.become('connected');
	b.now.become('connected');
	await clock.pass(30_000);
	assert.deepEqual(a.reports.slice(4).map((one) => [one.event, one.path]), [['connected', 'direct']]);
});

test('a connection to the page that was reloaded is another one, and no loss', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	await clock.pass(100);
	b.call.close();
	b.open();
	b.call.meet('a', true);
	await long();
	assertTalking(a, b);
	a.now.become('connected');
	await clock.pass(100);
	assert.deepEqual(a.reports.map((one) => one.event), ['connected', 'connected']);
});

test('a loss while signaling is lost is reported afterwards, unless it is over', async () => {
	const { clock, a, b } = pair();

	await connect(a, b);
	await clock.pass(100);
	a.reports = [];
	a.call.offline();
	a.now.become('disconnected');
	await clock.pass(20_000);
	a.now.become('connected');
	await clock.pass(100);
	a.call.back([{ id: 'b' }]);
	await clock.pass(100);
	assert.deepEqual(a.reports, []);
	a.call.offline();
	a.now.become('disconnected');
	await clock.pass(20_000);
	a.call.back([{ id: 'b' }]);
	await clock.pass(100);
	assert.deepEqual(a.reports.map((one) => one.event), ['lost']);
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
