/**
 * The HTTP API, call by call, good and bad: doc/protocol.md, "Conventions" and
 * "Meetings", and what every HTTP answer carries.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';

import { Raw } from './raw.mjs';
import { Server } from './stage.mjs';
import { Voice, guest, host, visit } from './voice.mjs';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const NOBODY = 'AAAAAAAAAAAAAAAAAAAAAA';

let server;

before(async () => {
	server = await Server.start();
});

after(() => server.strike());

/* What every error looks like; gives the document. */
function problem(answer, status)
{
	assert.equal(answer.status, status, answer.text);
	assert.match(answer.headers['content-type'],
		/^application\/problem\+json\b/);
	const doc = answer.json;
	assert.equal(doc.status, status);
	assert.match(doc.type, /^urn:paravent:error:[a-z0-9-]+$/);
	for (const member of ['title', 'detail']) {
		assert.equal(typeof doc[member], 'string');
		assert.ok(doc[member].length > 0, member);
	}
	return doc;
}

function target(meeting, rest = '')
{
	return `/api/meetings/${meeting.id}${rest}`;
}

/* A token of the right length that is wrong in one character. */
function bent(token)
{
	return (token[0] == 'A' ? 'B' : 'A') + token.slice(1);
}

describe('making a meeting', { concurrency: true }, () => {
	test('an empty body makes a consultation for two', async () => {
		const answer = await server.post('/api/meetings');
		const made = answer.json;

		assert.equal(answer.status, 201);
		assert.match(answer.headers['content-type'], /^application\/json\b/);
		assert.match(made.meetingId, /^[A-Za-z0-9_-]{22}$/);
		assert.ok(answer.headers.location.endsWith(
			`/api/meetings/${made.meetingId}`));
		assert.equal(made.kind, 'consultation');
		assert.equal(made.status, 'scheduled');
		assert.equal(made.durationMinutes, 60);
		assert.equal(made.capacity, 2);
		assert.equal(made.waitingRoom, true);
		assert.equal(made.relayOnly, false);
		assert.match(made.createdAt, TIME);
		assert.equal(made.joinUrl,
			`${server.origin}/join/${made.meetingId}`);
		assert.match(made.hostUrl, new RegExp(
			`^${made.joinUrl.replace(/[.]/g, '\\.')}` +
			'#token=[A-Za-z0-9_-]{22,}$'));
	});

	test('what was not given is null', async () => {
		const made = await server.meeting();

		for (const member of ['title', 'hostName', 'locale'])
			assert.equal(made[member], null, member);
	});

	test('so does an empty object, and no two meetings share an id', async () => {
		const ids = new Set();

		for (let n = 0; n < 20; n++)
			ids.add((await server.meeting({})).id);
		assert.equal(ids.size, 20);
	});

	test('the durations are whole and the counts are zero', async () => {
		const made = await server.meeting();

		assert.equal(made.participants, 0);
		assert.equal(made.waiting, 0);
	});

	const good = [
		['title', 'x'], ['title', 'x'.repeat(200)],
		['title', '\u00fc'.repeat(200)], ['title', '\u{1F600}'.repeat(50)],
		['title', '<script>alert(1)</script> "\\ \''],
		['kind', 'consultation'], ['kind', 'therapy'], ['kind', 'class'],
		['kind', 'other'],
		['durationMinutes', 5], ['durationMinutes', 1440],
		['capacity', 2], ['capacity', 8],
		['waitingRoom', true], ['waitingRoom', false],
		['relayOnly', true], ['relayOnly', false],
		['hostName', 'Dr. M\u00fcller'], ['locale', 'de'],
	];
	for (const [field, value] of good) {
		test(`takes ${field} ${JSON.stringify(value).slice(0, 40)}`,
			async () => {
			const made = await server.meeting({ [field]: value });
			const read = (await server.get(target(made))).json;

			assert.deepEqual(made[field], value);
			assert.deepEqual(read[field], value);
		});
	}

	test('takes startsAt with or without an offset, and says it in UTC',
		async () => {
		for (const [said, meant] of [
			['2031-05-06T07:08:09Z', '2031-05-06T07:08:09Z'],
			['2031-05-06T07:08:09+02:00', '2031-05-06T05:08:09Z']]) {
			const made = await server.meeting({ startsAt: said });

			assert.match(made.startsAt, TIME);
			assert.equal(Date.parse(made.startsAt), Date.parse(meant));
		}
	});

	test('the capacity follows the kind where none is asked for', async () => {
		for (const [kind, capacity] of [['consultation', 2], ['therapy', 2],
			['other', 4], ['class', 8]])
			assert.equal((await server.meeting({ kind })).capacity,
				capacity, kind);
		assert.equal((await server.meeting(
			{ kind: 'class', capacity: 3 })).capacity, 3);
	});

	const bad = [
		['title', ''], ['title', 'x'.repeat(201)], ['title', 5],
		['title', {}], ['title', ['x']], ['title', true],
		['title', '   '], ['title', 'a\nb'],
		['title', 'a\u2028b'], ['title', 'a\u202eb'],
		['kind', 'party'], ['kind', ''], ['kind', 1],
		['kind', 'Consultation'],
		['startsAt', 'tomorrow'], ['startsAt', ''],
		['startsAt', 1893456000], ['startsAt', '2031-05-06'],
		['startsAt', '2031-02-30T00:00:00Z'],
		['startsAt', '2031-05-06T25:00:00Z'],
		['startsAt', '2031-05-06T07:08:09Z; DROP'],
		['durationMinutes', 4], ['durationMinutes', 1441],
		['durationMinutes', 0], ['durationMinutes', -5],
		['durationMinutes', 30.5], ['durationMinutes', '60'],
		['durationMinutes', 2 ** 40], ['durationMinutes', false],
		['capacity', 1], ['capacity', 9], ['capacity', 2.5],
		['capacity', '2'], ['capacity', []],
		['waitingRoom', 'yes'], ['waitingRoom', 1], ['waitingRoom', {}],
		['relayOnly', 'no'], ['relayOnly', 0],
		['hostName', 5], ['hostName', 'x'.repeat(2000)], ['hostName', {}],
		['locale', 5], ['locale', 'x'.repeat(2000)],
		['tittle', 'a typing error'], ['meetingId', NOBODY],
		['status', 'open'], ['hostUrl', 'x'], ['__proto', {}],
	];
	for (const [field, value] of bad) {
		test(`refuses ${field} ${JSON.stringify(value).slice(0, 40)} by name`,
			async () => {
			const doc = problem(await server.post('/api/meetings',
				{ json: { [field]: value } }), 422);

			assert.ok(doc.errors.length > 0);
			assert.ok(doc.errors.some((one) => one.field == field),
				JSON.stringify(doc.errors));
			for (const one of doc.errors)
				assert.ok(one.detail.length > 0);
		});
	}

	test('blanks around a title and a name are no part of them', async () => {
		const made = await server.meeting({ title: ' \u00a0Checkup ',
			hostName: ' Dr. X ' });

		assert.equal(made.title, 'Checkup');
		assert.equal(made.hostName, 'Dr. X');
	});

	test('a meeting that would be over already is refused', async () => {
		for (const startsAt of ['2020-01-01T00:00:00Z', new Date(
			Date.now() - 3700000).toISOString()])
			problem(await server.post('/api/meetings',
				{ json: { startsAt } }), 422);
		/* It may have begun, though. */
		await server.meeting({ startsAt: new Date(
			Date.now() - 3000000).toISOString() });
	});

	test('so is one in more than ten years', async () => {
		const day = 24 * 3600000;

		problem(await server.post('/api/meetings', { json: { startsAt:
			new Date(Date.now() + 3660 * day).toISOString() } }), 422);
		await server.meeting({ startsAt: new Date(
			Date.now() + 3640 * day).toISOString() });
	});

	test('all mistakes are named at once', async () => {
		const doc = problem(await server.post('/api/meetings', { json: {
			capacity: 99, durationMinutes: 1, colour: 'red' } }), 422);

		assert.deepEqual(doc.errors.map((one) => one.field).sort(),
			['capacity', 'colour', 'durationMinutes']);
	});

	for (const body of ['{', '{"title":}', '{"title":"x"} x', 'title=x',
		'{"title":"\xff"}', '{"title":1e}',
		'{"title":"x","title":"y"}', '{\'a\':1}',
		'\0', '['.repeat(5000), '{"title":"\\ud800"}', 'NaN',
		'{"title":"a\u0000b"}', '{"title":"a\\u0000b"}', '\ufeff{}',
		'[]', '"x"', '1', 'null']) {
		test(`refuses a body that is not JSON: ${
			JSON.stringify(body).slice(0, 30)}`, async () => {
			problem(await server.post('/api/meetings', {
				body: Buffer.from(body, 'latin1'),
				headers: { 'content-type': 'application/json' } }),
				400);
		});
	}

	test('a body of another type is 415', async () => {
		for (const type of ['text/plain', 'application/xml',
			'application/x-www-form-urlencoded',
			'multipart/form-data; boundary=x', 'application/jsonp'])
			problem(await server.post('/api/meetings', { body: '{}',
				headers: { 'content-type': type } }), 415);
	});

	test('the type may carry its charset, in any case of letters', async () => {
		for (const type of ['application/json; charset=utf-8',
			'Application/JSON', 'application/json;charset=UTF-8']) {
			const answer = await server.post('/api/meetings',
				{ body: '{}', headers: { 'content-type': type } });

			assert.equal(answer.status, 201, type);
		}
	});

	test('from another site\'s page it is 403', async () => {
		for (const origin of ['https://evil.example', 'null'])
			problem(await server.post('/api/meetings',
				{ headers: { origin } }), 403);
		assert.equal((await server.post('/api/meetings',
			{ headers: { origin: server.origin } })).status, 201);
	});
});

describe('reading a meeting', { concurrency: true }, () => {
	test('anyone who has the id sees the public part, and no counts',
		async () => {
		const { meeting } = await visit(server, { title: 'Checkup' });
		const read = (await server.get(target(meeting))).json;

		assert.equal(read.meetingId, meeting.id);
		assert.equal(read.title, 'Checkup');
		assert.equal(read.status, 'open');
		for (const hidden of ['participants', 'waiting', 'hostUrl', 'token'])
			assert.ok(!(hidden in read), hidden);
		assert.ok(!JSON.stringify(read).includes(meeting.token));
	});

	test('the host sees how many are inside and waiting', async () => {
		const { meeting, doctor } = await visit(server, { capacity: 3 });

		await guest(server, meeting);
		await doctor.hears('knock');
		const read = (await server.get(target(meeting),
			{ token: meeting.token })).json;
		assert.equal(read.participants, 2);
		assert.equal(read.waiting, 1);
	});

	test('a missing meeting is 404, however its id is spelled', async () => {
		for (const id of [NOBODY, 'x', 'A'.repeat(21), 'A'.repeat(23),
			'A'.repeat(900), '%41', '!'.repeat(22)])
			problem(await server.get(`/api/meetings/${id}`), 404);
	});

	test('missing and forbidden look the same', async () => {
		const made = await server.meeting();
		const token = made.token;
		const missing = problem(await server.post(
			`/api/meetings/${NOBODY}/end`, { token }), 404);

		for (const id of ['BBBBBBBBBBBBBBBBBBBBBB', 'nonsense']) {
			const other = problem(await server.post(
				`/api/meetings/${id}/end`, { token }), 404);
			assert.deepEqual(other, missing);
		}
	});

	test('the answer to GET may not be stored', async () => {
		const made = await server.meeting();
		const answer = await server.get(target(made));

		assert.match(answer.headers['cache-control'], /no-store/);
	});

	test('GET changes nothing: scanners and previews spoil nothing', async () => {
		const made = await server.meeting();

		for (let n = 0; n < 5; n++) {
			await server.get(target(made));
			await server.get(`/join/${made.id}`);
			await server.get(`/join/${made.id}?token=${made.token}`);
		}
		assert.equal((await server.get(target(made))).json.status,
			'scheduled');
	});

	test('nobody gets a list of all meetings', async () => {
		const made = await server.meeting();
		const answer = await server.get('/api/meetings',
			{ token: made.token });

		assert.ok([401, 403, 405].includes(answer.status), answer.text);
		problem(answer, answer.status);
	});

	test('a path is what it decodes to', async () => {
		const made = await server.meeting();
		const spelled = [...made.id].map((letter) => '%' +
			letter.charCodeAt(0).toString(16)).join('');

		for (const path of [`/api/meetings/${spelled}`,
			`/%61pi/meetings/${made.id}`]) {
			const { status } = await server.get(path);

			/* Decoded, or refused: never something else. */
			assert.ok([200, 400, 404].includes(status), path);
		}
		assert.equal((await server.get(`${target(made)}?x=%41&y=`)).status,
			200);
	});
});

describe('ending and cancelling', { concurrency: true }, () => {
	test('the host\'s token ends it, once', async () => {
		const made = await server.meeting();

		await host(server, made);
		const first = await server.post(target(made, '/end'),
			{ token: made.token });
		assert.equal(first.status, 200, first.text);
		assert.equal(first.json.status, 'ended');
		problem(await server.post(target(made, '/end'),
			{ token: made.token }), 409);
	});

	test('the host may end what nobody has entered', async () => {
		const made = await server.meeting();
		const answer = await server.post(target(made, '/end'),
			{ token: made.token });

		assert.equal(answer.status, 200, answer.text);
		assert.equal((await server.get(target(made))).json.status, 'ended');
	});

	test('one that has not begun is cancelled, once', async () => {
		const made = await server.meeting();
		const answer = await server.call('DELETE', target(made),
			{ token: made.token });

		assert.equal(answer.status, 204);
		assert.equal(answer.text, '');
		assert.equal((await server.get(target(made))).json.status,
			'cancelled');
		problem(await server.call('DELETE', target(made),
			{ token: made.token }), 409);
	});

	test('one that was opened cannot be cancelled', async () => {
		const made = await server.meeting();
		const doctor = await host(server, made);

		problem(await server.call('DELETE', target(made),
			{ token: made.token }), 409);
		doctor.says({ type: 'leave' });
		await doctor.closed(1000);
		problem(await server.call('DELETE', target(made),
			{ token: made.token }), 409);
	});

	test('a cancelled one cannot be ended', async () => {
		const made = await server.meeting();

		await server.call('DELETE', target(made), { token: made.token });
		problem(await server.post(target(made, '/end'),
			{ token: made.token }), 409);
	});

	test('without the host\'s token nobody ends or cancels', async () => {
		const made = await server.meeting();
		const other = await server.meeting();
		const tries = [{}, { token: other.token }, { token: bent(made.token) },
			{ token: '' }, { token: made.token + 'A' },
			{ token: made.token.slice(0, -1) }, { token: made.id },
			{ headers: { authorization: `Basic ${made.token}` } },
			{ headers: { authorization: made.token } },
			{ headers: { authorization: 'Bearer' } }];

		for (const how of tries) {
			for (const [method, rest] of [['POST', '/end'],
				['DELETE', '']]) {
				const answer = await server.call(method,
					target(made, rest), how);

				assert.ok([401, 403, 404].includes(answer.status),
					`${method} ${JSON.stringify(how)}: ` +
					answer.status);
				problem(answer, answer.status);
				assert.ok(!answer.text.includes(made.token));
			}
		}
		assert.equal((await server.get(target(made))).json.status,
			'scheduled');
	});

	test('no token at all is 401 and says which scheme', async () => {
		const made = await server.meeting();
		const answer = await server.post(target(made, '/end'));

		problem(answer, 401);
		assert.match(answer.headers['www-authenticate'], /^Bearer\b/);
	});

	test('the word Bearer may be written in any case', async () => {
		const made = await server.meeting();
		const answer = await server.post(target(made, '/end'), { headers:
			{ authorization: `bearer ${made.token}` } });

		assert.equal(answer.status, 200, answer.text);
	});

	test('the token is not taken from the query', async () => {
		const made = await server.meeting();
		const answer = await server.post(
			`${target(made, '/end')}?token=${made.token}`);

		problem(answer, 401);
	});

	test('a meeting that does not exist is 404 for all of them', async () => {
		const made = await server.meeting();

		for (const [method, rest] of [['POST', '/end'], ['DELETE', '']])
			problem(await server.call(method,
				`/api/meetings/${NOBODY}${rest}`,
				{ token: made.token }), 404);
	});
});

describe('HTTP', { concurrency: true }, () => {
	test('a wrong method is 405 and says what would be right', async () => {
		const made = await server.meeting();
		const rows = [
			['PUT', '/api/meetings', ['POST']],
			['DELETE', '/api/meetings', ['POST']],
			['PATCH', '/api/meetings', ['POST']],
			['POST', target(made), ['GET', 'HEAD', 'DELETE']],
			['PUT', target(made), ['GET', 'HEAD', 'DELETE']],
			['GET', target(made, '/end'), ['POST']],
			['POST', target(made, '/socket'), ['GET']],
			['DELETE', target(made, '/end'), ['POST']],
			['POST', '/healthz', ['GET', 'HEAD']],
			['POST', '/readyz', ['GET', 'HEAD']],
			['POST', '/', ['GET', 'HEAD']],
		];

		for (const [method, path, allowed] of rows) {
			const answer = await server.call(method, path);

			problem(answer, 405);
			const allow = answer.headers.allow.split(/\s*,\s*/);
			for (const one of allowed)
				assert.ok(allow.includes(one),
					`${method} ${path}: ${allow}`);
			assert.ok(!allow.includes(method));
		}
	});

	test('what is not there is a 404 problem', async () => {
		for (const path of ['/api', '/api/', '/api/nothing',
			'/api/meetings/', '/nothing', '/assets/nothing.js',
			`/api/meetings/${NOBODY}/nothing`, '/API/MEETINGS'])
			problem(await server.get(path), 404);
	});

	test('HEAD answers as GET does, without the body', async () => {
		const made = await server.meeting();

		for (const path of [target(made), '/', '/healthz',
			`/api/meetings/${NOBODY}`]) {
			const get = await server.get(path);
			const raw = await Raw.connect(server);

			raw.send(`HEAD ${path} HTTP/1.1\r\nHost: 127.0.0.1:${
				server.port}\r\nConnection: close\r\n\r\n`);
			const head = await raw.answer({ head: true });
			assert.equal(head.status, get.status, path);
			assert.equal(head.headers['content-type'],
				get.headers['content-type']);
			assert.equal(head.headers['content-length'],
				get.headers['content-length']);
			assert.ok(await raw.end());
			assert.equal(raw.got.length, 0, 'a body after HEAD');
		}
	});

	test('a connection serves one request after the other', async () => {
		const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
		const seen = new Set();

		agent.on('free', (socket) => seen.add(socket));
		for (let n = 0; n < 20; n++) {
			const made = await server.post('/api/meetings', { agent,
				json: { title: `${n}` } });
			const read = await server.get(
				`/api/meetings/${made.json.meetingId}`, { agent });

			assert.equal(read.json.title, `${n}`);
			await server.get('/api/nothing', { agent });
		}
		agent.destroy();
		assert.equal(seen.size, 1);
	});

	test('pipelined requests are answered in their order', async () => {
		const made = await server.meeting();
		const raw = await Raw.connect(server);
		const hostLine = `Host: 127.0.0.1:${server.port}\r\n`;

		raw.send(`GET ${target(made)} HTTP/1.1\r\n${hostLine}\r\n` +
			`POST /api/meetings HTTP/1.1\r\n${hostLine}` +
			'Content-Type: application/json\r\nContent-Length: 13\r\n\r\n' +
			'{"title":"x"}' +
			`GET /api/meetings/${NOBODY} HTTP/1.1\r\n${hostLine}` +
			'Connection: close\r\n\r\n');
		assert.equal((await raw.answer()).status, 200);
		assert.equal((await raw.answer()).status, 201);
		assert.equal((await raw.answer()).status, 404);
		assert.ok(await raw.end());
	});

	test('HTTP/1.0 is served and closed', async () => {
		const raw = await Raw.connect(server);

		raw.send('GET /healthz HTTP/1.0\r\n\r\n');
		assert.equal((await raw.answer()).status, 200);
		assert.ok(await raw.end());
	});

	test('Connection: close is obeyed', async () => {
		const raw = await Raw.connect(server);

		raw.send(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${
			server.port}\r\nConnection: close\r\n\r\n`);
		const answer = await raw.answer();
		assert.equal(answer.status, 200);
		assert.equal(answer.headers.connection?.toLowerCase(), 'close');
		assert.ok(await raw.end());
	});

	test('a body over 64 KiB is 413', async () => {
		const answer = await server.post('/api/meetings', {
			body: JSON.stringify({ title: 'x'.repeat(65537) }),
			headers: { 'content-type': 'application/json' } })
			.catch((err) => err);

		/* It may close before we have sent it all. */
		assert.ok(answer.status == 413 || answer.code == 'EPIPE' ||
			answer.code == 'ECONNRESET', `${answer.status}`);
	});

	test('a declared body over 64 KiB is refused before it is sent',
		async () => {
		for (const length of ['65537', '1000000', '4294967297',
			'18446744073709551617', '99999999999999999999999999']) {
			const raw = await Raw.connect(server);

			raw.send('POST /api/meetings HTTP/1.1\r\nHost: 127.0.0.1:' +
				`${server.port}\r\nContent-Type: application/json\r\n` +
				`Content-Length: ${length}\r\n\r\n`);
			const answer = await raw.answer();
			assert.ok([400, 413].includes(answer?.status), length);
			assert.ok(await raw.end(), 'still open');
		}
	});

	test('a body of 16 KiB is read', async () => {
		const answer = await server.post('/api/meetings', {
			body: '{}' + ' '.repeat(16382),
			headers: { 'content-type': 'application/json' } });

		assert.equal(answer.status, 201, answer.text);
	});

	test('a head over 16 KiB is 431', async () => {
		const raw = await Raw.connect(server);

		raw.send('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:' +
			`${server.port}\r\nX-Long: ${'x'.repeat(17000)}\r\n\r\n`);
		assert.equal((await raw.answer())?.status, 431);
		assert.ok(await raw.end());
	});

	test('a head of 15 KiB is read', async () => {
		const answer = await server.get('/healthz',
			{ headers: { 'x-long': 'x'.repeat(15 * 1024 - 200) } });

		assert.equal(answer.status, 200);
	});

	test('Expect: 100-continue is answered, then the body is read', async () => {
		const raw = await Raw.connect(server);

		raw.send('POST /api/meetings HTTP/1.1\r\nHost: 127.0.0.1:' +
			`${server.port}\r\nContent-Type: application/json\r\n` +
			'Content-Length: 2\r\nExpect: 100-continue\r\n\r\n');
		assert.equal((await raw.answer())?.status, 100);
		raw.send('{}');
		assert.equal((await raw.answer())?.status, 201);
		raw.close();
	});

	test('every answer says when, and keeps browsers from guessing',
		async () => {
		const made = await server.meeting();

		for (const path of [target(made), '/', `/join/${made.id}`,
			'/api/nothing']) {
			const { headers } = await server.get(path);

			assert.equal(headers['x-content-type-options'], 'nosniff');
			assert.equal(headers['referrer-policy'], 'no-referrer');
			assert.ok(!('x-powered-by' in headers));
			assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) <
				5000, path);
		}
	});

	test('healthz and readyz are 200 and never stored', async () => {
		for (const path of ['/healthz', '/readyz']) {
			const answer = await server.get(path);

			assert.equal(answer.status, 200);
			assert.match(answer.headers['cache-control'], /no-store/);
		}
	});

	test('no answer allows other sites to read it', async () => {
		const made = await server.meeting();
		const answer = await server.get(target(made),
			{ headers: { origin: 'https://evil.example' } });

		assert.ok(!('access-control-allow-origin' in answer.headers));
	});
});

describe('the pages', { concurrency: true }, () => {
	/* Paths of scripts and styles that the page loads. */
	function assetsOf(page)
	{
		return [...page.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)]
			.map((match) => match[1]);
	}

	test('the join page is the same for every id, existing or not', async () => {
		const made = await server.meeting();
		const page = await server.get(`/join/${made.id}`);
		const other = await server.get(`/join/${NOBODY}`);

		assert.equal(page.status, 200);
		assert.match(page.headers['content-type'],
			/^text\/html; *charset=utf-8$/i);
		assert.equal(page.text, other.text);
		assert.ok(!page.text.includes(made.id));
	});

	test('nothing on the page comes from elsewhere, and CSP holds it to that',
		async () => {
		for (const path of ['/', '/staff', `/join/${NOBODY}`]) {
			const page = await server.get(path);
			const csp = page.headers['content-security-policy'];

			for (const rule of ["default-src 'none'", "script-src 'self'",
				"base-uri 'none'", "form-action '",
				"frame-ancestors 'none'"])
				assert.ok(csp.includes(rule), `${rule}: ${csp}`);
			assert.ok(!/unsafe|\*/.test(csp), csp);
			assert.ok(!/(?:src|href)="(?:https?:)?\/\//.test(page.text));
			assert.match(page.headers['permissions-policy'], /camera=/);
		}
	});

	test('a link that a mail scanner bent is mended by the page', async () => {
		const answer = await server.get(
			`/join/${NOBODY}%23k=AAAAAAAAAAAAAAAAAAAAAA`);

		assert.equal(answer.status, 200);
		assert.match(answer.headers['content-type'], /^text\/html/);
		assert.ok(!server.log.includes('k=AAAA'), 'the key is in the log');
	});

	test('the page is asked for again, and 304 when it is the same', async () => {
		const page = await server.get('/');

		assert.match(page.headers['cache-control'], /no-cache/);
		const etag = page.headers.etag;
		assert.match(etag, /^(W\/)?"[^"]+"$/);
		for (const tag of [etag, `"x", ${etag}`, '*',
			`W/${etag.replace(/^W\//, '')}`]) {
			const again = await server.get('/',
				{ headers: { 'if-none-match': tag } });

			assert.equal(again.status, 304, tag);
			assert.equal(again.text, '');
			assert.equal(again.headers.etag, etag);
		}
		assert.equal((await server.get('/',
			{ headers: { 'if-none-match': '"other"' } })).status, 200);
	});

	test('gzip and brotli give the same bytes, to who asks for them',
		async () => {
		const plain = await server.get('/');
		const rows = [['gzip', zlib.gunzipSync],
			['br', zlib.brotliDecompressSync]];

		assert.ok(!('content-encoding' in plain.headers));
		assert.match(plain.headers.vary, /accept-encoding/i);
		for (const [coding, open] of rows) {
			const packed = await server.get('/',
				{ headers: { 'accept-encoding': coding } });

			assert.equal(packed.headers['content-encoding'], coding);
			assert.deepEqual(open(packed.body), plain.body);
			assert.ok(packed.body.length < plain.body.length);
		}
		const best = await server.get('/',
			{ headers: { 'accept-encoding': 'gzip, deflate, br' } });
		assert.equal(best.headers['content-encoding'], 'br');
		for (const none of ['identity', 'br;q=0, gzip;q=0', 'x-br']) {
			const answer = await server.get('/',
				{ headers: { 'accept-encoding': none } });

			assert.ok(!('content-encoding' in answer.headers), none);
		}
	});

	test('assets carry their hash and may be kept for ever', async (t) => {
		const page = await server.get('/');
		const paths = assetsOf(page.text);

		if (page.text.includes('--without-web')) {
			t.skip('a binary without its web client');
			return;
		}
		assert.ok(paths.length > 0, 'the page loads nothing');
		for (const path of paths) {
			const asset = await server.get(path);

			assert.equal(asset.status, 200);
			assert.match(asset.headers['cache-control'], /immutable/);
			assert.match(asset.headers['content-type'],
				path.endsWith('.js') ? /^text\/javascript/ : /^text\/css/);
		}
	});

	test('no path leads out of the pages', async () => {
		for (const path of ['/assets/../../etc/passwd',
			'/assets/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc/passwd',
			'//etc/passwd', '/assets/..%5c..%5cetc', '/%00', '/a%00b',
			'/assets/']) {
			const raw = await Raw.connect(server);

			raw.send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${
				server.port}\r\n\r\n`);
			const answer = await raw.answer();
			assert.ok([400, 404].includes(answer.status), path);
			assert.ok(!answer.body.includes('root:'));
			raw.close();
		}
	});
});

describe('secrets', () => {
	test('no token, id or name of a visit is in the log', async () => {
		const meeting = await server.meeting({ title: 'Tittle-tattle',
			hostName: 'Dr. Secretive', capacity: 3 });
		const doctor = await host(server, meeting);
		const patient = await new Voice(server, meeting)
			.knocks({ name: 'Patient Zero' });
		const denied = await guest(server, meeting);

		await server.get(`/join/${meeting.id}?token=${meeting.token}`);
		await server.get(`/join/${meeting.id}%23k=SECRETKEYSECRETKEY1234`);
		await server.post(`/api/meetings/${meeting.id}/end`,
			{ token: bent(meeting.token) });
		doctor.says({ type: 'note', to: patient.id, text: 'Hush-hush' });
		await patient.hears('note');
		doctor.says({ type: 'deny', id: denied.id });
		await denied.closed(4403);
		doctor.says({ type: 'admit', id: patient.id });
		await patient.isWelcome();
		patient.cut();
		await doctor.hearsAtLast('participant-away');
		const back = await new Voice(server, meeting).enters(
			{ name: 'Patient Zero', resume: patient.resume });
		await back.signals(doctor, 'Sub rosa').catch(() => undefined);
		doctor.says({ type: 'lock', on: true });
		await doctor.hearsAtLast('locked');
		doctor.says({ type: 'remove', id: patient.id });
		await back.closed(4403);
		doctor.says({ type: 'end' });
		await doctor.closed(1000);
		const other = await server.meeting();
		await server.call('DELETE', `/api/meetings/${other.id}`,
			{ token: other.token });

		const log = server.log;
		for (const secret of [meeting.token, bent(meeting.token),
			doctor.resume, patient.resume, meeting.id, doctor.id,
			patient.id, other.id, other.token, 'Tittle-tattle',
			'Secretive', 'Patient Zero', 'Hush-hush', 'Sub rosa',
			'SECRETKEY'])
			assert.ok(!log.includes(secret), secret);
	});
});
