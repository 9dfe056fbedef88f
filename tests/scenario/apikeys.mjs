/**
 * API keys, made and revoked as the one who runs the server does: through the admin
 * socket.
 */
import http from 'node:http';
import path from 'node:path';

import { PATIENCE_MS } from './stage.mjs';

function ask(server, method, target, json)
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
