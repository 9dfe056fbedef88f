/* Every screen of a visit, as looks.mjs looks at it; and what works without devices, and with the keyboard alone. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { lacking } from './browsers.mjs';
import { picture } from './looks.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking('chromium');
const KEY = 'AAECAwQFBgcICQoLDA0ODw';
let server;

before(async () => {
	if (!skip)
		server = await Server.fresh();
});

after(() => server?.remove());

scene('every screen', {
	cast: { host: 'chromium', guest: ['chromium', 'de'], third: 'chromium' },
	skip,
	timeout: 600_000,	/* a hundred pictures */
}, async ({ host, guest, third }) => {
	const meeting = await server.create({ capacity: 3, hostName: 'Dr. Linde', title: 'Follow-up after the operation' });
	const hostUrl = `${meeting.hostUrl}&k=${KEY}`;
	const joinUrl = `${meeting.joinUrl}#k=${KEY}`;

	await host.page.goto(`${server.url}/?lang=en`);
	await host.on('home');
	await picture(host, 'home');
	await host.type('host-name', 'Dr. Linde');
	await host.press('create');
	await host.on('links');
	await picture(host, 'links');
	await host.page.goto(`${server.url}/?lang=de`);
	await host.page.waitForSelector('.own');
	await picture(host, 'home-own-de');

	await host.open(hostUrl);
	await host.on('join');
	await host.page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0);
	await picture(host, 'join');
	await host.type('name', 'Dr. Linde');
	await host.press('join');
	await host.on('call');
	await picture(host, 'call-alone');

	await guest.knock(joinUrl, 'Maria Sonnenschein');
	await guest.on('waiting');
	await picture(guest, 'waiting-de');
	await picture(host, 'call-knock');
	await host.press('note-open');
	await host.type('note-text', 'Two minutes, please');
	await picture(host, 'call-note');
	await host.press('note-send');
	await guest.find('note');
	await picture(guest, 'waiting-note-de');
	await host.press('admit');
	await guest.on('call');
	await Promise.all([host.decodes(), guest.decodes()]);
	await Promise.all([host, guest].map((one) => one.tile('[data-path="direct"][data-trust="verified"]')));
	await picture(host, 'call');
	await picture(guest, 'call-guest-de');
	await host.press('panel-open');
	await picture(host, 'call-panel');
	await host.press('panel-close');
	await guest.press('mute');
	await guest.press('camera');
	await host.tile('[data-camera="off"]');
	await picture(host, 'call-camera-off');
	await picture(guest, 'call-own-camera-off-de');

	await third.knock(joinUrl, 'Ines Interpreter');
	await third.on('waiting');
	await host.press('admit');
	await host.decodes(2, 20);
	await picture(host, 'call-three');
	await host.press('end');
	await host.find('end-confirm');
	await picture(host, 'call-end');
	await host.press('end-confirm');
	await host.on('ended');
	await picture(host, 'ended');
	await guest.open(joinUrl);
	await guest.page.waitForSelector('[data-why="over"]');
	await picture(guest, 'refused-de');
});

for (const language of ['fr', 'es'])
	scene(`there is room for every word in ${language}`, {
		cast: { host: ['chromium', language], guest: ['chromium', language] },
		skip,
		timeout: 600_000,
	}, async ({ host, guest }) => {
		const meeting = await server.create({ hostName: 'Dr. Linde' });

		await host.page.goto(`${server.url}/?lang=${language}`);
		await host.on('home');
		await picture(host, `home-${language}`);
		await host.knock(`${meeting.hostUrl}&k=${KEY}`, 'Dr. Linde');
		await host.on('call');
		await guest.open(`${meeting.joinUrl}#k=${KEY}`);
		await guest.on('join');
		await guest.page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0);
		await picture(guest, `join-${language}`);
		await guest.type('name', 'María Sonnenschein');
		await guest.press('join');
		await guest.on('waiting');
		await picture(guest, `waiting-${language}`);
		await host.find('net');
		await picture(host, `call-knock-${language}`);
		await host.press('admit');
		await Promise.all([host, guest].map((one) => one.tile('[data-trust="verified"]')));
		await guest.press('fold');
		await guest.find('folded');
		await picture(guest, `call-folded-${language}`);
		await host.tile('[data-behind="true"]');
		await host.press('panel-open');
		await picture(host, `call-panel-${language}`);
		await host.press('chat-open');
		await host.type('chat-text', 'Buenos días');
		await host.page.keyboard.press('Enter');
		await picture(host, `call-chat-${language}`);
		await guest.press('leave');
		await guest.on('ended');
		await picture(guest, `ended-${language}`);
	});

scene('two words to compare, and what is said when they differ', {
	cast: { host: 'chromium', guest: ['chromium', 'de'] },
	skip,
}, async ({ host, guest }) => {
	const meeting = await server.create({ hostName: 'Dr. Linde' });

	await host.knock(meeting.hostUrl, 'Dr. Linde');
	await host.on('call');
	await guest.knock(meeting.joinUrl, 'Maria Sonnenschein');
	await guest.on('waiting');
	await host.press('admit');
	await Promise.all([host.find('compare'), guest.find('compare')]);
	await picture(host, 'call-words');
	await picture(guest, 'call-words-de');
	await guest.press('match');
	await picture(guest, 'call-words-pressed-de');
	await guest.press('panel-open');
	await picture(guest, 'call-words-panel-de');
	await guest.press('panel-close');
	await host.press('differ');
	await Promise.all([host, guest].map((one) => one.tile('[data-link="refused"]')));
	await picture(host, 'call-refused');
	await picture(guest, 'call-refused-de');
	await guest.open(`${meeting.joinUrl}#k=cut`);
	await guest.page.waitForSelector('[data-why="cut"]');
	await picture(guest, 'refused-cut-de');
});

scene('joining without camera and microphone is possible', {
	cast: { guest: ['chromium', 'de'] },
	skip,
}, async ({ guest }) => {
	const meeting = await server.create({ hostName: 'Dr. Linde' });

	await guest.page.evaluateOnNewDocument(() => {
		navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
		navigator.permissions.query = () => Promise.resolve({ state: 'denied' });
	});
	await guest.open(meeting.joinUrl);
	await guest.find('trouble');
	await picture(guest, 'join-denied-de');
	await guest.type('name', 'Maria');
	await guest.press('join');
	await guest.on('waiting');
});

scene('where the browser holds back the sound, one press brings it', {
	cast: { host: 'chromium', guest: 'chromium' },
	skip,
}, async ({ host, guest }) => {
	const meeting = await server.create();

	await guest.page.evaluateOnNewDocument(() => {
		const { play } = HTMLAudioElement.prototype;
		let held = false;
		HTMLAudioElement.prototype.play = function () {
			if (held || !(this instanceof HTMLAudioElement))
				return play.call(this);
			held = true;
			return Promise.reject(new DOMException('not yet', 'NotAllowedError'));
		};
	});
	await host.knock(meeting.hostUrl, 'Dr. Linde');
	await host.on('call');
	await guest.knock(meeting.joinUrl, 'Maria');
	await guest.on('waiting');
	await host.press('admit');
	await guest.press('sound');
	await guest.page.waitForFunction(() => !document.querySelector('[data-test=sound]')
		&& [...document.querySelectorAll('audio')].every((one) => !one.paused));
});

scene('the whole way with the keyboard alone', {
	cast: { host: 'chromium' },
	skip,
}, async ({ host }) => {
	const meeting = await server.create({ hostName: 'Dr. Linde' });
	const { keyboard } = host.page;

	await host.open(meeting.hostUrl);
	await host.on('join');
	await host.tabTo('name');
	await keyboard.type('Dr. Linde');
	await host.tabTo('join');
	await keyboard.press('Enter');
	await host.on('call');
	await host.find('self');
	await host.tabTo('self');
	await keyboard.press('ArrowLeft');
	await host.find('self', '[data-corner="bottom-left"]');
	await keyboard.press('ArrowUp');
	await host.find('self', '[data-corner="top-left"]');
	await host.tabTo('end');
	await keyboard.press('Enter');
	await host.find('end-confirm');
	await keyboard.press('Escape');
	await host.page.waitForFunction(() => !document.querySelector('dialog'));
	assert.equal(await host.focused(), 'end', 'the focus is back where it was');
	await keyboard.press('Enter');
	await host.tabTo('end-confirm');
	await keyboard.press('Enter');
	await host.on('ended');
});
