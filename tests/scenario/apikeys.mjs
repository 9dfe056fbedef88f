/**
 * API keys and accounts of the staff, as the one who runs the server makes them: through
 * the admin socket.
 */
import http from 'node:http';
import path from 'node:path';

import { PATIENCE_MS } from './stage.mjs';

export function ask(server, method, target, json)
{
	const body = json === undefined ? undefined : JSON.stringify(json);

	return new Promise((resolve, reject) => {
		const request = http.request({
			socketPath: path.join(server.stateDir, 'admin.sock'),
			method, path: target, agent: false, timeout: PATIENCE_MS,
			headers: body ? { 'content-type': 'application/json',
				'content-length': Buffer.byteLength(body) } : {},
		}, (res) => {
			let text = '';

			res.setEncoding('utf8');
			res.on('data', (part) => text += part);
			res.on('end', () => res.statusCode < 300
				? resolve(text && JSON.parse(text))
				: reject(new Error(`${method} ${target}: ` +
					`${res.statusCode} ${text}`)));
		});

		request.on('timeout', () => request.destroy(
			new Error(`${method} ${target}: no answer`)));
		request.on('error', reject);
		request.end(body);
	});
}

/** A new key: { id, key }. */
export function makeKey(server, scopes, label = 'a test')
{
	return ask(server, 'POST', '/admin/keys', { label, scopes });
}

export function revokeKey(server, id)
{
	return ask(server, 'DELETE', `/admin/keys/${id}`);
}

/** A new account: what is behind "invite=" in its one-time link. */
export async function addStaff(server, name, roles = 'host')
{
	const made = await ask(server, 'POST', '/admin/staff', { name, roles });

	return made.link.split('#invite=')[1];
}

/** The cookie of an answer, as a browser sends it back; undefined when it has none. */
export function cookieOf(answer)
{
	return answer.headers['set-cookie']?.[0].split(';')[0];
}

/** Uses a link; throws when it does not open. Returns the cookie. */
export async function useLink(server, invite, password)
{
	const answer = await server.post('/api/session/invite',
		{ json: { invite, password } });

	if (answer.status != 204)
		throw new Error(`not let in: ${answer.status} ${answer.text}`);
	return cookieOf(answer);
}

/** An account with a password, signed in: its cookie. */
export async function makeStaff(server, name, password, roles)
{
	return useLink(server, await addStaff(server, name, roles), password);
}
