/*
 * In a frame of the clinic's own site: the page around us hears what becomes of the visit, and nothing about who is in it.
 * Only sites that the server lists can be around us; where the browser tells which, nobody else hears it.
 */
import { effect } from '@preact/signals';
import { endReason, screen, type Screen } from './state';

export type EmbedEvent = 'waiting' | 'admitted' | 'joined' | 'left' | 'ended';

/** What a step from one screen to the next is to the page around us. */
export function embedEvents(before: Screen, now: Screen, reason: typeof endReason.value): EmbedEvent[] {
	if (before === now)
		return [];
	switch (now) {
	case 'waiting': return ['waiting'];
	case 'call': return before === 'waiting' ? ['admitted', 'joined'] : ['joined'];
	case 'ended': return [reason === 'left' ? 'left' : 'ended'];
	case 'refused': return before === 'call' || before === 'waiting' ? ['left'] : [];
	default: return [];
	}
}

/** The origin of the page around us, or anybody's where the browser does not say. */
export function parentOrigin(ancestors: ArrayLike<string> | undefined, referrer: string): string {
	const told = ancestors?.[0] ?? /^https?:\/\/[^/]+/.exec(referrer)?.[0];

	return told && told !== 'null' ? told : '*';
}

export function tellParent(meetingId: string): void {
	let before = screen.peek();

	if (parent === window)
		return;
	const origin = parentOrigin(location.ancestorOrigins, document.referrer);

	effect(() => {
		const now = screen.value;

		for (const event of embedEvents(before, now, endReason.peek()))
			parent.postMessage({ source: 'paravent', event, meetingId }, origin);
		before = now;
	});
}
