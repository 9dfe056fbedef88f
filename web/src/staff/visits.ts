/* Which visits are to come, and in which order they are shown. */
import { listVisits, type Listed, type Visit } from './staffapi';
import { daysAfter, startOfDay } from './when';

/** One that began last evening may still go on. */
const RUNNING_MS = 12 * 3_600_000;
const WEEK = 7;
const MOST = 200;	/* on a page, says the server */
const FAR_DAYS = 3660;	/* nothing can be planned further ahead */

type List = typeof listVisits;

export const isOver = ({ status }: Pick<Visit, 'status'>) => status === 'ended' || status === 'cancelled' || status === 'expired';

/** What is shown under "coming": all of today and later, and what still goes on, but nothing that has been. */
export function isComing(one: Visit, now: number): boolean {
	const starts = Date.parse(one.startsAt ?? '');

	if (one.status === 'cancelled')
		return starts >= now;
	return !isOver(one) && starts >= startOfDay(now).getTime() - RUNNING_MS;
}

/* The server begins with the newest; a reception begins with the next. */
async function between(list: List, from: Date, to: Date): Promise<Visit[]> {
	const found: Visit[] = [];
	let page: Listed<Visit> | null = null;

	do {
		page = await list({
			from: from.toISOString(), to: to.toISOString(), limit: MOST, ...page?.next != null && { after: page.next },
		});
		found.push(...page.items);
	} while (page.next != null);
	return found.reverse();
}

export interface Coming {
	visits: Visit[];
	days: number;		/* how far we have looked */
	more: boolean;		/* there are later ones */
}

/**
 * Visits of the next `days` days. further: at least one more than these, if there is one; the look ahead doubles until it
 * is found.
 */
export async function lookAhead(now: Date, days = WEEK, further = false, list: List = listVisits): Promise<Coming> {
	const today = startOfDay(now);
	const from = new Date(today.getTime() - RUNNING_MS);
	let visits = (await between(list, from, daysAfter(today, days))).filter((one) => isComing(one, now.getTime()));

	for (let step = 4 * WEEK, found = !further; !found && days < FAR_DAYS; step *= 2) {
		const later = await between(list, daysAfter(today, days), daysAfter(today, days + step));
		visits = [...visits, ...later];
		days += step;
		found = later.length > 0;
	}
	const after = await list({ from: daysAfter(today, days).toISOString(), limit: 1 });
	return { visits, days, more: after.items.length > 0 };
}

/** What has been, newest first; `after` as the page before said. */
export async function lookBack(now: Date, after: Listed<Visit>['next'] = null): Promise<Listed<Visit>> {
	const page = await listVisits({ to: now.toISOString(), ...after != null && { after } });

	return { ...page, items: page.items.filter((one) => !isComing(one, now.getTime())) };
}
