/* Which page this is, and the secrets its address carries. */

export type Route =
	| { page: 'home' }
	| { page: 'join'; id: string; token?: string; key?: string; keySeen?: boolean };

interface Address {
	pathname: string;
	search: string;
	hash: string;
}

/* What scans mail on its way writes # as %23, or makes a query of what follows it; then the server has read it, too. */
const JOIN = /^\/join\/([^/#&]+)[#&/]*(.*)$/;

function plain(path: string): string {
	try {
		return decodeURIComponent(path);
	} catch {
		return path;
	}
}

export function readRoute({ pathname, search, hash }: Address): Route {
	const [, id, rest] = JOIN.exec(plain(pathname)) ?? [];

	if (!id)
		return { page: 'home' };
	const fragment = new URLSearchParams(hash.slice(1));
	const seen = new URLSearchParams(`${rest}&${search.slice(1)}`);
	const key = fragment.get('k') || seen.get('k') || undefined;

	return {
		page: 'join',
		id,
		token: fragment.get('token') || seen.get('token') || seen.get('jwt') || undefined,
		key,
		keySeen: !!seen.get('k'),
	};
}

/** The same address without anything secret: what may stay in the address bar, the history and over a shoulder. */
export function cleanAddress({ pathname, search }: Address): string {
	const id = JOIN.exec(plain(pathname))?.[1];
	const query = new URLSearchParams(search);

	for (const secret of ['token', 'jwt', 'k'])
		query.delete(secret);
	return (id ? `/join/${encodeURIComponent(id)}` : pathname) + (`${query}` ? `?${query}` : '');
}

/** What follows the address of a link, # and all; nothing where there is nothing to carry. */
export function fragment(key?: string, token?: string): string {
	const parts = `${new URLSearchParams({ ...key && { k: key }, ...token && { token } })}`;

	return parts && `#${parts}`;
}

/** 128 bits of base64url, as linkkey.ts makes them. What was cut off on the way is none. */
export function isKey(text: string): boolean {
	return /^[\w-]{21}[AQgw]$/.test(text);
}
