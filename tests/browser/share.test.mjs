/* The screen in place of the camera: another track on the same line, and what each side sees of it. */
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

/* Runs in the page, before it: a screen of its own shape, for no browser without a screen has one to show. */
function pretend() {
	if (!navigator.mediaDevices)
		return;		/* the empty page before ours */
	navigator.mediaDevices.getDisplayMedia = async (wish) => {
		if (window.refuse)
			throw new DOMException('no', window.refuse);
		window.wished = wish;
		const canvas = Object.assign(document.createElement('canvas'), { width: 1600, height: 400 });
		const pen = canvas.getContext('2d');

		setInterval(() => {
			pen.fillStyle = '#fff';
			pen.fillRect(0, 0, 1600, 400);
			pen.fillStyle = '#000';
			pen.font = '120px serif';
			pen.fillText(`Befund ${Date.now() % 1000}`, 60, 240);
		}, 100);
		return window.shown = canvas.captureStream(10);
	};
}

const offers = (one) => one.page.evaluate(() => window.seen.talk.filter((line) => /description|offer|answer/.test(line)).length);
const wide = (one) => one.page.waitForFunction(() => {
	const video = document.querySelector('video[data-peer]');
	return video.videoWidth > video.videoHeight * 3;
});
const told = (one, words) => one.page.waitForFunction((words) => document.querySelector('[role=status]').textContent.includes(words), {}, words);

for (const [first, second] of [['chromium', 'firefox'], ['firefox', 'chromium']])
	scene(`a host in ${first} shows the screen to a guest in ${second}, without a new negotiation`, {
		cast: { host: first, guest: [second, 'de'] },
		skip,
	}, async ({ host, guest }) => {
		const meeting = await server.create();

		await host.page.evaluateOnNewDocument(pretend);
		await host.knock(`${meeting.hostUrl}&k=AAECAwQFBgcICQoLDA0ODw`, 'Dr. Linde');
		await host.on('call');
		await guest.knock(`${meeting.joinUrl}#k=AAECAwQFBgcICQoLDA0ODw`, 'Maria');
		await guest.on('waiting');
		await host.press('admit');
		await Promise.all([host.decodes(), guest.decodes()]);
		const before = await offers(host);

		await host.press('share');
		await host.find('sharing');
		await guest.tile('[data-screen="true"]');
		await wide(guest);
		assert.equal(await host.page.evaluate(() => window.wished.audio), false);
		if (first === 'chromium')
			await picture(host, 'call-sharing');
		else
			await picture(guest, 'call-shared-de');

		/* with the camera off the screen is still seen; behind the folding screen it is not */
		await host.press('camera');
		await guest.tile('[data-screen="true"][data-camera="off"]');
		assert.equal(await guest.page.$('[data-test="tile"] .veil'), null);
		await host.press('fold');
		await guest.tile('[data-screen="false"][data-behind="true"]');
		await host.press('unfold');
		await guest.tile('[data-screen="true"]');
		await host.press('camera');
		await told(host, 'Your camera is on');

		/* the browser's own bar ends it */
		await host.page.evaluate(() => {
			const [track] = window.shown.getTracks();
			track.stop();
			track.dispatchEvent(new Event('ended'));
		});
		await guest.tile('[data-screen="false"][data-camera="on"]');
		await told(host, 'no longer see your screen');
		await guest.page.waitForFunction(() => {
			const video = document.querySelector('video[data-peer]');
			return video.videoWidth < video.videoHeight * 2;
		});

		/* and our button; leaving does, too */
		await host.press('share');
		await guest.tile('[data-screen="true"]');
		await host.press('share-stop');
		await guest.tile('[data-screen="false"]');
		assert.equal(await host.page.evaluate(() => window.shown.getTracks()[0].readyState), 'ended');
		await host.press('share');
		await guest.tile('[data-screen="true"]');
		assert.equal(await offers(host), before, 'nothing was negotiated');
		await host.press('end');
		await host.press('end-confirm');
		await host.on('ended');
		assert.equal(await host.page.evaluate(() => window.shown.getTracks()[0].readyState), 'ended');
	});

scene('who closes the browser\'s question is told nothing, who cannot show it is', {
	cast: { host: 'chromium' },
	skip,
}, async ({ host }) => {
	const meeting = await server.create();

	await host.page.evaluateOnNewDocument(pretend);
	await host.knock(meeting.hostUrl, 'Dr. Linde');
	await host.on('call');
	await host.page.evaluate(() => { window.refuse = 'NotAllowedError'; });
	await host.press('share');
	await host.page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
	assert.equal(await host.page.$('[data-test="notice"]'), null);
	await host.page.evaluate(() => { window.refuse = 'NotReadableError'; });
	await host.press('share');
	await host.find('notice');
	await host.find('share', '[data-on="false"]');
});
