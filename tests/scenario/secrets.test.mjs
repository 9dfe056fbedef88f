/**
 * Where no secret may turn up: what opens a door is used once, rightly and wrongly, and then
 * looked for in all that the server writes, says of others, and shows to other processes.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { addStaff, ask, cookieOf, makeKey, useLink } from './apikeys.mjs';
import { BINARY, Server, paravent, temporary } from './stage.mjs';
import { claims, dashboard, seconds, signed, table } from './tokens.mjs';
import { Voice } from './voice.mjs';

const PASSWORDS = {
	'the first password': 'velvet-giraffe-71',
	'the second password': 'copper-lantern-52',
	'the third password': 'marble-otter-93',
	'a wrong password': 'crooked-teapot-18',
	'a password as a name': 'hidden-walnut-44',
	'a password too long': 'endless-ribbon-'.repeat(40),
};
const secrets = new Map(Object.entries(PASSWORDS));
const said = [];
let server;

/* Calls, and keeps what was said, but for the answer whose business the secret is. */
async function call(method, target, options, { mine = false } = {})
{
	const answer = await server.call(method, target, options);

	if (!mine)
		said.push([`${method} ${target.split('?')[0]}`,
			JSON.stringify(answer.headers) + answer.text]);
	return answer;
}

function passwd(name, password)
{
	return new Promise((resolve) => {
		const child = spawn(BINARY, ['staff', 'passwd', name, '-c', server.confFile]);
		let text = '';

		child.stdout.on('data', (part) => text += part);
		child.stderr.on('data', (part) => text += part);
		/* the process list, while it is there */
		said.push(['argv of passwd',
			fs.readFileSync(`/proc/${child.pid}/cmdline`, 'latin1')]);
		child.stdin.end(`${password}\n`);
		child.on('exit', (code) => {
			said.push(['passwd', text]);
			resolve(code);
		});
	});
}

/* One file of a folder and those below. */
function* filesOf(dir)
{
	for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
		const file = path.join(dir, entry.name);

		if (entry.isDirectory())
			yield* filesOf(file);
		else if (entry.isFile())
			yield file;
	}
}

/* All spellings in which a secret could lie about. */
function spellings(secret)
{
	const bytes = Buffer.from(secret);
	const all = [secret, encodeURIComponent(secret), bytes.toString('hex'),
		bytes.toString('base64').replace(/=+$/, '').slice(0, -1)];

	if (/^[\w-]{22}$/.test(secret)) {
		const raw = Buffer.from(secret, 'base64url');

		all.push(raw.toString('hex'), raw.toString('latin1'));
	}
	return all;
}

function isClean(where, text)
{
	for (const [what, secret] of secrets)
		for (const spelling of spellings(secret))
			assert.ok(!text.includes(spelling), `${what} in ${where}`);
}

describe('no secret lies about', () => {
	let backups;

	before(async () => {
		server = await Server.start({ 'log-level': 'debug',
			'issuer "dashboard"': dashboard(temporary()) });
		backups = path.join(server.dir, 'backups');

		/* a key, used, used for what it may not, broken, in the wrong places */
		const { key, id } = await makeKey(server, 'read');
		secrets.set('the key', key.slice(13));
		await call('GET', '/api/meetings', { token: key });
		await call('GET', '/api/events', { token: key });
		await call('GET', `/api/meetings?token=${key}`, { token: `${key}x` });
		await call('GET', `/nothing/${key}?x=${key}`, { headers: { cookie: key } });
		await ask(server, 'DELETE', `/admin/keys/${id}`);
		await call('GET', '/api/meetings', { token: key });

		/* somebody of the staff */
		const first = PASSWORDS['the first password'];
		const second = PASSWORDS['the second password'];
		const invite = await addStaff(server, 'anna', 'host,audit,admin');
		secrets.set('the link', invite.split('.')[1]);
		await call('POST', '/api/session/invite', { json: { invite, password: 'short' } });
		await call('POST', '/api/session/invite',
			{ json: { invite: `${invite}x`, password: first } });
		let cookie = await useLink(server, invite, first);
		secrets.set('the first cookie', cookie.split('=')[1]);
		await call('POST', '/api/session/invite', { json: { invite, password: first } });
		for (const [username, password] of [['anna', PASSWORDS['a wrong password']],
			[PASSWORDS['a password as a name'], 'x'], [first, first],
			['anna', PASSWORDS['a password too long']], ['nobody', first]])
			await call('POST', '/api/session', { json: { username, password } });
		await call('POST', `/api/session?password=${first}`,
			{ body: `{"username":"anna","password":"${first}"`,
				headers: { 'content-type': 'application/json' } });
		await call('POST', '/api/session', { body: `username=anna&password=${first}`,
			headers: { 'content-type': 'application/x-www-form-urlencoded' } });
		await call('POST', '/api/session/password', { cookie,
			json: { password: PASSWORDS['a wrong password'], newPassword: second } });
		const changed = await call('POST', '/api/session/password', { cookie,
			json: { password: first, newPassword: second } }, { mine: true });
		assert.equal(changed.status, 204);
		cookie = cookieOf(changed);
		secrets.set('the second cookie', cookie.split('=')[1]);
		await call('GET', '/api/session', { cookie });
		await call('GET', `/api/meetings?after=${cookie}`, { cookie });
		await call('POST', '/api/meetings', { headers: { cookie } });
		assert.equal(await passwd('anna', PASSWORDS['a wrong password'].slice(0, 5)), 1);
		assert.equal(await passwd('anna', PASSWORDS['the third password']), 0);
		await call('GET', '/api/session', { cookie });
		const last = await call('POST', '/api/session', { json: { username: 'anna',
			password: PASSWORDS['the third password'] } }, { mine: true });
		assert.equal(last.status, 204);
		cookie = cookieOf(last);
		secrets.set('the third cookie', cookie.split('=')[1]);

		/* tokens of the clinic's dashboard: good, foreign, too old */
		const internal = 'whispered-compass-66';
		const jwt = signed(claims('*', { host: true, name: 'Weber' }), table.good.secret);
		const old = signed(claims('*', { exp: seconds(-600) }), table.good.secret);
		secrets.set('the secret of an issuer', table.good.secret);
		secrets.set('the internal secret', internal);
		for (const [what, token] of Object.entries({ jwt, old,
			foreign: signed(claims('*'), 'x'.repeat(32)) })) {
			secrets.set(`the signature of ${what}`, token.split('.')[2]);
			secrets.set(`the claims of ${what}`, token.split('.')[1]);
			await call('POST', '/api/meetings', { token, json: { kind: 'king' } });
			await call('GET', '/api/events', { token });
			await call('GET', `/join/AAAAAAAAAAAAAAAAAAAAAA?jwt=${token}`);
			await call('POST', '/sessions', { json: {},
				headers: { 'x-internal-secret': internal } });
		}

		/* a visit, with the host's token, once wrong */
		const visit = await server.meeting();
		secrets.set("the host's token", visit.token);
		await call('GET', `/api/meetings/${visit.id}`, { token: visit.token });
		await call('GET', `/join/${visit.id}?token=${visit.token}`);
		await call('PATCH', `/api/meetings/${visit.id}`,
			{ token: visit.token, json: { title: 'Whisper', kind: 'king' } });
		const host = await new Voice(server, visit).open();
		host.says({ type: 'join', name: 'Weber', token: visit.token });
		secrets.set('a resume', (await host.hears('welcome')).resume.slice(-22));
		const stranger = await new Voice(server, visit).open();
		stranger.says({ type: 'join', name: 'Eve', token: `${visit.token.slice(0, -1)}_` });
		await stranger.closed(4401);
		host.says({ type: 'leave' });
		await host.closed(1000);
		/* a personal link, opened, opened again, taken back, tried once more */
		const invited = (await call('POST', `/api/meetings/${visit.id}/invitations`,
			{ token: visit.token }, { mine: true })).json;
		secrets.set('a personal link', invited.token.slice(-22));
		await call('GET', `/join/${visit.id}?token=${invited.token}`);
		let guest;
		for (let times = 0; times < 2; times++)
			guest = await new Voice(server, visit)
				.knocks({ name: 'Ann', token: invited.token });
		await call('DELETE', `/api/meetings/${visit.id}/invitations/` +
			invited.invitationId, { token: visit.token });
		const late = await new Voice(server, visit).open();
		late.says({ type: 'join', name: 'Eve', token: invited.token });
		await late.closed(4401);
		guest.cut();
		for (const token of [jwt, old]) {
			const other = await new Voice(server, visit).open();

			other.says({ type: 'join', name: 'Mallory', token });
			if (token == old)
				await other.closed(4401);
			else
				other.cut();
		}
		await call('GET', `/api/meetings/${visit.id}/events`, { cookie });
		await call('GET', `/api/meetings/${visit.id}/report`, { cookie });
		await call('GET', '/api/events', { cookie });
		await paravent('backup', '-c', server.confFile, backups);
	});

	after(() => server.strike());

	test('in what was said to others', () => {
		assert.ok(said.length > 25);
		for (const [where, text] of said)
			isClean(where, text);
	});

	test('in the log, on its most talkative', () => {
		assert.ok(server.log.length > 500);
		isClean('the log', server.log);
	});

	test('in any file, also of a backup', () => {
		let count = 0;

		for (const dir of [server.stateDir, backups])
			for (const file of filesOf(dir)) {
				isClean(path.basename(file), fs.readFileSync(file, 'latin1'));
				count++;
			}
		assert.ok(count >= 10, `${count}`);
	});

	test('in what the commands print', async () => {
		for (const words of [['log', 'export'], ['log', 'export', '--format=csv'],
			['staff', 'list'], ['staff', 'list', '--json'], ['key', 'list', '--json'],
			['check', '--print']]) {
			const { code, stdout, stderr } = await paravent(...words, '-c',
				server.confFile);

			assert.equal(code, 0, words.join(' '));
			isClean(words.join(' '), stdout + stderr);
		}
	});

	test('in the process list; and no other process may look inside', () => {
		for (const name of ['cmdline', 'comm', 'status'])
			isClean(name, fs.readFileSync(`/proc/${server.pid}/${name}`, 'latin1'));
		if (process.getuid() == 0)
			isClean('environ',
				fs.readFileSync(`/proc/${server.pid}/environ`, 'latin1'));
		assert.match(fs.readFileSync(`/proc/${server.pid}/limits`, 'utf8'),
			/^Max core file size +0 +0 /m);
		/* what is not dumpable belongs to root, whoever runs it */
		assert.equal(fs.statSync(`/proc/${server.pid}/environ`).uid, 0);
	});
});
