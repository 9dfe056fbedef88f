/* Before the visit: hearing and being heard, the devices one chose last time, and what to do where a browser forbids them. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { lacking } from './browsers.mjs';
import { picture } from './looks.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking('chromium', 'firefox') || false;
const INSTAGRAM = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 334.0.0.29.93';
let server;

before(async () => {
	if (!skip)
		server = await Server.fresh();
});

after(() => server?.remove());

/* Runs in the page, before it: two of each kind, and what was asked for. */
function two() {
	if (!navigator.mediaDevices)
		return;		/* the empty page before ours */
	const { mediaDevices } = navigator;
	const { getUserMedia } = mediaDevices;

	window.asked = [];
	mediaDevices.enumerateDevices = async () => ['audioinput', 'videoinput', 'audiooutput'].flatMap((kind) =>
		[1, 2].map((n) => ({ kind, deviceId: `${kind}-${n}`, label: `${kind} ${n}` })));
	mediaDevices.getUserMedia = (wish) => {
		window.asked.push(JSON.stringify(wish));
		return getUserMedia.call(mediaDevices, { audio: !!wish.audio, video: !!wish.video });
	};
	HTMLMediaElement.prototype.setSinkId = async function (id) {
		window.sink = id;
	};
}

/* Runs in the page, before it. */
function pretendToBe(agent) {
	Object.defineProperty(Navigator.prototype, 'userAgent', { get: () => agent });
}

/* Runs in the page, before it. */
function forbid() {
	if (!navigator.mediaDevices)
		return;
	navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
	navigator.permissions.query = () => Promise.resolve({ state: 'denied' });
}

const says = (one, selector, words) => one.page.waitForFunction((selector, words) =>
	document.querySelector(selector)?.innerText.includes(words), {}, selector, words);

for (const browser of ['chromium', 'firefox'])
	scene(`${browser}: one hears the loudspeaker, sees the microphone, and chooses devices once`, {
		cast: { guest: [browser, 'de'] },
		skip,
	}, async ({ guest }) => {
		const meeting = await server.create({ hostName: 'Dr. Linde' });

		await guest.page.evaluateOnNewDocument(two);
		await guest.open(meeting.joinUrl);
		await guest.on('join');
		await guest.page.waitForFunction(() => document.querySelector('.bar span')?.style.transform.startsWith('scaleX'));
		await guest.press('tone');
		await says(guest, '.entering [role=status]', 'zwei leise Töne');
		await guest.page.$eval('details', (details) => { details.open = true; });
		for (const [picker, id] of [['pick-mic', 'audioinput-2'], ['pick-camera', 'videoinput-2'], ['pick-speaker', 'audiooutput-2']]) {
			await guest.find(picker);
			await guest.page.select(`[data-test="${picker}"]`, id);
		}
		await guest.press('tone');
		await guest.page.waitForFunction(() => window.sink === 'audiooutput-2');
		if (browser === 'chromium')
			await picture(guest, 'join-devices-de');

		await guest.page.reload();
		await guest.on('join');
		await guest.page.waitForFunction(() => window.asked.length > 0);
		const [wish] = await guest.page.evaluate(() => window.asked);
		assert.deepEqual([JSON.parse(wish).audio.deviceId, JSON.parse(wish).video.deviceId], [{ ideal: 'audioinput-2' }, { ideal: 'videoinput-2' }]);
	});

for (const [browser, words] of [['chromium', 'turn on camera and microphone there, and reload'], ['firefox', 'remove “Blocked”']])
	scene(`${browser}: what to press where camera and microphone are forbidden`, { cast: { guest: browser }, skip }, async ({ guest }) => {
		const meeting = await server.create();

		await guest.page.evaluateOnNewDocument(forbid);
		await guest.open(meeting.joinUrl);
		await says(guest, '[data-test="repair"]', words);
		if (browser === 'firefox')
			await picture(guest, 'join-repair');
	});

for (const browser of ['chromium', 'firefox'])
	scene(`${browser}: a link opened inside another app says how to come to a browser, and goes on if one insists`, {
		cast: { guest: [browser, browser === 'chromium' ? 'de' : 'en'] },
		skip,
	}, async ({ guest }) => {
		const meeting = await server.create({ hostName: 'Dr. Linde' });
		const key = 'AAECAwQFBgcICQoLDA0ODw';

		await guest.page.evaluateOnNewDocument(pretendToBe, INSTAGRAM);
		await guest.open(`${meeting.joinUrl}#k=${key}`);
		await guest.on('elsewhere');
		await says(guest, 'main', 'Instagram');
		assert.equal(await guest.value('elsewhere-link'), `${meeting.joinUrl}#k=${key}`, 'the whole link');
		if (browser === 'chromium')
			await picture(guest, 'elsewhere-de');
		await guest.press('stay');
		await guest.on('join');
		await guest.type('name', 'Maria');
		await guest.press('join');
		await guest.on('waiting');
		await guest.page.reload();
		await guest.on('waiting');
	});

scene('a link inside another app that leads nowhere says that first', { cast: { guest: 'chromium' }, skip }, async ({ guest }) => {
	await guest.page.evaluateOnNewDocument(pretendToBe, INSTAGRAM);
	await guest.open(`${server.url}/join/AAAAAAAAAAAAAAAAAAAAAA`);
	await guest.page.waitForSelector('[data-why="missing"]');
});
