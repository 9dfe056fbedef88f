/*
 * A restart of ICE in mid-call, in every pair of browsers, begun by either side and by both at once: another network, or a
 * phone that slept, costs a moment and never a connection.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lacking } from './browsers.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const PAIRS = [['chromium', 'chromium'], ['firefox', 'firefox'], ['chromium', 'firefox'], ['firefox', 'chromium']];
const FURTHER = 50;		/* frames */
const PATIENCE_MS = 45_000;

const skip = process.env.PARAVENT_STRICT !== '1' && missing;
let server;

before(async () => {
	if (skip)
		return;
	server = await Server.fresh();
});

after(() => server?.remove());

/* Runs in the page: what names the ICE of both sides, or null while they are still at it. */
function names() {
	const { signalingState, currentLocalDescription, currentRemoteDescription } = window.seen.connections.at(-1);

	return signalingState === 'stable'
		? [currentLocalDescription, currentRemoteDescription].map(({ sdp }) => /^a=ice-ufrag:(\S+)/m.exec(sdp)[1])
		: null;
}

async function restarted(person, before) {
	for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(100)) {
		const after = await person.page.evaluate(names);
		if (after && after.every((one, n) => one !== before[n]))
			return;
	}
	throw new Error(`nothing was restarted within ${PATIENCE_MS / 1000} s`);
}

/* Frames that come from now on. A browser may count anew when something was renegotiated. */
async function further(person) {
	let [last] = await person.media();
	let frames = 0;

	for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(100)) {
		const [now] = await person.media();
		if (!now)
			continue;
		frames += now.frames < last.frames ? now.frames : now.frames - last.frames;
		if (frames > FURTHER && now.audio !== last.audio)
			return;
		last = now;
	}
	throw new Error(`only ${frames} further frames within ${PATIENCE_MS / 1000} s`);
}

for (const [first, second] of PAIRS)
	scene(`host in ${first}, guest in ${second}: restarts of ICE, and no second connection`, {
		cast: { host: first, guest: second },
		skip: skip || lacking(first, second),
	}, async ({ host, guest }, t) => {
		const meeting = await server.create();
		const both = [host, guest];

		await host.knock(meeting.hostUrl, 'Dr. Linde');
		await host.on('call');
		await guest.knock(meeting.joinUrl, 'Maria');
		await guest.on('waiting');
		await host.press('admit');
		await Promise.all(both.map((one) => one.decodes()));

		/* the guest came second, and made the first offer */
		for (const [who, restarting] of Object.entries({ guest: [guest], host: [host], both })) {
			const before = await Promise.all(both.map((one) => one.page.evaluate(names)));
			const began = Date.now();

			/* as a page learns that it has another network */
			await Promise.all(restarting.map(({ page }) => page.evaluate(() => { window.dispatchEvent(new Event('online')); })));
			await Promise.all(both.map((one, n) => restarted(one, before[n])));
			await Promise.all(both.map(further));
			t.diagnostic(`restarted by ${who}: ${FURTHER} further frames on both sides after ${Date.now() - began} ms`);
			assert.deepEqual(await Promise.all(both.map((one) => one.connections())), [1, 1], `restarted by ${who}`);
		}
	});
