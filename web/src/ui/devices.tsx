/* Choosing camera and microphone, hearing that one is heard, and what to do when it does not work. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { chime } from '../chime';
import { chooseSpeaker, listDevices, speaker, type Device } from '../devices';
import { camera, mic, micOn, openOwn, pick, type OwnDevice } from '../own';
import { t } from '../t';
import { Icon } from './icon';
import { Repair } from './repair';

function Picker({ one, name }: { one: OwnDevice; name: 'camera' | 'mic' }) {
	const [all, setAll] = useState<Device[]>([]);
	const track = one.track.value;

	useEffect(() => {
		const list = () => void listDevices(`${one.kind}input`).then(setAll);

		list();
		navigator.mediaDevices?.addEventListener('devicechange', list);
		return () => navigator.mediaDevices?.removeEventListener('devicechange', list);
	}, [track]);

	if (!track || !all.length)
		return null;
	return (
		<label>
			{t(`devices.${name}`)}
			<select class="field" value={track.getSettings().deviceId} data-test={`pick-${name}`}
				onChange={(event) => void pick(one, event.currentTarget.value)}>
				{all.map(({ id, label }, n) => <option key={id} value={id}>{label || `${t(`devices.${name}`)} ${n + 1}`}</option>)}
			</select>
		</label>
	);
}

/* Only where there is a choice, and a browser that lets one choose. */
function SpeakerPicker() {
	const [all, setAll] = useState<Device[]>([]);
	const track = mic.track.value;

	useEffect(() => {
		if ('setSinkId' in HTMLMediaElement.prototype)
			void listDevices('audiooutput').then(setAll);
	}, [track]);

	if (all.length < 2)
		return null;
	return (
		<label>
			{t('devices.speaker')}
			<select class="field" value={speaker.value || all[0].id} data-test="pick-speaker"
				onChange={(event) => chooseSpeaker(event.currentTarget.value)}>
				{all.map(({ id, label }, n) => <option key={id} value={id}>{label || `${t('devices.speaker')} ${n + 1}`}</option>)}
			</select>
		</label>
	);
}

/** Two notes, to hear whether one hears. */
export function Tone() {
	const [played, setPlayed] = useState(false);
	const play = () => {
		chime();
		setPlayed(true);
	};

	return (
		<div class="row">
			<button class="button small" type="button" onClick={play} data-test="tone">
				<Icon name="sound" />{t('devices.tone')}
			</button>
			<span class="hint" role="status">{played && t('devices.toneHint')}</span>
		</div>
	);
}

export function Pickers() {
	return <><Picker one={camera} name="camera" /><Picker one={mic} name="mic" /><SpeakerPicker /></>;
}

/** Folded away: most people have one of each and should not have to think about it. */
export function FoldedPickers() {
	if (!camera.track.value && !mic.track.value)
		return null;
	return (
		<details>
			<summary>{t('devices.choose')}</summary>
			<div class="form"><Pickers /></div>
		</details>
	);
}

/** A bar that moves with the voice. Nothing of it is for screen readers: the words beside it are. */
export function Level() {
	const bar = useRef<HTMLSpanElement>(null);
	const [heard, setHeard] = useState(false);
	const track = mic.track.value;

	useEffect(() => {
		if (!track)
			return;
		const audio = new AudioContext();
		const ear = audio.createAnalyser();
		const samples = new Float32Array(ear.fftSize = 1024);
		let frame = 0;

		audio.createMediaStreamSource(new MediaStream([track])).connect(ear);
		const wake = () => void audio.resume();
		addEventListener('pointerdown', wake);
		const draw = () => {
			ear.getFloatTimeDomainData(samples);
			const loud = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
			const level = Math.min(1, Math.sqrt(loud * 4));

			bar.current?.style.setProperty('transform', `scaleX(${level.toFixed(2)})`);
			if (level > 0.3)
				setHeard(true);
			frame = requestAnimationFrame(draw);
		};
		draw();
		return () => {
			cancelAnimationFrame(frame);
			removeEventListener('pointerdown', wake);
			void audio.close();
		};
	}, [track]);

	if (!track || !micOn.value)
		return null;
	return (
		<p class="level">
			<span>{t(heard ? 'devices.heard' : 'devices.speak')}</span>
			<span class="bar" aria-hidden="true"><span ref={bar} /></span>
		</p>
	);
}

/** What is wrong, what to do about it, and that the visit is possible all the same. */
export function DeviceTrouble() {
	const troubled = [camera, mic].filter((one) => one.problem.value && one.wanted.value);

	if (!troubled.length)
		return null;
	const problems = [...new Set(troubled.map((one) => one.problem.value!))];

	return (
		<div class="trouble" role="alert" data-test="trouble">
			<p><strong>{t(troubled.length === 2 ? 'trouble.both' : troubled[0] === camera ? 'trouble.camera' : 'trouble.mic')}</strong></p>
			{problems.map((one) => one === 'denied' ? <Repair key={one} /> : <p key={one}>{t(`trouble.${one}`)}</p>)}
			<p>{t('trouble.anyway')}</p>
			<button class="button small" type="button" onClick={() => void openOwn()}>{t('trouble.again')}</button>
		</div>
	);
}
