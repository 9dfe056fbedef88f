/**
 * The stage for faults: a server whose disk is $FAULTIO (faultio.c), people who use it
 * and write down each promise they were given, and an audit of what the disk then says.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after } from 'node:test';

import { BINARY, Server as Plain, sleep } from '../scenario/stage.mjs';
import { Voice } from '../scenario/voice.mjs';

export { BINARY, Voice, sleep };

const servers = [];

/* What a failed test leaves behind must not keep the others waiting. */
after(() => Promise.all(servers.filter(({ child }) => child).map((server) => server.kill())));

export class Server {
	/** As the scenarios' own; the server is known to us before it is up. */
	static start(conf, { env } = {})
	{
		const server = Plain.start(conf, { env });

		return server.then((up) => {
			servers.push(up);
			return up;
		});
	}
}

/** How many rounds: few in CI, as many as the issue asks by hand (FAULT_ROUNDS=200). */
export const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 12);

/** The environment of a server on the faulty disk, for Server.start({}, { env }). */
export function disk(settings = {})
{
	return (dir) => ({
		LD_PRELOAD: process.env.FAULTIO,
		FAULTIO_DIR: path.join(dir, 'state'),
		FAULTIO_CALLS: settings.calls && path.join(dir, 'calls'),
		FAULTIO_LOG: settings.log && path.join(dir, 'disk-log'),
		FAULTIO_FAIL: settings.fail,
	});
}

/** What was promised: ids of meetings, and of those who were let in. */
export class Promises {
	meetings = new Set();
	people = new Set();
	erased = new Set();
}

/** Makes a meeting; a refusal is an answer too, no answer is the end of the server. */
export async function makeOne(server, promises, title = 'a visit')
{
	const answer = await server.post('/api/meetings', { json: { title } });

	if (answer.status == 201) {
		const { meetingId, hostUrl } = answer.json;

		promises.meetings.add(meetingId);
		return { id: meetingId, token: new URLSearchParams(
			new URL(hostUrl).hash.slice(1)).get('token') };
	}
	assert.equal(answer.status, 503, answer.text);
	return null;
}

/** A host and a guest meet and end it; gives up silently where the server does. */
export async function visit(server, promises)
{
	const voices = [];

	try {
		const meeting = await makeOne(server, promises);

		if (!meeting)
			return;
		const host = await new Voice(server, meeting).open();
		voices.push(host);
		host.says({ type: 'join', name: 'Host', token: meeting.token });
		promises.people.add((await host.hears('welcome')).id);
		const guest = await new Voice(server, meeting).open();
		voices.push(guest);
		guest.says({ type: 'join', name: 'Guest' });
		const { id } = await guest.hears('waiting');
		promises.people.add(id);
		await host.hears('knock');
		host.says({ type: 'admit', id });
		await guest.hears('welcome');
		await host.hears('participant-joined');
		host.says({ type: 'report', peer: id, event: 'connected', path: 'direct' });
		await server.post(`/api/meetings/${meeting.id}/end`, { token: meeting.token });
	} catch {
		/* the disk or the server failed: what was promised until here counts */
	} finally {
		for (const voice of voices)
			voice.ws?.terminate();
	}
}

function lines(text)
{
	return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

function run(...args)
{
	return execFileSync(BINARY, args, { encoding: 'utf8', maxBuffer: 1 << 28,
		stdio: ['ignore', 'pipe', 'pipe'] });
}

/** All rows of the derived tables, as one text. */
export function views(stateDir)
{
	return execFileSync('python3', ['-c', `
import sqlite3, sys, json
db = sqlite3.connect('file:' + sys.argv[1] + '/ledger.db?mode=ro', uri=True)
for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' "
		"AND name NOT IN ('fact', 'meta', 'webhook', 'erasing', 'cut', 'kept') AND name NOT GLOB 'sqlite_*' ORDER BY name").fetchall():
	for row in sorted(map(repr, db.execute('SELECT * FROM "%s"' % name))):
		print(name, row)
`, stateDir], { encoding: 'utf8', maxBuffer: 1 << 28 });
}

/**
 * With no server running: the chain verifies, each promise is kept once, no story has
 * a gap, and the derived tables are what a rebuild makes of the facts.
 */
export function audit(server, promises)
{
	const where = ['-c', server.confFile];

	run('log', 'verify', ...where);
	const facts = lines(run('log', 'export', ...where));
	const made = facts.filter(({ kind }) => kind == 'meeting.created')
		.map(({ stream }) => stream.slice('meeting/'.length));
	const met = new Set(facts.map(({ data }) => data.id).filter(Boolean));
	const versions = new Map();

	assert.equal(new Set(made).size, made.length, 'a meeting is there twice');
	for (const id of promises.meetings)
		assert.ok(made.includes(id), `meeting ${id} was promised and is gone`);
	for (const id of promises.people)
		assert.ok(met.has(id), `${id} was let in and is gone`);
	facts.forEach(({ seq, stream, version }, i) => {
		assert.equal(seq, i + 1, 'a fact is missing');
		assert.equal(version, (versions.get(stream) ?? 0) + 1, `a gap in ${stream}`);
		versions.set(stream, version);
	});

	const before = views(server.stateDir);
	run('rebuild', ...where);
	assert.equal(views(server.stateDir), before, 'the views are not what the facts say');
	return facts;
}

export function read(file)
{
	return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
}
