/* One polite voice for those who do not see the screen, and a line for a moment for those who do. */
import { signal } from '@preact/signals';

export const said = signal('');
export const noticed = signal('');

const NOTICE_MS = 8000;
let timer: ReturnType<typeof setTimeout>;

export function announce(text: string): void {
	/* the same words twice are two events, and a live region only speaks when it changes */
	said.value = said.value === text ? `${text}\u00a0` : text;
}

/** Something did not work, and it is not worth a screen of its own. */
export function notice(text: string): void {
	announce(text);
	noticed.value = text;
	clearTimeout(timer);
	timer = setTimeout(() => {
		noticed.value = '';
	}, NOTICE_MS);
}
