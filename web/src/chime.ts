/* Two soft notes, made here: nothing to fetch. For "you are let in" and "somebody waits". */

let context: AudioContext | null = null;

export function chime(): void {
	try {
		const audio = context ??= new AudioContext();

		[523.25, 659.25].forEach((pitch, n) => {
			const note = audio.createOscillator();
			const volume = audio.createGain();
			const start = audio.currentTime + n * 0.18;

			note.frequency.value = pitch;
			volume.gain.setValueAtTime(0, start);
			volume.gain.linearRampToValueAtTime(0.12, start + 0.03);
			volume.gain.exponentialRampToValueAtTime(0.001, start + 0.9);
			note.connect(volume).connect(audio.destination);
			note.start(start);
			note.stop(start + 1);
		});
	} catch {
		/* silence is fine */
	}
}
