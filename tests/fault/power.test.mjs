/*
 * The power goes at random moments under load. The oracle is what the server had said
 * by then: its answers are in the same log as its writes, in the order in which they
 * left.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { Promises, ROUNDS, Server, audit, disk, makeOne, sleep, visit } from './faultstage.mjs';
import { WAYS, play, records } from './powercut.mjs';

/** What a 201 in the log promised. */
function promised(told)
{
	const promises = new Promises();

	for (const text of told) {
		const made = /^HTTP\/1\.1 201[^]*?\r\nLocation: \/api\/meetings\/([\w-]{22})\r/.exec(text);

		if (made)
			promises.meetings.add(made[1]);
	}
	return promises;
}

test(`${ROUNDS} power cuts under load`, { timeout: 60_000 + ROUNDS * 10_000 }, async () => {
	const server = await Server.start({ 'message-rate': 0 }, { env: disk({ log: true }) });
	const nobody = new Promises();
	const until = Date.now() + 1500;
	const use = async (work) => {
		while (Date.now() < until)
			await work(server, nobody);
	};

	await Promise.all([...Array.from({ length: 8 }, () => use(makeOne)), use(visit)]);
	await server.stop();

	const from = server.stateDir;
	const all = records(path.join(server.dir, 'disk-log'));
	let kept = 0;

	server.env = {};
	assert.equal(promised(all.filter(({ what }) => what == '>')
		.map(({ bytes }) => bytes.toString('latin1'))).meetings.size, nobody.meetings.size,
		'the log has every answer');
	for (let round = 0; round < ROUNDS; round++) {
		const dir = path.join(server.dir, 'cut');
		const cut = 1 + Math.floor(Math.random() * all.length);
		const way = WAYS[round % WAYS.length];
		const promises = promised(play(all, cut, from, dir, way));

		/* the state that is left: started once, so that it mends what it has to */
		server.conf['state-dir'] = dir;
		server.stateDir = dir;
		server.writeConf();
		try {
			await server.up();
			await server.stop();
			audit(server, promises);
		} catch (err) {
			throw new Error(`cut after record ${cut} of ${all.length}, ` +
				`${JSON.stringify(way)}: ${err.message}`, { cause: err });
		}
		kept += promises.meetings.size;
	}
	assert.ok(kept > 0);
	await sleep(0);
	fs.rmSync(server.dir, { recursive: true, force: true });
});
