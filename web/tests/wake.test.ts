import assert from 'node:assert/strict';
import { test } from 'node:test';

/* A screen that may be kept awake, and a page that may be hidden: then the system takes the lock back. */
const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
let held = 0;
let given: (() => void) | null = null;
let slow = false;

Object.defineProperty(globalThis, 'document', { configurable: true, value: page });
Object.defineProperty(globalThis, 'navigator', {
	configurable: true,
	value: {
		wakeLock: {
			async request() {
				if (slow)
					await new Promise<void>((done) => { given = done; });
				held++;
				return { async release() { held--; } };
			},
		},
	},
});

const { stayAwake } = await import('../src/wake');
const turn = () => new Promise((done) => setImmediate(done));

function see(state: string): void {
	page.visibilityState = state;
	page.dispatchEvent(new Event('visibilitychange'));
}

test('awake from the first wish to the last, whatever is hidden meanwhile', async () => {
	stayAwake(true);
	stayAwake(true);
	await turn();
	assert.equal(held, 1, 'one is enough');
	held = 0;		/* hidden: the system takes it */
	see('hidden');
	await turn();
	assert.equal(held, 0);
	see('visible');
	await turn();
	assert.equal(held, 1, 'and it is asked for again');
	stayAwake(false);
	await turn();
	assert.equal(held, 0);
	see('visible');
	await turn();
	assert.equal(held, 0);
});

test('what is given when nobody wants it any more is given back', async () => {
	slow = true;
	stayAwake(true);
	await turn();
	stayAwake(false);
	given!();
	await turn();
	await turn();
	assert.equal(held, 0);
});
