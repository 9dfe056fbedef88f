/*
 * Each system call by which the server reaches its disk fails once, in turn: it refuses
 * honestly, or ends and says so; never is a promise broken, and the next start is well.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { makeStaff } from '../scenario/apikeys.mjs';
import { Promises, ROUNDS, Server, audit, disk, makeOne, read, visit } from './faultstage.mjs';

const ERRNOS = [5, 28];	/* EIO, ENOSPC */

/** A short life with some of everything. Each step may fail, as the disk does. */
async function live(server, promises)
{
	const steps = [
		() => makeOne(server, promises),
		() => visit(server, promises),
		() => makeStaff(server, 'anna', 'correct horse'),
		() => makeOne(server, promises),
		() => server.get('/readyz'),
	];

	for (const step of steps) {
		try {
			await step();
		} catch {
			/* the server ended: the audit asks why */
		}
	}
	return server.alive ? server.stop() : server.exited;
}

async function calls(settings)
{
	const server = await Server.start({}, { env: disk({ ...settings, calls: true }) });
	const promises = new Promises();

	await live(server, promises);
	return { server, promises, list: read(path.join(server.dir, 'calls')).trim().split('\n') };
}

/* One life with one fault, and a start without. Returns how it went. */
async function round(at, errno)
{
	const fail = `${at}:${errno}`;
	const promises = new Promises();
	let server;
	let how;

	try {
		server = await Server.start({}, { env: disk({ fail }) });
		const { code } = await live(server, promises);

		how = code === 0 ? 'went on' : 'ended';
		if (code !== 0)
			assert.match(server.log, /ledger (broken|full)/, `${fail}: ${server.log}`);
	} catch (err) {
		if (!err.server)
			throw err;
		/* it said why it does not start, or ended right after */
		assert.match(err.message, /(not started|ledger broken): .{10}/, `${fail}: ${err.message}`);
		server = err.server;
		how = 'did not start';
	}
	server.env = {};
	await server.up();
	await server.stop();
	audit(server, promises);
	await server.strike();
	return how;
}

test('each call fails once', { timeout: 60_000 + ROUNDS * 20_000 }, async (t) => {
	const { server, promises, list } = await calls({});
	const step = Math.max(1, Math.floor(2 * list.length / ROUNDS));
	const ends = {};

	audit(server, promises);
	await server.strike();
	assert.ok(list.length > 100, `${list.length} calls`);
	/* another place each time, so that many short runs see what a long one does */
	for (let at = 1 + Math.floor(Math.random() * step); at <= list.length; at += step) {
		for (const errno of ERRNOS) {
			const end = await round(at, errno);

			ends[end] = (ends[end] ?? 0) + 1;
		}
	}
	t.diagnostic(`${list.length} calls: ${JSON.stringify(ends)}`);
});
