import { made } from '../state';
import { t, type Locale } from '../t';
import { CopyLink } from './copy';
import { Page, Title } from './page';

export function LinksScreen({ locale }: { locale: Locale }) {
	const { guestUrl, hostUrl, meeting } = made.value!;
	const patient = meeting.kind === 'consultation' || meeting.kind === 'therapy';
	const guest = t(patient ? 'links.patient' : 'links.guest');

	return (
		<Page locale={locale}>
			<Title>{t('links.title')}</Title>
			<section class="card">
				<h2>{guest}</h2>
				<p>{t('links.guestHint')} {guestUrl.includes('#') && t('links.key')}</p>
				<CopyLink url={guestUrl} label={guest} name="guest" />
			</section>
			<section class="card">
				<h2>{t('links.host')}</h2>
				<p>{t('links.hostHint')}</p>
				<CopyLink url={hostUrl} label={t('links.host')} name="host" />
			</section>
			<p class="row">
				<a class="button main" href={hostUrl} data-test="start">{t('links.start')}</a>
				<a class="button quiet" href="/">{t('links.another')}</a>
			</p>
		</Page>
	);
}
