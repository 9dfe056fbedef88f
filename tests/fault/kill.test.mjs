/* kill -9 at random moments under load: what was acknowledged is there, once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Promises, ROUNDS, Server, audit, makeOne, sleep, visit } from './faultstage.mjs';

/** Uses the server until it is gone. */
async function use(server, promises, work)
{
	while (server.alive) {
		try {
			await work(server, promises);
		} catch {
			return;
		}
	}
}

test(`${ROUNDS} times kill -9 under load`, { timeout: 60_000 + ROUNDS * 10_000 }, async () => {
	const server = await Server.start({ 'message-rate': 0 });
	const promises = new Promises();

	for (let round = 0; round < ROUNDS; round++) {
		const busy = [
			...Array.from({ length: 8 }, () => use(server, promises, makeOne)),
			...Array.from({ length: 2 }, () => use(server, promises, visit)),
		];

		await sleep(20 + Math.random() * 300);
		await server.kill();
		await Promise.all(busy);
		audit(server, promises);
		await server.up();
	}
	assert.ok(promises.meetings.size > ROUNDS && promises.people.size > 0);
	await server.strike();
});
