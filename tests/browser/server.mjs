/* One paravent of its own for a test: a directory, two ports, and the right to be killed. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const START_MS = 60_000;
const STOP_MS = 30_000;

export const binary = process.env.PARAVENT ?? '../../build/paravent';
export const missing = existsSync(binary) ? null : `no server at ${binary}`;

/* Asked of the kernel and given back: nobody else is in this namespace to take it meanwhile. */
function freePort() {
	return new Promise((resolve, reject) => {
		const probe = createServer();

		probe.once('error', reject);
		probe.listen(0, '127.0.0.1', () => {
			const { port } = probe.address();
			probe.close(() => resolve(port));
		});
	});
}

export class Server {
	/** One that is running, with a configuration (and `more` lines of it) and a state directory of its own. */
	static async fresh({ tls = false, more = [] } = {}) {
		const one = new Server(await freePort(), await freePort(), tls, more);

		try {
			await one.start();
		} catch (problem) {
			await one.remove();
			throw problem;
		}
		return one;
	}

	constructor(port, stunPort, tls, more) {
		this.dir = mkdtempSync(join(tmpdir(), 'paravent-browser-'));
		this.port = port;
		this.stunPort = stunPort;
		this.scheme = tls ? 'https' : 'http';
		this.config = join(this.dir, 'paravent.conf');
		process.once('exit', () => this.child?.kill('SIGKILL'));
		this.log = join(this.dir, 'log');
		writeFileSync(this.config, [
			`listen = "127.0.0.1:${this.port}"`,
			`stun-listen = "127.0.0.1:${stunPort}"`,
			`state-dir = "${join(this.dir, 'state')}"`,
			...tls ? this.certify() : [],
			...more,
			'',
		].join('\n'));
	}

	get url() {
		return `${this.scheme}://localhost:${this.port}`;	/* as the server names itself, or links would lead to another origin */
	}

	/* A certificate that nobody signed, and that this process, too, takes as it is. */
	certify() {
		const [key, certificate] = ['key', 'certificate'].map((name) => join(this.dir, `${name}.pem`));

		execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
			'-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
			{ stdio: 'ignore' });
		process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
		return [`public-url = "${this.url}"`, `tls-certificate = "${certificate}"`, `tls-key = "${key}"`];
	}

	async start() {
		const log = openSync(this.log, 'a');

		this.child = spawn(binary, ['serve', '-c', this.config], { stdio: ['ignore', log, log] });
		for (const until = Date.now() + START_MS; Date.now() < until && this.child.exitCode === null; await sleep(100))
			try {
				if ((await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(5000) })).status === 200)
					return;
			} catch {
				/* not yet */
			}
		throw new Error(`the server did not start:\n${readFileSync(this.log, 'utf8')}`);
	}

	/** As a power cut does it. */
	async kill(signal = 'SIGKILL') {
		const { child } = this;

		if (child.exitCode !== null || child.signalCode !== null)
			return;
		const gone = new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
		const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
		child.kill(signal);
		if (await gone === 'SIGKILL' && signal !== 'SIGKILL')
			throw new Error(`the server did not end within ${STOP_MS / 1000} s:\n${readFileSync(this.log, 'utf8')}`);
		clearTimeout(force);
	}

	async run(...command) {
		return promisify(execFile)(binary, [...command, '-c', this.config]);
	}

	async remove() {
		try {
			await this.kill('SIGTERM');
		} finally {
			rmSync(this.dir, { recursive: true, force: true });
		}
	}

	async create(plan = {}) {
		const answer = await fetch(`${this.url}/api/meetings`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify(plan),
		});

		if (answer.status !== 201)
			throw new Error(`create: ${answer.status} ${await answer.text()}`);
		return answer.json();
	}
}
