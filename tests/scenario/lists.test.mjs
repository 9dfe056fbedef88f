/**
 * The list of meetings: pages, filters, and what stays true while meetings come and go.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { makeKey } from './apikeys.mjs';
import { Server, sleep } from './stage.mjs';
import { guest, host, visit } from './voice.mjs';

let server, key;

before(async () => {
	server = await Server.start();
	key = (await makeKey(server, 'read')).key;
});

after(() => server.strike());

async function list(query = '')
{
	const { status, json, text } = await server.get(`/api/meetings${query}`,
		{ token: key });

	assert.equal(status, 200, text);
	return json;
}

/* Follows `next` to the end. */
async function pages(limit, filter = '', between = () => {})
{
	const all = [];

	for (let next; next !== null; ) {
		const at = next ? `&after=${next}` : '';
		const { items, next: then } = await list(`?limit=${limit}${at}${filter}`);

		assert.ok(items.length <= limit);
		all.push(...items);
		next = then;
		await between();
	}
	return all;
}

function ids(meetings)
{
	return meetings.map((m) => m.meetingId);
}

/* A day far from the others', so that each test has its own. */
function at(day, hour = 0)
{
	return new Date(Date.UTC(2027, 0, day, hour)).toISOString().replace('.000', '');
}

function on(day)
{
	return `&from=${at(day)}&to=${at(day + 1)}`;
}

/* Somebody else writes to the ledger's file, until told to let go. */
async function locked()
{
	const holder = spawn('python3', ['-c', `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()
`, path.join(server.stateDir, 'ledger.db')], { stdio: ['pipe', 'pipe', 'inherit'] });

	const gone = once(holder, 'exit');

	await once(holder.stdout, 'data');
	return () => {
		holder.stdin.end();
		return gone;
	};
}

describe('the list of meetings', () => {
	test('comes newest start first, in pages without gap or repeat', async () => {
		const made = [];

		for (let hour = 0; hour < 23; hour++)
			made.push(await server.meeting({ startsAt: at(1, hour) }));
		/* some that begin together */
		for (let i = 0; i < 5; i++)
			made.push(await server.meeting({ startsAt: at(1, 23) }));
		const whole = await pages(200, on(1));

		assert.deepEqual(ids(whole), ids(made).reverse());
		for (const limit of [1, 3, 7, 28, 29])
			assert.deepEqual(ids(await pages(limit, on(1))), ids(whole));
		assert.equal((await list()).items.length, 28);
	});

	test('shows each as its host sees it, title and all', async () => {
		const meeting = await server.meeting({ title: 'Titled', hostName: 'Dr A',
			startsAt: at(2), kind: 'therapy', locale: 'de' });
		const { items, next } = await list(`?limit=200${on(2)}`);
		const own = await server.get(`/api/meetings/${meeting.id}`,
			{ token: meeting.token });

		assert.equal(next, null);
		assert.deepEqual(items, [own.json]);
		assert.equal(items[0].title, 'Titled');
		assert.equal(items[0].participants, 0);
		assert.equal(items[0].hostUrl, undefined);
	});

	test('counts who is there and who waits at this moment', async () => {
		const { meeting, doctor, patient } = await visit(server,
			{ startsAt: at(3), capacity: 4 });
		const waits = await guest(server, meeting);
		const [seen] = (await list(`?limit=5${on(3)}`)).items;

		assert.deepEqual([seen.status, seen.participants, seen.waiting],
			['open', 2, 1]);
		doctor.says({ type: 'end' });
		await Promise.all([doctor, patient, waits].map((v) => v.closed(1000)));
		const [ended] = (await list(`?limit=5${on(3)}`)).items;

		assert.deepEqual([ended.status, ended.participants, ended.waiting],
			['ended', 0, 0]);
	});

	test('is filtered by status and start', async () => {
		const open = await server.meeting({ startsAt: at(4, 1) });
		const ended = await server.meeting({ startsAt: at(4, 2) });
		const cancelled = await server.meeting({ startsAt: at(4, 3) });
		const scheduled = await server.meeting({ startsAt: at(4, 4) });
		const doctor = await host(server, open);

		await host(server, ended).then((voice) => {
			voice.says({ type: 'end' });
			return voice.closed(1000);
		});
		await server.call('DELETE', `/api/meetings/${cancelled.id}`,
			{ token: cancelled.token });
		for (const [status, meeting] of Object.entries(
			{ open, ended, cancelled, scheduled })) {
			const { items } = await list(`?status=${status}${on(4)}`);

			assert.deepEqual(ids(items), [meeting.id], status);
			assert.equal(items[0].status, status);
		}
		assert.deepEqual((await list(`?status=expired${on(4)}`)).items, []);
		/* from is in, to is not */
		assert.deepEqual(ids((await list(`?from=${at(4, 2)}&to=${at(4, 4)}`)).items),
			[cancelled.id, ended.id]);
		assert.deepEqual(ids((await list(`?from=${at(4, 4)}&to=${at(4, 4)}`)).items), []);
		doctor.closes();
	});

	test('tells nothing before it is on disk', async (t) => {
		const meeting = await server.meeting({ startsAt: at(6) });
		const release = await locked();

		t.after(release);
		const ending = server.post(`/api/meetings/${meeting.id}/end`,
			{ token: meeting.token });
		let told = false;

		await sleep(100);
		const listed = Promise.all(['', 'status=scheduled'].map((status) =>
			list(`?${status}${on(6)}`).then((page) => {
				told = true;
				return page;
			})));

		await sleep(400);
		assert.equal(told, false);
		await release();
		const [all, scheduled] = await listed;

		assert.equal((await ending).json.status, 'ended');
		assert.equal(all.items[0].status, 'ended');
		assert.deepEqual(scheduled.items, []);
	});

	test('is stable while meetings are made', async () => {
		const made = [];

		for (let hour = 0; hour < 20; hour += 2)
			made.push(await server.meeting({ startsAt: at(5, hour) }));
		let hour = 21;
		/* one on top and one below, between any two pages */
		const seen = await pages(2, on(5), async () => {
			await server.meeting({ startsAt: at(5, 23) });
			await server.meeting({ startsAt: at(5, hour = Math.max(0, hour - 2)) });
		});
		const found = ids(seen);

		assert.equal(new Set(found).size, found.length);
		for (const id of ids(made))
			assert.ok(found.includes(id));
		assert.deepEqual([...seen].sort((a, b) => b.startsAt.localeCompare(a.startsAt))
			.map((m) => m.startsAt), seen.map((m) => m.startsAt));
	});

	test('names what is wrong with a query', async () => {
		const { next } = await list('?limit=1');
		const cases = { 'limit=0': 'limit', 'limit=201': 'limit',
			'limit=1&limit=2': 'limit', 'status=over': 'status',
			'from=today': 'from', 'to=2027-01-01': 'to', 'page=2': 'page',
			'after=x': 'after', [`after=${next}x`]: 'after',
			'after=': 'after' };

		for (const [query, field] of Object.entries(cases)) {
			const { status, json } = await server.get(`/api/meetings?${query}`,
				{ token: key });

			assert.equal(status, 422, query);
			assert.deepEqual(json.errors.map((e) => e.field), [field], query);
		}
	});

	test('is the same after a restart', async () => {
		const whole = await pages(50);

		await server.stop();
		await server.up();
		const again = await pages(50);

		/* who was inside is held, and counts */
		const still = ({ participants, waiting, ...rest }) => rest;

		assert.deepEqual(again.map(still), whole.map(still));
	});

	test('has an answer for HEAD, and no other method', async () => {
		const head = await server.call('HEAD', '/api/meetings', { token: key });

		assert.equal(head.status, 200);
		assert.equal(head.body.length, 0);
		const put = await server.call('PUT', '/api/meetings', { token: key });

		assert.equal(put.status, 405);
		assert.equal(put.headers.allow, 'GET, HEAD, POST');
	});
});

describe('a meeting that is over', () => {
	test('is found by its id, after a restart too', async () => {
		const { meeting, doctor } = await visit(server,
			{ title: 'Over and out', startsAt: at(8) });

		doctor.says({ type: 'end' });
		await doctor.closed(1000);
		const target = `/api/meetings/${meeting.id}`;
		const inMemory = await server.get(target);
		const whole = await server.get(target, { token: meeting.token });

		assert.equal(inMemory.json.status, 'ended');
		assert.equal(inMemory.json.participants, undefined);
		assert.equal(whole.json.participants, 0);
		await server.stop();
		await server.up();
		assert.deepEqual((await server.get(target)).json, inMemory.json);
		for (const token of [meeting.token, key])
			assert.deepEqual((await server.get(target, { token })).json, whole.json);
		/* a wrong token is one that is not there */
		for (const token of ['nonsense', `pvk_${'A'.repeat(52)}`])
			assert.deepEqual((await server.get(target, { token })).json,
				inMemory.json);
		const missing = await server.get(`/api/meetings/${'A'.repeat(22)}`);

		assert.equal(missing.status, 404);
		assert.equal((await server.get(`/api/meetings/${'%FF'.repeat(22)}`)).status, 400);
		assert.equal((await server.get(`/api/meetings/${'%27'.repeat(22)}`)).status, 404);
	});
});
