/*
 * RTCPeerConnection as far as negotiation goes: signaling states, negotiationneeded, rollback, session ids, transceivers.
 * Media connects as soon as both have seen the other's current description.
 */
import assert from 'node:assert/strict';

let sessions = 1000;

const ufragOf = (description: any): string => /^a=ice-ufrag:(\S+)/m.exec(description?.sdp ?? '')?.[1] ?? '';

export class FakeStream {
	tracks: unknown[] = [];
	addTrack(track: unknown): void {
		this.tracks.push(track);
	}
}

class FakeSender {
	transport?: { getRemoteCertificates(): ArrayBuffer[] };
	constructor(public track: unknown) {}
	setStreams(): void {}
	async replaceTrack(track: unknown): Promise<void> {
		this.track = track;
	}
}

class FakeTransceiver {
	sender: FakeSender;
	receiver: { track: { kind: string } };
	associated = false;

	constructor(kind: string, track: unknown, public direction: string) {
		this.sender = new FakeSender(track);
		this.receiver = { track: { kind } };
	}
}

export class FakeChannel {
	readyState = 'connecting';
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: unknown }) => void) | null = null;
	sent: string[] = [];

	send(text: string): void {
		if (this.readyState !== 'open')
			throw new Error('InvalidStateError');
		this.sent.push(text);
	}

	open(): void {
		this.readyState = 'open';
		this.onopen?.();
	}
}

export class FakeConnection {
	static all: FakeConnection[] = [];

	onicecandidate: any = null;
	ontrack: any = null;
	onconnectionstatechange: any = null;
	onnegotiationneeded: any = null;
	signalingState = 'stable';
	connectionState = 'new';
	localDescription: any = null;
	currentLocalDescription: any = null;
	currentRemoteDescription: any = null;
	remoteDescription: any = null;
	candidates: any[] = [];
	channels: FakeChannel[] = [];
	restarts = 0;
	stats = new Map<string, any>();
	/** Like Firefox: whoever asks who begins in DTLS is told "I". */
	eager = false;
	readonly session = `${sessions++}`;
	private version = 0;
	private needed = false;
	private lines: FakeTransceiver[] = [];
	private pendingRemote: any = null;
	private role = '';
	private renamed = false;	/* the next offer restarts ICE */
	private generation = 0;

	constructor(public config: any, private readonly fingerprint = 'sha-256 00') {
		FakeConnection.all.push(this);
	}

	getTransceivers(): FakeTransceiver[] {
		return this.lines;
	}

	addTransceiver(trackOrKind: any, init: any): void {
		const kind = typeof trackOrKind === 'string' ? trackOrKind : trackOrKind.kind;

		this.lines.push(new FakeTransceiver(kind, typeof trackOrKind === 'string' ? null : trackOrKind, init.direction));
		this.need();
	}

	createDataChannel(label: string, init: any): FakeChannel {
		assert.deepEqual([label, init], ['chat', { negotiated: true, id: 0 }]);
		this.channels.push(new FakeChannel());
		this.need();
		return this.channels.at(-1)!;
	}

	restartIce(): void {
		this.restarts++;
		this.renamed = true;
		this.need();
	}

	async getStats(): Promise<Map<string, any>> {
		return this.stats;
	}

	/** What a browser counts of the chosen pair. */
	goes(local: object, remote: object = { candidateType: 'host' }): void {
		this.stats = new Map<string, any>([
			['T', { type: 'transport', selectedCandidatePairId: 'P' }],
			['P', { type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R' }],
			['L', { type: 'local-candidate', ...local }],
			['R', { type: 'remote-candidate', ...remote }],
		]);
	}

	setConfiguration(config: any): void {
		this.config = config;
	}

	async setLocalDescription(): Promise<void> {
		this.alive();
		const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';

		if (type === 'answer' ? ufragOf(this.pendingRemote) !== ufragOf(this.currentRemoteDescription) : this.renamed)
			this.generation++;
		this.needed = false;
		if (type === 'answer') {
			/* a new name is a new name, whoever asked for it */
			this.needed = this.renamed &&= ufragOf(this.pendingRemote) === ufragOf(this.currentRemoteDescription);
			this.currentRemoteDescription = this.pendingRemote;
		}
		for (const line of this.lines)
			line.associated = true;
		if (type === 'answer')
			this.role = this.answersAs(/^a=setup:(\w+)/m.exec(this.pendingRemote.sdp)?.[1] ?? 'actpass');
		const setup = this.lines.map((_, n) => `m=${n}\r\na=setup:${type === 'answer' ? this.role : 'actpass'}\r\n`).join('');
		this.localDescription = { type, sdp: `v=0\r\no=- ${this.session} ${++this.version} IN IP4 0.0.0.0\r\na=fingerprint:${this.fingerprint}\r\na=ice-ufrag:${this.session}.${this.generation}\r\n${setup}` };
		if (type === 'answer')
			this.currentLocalDescription = this.localDescription;
		this.signalingState = type === 'offer' ? 'have-local-offer' : 'stable';
		setImmediate(() => this.found(`of ${this.session}`));
		this.renew();
	}

	async setRemoteDescription(description: any): Promise<void> {
		this.alive();
		this.remoteDescription = description;
		for (const [, candidate] of description.sdp.matchAll(/^a=candidate:(.*)$/gm))
			this.candidates.push({ candidate });
		if (description.type === 'answer') {
			if (this.signalingState !== 'have-local-offer')
				throw new Error('InvalidStateError');
			const role = /^a=setup:active/m.test(description.sdp) ? 'passive' : 'active';
			if (this.role && this.role !== role && !this.eager)
				throw new Error('Failed to set SSL role for the transport.');
			this.role = role;
			this.currentLocalDescription = this.localDescription;
			this.currentRemoteDescription = description;
			this.renamed = false;
			this.signalingState = 'stable';
		} else {
			if (this.signalingState === 'have-local-offer')	{	/* rollback */
				for (const line of this.lines)
					line.associated = this.currentRemoteDescription !== null;
				this.needed = true;
			}
			this.pendingRemote = description;
			this.signalingState = 'have-remote-offer';
			const free = this.lines.filter((line) => line.associated).length;
			for (const kind of ['audio', 'video'].slice(free)) {
				const line = new FakeTransceiver(kind, null, 'recvonly');
				line.associated = true;
				this.lines.push(line);
			}
		}
		for (const line of this.lines)
			this.ontrack?.({ track: line.receiver.track });
		this.renew();
	}

	async addIceCandidate(candidate: any): Promise<void> {
		this.alive();
		if (!this.currentRemoteDescription && !this.pendingRemote)
			throw new Error('InvalidStateError');
		this.candidates.push(candidate);
	}

	/* A candidate is in the description from when it is told. */
	private found(candidate: string): void {
		this.localDescription = { ...this.localDescription, sdp: `${this.localDescription.sdp}a=candidate:${candidate}\r\n` };
		this.onicecandidate?.({ candidate: { candidate, toJSON: () => ({ candidate }) } });
	}

	/** Do both hold each other's newest ICE? */
	static meet(a: FakeConnection, b: FakeConnection): boolean {
		return [[a, b], [b, a]].every(([one, other]) => one.signalingState !== 'closed' && one.currentLocalDescription &&
			ufragOf(one.currentLocalDescription) === ufragOf(other.currentRemoteDescription));
	}

	close(): void {
		this.connectionState = 'closed';
		this.signalingState = 'closed';
	}

	/** What the other turned out to be when the keys were agreed. */
	sees(certificate: ArrayBuffer): void {
		for (const { sender } of this.lines)
			sender.transport = { getRemoteCertificates: () => [certificate] };
	}

	become(state: string): void {
		this.connectionState = state;
		this.onconnectionstatechange?.();
	}

	private alive(): void {
		if (this.signalingState === 'closed')
			throw new Error('closed');
	}

	private answersAs(asked: string): string {
		if (asked === 'actpass')
			return this.eager ? 'active' : this.role || 'active';
		return asked === 'active' ? 'passive' : 'active';
	}

	private need(): void {
		this.needed = true;
		this.renew();
	}

	private renew(): void {
		if (!this.needed || this.signalingState !== 'stable')
			return;
		setImmediate(() => {
			if (this.needed && this.signalingState === 'stable')
				this.onnegotiationneeded?.();
		});
	}
}
