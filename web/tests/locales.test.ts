import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaints } from '../locales.mjs';
import de from '../locales/de.json';
import en from '../locales/en.json';
import { chooseLocale, t, tTime, useWords } from '../src/t';

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
	assert.equal(t('knock.waits', { name: '$& {name}' }), '$& {name} is waiting.');
});
