/**
 * What is a message, and what of it counts: turn.md sections 1.1 to 1.3 (RFC 8489
 * sections 5, 6, 7, 14; RFC 8656 section 12).
 */
import assert from 'node:assert/strict';

import { STREAMS, UDP_ONLY, staged } from './relaystage.mjs';
import { ATTR, CLASS, METHOD, Message, UDP, channelData, u16, u32, xorAddress }
	from './turnclient.mjs';

const { rule } = staged();
const PEER = { address: '127.0.0.2', port: 9 };

const allocate = (tid) => new Message(METHOD.ALLOCATE, CLASS.REQUEST, tid)
	.add(ATTR.REQUESTED_TRANSPORT, UDP);

/* The allocation lives and has its usual lifetime. */
async function livesOn(turn)
{
	const answer = await turn.refresh(600);

	assert.equal(answer.code, 0, 'the allocation lives');
	assert.equal(answer.lifetime, 600);
}

/* --- P: parsing ---------------------------------------------------------------- */

rule('P1', 'datagrams that begin with 4..63 or 128..255 are dropped in silence',
	async (scene) => {
		const turn = await scene.client();

		for (const first of [4, 20, 22, 63, 128, 191, 192, 255]) {
			const bytes = new Message(METHOD.BINDING).bytes;

			bytes[0] = first;
			await turn.silence(bytes, `first byte ${first}`);
		}
	}, { on: UDP_ONLY });

rule('P1', 'datagrams that begin with 80..127 are dropped in silence', async (scene) => {
	const turn = await scene.allocated();

	for (const first of [80, 100, 127]) {
		const bytes = channelData(0x4000, 'x'.repeat(20));

		bytes[0] = first;
		await turn.silence(bytes, `first byte ${first}`);
	}
}, { on: UDP_ONLY });

rule('P1', 'datagrams of no, one, and nineteen bytes are dropped in silence',
	async (scene) => {
		const turn = await scene.client();

		for (const size of [0, 1, 3, 4, 19])
			await turn.silence(Buffer.alloc(size), `${size} bytes`);
	}, { on: UDP_ONLY });

rule('P2', 'another cookie is not STUN', async (scene) => {
	const turn = await scene.client();
	const bytes = new Message(METHOD.BINDING).bytes;

	bytes[4] ^= 1;
	await turn.silence(bytes);
}, { on: UDP_ONLY });

rule('P2', 'a length that is no multiple of four is not STUN', async (scene) => {
	const turn = await scene.client();

	for (const length of [1, 2, 3, 5]) {
		const bytes = Buffer.concat([new Message(METHOD.BINDING).bytes,
			Buffer.alloc(length)]);

		bytes.writeUInt16BE(length, 2);
		await turn.silence(bytes, `length ${length}`);
	}
}, { on: UDP_ONLY });

rule('P2', 'a datagram shorter than its message is dropped', async (scene) => {
	const turn = await scene.client();
	const { bytes } = allocate();

	await turn.silence(bytes.subarray(0, bytes.length - 4));
	await turn.silence(bytes.subarray(0, 20));
}, { on: UDP_ONLY });

rule('P2', 'a datagram longer than its message is dropped', async (scene) => {
	const turn = await scene.client();

	await turn.silence(Buffer.concat([new Message(METHOD.BINDING).bytes,
		Buffer.alloc(4)]));
}, { on: UDP_ONLY });

rule('P2', 'a request of an unknown method is discarded', async (scene) => {
	const turn = await scene.client();

	/* 10 to 12 are RFC 6062's, which is not offered. */
	for (const method of [0x000, 0x002, 0x005, 0x00a, 0x00b, 0x00c, 0x07f, 0x0ff])
		await turn.silence(new Message(method), `method ${method}`);
});

rule('P3', 'Allocate, Refresh, CreatePermission, ChannelBind are no indications',
	async (scene) => {
		const turn = await scene.allocated();

		for (const method of [METHOD.ALLOCATE, METHOD.REFRESH,
			METHOD.CREATE_PERMISSION, METHOD.CHANNEL_BIND]) {
			await turn.silence(turn.sign(new Message(method,
				CLASS.INDICATION).add(ATTR.LIFETIME, u32(0))),
			`method ${method}`);
		}
		await livesOn(turn);
	});

rule('P3', 'Send and Data are no requests', async (scene) => {
	const turn = await scene.allocated();
	const peer = await scene.peer();

	await turn.permit(PEER.address);
	for (const method of [METHOD.SEND, METHOD.DATA]) {
		await turn.silence(turn.sign(new Message(method).peer(peer.local)
			.add(ATTR.DATA, 'request')), `method ${method}`);
	}
	await turn.sendTo(peer.local, 'indication');
	assert.equal(`${(await peer.next()).data}`, 'indication');
});

rule('P3', 'a Data indication from a client is discarded', async (scene) => {
	const turn = await scene.allocated();
	const peer = await scene.peer();

	await turn.permit(PEER.address);
	await turn.silence(new Message(METHOD.DATA, CLASS.INDICATION)
		.peer(peer.local).add(ATTR.DATA, 'data'));
	await turn.sendTo(peer.local, 'send');
	assert.equal(`${(await peer.next()).data}`, 'send');
});

rule('P3', 'responses that arrive at the server are dropped', async (scene) => {
	const turn = await scene.allocated();

	for (const method of [METHOD.BINDING, METHOD.ALLOCATE, METHOD.REFRESH]) {
		for (const cls of [CLASS.SUCCESS, CLASS.ERROR]) {
			await turn.silence(turn.sign(new Message(method, cls)
				.add(ATTR.LIFETIME, u32(0))));
		}
	}
	await livesOn(turn);
});

rule('P4', 'an attribute that ends behind the message does no harm', async (scene) => {
	const turn = await scene.client();

	for (const length of [1, 4, 5, 8, 0x7fff, 0xfffc, 0xfffd, 0xffff]) {
		const message = allocate();
		const bytes = Buffer.concat([message.bytes,
			u16(ATTR.USERNAME), u16(length)]);

		bytes.writeUInt16BE(bytes.length - 20, 2);
		await turn.tell(bytes);
		/* Silence, or an error that comes without being asked twice. */
		for (const one of await turn.fence())
			assert.equal(one.cls, CLASS.ERROR, `length ${length}`);
		turn.carrier.inbox.items.length = 0;
	}
}, { on: UDP_ONLY });

rule('P4', 'attributes whose lengths sum up to 65536 and more do no harm',
	async (scene) => {
		const turn = await scene.client();
		const bytes = allocate().add(ATTR.SOFTWARE, Buffer.alloc(65480)).bytes;

		bytes.writeUInt16BE(0xffff, 30);	/* SOFTWARE's length */
		await turn.silence(bytes);
	}, { on: UDP_ONLY });

rule('P5', 'padding of any value is ignored', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	const message = allocate();

	for (const [type, value] of [[ATTR.SOFTWARE, 'five5'],
		[ATTR.USERNAME, turn.credentials.username],
		[ATTR.REALM, turn.realm], [ATTR.NONCE, turn.nonce]])
		message.add(type, value, { padding: 0xa5 });
	assert.equal((await turn.ask(message.integrity(turn.key))).code, 0);
});

rule('P6', 'the first LIFETIME counts', async (scene) => {
	const turn = await scene.allocated();
	const answer = await turn.refresh(600, [[ATTR.LIFETIME, u32(0)]]);

	assert.equal(answer.lifetime, 600);
	await livesOn(turn);
});

rule('P6', 'Send with two peers goes to the first', async (scene) => {
	const turn = await scene.allocated();
	const first = await scene.peer();
	const second = await scene.peer();

	await turn.permit(PEER.address);
	await turn.tell(new Message(METHOD.SEND, CLASS.INDICATION)
		.peer(first.local).peer(second.local).add(ATTR.DATA, 'whose'));
	await turn.sendTo(second.local, 'fence');
	assert.equal(`${(await first.next()).data}`, 'whose');
	assert.equal(`${(await second.next()).data}`, 'fence');
});

rule('P6', 'CreatePermission takes all its peers', async (scene) => {
	const turn = await scene.allocated();
	const here = await scene.peer();
	const there = await scene.peer({ local: '127.0.0.3' });

	assert.equal((await turn.permit('127.0.0.2', '127.0.0.3')).code, 0);
	for (const peer of [here, there]) {
		await turn.sendTo(peer.local, 'hello');
		assert.equal(`${(await peer.next()).data}`, 'hello');
	}
});

rule('P7', 'LIFETIME behind MESSAGE-INTEGRITY does not exist', async (scene) => {
	const turn = await scene.allocated();
	const message = turn.sign(new Message(METHOD.REFRESH))
		.add(ATTR.LIFETIME, u32(0));
	const answer = await turn.ask(message);

	assert.equal(answer.code, 0);
	assert.equal(answer.lifetime, 600);
	await livesOn(turn);
});

rule('P7', 'a peer behind MESSAGE-INTEGRITY does not exist', async (scene) => {
	const turn = await scene.allocated();
	const message = turn.sign(new Message(METHOD.CREATE_PERMISSION)
		.peer({ address: '127.0.0.3', port: 0 })).peer(PEER);
	const peer = await scene.peer();
	const there = await scene.peer({ local: '127.0.0.3' });

	assert.equal((await turn.ask(message)).code, 0);
	await turn.sendTo(peer.local, 'not permitted');
	await turn.sendTo(there.local, 'permitted');
	assert.equal(`${(await there.next()).data}`, 'permitted');
	assert.deepEqual(peer.inbox.items, []);
});

rule('P7', 'an unknown required attribute behind MESSAGE-INTEGRITY does not exist',
	async (scene) => {
		const turn = await scene.allocated();

		assert.equal((await turn.ask(turn.sign(new Message(METHOD.REFRESH))
			.add(0x7abc, 'what'))).code, 0);
	});

rule('P7', 'FINGERPRINT behind MESSAGE-INTEGRITY does exist', async (scene) => {
	const turn = await scene.allocated();

	assert.equal((await turn.ask(turn.sign(new Message(METHOD.REFRESH))
		.fingerprint())).code, 0);
	await turn.silence(turn.sign(new Message(METHOD.REFRESH))
		.fingerprint({ flip: true }));
});

rule('P7', 'what is behind MESSAGE-INTEGRITY-SHA256 does not exist', async (scene) => {
	const turn = await scene.allocated();
	const message = new Message(METHOD.REFRESH)
		.add(ATTR.USERNAME, turn.credentials.username)
		.add(ATTR.REALM, turn.realm).add(ATTR.NONCE, turn.nonce)
		.integrity256(turn.key).add(ATTR.LIFETIME, u32(0));
	const answer = await turn.ask(message);

	assert.equal(answer.code, 0);
	assert.equal(answer.lifetime, 600);
	await livesOn(turn);
});

rule('P8', 'unknown required attributes are 420 with all of them named',
	async (scene) => {
		const turn = await scene.client();
		const answer = await turn.allocate([[0x7f01, 'a'], [0x8abc, 'may'],
			[0x4242, '']]);

		assert.equal(answer.code, 420);
		assert.deepEqual(answer.unknown, [0x7f01, 0x4242]);
	});

rule('P8', 'unknown required attributes are judged after who asks', async (scene) => {
	const turn = await scene.client();
	const answer = await turn.ask(allocate().add(0x7f01, 'a'));

	assert.equal(answer.code, 401);
});

rule('P8', 'an indication with an unknown required attribute is discarded',
	async (scene) => {
		const turn = await scene.allocated();
		const peer = await scene.peer();

		await turn.permit(PEER.address);
		await turn.tell(new Message(METHOD.SEND, CLASS.INDICATION)
			.peer(peer.local).add(0x7f01, 'a').add(ATTR.DATA, 'no'));
		await turn.sendTo(peer.local, 'yes');
		assert.equal(`${(await peer.next()).data}`, 'yes');
	});

rule('P8', 'unknown optional attributes are ignored', async (scene) => {
	const turn = await scene.client();
	const answer = await turn.allocate([[0xff05, 'Chromium'], [0xc057, '1234'],
		[0x8003, 'alternate.example']]);

	assert.equal(answer.code, 0);
});

rule('P9', 'a known attribute of a wrong length is 400', async (scene) => {
	const turn = await scene.allocated();
	const cases = [
		[METHOD.REFRESH, [[ATTR.LIFETIME, Buffer.alloc(3)]]],
		[METHOD.REFRESH, [[ATTR.LIFETIME, Buffer.alloc(8)]]],
		[METHOD.REFRESH, [[ATTR.REQUESTED_ADDRESS_FAMILY, Buffer.alloc(3)]]],
		[METHOD.CHANNEL_BIND, [[ATTR.CHANNEL_NUMBER, Buffer.from([0x40, 0])],
			[ATTR.XOR_PEER_ADDRESS, (tid) => xorAddress(PEER, tid)]]],
		[METHOD.CREATE_PERMISSION, [[ATTR.XOR_PEER_ADDRESS, Buffer.alloc(7)]]],
	];

	for (const [method, attributes] of cases) {
		assert.equal((await turn.request(method, attributes)).code, 400,
			`method ${method}, length ${attributes[0][1].length}`);
	}
});

rule('P9', 'an address whose length does not fit its family is 400', async (scene) => {
	const turn = await scene.allocated();
	const ways = [[PEER, 2], [PEER, 0], [PEER, 3],
		[{ address: '2001:db8::1', port: 9 }, 1]];

	for (const [peer, family] of ways) {
		const answer = await turn.request(METHOD.CREATE_PERMISSION,
			[[ATTR.XOR_PEER_ADDRESS,
				(tid) => xorAddress(peer, tid, family)]]);

		assert.equal(answer.code, 400,
			`${peer.address} as family ${family}`);
	}
});

rule('P10', 'a USERNAME of 763 bytes is read, and not known', async (scene) => {
	const turn = await scene.client();

	turn.credentials = { username: `9999999999:${'x'.repeat(752)}`, password: 'x' };
	assert.equal((await turn.allocate()).code, 401);
});

rule('P10', 'realm and nonce have fewer than 128 characters', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	assert.ok(turn.realm.length > 0 && turn.realm.length < 128);
	assert.ok(turn.nonce.length > 0 && turn.nonce.length < 128);
});

rule('P11', 'answers carry the method and the transaction of the request',
	async (scene) => {
		const turn = await scene.allocated();
		const tids = ['first request', 'second reques', 'third request'].map(
			(text) => Buffer.from(text.slice(0, 12)));

		for (const tid of tids) {
			await turn.tell(turn.sign(new Message(METHOD.REFRESH,
				CLASS.REQUEST, tid)));
		}
		for (const tid of tids) {
			const answer = await turn.carrier.next();

			assert.ok(answer.tid.equals(tid), 'in the order asked');
			assert.equal(answer.method, METHOD.REFRESH);
		}
	});

rule('P13', 'RFC 3489, which had no cookie, is not spoken', async (scene) => {
	const turn = await scene.client();
	const bytes = new Message(METHOD.BINDING).bytes;

	bytes.writeUInt32BE(0x01020304, 4);
	await turn.silence(bytes);
}, { on: UDP_ONLY });

rule('P14', 'Binding needs no credentials and is answered in 32 bytes',
	async (scene) => {
		const turn = await scene.client();
		const answer = await turn.ask(new Message(METHOD.BINDING));

		assert.ok(answer.ok);
		assert.equal(answer.bytes.length, 32);
		assert.deepEqual(answer.types, [ATTR.XOR_MAPPED_ADDRESS]);
		assert.deepEqual(answer.mapped, turn.carrier.local);
	});

rule('P14', 'Binding is answered while there is an allocation, which stays',
	async (scene) => {
		const turn = await scene.allocated();
		const answer = await turn.ask(new Message(METHOD.BINDING));

		assert.deepEqual(answer.mapped, turn.carrier.local);
		await livesOn(turn);
	});

rule('P14', 'a Binding indication is a keepalive and nothing else', async (scene) => {
	const turn = await scene.client();

	await turn.silence(new Message(METHOD.BINDING, CLASS.INDICATION));
});

rule('P15', 'nothing is sent that was not asked for', async (scene) => {
	const turn = await scene.client();

	assert.equal(await turn.carrier.next(undefined, 300), undefined);
});

/* --- H7: the streams' framing ---------------------------------------------------- */

rule('H7', 'a stream that is neither STUN nor ChannelData is closed', async (scene) => {
	for (const first of [0x80, 0xc0, 0xff]) {
		const turn = await scene.allocated();
		const bytes = Buffer.alloc(24, first);

		await turn.tell(bytes);
		assert.ok(await turn.carrier.ends(), `first byte ${first}`);
	}
}, { on: STREAMS });

rule('H7', 'messages are whole however the stream cuts them', async (scene) => {
	const turn = await scene.allocated();
	const peer = await scene.peer();

	await turn.bind(0x4001, peer.local);
	const bytes = Buffer.concat([
		channelData(0x4001, 'one', { stream: true }),
		turn.sign(new Message(METHOD.REFRESH)).bytes,
		channelData(0x4001, 'three', { stream: true })]);

	for (const byte of bytes) {
		await turn.tell(Buffer.from([byte]));
		await new Promise((next) => setImmediate(next));
	}
	assert.equal(`${(await peer.next()).data}`, 'one');
	assert.equal((await turn.carrier.next()).method, METHOD.REFRESH);
	assert.equal(`${(await peer.next()).data}`, 'three');
}, { on: STREAMS });

rule('H7', 'many messages in one piece are all served, in order', async (scene) => {
	const turn = await scene.allocated();
	const all = Array.from({ length: 200 }, () => new Message(METHOD.BINDING));

	await turn.tell(Buffer.concat(all.map((one) => one.bytes)));
	for (const { tid } of all)
		assert.ok((await turn.carrier.next()).tid.equals(tid));
}, { on: STREAMS });

/* --- F: FINGERPRINT -------------------------------------------------------------- */

rule('F1', 'a wrong FINGERPRINT is discarded', async (scene) => {
	const turn = await scene.client();

	await turn.silence(new Message(METHOD.BINDING).fingerprint({ flip: true }));
	await turn.silence(allocate().fingerprint({ flip: true }));
});

rule('F1', 'FINGERPRINT with something behind it is discarded', async (scene) => {
	const turn = await scene.client();

	await turn.silence(new Message(METHOD.BINDING).fingerprint()
		.add(ATTR.SOFTWARE, 'more'));
});

rule('F2', 'FINGERPRINT is never needed', async (scene) => {
	const turn = await scene.client();

	assert.equal((await turn.allocate()).code, 0);
});

rule('F3', 'answers have FINGERPRINT where the request had it, and only there',
	async (scene) => {
		const turn = await scene.client();
		const ways = [
			() => new Message(METHOD.BINDING),
			() => allocate(),
			() => turn.sign(allocate().add(ATTR.LIFETIME, u16(1))),
			() => turn.sign(allocate()),
			() => turn.sign(new Message(METHOD.REFRESH)),
		];

		await turn.learn();
		for (const way of ways) {
			const bare = await turn.ask(way());
			const printed = await turn.ask(way().fingerprint());

			assert.ok(!bare.has(ATTR.FINGERPRINT));
			assert.ok(printed.has(ATTR.FINGERPRINT));
		}
	});

/* --- I: MESSAGE-INTEGRITY ---------------------------------------------------------- */

rule('I2', 'a MESSAGE-INTEGRITY that is not 20 bytes is 400', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	for (const size of [0, 4, 16, 19, 21, 24, 32]) {
		const answer = await turn.ask(allocate()
			.add(ATTR.USERNAME, turn.credentials.username)
			.add(ATTR.REALM, turn.realm).add(ATTR.NONCE, turn.nonce)
			.add(ATTR.MESSAGE_INTEGRITY, Buffer.alloc(size)));

		assert.equal(answer.code, 400, `${size} bytes`);
	}
});

rule('I2', 'a truncated MESSAGE-INTEGRITY-SHA256 is 400', async (scene) => {
	const turn = await scene.client();

	await turn.learn();
	for (const size of [0, 16, 20, 28]) {
		const answer = await turn.ask(allocate()
			.add(ATTR.USERNAME, turn.credentials.username)
			.add(ATTR.REALM, turn.realm).add(ATTR.NONCE, turn.nonce)
			.integrity256(turn.key, { size }));

		assert.equal(answer.code, 400, `${size} bytes`);
	}
});

rule('I4', 'of both kinds of MESSAGE-INTEGRITY the -SHA256 one is verified',
	async (scene) => {
		const turn = await scene.allocated();
		const signed = () => turn.sign(new Message(METHOD.REFRESH));

		assert.equal((await turn.ask(signed().integrity256(turn.key))).code, 0);
		assert.equal((await turn.ask(signed().integrity256(turn.key,
			{ flip: true }))).code, 401);
	});

rule('I5', 'answers to SHA-1 are signed by SHA-1 alone', async (scene) => {
	const turn = await scene.client();
	const good = await turn.allocate();
	const bad = await turn.request(METHOD.CHANNEL_BIND, []);

	for (const answer of [good, bad]) {
		assert.equal(answer.signed(turn.key), 'sha1');
		assert.ok(!answer.has(ATTR.MESSAGE_INTEGRITY_SHA256));
	}
	assert.equal(bad.code, 400);
});

rule('I6', 'a success names no user, realm or nonce', async (scene) => {
	const turn = await scene.client();

	for (const answer of [await turn.allocate(), await turn.refresh(600),
		await turn.permit(PEER.address), await turn.bind(0x4000, PEER)]) {
		assert.equal(answer.code, 0);
		for (const type of [ATTR.USERNAME, ATTR.USERHASH, ATTR.REALM,
			ATTR.NONCE])
			assert.ok(!answer.has(type), `attribute ${type}`);
	}
});

rule('I7', 'indications need no MESSAGE-INTEGRITY, and are not refused for one',
	async (scene) => {
		const turn = await scene.allocated();
		const peer = await scene.peer();

		await turn.permit(PEER.address);
		await turn.sendTo(peer.local, 'bare');
		assert.equal(`${(await peer.next()).data}`, 'bare');
		await turn.tell(new Message(METHOD.SEND, CLASS.INDICATION)
			.peer(peer.local).add(ATTR.DATA, 'signed')
			.integrity(turn.key));
		assert.equal(`${(await peer.next()).data}`, 'signed');
	});
