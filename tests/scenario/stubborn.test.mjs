/**
 * What a stranger with time tried, and what it did to the house: foreign names that
 * point at us, a link opened again and again, thousands at the doors and then a stop.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Server, sleep } from './stage.mjs';
import { Voice, guest, host, visit } from './voice.mjs';

let server;

before(async () => {
	server = await Server.start();
});

after(() => server.strike());

describe('strangers', { concurrency: true }, () => {
	test('a foreign name that points at us is no origin of ours', async () => {
		const meeting = await server.meeting();
		const evil = `evil.example:${server.port}`;
		const voice = new Voice(server, meeting,
			{ origin: `http://${evil}`, headers: { host: evil } });
		const err = await voice.open().catch((e) => e);

		assert.equal(err.status, 403);
		const local = new Voice(server, meeting, {
			origin: `http://localhost:${server.port}`,
			headers: { host: `localhost:${server.port}` } });
		await local.open();
		local.cut();
	});

	test('the host link opened again leaves the place to the patient', async () => {
		const meeting = await server.meeting();
		const first = await host(server, meeting);

		first.cut();
		await sleep(100);
		const second = await host(server, meeting);
		const patient = await guest(server, meeting);
		await second.hearsAtLast('knock', { id: patient.id });
		second.says({ type: 'admit', id: patient.id });
		await patient.hears('welcome');
		/* and on a second device, while the first is still there */
		const third = await host(server, meeting);
		await second.closed(4403);
		assert.equal(third.welcome.participants.length, 1);
	});

	test('resume is no way to say more than the limits allow', async () => {
		const { meeting, doctor, patient } = await visit(server);
		const big = 'x'.repeat(60000);
		let heard = 0, code = 0;

		doctor.ws.on('message', (data) => {
			heard += data.length;
		});
		for (let round = 0; round < 40 && code != 4429; round++) {
			const again = new Voice(server, meeting);

			await again.open();
			again.ws.on('error', () => {});
			again.ws.send(JSON.stringify({ type: 'join',
				name: 'Guest', resume: patient.resume }));
			for (let i = 0; i < 20; i++)
				again.ws.send(JSON.stringify({ type: 'signal',
					to: doctor.id, data: big }));
			code = await new Promise((resolve) => {
				again.ws.on('close', resolve);
			});
			await sleep(50);
		}
		assert.equal(code, 4429);
		/* 1 MiB at once and 128 KiB a second, over all its connections */
		assert.ok(heard < 3 * 1024 * 1024, `the host heard ${heard} bytes`);
	});
});

describe('a stop with thousands at the doors', () => {
	test('more stories to close than the queue holds keep no server down', async () => {
		const crowded = await Server.start({ 'log-level': 'warning' });
		const MEETINGS = 660, KNOCKS = 16;
		const ids = [];
		let next = 0, waiting = 0;

		for (let i = 0; i < MEETINGS; i++)
			ids.push((await crowded.meeting()).id);
		const knocker = async () => {
			while (next < MEETINGS * KNOCKS) {
				const voice = new Voice(crowded, { id: ids[next++ % MEETINGS] });

				await voice.open();
				voice.ws.on('error', () => {});
				voice.ws.send('{"type":"join","name":"Guest"}');
				await new Promise((resolve) => {
					voice.ws.once('message', () => {
						waiting++;
						resolve();
					});
					voice.ws.once('close', resolve);
				});
				voice.ws.terminate();
			}
		};
		await Promise.all(Array.from({ length: 24 }, knocker));
		assert.ok(waiting > 10000, `${waiting} knocked`);
		await crowded.stop();
		await crowded.up();
		await crowded.strike();
	});
});
