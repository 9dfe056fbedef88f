/* Every way of not getting in, and of being sent out; the words are in locales/ under refused.* */
import type { ApiProblem } from './api';
import type { Closing, Meeting } from './protocol';

export type Refusal =
	| 'bad-join' | 'token' | 'too-early' | 'denied' | 'removed' | 'replaced' | 'missing' | 'timeout' | 'full' | 'locked' | 'over'
	| 'cancelled' | 'expired' | 'too-fast' | 'protocol' | 'server' | 'busy' | 'network' | 'unsupported' | 'cut' | 'insecure';

/** Where trying again can help. */
export const WORTH_A_TRY: ReadonlySet<Refusal> = new Set<Refusal>([
	'bad-join', 'too-early', 'denied', 'replaced', 'timeout', 'full', 'locked', 'too-fast', 'protocol', 'server', 'busy', 'network',
]);

export function refusalOf({ code, said }: Closing): Refusal {
	switch (code) {
	case 4400: return 'bad-join';
	case 4401: return said === 'too-early' ? said : 'token';
	case 4403: return said === 'removed' || said === 'replaced' ? said : 'denied';
	case 4404: return 'missing';
	case 4408: return 'timeout';
	case 4409: return said === 'locked' ? 'locked' : 'full';
	case 4410: return 'over';
	case 4429: return 'too-fast';
	case 1002:
	case 1003:
	case 1007:
	case 1008:
	case 1009: return 'protocol';
	case 1011: return said === 'unavailable' ? 'busy' : 'server';
	default: return 'network';
	}
}

export function refusalOfApi({ status }: ApiProblem): Refusal {
	switch (status) {
	case 0: return 'network';
	case 404: return 'missing';
	case 410: return 'over';
	case 429: return 'too-fast';
	case 503: return 'busy';
	default: return 'server';
	}
}

/** A meeting nobody can enter any more. */
export function refusalOfStatus(status: Meeting['status']): Refusal | null {
	switch (status) {
	case 'ended': return 'over';
	case 'cancelled':
	case 'expired': return status;
	default: return null;
	}
}
