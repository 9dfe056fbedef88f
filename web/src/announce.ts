/* One polite voice for those who do not see the screen. */
import { signal } from '@preact/signals';

export const said = signal('');

export function announce(text: string): void {
	/* the same words twice are two events, and a live region only speaks when it changes */
	said.value = said.value === text ? `${text}\u00a0` : text;
}
