import { shared } from '../own';
import { canShare, share, stopSharing } from '../share';
import { t } from '../t';
import { Icon } from './icon';

export function ShareButton() {
	const on = !!shared.value;

	if (!canShare())
		return null;
	return (
		<button class="button tool roomy" type="button" onClick={() => on ? stopSharing() : void share()} data-test="share" data-on={`${on}`}>
			<Icon name="screen" off={on} /><span>{t(on ? 'share.stop' : 'share.show')}</span>
		</button>
	);
}

/** Nobody should forget that others see the screen. */
export function Sharing() {
	if (!shared.value)
		return null;
	return (
		<section class="pill sharing" aria-label={t('share.show')} data-test="sharing">
			<span>{t('share.now')}</span>
			<button class="button small" type="button" onClick={stopSharing} data-test="share-stop">{t('share.stop')}</button>
		</section>
	);
}
