/**
 * The commands for who keeps the ledger: what they print for people and for programs,
 * while the server runs and when it does not; and what is erased is gone from all of it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { BINARY, PATIENCE_MS, Server, paravent, sleep, temporary } from './stage.mjs';
import { visit } from './voice.mjs';

const stages = [];

async function stage(conf)
{
	const server = await Server.start(conf);

	stages.push(server);
	return server;
}

after(() => Promise.all(stages.map((server) => server.strike())));

/* Runs a command on the server's configuration; it must go well. */
async function run(server, ...args)
{
	const { code, stdout, stderr } = await paravent(...args, '-c', server.confFile);

	assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
	return stdout;
}

/* One that must fail: what it says about it. */
async function fails(server, ...args)
{
	const { code, stdout, stderr } = await paravent(...args, '-c', server.confFile);

	assert.equal(code, 1, `${args.join(' ')}: ${stdout}${stderr}`);
	return stderr;
}

function lines(text)
{
	return text.trim().split('\n').filter(Boolean);
}

async function facts(server, ...args)
{
	return lines(await run(server, 'log', 'export', ...args)).map(JSON.parse);
}

async function meeting(server, title)
{
	const made = await server.call('POST', '/api/meetings', { json: { title } });

	assert.equal(made.status, 201, made.text);
	return made.json.meetingId;
}

/* RFC 4180, read strictly: an array of rows. */
function csv(text)
{
	const rows = [];
	let row = [], i = 0;

	while (i < text.length) {
		let field = '';

		if (text[i] == '"') {
			for (i++; text[i] != '"' || text[i + 1] == '"'; i++) {
				if (text[i] == '"')
					i++;
				field += text[i];
			}
			i++;
		} else {
			while (!',\r'.includes(text[i]))
				field += text[i++];
		}
		row.push(field);
		if (text[i] == ',') {
			i++;
			continue;
		}
		assert.equal(text.slice(i, i + 2), '\r\n');
		rows.push(row);
		row = [];
		i += 2;
	}
	return rows;
}

/* A command that goes on: its output so far, and how it ended. */
function follow(server, ...args)
{
	const child = spawn(BINARY, [...args, '-c', server.confFile],
		{ stdio: ['ignore', 'pipe', 'pipe'] });
	const it = { child, text: '', errors: '' };

	child.stdout.on('data', (part) => { it.text += part; });
	child.stderr.on('data', (part) => { it.errors += part; });
	it.ended = new Promise((resolve) => child.once('exit',
		(code, signal) => resolve({ code, signal })));
	it.has = async (count) => {
		const deadline = Date.now() + PATIENCE_MS;

		while (lines(it.text).length < count) {
			assert.ok(Date.now() < deadline, `${it.text}${it.errors}`);
			await sleep(20);
		}
		return lines(it.text).map(JSON.parse);
	};
	return it;
}

/* A state directory as one text. */
function bytesOf(dir)
{
	return fs.readdirSync(dir, { withFileTypes: true }).filter((e) => e.isFile())
		.map((e) => fs.readFileSync(path.join(dir, e.name), 'latin1')).join('\n');
}

describe('log', { concurrency: true }, () => {
	test('head is what verify ends with, and what it wants later', async () => {
		const server = await stage();

		await meeting(server, 'One');
		const head = (await run(server, 'log', 'head')).trim();
		const json = JSON.parse(await run(server, 'log', 'head', '--json'));
		const verified = JSON.parse(await run(server, 'log', 'verify', '--json'));

		assert.match(head, /^2:[0-9a-f]{64}$/);
		assert.equal(`${json.seq}:${json.hash}`, head);
		assert.ok(Math.abs(Date.parse(json.at) - Date.now()) < 60000);
		assert.deepEqual(verified, { ok: true, facts: 2,
			head: { seq: 2, hash: json.hash } });
		assert.match(await run(server, 'log', 'verify'),
			new RegExp(`^the ledger verifies, 2 facts\nhead ${head}\n$`));
		await meeting(server, 'Two');
		await run(server, 'log', 'verify', '--head', head);
		const other = `2:${'0'.repeat(64)}`;

		assert.match(await fails(server, 'log', 'verify', '--head', other),
			/fact 2 is not the one you remember/);
		assert.match(await fails(server, 'log', 'verify', '--head',
			`9:${'0'.repeat(64)}`), /the tail is missing/);
	});

	test('verify names the row, to people and to programs', async () => {
		const server = await stage();

		await visit(server);
		await server.stop();
		const file = path.join(server.stateDir, 'ledger.db');
		const bytes = fs.readFileSync(file);
		const at = bytes.indexOf('{"capacity":2');

		assert.ok(at > 0);
		bytes[at + 12] ^= 1;
		fs.writeFileSync(file, bytes);
		const { code, stdout } = await paravent('log', 'verify', '--json', '-c',
			server.confFile);
		const found = JSON.parse(stdout);

		assert.equal(code, 1);
		assert.equal(found.ok, false);
		assert.equal(found.error, 'damaged');
		assert.equal(found.head.seq, 1);
		assert.match(found.detail, /^fact 2: its hash/);
		assert.match(await fails(server, 'log', 'verify'),
			/^the ledger does not verify: fact 2: its hash/);
	});

	test('export gives a part of it, by numbers and by times', async () => {
		const server = await stage();
		const seqs = async (...args) => (await facts(server, ...args))
			.map((fact) => fact.seq);

		await meeting(server, 'One');
		await sleep(20);
		const between = new Date().toISOString();

		await sleep(20);
		await meeting(server, 'Two');
		assert.deepEqual(await seqs(), [1, 2, 3]);
		assert.deepEqual(await seqs('--from', '2'), [2, 3]);
		assert.deepEqual(await seqs('--from', '2', '--to', '2'), [2]);
		assert.deepEqual(await seqs('--to', '0'), []);
		assert.deepEqual(await seqs('--from', between), [3]);
		assert.deepEqual(await seqs('--to', between), [1, 2]);
		assert.deepEqual(await seqs('--from', '1990-01-01T00:00:00Z',
			'--to', '2100-01-01T00:00:00+02:00'), [1, 2, 3]);
		assert.deepEqual(await seqs('--from', '2100-01-01T00:00:00Z'), []);
		const all = await facts(server);

		assert.deepEqual(await seqs('--from', all[1].at, '--to', all[1].at), [2]);
	});

	test('export as CSV is what it is as JSON', async () => {
		const server = await stage();

		await meeting(server, 'He said "no", then yes');
		await visit(server);
		const json = await facts(server);
		const [names, ...rows] = csv(await run(server, 'log', 'export',
			'--format=csv'));

		assert.deepEqual(names, ['seq', 'at', 'stream', 'version', 'kind', 'actor',
			'data', 'personal', 'sealed', 'hash']);
		assert.equal(rows.length, json.length);
		rows.forEach((row, i) => {
			const fact = Object.fromEntries(names.map((n, c) => [n, row[c]]));

			assert.equal(fact.seq, `${json[i].seq}`);
			assert.equal(fact.version, `${json[i].version}`);
			for (const name of ['at', 'stream', 'kind', 'actor', 'hash'])
				assert.equal(fact[name], json[i][name]);
			assert.deepEqual(JSON.parse(fact.data), json[i].data);
			assert.deepEqual(fact.personal ? JSON.parse(fact.personal)
				: undefined, json[i].personal);
			assert.equal(fact.sealed, '');
		});
	});

	test('tail gives the last facts, and then each new one', async () => {
		const server = await stage();

		for (let i = 0; i < 14; i++)
			await meeting(server, `Meeting ${i}`);
		assert.deepEqual(lines(await run(server, 'log', 'tail'))
			.map((line) => JSON.parse(line).seq), [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
		const tail = follow(server, 'log', 'tail', '-f', '-n', '1');

		assert.deepEqual((await tail.has(1)).map((fact) => fact.seq), [15]);
		const start = Date.now();

		await meeting(server, 'New');
		const [, next] = await tail.has(2);

		assert.equal(next.seq, 16);
		assert.equal(next.personal.title, 'New');
		assert.ok(Date.now() - start < 3000);
		tail.child.kill('SIGINT');
		assert.deepEqual(await tail.ended, { code: 0, signal: null });
		assert.equal(tail.errors, '');
	});

	test('tail survives a restart of the server, and ends with its reader', async () => {
		const server = await stage();
		const tail = follow(server, 'log', 'tail', '-f', '-n', '1');

		await tail.has(1);	/* it has begun */
		await server.kill();
		await server.up();
		await meeting(server, 'After');
		const kinds = (await tail.has(4)).map((fact) => fact.kind);

		assert.deepEqual(kinds, ['server.started', 'server.recovered',
			'server.started', 'meeting.created']);
		tail.child.stdout.destroy();
		assert.deepEqual(await tail.ended, { code: 0, signal: null });
		assert.equal(tail.errors, '');
	});

	test('says what it was called wrongly with', async () => {
		for (const args of [['tail', '-n', 'x'], ['export', '--from', 'monday'],
			['export', '--format=xml'], ['verify', '--head', '12'], ['head', 'x']]) {
			const { code, stderr } = await paravent('log', ...args, '-s',
				temporary());

			assert.notEqual(code, 0, args.join(' '));
			assert.match(stderr, /^paravent log: /);
		}
	});
});

describe('rebuild', { concurrency: true }, () => {
	test('makes the views anew, in a stopped server and in a running one', async () => {
		const server = await stage();

		await visit(server);
		const count = (await facts(server)).length;

		assert.match(await run(server, 'rebuild'),
			new RegExp(`^the views were made anew from ${count} facts\n$`));
		await server.stop();
		assert.deepEqual(JSON.parse(await run(server, 'rebuild', '--json')),
			{ facts: count + 1 });
		await server.up();
	});

	test('says when there is nothing', async () => {
		const dir = temporary();
		const { code, stderr } = await paravent('rebuild', '-s', dir);

		assert.equal(code, 1);
		assert.match(stderr, /there is no ledger in/);
		assert.deepEqual(fs.readdirSync(dir), []);
	});
});

describe('backup and restore', { concurrency: true }, () => {
	test('the drill: save, lose, restore, go on', async () => {
		const server = await stage();
		const shelf = temporary();
		const before = await meeting(server, 'Before');
		const saved = JSON.parse(await run(server, 'backup', '--json', shelf));

		await meeting(server, 'Lost');
		assert.equal(saved.seq, 2);
		assert.equal(saved.facts, 2);
		assert.equal(saved.keys, true);
		assert.deepEqual(fs.readdirSync(shelf), [path.basename(saved.path)]);
		assert.deepEqual(fs.readdirSync(saved.path).sort(),
			[...saved.files, 'manifest.json'].sort());
		for (const name of ['ledger.db', 'keys.db', 'server.key', 'relay.secret'])
			assert.ok(saved.files.includes(name), name);
		assert.equal(fs.statSync(saved.path).mode & 0o777, 0o700);
		const manifest = JSON.parse(fs.readFileSync(path.join(saved.path,
			'manifest.json'), 'utf8'));

		for (const [name, sum] of Object.entries(manifest.files))
			assert.equal(crypto.createHash('sha256').update(fs.readFileSync(
				path.join(saved.path, name))).digest('hex'), sum);
		assert.match(await fails(server, 'restore', '--force', saved.path),
			/a server is running/);
		await server.stop();
		assert.match(await fails(server, 'restore', saved.path), /--force/);
		const said = await run(server, 'restore', '--force', saved.path);
		const [, aside] = /the state before is in (.*)/.exec(said);

		assert.match(said, /verifies: 2 facts/);
		assert.match(said, /systemctl start/);
		assert.ok(fs.existsSync(path.join(aside, 'ledger.db')));
		await server.up();
		assert.equal((await server.get(`/api/meetings/${before}`)).status, 200);
		const all = await facts(server);

		assert.equal(all[1].personal.title, 'Before');
		assert.ok(!all.some((fact) => fact.personal?.title == 'Lost'));
		fs.rmSync(aside, { recursive: true });
	});

	test('without its keys a backup tells no title, and says so', async () => {
		const server = await stage();
		const shelf = temporary();

		await meeting(server, 'Whisper in the reeds');
		const saved = JSON.parse(await run(server, 'backup', '--json',
			'--without-keys', shelf));

		assert.equal(saved.keys, false);
		assert.ok(!saved.files.includes('keys.db'));
		await server.stop();
		fs.rmSync(server.stateDir, { recursive: true });
		assert.match(await run(server, 'restore', saved.path), /without keys/);
		await server.up();
		const all = await facts(server);

		assert.equal(all[1].personal, undefined);
		assert.equal(all[1].sealed, true);
	});

	test('a backup that is not whole is not restored', async () => {
		const server = await stage();
		const shelf = temporary();
		const saved = JSON.parse(await run(server, 'backup', '--json', shelf));
		const file = path.join(saved.path, 'ledger.db');
		const bytes = fs.readFileSync(file);

		bytes[bytes.length >> 1] ^= 4;
		fs.writeFileSync(file, bytes);
		await server.stop();
		const was = bytesOf(server.stateDir);

		assert.match(await fails(server, 'restore', '--force', saved.path),
			/ledger\.db in it is not the one that was saved/);
		assert.equal(bytesOf(server.stateDir), was);
	});
});

describe('erasing', { concurrency: true }, () => {
	const words = ['Whisper in the reeds', 'Doctor Nightingale'];

	/* Makes a meeting with both words in it, and a key that may erase. */
	async function secret(server)
	{
		const { key } = JSON.parse(await run(server, 'key', 'add', 'eraser', '--json'));
		const made = await server.call('POST', '/api/meetings',
			{ json: { title: words[0], hostName: words[1] } });

		return { id: made.json.meetingId, key };
	}

	test('what was erased is in no file, no backup and no answer', async () => {
		const server = await stage();
		const { id, key } = await secret(server);

		await meeting(server, 'Another one');
		const [, , fact] = await facts(server);

		assert.equal(fact.personal.title, words[0]);
		const erased = await server.call('DELETE',
			`/api/meetings/${id}/personal-data`, { token: key });

		assert.equal(erased.status, 204, erased.text);
		const shelf = temporary();
		const { path: saved } = JSON.parse(await run(server, 'backup', '--json', shelf));

		for (const dir of [server.stateDir, saved])
			for (const word of words)
				assert.ok(!bytesOf(dir).includes(word), `${word} in ${dir}`);
		assert.equal(fs.statSync(path.join(server.stateDir, 'keys.db-wal')).size, 0);
		const all = await facts(server);

		assert.equal(all[2].sealed, true);
		assert.equal(all[3].personal.title, 'Another one');
		assert.equal(all.at(-1).kind, 'personal.erased');
		await run(server, 'log', 'verify');
		for (const restarted of [false, true]) {
			if (restarted) {
				await server.kill();
				await server.up();
			}
			const got = await server.get(`/api/meetings/${id}`);

			assert.ok(!words.some((word) => got.text.includes(word)), got.text);
		}
	});
});
