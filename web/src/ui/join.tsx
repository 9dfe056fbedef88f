import { useEffect, useState } from 'preact/hooks';
import { announce } from '../announce';
import { keepPlace, ownMeetings, readPlace } from '../keep';
import { asking, camera, cameraOn, mic, openOwn, ownPicture } from '../own';
import { connecting, meeting } from '../state';
import { t, tTime, type Locale } from '../t';
import { enter } from '../visit';
import { DeviceTrouble, FoldedPickers, Level, Tone } from './devices';
import { Page, Title } from './page';
import { CameraButton, MicButton } from './toggles';
import { Picture } from './video';

function Preview() {
	return (
		<div class="preview">
			<div class="mirror">
				{cameraOn.value
					? <Picture stream={ownPicture.value} mirrored />
					: <p>{t(asking.value ? 'join.asking' : 'join.noPicture')}</p>}
			</div>
			<div class="row center"><MicButton /><CameraButton /></div>
			<Level />
		</div>
	);
}

/* A visit that is now needs no date. */
const SOON_MS = 5 * 60_000;

function Invitation() {
	const { title, hostName, startsAt } = meeting.value ?? {};
	const later = startsAt && Date.parse(startsAt) - Date.now() > SOON_MS;

	return (
		<>
			<Title>{hostName ? t('join.titleWith', { name: hostName }) : t('join.title')}</Title>
			{title && <p class="lead">{title}</p>}
			{later && <p class="lead">{tTime(startsAt)}</p>}
		</>
	);
}

export function JoinScreen({ locale, id }: { locale: Locale; id: string }) {
	const place = readPlace(id);
	const mine = ownMeetings().some((one) => one.id === id);
	const [typed, setName] = useState<string | undefined>(place.name);
	const [missing, setMissing] = useState(false);
	/* the host's own name is known from making the visit */
	const name = typed ?? (mine && place.token ? meeting.value?.hostName ?? '' : '');

	useEffect(() => {
		if (!mic.track.peek() && !camera.track.peek() && !asking.peek())
			void openOwn();
	}, []);

	const join = (event: SubmitEvent) => {
		event.preventDefault();
		const said = name.trim().replace(/\s+/g, ' ');

		setMissing(!said);
		if (!said) {
			announce(t('join.nameMissing'));
			(event.currentTarget as HTMLFormElement).querySelector('input')!.focus();
			return;
		}
		if (connecting.value)
			return;
		keepPlace(id, { mic: mic.wanted.value, camera: camera.wanted.value });
		void enter(id, said);
	};

	return (
		<Page locale={locale} wide>
			<div class="split joining">
				<div class="invitation"><Invitation /></div>
				<Preview />
				<div class="entering">
					<DeviceTrouble />
					<form class="form" onSubmit={join} noValidate>
						<label>
							{t('join.name')}
							<input class="field" value={name} maxLength={80} autocomplete="name" data-test="name"
								aria-invalid={missing} aria-describedby={missing ? 'no-name' : undefined}
								onInput={(event) => setName(event.currentTarget.value)} />
						</label>
						{missing && <p class="problem" id="no-name">{t('join.nameMissing')}</p>}
						<button class="button main" type="submit" aria-disabled={connecting.value} data-test="join">
							{t(connecting.value ? 'join.joining' : 'join.join')}
						</button>
						{meeting.value?.waitingRoom && !place.token && <p class="hint">{t('join.waitingHint')}</p>}
					</form>
					<Tone />
					<FoldedPickers />
				</div>
			</div>
		</Page>
	);
}
