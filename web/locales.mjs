/*
 * Do the languages agree, and do they say what the sources ask for? Used by the build and by the tests. Sources name their
 * keys in t('…') or t(`…${…}…`); the compiler checks those against en.json, this finds what nobody says any more.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const BUILDERS = 'page.noscript';	/* said by build.mjs, for whom no script runs */

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

/* A language's words come in parts: for the first page of a visit, for what comes later, and for the staff page. */
const STAFF = 'staff/';
const PARTS = ['', 'inside-', STAFF];

function* complaintsOf(part, locales, read, patterns, taken) {
	const en = read(`${part}en.json`);
	const bases = new Set(Object.keys(en).map(base));

	for (const key of bases) {
		if (taken.has(key))
			yield `${part}en.json: ${key} is in another file, too`;
		taken.add(key);
		if (key !== BUILDERS && !patterns.some((one) => one.test(key)))
			yield `${part}en.json: nobody says ${key}`;
	}
	for (const locale of locales) {
		const name = `${part}${locale}.json`;
		const words = read(name);
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
				yield `${name}: ${key} is not in ${part}en.json`;
	}
}

/** A list of complaints; empty is good. */
export function complaints(root) {
	const folder = join(root, 'locales');
	const desk = join(root, 'src/staff');
	const locales = readdirSync(folder).filter((name) => /^\w+\.json$/.test(name)).map((name) => name.slice(0, -5));
	const read = (name) => existsSync(join(folder, name)) ? JSON.parse(readFileSync(join(folder, name), 'utf8')) : {};
	const visits = usedIn(files(join(root, 'src'), desk));
	const staff = usedIn(files(desk));
	const taken = new Set();

	return PARTS.flatMap((part) => [...complaintsOf(part, locales, read, part === STAFF ? staff : visits, taken)]);
}
