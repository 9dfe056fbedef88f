/*
 * A test with people in it. When it goes wrong the error tells what each of them had before his eyes, and the browsers go,
 * by force if need be: the next scene has new ones, and none outlives the tests.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeBrowsers, Person, within } from './browsers.mjs';

const LOOK_MS = 5000;
const here = fileURLToPath(new URL('.', import.meta.url));
const folder = join(process.env.SCREENSHOTS ?? '../../build/screenshots', 'failed');

/* the test's own line stands below many of those who speak with the browser */
Error.stackTraceLimit = 100;

after(closeBrowsers);

/* browsers and servers are killed at our exit, which a signal by itself is not */
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'])
	process.once(signal, () => process.exit(1));

/**
 * cast:    who takes part, { host: 'chromium', guest: ['firefox', 'de'] }; `act` gets them as persons of these names.
 * skip:    why it cannot be played, or nothing.
 * timeout: of the whole scene, ms.
 */
export function scene(name, { cast, skip, timeout = 300_000 }, act) {
	/* ours comes first: node's own limit would end the test without a word about the people */
	test(name, { skip: skip || false, timeout: timeout + 60_000 }, async (t) => {
		const people = {};
		const play = async () => {
			for (const [who, what] of Object.entries(cast))
				people[who] = followed(await Person.at(...[what].flat()));
			await act(people, t);
			for (const [who, one] of Object.entries(people))
				assert.deepEqual(await one.complaints(), [], `what ${who}'s page complains of`);
		};

		try {
			await within(timeout, play(), 'the scene has no end');
		} catch (problem) {
			await explain(problem, name, people);
			await closeBrowsers();
			throw problem;
		}
		await Promise.all(Object.values(people).map((one) => one.close()));
	});
}

/* Remembers what was last asked of a person, and in which line of the test. */
function followed(person) {
	return new Proxy(person, {
		get(one, name) {
			const what = one[name];

			return typeof what !== 'function' ? what : (...words) => {
				const [line] = ours(new Error().stack).filter((line) => !line.includes('/scene.mjs:'));
				if (line)
					one.last = `${name}(${words.join(', ').replace(/#\S*/, '')}) ${line.trim()}`;
				return what.apply(one, words);
			};
		},
	});
}

/* Of a stack, the lines of these tests. */
function ours(stack) {
	return stack.split('\n').filter((line) => line.includes(here) && !line.includes('node_modules'));
}

async function explain(problem, name, people) {
	const said = await Promise.all(Object.entries(people).map(([who, one]) => account(who, one)));

	problem.message = [problem.message, ...problem.cause ? [problem.cause.message] : [], ...said].join('\n');
	problem.stack = ours(problem.stack).join('\n');
	mkdirSync(folder, { recursive: true });
	await Promise.all(Object.entries(people).map(([who, { page }]) => within(LOOK_MS, page.screenshot({
		path: join(folder, `${name}-${who}.png`.replace(/[^\w.-]+/g, '-')),
	})).catch(() => { /* a picture would have been nice */ })));
}

/* What somebody sees. A page that hangs must not hide what the others see. */
async function account(who, { browser, page, errors, last }) {
	const now = await within(LOOK_MS, page.evaluate(glance)).catch(({ message }) => ({ text: `(${message})` }));

	return [
		`${who} in ${browser}, ${page.url().replace(/[?#].*/, '')}, screen ${now.screen}: ${now.text}`,
		`  last asked: ${last}`,
		`  connections: ${now.connections?.join(', ') || 'none'}`,
		`  last frames: ${now.frames?.join(', ') || 'none'}`,
		`  page errors: ${errors.join(', ') || 'none'}`,
	].join('\n');
}

/* Runs in the page. */
function glance() {
	const { connections = [], talk = [] } = window.seen ?? {};

	return {
		screen: document.body.dataset.screen,
		text: document.body.innerText.replace(/\s+/g, ' ').slice(0, 300),
		connections: connections.map((one) => `${one.connectionState}/ice ${one.iceConnectionState}/${one.signalingState}`),
		frames: talk.slice(-10),
	};
}
