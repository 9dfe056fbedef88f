/*
 * Who is at the other end of a connection: what goes with our descriptions, what must come with his, and what follows.
 *
 * With the link key that is a mac over the fingerprints, and who sends a wrong one, or none, is refused. Without it, or
 * when the server has seen it, it is two words that both people say aloud. Each side first binds itself to a nonce (commit)
 * and tells it only when it has the other's: so somebody in the middle cannot try certificates until the words agree, but
 * has one guess in 65536.
 */
import { digest, fingerprintsOf, promised, random, toBase64url, type LinkKey } from './linkkey';

/** unknown: not connected yet. */
export type Trust = 'unknown' | 'verified' | 'unverified';

/** What goes with a description. */
export interface Evidence {
	mac?: string;
	commit?: string;
	seen?: boolean;		/* the server has seen the key on our side */
	lang?: string;		/* of our page */
}

/** What the call knows before it meets anybody. */
export interface Anchor {
	meeting: string;
	key: LinkKey | null;
	seen: boolean;
	lang: string;
}

interface Description {
	type: string;
	sdp: string;
}

export class Proof {
	/** Two bytes, two words; null as long as there are none. */
	words: [number, number] | null = null;
	/** Who has pressed "they match". */
	mine = false;
	theirs = false;
	keySeen: boolean;
	/** Of both pages, if they are in the same; the words are said in it where the visit has none of its own. */
	lang?: string;

	private nonce = '';
	private commit = '';		/* theirs */
	private promise = '';		/* their fingerprints on this connection */
	private pair = '';		/* the fingerprints, ours and theirs, that words and presses are about */

	constructor(private readonly anchor: Anchor, private readonly self: string, private readonly id: string) {
		this.keySeen = anchor.seen;
	}

	/** A new connection. The certificates may well be the old ones, and then the words are, too. */
	renew(): void {
		this.nonce = toBase64url(random(16));
		this.commit = this.promise = '';
	}

	async sign({ type, sdp }: Description): Promise<Evidence> {
		const { key, seen, lang } = this.anchor;

		return {
			mac: await key?.sign(this.self, this.id, type, fingerprintsOf(sdp) ?? []),
			/* no page without TLS can do it */
			commit: crypto.subtle && toBase64url(await digest(this.nonce)),
			...seen && { seen },
			lang,
		};
	}

	/** May we look at this description at all? */
	async accepts({ type, sdp }: Description, mac: unknown): Promise<boolean> {
		const prints = fingerprintsOf(sdp);
		const { key } = this.anchor;

		return !!prints?.length && (!key || key.verifies(mac, this.id, this.self, type, prints));
	}

	/** A description that will be set on the present connection. False: it takes back what an earlier one promised. */
	take({ sdp }: Description, { commit, seen, lang }: Evidence): boolean {
		const prints = `${fingerprintsOf(sdp)}`;

		if (this.promise && this.promise !== prints)
			return false;
		this.promise = prints;
		this.commit ||= commit ?? '';
		this.keySeen ||= seen === true;
		this.lang = lang === this.anchor.lang ? lang : undefined;
		return true;
	}

	/** What to tell once both descriptions are set; null: the key says enough. */
	reveal(): string | null {
		return this.keyed() ? null : this.nonce;
	}

	/** Their nonce: now there are words. */
	async hear(nonce: string, ours: string): Promise<void> {
		this.about(ours);
		if (this.words || !this.commit || !crypto.subtle || toBase64url(await digest(nonce)) !== this.commit)
			return;
		const sides = [[this.self, `${fingerprintsOf(ours)}`, this.nonce], [this.id, this.promise, nonce]];

		/* the same order on both sides */
		const [first, second] = await digest(JSON.stringify([this.anchor.meeting, ...this.self < this.id ? sides : sides.reverse()]));
		this.words = [first, second];
	}

	/** Is what is connected what was promised? certificate: where the browser tells it. */
	async holds(ours: string, certificate?: ArrayBuffer): Promise<boolean> {
		this.about(ours);
		return !certificate || !crypto.subtle || promised(certificate, this.promise.split(','));
	}

	/** If it is verified: because both people said so, not because of the key. */
	get byWords(): boolean {
		return !this.keyed();
	}

	get trust(): Trust {
		return this.keyed() || (this.mine && this.theirs) ? 'verified' : 'unverified';
	}

	private keyed(): boolean {
		return !!this.anchor.key && !this.keySeen;
	}

	private about(ours: string): void {
		const pair = `${fingerprintsOf(ours)} ${this.promise}`;

		if (pair === this.pair)
			return;
		this.pair = pair;
		this.words = null;
		this.mine = this.theirs = false;
	}
}
