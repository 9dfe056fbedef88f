/* The server dies in the middle of a visit; the visit does not. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { lacking } from './browsers.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking('chromium', 'firefox');
let server;

before(async () => {
	if (skip)
		return;
	server = await Server.fresh();
});

after(() => server?.remove());

scene('kill -9 in mid-call: media goes on, both come back by themselves', {
	cast: { host: 'chromium', guest: 'firefox' },
	skip,
}, async ({ host, guest }) => {
	const meeting = await server.create();
	const both = [host, guest];

	await host.knock(meeting.hostUrl, 'Dr. Linde');
	await host.on('call');
	await guest.knock(meeting.joinUrl, 'Maria');
	await guest.on('waiting');
	await host.press('admit');
	await guest.on('call');
	await Promise.all(both.map((one) => one.decodes()));

	await server.kill();
	await Promise.all(both.map((one) => one.find('reconnecting')));
	const before = await Promise.all(both.map((one) => one.media()));
	await Promise.all(both.map((one, n) => one.decodes(1, before[n][0].frames + 100)));

	/* said while nobody could hear it, known when they can */
	await guest.press('mute');
	await server.start();
	await Promise.all(both.map((one) => one.page.waitForFunction(() => !document.querySelector('[data-test=reconnecting]'))));
	await host.tile('[data-muted="true"][data-away="false"]');
	for (const one of both) {
		assert.equal(await one.connections(), 1, 'the same connection all along');
		const [now] = await one.media();
		await one.decodes(1, now.frames);
	}

	await host.press('end');
	await host.press('end-confirm');
	await Promise.all(both.map((one) => one.on('ended')));
	await server.run('log', 'verify');
});

scene('kill -9 while somebody waits: he still waits, and is let in', {
	cast: { host: 'chromium', guest: 'chromium' },
	skip,
}, async ({ host, guest }) => {
	const meeting = await server.create();

	await host.knock(meeting.hostUrl, 'Dr. Linde');
	await host.on('call');
	await guest.knock(meeting.joinUrl, 'Maria');
	await guest.on('waiting');
	await host.find('knock');
	await server.kill();
	await host.find('reconnecting');
	await server.start();
	await host.page.waitForFunction(() => !document.querySelector('[data-test=reconnecting]'));
	/* his page comes back at its own pace */
	await host.find('knock');
	await host.press('admit');
	await guest.on('call');
	await Promise.all([host.decodes(), guest.decodes()]);
	assert.equal(await host.page.$('[data-test="knock"]'), null);
});
