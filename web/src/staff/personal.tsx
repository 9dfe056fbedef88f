import { useState } from 'preact/hooks';
import type { Role } from '../protocol';
import { fragment } from '../route';
import { CopyLink } from '../ui/copy';
import { useActing } from './acting';
import { useAttended } from './attended';
import { Problem } from './fields';
import { t } from './say';
import { listInvitations, makeInvitation, revokeInvitation, Refused, type Invitation, type Visit } from './staffapi';
import { tell } from './staffstate';
import { troubleOf } from './trouble';
import { tClock, tDay } from './when';

function stateOf({ revokedAt, usedAt, expiresAt }: Invitation): string {
	if (revokedAt)
		return t('personal.revoked');
	if (Date.parse(expiresAt) <= Date.now())
		return t('personal.expired');
	return usedAt ? t('personal.used', { day: tDay(new Date(usedAt)), time: tClock(usedAt) }) : t('personal.unused');
}

const opens = ({ revokedAt, expiresAt }: Invitation) => !revokedAt && Date.parse(expiresAt) > Date.now();

/** A link that only its maker has seen yet; the server cannot show it again. */
export interface Fresh {
	role: Role;
	url: string;
}

export function noLink(problem: unknown): string {
	return problem instanceof Refused && problem.status === 409 ? t('personal.tooMany') : troubleOf(problem);
}

export async function makeLink(visit: Visit, role: Role, linkKey?: string): Promise<Fresh> {
	const { token } = await makeInvitation(visit.meetingId, role);

	return { role, url: visit.joinUrl + fragment(linkKey, token) };
}

/** Links for one person each, which can be taken back. */
export function PersonalLinks({ visit, linkKey }: { visit: Visit; linkKey?: string }) {
	const [fresh, setFresh] = useState<Fresh>();
	const { found, problem, again } = useAttended(() => listInvitations(visit.meetingId), visit.meetingId);
	const { act, acting, problem: failed } = useActing(noLink);
	const list = found?.items ?? [];

	const make = (role: Role) => act(async () => {
		setFresh(await makeLink(visit, role, linkKey));
		await again();
	});
	const revoke = (one: Invitation) => act(async () => {
		await revokeInvitation(visit.meetingId, one.invitationId);
		setFresh(undefined);
		await again();
		tell(t('personal.revokedNow'));
	});

	return (
		<section class="card">
			<h2>{t('personal.title')}</h2>
			<p>{t('personal.lead')}</p>
			<p class="row">
				<button class="button" type="button" onClick={() => make('guest')} aria-disabled={acting} data-test="invite-guest">
					{t('personal.forGuest')}
				</button>
				<button class="button" type="button" onClick={() => make('host')} aria-disabled={acting} data-test="invite-host">
					{t('personal.forHost')}
				</button>
			</p>
			<Problem>{failed || problem}</Problem>
			{fresh && (
				<div class="stack">
					<p role="status">{t(`personal.fresh.${fresh.role}`)}</p>
					<CopyLink key={fresh.url} url={fresh.url} label={t(`personal.${fresh.role}`)} name="personal" />
				</div>
			)}
			{list.length > 0 && (
				<ul class="rows">
					{list.map((one, n) => (
						<li key={one.invitationId} data-test="invitation">
							<span class="grow"><strong>{t(`personal.${one.role}`)}</strong> <small>{stateOf(one)}</small></span>
							{opens(one) && (
								<button class="button small quiet" type="button" onClick={() => revoke(one)} data-test="revoke"
									aria-label={t('personal.revokeNamed', { name: t(`personal.${one.role}`), n: n + 1 })}>
									{t('personal.revoke')}
								</button>
							)}
						</li>
					))}
				</ul>
			)}
		</section>
	);
}
