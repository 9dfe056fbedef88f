import { useEffect, useState } from 'preact/hooks';
import { makeKey } from '../linkkey';
import type { Meeting } from '../protocol';
import { Title } from '../ui/page';
import { useActing } from './acting';
import { Check, Field, Problem } from './fields';
import { Frame } from './frame';
import { keepLinkKey } from './linkkeys';
import { changesOf, formOf, hasPassed, KINDS, MINUTES, planOf, withKind, type Form } from './plan';
import { t } from './say';
import { changeVisit, getVisit, makeVisit, type Plan, type Visit } from './staffapi';
import { hrefOf } from './staffroute';
import { draft, go, locale, me, tell } from './staffstate';
import { troubleOf } from './trouble';

async function make(plan: Plan): Promise<void> {
	const { title, hostName, ...rest } = plan;
	const visit = await makeVisit({ ...rest, locale: locale.value, ...title && { title }, ...hostName && { hostName } } as Plan & { locale: string });

	if (isSecureContext)	/* else no page could use it */
		keepLinkKey(visit, makeKey());
	go({ at: 'visit', id: visit.meetingId });
	tell(t('plan.made'));
}

async function change(id: string, before: Form, after: Form): Promise<void> {
	await changeVisit(id, changesOf(before, after));
	go({ at: 'visit', id });
	tell(t('plan.changed'));
}

function PlanForm({ visit }: { visit: Visit | null }) {
	const of = visit?.meetingId ?? '';
	const [before] = useState(() => formOf(visit, new Date()));
	const [form, setForm] = useState<Form>(() => draft.value?.of === of ? draft.value.form as Form : before);
	const { act, acting, problem, setProblem } = useActing();
	const minutes = MINUTES.includes(Number(before.durationMinutes)) ? MINUTES : [...MINUTES, Number(before.durationMinutes)].sort((a, b) => a - b);

	const set = (next: Form) => {
		setForm(next);
		draft.value = { of, by: me.value!.username, form: next };
	};
	const typed = (name: keyof Form) => (event: Event) => set({ ...form, [name]: (event.currentTarget as HTMLInputElement).value });
	const ticked = (name: keyof Form) => (event: Event) => set({ ...form, [name]: (event.currentTarget as HTMLInputElement).checked ? 'on' : '' });

	const submit = (event: SubmitEvent) => {
		event.preventDefault();
		const plan = planOf(form);

		if (!plan)
			return setProblem(t('plan.noTime'));
		if (hasPassed(plan, new Date()))
			return setProblem(t('plan.wrong.startsAt'));
		void act(async () => {
			await (visit ? change(of, before, form) : make(plan));
			draft.value = null;
		});
	};

	return (
		<form class="card form" onSubmit={submit} noValidate>
			<Field name="hostName" label={t('plan.hostName')} hint={t('plan.hostNameHint')} maxLength={80} autocomplete="off"
				value={form.hostName} onInput={typed('hostName')} />
			<Field name="title" label={t('plan.title')} hint={t('plan.titleHint')} optional maxLength={200} autocomplete="off"
				value={form.title} onInput={typed('title')} />
			<div class="columns">
				<Field name="date" label={t('plan.date')} type="date" required value={form.date} onInput={typed('date')} />
				<Field name="time" label={t('plan.time')} type="time" required value={form.time} onInput={typed('time')} />
				<div class="entry">
					<label for="durationMinutes">{t('plan.duration')}</label>
					<select class="field" id="durationMinutes" value={form.durationMinutes} onInput={typed('durationMinutes')} data-test="durationMinutes">
						{minutes.map((n) => <option key={n} value={n}>{t('time.minutes', { n })}</option>)}
					</select>
				</div>
			</div>
			<div class="entry">
				<label for="kind">{t('home.kind')}</label>
				<select class="field" id="kind" value={form.kind} data-test="kind"
					onInput={(event) => set(withKind(form, event.currentTarget.value as Meeting['kind']))}>
					{KINDS.map((kind) => <option key={kind} value={kind}>{t(`kind.${kind}`)}</option>)}
				</select>
			</div>
			<details>
				<summary>{t('plan.more')}</summary>
				<div class="form">
					<Field name="capacity" label={t('plan.capacity')} hint={t('plan.capacityHint')} type="number" min={2} max={8}
						inputMode="numeric" value={form.capacity} onInput={typed('capacity')} />
					<Check name="waitingRoom" label={t('plan.waitingRoom')} hint={t('plan.waitingRoomHint')}
						checked={form.waitingRoom === 'on'} onChange={ticked('waitingRoom')} />
					<Check name="relayOnly" label={t('plan.relayOnly')} hint={t('plan.relayOnlyHint')}
						checked={form.relayOnly === 'on'} onChange={ticked('relayOnly')} />
				</div>
			</details>
			<Problem>{problem}</Problem>
			<p class="row">
				<button class="button main" type="submit" aria-disabled={acting} data-test="save">
					{t(acting ? 'frame.wait' : visit ? 'plan.save' : 'plan.make')}
				</button>
				<a class="button quiet" href={hrefOf(visit ? { at: 'visit', id: of } : { at: 'coming' })}
					onClick={() => {
						draft.value = null;
					}}>{t('plan.back')}</a>
			</p>
		</form>
	);
}

export function NewScreen() {
	return (
		<Frame>
			<Title>{t('plan.newTitle')}</Title>
			<PlanForm visit={null} />
		</Frame>
	);
}

export function ChangeScreen({ id }: { id: string }) {
	const [visit, setVisit] = useState<Visit>();
	const [problem, setProblem] = useState('');

	useEffect(() => {
		getVisit(id).then(setVisit, (problem) => setProblem(troubleOf(problem)));
	}, [id]);

	return (
		<Frame>
			<Title>{t('plan.changeTitle')}</Title>
			<Problem>{problem}</Problem>
			{visit && <p class="hint">{t('plan.changeHint')}</p>}
			{visit && <PlanForm visit={visit} />}
		</Frame>
	);
}
