/* Who is signed in, and where on the page. */
import { signal } from '@preact/signals';
import { announce } from '../announce';
import type { Locale } from '../t';
import type { Me } from './staffapi';
import { hrefOf, type Invite, type Place } from './staffroute';

/** undefined: not known yet; null: nobody. */
export const me = signal<Me | null | undefined>(undefined);
export const invite = signal<Invite | null>(null);
export const place = signal<Place>({ at: 'coming' });
export const locale = signal<Locale>('en');

/** Why one has to sign in: for the first time, after leaving, after too long a rest, or because the server is out of reach. */
export const why = signal<'' | 'left' | 'lapsed' | 'unreachable'>('');

/** What a form held when the session was over: still there for the same person after signing in. */
export const draft = signal<{ of: string; by: string; form: Record<string, string> } | null>(null);

/** A line at the head of the screen where one has come to: what has just been done. */
export const done = signal<{ text: string; href: string } | null>(null);

export function tell(text: string): void {
	done.value = { text, href: hrefOf(place.value) };
	announce(text);
}

/** The line belongs to its screen, and is gone when one comes back there. */
export function arrive(at: Place): void {
	place.value = at;
	if (done.value?.href !== hrefOf(at))
		done.value = null;
}

export function go(to: Place): void {
	arrive(to);
	location.hash = hrefOf(to);
}
