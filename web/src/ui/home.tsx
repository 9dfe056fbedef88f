import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, createMeeting, getMeeting } from '../api';
import { forgetMeeting, keepMeeting, ownMeetings, type OwnMeeting } from '../keep';
import { makeKey } from '../linkkey';
import type { Meeting } from '../protocol';
import { refusalOfStatus } from '../refusal';
import { fragment } from '../route';
import { made, show } from '../state';
import { t, tTime, type Locale } from '../t';
import { FoldingScreen } from './icon';
import { Page, Title } from './page';

const KINDS = ['consultation', 'therapy', 'class', 'other'] as const;

function tokenIn(url: string): string {
	return new URLSearchParams(new URL(url, location.href).hash.slice(1)).get('token') ?? '';
}

function whatWentWrong(problem: unknown): string {
	switch ((problem as ApiProblem).status) {
	case 401:
	case 403: return t('home.staffOnly');
	case 0: return t('refused.network.text');
	case 429: return t('refused.too-fast.text');
	case 503: return t('refused.busy.text');
	default: return t('home.failed');
	}
}

function Own({ meetings, forget }: { meetings: OwnMeeting[]; forget(id: string): void }) {
	if (!meetings.length)
		return null;
	return (
		<section class="own" aria-labelledby="own">
			<h2 id="own">{t('home.own')}</h2>
			<ul>
				{meetings.map((one) => {
					const title = one.title || tTime(new Date(one.made).toISOString());
					return (
						<li key={one.id}>
							<span class="grow">{title}</span>
							<a class="button small" href={`/join/${one.id}${fragment(one.key, one.token)}`}
								aria-label={t('home.openNamed', { title })}>{t('home.open')}</a>
							<button class="button small quiet" type="button" onClick={() => forget(one.id)}
								aria-label={t('home.forgetNamed', { title })}>{t('home.forget')}</button>
						</li>
					);
				})}
			</ul>
			<p class="hint">{t('home.ownHint')}</p>
		</section>
	);
}

export function HomeScreen({ locale }: { locale: Locale }) {
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState('');
	const [meetings, setMeetings] = useState(ownMeetings);

	const forget = (id: string) => {
		forgetMeeting(id);
		setMeetings(ownMeetings());
	};

	/* what is over needs no key any more */
	useEffect(() => {
		for (const { id } of meetings)
			getMeeting(id).then(
				(one) => refusalOfStatus(one.status) && forget(id),
				(problem) => problem.status === 404 && forget(id));
	}, []);

	const create = async (event: SubmitEvent) => {
		event.preventDefault();
		if (busy)
			return;
		const form = new FormData(event.currentTarget as HTMLFormElement);
		const text = (name: string) => String(form.get(name) ?? '').trim() || undefined;

		setBusy(true);
		setProblem('');
		try {
			const meeting = await createMeeting({
				title: text('title'), hostName: text('hostName'), kind: text('kind') as Meeting['kind'], locale,
			});
			const token = tokenIn(meeting.hostUrl);
			/* a page that is not secure could make one, but not use it */
			const key = window.isSecureContext ? makeKey() : undefined;

			keepMeeting({ id: meeting.meetingId, title: text('title') ?? '', token, key, made: Date.now() });
			made.value = {
				guestUrl: meeting.joinUrl + fragment(key), hostUrl: meeting.joinUrl + fragment(key, token), meeting,
			};
			show('links');
		} catch (problem) {
			setProblem(whatWentWrong(problem));
			setBusy(false);
		}
	};

	return (
		<Page locale={locale} wide>
			<div class="split">
				<div class="hero">
					<FoldingScreen />
					<Title>{t('home.title')}</Title>
					<p class="lead">{t('home.lead')}</p>
				</div>
				<form class="card form" onSubmit={create}>
					<label>
						<span>{t('home.hostName')} <small>{t('form.optional')}</small></span>
						<input class="field" name="hostName" maxLength={80} autocomplete="name" data-test="host-name" />
					</label>
					<label>
						<span>{t('home.what')} <small>{t('form.optional')}</small></span>
						<input class="field" name="title" maxLength={200} autocomplete="off" data-test="title" />
					</label>
					<p class="hint">{t('home.clear')}</p>
					<label>
						{t('home.kind')}
						<select class="field" name="kind" data-test="kind">
							{KINDS.map((kind) => <option key={kind} value={kind}>{t(`kind.${kind}`)}</option>)}
						</select>
					</label>
					{problem && <p class="problem" role="alert">{problem}</p>}
					<button class="button main" type="submit" disabled={busy} data-test="create">
						{t(busy ? 'home.creating' : 'home.create')}
					</button>
				</form>
			</div>
			<Own meetings={meetings} forget={forget} />
		</Page>
	);
}
