/*
 * How a screen looks, on a phone and on a desk, by day and by night: pictures to be looked at, in $SCREENSHOTS. What a test can
 * see of it is checked too: nothing is wider than the page, not even at 320 px, what is pressed is large enough, and
 * axe-core finds nothing to complain of.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const folder = process.env.SCREENSHOTS ?? '../../build/screenshots';
export const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 800 } };
export const EDGES = { narrow: { width: 320, height: 640 }, flat: { width: 740, height: 360 } };
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/* Runs in the page. */
function misfits() {
	const wrong = [];

	if (document.documentElement.scrollWidth > innerWidth)
		wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
	for (const one of document.querySelectorAll('button, select, input, .button, nav a')) {
		/* a box is ticked by its words, too */
		const { width, height } = (one.type === 'checkbox' ? one.labels[0] : one).getBoundingClientRect();
		if (width > 0 && (height < 43.5 || width < 43.5))
			wrong.push(`${one.outerHTML.slice(0, 80)} is ${width} x ${height}`);
		if (one.tagName === 'BUTTON' && one.scrollWidth > one.clientWidth + 1)
			wrong.push(`the words do not fit into ${one.outerHTML.slice(0, 120)}`);
	}
	return wrong;
}

/* Runs in the page: what was on its way to another place has arrived. */
async function settled() {
	await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
	await Promise.allSettled(document.getAnimations()
		.filter((one) => one.effect.getComputedTiming().endTime < Infinity)
		.map((one) => one.finished));
}

export async function accessible(page, name) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => window.axe.run(document, {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
	}));

	assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 120)} ${failureSummary}`)}`),
		[], name);
}

/**
 * full: sizes at which all is looked at; edges: those where only the shape is. Firefox cannot be told to make it night: there
 * it is day.
 */
export async function picture({ page, browser }, name, full = SIZES, edges = EDGES) {
	const lights = browser === 'firefox' ? ['light'] : ['light', 'dark'];

	mkdirSync(folder, { recursive: true });
	for (const [size, viewport] of Object.entries(full))
		for (const light of lights) {
			await page.setViewport(viewport);
			if (lights.length > 1)
				await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: light }]);
			await page.evaluate(settled);
			await page.screenshot({ path: join(folder, `${name}-${size}-${light}.png`) });
			assert.deepEqual(await page.evaluate(misfits), [], `${name}, ${size}`);
			await accessible(page, `${name}, ${size}, ${light}`);
		}
	for (const [size, viewport] of Object.entries(edges)) {
		await page.setViewport(viewport);
		await page.evaluate(settled);
		await page.screenshot({ path: join(folder, `${name}-${size}.png`) });
		assert.deepEqual(await page.evaluate(misfits), [], `${name}, ${size}`);
	}
	await page.setViewport(SIZES.desk);
}
