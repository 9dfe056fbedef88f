/**
 * The command line and the configuration: each mistake is named with its file and
 * line, all at once, and what SIGHUP may change changes without anybody noticing.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { BINARY, Server, certificate, confText, paravent, sleep, temporary }
	from './stage.mjs';
import { Voice, visit } from './voice.mjs';

const stages = [];

async function stage(conf)
{
	const server = await Server.start(conf);

	stages.push(server);
	return server;
}

after(() => Promise.all(stages.map((server) => server.strike())));

function confFile(text, dir = temporary())
{
	const file = path.join(dir, 'paravent.conf');

	fs.writeFileSync(file, text);
	return file;
}

async function check(text)
{
	const file = confFile(text);
	const { code, stdout, stderr } = await paravent('check', '-c', file);

	return { file, code, said: stdout + stderr };
}

describe('paravent check', { concurrency: true }, () => {
	test('finds nothing wrong with what is right', async () => {
		const dir = temporary();
		const { cert, key } = certificate(dir);
		const { code, said } = await check(confText({
			'name': 'Praxis M\u00fcller', 'listen': ['127.0.0.1:18080',
				'[::1]:18080'], 'stun-listen': ['127.0.0.1:13478'],
			'state-dir': dir, 'public-url': 'https://visit.example',
			'tls-certificate': cert, 'tls-key': key,
			'allowed-origins': ['https://desk.example'],
			'message-rate': 60 }));

		assert.equal(code, 0, said);
	});

	const mistakes = [
		['an unknown key', 'colour = "red"', /colour/],
		['a key spelled wrongly', 'lisen = {"127.0.0.1:80"}', /lisen/],
		['no value', 'name =', /name|=/],
		['no quote at the end', 'name = "x', /./],
		['an address without a port', 'listen = {"127.0.0.1"}',
			/127\.0\.0\.1/],
		['a name for an address', 'listen = {"localhost:80"}',
			/localhost:80/],
		['a port over 65535', 'listen = {"127.0.0.1:65536"}', /65536/],
		['port 0', 'listen = {"127.0.0.1:0"}', /127\.0\.0\.1:0/],
		['a state directory that is not absolute', 'state-dir = "state"',
			/state/],
		['a public URL that is none', 'public-url = "visit.example"',
			/visit\.example/],
		['a public URL with a path', 'public-url = "https://a.example/b"',
			/a\.example/],
		['a rate that is no number', 'message-rate = "fast"', /fast|rate/],
		['a rate below zero', 'message-rate = -1', /message-rate|-1/],
		['access that there is not', 'access = "nobody"', /nobody/],
	];
	for (const [what, line, words] of mistakes) {
		test(`names file and line of ${what}`, async () => {
			const { file, code, said } = await check(
				`# a comment\nname = "x"\n${line}\n`);

			assert.equal(code, 1, said);
			assert.match(said, new RegExp(
				`^${file.replace(/[.]/g, '\\.')}:\\d+: `, 'm'));
			assert.match(said, words);
		});
	}

	test('names the file of what is missing in it', async () => {
		for (const [line, words] of [['listen = {}', /listen/],
			['tls-certificate = "/etc/hostname"', /tls-key/],
			['tls-key = "/etc/hostname"', /tls-certificate/]]) {
			const { file, code, said } = await check(`${line}\n`);

			assert.equal(code, 1, said);
			assert.ok(said.startsWith(`${file}:`), said);
			assert.match(said, words);
		}
	});

	test('counts lines as editors do', async () => {
		const { file, said } = await check('# one\n\n/* three\nfour */\n' +
			'name = "x"\ncolour = "red"\n');

		assert.ok(said.includes(`${file}:6: `), said);
	});

	test('names several mistakes in one go', async () => {
		const { file, said } = await check('colour = "red"\n' +
			'listen = {"nowhere"}\nmessage-rate = -5\n');

		for (const line of [1, 2, 3])
			assert.ok(said.includes(`${file}:${line}: `), said);
	});

	test('says when the file is not there', async () => {
		const { code, stderr } = await paravent('check', '-c',
			'/nowhere/paravent.conf');

		assert.equal(code, 1);
		assert.match(stderr, /\/nowhere\/paravent\.conf/);
	});

	test('says when a certificate is not there or is none', async () => {
		const dir = temporary();
		const file = path.join(dir, 'not-a.pem');

		fs.writeFileSync(file, 'hello');
		for (const name of ['/nowhere/cert.pem', file]) {
			const { code, said } = await check(confText({
				'tls-certificate': name, 'tls-key': name,
				'state-dir': dir }));

			assert.equal(code, 1, said);
			assert.ok(said.includes(name), said);
		}
	});

	test('reads conf.d beside the file, and what is later wins', async () => {
		const dir = temporary();
		const file = confFile('name = "first"\n', dir);

		fs.mkdirSync(path.join(dir, 'conf.d'));
		fs.writeFileSync(path.join(dir, 'conf.d/10-a.conf'),
			'colour = "red"\n');
		const { code, stderr, stdout } = await paravent('check', '-c', file);
		assert.equal(code, 1);
		assert.ok((stdout + stderr).includes(
			`${path.join(dir, 'conf.d/10-a.conf')}:1: `), stderr);
	});

	test('is content with no file at all', async () => {
		const home = temporary();
		const env = { ...process.env, HOME: home };

		delete env.XDG_STATE_HOME;
		const { code, said } = await new Promise((resolve) => execFile(
			BINARY, ['check'], { env }, (err, stdout, stderr) => resolve(
				{ code: err?.code ?? 0, said: stdout + stderr })));
		assert.equal(code, 0, said);
	});
});

describe('the command line', { concurrency: true }, () => {
	test('explains itself', async () => {
		for (const args of [['help'], ['--help'], ['serve', '--help'],
			['check', '--help'], ['log', '--help'], ['link', '--help']]) {
			const { code, stdout } = await paravent(...args);

			assert.equal(code, 0, args.join(' '));
			assert.match(stdout, /paravent/);
		}
	});

	test('says its version', async () => {
		for (const args of [['version'], ['--version']]) {
			const { code, stdout } = await paravent(...args);

			assert.equal(code, 0);
			assert.match(stdout, /^paravent \d+\.\d+/);
		}
	});

	test('says 2 when it is called wrongly', async () => {
		for (const args of [[], ['brew'], ['serve', '--tea'],
			['log'], ['log', 'burn'], ['check', 'too', 'much']]) {
			const { code, stderr } = await paravent(...args);

			assert.equal(code, 2, args.join(' '));
			assert.ok(stderr.length > 0);
		}
	});

	test('link makes a meeting on the running server', async () => {
		const server = await stage();
		const { code, stdout, stderr } = await paravent('link', '-c',
			server.confFile);

		assert.equal(code, 0, stderr);
		const [, id] = new RegExp(
			`${server.origin}/join/([A-Za-z0-9_-]{22})`).exec(stdout);
		assert.equal((await server.get(`/api/meetings/${id}`)).status, 200);
		assert.match(stdout, /token=/);
	});

	test('link is for who runs the server, whoever else makes meetings', async () => {
		const server = await stage({ access: 'staff',
			'public-url': 'https://visit.example' });
		const { code, stdout, stderr } = await paravent('link', '-c',
			server.confFile);

		assert.equal(code, 0, stderr);
		assert.match(stdout, /^host {3}https:\/\/visit\.example\/join\/.*token=/m);
		assert.match(stdout, /^guest {2}https:\/\/visit\.example\/join\/[^#]*$/m);
	});

	test('link says when no server runs', async () => {
		const server = await stage();

		await server.stop();
		const { code, stderr } = await paravent('link', '-c',
			server.confFile);
		assert.equal(code, 1);
		assert.match(stderr, /no server runs on .*paravent serve/);
	});
});

describe('SIGHUP', { concurrency: true }, () => {
	/* Tries until the new configuration has been read. */
	async function soon(condition)
	{
		for (let n = 0; n < 200; n++) {
			if (await condition())
				return;
			await sleep(20);
		}
		assert.fail('nothing changed');
	}

	function opens(server, meeting, origin)
	{
		const voice = new Voice(server, meeting, { origin });

		return voice.open().then(() => {
			voice.cut();
			return true;
		}, () => false);
	}

	test('takes over allowed origins while a visit goes on', async () => {
		const server = await stage();
		const { meeting, doctor, patient } = await visit(server);
		const origin = 'https://desk.example';

		assert.equal(await opens(server, meeting, origin), false);
		server.conf['allowed-origins'] = [origin];
		server.writeConf();
		server.child.kill('SIGHUP');
		await soon(() => opens(server, meeting, origin));
		await doctor.signals(patient);
		await patient.signals(doctor);
	});

	test('with mistakes in the file changes nothing, and says which',
		async () => {
		const server = await stage();
		const { doctor, patient } = await visit(server);

		fs.writeFileSync(server.confFile, 'colour = "red"\n');
		server.child.kill('SIGHUP');
		await soon(() => server.log.includes('colour'));
		assert.ok(server.alive);
		assert.equal((await server.get('/readyz')).status, 200);
		await doctor.signals(patient);
	});

	test('says what needs a restart', async () => {
		const server = await stage();

		server.conf['state-dir'] = temporary();
		server.writeConf();
		server.child.kill('SIGHUP');
		await soon(() => /state-dir/.test(server.log));
		assert.equal((await server.get('/readyz')).status, 200);
	});
});
