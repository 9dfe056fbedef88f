/**
 * The stage for the relay's tests: one server, clients with addresses of their own, and
 * peers. What is tested is $PARAVENT (default: build/paravent of this tree), or Debian's
 * coturn with RELAY_TARGET=coturn: it is known to miss some rules, which shows that
 * their tests can fail.
 *
 * Each client has a loopback address of its own, for the server counts by address.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { MISSES, WAVERS } from './coturn.mjs';
import { Stream, Turn, Udp, closeCarriers } from './turnclient.mjs';

export { sleep };

const here = path.dirname(fileURLToPath(import.meta.url));

export const TARGET = process.env.RELAY_TARGET ?? 'paravent';
export const BINARY = path.resolve(process.env.PARAVENT ??
	path.join(here, '../../build/paravent'));
export const HOST = '127.0.0.1';
/* Peers are not on the server's own address: there nothing but its relays is reachable. */
export const PEER_HOST = '127.0.0.2';
export const ALL = ['udp', 'tcp', 'tls'];
export const STREAMS = ['tcp', 'tls'];
export const UDP_ONLY = ['udp'];

const START_MS = 20000;
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
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'paravent-relay-'));

	folders.add(dir);
	return dir;
}

/** A self-signed certificate for localhost: { cert, key }, files in dir. */
export function certificate(dir, name = 'server')
{
	const cert = path.join(dir, `${name}.crt`);
	const key = path.join(dir, `${name}.key`);

	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
		'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
		'/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
		'-keyout', key, '-out', cert], { stdio: 'ignore' });
	return { cert, key };
}

/** Whether nobody has this UDP port. */
export function udpFree(port, host = HOST)
{
	return new Promise((resolve) => {
		const probe = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');

		probe.once('error', () => resolve(false));
		probe.bind({ port, address: host, exclusive: true },
			() => probe.close(() => resolve(true)));
	});
}

function tcpFree(port, host = HOST)
{
	return new Promise((resolve) => {
		const probe = net.createServer();

		probe.once('error', () => resolve(false));
		probe.listen(port, host, () => probe.close(() => resolve(true)));
	});
}

/** A port that nobody has, below those that the kernel lends. */
export async function freePort()
{
	for (;;) {
		const port = 11000 + crypto.randomInt(20000);

		if (await udpFree(port) && await tcpFree(port))
			return port;
	}
}

/* A stretch of relay ports for one server, so that test files do not meet. */
async function freeRange(count)
{
	for (;;) {
		const first = 49152 + crypto.randomInt((16384 - count) / 2) * 2;
		const probes = Array.from({ length: 32 },
			() => udpFree(first + crypto.randomInt(count)));

		if ((await Promise.all(probes)).every(Boolean))
			return [first, first + count - 1];
	}
}

let sources = crypto.randomInt(1 << 12) << 6;

/** A loopback address that no other client of this run has. */
export function source()
{
	const n = sources++ & 0x3ffff;

	return `127.${64 + (n >> 14)}.${n >> 7 & 127}.${1 + (n & 127)}`;
}

function confText(conf)
{
	const value = (one) => Array.isArray(one)
		? `{${one.map(value).join(', ')}}`
		: typeof one === 'string' ? JSON.stringify(one) : `${one}`;

	return Object.entries(conf).filter(([, one]) => one !== undefined)
		.map(([key, one]) => `${key} = ${value(one)}\n`).join('');
}

/** One server and its life. */
export class Server {
	/**
	 * conf:  configuration of Paravent on top of what every test wants.
	 * args:  the same for coturn.
	 * host:  where it listens.
	 * v6:    [::1] as well.
	 * ports: how many relay ports.
	 * tls:   the certificate; false: plain.
	 */
	static async start(options)
	{
		for (let attempt = 0; ; attempt++) {
			try {
				return await Server.#once(options);
			} catch (err) {
				/* Somebody took a port between probe and bind. */
				if (attempt == 4 || !/in use/i.test(err.message))
					throw err;
			}
		}
	}

	static async #once({ conf = {}, args = [], host = HOST, v6 = false, ports = 2000,
		tls = true, target = TARGET } = {})
	{
		const server = new Server();

		server.target = target;
		server.host = host;
		server.v6 = v6;
		server.dir = temporary();
		server.secure = tls;
		server.tls = certificate(server.dir);
		server.port = await freePort();
		server.stunPort = await freePort();
		server.range = await freeRange(ports);
		server.logFile = path.join(server.dir, 'log');
		if (target == 'coturn')
			server.#prepareCoturn(args);
		else
			server.#prepareParavent(conf);
		await server.up();
		return server;
	}

	#prepareParavent(conf)
	{
		const both = (port) => [`${this.host}:${port}`,
			...this.v6 ? [`[::1]:${port}`] : []];

		this.stateDir = path.join(this.dir, 'state');
		fs.mkdirSync(this.stateDir, { mode: 0o700 });
		this.origin = `http${this.secure ? 's' : ''}://localhost:${this.port}`;
		this.conf = {
			'listen': both(this.port),
			'stun-listen': both(this.stunPort),
			'state-dir': this.stateDir,
			'public-url': this.origin,
			'tls-certificate': this.secure ? this.tls.cert : undefined,
			'tls-key': this.secure ? this.tls.key : undefined,
			'relay-ports': this.range.join('-'),
			'relay-peer-allow': ['127.0.0.0/8',
				...this.v6 ? ['::1/128'] : []],
			...conf,
		};
		this.confFile = path.join(this.dir, 'paravent.conf');
		fs.writeFileSync(this.confFile, confText(this.conf));
		this.command = [BINARY, 'serve', '-c', this.confFile];
		this.ports = { udp: this.stunPort, tcp: this.port, tls: this.port };
	}

	#prepareCoturn(args)
	{
		this.secret = 'coturn stands in';
		this.command = ['turnserver', '-n', '-L', HOST,
			...this.v6 ? ['-L', '::1', '-E', HOST, '-E', '::1'] : [],
			'-p', `${this.stunPort}`, '--tls-listening-port', `${this.port}`,
			'--use-auth-secret', '--static-auth-secret', this.secret,
			'-r', 'paravent.test', '--allow-loopback-peers', '--no-cli',
			'--cert', this.tls.cert, '--pkey', this.tls.key,
			'--min-port', `${this.range[0]}`,
			'--max-port', `${this.range[1]}`,
			'--no-rfc5780', '--no-stun-backward-compatibility',
			'-l', 'stdout', '--simple-log', '-m', '1',
			'--pidfile', path.join(this.dir, 'pid'),
			'-b', path.join(this.dir, 'turndb'), ...args];
		this.ports = { udp: this.stunPort, tcp: this.stunPort,
			tls: this.port };
	}

	/** Starts the process and waits until it answers. */
	async up()
	{
		this.logStart = this.log.length;
		const log = fs.openSync(this.logFile, 'a');
		const child = spawn(this.command[0], this.command.slice(1),
			{ stdio: ['ignore', log, log] });
		const deadline = Date.now() + START_MS;

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
			if (!this.alive)
				throw new Error(`${this.command[0]} does not run: ${this.log}`);
			if (await this.#answers())
				return;
			await sleep(20);
		}
		throw new Error(`the server is not ready: ${this.log}`);
	}

	async #answers()
	{
		const taken = await Promise.all([udpFree(this.ports.udp, this.host),
			tcpFree(this.ports.tcp, this.host),
			tcpFree(this.ports.tls, this.host)]);

		if (taken.includes(true))
			return false;
		if (this.target != 'coturn') {
			/* It binds before it serves, and before it minds signals. */
			if (!this.log.includes('server started', this.logStart))
				return false;
			[this.secret] = fs.readFileSync(path.join(this.stateDir,
				'relay.secret'), 'latin1').split('\n');
		}
		return true;
	}

	get alive()
	{
		return this.child.pid && this.child.exitCode === null &&
			this.child.signalCode === null;
	}

	get pid()
	{
		return this.child.pid;
	}

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

	/** How many files and sockets it holds. */
	get fds()
	{
		return fs.readdirSync(`/proc/${this.pid}/fd`).length;
	}

	/* The lines of /proc/net/udp that are its own sockets: [port, inode, drops,
	 * family]. */
	get #sockets()
	{
		const fds = `/proc/${this.pid}/fd`;
		const own = new Set(fs.readdirSync(fds).map((fd) => {
			try {
				return /^socket:\[(\d+)\]$/.exec(
					fs.readlinkSync(path.join(fds, fd)))?.[1];
			} catch {
				return undefined;	/* closed meanwhile */
			}
		}));

		return [['/proc/net/udp', 4], ['/proc/net/udp6', 6]].flatMap(
			([file, family]) => fs.readFileSync(file, 'utf8').trim()
				.split('\n').slice(1)
				.map((line) => line.trim().split(/\s+/))
				.map((words) => [parseInt(words[1].split(':')[1], 16),
					words[9], Number(words[12]), family]))
			.filter(([, inode]) => own.has(inode));
	}

	/** Whether it holds this port; the other family may have one of the same number. */
	holds(port, family)
	{
		return this.#sockets.some((one) => one[0] == port && one[3] == family);
	}

	/** The relay ports that it holds. */
	get relayPorts()
	{
		const [first, last] = this.range;

		return this.#sockets.map(([port]) => port)
			.filter((port) => port >= first && port <= last);
	}

	/** How many datagrams have found its listening UDP sockets full. */
	get udpDrops()
	{
		return this.#sockets.filter(([port]) => port == this.ports.udp)
			.reduce((sum, [, , drops]) => sum + drops, 0);
	}

	signal(name)
	{
		this.child.kill(name);
	}

	/**
	 * The end: a server that does not go in good order, or whose sanitizers have
	 * something to say, fails the test. Returns what it has logged.
	 */
	async strike()
	{
		const wasAlive = this.alive;

		closeCarriers();
		this.signal('SIGTERM');
		const late = setTimeout(() => this.signal('SIGKILL'), 10000);
		const end = await this.exited;

		clearTimeout(late);
		const log = this.log;

		fs.rmSync(this.dir, { recursive: true, force: true });
		folders.delete(this.dir);
		if (this.target == 'coturn')
			return log;
		assert.ok(wasAlive, `the server died: ${JSON.stringify(end)} ${log}`);
		assert.equal(end.code, 0, log);
		assert.doesNotMatch(log, /Sanitizer|runtime error:/);
		return log;
	}

	/**
	 * Time-limited credentials (turn.md A12). ttl: seconds from now; secret: another
	 * than the server's; username: as it is.
	 */
	credentials({ id = crypto.randomBytes(6).toString('hex'), ttl = 600,
		secret = this.secret, username } = {})
	{
		username ??= `${Math.floor(Date.now() / 1000) + ttl}:${id}`;
		return { username, password: crypto.createHmac('sha1', secret)
			.update(username).digest('base64') };
	}

	/** A carrier to the server. v6: over IPv6; port: another of its ports. */
	carrier(kind, { local = source(), v6 = false, port, secure = {} } = {})
	{
		const target = { host: v6 ? '::1' : this.host,
			port: port ?? this.ports[kind], local: v6 ? '::1' : local };

		if (kind == 'udp')
			return Udp.open(target);
		return Stream.open(kind == 'tls' ? { ...target, secure } : target);
	}
}

/* What a test has opened, to be closed with it. */
class Scene {
	#open = [];

	constructor(server, kind)
	{
		this.server = server;
		this.kind = kind;
	}

	keep(one)
	{
		this.#open.push(one);
		return one;
	}

	/** A client on the test's carrier, with credentials of its own. */
	async client({ kind = this.kind, credentials, ...options } = {})
	{
		const carrier = this.keep(await this.server.carrier(kind, options));

		return new Turn(carrier, credentials ?? this.server.credentials());
	}

	/** A client that has an allocation. */
	async allocated(options)
	{
		return (await this.client(options)).allocated();
	}

	/** A plain UDP socket where peers live: `local` is its address. */
	async peer({ local = PEER_HOST } = {})
	{
		return this.keep(await Udp.open({ local, raw: true }));
	}

	close()
	{
		for (const one of this.#open)
			one.close();
	}
}

/**
 * Registers a server for this file and gives `rule`, which registers tests:
 *
 *   rule('L2', 'what it promises', async (scene) => {...}, { on, coturn })
 *
 * id:     the line of the requirement sheet, and first in the name.
 * on:     carriers; the test runs once for each. [undefined]: no carrier matters.
 */
export function staged(options)
{
	const stage = {
		server: undefined,
		rule(id, promise, act, { on = ALL, ...more } = {})
		{
			const known = `${id} ${promise}`;
			const coturn = TARGET == 'coturn';

			for (const kind of on) {
				test(known + (kind ? ` [${kind}]` : ''), {
					timeout: 60000,
					skip: coturn && WAVERS.has(known) && 'coturn wavers',
					...more,
				}, () => play(stage.server, kind, act,
					coturn && MISSES.has(known)));
			}
		},
	};

	before(async () => {
		stage.server = await Server.start(options);
	});
	after(() => stage.server?.strike());
	return stage;
}

async function play(server, kind, act, missed)
{
	const scene = new Scene(server, kind);
	let failure;

	try {
		await act(scene);
	} catch (err) {
		failure = err;
	} finally {
		scene.close();
	}
	if (missed)
		assert.ok(failure, 'coturn is known to miss this');
	else if (failure)
		throw failure;
}
