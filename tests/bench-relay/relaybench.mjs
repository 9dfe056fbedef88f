/**
 * The relay beside Debian's coturn and a bare forwarder, in one run and on one core:
 * processor time per packet, packets a second, what an allocation costs, added delay,
 * system calls. The server has core 0, the load core 1. Prints a table with ratios and
 * the bars beside; nothing here passes or fails.
 *
 *   node relaybench.mjs FOLDER [smoke]      (relaybench.sh builds what is in FOLDER)
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const paravent = path.resolve(process.env.PARAVENT ??
	path.join(here, '../../build/paravent'));
const [tools, smoke] = process.argv.slice(2);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'paravent-relaybench-'));
const children = new Set();

process.on('exit', () => {
	for (const child of children)
		child.kill('SIGKILL');
	fs.rmSync(dir, { recursive: true, force: true });
});

const MS = smoke ? 200 : 1000;
const ROUNDS = smoke ? 1 : 2;	/* the best counts: others on the machine only add */
const SIZES = smoke ? [160] : [160, 1200];
/* Flows, and how many packets each has in the air: enough to keep coturn busy. */
const FLOODS = smoke ? [[1, 64], [10, 32]] : [[1, 64], [10, 32], [100, 10], [1000, 2]];
const HOLD = smoke ? 200 : 2000;
const CALLS = 100;

/* What ours may take at most, as a part of coturn's processor time (issue 3, line 7). */
const BARS = {
	channel: { 1: 1 / 1.4, 10: 1 / 2.4, 100: 1 / 1.75, 1000: 1 / 1.5 },
	send: { 1: 1 / 2, 10: 1 / 2, 100: 1 / 2, 1000: 1 / 2 },
	hairpin: { 1: 1 / 2.5, 10: 1 / 2.5, 100: 1 / 2.5, 1000: 1 / 2.5 },
};
const BARE_BAR = 1.15;

/* --- The servers ------------------------------------------------------------------- */

let port = 21000 + crypto.randomInt(4000);

const KEY = path.join(dir, 'key.pem');
const CERT = path.join(dir, 'cert.pem');

execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
	'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
	'/CN=localhost', '-keyout', KEY, '-out', CERT], { stdio: 'ignore' });

function commandOf(name)
{
	if (name == 'bare')
		return [path.join(tools, 'bareforward'), `${port}`];
	if (name == 'coturn') {
		return ['turnserver', '-n', '-L', '127.0.0.1', '-p', `${port}`,
			'--use-auth-secret', '--static-auth-secret', 'coturn',
			'-r', 'localhost', '--allow-loopback-peers', '--no-cli',
			'--no-tls', '--no-dtls', '--cert', CERT, '--pkey', KEY,
			'-l', '/dev/null', '--no-stdout-log', '-m', '1',
			'--pidfile', path.join(dir, 'pid'),
			'-b', path.join(dir, 'turndb')];
	}
	const state = path.join(dir, `state-${port}`);
	const conf = path.join(dir, `paravent-${port}.conf`);

	fs.mkdirSync(state, { mode: 0o700 });
	fs.writeFileSync(conf, `listen = {"127.0.0.1:${port + 1}"}\n` +
		`stun-listen = {"127.0.0.1:${port}"}\n` +
		`public-url = "http://localhost:${port + 1}"\n` +
		`state-dir = "${state}"\n` +
		'relay-peer-allow = {"127.0.0.0/8"}\n');
	return [paravent, 'serve', '-c', conf];
}

function secretOf(name)
{
	if (name != 'paravent')
		return name;
	return fs.readFileSync(path.join(dir, `state-${port}`, 'relay.secret'),
		'latin1').split('\n')[0];
}

/* Somebody has the UDP port: bareforward listens on nothing else. */
function listens()
{
	const wanted = port.toString(16).toUpperCase().padStart(4, '0');

	return fs.readFileSync('/proc/net/udp', 'utf8').includes(`:${wanted} `);
}

/* Runs the act with a fresh server on core 0: what others have left is gone. */
async function withServer(name, act)
{
	port += 2;
	if (name == 'direct')
		return act({ pid: 0, secret: '' });

	const log = fs.openSync(path.join(dir, 'log'), 'w');
	const child = spawn('taskset', ['-c', '0', ...commandOf(name)], {
		stdio: ['ignore', log, log],
		env: { ...process.env, PARAVENT_RELAY_TEST: '1' },
	});

	fs.closeSync(log);
	children.add(child);
	try {
		for (let n = 0; n < 300 && !listens(); n++)
			await sleep(20);
		await sleep(300);
		return await act({ pid: child.pid, secret: secretOf(name) });
	} catch (err) {
		throw new Error(`${name}: ${err.message}\n` +
			fs.readFileSync(path.join(dir, 'log'), 'utf8').slice(-2000));
	} finally {
		const gone = new Promise((resolve) => child.once('exit', resolve));

		child.kill('SIGKILL');
		await gone;
		children.delete(child);
	}
}

async function load(name, { pid, secret }, words)
{
	const all = { port, pid, secret, how: 'channel', ...words };

	if (name == 'bare' || name == 'direct')
		all.how = name;
	const { stdout } = await run('taskset', ['-c', '1',
		path.join(tools, 'relayload'), ...Object.entries(all).map(
			([key, value]) => `${key}=${value}`)]);

	return JSON.parse(stdout);
}

/* The round with the least processor time; what was lost in any counts. */
async function best(names, words)
{
	const results = {};

	for (let round = 0; round < ROUNDS; round++) {
		for (const name of names) {
			const one = await withServer(name,
				(server) => load(name, server, words));
			const old = results[name];
			const lost = (old?.lost ?? 0) + one.lost;

			results[name] = !old || one.cpu_us < old.cpu_us ? one : old;
			results[name].lost = lost;
		}
	}
	return results;
}

/* --- The tables --------------------------------------------------------------------- */

const missed = [];

function row(...cells)
{
	console.log(`| ${cells.join(' | ')} |`);
}

function head(...cells)
{
	console.log('');
	row(...cells);
	row(...cells.map(() => '---'));
}

function judge(what, value, bar, digits = 2)
{
	const good = value <= bar;

	if (!good)
		missed.push(`${what}: ${value.toFixed(digits)} > ${bar.toFixed(digits)}`);
	return `${value.toFixed(digits)} (${bar.toFixed(digits)}${good ? '' : ', MISSED'})`;
}

async function packets()
{
	head('forwarding', 'bytes', 'allocations', 'coturn us/packet', 'ours',
		'bare', 'ours / coturn (bar)', 'ours / bare (bar)', 'coturn pps',
		'ours pps', 'busy', 'lost coturn, ours');
	for (const how of Object.keys(BARS)) {
		for (const size of SIZES) {
			for (const [flows, window] of FLOODS)
				await packetsRow(how, size, flows, window);
		}
	}
}

async function packetsRow(how, size, flows, window)
{
	const names = ['coturn', 'paravent', ...how == 'channel' ? ['bare'] : []];
	const { coturn, paravent: ours, bare } = await best(names,
		{ what: 'flood', how, size, flows, window, ms: MS });
	const what = `${how} ${size} B, ${flows}`;

	row(how, size, flows, coturn.cpu_us.toFixed(2), ours.cpu_us.toFixed(2),
		bare ? bare.cpu_us.toFixed(2) : '',
		judge(what, ours.cpu_us / coturn.cpu_us, BARS[how][flows]),
		bare ? judge(`${what}, bare`, ours.cpu_us / bare.cpu_us, BARE_BAR) : '',
		coturn.pps, ours.pps, `${coturn.busy}, ${ours.busy}`,
		`${coturn.lost}, ${ours.lost}`);
}

async function allocations()
{
	const names = ['coturn', 'paravent'];
	const { coturn, paravent: ours } = await best(names,
		{ what: 'hold', flows: HOLD });

	head('an allocation', 'coturn', 'ours (bar)');
	row('processor time, us', coturn.cpu_us, judge('us an allocation', ours.cpu_us, 50));
	row('memory, bytes', coturn.rss_bytes,
		judge('bytes an allocation', ours.rss_bytes, 2048, 0));
	row('a second, one after the other', coturn.per_second, ours.per_second);
}

async function losses()
{
	const { coturn, paravent: ours } = await best(['coturn', 'paravent'],
		{ what: 'flood', size: 1200, flows: 1, window: 64, ms: 2 * MS });
	const part = ({ lost, sent }) => 100 * lost / sent;

	head('64 x 1200 bytes in the air', 'coturn', 'ours (bar)');
	row('lost, %', part(coturn).toFixed(3), judge('lost', part(ours), 0, 3));
}

/* Meetings are made all the time: each is HTTP, JSON and a fact on the disk. */
function busyHouse(stop)
{
	const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
	let made = 0;

	const one = () => new Promise((resolve) => {
		const request = http.request({ port: port + 1, host: '127.0.0.1',
			method: 'POST', path: '/api/meetings', agent,
			headers: { 'content-type': 'application/json',
				'content-length': 2 } }, (answer) => {
			made += answer.statusCode == 201;
			answer.resume().on('end', resolve);
		});

		request.on('error', resolve);
		request.end('{}');
	});
	const worker = async () => {
		while (!stop.over) {
			await one();
			await sleep(20);
		}
	};

	return Promise.all(Array.from({ length: 8 }, worker)).then(() => {
		agent.destroy();
		return made;
	});
}

async function delays()
{
	const words = { what: 'pace', flows: CALLS, pps: 50, size: 160, ms: 4 * MS };
	const show = (name, one, base) => row(name, one.p50_us, one.p99_us,
		base ? (one.p50_us - base.p50_us).toFixed(1) : '',
		base && name != 'coturn' ? judge(`${name} p99`,
			one.p99_us - base.p99_us, 1000, 1)
			: base ? (one.p99_us - base.p99_us).toFixed(1) : '',
		`${one.lost} of ${one.sent}`);

	head(`one way, ${CALLS} calls at 50 packets a second`, 'p50 us', 'p99 us',
		'added p50', 'added p99 (bar)', 'lost');
	const direct = await withServer('direct', (server) => load('direct', server, words));

	show('nobody between', direct);
	for (const name of ['coturn', 'paravent']) {
		show(name, await withServer(name, (server) => load(name, server, words)),
			direct);
	}
	let made;
	const loaded = await withServer('paravent', async (server) => {
		const stop = { over: false };
		const house = busyHouse(stop);
		const result = await load('paravent', server, words);

		stop.over = true;
		made = await house;
		return result;
	});

	show(`paravent, ${made} meetings made meanwhile`, loaded, direct);
}

/*
 * Counted over a whole run, setting up included, which is little. By perf: strace makes
 * the server so slow that each wake-up finds more to do.
 */
async function systemCalls(name, flows)
{
	const file = path.join(dir, 'perf');

	return withServer(name, async (server) => {
		const count = spawn('perf', ['stat', '-x,', '-e',
			'raw_syscalls:sys_enter', '-o', file, '-p', `${server.pid}`],
		{ stdio: 'ignore' });
		const gone = new Promise((resolve) => {
			count.once('exit', resolve);
			count.once('error', resolve);
		});

		await sleep(300);
		const { all } = await load(name, server, { what: 'pace', flows, pps: 50,
			ms: 3 * MS });

		count.kill('SIGINT');
		await gone;
		const [, total] = /^(\d+),.*sys_enter/m.exec(
			fs.readFileSync(file, 'utf8')) ?? [];

		return Number(total) / all;
	});
}

async function calls()
{
	head('system calls a datagram, at 50 packets a second', 'coturn', 'ours (bar)');
	for (const flows of [10, CALLS]) {
		row(`${flows} calls`, (await systemCalls('coturn', flows)).toFixed(2),
			judge(`system calls, ${flows} calls`,
				await systemCalls('paravent', flows), 2.2));
	}
}

console.log(`${os.cpus()[0].model}, ${os.cpus().length} cores, ` +
	`Linux ${os.release()}, load ${os.loadavg()[0].toFixed(1)}` +
	(smoke ? ', SMOKE RUN: too short to mean anything' : ''));
await packets();
await allocations();
await losses();
await delays();
await calls();
console.log(`\n${missed.length} bars missed${missed.length ? ':' : ''}`);
for (const one of missed)
	console.log(`- ${one}`);
