/*
 * The link key (doc/protocol.md): what a link carries behind its # and no server ever sees. From it come one key that
 * signs DTLS fingerprints, so that nobody can sit in the middle, and one that seals names, notes and chat, so that the
 * server does not learn them. No DOM; WebCrypto, which browsers give to secure pages only.
 */

/** Keys, macs and what is sealed are all written as unpadded base64url. */
export function toBase64url(bytes: Uint8Array): string {
	return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** null: it is no base64url. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | null {
	if (!/^[\w-]*$/.test(text))
		return null;
	try {
		return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
	} catch {
		return null;
	}
}

const utf8 = (text: string) => new TextEncoder().encode(text);

export function random(bytes: number): Uint8Array<ArrayBuffer> {
	return crypto.getRandomValues(new Uint8Array(bytes));
}

export async function digest(text: string): Promise<Uint8Array> {
	return new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text)));
}

/** 128 bits, as a link carries them. */
export function makeKey(): string {
	return toBase64url(random(16));
}

/**
 * The values of a description's a=fingerprint lines, each once and sorted; null where the word stands anywhere else, for
 * what we read must be all that a browser could read into it.
 */
export function fingerprintsOf(sdp: string): string[] | null {
	const found = [...sdp.matchAll(/^a=fingerprint:([\w-]+ [\da-f:]+)$/gim)].map((match) => match[1]);

	return sdp.split(/fingerprint/i).length - 1 === found.length ? [...new Set(found)].sort() : null;
}

/** The certificate at the other end, as a=fingerprint would say it with this hash. */
async function fingerprintOf(certificate: ArrayBuffer, hash: string): Promise<string> {
	const bytes = new Uint8Array(await crypto.subtle.digest(hash, certificate));

	return [...bytes].map((one) => one.toString(16).padStart(2, '0')).join(':').toUpperCase();
}

/** Is this the certificate that the fingerprints promised? Of several, one is enough: a browser holds it so too. */
export async function promised(certificate: ArrayBuffer, fingerprints: string[]): Promise<boolean> {
	for (const one of fingerprints) {
		const [hash, value] = one.toUpperCase().split(' ');

		if (await fingerprintOf(certificate, hash).catch(() => '') === value)
			return true;
	}
	return false;
}

export type Sealable = 'name' | 'note' | 'chat';

const NONCE = 12;
const BLOCK = 32;	/* what is sealed is filled up to a multiple, so that its length tells little */

export class LinkKey {
	private constructor(
		private readonly meeting: string, private readonly signing: CryptoKey, private readonly sealing: CryptoKey,
	) {}

	/** key: one that isKey() (route.ts). */
	static async of(key: string, meeting: string): Promise<LinkKey> {
		const { subtle } = crypto;
		const root = await subtle.importKey('raw', fromBase64url(key)!, 'HKDF', false, ['deriveKey']);
		const derive = (info: string, to: HmacKeyGenParams | AesKeyGenParams, uses: KeyUsage[]) =>
			subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt: utf8(meeting), info: utf8(info) }, root, to, false, uses);

		return new LinkKey(meeting,
			await derive('paravent v1 fingerprint', { name: 'HMAC', hash: 'SHA-256', length: 256 }, ['sign', 'verify']),
			await derive('paravent v1 names', { name: 'AES-GCM', length: 256 }, ['encrypt', 'decrypt']));
	}

	async sign(from: string, to: string, type: string, fingerprints: string[]): Promise<string> {
		return toBase64url(new Uint8Array(
			await crypto.subtle.sign('HMAC', this.signing, this.signed(from, to, type, fingerprints))));
	}

	/** In constant time, by the browser. */
	async verifies(mac: unknown, from: string, to: string, type: string, fingerprints: string[]): Promise<boolean> {
		const bytes = typeof mac === 'string' && fromBase64url(mac);

		return !!bytes && crypto.subtle.verify('HMAC', this.signing, bytes, this.signed(from, to, type, fingerprints));
	}

	async seal(what: Sealable, text: string): Promise<string> {
		const clear = utf8(text);
		const filled = new Uint8Array(Math.ceil(clear.length / BLOCK) * BLOCK);
		const iv = random(NONCE);

		filled.set(clear);
		const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: this.context(what) }, this.sealing, filled);
		return toBase64url(new Uint8Array([...iv, ...new Uint8Array(sealed)]));
	}

	/** null: not sealed with this key, or not as this, or not for this meeting. */
	async open(what: Sealable, sealed: string): Promise<string | null> {
		const bytes = fromBase64url(sealed) ?? new Uint8Array();

		try {
			const clear = await crypto.subtle.decrypt(
				{ name: 'AES-GCM', iv: bytes.slice(0, NONCE), additionalData: this.context(what) }, this.sealing, bytes.slice(NONCE));

			return tame(new TextDecoder('utf-8', { fatal: true }).decode(clear).replace(/\0+$/, ''));
		} catch {
			return null;
		}
	}

	private signed(from: string, to: string, type: string, fingerprints: string[]): Uint8Array<ArrayBuffer> {
		return utf8(JSON.stringify([this.meeting, from, to, type, fingerprints]));
	}

	private context(what: Sealable): Uint8Array<ArrayBuffer> {
		return utf8(JSON.stringify(['paravent v1', what, this.meeting]));
	}
}

/** The server refuses such characters in clear names; in what it does not see nobody else can. */
export function tame(text: string): string {
	return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu, ' ').trim();
}
