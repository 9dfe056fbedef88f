/* What a refusal means to a person, and what to do about it. */
import { Refused } from './staffapi';
import { t } from './say';

const FIELDS = ['title', 'hostName', 'startsAt', 'durationMinutes', 'capacity'] as const;

export function troubleOf(problem: unknown): string {
	if (!(problem instanceof Refused))
		return t('trouble.unknown');
	switch (problem.status) {
	case 0: return t('trouble.unreachable');
	case 401: return t('signin.lapsed');
	case 403: return t('trouble.forbidden');
	case 404: return t('trouble.notFound');
	case 409: return t('trouble.conflict');
	case 422: {
		const field = FIELDS.find((one) => problem.fields.includes(one));
		return field ? t(`plan.wrong.${field}`) : t('trouble.invalid');
	}
	case 429: return t('trouble.tooFast', { n: Math.max(1, Math.ceil(problem.waitSeconds / 60)) });
	case 503: return t('trouble.full');
	default: return t('trouble.unknown');
	}
}
