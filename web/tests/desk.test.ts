import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withLink } from '../src/staff/appointment';
import { keepLinkKey, keyInLink, linkKeyOf } from '../src/staff/linkkeys';
import { changesOf, formOf, hasPassed, planOf, withKind } from '../src/staff/plan';
import type { Listed, Visit } from '../src/staff/staffapi';
import { hrefOf, readInvite, readPlace } from '../src/staff/staffroute';
import { isComing, lookAhead } from '../src/staff/visits';
import { byDay, daysAfter, fieldsOf, nextQuarter, startOfDay, timeOf } from '../src/staff/when';

const ID = 'kXlS0P4yZTT0pYcxVnFt0A';
const KEY = 'AAECAwQFBgcICQoLDA0ODw';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function visit(more: Partial<Visit> = {}): Visit {
	return {
		meetingId: ID, title: null, kind: 'consultation', status: 'scheduled', startsAt: '2026-11-20T09:30:00Z', durationMinutes: 30, capacity: 2,
		waitingRoom: true, relayOnly: false, hostName: null, joinUrl: `https://example.org/join/${ID}`, ...more,
	};
}

test('every place has an address, and nonsense leads to the list', () => {
	for (const place of [{ at: 'coming' }, { at: 'past' }, { at: 'new' }, { at: 'account' }, { at: 'visit', id: ID }, { at: 'change', id: ID }] as const)
		assert.deepEqual(readPlace(hrefOf(place)), place);
	for (const hash of ['', '#nowhere', '#visit', '#visit=short', `#visit=${ID}/end`])
		assert.deepEqual(readPlace(hash), { at: 'coming' }, hash);
});

test('a personal link says whose it is, and one that was cut off is none', () => {
	assert.deepEqual(readInvite(`#invite=anna.b-c_d.${KEY}`), { text: `anna.b-c_d.${KEY}`, name: 'anna.b-c_d' });
	for (const cut of ['', 'anna', `anna.${KEY.slice(1)}`, `Anna.${KEY}`, `.${KEY}`])
		assert.deepEqual(readInvite(`#invite=${cut}`), { text: '', name: '' }, cut);
	assert.equal(readInvite(''), null);
	assert.equal(readInvite(`#visit=${ID}`), null);
});

test('a form holds a plan by the clock on the wall, and gives it back', () => {
	const before = formOf(visit({ title: 'Follow-up', hostName: 'Dr. Linde' }), new Date());
	const plan = planOf(before)!;

	assert.equal(new Date(plan.startsAt).getTime(), Date.parse('2026-11-20T09:30:00Z'));
	assert.deepEqual([plan.title, plan.hostName, plan.durationMinutes, plan.capacity, plan.waitingRoom, plan.relayOnly],
		['Follow-up', 'Dr. Linde', 30, 2, true, false]);
	assert.equal(planOf({ ...before, date: '' }), null);
	assert.equal(planOf({ ...before, time: '25:00' }), null);
});

test('only what was changed is sent, and a name that was taken away as null', () => {
	const before = formOf(visit({ title: 'Follow-up' }), new Date());

	assert.deepEqual(changesOf(before, before), {});
	assert.deepEqual(changesOf(before, { ...before, title: ' ', capacity: '3' }), { title: null, capacity: 3 });
});

test('another kind brings its usual number of people, unless somebody has chosen one', () => {
	const form = formOf(null, new Date());

	assert.equal(withKind(form, 'class').capacity, '8');
	assert.equal(withKind(withKind(form, 'class'), 'consultation').capacity, '2');
	assert.equal(withKind({ ...form, capacity: '5' }, 'class').capacity, '5');
});

test('a visit that goes on can still be planned, one that would be over cannot', () => {
	const plan = planOf(formOf(visit(), new Date()))!;
	const start = Date.parse(plan.startsAt);

	assert.equal(hasPassed(plan, new Date(start + 29 * 60_000)), false);
	assert.equal(hasPassed(plan, new Date(start + 30 * 60_000)), true);
});

test('a new visit is proposed for the next quarter of an hour, and not for this minute', () => {
	const at = (time: string) => fieldsOf(nextQuarter(new Date(`2026-11-20T${time}`)));

	assert.deepEqual(at('09:00:30'), { date: '2026-11-20', time: '09:15' });
	assert.deepEqual(at('09:06:00'), { date: '2026-11-20', time: '09:30' });
	assert.deepEqual(at('23:52:00'), { date: '2026-11-21', time: '00:15' });
	assert.equal(timeOf('2026-11-20', '09:15')!.getTime(), new Date('2026-11-20T09:15').getTime());
});

test('days are those of the calendar, in the order of the list', () => {
	const day = startOfDay(new Date('2026-11-20T15:00'));
	const list = [9, 11, 33].map((hour) => ({ startsAt: new Date(day.getTime() + hour * HOUR).toISOString() }));

	assert.deepEqual(byDay(list).map(({ day, items }) => [day.getTime(), items.length]), [[day.getTime(), 2], [daysAfter(day, 1).getTime(), 1]]);
});

test('a day of 25 hours is one day', () => {
	const zone = process.env.TZ;

	process.env.TZ = 'Europe/Berlin';
	const day = daysAfter(startOfDay(new Date('2026-10-24T15:00')), 2);
	assert.deepEqual([day.getDate(), day.getHours()], [26, 0]);
	process.env.TZ = zone ?? '';
});

/* A server with these visits: newest first, two on a page. */
function listing(all: Visit[]) {
	return async ({ from, to, after, limit }: Record<string, string | number>): Promise<Listed<Visit>> => {
		const fitting = all
			.filter(({ startsAt }) => startsAt! >= from && (to === undefined || startsAt! < to))
			.sort((a, b) => a.startsAt! < b.startsAt! ? 1 : -1);
		const begin = Number(after ?? 0);
		const end = begin + Math.min(2, Number(limit));

		return { items: fitting.slice(begin, end), next: end < fitting.length ? String(end) : null };
	};
}

test('what comes next is first, over all pages of the server, and what has been is not there', async () => {
	const now = new Date('2026-11-20T12:00');
	const at = (ms: number, more: Partial<Visit> = {}) => visit({ startsAt: new Date(now.getTime() + ms).toISOString(), ...more });
	const all = [at(-2 * DAY), at(-HOUR, { status: 'open' }), at(-HOUR, { status: 'ended' }), at(HOUR), at(2 * HOUR), at(3 * HOUR, { status: 'cancelled' }),
		at(DAY), at(6 * DAY)];
	const { visits, more } = await lookAhead(now, 7, false, listing(all));

	assert.deepEqual(visits, all.filter((_, n) => ![0, 2].includes(n)));
	assert.equal(more, false);
});

test('who asks for later visits gets the next ones, however far away', async () => {
	const now = new Date('2026-11-20T12:00');
	const far = [8, 100, 101, 900].map((days) => visit({ startsAt: daysAfter(now, days).toISOString() }));
	const list = listing(far);

	let found = await lookAhead(now, undefined, false, list);
	assert.deepEqual([found.visits.length, found.more], [0, true]);
	for (const count of [1, 3, 4]) {
		found = await lookAhead(now, found.days, true, list);
		assert.deepEqual(found.visits, far.slice(0, count));
	}
	assert.equal(found.more, false);
});

test('what began last evening and still goes on is on the list', () => {
	const now = new Date('2026-11-20T00:30').getTime();
	const began = { startsAt: new Date(now - HOUR).toISOString() };

	assert.equal(isComing(visit({ ...began, status: 'open' }), now), true);
	assert.equal(isComing(visit({ ...began, status: 'ended' }), now), false);
	assert.equal(isComing(visit({ ...began, status: 'cancelled' }), now), false);
});

test('a link key is kept until its visit is long over', () => {
	const store = new Map<string, string>();
	const storage = { getItem: (name: string) => store.get(name) ?? null, setItem: (name: string, text: string) => store.set(name, text) };
	const now = Date.parse('2026-11-20T09:00:00Z');

	Object.assign(globalThis, { localStorage: storage, sessionStorage: storage });
	keepLinkKey(visit({ meetingId: 'first' }), KEY, now);
	keepLinkKey(visit({ meetingId: 'second' }), KEY, now + DAY);
	assert.equal(linkKeyOf('first'), KEY);
	keepLinkKey(visit({ meetingId: 'third' }), KEY, now + DAY + 2 * HOUR);
	assert.equal(linkKeyOf('first'), undefined);
	assert.equal(linkKeyOf('second'), KEY);
});

test('a key is taken only from the whole link of the same visit', () => {
	const link = `https://example.org/join/${ID}`;

	assert.equal(keyInLink(` ${link}#k=${KEY} `, ID), KEY);
	assert.equal(keyInLink(`${link}#k=${KEY}&token=abc`, ID), KEY);
	for (const other of [link, `${link}#k=${KEY.slice(1)}`, `https://example.org/join/${KEY}#k=${KEY}`, 'nonsense', ''])
		assert.equal(keyInLink(other, ID), undefined, other);
});

test('a calendar file gets the link with its key, in lines of at most 75 bytes that are put together again', () => {
	const link = `https://example.org/join/${ID}`;
	const file = ['BEGIN:VCALENDAR', `URL:${link}`, `DESCRIPTION:Öffnen Sie bitte rechtzeitig vor dem Termin diesen`, `  Link: ${link}\\n`, 'END:VCALENDAR', '']
		.join('\r\n').replace('join/', 'jo\r\n in/');
	const made = withLink(file, link, `${link}#k=${KEY}`);

	assert.equal(made.replace(/\r\n /g, '').split(`${link}#k=${KEY}`).length, 3);
	assert.ok(made.split('\r\n').every((line) => new TextEncoder().encode(line).length <= 75));
	assert.match(made.replace(/\r\n /g, ''), /diesen Link: /);
	assert.ok(made.endsWith('END:VCALENDAR\r\n'));
});
