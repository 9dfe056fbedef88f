/* Two soft notes, made here: nothing to fetch. For "you are let in", "somebody waits", and to hear whether one hears. */
import { route, speaker } from './devices';

let context: AudioContext | null = null;

/* Only an element can be sent to a loudspeaker in every browser. */
function way(audio: AudioContext): AudioNode {
	if (!speaker.value)
		return audio.destination;
	const to = audio.createMediaStreamDestination();
	const element = new Audio();

	element.srcObject = to.stream;
	route(element);
	void element.play().catch(() => {});
	return to;
}

export function chime(): void {
	try {
		const audio = context ??= new AudioContext();
		const to = way(audio);

		[523.25, 659.25].forEach((pitch, n) => {
			const note = audio.createOscillator();
			const volume = audio.createGain();
			const start = audio.currentTime + n * 0.18;

			note.frequency.value = pitch;
			volume.gain.setValueAtTime(0, start);
			volume.gain.linearRampToValueAtTime(0.12, start + 0.03);
			volume.gain.exponentialRampToValueAtTime(0.001, start + 0.9);
			note.connect(volume).connect(to);
			note.start(start);
			note.stop(start + 1);
		});
	} catch {
		/* silence is fine */
	}
}
