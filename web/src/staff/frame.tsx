import type { ComponentChildren } from 'preact';
import { practice } from '../state';
import { LOCALES, type Locale } from '../t';
import { Logo } from '../ui/icon';
import { TONGUES } from '../ui/page';
import { speak, t } from './say';
import { hrefOf } from './staffroute';
import { done, locale, me, place } from './staffstate';

const WAYS = ['coming', 'past', 'account'] as const;

function Ways() {
	return (
		<nav class="ways" aria-label={t('frame.nav')}>
			{WAYS.map((at) => (
				<a key={at} href={hrefOf({ at })} aria-current={place.value.at === at ? 'page' : undefined} data-test={`go-${at}`}>
					{t(`frame.${at}`)}
				</a>
			))}
		</nav>
	);
}

function Languages() {
	/* without loading anew: what is being typed stays */
	const change = (event: Event, to: Locale) => {
		event.preventDefault();
		history.replaceState(null, '', `${location.pathname}?lang=${to}${location.hash}`);
		void speak(to);
	};

	return (
		<nav class="languages" aria-label={t('page.language')}>
			{LOCALES.map((one) => (
				<a key={one} href={`?lang=${one}`} lang={one} hreflang={one} onClick={(event) => change(event, one)}
					aria-current={one === locale.value ? 'true' : undefined}>
					{TONGUES[one]}
				</a>
			))}
		</nav>
	);
}

export function Frame({ wide, children }: { wide?: boolean; children: ComponentChildren }) {
	return (
		<div class="page">
			<header class="head desk">
				<a class="brand" href={hrefOf({ at: 'coming' })}><Logo />{practice()}</a>
				{me.value && <Ways />}
			</header>
			<main class={wide ? 'sheet wide' : 'sheet'}>
				{done.value && <p class="done" data-test="done">{done.value.text}</p>}
				{children}
			</main>
			<footer class="foot">
				<p>{t('page.promise')}</p>
				<Languages />
			</footer>
		</div>
	);
}
