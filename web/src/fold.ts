/*
 * Behind the folding screen: somebody has come into the room, and at one press nobody in the visit sees or hears it. The
 * camera is closed, so its light goes out; a picture of the screen is held back. Coming back brings what was on before.
 */
import { batch, effect } from '@preact/signals';
import { announce } from './announce';
import { camera, cameraOn, close, folded, mic, micOn, toggleCamera, toggleMic } from './own';
import { t } from './t';

let before = { mic: true, camera: true };

export function fold(): void {
	if (folded.value)
		return;
	before = { mic: micOn.value, camera: camera.wanted.value };
	batch(() => {
		folded.value = true;
		close(mic);
		close(camera);
	});
	announce(t('fold.now'));
}

export async function unfold(): Promise<void> {
	folded.value = false;
	if (before.mic && !micOn.value)
		await toggleMic();
	if (before.camera && !cameraOn.value)
		await toggleCamera();
}

/* who turns one of them on by hand is not behind the screen any more */
effect(() => {
	if (mic.wanted.value || camera.wanted.value)
		folded.value = false;
});
