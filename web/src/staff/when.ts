/* Days and times by the clock on the wall of whoever looks. */
import { signal } from '@preact/signals';

export function startOfDay(at: Date | number): Date {
	const day = new Date(at);

	day.setHours(0, 0, 0, 0);
	return day;
}

/** By the calendar, for a day may have 23 hours. */
export function daysAfter(day: Date, n: number): Date {
	const then = new Date(day);

	then.setDate(then.getDate() + n);
	return then;
}

/** The next quarter of an hour that leaves time to send a link. */
export function nextQuarter(now: Date): Date {
	const then = new Date(now.getTime() + 10 * 60_000);

	then.setMinutes(Math.ceil(then.getMinutes() / 15) * 15, 0, 0);
	return then;
}

const two = (n: number) => String(n).padStart(2, '0');

/** As fields of a form hold it. */
export function fieldsOf(at: Date): { date: string; time: string } {
	return {
		date: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
		time: `${two(at.getHours())}:${two(at.getMinutes())}`,
	};
}

/** null: that is no day or no time. */
export function timeOf(date: string, time: string): Date | null {
	const at = new Date(`${date}T${time}`);

	return date && time && !Number.isNaN(at.getTime()) ? at : null;
}

/** In the order in which they come. */
export function byDay<T extends { startsAt?: string | null }>(list: readonly T[]): { day: Date; items: T[] }[] {
	const days = new Map<number, T[]>();

	for (const one of list) {
		const day = startOfDay(Date.parse(one.startsAt ?? '')).getTime();
		days.set(day, [...days.get(day) ?? [], one]);
	}
	return [...days].map(([day, items]) => ({ day: new Date(day), items }));
}

const formats = signal(formatsOf('en'));

function formatsOf(locale: string) {
	return {
		near: new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' }),
		far: new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
		clock: new Intl.DateTimeFormat(locale, { timeStyle: 'short' }),
	};
}

export function useCalendar(locale: string): void {
	formats.value = formatsOf(locale);
}

/** With the year where it is not this one. */
export function tDay(day: Date, now = new Date()): string {
	return formats.value[day.getFullYear() === now.getFullYear() ? 'near' : 'far'].format(day);
}

export function tClock(at: Date | number | string): string {
	return formats.value.clock.format(new Date(at));
}

export function tSpan(from: string, minutes: number): string {
	const start = new Date(from);

	return formats.value.clock.formatRange(start, new Date(start.getTime() + minutes * 60_000));
}
