/**
 * What takes a minute or two: a receiver that is down for one, and one that answers
 * later than anybody waits.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { Receiver } from './receiver.mjs';
import { Server, paravent, sleep, temporary } from './stage.mjs';

const stages = [];
const receivers = [];

async function stage()
{
	const hook = await Receiver.start(temporary());
	const server = await Server.start(hook.conf());

	receivers.push(hook);
	stages.push(server);
	do {
		hook.began = (await state(server)).seq;
	} while (!hook.began);
	return { hook, server };
}

after(async () => {
	await Promise.all(stages.map((server) => server.strike()));
	await Promise.all(receivers.map((one) => one.down()));
});

async function state(server)
{
	const { stdout } = await paravent('webhook', 'list', '--json', '-c',
		server.confFile);

	return JSON.parse(stdout).items[0];
}

/* Seconds until it has everything. */
async function caughtUp(server)
{
	const start = Date.now();

	while ((await state(server)).behind) {
		assert.ok(Date.now() - start < 80000, 'it never has everything');
		await sleep(100);
	}
	return (Date.now() - start) / 1000;
}

async function hasAll(server, hook)
{
	const { stdout } = await paravent('log', 'export', '-c', server.confFile);
	const all = stdout.trim().split('\n').map((line) => JSON.parse(line).seq);

	assert.deepEqual(hook.seqs, all.filter((seq) => seq > hook.began));
	return hook.seqs.length;
}

describe('patience with a receiver', { concurrency: true }, () => {
	test('one that is down for 60 s gets everything, once', async (t) => {
		const { hook, server } = await stage();

		await hook.down();
		for (let i = 0; i < 60; i++) {
			await server.meeting();
			await sleep(1000);
		}
		await hook.up();
		const seconds = await caughtUp(server);
		const count = await hasAll(server, hook);
		t.diagnostic(`${count} facts, ${seconds} s after it was up`);
	});

	test('one that sleeps for 11 s over each gets everything', async (t) => {
		const { hook, server } = await stage();

		hook.mood = 'asleep';
		for (let i = 0; i < 5; i++)
			await server.meeting();
		await sleep(25000);
		assert.ok(hook.tries.length > hook.taken.length + 1);
		hook.mood = 'well';
		const seconds = await caughtUp(server);
		const count = await hasAll(server, hook);
		t.diagnostic(`${count} facts, ${seconds} s after it was awake`);
	});
});
