import { isHeld, readPlace } from '../keep';
import { WORTH_A_TRY } from '../refusal';
import { opensAt, refusal, show } from '../state';
import { t, tTime, type Locale } from '../t';
import { comeBack, look } from '../visit';
import { Page, Title } from './page';

export function RefusedScreen({ locale, id }: { locale: Locale; id: string }) {
	const why = refusal.value;

	const again = () => {
		const place = readPlace(id);

		show('join');
		if (isHeld(place, Date.now()))
			comeBack(id, place);	/* another window has the place: take it back */
		else
			void look(id);
	};

	return (
		<Page locale={locale}>
			<div class="stack" data-test="refused" data-why={why}>
				<Title>{t(`refused.${why}.title`)}</Title>
				<p class="lead">{t(`refused.${why}.text`, { time: tTime(opensAt.value) })}</p>
				{WORTH_A_TRY.has(why) && (
					<p class="row">
						<button class="button main" type="button" onClick={again} data-test="again">
							{t(why === 'replaced' ? 'refused.here' : 'refused.again')}
						</button>
					</p>
				)}
			</div>
		</Page>
	);
}
