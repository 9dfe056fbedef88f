/*
 * The signaling protocol, client side (doc/protocol.md). No DOM: the socket, the clock and the dice come from outside,
 * so that a test can lose a connection and live through two minutes in no time.
 */

export type Role = 'host' | 'guest';

export interface MediaState {
	audio: boolean;
	video: boolean;
	screen: boolean;
	hand: boolean;
}

/** What somebody is taken to send who has not said anything yet. */
export const UNSAID: MediaState = { audio: true, video: true, screen: false, hand: false };

export interface Meeting {
	meetingId: string;
	title?: string | null;
	kind: 'consultation' | 'therapy' | 'class' | 'other';
	status: 'scheduled' | 'open' | 'ended' | 'cancelled' | 'expired';
	startsAt?: string | null;
	durationMinutes: number;
	capacity: number;
	waitingRoom: boolean;
	relayOnly: boolean;
	hostName?: string | null;
	practice?: string;
	locale?: string | null;
	joinUrl: string;
}

/** A name in clear, or one that only holders of the link key can read. */
export interface Named {
	name?: string;
	sealed?: string;
}

export interface IceServer {
	urls: string | string[];
	username?: string;
	credential?: string;
}

export interface Participant extends Named {
	id: string;
	role: Role;
	media: MediaState;
	away?: boolean;
}

/** The way media go: straight, or through the relay and how we come to it. */
export type Path = 'direct' | 'relay-udp' | 'relay-tcp' | 'relay-tls';

/** Each becomes a line of the visit's report. */
export type ReportEvent = 'connected' | 'lost' | 'verified' | 'unverified' | 'refused';

/** What a network lets through to the relay, and how fast it is from there and back. */
export interface NetResult {
	udp?: boolean;
	tcp?: boolean;
	tls?: boolean;
	kbps?: number;
}

export type ServerMessage =
	| { type: 'waiting'; id: string; resume: string; position: number; meeting: Meeting; iceServers: IceServer[] }
	| { type: 'welcome'; id: string; resume: string; role: Role; meeting: Meeting; participants: Participant[];
		iceServers: IceServer[]; iceExpiresAt: string }
	| { type: 'knock'; id: string } & Named
	| { type: 'knock-gone'; id: string }
	| { type: 'knock-test'; id: string; result: unknown }
	| { type: 'participant-joined'; id: string; role: Role } & Named
	| { type: 'participant-away'; id: string }
	| { type: 'participant-back'; id: string } & Named
	| { type: 'participant-left'; id: string; reason: 'left' | 'lost' | 'removed' | 'replaced' }
	| { type: 'signal'; from: string; data: unknown }
	| { type: 'media'; id: string } & MediaState
	| { type: 'ice'; iceServers: IceServer[]; iceExpiresAt: string }
	| { type: 'note'; text?: string; sealed?: string }
	| { type: 'locked'; on: boolean }
	| { type: 'ended'; reason: 'host' | 'api' | 'expired' }
	| { type: 'denied' | 'removed' }
	| { type: 'error'; code: string; detail: string; re?: string; opensAt?: string };

export type ClientMessage =
	| { type: 'join'; token?: string; resume?: string } & Named
	| { type: 'signal'; to: string; data: unknown }
	| { type: 'media' } & MediaState
	| { type: 'admit' | 'deny' | 'remove'; id: string }
	| { type: 'note'; to: string; text?: string; sealed?: string }
	| { type: 'lock'; on: boolean }
	| { type: 'report'; peer: string; event: ReportEvent; path?: Path; stats?: Record<string, number | boolean> }
	| { type: 'test'; result: NetResult }
	| { type: 'ice' | 'end' | 'leave' };

/** As much of a WebSocket as is used here. */
export interface Wire {
	onopen: (() => void) | null;
	onmessage: ((event: { data: unknown }) => void) | null;
	onclose: ((event: { code: number }) => void) | null;
	send(text: string): void;
	close(): void;
}

export interface Clock {
	after(ms: number, then: () => void): unknown;
	cancel(timer: unknown): void;
}

/** Why it is over: the close code, and what the server said before it. */
export interface Closing {
	code: number;
	said?: string;
	opensAt?: string;	/* with too-early */
}

/** connecting: no place yet. lost: a place is held for us, and we are on the way back to it. */
export type Phase = 'connecting' | 'waiting' | 'inside' | 'lost' | 'closed';

export interface SignalingOptions {
	who: Named;
	token?: string;
	resume?: string;
	open(): Wire;
	hear(message: ServerMessage): void;
	phase(phase: Phase): void;
	closed(closing: Closing): void;
	clock: Clock;
	random(): number;
}

/*
 * Closes after which knocking again cannot help. All others (a restart, a lost network, a time-out, our own haste) are
 * passing, and somebody in the middle of a visit should not even notice them.
 */
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 4400, 4401, 4403, 4404, 4409, 4410]);
const TOO_FAST = 4429;
const OUR_FAULT = 1011;

const FIRST_TRIES = 5;		/* without a place: then say that it does not work */
const ANSWER_MS = 10_000;	/* how long a join may go unanswered */
const PROBE_MS = 4000;		/* and a question; asking in vain costs a resume, which nobody notices */
const STEADY_MS = 10_000;	/* a connection that held this long was worth its try */

/** How long to wait before the n-th try, so that a restarted server is not run over by everybody at once. */
export function backoff(tries: number, random: number): number {
	const most = Math.min(500 * 2 ** tries, 10_000);
	return most / 2 + random * most / 2;
}

export class Signaling {
	private readonly o: SignalingOptions;
	private wire: Wire | null = null;
	private resume: string | undefined;
	private placed: boolean;
	private now: Phase = 'connecting';
	private tries = 0;
	private said: string | undefined;
	private opensAt: string | undefined;
	private retry: unknown = null;
	private answer: unknown = null;
	private steady: unknown = null;

	constructor(options: SignalingOptions) {
		this.o = options;
		this.resume = options.resume;
		this.placed = options.resume !== undefined;
	}

	get phase(): Phase {
		return this.now;
	}

	start(): void {
		this.connect();
	}

	/** Returns false if there is no connection to send it on; nothing is kept for later. */
	send(message: ClientMessage): boolean {
		if (!this.wire || (this.now !== 'inside' && this.now !== 'waiting'))
			return false;
		this.wire.send(JSON.stringify(message));
		if (message.type === 'ice' && this.answer === null)
			this.expectAnswer(PROBE_MS);
		return true;
	}

	/** I go, and my place need not be held. */
	leave(): void {
		this.send({ type: 'leave' });
		this.stop();
	}

	/** The network seems to be back: do not sit out the pause. */
	hurry(): void {
		if (this.retry !== null) {
			this.unwait();
			this.connect();
		} else {
			this.probe();
		}
	}

	/*
	 * A browser tells its page nothing of pings, so a connection that died silently (a phone that changed networks) looks
	 * open for minutes. Asking for ICE servers is a question that always gets some answer, if only an error; so whoever
	 * asks finds it out, and a restart of ICE, which asks first, is not said into the void for long.
	 */
	probe(): void {
		if (this.answer === null)
			this.send({ type: 'ice' });
	}

	private connect(): void {
		const wire = this.o.open();

		this.wire = wire;
		this.said = undefined;
		/* some networks swallow the handshake itself */
		this.expectAnswer(ANSWER_MS);
		wire.onopen = () => {
			wire.send(JSON.stringify({ type: 'join', ...this.o.who, token: this.o.token, resume: this.resume }));
			this.expectAnswer(ANSWER_MS);
		};
		wire.onmessage = (event) => this.hear(event.data);
		wire.onclose = (event) => this.lost(event.code);
	}

	private hear(data: unknown): void {
		let message: ServerMessage;

		this.answered();
		try {
			message = JSON.parse(String(data));
		} catch {
			return;
		}
		switch (message.type) {
		case 'welcome':
		case 'waiting':
			this.resume = message.resume;
			this.placed = true;
			/* not at once: who is closed again right after every welcome would come back without a pause for ever */
			this.steady ??= this.o.clock.after(STEADY_MS, () => {
				this.steady = null;
				this.tries = 0;
			});
			this.enter(message.type === 'welcome' ? 'inside' : 'waiting');
			break;
		case 'denied':
		case 'removed':
			this.said = message.type;
			break;
		case 'ended':
			this.said = message.reason;
			break;
		case 'error':
			this.said = message.code;
			this.opensAt = message.opensAt;
			/* a server with a full disk takes nobody in, and leaves the line open; the place is still ours */
			if (message.code === 'unavailable' && message.re === 'join')
				return this.lost(OUR_FAULT);
			break;
		}
		this.o.hear(message);
	}

	private lost(code: number): void {
		this.drop();
		if (FINAL.has(code) || (!this.placed && this.tries + 1 >= FIRST_TRIES)) {
			this.enter('closed');
			this.o.closed({ code, said: this.said, ...this.opensAt && { opensAt: this.opensAt } });
			return;
		}
		this.enter(this.placed ? 'lost' : 'connecting');
		/* who was too fast is not made slower by haste */
		const tries = code === TOO_FAST ? this.tries + 4 : this.tries;
		this.tries++;
		this.retry = this.o.clock.after(backoff(tries, this.o.random()), () => {
			this.retry = null;
			this.connect();
		});
	}

	private stop(): void {
		this.drop();
		this.unwait();
		this.now = 'closed';
	}

	/* A socket that we gave up may take long to notice; it must not speak to us any more. */
	private drop(): void {
		const wire = this.wire;

		this.answered();
		if (this.steady !== null)
			this.o.clock.cancel(this.steady);
		this.steady = null;
		this.wire = null;
		if (!wire)
			return;
		wire.onopen = wire.onmessage = wire.onclose = null;
		wire.close();
	}

	private expectAnswer(ms: number): void {
		this.answered();
		this.answer = this.o.clock.after(ms, () => {
			this.answer = null;
			this.lost(1006);
		});
	}

	private answered(): void {
		if (this.answer !== null)
			this.o.clock.cancel(this.answer);
		this.answer = null;
	}

	private unwait(): void {
		if (this.retry !== null)
			this.o.clock.cancel(this.retry);
		this.retry = null;
	}

	private enter(phase: Phase): void {
		if (phase === this.now)
			return;
		this.now = phase;
		this.o.phase(phase);
	}
}
