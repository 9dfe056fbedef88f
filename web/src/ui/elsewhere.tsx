/* The link was opened inside another app, where camera and microphone rarely work: how to come to a browser. */
import { hostApp } from '../elsewhere';
import { keyOf, readPlace } from '../keep';
import { fragment } from '../route';
import { show } from '../state';
import { t, type Locale } from '../t';
import { CopyLink } from './copy';
import { Page, Title } from './page';

export function ElsewhereScreen({ locale, id }: { locale: Locale; id: string }) {
	const app = hostApp(navigator.userAgent);
	const url = `${location.origin}${location.pathname}${fragment(keyOf(id), readPlace(id).token)}`;

	return (
		<Page locale={locale}>
			<Title>{t('elsewhere.title')}</Title>
			<p class="lead">{app ? t('elsewhere.named', { app }) : t('elsewhere.unnamed')}</p>
			<section class="card">
				<h2>{t('elsewhere.how')}</h2>
				<p>{t('elsewhere.menu')}</p>
				<p>{t('elsewhere.copy')}</p>
				<CopyLink url={url} label={t('elsewhere.link')} name="elsewhere" />
			</section>
			<p><button class="button quiet" type="button" onClick={() => show('join')} data-test="stay">{t('elsewhere.stay')}</button></p>
		</Page>
	);
}
