/**
 * A STUN and TURN client of the tests' own, written from RFC 8489 and RFC 8656 and
 * sharing nothing with src/: where both agree, two people have read the same rule the
 * same way. It builds what is wrong as easily as what is right, and is strict about
 * what it gets.
 *
 * Message builds, Reply reads; Udp and Stream carry; Turn is a client on a carrier.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';

export const COOKIE = 0x2112a442;
const FINGERPRINT_XOR = 0x5354554e;

export const METHOD = {
	BINDING: 0x001, ALLOCATE: 0x003, REFRESH: 0x004, SEND: 0x006, DATA: 0x007,
	CREATE_PERMISSION: 0x008, CHANNEL_BIND: 0x009,
};

export const CLASS = { REQUEST: 0, INDICATION: 1, SUCCESS: 2, ERROR: 3 };

export const ATTR = {
	USERNAME: 0x0006, MESSAGE_INTEGRITY: 0x0008, ERROR_CODE: 0x0009,
	UNKNOWN_ATTRIBUTES: 0x000a, CHANNEL_NUMBER: 0x000c, LIFETIME: 0x000d,
	XOR_PEER_ADDRESS: 0x0012, DATA: 0x0013, REALM: 0x0014, NONCE: 0x0015,
	XOR_RELAYED_ADDRESS: 0x0016, REQUESTED_ADDRESS_FAMILY: 0x0017,
	EVEN_PORT: 0x0018, REQUESTED_TRANSPORT: 0x0019, DONT_FRAGMENT: 0x001a,
	MESSAGE_INTEGRITY_SHA256: 0x001c, PASSWORD_ALGORITHM: 0x001d,
	USERHASH: 0x001e, XOR_MAPPED_ADDRESS: 0x0020, RESERVATION_TOKEN: 0x0022,
	ADDITIONAL_ADDRESS_FAMILY: 0x8000, ADDRESS_ERROR_CODE: 0x8001,
	PASSWORD_ALGORITHMS: 0x8002, SOFTWARE: 0x8022, FINGERPRINT: 0x8028,
};

/* REQUESTED-TRANSPORT holds an IP protocol number and three bytes for later. */
export const UDP = Buffer.from([17, 0, 0, 0]);
export const FAMILY4 = Buffer.from([1, 0, 0, 0]);
export const FAMILY6 = Buffer.from([2, 0, 0, 0]);

/* The patience with an answer, and with what should come from the other side. */
const ANSWER_MS = 4000;

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
	for (let k = 0; k < 8; k++)
		n = n & 1 ? n >>> 1 ^ 0xedb88320 : n >>> 1;
	return n;
});

function crc32(bytes)
{
	let crc = ~0;

	for (const byte of bytes)
		crc = crc >>> 8 ^ CRC[(crc ^ byte) & 255];
	return ~crc >>> 0;
}

function hmac(kind, key, ...parts)
{
	const mac = crypto.createHmac(kind, key);

	for (const part of parts)
		mac.update(part);
	return mac.digest();
}

function hash(kind, text)
{
	return crypto.createHash(kind).update(text).digest();
}

export function u16(n)
{
	const bytes = Buffer.alloc(2);

	bytes.writeUInt16BE(n);
	return bytes;
}

export function u32(n)
{
	const bytes = Buffer.alloc(4);

	bytes.writeUInt32BE(n);
	return bytes;
}

/* CHANNEL-NUMBER is followed by two bytes for later. */
export function channelNumber(n)
{
	return Buffer.concat([u16(n), Buffer.alloc(2)]);
}

/* --- Addresses ---------------------------------------------------------------- */

/** The 4 or 16 bytes of an address, in every form of RFC 4291. */
export function addressBytes(text)
{
	if (net.isIPv4(text))
		return Buffer.from(text.split('.').map(Number));
	assert.ok(net.isIPv6(text), `${text} is no address`);

	const dotted = /[^:]+\.[^:]+$/.exec(text);
	const whole = dotted ? text.slice(0, dotted.index) +
		addressBytes(dotted[0]).toString('hex').replace(/^.{4}/, '$&:')
		: text;
	const [left, right] = whole.split('::').map(
		(half) => half ? half.split(':') : []);
	const words = right ? [...left,
		...Array(8 - left.length - right.length).fill('0'), ...right] : left;

	return Buffer.concat(words.map((word) => u16(parseInt(word, 16))));
}

function addressText(bytes)
{
	if (bytes.length == 4)
		return bytes.join('.');
	const words = [];

	for (let n = 0; n < 16; n += 2)
		words.push(bytes.readUInt16BE(n).toString(16));
	return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1);
}

function xor(bytes, mask)
{
	return Buffer.from(bytes.map((byte, n) => byte ^ mask[n]));
}

/* The mask of RFC 8489 section 14.2: the cookie, then the transaction id. */
function maskOf(tid)
{
	return Buffer.concat([u32(COOKIE), tid]);
}

/** The value of an XOR-...-ADDRESS; family: what it claims to be. */
export function xorAddress({ address, port }, tid, family)
{
	const bytes = addressBytes(address);

	return Buffer.concat([
		Buffer.from([0, family ?? (bytes.length == 4 ? 1 : 2)]),
		xor(u16(port), maskOf(tid)), xor(bytes, maskOf(tid))]);
}

function readXorAddress(value, tid)
{
	assert.equal(value.length, value[1] == 1 ? 8 : 20, 'length of an address');
	assert.ok(value[1] == 1 || value[1] == 2, 'family of an address');
	return { address: addressText(xor(value.subarray(4), maskOf(tid))),
		port: xor(value.subarray(2, 4), maskOf(tid)).readUInt16BE() };
}

/* --- Messages ----------------------------------------------------------------- */

function typeOf(method, cls)
{
	return (method & 0xf80) << 2 | (method & 0x070) << 1 | method & 0x00f |
		(cls & 2) << 7 | (cls & 1) << 4;
}

/**
 * A message to be sent. Attributes come in the order of the calls, so MESSAGE-INTEGRITY
 * covers what was added before it, and whatever is added behind it is behind it.
 */
export class Message {
	constructor(method, cls = CLASS.REQUEST, tid = crypto.randomBytes(12))
	{
		this.method = method;
		this.cls = cls;
		this.tid = tid;
		this.body = Buffer.alloc(0);
	}

	/** padding: the byte that fills up to four. */
	add(type, value = '', { padding = 0 } = {})
	{
		const bytes = Buffer.from(value);

		this.body = Buffer.concat([this.body, u16(type), u16(bytes.length),
			bytes, Buffer.alloc(-bytes.length & 3, padding)]);
		return this;
	}

	peer(peer, family)
	{
		return this.add(ATTR.XOR_PEER_ADDRESS,
			xorAddress(peer, this.tid, family));
	}

	/* The header with the length as if so many bytes followed the body. */
	#head(more)
	{
		return Buffer.concat([u16(typeOf(this.method, this.cls)),
			u16(this.body.length + more), u32(COOKIE), this.tid]);
	}

	/** flip: one bit of it is wrong. */
	integrity(key, { flip = false } = {})
	{
		const mac = hmac('sha1', key, this.#head(24), this.body);

		if (flip)
			mac[7] ^= 4;
		return this.add(ATTR.MESSAGE_INTEGRITY, mac);
	}

	integrity256(key, { flip = false, size = 32 } = {})
	{
		const mac = hmac('sha256', key, this.#head(4 + size), this.body);

		if (flip)
			mac[7] ^= 4;
		return this.add(ATTR.MESSAGE_INTEGRITY_SHA256,
			mac.subarray(0, size));
	}

	fingerprint({ flip = false } = {})
	{
		const crc = crc32(Buffer.concat([this.#head(8), this.body]));

		return this.add(ATTR.FINGERPRINT,
			u32((crc ^ FINGERPRINT_XOR ^ (flip ? 1 : 0)) >>> 0));
	}

	get bytes()
	{
		return Buffer.concat([this.#head(0), this.body]);
	}
}

/**
 * A message that came: read strictly, for a server has no excuse. Throws where the
 * bytes are not one whole message with zeros as padding (8489 section 14).
 */
export class Reply {
	constructor(bytes)
	{
		assert.ok(bytes.length >= 20, 'a header');
		const type = bytes.readUInt16BE(0);

		assert.equal(bytes.readUInt16BE(2), bytes.length - 20,
			'the length of the message');
		assert.equal(bytes.readUInt32BE(4), COOKIE, 'the cookie');
		this.bytes = bytes;
		this.method = type & 0xf | type >> 1 & 0x70 | type >> 2 & 0xf80;
		this.cls = type >> 7 & 2 | type >> 4 & 1;
		this.tid = bytes.subarray(8, 20);
		this.attributes = [];
		for (let at = 20; at < bytes.length;) {
			const length = bytes.readUInt16BE(at + 2);
			const end = at + 4 + length;

			assert.ok(end + (-length & 3) <= bytes.length,
				'an attribute inside the message');
			this.attributes.push({ type: bytes.readUInt16BE(at), at,
				value: bytes.subarray(at + 4, end) });
			for (at = end; at & 3; at++)
				assert.equal(bytes[at], 0, 'padding is zero');
		}
		this.#checkFingerprint();
	}

	#checkFingerprint()
	{
		const print = this.attributes.find(
			(one) => one.type == ATTR.FINGERPRINT);

		if (!print)
			return;
		assert.equal(print, this.attributes.at(-1), 'FINGERPRINT is last');
		assert.equal(print.value.readUInt32BE(), (FINGERPRINT_XOR ^
			crc32(this.bytes.subarray(0, print.at))) >>> 0,
		'FINGERPRINT fits');
	}

	get ok()
	{
		return this.cls == CLASS.SUCCESS;
	}

	has(type)
	{
		return this.attributes.some((one) => one.type == type);
	}

	value(type)
	{
		return this.attributes.find((one) => one.type == type)?.value;
	}

	values(type)
	{
		return this.attributes.filter((one) => one.type == type)
			.map((one) => one.value);
	}

	/** The types of its attributes, in order. */
	get types()
	{
		return this.attributes.map((one) => one.type);
	}

	/** The number of ERROR-CODE, 0 for a success. */
	get code()
	{
		const value = this.value(ATTR.ERROR_CODE);

		return value ? (value[2] & 7) * 100 + value[3] : 0;
	}

	get unknown()
	{
		const value = this.value(ATTR.UNKNOWN_ATTRIBUTES);

		return value && Array.from({ length: value.length / 2 },
			(_, n) => value.readUInt16BE(n * 2));
	}

	get lifetime()
	{
		return this.value(ATTR.LIFETIME)?.readUInt32BE();
	}

	#addresses(type)
	{
		return this.values(type).map(
			(value) => readXorAddress(value, this.tid));
	}

	get mapped()
	{
		return this.#addresses(ATTR.XOR_MAPPED_ADDRESS)[0];
	}

	get relayed()
	{
		return this.#addresses(ATTR.XOR_RELAYED_ADDRESS)[0];
	}

	get allRelayed()
	{
		return this.#addresses(ATTR.XOR_RELAYED_ADDRESS);
	}

	get peer()
	{
		return this.#addresses(ATTR.XOR_PEER_ADDRESS)[0];
	}

	get data()
	{
		return this.value(ATTR.DATA);
	}

	get realm()
	{
		return this.value(ATTR.REALM)?.toString();
	}

	get nonce()
	{
		return this.value(ATTR.NONCE)?.toString('latin1');
	}

	/**
	 * 'sha1' or 'sha256' when it is signed so and the signature fits the key, '' when
	 * it is not signed. Throws when the signature is wrong.
	 */
	signed(key)
	{
		const kinds = [[ATTR.MESSAGE_INTEGRITY_SHA256, 'sha256', 32],
			[ATTR.MESSAGE_INTEGRITY, 'sha1', 20]];

		for (const [type, kind, size] of kinds) {
			const one = this.attributes.find((a) => a.type == type);

			if (!one)
				continue;
			assert.equal(one.value.length, size, 'size of the MAC');
			const head = Buffer.from(this.bytes.subarray(0, 20));

			head.writeUInt16BE(one.at + 4 + size - 20, 2);
			assert.deepEqual(one.value, hmac(kind, key, head,
				this.bytes.subarray(20, one.at)),
			'MESSAGE-INTEGRITY of the answer');
			return kind;
		}
		return '';
	}
}

/** ChannelData as UDP and streams carry it (8656 section 12.4, 12.5). */
export function channelData(number, data, { stream = false, length } = {})
{
	const bytes = Buffer.from(data);

	return Buffer.concat([u16(number), u16(length ?? bytes.length), bytes,
		Buffer.alloc(stream ? -bytes.length & 3 : 0)]);
}

/* --- Carriers ----------------------------------------------------------------- */

/* What has come and was not asked for yet, and those who wait for more. */
class Inbox {
	items = [];
	waiting = new Set();
	closed = false;

	put(item)
	{
		this.items.push(item);
		this.#look();
	}

	end()
	{
		this.closed = true;
		this.#look();
	}

	#look()
	{
		for (const one of [...this.waiting])
			one();
	}

	/** Takes the first that fits; undefined when none comes, or the carrier ends. */
	next(fits = () => true, ms = ANSWER_MS)
	{
		const take = () => {
			const at = this.items.findIndex(fits);

			return at < 0 ? undefined : this.items.splice(at, 1)[0];
		};
		const there = take();

		if (there !== undefined || this.closed)
			return Promise.resolve(there);
		return new Promise((resolve) => {
			const done = (item) => {
				clearTimeout(timer);
				this.waiting.delete(look);
				resolve(item);
			};
			const look = () => {
				const item = take();

				if (item !== undefined || this.closed)
					done(item);
			};
			const timer = setTimeout(() => done(undefined), ms);

			this.waiting.add(look);
		});
	}
}

/* One message off the wire: a Reply, or { channel, data, bytes }. */
function readItem(bytes)
{
	if (bytes[0] >> 6 == 0)
		return new Reply(bytes);
	assert.equal(bytes[0] >> 6, 1, 'STUN or ChannelData');
	return { channel: bytes.readUInt16BE(0), bytes,
		data: bytes.subarray(4, 4 + bytes.readUInt16BE(2)) };
}

const carriers = new Set();

/** Closes every carrier that a test has left open: they would keep the process. */
export function closeCarriers()
{
	for (const one of carriers)
		one.close();
}

/** A UDP socket of its own; also what a peer uses. */
export class Udp {
	kind = 'udp';
	stream = false;
	inbox = new Inbox();

	/** raw: what comes is { data, from } and not TURN. */
	static async open({ host, port, local, localPort = 0, raw = false })
	{
		const one = new Udp();
		const v6 = net.isIPv6(local);

		one.socket = dgram.createSocket({ type: v6 ? 'udp6' : 'udp4',
			recvBufferSize: 1 << 20 });
		one.server = { host, port };
		one.socket.on('message', (data, from) => {
			one.received = (one.received ?? 0) + 1;
			one.inbox.put(raw ? { data, from: { address: from.address,
				port: from.port } } : readItem(data));
		});
		await new Promise((done, fail) => {
			one.socket.once('error', fail);
			one.socket.bind(localPort, local, done);
		});
		one.socket.on('error', () => {});
		one.local = { address: local, port: one.socket.address().port };
		carriers.add(one);
		return one;
	}

	send(bytes, to = this.server)
	{
		return new Promise((done) => this.socket.send(bytes,
			to.port, to.host ?? to.address, done));
	}

	next(fits, ms)
	{
		return this.inbox.next(fits, ms);
	}

	close()
	{
		if (carriers.delete(this))
			this.socket.close();
		this.inbox.end();
	}
}

/** TCP, or TLS over it, with TURN's framing. */
export class Stream {
	stream = true;
	inbox = new Inbox();
	pending = Buffer.alloc(0);

	/** secure: options of tls.connect, or nothing for plain TCP. */
	static async open({ host, port, local, secure })
	{
		const one = new Stream();
		const target = { host, port, localAddress: local };

		one.kind = secure ? 'tls' : 'tcp';
		one.socket = secure ? tls.connect({ ...target,
			rejectUnauthorized: false, servername: 'localhost',
			...secure }) : net.connect(target);
		one.socket.setNoDelay(true);
		await new Promise((done, fail) => {
			one.socket.once(secure ? 'secureConnect' : 'connect', done);
			one.socket.once('error', fail);
		});
		one.socket.on('error', () => {});
		one.socket.on('close', () => one.inbox.end());
		one.socket.on('data', (bytes) => one.#frames(bytes));
		one.local = { address: local, port: one.socket.localPort };
		carriers.add(one);
		return one;
	}

	#frames(bytes)
	{
		this.pending = Buffer.concat([this.pending, bytes]);
		while (this.pending.length >= 4) {
			const stun = this.pending[0] >> 6 == 0;
			const length = this.pending.readUInt16BE(2);
			const whole = stun ? 20 + length : 4 + length;
			const padded = whole + (-whole & 3);

			if (this.pending.length < padded)
				return;
			this.inbox.put(readItem(this.pending.subarray(0, whole)));
			this.pending = this.pending.subarray(padded);
		}
	}

	send(bytes)
	{
		return new Promise((done) => this.socket.write(bytes, done));
	}

	next(fits, ms)
	{
		return this.inbox.next(fits, ms);
	}

	/** Whether the server closes within the time. */
	async ends(ms = ANSWER_MS)
	{
		await this.inbox.next(() => false, ms);
		return this.inbox.closed;
	}

	close()
	{
		carriers.delete(this);
		this.socket.destroy();
		this.inbox.end();
	}
}

/* --- The client --------------------------------------------------------------- */

/** The key of RFC 8489 section 9.2.2 and 18.5.1. */
export function longTermKey(kind, username, realm, password)
{
	return hash(kind, `${username}:${realm}:${password}`);
}

/**
 * A client on one carrier, with one pair of credentials { username, password }.
 * It knows realm and nonce once it has been told with a 401 or 438.
 */
export class Turn {
	constructor(carrier, credentials)
	{
		this.carrier = carrier;
		this.credentials = credentials;
	}

	get key()
	{
		const { username, password } = this.credentials;

		return longTermKey('md5', username, this.realm, password);
	}

	close()
	{
		this.carrier.close();
	}

	/** Sends a message, or bytes, as they are. */
	tell(message)
	{
		return this.carrier.send(message.bytes ?? message);
	}

	/** The answer to a message; undefined: silence. */
	async ask(message, ms)
	{
		await this.tell(message);
		const answer = await this.carrier.next((one) => one.tid &&
			one.tid.equals(message.tid), ms);

		if (!answer)
			return undefined;
		assert.equal(answer.method, message.method, 'method of the answer');
		assert.ok(answer.cls >= CLASS.SUCCESS, 'class of the answer');
		return answer;
	}

	/** Asks without credentials, to learn realm and nonce; gives the 401. */
	async learn(message = new Message(METHOD.ALLOCATE)
		.add(ATTR.REQUESTED_TRANSPORT, UDP))
	{
		const answer = await this.ask(message);

		assert.equal(answer?.code, 401, 'a first request without credentials');
		this.realm = answer.realm;
		this.nonce = answer.nonce;
		this.algorithms = answer.value(ATTR.PASSWORD_ALGORITHMS);
		return answer;
	}

	/** Credentials and MESSAGE-INTEGRITY behind what the message has. */
	sign(message)
	{
		return message.add(ATTR.USERNAME, this.credentials.username)
			.add(ATTR.REALM, this.realm)
			.add(ATTR.NONCE, this.nonce)
			.integrity(this.key);
	}

	/**
	 * Asks with credentials. The answer must be signed with our key, but for 401 and
	 * 438, and tells by SHA-1 to who has signed so (8489 section 9.2.4).
	 */
	async request(method, attributes = [], { fingerprint = false, tid } = {})
	{
		if (this.nonce === undefined)
			await this.learn();
		const message = new Message(method, CLASS.REQUEST, tid);

		for (const [type, value] of attributes)
			message.add(type, typeof value === 'function'
				? value(message.tid) : value);
		this.sign(message);
		if (fingerprint)
			message.fingerprint();
		const answer = await this.ask(message);

		assert.ok(answer, `no answer to method ${method}`);
		if (answer.code != 401 && answer.code != 438)
			assert.equal(answer.signed(this.key), 'sha1',
				`answer ${answer.code} is signed`);
		return answer;
	}

	/** The answer to an Allocate for UDP with further attributes. */
	async allocate(attributes = [], options)
	{
		const answer = await this.request(METHOD.ALLOCATE,
			[[ATTR.REQUESTED_TRANSPORT, UDP], ...attributes], options);

		if (answer.ok)
			this.relayed = answer.relayed;
		return answer;
	}

	/** Allocates, and it must work; gives itself. */
	async allocated(attributes)
	{
		const answer = await this.allocate(attributes);

		assert.equal(answer.code, 0, 'Allocate');
		return this;
	}

	refresh(lifetime, attributes = [])
	{
		return this.request(METHOD.REFRESH, lifetime === undefined ? attributes
			: [[ATTR.LIFETIME, u32(lifetime)], ...attributes]);
	}

	/** CreatePermission for peers, which may be addresses without a port. */
	permit(...peers)
	{
		return this.request(METHOD.CREATE_PERMISSION, peers.map((peer) =>
			[ATTR.XOR_PEER_ADDRESS, (tid) => xorAddress(
				peer.address ? peer : { address: peer, port: 0 }, tid)]));
	}

	bind(number, peer)
	{
		return this.request(METHOD.CHANNEL_BIND, [
			[ATTR.CHANNEL_NUMBER, channelNumber(number)],
			[ATTR.XOR_PEER_ADDRESS, (tid) => xorAddress(peer, tid)]]);
	}

	/** A Send indication. */
	sendTo(peer, data)
	{
		return this.tell(new Message(METHOD.SEND, CLASS.INDICATION)
			.peer(peer).add(ATTR.DATA, data));
	}

	sendOn(number, data)
	{
		return this.tell(channelData(number, data,
			{ stream: this.carrier.stream }));
	}

	/** The next Data indication or ChannelData. */
	async data(ms)
	{
		return this.carrier.next((one) => one.channel ||
			one.method == METHOD.DATA && one.cls == CLASS.INDICATION, ms);
	}

	/**
	 * All that the server has to say to what was sent so far has been said: it reads
	 * one carrier in order, so the answer to a Binding comes behind it.
	 * Gives what came and nobody has taken.
	 */
	async fence()
	{
		const answer = await this.ask(new Message(METHOD.BINDING));

		assert.ok(answer?.ok, 'the server is alive');
		return this.carrier.inbox.items;
	}

	/** The message is met with silence, and the server lives. */
	async silence(message, what = 'silence')
	{
		await this.tell(message);
		const said = await this.fence();

		assert.deepEqual(said.map((one) => one.bytes.toString('hex')), [],
			what);
	}
}
