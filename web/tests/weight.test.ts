import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

declare const WEB_ROOT: string;

const MOST = 30 * 1024;

test('what a page loads first is at most 30 KiB compressed', () => {
	const out = mkdtempSync(join(tmpdir(), 'paravent-weight-'));

	try {
		const said = execFileSync(process.execPath, [join(WEB_ROOT, 'build.mjs'), '--src', WEB_ROOT, '--out', out], { encoding: 'utf8' });

		for (const page of ['home', 'join']) {
			const bytes = Number(new RegExp(`^web: ${page}: (\\d+) bytes`, 'm').exec(said)?.[1]);
			assert.ok(bytes <= MOST, `${page}: ${bytes} bytes`);
		}
	} finally {
		rmSync(out, { recursive: true, force: true });
	}
});
