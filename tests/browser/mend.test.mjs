/* What a phone takes away in mid-visit and does not give back; a small window; a screen that stays awake. */
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

/* Runs in the page, before it: no browser without a screen has either. */
function pretend() {
	window.locks = 0;
	Object.defineProperty(Navigator.prototype, 'wakeLock', {
		configurable: true,
		get: () => ({ request: async () => (window.locks++, { release: async () => { window.locks--; } }) }),
	});
	/* Firefox lets no script send a track such an event */
	const { addEventListener } = EventTarget.prototype;
	MediaStreamTrack.prototype.addEventListener = function (type, listener) {
		if (type === 'mute')
			(this.looks ??= []).push(listener);
		return addEventListener.call(this, type, listener);
	};
	let now = null;
	const turn = (video, to) => {
		now = to;
		video.dispatchEvent(new Event(to ? 'enterpictureinpicture' : 'leavepictureinpicture', { bubbles: true }));
	};
	Object.defineProperty(Document.prototype, 'pictureInPictureEnabled', { configurable: true, get: () => true });
	Object.defineProperty(Document.prototype, 'pictureInPictureElement', { configurable: true, get: () => now });
	HTMLVideoElement.prototype.requestPictureInPicture = async function () {
		if (window.noWindow)
			throw new DOMException('no', 'NotAllowedError');
		turn(this, this);
	};
	Document.prototype.exitPictureInPicture = async () => turn(now, null);
}

/* Runs in the page: the system takes sound and picture away. */
function takeAway() {
	window.taken = window.seen.connections.at(-1).getSenders().map(({ track }) => track);
	for (const track of window.taken) {
		Object.defineProperty(track, 'muted', { get: () => true });
		for (const look of track.looks)
			look();
	}
}

for (const [first, second] of [['chromium', 'firefox'], ['firefox', 'chromium']])
	scene(`a guest in ${second} whose phone takes camera and microphone away gets them back with one press`, {
		cast: { host: first, guest: [second, 'de'] },
		skip,
	}, async ({ host, guest }) => {
		const meeting = await server.create();

		await guest.page.evaluateOnNewDocument(pretend);
		await host.knock(`${meeting.hostUrl}&k=AAECAwQFBgcICQoLDA0ODw`, 'Dr. Linde');
		await host.on('call');
		await guest.knock(`${meeting.joinUrl}#k=AAECAwQFBgcICQoLDA0ODw`, 'Maria');
		await guest.on('waiting');
		await guest.page.waitForFunction(() => window.locks === 1);
		await host.press('admit');
		await Promise.all([host.decodes(), guest.decodes()]);
		assert.equal(await guest.page.evaluate(() => window.locks), 1, 'one lock from the door to the end');

		await guest.page.evaluate(takeAway);
		await guest.find('mend');
		if (second === 'chromium')
			await picture(guest, 'call-mend-de');
		await guest.press('mend-now');
		await guest.page.waitForFunction(() => !document.querySelector('[data-test=mend]'));
		const [before] = await host.media();
		await guest.page.waitForFunction(() => window.taken.every(({ readyState }) => readyState === 'ended')
			&& window.seen.connections.at(-1).getSenders().every(({ track }) => track?.readyState === 'live' && !window.taken.includes(track)));
		await host.decodes(1, before.frames + 20);

		/* the small window: in, out, and where it cannot be */
		await guest.press('panel-open');
		await guest.press('pip');
		await guest.find('pip', '[aria-pressed="true"]');
		await guest.press('pip');
		await guest.find('pip', '[aria-pressed="false"]');
		await guest.page.evaluate(() => { window.noWindow = true; });
		await guest.press('pip');
		await guest.find('notice');
		await guest.press('leave');
		await guest.on('ended');
		await guest.page.waitForFunction(() => window.locks === 0);
	});
