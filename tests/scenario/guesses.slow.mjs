/**
 * Ten thousand wrong passwords, from two hundred addresses at forty accounts, and one that
 * is right in the middle of it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeStaff } from './apikeys.mjs';
import { Server, sleep } from './stage.mjs';

const TRIES = 10_000;
const VOICES = 200;
const ACCOUNTS = 40;

test('ten thousand wrong passwords', { timeout: 600_000 }, async (t) => {
	const server = await Server.start();
	const signIn = (username, password, from) => server.post('/api/session',
		{ json: { username, password }, from });
	const counts = {};
	const rights = [];
	let left = TRIES;

	for (let i = 0; i < ACCOUNTS; i++)
		await makeStaff(server, `n${i}`, `correct horse ${i}`);
	const before = server.rss;
	const voices = Array.from({ length: VOICES }, async (_, n) => {
		while (left-- > 0) {
			const name = `n${left % ACCOUNTS}`;
			const { status } = await signIn(name, `wrong horse ${left}`,
				`127.2.0.${n + 1}`);

			counts[status] = (counts[status] ?? 0) + 1;
		}
	});
	const honest = (async () => {
		while (left > 0) {
			const start = performance.now();
			let status;

			while (({ status } = await signIn('n7', 'correct horse 7', '127.3.0.1')),
			status == 429)
				await sleep(500);
			assert.equal(status, 204);
			rights.push(performance.now() - start);
			await sleep(1000);
		}
	})();

	await Promise.all([...voices, honest]);
	assert.equal(counts[204], undefined);
	assert.equal(counts[401] + counts[429], TRIES);
	assert.ok(rights.length > 0);
	rights.sort((a, b) => a - b);
	t.diagnostic(`${JSON.stringify(counts)}; ${rights.length} right ones meanwhile, median ` +
		`${Math.round(rights[rights.length >> 1])} ms, worst ${Math.round(rights.at(-1))} ms; ` +
		`resident ${before} kB before, ${server.rss} kB after`);
	assert.ok(server.rss < before + 65536, 'it grows');
	await server.strike();
});
