/* Which page this is, and the secrets its address carries. */

export type Route =
	| { page: 'home' }
	| { page: 'join'; id: string; token?: string; key?: string };

interface Address {
	pathname: string;
	search: string;
	hash: string;
}

const JOIN = /^\/join\/([^/]+)\/?$/;

export function readRoute({ pathname, search, hash }: Address): Route {
	const id = JOIN.exec(pathname)?.[1];

	if (!id)
		return { page: 'home' };
	const query = new URLSearchParams(search);
	const fragment = new URLSearchParams(hash.slice(1));

	return {
		page: 'join',
		id,
		token: fragment.get('token') || query.get('token') || query.get('jwt') || undefined,
		key: fragment.get('k') || undefined,
	};
}

/** The same address without anything secret: what may stay in the address bar, the history and over a shoulder. */
export function cleanAddress({ pathname, search }: Address): string {
	const query = new URLSearchParams(search);

	query.delete('token');
	query.delete('jwt');
	return pathname + (`${query}` ? `?${query}` : '');
}
