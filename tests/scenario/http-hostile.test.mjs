/**
 * Requests on which a server and a proxy in front of it could disagree, and clients
 * that are slow on purpose. RFC 9112; what is refused gets one answer and the end of
 * its connection, so that nothing behind it is ever read as a request.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Bystanders } from './bystander.mjs';
import { Raw } from './raw.mjs';
import { Server, sleep } from './stage.mjs';

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';

let server;
let bystanders;

before(async () => {
	server = await Server.start();
	bystanders = await Bystanders.of(server);
});

after(() => server.strike());

/* A request with these lines; HOST stands for the right Host line. */
function request(first, lines = [], body = '')
{
	return [first, ...lines, '', ''].join('\r\n').replace('HOST',
		'Host: localhost') + body;
}

function get(...lines)
{
	return request('GET /healthz HTTP/1.1', ['HOST', ...lines]);
}

/* POST with a smuggled request as its body. */
function post(...lines)
{
	return request('POST /api/meetings HTTP/1.1', ['HOST',
		'Content-Type: application/json', ...lines], SMUGGLED);
}

/* One answer with one of these statuses, then the end, and nothing between. */
async function isRefused(raw, statuses)
{
	const answer = await raw.answer();

	assert.ok(answer, 'no answer');
	assert.ok(statuses.includes(answer.status), `${answer.status}`);
	assert.match(answer.headers['content-type'],
		/^application\/problem\+json/);
	assert.equal(JSON.parse(answer.body).status, answer.status);
	assert.ok(await raw.end(), 'still open');
	assert.equal(raw.got.toString(), '', 'a second answer');
}

const refused = [
	['two lengths that differ', post('Content-Length: 5',
		'Content-Length: 4'), 400],
	['two lengths that agree', post('Content-Length: 5',
		'Content-Length: 5'), 400],
	['a list of lengths', post('Content-Length: 5, 5'), 400],
	['length and chunked', post('Content-Length: 5',
		'Transfer-Encoding: chunked'), 400, 501],
	['chunked and length', post('Transfer-Encoding: chunked',
		'Content-Length: 5'), 400, 501],
	['chunked', post('Transfer-Encoding: chunked'), 501, 400],
	['xchunked', post('Transfer-Encoding: xchunked'), 501, 400],
	['gzip', post('Transfer-Encoding: gzip'), 501, 400],
	['identity', post('Transfer-Encoding: identity'), 501, 400],
	['chunked, with a tab', post('Transfer-Encoding:\tchunked'), 501, 400],
	['chunked in HTTP/1.0', request('POST /api/meetings HTTP/1.0',
		['Transfer-Encoding: chunked'], SMUGGLED), 501, 400],
	['a length of -1', post('Content-Length: -1'), 400],
	['a length of +5', post('Content-Length: +5'), 400],
	['a length of 0x5', post('Content-Length: 0x5'), 400],
	['a length of 5.0', post('Content-Length: 5.0'), 400],
	['a length of 5 and a word', post('Content-Length: 5 five'), 400],
	['an empty length', post('Content-Length:'), 400],
	['a length of 2^64 + 5', post('Content-Length: 18446744073709551621'),
		400, 413],
	['a space before the colon of a length', post('Content-Length : 5'),
		400],
	['a space before the colon of an encoding',
		post('Transfer-Encoding : chunked'), 400],
	['a tab before a colon', get('X-Y\t: z'), 400],
	['a space in a name', get('X Y: z'), 400],
	['no colon', get('XY'), 400],
	['no name', get(': z'), 400],
	['a folded line', get('X-Y: z', ' folded'), 400],
	['a folded first line', request('GET /healthz HTTP/1.1',
		[' X-Y: z', 'HOST']), 400],
	['a NUL in a value', get('X-Y: a\0b'), 400],
	['a NUL in a name', get('X\0Y: z'), 400],
	['a CR in a value', get('X-Y: a\rb'), 400],
	['a DEL in a value', get('X-Y: a\x7fb'), 400],
	['an ESC in a value', get('X-Y: \x1b[2J'), 400],
	['a paren in a name', get('X(Y): z'), 400],
	['an eighth bit in a name', get('X\xffY: z'), 400],
	['LF alone behind a line', 'GET /healthz HTTP/1.1\nHost: x\n\n', 400],
	['LF alone in the middle', 'GET /healthz HTTP/1.1\r\nHost: x\nX: y\r\n' +
		'\r\n', 400],
	['no Host', request('GET /healthz HTTP/1.1'), 400],
	['two Hosts', get('Host: other'), 400],
	['two Origins', get('Origin: http://a', 'Origin: http://b'), 400],
	['two Authorizations', get('Authorization: Bearer a',
		'Authorization: Bearer b'), 400],
	['a Host with a space', request('GET /healthz HTTP/1.1',
		['Host: a b']), 400],
	['a Host with a slash', request('GET /healthz HTTP/1.1',
		['Host: a/b']), 400],
	['a body on GET', request('GET /healthz HTTP/1.1', ['HOST',
		`Content-Length: ${SMUGGLED.length}`], SMUGGLED), 400],
	['a body on HEAD', request('HEAD /healthz HTTP/1.1', ['HOST',
		`Content-Length: ${SMUGGLED.length}`], SMUGGLED), 400],
	['an absolute target', request('GET http://evil/healthz HTTP/1.1',
		['HOST']), 400],
	['an authority as the target', request('CONNECT evil:443 HTTP/1.1',
		['HOST']), 400, 501],
	['two slashes in front', request('GET //evil/healthz HTTP/1.1',
		['HOST']), 400],
	['no slash in front', request('GET healthz HTTP/1.1', ['HOST']), 400],
	['dots that lead up', request('GET /../../healthz HTTP/1.1', ['HOST']),
		400],
	['dots that lead up, encoded', request(
		'GET /%2e%2e/healthz HTTP/1.1', ['HOST']), 400],
	['an encoded NUL', request('GET /healthz%00 HTTP/1.1', ['HOST']), 400],
	['an encoded slash', request('GET /a%2fhealthz HTTP/1.1', ['HOST']),
		400],
	['a backslash', request('GET /a\\healthz HTTP/1.1', ['HOST']), 400],
	['an encoded backslash', request('GET /a%5chealthz HTTP/1.1',
		['HOST']), 400],
	['an encoded newline', request('GET /healthz%0d%0aX:%20y HTTP/1.1',
		['HOST']), 400],
	['half an escape', request('GET /healthz%4 HTTP/1.1', ['HOST']), 400],
	['an escape that is none', request('GET /%zz HTTP/1.1', ['HOST']), 400],
	['bytes that are no UTF-8, encoded', request('GET /%ff HTTP/1.1',
		['HOST']), 400],
	['a fragment', request('GET /healthz#x HTTP/1.1', ['HOST']), 400],
	['an ESC in the target', request('GET /\x1b HTTP/1.1', ['HOST']), 400],
	['an eighth bit in the target', request('GET /\xe4 HTTP/1.1', ['HOST']),
		400],
	['a space in the target', request('GET /a b HTTP/1.1', ['HOST']), 400],
	['two spaces', request('GET  /healthz HTTP/1.1', ['HOST']), 400],
	['a tab for a space', request('GET\t/healthz HTTP/1.1', ['HOST']), 400],
	['a space at the end', request('GET /healthz HTTP/1.1 ', ['HOST']), 400],
	['HTTP/0.9', 'GET /healthz\r\n\r\n', 400],
	['HTTP/1.2', request('GET /healthz HTTP/1.2', ['HOST']), 400, 505],
	['HTTP/2.0', request('GET /healthz HTTP/2.0', ['HOST']), 505, 400],
	['HTTP/-1.1', request('GET /healthz HTTP/-1.1', ['HOST']), 400, 505],
	['HTTP/1.-1', request('GET /healthz HTTP/1.-1', ['HOST']), 400, 505],
	['HTTP/1.10', request('GET /healthz HTTP/1.10', ['HOST']), 400, 505],
	['http/1.1 in small letters', request('GET /healthz http/1.1',
		['HOST']), 400, 505],
	['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 405,
		501, 505],
	['an unknown method', request('BREW /healthz HTTP/1.1', ['HOST']), 501,
		405, 400],
	['a method in small letters', request('get /healthz HTTP/1.1',
		['HOST']), 501, 405, 400],
	['a method of 5000 letters', request(
		`${'G'.repeat(5000)} /healthz HTTP/1.1`, ['HOST']), 400, 414, 501],
	['a target of 8 KiB', request(`GET /${'a'.repeat(8192)} HTTP/1.1`,
		['HOST']), 414],
	['65 lines', get(...Array.from({ length: 65 }, (_, n) => `X${n}: y`)),
		431],
	['3,000 lines', get(...Array.from({ length: 3000 }, () => 'A:')), 431],
	['a line of 17 KiB', get(`X-Y: ${'z'.repeat(17 * 1024)}`), 431],
	['another expectation', post('Content-Length: 5', 'Expect: tea'), 417],
];

const accepted = [
	['nothing special', get(), 200],
	['values with bytes of Latin 1', get('X-Y: \xe4'), 200],
	['blanks around a value', get('X-Y:   z  \t'), 200],
	['an empty value', get('X-Y:'), 200],
	['a query with everything in it', request(
		'GET /healthz?a=/..//%2f&b=?:@\'!$ HTTP/1.1', ['HOST']), 200],
	['an encoded letter', request('GET /%68ealthz HTTP/1.1', ['HOST']), 200],
	['64 lines', get(...Array.from({ length: 63 }, (_, n) => `X${n}: y`)),
		200],
	['a length with zeros in front', request('POST /api/meetings HTTP/1.1',
		['HOST', 'Content-Type: application/json',
			'Content-Length: 02'], '{}'), 201, 400],
];

describe('a request', { concurrency: true }, () => {
	for (const [what, text, ...statuses] of refused) {
		test(`with ${what} is refused, whole and byte by byte`, async () => {
			const bytes = Buffer.from(text, 'latin1');
			const whole = await Raw.connect(server);

			whole.send(bytes);
			await isRefused(whole, statuses);

			const slow = await Raw.connect(server);
			const dripping = slow.drip(bytes, {
				step: Math.max(1, Math.floor(bytes.length / 400)) });

			await isRefused(slow, statuses);
			await dripping;
			await bystanders.areWell();
		});
	}

	for (const [what, text, ...statuses] of accepted) {
		test(`with ${what} is answered, whole and byte by byte`,
			async () => {
			const bytes = Buffer.from(text, 'latin1');

			for (const step of [bytes.length, 1]) {
				const raw = await Raw.connect(server);

				await raw.drip(bytes, { step });
				const answer = await raw.answer();
				assert.ok(statuses.includes(answer.status),
					`${answer.status} ${answer.body}`);
				raw.close();
			}
		});
	}

	test('split at any place is the same request', async () => {
		const bytes = Buffer.from(post('Content-Length: 13').replace(
			SMUGGLED, '{"title":"x"}'), 'latin1');

		await Promise.all(Array.from({ length: bytes.length - 1 },
			async (_, n) => {
			const raw = await Raw.connect(server);

			raw.send(bytes.subarray(0, n + 1));
			await sleep(20);
			raw.send(bytes.subarray(n + 1));
			assert.equal((await raw.answer())?.status, 201, `at ${n + 1}`);
			raw.close();
		}));
	});

	test('that begins with neither a letter nor STUN is closed at once',
		async () => {
		for (const bytes of ['\r\n', ' GET / HTTP/1.1\r\n\r\n', '\xff\xff',
			'5', '\x80', '\x16garbage that is no TLS']) {
			const raw = await Raw.connect(server);

			raw.send(Buffer.from(bytes, 'latin1'));
			assert.ok(await raw.end(3000), JSON.stringify(bytes));
			assert.equal(raw.got.length, 0);
		}
	});
});

describe('a slow client', { concurrency: true }, () => {
	/* Sends a byte a second; gives the seconds until the server had enough. */
	async function starves(first, drop, limit)
	{
		const raw = await Raw.connect(server);
		const start = Date.now();
		const timer = setInterval(() => raw.send(drop), 1000);

		raw.send(first);
		try {
			assert.ok(await raw.end(limit * 1000 + 5000), 'still open');
		} finally {
			clearInterval(timer);
			raw.close();
		}
		await bystanders.areWell();
		return (Date.now() - start) / 1000;
	}

	const head = 'POST /api/meetings HTTP/1.1\r\nHost: localhost\r\n' +
		'Content-Type: application/json\r\n';

	test('that drips its head is closed after 10 s', async () => {
		const seconds = await starves('GET /healthz HTTP/1.1\r\n',
			'X', 10);

		assert.ok(seconds > 8 && seconds < 14, `${seconds} s`);
	});

	test('that drips its body is closed after 30 s', async () => {
		const seconds = await starves(
			`${head}Content-Length: 1000\r\n\r\n`, ' ', 30);

		assert.ok(seconds > 25 && seconds < 36, `${seconds} s`);
	});

	test('that says nothing at all is closed after 10 s', async () => {
		const seconds = await starves('', '', 10);

		assert.ok(seconds > 8 && seconds < 14, `${seconds} s`);
	});

	test('five hundred of them keep nobody from a visit', async () => {
		const crowd = await Promise.all(Array.from({ length: 500 },
			() => Raw.connect(server)));

		for (const raw of crowd)
			raw.send('GET / HTTP/1.1\r\nX-Slow: ');
		await bystanders.areWell();
		for (const raw of crowd)
			raw.close();
	});

	test('that never reads its answers costs little memory', async () => {
		const before = server.rss;
		const raw = await Raw.connect(server);
		const many = Buffer.from(request('GET / HTTP/1.1', ['HOST'])
			.repeat(1000));
		const stop = Date.now() + 3000;

		raw.socket.pause();
		while (Date.now() < stop && !raw.socket.destroyed) {
			if (raw.socket.writableLength < 1 << 20)
				raw.send(many);
			await sleep(5);
		}
		assert.ok(server.rss - before < 32 * 1024,
			`${server.rss - before} kB more`);
		await bystanders.areWell();
		raw.close();
	});
});
