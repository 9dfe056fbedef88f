import { useState } from 'preact/hooks';
import { Title } from '../ui/page';
import { useActing } from './acting';
import { useAttended } from './attended';
import { Problem } from './fields';
import { Frame } from './frame';
import { t } from './say';
import { learnPractice } from './session';
import type { Listed, Visit } from './staffapi';
import { hrefOf } from './staffroute';
import { lookAhead, lookBack, type Coming } from './visits';
import { byDay, daysAfter, startOfDay, tClock, tDay } from './when';

function dayName(day: Date, now: Date): string {
	switch (day.getTime()) {
	case startOfDay(now).getTime(): return t('list.today', { day: tDay(day, now) });
	case daysAfter(startOfDay(now), 1).getTime(): return t('list.tomorrow', { day: tDay(day, now) });
	default: return tDay(day, now);
	}
}

/** What a visit is called: its title, or its kind where it has none. */
export function nameOf({ title, kind }: Pick<Visit, 'title' | 'kind'>): string {
	return title || t(`kind.${kind}`);
}

export function Badge({ visit: { status, waiting } }: { visit: Visit }) {
	if (status !== 'scheduled' && status !== 'open')
		return <span class="badge">{t(`status.${status}`)}</span>;
	if (waiting)
		return <span class="badge waits" data-test="waits">{t('list.waiting', { n: waiting })}</span>;
	return status === 'open' ? <span class="badge runs">{t('status.open')}</span> : null;
}

function Days({ visits }: { visits: Visit[] }) {
	const now = new Date();

	return (
		<>
			{byDay(visits).map(({ day, items }) => (
				<section key={day.getTime()} class="day">
					<h2>{dayName(day, now)}</h2>
					<ul>
						{items.map((one) => (
							<li key={one.meetingId}>
								<a class="visit" href={hrefOf({ at: 'visit', id: one.meetingId })} data-test="visit">
									<time dateTime={one.startsAt ?? undefined}>{tClock(one.startsAt!)}</time>
									<span class="grow">
										<strong>{nameOf(one)}</strong>
										<small>{[one.hostName, t('time.minutes', { n: one.durationMinutes })].filter(Boolean).join(' · ')}</small>
									</span>
									<Badge visit={one} />
								</a>
							</li>
						))}
					</ul>
				</section>
			))}
		</>
	);
}

export function ComingScreen() {
	const [days, setDays] = useState<number>();
	const { found, setFound, problem } = useAttended<Coming>(async () => {
		const coming = await lookAhead(new Date(), days);

		learnPractice(coming.visits[0]);
		return coming;
	}, days);
	const { act, acting, problem: notMore } = useActing();

	const more = () => act(async () => {
		const coming = await lookAhead(new Date(), found!.days, true);

		setFound(coming);
		setDays(coming.days);
	});

	return (
		<Frame wide>
			<div class="row apart">
				<Title>{t('coming.title')}</Title>
				<a class="button main" href={hrefOf({ at: 'new' })} data-test="new">{t('coming.new')}</a>
			</div>
			<Problem>{problem || notMore}</Problem>
			{!found && !problem && <p class="hint">{t('frame.wait')}</p>}
			{found && <Days visits={found.visits} />}
			{found && !found.visits.length && (
				<p class="lead" data-test="nothing">{found.more ? t('coming.noneSoon') : t('coming.none')}</p>
			)}
			{found?.more && (
				<p class="row">
					<button class="button" type="button" onClick={more} aria-disabled={acting} data-test="more">
						{t(acting ? 'frame.wait' : 'coming.later')}
					</button>
				</p>
			)}
		</Frame>
	);
}

/** For who may read the log, and nothing else. */
export function LogOnlyScreen() {
	return (
		<Frame>
			<Title>{t('coming.title')}</Title>
			<p class="lead">{t('coming.logOnly')}</p>
		</Frame>
	);
}

export function PastScreen() {
	const { found, setFound, problem } = useAttended<Listed<Visit>>(async (before) => {
		const page = await lookBack(new Date());

		learnPractice(page.items[0]);
		/* who has gone further back stays there */
		return before && before.items.length > page.items.length ? before : page;
	}, 'past');
	const { act, acting, problem: notMore } = useActing();

	const more = () => act(async () => {
		const page = await lookBack(new Date(), found!.next);

		setFound({ ...page, items: [...found!.items, ...page.items] });
	});

	return (
		<Frame wide>
			<Title>{t('past.title')}</Title>
			<Problem>{problem || notMore}</Problem>
			{!found && !problem && <p class="hint">{t('frame.wait')}</p>}
			{found && <Days visits={found.items} />}
			{found && !found.items.length && found.next === null && <p class="lead" data-test="nothing">{t('past.none')}</p>}
			{found && found.next !== null && (
				<p class="row">
					<button class="button" type="button" onClick={more} aria-disabled={acting} data-test="more">
						{t(acting ? 'frame.wait' : 'past.earlier')}
					</button>
				</p>
			)}
		</Frame>
	);
}
