/**
 * What the one who runs the server sees: numbers for Prometheus, the state of things,
 * and a restart that disturbs nobody.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { BINARY, Server, freePort, paravent, sleep, temporary } from './stage.mjs';
import { Voice, visit } from './voice.mjs';

const stages = [];

async function stage(conf, options)
{
	const server = await Server.start(conf, options);

	stages.push(server);
	return server;
}

/* Somebody may take the port between probe and bind; then it is another one. */
async function stageWithMetrics(conf = {}, options)
{
	for (let attempt = 0; ; attempt++) {
		const port = await freePort();

		try {
			const server = await stage(
				{ 'metrics-listen': [`127.0.0.1:${port}`], ...conf }, options);

			return { server, port };
		} catch (err) {
			if (attempt == 4 || !/in use/i.test(err.message))
				throw err;
		}
	}
}

after(() => Promise.all(stages.map((server) => server.strike())));

function fetchText(port, path = '/metrics', method = 'GET')
{
	return new Promise((resolve, reject) => {
		http.request({ host: '127.0.0.1', port, path, method, agent: false }, (res) => {
			let text = '';

			res.setEncoding('utf8');
			res.on('data', (part) => text += part);
			res.on('end', () => resolve({ status: res.statusCode,
				headers: res.headers, text }));
		}).on('error', reject).end();
	});
}

/* One number of the page. */
async function number(port, name)
{
	const { text } = await fetchText(port);
	const line = text.split('\n').find((l) => l.startsWith(`${name} `));

	assert.ok(line, `no ${name}`);
	return Number(line.slice(name.length + 1));
}

async function status(server)
{
	const { code, stdout, stderr } = await paravent('status', '--json', '-c',
		server.confFile);

	assert.equal(code, 0, stderr);
	return JSON.parse(stdout);
}

const promtool = spawnSync('promtool', ['--version']).error
	? { skip: 'promtool is not installed' } : {};

describe('metrics', { concurrency: true }, () => {
	test('are what promtool takes, with and without a certificate', promtool,
		async () => {
		for (const tls of [false, true]) {
			const { server, port } = await stageWithMetrics({}, { tls });

			await visit(server);
			const { status, headers, text } = await fetchText(port);

			assert.equal(status, 200);
			assert.match(headers['content-type'],
				/^text\/plain; version=0\.0\.4/);
			const lint = spawnSync('promtool', ['check', 'metrics'],
				{ input: text, encoding: 'utf8' });

			assert.equal(lint.status, 0, lint.stderr + lint.stdout);
			assert.equal(/^paravent_tls_certificate_expiry/m.test(text), tls);
		}
	});

	test('count a visit, and name nobody', async () => {
		const { server, port } = await stageWithMetrics();
		const { doctor, patient, meeting } = await visit(server);

		assert.equal(await number(port, 'paravent_meetings_active'), 1);
		assert.equal(await number(port, 'paravent_participants_active'), 2);
		assert.equal(await number(port, 'paravent_ws_connections'), 2);
		assert.equal(await number(port,
			'paravent_joins_total{result="inside"}'), 1);
		assert.equal(await number(port,
			'paravent_joins_total{result="waiting"}'), 1);
		assert.equal(await number(port,
			'paravent_facts_total{kind="guest.admitted"}'), 1);
		assert.equal(await number(port, 'paravent_http_requests_total{' +
			'route="signaling",method="GET",code="101"}'), 2);
		const { text } = await fetchText(port);

		for (const secret of [meeting.id, doctor.id, patient.id, '127.0.0.1'])
			assert.ok(secret && !text.includes(secret), secret);
	});

	test('are on their own port alone, and it has nothing else', async () => {
		const { server, port } = await stageWithMetrics();

		assert.equal((await server.get('/metrics')).status, 404);
		assert.equal((await fetchText(port, '/')).status, 404);
		assert.equal((await fetchText(port, '/api/meetings', 'POST')).status, 404);
		assert.equal((await fetchText(port, '/metrics', 'POST')).status, 405);
	});

	test('on a port that somebody has are done without, or refused when it was chosen',
		async () => {
		const { port } = await stageWithMetrics();

		await assert.rejects(async () => {
			await stage({ 'metrics-listen': [`127.0.0.1:${port}`] });
		}, ({ message }) => message.includes(`127.0.0.1:${port} is in use`));
		const one = await stage({ 'metrics-listen': undefined });
		const two = await stage({ 'metrics-listen': undefined });

		assert.match(one.log + two.log, /metrics not served: 127\.0\.0\.1:9464 is in use/);
	});
});

describe('paravent status', { concurrency: true }, () => {
	test('says who is there, and when the certificate ends', async () => {
		const server = await stage({}, { tls: true });
		const before = await status(server);

		assert.equal(before.visits, 0);
		assert.ok([1, 2].includes(before.certificateDaysLeft), 'made for two');
		assert.equal(before.lastBackupAt, null);
		await visit(server);
		const now = await status(server);

		assert.deepEqual([now.visits, now.inside, now.waiting], [1, 2, 0]);
		const { stdout } = await paravent('status', '-c', server.confFile);

		assert.match(stdout, /^visits +1 now, 2 inside, 0 waiting$/m);
		assert.match(stdout, /^certificate +[12] days left$/m);
	});

	test('knows when the last backup was made', async () => {
		const server = await stage();
		const began = Date.now();

		assert.equal((await paravent('backup', '-c', server.confFile, temporary()))
			.code, 0);
		const { lastBackupAt } = await status(server);

		assert.ok(Math.abs(Date.parse(lastBackupAt) - began) < 10000, lastBackupAt);
	});

	test('without a server says so, and fails', async () => {
		const server = await stage();

		await server.stop();
		const { code, stderr } = await paravent('status', '-c', server.confFile);

		assert.equal(code, 1);
		assert.match(stderr, /no server runs on/);
	});
});

describe('paravent drain', { concurrency: true }, () => {
	test('lets a visit end and none begin, and waits for the last', async () => {
		const server = await stage();
		const { doctor, patient } = await visit(server);
		const other = await server.meeting();
		const child = spawn(BINARY, ['drain', '-c', server.confFile]);
		let code = null;

		child.once('exit', (exit) => code = exit);
		while ((await server.get('/readyz')).status != 503)
			await sleep(20);
		const late = new Voice(server, other);

		await late.open();
		await late.joins().hearsError('unavailable', 'join');
		await doctor.signals(patient);
		assert.equal(code, null);
		assert.equal((await status(server)).draining, true);
		patient.says({ type: 'leave' });
		doctor.says({ type: 'leave' });
		for (let n = 0; code === null; n++) {
			assert.ok(n < 100, 'it still waits');
			await sleep(50);
		}
		assert.equal(code, 0);
	});

	test('is given up after --timeout, and taken back with --off', async () => {
		const server = await stage();

		await visit(server);
		const tried = await paravent('drain', '--timeout', '0', '-c', server.confFile);

		assert.equal(tried.code, 1);
		assert.match(tried.stderr, /visits still run/);
		assert.equal((await paravent('drain', '--off', '-c', server.confFile)).code, 0);
		assert.equal((await server.get('/readyz')).status, 200);
		await visit(server);
	});

	test('with a timeout that is none is called wrongly', async () => {
		for (const seconds of ['', 'soon', '-1', '1h', '9999999999'])
			assert.equal((await paravent('drain', '--timeout', seconds)).code, 2);
	});
});

describe('paravent check, on the machine itself', { concurrency: true }, () => {
	test('finds the server under its public name: page and relay', async () => {
		for (const tls of [false, true]) {
			const server = await stage({ 'public-url': undefined,
				'stun-host': 'localhost' }, { tls });
			const { code, stdout, stderr } = await paravent('check', '-c',
				server.confFile);

			assert.equal(code, 0, stderr);
			assert.match(stdout, /^server: it runs$/m);
			assert.match(stdout, new RegExp(
				`^page: 127\\.0\\.0\\.1:${server.port} is this server$`, 'm'));
			for (const way of ['UDP', 'TCP'])
				assert.match(stdout, new RegExp('^relay: 127\\.0\\.0\\.1:' +
					`${server.stunPort} answers by ${way}$`, 'm'));
			assert.match(stdout, /^log: \d+ facts/m);
			assert.match(stdout, /^disk: /m);
			assert.match(stdout, /^clock: /m);
			assert.match(stdout, /^backup: warning: none is known of/m);
		}
	});

	test('doubts where somebody else answers, and where nobody does', async () => {
		const other = await stage({}, { tls: true });
		const server = await stage({}, { tls: true });

		server.conf['public-url'] = other.origin;
		server.conf['stun-listen'] = [`127.0.0.1:${await freePort()}`];
		server.writeConf();
		const { code, stdout } = await paravent('check', '-c', server.confFile);

		assert.equal(code, 0, stdout);
		assert.match(stdout, /^page: warning: .* another certificate/m);
		assert.match(stdout, /^relay: warning: .* does not answer by UDP/m);
		assert.match(stdout, /^relay: warning: .* does not answer by TCP/m);
	});

	test('tells a certificate of another name, and one that ends soon', async () => {
		const dir = temporary();
		const server = await stage({}, { tls: true });

		server.conf['public-url'] = 'https://visits.example.invalid';
		server.conf['state-dir'] = path.join(dir, 'state');
		server.writeConf();
		const { code, stdout } = await paravent('check', '-c', server.confFile);

		assert.equal(code, 0);
		assert.match(stdout, /^certificate: warning: [12] days left/m);
		assert.match(stdout, /warning: it is not for visits\.example\.invalid/);
		/* where no server runs nobody is looked for */
		assert.ok(!/^(page|relay):/m.test(stdout), stdout);
	});

	test('a proxy that is not trusted hides who calls', async () => {
		const conf = { 'public-url': 'https://visits.example.invalid' };

		for (const [trusted, hidden] of [[[], true], [['127.0.0.1/32'], false]]) {
			const server = await stage({ ...conf, 'trusted-proxy': trusted });
			const { code, stdout } = await paravent('check', '-c', server.confFile);

			assert.equal(code, 0);
			assert.equal(/^proxy: warning: .* none is a trusted-proxy/m.test(stdout), hidden);
			assert.equal(/ warning .*none is a trusted-proxy/.test(server.log), hidden);
		}
	});

	test('fails over a ledger that is none', async () => {
		const server = await stage();

		await server.stop();
		fs.writeFileSync(path.join(server.stateDir, 'ledger.db'), 'no ledger');
		for (const rest of ['ledger.db-wal', 'ledger.db-shm'])
			fs.rmSync(path.join(server.stateDir, rest), { force: true });
		const { code, stderr } = await paravent('check', '-c', server.confFile);

		assert.equal(code, 1);
		assert.match(stderr, /^log: /m);
	});
});
