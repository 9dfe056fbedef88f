/*
 * The link keys of visits that were made in this browser. Only here: the server must not have them. They outlive signing out,
 * for tomorrow somebody starts the visit, and go when it is long over.
 */
import { keyOf } from '../keep';
import { isKey, readRoute } from '../route';

interface Kept {
	key: string;
	until: number;		/* ms; by then the visit is over */
}

const STORE = 'paravent.linkkeys';
const DAY_MS = 86_400_000;

/* Storage may be full or switched off; then there are two words to compare. */
function all(): Record<string, Kept> {
	try {
		return JSON.parse(localStorage.getItem(STORE) ?? '') ?? {};
	} catch {
		return {};
	}
}

export interface Timed {
	meetingId: string;
	startsAt?: string | null;
	durationMinutes: number;
}

export function keepLinkKey(of: Timed, key: string, now = Date.now()): void {
	const until = Math.max(now, Date.parse(of.startsAt ?? '') || 0) + of.durationMinutes * 60_000 + DAY_MS;
	const kept = Object.entries(all()).filter(([, one]) => one.until > now);

	try {
		localStorage.setItem(STORE, JSON.stringify({ ...Object.fromEntries(kept), [of.meetingId]: { key, until } }));
	} catch {
		/* see above */
	}
}

/** Also of a visit that was opened or made here without signing in. */
export function linkKeyOf(id: string): string | undefined {
	return all()[id]?.key ?? keyOf(id);
}

/** The key in a link that somebody pasted; nothing where it is another visit's, or has none. */
export function keyInLink(text: string, id: string): string | undefined {
	try {
		const route = readRoute(new URL(text.trim()));

		return route.page === 'join' && route.id === id && route.key && isKey(route.key) ? route.key : undefined;
	} catch {
		return undefined;
	}
}
