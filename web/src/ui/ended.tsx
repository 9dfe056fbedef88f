import { readPlace } from '../keep';
import { endReason, role, show } from '../state';
import { t, type Locale } from '../t';
import { endFromOutside } from '../visit';
import { FoldingScreen } from './icon';
import { Page, Title } from './page';

export function EndedScreen({ locale, id }: { locale: Locale; id: string }) {
	const left = endReason.value === 'left';

	return (
		<Page locale={locale}>
			<FoldingScreen />
			<Title>{t(left ? 'ended.leftTitle' : 'ended.title')}</Title>
			<p class="lead">{t(`ended.${endReason.value}`)}</p>
			<p>{t('ended.off')}</p>
			{left && (
				<p class="row">
					<button class="button main" type="button" onClick={() => show('join')} data-test="rejoin">{t('ended.rejoin')}</button>
					{role.value === 'host' && readPlace(id).token && (
						<button class="button" type="button" onClick={() => void endFromOutside()} data-test="end-outside">
							{t('end.forAll')}
						</button>
					)}
				</p>
			)}
		</Page>
	);
}
