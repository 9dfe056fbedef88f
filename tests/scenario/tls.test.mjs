/**
 * TLS: the same visit behind it, the old versions refused, and a new certificate taken
 * over while people talk.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';

import { Raw } from './raw.mjs';
import { Server, certificate, sleep, temporary } from './stage.mjs';
import { visit } from './voice.mjs';

let server;

before(async () => {
	server = await Server.start({}, { tls: true });
});

after(() => server.strike());

/* A TLS handshake: { cert, protocol, alpn } or an error. */
function greets(options = {})
{
	return new Promise((resolve, reject) => {
		const socket = tls.connect({ host: '127.0.0.1', port: server.port,
			servername: 'localhost', rejectUnauthorized: false,
			...options }, () => {
			resolve({ cert: socket.getPeerCertificate().fingerprint256,
				protocol: socket.getProtocol(),
				alpn: socket.alpnProtocol });
			socket.destroy();
		});

		socket.on('error', reject);
	});
}

describe('TLS', { concurrency: true }, () => {
	test('carries the page, the API and a visit', async () => {
		assert.equal((await server.get('/')).status, 200);
		const { doctor, patient } = await visit(server);

		await doctor.signals(patient, 'x'.repeat(60000));
		await patient.signals(doctor, 'x'.repeat(60000));
	});

	test('tells browsers to stay with it', async () => {
		const { headers } = await server.get('/');

		assert.match(headers['strict-transport-security'], /max-age=\d{7}/);
	});

	test('is 1.3 or 1.2 and nothing older', async () => {
		assert.equal((await greets()).protocol, 'TLSv1.3');
		assert.equal((await greets({ maxVersion: 'TLSv1.2' })).protocol,
			'TLSv1.2');
		await assert.rejects(greets({ minVersion: 'TLSv1',
			maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
	});

	test('refuses ciphers without forward secrecy or authentication',
		async () => {
		for (const ciphers of ['AES128-SHA', 'AES256-GCM-SHA384',
			'ECDHE-ECDSA-AES128-SHA'])
			await assert.rejects(greets({ maxVersion: 'TLSv1.2',
				ciphers: `${ciphers}:@SECLEVEL=0` }), ciphers);
	});

	test('speaks http/1.1 to who offers it, among others', async () => {
		assert.equal((await greets({ ALPNProtocols: ['h2', 'http/1.1'] }))
			.alpn, 'http/1.1');
		assert.equal((await greets({})).alpn, false);
	});

	test('that never gets through its handshake is closed after 10 s',
		async () => {
		const raw = await Raw.connect(server);
		const start = Date.now();
		const timer = setInterval(() => raw.send('\x00'), 1000);

		raw.send(Buffer.from([0x16, 3, 1, 2, 0]));
		assert.ok(await raw.end(15000));
		clearInterval(timer);
		const seconds = (Date.now() - start) / 1000;
		assert.ok(seconds > 8 && seconds < 14, `${seconds} s`);
	});

	test('garbage behind its first byte harms nobody', async () => {
		const pair = await visit(server);

		await Promise.all(Array.from({ length: 50 }, async () => {
			const raw = await Raw.connect(server);

			raw.send(Buffer.concat([Buffer.from([0x16, 3, 1]),
				Buffer.from(Array.from({ length: 500 },
					() => Math.random() * 256))]));
			await sleep(100);
			raw.close();
		}));
		await pair.doctor.signals(pair.patient);
	});
});

describe('a new certificate', () => {
	test('is taken over by SIGHUP, and nobody is dropped', async () => {
		const { doctor, patient } = await visit(server);
		const before = (await greets()).cert;
		const { cert, key } = certificate(temporary());

		fs.copyFileSync(cert, server.tls.cert);
		fs.copyFileSync(key, server.tls.key);
		server.child.kill('SIGHUP');
		for (let n = 0; (await greets()).cert == before; n++) {
			assert.ok(n < 100, 'still the old one');
			await sleep(20);
		}
		await doctor.signals(patient);
		await patient.signals(doctor);
	});

	test('that is broken is refused, and the old one stays', async () => {
		const before = (await greets()).cert;
		const length = server.log.length;

		fs.writeFileSync(server.tls.cert, 'broken');
		server.child.kill('SIGHUP');
		for (let n = 0; server.log.length == length; n++) {
			assert.ok(n < 100, 'it says nothing');
			await sleep(20);
		}
		assert.equal((await greets()).cert, before);
		assert.ok(server.alive);
	});
});
