import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, unfold } from '../src/fold';
import { camera, cameraOn, folded, mic, micOn, toggleMic } from '../src/own';
import { settle } from './clock';

/* Devices that open at once; every track remembers whether it was closed. */
class FakeTrack {
	enabled = true;
	stopped = false;
	onended = null;

	stop(): void {
		this.stopped = true;
	}
}

let opened: FakeTrack[] = [];

Object.defineProperty(globalThis, 'window', { value: { isSecureContext: true } });
Object.defineProperty(globalThis, 'MediaStream', { value: class {} });
Object.defineProperty(globalThis, 'localStorage', { configurable: true, value: { getItem: () => null, setItem() {} } });
Object.defineProperty(globalThis, 'navigator', {
	configurable: true,
	value: {
		mediaDevices: {
			getUserMedia: async () => {
				const track = new FakeTrack();

				opened.push(track);
				return { getTracks: () => [track] };
			},
		},
	},
});

function begin(sound: boolean, picture: boolean): void {
	opened = [];
	folded.value = false;
	for (const [one, on] of [[mic, sound], [camera, picture]] as const) {
		one.wanted.value = on;
		one.track.value = on || one === mic ? new FakeTrack() as unknown as MediaStreamTrack : null;
		if (one.track.value)
			one.track.value.enabled = on;
	}
}

for (const [sound, picture] of [[true, true], [true, false], [false, true], [false, false]])
	test(`behind the screen nothing is open, and back is what was: sound ${sound}, picture ${picture}`, async () => {
		begin(sound, picture);
		const eye = camera.track.value as unknown as FakeTrack | null;

		fold();
		assert.deepEqual([folded.value, micOn.value, cameraOn.value, mic.track.value!.enabled], [true, false, false, false]);
		assert.ok(!eye || eye.stopped, 'its light is out');
		assert.equal(camera.track.value, null);
		await unfold();
		await settle();
		assert.deepEqual([folded.value, micOn.value, cameraOn.value, mic.track.value!.enabled], [false, sound, picture, sound]);
		assert.equal(opened.length, picture ? 1 : 0);
	});

test('folding twice forgets nothing; one thing turned on by hand is the end of it', async () => {
	begin(true, true);
	fold();
	fold();
	await toggleMic();
	assert.deepEqual([folded.value, micOn.value, cameraOn.value], [false, true, false]);

	begin(true, true);
	fold();
	fold();
	await unfold();
	assert.deepEqual([micOn.value, cameraOn.value], [true, true]);
});
