/*
 * Words. `t('people.waiting', { n: 2 })` takes the key, or its `_one` / `_other` form where there is an n, and fills in
 * {n}. The type knows every key, so a missing one does not compile; build.mjs compares the languages.
 */
import type en from '../locales/en.json';
import type inside from '../locales/inside-en.json';

/** What may be asked of a dictionary with these names. */
export type KeyOf<Names> = Names extends `${infer Base}_other` ? Base : Names extends `${string}_one` ? never : Names;
/** What the first page knows. */
export type FirstKey = KeyOf<keyof typeof en>;
export type Key = FirstKey | KeyOf<keyof typeof inside>;

export const LOCALES = ['en', 'de', 'fr', 'es'] as const;
export type Locale = (typeof LOCALES)[number];

let words: Record<string, string> = {};
let plural = new Intl.PluralRules('en');
let when = new Intl.DateTimeFormat('en');

export function useWords(locale: Locale, dictionary: Record<string, string>): void {
	words = dictionary;
	plural = new Intl.PluralRules(locale);
	when = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' });
}

/** What is said in a part that came later. */
export function addWords(dictionary: Record<string, string>): void {
	words = { ...words, ...dictionary };
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
	const form = typeof values.n === 'number' ? words[`${key}_${plural.select(values.n)}`] ?? words[`${key}_other`] : undefined;

	return (form ?? words[key] ?? key).replace(/\{(\w+)\}/g, (hole, name) => String(values[name] ?? hole));
}

export function tTime(time: string): string {
	const date = new Date(time);

	return Number.isNaN(date.getTime()) ? '' : when.format(date);
}

export function chooseLocale(asked: string | null, wanted: readonly string[]): Locale {
	for (const one of [asked ?? '', ...wanted]) {
		const base = one.toLowerCase().split('-')[0];
		const found = LOCALES.find((locale) => locale === base);

		if (found)
			return found;
	}
	return 'en';
}
