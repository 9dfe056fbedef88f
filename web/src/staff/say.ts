/* The words of this page: its own, and those it shares with the pages of a visit. */
import type own from '../../locales/staff/en.json';
import { t as say, useWords, type FirstKey, type KeyOf, type Locale } from '../t';
import { locale } from './staffstate';
import { useCalendar } from './when';

export const t = say as (key: FirstKey | KeyOf<keyof typeof own>, values?: Record<string, string | number>) => string;

type Words = Promise<{ default: Record<string, string> }>;

const DICTIONARIES: Record<Locale, () => Words[]> = {
	en: () => [import('../../locales/en.json'), import('../../locales/staff/en.json')],
	de: () => [import('../../locales/de.json'), import('../../locales/staff/de.json')],
	fr: () => [import('../../locales/fr.json'), import('../../locales/staff/fr.json')],
	es: () => [import('../../locales/es.json'), import('../../locales/staff/es.json')],
};

/** From here on all is said in this language; nothing that was typed is lost. */
export async function speak(to: Locale): Promise<void> {
	const words = await Promise.all(DICTIONARIES[to]());

	useWords(to, Object.assign({}, ...words.map((one) => one.default)));
	/* days and hours as they are written where the browser is at home */
	useCalendar(navigator.languages.find((one) => one.split('-')[0] === to) ?? to);
	document.documentElement.lang = to;
	locale.value = to;
}
