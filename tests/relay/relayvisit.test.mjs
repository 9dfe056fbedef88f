/**
 * The relay as a visit uses it: credentials from the signaling connection, bound to a
 * participant and dead with him (turn.md A12, D10, E1 to E5; doc/protocol.md), the weak
 * ones of those who wait, and what the log says of it all.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Caller, call, meeting } from './caller.mjs';
import { BINARY, HOST, PEER_HOST, STREAMS, Server, TARGET, sleep, source }
	from './relaystage.mjs';
import { Stream, Turn, Udp } from './turnclient.mjs';

const ALL = ['udp', ...STREAMS];
const skip = TARGET == 'coturn' && 'coturn knows no visits';

let server;
const open = [];

before(async () => {
	if (!skip)
		server = await Server.start();
});
after(async () => {
	for (const one of open)
		one.close();
	await server?.strike();
});

function keep(one)
{
	open.push(one);
	return one;
}

async function join(visit, members)
{
	return keep(await Caller.join(server, visit, members));
}

/* A host and a guest inside. */
async function pair(plan = { waitingRoom: false })
{
	const visit = await meeting(server, plan);
	const host = await join(visit, { token: visit.token });
	const guest = await join(visit, {});

	return { visit, host, guest };
}

/* A meeting with a host, and a guest who waits before it. */
async function waiting()
{
	const visit = await meeting(server);
	const host = await join(visit, { token: visit.token });
	const guest = await join(visit, {});

	assert.equal(guest.welcome.type, 'waiting');
	return { visit, host, guest };
}

async function client(credentials, kind = 'udp')
{
	return new Turn(keep(await server.carrier(kind)), credentials);
}

async function allocated(credentials, kind)
{
	return (await client(credentials, kind)).allocated();
}

/* The allocation is gone, and the name is good for nothing. */
async function isDead(turn, kind)
{
	if (kind == 'udp' || !turn.carrier.inbox.closed) {
		const answer = await turn.refresh(600).catch(() => undefined);

		/* The connection may end before the answer. */
		if (answer)
			assert.ok([401, 437].includes(answer.code), `${answer.code}`);
		else
			assert.ok(await turn.carrier.ends?.());
	}
	assert.ok(!server.relayPorts.includes(turn.relayed.port), 'the port is closed');
	const again = await client(turn.credentials, kind);

	assert.equal((await again.allocate()).code, 401, 'a new Allocate');
}

/* Holds until the server has carried out what it has said. */
async function comesTrue(condition)
{
	for (let n = 0; n < 200 && !condition(); n++)
		await sleep(10);
	assert.ok(condition());
}

/* One URL of iceServers as a client: turn:host:port?transport=x. */
async function clientOf(url, credentials)
{
	const [, scheme, host, port, transport] =
		/^(turns?):([^:?]+):(\d+)\?transport=(udp|tcp)$/.exec(url) ?? [];

	assert.equal(host, 'localhost', url);
	const target = { host: HOST, port: Number(port), local: source() };
	const carrier = transport == 'udp' ? await Udp.open(target)
		: await Stream.open({ ...target,
			...scheme == 'turns' && { secure: {} } });

	return new Turn(keep(carrier), credentials);
}

describe('credentials', { skip }, () => {
	test('E1 welcome names stun, turn over UDP and TCP, turns on the page\'s port',
		async () => {
			const { host } = await pair();
			const { urls } = host;

			assert.ok(urls.some((url) => /^stun:localhost:\d+$/.test(url)));
			assert.ok(urls.some((url) =>
				/^turn:localhost:\d+\?transport=udp$/.test(url)));
			assert.ok(urls.some((url) =>
				/^turn:localhost:\d+\?transport=tcp$/.test(url)));
			assert.ok(urls.includes(
				`turns:localhost:${server.port}?transport=tcp`));
			const users = new Set(host.welcome.iceServers
				.map((one) => one.username).filter(Boolean));

			assert.equal(users.size, 1, 'one username for all');
		});

	test('E1 each URL of turn and turns works with them', async () => {
		const { host, guest } = await pair();

		for (const caller of [host, guest]) {
			for (const url of caller.urls.filter((one) => /^turn/.test(one))) {
				const turn = await clientOf(url, caller.credentials);

				assert.equal((await turn.allocate()).code, 0, url);
			}
		}
	});

	test('A12 a username is an expiry within two hours and an opaque id', async () => {
		const visit = await meeting(server);
		const host = await join(visit, { token: visit.token,
			name: 'Dr. Readable' });
		const { username } = host.credentials;
		const [, expiry] = /^(\d{10}):[\x21-\x7e]+$/.exec(username) ?? [];
		const ahead = Number(expiry) - Date.now() / 1000;

		assert.ok(ahead > 600 && ahead <= 7200, `${ahead} s`);
		assert.doesNotMatch(username, /Readable/i);
		assert.ok(!username.includes(visit.id), 'not the link either');
	});

	test('E4 iceExpiresAt is when the username expires', async () => {
		const { host } = await pair();
		const said = Date.parse(host.welcome.iceExpiresAt) / 1000;

		assert.ok(Math.abs(said - parseInt(host.credentials.username)) <= 1);
	});

	test('each participant has his own', async () => {
		const { host, guest } = await pair();

		assert.notEqual(host.credentials.username, guest.credentials.username);
	});

	test('E4 "ice" brings fresh ones, and the old allocation lives on', async () => {
		const { host } = await pair();
		const turn = await allocated(host.credentials);

		await sleep(1100);
		host.say({ type: 'ice' });
		host.welcome = await host.next('ice');
		assert.ok(Date.parse(host.welcome.iceExpiresAt) > Date.now());
		await allocated(host.credentials);
		assert.equal((await turn.refresh(600)).code, 0);
	});

	test('A9 another participant\'s credentials are 441 on an allocation', async () => {
		const { host, guest } = await pair();
		const turn = await allocated(host.credentials);

		turn.credentials = guest.credentials;
		assert.equal((await turn.refresh(0)).code, 441);
	});

	test('both relayed: host and guest meet', async () => {
		const { host, guest } = await pair();
		const one = await allocated(host.credentials, 'udp');
		const two = await allocated(guest.credentials, 'tls');

		await one.permit(HOST);
		await two.permit(HOST);
		await one.sendTo(two.relayed, 'hello');
		assert.equal(`${(await two.data())?.data}`, 'hello');
	});
});

describe('the end of things', { skip }, () => {
	for (const kind of ALL) {
		test(`D10 leaving closes allocations and refuses the name [${kind}]`,
			async () => {
				const { host, guest } = await pair();
				const turn = await allocated(guest.credentials, kind);
				const other = await allocated(host.credentials, kind);

				guest.say({ type: 'leave' });
				await host.next('participant-left');
				await comesTrue(() => !server.relayPorts
					.includes(turn.relayed.port));
				await isDead(turn, kind);
				assert.equal((await other.refresh(600)).code, 0,
					'the other one stays');
			});

		test(`D10 removal does so [${kind}]`, async () => {
			const { host, guest } = await pair();
			const turn = await allocated(guest.credentials, kind);

			host.say({ type: 'remove', id: guest.id });
			await guest.next('removed');
			await comesTrue(() => !server.relayPorts
				.includes(turn.relayed.port));
			await isDead(turn, kind);
		});

		test(`D10 the end of the meeting does so for all [${kind}]`, async () => {
			const { host, guest } = await pair();
			const turns = [await allocated(host.credentials, kind),
				await allocated(guest.credentials, kind)];

			host.say({ type: 'end' });
			await guest.next('ended');
			for (const turn of turns) {
				await comesTrue(() => !server.relayPorts
					.includes(turn.relayed.port));
				await isDead(turn, kind);
			}
		});
	}

	test('D10 the end by the API does so', async () => {
		const { visit, guest } = await pair();
		const turn = await allocated(guest.credentials);
		const { status } = await call(server, 'POST',
			`/api/meetings/${visit.id}/end`, { token: visit.token });

		assert.equal(status, 200);
		await comesTrue(() => !server.relayPorts.includes(turn.relayed.port));
		await isDead(turn, 'udp');
	});

	test('D10 a lost connection does not: media may well go on', async () => {
		const { host, guest } = await pair();
		const turn = await allocated(guest.credentials);

		guest.close();
		await host.next('participant-away');
		await sleep(200);
		assert.equal((await turn.refresh(600)).code, 0);
		assert.equal((await (await client(guest.credentials)).allocate()).code, 0);
	});

	test('D10 data stops at once, both ways', async () => {
		const { host, guest } = await pair();
		const turn = await allocated(guest.credentials);
		const peer = keep(await Udp.open({ local: PEER_HOST, raw: true }));

		await turn.bind(0x4000, peer.local);
		await turn.sendOn(0x4000, 'while inside');
		assert.equal(`${(await peer.next()).data}`, 'while inside');
		host.say({ type: 'remove', id: guest.id });
		await comesTrue(() => !server.relayPorts.includes(turn.relayed.port));
		await turn.sendOn(0x4000, 'afterwards');
		await turn.fence();
		assert.equal(await peer.next(undefined, 100), undefined);
	});
});

describe('who waits', { skip }, () => {
	test('has credentials for the network test', async () => {
		const { guest } = await waiting();

		for (const url of guest.urls.filter((one) => /^turn/.test(one))) {
			const turn = await clientOf(url, guest.credentials);

			assert.equal((await turn.allocate()).code, 0, url);
			await turn.refresh(0);
		}
	});

	test('may relay to relayed addresses and to nothing else', async () => {
		const { guest } = await waiting();
		const one = await allocated(guest.credentials);
		const two = await allocated(guest.credentials);

		assert.equal((await one.permit(PEER_HOST)).code, 403);
		assert.equal((await one.permit('8.8.8.8')).code, 403);
		assert.equal((await one.bind(0x4000, { address: PEER_HOST, port: 9 })).code,
			403);
		assert.equal((await one.permit(HOST)).code, 0);
		assert.equal((await two.permit(HOST)).code, 0);
		await one.sendTo(two.relayed, 'test');
		assert.equal(`${(await two.data())?.data}`, 'test');
	});

	test('who is inside may relay to what the policy allows', async () => {
		const { guest } = await pair();
		const turn = await allocated(guest.credentials);

		assert.equal((await turn.permit(PEER_HOST)).code, 0);
	});

	test('D10 denial ends them', async () => {
		const { host, guest } = await waiting();
		const turn = await allocated(guest.credentials);

		host.say({ type: 'deny', id: guest.id });
		await guest.next('denied');
		await comesTrue(() => !server.relayPorts.includes(turn.relayed.port));
		await isDead(turn, 'udp');
	});

	test('gets others with the admission', async () => {
		const { host, guest } = await waiting();
		const weak = guest.credentials;

		host.say({ type: 'admit', id: guest.id });
		guest.welcome = await guest.next('welcome');
		assert.notEqual(guest.credentials.username, weak.username);
		const turn = await allocated(guest.credentials);

		assert.equal((await turn.permit(PEER_HOST)).code, 0);
	});
});

describe('the secret', { skip }, () => {
	const allocates = async (credentials) =>
		(await (await client(credentials)).allocate()).code;

	test('A13 is the owner\'s alone, and long', () => {
		const { mode } = fs.statSync(path.join(server.stateDir, 'relay.secret'));

		assert.equal(mode & 0o777, 0o600);
		assert.ok(server.secret.length >= 22, '128 bits as text');
	});

	test('A13 is changed while calls run: new credentials and those before hold',
		async () => {
			const { host } = await pair();
			const turn = await allocated(host.credentials);
			const old = server.secret;
			const secret = crypto.randomBytes(32).toString('base64');

			fs.writeFileSync(path.join(server.stateDir, 'relay.secret'),
				`${secret}\n${old}\n`);
			server.signal('SIGHUP');
			const fresh = server.credentials({ secret });

			for (let n = 0; n < 100 && await allocates(fresh); n++)
				await sleep(20);
			assert.equal(await allocates(fresh), 0, 'the new one');
			assert.equal(await allocates(host.credentials), 0, 'the one before');
			assert.equal((await turn.refresh(600)).code, 0);
			server.secret = secret;
			const { host: next } = await pair();

			assert.equal(await allocates(next.credentials), 0);
			fs.writeFileSync(path.join(server.stateDir, 'relay.secret'),
				`${secret}\n`);
			server.signal('SIGHUP');
			for (let n = 0; n < 100 && !await allocates(host.credentials); n++)
				await sleep(20);
			assert.equal(await allocates(host.credentials), 401, 'forgotten');
			assert.equal((await turn.refresh(600)).code, 0, 'what runs goes on');
		});
});

describe('the log', { skip }, () => {
	function facts(visit)
	{
		const text = execFileSync(BINARY, ['log', 'export', '-c',
			server.confFile], { encoding: 'utf8' });

		return text.trim().split('\n').map((line) => JSON.parse(line))
			.filter((one) => JSON.stringify(one).includes(visit.id) &&
				/^relay\./.test(one.kind));
	}

	for (const kind of ALL) {
		test(`D9 knows transport, bytes and seconds, and no address [${kind}]`,
			async () => {
				const { visit, guest } = await pair();
				const turn = await allocated(guest.credentials, kind);
				const peer = keep(await Udp.open(
					{ local: PEER_HOST, raw: true }));

				await turn.bind(0x4000, peer.local);
				for (let n = 0; n < 10; n++) {
					await turn.sendOn(0x4000, Buffer.alloc(100));
					await peer.next();
				}
				await sleep(1100);
				await turn.refresh(0);
				let found = [];

				for (let n = 0; n < 100 && found.length < 2; n++) {
					await sleep(20);
					found = facts(visit);
				}
				assert.deepEqual(found.map((one) => one.kind),
					['relay.opened', 'relay.closed']);
				const data = found.map((one) =>
					typeof one.data == 'string' ? JSON.parse(one.data)
						: one.data);

				assert.equal(data[0].transport, kind);
				assert.equal(data[1].transport ?? kind, kind);
				assert.equal(data[1].seconds >= 1 &&
					data[1].seconds <= 5, true,
				`${data[1].seconds} s`);
				assert.equal([data[1].bytes, data[1].bytesUp]
					.includes(1000), true, JSON.stringify(data[1]));
				assert.doesNotMatch(JSON.stringify(data),
					/127\.|::1|\b\d{5}\b/);
			});
	}

	test('D9 the operator\'s log has no address of a client or peer either',
		async () => {
			const { guest } = await pair();
			const turn = await allocated(guest.credentials);
			const { address, port } = turn.carrier.local;

			await turn.permit('10.1.2.3');
			await turn.refresh(0);
			assert.ok(!server.log.includes(address));
			assert.ok(!server.log.includes(`:${port}`));
			assert.ok(!server.log.includes('10.1.2.3'));
			assert.ok(!server.log.includes(turn.credentials.username));
			assert.ok(!server.log.includes(turn.credentials.password));
		});
});
