import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaints } from '../locales.mjs';
import de from '../locales/de.json';
import en from '../locales/en.json';
import inside from '../locales/inside-en.json';
import { addWords, chooseLocale, t, tTime, useWords } from '../src/t';

declare const WEB_ROOT: string;

test('every language has every word, with the same holes, and nothing is left over', () => {
	assert.deepEqual(complaints(WEB_ROOT), []);
});

test('the asked language, else the browser\'s first that we speak, else English', () => {
	assert.equal(chooseLocale('de', ['en']), 'de');
	assert.equal(chooseLocale(null, ['nl', 'de-AT', 'en']), 'de');
	assert.equal(chooseLocale('xx', ['fr']), 'en');
});

test('holes are filled, and counts are said as the language says them', () => {
	useWords('en', en);
	addWords(inside);
	assert.equal(t('knock.waits', { name: 'Ada' }), 'Ada is waiting.');
	assert.equal(t('title.knock', { n: 1 }), 'Somebody is waiting');
	assert.equal(t('title.knock', { n: 3 }), '3 people are waiting');
	useWords('de', de);
	assert.equal(t('title.knock', { n: 3 }), '3 Personen warten');
	assert.match(tTime('2026-01-05T12:00:00Z'), /Montag/);
	assert.equal(tTime('soon'), '');
});

test('a name with braces or dollars stays what it is', () => {
	useWords('en', en);
	addWords(inside);
	assert.equal(t('knock.waits', { name: '$& {name}' }), '$& {name} is waiting.');
});

test('each list of words has 256 that differ by more than a letter', () => {
	const plain = (word: string) => word.toLowerCase().normalize('NFD').replace(/[^a-zß]/g, '');
	const near = (one: string, other: string) => one.length === other.length
		&& [...one].filter((letter, n) => letter !== other[n]).length < 2;

	for (const locale of ['en', 'de', 'fr', 'es']) {
		const words: string[] = JSON.parse(readFileSync(join(WEB_ROOT, `words/words-${locale}.json`), 'utf8')).map(plain);

		assert.equal(words.length, 256, locale);
		assert.ok(words.every((word) => word.length > 1 && word.length < 14));
		assert.deepEqual(words.filter((word, n) => words.slice(0, n).some((other) => near(word, other))), [], locale);
	}
});
