import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaints } from '../locales.mjs';
import de from '../locales/de.json';
import en from '../locales/en.json';
import inside from '../locales/inside-en.json';
import { addWords, chooseLocale, LOCALES, t, tTime, useWords } from '../src/t';

declare const WEB_ROOT: string;

test('every language has every word, with the same holes, and nothing is left over', () => {
	assert.deepEqual(complaints(WEB_ROOT), []);
	assert.deepEqual(readdirSync(join(WEB_ROOT, 'locales')).sort(), [...LOCALES.flatMap((one) => [`${one}.json`, `inside-${one}.json`]), 'staff'].sort());
	assert.deepEqual(readdirSync(join(WEB_ROOT, 'locales/staff')).sort(), LOCALES.map((one) => `${one}.json`).sort());
});

test('a word that is missing, left over, twice or with other holes stops the build', () => {
	const copy = mkdtempSync(join(tmpdir(), 'paravent-locales-'));

	try {
		for (const folder of ['locales', 'src'])
			cpSync(join(WEB_ROOT, folder), join(copy, folder), { recursive: true });
		const spoil = (name: string, change: (words: Record<string, string>) => void) => {
			const file = join(copy, 'locales', name);
			const before = readFileSync(file, 'utf8');
			const words = JSON.parse(before);

			change(words);
			writeFileSync(file, JSON.stringify(words));
			const found = complaints(copy);
			writeFileSync(file, before);
			return found;
		};

		assert.deepEqual(spoil('fr.json', (words) => delete words['join.join']), ['fr.json: join.join is missing']);
		assert.deepEqual(spoil('inside-es.json', (words) => delete words['chat.unread_many']), ['inside-es.json: chat.unread_many is missing']);
		assert.deepEqual(spoil('es.json', (words) => { words['join.join'] = ' '; }), ['es.json: join.join is missing']);
		assert.deepEqual(spoil('de.json', (words) => { words['join.titleWith'] = '{nome}'; }), ['de.json: join.titleWith has other {holes} than English']);
		assert.deepEqual(spoil('fr.json', (words) => { words['join.more'] = 'x'; }), ['fr.json: join.more is not in en.json']);
		assert.deepEqual(spoil('inside-en.json', (words) => { words['join.join'] = 'x'; }).slice(0, 1),
			['inside-en.json: join.join is in another file, too']);
		assert.deepEqual(spoil('staff/es.json', (words) => delete words['visit.start']), ['staff/es.json: visit.start is missing']);
		assert.deepEqual(spoil('staff/en.json', (words) => { words['chat.title'] = 'x'; }).slice(0, 2),
			['staff/en.json: chat.title is in another file, too', 'staff/en.json: nobody says chat.title']);
		for (const name of ['inside-fr.json', 'staff/fr.json'])
			rmSync(join(copy, 'locales', name));
		assert.ok(complaints(copy).includes('inside-fr.json: chat.title is missing'));
		assert.ok(complaints(copy).includes('staff/fr.json: visit.start is missing'));
	} finally {
		rmSync(copy, { recursive: true, force: true });
	}
});

test('the asked language, else the browser\'s first that we speak, else English', () => {
	assert.equal(chooseLocale('de', ['en']), 'de');
	assert.equal(chooseLocale(null, ['nl', 'de-AT', 'en']), 'de');
	assert.equal(chooseLocale('fr-CH', ['de']), 'fr');
	assert.equal(chooseLocale('xx', ['nl', 'es-MX']), 'es');
	assert.equal(chooseLocale('xx', ['nl']), 'en');
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
