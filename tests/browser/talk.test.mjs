/* Writing to each other in a visit: from browser to browser, in order, once, and unknown to the server. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lacking } from './browsers.mjs';
import { picture } from './looks.mjs';
import { Middle } from './middle.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking('chromium', 'firefox') || false;
const KEY = 'AAECAwQFBgcICQoLDA0ODw';
const PATIENCE = 45_000;

/* Runs in the page, before it: what goes out over data channels. */
function overhear() {
	const { send } = RTCDataChannel.prototype;

	window.channelled = [];
	RTCDataChannel.prototype.send = function (text) {
		if (typeof text === 'string')
			window.channelled.push(text);
		return send.call(this, text);
	};
}

const lines = (one) => one.page.$$eval('[data-test="line"]', (all) => all.map((line) => line.innerText.replace(/\s+/g, ' ').trim()));

async function reads(one, expected) {
	let now;

	for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(200))
		if (JSON.stringify(now = await lines(one).catch(() => null)) === JSON.stringify(expected))
			return;
	assert.deepEqual(now, expected);
}

async function write(one, text) {
	await one.type('chat-text', text);
	await one.page.keyboard.press('Enter');
}

async function together(host, guest, { hostUrl, joinUrl }, link = (url) => url) {
	await host.knock(link(hostUrl), 'Dr. Linde');
	await host.on('call');
	await guest.knock(link(joinUrl), 'Maria');
	await guest.on('waiting');
	await host.press('admit');
	await Promise.all([host, guest].map((one) => one.tile('[data-link="connected"]')));
}

function everyFile(folder) {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		return entry.isDirectory() ? everyFile(path) : entry.isFile() ? [path] : [];
	});
}

for (const [first, second] of [['chromium', 'firefox'], ['firefox', 'chromium']])
	scene(`a chat between ${first} and ${second}: in order, sealed, and the server knows nothing of it`, {
		cast: { host: first, guest: [second, 'de'] },
		skip,
	}, async ({ host, guest }) => {
		const server = await Server.fresh();
		const middle = await Middle.before(server);

		try {
			for (const one of [host, guest])
				await one.page.evaluateOnNewDocument(overhear);
			const meeting = await server.create();
			await together(host, guest, { hostUrl: `${meeting.hostUrl}&k=${KEY}`, joinUrl: `${meeting.joinUrl}#k=${KEY}` },
				(url) => middle.link(url));

			/* what nobody looks at is announced, marked, and one press away */
			await host.press('chat-open');
			for (const text of ['Bitte dreimal täglich', 'nach dem Essen', 'Gute Besserung'])
				await write(host, text);
			await guest.find('chat-new');
			await guest.page.waitForFunction(() => /^Dr\. Linde schreibt: Gute Besserung/.test(document.querySelector('[role=status]').textContent));
			await guest.page.waitForFunction(() => document.querySelector('[data-test=unread]')?.textContent.includes('3 neue Nachrichten'));
			if (first === 'firefox')
				await picture(guest, 'call-chat-unread-de');
			await guest.press('chat-new');
			await reads(guest, ['Dr. Linde Bitte dreimal täglich', 'Dr. Linde nach dem Essen', 'Dr. Linde Gute Besserung']);
			assert.equal(await guest.page.$('[data-test="unread"]'), null);
			assert.equal(await guest.page.evaluate(() => document.activeElement.dataset.test), 'chat-text', 'one writes at once');

			await write(guest, 'Danke schön');
			await host.page.waitForFunction(() => document.querySelectorAll('[data-test=line]').length === 4);
			await reads(host, ['You Bitte dreimal täglich', 'You nach dem Essen', 'You Gute Besserung', 'Maria Danke schön']);
			await host.page.waitForFunction(() => [...document.querySelectorAll('[data-test=line]')].every((one) => one.dataset.arrived === 'true'));
			await picture(host, `call-chat-${first}`);

			/* what is said while the other's page is on its way back arrives there, once */
			await guest.page.reload();
			await write(host, 'Sind Sie noch da?');
			await guest.on('call');
			await guest.press('chat-open');
			await reads(guest, ['Dr. Linde Sind Sie noch da?']);
			await guest.page.keyboard.press('Escape');
			await guest.page.waitForFunction(() => document.activeElement.dataset.test === 'chat-open');

			const said = (await Promise.all([host, guest].map((one) => one.page.evaluate(() => window.channelled)))).flat();
			assert.ok(said.some((one) => one.includes('sealed')));
			for (const secret of ['Bitte dreimal', 'nach dem Essen', 'Danke sch', 'Sind Sie']) {
				assert.ok(!said.some((one) => one.includes(secret)), `${secret} was not sealed`);
				assert.ok(!middle.heard.some((one) => one.includes(secret)), `${secret} was sent to the server`);
				for (const file of everyFile(server.dir))
					assert.ok(!readFileSync(file).includes(Buffer.from(secret)), `${secret} is in ${file}`);
			}
		} finally {
			await middle.close();
			await server.remove();
		}
	});

scene('without a link key one can write all the same; nobody there, nobody reads', {
	cast: { host: 'chromium', guest: 'firefox' },
	skip,
}, async ({ host, guest }) => {
	const server = await Server.fresh();

	try {
		const meeting = await server.create();

		await host.knock(meeting.hostUrl, 'Dr. Linde');
		await host.on('call');
		await host.press('chat-open');
		await write(host, 'Hello?');
		await host.page.waitForFunction(() => document.querySelector('.chat .problem')?.textContent === 'Nobody is here to read it.');
		assert.equal(await host.value('chat-text'), 'Hello?', 'what was typed is not lost');

		await guest.knock(meeting.joinUrl, 'Maria');
		await guest.on('waiting');
		await host.press('admit');
		await host.tile('[data-link="connected"]');
		await write(host, 'Good morning');
		await guest.press('chat-new');
		await reads(guest, ['Dr. Linde Good morning']);
	} finally {
		await server.remove();
	}
});
