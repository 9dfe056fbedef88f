/*
 * What the network of somebody who waits lets through: which ways lead to the relay, and how fast it is from there and
 * back, between two connections of his own. The host reads one line of it before he lets him in.
 */
import type { Clock, IceServer, NetResult } from './protocol';

type Way = 'udp' | 'tcp' | 'tls';

/* In the order in which a call would like them. */
const WAYS: Record<Way, RegExp> = { udp: /^turn:(?!.*transport=tcp)/, tcp: /^turn:.*transport=tcp/, tls: /^turns:/ };

const GATHER_MS = 2000;		/* a way that takes longer to open is none */
const ALL_MS = 3700;
const PIECE = 4096;
const PIECES = 192;		/* 768 KiB there and back: the relay gives who waits 2 MB, counted at both ends */

interface Try {
	way: Way;
	pc: RTCPeerConnection;
	channel: RTCDataChannel;
	servers: IceServer[];
	works: boolean;
}

export interface NetTestOptions {
	iceServers: IceServer[];
	clock: Clock;
	now(): number;
	connection(config: RTCConfiguration): RTCPeerConnection;
	/** Called twice: with the ways, and with the speed as well. */
	found(result: NetResult): void;
}

const CHANNEL = { negotiated: true, id: 0 };

export class NetTest {
	private readonly open = new Set<RTCPeerConnection>();
	private timer: unknown = null;
	private stopped = false;
	private result: NetResult = {};

	constructor(private readonly o: NetTestOptions) {}

	async run(): Promise<void> {
		const began = this.o.now();
		const tries: Try[] = [];

		for (const way of Object.keys(WAYS) as Way[]) {
			const servers = this.only(WAYS[way]);

			if (servers.length)
				tries.push({ way, servers, works: false, ...this.connect(servers) });
		}
		if (!tries.length)
			return;
		await Promise.race([Promise.all(tries.map((one) => this.gather(one))), this.pause(GATHER_MS)]);
		if (this.stopped)
			return;
		for (const { way, works } of tries)
			this.result[way] = works;
		this.o.found(this.result);

		const best = tries.find(({ works }) => works);
		for (const one of tries)
			if (one !== best)
				this.close(one.pc);
		if (best) {
			const kbps = await this.measure(best, ALL_MS - (this.o.now() - began)).catch(() => undefined);

			if (!this.stopped && kbps !== undefined)
				this.o.found(this.result = { ...this.result, kbps });
		}
		this.stop();
	}

	stop(): void {
		this.stopped = true;
		this.o.clock.cancel(this.timer);
		for (const pc of [...this.open])
			this.close(pc);
	}

	private only(pattern: RegExp): IceServer[] {
		return this.o.iceServers
			.map((one) => ({ ...one, urls: [one.urls].flat().filter((url) => pattern.test(url)) }))
			.filter(({ urls }) => urls.length);
	}

	private connect(iceServers: IceServer[]): { pc: RTCPeerConnection; channel: RTCDataChannel } {
		const pc = this.o.connection({ iceServers, iceTransportPolicy: 'relay' });

		this.open.add(pc);
		return { pc, channel: pc.createDataChannel('test', CHANNEL) };
	}

	private close(pc: RTCPeerConnection): void {
		this.open.delete(pc);
		pc.onicecandidate = null;
		pc.close();
	}

	private pause(ms: number): Promise<void> {
		return new Promise((done) => {
			this.timer = this.o.clock.after(ms, done);
		});
	}

	/* Until the relay has answered, or the browser has given up. */
	private gather(one: Try): Promise<void> {
		return new Promise((done) => {
			one.pc.onicecandidate = ({ candidate }) => {
				if (candidate?.candidate && / typ relay /.test(candidate.candidate))
					one.works = true;
				if (!candidate || one.works)
					done();
			};
			one.pc.setLocalDescription().catch(done);
		});
	}

	/* kbit/s to the relay and back; undefined: it could not be told. */
	private async measure({ pc, channel, servers }: Try, left: number): Promise<number | undefined> {
		const other = this.connect(servers);
		let opened: number | undefined;
		let bytes = 0;
		let last = 0;

		const done = new Promise<void>((all) => {
			channel.onopen = () => {
				opened = this.o.now();
				for (let n = 0; n < PIECES; n++)
					channel.send(new Uint8Array(PIECE));
			};
			other.channel.binaryType = 'arraybuffer';
			other.channel.onmessage = ({ data }) => {
				bytes += (data as ArrayBuffer).byteLength;
				last = this.o.now();
				if (bytes >= PIECE * PIECES)
					all();
			};
		});
		const pass = (to: RTCPeerConnection) => ({ candidate }: RTCPeerConnectionIceEvent) => {
			if (candidate)
				void to.addIceCandidate(candidate).catch(() => {});
		};
		const end = this.pause(left);

		pc.onicecandidate = pass(other.pc);
		other.pc.onicecandidate = pass(pc);
		await other.pc.setRemoteDescription(pc.localDescription!);
		await other.pc.setLocalDescription();
		await pc.setRemoteDescription(other.pc.localDescription!);
		await Promise.race([done, end]);
		if (opened === undefined)
			return undefined;
		return Math.round(bytes * 8 / Math.max(1, (bytes < PIECE * PIECES ? this.o.now() : last) - opened));
	}
}

export type Verdict = 'good' | 'tcp' | 'tls' | 'slow' | 'none';

/* With less a picture is none; audio alone goes with a tenth. */
const SLOW_KBPS = 300;

/** One word for the host. result: from outside, whatever it is; null: it says nothing. */
export function verdict(result: unknown): Verdict | null {
	const { udp, tcp, tls, kbps } = Object(result) as Record<keyof NetResult, unknown>;

	if (![udp, tcp, tls].some((one) => typeof one === 'boolean'))
		return null;
	if (udp !== true && tcp !== true && tls !== true)
		return 'none';
	if (typeof kbps === 'number' && kbps < SLOW_KBPS)
		return 'slow';
	if (udp === true)
		return 'good';
	return tcp === true ? 'tcp' : 'tls';
}
