/*
 * The relay: every browser, every way to it, on one side and on both; where datagrams do not pass; where the meeting wants
 * nothing else; and after the server died.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lacking } from './browsers.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const BROWSERS = ['chromium', 'firefox'];
const WAYS = { udp: /^turn:(?!.*transport=tcp)/, tcp: /^turn:.*transport=tcp/, tls: /^turns:/ };
const PORTS = [50_000, 50_199];
const UP_MS = 8000;

const skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking(...BROWSERS);
let server;

before(async () => {
	if (skip)
		return;
	server = await Server.fresh({
		tls: true,
		more: ['relay-peer-allow = {"127.0.0.0/8"}', `relay-ports = "${PORTS.join('-')}"`],
	});
});

after(() => server?.remove());

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

/* A scene between a host and a guest, each [browser, way]. */
function play(name, host, guest, act) {
	const ways = { host, guest };

	scene(name, { cast: { host: host[0], guest: guest[0] }, skip }, async (people, t) => {
		for (const [who, [, way]] of Object.entries(ways))
			if (way !== undefined)
				await people[who].page.evaluateOnNewDocument(confine, WAYS[way]?.source ?? null);
		await act(people.host, people.guest, t);
	});
}

scene('a host is told of every way, and TLS is on the page\'s own port', {
	cast: { host: 'chromium' },
	skip,
}, async ({ host }) => {
	const meeting = await server.create();

	await host.knock(meeting.hostUrl, 'Dr. Linde');
	await host.on('call');
	const { iceServers } = (await host.frames()).find(({ type }) => type === 'welcome');
	const urls = iceServers.flatMap((one) => one.urls);
	for (const pattern of Object.values(WAYS))
		assert.ok(urls.some((url) => pattern.test(url)), `${pattern}: ${urls}`);
	assert.ok(urls.filter((url) => WAYS.tls.test(url)).every((url) => url.includes(`:${server.port}`)), `${urls}`);
});

for (const browser of BROWSERS)
	for (const way of Object.keys(WAYS)) {
		const other = BROWSERS.find((one) => one !== browser);

		play(`${browser} relayed over ${way}, ${other} not`, [browser, way], [other, null], async (host, guest) => {
			await meet(host, guest);
			await Promise.all([host.decodes(), guest.decodes()]);
			await relayedBy(host, way);
			await guest.tile('[data-path="relay-udp"]');
		});
		play(`${browser} on both sides, both relayed over ${way}`, [browser, way], [browser, way], async (host, guest) => {
			await meet(host, guest);
			await Promise.all([host.decodes(), guest.decodes()]);
			await Promise.all([relayedBy(host, way), relayedBy(guest, way)]);
		});
	}

play('a relay-only meeting: relayed without being asked, and no other address is ever named',
	['chromium'], ['firefox'], async (host, guest) => {
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

play('the server is killed and comes back: a call relayed over TLS does too, without a hand',
	['chromium', 'tls'], ['firefox', 'tls'], async (host, guest, t) => {
		await meet(host, guest);
		await Promise.all([host.decodes(), guest.decodes()]);
		const both = (link) => Promise.all([host, guest].map((one) => one.tile(`[data-link="${link}"]`)));
		const again = async () => {
			await server.kill();
			await sleep(1000);
			await server.start();
			return Date.now();
		};
		/* looked for from the beginning, for it may be short */
		const [began] = await Promise.all([again(), both('interrupted')]);
		await both('connected');
		t.diagnostic(`connected ${Math.round((Date.now() - began) / 1000)} s after the server was back`);
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
	play(`no datagrams, nothing but the page's port: ${first} and ${second} meet within ${UP_MS / 1000} s over TLS`,
		[first], [second], async (host, guest, t) => {
			try {
				firewall(true);
			} catch (problem) {
				return t.skip(`no firewall can be set here: ${String(problem.stderr ?? problem.message).trim()}`);
			}
			try {
				await meet(host, guest);
				const began = Date.now();
				await Promise.all([host.decodes(1, 0), guest.decodes(1, 0)]);
				const took = Date.now() - began;
				t.diagnostic(`first pictures after ${took} ms`);
				assert.ok(took <= UP_MS, `it took ${took} ms`);
				await Promise.all([relayedBy(host, 'tls'), relayedBy(guest, 'tls')]);
			} finally {
				firewall(false);
			}
		});
