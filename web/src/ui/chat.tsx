/* Writing to each other: at the side on a wide screen, over the pictures on a phone. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { announce } from '../announce';
import { LINE_MOST } from '../chat';
import { people } from '../state';
import { t } from '../t';
import { lines, read, reading, unread, wrote } from '../talk';
import { write } from '../visit';
import { useFocus } from './focus';
import { Icon } from './icon';

/** How many lines nobody has looked at. */
export function Unread({ inline }: { inline?: boolean }) {
	const n = unread.value;

	return n ? (
		<span class={inline ? 'badge inline' : 'badge'} data-test="unread">
			<span aria-hidden="true">{n}</span><span class="unseen">{t('chat.unread', { n })}</span>
		</span>
	) : null;
}

/** The newest unread line, over the picture; a press opens the chat. */
export function NewLine({ open }: { open(): void }) {
	const last = lines.value.at(-1);

	if (reading.value || !unread.value || !last?.name)
		return null;
	return (
		<button class="pill line-new" type="button" onClick={open} data-test="chat-new">
			<Icon name="chat" /><span class="grow"><strong>{last.name}:</strong> {last.text}</span>
		</button>
	);
}

export function ChatPanel({ close }: { close(): void }) {
	const field = useFocus<HTMLInputElement>();
	const log = useRef<HTMLDivElement>(null);
	const [problem, setProblem] = useState('');
	const all = lines.value;

	useEffect(() => {
		read(true);
		return () => read(false);
	}, []);
	useEffect(() => {
		log.current!.scrollTop = log.current!.scrollHeight;
	}, [all.length]);

	const send = (event: SubmitEvent) => {
		event.preventDefault();
		const text = field.current!.value.trim();
		const line = text && write(text);

		setProblem('');
		if (line) {
			wrote(line, text);
			field.current!.value = '';
		} else if (text) {
			const why = t(people.value.length ? 'chat.tooMuch' : 'chat.nobody');

			setProblem(why);
			announce(why);
		}
		field.current!.focus();
	};

	return (
		<aside class="panel chat" aria-labelledby="chat-title" data-test="chat"
			onKeyDown={(event) => event.key === 'Escape' && close()}>
			<div class="row">
				<h2 class="grow" id="chat-title">{t('chat.title')}</h2>
				<button class="button small quiet" type="button" onClick={close} data-test="chat-close">
					<Icon name="end" />{t('panel.close')}
				</button>
			</div>
			<div class="log" role="log" aria-label={t('chat.title')} tabIndex={0} ref={log}>
				{all.map(({ line, name, text, arrived }) => (
					<p key={line} class={name === null ? 'said mine' : 'said'} data-test="line" data-arrived={`${arrived}`}>
						<small>{name ?? t('panel.you')}{!arrived && ` · ${t('chat.onItsWay')}`}</small>
						{text}
					</p>
				))}
			</div>
			<form class="form" onSubmit={send}>
				<p class="hint">{t('chat.hint')}</p>
				{problem && <p class="problem">{problem}</p>}
				<div class="line">
					<input class="field" maxLength={LINE_MOST} autocomplete="off" enterkeyhint="send" aria-label={t('chat.field')}
						data-test="chat-text" ref={field} />
					<button class="button main" type="submit" data-test="chat-send">{t('chat.send')}</button>
				</div>
			</form>
		</aside>
	);
}
