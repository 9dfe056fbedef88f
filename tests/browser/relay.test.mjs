/*
 * The relay: every browser, every way to it, on one side and on both; where datagrams do not pass; where the meeting wants
 * nothing else; and after the server died. Without a relay in the server there is nothing to see here.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeBrowsers, lacking, Person } from './browsers.mjs';
import { missing, Server } from './server.mjs';

const BROWSERS = ['chromium', 'firefox'];
const WAYS = { udp: /^turn:(?!.*transport=tcp)/, tcp: /^turn:.*transport=tcp/, tls: /^turns:/ };
const PORTS = [50_000, 50_199];
const UP_MS = 8000;

let skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking(...BROWSERS);
let server;

before(async () => {
	if (skip)
		return;
	const plain = await Server.fresh();
	try {
		if (!(await offered(plain)).some((url) => WAYS.udp.test(url)))
			skip = 'this server has no relay: welcome.iceServers names no turn:';
	} finally {
		await plain.remove();
	}
	if (!skip)
		server = await Server.fresh({
			tls: true,
			more: ['relay-peer-allow = {"127.0.0.0/8"}', `relay-ports = "${PORTS.join('-')}"`],
		});
});

after(async () => {
	await closeBrowsers();
	await server?.remove();
});

/* The addresses that a host is told on coming in. */
async function offered(one) {
	const meeting = await one.create();
	const host = await Person.at('chromium');

	try {
		await host.knock(meeting.hostUrl, 'Dr. Linde');
		await host.on('call');
		const { iceServers } = (await host.frames()).find(({ type }) => type === 'welcome');
		return iceServers.flatMap(({ urls }) => urls);
	} finally {
		await host.close();
	}
}

/* Runs in the page, before it: no servers but those whose address fits, and no way but through them. No pattern, no servers. */
function confine(pattern) {
	const Connection = window.RTCPeerConnection;
	const confined = (config) => ({
		...config,
		iceTransportPolicy: pattern ? 'relay' : 'all',
		iceServers: config.iceServers
			.map((one) => ({ ...one, urls: [one.urls].flat().filter((url) => pattern && new RegExp(pattern).test(url)) }))
			.filter(({ urls }) => urls.length),
	});

	window.RTCPeerConnection = class extends Connection {
		constructor(config) {
			super(confined(config));
		}

		setConfiguration(config) {
			super.setConfiguration(confined(config));
		}
	};
}

async function person(browser, way) {
	const one = await Person.at(browser);

	if (way !== undefined)
		await one.page.evaluateOnNewDocument(confine, WAYS[way]?.source ?? null);
	return one;
}

/* Both inside; resolves when the guest has just been let in. */
async function meet(host, guest, plan) {
	const meeting = await server.create(plan);

	await host.knock(meeting.hostUrl, 'Dr. Linde');
	await host.on('call');
	await guest.knock(meeting.joinUrl, 'Maria');
	await guest.on('waiting');
	await host.press('admit');
}

async function relayedBy(one, way) {
	await one.tile(`[data-path="relay-${way}"]`);
	for (const { candidateType, relayProtocol } of await one.pairs())
		assert.deepEqual([candidateType, relayProtocol], ['relay', way]);
}

/* A test with people in it, who go home whatever happens. */
function play(name, timeout, cast, act) {
	test(name, { timeout }, async (t) => {
		if (skip)
			return t.skip(skip);
		const people = [];
		try {
			for (const [browser, way] of cast)
				people.push(await person(browser, way));
			await act(...people);
			for (const one of people)
				assert.deepEqual(await one.complaints(), []);
		} finally {
			for (const one of people)
				await one.close();
		}
	});
}

test('a host is told of every way, and TLS is on the page\'s own port', { timeout: 60_000 }, async (t) => {
	if (skip)
		return t.skip(skip);
	const urls = await offered(server);
	for (const pattern of Object.values(WAYS))
		assert.ok(urls.some((url) => pattern.test(url)), `${pattern}: ${urls}`);
	assert.ok(urls.filter((url) => WAYS.tls.test(url)).every((url) => url.includes(`:${server.port}`)), `${urls}`);
});

for (const browser of BROWSERS)
	for (const way of Object.keys(WAYS)) {
		const other = BROWSERS.find((one) => one !== browser);

		play(`${browser} relayed over ${way}, ${other} not`, 90_000, [[browser, way], [other, null]], async (host, guest) => {
			await meet(host, guest);
			await Promise.all([host.decodes(), guest.decodes()]);
			await relayedBy(host, way);
			await guest.tile('[data-path="relay-udp"]');
		});
		play(`${browser} on both sides, both relayed over ${way}`, 90_000, [[browser, way], [browser, way]], async (host, guest) => {
			await meet(host, guest);
			await Promise.all([host.decodes(), guest.decodes()]);
			await Promise.all([relayedBy(host, way), relayedBy(guest, way)]);
		});
	}

play('a relay-only meeting: relayed without being asked, and no other address is ever named', 90_000,
	[['chromium'], ['firefox']], async (host, guest) => {
		await meet(host, guest, { relayOnly: true });
		await Promise.all([host.decodes(), guest.decodes()]);
		for (const one of [host, guest]) {
			await one.tile('[data-path^="relay-"]');
			const said = JSON.stringify((await one.frames()).filter(({ type }) => type === 'signal'));
			const candidates = said.match(/candidate:[^"\\]*/g);
			assert.ok(candidates.length);
			/* what each is related to is nowhere, or itself */
			for (const candidate of candidates)
				assert.match(candidate, / (\S+) (\d+) typ relay raddr ((0\.0\.0\.0|::) rport (0|9)|\1 rport \2)\b/);
		}
	});

play('the server is killed and comes back: a call relayed over TLS does too, without a hand', 150_000,
	[['chromium', 'tls'], ['firefox', 'tls']], async (host, guest) => {
		await meet(host, guest);
		await Promise.all([host.decodes(), guest.decodes()]);
		await server.kill();
		await sleep(1000);
		await server.start();
		const began = Date.now();
		for (const one of [host, guest])
			await one.page.waitForFunction(() => document.querySelector('[data-test=tile][data-link=interrupted]'), { timeout: 30_000 });
		await Promise.all([host, guest].map((one) => one.page.waitForSelector('[data-test=tile][data-link=connected]', { timeout: 60_000 })));
		console.log(`# ${Math.round((Date.now() - began) / 1000)} s after the server was back`);
		await Promise.all([host.decodes(), guest.decodes()]);
		await Promise.all([relayedBy(host, 'tls'), relayedBy(guest, 'tls')]);
	});

/*
 * A firewall that lets nothing out but the page's own port. What the relay sends to itself is not the browser's; and the
 * test's own lines to the browsers are TCP, so only the port of STUN and TURN is closed there.
 */
function firewall(on) {
	const [low, high] = PORTS;
	const rules = on ? `table inet strict {
		chain in {
			type filter hook input priority 0;
			udp sport ${low}-${high} udp dport ${low}-${high} accept
			meta l4proto udp drop
			tcp dport ${server.stunPort} drop
		}
	}` : 'delete table inet strict';

	execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'pipe'] });
}

for (const [first, second] of [['chromium', 'chromium'], ['firefox', 'firefox'], ['chromium', 'firefox']])
	test(`no datagrams, nothing but the page's port: ${first} and ${second} meet within ${UP_MS / 1000} s over TLS`, { timeout: 90_000 }, async (t) => {
		if (skip)
			return t.skip(skip);
		try {
			firewall(true);
		} catch (problem) {
			return t.skip(`no firewall can be set here: ${String(problem.stderr ?? problem.message).trim()}`);
		}
		const host = await Person.at(first);
		const guest = await Person.at(second);
		try {
			await meet(host, guest);
			const began = Date.now();
			await Promise.all([host.decodes(1, 0), guest.decodes(1, 0)]);
			const took = Date.now() - began;
			console.log(`# first pictures after ${took} ms`);
			assert.ok(took <= UP_MS, `it took ${took} ms`);
			await Promise.all([relayedBy(host, 'tls'), relayedBy(guest, 'tls')]);
		} finally {
			await host.close();
			await guest.close();
			firewall(false);
		}
	});
