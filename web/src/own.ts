/*
 * My own camera and microphone. A microphone that is off stays open but silent, so that it is back at once; a camera that
 * is off is closed, so that its light goes out and nobody has to trust us.
 */
import { computed, signal, type Signal } from '@preact/signals';
import { announce, notice } from './announce';
import { chooseDevice, openBoth, openDevice, type DeviceProblem, type Found } from './devices';
import type { Kind } from './peer';
import { t } from './t';

export interface OwnDevice {
	kind: Kind;
	wanted: Signal<boolean>;
	track: Signal<MediaStreamTrack | null>;
	problem: Signal<DeviceProblem | null>;
}

function device(kind: Kind): OwnDevice {
	return { kind, wanted: signal(true), track: signal(null), problem: signal(null) };
}

export const mic = device('audio');
export const camera = device('video');
export const asking = signal(false);
/** My screen, where I show it instead of my picture (share.ts). */
export const shared = signal<MediaStreamTrack | null>(null);
/** Behind the screen (fold.ts): for the moment nothing of me is seen or heard. */
export const folded = signal(false);

export const micOn = computed(() => mic.wanted.value && !!mic.track.value);
export const cameraOn = computed(() => camera.wanted.value && !!camera.track.value);

/** What the others see of me. */
export const outgoing = computed(() => folded.value ? null : shared.value ?? camera.track.value);
/** My screen is what they see. */
export const sharing = computed(() => !!shared.value && !folded.value);

export const ownPicture = computed(() => camera.track.value && new MediaStream([camera.track.value]));

function take(one: OwnDevice, found: Found): void {
	const { track } = found;

	one.track.value?.stop();
	one.track.value = track;
	one.problem.value = found.problem ?? null;
	if (!track)
		return;
	track.enabled = one.wanted.value;
	track.onended = () => {		/* unplugged, or taken away in the browser's settings */
		if (one.track.value !== track)
			return;
		one.track.value = null;
		one.problem.value = 'missing';
	};
}

/* The answer may come when the visit is long over, or the wish has changed; then the light must not stay on. */
let asked = 0;

export async function openOwn(): Promise<void> {
	const mine = ++asked;

	asking.value = true;
	const found = camera.wanted.value
		? await openBoth()
		: { audio: await openDevice('audio'), video: null };

	if (mine !== asked) {
		found.audio.track?.stop();
		found.video?.track?.stop();
		return;
	}
	asking.value = false;
	take(mic, found.audio);
	if (found.video && camera.wanted.value)
		take(camera, found.video);
	else
		found.video?.track?.stop();
}

/** Anew, with the device that is chosen by now. */
export async function reopen(one: OwnDevice): Promise<void> {
	const mine = asked;

	if (one.kind === 'video') {	/* many cameras open only once */
		one.track.value?.stop();
		one.track.value = null;
	}
	const found = await openDevice(one.kind);

	if (mine !== asked || !one.wanted.value) {
		found.track?.stop();
		return;
	}
	take(one, found);
	if (found.problem)
		notice(`${t(one.kind === 'video' ? 'trouble.camera' : 'trouble.mic')} ${t(`trouble.${found.problem}`)}`);
}

/** At once, and without a word. */
export function close(one: OwnDevice): void {
	const track = one.track.value;

	one.wanted.value = false;
	if (one.kind === 'audio') {
		if (track)
			track.enabled = false;
		return;
	}
	track?.stop();
	one.track.value = null;
}

export async function toggleMic(): Promise<void> {
	const track = mic.track.value;

	mic.wanted.value = !micOn.value;
	if (track)
		track.enabled = mic.wanted.value;
	else if (mic.wanted.value)
		await reopen(mic);
	if (!mic.problem.value)
		announce(t(micOn.value ? 'announce.iUnmuted' : 'announce.iMuted'));
}

export async function toggleCamera(): Promise<void> {
	camera.wanted.value = !cameraOn.value;
	if (camera.wanted.value)
		await reopen(camera);
	else
		close(camera);
	if (!camera.problem.value)
		announce(t(cameraOn.value ? 'announce.iCameraOn' : 'announce.iCameraOff'));
}

export async function pick(one: OwnDevice, id: string): Promise<void> {
	chooseDevice(one.kind, id);
	one.wanted.value = true;
	await reopen(one);
}

export function stopOwn(): void {
	asked++;
	asking.value = folded.value = false;
	shared.value?.stop();
	shared.value = null;
	for (const one of [mic, camera]) {
		one.track.value?.stop();
		one.track.value = null;
	}
}
