/* A visit from beginning to end, in every pair of browsers. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { lacking } from './browsers.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const PAIRS = [['chromium', 'chromium'], ['firefox', 'firefox'], ['chromium', 'firefox'], ['firefox', 'chromium']];

const skip = process.env.PARAVENT_STRICT !== '1' && missing;
let server;

before(async () => {
	if (skip)
		return;
	server = await Server.fresh();
});

after(() => server?.remove());

for (const [first, second] of PAIRS)
	scene(`host in ${first}, guest in ${second}`, {
		cast: { host: first, guest: second },
		skip: skip || lacking(first, second),
	}, async ({ host, guest }) => {
		/* the host makes a visit */
		await host.page.goto(`${server.url}/?lang=en`);
		await host.on('home');
		await host.type('host-name', 'Dr. Linde');
		await host.type('title', 'Follow-up');
		await host.press('create');
		await host.on('links');
		const link = await host.value('guest-link');
		assert.match(link, /\/join\/[\w-]{22}#k=[\w-]{22}$/, 'the guest\'s link holds the link key and no other secret');
		assert.match(await host.value('host-link'), /#k=[\w-]{22}&token=/);
		await host.press('start');
		await host.on('join');
		assert.doesNotMatch(host.page.url(), /token|k=/, 'token and key leave the address bar');
		await host.page.waitForFunction(() => document.querySelector('[data-test=name]').value === 'Dr. Linde');
		await host.press('join');
		await host.on('call');

		/* the guest knocks and is let in */
		await guest.knock(link, 'Maria');
		await guest.on('waiting');
		await host.press('note-open');
		await host.type('note-text', 'Two minutes, please');
		await host.press('note-send');
		await guest.find('note');
		await host.press('admit');
		await guest.on('call');
		await Promise.all([host.decodes(1, 50), guest.decodes(1, 50)]);
		await Promise.all([host, guest].map((one) => one.page.waitForSelector('video[data-peer]', { visible: true })));

		/* mute and camera are seen on the other side */
		await guest.press('mute');
		await host.tile('[data-muted="true"]');
		await guest.press('mute');
		await host.tile('[data-muted="false"]');
		await host.press('camera');
		await guest.tile('[data-camera="off"]');
		await host.press('camera');
		await guest.tile('[data-camera="on"]');

		/* a reload is back in its place, without knocking */
		await guest.press('mute');
		await host.tile('[data-muted="true"]');
		await guest.page.reload();
		await guest.on('call');
		assert.equal(await host.page.$('[data-test="knock"]'), null);
		await guest.find('mute', '[data-on="false"]');
		await guest.press('mute');
		await host.tile('[data-muted="false"]');
		/* the host's side has a new connection now, and it is that one which decodes */
		await guest.decodes();
		await host.page.waitForFunction(() => window.seen.connections.length > 1);
		await host.decodes();

		/* and so is the host's */
		const before = await guest.connections();
		await host.page.reload();
		await host.on('call');
		await host.decodes();
		await guest.page.waitForFunction((before) => window.seen.connections.length > before, {}, before);
		await guest.decodes();

		/* the end */
		await host.press('end');
		await host.press('end-confirm');
		await Promise.all([host.on('ended'), guest.on('ended')]);
		for (const one of [host, guest]) {
			assert.ok(await one.page.evaluate(() => window.seen.connections.every((pc) => pc.connectionState === 'closed')));
			assert.deepEqual(await one.complaints(), []);
		}

		/* the link is dead */
		await guest.open(link);
		await guest.page.waitForSelector('[data-why="over"]');
	});
