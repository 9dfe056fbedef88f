/* The network of who waits, tried against the real relay: one plain line for the host before he lets him in. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lacking } from './browsers.mjs';
import { picture } from './looks.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const PORTS = [50_000, 50_199];
const MOST_MS = 4000;

const skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking('chromium', 'firefox') || false;
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

/* Nothing but the page's own port passes; what the relay sends to itself is not the browser's. */
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

/* All that the host was told of it. */
const results = async (host) => (await host.frames()).filter(({ type }) => type === 'knock-test').map(({ result }) => result);

async function wait(host, guest) {
	const meeting = await server.create({ hostName: 'Dr. Linde' });

	await host.knock(meeting.hostUrl, 'Dr. Linde');
	await host.on('call');
	await guest.knock(meeting.joinUrl, 'Maria Sonnenschein');
	await guest.on('waiting');
}

async function speed(host) {
	for (let n = 0; n < 50; n++, await sleep(100)) {
		const all = await results(host);
		if (all.at(-1)?.kbps !== undefined)
			return all.at(-1).kbps;
	}
	throw new Error(`no speed in ${JSON.stringify(await results(host))}`);
}

for (const [first, second] of [['chromium', 'firefox'], ['firefox', 'chromium']]) {
	scene(`everything passes: a host in ${first} reads that the connection of a guest in ${second} is good`, {
		cast: { host: [first, 'de'], guest: second },
		skip,
	}, async ({ host, guest }, t) => {
		await wait(host, guest);
		await host.find('net', '[data-net="good"]');
		assert.equal(await host.page.$eval('[data-test="net"]', (line) => line.innerText), 'Verbindung: gut');
		const kbps = await speed(host);
		t.diagnostic(`${second}: ${kbps} kbit/s to the relay and back`);
		assert.ok(kbps > 0);
		assert.deepEqual((await results(host))[0], { udp: true, tcp: true, tls: true });

		/* a reload costs no second test, for the relay has no more to give to who waits; the host still knows */
		const count = (await results(host)).length;
		assert.equal(await guest.page.evaluate(() => window.seen.tests.length), 4, 'three ways, and the other end of the best');
		await guest.page.reload();
		await guest.on('waiting');
		await host.find('net');
		await sleep(2500);
		assert.equal(await guest.page.evaluate(() => window.seen.tests.length), 0, 'nothing is tried again');
		assert.ok((await results(host)).length >= count);
		await host.press('admit');
		await Promise.all([host.decodes(), guest.decodes()]);
	});

	scene(`no datagrams, nothing but the page's port: a host in ${first} reads within ${MOST_MS / 1000} s that only TLS works`, {
		cast: { host: first, guest: second },
		skip,
	}, async ({ host, guest }, t) => {
		try {
			firewall(true);
		} catch (problem) {
			return t.skip(`no firewall can be set here: ${String(problem.stderr ?? problem.message).trim()}`);
		}
		try {
			await wait(host, guest);
			const began = Date.now();
			await host.find('net', '[data-net="tls"]');
			const took = Date.now() - began;
			t.diagnostic(`${second}: the host read it after ${took} ms`);
			assert.ok(took < MOST_MS, `it took ${took} ms`);
			assert.equal(await host.page.$eval('[data-test="net"]', (line) => line.innerText), 'Connection: only TLS works');
			t.diagnostic(`${second}: ${await speed(host)} kbit/s over TLS`);
			assert.deepEqual((await results(host))[0], { udp: false, tcp: false, tls: true });
			await host.find('net', '[data-net="tls"]');
			if (first === 'chromium')
				await picture(host, 'call-knock-tls');
		} finally {
			firewall(false);
		}
	});
}
