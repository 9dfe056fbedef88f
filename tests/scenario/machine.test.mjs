/**
 * Machines as they are: many people behind one address, a log that nobody reads, no
 * IPv6, a new account, a client that has said all it has to say.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { BINARY, Server, confText, freePort, paravent, sleep, temporary } from './stage.mjs';
import { Raw } from './raw.mjs';

const stages = [];

async function stage(conf, options)
{
	const server = await Server.start(conf, options);

	stages.push(server);
	return server;
}

after(() => Promise.all(stages.map((server) => server.strike())));

/* An address of this machine that is not loopback, as patients' are not. */
const outer = Object.values(os.networkInterfaces()).flat()
	.find((a) => !a.internal && a.family == 'IPv4')?.address;
const away = outer ? {} : { skip: 'this machine has no address but loopback' };

/* A server that also listens on the outer address; gives the port there. */
async function stageOutside(conf = {}, options = {})
{
	const server = await stage({ 'access': 'open', 'public-url': 'https://visit.example', ...conf },
		options);
	const port = await freePort();

	await server.stop();
	server.conf['listen'] = [`${outer}:${port}`, `127.0.0.1:${server.port}`];
	server.writeConf();
	await server.up();
	return { server, port };
}

/* Runs the binary until it says these words, or ends: { said, code }. */
function says(words, command, args, options = {})
{
	return new Promise((resolve) => {
		const child = spawn(command, args, { ...options,
			stdio: ['ignore', 'ignore', 'pipe'] });
		const timer = setTimeout(() => child.kill('SIGKILL'), 8000);
		let said = '';

		child.stderr.on('data', (part) => {
			const before = words.test(said);

			said += part;
			if (!before && words.test(said))
				child.kill('SIGTERM');
		});
		child.once('error', (err) => resolve({ said: `${err}`, code: err.code }));
		child.once('close', (code) => {
			clearTimeout(timer);
			resolve({ said, code });
		});
	});
}

describe('many people behind one address', { concurrency: true, ...away }, () => {
	/* So many connections at once, each with one request: how many were answered. */
	async function crowd(port, count)
	{
		const agent = new http.Agent({ keepAlive: true, maxSockets: count });
		const answers = await Promise.all(Array.from({ length: count }, () =>
			new Promise((resolve) => {
				http.get({ host: outer, port, agent, path: '/healthz' },
					(res) => {
					res.resume();
					res.on('end', () => resolve(true));
				}).on('error', () => resolve(false));
			})));

		agent.destroy();
		return answers.filter(Boolean).length;
	}

	test('are all served, fifty professionals of a practice too', async () => {
		const { port } = await stageOutside();

		assert.equal(await crowd(port, 200), 200);
	});

	test('are served up to connections-per-address, and the operator hears of it ' +
		'once', async () => {
		const { server, port } = await stageOutside(
			{ 'connections-per-address': 20 });

		assert.equal(await crowd(port, 50), 20);
		await sleep(200);
		await crowd(port, 50);
		const warnings = server.log.match(/^.*listener refused.*$/mg);
		assert.equal(warnings.length, 1, server.log);
		assert.match(warnings[0], /connections-per-address=\d+ in-all=0$/);
		assert.ok(!server.log.includes(outer), 'an address in the log');
		/* who is on this machine does not count */
		assert.equal((await server.get('/healthz')).status, 200);
	});

	test('are served without a limit when it is 0', async () => {
		const { port } = await stageOutside({ 'connections-per-address': 0 });

		assert.equal(await crowd(port, 300), 300);
	});
});

test('a log that nobody reads stops nobody', async () => {
	const dir = temporary();
	const port = await freePort();
	const file = path.join(dir, 'paravent.conf');

	fs.writeFileSync(file, confText({ 'listen': [`127.0.0.1:${port}`],
		'stun-listen': [], 'state-dir': path.join(dir, 'state'),
		'message-rate': 0 }));
	const child = spawn(BINARY, ['serve', '-c', file],
		{ stdio: ['ignore', 'ignore', 'pipe'] });
	const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
	const makes = () => new Promise((resolve, reject) => {
		http.request({ host: '127.0.0.1', port, agent, method: 'POST',
			path: '/api/meetings', timeout: 8000 }, (res) => {
			res.resume();
			res.on('end', () => resolve(res.statusCode));
		}).on('timeout', () => reject(new Error('it stands still')))
			.on('error', reject).end();
	});

	try {
		for (let n = 0; ; n++) {
			if (await makes().catch(() => 0) == 201)
				break;
			assert.ok(n < 200, 'it does not come up');
			await sleep(20);
		}
		/* some 60 bytes each, and a pipe holds 64 KiB */
		for (let n = 0; n < 250; n++)
			await Promise.all(Array.from({ length: 8 }, makes));
		let said = '';

		child.stderr.on('data', (part) => said += part);
		await sleep(100);
		assert.equal(await makes(), 201);
		for (let n = 0; !/ log: \d+ lines were dropped/.test(said); n++) {
			assert.ok(n < 100, said.slice(-300));
			await sleep(20);
		}
	} finally {
		agent.destroy();
		child.kill('SIGKILL');
	}
});

/* A network of its own in which there is no IPv6. */
const plain = ['-rn', 'sh', '-c', 'ip link set lo up && ' +
	'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$f; done && ' +
	'! ip -6 addr show lo | grep -q inet6 && exec "$@"', 'sh'];

function canUnshare()
{
	try {
		execFileSync('unshare', [...plain, 'true'], { stdio: 'ignore' });
		return {};
	} catch {
		return { skip: 'no network namespace can be made here' };
	}
}

describe('a machine without IPv6', { concurrency: true, ...canUnshare() }, () => {
	function serves(text, ...args)
	{
		const dir = temporary();
		const file = path.join(dir, 'paravent.conf');

		fs.writeFileSync(file, text);
		return says(/server started/, 'unshare', [...plain, BINARY, 'serve',
			'-c', file, '-s', path.join(dir, 'state'), ...args]);
	}

	test('is served with the defaults', async () => {
		const { said, code } = await serves('');

		assert.match(said, /server started/);
		assert.equal(code, 0, said);
	});

	test('is told of what was configured and is not there', async () => {
		for (const [text, ...args] of [
			['listen = {"127.0.0.1:8080", "[::1]:8080"}'],
			['stun-listen = {"127.0.0.1:3478", "[::1]:3478"}'],
			['', '-l', '127.0.0.1:8080', '-l', '[::1]:8080']]) {
			const { said, code } = await serves(text, ...args);

			assert.equal(code, 1, said);
			assert.match(said, /\[::1\]:\d+/);
		}
	});
});

describe('a new account', { concurrency: true }, () => {
	/* As nobody, who has this home and nothing else in his environment. */
	async function serves(conf, home, env = {})
	{
		const file = path.join(temporary(), 'paravent.conf');
		const binary = path.join(path.dirname(file), 'paravent');
		const nobody = process.geteuid() ? {} : { uid: 65534, gid: 65534 };
		const port = await freePort();

		fs.copyFileSync(BINARY, binary);
		fs.chmodSync(path.dirname(file), 0o755);
		fs.writeFileSync(file, confText({ 'listen': [`127.0.0.1:${port}`],
			'stun-listen': [], ...conf }));
		if (nobody.uid)
			fs.chownSync(home, nobody.uid, nobody.gid);
		return says(/server started/, binary, ['serve', '-c', file],
			{ ...nobody, env: { HOME: home, ...env } });
	}

	test('gets its folders, which nobody else can enter', async () => {
		const home = temporary();
		const { said, code } = await serves({}, home);

		assert.equal(code, 0, said);
		for (const dir of ['.local', '.local/state', '.local/state/paravent'])
			assert.equal(fs.statSync(path.join(home, dir)).mode & 0o777,
				0o700, dir);
	});

	test('is told when they cannot be made', async () => {
		const { said, code } = await serves({}, temporary(),
			{ HOME: '/proc/nowhere' });

		assert.equal(code, 1, said);
		assert.match(said, /\/proc\/nowhere: .*state-dir/);
	});

	test('is told when a folder that somebody chose has no place', async () => {
		const home = temporary();
		const { said, code } = await serves(
			{ 'state-dir': path.join(home, 'typo/state') }, home);

		assert.equal(code, 1, said);
		assert.ok(!fs.existsSync(path.join(home, 'typo')));
	});
});

test('a client that closes its side behind the request gets the answer', async () => {
	const server = await stage();
	const answer = await new Promise((resolve, reject) => {
		const socket = net.connect({ host: '127.0.0.1', port: server.port,
			allowHalfOpen: true });
		let got = '';

		socket.on('data', (part) => got += part);
		socket.on('error', reject);
		socket.on('end', () => resolve(got));
		socket.end('POST /api/meetings HTTP/1.1\r\nHost: x\r\n' +
			'Content-Length: 0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
	});

	assert.match(answer, /^HTTP\/1\.1 201 /);
	assert.match(answer, /"joinUrl".*HTTP\/1\.1 200 /s);
});
