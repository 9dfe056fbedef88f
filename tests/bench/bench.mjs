/**
 * Paravent and the server of seed.mjs, side by side in one run: processor time of the
 * server per operation, and memory per idle connection. The server has core 0 to
 * itself, the load core 1. Prints a table; nothing here passes or fails.
 *
 *   node bench.mjs LOAD          (run.sh builds LOAD from load.c)
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const binary = path.resolve(process.env.PARAVENT ??
	path.join(here, '../../build/paravent'));
const [load] = process.argv.slice(2);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'paravent-bench-'));
const children = new Set();

process.on('exit', () => {
	for (const child of children)
		child.kill('SIGKILL');
	fs.rmSync(dir, { recursive: true, force: true });
});

const SECONDS = 2.5;
const ROUNDS = 3;	/* the best counts: others on the machine only add */
const IDLE = 4000;
const CERT = path.join(dir, 'cert.pem');
const KEY = path.join(dir, 'key.pem');

execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
	'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
	'/CN=localhost', '-keyout', KEY, '-out', CERT],
	{ stdio: 'ignore' });

/* --- The two servers ------------------------------------------------------------- */

let port = 21000 + crypto.randomInt(5000);

function commandOf(name, secure)
{
	if (name == 'socketio') {
		return ['node', path.join(here, 'seed.mjs'), `${port}`,
			path.join(dir, `seed-${port}.jsonl`),
			...secure ? [CERT, KEY] : []];
	}

	const state = path.join(dir, `state-${port}`);
	const conf = path.join(dir, `paravent-${port}.conf`);

	fs.mkdirSync(state, { mode: 0o700 });
	fs.writeFileSync(conf, `listen = {"127.0.0.1:${port}"}\n` +
		`stun-listen = {"127.0.0.1:${port}"}\n` +
		`state-dir = "${state}"\n` +
		`public-url = "http${secure ? 's' : ''}://localhost:${port}"\n` +
		'message-rate = 0\n' + (secure ? 'tls-certificate = ' +
		`"${CERT}"\ntls-key = "${KEY}"\n` : ''));
	return [binary, 'serve', '-c', conf];
}

async function listens()
{
	for (let n = 0; n < 500; n++) {
		const up = await new Promise((resolve) => {
			const socket = net.connect(port, '127.0.0.1', () => {
				socket.destroy();
				resolve(true);
			});

			socket.on('error', () => resolve(false));
		});

		if (up)
			return;
		await sleep(20);
	}
	throw new Error('the server does not listen');
}

/* Runs the act with a fresh server on core 0. */
async function withServer(name, secure, act)
{
	const log = fs.openSync(path.join(dir, 'log'), 'a');

	port++;
	const child = spawn('taskset', ['-c', '0', ...commandOf(name, secure)],
		{ stdio: ['ignore', log, log] });

	fs.closeSync(log);
	children.add(child);
	try {
		await listens();
		await sleep(200);
		return await act(child.pid);
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

/* One run of the load on core 1, against a fresh server. */
function measure(name, ...words)
{
	return withServer(name, false, async (pid) => {
		const { stdout } = await run('taskset', ['-c', '1', load, name,
			`${port}`, `${pid}`, ...words.map(String)]);

		return JSON.parse(stdout);
	});
}

/* --- Idle connections ------------------------------------------------------------- */

/* A masked text frame. */
function frame(text)
{
	const data = Buffer.from(text);
	const head = data.length < 126 ? Buffer.from([0x81, 0x80 | data.length])
		: Buffer.from([0x81, 0xfe, data.length >> 8, data.length & 255]);

	return Buffer.concat([head, Buffer.alloc(4), data]);
}

function makeMeeting(secure)
{
	return new Promise((resolve, reject) => {
		const request = http.request({ method: 'POST',
			path: '/api/meetings',
			headers: { 'content-type': 'application/json',
				'content-length': 21 },
			createConnection: () => secure
				? tls.connect({ port, host: '127.0.0.1',
					rejectUnauthorized: false })
				: net.connect(port, '127.0.0.1') }, (response) => {
			let text = '';

			response.on('data', (part) => {
				text += part;
			});
			response.on('end', () => resolve(
				JSON.parse(text).meetingId));
		});

		request.on('error', reject);
		request.end('{"waitingRoom":false}');
	});
}

/* Opens one connection that has joined; it stays open and says nothing more. */
function joinIdle(name, secure, meeting)
{
	return new Promise((resolve, reject) => {
		const target = name == 'paravent' ? `/api/meetings/${meeting}/socket`
			: '/socket.io/?EIO=4&transport=websocket';
		const greet = () => socket.write(`GET ${target} HTTP/1.1\r\n` +
			`Host: localhost:${port}\r\nUpgrade: websocket\r\n` +
			'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
			'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
			(name == 'paravent'
				? 'Sec-WebSocket-Protocol: paravent.v1\r\n' : '') +
			'\r\n');
		const steps = name == 'paravent' ? [
			['HTTP/1.1 101', '{"type":"join","name":"Idle"}'],
			['"welcome"']] : [
			['0{', '40'],
			['40{', `420["join-room",{"meetingId":"${meeting}",` +
				'"userId":"idle"}]'],
			['430[{"ok"']];
		const socket = secure ? tls.connect({ port, host: '127.0.0.1',
			rejectUnauthorized: false }, greet)
			: net.connect(port, '127.0.0.1', greet);
		let text = '';

		socket.on('error', reject);
		socket.on('data', (part) => {
			text += part.toString('latin1');
			while (steps.length && text.includes(steps[0][0])) {
				const [, answer] = steps.shift();

				if (answer)
					socket.write(frame(answer));
				if (!steps.length)
					resolve(socket);
			}
		});
	});
}

function residentKb(pid)
{
	return Number(/^VmRSS:\s+(\d+)/m.exec(
		fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

/* Bytes of resident memory that each of many joined connections adds. */
function idle(name, secure)
{
	return withServer(name, secure, async (pid) => {
		const sockets = [];
		const meetings = [];
		const joinMany = async (first, count) => {
			for (let n = first; n < first + count; n += 20) {
				sockets.push(...await Promise.all(Array.from(
					{ length: 20 }, (_, k) => joinIdle(name, secure,
						meetings[n + k >> 1]))));
			}
		};

		for (let n = 0; n < IDLE / 2 + 100; n++)
			meetings.push(await makeMeeting(secure));
		await joinMany(0, 200);
		await sleep(1000);
		const before = residentKb(pid);
		await joinMany(200, IDLE);
		await sleep(1000);
		const bytes = (residentKb(pid) - before) * 1024 / IDLE;

		for (const socket of sockets)
			socket.destroy();
		return bytes;
	});
}

/* --- The table --------------------------------------------------------------------- */

const rows = [];

function row(what, unit, ours, theirs, bar, usual, note = '')
{
	rows.push({ what, unit, ours, theirs, bar, usual, note });
	process.stderr.write(`${what}: ${ours.toFixed(1)} ${unit}, ` +
		`socket.io ${theirs.toFixed(1)}\n`);
}

async function cpuRow(what, words, bar, usual, theirWords = words)
{
	const best = (was, one) => was && was.serverUs < one.serverUs ? was : one;
	let ours, theirs;

	for (let n = 0; n < ROUNDS; n++) {
		ours = best(ours, await measure('paravent', ...words));
		theirs = best(theirs, await measure('socketio', ...theirWords));
	}
	const rate = (one) => `${Math.round(one.ops / one.seconds)}/s`;

	row(what, 'us', ours.serverUs, theirs.serverUs, bar, usual,
		`${rate(ours)}, ${rate(theirs)}`);
}

await cpuRow('relay of a 2 KiB signal, 100 meetings of 2, 4 in flight',
	['relay', 100, 4, SECONDS], '8', '35');
await cpuRow('relay of a 2 KiB signal, 1,000 meetings of 2, 1 in flight',
	['relay', 1000, 1, SECONDS], '12', '64');
await cpuRow('durable join, handshake included, 16 at once', ['join', 6000],
	'70', '900', ['join', 2000]);
await cpuRow('GET of a meeting, 16 at once', ['get', SECONDS], '15', '180');
await cpuRow('durable POST of a meeting, 16 at once', ['post', SECONDS], '25',
	'230-380');
row('idle joined WebSocket', 'kB', await idle('paravent', false) / 1000,
	await idle('socketio', false) / 1000, '8', '-');
row('idle joined WebSocket over TLS', 'kB', await idle('paravent', true) / 1000,
	await idle('socketio', true) / 1000, '32', '-');

const cells = [['', 'Paravent', 'bar', 'socket.io', 'usual', 'ratio',
	'rate: ours, theirs'],
	...rows.map((one) => [one.what, `${one.ours.toFixed(1)} ${one.unit}`,
		`<= ${one.bar}`, `${one.theirs.toFixed(1)} ${one.unit}`, one.usual,
		`${(one.theirs / one.ours).toFixed(1)}x`, one.note])];
const widths = cells[0].map((_, n) => Math.max(...cells.map(
	(line) => line[n].length)));

for (const line of cells) {
	console.log(line.map((cell, n) => n ? cell.padStart(widths[n])
		: cell.padEnd(widths[n])).join('  ').trimEnd());
}
process.exit(0);
