/**
 * API keys, as the operator makes and revokes them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { makeKey, revokeKey } from './apikeys.mjs';
import { BINARY, Server, paravent } from './stage.mjs';

let server;

before(async () => {
	server = await Server.start();
});

after(() => server.strike());

function key(...words)
{
	return paravent('key', ...words, '-c', server.confFile);
}

async function listed()
{
	return JSON.parse((await key('list', '--json')).stdout).items;
}

describe('paravent key', () => {
	test('a key is shown once and opens what its scopes say', async () => {
		const made = await key('add', ' The dashboard ', '--scope', 'read');

		assert.equal(made.code, 0, made.stderr);
		const [, id, text] = /^id {3}(\S{8})\nkey {2}(pvk_\S+)\n$/
			.exec(made.stdout);
		assert.ok(text.startsWith(`pvk_${id}_`));
		assert.match(made.stderr, /not shown again/);
		const [item] = await listed();
		assert.equal(item.id, id);
		assert.equal(item.label, 'The dashboard');
		assert.equal(item.scopes, 'read');
		assert.equal(item.revokedAt, null);
		assert.match((await key('list')).stdout,
			new RegExp(`^ID .*\\n${id}  read +2\\S+  -  +-  +The dashboard\\n$`));

		assert.equal((await server.get('/api/meetings', { token: text })).status,
			200);
		assert.equal((await server.get('/api/events', { token: text })).status,
			403);
		assert.ok((await listed())[0].usedAt);
		assert.match((await key('list')).stdout,
			new RegExp(`\\n${id}  read +2\\S+  -  +2\\S+  The dashboard\\n$`));

		const secret = text.slice(13);
		for (const name of fs.readdirSync(server.stateDir)) {
			const file = path.join(server.stateDir, name);

			assert.ok(!fs.statSync(file).isFile() ||
				!fs.readFileSync(file).includes(secret), name);
		}
		assert.ok(!server.log.includes(secret));
	});

	test('it is known after a restart, and not after it was revoked', async () => {
		const made = JSON.parse((await key('add', 'x', '--json')).stdout);

		assert.equal(made.scopes, 'create,read');
		await server.kill();
		await server.up();
		assert.equal((await server.get('/api/meetings',
			{ token: made.key })).status, 200);
		const gone = await key('revoke', made.id);
		assert.equal(gone.code, 0, gone.stderr);
		assert.equal((await server.get('/api/meetings',
			{ token: made.key })).status, 401);
		await server.kill();
		await server.up();
		assert.equal((await server.get('/api/meetings',
			{ token: made.key })).status, 401);
		const again = await key('revoke', made.id);
		assert.equal(again.code, 1);
		assert.match(again.stderr, /revoked before/);
	});

	test('what is wrong is told', async () => {
		for (const [words, sentence] of [
			[['add', 'x', '--scope', 'write'], /scopes are audit, create/],
			[['add', 'x', '--scope', 'read,read'], /each once/],
			[['add', ''], /1 to 60 characters/],
			[['add', 'a\nb'], /1 to 60 characters/],
			[['add', 'x'.repeat(61)], /1 to 60 characters/],
			[['revoke', 'nothere0'], /no such key/],
			[['revoke', '../keys'], /8 characters/],
		]) {
			const { code, stderr } = await key(...words);

			assert.equal(code, 1, words.join(' '));
			assert.match(stderr, sentence, words.join(' '));
		}
		assert.equal((await key('add')).code, 2);
		assert.equal((await key('list', 'x')).code, 2);
	});

	test('an id is never taken for an option', async () => {
		for (let i = 0; i < 320; i++) {
			const { id } = await makeKey(server, 'read');

			assert.ok(!id.startsWith('-'), id);
			await revokeKey(server, id);
		}
	});

	test('a key that could not be printed is no success', () => {
		const { status, stderr } = spawnSync('sh', ['-c', '"$@" >/dev/full', 'sh',
			BINARY, 'key', 'add', 'x', '-c', server.confFile]);

		assert.equal(status, 1);
		assert.match(stderr.toString(), /^paravent key: writing: /m);
	});

	test('the socket is for us alone, and goes with the server', async () => {
		const socket = path.join(server.stateDir, 'admin.sock');

		assert.equal(fs.statSync(socket).mode & 0o777, 0o600);
		assert.equal((await server.stop()).code, 0);
		assert.ok(!fs.existsSync(socket));
		await server.up();
		await server.kill();
		assert.ok(fs.existsSync(socket));
		await server.up();
		assert.equal((await key('list')).code, 0);
		/* nothing of it is to be had from outside */
		assert.equal((await server.get('/admin/keys')).status, 404);
		assert.notEqual((await server.post('/admin/keys', { json:
			{ label: 'x', scopes: 'audit' } })).status, 201);
	});
});
