/**
 * The seeds' clients, as their READMEs describe them: a telemedicine backend that asks
 * for sessions with an internal secret and reads its tokens with jsonwebtoken, and a
 * page that makes a meeting with an empty body. They work, and by the same names.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import jwt from 'jsonwebtoken';

import { makeKey } from './apikeys.mjs';
import { Server, temporary } from './stage.mjs';
import { secretFile, seconds } from './tokens.mjs';
import { Voice } from './voice.mjs';

/* their .env */
const INTERNAL_SECRET = 'your-internal-secret-key-change-this';
const VIDEO_JWT_SECRET = 'your-video-jwt-secret-key-change-this';
const appointment = { appointmentId: 'apt_123', doctorId: 'doc_456',
	patientId: 'usr_789' };

function seed(dir, more = {})
{
	return { dialect: 'carepulse', algorithm: 'HS256',
		'secret-file': secretFile(dir, 'jwt.secret', VIDEO_JWT_SECRET),
		'internal-secret-file': secretFile(dir, 'internal', INTERNAL_SECRET),
		...more };
}

/** A call as their backend makes it. */
function call(server, path, json, { secret = INTERNAL_SECRET, ...headers } = {})
{
	return server.post(path, { json, headers: {
		...secret !== undefined && { 'X-Internal-Secret': secret }, ...headers } });
}

/** The token in a join link, and its meeting. */
function tokenIn(joinUrl)
{
	const url = new URL(joinUrl);

	return { id: /^\/join\/([\w-]{22})$/.exec(url.pathname)[1],
		token: url.searchParams.get('token') };
}

describe('CarePulse', () => {
	let server, session;

	before(async () => {
		server = await Server.start({ 'issuer "telemed"': seed(temporary()) });
		session = (await call(server, '/sessions', appointment)).json;
	});
	after(() => server.strike());

	test('POST /sessions gives the names of the README', async () => {
		assert.deepEqual(session, { sessionId: session.sessionId,
			roomName: `room_${session.sessionId}`,
			baseUrl: `${server.origin}/join/${session.sessionId}` });
		assert.match(session.sessionId, /^[\w-]{22}$/);
	});

	test('the same appointment gives the same session, another one another', async () => {
		const again = await call(server, '/sessions', appointment);
		const other = await call(server, '/sessions', { ...appointment,
			appointmentId: 'apt_124' });

		assert.equal(again.status, 200);
		assert.deepEqual(again.json, session);
		assert.equal(other.status, 201);
		assert.notEqual(other.json.sessionId, session.sessionId);
	});

	test('all who ask at once get one session', async () => {
		const answers = await Promise.all(Array.from({ length: 20 }, () =>
			call(server, '/sessions', { ...appointment, appointmentId: 'rush' })));

		assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
		assert.equal(answers.filter(({ status }) => status == 201).length, 1);
		assert.equal(answers.filter(({ status }) => status == 200).length, 19);
	});

	test('the session\'s join link leads in, as doctor and as patient', async () => {
		const seats = {};

		for (const [role, userId] of [['doctor', 'doc_456'], ['patient', 'usr_789']]) {
			const answer = await call(server,
				`/sessions/${session.sessionId}/join`, { role, userId });

			assert.equal(answer.status, 200, answer.text);
			assert.deepEqual(Object.keys(answer.json), ['joinUrl', 'expiresIn']);
			assert.equal(answer.json.expiresIn, 3600);
			const { id, token } = tokenIn(answer.json.joinUrl);
			const said = jwt.verify(token, VIDEO_JWT_SECRET,
				{ algorithms: ['HS256'] });

			assert.equal(id, session.sessionId);
			assert.deepEqual({ ...said, iat: 0, exp: said.exp - said.iat },
				{ sub: userId, sessionId: id, roomName: `room_${id}`, role,
					iat: 0, exp: 3600 });
			/* the page takes the token out of the address and joins with it */
			assert.equal((await server.get(new URL(answer.json.joinUrl).pathname +
				`?token=${token}`)).status, 200);
			const voice = await new Voice(server, { id }).open();

			voice.joins({ token });
			seats[role] = await voice.next();
			seats[role].voice = voice;
		}
		assert.equal(seats.doctor.type, 'welcome');
		assert.equal(seats.doctor.role, 'host');
		assert.equal(seats.patient.type, 'waiting');
		const { voice } = seats.doctor;

		await voice.hears('knock', { id: seats.patient.id });
		voice.says({ type: 'admit', id: seats.patient.id });
		assert.equal((await seats.patient.voice.hears('welcome')).role, 'guest');
	});

	test('a token that their own backend signs leads in', async () => {
		const token = jwt.sign({ sub: 'doc_456', sessionId: session.sessionId,
			roomName: session.roomName, role: 'doctor',
			permissions: ['host', 'mute-others', 'end-call'] },
		VIDEO_JWT_SECRET, { expiresIn: '1h' });
		const doctor = await new Voice(server, { id: session.sessionId })
			.enters({ token });

		assert.equal(doctor.welcome.role, 'host');
	});

	test('what is missing or wrong is named', async () => {
		const join = `/sessions/${session.sessionId}/join`;
		const rows = [
			['/sessions', {}, ['appointmentId', 'doctorId', 'patientId']],
			['/sessions', { ...appointment, appointmentId: 5 }, ['appointmentId']],
			[join, { role: 'nurse', userId: 'x' }, ['role']],
			[join, { role: 'doctor' }, ['userId']],
		];

		for (const [path, json, fields] of rows) {
			const answer = await call(server, path, json);

			assert.equal(answer.status, 422);
			assert.deepEqual(answer.json.errors.map(({ field }) => field), fields);
		}
		assert.equal((await call(server, `/sessions/${'A'.repeat(22)}/join`,
			{ role: 'doctor', userId: 'x' })).status, 404);
		assert.equal((await server.post('/sessions', { body: 'a=b', headers: {
			'X-Internal-Secret': INTERNAL_SECRET,
			'content-type': 'application/x-www-form-urlencoded' } })).status, 415);
		assert.equal((await server.get('/sessions')).status, 405);
	});

	test('without its secret nobody asks, and nothing tells what it is', async () => {
		const join = `/sessions/${session.sessionId}/join`;
		const wrong = ['', 'x', `${INTERNAL_SECRET}x`, INTERNAL_SECRET.slice(1),
			INTERNAL_SECRET.slice(0, -1), VIDEO_JWT_SECRET, 'your-internal'];
		const bodies = new Set();

		for (const secret of [undefined, ...wrong]) {
			for (const [path, json] of [['/sessions', appointment],
				[join, { role: 'doctor', userId: 'x' }]]) {
				const answer = await server.post(path, { json, headers:
					secret === undefined ? {} : { 'X-Internal-Secret': secret } });

				assert.equal(answer.status, 403, secret);
				bodies.add(answer.text);
			}
		}
		assert.equal(bodies.size, 1);
		assert.equal((await call(server, '/sessions', appointment,
			{ origin: 'https://evil.example' })).status, 403);
		assert.ok(!server.log.includes(INTERNAL_SECRET.slice(0, 10)));
	});

	test('a session that is over stays the same, and has no more links', async () => {
		const plan = { ...appointment, appointmentId: 'over' };
		const made = (await call(server, '/sessions', plan)).json;
		const { key } = await makeKey(server, 'create');
		const join = { role: 'doctor', userId: 'doc_456' };

		assert.equal((await server.post(`/api/meetings/${made.sessionId}/end`,
			{ token: key })).status, 200);
		const again = await call(server, '/sessions', plan);

		assert.equal(again.status, 200);
		assert.deepEqual(again.json, made);
		assert.equal((await call(server, `/sessions/${made.sessionId}/join`, join))
			.status, 404);
	});

	test('over a restart it is the same session', async () => {
		await server.stop();
		await server.up();
		const again = await call(server, '/sessions', appointment);

		assert.equal(again.status, 200);
		assert.deepEqual(again.json, session);
		/* memory has forgotten this one, and the log has not */
		const over = await call(server, '/sessions',
			{ ...appointment, appointmentId: 'over' });

		assert.equal(over.status, 200);
		assert.equal((await server.get(`/api/meetings/${over.json.sessionId}`))
			.json.status, 'ended');
	});

	test('its facts name the issuer and none of their ids', async () => {
		const { key } = await makeKey(server, 'read');
		const { items } = (await server.get(
			`/api/meetings/${session.sessionId}/events`, { token: key })).json;
		const text = JSON.stringify(items);

		assert.equal(items[0].actor, 'token:telemed');
		for (const id of Object.values(appointment))
			assert.ok(!text.includes(id) && !server.log.includes(id));
	});
});

describe('an issuer and an audience that are configured', () => {
	test('stand in the tokens that we sign', async () => {
		const server = await Server.start({ 'issuer "telemed"': seed(temporary(),
			{ issuer: 'https://telemed.example', audience: 'visits',
				'key-id': 'k1' }) });
		const { sessionId } = (await call(server, '/sessions', appointment)).json;
		const { joinUrl } = (await call(server, `/sessions/${sessionId}/join`,
			{ role: 'doctor', userId: 'd' })).json;
		const { token } = tokenIn(joinUrl);
		const { header, payload } = jwt.decode(token, { complete: true });

		assert.deepEqual([payload.iss, payload.aud, header.kid],
			['https://telemed.example', 'visits', 'k1']);
		assert.ok(payload.exp <= seconds(3600));
		assert.equal((await new Voice(server, { id: sessionId }).enters({ token }))
			.welcome.role, 'host');
		await server.strike();
	});
});

describe('without such an issuer', () => {
	test('there are no sessions', async () => {
		const server = await Server.start();

		for (const [method, path] of [['POST', '/sessions'], ['GET', '/sessions'],
			['POST', `/sessions/${'A'.repeat(22)}/join`]]) {
			const answer = await server.call(method, path, {
				...method == 'POST' && { json: appointment },
				headers: { 'X-Internal-Secret': INTERNAL_SECRET } });

			assert.equal(answer.status, 404);
		}
		await server.strike();
	});
});

describe('the simple meeting platform', () => {
	test('makes a meeting with an empty body and looks whether it is there', async () => {
		const server = await Server.start();
		const made = await server.post('/api/meetings');
		const { meetingId } = made.json;
		const found = await server.get(`/api/meetings/${meetingId}`);

		assert.equal(made.status, 201);
		assert.equal(found.status, 200);
		assert.equal(found.json.meetingId, meetingId);
		assert.equal((await server.get(`/api/meetings/${'A'.repeat(22)}`)).status, 404);
		await server.strike();
	});
});
