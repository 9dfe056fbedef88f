/* The calls of the staff page. Who asks is known by a cookie that no script can read. */
import type { Meeting, Role } from '../protocol';

export interface Me {
	username: string;
	roles: ('host' | 'audit' | 'admin')[];
}

/** As its host sees it. */
export interface Visit extends Meeting {
	participants?: number;
	waiting?: number;
}

export interface Plan {
	title: string | null;
	hostName: string | null;
	kind: Meeting['kind'];
	startsAt: string;
	durationMinutes: number;
	capacity: number;
	waitingRoom: boolean;
	relayOnly: boolean;
}

export interface Invitation {
	invitationId: string;
	role: Role;
	expiresAt: string;
	revokedAt?: string | null;
	usedAt?: string | null;
}

export interface Report {
	status: Meeting['status'];
	startsAt: string | null;
	openedAt: string | null;
	overAt: string | null;
	durationMinutes: number;
	bothPresentSeconds: number;
	path: 'direct' | 'relay-udp' | 'relay-tcp' | 'relay-tls' | 'mixed' | null;
	verified: 'refused' | 'unverified' | 'verified' | 'none';
	reconnects: number;
	erased: boolean;
	participants: {
		id: string; role: Role; waitedSeconds: number; joinedAt: string | null; insideSeconds: number; reason: string | null;
	}[];
	moreParticipants: number;
}

export interface VisitEvent {
	seq: number;
	at: string;
	kind: string;
}

export interface Listed<T> {
	items: T[];
	next: string | number | null;
}

/** status 0: no answer at all. fields: what a 422 complains of. The server's sentences are for programs; people read ours. */
export class Refused extends Error {
	constructor(readonly status: number, readonly fields: string[] = [], readonly waitSeconds = 0) {
		super(`HTTP ${status}`);
	}
}

let signedOut = () => {};

/** Told when an answer shows that nobody is signed in any more. */
export function whenSignedOut(then: () => void): void {
	signedOut = then;
}

async function refusedBy(answer: Response): Promise<Refused> {
	const { errors = [] } = await answer.json().catch(() => ({}));

	return new Refused(answer.status, errors.map((one: { field: string }) => one.field), Number(answer.headers.get('Retry-After')) || 0);
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
	const answer = await fetch(path, {
		method,
		cache: 'no-store',
		credentials: 'same-origin',
		...body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) },
	}).catch(() => {
		throw new Refused(0);
	});

	if (!answer.ok)
		throw await refusedBy(answer);
	return answer;
}

/* Of a session that is there; when it is not, the page goes back to signing in. */
async function inSession(method: string, path: string, body?: unknown): Promise<Response> {
	try {
		return await ask(method, path, body);
	} catch (problem) {
		if ((problem as Refused).status === 401)
			signedOut();
		throw problem;
	}
}

const json = async <T>(answer: Promise<Response>): Promise<T> => (await answer).json();
const meeting = (id: string, rest = '') => `/api/meetings/${id}${rest}`;

/* -- The session -- */

/** null: nobody is signed in. */
export async function whoAmI(): Promise<Me | null> {
	try {
		return await json<Me>(ask('GET', '/api/session'));
	} catch (problem) {
		if ((problem as Refused).status === 401)
			return null;
		throw problem;
	}
}

export const signIn = (username: string, password: string) => ask('POST', '/api/session', { username, password });
export const openInvite = (invite: string, password: string) => ask('POST', '/api/session/invite', { invite, password });
export const signOut = (everywhere: boolean) => ask('DELETE', `/api/session${everywhere ? '?everywhere=true' : ''}`);
export const changePassword = (password: string, newPassword: string) => inSession('POST', '/api/session/password', { password, newPassword });

/* -- Visits -- */

export function listVisits(query: Record<string, string | number>): Promise<Listed<Visit>> {
	return json(inSession('GET', `/api/meetings?${new URLSearchParams(query as Record<string, string>)}`));
}

export const getVisit = (id: string) => json<Visit>(inSession('GET', meeting(id)));
export const makeVisit = (plan: Plan & { locale: string }) => json<Visit>(inSession('POST', '/api/meetings', plan));
export const changeVisit = (id: string, change: Partial<Plan>) => json<Visit>(inSession('PATCH', meeting(id), change));
export const cancelVisit = (id: string) => inSession('DELETE', meeting(id));
export const endVisit = (id: string) => inSession('POST', meeting(id, '/end'), {});

export const getReport = (id: string) => json<Report>(inSession('GET', meeting(id, '/report')));
export const getEvents = (id: string) => json<Listed<VisitEvent>>(inSession('GET', meeting(id, '/events?limit=200')));
export const getCalendar = async (id: string) => (await inSession('GET', meeting(id, '/calendar.ics'))).text();

/* -- Personal links -- */

export const listInvitations = (id: string) => json<Listed<Invitation>>(inSession('GET', meeting(id, '/invitations')));
export const makeInvitation = (id: string, role: Role) =>
	json<Invitation & { token: string }>(inSession('POST', meeting(id, '/invitations'), { role }));
export const revokeInvitation = (id: string, invitation: string) => inSession('DELETE', meeting(id, `/invitations/${invitation}`));
