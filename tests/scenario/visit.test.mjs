/**
 * The whole visit, as a play: who comes, who waits, who hears what, who goes.
 * The promises are those of doc/protocol.md, "Signaling" and "Details".
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Server, sleep } from './stage.mjs';
import { Voice, admitted, guest, host, visit } from './voice.mjs';

const ID = /^[A-Za-z0-9_-]{8,64}$/;
const QUIET = { audio: true, video: true, screen: false, hand: false };

let server;

before(async () => {
	server = await Server.start();
});

after(() => server.strike());

/* A meeting straight in, for plays that are not about the waiting room. */
function open(plan = {})
{
	return server.meeting({ waitingRoom: false, ...plan });
}

async function enters(meeting, members = {})
{
	return new Voice(server, meeting).enters({ name: 'Guest', ...members });
}

describe('a visit', { concurrency: true }, () => {
	test('a guest knocks, is admitted, and the two talk', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);

		assert.equal(doctor.welcome.role, 'host');
		assert.deepEqual(doctor.welcome.participants, []);
		assert.match(doctor.id, ID);
		assert.equal(patient.welcome.position, 1);
		assert.match(patient.id, ID);
		const knock = await doctor.hears('knock', { id: patient.id });
		assert.equal(knock.name, 'Guest');

		doctor.says({ type: 'admit', id: patient.id });
		const welcome = await patient.isWelcome();
		assert.equal(welcome.role, 'guest');
		assert.deepEqual(welcome.participants, [{ id: doctor.id,
			role: 'host', name: 'Dr. Host', media: QUIET }]);
		await doctor.hearsAtLast('participant-joined',
			{ id: patient.id, role: 'guest', name: 'Guest' });

		/* Who came last makes the offer. */
		await patient.signals(doctor, { description: { type: 'offer' } });
		await doctor.signals(patient, { description: { type: 'answer' } });
		await doctor.signals(patient, null);
		await patient.signals(doctor, ['any', { JSON: 1.5 }, 'ü€𝄞']);
	});

	test('waiting and welcome say what the public part says', async () => {
		const meeting = await server.meeting({ title: 'Checkup' });
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);
		const pub = (await server.get(`/api/meetings/${meeting.id}`)).json;

		assert.deepEqual(patient.welcome.meeting, pub);
		for (const secret of ['participants', 'waiting', 'hostUrl'])
			assert.ok(!(secret in patient.welcome.meeting), secret);
		doctor.says({ type: 'admit', id: patient.id });
		const welcome = await patient.isWelcome();
		assert.deepEqual(welcome.meeting, pub);
	});

	test('every place gets its own id, resume and ICE servers', async () => {
		const { doctor, patient } = await visit(server);

		assert.notEqual(doctor.id, patient.id);
		assert.notEqual(doctor.resume, patient.resume);
		for (const voice of [doctor, patient]) {
			const servers = voice.welcome.iceServers;

			assert.ok(Array.isArray(servers));
			for (const one of servers) {
				for (const url of [one.urls].flat())
					assert.match(url, /^(stun|turns?):/);
			}
			assert.ok(JSON.stringify(servers)
				.includes(`:${server.stunPort}`));
			voice.says({ type: 'ice' });
			assert.deepEqual((await voice.hears('ice')).iceServers
				.map((one) => one.urls), servers.map((one) => one.urls));
		}
	});

	test('the id of a guest stays from the knock into the room', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);
		const before = patient.id;

		doctor.says({ type: 'admit', id: before });
		await patient.isWelcome();
		assert.equal(patient.id, before);
	});

	test('signals arrive in the order sent, both ways at once', async () => {
		const { doctor, patient } = await visit(server);
		const count = 100;

		for (let n = 0; n < count; n++) {
			doctor.says({ type: 'signal', to: patient.id, data: n });
			patient.says({ type: 'signal', to: doctor.id, data: 1000 + n });
		}
		for (let n = 0; n < count; n++) {
			await patient.hears('signal', { from: doctor.id, data: n });
			await doctor.hears('signal', { from: patient.id, data: 1000 + n });
		}
	});

	test('signal data passes unread: every digit and letter of it', async () => {
		const { doctor, patient } = await visit(server);
		const data = '{"b":1,"a":12345678901234567890.123456789,' +
			'"s":"\\u00fc\\ud834\\udd1e \\"\\\\ </script>","n":1e400}';

		doctor.ws.send(`{"type":"signal","to":"${patient.id}",` +
			`"data":${data}}`);
		const raw = await new Promise((resolve) => patient.ws.once(
			'message', (bytes) => resolve(bytes.toString())));
		assert.equal(JSON.parse(raw).from, doctor.id);
		assert.deepEqual(JSON.parse(raw).data, JSON.parse(data));
	});

	test('a signal of 60 KiB passes', async () => {
		const { doctor, patient } = await visit(server);

		await doctor.signals(patient, 'x'.repeat(60 * 1024));
	});

	test('media is told to all others and to newcomers', async () => {
		const meeting = await open({ capacity: 3 });
		const doctor = await host(server, meeting);
		const patient = await enters(meeting);
		const media = { audio: false, video: true, screen: true, hand: true };

		await doctor.hears('participant-joined', { id: patient.id });
		patient.says({ type: 'media', ...media });
		await doctor.hears('media', { id: patient.id, ...media });
		await patient.hasHeardNothing();

		const late = await enters(meeting, { name: 'Late' });
		assert.deepEqual(late.welcome.participants.find(
			(one) => one.id == patient.id).media, media);
		assert.deepEqual(late.welcome.participants.find(
			(one) => one.id == doctor.id).media, QUIET);
	});

	test('sealed names pass as they are, and no name beside them', async () => {
		const meeting = await server.meeting();
		const doctor = await new Voice(server, meeting).enters({
			name: undefined, sealed: 'c2VhbGVkLWhvc3Q', token: meeting.token });
		const patient = await new Voice(server, meeting).knocks({
			name: undefined, sealed: 'c2VhbGVkLWd1ZXN0' });

		const knock = await doctor.hears('knock',
			{ id: patient.id, sealed: 'c2VhbGVkLWd1ZXN0' });
		assert.ok(!('name' in knock));
		doctor.says({ type: 'admit', id: patient.id });
		const { participants: [first] } = await patient.isWelcome();
		assert.equal(first.sealed, 'c2VhbGVkLWhvc3Q');
		assert.ok(!('name' in first));
	});

	test('everybody is asked each 20 s whether he lives', async () => {
		const { doctor, patient } = await visit(server);

		await sleep(22000);
		assert.equal(doctor.pings, 1);
		assert.equal(patient.pings, 1);
		await doctor.signals(patient);
	});

	test('a name is trimmed before others read it', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);

		await new Voice(server, meeting).knocks({ name: ' \u00a0Ann B. ' });
		await doctor.hears('knock', { name: 'Ann B.' });
	});

	test('a report is taken without an answer', async () => {
		const { doctor, patient } = await visit(server);

		patient.says({ type: 'report', peer: doctor.id,
			event: 'connected', path: 'direct' });
		patient.says({ type: 'report', peer: doctor.id,
			event: 'summary', path: 'relay-udp',
			stats: { seconds: 12, lossPercent: 0.5 } });
		await patient.hasHeardNothing();
		await doctor.hasHeardNothing();
		doctor.says({ type: 'leave' });
		await patient.hears('participant-left');
		patient.says({ type: 'report', peer: doctor.id,
			event: 'summary' });
		await patient.hasHeardNothing();
	});
});

describe('the waiting room', { concurrency: true }, () => {
	test('who waits hears nothing of those inside', async () => {
		const meeting = await server.meeting({ capacity: 4 });
		const doctor = await host(server, meeting);
		const first = await admitted(server, meeting, doctor);
		const second = await guest(server, meeting);

		assert.ok(!JSON.stringify(second.welcome).includes(doctor.id));
		assert.ok(!JSON.stringify(second.welcome).includes(first.id));
		assert.ok(!('participants' in second.welcome));

		await doctor.hears('knock', { id: second.id });
		const third = await admitted(server, meeting, doctor);
		doctor.says({ type: 'media', audio: false, video: false,
			screen: false, hand: false });
		await third.hears('media');
		await doctor.signals(third);
		first.says({ type: 'leave' });
		third.cut();
		await doctor.hearsAtLast('participant-away', { id: third.id });
		await second.hasHeardNothing();
	});

	test('who waits cannot signal, speak or command', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);

		await doctor.hears('knock');
		patient.says({ type: 'signal', to: doctor.id, data: 1 });
		await patient.hearsError('not-admitted', 'signal');
		patient.says({ type: 'media', audio: true, video: true,
			screen: false, hand: false });
		patient.says({ type: 'admit', id: patient.id });
		patient.says({ type: 'end' });
		patient.says({ type: 'ice' });
		await patient.hearsAtLast('ice');
		await doctor.hasHeardNothing();
		assert.equal((await server.get(`/api/meetings/${meeting.id}`))
			.json.status, 'open');
	});

	test('a signal to who waits is relayed nowhere', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);

		await doctor.hears('knock');
		doctor.says({ type: 'signal', to: patient.id, data: 1 });
		assert.equal((await doctor.hears('error')).re, 'signal');
		await patient.hasHeardNothing();
	});

	test('guests queue in the order they came', async () => {
		const meeting = await server.meeting({ capacity: 4 });
		const first = await guest(server, meeting);
		const second = await guest(server, meeting);
		const doctor = await host(server, meeting);

		assert.equal(first.welcome.position, 1);
		assert.equal(second.welcome.position, 2);
		/* A host who comes late hears of all who wait. */
		await doctor.hears('knock', { id: first.id });
		await doctor.hears('knock', { id: second.id });
	});

	test('no more than sixteen may wait', async () => {
		const meeting = await server.meeting();
		const crowd = await Promise.all(Array.from({ length: 16 },
			() => guest(server, meeting)));
		const late = await new Voice(server, meeting).open();

		late.joins();
		await late.closed(4409);
		crowd[5].says({ type: 'leave' });
		await crowd[5].closed(1000);
		await guest(server, meeting);
	});

	test('the network test of who waits is shown to the host', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);

		await doctor.hears('knock');
		patient.says({ type: 'test',
			result: { path: 'direct', rttMs: 20 } });
		await doctor.hears('knock-test', { id: patient.id,
			result: { path: 'direct', rttMs: 20 } });
	});

	test('the host says a line to who waits, and to him alone', async () => {
		const meeting = await server.meeting({ capacity: 4 });
		const doctor = await host(server, meeting);
		const first = await guest(server, meeting);
		const second = await guest(server, meeting);

		doctor.says({ type: 'note', to: first.id, text: 'Ten minutes' });
		await first.hears('note', { text: 'Ten minutes' });
		doctor.says({ type: 'note', to: first.id, sealed: 'bm90ZQ' });
		await first.hears('note', { sealed: 'bm90ZQ' });
		await second.hasHeardNothing();
	});

	test('who is denied hears it and is closed with 4403', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);

		await doctor.hears('knock', { id: patient.id });
		doctor.says({ type: 'deny', id: patient.id });
		await patient.hears('denied');
		await patient.closed(4403);
		await doctor.hears('knock-gone', { id: patient.id });

		/* And does not get in again by his old secret. */
		const again = await new Voice(server, meeting).open();
		again.joins({ resume: patient.resume });
		await again.closed(4403);
	});

	test('who gives up waiting is gone for the host', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);

		await doctor.hears('knock', { id: patient.id });
		patient.says({ type: 'leave' });
		await doctor.hears('knock-gone', { id: patient.id });
		await patient.closed(1000);
	});

	test('a meeting without waiting room lets guests straight in', async () => {
		const meeting = await open();
		const first = await enters(meeting);
		const doctor = await host(server, meeting);

		assert.equal(first.welcome.role, 'guest');
		assert.equal(doctor.welcome.participants[0].id, first.id);
		await first.hears('participant-joined',
			{ id: doctor.id, role: 'host' });
	});
});

describe('the host', { concurrency: true }, () => {
	test('removes a guest, who is closed with 4403 for good', async () => {
		const { meeting, doctor, patient } = await visit(server);

		doctor.says({ type: 'remove', id: patient.id });
		await patient.hears('removed');
		await patient.closed(4403);
		await doctor.hears('participant-left',
			{ id: patient.id, reason: 'removed' });
		const again = await new Voice(server, meeting).open();
		again.joins({ resume: patient.resume });
		await again.closed(4403);
	});

	test('locks the room: nobody new may knock, until it is open', async () => {
		const { meeting, doctor } = await visit(server, { capacity: 4 });

		doctor.says({ type: 'lock', on: true });
		await doctor.hears('locked', { on: true });
		const late = await new Voice(server, meeting).open();
		late.joins();
		await late.hearsError('full', 'join');
		await late.closed(4409);
		doctor.says({ type: 'lock', on: false });
		await doctor.hears('locked', { on: false });
		await guest(server, meeting);
	});

	test('hears when another host locks the room', async () => {
		const meeting = await server.meeting({ capacity: 4 });
		const first = await host(server, meeting);
		const second = await host(server, meeting);

		await first.hears('participant-joined');
		second.says({ type: 'lock', on: true });
		await first.hears('locked', { on: true });
		await second.hears('locked', { on: true });
	});

	test('hears that the room is locked when he comes back', async () => {
		const { meeting, doctor } = await visit(server, { capacity: 4 });

		doctor.says({ type: 'lock', on: true });
		await doctor.hears('locked', { on: true });
		doctor.cut();
		const back = await new Voice(server, meeting).enters(
			{ token: meeting.token, resume: doctor.resume });
		await back.hearsAtLast('locked', { on: true });
	});

	test('who waited before the lock may still be admitted', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);

		await doctor.hears('knock');
		doctor.says({ type: 'lock', on: true });
		await doctor.hears('locked');
		doctor.says({ type: 'admit', id: patient.id });
		await patient.hearsAtLast('welcome');
	});

	test('a locked room lets the one who resumes back in', async () => {
		const { meeting, doctor, patient } = await visit(server);

		doctor.says({ type: 'lock', on: true });
		await doctor.hears('locked');
		patient.cut();
		await doctor.hears('participant-away', { id: patient.id });
		await enters(meeting, { resume: patient.resume });
	});

	test('ends the meeting for all: they are told, then closed with 1000',
		async () => {
		const { meeting, doctor, patient } = await visit(server,
			{ capacity: 4 });
		const waits = await guest(server, meeting);

		await doctor.hears('knock');
		doctor.says({ type: 'end' });
		for (const voice of [doctor, patient, waits]) {
			await voice.hearsAtLast('ended', { reason: 'host' });
			await voice.closed(1000);
		}
		assert.equal((await server.get(`/api/meetings/${meeting.id}`))
			.json.status, 'ended');
		const late = await new Voice(server, meeting).open();
		late.joins({ token: meeting.token });
		await late.closed(4410);
	});

	test('ends it by the API too: the reason says so', async () => {
		const { meeting, doctor, patient } = await visit(server);
		const answer = await server.post(
			`/api/meetings/${meeting.id}/end`, { token: meeting.token });

		assert.equal(answer.status, 200);
		for (const voice of [doctor, patient]) {
			await voice.hears('ended', { reason: 'api' });
			await voice.closed(1000);
		}
	});

	test('what only the host may say is an error from a guest', async () => {
		const { doctor, patient } = await visit(server);

		for (const message of [{ type: 'admit', id: patient.id },
			{ type: 'deny', id: patient.id },
			{ type: 'remove', id: doctor.id },
			{ type: 'note', to: doctor.id, text: 'x' },
			{ type: 'lock', on: true }, { type: 'end' }]) {
			patient.says(message);
			await patient.hearsError('not-host', message.type);
		}
		await doctor.hasHeardNothing();
	});

	test('admits, denies and removes only whom there is', async () => {
		const { doctor, patient } = await visit(server);

		for (const type of ['admit', 'deny', 'remove']) {
			doctor.says({ type, id: 'AAAAAAAAAAAAAAAA' });
			await doctor.hearsError('no-such-participant', type);
		}
		doctor.says({ type: 'admit', id: patient.id });
		await doctor.hears('error', { re: 'admit' });
		await patient.hasHeardNothing();
	});

	test('gets into a full room: over the host who is there', async () => {
		const { meeting, doctor, patient } = await visit(server);
		const second = await host(server, meeting);

		await doctor.hearsAtLast('error', { code: 'replaced' })
			.catch(() => undefined);
		await doctor.closed(4403);
		await patient.hears('participant-left',
			{ id: doctor.id, reason: 'replaced' });
		await patient.hears('participant-joined',
			{ id: second.id, role: 'host' });
		assert.deepEqual(second.welcome.participants.map((one) => one.id),
			[patient.id]);
		await patient.signals(second);
	});

	test('gets in on top where only guests fill the room', async () => {
		const meeting = await open();
		const first = await enters(meeting);
		const second = await enters(meeting);
		const doctor = await host(server, meeting);

		await first.hears('participant-joined', { id: second.id });
		await first.hears('participant-joined', { id: doctor.id });
		await second.hears('participant-joined', { id: doctor.id });
		assert.equal(doctor.welcome.participants.length, 2);
	});

	test('two hosts share a room that has place for both', async () => {
		const meeting = await server.meeting({ capacity: 4 });
		const first = await host(server, meeting);
		const second = await host(server, meeting);

		await first.hears('participant-joined',
			{ id: second.id, role: 'host' });
		const patient = await guest(server, meeting);
		await first.hears('knock', { id: patient.id });
		await second.hears('knock', { id: patient.id });
		second.says({ type: 'admit', id: patient.id });
		await patient.isWelcome();
		await first.hearsAtLast('participant-joined', { id: patient.id });
	});
});

describe('the door', { concurrency: true }, () => {
	async function refused(meeting, code, members = {})
	{
		const voice = new Voice(server, meeting);

		await voice.open();
		voice.joins(members);
		await voice.closed(code);
	}

	test('a meeting that does not exist is 4404, or 404', async () => {
		const meeting = { id: 'AAAAAAAAAAAAAAAAAAAAAA' };
		const voice = new Voice(server, meeting);

		try {
			await voice.open();
		} catch (err) {
			assert.equal(err.status, 404);
			return;
		}
		voice.joins();
		await voice.closed(4404);
	});

	test('a token that does not fit is 4401', async () => {
		const meeting = await server.meeting();
		const other = await server.meeting();
		const bent = (meeting.token[0] == 'A' ? 'B' : 'A') +
			meeting.token.slice(1);

		for (const token of [bent, other.token, 'x', 'x'.repeat(2000),
			meeting.token + 'A', meeting.token.slice(0, -1)])
			await refused(meeting, 4401, { token });
	});

	test('a full room is 4409 for guests', async () => {
		const { meeting } = await visit(server);
		const late = await new Voice(server, meeting).open();

		late.joins();
		await late.hearsError('full', 'join');
		await late.closed(4409);
	});

	test('a held place counts: the room stays full', async () => {
		const { meeting, doctor, patient } = await visit(server);

		patient.cut();
		await doctor.hears('participant-away', { id: patient.id });
		await refused(meeting, 4409);
	});

	test('who leaves makes room', async () => {
		const { meeting, doctor, patient } = await visit(server);

		patient.says({ type: 'leave' });
		await patient.closed(1000);
		await doctor.hears('participant-left',
			{ id: patient.id, reason: 'left' });
		await admitted(server, meeting, doctor);
	});

	test('admitting into a room that has filled up is an error', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const first = await guest(server, meeting);
		const second = await guest(server, meeting);

		doctor.says({ type: 'admit', id: first.id });
		await first.isWelcome();
		doctor.says({ type: 'admit', id: second.id });
		assert.equal((await doctor.hearsAtLast('error')).code, 'full');
		await second.hasHeardNothing();
	});

	test('a cancelled meeting is 4410', async () => {
		const meeting = await server.meeting();

		await server.call('DELETE', `/api/meetings/${meeting.id}`,
			{ token: meeting.token });
		await refused(meeting, 4410, { token: meeting.token });
	});

	test('a handshake without the subprotocol gets 4xx', async () => {
		const meeting = await server.meeting();

		for (const protocol of [null, 'chat', 'paravent.v2']) {
			const voice = new Voice(server, meeting, { protocol });
			const err = await voice.open().catch((e) => e);

			assert.ok(err.status >= 400 && err.status < 500,
				`${protocol}: ${err.status}`);
		}
	});

	test('of several subprotocols it takes its own', async () => {
		const meeting = await server.meeting();
		const voice = new Voice(server, meeting,
			{ protocol: ['chat', 'paravent.v1'] });

		await voice.open();
		assert.equal(voice.ws.protocol, 'paravent.v1');
	});

	test('an Origin of another site gets 403', async () => {
		const meeting = await server.meeting();
		const port = server.port;

		for (const origin of ['https://evil.example', 'null',
			`http://127.0.0.1:${port}.evil.example`,
			`http://evil.example?http://127.0.0.1:${port}`,
			'http://127.0.0.1', `http://localhost:${port}`,
			`http://127.0.0.1:${port}0`]) {
			const voice = new Voice(server, meeting, { origin });
			const err = await voice.open().catch((e) => e);

			assert.equal(err.status, 403, origin);
		}
	});

	test('the Origin of this site, and none at all, are welcome', async () => {
		const meeting = await server.meeting();

		for (const origin of [server.origin, undefined]) {
			const voice = new Voice(server, meeting, { origin });

			await voice.open();
			voice.cut();
		}
	});
});

describe('coming back', { concurrency: true }, () => {
	test('a lost connection is held, and resume gives the same place',
		async () => {
		const { meeting, doctor, patient } = await visit(server);

		patient.cut();
		await doctor.hears('participant-away', { id: patient.id });
		const back = await enters(meeting, { resume: patient.resume });
		assert.equal(back.id, patient.id);
		assert.equal(back.resume, patient.resume);
		assert.equal(back.welcome.role, 'guest');
		await doctor.hears('participant-back',
			{ id: patient.id, name: 'Guest' });
		await doctor.signals(back);
		await back.signals(doctor);
	});

	test('a page that reloads closes politely and is held as well', async () => {
		const { meeting, doctor, patient } = await visit(server);

		patient.closes(1001);
		await doctor.hears('participant-away', { id: patient.id });
		const back = await enters(meeting, { resume: patient.resume });
		assert.equal(back.id, patient.id);
		await doctor.hears('participant-back', { id: patient.id });
	});

	test('who is away is shown as away to newcomers', async () => {
		const { meeting, doctor, patient } = await visit(server,
			{ capacity: 4 });

		patient.cut();
		await doctor.hears('participant-away', { id: patient.id });
		const late = await admitted(server, meeting, doctor);
		const entry = late.welcome.participants.find(
			(one) => one.id == patient.id);
		assert.equal(entry.away, true);
		assert.ok(!late.welcome.participants.find(
			(one) => one.id == doctor.id).away);
	});

	test('the media state is kept while one is away', async () => {
		const { meeting, doctor, patient } = await visit(server);
		const media = { audio: false, video: false, screen: false,
			hand: true };

		doctor.says({ type: 'media', ...media });
		await patient.hears('media', { id: doctor.id, ...media });
		patient.cut();
		await doctor.hears('participant-away');
		const back = await enters(meeting, { resume: patient.resume });
		assert.deepEqual(back.welcome.participants[0].media, media);
	});

	test('resume takes over a connection that still looks open', async () => {
		const { meeting, doctor, patient } = await visit(server);
		const back = await enters(meeting, { resume: patient.resume });

		assert.equal(back.id, patient.id);
		await patient.hearsError('replaced');
		await patient.closed(4403);
		await doctor.hears('participant-back', { id: patient.id });
		await doctor.hasHeardNothing();
		await doctor.signals(back);
	});

	test('the old connection closing late does not harm the new one', async () => {
		const { meeting, doctor, patient } = await visit(server);
		const back = await enters(meeting, { resume: patient.resume });

		await patient.closed(4403);
		patient.cut();
		await doctor.hears('participant-back');
		await sleep(100);
		await doctor.hasHeardNothing();
		await back.signals(doctor);
	});

	test('who waits resumes into the same place in the queue', async () => {
		const meeting = await server.meeting({ capacity: 4 });
		const doctor = await host(server, meeting);
		const first = await guest(server, meeting);
		const second = await guest(server, meeting);

		first.cut();
		const back = await new Voice(server, meeting).knocks(
			{ name: 'Guest', resume: first.resume });
		assert.equal(back.id, first.id);
		assert.equal(back.resume, first.resume);
		assert.equal(back.welcome.position, 1);
		doctor.says({ type: 'admit', id: back.id });
		await back.isWelcome();
		await second.hasHeardNothing();
	});

	test('who is away while he waits cannot be admitted until he is back',
		async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);

		await doctor.hears('knock', { id: patient.id });
		patient.cut();
		await doctor.hears('knock-gone', { id: patient.id });
		doctor.says({ type: 'admit', id: patient.id });
		await doctor.hearsError('no-such-participant', 'admit');
		const back = await new Voice(server, meeting).knocks(
			{ name: 'Back', resume: patient.resume });
		await doctor.hears('knock', { id: patient.id, name: 'Back' });
		doctor.says({ type: 'admit', id: back.id });
		await back.isWelcome();
	});

	test('an unknown resume counts as absent: one knocks anew', async () => {
		const meeting = await server.meeting();
		const other = await visit(server);

		for (const resume of ['x', other.patient.resume, 'A'.repeat(38)]) {
			const voice = await new Voice(server, meeting)
				.knocks({ name: 'Guest', resume });

			assert.notEqual(voice.id, other.patient.id);
		}
		await other.doctor.hasHeardNothing();
		await other.patient.hasHeardNothing();
	});

	test('who left cannot resume: he knocks', async () => {
		const { meeting, doctor, patient } = await visit(server);

		patient.says({ type: 'leave' });
		await doctor.hears('participant-left', { reason: 'left' });
		const back = await new Voice(server, meeting).knocks(
			{ name: 'Guest', resume: patient.resume });
		assert.notEqual(back.id, patient.id);
	});

	test('the host resumes as host, without the token', async () => {
		const { meeting, doctor, patient } = await visit(server);

		doctor.cut();
		await patient.hears('participant-away', { id: doctor.id });
		const back = await enters(meeting, { resume: doctor.resume });
		assert.equal(back.welcome.role, 'host');
		assert.equal(back.id, doctor.id);
		back.says({ type: 'lock', on: true });
		await back.hearsAtLast('locked', { on: true });
	});

	test('the host link opened once more takes the place of the first',
		async () => {
		const { meeting, doctor, patient } = await visit(server);
		const second = await host(server, meeting);

		await doctor.closed(4403);
		await patient.hearsAtLast('participant-joined', { id: second.id });
		/* The place is taken for good: its secret is a new knock. */
		const back = await new Voice(server, meeting).open();
		back.joins({ resume: doctor.resume });
		await back.closed(4409);
	});

	test('signals to one who is away are an error, not a strike', async () => {
		const { doctor, patient } = await visit(server);

		patient.cut();
		await doctor.hears('participant-away', { id: patient.id });
		for (let n = 0; n < 30; n++) {
			doctor.says({ type: 'signal', to: patient.id, data: n });
			await doctor.hearsError('unavailable', 'signal');
		}
		await doctor.hasHeardNothing();
	});
});
