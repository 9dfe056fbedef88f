/*
 * Everybody we talk with: a mesh of peers. It knows media objects but no page, and gets its connections from a factory,
 * so that a test can play both sides without a browser.
 */
import { Chat, type Channel, type ChatHome } from './chat';
import { Peer, type Kind, type PeerHome, type SignalData } from './peer';
import type { Anchor } from './proof';
import type { ClientMessage, Clock, IceServer, Path, ReportEvent } from './protocol';

const FRESH_MS = 2000;

export interface CallOptions {
	self: string;
	anchor: Anchor;
	iceServers: IceServer[];
	relayOnly: boolean;
	clock: Clock;
	connection(config: RTCConfiguration): RTCPeerConnection;
	stream(): MediaStream;
	say(message: ClientMessage): boolean;
	changed(peer: Peer): void;
	chat: ChatHome;
}

export class Call implements PeerHome {
	readonly clock: Clock;
	readonly local: MediaStream;
	readonly chat: Chat;
	online = true;

	private readonly o: CallOptions;
	private readonly peers = new Map<string, Peer>();
	private readonly tracks: Record<Kind, MediaStreamTrack | null> = { audio: null, video: null };
	private iceServers: IceServer[];
	private asked: Promise<void> | null = null;
	private told: (() => void) | null = null;	/* ends the wait for fresh servers */

	constructor(options: CallOptions) {
		this.o = options;
		this.clock = options.clock;
		this.local = options.stream();
		this.chat = new Chat(options.anchor.key, options.chat);
		this.iceServers = options.iceServers;
	}

	get self(): string {
		return this.o.self;
	}

	get anchor(): Anchor {
		return this.o.anchor;
	}

	/**
	 * Somebody is inside. begins: we came after him, so the offer is ours to make.
	 *
	 * The lower id leads: where both want the same, it goes first and the other gives way.
	 */
	meet(id: string, begins: boolean, away = false): void {
		if (this.peers.has(id))
			return;
		const peer = new Peer(this, id, this.o.self > id, begins);

		this.peers.set(id, peer);
		this.chat.meet(id);
		peer.setAway(away);
	}

	drop(id: string): void {
		this.peers.get(id)?.close();
		this.peers.delete(id);
		this.chat.drop(id);
	}

	hear(from: string, data: unknown): void {
		if (data && typeof data === 'object')
			this.peers.get(from)?.hear(data as SignalData);
	}

	/** The person has compared the two words with what the other said. */
	compared(id: string, same: boolean): void {
		this.peers.get(id)?.compared(same);
	}

	setAway(id: string, away: boolean): void {
		this.peers.get(id)?.setAway(away);
	}

	/** Our signaling is lost; what is connected stays connected. */
	offline(): void {
		this.online = false;
	}

	/** Our signaling is back with the same id: keep whom we still have, meet the new, forget those who left. */
	back(inside: { id: string; away?: boolean }[]): void {
		this.online = true;
		for (const id of [...this.peers.keys()])
			if (!inside.some((one) => one.id === id))
				this.drop(id);
		for (const one of inside) {
			const known = this.peers.get(one.id);

			if (known)
				known.setAway(one.away ?? false);
			else
				this.meet(one.id, true, one.away);
		}
	}

	/** Our network is another one: whatever was found on the old one is worth nothing. */
	moved(): void {
		for (const peer of this.peers.values())
			peer.moved();
	}

	configure(iceServers: IceServer[]): void {
		this.iceServers = iceServers;
		for (const peer of this.peers.values())
			peer.configure(this.config());
		this.told?.();
	}

	setTrack(kind: Kind, track: MediaStreamTrack | null): void {
		if (this.tracks[kind] === track)
			return;
		this.tracks[kind] = track;
		for (const peer of this.peers.values())
			peer.retrack(kind);
	}

	close(): void {
		for (const id of [...this.peers.keys()])
			this.drop(id);
		this.told?.();
	}

	/* For the peers: */

	track(kind: Kind): MediaStreamTrack | null {
		return this.tracks[kind];
	}

	connection(): RTCPeerConnection {
		return this.o.connection(this.config());
	}

	stream(): MediaStream {
		return this.o.stream();
	}

	send(to: string, data: SignalData): boolean {
		return this.o.say({ type: 'signal', to, data });
	}

	report(peer: string, event: ReportEvent, path?: Path, stats?: Record<string, number | boolean>): boolean {
		return this.o.say({ type: 'report', peer, event, path, stats });
	}

	/* Relay credentials grow old. One question serves all who ask at the same time, and nobody waits long for the answer. */
	fresh(): Promise<void> {
		if (!this.asked && this.o.say({ type: 'ice' }))
			this.asked = new Promise((done) => {
				const timer = this.clock.after(FRESH_MS, () => this.told?.());

				this.told = () => {
					this.clock.cancel(timer);
					this.asked = this.told = null;
					done();
				};
			});
		return this.asked ?? Promise.resolve();
	}

	channel(peer: Peer, channel: Channel): void {
		this.chat.attach(peer.id, channel);
	}

	changed(peer: Peer): void {
		this.chat.trust(peer.id, peer.trust !== 'unknown');
		this.o.changed(peer);
	}

	private config(): RTCConfiguration {
		return {
			iceServers: this.iceServers,
			iceTransportPolicy: this.o.relayOnly ? 'relay' : 'all',
			bundlePolicy: 'max-bundle',
		};
	}
}
