/**
 * What strangers and broken clients send over WebSocket: each is answered as
 * doc/protocol.md and RFC 6455 say, and nobody else notices.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Bystanders } from './bystander.mjs';
import { OP, Raw, RawVoice, closeFrame, frame, handshake, textFrame }
	from './raw.mjs';
import { Server, sleep } from './stage.mjs';
import { Voice, guest, host, visit } from './voice.mjs';

const KNOWN_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const KNOWN_ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';	/* RFC 6455 section 1.3 */
const NOBODY = 'AAAAAAAAAAAAAAAA';

let server;
let bystanders;

before(async () => {
	server = await Server.start();
	bystanders = await Bystanders.of(server);
});

after(() => server.strike());

/* A test of this file ends with the question how the others are. */
function hostile(promise, play)
{
	test(promise, async () => {
		await play();
		await bystanders.areWell();
	});
}

async function opened()
{
	const meeting = await server.meeting();

	return new Voice(server, meeting).open();
}

/* A raw voice that is inside a meeting. */
async function inside(plan)
{
	const meeting = await server.meeting({ waitingRoom: false, ...plan });

	return RawVoice.join(server, meeting);
}

describe('before the join', { concurrency: true }, () => {
	hostile('who says nothing for 10 s is closed with 4408', async () => {
		const voice = await opened();
		const start = Date.now();

		await voice.closed(4408);
		const seconds = (Date.now() - start) / 1000;
		assert.ok(seconds > 8 && seconds < 15, `after ${seconds} s`);
	});

	hostile('who only pings for 10 s as well', async () => {
		const voice = await opened();
		const timer = setInterval(() => voice.ws.ping(), 1000);

		try {
			await voice.closed(4408);
		} finally {
			clearInterval(timer);
		}
	});

	const first = [
		['another type', { type: 'signal', to: NOBODY, data: 1 }],
		['an unknown type', { type: 'hello' }],
		['no type', { name: 'x' }],
		['a type that is no text', { type: 5, name: 'x' }],
		['no name', { type: 'join' }],
		['an empty name', { type: 'join', name: '' }],
		['a name of 81 letters', { type: 'join', name: 'x'.repeat(81) }],
		['a name that is no text', { type: 'join', name: { a: 1 } }],
		['a name of null', { type: 'join', name: null }],
		['a name of blanks', { type: 'join', name: ' \u00a0\u2003' }],
		['a name with a line end', { type: 'join', name: 'a\nb' }],
		['a name that turns the text around', { type: 'join',
			name: 'a\u202eb' }],
		['sealed over 1024', { type: 'join', sealed: 'A'.repeat(1025) }],
		['sealed that is not base64url', { type: 'join', sealed: 'a b+/=' }],
		['an empty sealed', { type: 'join', sealed: '' }],
		['a token that is no text', { type: 'join', name: 'x', token: 5 }],
		['a resume that is no text', { type: 'join', name: 'x',
			resume: [] }],
		['JOIN in capitals', { type: 'JOIN', name: 'x' }],
	];
	for (const [what, message] of first) {
		hostile(`a first message with ${what} is 4400`, async () => {
			const voice = await opened();

			voice.says(message);
			await voice.closed(4400);
		});
	}

	hostile('a first message that is not JSON is 1008 or 4400', async () => {
		for (const text of ['', 'join', '{"type":"join"', '[]', 'null']) {
			const voice = await opened();

			voice.says(text);
			const { code } = await voice.closed();
			assert.ok([1008, 4400].includes(code), `${text}: ${code}`);
		}
	});

	hostile('names of 1 and of 80 letters of any script are fine', async () => {
		const meeting = await server.meeting();
		const doctor = await host(server, meeting);

		for (const name of ['x', 'x'.repeat(80), '\u00fc'.repeat(80),
			'\u{1F600}', '"\\</script>', '\u0639\u0644\u064a']) {
			await new Voice(server, meeting).knocks({ name });
			await doctor.hears('knock', { name });
		}
	});

	hostile('a hundred who never join disturb nobody', async () => {
		const meeting = await server.meeting();
		const crowd = await Promise.all(Array.from({ length: 100 },
			() => new Voice(server, meeting).open()));

		await bystanders.areWell();
		for (const voice of crowd)
			voice.cut();
	});
});

describe('the handshake', { concurrency: true }, () => {
	hostile('is answered as RFC 6455 computes it, and without extensions',
		async () => {
		const meeting = await server.meeting();
		const raw = await Raw.connect(server);

		raw.send(handshake(server, meeting, { key: KNOWN_KEY, add: [[
			'Sec-WebSocket-Extensions', 'permessage-deflate']] }));
		const { status, headers } = await raw.answer();
		assert.equal(status, 101);
		assert.equal(headers['sec-websocket-accept'], KNOWN_ACCEPT);
		assert.equal(headers['sec-websocket-protocol'], 'paravent.v1');
		assert.match(headers.upgrade, /^websocket$/i);
		assert.match(headers.connection, /upgrade/i);
		assert.ok(!('sec-websocket-extensions' in headers));
		raw.close();
	});

	hostile('with frames right behind it loses none of them', async () => {
		const meeting = await server.meeting({ waitingRoom: false });
		const raw = await RawVoice.connect(server);

		raw.send(Buffer.concat([
			Buffer.from(handshake(server, meeting)),
			textFrame({ type: 'join', name: 'Eager' }),
			textFrame({ type: 'ice' })]));
		assert.equal((await raw.answer()).status, 101);
		assert.equal((await raw.message()).type, 'welcome');
		assert.equal((await raw.message()).type, 'ice');
		raw.close();
	});

	hostile('byte by byte is a handshake as well', async () => {
		const meeting = await server.meeting({ waitingRoom: false });
		const raw = await RawVoice.connect(server);

		await raw.drip(handshake(server, meeting));
		assert.equal((await raw.answer()).status, 101);
		await raw.drip(textFrame({ type: 'join', name: 'Slow' }));
		assert.equal((await raw.message()).type, 'welcome');
		raw.close();
	});

	const rows = [
		['no key', { drop: ['Sec-WebSocket-Key'] }],
		['a short key', { key: 'AAAA' }],
		['a key of 17 bytes', { key: 'QUFBQUFBQUFBQUFBQUFBQUE=' }],
		['a key that is not base64', { key: '!'.repeat(24) }],
		['two keys', { add: [['Sec-WebSocket-Key', KNOWN_KEY]] }],
		['no version', { drop: ['Sec-WebSocket-Version'] }],
		['no Upgrade', { drop: ['Upgrade'] }],
		['no Connection', { drop: ['Connection'] }],
		['no Host', { drop: ['Host'] }],
		['no subprotocol', { drop: ['Sec-WebSocket-Protocol'] }],
		['another subprotocol', { drop: ['Sec-WebSocket-Protocol'],
			add: [['Sec-WebSocket-Protocol', 'paravent.v12']] }],
		['a body', { add: [['Content-Length', '5']] }],
	];
	for (const [what, how] of rows) {
		hostile(`with ${what} gets 4xx`, async () => {
			const meeting = await server.meeting();
			const raw = await Raw.connect(server);

			raw.send(handshake(server, meeting, how));
			const answer = await raw.answer();
			assert.ok(answer.status >= 400 && answer.status < 500,
				`${answer.status}`);
			raw.close();
		});
	}

	hostile('of another version is 426 and names ours', async () => {
		const meeting = await server.meeting();
		const raw = await Raw.connect(server);

		raw.send(handshake(server, meeting, {
			drop: ['Sec-WebSocket-Version'],
			add: [['Sec-WebSocket-Version', '8']] }));
		const answer = await raw.answer();
		assert.equal(answer.status, 426);
		assert.equal(answer.headers['sec-websocket-version'], '13');
		raw.close();
	});

	hostile('of two hundred, half broken off, leaves nobody behind',
		async () => {
		const meeting = await server.meeting();
		const bytes = handshake(server, meeting);

		await Promise.all(Array.from({ length: 200 }, async (_, n) => {
			const raw = await Raw.connect(server);

			raw.send(n % 2 ? bytes
				: bytes.slice(0, crypto.randomInt(bytes.length)));
			if (n % 2)
				assert.equal((await raw.answer()).status, 101);
			raw.close();
		}));
	});
});

describe('frames', { concurrency: true }, () => {
	const text = Buffer.from('{"type":"ice"}');
	const rows = [
		['unmasked', frame(OP.TEXT, text, { mask: false }), [1002]],
		['with RSV1', frame(OP.TEXT, text, { rsv: 4 }), [1002]],
		['with RSV2', frame(OP.TEXT, text, { rsv: 2 }), [1002]],
		['with RSV3', frame(OP.TEXT, text, { rsv: 1 }), [1002]],
		['of opcode 3', frame(3, text), [1002]],
		['of opcode 7', frame(7, text), [1002]],
		['of opcode 11', frame(11, ''), [1002]],
		['of opcode 15', frame(15, ''), [1002]],
		['with a length longer than need be, 16 bits',
			frame(OP.TEXT, text, { form: 16 }), [1002]],
		['with a length longer than need be, 64 bits',
			frame(OP.TEXT, text, { form: 64 }), [1002]],
		['with a length of 2^63', frame(OP.TEXT, '',
			{ length: 2n ** 63n, form: 64 }), [1002]],
		['that claims 2^62 bytes', frame(OP.TEXT, '',
			{ length: 2n ** 62n, form: 64 }), [1009]],
		['that claims 4 GiB', frame(OP.TEXT, '',
			{ length: 2 ** 32, form: 64 }), [1009]],
		['that claims 64 KiB and one', frame(OP.TEXT, '',
			{ length: 65537 }), [1009]],
		['that continues nothing', frame(OP.CONTINUATION, text), [1002]],
		['that begins inside a message', Buffer.concat([
			frame(OP.TEXT, '{', { fin: false }),
			frame(OP.TEXT, text)]), [1002]],
		['ping of 126 bytes', frame(OP.PING, 'x'.repeat(126)), [1002]],
		['ping in fragments', frame(OP.PING, 'x', { fin: false }), [1002]],
		['close in fragments', frame(OP.CLOSE, '', { fin: false }), [1002]],
		['close of one byte', frame(OP.CLOSE, 'x'), [1002, 1005]],
		['close with 999', closeFrame(999), [1002]],
		['close with 1004', closeFrame(1004), [1002]],
		['close with 1005', closeFrame(1005), [1002]],
		['close with 1006', closeFrame(1006), [1002]],
		['close with 1015', closeFrame(1015), [1002]],
		['close with 2999', closeFrame(2999), [1002]],
		['close with 5000', closeFrame(5000), [1002]],
		['close with a reason that is no UTF-8', frame(OP.CLOSE,
			Buffer.from([0x03, 0xe8, 0xff])), [1002, 1007]],
		['close with 1000', closeFrame(1000, 'bye'), [1000]],
		['close with 3000', closeFrame(3000), [3000, 1000, 1005]],
		['close with nothing', frame(OP.CLOSE), [1005, 1000]],
		['binary', frame(OP.BINARY, 'abc'), [1008]],
		['binary and empty', frame(OP.BINARY), [1008]],
		['not UTF-8', frame(OP.TEXT, Buffer.from('"\xff"', 'latin1')),
			[1007]],
		['overlong UTF-8', frame(OP.TEXT,
			Buffer.from([0x22, 0xc0, 0xaf, 0x22])), [1007]],
		['a surrogate in UTF-8', frame(OP.TEXT,
			Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), [1007]],
		['above U+10FFFF', frame(OP.TEXT,
			Buffer.from([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22])), [1007]],
		['UTF-8 that breaks between fragments', Buffer.concat([
			frame(OP.TEXT, Buffer.from([0x22, 0xc3]), { fin: false }),
			frame(OP.CONTINUATION, Buffer.from([0x28, 0x22]))]), [1007]],
		['UTF-8 that ends too early', frame(OP.TEXT,
			Buffer.from([0x22, 0xe2, 0x82])), [1007]],
		['not JSON', textFrame('hello'), [1008]],
		['empty text', textFrame(''), [1008]],
		['an array', textFrame('[]'), [1008]],
		['a number', textFrame('1'), [1008]],
		['two objects', textFrame('{"type":"ice"}{"type":"ice"}'), [1008]],
		['an object that does not end', textFrame('{"type":"ice"'), [1008]],
		['garbage behind the object', textFrame('{"type":"ice"}x'), [1008]],
		['a NUL behind the object', textFrame('{"type":"ice"}\0'), [1008]],
		['a byte order mark', textFrame('\ufeff{"type":"ice"}'), [1008]],
		['a raw newline in a string', textFrame('{"type":"i\nce"}'), [1008]],
		['single quotes', textFrame("{'type':'ice'}"), [1008]],
		['a comment', textFrame('{"type":"ice"/**/}'), [1008]],
		['a comma too many', textFrame('{"type":"ice",}'), [1008]],
		['a number with a zero in front', textFrame(
			'{"type":"ice","n":01}'), [1008]],
		['65 members', textFrame(`{"type":"ice"${Array.from({ length: 64 },
			(_, n) => `,"m${n}":0`).join('')}}`), [1008]],
		['a member twice', textFrame('{"type":"ice","type":"leave"}'),
			[1008]],
		['30,000 brackets deep', textFrame(
			`{"type":"ice","x":${'['.repeat(30000)}`), [1008]],
	];

	for (const [what, bytes, codes] of rows) {
		hostile(`${what}: ${codes[0]}, whole and byte by byte`, async () => {
			const whole = await inside();

			whole.send(bytes);
			await whole.isClosedWith(...codes);

			const slow = await inside();
			const step = Math.max(1, Math.floor(bytes.length / 500));

			await slow.drip(bytes, { step });
			await slow.isClosedWith(...codes);
		});
	}

	hostile('a message of 1 MiB is 1009', async () => {
		const { doctor, patient } = await visit(server);

		doctor.says({ type: 'signal', to: patient.id,
			data: 'x'.repeat(1 << 20) });
		await doctor.closed(1009);
		await patient.hears('participant-away', { id: doctor.id });
	});

	hostile('a message that grows over 64 KiB by fragments is 1009',
		async () => {
		const raw = await inside();

		raw.send(frame(OP.TEXT, '{"type":"', { fin: false }));
		for (let n = 0; n < 8; n++)
			raw.send(frame(OP.CONTINUATION, 'x'.repeat(10000),
				{ fin: false }));
		await raw.isClosedWith(1009);
	});

	hostile('a message in 16 fragments, with a ping between, is one message',
		async () => {
		const raw = await inside();
		const all = Buffer.from('{"type":"ice"} ');

		for (let n = 0; n < all.length; n++) {
			raw.send(frame(n ? OP.CONTINUATION : OP.TEXT,
				all.subarray(n, n + 1), { fin: false }));
			if (n == 7)
				raw.send(frame(OP.PING, 'are you there'));
		}
		raw.send(frame(OP.CONTINUATION));
		const pong = await raw.frame();
		assert.equal(pong.opcode, OP.PONG);
		assert.equal(pong.payload.toString(), 'are you there');
		assert.equal((await raw.message()).type, 'ice');
		raw.close();
	});

	for (const [what, payload] of [['one byte', 'x'], ['no byte', '']]) {
		hostile(`fragments of ${what} without end are 1008`, async () => {
			const raw = await inside();

			raw.send(frame(OP.TEXT, '{', { fin: false }));
			for (let n = 0; n < 1000; n++)
				raw.send(frame(OP.CONTINUATION, payload,
					{ fin: false }));
			await raw.isClosedWith(1008);
		});
	}

	for (const [what, opcode] of [['pings', OP.PING], ['pongs', OP.PONG]]) {
		hostile(`a flood of ${what} is 1008`, async () => {
			const raw = await inside();

			for (let n = 0; n < 2000; n++)
				raw.send(frame(opcode, 'flood'));
			await raw.isClosedWith(1008);
		});
	}

	hostile('a ping is answered with its own words', async () => {
		const raw = await inside();

		for (const words of ['', 'x', 'y'.repeat(125)]) {
			raw.send(frame(OP.PING, words));
			const pong = await raw.frame();

			assert.equal(pong.opcode, OP.PONG);
			assert.equal(pong.payload.toString(), words);
		}
		raw.close();
	});

	hostile('twenty who claim 4 GiB each cost no memory', async () => {
		const before = server.rss;
		const crowd = await Promise.all(Array.from({ length: 20 },
			() => inside()));

		for (const raw of crowd)
			raw.send(frame(OP.TEXT, 'x'.repeat(100),
				{ length: 2 ** 32 - 1, form: 64 }));
		for (const raw of crowd)
			await raw.isClosedWith(1009);
		assert.ok(server.rss - before < 64 * 1024,
			`${server.rss - before} kB more`);
	});

	hostile('nothing that comes behind a close is obeyed', async () => {
		const meeting = await server.meeting();
		const raw = await RawVoice.join(server, meeting,
			{ token: meeting.token });

		raw.send(Buffer.concat([closeFrame(1000),
			textFrame({ type: 'end' })]));
		await raw.end();
		await sleep(50);
		assert.equal((await server.get(`/api/meetings/${meeting.id}`))
			.json.status, 'open');
	});
});

describe('messages', { concurrency: true }, () => {
	hostile('joining twice is an error, and one stays who one was', async () => {
		const { meeting, doctor, patient } = await visit(server);

		patient.says({ type: 'join', name: 'Impostor',
			token: meeting.token });
		await patient.hearsError('already-joined', 'join');
		patient.says({ type: 'lock', on: true });
		await patient.hearsError('not-host', 'lock');
		await doctor.hasHeardNothing();
	});

	hostile('unknown types and unknown members are ignored', async () => {
		const { doctor, patient } = await visit(server);

		for (let n = 0; n < 30; n++)
			patient.says({ type: `future-${n}`, to: doctor.id });
		patient.says({ type: 'ice', colour: 'red' });
		await patient.hears('ice');
		await doctor.hasHeardNothing();
	});

	const wrong = [
		['signal', [{ data: 1 }, { to: 5, data: 1 }, { to: null, data: 1 },
			{ to: NOBODY.repeat(100), data: 1 }, {}]],
		['media', [{ audio: 1, video: true, screen: false, hand: false },
			{ audio: 'yes', video: true, screen: false, hand: false },
			{ audio: null, video: true, screen: false, hand: false }]],
		['report', [{ peer: 5, event: 'connected' }, { event: 5 },
			{ peer: NOBODY, event: 'exploded' },
			{ peer: NOBODY, event: 'connected', path: 'pigeon' },
			{ peer: NOBODY, event: 'summary', stats: { a: 'text' } },
			{ peer: NOBODY, event: 'summary', stats: { a: {} } },
			{ peer: NOBODY, event: 'summary', stats: [1] }]],
		['admit', [{}, { id: 5 }, { id: null }, { id: ['x'] }]],
		['deny', [{}, { id: {} }]],
		['remove', [{}, { id: true }]],
		['note', [{}, { to: NOBODY }, { to: 5, text: 'x' },
			{ to: NOBODY, text: 5 }, { to: NOBODY, sealed: 'a b' },
			{ to: NOBODY, text: '' },
			{ to: NOBODY, text: 'x'.repeat(501) },
			{ to: NOBODY, text: 'a\u202eb' },
			{ to: NOBODY, sealed: 'A'.repeat(4100) }]],
		['lock', [{}, { on: 'yes' }, { on: 1 }, { on: null }]],
	];
	for (const [type, tries] of wrong) {
		hostile(`"${type}" with wrong members is an error`, async () => {
			const meeting = await server.meeting();
			const doctor = await host(server, meeting);

			for (const members of tries) {
				doctor.says({ type, ...members });
				const { code, re, detail } =
					await doctor.hears('error');

				assert.equal(re, type);
				assert.ok(['bad-message', 'no-such-participant']
					.includes(code),
					`${code}: ${JSON.stringify(members)}`);
				assert.equal(typeof detail, 'string');
			}
			await doctor.hasHeardNothing();
		});
	}

	hostile('a note of 500 letters, and one sealed in 4096, pass', async () => {
		const meeting = await server.meeting();
		const patient = await guest(server, meeting);
		const doctor = await host(server, meeting);

		for (const note of [{ text: '\u00fc'.repeat(500) },
			{ sealed: 'A'.repeat(4096) }]) {
			doctor.says({ type: 'note', to: patient.id, ...note });
			await patient.hears('note', note);
		}
	});

	hostile('a signal to a stranger reaches nobody', async () => {
		const here = await visit(server);
		const there = await visit(server);

		for (const to of [NOBODY, there.doctor.id, there.patient.id, '',
			here.patient.id.toLowerCase() + 'x', here.patient.id]) {
			here.patient.says({ type: 'signal', to, data: 'psst' });
			const { re } = await here.patient.hears('error');

			assert.equal(re, 'signal');
		}
		for (const voice of [here.doctor, there.doctor, there.patient])
			await voice.hasHeardNothing();
	});

	hostile('who keeps it up is closed with 1008', async () => {
		const here = await visit(server);
		const there = await visit(server);

		for (let n = 0; n < 40; n++)
			here.patient.says({ type: 'signal', to: there.doctor.id,
				data: n });
		await here.patient.closed(1008);
		await here.doctor.hears('participant-away',
			{ id: here.patient.id });
		await there.doctor.hasHeardNothing();
	});

	hostile('so is a guest who keeps playing the host', async () => {
		const { doctor, patient } = await visit(server);

		for (let n = 0; n < 40; n++)
			patient.says({ type: 'remove', id: doctor.id });
		await patient.closed(1008);
		await doctor.hears('participant-away');
	});

	hostile('fifteen mistakes are forgiven', async () => {
		const { doctor, patient } = await visit(server);

		for (let n = 0; n < 15; n++) {
			patient.says({ type: 'signal', to: NOBODY, data: n });
			await patient.hearsError('no-such-participant');
		}
		await patient.signals(doctor);
	});

	hostile('commands reach nobody in another meeting', async () => {
		const here = await visit(server);
		const there = await visit(server);
		const waits = await guest(server,
			await server.meeting({ capacity: 3 }));

		for (const [type, id] of [['remove', there.patient.id],
			['admit', waits.id], ['deny', waits.id]]) {
			here.doctor.says({ type, id });
			await here.doctor.hearsError('no-such-participant', type);
		}
		here.doctor.says({ type: 'note', to: waits.id, text: 'x' });
		await here.doctor.hearsError('no-such-participant', 'note');
		for (const voice of [there.doctor, there.patient, waits])
			await voice.hasHeardNothing();
	});

	hostile('a secret of one meeting opens no other', async () => {
		const { patient } = await visit(server);
		const meeting = await server.meeting();
		const voice = await new Voice(server, meeting)
			.knocks({ name: 'x', resume: patient.resume });

		assert.notEqual(voice.id, patient.id);
	});
});

describe('too much', { concurrency: true }, () => {
	hostile('10,000 messages at once are 4429', async () => {
		const { doctor, patient } = await visit(server);

		for (let n = 0; n < 10000; n++)
			patient.says({ type: 'signal', to: doctor.id, data: n });
		await patient.closed(4429);
		/* What was in the limit arrived in order, and nothing else. */
		for (let n = 0; ; n++) {
			const message = await doctor.next();

			if (message.type == 'participant-away') {
				assert.ok(n >= 250 && n < 1000, `${n} arrived`);
				break;
			}
			assert.equal(message.data, n);
		}
	});

	hostile('2 MiB at once are 4429, in messages each small enough',
		async () => {
		const { doctor, patient } = await visit(server);

		for (let n = 0; n < 40; n++)
			patient.says({ type: 'signal', to: doctor.id,
				data: 'x'.repeat(60000) });
		await patient.closed(4429);
	});

	hostile('ignored messages count as well', async () => {
		const { patient } = await visit(server);

		for (let n = 0; n < 1000; n++)
			patient.says({ type: 'future' });
		await patient.closed(4429);
	});

	hostile('250 at once, and 1 MB at once, are fine', async () => {
		const { doctor, patient } = await visit(server);

		for (let n = 0; n < 250; n++)
			patient.says({ type: 'signal', to: doctor.id, data: n });
		for (let n = 0; n < 250; n++)
			await doctor.hears('signal', { data: n });
		for (let n = 0; n < 15; n++)
			doctor.says({ type: 'signal', to: patient.id,
				data: 'x'.repeat(60000) });
		for (let n = 0; n < 15; n++)
			await patient.hears('signal');
	});

	hostile('who does not read is closed; who writes to him is not blocked',
		async () => {
		const meeting = await server.meeting({ waitingRoom: false,
			capacity: 8 });
		const slow = await RawVoice.join(server, meeting);
		const crowd = [];

		slow.socket.pause();
		for (let n = 0; n < 7; n++)
			crowd.push(await new Voice(server, meeting)
				.enters({ name: `${n}` }));
		/* More than the kernel keeps for him and the server allows. */
		for (const voice of crowd) {
			for (let n = 0; n < 15; n++)
				voice.says({ type: 'signal', to: slow.id,
					data: 'x'.repeat(60000) });
		}
		assert.ok(await bystanders.latency() < 2000);
		await Promise.all(crowd.map((voice) => voice.hearsAtLast(
			'participant-away', { id: slow.id })));
		await crowd[0].signals(crowd[1]);

		/* Nobody's fault for ever: he may come back. */
		const back = await new Voice(server, meeting).enters(
			{ name: 'x', resume: slow.welcome.resume });
		assert.equal(back.id, slow.id);
		slow.close();
	});

	hostile('who asks for ICE servers and reads no answer is closed too',
		async () => {
		const raw = await inside();

		raw.socket.pause();
		for (let n = 0; n < 100000 && !raw.ended; n++)
			raw.send(textFrame({ type: 'ice' }));
		raw.socket.resume();
		await raw.closeCode();
		assert.ok(await raw.end());
	});
});
