/*
 * Where on the staff page one is. It stands behind the #, so that back and forward, a reload and a bookmark do what they
 * always do, and the server's log learns of no visit from it.
 */

export type Place =
	| { at: 'coming' | 'past' | 'new' | 'account' }
	| { at: 'visit' | 'change'; id: string };

export function readPlace(hash: string): Place {
	const [at, id] = hash.slice(1).split('=');

	switch (at) {
	case 'past':
	case 'new':
	case 'account': return { at };
	case 'visit':
	case 'change': return /^[\w-]{22}$/.test(id ?? '') ? { at, id } : { at: 'coming' };
	default: return { at: 'coming' };
	}
}

export function hrefOf(place: Place): string {
	return place.at === 'coming' ? '#' : 'id' in place ? `#${place.at}=${place.id}` : `#${place.at}`;
}

/** A personal link opens an account once: its text, as the server wants it, and whose it is. */
export interface Invite {
	text: string;
	name: string;
}

/** null: it is no such link. An empty text: one that was cut off on its way. */
export function readInvite(hash: string): Invite | null {
	const text = new URLSearchParams(hash.slice(1)).get('invite');

	if (text === null)
		return null;
	const [, name] = /^([a-z0-9._-]{1,32})\.[\w-]{22}$/.exec(text) ?? [];
	return name ? { text, name } : { text: '', name: '' };
}
