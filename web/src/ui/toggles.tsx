import { camera, cameraOn, micOn, toggleCamera, toggleMic } from '../own';
import { t } from '../t';
import { Icon } from './icon';

/* The words say what a press does; the look says what is. */

export function MicButton() {
	const on = micOn.value;

	return (
		<button class={on ? 'button tool' : 'button tool off'} type="button" onClick={() => void toggleMic()} data-test="mute"
			data-on={`${on}`}>
			<Icon name="mic" off={!on} />
			<span>{t(on ? 'call.mute' : 'call.unmute')}</span>
		</button>
	);
}

export function CameraButton() {
	const on = cameraOn.value;
	const wait = camera.wanted.value && !on && !camera.problem.value;

	return (
		<button class={on ? 'button tool' : 'button tool off'} type="button" onClick={() => void toggleCamera()}
			data-test="camera" data-on={`${on}`} aria-busy={wait}>
			<Icon name="camera" off={!on} />
			<span>{t(on ? 'call.cameraOff' : 'call.cameraOn')}</span>
		</button>
	);
}
