/* The HTTP API, as far as this page needs it. */
import type { Meeting } from './protocol';

export interface NewMeeting {
	title?: string;
	hostName?: string;
	kind: Meeting['kind'];
	locale: string;
}

/** status 0: no answer at all. The server's words about it are for programs; people read ours. */
export class ApiProblem extends Error {
	constructor(readonly status: number) {
		super(`HTTP ${status}`);
	}
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
	let answer: Response;

	try {
		answer = await fetch(path, { cache: 'no-store', credentials: 'same-origin', ...init });
	} catch {
		throw new ApiProblem(0);
	}
	if (!answer.ok)
		throw new ApiProblem(answer.status);
	return answer.json();
}

function post<T>(path: string, body: unknown, token?: string): Promise<T> {
	const headers: Record<string, string> = { 'Content-Type': 'application/json' };

	if (token)
		headers.Authorization = `Bearer ${token}`;
	return ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

export function createMeeting(plan: NewMeeting): Promise<Meeting & { hostUrl: string }> {
	return post('/api/meetings', plan);
}

export function getMeeting(id: string): Promise<Meeting> {
	return ask(`/api/meetings/${encodeURIComponent(id)}`);
}

export function endMeeting(id: string, token: string): Promise<Meeting> {
	return post(`/api/meetings/${encodeURIComponent(id)}/end`, {}, token);
}

export function socketUrl(id: string): string {
	return `${location.origin.replace(/^http/, 'ws')}/api/meetings/${encodeURIComponent(id)}/socket`;
}
