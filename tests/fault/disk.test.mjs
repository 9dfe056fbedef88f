/* The disk fills, refuses, comes back; a page is damaged; the keys are gone. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { ask, makeKey, makeStaff } from '../scenario/apikeys.mjs';
import { BINARY, Promises, Server, Voice, audit, disk, makeOne, sleep } from './faultstage.mjs';

async function until(what, fn, ms = 15_000)
{
	for (const end = Date.now() + ms; Date.now() < end; await sleep(50))
		if (await fn())
			return;
	throw new Error(`never came: ${what}`);
}

/* EROFS is what a disk says that the kernel has made read-only after an error. */
for (const [name, errno] of [['full', 28], ['read-only', 30]]) {
	test(`a disk that is ${name}: refusals, calls go on, and it heals by itself`, async () => {
		const server = await Server.start({}, { env: (dir) => {
			fs.writeFileSync(path.join(dir, 'healed'), '');
			return disk({ fail: `1+:${errno}` })(dir);
		} });
		const promises = new Promises();
		const healed = path.join(server.dir, 'healed');
		const meeting = await makeOne(server, promises);
		const host = await new Voice(server, meeting).open();
		host.says({ type: 'join', name: 'Host', token: meeting.token });
		const welcome = await host.hears('welcome');
		const guest = await new Voice(server, meeting).open();
		guest.says({ type: 'join', name: 'Guest' });
		const { id } = await guest.hears('waiting');
		await host.hears('knock');
		host.says({ type: 'admit', id });
		await guest.hears('welcome');
		await host.hears('participant-joined');
		promises.people.add(welcome.id).add(id);

		fs.rmSync(healed);
		/* the first one is taken before the disk is asked, and waits */
		const first = server.post('/api/meetings', {}).catch(() => null);
		await until('the refusal', async () => (await Promise.race([
			server.post('/api/meetings', {}).catch(() => null), sleep(500)]))?.status == 503);
		await first;
		await until('not ready', async () => (await server.get('/readyz')).status == 503);
		assert.equal((await server.get('/healthz')).status, 200);
		const refused = await server.post('/api/meetings', {});
		assert.equal(refused.status, 503);
		assert.match(refused.json.detail, /cannot take changes/);
		/* the call that runs goes on */
		guest.says({ type: 'signal', to: welcome.id, data: { still: 'here' } });
		assert.deepEqual((await host.hears('signal')).data, { still: 'here' });

		fs.writeFileSync(healed, '');
		await until('ready again', async () => (await server.get('/readyz')).status == 200);
		assert.ok(await makeOne(server, promises));
		assert.match(server.log, /ledger refused.*\n[^]*ledger writes again/);
		host.ws.terminate();
		guest.ws.terminate();
		await server.stop();
		server.env = {};
		audit(server, promises);
		fs.rmSync(server.dir, { recursive: true, force: true });
	});
}

test('an erasure that the disk refuses is not confirmed, and done once it heals', async () => {
	const server = await Server.start({}, { env: (dir) => {
		fs.writeFileSync(path.join(dir, 'healed'), '');
		return disk({ fail: '1+:28' })(dir);
	} });
	const promises = new Promises();
	const healed = path.join(server.dir, 'healed');
	const { id } = await makeOne(server, promises, 'a title to lose');
	const { key } = await makeKey(server, 'create');
	/* more patient than the stage's own calls: the answer comes after ten seconds */
	const erase = () => fetch(`${server.origin}/api/meetings/${id}/personal-data`,
		{ method: 'DELETE', headers: { authorization: `Bearer ${key}` } });

	fs.rmSync(healed);
	assert.equal((await erase()).status, 503);
	fs.writeFileSync(healed, '');
	await until('ready again', async () => (await server.get('/readyz')).status == 200);
	assert.equal((await erase()).status, 204);
	await server.stop();
	server.env = {};
	audit(server, promises);
	fs.rmSync(server.dir, { recursive: true, force: true });
});

test('nobody signs in on a full disk; who is in stays, who goes is gone', async () => {
	const server = await Server.start({}, { env: (dir) => {
		fs.writeFileSync(path.join(dir, 'healed'), '');
		return disk({ fail: '1+:28' })(dir);
	} });
	const healed = path.join(server.dir, 'healed');
	const json = { username: 'anna', password: 'correct horse' };
	const stays = await makeStaff(server, 'anna', json.password);
	const goes = await makeStaff(server, 'bea', json.password);
	const isIn = async (cookie) =>
		(await server.get('/api/session', { cookie })).status == 200;

	fs.rmSync(healed);
	const refused = await server.post('/api/session', { json });
	assert.equal(refused.status, 503);
	assert.equal(refused.headers['set-cookie'], undefined);
	assert.ok(await isIn(stays));
	/* memory is first: the fact waits for the disk, the cookie opens nothing at once */
	const shut = ask(server, 'POST', '/admin/staff/bea/disable').catch((err) => err);
	await until('the cookie is dead', async () => !await isIn(goes));
	fs.writeFileSync(healed, '');
	await shut;
	await until('in again', async () =>
		(await server.post('/api/session', { json })).status == 204);
	assert.match(server.log, /staff\.db failed: /);
	await server.stop();
	server.env = {};
	await server.up();
	assert.ok(await isIn(stays));
	assert.ok(!await isIn(goes));
	await server.stop();
	fs.rmSync(server.dir, { recursive: true, force: true });
});

test('a damaged staff.db: no start, and the log says what to do', async () => {
	const server = await Server.start();
	const file = path.join(server.stateDir, 'staff.db');

	await makeStaff(server, 'anna', 'correct horse');
	await server.stop();
	const good = fs.readFileSync(file);
	const bad = Buffer.from(good);
	bad.fill(0xa5, 4096, 4200);
	fs.writeFileSync(file, bad);
	assert.match(await refused(server), /not started: .*staff\.db.*invite everybody again/);
	fs.writeFileSync(file, good);
	await server.up();
	await server.stop();
	fs.rmSync(server.dir, { recursive: true, force: true });
});

function verify(server)
{
	try {
		execFileSync(BINARY, ['log', 'verify', '-c', server.confFile], { stdio: 'pipe' });
		return '';
	} catch ({ stderr }) {
		return stderr.toString();
	}
}

async function refused(server)
{
	try {
		await server.up();
	} catch ({ message }) {
		return message;
	}
	throw new Error('it started');
}

test('a damaged page: no start, verify says where, the copy put back is well', async () => {
	const server = await Server.start();
	const promises = new Promises();

	for (let i = 0; i < 60; i++)
		await makeOne(server, promises);
	await server.stop();
	const file = path.join(server.stateDir, 'ledger.db');
	const good = fs.readFileSync(file);
	const bad = Buffer.from(good);
	const at = bad.indexOf('meeting.created', Math.floor(bad.length / 2));

	assert.ok(at > 0);
	bad[at] ^= 1;
	fs.writeFileSync(file, bad);
	assert.match(verify(server), /fact \d+|row \d+/);
	assert.match(await refused(server), /not started: /);
	fs.writeFileSync(file, good);
	await server.up();
	await server.stop();
	audit(server, promises);
	fs.rmSync(server.dir, { recursive: true, force: true });
});

test('the keys are gone: the start says so, without them it goes on and verifies', async () => {
	const server = await Server.start();
	const promises = new Promises();
	const { id } = await makeOne(server, promises, 'a title to lose');

	await server.stop();
	for (const name of ['keys.db', 'keys.db-wal', 'keys.db-shm'])
		fs.rmSync(path.join(server.stateDir, name), { force: true });
	await server.up();
	assert.match(server.log, /keys/);
	assert.equal((await server.get(`/api/meetings/${id}`)).json.title, null);
	assert.ok(await makeOne(server, promises));
	await server.stop();
	audit(server, promises);
	fs.rmSync(server.dir, { recursive: true, force: true });
});
