/*
 * My screen in place of my camera's picture: the same line carries another track, so nothing is negotiated. Ends by our
 * button, by the browser's own bar, or with the window that was shown.
 */
import { announce, notice } from './announce';
import { shared } from './own';
import { screen } from './state';
import { t } from './t';

/** Phones have the function at most in name. */
export function canShare(): boolean {
	return !!navigator.mediaDevices?.getDisplayMedia && !/Android|iPhone|iPad|Mobile/.test(navigator.userAgent);
}

export async function share(): Promise<void> {
	let track: MediaStreamTrack;

	try {
		const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 10, max: 15 } }, audio: false });

		[track] = stream.getVideoTracks();
	} catch (problem) {
		/* who closed the browser's question has changed his mind */
		if ((problem as DOMException)?.name !== 'NotAllowedError')
			notice(t('share.failed'));
		return;
	}
	/* the question may have been open for long */
	if (screen.value !== 'call')
		return track.stop();
	shared.value?.stop();
	track.contentHint = 'detail';	/* letters before movement */
	track.onended = () => track === shared.value && stopSharing();
	shared.value = track;
	announce(t('share.now'));
}

export function stopSharing(): void {
	shared.value?.stop();
	shared.value = null;
	announce(t('share.over'));
}
