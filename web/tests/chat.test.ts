import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chat, LINE_MOST } from '../src/chat';
import { LinkKey, makeKey } from '../src/linkkey';
import { settle } from './clock';
import { FakeChannel } from './fake-rtc';

/* Somebody with a chat, and what he has heard. */
class Writer {
	heard: string[] = [];
	arrived: string[] = [];
	folded: [string, boolean][] = [];
	chat: Chat;

	constructor(readonly id: string, key: LinkKey | null) {
		this.chat = new Chat(key, {
			heard: (from, text) => this.heard.push(`${from}: ${text}`),
			arrived: (line) => this.arrived.push(line),
			folded: (from, on) => this.folded.push([from, on]),
		});
	}
}

/* A new connection between two: what one sends the other gets, until it is cut. */
class Cable {
	readonly ends: [FakeChannel, FakeChannel] = [new FakeChannel(), new FakeChannel()];
	cut = false;
	/* frames that get lost, with the connection */
	loses = (_: string): boolean => false;

	constructor(readonly a: Writer, readonly b: Writer) {
		const carry = (from: FakeChannel, to: FakeChannel) => {
			const { send } = from;
			from.send = (text: string) => {
				send.call(from, text);
				if (!this.cut && !this.loses(text))
					setImmediate(() => to.onmessage?.({ data: text }));
			};
		};

		carry(this.ends[0], this.ends[1]);
		carry(this.ends[1], this.ends[0]);
		a.chat.meet(b.id);
		b.chat.meet(a.id);
		a.chat.attach(b.id, this.ends[0]);
		b.chat.attach(a.id, this.ends[1]);
	}

	async open(): Promise<this> {
		for (const end of this.ends)
			end.open();
		this.a.chat.trust(this.b.id, true);
		this.b.chat.trust(this.a.id, true);
		await long();
		return this;
	}

	tear(): void {
		this.cut = true;
		for (const end of this.ends)
			end.readyState = 'closed';
		this.a.chat.trust(this.b.id, false);
		this.b.chat.trust(this.a.id, false);
	}

	get said(): any[] {
		return this.ends[0].sent.map((one) => JSON.parse(one)).filter(({ chat }) => chat);
	}
}

async function long(): Promise<void> {
	for (let n = 0; n < 6; n++)
		await settle();
}

const MEETING = 'kXlS0P4yZTT0pYcxVnFt0A';
const keyed = () => LinkKey.of('AAECAwQFBgcICQoLDA0ODw', MEETING);

async function two(key = true): Promise<[Writer, Writer]> {
	return [new Writer('a', key ? await keyed() : null), new Writer('b', key ? await keyed() : null)];
}

test('what is written arrives in order, sealed, and the writer learns that it did', async () => {
	const [a, b] = await two();
	const cable = await new Cable(a, b).open();
	const lines = ['one', 'two, which is much longer than the first'.repeat(40), 'three'].map((text) => a.chat.say(text));

	await long();
	assert.deepEqual(b.heard.map((one) => one.slice(0, 8)), ['a: one', 'a: two, ', 'a: three'].map((one) => one.slice(0, 8)));
	assert.deepEqual(a.arrived, lines);
	assert.ok(cable.said.every((frame) => frame.sealed && !('text' in frame)));
	assert.ok(!JSON.stringify(cable.ends.map((end) => end.sent)).includes('three'));
	assert.equal(await (await keyed()).open('chat', cable.said[0].sealed), 'one');
	assert.equal(await (await keyed()).open('note', cable.said[0].sealed), null, 'a line is no note');
});

test('without a link key it goes as it is', async () => {
	const [a, b] = await two(false);
	const cable = await new Cable(a, b).open();

	a.chat.say('hello');
	await long();
	assert.deepEqual(b.heard, ['a: hello']);
	assert.equal(cable.said[0].text, 'hello');
});

test('with a key nothing is shown that is not sealed with it', async () => {
	const [a, b] = await two();
	const cable = await new Cable(a, b).open();
	const other = await LinkKey.of(makeKey(), MEETING);

	for (const frame of [
		{ chat: 'AAAAAAAAAAAA', text: 'in clear' }, { chat: 'BBBBBBBBBBBB', sealed: await other.seal('chat', 'another key') },
		{ chat: 'CCCCCCCCCCCC', sealed: await (await keyed()).seal('note', 'a note') }, { chat: 'DDDDDDDDDDDD', sealed: 7 },
	])
		cable.ends[0].send(JSON.stringify(frame));
	await long();
	assert.deepEqual(b.heard, []);
	assert.ok(!cable.ends[1].sent.some((one) => one.includes('got')), 'nor taken for arrived');
});

test('what was on its way when the connection broke is said again, once, in its place', async () => {
	const [a, b] = await two();
	const first = await new Cable(a, b).open();

	a.chat.say('one');
	await long();
	first.loses = (text) => text.includes('got');	/* it arrives, and the answer does not */
	a.chat.say('two');
	await long();
	first.tear();
	const three = a.chat.say('three');
	await long();
	assert.deepEqual(b.heard, ['a: one', 'a: two']);
	assert.ok(!a.arrived.includes(three!));

	const second = await new Cable(a, b).open();
	assert.deepEqual(b.heard, ['a: one', 'a: two', 'a: three']);
	assert.equal(a.arrived.length, 3);
	assert.equal(second.said.length, 2, 'what had arrived for sure is not said again');

	second.tear();
	const third = await new Cable(a, b).open();
	assert.equal(third.said.length, 0);
	assert.equal(b.heard.length, 3);
});

test('nothing is said before it is known who is there', async () => {
	const [a, b] = await two();
	const cable = new Cable(a, b);

	for (const end of cable.ends)
		end.open();
	a.chat.say('soon');
	a.chat.fold(true);
	await long();
	assert.deepEqual(cable.ends[0].sent, []);
	a.chat.trust('b', true);
	b.chat.trust('a', true);
	await long();
	assert.deepEqual(b.heard, ['a: soon']);
	assert.deepEqual(b.folded, [['a', true]]);
});

test('behind the screen: told at once, and to every new connection how it is by then', async () => {
	const [a, b] = await two();
	const first = await new Cable(a, b).open();

	a.chat.fold(true);
	await long();
	assert.deepEqual(b.folded.at(-1), ['a', true]);
	first.tear();
	a.chat.fold(false);
	await new Cable(a, b).open();
	assert.deepEqual(b.folded.at(-1), ['a', false]);
});

test('three: it has arrived when all have it who are still there', async () => {
	const key = await keyed();
	const [a, b, c] = ['a', 'b', 'c'].map((id) => new Writer(id, key));

	await new Cable(a, b).open();
	new Cable(a, c);	/* never opens */
	const line = a.chat.say('to both');
	await long();
	assert.deepEqual(b.heard, ['a: to both']);
	assert.deepEqual(a.arrived, []);
	a.chat.drop('c');
	assert.deepEqual(a.arrived, [line]);
	assert.equal(new Chat(null, { heard() {}, arrived() {}, folded() {} }).say('to nobody'), null);
});

test('what comes is bounded, and nonsense is no matter', async () => {
	const [a, b] = await two(false);
	const cable = await new Cable(a, b).open();
	const raw = (data: unknown) => cable.ends[1].onmessage!({ data });

	for (const one of ['', 'null', '7', '"x"', '[]', '{', '{"chat":1}', '{"chat":"short","text":"x"}', '{"got":"never said"}',
		'{"got":{}}', '{"folded":"yes"}', new ArrayBuffer(4), `{"chat":"AAAAAAAAAAAA","text":"${'x'.repeat(17 * 1024)}"}`])
		raw(one);
	await long();
	assert.deepEqual([b.heard, b.folded], [[], [['a', false]]]);
	raw(JSON.stringify({ chat: 'AAAAAAAAAAAA', text: `\u202e${'y'.repeat(5000)}` }));
	await long();
	assert.equal(b.heard[0], `a: ${'y'.repeat(LINE_MOST)}`);

	assert.equal(a.chat.say('  '), null);
	a.chat.say('🌷'.repeat(LINE_MOST + 5));
	await long();
	assert.equal(b.heard[1], `a: ${'🌷'.repeat(LINE_MOST)}`);
	cable.tear();
	let n = 0;
	while (n < 1000 && a.chat.say('again'))
		n++;
	assert.ok(n > 0 && n < 1000, 'what cannot be sent is not kept without end');
});

test('the longest line, sealed, fits into a frame', async () => {
	const [a, b] = await two();
	const cable = await new Cable(a, b).open();

	a.chat.say('🌷'.repeat(LINE_MOST));
	await long();
	assert.equal([...b.heard[0]].length, LINE_MOST + 3);
	assert.ok(cable.ends[0].sent.every((one) => one.length <= 16 * 1024));
});
