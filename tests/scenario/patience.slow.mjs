/**
 * What takes a minute or two: silence, and places that are held and then given up.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { makeKey } from './apikeys.mjs';
import { EventReader } from './eventreader.mjs';
import { Server, sleep } from './stage.mjs';
import { Voice, guest, visit } from './voice.mjs';

let server;

before(async () => {
	server = await Server.start();
});

after(() => server.strike());

/* Seconds until the promise is kept. */
async function seconds(promise)
{
	const start = Date.now();

	await promise;
	return (Date.now() - start) / 1000;
}

/* The next message of this type, however long it takes. */
async function hearsOnce(voice, type)
{
	for (;;) {
		const message = await voice.next(type, 140000);

		if (message.type == type)
			return message;
	}
}

describe('patience', { concurrency: true }, () => {
	test('who answers no ping is away after 60 s, closed with 4408', async () => {
		const meeting = await server.meeting({ waitingRoom: false });
		const mute = await new Voice(server, meeting,
			{ ws: { autoPong: false } }).enters({ name: 'Mute' });
		const other = await new Voice(server, meeting)
			.enters({ name: 'Other' });
		const closed = new Promise((resolve) => mute.ws.once('close',
			resolve));
		const took = await seconds(hearsOnce(other, 'participant-away'));

		assert.ok(took > 50 && took < 85, `${took} s`);
		assert.equal(await closed, 4408);
		assert.ok(mute.pings >= 2 && mute.pings <= 4, `${mute.pings} pings`);
	});

	test('who answers pings and says nothing stays', async () => {
		const { doctor, patient } = await visit(server);

		await sleep(100000);
		await doctor.signals(patient);
		assert.ok(patient.pings >= 4 && patient.pings <= 6);
	});

	test('a place is held for 120 s, then it is lost', async () => {
		const { meeting, doctor, patient } = await visit(server);

		patient.cut();
		await doctor.hears('participant-away', { id: patient.id });
		const took = await seconds((async () => {
			const left = await hearsOnce(doctor, 'participant-left');

			assert.equal(left.id, patient.id);
			assert.equal(left.reason, 'lost');
		})());
		assert.ok(took > 115 && took < 130, `${took} s`);

		/* Too late: he knocks like anybody. */
		const back = await new Voice(server, meeting).knocks(
			{ name: 'Late', resume: patient.resume });
		assert.notEqual(back.id, patient.id);
	});

	test('one who waits is held as long, unseen', async () => {
		const meeting = await server.meeting();
		const first = await guest(server, meeting);

		first.cut();
		await sleep(110000);
		const back = await new Voice(server, meeting).knocks(
			{ name: 'Guest', resume: first.resume });
		assert.equal(back.id, first.id);
	});

	test('after a restart the 120 s count from the restart', async () => {
		const own = await Server.start();

		try {
			const { doctor, patient } = await visit(own);

			patient.cut();
			await doctor.hears('participant-away');
			await sleep(60000);
			await own.kill();
			await own.up();
			await sleep(100000);
			const back = await new Voice(own, patient.meeting).enters(
				{ name: 'x', resume: patient.resume });
			assert.equal(back.id, patient.id);
		} finally {
			await own.strike();
		}
	});

	test('an event stream shows every 15 s that it is there, and stays', async () => {
		const { key } = await makeKey(server, 'audit');
		const reader = await EventReader.open(server, { token: key });

		await sleep(100000);
		assert.ok(reader.comments >= 3 && reader.comments <= 7,
			`${reader.comments} comments`);
		const meeting = await server.meeting();

		await reader.until((fact) => fact.stream == `meeting/${meeting.id}`);
		reader.close();
	});
});
