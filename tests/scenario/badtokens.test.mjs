/**
 * Tokens of other systems: 140 bad ones, over HTTP and over the WebSocket, open nothing
 * and are remembered with their reason; good ones open what they say and nothing else.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { makeKey } from './apikeys.mjs';
import { Server, confText, paravent, sleep, temporary } from './stage.mjs';
import { claims, dashboard, secretFile, seconds, signed, table, tokenOf }
	from './tokens.mjs';
import { Voice, host } from './voice.mjs';

const SECRET = table.good.secret;
const stages = [];

async function stage(conf)
{
	const server = await Server.start(conf);

	stages.push(server);
	return server;
}

after(() => Promise.all(stages.map((server) => server.strike())));

/** All facts behind `after`. */
async function facts(server, key, after = 0)
{
	const all = [];

	for (let next = after; next !== null; ) {
		const page = (await server.get(`/api/events?limit=200&after=${next}`,
			{ token: key })).json;

		all.push(...page.items);
		next = page.next;
	}
	return all;
}

/** The same once there are `count` refusals: nobody waits until they are on disk. */
async function refusals(server, key, after, count)
{
	for (let i = 0; ; i++) {
		const all = await facts(server, key, after);
		const refused = all.filter(({ kind }) => kind == 'token.refused');

		if (refused.length >= count || i == 1000)
			return { refused, others: all.length - refused.length };
		await sleep(20);
	}
}

/** Joins with the token; the close code. */
async function closedWith(server, meeting, token)
{
	const voice = await new Voice(server, meeting).open();

	voice.joins({ token });
	return (await voice.closed()).code;
}

describe('bad tokens', () => {
	let server, meeting, audit;

	before(async () => {
		server = await stage({
			'issuer "dashboard"': dashboard(temporary()) });
		meeting = await server.meeting();
		audit = (await makeKey(server, 'audit')).key;
	});

	test('the good one is good', async () => {
		const token = tokenOf({}, meeting.id);
		const answer = await server.post(`/api/meetings/${meeting.id}/end`,
			{ token });

		assert.equal(answer.status, 403, 'a guest may not');
		await new Voice(server, meeting).knocks({ token });
	});

	test('all are refused, in both places, each for its reason', async () => {
		const start = (await facts(server, audit)).at(-1).seq;
		const wanted = [], bodies = new Set();

		assert.ok(table.bad.length >= 86);
		for (const row of table.bad) {
			const token = tokenOf(row, meeting.id);

			/* what HTTP itself cannot carry comes by the socket alone */
			if (!/[\n\u0080-\u00ff]/.test(token)) {
				const answer = await server.post(
					`/api/meetings/${meeting.id}/end`, { token });

				assert.equal(answer.status, row.only ? 404 : 401, row.name);
				if (!row.only) {
					assert.equal(answer.headers['www-authenticate'],
						'Bearer', row.name);
					bodies.add(answer.text);
				}
				wanted.push(`${row.reason} http ${row.name}`);
			}
			assert.equal(await closedWith(server, meeting, token), 4401,
				row.name);
			wanted.push(`${row.reason} socket ${row.name}`);
		}
		assert.equal(bodies.size, 1, 'one answer for all');

		const { refused, others } = await refusals(server, audit, start,
			wanted.length);
		const heard = refused.map(({ data }, i) => `${data.reason} ${data.via} ${
			wanted[i]?.split(' ').slice(2).join(' ')}`);

		assert.deepEqual(heard, wanted);
		assert.equal(others, 0, 'nobody came in, nothing happened');
	});

	test('no token and no secret is in the log', () => {
		assert.doesNotMatch(server.log, /eyJ/);
		assert.ok(!server.log.includes(SECRET));
	});
});

describe('good tokens', () => {
	const rsa = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
	const ec = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
	const pem = (key) => key.export({ type: 'spki', format: 'pem' });
	const seedSecret = 'the-seeds-call-this-VIDEO_JWT_SECRET';
	let server, meeting, other;

	before(async () => {
		const dir = temporary();
		const file = (name, key) => secretFile(dir, name, pem(key).trim());

		server = await stage({
			'issuer "dashboard"': dashboard(dir),
			'issuer "jitsi"': { dialect: 'jitsi', algorithm: 'RS256',
				issuer: 'jitsi', audience: 'jitsi', 'key-id': 'k-1',
				'public-key-file': file('rsa.pem', rsa.publicKey) },
			'issuer "curve"': { dialect: 'native', algorithm: 'ES256',
				issuer: 'curve', audience: 'paravent',
				'public-key-file': file('ec.pem', ec.publicKey) },
			'issuer "seed"': { dialect: 'carepulse', algorithm: 'HS256',
				'secret-file': secretFile(dir, 'seed.secret', seedSecret) },
		});
		meeting = await server.meeting();
		other = await server.meeting();
	});

	const jitsi = (room, user) => ({ iss: 'jitsi', aud: ['jitsi', 'x'], sub: '*', room,
		exp: seconds(60), context: { user, features: { recording: false } } });
	const seed = (role) => ({ sub: 'doc_456', sessionId: meeting.id,
		roomName: `room_${meeting.id}`, role, permissions: ['participant'],
		iat: seconds(), exp: seconds(3600) });

	test('native enters as host and as guest', async () => {
		const doctor = await new Voice(server, meeting).enters({
			token: signed(claims(meeting.id, { host: true }), SECRET) });

		assert.equal(doctor.welcome.role, 'host');
		const patient = await new Voice(server, meeting).knocks({
			token: signed(claims(meeting.id), SECRET) });

		await doctor.hears('knock', { id: patient.id, name: 'Somebody' });
		doctor.says({ type: 'leave' });
		patient.says({ type: 'leave' });
		await Promise.all([doctor.closed(1000), patient.closed(1000)]);
	});

	test('Jitsi enters, with RS256, a kid, and moderator as text', async () => {
		const token = signed(jitsi('*', { moderator: 'true' }), rsa.privateKey,
			{ alg: 'RS256', kid: 'k-1' });
		const doctor = await new Voice(server, other).enters({ token });

		assert.equal(doctor.welcome.role, 'host');
		const patient = await new Voice(server, other).knocks({
			token: signed(jitsi(other.id, {}), rsa.privateKey,
				{ alg: 'RS256' }) });

		await doctor.hears('knock', { id: patient.id });
	});

	test('ES256 enters', async () => {
		const token = signed({ ...claims(meeting.id, { host: true }), iss: 'curve' },
			ec.privateKey, { alg: 'ES256' });

		assert.equal((await new Voice(server, meeting).enters({ token }))
			.welcome.role, 'host');
	});

	test('CarePulse enters as the seed makes its tokens', async () => {
		const doctor = await new Voice(server, meeting).enters({
			token: signed(seed('doctor'), seedSecret) });

		assert.equal(doctor.welcome.role, 'host');
		await new Voice(server, meeting).knocks({
			token: signed(seed('patient'), seedSecret) });
	});

	test('HS256 made from a public key is refused', async () => {
		for (const [iss, key] of [['jitsi', rsa.publicKey], ['curve', ec.publicKey]]) {
			for (const text of [pem(key), pem(key).trim()]) {
				const token = signed({ ...claims(meeting.id, { host: true }),
					iss, aud: iss == 'jitsi' ? iss : 'paravent' }, text);

				assert.equal(await closedWith(server, meeting, token), 4401);
			}
		}
	});

	test('a token under another issuer\'s key is refused', async () => {
		const wrong = [
			signed({ ...claims(meeting.id), iss: 'curve' }, SECRET),
			signed(claims(meeting.id), seedSecret),
			signed({ ...seed('doctor'), iss: 'dashboard', aud: 'paravent' }, SECRET),
			signed(jitsi(meeting.id, {}), ec.privateKey, { alg: 'ES256' }),
			signed(jitsi(meeting.id, {}), rsa.privateKey,
				{ alg: 'RS256', kid: 'k-2' }),
		];

		for (const token of wrong)
			assert.equal(await closedWith(server, meeting, token), 4401);
	});

	test('a token for one meeting opens no other', async () => {
		const token = signed(claims(meeting.id, { host: true }), SECRET);

		assert.equal(await closedWith(server, other, token), 4401);
		for (const id of [other.id, 'AAAAAAAAAAAAAAAAAAAAAA']) {
			const answer = await server.post(`/api/meetings/${id}/end`, { token });

			assert.equal(answer.status, 404);
		}
		const read = await server.get(`/api/meetings/${other.id}`, { token });

		assert.equal(read.json.participants, undefined, 'the public part');
	});

	test('a name that the token vouches for is the one that is shown', async () => {
		const place = await server.meeting();
		const doctor = await host(server, place);
		const token = signed(claims(place.id, { name: ' Maria Grün ' }), SECRET);
		const patient = await new Voice(server, place).knocks({
			name: 'Somebody else', token });

		await doctor.hears('knock', { id: patient.id, name: 'Maria Grün' });
		const sealed = await new Voice(server, place).open();

		sealed.says({ type: 'join', sealed: 'AAAA', token });
		const { id } = await sealed.hears('waiting');

		await doctor.hears('knock', { id, sealed: 'AAAA' });
	});

	test('who has a seat comes back after the token has expired', async () => {
		const place = await server.meeting();
		const token = signed({ ...claims(place.id), exp: seconds(-27) }, SECRET);
		const patient = await new Voice(server, place).knocks({ token });

		patient.cut();
		await sleep(4000);
		assert.equal(await closedWith(server, place, token), 4401, 'expired');
		const again = await new Voice(server, place).knocks({ token,
			resume: patient.resume });

		assert.equal(again.id, patient.id);
	});
});

describe('tokens over HTTP', () => {
	let server, audit;

	before(async () => {
		server = await stage({
			'issuer "dashboard"': dashboard(temporary()) });
		audit = (await makeKey(server, 'audit,read')).key;
	});

	const host = (room) => signed(claims(room, { host: true }), SECRET);
	const guestOf = (room) => signed(claims(room), SECRET);

	test('a host of all makes meetings, a host of one and a guest do not', async () => {
		const made = await server.post('/api/meetings', { json: {},
			token: host('*') });

		assert.equal(made.status, 201);
		for (const token of [host(made.json.meetingId), guestOf(made.json.meetingId)]) {
			const answer = await server.post('/api/meetings', { json: {}, token });

			assert.equal(answer.status, 403);
		}
		const bad = await server.post('/api/meetings', { json: {},
			token: `${host('*')}x` });

		assert.equal(bad.status, 401, 'also where anybody may');

		const { items } = (await server.get(
			`/api/meetings/${made.json.meetingId}/events`, { token: audit })).json;

		assert.equal(items[0].actor, 'token:dashboard');
	});

	test('a host reads, changes and ends the own meeting', async () => {
		const meeting = await server.meeting();
		const token = host(meeting.id), target = `/api/meetings/${meeting.id}`;
		const read = await server.get(target, { token });

		assert.equal(read.json.participants, 0);
		const changed = await server.call('PATCH', target, { token,
			json: { title: 'Check-up' } });

		assert.equal(changed.status, 200);
		assert.equal((await server.post(`${target}/end`, { token })).status, 200);
	});

	test('a guest reads the public part and changes nothing', async () => {
		const meeting = await server.meeting();
		const token = guestOf(meeting.id), target = `/api/meetings/${meeting.id}`;
		const read = await server.get(target, { token });

		assert.equal(read.status, 200);
		assert.equal(read.json.participants, undefined);
		for (const [method, path] of [['PATCH', ''], ['DELETE', ''], ['POST', '/end']]) {
			const answer = await server.call(method, target + path, { token,
				...method == 'PATCH' && { json: {} } });

			assert.equal(answer.status, 403, method);
		}
	});

	test('what is for staff and keys is for no token', async () => {
		const meeting = await server.meeting();
		const targets = ['/api/meetings', '/api/events',
			`/api/meetings/${meeting.id}/events`,
			`/api/meetings/${meeting.id}/report`];

		for (const target of targets) {
			for (const token of [host('*'), host(meeting.id), guestOf(meeting.id)])
				assert.equal((await server.get(target, { token })).status,
					403, target);
			assert.equal((await server.get(target, {
				token: `${host('*')}x` })).status, 401, target);
		}
		const erased = await server.call('DELETE',
			`/api/meetings/${meeting.id}/personal-data`, { token: host('*') });

		assert.equal(erased.status, 403);
	});

	test('refusals are remembered a thousand times and then once a second', async () => {
		const one = `/api/meetings/${'A'.repeat(22)}/end`, start = Date.now();

		for (let i = 0; i < 1100; i += 50)
			await Promise.all(Array.from({ length: 50 },
				() => server.post(one, { token: 'a.b.c' })));
		const took = (Date.now() - start) / 1000;
		const { refused } = await refusals(server, audit, 0, 1000);
		const count = refused.length;

		assert.ok(count >= 1000 && count <= 1001 + took, `${count} in ${took} s`);
	});
});

describe('issuers', () => {
	test('SIGHUP brings new secrets, and keeps the old ones of a bad file', async () => {
		const dir = temporary(), next = 'the-next-secret-of-thirty-two-bytes';
		const server = await stage({ 'issuer "dashboard"': dashboard(dir) });
		const meeting = await server.meeting();
		const file = path.join(dir, 'dashboard.secret');
		const status = async (secret) => (await server.get('/api/meetings', {
			token: signed(claims('*', { host: true }), secret) })).status;
		const reload = async (words) => {
			const from = server.log.length;

			server.child.kill('SIGHUP');
			while (!server.log.slice(from).includes('server reloaded'))
				await sleep(20);
			assert.match(server.log.slice(from), words);
		};

		assert.deepEqual([await status(SECRET), await status(next)], [403, 401]);
		fs.writeFileSync(file, next);
		await reload(/reloaded/);
		assert.deepEqual([await status(SECRET), await status(next)], [401, 403]);
		fs.writeFileSync(file, 'short');
		await reload(/issuers not taken over, the old ones stay: issuer "dashboard"/);
		assert.deepEqual([await status(SECRET), await status(next)], [401, 403]);
		delete server.conf['issuer "dashboard"'];
		server.writeConf();
		await reload(/reloaded/);
		assert.deepEqual([await status(SECRET), await status(next)], [401, 401]);
		assert.ok(!server.log.includes(next));
		assert.ok(meeting.id);
	});

	async function check(issuer)
	{
		const file = path.join(temporary(), 'paravent.conf');

		fs.writeFileSync(file, confText({ 'issuer "a"': issuer }));
		const { code, stdout, stderr } = await paravent('check', '-c', file);

		return { code, said: stdout + stderr };
	}

	test('paravent check tells what is wrong with their files', async () => {
		const dir = temporary();
		const weak = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
		const ec = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
		const spki = (key) => key.export({ type: 'spki', format: 'pem' });
		const open = path.join(dir, 'open');
		const base = { dialect: 'native', issuer: 'i', audience: 'a' };
		const hs = { ...base, algorithm: 'HS256' };
		const rs = { ...base, algorithm: 'RS256' };

		fs.writeFileSync(open, `${SECRET}\n`, { mode: 0o644 });
		const rows = [
			[{ ...hs, 'secret-file': path.join(dir, 'none') }, /not found/],
			[{ ...hs, 'secret-file': open }, /chmod o=/],
			[{ ...hs, 'secret-file': secretFile(dir, 's31', 's'.repeat(31)) },
				/32 to 256 characters.*openssl rand -hex 32/],
			[{ ...rs, 'public-key-file': secretFile(dir, 'weak',
				spki(weak.publicKey)) }, /2048 bits/],
			[{ ...rs, 'public-key-file': secretFile(dir, 'ec',
				spki(ec.publicKey)) }, /no RSA key/],
			[{ ...rs, 'public-key-file': secretFile(dir, 'private',
				ec.privateKey.export({ type: 'pkcs8', format: 'pem' })) },
				/private key/],
		];

		for (const [issuer, words] of rows) {
			const { code, said } = await check(issuer);

			assert.notEqual(code, 0);
			assert.match(said, /issuer "a": /);
			assert.match(said, words);
			assert.ok(!said.includes('s'.repeat(31)));
		}
		const good = await check({ ...hs, 'secret-file': secretFile(dir, 's32',
			's'.repeat(32)) });

		assert.equal(good.code, 0, good.said);
	});

	test('a server whose key cannot be used does not start', async () => {
		const dir = temporary();

		await assert.rejects(Server.start({ 'issuer "dashboard"':
			dashboard(dir, { 'secret-file': secretFile(dir, 'x', 'short') }) }),
		/issuer "dashboard": secret-file .* is not one line of 32 to 256/);
	});
});
