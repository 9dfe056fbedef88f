/**
 * The holes of the projects that this one comes after. Each is named after what stood
 * open there, and would fail on a server that behaves as they did.
 *
 * CarePulse (its video service): tokens are signed and never looked at, rooms and
 * sockets are what the client says, a secret is served and logged, everything is for
 * every origin. Mindfulness: no call asks who calls, and good-byes go to everybody.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Server, temporary } from './stage.mjs';
import { claims, dashboard, secretFile, seconds, signed, table } from './tokens.mjs';
import { Voice, admitted, guest, host, visit } from './voice.mjs';

const INTERNAL = 'internal-secret-of-the-practice-0123456789';
const SEED = 'video-jwt-secret-of-the-practice-0123456789';
const STRANGER = 'https://evil.example';

let server;

before(async () => {
	const dir = temporary();

	server = await Server.start({
		'issuer "dashboard"': dashboard(dir),
		'issuer "telemed"': { dialect: 'carepulse', algorithm: 'HS256',
			'secret-file': secretFile(dir, 'seed', SEED),
			'internal-secret-file': secretFile(dir, 'internal', INTERNAL) },
	});
});
after(() => server.strike());

function seedToken(meeting, role, secret, more)
{
	return signed({ sub: 'doc_456', sessionId: meeting.id,
		roomName: `room_${meeting.id}`, role, iat: seconds(), exp: seconds(3600),
		...more }, secret);
}

async function closes(meeting, join, code)
{
	const voice = await new Voice(server, meeting).open();

	voice.joins(join);
	await voice.closed(code);
}

describe('CarePulse: the token is never verified', () => {
	test('one that is signed with anything opens nothing', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);

		for (const secret of ['', 'secret', `${SEED}x`, INTERNAL])
			await closes(meeting, { token: seedToken(meeting, 'doctor', secret) },
				4401);
		await doctor.hasHeardNothing();
	});

	test('one that has expired opens nothing', async () => {
		const meeting = await server.meeting();

		await closes(meeting, { token: seedToken(meeting, 'doctor', SEED,
			{ exp: seconds(-60) }) }, 4401);
	});
});

describe('CarePulse: join-room takes any room, any user and any role', () => {
	test('a token for one room opens no other', async () => {
		const [mine, theirs] = [await server.meeting(), await server.meeting()];
		const doctor = await host(server, theirs);

		await closes(theirs, { token: seedToken(mine, 'doctor', SEED) }, 4401);
		await closes(theirs, { token: signed(claims(mine.id, { host: true }),
			table.good.secret) }, 4401);
		await doctor.hasHeardNothing();
	});

	test('a patient is no doctor by saying so', async () => {
		const meeting = await server.meeting();
		const patient = await new Voice(server, meeting).knocks({
			token: seedToken(meeting, 'patient', SEED), role: 'host',
			userId: 'doc_456', permissions: ['host'] });

		patient.says({ type: 'end' });
		await patient.hearsError('not-host', 'end');
	});

	test('who has no token waits at the door and learns nothing', async () => {
		const { meeting, doctor, patient } = await visit(server);
		const stranger = await new Voice(server, meeting).open();

		/* a third one, at a room for two */
		stranger.joins({ userId: patient.id });
		await stranger.hearsError('full', 'join');
		await stranger.closed(4409);
		await doctor.hasHeardNothing();
		await patient.hasHeardNothing();
	});
});

describe('CarePulse: signals go to any room that the sender names', () => {
	test('to somebody elsewhere they go nowhere, and who goes on is put out', async () => {
		const [here, there] = [await visit(server), await visit(server)];

		for (let i = 0; i < 16; i++)
			here.patient.says({ type: 'signal', to: there.patient.id,
				room: there.meeting.id, target: there.patient.id,
				data: { description: 'mine' } });
		for (let i = 0; i < 15; i++)
			await here.patient.hearsError('no-such-participant', 'signal');
		await here.patient.closed(1008);
		await there.patient.hasHeardNothing();
		await there.doctor.hasHeardNothing();
	});

	test('their other events (offer, ai-audio, patient-audio) go nowhere', async () => {
		const [here, there] = [await visit(server), await visit(server)];

		for (const type of ['offer', 'answer', 'ice-candidate', 'ai-audio',
			'patient-audio', 'join-room'])
			here.patient.says({ type, roomId: there.meeting.id,
				room: there.meeting.id, target: there.patient.id, audio: 'AAAA' });
		for (const voice of [here.patient, here.doctor, there.patient, there.doctor])
			await voice.hasHeardNothing();
	});

	test('before somebody is let in, nothing passes', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const patient = await guest(server, meeting);

		await doctor.hears('knock');
		patient.says({ type: 'signal', to: doctor.id, data: 1 });
		await patient.hearsError('not-admitted', 'signal');
		await doctor.hasHeardNothing();
	});
});

describe('CarePulse: GET /debug/secret', () => {
	test('is not there, and no address shows a piece of a secret', async () => {
		const paths = ['/debug/secret', '/debug', '/debug/', '/api/debug/secret',
			'/health', '/healthz', '/readyz', '/sessions', '/metrics', '/.env',
			'/api/session', '/'];

		for (const path of paths) {
			for (const headers of [{}, { 'X-Internal-Secret': INTERNAL }]) {
				const { status, text } = await server.get(path, { headers });

				if (path.includes('debug'))
					assert.equal(status, 404, path);
				for (const secret of [INTERNAL, SEED, table.good.secret]) {
					assert.ok(!text.includes(secret.slice(0, 10)), path);
					assert.ok(!text.includes(secret.slice(-10)), path);
				}
			}
		}
	});
});

describe('CarePulse: a wrong secret prints the right one to the log', () => {
	test('neither that nor what was sent stands there', async () => {
		const sent = 'this-is-what-somebody-sent-as-a-secret';

		for (const secret of [sent, `${INTERNAL} `, INTERNAL.slice(0, -1)])
			await server.post('/sessions', { headers: { 'X-Internal-Secret': secret },
				json: { appointmentId: 'a', doctorId: 'd', patientId: 'p' } });
		await server.post('/sessions', { json: {} });
		for (const secret of [sent, INTERNAL, SEED, table.good.secret])
			assert.ok(!server.log.includes(secret.slice(0, 10)));
	});
});

describe('CarePulse: who meets whom is written to the log', () => {
	test('it holds no id of an appointment, a doctor or a patient', async () => {
		const ids = { appointmentId: 'appointment-4711', doctorId: 'doctor-4712',
			patientId: 'patient-4713' };
		const headers = { 'X-Internal-Secret': INTERNAL };
		const { sessionId } = (await server.post('/sessions',
			{ headers, json: ids })).json;
		const { joinUrl } = (await server.post(`/sessions/${sessionId}/join`,
			{ headers, json: { role: 'doctor', userId: ids.doctorId } })).json;

		await server.get(joinUrl.slice(server.origin.length));
		for (const word of [...Object.values(ids), 'eyJ', 'token='])
			assert.ok(!server.log.includes(word), word);
	});
});

describe('CarePulse: everything is for every origin', () => {
	test('a foreign page reads nothing and changes nothing', async () => {
		const meeting = await server.meeting();
		const headers = { origin: STRANGER };
		const target = `/api/meetings/${meeting.id}`;

		for (const answer of [await server.get(target, { headers }),
			await server.call('OPTIONS', target, { headers: { ...headers,
				'access-control-request-method': 'PATCH' } })])
			assert.equal(answer.headers['access-control-allow-origin'], undefined);
		assert.equal((await server.post('/api/meetings', { headers })).status, 403);
		assert.equal((await server.post(`${target}/end`, { headers,
			token: meeting.token })).status, 403);
	});

	test('a foreign page opens no socket', async () => {
		const meeting = await server.meeting();

		for (const origin of [STRANGER, 'null', `${server.origin}.evil.example`,
			`${server.origin}@evil.example`])
			await assert.rejects(new Voice(server, meeting, { origin }).open(),
				{ status: 403 });
	});
});

describe('CarePulse: the page asks Google for fonts and for STUN', () => {
	test('the page names no other host, and could load from none', async () => {
		const page = await server.get('/join/AAAAAAAAAAAAAAAAAAAAAA');
		const policy = page.headers['content-security-policy'];
		const parts = [page, ...await Promise.all(
			[...page.text.matchAll(/(?:src|href)="([^"]+)"/g)]
				.map(([, path]) => server.get(path)))];

		assert.match(policy, /default-src 'none'/);
		assert.doesNotMatch(policy, /https?:|wss?:|\*/);
		for (const { status, text } of parts) {
			assert.equal(status, 200);
			assert.doesNotMatch(text, /google|gstatic|twilio|cdn\.|unpkg|jsdelivr/i);
		}
	});

	test('the ICE servers are this one alone, and TURN is among them', async () => {
		const { doctor } = await visit(server);
		const urls = doctor.welcome.iceServers.flatMap((entry) => entry.urls);

		assert.ok(urls.some((url) => url.startsWith('stun:')));
		assert.ok(urls.some((url) => url.startsWith('turn:')));
		for (const url of urls)
			assert.match(url, /^(stun|turns?):(127\.0\.0\.1|localhost):\d+/);
	});
});

describe('CarePulse: a lost connection is the end of the call', () => {
	test('the place is held, and the others are told so', async () => {
		const { meeting, doctor, patient } = await visit(server);

		patient.cut();
		await doctor.hears('participant-away', { id: patient.id });
		const again = await new Voice(server, meeting).enters({
			resume: patient.resume });

		assert.equal(again.id, patient.id);
		await doctor.hears('participant-back', { id: patient.id });
	});
});

describe('Mindfulness: no call asks who calls', () => {
	test('what changes or tells something is refused without a credential', async () => {
		const meeting = await server.meeting({ title: 'Private' });
		const target = `/api/meetings/${meeting.id}`;
		const rows = [['PATCH', target, { title: 'Mine' }], ['DELETE', target],
			['POST', `${target}/end`], ['GET', `${target}/events`],
			['GET', `${target}/report`], ['DELETE', `${target}/personal-data`],
			['GET', '/api/meetings'], ['GET', '/api/events']];

		for (const [method, path, json] of rows) {
			const answer = await server.call(method, path, { json });

			assert.equal(answer.status, 401, `${method} ${path}`);
			assert.equal(answer.headers['www-authenticate'], 'Bearer');
		}
		assert.equal((await server.get(target, { token: meeting.token })).json.title,
			'Private');
	});
});

describe('Mindfulness: leftCall goes to every socket of the server', () => {
	test('a good-bye is heard in its own visit and nowhere else', async () => {
		const [here, there] = [await visit(server), await visit(server)];
		const waiting = await guest(server, await server.meeting());

		here.patient.says({ type: 'leave' });
		await here.doctor.hears('participant-left', { id: here.patient.id });
		for (const voice of [there.doctor, there.patient])
			await voice.hasHeardNothing();
		await waiting.hearsNothing();
	});
});

describe('Mindfulness: only the first peer is shown', () => {
	test('who comes in is told of everybody, and everybody of him', async () => {
		const meeting = await server.meeting({ kind: 'class' });
		const doctor = await host(server, meeting);
		const first = await admitted(server, meeting, doctor);
		const second = await guest(server, meeting);

		await doctor.hears('knock');
		doctor.says({ type: 'admit', id: second.id });
		const { participants } = await second.isWelcome();

		assert.deepEqual(participants.map(({ id }) => id).sort(),
			[doctor.id, first.id].sort());
		await first.hears('participant-joined', { id: second.id });
	});
});

describe('Mindfulness: candidates wait for each other', () => {
	test('each passes by itself, in its order', async () => {
		const { doctor, patient } = await visit(server);

		for (let n = 0; n < 20; n++)
			patient.says({ type: 'signal', to: doctor.id, data: { candidate: n } });
		for (let n = 0; n < 20; n++)
			await doctor.hears('signal', { data: { candidate: n } });
	});
});
