/* What the screens show. Written by visit.ts and the pages' own handlers, read by components. */
import { signal } from '@preact/signals';
import type { Verdict } from './nettest';
import type { LinkState } from './peer';
import type { Trust } from './proof';
import type { MediaState, Meeting, Path, Role } from './protocol';
import type { Refusal } from './refusal';

export type Screen = 'home' | 'links' | 'join' | 'elsewhere' | 'waiting' | 'call' | 'ended' | 'refused';

export interface Person {
	id: string;
	role: Role;
	name: string;
	media: MediaState;
	away: boolean;
	behind: boolean;	/* the screen: he hides for a moment */
	link: LinkState;
	path: Path | null;
	stream: MediaStream | null;
	trust: Trust;
	words: [number, number] | null;
	agreed: boolean;	/* I have pressed "they match" */
	keySeen: boolean;
	lang?: string;		/* of both our pages */
}

export interface Waiting {
	id: string;
	name: string;
	net?: Verdict;		/* of his network */
}

export const screen = signal<Screen>('home');
export function show(to: Screen): void {
	screen.value = to;
}

export const meeting = signal<Meeting | null>(null);

/** Whose visit it is, as the operator named the practice. */
export function practice(): string {
	return meeting.value?.practice ?? 'Paravent';
}

/** What was just made: shown once, on the links page. */
export const made = signal<{ guestUrl: string; hostUrl: string; meeting: Meeting } | null>(null);

export const role = signal<Role>('guest');
export const people = signal<Person[]>([]);
export const waiting = signal<Waiting[]>([]);
export const locked = signal(false);
export const notes = signal<string[]>([]);
/** On the way in, or on the way back: no signaling at the moment. */
export const connecting = signal(false);
export const lost = signal(false);

export const endReason = signal<'host' | 'api' | 'expired' | 'left'>('left');
export const refusal = signal<Refusal>('network');
/** From when a link that came too early opens. */
export const opensAt = signal('');

/** The browser wants a touch before it lets us be heard. */
export const soundBlocked = signal(false);
