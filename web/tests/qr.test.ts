import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { qrOf } from '../src/staff/qr';

const LINK = 'https://visits.example.org/join/kXlS0P4yZTT0pYcxVnFt0A#k=AAECAwQFBgcICQoLDA0ODw&token=';

/* Made with libqrencode 4.1.1: so many characters of the link again and again, and the code's SHA-256, row by row. */
const CODES: [number, string][] = [
	[1, '9d1dde5ac05151b2'], [23, '600f521fe2d93854'], [36, '867c24de27ae34d8'], [43, '07229530877400df'], [65, 'ba257c9ebede7214'],
	[86, 'f13534a6281eff7b'], [107, '6c2fc7353ab7a199'], [125, '0e4557ecd9fd90e4'], [153, 'f37644b92a26e12f'],
	[181, 'f7bfe65727e1b1c1'], [214, 'cb8e197a920afd75'], [256, 'e966082b2f047367'],
];

test('of all twelve versions the code is what libqrencode makes', () => {
	CODES.forEach(([length, wanted], n) => {
		const code = qrOf(LINK.repeat(4).slice(0, length))!;

		assert.equal(code.length, 21 + 4 * n);
		assert.equal(createHash('sha256').update(code.flat().map(Number).join('')).digest('hex').slice(0, 16), wanted, `version ${n + 1}`);
	});
});

test('what no telephone reads is not drawn', () => {
	assert.equal(qrOf('x'.repeat(287))!.length, 65);
	assert.equal(qrOf('x'.repeat(288)), null);
});
