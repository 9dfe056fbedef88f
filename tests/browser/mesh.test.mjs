/* Three in one visit, and who is told what at the door. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowsers, lacking, Person } from './browsers.mjs';
import { missing, Server } from './server.mjs';

const skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking('chromium', 'firefox');
let server;

before(async () => {
	if (skip)
		return;
	server = await Server.fresh();
});

after(async () => {
	await closeBrowsers();
	await server?.remove();
});

test('three see each other, a fourth hears that it is full, a waiting guest hears nothing', { skip: skip || false, timeout: 180_000 }, async () => {
	const meeting = await server.create({ capacity: 3, hostName: 'Dr. Linde' });
	const people = [await Person.at('chromium'), await Person.at('firefox'), await Person.at('chromium')];
	const [host, second, third] = people;
	const fourth = await Person.at('chromium');

	try {
		await host.knock(meeting.hostUrl, 'Dr. Linde');
		await host.on('call');
		await second.knock(meeting.joinUrl, 'Maria');
		await second.on('waiting');
		await host.press('admit');
		await second.on('call');

		/* while he waits, the room lives: talk, mute, signals */
		await third.knock(meeting.joinUrl, 'Interpreter');
		await third.on('waiting');
		await second.press('mute');
		await host.tile('[data-muted="true"]');
		await second.press('mute');
		await Promise.all([host.decodes(), second.decodes()]);
		const heard = (await third.frames()).map((one) => one.type);
		assert.deepEqual(heard.filter((type) => type !== 'waiting'), [], 'nothing but his own place');
		const { inside } = await second.page.evaluate(() => ({
			inside: window.seen.frames.filter((one) => one.type === 'welcome').flatMap((one) => [one.id, ...one.participants.map(({ id }) => id)]),
		}));
		const all = JSON.stringify(await third.frames());
		for (const id of inside)
			assert.ok(!all.includes(id), 'no id of those inside');
		assert.ok(!all.includes('Maria'), 'nor their names');

		await host.press('admit');
		await third.on('call');
		await Promise.all(people.map((one) => one.decodes(2)));
		for (const one of people)
			assert.equal((await one.page.$$('video[data-peer]')).length, 2);

		await fourth.knock(meeting.joinUrl, 'Too Many');
		await fourth.page.waitForSelector('[data-why="full"]', { timeout: 15_000 });

		/* one is sent out, the others go on */
		await host.press('panel-open');
		await host.press('remove', `[data-person="${await idOf(third)}"]`);
		await third.page.waitForSelector('[data-why="removed"]', { timeout: 15_000 });
		await second.page.waitForFunction(() => document.querySelectorAll('video[data-peer]').length === 1);
		await Promise.all([host.decodes(1, 100), second.decodes(1, 100)]);
		for (const one of [...people, fourth])
			assert.deepEqual(await one.complaints(), []);
	} finally {
		for (const one of [...people, fourth])
			await one.close();
	}
});

function idOf(person) {
	return person.page.evaluate(() => window.seen.frames.findLast((one) => one.type === 'welcome').id);
}

test('who is not let in reads it in plain words, and may ask again', { skip: skip || false, timeout: 60_000 }, async () => {
	const meeting = await server.create({ hostName: 'Dr. Linde' });
	const host = await Person.at('chromium');
	const guest = await Person.at('chromium', 'de');

	try {
		await host.knock(meeting.hostUrl, 'Dr. Linde');
		await host.on('call');
		await guest.knock(meeting.joinUrl, 'Maria');
		await guest.on('waiting');
		await host.press('deny');
		await guest.page.waitForSelector('[data-why="denied"]', { timeout: 15_000 });
		await guest.press('again');
		await guest.press('join');
		await guest.on('waiting');
		await guest.press('leave');
		await guest.on('ended');
		await host.page.waitForFunction(() => !document.querySelector('[data-test=knock]'));

		await host.press('panel-open');
		await host.press('lock');
		await host.find('lock', '[aria-pressed="true"]');
		await guest.knock(meeting.joinUrl, 'Maria');
		await guest.page.waitForSelector('[data-screen="refused"] [data-why]', { timeout: 15_000 });
		assert.match(await guest.page.$eval('[data-why]', (one) => one.dataset.why), /full|locked/);

		await guest.open(`${meeting.joinUrl}#token=nonsense`);
		await guest.press('join');
		await guest.page.waitForSelector('[data-why="token"]', { timeout: 15_000 });

		await guest.open(`${server.url}/join/AAAAAAAAAAAAAAAAAAAAAA`);
		await guest.page.waitForSelector('[data-why="missing"]', { timeout: 15_000 });
	} finally {
		await host.close();
		await guest.close();
	}
});
