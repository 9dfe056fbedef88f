/* Three in one visit, and who is told what at the door. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { lacking } from './browsers.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const skip = (process.env.PARAVENT_STRICT !== '1' && missing) || lacking('chromium', 'firefox');
let server;

before(async () => {
	if (skip)
		return;
	server = await Server.fresh();
});

after(() => server?.remove());

scene('three see each other, a fourth hears that it is full, a waiting guest hears nothing', {
	cast: { host: 'chromium', second: 'firefox', third: 'chromium', fourth: 'chromium' },
	skip,
}, async ({ host, second, third, fourth }) => {
	const meeting = await server.create({ capacity: 3, hostName: 'Dr. Linde' });
	const inside = [host, second, third];

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
	const ids = (await second.frames()).filter((one) => one.type === 'welcome')
		.flatMap((one) => [one.id, ...one.participants.map(({ id }) => id)]);
	assert.equal(ids.length, 2);
	const all = JSON.stringify(await third.frames());
	for (const id of ids)
		assert.ok(!all.includes(id), 'no id of those inside');
	assert.ok(!all.includes('Maria'), 'nor their names');

	await host.press('admit');
	await third.on('call');
	await Promise.all(inside.map((one) => one.decodes(2)));
	for (const one of inside)
		assert.equal((await one.page.$$('video[data-peer]')).length, 2);

	await fourth.knock(meeting.joinUrl, 'Too Many');
	await fourth.page.waitForSelector('[data-why="full"]');

	/* one is sent out, the others go on */
	await host.press('panel-open');
	await host.press('remove', `[data-person="${await idOf(third)}"]`);
	await third.page.waitForSelector('[data-why="removed"]');
	await second.page.waitForFunction(() => document.querySelectorAll('video[data-peer]').length === 1);
	await Promise.all([host.decodes(1, 100), second.decodes(1, 100)]);
});

function idOf(person) {
	return person.page.evaluate(() => window.seen.frames.findLast((one) => one.type === 'welcome').id);
}

scene('who is early reads when the link opens, in his own time, and is in once it does', {
	cast: { guest: ['chromium', 'de'] },
	skip,
}, async ({ guest }) => {
	const startsAt = new Date(Date.now() + 90 * 60_000);
	const meeting = await server.create({ startsAt: startsAt.toISOString() });
	const [at, token] = meeting.hostUrl.split('#token=');
	const api = `${server.url}/api/meetings/${meeting.meetingId}`;
	const asHost = { 'Content-Type': 'application/json', 'Authorization': `Bearer ${token}` };
	const invited = await (await fetch(`${api}/invitations`, { method: 'POST', headers: asHost })).json();

	assert.equal(invited.joinUrl.split('#')[0], at);
	await guest.knock(invited.joinUrl, 'Maria');
	const told = await (await guest.page.waitForSelector('[data-why="too-early"]')).evaluate((one) => one.textContent);
	const opens = await guest.page.evaluate((time) => new Intl.DateTimeFormat('de',
		{ weekday: 'long', day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' }).format(new Date(time)), invited.opensAt);
	assert.ok(told.includes(opens), `${opens} in: ${told}`);

	await fetch(api, { method: 'PATCH', headers: asHost, body: JSON.stringify({ startsAt: new Date(Date.now() + 60_000).toISOString() }) });
	await guest.press('again');
	await guest.press('join');
	await guest.on('waiting');
});

scene('who is not let in reads it in plain words, and may ask again', {
	cast: { host: 'chromium', guest: ['chromium', 'de'] },
	skip,
}, async ({ host, guest }) => {
	const meeting = await server.create({ hostName: 'Dr. Linde' });

	await host.knock(meeting.hostUrl, 'Dr. Linde');
	await host.on('call');
	await guest.knock(meeting.joinUrl, 'Maria');
	await guest.on('waiting');
	await host.press('deny');
	await guest.page.waitForSelector('[data-why="denied"]');
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
	await guest.page.waitForSelector('[data-screen="refused"] [data-why]');
	assert.match(await guest.page.$eval('[data-why]', (one) => one.dataset.why), /full|locked/);

	await guest.open(`${meeting.joinUrl}#token=nonsense`);
	await guest.press('join');
	await guest.page.waitForSelector('[data-why="token"]');

	await guest.open(`${server.url}/join/AAAAAAAAAAAAAAAAAAAAAA`);
	await guest.page.waitForSelector('[data-why="missing"]');
});
