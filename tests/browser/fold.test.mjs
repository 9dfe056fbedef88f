/* Somebody comes into the room: one key, and nobody in the visit sees or hears it. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { lacking } from './browsers.mjs';
import { picture } from './looks.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking('chromium', 'firefox') || false;
let server;

before(async () => {
	if (!skip)
		server = await Server.fresh();
});

after(() => server?.remove());

/* Runs in the page: of every live connection, is sound sent, is a picture? */
function sent() {
	return window.seen.connections.filter((one) => one.connectionState === 'connected').flatMap((one) => one.getSenders())
		.map(({ track }) => !!track && track.enabled && track.readyState === 'live');
}

for (const [first, second] of [['chromium', 'firefox'], ['firefox', 'chromium']])
	scene(`a host in ${first} and a guest in ${second} who hides behind the screen, and comes back`, {
		cast: { host: first, guest: [second, 'de'] },
		skip,
	}, async ({ host, guest }) => {
		const meeting = await server.create({ hostName: 'Dr. Linde' });

		await host.knock(`${meeting.hostUrl}&k=AAECAwQFBgcICQoLDA0ODw`, 'Dr. Linde');
		await host.on('call');
		await guest.knock(`${meeting.joinUrl}#k=AAECAwQFBgcICQoLDA0ODw`, 'Maria');
		await guest.on('waiting');
		await host.press('admit');
		await Promise.all([host.decodes(), guest.decodes()]);
		assert.deepEqual(await guest.page.evaluate(sent), [true, true]);

		await guest.page.keyboard.press('Escape');
		assert.deepEqual(await guest.page.evaluate(sent), [false, false], 'at once');
		await host.tile('[data-behind="true"][data-muted="true"][data-camera="off"]');
		assert.match(await host.page.$eval('[data-test="tile"]', (tile) => tile.innerText), /Maria is behind the screen/);
		await host.page.waitForFunction(() => /Maria is behind the screen/.test(document.querySelector('[role=status]').textContent));
		await guest.find('folded');
		if (second === 'chromium')
			await picture(guest, 'call-folded-de');
		else
			await picture(host, 'call-behind');

		/* once more in haste shows nobody */
		await guest.page.keyboard.press('Escape');
		assert.deepEqual(await guest.page.evaluate(sent), [false, false]);

		/* who comes to the visit again meanwhile is told, too */
		await host.page.reload();
		await host.tile('[data-behind="true"]');

		assert.equal(await guest.page.evaluate(() => document.activeElement.dataset.test), 'unfold');
		await guest.page.keyboard.press('Enter');
		await host.tile('[data-behind="false"][data-muted="false"][data-camera="on"]');
		await host.decodes();
		assert.equal(await guest.page.$('[data-test="folded"]'), null);

		/* the button does the same; one thing on by hand is the end of it */
		await guest.press('fold');
		await host.tile('[data-behind="true"]');
		await guest.press('mute');
		await host.tile('[data-behind="false"][data-muted="false"][data-camera="off"]');

		/* where Escape closes something, that is all it does */
		await guest.press('panel-open');
		await guest.page.waitForFunction(() => document.activeElement.closest('.panel'));
		await guest.page.keyboard.press('Escape');
		await guest.page.waitForFunction(() => !document.querySelector('[data-test=panel]'));
		assert.equal(await guest.page.$('[data-test="folded"]'), null);
	});
