/* The server dies in the middle of a visit; the visit does not. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeBrowsers, lacking, Person } from './browsers.mjs';
import { missing, Server } from './server.mjs';

const skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking('chromium', 'firefox');
let server;

before(async () => {
	if (skip)
		return;
	server = await Server.fresh();
});

after(async () => {
	await closeBrowsers();
	await server?.remove();
});

test('kill -9 in mid-call: media goes on, both come back by themselves', { skip: skip || false, timeout: 120_000 }, async () => {
	const meeting = await server.create();
	const host = await Person.at('chromium');
	const guest = await Person.at('firefox');
	const both = [host, guest];

	try {
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
		await sleep(4000);
		const during = await Promise.all(both.map((one) => one.media()));
		for (const n of [0, 1])
			assert.ok(during[n][0].frames - before[n][0].frames > 20, `frames went on: ${before[n][0].frames} to ${during[n][0].frames}`);

		/* said while nobody could hear it, known when they can */
		await guest.press('mute');
		await server.start();
		await Promise.all(both.map((one) => one.page.waitForFunction(
			() => !document.querySelector('[data-test=reconnecting]'), { timeout: 30_000 })));
		await host.tile('[data-muted="true"][data-away="false"]');
		for (const one of both)
			assert.equal(await one.page.evaluate(() => window.seen.connections.length), 1, 'the same connection all along');
		const [now] = await host.media();
		assert.ok(now.frames > during[0][0].frames);

		await host.press('end');
		await host.press('end-confirm');
		await Promise.all(both.map((one) => one.on('ended')));
		for (const one of both)
			assert.deepEqual(await one.complaints(), []);
		await server.run('log', 'verify');
	} finally {
		await host.close();
		await guest.close();
	}
});

test('kill -9 while somebody waits: he still waits, and is let in', { skip: skip || false, timeout: 60_000 }, async () => {
	const meeting = await server.create();
	const host = await Person.at('chromium');
	const guest = await Person.at('chromium');

	try {
		await host.knock(meeting.hostUrl, 'Dr. Linde');
		await host.on('call');
		await guest.knock(meeting.joinUrl, 'Maria');
		await guest.on('waiting');
		await host.find('knock');
		await server.kill();
		await host.find('reconnecting');
		await server.start();
		await host.page.waitForFunction(() => !document.querySelector('[data-test=reconnecting]'), { timeout: 30_000 });
		/* his page comes back at its own pace */
		await host.find('knock');
		await host.press('admit');
		await guest.on('call');
		await Promise.all([host.decodes(), guest.decodes()]);
		assert.equal(await host.page.$('[data-test="knock"]'), null);
	} finally {
		await host.close();
		await guest.close();
	}
});
