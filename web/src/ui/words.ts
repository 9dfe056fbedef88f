/*
 * The lists that two bytes are said from, 256 words each. The visit's language decides and not the person's, so that both
 * read the same; fetched by whoever needs one.
 */
import { useEffect, useState } from 'preact/hooks';

type List = { default: string[] };

const LISTS: Record<string, () => Promise<List>> = {
	en: () => import('../../words/words-en.json'),
	de: () => import('../../words/words-de.json'),
	fr: () => import('../../words/words-fr.json'),
	es: () => import('../../words/words-es.json'),
};

/** Empty until the list is there. */
export function useWordList(locale?: string | null): string[] {
	const [list, setList] = useState<string[]>([]);

	useEffect(() => {
		void (LISTS[locale?.slice(0, 2).toLowerCase() ?? ''] ?? LISTS.en)().then((one) => setList(one.default), () => {});
	}, [locale]);
	return list;
}
