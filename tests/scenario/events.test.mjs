/**
 * The log for other programs: pages and the live stream. Each fact once, in order,
 * whatever happens to the connection, the server or the key.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';

import { makeKey, revokeKey } from './apikeys.mjs';
import { EventReader } from './eventreader.mjs';
import { Server, paravent, sleep } from './stage.mjs';
import { visit } from './voice.mjs';

let server, audit, read, create;

before(async () => {
	server = await Server.start();
	audit = await makeKey(server, 'audit', 'the auditor');
	read = await makeKey(server, 'read', 'the dashboard');
	create = await makeKey(server, 'create', 'the calendar');
});

after(() => server.strike());

function page(query = '', token = audit.key, target = '/api/events')
{
	return server.get(`${target}${query}`, { token });
}

/* Follows `next` to the end. */
async function pages(limit, token, target)
{
	const all = [];

	for (let next = 0; next !== null; ) {
		const { status, json } = await page(`?limit=${limit}&after=${next}`,
			token, target);

		assert.equal(status, 200);
		assert.ok(json.items.length <= limit);
		all.push(...json.items);
		if (json.next !== null)
			assert.equal(json.next, json.items.at(-1).seq);
		next = json.next;
	}
	return all;
}

async function exported()
{
	const { code, stdout, stderr } = await paravent('log', 'export', '-c',
		server.confFile);

	assert.equal(code, 0, stderr);
	return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

/* A stream; it may take a moment until those that were closed have made room. */
async function open(options)
{
	for (let i = 0; ; i++) {
		try {
			return await EventReader.open(server,
				{ token: audit.key, ...options });
		} catch (err) {
			assert.ok(err.status == 503 && i < 100, err.message);
			await sleep(20);
		}
	}
}

/* The stream on a bare socket: { socket, end }, the latter all that came. */
function ask(method)
{
	const socket = net.connect({ port: server.port, host: '127.0.0.1' });
	let text = '';

	socket.setEncoding('utf8');
	socket.write(`${method} /api/events HTTP/1.1\r\nHost: x\r\n` +
		'Accept: text/event-stream\r\n' +
		`Authorization: Bearer ${audit.key}\r\n\r\n`);
	return { socket, get end() {
		socket.on('data', (part) => text += part);
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error('no end')), 8000);

			socket.on('end', () => {
				clearTimeout(timer);
				resolve(text);
			});
		});
	} };
}

/* As the whole log shows it: without what is personal. */
function impersonal(fact)
{
	const { personal, ...rest } = fact;

	return personal === undefined ? rest : { ...rest, sealed: true };
}

/* As deepEqual(), which prints all of a long list. */
function same(facts, others)
{
	facts.forEach((fact, i) => assert.deepEqual(fact, others[i]));
	assert.equal(facts.length, others.length);
}

function inOrder(facts, first)
{
	facts.forEach((fact, i) => assert.equal(fact.seq, first + i));
}

describe('pages of events', () => {
	test('hold the whole log, each fact once, without names', async () => {
		const { doctor, patient, meeting } = await visit(server,
			{ title: 'Knee of Mr Nobody', hostName: 'Dr Secret' });

		patient.says({ type: 'leave' });
		doctor.says({ type: 'end' });
		await doctor.closed(1000);
		const all = await pages(3);
		const text = JSON.stringify(all);

		inOrder(all, 1);
		same(all, (await exported()).map(impersonal));
		assert.ok(!text.includes('Nobody') && !text.includes('Secret'));
		assert.equal(all.find((fact) => fact.kind == 'meeting.created' &&
			fact.stream == `meeting/${meeting.id}`).sealed, true);
		assert.deepEqual(await pages(200), all);
		assert.deepEqual((await page()).json.items, all.slice(0, 50));
		assert.deepEqual((await page(`?after=${all.length}`)).json,
			{ items: [], next: null });
	});

	test('of one meeting have names for those who may read it', async () => {
		const { doctor, meeting } = await visit(server, { title: 'Elbow' });
		const target = `/api/meetings/${meeting.id}/events`;

		doctor.says({ type: 'end' });
		await doctor.closed(1000);
		const mine = await pages(2, read.key, target);

		assert.ok(mine.length >= 6);
		mine.forEach((fact, i) => assert.equal(fact.version, i + 1));
		assert.ok(mine.every((fact) => fact.stream == `meeting/${meeting.id}`));
		assert.deepEqual(mine[0].personal, { title: 'Elbow' });
		const theirs = await pages(200, audit.key, target);

		assert.deepEqual(theirs, mine.map(impersonal));
	});

	test('name what is wrong with a query', async () => {
		const cases = { 'limit=0': 'limit', 'limit=201': 'limit',
			'after=x': 'after', 'after=1&after=2': 'after',
			'since=1': 'since', 'status=open': 'status' };

		for (const [query, field] of Object.entries(cases)) {
			const { status, json, headers } = await page(`?${query}`);

			assert.equal(status, 422, query);
			assert.equal(headers['content-type'], 'application/problem+json');
			assert.equal(json.type, 'urn:paravent:error:invalid');
			assert.deepEqual(json.errors.map((e) => e.field), [field]);
		}
	});

	test('say so when the log ends before', async () => {
		const { status, json } = await page('?after=1000000');

		assert.equal(status, 409);
		assert.match(json.detail, /backup/);
		await assert.rejects(EventReader.open(server,
			{ token: audit.key, after: 1000000 }), { status: 409 });
	});

	test('answer HEAD with the head alone', async () => {
		const { status, body, headers } = await server.call('HEAD', '/api/events',
			{ token: audit.key });

		assert.equal(status, 200);
		assert.equal(body.length, 0);
		assert.ok(Number(headers['content-length']) > 100);
		const stream = await server.call('HEAD', '/api/events',
			{ token: audit.key, headers: { accept: 'text/event-stream' } });

		assert.equal(stream.status, 200);
		assert.equal(stream.headers['content-type'], 'text/event-stream');
		assert.equal(stream.body.length, 0);
		/* and it is over then */
		const raw = ask('HEAD');

		assert.match(await raw.end, /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n$/);
	});

	test('are for a key with the scope, and nobody else', async () => {
		const meeting = await server.meeting({ title: 'Closed' });
		const gone = await makeKey(server, 'audit,read', 'for a day');
		const none = 'A'.repeat(22);
		const status = async (target, token) =>
			(await server.get(target, { token })).status;

		await revokeKey(server, gone.id);
		for (const target of ['/api/events', '/api/meetings']) {
			assert.equal(await status(target), 401);
			assert.equal(await status(target, 'nonsense'), 401);
			assert.equal(await status(target, meeting.token), 401);
			assert.equal(await status(target, gone.key), 401);
			assert.equal(await status(target, `${audit.key}x`), 401);
			assert.equal(await status(target, create.key), 403);
		}
		assert.equal(await status('/api/events', read.key), 403);
		assert.equal(await status('/api/meetings', audit.key), 403);
		/* of a meeting: a missing and a forbidden one look the same */
		for (const part of ['events', 'report']) {
			for (const id of [meeting.id, none]) {
				const target = `/api/meetings/${id}/${part}`;

				assert.equal(await status(target), 401);
				assert.equal(await status(target, gone.key), 401);
				assert.equal(await status(target, create.key), 403);
				assert.equal(await status(target, meeting.token), 404);
				assert.equal(await status(target, 'nonsense'), 404);
				assert.equal(await status(target, read.key),
					id == none ? 404 : 200);
			}
			const forbidden = await server.get(`/api/meetings/${meeting.id}/${part}`,
				{ token: meeting.token });
			const missing = await server.get(`/api/meetings/${none}/${part}`,
				{ token: read.key });

			assert.equal(forbidden.text, missing.text);
			assert.equal(forbidden.headers['content-type'],
				missing.headers['content-type']);
		}
		assert.equal(await status(`/api/meetings/${meeting.id}/report`, audit.key), 403);
		await assert.rejects(EventReader.open(server, { token: read.key }),
			{ status: 403 });
	});

	test('hold what was refused, and where', async () => {
		const refused = async () => (await pages(200)).filter((fact) =>
			fact.kind == 'token.refused');
		const was = await refused();

		for (let i = 0; i < 100; i++)
			await server.get('/api/events', { token: `pvk_${'A'.repeat(52)}` });
		let now = [];

		/* nobody waits for these, so they are on disk when they are */
		for (let i = 0; now.length < was.length + 100 && i < 200; i++) {
			await sleep(20);
			now = await refused();
		}
		const text = JSON.stringify(now);

		assert.ok(now.length >= was.length + 100, `${now.length}`);
		assert.deepEqual(now.at(-1).data, { reason: 'malformed', via: 'http' });
		assert.deepEqual(new Set(now.map((fact) => fact.stream)), new Set(['server']));
		assert.ok(!text.includes('pvk_') && !text.includes('AAAA'));
	});
});

describe('the event stream', () => {
	test('begins with what is stored and goes on live', async () => {
		const before = await pages(200);
		const reader = await EventReader.open(server, { token: audit.key });
		const stored = await reader.until((fact) => fact.seq == before.at(-1).seq);

		assert.deepEqual(stored, before);
		const meeting = await server.meeting({ title: 'Live and personal' });
		let event;

		/* what was refused in the test before comes in its own time */
		do
			event = await reader.next();
		while (event.event == 'token.refused');
		assert.equal(event.event, 'meeting.created');
		assert.equal(event.id, `${event.fact.seq}`);
		assert.equal(event.fact.stream, `meeting/${meeting.id}`);
		assert.equal(event.fact.sealed, true);
		assert.equal(event.fact.personal, undefined);
		reader.close();
	});

	test('resumes behind the last event id, which counts more', async () => {
		const all = await pages(200);
		const reader = await EventReader.open(server, { token: audit.key,
			after: 1, lastEventId: 5 });

		assert.equal((await reader.next()).fact.seq, 6);
		reader.close();
		const last = await EventReader.open(server, { token: audit.key,
			after: all.length });

		await server.meeting();
		assert.equal((await last.next()).fact.seq, all.length + 1);
		last.close();
		for (const lastEventId of ['x', '-1', '1.5'])
			await assert.rejects(EventReader.open(server,
				{ token: audit.key, lastEventId }), { status: 422 });
	});

	test('has no seam under load, and none twice', async () => {
		const first = (await pages(200)).length + 1;
		let posting = true;
		let made = 0;
		const load = Promise.all(Array.from({ length: 8 }, async () => {
			for (; posting; made++)
				await server.meeting();
		}));
		const readers = [];

		/* who comes in the middle of it, again and again */
		for (let i = 0; i < 6; i++) {
			await sleep(100);
			readers.push(await EventReader.open(server, { token: audit.key,
				lastEventId: first - 1 }));
		}
		while (made < 100)
			await sleep(20);
		posting = false;
		await load;
		const last = first + made - 1;

		for (const reader of readers) {
			const facts = await reader.until((fact) => fact.seq == last);

			inOrder(facts, first);
			assert.equal(facts.length, made);
			reader.close();
		}
	});

	test('ends when its key is revoked', async () => {
		const key = await makeKey(server, 'audit', 'not for long');
		const all = await pages(200);
		const reader = await EventReader.open(server, { token: key.key,
			after: all.at(-1).seq });

		await server.meeting();
		assert.equal((await reader.next()).fact.kind, 'meeting.created');
		await revokeKey(server, key.id);
		assert.deepEqual(await reader.rest(), []);
		await assert.rejects(EventReader.open(server, { token: key.key }),
			{ status: 401 });
	});

	test('is for 64 at once', async () => {
		const after = (await pages(200)).at(-1).seq;
		const readers = await Promise.all(Array.from({ length: 64 }, () =>
			open({ after })));

		await assert.rejects(EventReader.open(server, { token: audit.key, after }),
			{ status: 503 });
		await server.meeting();
		for (const reader of readers)
			assert.equal((await reader.next()).fact.seq, after + 1);
		readers.pop().close();
		readers.push(await open({ after }));
		for (const reader of readers)
			reader.close();
	});

	test('ends with the server, and goes on after a restart and a kill', async () => {
		const seen = [];
		for (const end of ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL']) {
			const reader = await EventReader.open(server, { token: audit.key,
				lastEventId: seen.at(-1)?.seq ?? 0 });
			const rest = reader.rest();
			let posting = true;
			const load = (async () => {
				while (posting)
					await server.meeting().catch(() => posting = false);
			})();

			await sleep(300);
			await server.signal(end);
			posting = false;
			await load;
			seen.push(...await rest);
			await server.up();
		}
		const all = (await exported()).map(impersonal);
		const reader = await EventReader.open(server, { token: audit.key,
			lastEventId: seen.at(-1).seq });

		seen.push(...await reader.until((fact) => fact.seq >= all.length));
		reader.close();
		inOrder(seen, 1);
		same(all, seen.slice(0, all.length));
	});

	test('stops at once when the server is asked to', async () => {
		const reader = await EventReader.open(server, { token: audit.key });
		const start = performance.now();

		await server.stop();
		await reader.rest();
		assert.ok(performance.now() - start < 2000,
			`${performance.now() - start} ms`);
		await server.up();
	});
});

/* Makes so many meetings as fast as it can: 40 connections that ask ahead. */
async function many(count)
{
	const request = 'POST /api/meetings HTTP/1.1\r\nHost: x\r\n\r\n';

	await Promise.all(Array.from({ length: 40 }, () => new Promise((resolve, reject) => {
		const socket = net.connect({ port: server.port, host: '127.0.0.1' });
		const wanted = Math.ceil(count / 40);
		let made = 0;

		socket.setEncoding('latin1');
		socket.on('error', reject);
		socket.on('data', (text) => {
			made += text.split('HTTP/1.1 201').length - 1;
			if (made >= wanted) {
				socket.destroy();
				resolve();
			}
		});
		socket.write(request.repeat(wanted));
	})));
}

describe('a client that reads nothing', () => {
	before(async () => {
		const options = `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1`;

		await server.strike();
		server = await Server.start({}, { env: () => ({ ASAN_OPTIONS: options }) });
		audit = await makeKey(server, 'audit');
	});

	test('costs little, and gets everything when it does', async () => {
		/* more than the kernel takes for them */
		await many(25000);
		const total = (await pages(200)).length;
		const fast = await open({ after: total });
		const was = server.rss;
		const slow = Array.from({ length: 16 }, () => ask('GET'));

		for (const { socket } of slow)
			socket.pause();
		await sleep(1500);
		assert.ok(server.rss - was < 16 * 1024, `${server.rss - was} kB`);
		/* and who reads is served meanwhile */
		await server.meeting();
		assert.equal((await fast.next()).fact.seq, total + 1);
		fast.close();
		const [late, ...others] = slow;

		for (const { socket } of others)
			socket.destroy();
		let text = '', seq = 0;

		late.socket.on('data', (part) => {
			text += part;
			const end = text.lastIndexOf('\n\n') + 1;

			for (const [, id] of text.slice(0, end).matchAll(/^id: (\d+)$/gm))
				assert.equal(Number(id), ++seq);
			text = text.slice(end);
		});
		late.socket.resume();
		for (let i = 0; seq <= total; i++) {
			assert.ok(i < 500, `${seq} of ${total}`);
			await sleep(20);
		}
		late.socket.destroy();
	});
});
