/*
 * The staff page: from the personal link to a visit that is made, changed, handed over and called off, and to the report of
 * one that was held. With the keyboard alone, in both browsers; and how every screen looks.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lacking } from './browsers.mjs';
import { accessible, EDGES, picture, SIZES } from './looks.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const strict = process.env.PARAVENT_STRICT === '1';
const PASSWORD = 'linden grow by water';
const ALL = { ...SIZES, narrow: EDGES.narrow };
const HOUR = 3_600_000;
let server;

before(async () => {
	if (!missing)
		server = await Server.fresh({ more: ['name = "Praxis am Park"'] });
});

after(() => server?.remove());

const skipIn = (browser) => (!strict && missing) || lacking(browser);
const at = (ms) => new Date(Date.now() + ms).toISOString();

/* The personal link of a new account. */
async function add(name, roles = 'host', at = server) {
	return JSON.parse((await at.run('staff', 'add', name, '--role', roles, '--json')).stdout).link;
}

/* As a program does it, which has the host's token. */
function asHost({ meetingId, hostUrl }, method, rest = '') {
	const token = new URLSearchParams(new URL(hostUrl).hash.slice(1)).get('token');

	return fetch(`${server.url}/api/meetings/${meetingId}${rest}`, { method, headers: { Authorization: `Bearer ${token}` } });
}

/* Opens the link, sets the password, and is in. */
async function settle(person, link) {
	await person.open(link);
	await person.on('welcome');
	await person.type('password', PASSWORD);
	await person.press('set-password');
	await person.on('coming');
}

for (const browser of ['chromium', 'firefox'])
	scene(`from the personal link to a report with the keyboard alone, ${browser}`, {
		cast: { anna: browser },
		skip: skipIn(browser),
	}, async ({ anna }) => {
		const { keyboard } = anna.page;
		const enter = async (name, way) => {
			await anna.find(name);
			await anna.tabTo(name, way);
			await keyboard.press('Enter');
		};
		const write = async (name, text) => {
			await anna.find(name);
			await anna.tabTo(name);
			await keyboard.type(text);
		};

		await anna.open(await add(`anna-${browser}`));
		await anna.on('welcome');
		assert.equal(await anna.page.evaluate(() => location.hash), '', 'the secret is out of the address bar');
		await write('password', PASSWORD.slice(0, 5));
		await keyboard.press('Enter');
		await anna.find('problem');
		await write('password', PASSWORD.slice(5));
		await keyboard.press('Enter');
		await anna.on('coming');
		await accessible(anna.page, 'coming');

		await enter('new');
		await anna.on('new');
		assert.equal(await anna.focused(), 'H1', 'a new screen is read from its heading on');
		await write('hostName', 'Dr. Linde');
		await write('title', 'Follow-up');
		await anna.tabTo('durationMinutes');
		await keyboard.press('ArrowDown');
		await accessible(anna.page, 'new');
		await enter('save');
		await anna.on('visit');
		await anna.find('done');
		const [link, key] = (await anna.value('guest-link')).split('#k=');
		assert.match(link, /\/join\/[\w-]{22}$/);
		assert.match(key, /^[\w-]{22}$/);
		await anna.find('qr');
		await enter('copy-guest');
		await anna.page.waitForFunction(() => document.querySelector('[data-test="copy-guest"]').textContent.includes('Copied'));
		await accessible(anna.page, 'visit');

		await enter('invite-guest');
		assert.match(await anna.value('personal-link'), new RegExp(`#k=${key}&token=[\\w-]{38}$`));
		await enter('revoke');
		await anna.page.waitForFunction(() => !document.querySelector('[data-test="revoke"]'));

		await enter('change', { back: true });
		await anna.on('change');
		await write('title', 'Follow-up after the operation');
		await enter('save');
		await anna.on('visit');
		await anna.page.waitForFunction(() => document.querySelector('h1').textContent.includes('after the operation'));

		await enter('call-off');
		await anna.find('sure');
		assert.equal(await anna.focused(), 'not-sure', 'a key pressed twice calls nothing off');
		await keyboard.press('Escape');
		await anna.page.waitForFunction(() => !document.querySelector('dialog'));
		assert.equal(await anna.focused(), 'call-off', 'the focus is back where it was');
		await keyboard.press('Enter');
		await enter('sure', { back: true });
		await anna.find('report');
		await enter('events');
		await anna.page.waitForFunction(() => document.querySelector('[data-test="report"]').textContent.includes('cancelled'));
		await accessible(anna.page, 'report');

		await enter('go-account', { back: true });
		await anna.on('account');
		await write('old-password', 'not this one');
		await write('new-password', `${PASSWORD} slowly`);
		await keyboard.press('Enter');
		await anna.page.waitForFunction(() => document.querySelector('[data-test="problem"]')?.textContent.includes('present password'));
		await anna.tabTo('old-password', { back: true });
		await keyboard.type(PASSWORD);
		await keyboard.press('Enter');
		await anna.find('done');
		await enter('sign-out', { back: true });
		await anna.on('signin');
		await write('username', `anna-${browser}`);
		await write('password', PASSWORD);
		await keyboard.press('Enter');
		await anna.find('problem');
		await write('password', ' slowly');
		await keyboard.press('Enter');
		await anna.on('coming');
	});

scene('every screen of the staff page', {
	cast: { anna: 'chromium', berta: ['chromium', 'de'], guest: 'chromium' },
	skip: skipIn('chromium'),
	timeout: 900_000,
}, async ({ anna, berta, guest }) => {
	const look = (person, name) => picture(person, `staff-${name}`, ALL, {});
	await anna.page.goto(`${server.url}/staff?lang=en`);
	await anna.on('signin');
	await look(anna, 'signin');
	await anna.type('username', 'clara');
	await anna.type('password', 'nonsense');
	await anna.press('sign-in');
	await anna.find('problem');
	await look(anna, 'signin-wrong');
	for (let n = 0; n < 10 && !(await anna.page.$eval('[data-test="problem"]', (one) => one.textContent.includes('wait'))); n++) {
		await anna.press('sign-in');
		await anna.page.waitForSelector('[data-test="sign-in"][aria-disabled="false"]');
		await anna.find('problem');
	}
	await look(anna, 'signin-too-often');
	await anna.open(`${server.url}/staff#invite=clara.cut`);
	await anna.on('welcome');
	await look(anna, 'welcome-cut');
	await anna.open(await add('clara'));
	await anna.find('set-password');
	await look(anna, 'welcome');
	await anna.type('password', PASSWORD);
	await anna.press('set-password');
	await anna.on('coming');
	await anna.press('new');
	await anna.on('new');
	await anna.type('hostName', 'Dr. Linde');
	await anna.type('title', 'Follow-up');
	await anna.page.$eval('summary', (one) => one.click());
	await look(anna, 'new');
	await anna.press('save');
	await anna.on('visit');
	await anna.press('invite-host');
	await anna.find('personal-link');
	await look(anna, 'visit');
	await anna.press('call-off');
	await anna.find('sure');
	await look(anna, 'sure');
	await anna.press('not-sure');
	await anna.press('change');
	await anna.find('save');
	await look(anna, 'change');
	await anna.press('go-account');
	await anna.on('account');
	await look(anna, 'account');

	const program = await server.create({ hostName: 'Dr. Ahorn', kind: 'therapy', startsAt: at(0.5 * HOUR), durationMinutes: 50 });
	await guest.knock(program.joinUrl, 'Maria Sonnenschein');
	await guest.on('waiting');
	await server.create({ title: 'Rückenschule für Menschen, die viel sitzen', kind: 'class', capacity: 8, startsAt: at(25 * HOUR) });
	await asHost(await server.create({ hostName: 'Dr. Linde', startsAt: at(26 * HOUR), durationMinutes: 20 }), 'DELETE');
	const held = await server.create({ title: 'Follow-up after the operation', hostName: 'Dr. Linde', startsAt: at(-HOUR / 3), durationMinutes: 30 });
	await asHost(held, 'POST', '/end');
	await server.create({ hostName: 'Dr. Linde', startsAt: at(60 * 24 * HOUR) });
	await settle(berta, await add('berta'));
	await berta.find('visit');
	await berta.find('waits');
	await look(berta, 'coming-de');
	await berta.press('more');
	await berta.page.waitForFunction(() => !document.querySelector('[data-test="more"]'));
	await berta.page.goto(`${server.url}/staff?lang=de#visit=${program.meetingId}`);
	await berta.find('no-key');
	await look(berta, 'visit-without-key-de');
	await berta.press('go-past');
	await berta.on('past');
	await berta.find('visit');
	await look(berta, 'past-de');
	await berta.page.goto(`${server.url}/staff?lang=de#visit=${held.meetingId}`);
	await berta.find('together');
	await look(berta, 'report-empty-de');
	await berta.page.goto(`${server.url}/staff?lang=de#new`);
	await berta.find('save');
	await look(berta, 'new-de');
});

for (const language of ['fr', 'es'])
	scene(`the staff page has room for every word in ${language}`, {
		cast: { anna: ['chromium', language] },
		skip: skipIn('chromium'),
		timeout: 600_000,
	}, async ({ anna }) => {
		const look = async (name) => {
			assert.equal(await anna.page.$eval('html', (page) => page.lang), language);
			await picture(anna, `staff-${name}-${language}`, ALL, {});
		};
		const held = await server.create({ hostName: 'Dr. Linde', startsAt: at(-HOUR / 3), durationMinutes: 30 });

		await asHost(held, 'POST', '/end');
		await anna.page.goto(`${server.url}/staff?lang=${language}`);
		await anna.on('signin');
		await look('signin');
		await anna.open(await add(`anna-${language}`));
		await anna.find('set-password');
		await look('welcome');
		await anna.type('password', PASSWORD);
		await anna.press('set-password');
		await anna.on('coming');
		await look('coming');
		await anna.press('new');
		await anna.on('new');
		await anna.page.$eval('summary', (one) => one.click());
		await look('new');
		await anna.press('save');
		await anna.on('visit');
		await anna.press('invite-host');
		await anna.find('personal-link');
		await look('visit');
		await anna.press('call-off');
		await anna.find('sure');
		await look('sure');
		await anna.press('not-sure');
		await anna.page.goto(`${server.url}/staff?lang=${language}#visit=${held.meetingId}`);
		await anna.find('together');
		await anna.page.$eval('[data-test="events"]', (one) => one.click());
		await look('report');
		await anna.press('go-account');
		await anna.on('account');
		await look('account');
	});

scene('a visit that was made elsewhere gets its key from the link that was sent', {
	cast: { anna: 'chromium' },
	skip: skipIn('chromium'),
}, async ({ anna }) => {
	const { meetingId, joinUrl } = await server.create({ hostName: 'Dr. Ahorn', startsAt: at(HOUR) });

	await settle(anna, await add('dora'));
	await anna.page.goto(`${server.url}/staff#visit=${meetingId}`);
	await anna.find('no-key');
	assert.equal(await anna.value('guest-link'), joinUrl);
	await anna.page.$eval('[data-test="no-key"] summary', (one) => one.click());
	await anna.type('key-link', `${joinUrl}#k=too-short`);
	await anna.press('key-take');
	await anna.find('problem');
	await anna.type('key-link', `${joinUrl}#k=AAECAwQFBgcICQoLDA0ODw`);
	await anna.press('key-take');
	await anna.find('keyed');
	assert.equal(await anna.value('guest-link'), `${joinUrl}#k=AAECAwQFBgcICQoLDA0ODw`);
	await anna.press('start');
	await anna.on('join');
	assert.match(anna.page.url(), new RegExp(`/join/${meetingId}$`), 'no secret stays in the address');
});

scene('who was away too long signs in again, and what was typed is still there', {
	cast: { anna: 'chromium' },
	skip: skipIn('chromium'),
}, async ({ anna }, t) => {
	const closed = await Server.fresh({ more: ['access = staff'] });

	t.after(() => closed.remove());
	await settle(anna, await add('emma', 'host', closed));
	await anna.press('new');
	await anna.type('title', 'A long story');
	await closed.run('staff', 'signout', 'emma');
	await anna.press('save');
	await anna.on('signin');
	assert.match(await anna.page.$eval('main', (one) => one.innerText), /signed out, because nobody was here/);
	await anna.type('username', 'emma');
	await anna.type('password', PASSWORD);
	await anna.press('sign-in');
	await anna.on('new');
	assert.equal(await anna.value('title'), 'A long story');
	await anna.press('save');
	await anna.on('visit');
	await anna.press('go-account');
	await anna.press('sign-out-everywhere');
	await anna.on('signin');
	await anna.page.goto(`${closed.url}/?lang=en`);
	await anna.on('signin');
});

scene('a page where nobody is does not keep its session awake', {
	cast: { anna: 'chromium' },
	skip: skipIn('chromium'),
}, async ({ anna }) => {
	const asked = () => anna.page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/')).length);
	const tick = async () => {
		const before = await asked();

		await anna.page.evaluate(() => window.ticks.forEach((tick) => tick()));
		await sleep(1000);
		return await asked() > before;
	};

	await anna.page.evaluateOnNewDocument(() => {
		const { now } = Date;

		window.ticks = [];
		window.ahead = 0;
		window.setInterval = (tick) => window.ticks.push(tick);
		Date.now = () => now() + window.ahead;
	});
	await settle(anna, await add('gerda'));
	await anna.page.waitForNetworkIdle();
	assert.equal(await tick(), true);
	await anna.page.evaluate(() => {
		window.ahead = 11 * 60_000;
	});
	assert.equal(await tick(), false);
	await anna.page.keyboard.press('Shift');
	assert.equal(await tick(), true);
});

scene('from the reception to the report: a visit is made, held, and told of', {
	cast: { anna: 'chromium', guest: 'firefox' },
	skip: skipIn('chromium') || lacking('firefox'),
}, async ({ anna, guest }) => {
	await anna.page.evaluateOnNewDocument(() => {
		const { createObjectURL } = URL;

		URL.createObjectURL = (blob) => {
			window.saved = blob.text();
			return createObjectURL(blob);
		};
	});
	await settle(anna, await add('frieda'));
	await anna.press('new');
	await anna.type('hostName', 'Dr. Linde');
	await anna.press('save');
	await anna.on('visit');
	const { hash, href } = new URL(anna.page.url());
	const link = await anna.value('guest-link');

	await anna.press('calendar');
	await anna.page.waitForFunction(() => window.saved);
	const calendar = (await anna.page.evaluate(() => window.saved)).replace(/\r\n /g, '');
	assert.match(calendar, /^BEGIN:VCALENDAR\r\n[^]*END:VCALENDAR\r\n$/);
	assert.ok(calendar.includes(link), 'what is saved for the calendar has the key');
	assert.equal(calendar.split(link.split('#')[0]).length, calendar.split(link).length, 'and nowhere a link without');

	await guest.knock(link, 'Maria Sonnenschein');
	await guest.on('waiting');
	await anna.page.reload();
	await anna.find('waits');
	await anna.press('start');
	await anna.on('join');
	await anna.type('name', 'Dr. Linde');
	await anna.press('join');
	await anna.on('call');
	await anna.press('admit');
	await guest.on('call');
	await Promise.all([anna.decodes(), guest.decodes()]);
	await Promise.all([anna, guest].map((one) => one.tile('[data-trust="verified"]')));
	await anna.press('end');
	await anna.press('end-confirm');
	await guest.on('ended');

	await anna.page.goto(href);
	await anna.find('together');
	assert.match(hash, /^#visit=/);
	const report = await anna.page.$eval('[data-test="report"]', (one) => one.innerText.replace(/\s+/g, ' '));
	for (const said of ['together less than a minute', 'Connection direct', 'Nobody in between verified', 'Host came at', 'Guest came at'])
		assert.ok(report.includes(said), `${said}: ${report}`);
	await picture(anna, 'staff-report', ALL, {});
	await anna.page.goto(await anna.page.$eval('[data-test="print"]', (one) => one.href));
	assert.match(await anna.page.$eval('body', (one) => one.innerText), /Dr\. Linde/);
});
