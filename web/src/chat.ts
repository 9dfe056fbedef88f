/*
 * What people write to each other, and whether they are behind the screen: from browser to browser, never by way of the
 * server. Each connection has a data channel beside its two lines of media; where there is a link key, what is written is
 * sealed with it as well (doc/protocol.md).
 *
 * A channel lives no longer than its connection, and what was on its way is lost with it. So each line is numbered, kept
 * until the other side has it, and said again in a new channel; who hears it twice shows it once.
 */
import { random, tame, toBase64url, type LinkKey } from './linkkey';

/** As much of an RTCDataChannel as is used here. */
export interface Channel {
	readyState: string;
	onopen: (() => void) | null;
	onmessage: ((event: { data: unknown }) => void) | null;
	send(text: string): void;
}

/** What travels: one of these, as JSON. */
interface Frame {
	chat?: string;		/* names the line: 12 characters by chance */
	text?: string;		/* where there is no link key */
	sealed?: string;
	got?: string;		/* the line of this name is here */
	folded?: boolean;	/* behind the screen */
}

export interface ChatHome {
	/** A line from somebody, once. */
	heard(from: string, text: string): void;
	/** Everybody who was meant, and is still here, has this line of ours. */
	arrived(line: string): void;
	folded(from: string, on: boolean): void;
}

/** Characters in a line. */
export const LINE_MOST = 2000;

const FRAME_MOST = 16 * 1024;	/* the longest line sealed is 11 KiB, and every browser takes 16 */
const UNSENT_MOST = 50;
const KNOWN_MOST = 200;

/* One person at the other end. */
interface End {
	channel: Channel | null;
	trusted: boolean;
	unsent: { line: string; frame: string }[];
	known: string[];
}

export class Chat {
	private readonly ends = new Map<string, End>();
	private readonly arrivals = new Set<string>();		/* lines that at least one has */
	private behind = false;
	private work: Promise<void> = Promise.resolve();

	constructor(private readonly key: LinkKey | null, private readonly home: ChatHome) {}

	meet(id: string): void {
		if (!this.ends.has(id))
			this.ends.set(id, { channel: null, trusted: false, unsent: [], known: [] });
	}

	drop(id: string): void {
		const end = this.ends.get(id);

		this.ends.delete(id);
		for (const { line } of end?.unsent ?? [])
			this.check(line);
	}

	/** A new connection to somebody has this channel. */
	attach(id: string, channel: Channel): void {
		const end = this.ends.get(id);

		if (!end)
			return;
		end.channel = channel;
		channel.onopen = () => this.flush(end);
		channel.onmessage = ({ data }) => {
			if (channel === end.channel && typeof data === 'string' && data.length <= FRAME_MOST)
				this.queue(() => this.hear(id, end, channel, data));
		};
	}

	/** Nothing is said before it is known who is at the other end, verified or not. */
	trust(id: string, known: boolean): void {
		const end = this.ends.get(id);

		if (!end || end.trusted === known)
			return;
		end.trusted = known;
		this.flush(end);
	}

	/** Says it to everybody who is here. The line's name; null: there is nothing to say, nobody, or too much on its way. */
	say(text: string): string | null {
		const said = [...text.trim()].slice(0, LINE_MOST).join('');
		const ends = [...this.ends.values()];

		if (!said || !ends.length || ends.some((end) => end.unsent.length >= UNSENT_MOST))
			return null;
		const line = toBase64url(random(9));
		const unsent = { line, frame: '' };

		/* its place in the order is from now, sealed or not yet */
		for (const end of ends)
			end.unsent.push(unsent);
		this.queue(async () => {
			unsent.frame = JSON.stringify({ chat: line, ...this.key ? { sealed: await this.key.seal('chat', said) } : { text: said } });
			for (const end of ends)
				this.pass(end, unsent.frame);
		});
		return line;
	}

	/** Tells it to everybody, and to who comes later. */
	fold(on: boolean): void {
		if (on === this.behind)
			return;
		this.behind = on;
		for (const end of this.ends.values())
			this.pass(end, JSON.stringify({ folded: on }));
	}

	private queue(step: () => Promise<void>): void {
		this.work = this.work.then(step).catch((problem) => console.warn('chat', problem));
	}

	private pass({ channel, trusted }: End, frame: string): void {
		if (!trusted || channel?.readyState !== 'open')
			return;
		try {
			channel.send(frame);
		} catch {
			/* it has just closed: the next one says it again */
		}
	}

	/* What this end does not have yet. */
	private flush(end: End): void {
		this.pass(end, JSON.stringify({ folded: this.behind }));
		for (const { frame } of end.unsent)
			if (frame)
				this.pass(end, frame);
	}

	private async hear(from: string, end: End, channel: Channel, data: string): Promise<void> {
		const { chat, text, sealed, got, folded } = read(data);

		if (typeof folded === 'boolean')
			this.home.folded(from, folded);
		if (typeof got === 'string') {
			const left = end.unsent.filter(({ line }) => line !== got);

			if (left.length < end.unsent.length)
				this.arrivals.add(got);
			end.unsent = left;
			this.check(got);
		}
		if (typeof chat !== 'string' || chat.length !== 12)
			return;
		if (!end.known.includes(chat)) {
			const clear = await this.open(text, sealed);

			/* who cannot be read is not told that he was */
			if (!clear || this.ends.get(from) !== end)
				return;
			end.known = [...end.known.slice(1 - KNOWN_MOST), chat];
			this.home.heard(from, [...clear].slice(0, LINE_MOST).join(''));
		}
		if (channel === end.channel)
			this.pass(end, JSON.stringify({ got: chat }));
	}

	private async open(text: unknown, sealed: unknown): Promise<string | null> {
		if (this.key)
			return typeof sealed === 'string' ? this.key.open('chat', sealed) : null;
		return typeof text === 'string' ? tame(text) : null;
	}

	private check(line: string): void {
		const waits = [...this.ends.values()].some((end) => end.unsent.some((one) => one.line === line));

		if (!waits && this.arrivals.delete(line))
			this.home.arrived(line);
	}
}

function read(data: string): Frame {
	try {
		return Object(JSON.parse(data));
	} catch {
		return {};
	}
}
