/* Who waits at the door, for the host: always in sight, never over a face for long. */
import { useState } from 'preact/hooks';
import { waiting, type Waiting } from '../state';
import { t } from '../t';
import { announce } from '../announce';
import { admit, deny, note } from '../visit';
import { useFocus } from './focus';

function NoteForm({ to, done }: { to: Waiting; done(): void }) {
	const field = useFocus<HTMLInputElement>();
	const send = async (event: SubmitEvent) => {
		event.preventDefault();
		const text = String(new FormData(event.currentTarget as HTMLFormElement).get('text')).trim();

		if (text && await note(to.id, text))
			announce(t('knock.noteSent'));
		done();
	};

	return (
		<form class="line" onSubmit={send}>
			<input class="field" name="text" maxLength={500} autocomplete="off" aria-label={t('knock.noteTo', { name: to.name })}
				placeholder={t('knock.notePlaceholder')} data-test="note-text" ref={field} />
			<button class="button small" type="submit" data-test="note-send">{t('knock.noteSend')}</button>
		</form>
	);
}

function Knock({ one }: { one: Waiting }) {
	const [writing, setWriting] = useState(false);
	const { id, name, net } = one;

	return (
		<li class="knock" data-test="knock" data-person={id}>
			<p>{t('knock.waits', { name })}</p>
			{net && <small data-test="net" data-net={net}>{t(`net.${net}`)}</small>}
			<div class="row">
				<button class="button small main" type="button" onClick={() => admit(id)} data-test="admit">
					{t('knock.admit')}<span class="unseen"> {name}</span>
				</button>
				<button class="button small" type="button" onClick={() => deny(id)} data-test="deny">
					{t('knock.deny')}<span class="unseen"> {name}</span>
				</button>
				<button class="button small quiet" type="button" onClick={() => setWriting(!writing)} aria-expanded={writing}
					data-test="note-open">
					{t('knock.note')}<span class="unseen"> {name}</span>
				</button>
			</div>
			{writing && <NoteForm to={one} done={() => setWriting(false)} />}
		</li>
	);
}

export function Knocks() {
	if (!waiting.value.length)
		return null;
	return (
		<section class="knocks" aria-label={t('knock.title')}>
			<ul>{waiting.value.map((one) => <Knock key={one.id} one={one} />)}</ul>
		</section>
	);
}
