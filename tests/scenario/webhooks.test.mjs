/**
 * Webhooks: a receiver gets every fact that it wants, in order, whatever becomes of it
 * or of us meanwhile; it knows that they come from us; and nobody else gets anything.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { Receiver } from './receiver.mjs';
import { PATIENCE_MS, Server, certificate, confText, paravent, sleep, temporary }
	from './stage.mjs';
import { visit } from './voice.mjs';

const stages = [];
const receivers = [];

async function receiver(options)
{
	const made = await Receiver.start(temporary(), options);

	receivers.push(made);
	return made;
}

/* A server that has these receivers. */
async function stage(...hooks)
{
	const server = await Server.start(
		Object.assign({}, ...hooks.map((hook) => hook.conf())));

	stages.push(server);
	await Promise.all(hooks.map((hook) => begins(server, hook)));
	return server;
}

/* Remembers where a new webhook begins: everything after that is its. */
async function begins(server, hook)
{
	await until(async () => {
		hook.began = (await state(server, hook.name))?.seq;
		return hook.began;
	}, `${hook.name} begins`);
}

after(async () => {
	await Promise.all(stages.map((server) => server.strike()));
	await Promise.all(receivers.map((one) => one.down()));
});

/* Waits until the condition holds. */
async function until(condition, what, patience = PATIENCE_MS)
{
	const deadline = Date.now() + patience;

	while (!await condition()) {
		assert.ok(Date.now() < deadline, `never: ${what}`);
		await sleep(20);
	}
}

/* All facts, as `log export` tells them. */
async function facts(server)
{
	const { code, stdout, stderr } = await paravent('log', 'export', '-c',
		server.confFile);

	assert.equal(code, 0, stderr);
	return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

/* How the operator sees the webhook. */
async function state(server, name = 'hook')
{
	const { code, stdout, stderr } = await paravent('webhook', 'list', '--json',
		'-c', server.confFile);

	assert.equal(code, 0, stderr);
	return JSON.parse(stdout).items.find((item) => item.name == name);
}

/* Waits until it has all that there is. */
function caughtUp(server, name, patience)
{
	return until(async () => (await state(server, name)).behind == 0,
		`${name ?? 'hook'} has everything`, patience);
}

async function allSince(server, began)
{
	return (await facts(server)).map((fact) => fact.seq)
		.filter((seq) => seq > began);
}

/* What it has taken is all that happened since it began, once, in order. */
async function hasAll(server, hook)
{
	assert.deepEqual(hook.seqs, await allSince(server, hook.began));
}

async function reloaded(server)
{
	const before = server.log.split('server reloaded').length;

	server.child.kill('SIGHUP');
	await until(() => server.log.split('server reloaded').length > before,
		'it reloads');
}

describe('what a webhook gets', { concurrency: true }, () => {
	test('every fact in order, signed, with nothing personal', async () => {
		const hook = await receiver();
		const server = await stage(hook);
		const { doctor, patient } = await visit(server,
			{ title: 'Herr Geheim', hostName: 'Dr. Vertraulich' });

		patient.says({ type: 'leave' });
		await doctor.hears('participant-left');
		doctor.says({ type: 'end' });
		await doctor.closed(1000);
		await caughtUp(server);

		await hasAll(server, hook);
		const all = await facts(server);
		for (const post of hook.taken) {
			const { personal, ...fact } = all[post.seq - 1];

			assert.deepEqual(post.event, fact);
			assert.doesNotMatch(post.text, /Geheim|Vertraulich|sealed/);
			assert.equal(post.url, '/visits?key=q');
			assert.equal(post.headers['content-type'],
				'application/json');
			assert.equal(post.headers['paravent-event'], fact.kind);
			assert.equal(post.headers['paravent-delivery'],
				`hook/${fact.seq}`);
		}
		assert.ok(hook.taken.some((post) =>
			post.event.kind == 'participant.left'));
		assert.ok(all.some((fact) => fact.personal));
		const dir = temporary();
		assert.ok(hook.signed(hook.taken[0], dir));
		assert.ok(hook.signed(hook.taken.at(-1), dir));
		const bent = { ...hook.taken[0], text: `${hook.taken[0].text} ` };
		assert.ok(!hook.signed(bent, dir));
	});

	test('only the kinds that it wants', async () => {
		const some = await receiver({ name: 'some' });
		const server = await Server.start(some.conf(
			{ kinds: ['meeting.*', 'guest.admitted'] }));

		stages.push(server);
		const { doctor } = await visit(server);
		doctor.says({ type: 'end' });
		await doctor.closed(1000);
		await caughtUp(server, 'some');
		assert.deepEqual(some.taken.map((post) => post.event.kind),
			['meeting.created', 'meeting.opened', 'guest.admitted',
				'meeting.ended']);
	});

	test('over TLS, from whom it trusts', async () => {
		const tls = certificate(temporary());
		const trusted = await receiver({ tls, name: 'trusted' });
		const strange = await receiver({ tls, name: 'strange' });
		const server = await Server.start({
			...trusted.conf({ 'ca-file': tls.cert }),
			...strange.conf(),
		});

		stages.push(server);
		await begins(server, trusted);
		await server.meeting();
		await caughtUp(server, 'trusted');
		await hasAll(server, trusted);
		await until(async () => (await state(server, 'strange')).failures > 0,
			'strange fails');
		assert.match((await state(server, 'strange')).error, /certificate/);
		assert.deepEqual(strange.tries, []);
	});
});

describe('a receiver that is not well', { concurrency: true }, () => {
	for (const mood of ['failing', 'early', 'half', 'elsewhere', 'slow'])
		test(`${mood}: gets everything once it is`, async () => {
			const hook = await receiver();
			const server = await stage(hook);

			hook.mood = mood;
			for (let i = 0; i < 3; i++)
				await server.meeting();
			await sleep(1500);
			if (mood != 'slow') {
				const { error, failures, nextTry } = await state(server);

				assert.ok(failures >= 1 && error && nextTry, mood);
				assert.match(server.log, /webhook hook failing/);
			}
			hook.mood = 'well';
			await server.meeting();
			await caughtUp(server);
			await hasAll(server, hook);
			assert.equal((await state(server)).error, null);
			if (mood != 'slow')
				assert.match(server.log, /webhook hook well again/);
			assert.equal(server.log.split(' failing').length,
				server.log.split('well again').length);
		});

	test('down: gets everything once it is up', async () => {
		const hook = await receiver();
		const server = await stage(hook);

		await hook.down();
		for (let i = 0; i < 20; i++)
			await server.meeting();
		await sleep(5000);
		assert.ok((await state(server)).behind >= 20);
		await hook.up();
		await caughtUp(server, 'hook', 3 * PATIENCE_MS);
		await hasAll(server, hook);
	});

	test('one does not hold up the others', async () => {
		const well = await receiver({ name: 'well' });
		const ill = await receiver({ name: 'ill' });
		const server = await stage(well, ill);

		ill.mood = 'asleep';
		for (let i = 0; i < 10; i++)
			await server.meeting();
		await caughtUp(server, 'well');
		await hasAll(server, well);
		assert.ok((await state(server, 'ill')).behind >= 10);
	});
});

describe('a server that is not well', { concurrency: true }, () => {
	test('stopped and started: goes on where it was', async () => {
		const hook = await receiver();
		const server = await stage(hook);

		for (let i = 0; i < 5; i++) {
			await server.meeting();
			await server.stop();
			await server.up();
		}
		await caughtUp(server);
		await hasAll(server, hook);
	});

	test('stopped while the receiver is down: goes on where it was', async () => {
		const hook = await receiver();
		const server = await stage(hook);

		await hook.down();
		await server.meeting();
		await server.stop();
		await server.up();
		await server.meeting();
		await hook.up();
		await caughtUp(server, 'hook', 2 * PATIENCE_MS);
		await hasAll(server, hook);
	});

	test('killed: misses nothing, repeats at most a second', async () => {
		const hook = await receiver();
		const server = await stage(hook);

		for (let i = 0; i < 5; i++) {
			const work = Promise.allSettled(Array.from({ length: 20 },
				() => server.meeting()));

			await sleep(300 * i);
			await server.kill();
			await work;
			await server.up();
		}
		await server.meeting();
		await caughtUp(server);

		assert.deepEqual([...new Set(hook.seqs)],
			await allSince(server, hook.began));
		/* each that goes back goes on without a gap from there */
		hook.seqs.forEach((seq, i) => assert.ok(i == 0 ||
			seq <= hook.seqs[i - 1] + 1, `gap before ${seq}`));
		const times = new Map();
		for (const post of hook.taken) {
			const before = times.get(post.seq);

			/* a second until the cursor is written, and our own time */
			assert.ok(!before || post.at - before < 5000);
			times.set(post.seq, post.at);
		}
	});
});

describe('the configuration of webhooks', { concurrency: true }, () => {
	test('SIGHUP adds, changes and removes them; no place is lost', async () => {
		const one = await receiver({ name: 'one' });
		const two = await receiver({ name: 'two' });
		const server = await stage(one);
		const plain = { ...server.conf };
		const [head] = Object.keys(one.conf());

		await server.meeting();
		await caughtUp(server, 'one');

		/* a new one begins with what happens from now on */
		server.conf = { ...plain, ...two.conf() };
		server.writeConf();
		await reloaded(server);
		await begins(server, two);
		await server.meeting();
		await caughtUp(server, 'one');
		await caughtUp(server, 'two');
		assert.deepEqual(two.taken.map((p) => p.event.kind), ['meeting.created']);

		/* one is taken out, and misses nothing when it comes back */
		const { [head]: gone, ...rest } = server.conf;
		server.conf = rest;
		server.writeConf();
		await reloaded(server);
		assert.equal(await state(server, 'one'), undefined);
		await server.meeting();
		await caughtUp(server, 'two');
		assert.equal(two.taken.length, 2);
		server.conf = { ...rest, [head]: gone };
		server.writeConf();
		await reloaded(server);
		await caughtUp(server, 'one');
		await hasAll(server, one);

		/* another place for the same name */
		server.conf[head] = { ...gone, url: two.url };
		server.writeConf();
		await reloaded(server);
		const before = one.taken.length;
		const last = one.seqs.at(-1);
		await server.meeting();
		await caughtUp(server, 'one');
		await caughtUp(server, 'two');
		assert.equal(one.taken.length, before);
		assert.ok(two.taken.some((post) => post.seq == last + 1 &&
			post.headers['paravent-delivery'] == `one/${last + 1}`));
	});

	test('a secret that others can read is refused', async () => {
		const hook = await receiver();
		const server = await stage(hook);
		const open = path.join(server.dir, 'open.secret');

		fs.writeFileSync(open, hook.secret);
		fs.chmodSync(open, 0o644);
		const before = server.conf;
		server.conf = { ...before, ...hook.conf({ 'secret-file': open }) };
		server.writeConf();
		await reloaded(server);
		assert.match(server.log, /webhooks not taken over.*read by others/);
		await server.meeting();
		await caughtUp(server);
		assert.ok(hook.signed(hook.taken.at(-1), temporary()));

		const check = await paravent('check', '-c', server.confFile);
		assert.equal(check.code, 1);
		assert.match(check.stderr, /open\.secret can be read by others/);
		assert.equal((await server.stop()).code, 0);
		await assert.rejects(server.up(), /can be read by others/);
		server.conf = before;
		server.writeConf();
		await server.up();
	});

	test('addresses that are not public are not connected to', async () => {
		/* each is refused before a packet leaves: at once */
		const names = {
			ten: 'https://10.1.2.3/', home: 'https://192.168.0.1/',
			cloud: 'https://169.254.169.254/latest', none: 'https://0.0.0.0/',
			mapped: 'https://[::ffff:127.0.0.1]/', ula: 'https://[fd00::1]/',
			nat64: 'https://[64:ff9b::a00:1]/', cgn: 'https://100.64.0.1/',
			link: 'https://[fe80::1]/', decimal: 'https://2130706433/',
			short: 'https://127.1/',
		};
		const hook = await receiver({ name: 'secret' });
		const server = await Server.start(Object.fromEntries(
			Object.entries(names).map(([name, url]) =>
				[`webhook "${name}"`, { url,
					'secret-file': hook.secretFile }])));

		stages.push(server);
		for (const name of Object.keys(names)) {
			const { code, stdout } = await paravent('webhook', 'test',
				name, '--json', '-c', server.confFile);

			assert.equal(code, 1, name);
			assert.match(JSON.parse(stdout).error, /public internet/, name);
		}
	});
});

describe('the operator', { concurrency: true }, () => {
	test('tests a receiver without moving anything', async () => {
		const hook = await receiver();
		const server = await stage(hook);

		const before = await state(server);
		const well = await paravent('webhook', 'test', 'hook', '-c',
			server.confFile);
		assert.equal(well.code, 0);
		assert.match(well.stdout, /^taken: it answers 204 after \d+ ms/);
		const post = hook.taken.at(-1);
		assert.equal(post.event.kind, 'webhook.test');
		assert.equal(post.headers['paravent-delivery'], 'hook/test');
		assert.ok(hook.signed(post, temporary()));
		hook.mood = 'failing';
		const ill = await paravent('webhook', 'test', 'hook', '-c',
			server.confFile);
		assert.equal(ill.code, 1);
		assert.match(ill.stderr, /not taken: it answers 500/);
		assert.deepEqual(await state(server), before);

		/* one that was mended need not wait for its next try */
		for (let i = 0; (await state(server)).failures < 3; i++) {
			if (i == 0)
				await server.meeting();
			await sleep(100);
		}
		hook.mood = 'well';
		const again = Date.now();
		assert.ok(Date.parse((await state(server)).nextTry) > again + 1500);
		assert.equal((await paravent('webhook', 'test', 'hook', '-c',
			server.confFile)).code, 0);
		await caughtUp(server);
		assert.ok(Date.now() < again + 1500);

		const none = await paravent('webhook', 'test', 'nobody', '-c',
			server.confFile);
		assert.equal(none.code, 1);
		assert.match(none.stderr, /no such webhook/);
	});

	test('replays from where it says, also over a restart', async () => {
		const hook = await receiver();
		const server = await stage(hook);

		for (let i = 0; i < 5; i++)
			await server.meeting();
		await caughtUp(server);
		const last = hook.seqs.at(-1);
		const { code, stdout } = await paravent('webhook', 'replay', 'hook',
			'--from', '2', '-c', server.confFile);
		assert.equal(code, 0);
		assert.match(stdout, new RegExp(`^${last - 1} facts`));
		await caughtUp(server);
		assert.deepEqual(hook.seqs.slice(-(last - 1)),
			Array.from({ length: last - 1 }, (_, i) => i + 2));

		/* what was answered is remembered, whatever comes */
		await hook.down();
		assert.equal((await paravent('webhook', 'replay', 'hook', '--from',
			'3', '-c', server.confFile)).code, 0);
		await server.kill();
		const told = hook.taken.length;
		await hook.up();
		await server.up();
		await caughtUp(server);
		assert.equal(hook.taken[told].seq, 3);

		/* and all that waits can be skipped */
		await hook.down();
		await server.meeting();
		const end = (await facts(server)).at(-1).seq;
		assert.equal((await paravent('webhook', 'replay', 'hook', '--from',
			`${end + 2}`, '-c', server.confFile)).code, 1);
		assert.equal((await paravent('webhook', 'replay', 'hook', '--from',
			`${end + 1}`, '-c', server.confFile)).code, 0);
		assert.equal((await state(server)).behind, 0);
		await hook.up();
		await server.meeting();
		await caughtUp(server);
		assert.equal(hook.seqs.at(-1), end + 1);
	});

	test('sees no secret and no query, nor does anybody else', async () => {
		const hook = await receiver();
		const server = await stage(hook);

		hook.mood = 'failing';
		await server.meeting();
		await until(() => /failing/.test(server.log), 'it fails');
		const human = await paravent('webhook', 'list', '-c', server.confFile);
		const json = await paravent('webhook', 'list', '--json', '-c',
			server.confFile);
		assert.match(human.stdout, /failing: it answers 500; next try 2/);
		assert.match(json.stdout, /\/visits"/);
		for (const text of [human.stdout, json.stdout, server.log])
			assert.doesNotMatch(text, /key=q|secret-of/);
		for (const name of fs.readdirSync(server.stateDir))
			assert.ok(!fs.statSync(path.join(server.stateDir, name)).isFile() ||
				!fs.readFileSync(path.join(server.stateDir, name))
					.includes('secret-of'), name);
		hook.mood = 'well';
	});

	test('is told plainly when no server runs', async () => {
		const dir = temporary();
		const file = path.join(dir, 'paravent.conf');

		fs.writeFileSync(file, confText({ 'state-dir': dir }));
		for (const words of [['webhook', 'list'], ['key', 'list']]) {
			const { code, stderr } = await paravent(...words, '-c', file);

			assert.equal(code, 1);
			assert.match(stderr,
				/^paravent \w+: no server runs on .*paravent serve\n$/);
		}
	});
});
