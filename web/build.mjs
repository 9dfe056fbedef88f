/*
 * Builds the page: node build.mjs [--src SRCDIR] [--out] OUTDIR
 *
 * OUTDIR/index.html, OUTDIR/favicon.svg and OUTDIR/assets/NAME-HASH.*; whatever is under assets/ may be cached for ever.
 * Nothing is written anywhere else, so the sources may be read-only.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
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

const result = await loadEsbuild().build({
	absWorkingDir: root,
	entryPoints: { paravent: 'src/main.tsx', style: 'src/styles/main.css' },
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
});

const built = Object.entries(result.metafile.outputs).map(([path, { entryPoint }]) => ({ file: resolve(root, path), entryPoint }));
const url = (entry) => built.find((one) => one.entryPoint === entry).file.slice(out.length).replaceAll('\\', '/');
const say = (locale) => JSON.parse(readFileSync(join(root, 'locales', `${locale}.json`), 'utf8'))['page.noscript'];

const html = readFileSync(join(root, 'src/index.html'), 'utf8')
	.replace('{{style}}', url('src/styles/main.css'))
	.replace('{{script}}', url('src/main.tsx'))
	.replace('{{noscript}}', ['en', 'de'].map((locale) => `<p lang="${locale}">${say(locale)}</p>`).join(''));

writeFileSync(join(out, 'index.html'), html);
writeFileSync(join(out, 'favicon.svg'), readFileSync(join(root, 'src/favicon.svg')));

/*
 * What a first visit weighs before the person can do anything: the page, its icon, script and style, the part for this page
 * with all that it imports, and the longest language. What is inside a visit comes while the name is typed.
 */
const weight = (file) => gzipSync(readFileSync(file), { level: 9 }).length;
const { outputs } = result.metafile;
const output = (entry) => Object.keys(outputs).find((path) => outputs[path].entryPoint === entry);

function withImports(paths, all = new Set()) {
	for (const path of paths)
		if (!all.has(path)) {
			all.add(path);
			withImports(outputs[path].imports.filter((one) => one.kind === 'import-statement').map((one) => one.path), all);
		}
	return [...all];
}

const total = (files) => files.reduce((sum, file) => sum + weight(resolve(root, file)), 0);
const language = Math.max(...Object.keys(outputs).filter((path) => outputs[path].entryPoint?.startsWith('locales/')).map((path) => total([path])));
const pages = { home: ['src/ui/making.ts'], join: ['src/ui/joining.ts'], 'join and call': ['src/ui/joining.ts', 'src/inside.ts'] };

for (const [page, parts] of Object.entries(pages)) {
	const files = withImports(['src/main.tsx', ...parts].map(output));
	const bytes = total([join(out, 'index.html'), join(out, 'favicon.svg'), output('src/styles/main.css'), ...files]) + language;

	console.log(`web: ${page}: ${bytes} bytes compressed`);
}
