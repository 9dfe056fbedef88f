/**
 * Tokens of other systems, good and bad: the rows of badtokens.json, which tests/unit/
 * jwtkit.h explains, and what an issuer's own library would make.
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

export const table = JSON.parse(
	fs.readFileSync(path.join(here, 'badtokens.json'), 'utf8'));

export function seconds(offset = 0)
{
	return Math.floor(Date.now() / 1000) + offset;
}

function fill(text, words)
{
	return text.replace(/\{(now([+-]\d+)|[\w-]+)\}/g, (all, name, offset) =>
		offset ? seconds(Number(offset)) : words[name] ?? all);
}

function members(changes)
{
	return Object.entries(changes)
		.filter(([, value]) => value !== null)
		.map(([key, value]) => `"${key}":${value}`).join(',');
}

function coded(text)
{
	return Buffer.from(text, 'latin1').toString('base64url');
}

/** The token of a row; {} for the good one. */
export function tokenOf(row, meeting)
{
	const { good } = table;
	const head = members({ ...good.head, ...row.head });
	const claims = fill(members({ ...good.claims, ...row.claims }), { meeting });
	const other = fill(members({ ...good.claims, sub: '"admin"' }), { meeting });
	const words = { meeting, members: claims, good: `{${claims}}` };
	const h = coded(fill(row.header ?? `{${head}}`, words));
	const c = coded(fill(row.payload ?? `{${claims}}`, words));
	const i = fill(row.input ?? '{h}.{c}', { h, c });
	const s = crypto.createHmac(row.mac ?? 'sha256', row.secret ?? good.secret)
		.update(Buffer.from(i, 'latin1')).digest('base64url');

	return fill(row.token ?? '{i}.{s}', { h, c, i, s, x: coded(`{${other}}`),
		's-1': s.slice(0, -1) });
}

/** What a dashboard says about somebody, for a meeting or '*'. */
export function claims(room, { host = false, name, ...more } = {})
{
	return { iss: 'dashboard', aud: 'paravent', sub: 'u-7', room,
		exp: seconds(600), context: { user: { id: 'u-7', name,
			moderator: host } }, ...more };
}

/** Signs as alg says; key: a secret, or a private key of node. */
export function signed(payload, key, { alg = 'HS256', ...head } = {})
{
	const input = `${coded(JSON.stringify({ alg, typ: 'JWT', ...head }))}.` +
		Buffer.from(JSON.stringify(payload)).toString('base64url');
	const signature = alg == 'HS256'
		? crypto.createHmac('sha256', key).update(input).digest()
		: crypto.sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' });

	return `${input}.${signature.toString('base64url')}`;
}

/** A file in dir that only its owner can read; gives its name. */
export function secretFile(dir, name, text)
{
	const file = path.join(dir, name);

	fs.writeFileSync(file, `${text}\n`, { mode: 0o600 });
	return file;
}

/** The block of the issuer that signs as the table does. */
export function dashboard(dir, more = {})
{
	return { dialect: 'native', algorithm: 'HS256', issuer: 'dashboard',
		audience: 'paravent',
		'secret-file': secretFile(dir, 'dashboard.secret', table.good.secret),
		...more };
}
