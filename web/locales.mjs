/*
 * Do the languages agree, and do they say what the sources ask for? Used by the build and by the tests. Sources name their
 * keys in t('…') or t(`…${…}…`); the compiler checks those against en.json, this finds what nobody says any more.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/* The staff page has words of its own, so that who only opens a link does not load them. */
const STAFF = 'src/staff';

function* files(dir, but) {
	for (const entry of readdirSync(dir, { withFileTypes: true })) {
		const path = join(dir, entry.name);

		if (entry.isDirectory() && path !== but)
			yield* files(path, but);
		else if (/\.(tsx?|mjs)$/.test(entry.name))
			yield path;
	}
}

const base = (key) => key.replace(/_(zero|one|two|few|many|other)$/, '');
const holes = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort().join();

/* Every quoted word with a dot in it may be a key; a template is a pattern. */
function usedIn(sources) {
	const patterns = [];

	for (const file of sources)
		for (const [, quoted, template] of readFileSync(file, 'utf8').matchAll(/'([\w-]+(?:\.[\w-]+)+)'|`([\w-]+\.[^`]*)`/g)) {
			const text = quoted ?? template.replace(/\$\{[^}]*\}/g, '\0');
			patterns.push(new RegExp(`^${text.replace(/[.]/g, '\\.').replace(/\0/g, '[\\w.-]+')}$`));
		}
	return patterns;
}

/* One folder of languages, and those who say its words. */
function* complaintsOf(folder, sources, elsewhere) {
	const names = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
	const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
	const en = read('en.json');
	const bases = new Set(Object.keys(en).map(base));

	for (const name of names) {
		const words = read(name);
		const locale = name.slice(0, -5);
		const forms = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;

		for (const key of bases) {
			const plural = `${key}_other` in en;
			for (const wanted of plural ? forms.map((form) => `${key}_${form}`) : [key]) {
				if (!words[wanted]?.trim())
					yield `${name}: ${wanted} is missing`;
				else if (holes(words[wanted]) !== holes(en[wanted] ?? en[`${key}_other`]) && !plural)
					yield `${name}: ${wanted} has other {holes} than English`;
			}
		}
		for (const key of Object.keys(words))
			if (!bases.has(base(key)))
				yield `${name}: ${key} is not in en.json`;
	}
	const patterns = usedIn(sources);
	for (const key of bases)
		if (!elsewhere(key) && !patterns.some((one) => one.test(key)))
			yield `en.json: nobody says ${key}`;
}

/** A list of complaints; empty is good. */
export function complaints(root) {
	const staff = join(root, STAFF);
	const builder = 'page.noscript';	/* said by build.mjs, for whom no script runs */
	const main = join(root, 'locales');
	const own = join(main, 'staff');
	const first = (folder) => Object.keys(JSON.parse(readFileSync(join(folder, 'en.json'), 'utf8')));
	const twice = first(own).filter((key) => first(main).includes(key));

	return [
		...complaintsOf(main, files(join(root, 'src'), staff), (key) => key === builder),
		...complaintsOf(own, files(staff), () => false),
		...twice.map((key) => `en.json: ${key} is said twice`),
	];
}
