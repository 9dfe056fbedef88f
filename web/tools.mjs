/* esbuild from wherever the packages were installed: beside this file, or where the caller stands (a build folder). */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
const roots = [process.cwd(), here];

/* sources that are links into another tree still find preact */
export const nodePaths = roots.map((root) => join(root, 'node_modules'));

export function loadEsbuild() {
	for (const root of roots)
		try {
			return createRequire(join(root, 'package.json'))('esbuild');
		} catch (problem) {
			if (problem.code !== 'MODULE_NOT_FOUND')
				throw problem;
		}
	throw new Error('esbuild is not installed here: run "npm ci --ignore-scripts" first');
}

export const jsx = { jsx: 'automatic', jsxImportSource: 'preact' };
