/**
 * How much one address may ask, and whose word on addresses counts: the server stands
 * behind a proxy that it trusts (this test), so that there are as many addresses as a
 * play needs (doc/protocol.md, "Details").
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import os from 'node:os';
import { after, before, describe, test } from 'node:test';

import { makeKey, makeStaff } from './apikeys.mjs';
import { Raw } from './raw.mjs';
import { Server, freePort, sleep } from './stage.mjs';
import { Voice } from './voice.mjs';

const NOWHERE = `/api/meetings/${'A'.repeat(22)}`;

/* An address of this machine that is not loopback, as patients' are not. */
const outer = Object.values(os.networkInterfaces()).flat()
	.find((a) => !a.internal && a.family == 'IPv4')?.address;
const away = outer ? {} : { skip: 'this machine has no address but loopback' };

let server, meeting;

before(async () => {
	server = await Server.start({ 'trusted-proxy': ['127.0.0.1/32'],
		'call-rate': 5 });
	meeting = await server.meeting();
});

after(() => server.strike());

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

function from(address, more = {})
{
	return { agent, headers: { 'x-forwarded-for': address, ...more } };
}

/* How many of so many calls are not refused. */
async function allowed(count, options, target = `/api/meetings/${meeting.id}`)
{
	const answers = await Promise.all(Array.from({ length: count },
		() => server.get(target, options)));

	return answers.filter(({ status }) => status != 429).length;
}

/* The bucket fills while we ask, and a slow machine asks for long. */
function about(got, want, since = performance.now() - 5000)
{
	const more = (performance.now() - since) / 1000 * 5 + 1;

	assert.ok(got >= want && got <= want + more, `${got} of about ${want}`);
}

/* A call that is refused: at the latest when the bucket is empty again. */
async function refusal(ask)
{
	for (let n = 0; n < 200; n++) {
		const answer = await ask();

		if (answer.status == 429)
			return answer;
	}
	assert.fail('nothing is refused');
}

describe('calls of the API', () => {
	test('ten times call-rate at once, then 429 with Retry-After', async () => {
		const since = performance.now();

		about(await allowed(120, from('192.0.2.1')), 50, since);
		const refused = await refusal(() => server.get(
			`/api/meetings/${meeting.id}`, from('192.0.2.1')));
		assert.equal(refused.headers['retry-after'], '1');
		assert.equal(refused.json.type, 'urn:paravent:error:too-fast');
		await sleep(1100);
		assert.ok(await allowed(3, from('192.0.2.1')) >= 3);
	});

	test('another address, and the page, are not touched', async () => {
		await allowed(100, from('192.0.2.2'));
		assert.equal(await allowed(1, from('192.0.2.3')), 1);
		for (const path of ['/', `/join/${meeting.id}`, '/healthz'])
			assert.equal((await server.get(path, from('192.0.2.2'))).status,
				200);
	});

	test('a /64 of IPv6 is one', async () => {
		about(await allowed(60, from('2001:db8:0:1::1')) +
			await allowed(60, from('2001:db8:0:1:ffff::2')), 50);
		assert.equal(await allowed(1, from('2001:db8:0:2::1')), 1);
	});

	test('what stands before the client was written by the client', async () => {
		let passed = 0;

		for (let i = 0; i < 12; i++)
			passed += await allowed(10, from(`198.51.100.${i}, 192.0.2.5`));
		about(passed, 50);
	});

	test('junk counts as the proxy itself', async () => {
		about(await allowed(60, from('unknown')) +
			await allowed(60, from('192.0.2.9:1234')), 50);
		assert.equal(await allowed(1, from('192.0.2.9')), 1);
	});

	test('a key does not lift it', async () => {
		const { key } = await makeKey(server, 'read');

		await refusal(() => server.get('/api/meetings',
			{ ...from('192.0.2.6'), token: key }));
	});

	test('the handshake of a visit is one', async () => {
		const late = await refusal(() => new Voice(server, meeting,
			from('192.0.2.7')).open().catch((err) => err));

		assert.match(late.message, /^handshake/);
	});
});

describe('joins', () => {
	test('60 at once, then 4429', async () => {
		const own = await Server.start({ 'trusted-proxy': ['127.0.0.1/32'],
			'call-rate': 0 });
		const visits = await Promise.all(Array.from({ length: 8 },
			() => own.meeting({ waitingRoom: false })));
		let closed = 0;

		for (let i = 0; i < 90; i++) {
			const voice = await new Voice(own, visits[i % 8],
				from('192.0.2.1')).open();

			voice.joins();
			const what = await voice.next().catch(() => undefined);
			if (!what) {
				await voice.closed(4429);
				closed++;
			} else {
				voice.says({ type: 'leave' });
			}
		}
		assert.ok(closed > 0 && closed <= 30, `${closed}`);
		await new Voice(own, visits[0], from('192.0.2.2')).enters({});
		await own.strike();
	});
});

describe('what is not there', () => {
	test('2000 guesses, then not even what is there shows', async () => {
		const own = await Server.start({ 'trusted-proxy': ['127.0.0.1/32'],
			'call-rate': 0 });
		const real = await own.meeting();
		const at = `/api/meetings/${real.id}`;
		const since = performance.now();
		const statuses = {};

		for (let i = 0; i < 260; i++) {
			const answers = await Promise.all(Array.from({ length: 8 },
				(_, n) => n % 2 ? own.get(NOWHERE, from('192.0.2.1'))
					: own.get('/api/events',
						{ ...from('192.0.2.1'), token: 'bad' })));

			for (const { status } of answers)
				statuses[status] = (statuses[status] ?? 0) + 1;
		}
		about(statuses[404] + statuses[401], 2000, since);
		await refusal(async () => {
			await own.get(NOWHERE, from('192.0.2.1'));
			return own.get(at, from('192.0.2.1'));
		});
		const guess = await new Voice(own, real, from('192.0.2.2')).open();
		guess.joins({ token: 'A'.repeat(22) });
		await guess.closed(4401);
		assert.equal((await own.get(at, from('192.0.2.2'))).status, 200);
		await own.strike();
	});

	test('what is missing and what is forbidden look the same', async (t) => {
		const own = await Server.start();
		const mine = await own.meeting();
		const other = await own.meeting();
		const look = ({ status, text, headers }) => ({ status, text,
			headers: { ...headers, date: undefined } });

		for (const [method, rest] of [['PATCH', ''], ['POST', '/end'],
			['POST', '/invitations'], ['GET', '/invitations'],
			['DELETE', `/invitations/${'A'.repeat(16)}`], ['DELETE', '']]) {
			const answers = await Promise.all([mine.id, 'A'.repeat(22)].map(
				(id) => own.call(method, `/api/meetings/${id}${rest}`,
					{ agent, token: other.token })));

			assert.equal(answers[0].status, 404, `${method} ${rest}`);
			assert.deepEqual(look(answers[0]), look(answers[1]));
		}

		/* figures to look at; no verdict, for a machine under load has its own */
		const times = [[], []];
		for (let i = 0; i < 300; i++)
			for (const [n, id] of [mine.id, 'A'.repeat(22)].entries()) {
				const start = performance.now();

				await own.call('PATCH', `/api/meetings/${id}`,
					{ agent, token: other.token });
				times[n].push(performance.now() - start);
			}
		const [there, missing] = times.map(
			(all) => all.sort((a, b) => a - b)[150].toFixed(3));
		t.diagnostic(`medians: forbidden ${there} ms, missing ${missing} ms`);
		await own.strike();
	});
});

describe('signing in through a proxy', () => {
	const PASSWORD = 'correct horse';
	let own;

	/* each on a connection of its own, so that many wait at once */
	const signIn = (username, password, address) => own.post('/api/session',
		{ json: { username, password }, headers: { 'x-forwarded-for': address },
			patience: 60_000 });

	before(async () => {
		own = await Server.start({ 'trusted-proxy': ['127.0.0.1/32'],
			'public-url': 'https://visits.example.org' });
		await makeStaff(own, 'anna', PASSWORD);
	});

	after(() => own.strike());

	test('each address that it names has tries of its own', async () => {
		let answer;

		for (let i = 0; i < 12 && answer?.status != 429; i++)
			answer = await signIn('anna', 'wrong horse!', '192.0.2.1');
		assert.equal(answer.status, 429);
		assert.equal((await signIn('anna', PASSWORD, '192.0.2.1, 192.0.2.2')).status, 204);
		assert.equal((await signIn('anna', PASSWORD, '192.0.2.2, 192.0.2.1')).status, 429);
	});

	test('who guesses shuts out nobody, neither here nor at other accounts', async () => {
		const guess = (name, i) => signIn(name, 'wrong horse!', `198.51.100.${i}`);
		const burst = (name, first) => Array.from({ length: 40 },
			(_, i) => guess(name, first + i));

		await makeStaff(own, 'berta', PASSWORD);
		/* enough that what follows is late, and from where wrong was said before */
		for (const name of ['ghost', 'anna'])
			for (let i = 1; i <= 40; i += 8)
				await Promise.all(Array.from({ length: 8 },
					(_, n) => guess(name, i + n)));
		const late = Promise.all([...burst('ghost', 1), ...burst('anna', 1)]);

		await sleep(200);
		const right = await Promise.all([signIn('berta', PASSWORD, '192.0.2.3'),
			signIn('anna', PASSWORD, '192.0.2.4')]);
		assert.deepEqual(right.map(({ status }) => status), [204, 204]);
		const refused = (await late).filter(({ status }) => status == 429);
		assert.ok(refused.length > 0);
		assert.ok(refused.every(({ headers }) => headers['retry-after'] >= 1));
	});

	test('plainly is for this machine alone, whoever passes it on', async () => {
		own.conf['public-url'] = own.origin;
		own.writeConf();
		await own.stop();
		await own.up();
		assert.equal((await signIn('anna', PASSWORD, '192.0.2.5')).status, 403);
		assert.equal((await signIn('anna', PASSWORD, '127.0.0.7')).status, 204);
	});
});

describe('whose word counts', () => {
	test('a forged X-Forwarded-For is nobody\'s, and lifts nothing', away, async () => {
		const own = await Server.start({ 'trusted-proxy': ['192.0.2.1/32'],
			'call-rate': 1, access: 'open' });
		const port = await freePort();

		await own.stop();
		own.conf.listen = [`${outer}:${port}`, `127.0.0.1:${own.port}`];
		own.writeConf();
		await own.up();
		const statuses = await Promise.all(Array.from({ length: 40 }, (_, i) =>
			new Promise((resolve, reject) => http.get({ host: outer, port,
				localAddress: outer, path: NOWHERE,
				headers: { 'x-forwarded-for': `198.51.100.${i}` } },
			(res) => resolve(res.resume().statusCode)).on('error', reject))));
		assert.ok(statuses.filter((status) => status == 429).length >= 20,
			`${statuses}`);
		/* who asks from this machine without a proxy is our own */
		const direct = await Promise.all(Array.from({ length: 40 },
			() => own.get(NOWHERE)));
		assert.ok(direct.every(({ status }) => status == 404));
		await own.strike();
	});

	test('only the addresses of the list are proxies', async () => {
		const answers = [];

		for (let i = 0; i < 70; i++) {
			const raw = await Raw.connect(server, { from: '127.0.0.2' });

			raw.send(`GET ${NOWHERE} HTTP/1.1\r\nHost: a\r\n` +
				'X-Forwarded-For: 192.0.2.88\r\n\r\n');
			answers.push((await raw.answer()).status);
			raw.close();
		}
		assert.ok(answers.every((status) => status == 404), `${answers}`);
		assert.equal(await allowed(1, from('192.0.2.88')), 1);
	});

	test('a proxy that heard https is not sent to https', async () => {
		const own = await Server.start({ 'trusted-proxy': ['127.0.0.1/32'] },
			{ tls: true });
		const ask = async (line) => {
			const raw = await Raw.connect(own);

			raw.send(`GET /x HTTP/1.1\r\nHost: a\r\n${line}\r\n`);
			const { status } = await raw.answer();
			raw.close();
			return status;
		};

		assert.equal(await ask('X-Forwarded-Proto: https\r\n'), 404);
		assert.equal(await ask('X-Forwarded-Proto: http\r\n'), 308);
		assert.equal(await ask(''), 404);
		await own.strike();
	});

	test('call-rate follows SIGHUP', async () => {
		const own = await Server.start({ 'trusted-proxy': ['127.0.0.1/32'],
			'call-rate': 1 });
		const count = async (address) => (await Promise.all(Array.from(
			{ length: 60 }, () => own.get(NOWHERE, from(address)))))
			.filter(({ status }) => status == 429).length;

		assert.ok(await count('192.0.2.1') > 30);
		own.conf['call-rate'] = 0;
		own.writeConf();
		own.child.kill('SIGHUP');
		while (!/server reloaded/.test(own.log))
			await sleep(10);
		assert.equal(await count('192.0.2.1'), 0);
		await own.strike();
	});
});

after(() => agent.destroy());
