import { cameraOn, ownPicture } from '../own';
import { lost, meeting, notes } from '../state';
import { t } from '../t';
import { leave } from '../visit';
import { FoldingScreen, Icon } from './icon';
import { Page, Title } from './page';
import { CameraButton, MicButton } from './toggles';
import { Picture } from './video';

export function WaitingScreen() {
	const host = meeting.value?.hostName;

	return (
		<Page>
			<div class="waiting">
				<FoldingScreen />
				<Title>{t('waiting.title')}</Title>
				<p class="lead">{host ? t('waiting.hostNamed', { name: host }) : t('waiting.host')}</p>
				<p>{t('waiting.stay')}</p>
				{notes.value.length > 0 && (
					<section class="card notes" aria-label={t('waiting.notes')}>
						<h2>{t('waiting.notes')}</h2>
						{notes.value.map((text, n) => <p key={n} data-test="note">{text}</p>)}
					</section>
				)}
				{lost.value && <p class="pill">{t('call.reconnecting')}</p>}
				<div class="mirror little">
					{cameraOn.value ? <Picture stream={ownPicture.value} mirrored /> : <p>{t('join.noPicture')}</p>}
				</div>
				<div class="row center">
					<MicButton />
					<CameraButton />
					<button class="button tool" type="button" onClick={leave} data-test="leave">
						<Icon name="leave" /><span>{t('call.leave')}</span>
					</button>
				</div>
			</div>
		</Page>
	);
}
