/* What was written in this visit, and who is behind the screen, as it is shown. Nowhere kept: a reload begins an empty page. */
import { signal } from '@preact/signals';
import { announce } from './announce';
import type { ChatHome } from './chat';
import { people } from './state';
import { t } from './t';

export interface Line {
	line: string;
	name: string | null;	/* null: mine */
	text: string;
	arrived: boolean;
}

const KEPT = 500;

export const lines = signal<Line[]>([]);
export const unread = signal(0);
/** Is the chat before one's eyes? */
export const reading = signal(false);

let heard = 0;

function add(one: Line): void {
	lines.value = [...lines.value.slice(1 - KEPT), one];
}

/** A line of mine is on its way. */
export function wrote(line: string, text: string): void {
	add({ line, name: null, text, arrived: false });
}

export function read(on: boolean): void {
	reading.value = on;
	unread.value = 0;
}

export function forgetTalk(): void {
	lines.value = [];
	unread.value = 0;
}

export const talk: ChatHome = {
	heard(from, text) {
		const name = people.value.find((one) => one.id === from)?.name ?? t('people.someone');

		add({ line: `heard-${heard++}`, name, text, arrived: true });
		if (reading.value)
			return;		/* the log says it itself */
		unread.value++;
		announce(t('chat.heard', { name, text }));
	},

	arrived(line) {
		lines.value = lines.value.map((one) => one.line === line ? { ...one, arrived: true } : one);
	},

	folded(from, on) {
		const one = people.value.find((other) => other.id === from);

		if (!one || one.behind === on)
			return;
		people.value = people.value.map((other) => other === one ? { ...one, behind: on } : other);
		announce(t(on ? 'announce.behind' : 'announce.unfolded', { name: one.name }));
	},
};
