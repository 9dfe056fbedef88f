/**
 * The report of a visit: what happened, counted, as JSON and as a page to print.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { makeKey } from './apikeys.mjs';
import { Server, sleep } from './stage.mjs';
import { admitted, guest, host } from './voice.mjs';

let server, key;

before(async () => {
	server = await Server.start({ 'name': 'Praxis <Lindenhof>' });
	key = (await makeKey(server, 'read')).key;
});

after(() => server.strike());

async function report(meeting)
{
	const { status, json, text, headers } = await server.get(
		`/api/meetings/${meeting.id}/report`, { token: key });

	assert.equal(status, 200, text);
	assert.equal(headers['content-type'], 'application/json');
	return json;
}

/* The first report that says so: what nobody waits for is on disk soon. */
async function reports(meeting, what)
{
	for (let i = 0; i < 200; i++) {
		const it = await report(meeting);

		if (what(it))
			return it;
		await sleep(20);
	}
	throw new Error(`never: ${what}`);
}

function page(meeting, { lang, language } = {})
{
	return server.get(`/api/meetings/${meeting.id}/report` +
		(lang ? `?lang=${lang}` : ''), { token: key, headers: {
		accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
		...language && { 'accept-language': language },
	} });
}

/* Both sides say how the connection went. */
function tell(doctor, patient, event, path)
{
	doctor.says({ type: 'report', peer: patient.id, event, path });
	patient.says({ type: 'report', peer: doctor.id, event, path });
}

describe('a report', () => {
	test('counts a whole visit', async () => {
		const meeting = await server.meeting({ title: 'Knee', hostName: 'Dr A',
			capacity: 3 });
		const patient = guest(server, meeting);

		await patient;
		await sleep(1100);
		const doctor = await host(server, meeting);
		const waiting = await patient;

		await doctor.hears('knock', { id: waiting.id });
		doctor.says({ type: 'admit', id: waiting.id });
		await waiting.isWelcome();
		await doctor.hears('participant-joined');
		tell(doctor, waiting, 'connected', 'direct');
		tell(doctor, waiting, 'verified');
		tell(doctor, waiting, 'lost');
		tell(doctor, waiting, 'connected', 'direct');
		await sleep(1100);
		const stranger = await guest(server, meeting);

		await doctor.hears('knock', { id: stranger.id });
		doctor.says({ type: 'deny', id: stranger.id });
		await stranger.hears('denied');
		const meanwhile = await report(meeting);

		assert.equal(meanwhile.status, 'open');
		assert.equal(meanwhile.overAt, null);
		assert.ok(meanwhile.bothPresentSeconds >= 1);
		assert.deepEqual(meanwhile.participants.map((p) => p.reason),
			[null, null, 'denied']);
		waiting.says({ type: 'leave' });
		await doctor.hears('knock-gone');
		await doctor.hears('participant-left');
		doctor.says({ type: 'end' });
		await doctor.closed(1000);

		const it = await report(meeting);
		const [host_, guest_, other] = it.participants;

		assert.equal(it.meetingId, meeting.id);
		assert.equal(it.title, 'Knee');
		assert.equal(it.hostName, 'Dr A');
		assert.equal(it.erased, false);
		assert.equal(it.practice, 'Praxis <Lindenhof>');
		assert.equal(it.status, 'ended');
		assert.equal(it.startsAt, meeting.startsAt);
		assert.equal(it.createdAt, meeting.createdAt);
		assert.equal(it.overBy, `participant:${doctor.id}`);
		assert.ok(it.createdAt < it.openedAt && it.openedAt < it.overAt &&
			it.overAt <= it.madeAt);
		assert.ok(it.bothPresentSeconds >= 1 && it.bothPresentSeconds < 30);
		assert.equal(it.bothPresentMinutes, 0);
		assert.equal(it.path, 'direct');
		assert.equal(it.verified, 'verified');
		assert.ok(it.reconnects >= 1);
		assert.deepEqual(it.relay, { bytesUp: 0, bytesDown: 0, seconds: 0 });
		assert.deepEqual(it.participants.map((p) => [p.id, p.role, p.reason]), [
			[doctor.id, 'host', 'ended'],
			[waiting.id, 'guest', 'left'],
			[stranger.id, 'guest', 'denied'],
		]);
		assert.equal(it.moreParticipants, 0);
		assert.equal(host_.waitingAt, null);
		assert.equal(host_.waitedSeconds, 0);
		assert.ok(guest_.waitedSeconds >= 1 && guest_.waitedSeconds < 30);
		assert.ok(guest_.waitingAt < guest_.admittedAt &&
			guest_.admittedAt <= guest_.joinedAt && guest_.joinedAt < guest_.leftAt);
		assert.ok(guest_.insideSeconds >= 1);
		assert.equal(other.joinedAt, null);
		assert.equal(other.insideSeconds, 0);
	});

	test('counts those who lost their connection, over a restart too', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await admitted(server, meeting, doctor);

		patient.cut();
		await doctor.hears('participant-away', { id: patient.id });
		const { participants: [, away] } = await reports(meeting,
			({ participants: [, p] }) => p.away == 1);

		assert.equal(away.leftAt, null);
		await server.stop();
		await server.up();
		const cut = await reports(meeting, ({ participants }) =>
			participants.every((p) => p.reason == 'server-restart'));

		assert.equal(cut.status, 'open');
		assert.equal(cut.participants.length, 2);
	});

	test('tells the worst and the mixed of several calls', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await admitted(server, meeting, doctor);

		tell(doctor, patient, 'connected', 'direct');
		tell(doctor, patient, 'connected', 'relay-tls');
		tell(doctor, patient, 'verified');
		tell(doctor, patient, 'unverified');
		const { path } = await reports(meeting,
			({ verified }) => verified == 'unverified');

		assert.equal(path, 'mixed');
		doctor.says({ type: 'end' });
		await doctor.closed(1000);
	});

	test('of a meeting that nobody came to is one, too', async () => {
		const meeting = await server.meeting();
		const it = await report(meeting);

		assert.equal(it.status, 'scheduled');
		assert.equal(it.title, null);
		assert.deepEqual([it.openedAt, it.overAt, it.overBy, it.path],
			[null, null, null, null]);
		assert.deepEqual(it.participants, []);
		assert.equal(it.bothPresentSeconds, 0);
		assert.equal(it.verified, 'none');
	});
});

describe('the page of a report', () => {
	test('is for who asks for a page', async () => {
		const meeting = await server.meeting({ title: '<i>Knee</i>' });
		const { status, headers, text } = await page(meeting);

		assert.equal(status, 200);
		assert.equal(headers['content-type'], 'text/html; charset=utf-8');
		assert.equal(headers['cache-control'], 'no-store');
		assert.equal(headers['vary'], 'Accept, Accept-Language');
		assert.match(text, /^<!doctype html>/);
		assert.ok(text.includes('&lt;i&gt;Knee&lt;/i&gt;'));
		assert.ok(text.includes('Praxis &lt;Lindenhof&gt;'));
		assert.ok(!text.includes('<i>'));
	});

	test('allows its own style sheet and nothing else', async () => {
		const { headers, text } = await page(await server.meeting());
		const style = /<style>([^]*?)<\/style>/.exec(text)[1];
		const hash = createHash('sha256').update(style).digest('base64');

		/* one policy, in the place of the common one */
		assert.equal(headers['content-security-policy'],
			`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; ` +
			"form-action 'none'; frame-ancestors 'none'");
		assert.equal(headers['x-content-type-options'], 'nosniff');
		assert.equal((await server.get('/healthz')).headers['content-security-policy']
			.includes(hash), false);
	});

	test('speaks the language that is asked for', async () => {
		const meeting = await server.meeting();
		const says = async (options) => {
			const { headers, text } = await page(meeting, options);

			assert.equal(headers['content-language'],
				/<html lang="(..)">/.exec(text)[1]);
			return headers['content-language'];
		};

		assert.equal(await says({}), 'en');
		assert.equal(await says({ language: 'de-AT,de;q=0.9,en;q=0.1' }), 'de');
		assert.equal(await says({ language: 'pt, es;q=0.4' }), 'es');
		assert.equal(await says({ language: 'de', lang: 'fr' }), 'fr');
		const wrong = await page(meeting, { lang: 'xx' });

		assert.equal(wrong.status, 422);
		assert.deepEqual(wrong.json.errors.map((e) => e.field), ['lang']);
	});
});
