/* How sure we are who is at the other end, and the two words for where no key says it. */
import { useEffect } from 'preact/hooks';
import { announce } from '../announce';
import { meeting, type Person } from '../state';
import { t } from '../t';
import { compared } from '../visit';
import { Icon } from './icon';
import { useWordList } from './words';

/** A word beside the name. */
export function TrustMark({ trust }: Person) {
	if (trust === 'unknown')
		return null;
	return (
		<span class={`mark ${trust}`} data-test={trust}>
			<Icon name={trust === 'verified' ? 'verified' : 'unverified'} />
			{t(`trust.${trust}`)}
		</span>
	);
}

/** Who can be compared with at the moment. */
export function comparable({ link, trust, words }: Person): boolean {
	return link === 'connected' && trust === 'unverified' && !!words;
}

export function Compare({ person, later }: { person: Person; later?(): void }) {
	const { id, name, words, agreed, keySeen, lang } = person;
	const list = useWordList(meeting.value?.locale ?? lang);
	const said = list.length ? words!.map((n) => list[n]).join(' · ') : '';

	/* who opens the panel has heard it before */
	useEffect(() => {
		if (said && later)
			announce(`${t('trust.compare', { name })} ${said}`);
	}, [said]);

	if (!said)
		return null;
	return (
		<section class="knock compare" aria-label={t('trust.unverified')} data-test="compare" data-person={id}>
			{keySeen && <p data-test="key-seen">{t('trust.keySeen')}</p>}
			<p>{t('trust.compare', { name })}</p>
			<p class="said" data-test="words">{said}</p>
			{agreed
				? <p>{t('trust.waits', { name })}</p>
				: <div class="row">
					<button class="button small main" type="button" onClick={() => compared(id, true)} data-test="match">{t('trust.match')}</button>
					<button class="button small" type="button" onClick={() => compared(id, false)} data-test="differ">{t('trust.differ')}</button>
					{later && <button class="button small quiet" type="button" onClick={later} data-test="later">{t('trust.later')}</button>}
				</div>}
		</section>
	);
}
