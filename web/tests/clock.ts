/* Time that passes when a test says so. */
import { webcrypto } from 'node:crypto';
import type { Clock } from '../src/protocol';

/* WebCrypto answers from other threads, whenever they are done; settle() must know that it is not yet. */
let busy = 0;

Object.defineProperty(globalThis, 'crypto', {
	configurable: true,
	value: {
		getRandomValues: webcrypto.getRandomValues.bind(webcrypto),
		subtle: new Proxy(webcrypto.subtle, {
			get: (subtle: any, name) => async (...given: unknown[]) => {
				busy++;
				try {
					return await subtle[name](...given);
				} finally {
					busy--;
				}
			},
		}),
	},
});

interface Timer {
	at: number;
	then: () => void;
}

export class FakeClock implements Clock {
	now = 0;
	private timers: Timer[] = [];

	after(ms: number, then: () => void): unknown {
		const timer = { at: this.now + ms, then };

		this.timers.push(timer);
		return timer;
	}

	cancel(timer: unknown): void {
		this.timers = this.timers.filter((one) => one !== timer);
	}

	get pending(): number {
		return this.timers.length;
	}

	/** Promises of a step settle before the next timer is due. */
	async pass(ms: number): Promise<void> {
		const end = this.now + ms;

		await settle();
		for (;;) {
			const next = this.timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];

			if (!next)
				break;
			this.cancel(next);
			this.now = next.at;
			next.then();
			await settle();
		}
		this.now = end;
	}
}

export async function settle(): Promise<void> {
	for (let n = 0; n < 5; n += busy ? 0 : 1)
		await new Promise((resolve) => setImmediate(resolve));
}
