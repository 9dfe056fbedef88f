import { useEffect, useState } from 'preact/hooks';
import { Problem } from './fields';
import { t } from './say';
import { getEvents, getReport, type Report, type Visit, type VisitEvent } from './staffapi';
import { locale } from './staffstate';
import { troubleOf } from './trouble';
import { tClock } from './when';

/** Whole minutes, and what is less than one as such. */
function lasting(seconds: number): string {
	return seconds > 0 && seconds < 60 ? t('report.underMinute') : t('time.minutes', { n: Math.floor(seconds / 60) });
}

function Events({ id }: { id: string }) {
	const [list, setList] = useState<VisitEvent[]>();
	const [problem, setProblem] = useState('');

	const open = (event: Event) => {
		if ((event.currentTarget as HTMLDetailsElement).open && !list)
			getEvents(id).then((page) => setList(page.items), (problem) => setProblem(troubleOf(problem)));
	};

	return (
		<details onToggle={open}>
			<summary data-test="events">{t('report.events')}</summary>
			<Problem>{problem}</Problem>
			<ol class="events">
				{list?.map((one) => (
					<li key={one.seq}><time dateTime={one.at}>{tClock(one.at)}</time> <span>{eventName(one.kind)}</span></li>
				))}
			</ol>
		</details>
	);
}

const KNOWN = [
	'meeting.created', 'meeting.changed', 'meeting.opened', 'meeting.ended', 'meeting.cancelled', 'meeting.expired',
	'invitation.made', 'invitation.revoked', 'invitation.used', 'guest.waiting', 'guest.admitted', 'guest.denied', 'guest.gone',
	'participant.joined', 'participant.away', 'participant.back', 'participant.left', 'participant.removed',
	'room.locked', 'room.unlocked', 'call.connected', 'call.verified', 'call.unverified', 'call.refused', 'call.lost', 'call.summary',
	'relay.opened', 'relay.closed', 'personal.erased',
] as const;

/* A newer server may know more than we do. */
function eventName(kind: string): string {
	const known = KNOWN.find((one) => one === kind);

	return known ? t(`event.${known}`) : kind;
}

function People({ report }: { report: Report }) {
	const { participants, moreParticipants } = report;

	if (!participants.length)
		return <p>{t('report.nobody')}</p>;
	return (
		<ul class="rows">
			{participants.map((one) => (
				<li key={one.id}>
					<strong>{t(`personal.${one.role}`)}</strong>
					<span class="grow">
						{one.joinedAt
							? t('report.inside', { time: tClock(one.joinedAt), lasting: lasting(one.insideSeconds) })
							: t('report.notInside')}
						{one.waitedSeconds > 0 && ` ${t('report.waited', { lasting: lasting(one.waitedSeconds) })}`}
					</span>
				</li>
			))}
			{moreParticipants > 0 && <li>{t('report.others', { n: moreParticipants })}</li>}
		</ul>
	);
}

/** A visit that is over: what can be said about it, calmly. */
export function ReportOf({ visit }: { visit: Visit }) {
	const [report, setReport] = useState<Report>();
	const [problem, setProblem] = useState('');
	const id = visit.meetingId;

	useEffect(() => {
		getReport(id).then(setReport, (problem) => setProblem(troubleOf(problem)));
	}, [id]);

	return (
		<section class="card" data-test="report">
			<h2>{t('report.title')}</h2>
			<Problem>{problem}</Problem>
			{report && (
				<>
					<dl class="facts">
						<dt>{t('report.how')}</dt><dd>{t(`status.${report.status}`)}</dd>
						{report.openedAt && <><dt>{t('report.opened')}</dt><dd>{tClock(report.openedAt)}</dd></>}
						{report.overAt && <><dt>{t('report.over')}</dt><dd>{tClock(report.overAt)}</dd></>}
						<dt>{t('report.together')}</dt><dd data-test="together">{lasting(report.bothPresentSeconds)}</dd>
						{report.path && <><dt>{t('report.path')}</dt><dd>{t(`path.${report.path}`)}</dd></>}
						{report.path && <><dt>{t('report.proof')}</dt><dd>{t(`proof.${report.verified}`)}</dd></>}
						{report.reconnects > 0 && <><dt>{t('report.reconnects')}</dt><dd>{report.reconnects}</dd></>}
					</dl>
					{report.erased && <p class="hint">{t('report.erased')}</p>}
					<h3>{t('report.people')}</h3>
					<People report={report} />
				</>
			)}
			<p class="row">
				<a class="button" href={`/api/meetings/${id}/report?lang=${locale.value}`} target="_blank" rel="noopener" data-test="print">
					{t('report.print')}
				</a>
			</p>
			<Events id={id} />
		</section>
	);
}
