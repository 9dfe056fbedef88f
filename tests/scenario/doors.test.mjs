/**
 * Who may come in by which door: personal links to a meeting, made, opened, taken over
 * and revoked (doc/protocol.md, "Meetings" and "Details").
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { makeKey } from './apikeys.mjs';
import { Server, paravent, sleep } from './stage.mjs';
import { Voice, guest, host } from './voice.mjs';

const MINUTE = 60_000;

let server;

before(async () => {
	server = await Server.start();
});

after(() => server.strike());

function invitations(meeting, rest = '')
{
	return `/api/meetings/${meeting.id}/invitations${rest}`;
}

function inTime(minutes)
{
	return new Date(Date.now() + minutes * MINUTE).toISOString();
}

/* A personal link, made by the host. */
async function invite(meeting, json)
{
	const { status, json: made, text } = await server.post(invitations(meeting),
		{ token: meeting.token, ...json && { json } });

	assert.equal(status, 201, text);
	return made;
}

function revoke(meeting, { invitationId }, token = meeting.token)
{
	return server.call('DELETE', invitations(meeting, `/${invitationId}`), { token });
}

function knock(meeting, { token }, members = {})
{
	return new Voice(server, meeting).knocks({ name: 'Ann', token, ...members });
}

/* Comes, is told no, and why in the log. */
async function isRefused(meeting, token)
{
	const voice = await new Voice(server, meeting).open();

	voice.joins({ token });
	await voice.closed(4401);
}

async function facts(meeting)
{
	const { key } = await makeKey(server, 'read');
	const { json } = await server.get(`/api/meetings/${meeting.id}/events?limit=200`,
		{ token: key });

	return json.items;
}

describe('a personal link', { concurrency: true }, () => {
	test('is made by the host, and shown once', async () => {
		const meeting = await server.meeting();
		const answer = await server.post(invitations(meeting),
			{ token: meeting.token });

		assert.equal(answer.status, 201);
		const made = answer.json;
		assert.match(made.invitationId, /^[\w-]{16}$/);
		assert.match(made.token, /^[\w-]{38}$/);
		assert.equal(made.role, 'guest');
		assert.equal(made.joinUrl, `${meeting.joinUrl}#token=${made.token}`);
		assert.equal(answer.headers.location,
			invitations(meeting, `/${made.invitationId}`));
		assert.equal(Date.parse(made.expiresAt), Date.parse(meeting.startsAt) +
			(meeting.durationMinutes + 60) * MINUTE);
		assert.equal(Date.parse(made.opensAt),
			Date.parse(meeting.startsAt) - 60 * MINUTE);

		const list = await server.get(invitations(meeting), { token: meeting.token });
		assert.deepEqual(list.json, { items: [{ invitationId: made.invitationId,
			role: 'guest', opensAt: made.opensAt, expiresAt: made.expiresAt,
			revokedAt: null, usedAt: null }], next: null });
		assert.ok(!list.text.includes(made.token));
		assert.ok(!JSON.stringify(await facts(meeting)).includes(
			made.token.slice(16)));
		assert.ok(!server.log.includes(made.token.slice(16)));
	});

	test('is for those who may', async () => {
		const meeting = await server.meeting();
		const other = await server.meeting();
		const { key: create } = await makeKey(server, 'create');
		const { key: read } = await makeKey(server, 'read');
		const made = await invite(meeting);
		const at = invitations(meeting);

		for (const [token, post, list] of [
			[undefined, 401, 401], [create, 201, 200], [read, 403, 200],
			[other.token, 404, 404], [made.token, 404, 404], ['x', 404, 404],
		]) {
			assert.equal((await server.post(at, { token })).status, post, token);
			assert.equal((await server.get(at, { token })).status, list, token);
			assert.equal((await server.call('DELETE', `${at}/${'A'.repeat(16)}`,
				{ token })).status, post == 201 ? 404 : post, token);
		}
		assert.equal((await server.call('PUT', at, { token: create })).status, 405);
		assert.equal((await server.get(`${at}/${made.invitationId}`,
			{ token: create })).status, 405);
		assert.equal((await server.get(`${at}/a/b`, { token: create })).status, 404);
		assert.equal((await server.get(`${at}x`, { token: create })).status, 404);
		assert.equal((await server.post('/api/meetings/AAAAAAAAAAAAAAAAAAAAAA/' +
			'invitations', { token: create })).status, 404);
	});

	test('what is wrong is told by its member', async () => {
		const meeting = await server.meeting();

		for (const [json, field] of [
			[{ role: 'king' }, 'role'], [{ role: 1 }, 'role'],
			[{ expiresAt: 'soon' }, 'expiresAt'],
			[{ expiresAt: inTime(-1) }, 'expiresAt'],
			[{ expiresAt: inTime(11 * 525600) }, 'expiresAt'],
			[{ opensBefore: -1 }, 'opensBefore'],
			[{ opensBefore: 10081 }, 'opensBefore'],
			[{ opensBefore: 1.5 }, 'opensBefore'], [{ rôle: 'guest' }, 'rôle'],
		]) {
			const { status, json: problem } = await server.post(
				invitations(meeting), { token: meeting.token, json });

			assert.equal(status, 422, JSON.stringify(json));
			assert.deepEqual(problem.errors.map((e) => e.field), [field]);
		}
		const form = await server.post(invitations(meeting), { token: meeting.token,
			body: 'role=host', headers: {
				'content-type': 'application/x-www-form-urlencoded' } });
		assert.equal(form.status, 415);
	});

	test('brings a guest to the door, and a host in', async () => {
		const meeting = await server.meeting();
		const doctor = await new Voice(server, meeting).enters(
			{ token: (await invite(meeting, { role: 'host' })).token });
		const made = await invite(meeting);
		const patient = await knock(meeting, made);

		assert.equal(doctor.welcome.role, 'host');
		await doctor.hears('knock', { id: patient.id });
		const { json: { items } } = await server.get(invitations(meeting),
			{ token: meeting.token });
		assert.ok(items.every((one) => one.usedAt), 'both were used');
		const used = (await facts(meeting)).filter(
			({ kind }) => kind == 'invitation.used');
		assert.deepEqual(used.map(({ data }) => data), [
			{ by: doctor.id, id: items[0].invitationId },
			{ by: patient.id, id: items[1].invitationId }]);
	});

	test('of a host is a key to the meeting, also over HTTP', async () => {
		const meeting = await server.meeting();
		const made = await invite(meeting, { role: 'host' });
		const at = `/api/meetings/${meeting.id}`;

		assert.ok('participants' in (await server.get(at,
			{ token: made.token })).json);
		/* or who is to stay outside could have kept another one */
		const guest = await invite(meeting);
		for (const [method, path] of [['POST', ''], ['GET', ''],
			['DELETE', `/${made.invitationId}`], ['DELETE', `/${guest.invitationId}`]])
			assert.equal((await server.call(method, invitations(meeting, path),
				{ token: made.token })).status, 403, `${method} ${path}`);
		await revoke(meeting, made);
		assert.equal((await server.post(`${at}/end`, { token: made.token })).status,
			404);
		const second = await invite(meeting, { role: 'host' });
		assert.equal((await server.post(`${at}/end`,
			{ token: second.token })).status, 200);
		const ended = (await facts(meeting)).find(
			({ kind }) => kind == 'meeting.ended');
		assert.equal(ended.actor, `invitation:${second.invitationId}`);
		assert.equal((await server.post(invitations(meeting),
			{ token: meeting.token })).status, 409);
	});

	test('opened again, it takes over, and knocks', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const made = await invite(meeting);
		const phone = await knock(meeting, made);

		await doctor.hears('knock', { id: phone.id });
		doctor.says({ type: 'admit', id: phone.id });
		await phone.isWelcome();
		await doctor.hears('participant-joined', { id: phone.id });

		const laptop = await knock(meeting, made);
		await phone.hearsError('replaced');
		await phone.closed(4403);
		await doctor.hears('participant-left', { id: phone.id, reason: 'replaced' });
		await doctor.hears('knock', { id: laptop.id });
		const again = (await facts(meeting)).filter(
			({ kind }) => kind == 'invitation.used').map(({ data }) => data.again);
		assert.deepEqual(again, [undefined, true]);

		/* who was replaced has no place to come back to */
		const back = await knock(meeting, {}, { resume: phone.resume });
		assert.notEqual(back.id, phone.id);
	});

	test('a lost connection is no second opening', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const made = await invite(meeting);
		const patient = await knock(meeting, made);

		await doctor.hears('knock');
		patient.cut();
		await doctor.hears('knock-gone');
		const back = await knock(meeting, made, { resume: patient.resume });
		assert.equal(back.id, patient.id);
		assert.equal((await facts(meeting)).filter(
			({ kind }) => kind == 'invitation.used').length, 1);
	});

	test('revoked, it opens nothing; who is inside by it stays', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);
		const made = await invite(meeting);
		const patient = await knock(meeting, made);

		await doctor.hears('knock');
		doctor.says({ type: 'admit', id: patient.id });
		await patient.isWelcome();
		await doctor.hears('participant-joined');
		assert.equal((await revoke(meeting, made)).status, 204);
		assert.equal((await revoke(meeting, made)).status, 204);
		await isRefused(meeting, made.token);
		patient.cut();
		await doctor.hears('participant-away');
		const back = await new Voice(server, meeting).enters({ name: 'Ann',
			token: made.token, resume: patient.resume });
		assert.equal(back.id, patient.id);
		assert.equal((await facts(meeting)).filter(
			({ kind }) => kind == 'invitation.revoked').length, 1);
	});

	test('opens its own meeting alone, and no changed one does', async () => {
		const meeting = await server.meeting();
		const other = await server.meeting();
		const made = await invite(meeting);
		const flip = (at) => made.token.slice(0, at) +
			(made.token[at] == 'A' ? 'B' : 'A') + made.token.slice(at + 1);

		await isRefused(other, made.token);
		for (const token of [flip(0), flip(15), flip(16), flip(36),
			made.token.slice(1), `${made.token}A`])
			await isRefused(meeting, token);
		await knock(meeting, made);
	});

	test('comes too early, and is told when it opens', async () => {
		const meeting = await server.meeting({ startsAt: inTime(90) });
		const made = await invite(meeting, { opensBefore: 30 });
		const doctor = await invite(meeting, { role: 'host' });
		const early = await new Voice(server, meeting).open();

		assert.equal(doctor.opensAt, null);
		early.joins({ token: made.token });
		const { detail, opensAt } = await early.hearsError('too-early', 'join');
		assert.equal(opensAt, made.opensAt);
		assert.equal(Date.parse(opensAt), Date.parse(meeting.startsAt) - 30 * MINUTE);
		assert.ok(detail.includes(opensAt) && detail.includes('UTC'), detail);
		await early.closed(4401);
		await new Voice(server, meeting).enters({ token: doctor.token });
		await knock(meeting, await invite(meeting, { opensBefore: 91 }));
		/* the practice moves the visit: what opens follows */
		assert.equal((await server.call('PATCH', `/api/meetings/${meeting.id}`,
			{ token: meeting.token, json: { startsAt: inTime(20) } })).status, 200);
		await knock(meeting, made);
	});

	test('has an end of its own', async () => {
		const meeting = await server.meeting();
		const made = await invite(meeting, { expiresAt: new Date(Date.now() + 400)
			.toISOString() });

		await new Promise((resolve) => setTimeout(resolve, 450));
		await isRefused(meeting, made.token);
	});

	test('is known after the power was gone', async () => {
		const own = await Server.start();
		const meeting = await own.meeting();
		const at = invitations(meeting);
		const make = async () => (await own.post(at, { token: meeting.token })).json;
		const [kept, gone] = [await make(), await make()];

		await own.call('DELETE', `${at}/${gone.invitationId}`,
			{ token: meeting.token });
		await own.kill();
		await own.up();
		await new Voice(own, meeting).knocks({ token: kept.token });
		const refused = await new Voice(own, meeting).open();
		refused.joins({ token: gone.token });
		await refused.closed(4401);
		const { key } = await makeKey(own, 'audit');
		const { items } = (await own.get('/api/events?limit=200',
			{ token: key })).json;
		assert.deepEqual(items.find(({ kind }) => kind == 'token.refused').data,
			{ reason: 'revoked', via: 'socket' });
		await own.strike();
	});

	test('there are 64 at a time', async () => {
		const meeting = await server.meeting();
		const made = [];

		for (let i = 0; i < 64; i++)
			made.push(await invite(meeting));
		const full = await server.post(invitations(meeting), { token: meeting.token });
		assert.equal(full.status, 409);
		assert.match(full.json.detail, /Revoke one/);
		await revoke(meeting, made[0]);
		await invite(meeting);
	});

	test('without one, all is as it was', async () => {
		const meeting = await server.meeting();

		await guest(server, meeting);
		await host(server, meeting);
	});
});

describe('who makes meetings', { concurrency: true }, () => {
	test('whoever reaches a try-out', async () => {
		assert.equal((await server.post('/api/meetings')).status, 201);
		assert.match(server.log, / access=open$/m);
	});

	test('with access = staff, who has a key', async () => {
		const own = await Server.start({ access: 'staff' });
		const { key } = await makeKey(own, 'create');
		const refused = await own.post('/api/meetings');

		assert.equal(refused.status, 401);
		assert.equal(refused.json.type, 'urn:paravent:error:unauthorized');
		assert.equal(refused.headers['www-authenticate'], 'Bearer');
		assert.equal((await own.post('/api/meetings', { token: 'x' })).status, 401);
		const made = await own.post('/api/meetings', { token: key });
		assert.equal(made.status, 201);
		/* what is made is open to those who have its link */
		const meeting = { id: made.json.meetingId };
		assert.equal((await own.get(`/api/meetings/${meeting.id}`)).status, 200);
		await new Voice(own, meeting).knocks();
		assert.equal((await own.get(`/join/${meeting.id}`)).status, 200);
		assert.equal((await own.get('/')).status, 200);
		await own.strike();
	});

	test('staff alone, where patients come from elsewhere', async () => {
		const own = await Server.start({ 'public-url': 'https://visit.example' });

		assert.equal((await own.post('/api/meetings')).status, 401);
		assert.match(own.log, / access=staff$/m);
		const { stdout } = await paravent('check', '-c', own.confFile);
		assert.match(stdout, /^access: staff$/m);
		own.conf.access = 'open';
		own.writeConf();
		assert.match((await paravent('check', '-c', own.confFile)).stdout,
			/^access: open \(whoever reaches the server makes meetings\)$/m);
		await own.strike();
	});
});

describe('who may frame what', { concurrency: true }, () => {
	const ancestors = ({ headers }) => /frame-ancestors ([^;]*)/.exec(
		headers['content-security-policy'])[1];

	test('nobody anything, where nobody was named', async () => {
		const { id } = await server.meeting();

		for (const path of ['/', `/join/${id}`, '/x', `/api/meetings/${id}`]) {
			const answer = await server.get(path);

			assert.equal(ancestors(answer), '\'none\'', path);
			assert.equal(answer.headers['x-frame-options'], 'DENY', path);
		}
	});

	test('sites that were named, a visit, and nothing else', async () => {
		const own = await Server.start({ 'embed-origin': [
			'https://Dashboard.example', 'http://localhost:8000'] });
		const { id } = await own.meeting();
		const visit = await own.get(`/join/${id}`);
		const again = await own.get(`/join/${id}`,
			{ headers: { 'if-none-match': visit.headers.etag } });

		assert.equal(again.status, 304);
		for (const answer of [visit, again]) {
			assert.equal(ancestors(answer),
				'https://dashboard.example http://localhost:8000');
			assert.ok(!('x-frame-options' in answer.headers));
		}
		for (const path of ['/', '/x', '/join', `/api/meetings/${id}`,
			`/join/../api/meetings/${id}`]) {
			const answer = await own.get(path);

			assert.equal(ancestors(answer), '\'none\'', path);
			assert.equal(answer.headers['x-frame-options'], 'DENY', path);
		}
		own.conf['embed-origin'] = [];
		own.writeConf();
		own.child.kill('SIGHUP');
		while (!/server reloaded/.test(own.log))
			await sleep(10);
		assert.equal(ancestors(await own.get(`/join/${id}`)), '\'none\'');
		await own.strike();
	});
});

describe('what people keep of a visit', { concurrency: true }, () => {
	test('its entry for a calendar', async () => {
		const meeting = await server.meeting({ title: 'Knee; left, again',
			startsAt: inTime(60), durationMinutes: 30 });
		const at = `/api/meetings/${meeting.id}`;
		const { status, headers, text } = await server.get(`${at}/calendar.ics`);
		const stamp = (ms) => new Date(ms).toISOString().replace(/\.\d+|[-:]/g, '');
		const lines = text.replaceAll('\r\n ', '').split('\r\n');

		assert.equal(status, 200);
		assert.equal(headers['content-type'], 'text/calendar; charset=utf-8');
		assert.equal(headers['content-disposition'],
			'attachment; filename="visit.ics"');
		const starts = Date.parse(meeting.startsAt);
		for (const line of [`UID:${meeting.id}@127.0.0.1`, 'SEQUENCE:1',
			`DTSTART:${stamp(starts)}`, `DTEND:${stamp(starts + 30 * MINUTE)}`,
			'SUMMARY:Knee\\; left\\, again', `URL:${meeting.joinUrl}`,
			'METHOD:PUBLISH', 'STATUS:CONFIRMED'])
			assert.ok(lines.includes(line), `${line} in ${text}`);
		await server.call('PATCH', at, { token: meeting.token,
			json: { durationMinutes: 45 } });
		const moved = (await server.get(`${at}/calendar.ics`)).text;
		assert.ok(moved.includes('\r\nSEQUENCE:2\r\n'));
		assert.ok(moved.includes(`\r\nDTEND:${stamp(starts + 45 * MINUTE)}\r\n`));
		await server.call('DELETE', at, { token: meeting.token });
		assert.ok((await server.get(`${at}/calendar.ics`)).text
			.includes('\r\nSTATUS:CANCELLED\r\n'));
	});

	test('its link as a QR code', async () => {
		const meeting = await server.meeting();
		const { status, headers, text } = await server.get(
			`/api/meetings/${meeting.id}/qr.svg`);

		assert.equal(status, 200);
		assert.equal(headers['content-type'], 'image/svg+xml');
		assert.match(text, /^<svg [^<]*><path [^<]*\/><path [^<]*\/><\/svg>\n$/);
		assert.ok(!text.includes(meeting.token));
	});

	test('nothing of one that is not there', async () => {
		for (const what of ['calendar.ics', 'qr.svg']) {
			const nowhere = `/api/meetings/${'A'.repeat(22)}/${what}`;

			assert.equal((await server.get(nowhere)).status, 404);
			assert.equal((await server.post(nowhere)).status, 405);
		}
	});
});
