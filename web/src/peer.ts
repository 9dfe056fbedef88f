/*
 * One remote participant, and the RTCPeerConnection of the moment to him. The participant outlives connections: when one
 * fails for good, or when his page was reloaded, a new one is built in its place.
 *
 * Every connection carries the same two lines, audio and video, both ways, and a channel for what is written beside them. A
 * camera that is off or missing is a sender without a track, so muting, switching and unplugging never need a negotiation.
 */
import type { Channel } from './chat';
import { dtlsRoles, inDtlsRole, settlesRole } from './dtlsrole';
import { pathOf } from './path';
import { Proof, type Anchor, type Evidence, type Trust } from './proof';
import type { Clock, Path, ReportEvent } from './protocol';

/** refused: what came was not what the link key signs; nothing is connected. */
export type LinkState = 'connecting' | 'connected' | 'interrupted' | 'refused';
export type Kind = 'audio' | 'video';
export const KINDS: readonly Kind[] = ['audio', 'video'];

type Report = 'connected' | 'lost';

/** What travels in `signal.data`. */
export interface SignalData extends Evidence {
	description?: { type: 'offer' | 'answer'; sdp: string };
	candidate?: RTCIceCandidateInit;
	nonce?: string;
	match?: boolean;
	refused?: boolean;
}

/** What a peer needs from the call it belongs to. */
export interface PeerHome {
	readonly clock: Clock;
	readonly online: boolean;
	readonly local: MediaStream;
	readonly self: string;
	readonly anchor: Anchor;
	track(kind: Kind): MediaStreamTrack | null;
	connection(): RTCPeerConnection;
	stream(): MediaStream;
	/** A new connection to him has this channel beside its media. */
	channel(peer: Peer, channel: Channel): void;
	send(to: string, data: SignalData): boolean;
	report(peer: string, event: ReportEvent, path?: Path, stats?: Record<string, number | boolean>): boolean;
	/** Resolves, soon in any case, when the ICE servers are as fresh as can be had. */
	fresh(): Promise<void>;
	changed(peer: Peer): void;
}

const RESTART_MS = 4000;	/* a hiccup heals by itself in less */
const RESTARTED_MS = 6000;
const CONNECT_MS = 15_000;
const GRACE_MS = 3000;		/* the polite one lets the other mend it first, so that both do not at once */
const LOST_MS = 10_000;
const PATH_MS = 5000;

/** The session id names an RTCPeerConnection: as long as it lives, its descriptions carry the same. */
export function sessionOf(sdp: string): string {
	return /^o=\S+ (\S+)/m.exec(sdp)?.[1] ?? '';
}

export class Peer {
	readonly id: string;
	stream: MediaStream;
	state: LinkState = 'connecting';
	away = false;
	path: Path | null = null;
	trust: Trust = 'unknown';
	readonly proof: Proof;

	private readonly home: PeerHome;
	private readonly polite: boolean;
	private readonly begins: boolean;
	private pc: RTCPeerConnection | null = null;
	private theirs = '';		/* session id of their connection */
	private ignoring = false;
	private stale = false;		/* our network is another one than that of the candidates */
	private vain = false;		/* connected, says the browser, and yet nothing will come of it */
	private restarted = false;
	private rebuilt = 0;
	private unsent: RTCIceCandidateInit[] = [];
	private wired = false;		/* with its channel */
	private signing = false;	/* no candidate may run ahead of its description */
	private timer: unknown = null;
	private looking: unknown = null;
	private down: unknown = null;
	private due: Report | null = null;
	private told: Report | null = null;
	private verdict: ReportEvent | null = null;
	private toldVerdict: ReportEvent | null = null;
	private gone = false;
	private work: Promise<void> = Promise.resolve();

	/** begins: we are the newcomer, and offer. */
	constructor(home: PeerHome, id: string, polite: boolean, begins: boolean) {
		this.home = home;
		this.id = id;
		this.polite = polite;
		this.begins = begins;
		this.stream = home.stream();
		this.proof = new Proof(home.anchor, home.self, id);
	}

	/** Something could pass now: at the beginning, when our signaling is back, or when his is. */
	catchUp(): void {
		this.queue(async () => {
			const pc = this.pc;

			if (!this.reachable())
				return;
			if (!pc && this.begins && this.state !== 'refused')
				this.build(true);
			else if (pc?.signalingState === 'have-local-offer')
				await this.describe(pc);	/* the offer, or the answer to it, may have been lost */
			else if (pc)
				this.tell();
			for (const candidate of this.unsent.splice(0))
				this.home.send(this.id, { candidate });
			this.report();
			this.vouch();
			if (this.stale)
				void this.restart();
			else
				this.watch();
		});
	}

	/** Our network is another one: restart now, or when it can pass. */
	moved(): void {
		if (!this.pc)
			return;
		this.stale = true;
		this.rebuilt = 0;
		void this.restart();
	}

	setAway(away: boolean): void {
		this.away = away;
		if (!away)
			this.catchUp();
		this.watch();
	}

	hear(data: SignalData): void {
		const { description, candidate, nonce, match, refused } = data;

		if (description)
			this.queue(() => this.hearDescription(description, data));
		if (candidate)
			this.queue(() => this.hearCandidate(candidate));
		if (nonce)
			this.queue(() => this.hearNonce(nonce));
		if (match)
			this.queue(async () => this.press('theirs'));
		if (refused)
			this.queue(async () => this.refuse());
	}

	/** The person has compared the two words. */
	compared(same: boolean): void {
		this.queue(async () => {
			if (!same)
				return this.refuse(true);
			this.press('mine');
			this.tell();
		});
	}

	/** Our track of this kind is another one now, or none. */
	retrack(kind: Kind): void {
		this.queue(async () => {
			for (const line of this.pc?.getTransceivers() ?? [])
				if (line.receiver.track.kind === kind)
					await line.sender.replaceTrack(this.home.track(kind));
		});
	}

	configure(config: RTCConfiguration): void {
		try {
			this.pc?.setConfiguration(config);
		} catch {
			/* a browser that cannot change it keeps the old until the next connection */
		}
	}

	close(): void {
		this.gone = true;
		this.unwatch();
		this.up();
		this.demolish();
	}

	/*
	 * One thing at a time and in the order it came. It also means that a connection is never replaced while a step on it is
	 * under way: promises of a closed connection stay open for ever.
	 */
	private queue(step: () => Promise<void>): void {
		this.work = this.work.then(async () => {
			if (!this.gone)
				await step();
		}).catch((problem) => {
			if (!this.ignoring && !this.gone)
				console.warn('peer', problem);
		});
	}

	private reachable(): boolean {
		return this.home.online && !this.away && !this.gone;
	}

	private async hearDescription(description: NonNullable<SignalData['description']>, evidence: Evidence): Promise<void> {
		if (!await this.proof.accepts(description, evidence.mac))
			return this.refuse(true);
		const session = sessionOf(description.sdp);
		const rebuilt = this.theirs !== '' && session !== this.theirs;

		if (description.type === 'answer') {
			if (rebuilt)
				return this.build(true);	/* a new connection answered what was meant for the old one */
			if (this.pc?.signalingState !== 'have-local-offer')
				return;
			if (!this.proof.take(description, evidence))
				return this.refuse(true);
			if (!await this.take(this.pc, description))
				return;
			this.theirs = session;
			this.tell();
			return;
		}
		/* of a connection that we have no part in, or no more: our own offer, if it is not on its way yet, makes a new one */
		if (session !== this.theirs && settlesRole(description.sdp)) {
			if (!this.pc?.localDescription || this.pc.currentRemoteDescription)
				this.build(true);
			return;
		}
		if (!this.pc || rebuilt)
			this.build(false);
		else if (this.pc.signalingState === 'have-local-offer') {
			this.ignoring = !this.polite;
			if (this.ignoring)
				return;
			/* giving way by rollback would leave our two lines beside their two; before the first answer start over instead */
			if (!this.pc.currentRemoteDescription)
				this.build(false);
		}
		if (!this.proof.take(description, evidence))
			return this.refuse(true);
		await this.answer(this.pc!, description);
		this.theirs = session;
		this.tell();
	}

	/* One that the browser refuses leaves the offer open for ever, and him with a new ICE that nobody speaks to. */
	private async take(pc: RTCPeerConnection, answer: RTCSessionDescriptionInit): Promise<boolean> {
		try {
			await pc.setRemoteDescription(answer);
			return true;
		} catch (problem) {
			console.warn('peer', problem);
			this.vain = true;
			this.unwatch();
			this.wait(this.pause(), () => this.rebuild());
			return false;
		}
	}

	private async answer(pc: RTCPeerConnection, offer: RTCSessionDescriptionInit): Promise<void> {
		this.ignoring = false;
		await pc.setRemoteDescription({ type: 'offer', sdp: inDtlsRole(offer.sdp!, dtlsRoles(pc)?.theirs) });
		if (!this.wired)
			this.wire(pc);
		for (const line of pc.getTransceivers()) {
			const track = this.home.track(line.receiver.track.kind as Kind);

			if (line.direction === 'sendrecv')
				continue;
			line.direction = 'sendrecv';
			line.sender.setStreams?.(this.home.local);	/* one stream keeps lips and words together */
			await line.sender.replaceTrack(track);
		}
		await pc.setLocalDescription();
		await this.describe(pc);
		this.lookAgain(RESTART_MS);
	}

	private async hearCandidate(candidate: RTCIceCandidateInit): Promise<void> {
		try {
			await this.pc?.addIceCandidate(candidate);
		} catch {
			/* of an offer that we ignored, or of a connection that is no more */
		}
	}

	private async offer(pc: RTCPeerConnection): Promise<void> {
		if (pc !== this.pc || pc.signalingState !== 'stable')
			return;
		await pc.setLocalDescription();
		await this.describe(pc);
	}

	private async describe(pc: RTCPeerConnection): Promise<void> {
		this.signing = true;
		const evidence = await this.proof.sign(pc.localDescription!);
		/* only now: what the description holds by now need not be sent again */
		const { type, sdp } = pc.localDescription!;
		const description = type === 'offer' ? { type, sdp: inDtlsRole(sdp, dtlsRoles(pc)?.ours) } : { type: 'answer' as const, sdp };

		this.signing = false;
		this.unsent = [];
		if (this.reachable())
			this.home.send(this.id, { description, ...evidence });
	}

	private async hearNonce(nonce: string): Promise<void> {
		if (!this.pc?.localDescription)
			return;
		await this.proof.hear(nonce, this.pc.localDescription.sdp);
		this.home.changed(this);
	}

	/* What goes without a description. Twice does no harm. */
	private tell(): void {
		const nonce = this.proof.reveal();

		if (!nonce || !this.reachable())
			return;
		this.home.send(this.id, { nonce });
		if (this.proof.mine)
			this.home.send(this.id, { match: true });
	}

	private press(who: 'mine' | 'theirs'): void {
		if (!this.proof.words)
			return;
		this.proof[who] = true;
		this.judge();
	}

	/** Nothing is connected, and nothing will be until an offer comes that is as it should be. */
	private refuse(say = false): void {
		this.demolish();
		this.theirs = '';
		this.state = 'refused';
		this.trust = 'unknown';
		this.unwatch();
		this.up();
		if (say && this.reachable())
			this.home.send(this.id, { refused: true });
		this.vouch('refused');
		this.home.changed(this);
	}

	/* It is connected: to whom? */
	private async confirm(pc: RTCPeerConnection): Promise<void> {
		if (pc !== this.pc || pc.connectionState !== 'connected')
			return;
		const [certificate] = pc.getTransceivers()[0]?.sender.transport?.getRemoteCertificates?.() ?? [];

		if (await this.proof.holds(pc.localDescription!.sdp, certificate))
			this.judge();
		else
			this.refuse(true);
	}

	private judge(): void {
		if (this.pc?.connectionState !== 'connected')
			return;
		this.trust = this.proof.trust;
		this.vouch(this.trust as ReportEvent);
		this.home.changed(this);
	}

	private vouch(event = this.verdict): void {
		const how = event === 'verified' ? { words: this.proof.byWords } : undefined;

		this.verdict = event;
		if (event && event !== this.toldVerdict && this.home.report(this.id, event, undefined, how))
			this.toldVerdict = event;
	}

	private trickle(candidate: RTCIceCandidateInit): void {
		if (this.signing || !this.reachable() || !this.home.send(this.id, { candidate }))
			this.unsent.push(candidate);
	}

	private build(offering: boolean): void {
		this.demolish();
		const pc = this.home.connection();

		this.pc = pc;
		this.proof.renew();
		if (this.state === 'refused')
			this.state = 'connecting';
		this.trust = 'unknown';
		this.theirs = '';
		this.unsent = [];
		this.stale = this.vain = this.restarted = this.signing = this.wired = false;
		this.path = null;
		this.due = null;
		if (this.told === 'connected')
			this.told = null;
		this.stream = this.home.stream();
		pc.onicecandidate = ({ candidate }) => {
			if (candidate?.candidate && pc === this.pc)
				this.trickle(candidate.toJSON());
		};
		pc.ontrack = ({ track }) => {
			if (pc !== this.pc)
				return;
			this.stream.addTrack(track);
			this.home.changed(this);
		};
		pc.onconnectionstatechange = () => {
			if (pc === this.pc)
				this.look();
		};
		pc.onnegotiationneeded = () => this.queue(() => this.offer(pc));
		if (offering)
			for (const kind of KINDS)
				pc.addTransceiver(this.home.track(kind) ?? kind, { direction: 'sendrecv', streams: [this.home.local] });
		if (offering)
			this.wire(pc);
		this.look();
	}

	/* Both sides make the same, so none has to announce it; who answers only then, or he would want to offer himself. */
	private wire(pc: RTCPeerConnection): void {
		this.wired = true;
		this.home.channel(this, pc.createDataChannel('chat', { negotiated: true, id: 0 }) as unknown as Channel);
	}

	private demolish(): void {
		const pc = this.pc;

		this.pc = null;
		this.home.clock.cancel(this.looking);
		if (!pc)
			return;
		pc.onicecandidate = pc.ontrack = pc.onconnectionstatechange = pc.onnegotiationneeded = null;
		pc.close();
	}

	private look(): void {
		const pc = this.pc;
		const now = pc?.connectionState;

		if (pc && now === 'connected') {
			this.state = 'connected';
			this.restarted = false;
			this.rebuilt = 0;
			this.up();
			this.queue(() => this.confirm(pc));
			void this.findPath();
		} else if (now === 'disconnected' || now === 'failed' || (now === 'new' && this.state === 'connected')) {
			/* once we have seen each other it is an interruption, until we do again; a restart (connecting) need not be one */
			this.state = 'interrupted';
			this.down ??= this.home.clock.after(LOST_MS, () => this.report('lost'));
		}
		this.home.changed(this);
		this.watch();
	}

	/*
	 * What to do, and when, if the connection stays as it is. Nothing while he or we are away: it would not arrive, and a
	 * page that is being reloaded makes the offer itself.
	 */
	private watch(): void {
		const now = this.pc?.connectionState ?? 'new';
		const grace = this.polite ? GRACE_MS : 0;

		if (this.timer !== null && this.restarted && now !== 'failed' && this.reachable())
			return;		/* a restart has its time, whatever states it goes through */
		this.unwatch();
		if (!this.reachable() || now === 'closed' || this.state === 'refused')
			return;
		if (now === 'failed')
			this.wait(grace + this.pause(), () => this.rebuild());
		else if (this.restarted)
			this.wait(RESTARTED_MS + grace, () => this.giveUp());
		else if (now === 'disconnected')
			this.wait(RESTART_MS + grace, () => this.restart());
		else if (now !== 'connected')
			this.wait(CONNECT_MS + grace + this.pause(), () => this.rebuild());
	}

	private wait(ms: number, then: () => void): void {
		this.timer = this.home.clock.after(ms, () => {
			this.timer = null;
			then();
		});
	}

	private pause(): number {
		return this.rebuilt ? Math.min(500 * 2 ** this.rebuilt, 15_000) : 0;
	}

	private unwatch(): void {
		if (this.timer !== null)
			this.home.clock.cancel(this.timer);
		this.timer = null;
	}

	private async restart(): Promise<void> {
		const pc = this.pc;

		await this.home.fresh();
		if (!pc || pc !== this.pc || !this.reachable())
			return;
		if (pc.connectionState !== 'failed' && (this.stale || pc.connectionState !== 'connected')) {
			this.restarted = true;
			this.unwatch();
			pc.restartIce();
		}
		this.stale = false;
		this.watch();
	}

	/* A restart has had its time. */
	private giveUp(): void {
		this.restarted = false;
		if (!this.talking)
			void this.rebuild();
	}

	private get talking(): boolean {
		return this.pc?.connectionState === 'connected' && !this.vain;
	}

	private async rebuild(): Promise<void> {
		const pc = this.pc;

		await this.home.fresh();
		this.queue(async () => {
			/* he may have been first meanwhile */
			if (pc !== this.pc || !this.reachable() || this.talking || this.state === 'refused')
				return;
			this.report('lost');
			this.rebuilt++;
			this.build(true);
		});
	}

	private lookAgain(ms: number): void {
		this.home.clock.cancel(this.looking);
		this.looking = this.home.clock.after(ms, () => this.findPath(true));
	}

	/*
	 * Now and again while it is connected: a pair of candidates may give way to a better one at any time. Or to none: after a
	 * restart Chromium may choose an old candidate of ours, which still answers, and Firefox, which has new ones, calls itself
	 * connected and hears nothing, for ever. A restart from that side mends it.
	 */
	private async findPath(again = false): Promise<void> {
		const pc = this.pc;
		const path = await pc?.getStats().then((stats) => pathOf(stats, pc.remoteDescription?.sdp ?? ''), () => this.path);

		if (!pc || pc !== this.pc || pc.connectionState !== 'connected')
			return;
		if (path && path !== this.path) {
			this.path = path;
			this.home.changed(this);
		}
		this.report('connected');
		this.lookAgain(PATH_MS);
		if (path) {
			this.vain = false;
		} else if (again && this.path && !this.restarted && !this.vain) {
			this.vain = this.stale = true;
			void this.restart();
		}
	}

	private up(): void {
		this.home.clock.cancel(this.down);
		this.down = null;
	}

	/* Each event once; what could not be said is said later, unless the next event has come. */
	private report(event = this.due): void {
		const path = event === 'connected' && this.path || undefined;

		this.due = event === this.told ? null : event;
		if (!this.due || !this.home.report(this.id, this.due, path))
			return;
		this.told = this.due;
		this.due = null;
	}
}
