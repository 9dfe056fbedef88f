/* Camera, microphone, loudspeaker: asking for them, and knowing in which of five ways it did not work. */
import { signal } from '@preact/signals';
import { chooseDevice, chosenDevices } from './keep';
import type { Kind } from './peer';

export type DeviceProblem = 'denied' | 'missing' | 'busy' | 'insecure' | 'unsupported';

export type Found = { track: MediaStreamTrack; problem?: undefined } | { track: null; problem: DeviceProblem };

export interface Device {
	id: string;
	label: string;
}

const WISHES: Record<Kind, MediaTrackConstraints> = {
	audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
	video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: 'user' },
};

function wish(kind: Kind): MediaTrackConstraints {
	const id = chosenDevices()[kind];

	/* ideal: a device that is not plugged in today is no reason to have none */
	return id ? { ...WISHES[kind], facingMode: undefined, deviceId: { ideal: id } } : WISHES[kind];
}

function problemOf(error: unknown): DeviceProblem {
	switch ((error as DOMException)?.name) {
	case 'NotAllowedError':
	case 'SecurityError':
		return 'denied';
	case 'NotFoundError':
	case 'OverconstrainedError':
		return 'missing';
	case 'NotReadableError':
	case 'AbortError':
		return 'busy';
	default:
		return 'unsupported';
	}
}

async function grantedAlready(kind: Kind): Promise<boolean> {
	try {
		const name = (kind === 'audio' ? 'microphone' : 'camera') as PermissionName;
		return (await navigator.permissions.query({ name })).state === 'granted';
	} catch {
		return false;
	}
}

export async function openDevice(kind: Kind): Promise<Found> {
	const media = navigator.mediaDevices;

	if (!window.isSecureContext)
		return { track: null, problem: 'insecure' };
	if (!media?.getUserMedia)
		return { track: null, problem: 'unsupported' };
	try {
		const stream = await media.getUserMedia({ [kind]: wish(kind) });
		return { track: stream.getTracks()[0] };
	} catch (error) {
		return { track: null, problem: problemOf(error) };
	}
}

/** Both with one question to the person; if that does not work, each for itself, so that one missing does not cost both. */
export async function openBoth(): Promise<Record<Kind, Found>> {
	try {
		const stream = await navigator.mediaDevices.getUserMedia({ audio: wish('audio'), video: wish('video') });
		return { audio: { track: stream.getAudioTracks()[0] }, video: { track: stream.getVideoTracks()[0] } };
	} catch (error) {
		/* who said no is not asked again at once */
		const denied = problemOf(error) === 'denied';
		const one = async (kind: Kind): Promise<Found> =>
			denied && !await grantedAlready(kind) ? { track: null, problem: 'denied' } : openDevice(kind);

		return { audio: await one('audio'), video: await one('video') };
	}
}

/** Labels are only known once a device is open. */
export async function listDevices(kind: MediaDeviceKind): Promise<Device[]> {
	try {
		const all = await navigator.mediaDevices.enumerateDevices();
		return all.filter((one) => one.kind === kind && one.deviceId)
			.map(({ deviceId, label }) => ({ id: deviceId, label }));
	} catch {
		return [];
	}
}

/** Where the others are heard; '': where the browser likes. */
export const speaker = signal(chosenDevices().speaker ?? '');

export function chooseSpeaker(id: string): void {
	chooseDevice('speaker', id);
	speaker.value = id;
}

/** Sends an element's sound there; a loudspeaker that is not plugged in today is no reason for silence. */
export function route(element: HTMLMediaElement): void {
	if ((element.sinkId ?? '') !== speaker.value)
		void element.setSinkId?.(speaker.value).catch(() => {});
}

export { chooseDevice };
