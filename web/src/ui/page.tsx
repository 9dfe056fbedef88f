import type { ComponentChildren } from 'preact';
import { practice } from '../state';
import { LOCALES, t, type Locale } from '../t';
import { Logo } from './icon';

export const TONGUES: Record<Locale, string> = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español' };	/* each in its own words */

function Languages({ locale }: { locale: Locale }) {
	const to = (other: Locale) => {
		const query = new URLSearchParams(location.search);
		query.set('lang', other);
		return `${location.pathname}?${query}`;
	};

	return (
		<nav class="languages" aria-label={t('page.language')}>
			{LOCALES.map((one) => (
				<a key={one} href={to(one)} lang={one} hreflang={one} aria-current={one === locale ? 'true' : undefined}>
					{TONGUES[one]}
				</a>
			))}
		</nav>
	);
}

/** The paper every quiet screen is written on. */
export function Page({ locale, wide, children }: { locale?: Locale; wide?: boolean; children: ComponentChildren }) {
	return (
		<div class="page">
			<header class="head"><a class="brand" href="/"><Logo />{practice()}</a></header>
			<main class={wide ? 'sheet wide' : 'sheet'}>{children}</main>
			<footer class="foot">
				<p>{t('page.promise')}</p>
				{locale && <Languages locale={locale} />}
			</footer>
		</div>
	);
}

/** What a screen is about; it takes the focus when the screen changes. */
export function Title({ children }: { children: ComponentChildren }) {
	return <h1 tabIndex={-1}>{children}</h1>;
}
