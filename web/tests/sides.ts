/* Two pages and a server between them, for the tests of what they say to each other. */
import assert from 'node:assert/strict';
import { Call } from '../src/call';
import type { LinkKey } from '../src/linkkey';
import { sessionOf, type LinkState, type Peer } from '../src/peer';
import type { ClientMessage, IceServer } from '../src/protocol';
import { FakeClock, settle } from './clock';
import { FakeConnection, FakeStream } from './fake-rtc';

let certificates = 16;

/* Two pages and the server between them: what one sends arrives at the other a little later, if both are there. */
export class Side {
	call!: Call;
	connections: FakeConnection[] = [];
	states = new Map<string, LinkState>();
	paths = new Map<string, string | null>();
	sent: any[] = [];
	asked = 0;
	answers: object[] | null = [];	/* to `ice`; null: none comes */
	reports: any[] = [];
	verdicts: string[] = [];	/* what is reported of who is at the other end */
	peers = new Map<string, Peer>();
	key: LinkKey | null = null;
	seen = false;
	lang = 'de';
	fingerprint = '';
	/* what the server makes of what is said */
	tamper = (data: any): any => data;
	deaf = false;
	dumb = false;	/* what is said gets lost on the way */
	eager = false;
	other!: Side;

	constructor(readonly id: string, private readonly clock: FakeClock, private readonly relayOnly: boolean) {
		this.open();
	}

	/** Also what a reload does. */
	open(): void {
		this.fingerprint = `sha-256 ${(certificates++).toString(16)}`;
		this.call = new Call({
			self: this.id, anchor: { meeting: 'm', key: this.key, seen: this.seen, lang: this.lang }, iceServers: [], relayOnly: this.relayOnly, clock: this.clock,
			connection: (config) => {
				const one = new FakeConnection(config, this.fingerprint);
				one.eager = this.eager;
				this.connections.push(one);
				return one as unknown as RTCPeerConnection;
			},
			stream: () => new FakeStream() as unknown as MediaStream,
			say: (message) => this.call.online && this.say(message),
			chat: { heard: () => {}, arrived: () => {}, folded: () => {} },
			changed: (peer) => {
				this.peers.set(peer.id, peer);
				this.states.set(peer.id, peer.state);
				this.paths.set(peer.id, peer.path);
			},
		});
	}

	private say(message: ClientMessage): boolean {
		const { call } = this;

		if (message.type === 'signal') {
			this.sent.push(message.data);
			if (this.dumb)
				return true;
			setImmediate(() => {
				if (message.to === this.other.id && !this.other.deaf)
					this.other.call.hear(this.id, this.tamper(JSON.parse(JSON.stringify(message.data))));
			});
		} else if (message.type === 'ice') {
			this.asked++;
			setImmediate(() => this.answers && !this.dumb && call.configure(this.answers as IceServer[]));
		} else if (message.type === 'report' && /ed$/.test(message.event) && message.event !== 'connected') {
			this.verdicts.push(message.event);
		} else {
			this.reports.push(message);
		}
		return true;
	}

	get now(): FakeConnection {
		return this.connections.at(-1)!;
	}
}

export function pair(relayOnly = false): { clock: FakeClock; a: Side; b: Side } {
	const clock = new FakeClock();
	const a = new Side('a', clock, relayOnly);	/* the lower id leads */
	const b = new Side('b', clock, relayOnly);

	a.other = b;
	b.other = a;
	return { clock, a, b };
}

export function assertTalking(a: Side, b: Side): void {
	for (const [one, other] of [[a, b], [b, a]]) {
		assert.equal(one.now.signalingState, 'stable');
		assert.equal(sessionOf(one.now.currentRemoteDescription.sdp), other.now.session, 'each has the other\'s newest');
		assert.equal(one.now.getTransceivers().length, 2, 'two lines, never more');
		assert.equal(one.now.channels.length, 1, 'and one channel beside them');
		assert.ok(one.now.getTransceivers().every((line) => line.direction === 'sendrecv'));
		assert.equal(one.connections.filter((pc) => pc.connectionState !== 'closed').length, 1, 'old ones are closed');
	}
}

export async function connect(a: Side, b: Side): Promise<void> {
	b.call.meet('a', false);
	a.call.meet('b', true);
	for (let n = 0; n < 5; n++)
		await settle();
	assertTalking(a, b);
	a.now.become('connected');
	b.now.become('connected');
}

export async function long(): Promise<void> {
	for (let n = 0; n < 10; n++)
		await settle();
}
