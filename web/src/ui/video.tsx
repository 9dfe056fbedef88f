import { useEffect, useRef } from 'preact/hooks';
import { route, speaker } from '../devices';
import { soundBlocked } from '../state';

interface Props {
	stream: MediaStream | null;
	mirrored?: boolean;
	peer?: string;
}

/*
 * Pictures play muted and sound has an element of its own: muted pictures are never held back by the browser, and a
 * picture that does not come cannot hold back the sound.
 */
export function Picture({ stream, mirrored, peer }: Props) {
	const ref = useRef<HTMLVideoElement>(null);

	useEffect(() => {
		const video = ref.current!;

		video.muted = true;
		video.srcObject = stream;
		if (stream)
			void video.play().catch(() => {});
		return () => {
			video.srcObject = null;
		};
	}, [stream]);

	/* a wide picture on an upright phone is shown whole, not cut to its middle */
	const shape = (event: Event) => {
		const video = event.currentTarget as HTMLVideoElement;
		video.dataset.shape = video.videoWidth > video.videoHeight ? 'wide' : 'tall';
	};

	return (
		<video ref={ref} class={mirrored ? 'mirrored' : undefined} playsInline autoPlay muted onResize={shape}
			data-peer={peer} data-self={peer === undefined ? '' : undefined} aria-hidden="true" />
	);
}

const held = new Set<HTMLAudioElement>();

function play(audio: HTMLAudioElement): void {
	audio.play().catch((problem: DOMException) => {
		if (problem.name !== 'NotAllowedError' || !audio.isConnected)
			return;
		held.add(audio);
		soundBlocked.value = true;
	});
}

/** Called from a touch, which is what the browser waited for. */
export function unblockSound(): void {
	soundBlocked.value = false;
	for (const audio of held)
		play(audio);
	held.clear();
}

export function Sound({ stream }: { stream: MediaStream | null }) {
	const ref = useRef<HTMLAudioElement>(null);

	useEffect(() => {
		const audio = ref.current!;

		audio.srcObject = stream;
		if (stream)
			play(audio);
		return () => {
			held.delete(audio);
			audio.srcObject = null;
		};
	}, [stream]);
	useEffect(() => route(ref.current!), [speaker.value]);
	return <audio ref={ref} />;
}
