/*
 * Links that another system made: the token in their query or fragment leads in, leaves the address bar before anything
 * else happens, and is in no request but the first.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { lacking } from './browsers.mjs';
import { scene } from './scene.mjs';
import { missing, Server } from './server.mjs';

const PAIRS = [['chromium', 'firefox'], ['firefox', 'chromium']];
const SECRET = 'internal-secret-of-the-practice';

const skip = process.env.PARAVENT_STRICT !== '1' && missing;
let server, dir;

function file(name, text) {
	writeFileSync(join(dir, name), text, { mode: 0o600 });
	return join(dir, name);
}

before(async () => {
	if (skip)
		return;
	dir = mkdtempSync(join(tmpdir(), 'paravent-tokens-'));
	server = await Server.fresh({ more: ['issuer "telemed" { dialect = carepulse algorithm = HS256',
		`secret-file = "${file('jwt', 'video-jwt-secret-of-the-practice-0123')}"`,
		`internal-secret-file = "${file('internal', SECRET)}" }`] });
});

after(async () => {
	await server?.remove();
	if (dir)
		rmSync(dir, { recursive: true, force: true });
});

async function ask(path, body) {
	const answer = await fetch(server.url + path, { method: 'POST', body: JSON.stringify(body),
		headers: { 'Content-Type': 'application/json', 'X-Internal-Secret': SECRET } });

	return answer.json();
}

/* Opens the link and joins; what the browser asked for meanwhile, the page itself first. Puppeteer shows the fragment,
 * which no browser sends. */
async function enter(person, link) {
	const asked = [];

	person.page.on('request', (request) =>
		asked.push(`${request.url().replace(/#.*/, '')} ${JSON.stringify(request.headers())}`));
	await person.page.goto(link);
	await person.on('join');
	assert.doesNotMatch(person.page.url(), /token|jwt|eyJ/, 'the address bar');
	await person.type('name', 'Somebody');
	await person.press('join');
	return asked;
}

for (const [doctor, patient] of PAIRS)
	scene(`doctor in ${doctor}, patient in ${patient}`, {
		cast: { host: doctor, guest: patient },
		skip: skip || lacking(doctor, patient),
	}, async ({ host, guest }) => {
		const { sessionId } = await ask('/sessions', { appointmentId: doctor, doctorId: 'd', patientId: 'p' });
		const link = async (role) => (await ask(`/sessions/${sessionId}/join`, { role, userId: role })).joinUrl;

		const first = await enter(host, `${await link('doctor')}&lang=en`);
		await host.on('call');
		const second = await enter(guest, (await link('patient')).replace('?token=', '?lang=en&jwt='));
		await guest.on('waiting');
		await host.press('admit');
		await guest.on('call');
		await Promise.all([host.decodes(1, 10), guest.decodes(1, 10)]);

		for (const [page, ...rest] of [first, second]) {
			assert.match(page, /eyJ/);
			assert.ok(rest.length);
			for (const one of rest)
				assert.doesNotMatch(one, /eyJ/);
		}
		assert.doesNotMatch(readFileSync(server.log, 'utf8'), /eyJ|token=/);

		/* a reload is back in its place */
		await guest.page.reload();
		await guest.on('call');

		await guest.press('leave');
		await guest.on('ended');

		/* and in the fragment, where not even the first request has it */
		const third = await enter(guest, (await link('patient')).replace('?token=', '?lang=en#token='));
		await guest.on('waiting');
		for (const one of third)
			assert.doesNotMatch(one, /eyJ/);
	});
