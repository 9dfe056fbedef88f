/*
 * Eleven minutes relayed on both sides, in two kinds of browser: permissions, channels and allocations are refreshed in that
 * time, and nobody may notice. By hand: run.sh ./long.slow.mjs
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lacking } from './browsers.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const MINUTES = Number(process.env.MINUTES ?? 11);
const LOOK_MS = 2000;
const GAP_MS = 5000;

const skip = missing || lacking('chromium', 'firefox');
let server;

before(async () => {
	if (!skip)
		server = await Server.fresh({ more: ['relay-peer-allow = {"127.0.0.0/8"}'] });
});

after(() => server?.remove());

scene(`${MINUTES} minutes over the relay without a gap`, {
	cast: { host: 'chromium', guest: 'firefox' },
	skip,
	timeout: (MINUTES + 3) * 60_000,
}, async ({ host, guest }, t) => {
	const people = [host, guest];
	const meeting = await server.create({ relayOnly: true });

	await host.knock(meeting.hostUrl, 'Dr. Linde');
	await host.on('call');
	await guest.knock(meeting.joinUrl, 'Maria');
	await guest.on('waiting');
	await host.press('admit');
	await Promise.all(people.map((one) => one.decodes()));

	const last = people.map(() => ({ frames: 0, at: Date.now() }));
	const gaps = people.map(() => 0);
	const until = Date.now() + MINUTES * 60_000;
	while (Date.now() < until) {
		await sleep(LOOK_MS);
		for (const [n, one] of people.entries()) {
			const frames = (await one.media()).reduce((sum, { frames }) => sum + frames, 0);
			if (frames > last[n].frames)
				last[n] = { frames, at: Date.now() };
			gaps[n] = Math.max(gaps[n], Date.now() - last[n].at);
			assert.ok(gaps[n] < GAP_MS, `no picture for ${gaps[n]} ms`);
		}
	}
	t.diagnostic(`frames ${last.map(({ frames }) => frames)}, longest look without a new one ${gaps} ms`);
	for (const one of people) {
		assert.equal(await one.connections(), 1, 'one connection all the time');
		for (const { candidateType } of await one.pairs())
			assert.equal(candidateType, 'relay');
	}
});
