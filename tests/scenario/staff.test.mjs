/**
 * The practice's staff: how accounts are made, who may what, and who stays outside.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { addStaff, ask, cookieOf, makeKey, makeStaff, useLink } from './apikeys.mjs';
import { BINARY, PATIENCE_MS, Server, paravent, sleep } from './stage.mjs';

const ALLOWED = 'https://dashboard.example';
const PASSWORD = 'correct horse';

let server;

before(async () => {
	server = await Server.start({ 'allowed-origins': [ALLOWED] });
});

after(() => server.strike());

function staff(...words)
{
	return paravent('staff', ...words, '-c', server.confFile);
}

/* With something on stdin. */
function staffReading(input, ...words)
{
	return new Promise((resolve) => {
		const child = execFile(BINARY, ['staff', ...words, '-c', server.confFile],
			(err, stdout, stderr) => resolve({ code: err ? err.code : 0,
				stdout, stderr }));

		child.stdin.end(input);
	});
}

function signIn(username, password, options)
{
	return server.post('/api/session', { json: { username, password }, ...options });
}

async function signedIn(username, password = PASSWORD)
{
	const answer = await signIn(username, password);

	assert.equal(answer.status, 204, answer.text);
	return cookieOf(answer);
}

async function isIn(cookie)
{
	const { status } = await server.get('/api/session', { cookie });

	assert.ok(status == 200 || status == 401, `${status}`);
	return status == 200;
}

async function factsOf(name)
{
	const { stdout } = await paravent('log', 'export', '-c', server.confFile);

	return stdout.trim().split('\n').map((line) => JSON.parse(line))
		.filter((fact) => fact.stream == `staff/${name}`);
}

/* A 401 does not wait for its fact. */
async function factsCome(name, reason, count)
{
	let found;

	for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(100)) {
		found = (await factsOf(name)).filter(({ kind, data }) =>
			kind == 'staff.refused' && data.reason == reason).length;
		if (found == count)
			return;
	}
	throw new Error(`${found} facts of ${reason}, not ${count}`);
}

describe('paravent staff', () => {
	test('a link is good once, and sets a password', async () => {
		const made = await staff('add', 'anna', '--role', 'host,audit');

		assert.equal(made.code, 0, made.stderr);
		assert.match(made.stdout, /^http:\/\/127\.0\.0\.1:\d+\/staff#invite=anna\.[\w-]{22}\n$/);
		assert.match(made.stderr, /not shown again, is good once, and until 20/);
		const invite = made.stdout.trim().split('#invite=')[1];

		const first = await server.post('/api/session/invite',
			{ json: { invite, password: PASSWORD } });
		assert.equal(first.status, 204, first.text);
		assert.equal(first.body.length, 0);
		assert.match(first.headers['set-cookie'][0],
			/^__Host-paravent=[\w-]{22}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
		assert.equal(first.headers['cache-control'], 'no-store');
		const me = await server.get('/api/session', { cookie: cookieOf(first) });
		assert.deepEqual({ ...me.json, expiresAt: 0 },
			{ username: 'anna', roles: ['audit', 'host'], expiresAt: 0 });
		const left = Date.parse(me.json.expiresAt) - Date.now();
		assert.ok(left > 11.9 * 3600e3 && left <= 12 * 3600e3);

		const again = await server.post('/api/session/invite',
			{ json: { invite, password: 'another horse' } });
		const never = await server.post('/api/session/invite',
			{ json: { invite: `otto${invite.slice(4)}`, password: 'another horse' } });
		assert.equal(again.status, 401);
		assert.equal(again.text, never.text);
		assert.equal((await signIn('anna', 'another horse')).status, 401);
		assert.equal((await signIn('anna', PASSWORD)).status, 204);
		/* telephones mean well */
		assert.equal((await signIn('Anna ', PASSWORD)).status, 204);
	});

	test('a new link ends the one before, and then all sessions', async () => {
		const old = await addStaff(server, 'bea');
		const next = (await ask(server, 'POST', '/admin/staff/bea/invite')).link
			.split('#invite=')[1];

		await assert.rejects(useLink(server, old, PASSWORD), /401/);
		const cookie = await useLink(server, next, PASSWORD);
		const forgot = (await staff('invite', 'bea', '--json'));
		const link = JSON.parse(forgot.stdout).link.split('#invite=')[1];
		/* until it is used nothing changes */
		assert.ok(await isIn(cookie));
		assert.equal((await signIn('bea', PASSWORD)).status, 204);
		const fresh = await useLink(server, link, 'another horse');
		assert.ok(!await isIn(cookie));
		assert.ok(await isIn(fresh));
		assert.equal((await signIn('bea', PASSWORD)).status, 401);
		assert.equal((await signIn('bea', 'another horse')).status, 204);
	});

	test('passwd reads from stdin, and ends sessions and links', async () => {
		const cookie = await makeStaff(server, 'cleo', PASSWORD);
		const link = (await ask(server, 'POST', '/admin/staff/cleo/invite')).link;
		const set = await staffReading('battery staple\nand more\n', 'passwd', 'cleo');

		assert.equal(set.code, 0, set.stderr);
		assert.ok(!await isIn(cookie));
		assert.equal((await signIn('cleo', 'battery staple')).status, 204);
		await assert.rejects(useLink(server, link.split('#invite=')[1], PASSWORD), /401/);
		for (const [input, sentence] of [
			['', /no password was given/],
			['short\n', /at least 10 characters/],
			[`${'x'.repeat(257)}\n`, /at most 256 characters/],
			[`${'x'.repeat(600)}\n`, /at most 511 bytes/],
		]) {
			const { code, stderr } = await staffReading(input, 'passwd', 'cleo');

			assert.equal(code, 1);
			assert.match(stderr, sentence);
		}
		assert.equal((await signIn('cleo', 'battery staple')).status, 204);
	});

	test('disable, enable, signout, role and remove hold at once', async () => {
		let cookie = await makeStaff(server, 'dora', PASSWORD, 'audit');

		assert.equal((await server.get('/api/events', { cookie })).status, 200);
		assert.equal((await server.get('/api/meetings', { cookie })).status, 403);
		assert.equal((await staff('role', 'dora', 'host')).code, 0);
		assert.equal((await server.get('/api/events', { cookie })).status, 403);
		assert.equal((await server.get('/api/meetings', { cookie })).status, 200);

		assert.equal((await staff('disable', 'dora')).code, 0);
		assert.ok(!await isIn(cookie));
		const shut = await signIn('dora', PASSWORD);
		const wrong = await signIn('dora', 'wrong horse!');
		assert.equal(shut.status, 401);
		assert.equal(shut.text, wrong.text);
		assert.equal((await staff('enable', 'dora')).code, 0);
		assert.ok(!await isIn(cookie));
		cookie = await signedIn('dora');

		assert.equal((await staff('signout', 'dora')).code, 0);
		assert.ok(!await isIn(cookie));
		cookie = await signedIn('dora');
		assert.equal((await staff('remove', 'dora')).code, 0);
		assert.ok(!await isIn(cookie));
		assert.equal((await signIn('dora', PASSWORD)).status, 401);
		/* somebody else of that name does not inherit the password */
		const invite = await addStaff(server, 'dora');
		assert.equal((await signIn('dora', PASSWORD)).status, 401);
		await useLink(server, invite, 'battery staple');

		const kinds = (await factsOf('dora')).map(({ kind, actor, data }) =>
			`${kind} ${actor} ${JSON.stringify(data)}`);
		assert.deepEqual(kinds.filter((kind) => !/invited/.test(kind)), [
			'staff.added admin {"roles":"audit"}',
			'staff.changed staff:dora {"password":true}',
			'staff.signed_in staff:dora {}',
			'staff.changed admin {"roles":"host"}',
			'staff.changed admin {"disabled":true}',
			'staff.refused server {"reason":"disabled"}',
			'staff.refused server {"reason":"disabled"}',
			'staff.changed admin {"disabled":false}',
			'staff.signed_in staff:dora {}',
			'staff.signed_out admin {"everywhere":true}',
			'staff.signed_in staff:dora {}',
			'staff.removed admin {}',
			'staff.added admin {"roles":"host"}',
			'staff.refused server {"reason":"password"}',
			'staff.changed staff:dora {"password":true}',
			'staff.signed_in staff:dora {}',
		]);
	});

	test('list shows who is there', async () => {
		await addStaff(server, 'zoe', 'admin');
		const { stdout } = await staff('list');
		const { items } = JSON.parse((await staff('list', '--json')).stdout);

		assert.match(stdout, /^NAME +ROLES +ADDED +SESSIONS +STATE\n/);
		assert.match(stdout, /^zoe +admin +20\S+ +0 +invited$/m);
		const names = items.map(({ name }) => name);
		assert.deepEqual(names, [...names].sort());
		const zoe = items.find(({ name }) => name == 'zoe');
		assert.deepEqual(Object.keys(zoe), ['name', 'roles', 'disabled', 'addedAt',
			'invitedUntil', 'sessions']);
		const left = Date.parse(zoe.invitedUntil) - Date.now();
		assert.ok(left > 71.9 * 3600e3 && left <= 72 * 3600e3);
	});

	test('what is wrong is told', async () => {
		for (const [words, sentence] of [
			[['add', 'anna'], /There is such an account/],
			[['add', 'Anna'], /1 to 32 characters of a-z/],
			[['add', '../anna'], /1 to 32 characters of a-z/],
			[['add', 'new', '--role', 'king'], /roles are admin, audit and host/],
			[['add', 'new', '--role', 'host,host'], /each once/],
			[['role', 'anna', 'nothing'], /roles are admin, audit and host/],
			[['invite', 'nobody'], /no such account/],
			[['remove', 'nobody'], /no such account/],
			[['disable', '..'], /1 to 32 characters/],
		]) {
			const { code, stderr } = await staff(...words);

			assert.equal(code, 1, words.join(' '));
			assert.match(stderr, sentence, words.join(' '));
		}
		for (const words of [['add'], ['list', 'x'], ['role', 'anna'], ['king', 'x'], []])
			assert.equal((await staff(...words)).code, 2, words.join(' '));
	});
});

describe('who may what', () => {
	const cookies = {};
	let visit;

	before(async () => {
		for (const role of ['host', 'audit', 'admin'])
			cookies[role] = await makeStaff(server, `only.${role}`, PASSWORD, role);
		visit = await server.meeting({ title: 'First visit' });
	});

	test('each call, each role', async () => {
		const other = await server.meeting();
		const over = await server.meeting();

		await server.post(`/api/meetings/${over.id}/end`, { token: over.token });
		for (const [method, path, host, audit, admin] of [
			['GET', '/api/meetings', 200, 403, 200],
			['POST', '/api/meetings', 201, 403, 201],
			['PATCH', `/api/meetings/${visit.id}`, 200, 403, 200],
			['GET', `/api/meetings/${visit.id}/events`, 200, 200, 200],
			['GET', `/api/meetings/${visit.id}/report`, 200, 200, 200],
			['GET', '/api/events', 403, 200, 200],
			['DELETE', `/api/meetings/${over.id}/personal-data`, 403, 403, 204],
			['POST', `/api/meetings/${over.id}/end`, 409, 403, 409],
			['DELETE', `/api/meetings/${other.id}`, 204, 403, 409],
			['GET', '/api/meetings/AAAAAAAAAAAAAAAAAAAAAA/events', 404, 404, 404],
		]) {
			const answers = { host, audit, admin };

			for (const [role, status] of Object.entries(answers)) {
				const cookie = cookies[role];
				const answer = await server.call(method, path, { cookie });

				assert.equal(answer.status, status, `${role} ${method} ${path}`);
			}
			assert.equal((await server.call(method, path)).status == 401,
				path != '/api/meetings' || method == 'GET', `${method} ${path}`);
		}
	});

	test('hosts see all of a meeting, auditors the public part of it', async () => {
		const of = async (cookie) => (await server.get(`/api/meetings/${visit.id}`,
			{ cookie })).json;

		assert.equal((await of(cookies.host)).participants, 0);
		assert.equal((await of(cookies.audit)).participants, undefined);
		const events = async (cookie) => (await server.get(
			`/api/meetings/${visit.id}/events`, { cookie })).json.items[0];
		assert.deepEqual((await events(cookies.host)).personal, { title: 'First visit' });
		assert.equal((await events(cookies.audit)).personal, undefined);
		assert.equal((await events(cookies.audit)).actor, 'open');
		const made = await server.post('/api/meetings', { cookie: cookies.host });
		const [fact] = (await server.get(`/api/meetings/${made.json.meetingId}/events`,
			{ cookie: cookies.host })).json.items;
		assert.equal(fact.actor, 'staff:only.host');
	});

	test('where there is a Bearer, the cookie does not count', async () => {
		const { key } = await makeKey(server, 'audit');

		assert.equal((await server.get('/api/meetings',
			{ cookie: cookies.admin, token: 'x' })).status, 401);
		assert.equal((await server.get('/api/meetings',
			{ cookie: cookies.admin, token: key })).status, 403);
		assert.equal((await server.get('/api/meetings', { cookie: cookies.admin,
			headers: { authorization: 'Basic YTpi' } })).status, 401);
		/* nor for the session itself, where another Origin may come with it */
		for (const [method, path, body] of [['GET', '/api/session'],
			['DELETE', '/api/session'], ['DELETE', '/api/session?everywhere=true'],
			['POST', '/api/session/password', { password: 'x', newPassword: PASSWORD }]])
			await server.call(method, path, { cookie: cookies.admin, token: 'x',
				json: body, headers: { origin: ALLOWED } })
				.then(({ status }) => assert.equal(status,
					method == 'DELETE' ? 204 : 401, path));
		assert.ok(await isIn(cookies.admin));
	});

	test('a stream of events ends with the session', async () => {
		const cookie = await signedIn('only.audit');
		const ended = server.get('/api/events', { cookie,
			headers: { accept: 'text/event-stream' } });

		await sleep(100);
		assert.equal((await server.call('DELETE', '/api/session', { cookie })).status, 204);
		await server.meeting();
		assert.match((await ended).text, /^event: staff.signed_out$/m);
	});
});

describe('what rides on the cookie', () => {
	let cookie;

	before(async () => {
		cookie = await makeStaff(server, 'erna', PASSWORD);
	});

	test('changes nothing without the Origin of this site', async () => {
		const port = server.port;

		for (const origin of [undefined, 'null', '', 'https://127.0.0.1', ALLOWED,
			'http://127.0.0.1', `https://127.0.0.1:${port}`,
			`http://127.0.0.1:${port}.evil.example`, `http://evil.127.0.0.1:${port}`,
			`http://127.0.0.1:${port}/`, `http://127.0.0.1:${port}0`,
			`http://127.0.0.1:${port}, http://evil.example`, `HTTP://127.0.0.1:${port}`,
			`http://127.0.0.1.nip.io:${port}`, `http://localhost:${port}`,
			'file://', 'http://evil.example']) {
			const headers = origin === undefined ? { cookie } : { cookie, origin };

			for (const [method, path] of [['POST', '/api/meetings'],
				['DELETE', '/api/session'], ['POST', '/api/session/password']]) {
				const answer = await server.call(method, path, { headers });

				assert.equal(answer.status, 403, `${origin} ${method} ${path}`);
			}
		}
		assert.ok(await isIn(cookie));
		assert.equal((await server.post('/api/meetings', { cookie })).status, 201);
		/* as localhost, asked for as localhost */
		assert.equal((await server.post('/api/meetings', { headers: { cookie,
			host: `localhost:${port}`, origin: `http://localhost:${port}` } })).status, 201);
		/* a page whose own name points at us */
		assert.equal((await server.post('/api/meetings', { headers: { cookie,
			host: 'evil.example', origin: 'http://evil.example' } })).status, 403);
		/* a program has no cookie, and no Origin */
		assert.equal((await server.post('/api/meetings')).status, 201);
	});

	test('is JSON: a form of another site gets nowhere', async () => {
		for (const type of ['text/plain', 'application/x-www-form-urlencoded',
			'multipart/form-data; boundary=x', 'application/jsonx', undefined]) {
			const headers = { origin: server.origin, cookie };
			const body = JSON.stringify({ username: 'erna', password: PASSWORD });

			if (type)
				headers['content-type'] = type;
			assert.equal((await server.post('/api/meetings', { body: '{}', headers }))
				.status, 415, type);
			for (const path of ['', '/invite', '/password'])
				assert.equal((await server.post(`/api/session${path}`,
					{ body, headers })).status, 415, `${path} ${type}`);
		}
	});

	test('is asked for by GET, and changes nothing', async () => {
		for (const path of ['/api/session?everywhere=true', '/api/session/password',
			'/api/session/invite'])
			await server.get(path, { cookie });
		assert.ok(await isIn(cookie));
	});
});

describe('a session', () => {
	test('is never one that the browser brought', async () => {
		const planted = '__Host-paravent=AAAAAAAAAAAAAAAAAAAAAA';
		const invite = await addStaff(server, 'fritz');
		const first = await useLink(server, invite, PASSWORD);
		const answer = await signIn('fritz', PASSWORD, { cookie: planted });
		const second = cookieOf(answer);

		assert.equal(answer.status, 204);
		assert.ok(!await isIn(planted));
		assert.notEqual(second, planted);
		assert.notEqual(second, first);
		/* signing in again ends none and changes none */
		assert.ok(await isIn(first) && await isIn(second));
		for (const cookie of [`${second}; ${second}`, `${planted}; ${second}`,
			`${second}A`, second.slice(0, -1), second.replace('__Host-', ''),
			second.replace('=', ' ='), `"${second}"`, `${second}; __Host-paravent`,
			second.toLowerCase(), '__Host-paravent=', '']) {
			const { status } = await server.get('/api/session',
				{ headers: { cookie } });

			if (status == 200)
				assert.match(cookie, /; __Host-paravent$/);
		}
		assert.ok(await isIn(`a=b; ${second}; c=d`));
	});

	test('ends alone, or everywhere', async () => {
		const a = await signedIn('fritz');
		const b = await signedIn('fritz');
		const out = await server.call('DELETE', '/api/session', { cookie: a });

		assert.equal(out.status, 204);
		assert.match(out.headers['set-cookie'][0], /^__Host-paravent=; Max-Age=0; Path=\//);
		assert.ok(!await isIn(a));
		assert.ok(await isIn(b));
		assert.equal((await server.call('DELETE', '/api/session', { cookie: a })).status, 204);
		assert.equal((await server.call('DELETE', '/api/session?everywhere=1',
			{ cookie: b })).status, 422);
		const c = await signedIn('fritz');
		assert.equal((await server.call('DELETE', '/api/session?everywhere=true',
			{ cookie: b })).status, 204);
		assert.ok(!await isIn(b) && !await isIn(c));
	});

	test('is a new one with a new password', async () => {
		const mine = await signedIn('fritz');
		const other = await signedIn('fritz');
		const change = (password, newPassword, cookie = mine) =>
			server.post('/api/session/password',
				{ json: { password, newPassword }, cookie });

		const wrong = await change('wrong horse!', 'battery staple');
		assert.equal(wrong.status, 422);
		assert.equal(wrong.json.errors[0].field, 'password');
		const short = await change(PASSWORD, 'short');
		assert.equal(short.status, 422);
		assert.equal(short.json.errors[0].field, 'newPassword');
		assert.ok(await isIn(mine) && await isIn(other));
		const done = await change(PASSWORD, 'battery staple');
		assert.equal(done.status, 204, done.text);
		assert.ok(!await isIn(mine) && !await isIn(other));
		assert.ok(await isIn(cookieOf(done)));
		assert.equal((await signIn('fritz', PASSWORD)).status, 401);
		assert.equal((await signIn('fritz', 'battery staple')).status, 204);
		assert.equal((await change('battery staple', PASSWORD, mine)).status, 401);
	});

	test('outlives the server, and its end does too', async () => {
		const stays = await makeStaff(server, 'gerda', PASSWORD);
		const ends = await signedIn('gerda');
		const gone = await makeStaff(server, 'hugo', PASSWORD);

		await server.call('DELETE', '/api/session', { cookie: ends });
		await ask(server, 'POST', '/admin/staff/hugo/disable');
		await server.kill();
		await server.up();
		assert.ok(await isIn(stays));
		assert.ok(!await isIn(ends));
		assert.ok(!await isIn(gone));
		await server.stop();
		await server.up();
		assert.ok(await isIn(stays));
		await ask(server, 'POST', '/admin/staff/hugo/enable');
		assert.ok(!await isIn(gone));
		assert.equal((await signIn('hugo', PASSWORD)).status, 204);
	});

	test('does not come of a password that was judged too late', async () => {
		await makeStaff(server, 'otto', PASSWORD);
		/* the doorkeeper is busy, so the right one waits behind these */
		const busy = Array.from({ length: 12 }, (_, i) =>
			signIn('nobody', PASSWORD, { from: `127.0.6.${i + 1}` }));
		const late = signIn('otto', PASSWORD);

		await sleep(20);
		await ask(server, 'POST', '/admin/staff/otto/signout');
		assert.equal((await late).status, 401);
		await Promise.all(busy);
		assert.equal((await signIn('otto', PASSWORD)).status, 204);
	});

	test('is one of twenty', async () => {
		const first = await makeStaff(server, 'ilse', PASSWORD);
		const all = [];

		for (let i = 0; i < 20; i++)
			all.push(await signedIn('ilse'));
		assert.ok(!await isIn(first));
		for (const cookie of all)
			assert.ok(await isIn(cookie));
	});
});

describe('who guesses', () => {
	const wrong = (i) => `wrong horse ${i}`;

	test('is stopped after five, and only there', async () => {
		const there = { from: '127.0.0.2' };
		let tries = 0;
		let answer;

		await makeStaff(server, 'jana', PASSWORD);
		/* a machine so slow that two seconds pass meanwhile lets one more try */
		while ((answer = await signIn('jana', wrong(tries), there)).status == 401 &&
			tries < 12)
			tries++;
		assert.equal(answer.status, 429);
		assert.ok(tries >= 5 && tries < 12, `${tries}`);
		const wait = Number(answer.headers['retry-after']);
		assert.ok(wait >= 1 && wait <= 2 ** (tries - 4), `${wait} after ${tries}`);
		assert.equal((await signIn('jana', PASSWORD, there)).status, 429);
		assert.equal((await signIn('jana', PASSWORD, { from: '127.0.0.3' })).status, 204);
		await sleep(wait * 1000 + 50);
		assert.equal((await signIn('jana', wrong(99), there)).status, 401);
		answer = await signIn('jana', PASSWORD, there);
		assert.equal(answer.status, 429);
		await factsCome('jana', 'password', tries + 1);
		await factsCome('jana', 'too-fast', 3);
	});

	test('gets nowhere with hundreds, and shuts nobody out', async (t) => {
		const counts = {};
		const lags = [];
		let going = true;

		await makeStaff(server, 'kurt', PASSWORD);
		const watch = (async () => {
			while (going) {
				const start = performance.now();

				await server.get('/healthz');
				lags.push(performance.now() - start);
				await sleep(5);
			}
		})();
		await Promise.all(Array.from({ length: 8 }, async (_, n) => {
			for (let i = 0; i < 50; i++) {
				const { status } = await signIn('kurt', wrong(i),
					{ from: `127.0.1.${n * 5 + i % 5 + 1}` });

				counts[status] = (counts[status] ?? 0) + 1;
			}
		}));
		going = false;
		await watch;
		assert.equal(counts[204], undefined);
		assert.equal(counts[401] + counts[429], 400);
		const start = performance.now();
		let answer = await signIn('kurt', PASSWORD, { from: '127.0.2.1' });
		if (answer.status == 429) {	/* the queue was full */
			await sleep(2000);
			answer = await signIn('kurt', PASSWORD, { from: '127.0.2.1' });
		}
		assert.equal(answer.status, 204);
		lags.sort((a, b) => a - b);
		t.diagnostic(`${JSON.stringify(counts)}; the right one took ` +
			`${Math.round(performance.now() - start)} ms; /healthz meanwhile: median ` +
			`${lags[lags.length >> 1].toFixed(1)} ms, worst ${lags.at(-1).toFixed(1)} ms`);
	});

	test('is counted by the address that a trusted proxy names', async () => {
		const own = await Server.start({ 'trusted-proxy': ['127.0.0.1/32'],
			'public-url': 'https://visits.example.org' });
		const from = (address, password) => own.post('/api/session', {
			json: { username: 'nina', password },
			headers: { 'x-forwarded-for': address } });

		await makeStaff(own, 'nina', PASSWORD);
		for (let i = 0; i < 12; i++)
			await from('198.51.100.7', wrong(i));
		assert.equal((await from('198.51.100.7', PASSWORD)).status, 429);
		assert.equal((await from('198.51.100.8', PASSWORD)).status, 204);
		await own.strike();
	});

	test('does not learn from the time which names there are', async (t) => {
		const took = { anna: [], nobody: [] };
		const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

		for (let i = 0; i < 20; i++) {
			const names = Object.keys(took);

			for (const name of i % 2 ? names : names.reverse()) {
				const start = performance.now();
				const { status } = await signIn(name, wrong(i),
					{ from: `127.0.3.${1 + (i >> 2)}` });

				assert.equal(status, 401);
				took[name].push(performance.now() - start);
			}
		}
		t.diagnostic(`medians: known ${median(took.anna).toFixed(1)} ms, ` +
			`unknown ${median(took.nobody).toFixed(1)} ms`);
		assert.equal((await factsOf('nobody')).length, 0);
	});

	test('is refused in one text, whatever is sent', async () => {
		const texts = new Set();

		for (const [username, password] of [['anna', 'wrong horse!'], ['nobody', PASSWORD],
			['', PASSWORD], ['anna', ''], ['a'.repeat(200), PASSWORD], ['änna', PASSWORD],
			['anna\n', PASSWORD]]) {
			const answer = await signIn(username, password, { from: '127.0.4.1' });

			assert.equal(answer.status, 401, username);
			texts.add(answer.text);
			assert.equal(answer.headers['set-cookie'], undefined);
		}
		assert.equal(texts.size, 1);
		for (const [body, status] of [['', 400], ['[]', 400], ['{', 400], ['{}', 422],
			['{"username":"anna"}', 422], ['{"username":1,"password":"x"}', 422],
			['{"username":"a","username":"b","password":"c"}', 400],
			['{"username":"a","password":"b","c":1}', 422],
			['{"username":"a","password":"\\u0000"}', 422],
			[JSON.stringify({ username: 'anna', password: 'x'.repeat(1000) }), 422],
			[JSON.stringify({ username: 'x'.repeat(70000), password: 'x' }), 413]]) {
			const answer = await server.post('/api/session', { body,
				headers: { 'content-type': 'application/json' } });

			assert.equal(answer.status, status, body.slice(0, 60));
		}
		for (const path of ['/api/session/x', '/api/sessions', '/api/session/'])
			assert.equal((await server.post(path, { json: {} })).status, 404, path);
		assert.equal((await server.call('PUT', '/api/session', { json: {} })).status, 405);
		assert.equal((await server.call('DELETE', '/api/session/invite')).status, 405);
	});
});

test('without staff.db all are invited again', async () => {
	const old = await makeStaff(server, 'lena', PASSWORD);

	await server.stop();
	fs.rmSync(path.join(server.stateDir, 'staff.db'));
	await server.up();
	assert.ok(!await isIn(old));
	assert.equal((await signIn('lena', PASSWORD)).status, 401);
	const { stdout } = await staff('invite', 'lena');
	await useLink(server, stdout.trim().split('#invite=')[1], PASSWORD);
	assert.equal((await signIn('lena', PASSWORD)).status, 204);
});
