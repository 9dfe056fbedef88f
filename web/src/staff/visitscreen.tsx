import { useState } from 'preact/hooks';
import { Dialog } from '../ui/dialog';
import { Title } from '../ui/page';
import { useActing } from './acting';
import { useAttended } from './attended';
import { Problem } from './fields';
import { Frame } from './frame';
import { GuestLink, KeyIsHere, WithoutKey } from './guestlink';
import { linkKeyOf } from './linkkeys';
import { Badge, nameOf } from './lists';
import { makeLink, noLink, PersonalLinks } from './personal';
import { ReportOf } from './reportview';
import { t } from './say';
import { learnPractice } from './session';
import { cancelVisit, endVisit, getVisit, type Visit } from './staffapi';
import { hrefOf } from './staffroute';
import { tell } from './staffstate';
import { isOver } from './visits';
import { tDay, tSpan } from './when';

/* To be asked once more: others rely on the visit. */
function Sure({ visit, close, then }: { visit: Visit; close(): void; then(): void }) {
	const what = visit.status === 'open' ? 'end' : 'cancel';
	const { act, acting, problem } = useActing();

	const go = () => act(async () => {
		await (what === 'end' ? endVisit : cancelVisit)(visit.meetingId);
		tell(t(`sure.${what}.done`));
		close();
		then();
	});

	return (
		<Dialog title={t(`sure.${what}.title`)} close={close}>
			<p>{t(`sure.${what}.text`)}</p>
			<Problem>{problem}</Problem>
			<p class="row">
				<button class="button danger" type="button" onClick={go} aria-disabled={acting} data-test="sure">
					{t(acting ? 'frame.wait' : `sure.${what}.go`)}
				</button>
				<button class="button" type="button" onClick={close} autofocus data-test="not-sure">{t(`sure.${what}.not`)}</button>
			</p>
		</Dialog>
	);
}

/* One heading from the beginning, for it has the focus. */
function Head({ visit }: { visit?: Visit }) {
	return (
		<div class="stack">
			<div class="row"><Title>{visit ? nameOf(visit) : t('visit.title')}</Title>{visit && <Badge visit={visit} />}</div>
			{visit && (
				<p class="lead">
					{visit.startsAt && `${tDay(new Date(visit.startsAt))}, ${tSpan(visit.startsAt, visit.durationMinutes)}`}
					{visit.hostName && <><br />{t('visit.with', { name: visit.hostName })}</>}
				</p>
			)}
		</div>
	);
}

function Todo({ visit, again }: { visit: Visit; again(): void }) {
	const [asking, setAsking] = useState(false);
	const { act, acting, problem } = useActing(noLink);
	const linkKey = linkKeyOf(visit.meetingId);

	const start = () => act(async () => location.assign((await makeLink(visit, 'host', linkKey)).url));

	return (
		<>
			<div class="stack">
				<p class="row">
					<button class="button main" type="button" onClick={start} aria-disabled={acting} data-test="start">
						{t(acting ? 'frame.wait' : visit.status === 'open' ? 'visit.enter' : 'visit.start')}
					</button>
					<a class="button" href={hrefOf({ at: 'change', id: visit.meetingId })} data-test="change">{t('visit.change')}</a>
					<button class="button" type="button" onClick={() => setAsking(true)} data-test="call-off">
						{t(visit.status === 'open' ? 'visit.end' : 'visit.cancel')}
					</button>
				</p>
				<Problem>{problem}</Problem>
				{linkKey && <KeyIsHere />}
			</div>
			{!linkKey && <WithoutKey visit={visit} />}
			<GuestLink visit={visit} linkKey={linkKey} />
			<PersonalLinks visit={visit} linkKey={linkKey} />
			{asking && <Sure visit={visit} close={() => setAsking(false)} then={again} />}
		</>
	);
}

export function VisitScreen({ id }: { id: string }) {
	const { found, problem, again } = useAttended<Visit>(async () => {
		const visit = await getVisit(id);

		learnPractice(visit);
		return visit;
	}, id);

	return (
		<Frame wide>
			<Head visit={found} />
			{!found && !problem && <p class="hint">{t('frame.wait')}</p>}
			<Problem>{problem}</Problem>
			{found && (isOver(found) ? <ReportOf visit={found} /> : <Todo visit={found} again={again} />)}
		</Frame>
	);
}
