import { useEffect, useRef } from 'preact/hooks';
import { said } from '../announce';
import type { Route } from '../route';
import { screen } from '../state';
import type { Locale } from '../t';
import { SCREENS } from './screens';

export function App({ locale, route }: { locale: Locale; route: Route }) {
	const now = screen.value;
	const Current = SCREENS[now]!;
	const first = useRef(true);

	/* A new screen is read from its heading on, by eyes and by screen readers; the first is the browser's to begin. */
	useEffect(() => {
		document.body.dataset.screen = now;
		if (!first.current && document.activeElement === document.body)
			document.querySelector<HTMLElement>('h1')?.focus();
		first.current = false;
		scrollTo(0, 0);
	}, [now]);

	return (
		<>
			<Current key={now} locale={locale} id={route.page === 'join' ? route.id : ''} />
			<p class="unseen" role="status" aria-live="polite">{said.value}</p>
		</>
	);
}
