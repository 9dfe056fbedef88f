/**
 * 10^5 allocations come and go and leave nothing behind: no descriptor, no port, no
 * count, no memory (turn.md D2, V5). Without the limits, which are not what is tested.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';

process.env.PARAVENT_RELAY_TEST = '1';
const { PEER_HOST, Server, TARGET, sleep } = await import('./relaystage.mjs');
const { ATTR, Turn } = await import('./turnclient.mjs');

const CYCLES = 100000;
const CLIENTS = 32;
const skip = TARGET == 'coturn' && 'its deletions take a while';

let server;

before(async () => {
	if (!skip)
		server = await Server.start({ ports: 15000 });
});
after(async () => {
	const log = await server?.strike();

	if (log !== undefined)
		assert.match(log, /relay stopped open=0 /, 'its own count');
});

async function client(kind = 'udp')
{
	return new Turn(await server.carrier(kind), server.credentials());
}

async function cycles(turn, count)
{
	for (let n = 0; n < count; n++) {
		assert.equal((await turn.allocate()).code, 0);
		if (n % 16 == 0) {
			await turn.permit(PEER_HOST);
			await turn.bind(0x4000, { address: PEER_HOST, port: 9 });
		}
		assert.equal((await turn.refresh(0)).code, 0);
	}
}

/* Back to the start within a while: ports that rest, connections that end. */
async function settles(start)
{
	for (let n = 0; n < 200; n++) {
		if (server.relayPorts.length == 0 && server.fds <= start)
			break;
		await sleep(50);
	}
	assert.deepEqual(server.relayPorts, [], 'ports');
	assert.equal(server.fds, start, 'descriptors');
}

test(`${CYCLES} allocations that are deleted`, { skip, timeout: 600000 }, async (t) => {
	const turns = await Promise.all(Array.from({ length: CLIENTS }, () => client()));

	await Promise.all(turns.map((turn) => cycles(turn, 50)));
	await settles(server.fds);
	const fds = server.fds;
	const rss = server.rss;
	const begun = Date.now();

	await Promise.all(turns.map((turn) => cycles(turn, CYCLES / CLIENTS)));
	t.diagnostic(`${(CYCLES / (Date.now() - begun) * 1000).toFixed(0)} a second, ` +
		`${server.rss - rss} kB`);
	await settles(fds);
	t.diagnostic(`${server.fds} descriptors, as before; ` +
		`${server.relayPorts.length} relay ports`);
	const sanitized = fs.readFileSync(`/proc/${server.pid}/maps`, 'utf8')
		.includes('libasan');

	assert.ok(sanitized || server.rss - rss < 2048, `${server.rss - rss} kB`);
	for (const turn of turns)
		turn.close();
});

for (const kind of ['tcp', 'tls']) {
	test(`1000 connections that are cut [${kind}]`, { skip, timeout: 120000 },
		async () => {
			const start = server.fds;

			for (let round = 0; round < 20; round++) {
				const turns = await Promise.all(Array.from({ length: 50 },
					() => client(kind)));

				await Promise.all(turns.map((turn) => turn.allocated()));
				for (const turn of turns)
					turn.close();
			}
			await settles(start);
		});
}

test('1000 reserved pairs, redeemed and deleted', { skip, timeout: 120000 }, async () => {
	const one = await client();
	const two = await client();
	const start = server.fds;

	for (let n = 0; n < 1000; n++) {
		const answer = await one.allocate([[ATTR.EVEN_PORT, Buffer.from([0x80])]]);

		assert.equal((await two.allocate([[ATTR.RESERVATION_TOKEN,
			answer.value(ATTR.RESERVATION_TOKEN)]])).code, 0);
		await one.refresh(0);
		await two.refresh(0);
	}
	await settles(start);
	one.close();
	two.close();
});
