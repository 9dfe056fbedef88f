/**
 * The ledger: what is told has happened is on disk, in order, complete, without what
 * is nobody's business, and provably so; and the server comes back from any end.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { Server, confText, freePort, paravent, sleep, temporary }
	from './stage.mjs';
import { Voice, admitted, guest, host, visit } from './voice.mjs';

const stages = [];

async function stage(conf)
{
	const server = await Server.start(conf);

	stages.push(server);
	return server;
}

after(() => Promise.all(stages.map((server) => server.strike())));

/* All facts, as `log export` tells them. */
async function facts(server, stream)
{
	const { code, stdout, stderr } = await paravent('log', 'export',
		'--format=jsonl', '-c', server.confFile);

	assert.equal(code, 0, stderr);
	const all = stdout.trim().split('\n').map((line) => JSON.parse(line));

	return stream ? all.filter((fact) => fact.stream == stream) : all;
}

function kinds(list)
{
	return list.map((fact) => fact.kind);
}

function verify(confFile)
{
	return paravent('log', 'verify', '-c', confFile);
}

async function verifies(server)
{
	const { code, stdout, stderr } = await verify(server.confFile);

	assert.equal(code, 0, `${stdout}${stderr}`);
}

/* The state of a stopped server, copied: { dir, confFile }. */
function copied(server)
{
	const dir = temporary();
	const state = path.join(dir, 'state');
	const confFile = path.join(dir, 'paravent.conf');

	fs.cpSync(server.stateDir, state, { recursive: true });
	fs.writeFileSync(confFile, confText({ ...server.conf,
		'state-dir': state }));
	return { dir: state, confFile };
}

/* All bytes of the state directory, as one text. */
function stateText(server)
{
	return fs.readdirSync(server.stateDir).map((name) => fs.readFileSync(
		path.join(server.stateDir, name), 'latin1')).join('\n');
}

function resumes(server, voice, members = {})
{
	return new Voice(server, voice.meeting).enters({ name: 'Back',
		resume: voice.resume, ...members });
}

describe('the log of a visit', { concurrency: true }, () => {
	test('tells all that happened, in order, each once', async () => {
		const server = await stage();
		const meeting = await server.meeting({ title: 'Checkup',
			capacity: 3 });
		const doctor = await host(server, meeting);
		const patient = await admitted(server, meeting, doctor);
		const denied = await guest(server, meeting);

		doctor.says({ type: 'deny', id: denied.id });
		await denied.closed(4403);
		patient.says({ type: 'report', peer: doctor.id,
			event: 'connected', path: 'direct' });
		patient.says({ type: 'report', peer: doctor.id,
			event: 'verified' });
		await patient.hasHeardNothing();
		doctor.says({ type: 'lock', on: true });
		await doctor.hearsAtLast('locked');
		doctor.says({ type: 'lock', on: false });
		await doctor.hears('locked', { on: false });
		patient.cut();
		await doctor.hears('participant-away');
		const back = await resumes(server, patient);
		await doctor.hears('participant-back');
		back.says({ type: 'leave' });
		await doctor.hears('participant-left');
		const second = await admitted(server, meeting, doctor);
		doctor.says({ type: 'remove', id: second.id });
		await second.closed(4403);
		doctor.says({ type: 'end' });
		await doctor.closed(1000);

		const told = await facts(server, `meeting/${meeting.id}`);
		assert.deepEqual(kinds(told).filter(
			(kind) => kind != 'participant.left' ), [
			'meeting.created', 'meeting.opened', 'participant.joined',
			'guest.waiting', 'guest.admitted', 'participant.joined',
			'guest.waiting', 'guest.denied',
			'call.connected', 'call.verified',
			'room.locked', 'room.unlocked',
			'participant.away', 'participant.back',
			'guest.waiting', 'guest.admitted', 'participant.joined',
			'participant.removed', 'meeting.ended']);
		assert.deepEqual(told.filter(
			(fact) => fact.kind == 'participant.left').map(
			(fact) => [fact.data.id, fact.data.reason]),
			[[patient.id, 'left'], [doctor.id, 'ended']]);
		assert.deepEqual(told.map((fact) => fact.version),
			told.map((_, n) => n + 1));

		const by = (kind) => told.find((fact) => fact.kind == kind);
		assert.equal(by('participant.joined').data.id, doctor.id);
		assert.equal(by('participant.joined').data.role, 'host');
		assert.equal(by('guest.admitted').data.id, patient.id);
		assert.equal(by('guest.admitted').data.by, doctor.id);
		assert.equal(by('guest.denied').data.id, denied.id);
		assert.equal(by('call.connected').data.peer, doctor.id);
		assert.equal(by('call.connected').data.path, 'direct');
		assert.equal(by('participant.removed').data.id, second.id);
		assert.equal(by('meeting.ended').data.reason, 'host');
		await verifies(server);
	});

	test('numbers facts without a gap, in the order of time', async () => {
		const server = await stage();

		await visit(server);
		await visit(server);
		const all = await facts(server);
		assert.equal(all[0].kind, 'server.started');
		all.forEach((fact, n) => {
			assert.equal(fact.seq, n + 1);
			assert.match(fact.hash, /^[0-9a-f]{64}$/);
			assert.match(fact.at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
			if (n)
				assert.ok(Date.parse(fact.at) >=
					Date.parse(all[n - 1].at));
		});
		assert.equal(new Set(all.map((fact) => fact.hash)).size,
			all.length);
	});

	test('tells nothing of what people said or are called', async () => {
		const server = await stage();
		const meeting = await server.meeting({ title: 'TITLE-OF-IT',
			hostName: 'HOST-OF-IT' });
		const doctor = await new Voice(server, meeting).enters(
			{ name: 'NAME-OF-HOST', token: meeting.token });
		const patient = await new Voice(server, meeting).knocks(
			{ sealed: 'U0VBTEVELU5BTUU', name: undefined });

		await doctor.hears('knock');
		patient.says({ type: 'test', result: { note: 'TEST-OF-IT' } });
		await doctor.hears('knock-test');
		doctor.says({ type: 'note', to: patient.id,
			text: 'NOTE-OF-IT' });
		await patient.hears('note');
		doctor.says({ type: 'admit', id: patient.id });
		await patient.isWelcome();
		await doctor.hears('participant-joined');
		await patient.signals(doctor, { description: { type: 'offer',
			sdp: 'SDP-OF-IT a=candidate:1 1 udp 1 192.0.2.77 9 typ host' } });
		patient.says({ type: 'report', peer: doctor.id,
			event: 'connected', address: '192.0.2.78',
			stats: { seconds: 1, address: '192.0.2.79' } });
		await server.stop();

		const state = stateText(server);
		const log = JSON.stringify((await facts(server)).map(
			(fact) => ({ ...fact, personal: undefined })));
		for (const secret of ['TITLE-OF-IT', 'HOST-OF-IT', 'NAME-OF-HOST',
			'U0VBTEVELU5BTUU', 'SEALED-NAME', 'TEST-OF-IT', 'NOTE-OF-IT',
			'SDP-OF-IT', '192.0.2.7', meeting.token, doctor.resume,
			patient.resume]) {
			assert.ok(!state.includes(secret), `${secret} is on disk`);
			assert.ok(!log.includes(secret), `${secret} is told`);
			assert.ok(!server.log.includes(secret),
				`${secret} is in the operator's log`);
		}
		assert.ok(!state.includes('127.0.0.1'), 'an address is on disk');
		assert.ok(state.includes(meeting.id), 'this looks at nothing');
	});

	test('can be exported and verified while it is written', async () => {
		const server = await stage();
		let going = true;
		const busy = (async () => {
			while (going)
				await server.meeting();
		})();

		for (let n = 0; n < 3; n++) {
			await verifies(server);
			const all = await facts(server);
			assert.equal(all.at(-1).seq, all.length);
		}
		going = false;
		await busy;
	});

	test('that one byte of was changed is found, with its row', async () => {
		const server = await stage();
		const { doctor } = await visit(server);
		await visit(server);

		await server.stop();
		const target = (await facts(server)).find((fact) =>
			fact.kind == 'guest.admitted' && fact.data.by == doctor.id);
		const { dir, confFile } = copied(server);
		const file = path.join(dir, 'ledger.db');
		const bytes = fs.readFileSync(file);
		const at = bytes.indexOf(`"by":"${doctor.id}"`);

		assert.ok(at > 0);
		assert.equal((await verify(confFile)).code, 0);
		bytes[at + 8] ^= 1;
		fs.writeFileSync(file, bytes);
		const { code, stdout, stderr } = await verify(confFile);
		assert.equal(code, 1);
		assert.match(stdout + stderr,
			new RegExp(`\\bfact ${target.seq}\\b`));
	});

	test('in which any byte of a fact was changed does not verify', async () => {
		const server = await stage();

		await visit(server, { title: 'Sealed words' });
		await server.stop();
		const all = await facts(server);
		const { dir, confFile } = copied(server);
		const file = path.join(dir, 'ledger.db');
		const bytes = fs.readFileSync(file);
		const places = all.flatMap((fact) => [fact.hash]).map((hash) =>
			bytes.indexOf(Buffer.from(hash, 'hex')));

		for (const at of places) {
			assert.ok(at > 0);
			const bent = Buffer.from(bytes);
			/* The hash lies at the end of a row: the bytes around it
			 * are the row, and another. */
			for (const place of [at, at + 31, at - 3]) {
				bent[place] ^= 0x20;
				fs.writeFileSync(file, bent);
				assert.notEqual((await verify(confFile)).code, 0,
					`byte ${place}`);
				bent[place] ^= 0x20;
			}
		}
		fs.writeFileSync(file, bytes);
		assert.equal((await verify(confFile)).code, 0);
	});

	test('that does not verify keeps the server from starting', async () => {
		const server = await stage();
		const { doctor } = await visit(server);

		await server.stop();
		const file = path.join(server.stateDir, 'ledger.db');
		const bytes = fs.readFileSync(file);
		const at = bytes.indexOf(`"by":"${doctor.id}"`);

		bytes[at + 8] ^= 1;
		fs.writeFileSync(file, bytes);
		const { code, stderr } = await paravent('serve', '-c',
			server.confFile);
		assert.equal(code, 1);
		assert.match(stderr, /ledger|fact|row/i);
	});
});

describe('a crash', { concurrency: true }, () => {
	test('in the middle of a visit: both come back to their places',
		async () => {
		const server = await stage();
		const { meeting, doctor, patient } = await visit(server);

		await server.kill();
		await doctor.closed(1006);
		await server.up();

		const doctorBack = await resumes(server, doctor);
		assert.equal(doctorBack.id, doctor.id);
		assert.equal(doctorBack.resume, doctor.resume);
		assert.equal(doctorBack.welcome.role, 'host');
		assert.deepEqual(doctorBack.welcome.participants.map(
			({ id, role, away }) => ({ id, role, away })),
			[{ id: patient.id, role: 'guest', away: true }]);
		const patientBack = await resumes(server, patient);
		assert.equal(patientBack.id, patient.id);
		await doctorBack.hears('participant-back',
			{ id: patient.id, name: 'Back' });
		await doctorBack.signals(patientBack);
		await patientBack.signals(doctorBack);

		const told = await facts(server, `meeting/${meeting.id}`);
		assert.deepEqual(told.filter((fact) =>
			fact.data.reason == 'server-restart').map(
			(fact) => [fact.kind, fact.data.id]).sort(),
			[['participant.left', doctor.id],
				['participant.left', patient.id]].sort());
		assert.deepEqual(kinds(told).slice(-2),
			['participant.back', 'participant.back']);
		assert.ok(kinds(await facts(server, 'server'))
			.includes('server.recovered'));
		await verifies(server);
	});

	test('while one waits: he comes back to the same place', async () => {
		const server = await stage();
		const meeting = await server.meeting();
		const patient = await guest(server, meeting);

		await server.kill();
		await server.up();
		const back = await new Voice(server, meeting).knocks(
			{ name: 'Guest', resume: patient.resume });
		assert.equal(back.id, patient.id);
		const doctor = await host(server, meeting);
		await doctor.hears('knock', { id: patient.id, name: 'Guest' });
		await verifies(server);
	});

	test('does not undo a denial, a removal, a lock or an end', async () => {
		const server = await stage();
		const { meeting, doctor, patient } = await visit(server,
			{ capacity: 4 });
		const second = await guest(server, meeting);
		const other = await visit(server);
		const cancelled = await server.meeting();

		doctor.says({ type: 'deny', id: second.id });
		await second.closed(4403);
		doctor.says({ type: 'remove', id: patient.id });
		await patient.closed(4403);
		doctor.says({ type: 'lock', on: true });
		await doctor.hearsAtLast('locked', { on: true });
		other.doctor.says({ type: 'end' });
		await other.patient.hears('ended');
		await server.call('DELETE', `/api/meetings/${cancelled.id}`,
			{ token: cancelled.token });
		await server.kill();
		await server.up();

		for (const [where, resume, code] of [
			[meeting, second.resume, 4403],
			[meeting, patient.resume, 4403],
			[meeting, undefined, 4409],
			[other.meeting, undefined, 4410],
			[cancelled, undefined, 4410]]) {
			const voice = await new Voice(server, where).open();

			voice.joins({ resume });
			await voice.closed(code);
		}
	});

	test('loses no meeting that was answered with 201', async () => {
		const server = await stage();
		const made = [];

		for (let round = 0; round < 3; round++) {
			const calls = Promise.allSettled(Array.from(
				{ length: 8 }, async () => {
				for (;;) {
					const one = await server.meeting(
						{ title: `round ${round}` });
					made.push(one);
				}
			}));

			while (made.length < 15 * (round + 1))
				await sleep(1);
			await sleep(Math.random() * 20);
			await server.kill();
			await calls;
			await server.up();
			for (const one of made) {
				const { status, json } = await server.get(
					`/api/meetings/${one.id}`,
					{ token: one.token });

				assert.equal(status, 200);
				assert.equal(json.title, one.title);
			}
			await verifies(server);
		}
	});

	test('loses nobody who was told welcome', async () => {
		const server = await stage();
		const meeting = await server.meeting({ waitingRoom: false,
			capacity: 8 });
		const inside = [];
		const calls = Array.from({ length: 8 }, async () => {
			inside.push(await new Voice(server, meeting)
				.enters({ name: 'x' }));
			if (inside.length == 4)
				await server.kill();
		});

		await Promise.allSettled(calls);
		await server.kill();
		await server.up();
		for (const voice of inside)
			assert.equal((await resumes(server, voice)).id, voice.id);
		assert.ok(inside.length >= 4);
	});
});

describe('a stop', { concurrency: true }, () => {
	test('tells everybody to come back, and they can', async () => {
		const server = await stage();
		const { meeting, doctor, patient } = await visit(server,
			{ capacity: 3 });
		const waits = await guest(server, meeting);
		const start = Date.now();
		const stopping = server.stop();

		await Promise.all([doctor, patient, waits].map(
			(voice) => voice.closed(1001)));
		assert.equal((await stopping).code, 0);
		assert.ok(Date.now() - start < 5000);
		await verifies(server);
		await server.up();
		const doctorBack = await resumes(server, doctor);
		const patientBack = await resumes(server, patient);
		assert.equal(doctorBack.id, doctor.id);
		assert.equal(patientBack.id, patient.id);
		const kindsOf = kinds(await facts(server, 'server'));
		assert.deepEqual(kindsOf.filter((kind) =>
			kind != 'server.recovered'),
			['server.started', 'server.stopped', 'server.started']);
	});

	test('does not wait for who does not answer', async () => {
		const server = await stage();
		const { patient } = await visit(server);

		patient.ws._socket.pause();
		assert.equal((await server.stop()).code, 0);
	});

	test('and a start leave every meeting as it was', async () => {
		const server = await stage();
		const meeting = await server.meeting({ title: 'Stays',
			kind: 'other', waitingRoom: false });
		const before = (await server.get(`/api/meetings/${meeting.id}`))
			.json;

		await server.stop();
		await server.up();
		assert.deepEqual((await server.get(
			`/api/meetings/${meeting.id}`)).json, before);
		await host(server, meeting);
	});

	test('is what INT asks for as well', async () => {
		const server = await stage();

		assert.equal((await server.signal('SIGINT')).code, 0);
	});
});

describe('a second server', { concurrency: true }, () => {
	/* Starts one that must not start; gives what it says. */
	async function fails(server, conf)
	{
		const file = path.join(temporary(), 'paravent.conf');

		fs.writeFileSync(file, confText({ ...server.conf, ...conf }));
		const { code, stderr } = await paravent('serve', '-c', file);
		assert.equal(code, 1, stderr);
		assert.equal((await server.get('/readyz')).status, 200);
		assert.ok(server.alive);
		return stderr;
	}

	test('on the same state is refused, and says so', async () => {
		const server = await stage();
		const said = await fails(server, {
			'listen': [`127.0.0.1:${await freePort()}`],
			'stun-listen': [`127.0.0.1:${await freePort()}`] });

		assert.ok(said.includes(server.stateDir) ||
			/another|already|running/i.test(said), said);
	});

	test('on the same port is refused, and says which', async () => {
		const server = await stage();
		const said = await fails(server, {
			'stun-listen': [`127.0.0.1:${await freePort()}`],
			'state-dir': temporary() });

		assert.ok(said.includes(`:${server.port}`), said);
	});

	test('on the same STUN port is refused, and says which', async () => {
		const server = await stage();
		const said = await fails(server, {
			'listen': [`127.0.0.1:${await freePort()}`],
			'state-dir': temporary() });

		assert.ok(said.includes(`:${server.stunPort}`), said);
	});
});
