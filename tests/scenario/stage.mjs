/**
 * The stage: starts the real binary in a directory of its own, on ports of its own,
 * and speaks HTTP with it. Who speaks in a visit is in voice.mjs.
 *
 * The binary is $PARAVENT, or the one in build/ of this tree.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export { sleep };

const here = path.dirname(fileURLToPath(import.meta.url));

export const BINARY = path.resolve(process.env.PARAVENT ??
	path.join(here, '../../build/paravent'));

/* A machine under load, or a binary with sanitizers, is slow; a hang is for ever. */
export const PATIENCE_MS = 8000;

/* What a crashed test leaves behind goes when the test process goes. */
const children = new Set();
const folders = new Set();

process.on('exit', () => {
	for (const child of children)
		child.kill('SIGKILL');
	for (const folder of folders)
		fs.rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes with this process. */
export function temporary()
{
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'paravent-scenario-'));

	folders.add(dir);
	return dir;
}

function tcpFree(port)
{
	return new Promise((resolve) => {
		const probe = net.createServer();

		probe.once('error', () => resolve(false));
		probe.listen(port, '127.0.0.1',
			() => probe.close(() => resolve(true)));
	});
}

function udpFree(port)
{
	return new Promise((resolve) => {
		const probe = dgram.createSocket('udp4');

		probe.once('error', () => resolve(false));
		probe.bind(port, '127.0.0.1',
			() => probe.close(() => resolve(true)));
	});
}

/**
 * A port that nobody has, TCP and UDP: below the range from which the kernel lends
 * ports to clients, so that no connection of another test takes it meanwhile.
 */
export async function freePort()
{
	for (;;) {
		const port = 20000 + Math.floor(Math.random() * 12000);

		if (await tcpFree(port) && await udpFree(port))
			return port;
	}
}

function confValue(value)
{
	if (Array.isArray(value))
		return `{${value.map(confValue).join(', ')}}`;
	return typeof value === 'string' ? JSON.stringify(value) : `${value}`;
}

/** The text of a configuration file; an object is the block `key` ('webhook "a"'). */
export function confText(conf)
{
	return Object.entries(conf)
		.filter(([, value]) => value !== undefined)
		.map(([key, value]) => value.constructor === Object
			? `${key} {\n${confText(value)}}\n`
			: `${key} = ${confValue(value)}\n`)
		.join('');
}

/** Runs the binary to its end: { code, stdout, stderr }. */
export function paravent(...args)
{
	return new Promise((resolve) => {
		execFile(BINARY, args, { timeout: PATIENCE_MS,
			maxBuffer: 64 << 20 }, (err, stdout, stderr) => {
			const code = err ? err.code ?? err.signal : 0;

			resolve({ code, stdout, stderr });
		});
	});
}

/** A self-signed certificate and its key, as files in dir. */
export function certificate(dir, name = 'localhost')
{
	const cert = path.join(dir, `${name}.crt`);
	const key = path.join(dir, `${name}.key`);

	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
		'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
		`/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`,
		'-keyout', key, '-out', cert], { stdio: 'ignore' });
	return { cert, key };
}

/** One HTTP answer; `json` parses when asked. */
class Answer {
	constructor(res, body)
	{
		this.status = res.statusCode;
		this.headers = res.headers;
		this.body = body;
		this.text = body.toString('utf8');
	}

	get json()
	{
		return JSON.parse(this.text);
	}
}

/**
 * One running server, and its life: kill, stop, start again on the same state.
 */
export class Server {
	/**
	 * conf: configuration on top of what every test wants; a member that is
	 *       undefined is left out.
	 * env:  environment on top of our own, also for later starts.
	 */
	static async start(conf = {}, { tls = false, env } = {})
	{
		const server = new Server();

		server.dir = temporary();
		server.env = env?.(server.dir);
		server.tls = tls && certificate(server.dir);
		for (let attempt = 0; ; attempt++) {
			await server.#configure(conf);
			try {
				await server.up();
				return server;
			} catch (err) {
				/* Somebody took the port between probe and bind. */
				if (attempt == 4 || !/in use/i.test(err.message))
					throw Object.assign(err, { server });
			}
		}
	}

	async #configure(conf)
	{
		const stun = await freePort();

		this.port = await freePort();
		this.stunPort = stun;
		this.origin = this.tls ? `https://localhost:${this.port}`
			: `http://127.0.0.1:${this.port}`;
		this.stateDir = path.join(this.dir, 'state');
		fs.mkdirSync(this.stateDir, { recursive: true, mode: 0o700 });
		this.confFile = path.join(this.dir, 'paravent.conf');
		this.logFile = path.join(this.dir, 'log');
		this.conf = {
			'listen': [`127.0.0.1:${this.port}`],
			'stun-listen': [`127.0.0.1:${stun}`],
			'state-dir': this.stateDir,
			'metrics-listen': [],
			'public-url': this.origin,
			'tls-certificate': this.tls ? this.tls.cert : undefined,
			'tls-key': this.tls ? this.tls.key : undefined,
			...conf,
		};
		this.writeConf();
	}

	writeConf()
	{
		fs.writeFileSync(this.confFile, confText(this.conf));
	}

	/** Starts the process and waits until it says that it is ready. */
	async up()
	{
		const log = fs.openSync(this.logFile, 'a');
		const child = spawn(BINARY, ['serve', '-c', this.confFile],
			{ stdio: ['ignore', log, log],
				env: { ...process.env, ...this.env } });
		const deadline = Date.now() + PATIENCE_MS * 2;

		fs.closeSync(log);
		children.add(child);
		this.child = child;
		this.exited = new Promise((resolve) => {
			child.once('error', (err) => resolve({ code: err.code }));
			child.once('exit', (code, signal) => {
				children.delete(child);
				resolve({ code, signal });
			});
		});
		while (Date.now() < deadline) {
			if (child.exitCode !== null || !child.pid)
				throw new Error(`no server: ${this.log}`);
			try {
				if ((await this.get('/readyz')).status == 200)
					return this;
			} catch {
				/* not listening yet */
			}
			await sleep(10);
		}
		throw new Error(`the server is not ready: ${this.log}`);
	}

	get pid()
	{
		return this.child.pid;
	}

	get alive()
	{
		return this.child.exitCode === null &&
			this.child.signalCode === null;
	}

	/** Everything it has written to its log so far. */
	get log()
	{
		return fs.existsSync(this.logFile)
			? fs.readFileSync(this.logFile, 'utf8') : '';
	}

	/** Resident kilobytes. */
	get rss()
	{
		const status = fs.readFileSync(`/proc/${this.pid}/status`, 'utf8');

		return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
	}

	async signal(name)
	{
		if (this.alive)
			this.child.kill(name);
		return this.exited;
	}

	/** The power goes: { signal: 'SIGKILL' }. */
	kill()
	{
		return this.signal('SIGKILL');
	}

	/** It is asked to go: { code }. */
	async stop()
	{
		const done = this.signal('SIGTERM');
		const late = sleep(PATIENCE_MS, { signal: 'late' },
			{ ref: false });
		const end = await Promise.race([done, late]);

		if (end.signal == 'late')
			throw new Error(`SIGTERM does not end it: ${this.log}`);
		return end;
	}

	/**
	 * The test is over: everything goes. A server that does not end in good order,
	 * or whose sanitizers have something to say, fails the test.
	 */
	async strike()
	{
		const { code } = this.alive ? await this.stop() : { code: 0 };

		if (code !== 0 || /Sanitizer|runtime error:/.test(this.log))
			throw new Error(`ended with ${code}: ${this.log}`);
		fs.rmSync(this.dir, { recursive: true, force: true });
		folders.delete(this.dir);
	}

	/**
	 * One call on a connection of its own. body: bytes or text as they are;
	 * json: anything, sent as JSON; token: as Bearer; cookie: and the Origin with
	 * it, as a page of ours does; from: the address (127.0.0.0/8) it comes from;
	 * patience: ms to wait for the answer.
	 */
	call(method, target, { body, json, token, cookie, from, headers = {}, agent,
		patience = PATIENCE_MS } = {})
	{
		const all = cookie === undefined ? { ...headers }
			: { origin: this.origin, cookie, ...headers };

		if (json !== undefined) {
			body = JSON.stringify(json);
			all['content-type'] ??= 'application/json';
		}
		if (token !== undefined)
			all['authorization'] = `Bearer ${token}`;
		if (body !== undefined)
			all['content-length'] ??= Buffer.byteLength(body);
		return new Promise((resolve, reject) => {
			const request = (this.tls ? https : http).request({
				host: '127.0.0.1', port: this.port, method,
				path: target, headers: all, agent: agent ?? false,
				localAddress: from,
				timeout: patience,
				...this.tls && {
					ca: fs.readFileSync(this.tls.cert),
					servername: 'localhost',
				},
			}, (res) => {
				const parts = [];

				res.on('data', (part) => parts.push(part));
				res.on('error', reject);
				res.on('end', () => resolve(
					new Answer(res, Buffer.concat(parts))));
			});

			request.on('timeout', () => request.destroy(
				new Error(`${method} ${target}: no answer`)));
			request.on('error', reject);
			request.end(body);
		});
	}

	get(target, options)
	{
		return this.call('GET', target, options);
	}

	post(target, options)
	{
		return this.call('POST', target, options);
	}

	/** A new meeting, with `id` and the host's `token` taken from its links. */
	async meeting(plan)
	{
		const answer = await this.post('/api/meetings',
			plan === undefined ? {} : { json: plan });

		if (answer.status != 201)
			throw new Error(`no meeting: ${answer.status} ${answer.text}`);

		const made = answer.json;
		const fragment = new URL(made.hostUrl).hash.slice(1);

		return { ...made, id: made.meetingId,
			token: new URLSearchParams(fragment).get('token') };
	}
}
