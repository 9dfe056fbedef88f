/* A plan, as a form holds it and as the server wants it. */
import type { Meeting } from '../protocol';
import type { Plan, Visit } from './staffapi';
import { fieldsOf, nextQuarter, timeOf } from './when';

export const KINDS = ['consultation', 'therapy', 'class', 'other'] as const;
export const MINUTES = [15, 20, 30, 45, 50, 60, 90, 120];

/** A practice's usual visit; the server's own hour is for programs. */
const USUAL_MINUTES = 30;

export type Form = Record<
	'title' | 'hostName' | 'kind' | 'date' | 'time' | 'durationMinutes' | 'capacity' | 'waitingRoom' | 'relayOnly', string>;

const capacityOf = (kind: Meeting['kind']) => kind === 'class' ? 8 : kind === 'other' ? 4 : 2;
const onOff = (on: boolean) => on ? 'on' : '';

export function formOf(visit: Visit | null, now: Date): Form {
	const at = visit?.startsAt ? new Date(visit.startsAt) : nextQuarter(now);

	return {
		title: visit?.title ?? '',
		hostName: visit?.hostName ?? '',
		kind: visit?.kind ?? 'consultation',
		...fieldsOf(at),
		durationMinutes: String(visit?.durationMinutes ?? USUAL_MINUTES),
		capacity: String(visit?.capacity ?? capacityOf('consultation')),
		waitingRoom: onOff(visit?.waitingRoom ?? true),
		relayOnly: onOff(visit?.relayOnly ?? false),
	};
}

/** Another kind brings as many places as is usual for it; nobody else's choice is overruled. */
export function withKind(form: Form, kind: Meeting['kind']): Form {
	const usual = String(capacityOf(form.kind as Meeting['kind'])) === form.capacity;

	return { ...form, kind, ...usual && { capacity: String(capacityOf(kind)) } };
}

/** null: the day or the time is none. */
export function planOf(form: Form): Plan | null {
	const at = timeOf(form.date, form.time);

	return at && {
		title: form.title.trim() || null,
		hostName: form.hostName.trim() || null,
		kind: form.kind as Meeting['kind'],
		startsAt: at.toISOString(),
		durationMinutes: Number(form.durationMinutes),
		capacity: Number(form.capacity),
		waitingRoom: form.waitingRoom === 'on',
		relayOnly: form.relayOnly === 'on',
	};
}

/** Only what is other than before: what somebody else has changed meanwhile stays. */
export function changesOf(before: Form, after: Form): Partial<Plan> {
	const [old, now] = [planOf(before), planOf(after)];

	return Object.fromEntries(Object.entries(now ?? {}).filter(([name, value]) => value !== old?.[name as keyof Plan]));
}

/** It would be over already. */
export function hasPassed({ startsAt, durationMinutes }: Plan, now: Date): boolean {
	return Date.parse(startsAt) + durationMinutes * 60_000 <= now.getTime();
}
