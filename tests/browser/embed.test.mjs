/*
 * A visit in a frame of the clinic's own site: what the page around it hears, and that a site which was not named gets no
 * frame at all.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before } from 'node:test';
import { lacking } from './browsers.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const skip = process.env.PARAVENT_STRICT !== '1' && missing;
const ALLOW = 'camera; microphone; display-capture; autoplay; fullscreen';
let server, dashboard, stranger;

/* A site with one page, whose frame shows the address behind ?visit=. */
async function site() {
	const http = createServer((request, response) => {
		const visit = new URL(request.url, 'http://localhost').searchParams.get('visit') ?? '';

		response.setHeader('Content-Type', 'text/html');
		response.end(`<!doctype html><title>A site</title><script>
			window.heard = [];
			addEventListener('message', ({ origin, data }) => window.heard.push({ origin, ...data }));
			</script><iframe name="visit" width="1000" height="700" allow="${ALLOW}" src="${visit.replace(/[&"<]/g, (c) => `&#${c.charCodeAt()};`)}"></iframe>`);
	});

	http.listen(0, '127.0.0.1');
	await once(http, 'listening');
	return Object.assign(http, { url: `http://127.0.0.1:${http.address().port}` });
}

before(async () => {
	if (skip)
		return;
	[dashboard, stranger] = [await site(), await site()];
	server = await Server.fresh({ more: [`embed-origin = "${dashboard.url}"`] });
});

after(() => {
	dashboard?.close();
	stranger?.close();
	return server?.remove();
});

async function frames(person, around, visit) {
	await person.page.goto(`${around.url}/?visit=${encodeURIComponent(visit)}`);
	return (await person.page.waitForSelector('iframe[name="visit"]')).contentFrame();
}

const events = ({ page }) => page.evaluate(() => window.heard.map(({ event }) => event));
const hears = ({ page }, ...wanted) => page.waitForFunction(
	(wanted) => window.heard.map(({ event }) => event).join() === wanted, {}, wanted.join());

for (const browser of ['chromium', 'firefox'])
	scene(`a patient in a frame, ${browser}`, {
		cast: { host: browser, guest: browser },
		skip: skip || lacking(browser),
	}, async ({ host, guest }) => {
		const meeting = await server.create();
		const visit = await frames(guest, dashboard, `${meeting.joinUrl}?lang=en`);

		await visit.waitForSelector('body[data-screen="join"]');
		assert.deepEqual(await events(guest), []);
		await (await visit.waitForSelector('[data-test="name"]')).type('Maria');
		await visit.$eval('[data-test="join"]', (button) => button.click());
		await visit.waitForSelector('body[data-screen="waiting"]');
		await hears(guest, 'waiting');

		await host.knock(meeting.hostUrl, 'Dr. Linde');
		await host.on('call');
		await host.press('admit');
		await visit.waitForSelector('body[data-screen="call"]');
		await hears(guest, 'waiting', 'admitted', 'joined');
		await host.decodes();

		await host.press('end');
		await host.press('end-confirm');
		await hears(guest, 'waiting', 'admitted', 'joined', 'ended');
		for (const one of await guest.page.evaluate(() => window.heard))
			assert.deepEqual({ ...one, event: '' }, { origin: server.url, source: 'paravent', event: '', meetingId: meeting.meetingId });
	});

for (const browser of ['chromium', 'firefox'])
	scene(`a site that was not named, ${browser}`, {
		cast: { guest: browser },
		skip: skip || lacking(browser),
	}, async ({ guest }) => {
		const meeting = await server.create();

		/* a visit in a strange site, and in our own site's frame what is no visit */
		for (const [around, address] of [[stranger, meeting.joinUrl], [dashboard, server.url]]) {
			const frame = await frames(guest, around, address);

			await frame.waitForFunction(() => document.readyState === 'complete').catch(() => undefined);
			assert.equal(await frame.$('[data-test]').catch(() => null), null, address);
			assert.deepEqual(await events(guest), []);
		}
		/* Firefox reports the frame that it kept empty as if the page had failed */
		assert.ok(guest.errors.every((one) => one.includes('frame-ancestors')), `${guest.errors}`);
		guest.errors.length = 0;
	});
