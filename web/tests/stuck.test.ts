import assert from 'node:assert/strict';
import { test } from 'node:test';
import { camera, mic } from '../src/own';

/* Timers of the page, which pass when the test says so. */
let timers: { at: number; then: () => void; id: number }[] = [];
let now = 0;
let ids = 0;

globalThis.setTimeout = ((then: () => void, ms: number) => {
	timers.push({ at: now + ms, then, id: ++ids });
	return ids;
}) as never;
globalThis.clearTimeout = ((id: number) => {
	timers = timers.filter((one) => one.id !== id);
}) as never;

function pass(ms: number): void {
	now += ms;
	for (const one of timers.filter(({ at }) => at <= now)) {
		timers = timers.filter((other) => other !== one);
		one.then();
	}
}

class Track extends EventTarget {
	muted = false;

	say(muted: boolean): void {
		this.muted = muted;
		this.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
	}
}

const { stuck } = await import('../src/stuck');
const own = (track: Track | null) => track as unknown as MediaStreamTrack;

test('what the system holds back for three seconds is stuck; a hiccup is not; it may come back by itself', () => {
	const track = new Track();

	mic.track.value = own(track);
	track.say(true);
	pass(2900);
	assert.deepEqual(stuck.value, []);
	track.say(false);
	pass(5000);
	assert.deepEqual(stuck.value, []);
	track.say(true);
	pass(3000);
	assert.deepEqual(stuck.value, [mic]);
	track.say(false);
	assert.deepEqual(stuck.value, []);
});

test('another track, or none, is not stuck; one that came so is', () => {
	const first = new Track();

	mic.track.value = own(first);
	first.say(true);
	pass(3000);
	assert.deepEqual(stuck.value, [mic]);
	mic.track.value = own(new Track());
	assert.deepEqual(stuck.value, []);
	first.say(true);
	pass(5000);
	assert.deepEqual(stuck.value, [], 'who is gone says nothing more');

	const mutely = new Track();
	mutely.muted = true;
	camera.track.value = own(mutely);
	pass(3000);
	assert.deepEqual(stuck.value, [camera]);
	camera.track.value = null;
	assert.deepEqual([stuck.value, timers.length], [[], 0]);
});
