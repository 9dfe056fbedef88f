import { useEffect, useRef } from 'preact/hooks';
import { said } from '../announce';
import { practice } from '../state';
import { AccountScreen } from './account';
import { ComingScreen, LogOnlyScreen, PastScreen } from './lists';
import { ChangeScreen, NewScreen } from './planform';
import { t } from './say';
import { SignInScreen } from './signin';
import { invite, me, place } from './staffstate';
import { VisitScreen } from './visitscreen';
import { WelcomeScreen } from './welcome';

function screenNow(): string {
	return invite.value ? 'welcome' : me.value ? place.value.at : 'signin';
}

function Screen({ now }: { now: string }) {
	const id = 'id' in place.value ? place.value.id : '';

	if (me.value && now !== 'account' && !me.value.roles.some((one) => one === 'host' || one === 'admin'))
		return <LogOnlyScreen />;
	switch (now) {
	case 'welcome': return <WelcomeScreen />;
	case 'signin': return <SignInScreen />;
	case 'past': return <PastScreen />;
	case 'new': return <NewScreen />;
	case 'account': return <AccountScreen />;
	case 'visit': return <VisitScreen id={id} />;
	case 'change': return <ChangeScreen id={id} />;
	default: return <ComingScreen />;
	}
}

const TITLES: Record<string, () => string> = {
	welcome: () => t('welcome.title'),
	signin: () => t('signin.title'),
	coming: () => t('coming.title'),
	past: () => t('past.title'),
	new: () => t('plan.newTitle'),
	change: () => t('plan.changeTitle'),
	visit: () => t('visit.title'),
	account: () => t('frame.account'),
};

/** The whole page. */
export function Desk() {
	const now = screenNow();
	const where = `${now} ${'id' in place.value ? place.value.id : ''}`;
	const first = useRef(true);

	/* A new screen is read from its heading on; the first is the browser's to begin. */
	useEffect(() => {
		document.body.dataset.screen = now;
		if (!first.current)
			document.querySelector<HTMLElement>('h1')?.focus();
		first.current = false;
		scrollTo(0, 0);
	}, [where]);
	document.title = `${TITLES[now]()} – ${practice()}`;

	return (
		<>
			<Screen key={where} now={now} />
			<p class="unseen" role="status" aria-live="polite">{said.value}</p>
		</>
	);
}
