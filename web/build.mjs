/*
 * Builds the pages: node build.mjs [--src SRCDIR] [--out] OUTDIR
 *
 * OUTDIR/index.html, OUTDIR/staff.html, OUTDIR/favicon.svg and OUTDIR/assets/NAME-HASH.*; whatever is under assets/ may be
 * cached for ever. Nothing is written anywhere else, so the sources may be read-only.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { complaints } from './locales.mjs';
import { here, jsx, loadEsbuild, nodePaths } from './tools.mjs';

const { values, positionals } = parseArgs({
	options: { src: { type: 'string' }, out: { type: 'string' } },
	allowPositionals: true,
});
const root = resolve(values.src ?? here);
const target = values.out ?? positionals[0];

function fail(text) {
	console.error(text);
	process.exit(1);
}

if (!target)
	fail('usage: node build.mjs [--src SRCDIR] --out OUTDIR');
const wrong = complaints(root);
if (wrong.length)
	fail(wrong.join('\n'));

const out = resolve(target);
rmSync(join(out, 'assets'), { recursive: true, force: true });
mkdirSync(join(out, 'assets'), { recursive: true });

const options = {
	absWorkingDir: root,
	bundle: true,
	minify: true,
	splitting: true,	/* a language is fetched by who speaks it */
	format: 'esm',
	target: ['chrome90', 'firefox90', 'safari15'],
	supported: { 'arbitrary-module-namespace-names': false },	/* or a language would carry each word twice */
	outdir: out,
	entryNames: 'assets/[name]-[hash]',
	chunkNames: 'assets/[name]-[hash]',
	legalComments: 'none',
	metafile: true,
	nodePaths,
	...jsx,
	logLevel: 'warning',
};
const template = readFileSync(join(root, 'src/index.html'), 'utf8');
const say = (locale) => JSON.parse(readFileSync(join(root, 'locales', `${locale}.json`), 'utf8'))['page.noscript'];

/* A page and what it loads, by names and sources: the script, then the style. Gives what esbuild made of them. */
async function page(html, entryPoints) {
	const { metafile: { outputs } } = await loadEsbuild().build({ ...options, entryPoints });
	const [script, style] = Object.values(entryPoints).map((source) =>
		resolve(root, Object.keys(outputs).find((path) => outputs[path].entryPoint === source)).slice(out.length).replaceAll('\\', '/'));

	writeFileSync(join(out, html), template
		.replace('{{style}}', style)
		.replace('{{script}}', script)
		.replace('{{noscript}}', ['en', 'de', 'fr', 'es'].map((locale) => `<p lang="${locale}">${say(locale)}</p>`).join('')));
	return outputs;
}

const visits = await page('index.html', { paravent: 'src/main.tsx', style: 'src/styles/main.css' });
/* built apart, so that nothing of it, not even the way it is cut, comes to who only opens a link */
const staff = await page('staff.html', { staff: 'src/staff/staffpage.tsx', 'staff-style': 'src/styles/staff.css' });

writeFileSync(join(out, 'favicon.svg'), readFileSync(join(root, 'src/favicon.svg')));

/*
 * What a first visit weighs before the person can do anything: the page, its icon, script and style, the part for this page
 * with all that it imports, and the longest language. What is inside a visit comes while the name is typed.
 */
const weight = (file) => gzipSync(readFileSync(file), { level: 9 }).length;
const total = (files) => files.reduce((sum, file) => sum + weight(resolve(root, file)), 0);

function withImports(outputs, paths, all = new Set()) {
	for (const path of paths)
		if (!all.has(path)) {
			all.add(path);
			withImports(outputs, outputs[path].imports.filter((one) => one.kind === 'import-statement').map((one) => one.path), all);
		}
	return [...all];
}

function tell(name, html, outputs, sources) {
	const entries = Object.keys(outputs).filter((path) => outputs[path].entryPoint);
	const files = withImports(outputs, entries.filter((path) => sources.includes(outputs[path].entryPoint)));
	const words = entries.filter((path) => /^locales\/(staff\/)?\w+\.json$/.test(outputs[path].entryPoint));	/* inside-*.json comes later */
	const languages = new Set(words.map((path) => basename(outputs[path].entryPoint)));
	const longest = Math.max(...[...languages].map((one) => total(words.filter((path) => basename(outputs[path].entryPoint) === one))));

	console.log(`web: ${name}: ${total([join(out, html), join(out, 'favicon.svg'), ...files]) + longest} bytes compressed`);
}

const visit = (...parts) => ['src/main.tsx', 'src/styles/main.css', ...parts];

tell('home', 'index.html', visits, visit('src/ui/making.ts'));
tell('join', 'index.html', visits, visit('src/ui/joining.ts'));
tell('join and call', 'index.html', visits, visit('src/ui/joining.ts', 'src/inside.ts'));
tell('staff', 'staff.html', staff, ['src/staff/staffpage.tsx', 'src/styles/staff.css']);
