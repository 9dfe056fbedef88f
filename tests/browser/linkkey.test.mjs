/*
 * The link key: who holds it is verified, who stands between is refused, and the server learns neither the key nor a name.
 * Without it two words do, if people say them.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lacking } from './browsers.mjs';
import { Middle } from './middle.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const strict = process.env.PARAVENT_STRICT === '1';
const skip = (!strict && missing) || lacking('chromium', 'firefox') || false;
const PATIENCE = 45_000;

/* In the page, again and again: puppeteer's own waiting ends with one answer of the browser's. */
async function until(person, what, look, ...given) {
	for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(200)) {
		const found = await person.page.evaluate(look, ...given).catch(() => null);
		if (found)
			return found;
	}
	throw new Error(`${what} never came: ${await person.page.evaluate(() => document.body.innerText)}`);
}

const see = (person, selector) => until(person, selector, (css) => !!document.querySelector(css), selector);
const screen = (person, name) => see(person, `body[data-screen="${name}"]`);
const text = (person, selector) => until(person, selector, (css) => document.querySelector(css)?.innerText, selector);

async function press(person, name) {
	await see(person, `[data-test="${name}"]`);
	await person.page.$eval(`[data-test="${name}"]`, (button) => button.click());
}

async function type(person, name, words) {
	await see(person, `[data-test="${name}"]`);
	await person.type(name, words);
}

async function knock(person, url, name) {
	await person.open(url);
	await screen(person, 'join');
	await type(person, 'name', name);
	await press(person, 'join');
}

/* Runs in the page: a connection that is closed does not say any more whether it was ever open. */
function remember() {
	const Connection = window.RTCPeerConnection;

	window.RTCPeerConnection = class extends Connection {
		constructor(...rest) {
			super(...rest);
			this.addEventListener('connectionstatechange', () => {
				this.wasConnected ||= this.connectionState === 'connected';
			});
		}
	};
}

/* A server, somebody before it, and two people. */
function play(name, { host = 'chromium', guest = 'firefox', tamper }, act) {
	scene(name, { cast: { host, guest }, skip }, async (people) => {
		const server = await Server.fresh();
		const middle = await Middle.before(server, tamper);

		try {
			for (const one of Object.values(people))
				await one.page.evaluateOnNewDocument(remember);
			await act({ server, middle, ...people });
		} finally {
			await middle.close();
			await server.remove();
		}
	});
}

async function together({ host, guest, middle }, hostUrl, guestUrl) {
	await knock(host, middle.link(hostUrl), 'Dr. Linde');
	await screen(host, 'call');
	await knock(guest, middle.link(guestUrl), 'Maria Geheim');
	await screen(guest, 'waiting');
	await press(host, 'admit');
	await screen(guest, 'call');
}

/* Of a visit that the host's browser has made: both links, with their key. */
async function make(host, middle) {
	await host.page.goto(`${middle.url}/?lang=en`);
	await screen(host, 'home');
	await press(host, 'create');
	await screen(host, 'links');
	const guestUrl = await host.value('guest-link');
	const hostUrl = await host.value('host-link');

	return { guestUrl, hostUrl, key: /#k=([\w-]{21}[AQgw])$/.exec(guestUrl)[1] };
}

function everyFile(folder) {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		return entry.isDirectory() ? everyFile(path) : entry.isFile() ? [path] : [];
	});
}

/* Neither on the wire, nor in the log, nor anywhere the server has written. */
function assertUnknown({ server, middle }, ...secrets) {
	for (const secret of secrets) {
		const bytes = Buffer.from(secret);

		assert.ok(!middle.heard.some((one) => one.includes(secret) || one.includes(encodeURIComponent(secret))), `${secret} was sent`);
		for (const file of everyFile(server.dir))
			assert.ok(!readFileSync(file).includes(bytes), `${secret} is in ${file}`);
	}
}

const reports = (middle, event) => middle.messages.filter((one) => one.type === 'report' && one.event === event).length;

/* What the server made of them: lines of the visit's report in its ledger. */
async function ledger(server, kind) {
	await sleep(300);	/* facts are written together */
	return (await server.run('log', 'export')).stdout.split(`"${kind}"`).length - 1;
}

/* As if each had met the server instead of the other. */
function swap(message) {
	if (message.type === 'signal' && message.data.description) {
		const print = [...randomBytes(32)].map((byte) => byte.toString(16).padStart(2, '0')).join(':').toUpperCase();
		message.data.description.sdp = message.data.description.sdp.replace(/a=fingerprint:.*/g, `a=fingerprint:sha-256 ${print}\r`);
	}
	return message;
}

for (const [host, guest] of [['chromium', 'firefox'], ['firefox', 'chromium']])
	play(`host in ${host}, guest in ${guest}: verified on both screens, and the server knows nothing`, { host, guest }, async (all) => {
		const { middle } = all;
		const { guestUrl, hostUrl, key } = await make(all.host, middle);

		assert.match(hostUrl, new RegExp(`#k=${key}&token=`));
		await knock(all.host, middle.link(hostUrl), 'Dr. Linde');
		await screen(all.host, 'call');
		assert.ok(!all.host.page.url().includes('#'), 'the key leaves the address bar');
		assert.equal(await all.host.value('alone-link'), guestUrl, 'and is in the link to send');
		await knock(all.guest, middle.link(guestUrl), 'Maria Geheim');
		await screen(all.guest, 'waiting');
		assert.ok(!all.guest.page.url().includes('#'));
		assert.match(await text(all.host, '[data-test="knock"]'), /Maria Geheim is waiting/);
		await press(all.host, 'note-open');
		await type(all.host, 'note-text', 'Noch zwei Minuten bitte');
		await press(all.host, 'note-send');
		assert.equal(await text(all.guest, '[data-test="note"]'), 'Noch zwei Minuten bitte');
		await press(all.host, 'admit');
		await screen(all.guest, 'call');
		await Promise.all([all.host, all.guest].map((one) => one.decodes(1, 20)));
		for (const [one, name] of [[all.host, 'Maria Geheim'], [all.guest, 'Dr. Linde']]) {
			await see(one, '[data-test="tile"][data-trust="verified"] [data-test="verified"]');
			await press(one, 'panel-open');
			assert.match(await text(one, '[data-test="panel"]'), new RegExp(`nobody in between can see or hear you and ${name}`));
			await press(one, 'panel-close');
		}
		assert.deepEqual([reports(middle, 'verified'), reports(middle, 'refused')], [2, 0]);
		assert.equal(await ledger(all.server, 'call.verified'), 2);

		/* a reload has the key still */
		await all.guest.page.reload();
		await screen(all.guest, 'call');
		await see(all.guest, '[data-test="tile"][data-trust="verified"]');
		assert.match(await text(all.guest, '[data-test="tile"]'), /Dr\. Linde/);

		/* and the home page of who made it, too */
		await all.host.page.goto(`${middle.url}/?lang=en`);
		assert.ok((await until(all.host, 'own', () => document.querySelector('.own a')?.href)).includes(`#k=${key}&token=`));

		assert.equal(middle.messages.filter((one) => one.type === 'join' && one.sealed && !one.name).length, 3);
		assertUnknown(all, key, 'Maria Geheim', 'Dr. Linde', 'Noch zwei Minuten');
	});

for (const [what, which] of [['every description', () => true], ['only the answer', (type) => type === 'answer']])
	play(`fingerprints swapped in ${what}: both refuse before any media`, { tamper: (message) => which(message.data?.description?.type) ? swap(message) : message }, async (all) => {
		const { guestUrl, hostUrl } = await make(all.host, all.middle);

		await together(all, hostUrl, guestUrl);
		for (const one of [all.host, all.guest]) {
			await see(one, '[data-test="tile"][data-link="refused"]');
			assert.match(await text(one, '[data-test="tile"]'), /Not connected, for your safety/);
		}
		await sleep(3000);
		for (const one of [all.host, all.guest]) {
			await see(one, '[data-test="tile"][data-link="refused"]');
			assert.deepEqual(await one.page.evaluate(() => window.seen.connections.map((pc) => pc.connectionState)
				.filter((state) => state !== 'closed')), []);
			assert.ok(!await one.page.evaluate(() => window.seen.connections.some((pc) => pc.wasConnected)), 'no media ever');
		}
		assert.equal(reports(all.middle, 'connected'), 0);
		assert.equal(reports(all.middle, 'refused'), 2);
		assert.equal(await ledger(all.server, 'call.refused'), 2);
	});

play('a link without a key: two equal words on both screens, not verified until both say so', {}, async (all) => {
	const { hostUrl, joinUrl } = await all.server.create({ locale: 'de' });
	const both = [all.host, all.guest];

	await together(all, hostUrl, joinUrl);
	const [mine, theirs] = await Promise.all(both.map((one) => text(one, '[data-test="words"]')));
	assert.match(mine, /^[A-ZÄÖÜ][a-zäöüß]+ · [A-ZÄÖÜ][a-zäöüß]+$/, 'in the language of the visit');
	assert.equal(mine, theirs);
	for (const one of both)
		await see(one, '[data-test="tile"][data-trust="unverified"] [data-test="unverified"]');
	assert.deepEqual([reports(all.middle, 'unverified'), reports(all.middle, 'verified')], [2, 0]);
	await press(all.host, 'match');
	await sleep(1000);
	await see(all.host, '[data-test="tile"][data-trust="unverified"]');
	await press(all.guest, 'match');
	for (const one of both)
		await see(one, '[data-test="tile"][data-trust="verified"]');
	assert.equal(reports(all.middle, 'verified'), 2);
});

play('the server dies and comes back: names and certainty stay', {}, async (all) => {
	const { guestUrl, hostUrl } = await make(all.host, all.middle);
	const both = [all.host, all.guest];

	await together(all, hostUrl, guestUrl);
	for (const one of both)
		await see(one, '[data-test="tile"][data-trust="verified"]');
	await all.server.kill();
	for (const one of both)
		await see(one, '[data-test="reconnecting"]');
	await all.server.start();
	for (const [one, name] of [[all.host, 'Maria Geheim'], [all.guest, 'Dr. Linde']]) {
		await until(one, 'being back', () => !document.querySelector('[data-test="reconnecting"]'));
		await see(one, '[data-test="tile"][data-away="false"][data-trust="verified"]');
		assert.match(await text(one, '[data-test="tile"]'), new RegExp(name));
	}
	assertUnknown(all, 'Maria Geheim', 'Dr. Linde');
});

play('a key that came where the server reads it: the address is mended, the visit is not verified', { guest: 'chromium' }, async (all) => {
	const { guestUrl, hostUrl, key } = await make(all.host, all.middle);

	await knock(all.host, all.middle.link(hostUrl), 'Dr. Linde');
	await screen(all.host, 'call');
	await knock(all.guest, all.middle.link(guestUrl.replace('#', '%23')), 'Maria Geheim');
	await screen(all.guest, 'waiting');
	assert.match(all.guest.page.url(), /\/join\/[\w-]{22}\?lang=en$/);
	await press(all.host, 'admit');
	for (const one of [all.host, all.guest]) {
		await see(one, '[data-test="tile"][data-trust="unverified"]');
		assert.match(await text(one, '[data-test="key-seen"]'), /The key in the link was seen by the server: not verified/);
	}
	for (const file of everyFile(all.server.dir))
		assert.ok(!readFileSync(file).includes(Buffer.from(key)), `the key is in ${file}`);
});

play('a link that was cut off says so', { guest: 'chromium' }, async (all) => {
	const { guestUrl } = await make(all.host, all.middle);

	await all.guest.open(all.middle.link(guestUrl.slice(0, -3)));
	await see(all.guest, '[data-why="cut"]');
});
