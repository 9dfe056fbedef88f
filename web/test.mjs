/* Unit tests: one bundle per tests/*.test.ts, then node's own runner. The report is TAP. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { here, jsx, loadEsbuild, nodePaths } from './tools.mjs';

const out = mkdtempSync(join(tmpdir(), 'paravent-web-'));
const names = readdirSync(join(here, 'tests')).filter((name) => name.endsWith('.test.ts'));

await loadEsbuild().build({
	entryPoints: names.map((name) => join(here, 'tests', name)),
	bundle: true,
	platform: 'node',
	format: 'esm',
	target: 'node18',
	outdir: out,
	outExtension: { '.js': '.mjs' },
	define: { WEB_ROOT: JSON.stringify(here) },
	nodePaths,
	...jsx,
	logLevel: 'warning',
});
const { status } = spawnSync(process.execPath,
	['--test', '--test-reporter=tap', ...names.map((name) => join(out, name.replace(/ts$/, 'mjs')))], { stdio: 'inherit' });
rmSync(out, { recursive: true, force: true });
process.exit(status ?? 1);
