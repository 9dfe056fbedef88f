import { camera, mic } from '../own';
import { repair, stuck } from '../stuck';
import { t } from '../t';
import { Icon } from './icon';

/** What the system has taken away and does not give back: one press. Nothing while one wants it off anyway. */
export function Mend() {
	const all = stuck.value.filter((one) => one.wanted.value);

	if (!all.length)
		return null;
	return (
		<section class="knock compare" aria-label={t('mend.button')} data-test="mend">
			<p role="alert">{t(all.length === 2 ? 'mend.both' : all[0] === camera ? 'mend.camera' : 'mend.mic')}</p>
			<button class="button main" type="button" onClick={() => void repair()} data-test="mend-now">
				<Icon name={all.includes(mic) ? 'mic' : 'camera'} />{t('mend.button')}
			</button>
		</section>
	);
}
