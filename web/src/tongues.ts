/* The words in each language, in two parts: those of the first page, and those of the inside, which come with it. */
import { addWords, useWords, type Locale } from './t';

type Words = { default: Record<string, string> };

const FIRST: Record<Locale, () => Promise<Words>> = {
	en: () => import('../locales/en.json'),
	de: () => import('../locales/de.json'),
	fr: () => import('../locales/fr.json'),
	es: () => import('../locales/es.json'),
};

const INSIDE: Record<Locale, () => Promise<Words>> = {
	en: () => import('../locales/inside-en.json'),
	de: () => import('../locales/inside-de.json'),
	fr: () => import('../locales/inside-fr.json'),
	es: () => import('../locales/inside-es.json'),
};

/** From now on the page speaks this language. */
export async function speak(locale: Locale): Promise<void> {
	useWords(locale, (await FIRST[locale]()).default);
	document.documentElement.lang = locale;
}

export async function speakInside(): Promise<void> {
	addWords((await INSIDE[document.documentElement.lang as Locale]()).default);
}
