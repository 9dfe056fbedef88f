import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetTest, verdict } from '../src/nettest';
import type { IceServer, NetResult } from '../src/protocol';
import { FakeClock, settle } from './clock';

const SERVERS: IceServer[] = [
	{ urls: 'stun:example.org:3478' },
	{
		urls: ['turn:example.org:3478?transport=udp', 'turn:example.org:3478?transport=tcp', 'turns:example.org:443?transport=tcp'],
		username: 'u', credential: 'c',
	},
];

/* A network with some ways open, and so many bytes a ms between two connections. */
class Net {
	all: FakeRelayed[] = [];
	clock = new FakeClock();
	found: NetResult[] = [];
	speed = 1000;
	opens = true;

	constructor(readonly ways: RegExp, private readonly gives = true) {}

	test(iceServers = SERVERS): NetTest {
		return new NetTest({
			iceServers,
			clock: this.clock,
			now: () => this.clock.now,
			connection: (config) => {
				const one = new FakeRelayed(this, config);
				this.all.push(one);
				return one as unknown as RTCPeerConnection;
			},
			found: (result) => this.found.push({ ...result }),
		});
	}

	/* What the one that offered sends arrives at the one that answered. */
	answered(answerer: FakeRelayed): void {
		const offerer = this.all.find((one) => one.remote === answerer.local)!;
		const { channel } = offerer;

		if (!this.opens)
			return;
		channel.send = (piece: Uint8Array) => {
			channel.at = Math.max(channel.at, this.clock.now) + piece.length / this.speed;
			this.clock.after(channel.at - this.clock.now, () => answerer.channel.onmessage?.({ data: piece.buffer }));
		};
		channel.onopen?.();
	}

	get givesUp(): boolean {
		return this.gives;
	}
}

class FakeRelayed {
	onicecandidate: any = null;
	closed = false;
	local: any = null;
	remote: any = null;
	channel: any = { at: 0 };

	constructor(private readonly net: Net, readonly config: any) {}

	createDataChannel(_: string, init: any): any {
		assert.deepEqual(init, { negotiated: true, id: 0 });
		return this.channel;
	}

	get localDescription(): any {
		return this.local;
	}

	async setLocalDescription(): Promise<void> {
		this.local = { of: this };
		assert.equal(this.config.iceTransportPolicy, 'relay');
		setImmediate(() => {
			if (this.config.iceServers.flatMap((one: any) => one.urls).some((url: string) => this.net.ways.test(url)))
				this.onicecandidate?.({ candidate: { candidate: 'candidate:1 1 udp 1 192.0.2.1 50000 typ relay raddr 0.0.0.0 rport 0' } });
			if (this.net.givesUp)
				this.onicecandidate?.({ candidate: null });
		});
	}

	async setRemoteDescription(description: any): Promise<void> {
		this.remote = description;
		if (this.local)
			setImmediate(() => this.net.answered(description.of));
	}

	async addIceCandidate(): Promise<void> {}

	close(): void {
		this.closed = true;
	}
}

async function play(net: Net, servers = SERVERS): Promise<void> {
	const run = net.test(servers).run();

	await net.clock.pass(5000);
	await run;
	assert.ok(net.all.every((one) => one.closed), 'nothing stays open');
	await net.clock.pass(60_000);	/* what was on its way */
	assert.equal(net.clock.pending, 0);
}

test('every way is tried alone, the best is measured', async () => {
	const net = new Net(/./);

	await play(net);
	assert.deepEqual(net.found[0], { udp: true, tcp: true, tls: true });
	assert.ok(Math.abs(net.found[1].kbps! - 8000) < 50, `${net.found[1].kbps}`);
	assert.equal(verdict(net.found[1]), 'good');
	assert.deepEqual(net.all.map((one) => one.config.iceServers[0].urls.length), [1, 1, 1, 1]);
	assert.equal(net.all[3].config.iceServers[0].urls[0], 'turn:example.org:3478?transport=udp');
});

test('what hangs is given up after two seconds, and all is told before four', async () => {
	const net = new Net(/^turns:/, false);
	const run = net.test().run();

	await net.clock.pass(1900);
	assert.deepEqual(net.found, []);
	await net.clock.pass(200);
	assert.deepEqual(net.found, [{ udp: false, tcp: false, tls: true }]);
	await net.clock.pass(1800);
	assert.equal(net.found.length, 2);
	assert.ok(net.clock.now < 4000);
	await run;
});

test('a slow network is measured by what has come', async () => {
	const net = new Net(/./);

	net.speed = 20;		/* bytes a ms: 160 kbit/s */
	await play(net);
	assert.ok(Math.abs(net.found[1].kbps! - 160) < 20, `${net.found[1].kbps}`);
	assert.equal(verdict(net.found[1]), 'slow');
});

test('a relay that lets nobody talk to himself leaves the speed open', async () => {
	const net = new Net(/./);

	net.opens = false;
	await play(net);
	assert.deepEqual(net.found, [{ udp: true, tcp: true, tls: true }]);
});

test('nothing gets through; and where there is no relay there is nothing to test', async () => {
	const none = new Net(/nothing/);

	await play(none);
	assert.deepEqual(none.found, [{ udp: false, tcp: false, tls: false }]);
	assert.equal(verdict(none.found[0]), 'none');
	const without = new Net(/./);
	await play(without, [{ urls: ['stun:example.org'] }]);
	assert.deepEqual([without.found, without.all], [[], []]);
});

test('who is let in meanwhile is tested no more', async () => {
	const net = new Net(/^turns:/, false);
	const one = net.test();
	const run = one.run();

	await settle();
	one.stop();
	await net.clock.pass(5000);
	assert.deepEqual(net.found, []);
	assert.ok(net.all.every((pc) => pc.closed));
	void run;
});

test('the host hears one word, whatever was sent', () => {
	for (const [result, word] of [
		[{ udp: true, tcp: false, tls: false }, 'good'], [{ udp: true, kbps: 299 }, 'slow'], [{ udp: true, kbps: '1' }, 'good'],
		[{ udp: false, tcp: true, tls: true, kbps: 4000 }, 'tcp'], [{ udp: false, tcp: false, tls: true, kbps: 4000 }, 'tls'],
		[{ tcp: true }, 'tcp'], [{ udp: 1, tls: 'yes' }, null], [{}, null], [null, null], [7, null], ['udp', null], [[], null],
	] as const)
		assert.equal(verdict(result), word, JSON.stringify(result));
});
