/*
 * A camera or microphone that the system holds back: a telephone call came in, another app took it, and some phones, above
 * all iPhones, never give it back by themselves. Three seconds may be a hiccup; after that one press opens it anew.
 */
import { effect, signal } from '@preact/signals';
import { camera, mic, reopen, type OwnDevice } from './own';

const STUCK_MS = 3000;

export const stuck = signal<readonly OwnDevice[]>([]);

function set(one: OwnDevice, on: boolean): void {
	const all = stuck.peek();

	if (all.includes(one) !== on)
		stuck.value = on ? [...all, one] : all.filter((other) => other !== one);
}

function watch(one: OwnDevice): void {
	effect(() => {
		const track = one.track.value;
		let timer: ReturnType<typeof setTimeout> | undefined;

		if (!track)
			return;
		const look = () => {
			clearTimeout(timer);
			timer = undefined;
			if (track.muted)
				timer = setTimeout(() => set(one, true), STUCK_MS);
			else
				set(one, false);
		};

		track.addEventListener('mute', look);
		track.addEventListener('unmute', look);
		look();
		return () => {
			track.removeEventListener('mute', look);
			track.removeEventListener('unmute', look);
			clearTimeout(timer);
			set(one, false);
		};
	});
}

watch(mic);
watch(camera);

/** From a press, which is what the system waits for: opens them anew, and plays on what it has stopped. */
export async function repair(): Promise<void> {
	const all = stuck.value;

	for (const audio of document.querySelectorAll('audio'))
		void audio.play().catch(() => {});
	for (const one of all)
		await reopen(one);
}
