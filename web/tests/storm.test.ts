/*
 * Whatever happens to two people's networks and pages, in whatever order: when it is over they talk, over one connection
 * each, and nothing goes on being tried.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertTalking, pair, type Side } from './sides';
import { settle, type FakeClock } from './clock';
import { FakeConnection } from './fake-rtc';

const STORMS = Number(process.env.STORMS ?? 300);
const FIRST = Number(process.env.FIRST ?? 1);
const CALM_MS = 90_000;
const SILENT_MS = 5000;		/* without packets ICE calls itself disconnected */
const FAILED_MS = 20_000;

/* The same numbers for the same seed (xorshift32). */
function dice(seed: number): (sides: number) => number {
	let x = seed * 2654435761 >>> 0 || 1;

	return (sides) => {
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		return (x >>> 0) % sides;
	};
}

class Storm {
	readonly log: string[] = [];
	private readonly quiet = new Map<FakeConnection, number>();	/* since when nothing comes in */
	private open = true;		/* do packets pass? */

	constructor(private readonly clock: FakeClock, private readonly sides: [Side, Side], private readonly roll: (sides: number) => number) {}

	/* What ICE makes of it, every tenth of a second. */
	async pass(ms: number): Promise<void> {
		for (const end = this.clock.now + ms; this.clock.now < end;) {
			await this.clock.pass(100);
			this.look();
		}
	}

	private look(): void {
		const [a, b] = this.sides;
		const meet = this.open && a.connections.length > 0 && b.connections.length > 0 && FakeConnection.meet(a.now, b.now);

		for (const { now } of this.sides.filter((side) => side.connections.length)) {
			const { connectionState: state } = now;
			const became = (next: string) => state !== next && now.become(next);

			if (state === 'closed' || !now.currentRemoteDescription)
				continue;
			if (meet && state !== 'failed') {
				this.quiet.delete(now);
				became('connected');
				continue;
			}
			const since = this.quiet.get(now) ?? this.clock.now;
			this.quiet.set(now, since);
			if (this.clock.now - since >= FAILED_MS)
				became('failed');
			else if (this.clock.now - since >= SILENT_MS && state === 'connected')
				became('disconnected');
		}
	}

	async happen(): Promise<void> {
		const one = this.sides[this.roll(2)];
		const what = (['moved', 'cut', 'mute', 'offline', 'back', 'reload'] as const)[this.roll(6)];

		this.log.push(`${this.clock.now} ${one.id} ${what}`);
		switch (what) {
		case 'moved':
			one.call.moved();
			break;
		case 'cut':
			this.open = !this.open;
			break;
		case 'mute':	/* his line is dead, and nobody knows yet */
			one.deaf = one.dumb = true;
			break;
		case 'offline':
			this.leave(one);
			break;
		case 'back':
			this.back(one);
			break;
		case 'reload':
			one.call.close();
			one.open();
			this.leave(one);
			await this.pass(this.roll(20) * 100);
			this.back(one);
			break;
		}
		await this.pass(this.roll(this.roll(2) ? 5 : 80) * 100);
	}

	private leave(one: Side): void {
		one.deaf = one.dumb = true;
		one.call.offline();
		if (one.other.call.online)
			one.other.call.setAway(one.id, true);
	}

	private back(one: Side): void {
		one.deaf = one.dumb = false;
		one.call.back([{ id: one.other.id, away: !one.other.call.online }]);
		if (one.other.call.online)
			one.other.call.setAway(one.id, false);
	}

	async calm(): Promise<void> {
		this.open = true;
		for (const side of this.sides)
			if (side.deaf || !side.call.online) {
				this.leave(side);
				await this.pass(500);
				this.back(side);
			}
		await this.pass(CALM_MS);
	}
}

test(`${STORMS} storms, and what is left of them`, async () => {
	for (let seed = FIRST; seed < FIRST + STORMS; seed++) {
		const { clock, a, b } = pair();
		const roll = dice(seed);
		const storm = new Storm(clock, [a, b], roll);

		b.eager = seed % 2 === 0;
		try {
			b.call.meet('a', false);
			a.call.meet('b', true);
			await storm.pass(roll(30) * 100);
			for (let n = 3 + roll(8); n > 0; n--)
				await storm.happen();
			await storm.calm();
			assertTalking(a, b);
			assert.deepEqual([a.states.get('b'), b.states.get('a')], ['connected', 'connected']);
			const made = a.connections.length + b.connections.length;
			const said = a.sent.length + b.sent.length;
			await storm.pass(30_000);
			assert.equal(a.connections.length + b.connections.length, made, 'nothing more is built');
			assert.equal(a.sent.length + b.sent.length, said, 'nothing more is said');
		} catch (problem) {
			(problem as Error).message = `storm ${seed}: ${(problem as Error).message}\n${storm.log.join('\n')}`;
			throw problem;
		}
		a.call.close();
		b.call.close();
		await settle();
	}
});
