/**
 * The receiver of webhooks, with all the ways in which one can be unwell.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';

import { freePort, sleep } from './stage.mjs';

export class Receiver {
	/** dir: for the secret; tls: { cert, key }, files. It is up and well. */
	static async start(dir, { tls, name = 'hook' } = {})
	{
		const receiver = new Receiver();

		receiver.tls = tls;
		receiver.name = name;
		receiver.port = await freePort();
		receiver.secretFile = path.join(dir, `${name}.secret`);
		receiver.secret = `secret-of-${name}-0123456789abcdef`;
		fs.writeFileSync(receiver.secretFile, `${receiver.secret}\n`,
			{ mode: 0o600 });
		/* every POST, also those that were not taken */
		receiver.tries = [];
		/* those that were answered 2xx */
		receiver.taken = [];
		receiver.mood = 'well';
		await receiver.up();
		return receiver;
	}

	get url()
	{
		return `http${this.tls ? 's' : ''}://localhost:${this.port}/visits?key=q`;
	}

	/** The members of its block in the configuration. */
	conf(more = {})
	{
		return { [`webhook "${this.name}"`]: {
			'url': this.url,
			'secret-file': this.secretFile,
			...more,
		} };
	}

	async up()
	{
		const options = this.tls ? {
			cert: fs.readFileSync(this.tls.cert),
			key: fs.readFileSync(this.tls.key),
		} : {};

		this.server = (this.tls ? https : http).createServer(options,
			(req, res) => this.#hear(req, res));
		await new Promise((resolve) =>
			this.server.listen(this.port, 'localhost', resolve));
	}

	/** Nobody listens any more, and nobody is spoken with. */
	async down()
	{
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	#hear(req, res)
	{
		const parts = [];

		req.on('data', (part) => parts.push(part));
		req.on('end', () => this.#answer({
			headers: req.headers,
			url: req.url,
			text: Buffer.concat(parts).toString('utf8'),
			at: Date.now(),
		}, res));
	}

	async #answer(post, res)
	{
		post.event = JSON.parse(post.text);
		post.seq = post.event.seq;
		this.tries.push(post);
		switch (this.mood) {
		case 'failing':
			res.writeHead(500).end('no');
			return;
		case 'early':		/* closes without a word */
			res.destroy();
			return;
		case 'half':		/* closes within a word */
			res.writeHead(200, { 'content-length': 100 });
			res.write('half of');
			setTimeout(() => res.destroy(), 20);
			return;
		case 'elsewhere':
			res.writeHead(307, { location: '/elsewhere' }).end();
			return;
		case 'slow':
			await sleep(700);
			break;
		case 'asleep':		/* longer than anybody waits */
			await sleep(11000);
			break;
		}
		if (res.destroyed)
			return;
		this.taken.push(post);
		res.writeHead(204).end();
	}

	/** The seqs that were taken, in their order; not those of tests. */
	get seqs()
	{
		return this.taken.map((post) => post.seq).filter((seq) => seq);
	}

	/** Whether openssl finds the signature right, as protocol.md says. */
	signed(post, dir)
	{
		const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/
			.exec(post.headers['paravent-signature']);

		fs.writeFileSync(path.join(dir, 'body'), post.text);
		const said = execFileSync('sh', ['-c',
			`{ printf '%s.' "$t"; cat body; } | ` +
			`openssl dgst -sha256 -hmac "$(cat "$secret")" -r`],
		{ cwd: dir, env: { ...process.env, t, secret: this.secretFile } });

		return said.toString().split(' ')[0] == v1 &&
			Math.abs(Number(t) * 1000 - post.at) < 5000;
	}
}
