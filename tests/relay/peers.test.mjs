/**
 * Whom the relay talks to: turn.md section 2, with the configuration that an operator
 * has who says nothing: the boundaries of every denied range in every encoding, in
 * each of the requests. (10^6 random addresses against another program are a unit test.)
 *
 * An address that is not denied is only permitted here, never sent to.
 */
import assert from 'node:assert/strict';
import net from 'node:net';

import { staged } from './relaystage.mjs';
import { ATTR, FAMILY6, addressBytes } from './turnclient.mjs';

const stage = staged({ v6: true, ports: 1000,
	conf: { 'relay-peer-allow': undefined } });
const { rule } = stage;

/* turn.md G2: the first and the last address of each range. */
const DENIED4 = [
	['0.0.0.0', '0.255.255.255'], ['10.0.0.0', '10.255.255.255'],
	['100.64.0.0', '100.127.255.255'], ['169.254.0.0', '169.254.255.255'],
	['172.16.0.0', '172.31.255.255'], ['192.0.0.0', '192.0.0.255'],
	['192.0.2.0', '192.0.2.255'], ['192.88.99.0', '192.88.99.255'],
	['192.168.0.0', '192.168.255.255'], ['198.18.0.0', '198.19.255.255'],
	['198.51.100.0', '198.51.100.255'], ['203.0.113.0', '203.0.113.255'],
	['224.0.0.0', '239.255.255.255'], ['240.0.0.0', '255.255.255.255'],
];

/* 127/8 apart: the server's own address there is permitted for hairpins (G6). */
const LOOPBACK4 = ['127.0.0.0', '127.0.0.2', '127.1.2.3', '127.255.255.255'];

/* turn.md G3. */
const DENIED6 = [
	['::', '::'],
	['64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
	['100::', '100::ffff:ffff:ffff:ffff'],
	['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
	['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
	['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
	['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
	['5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
	['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
	['fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
	['fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
	['ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
];

const MIDDLE = ['169.254.169.254', '192.0.0.170', '10.1.2.3', '192.168.1.1',
	'172.20.0.1', '239.255.255.250', '224.0.0.251', '100.100.100.200',
	'2001:0:4136:e378:8000:63bf:3fff:fdd2', 'fd00::1', 'fe80::1', 'ff02::1',
	'fd00:ec2::254', '2001:db8::1', '2001:20::1', '2001:2::1'];

const number = (text) => BigInt(`0x${addressBytes(text).toString('hex')}`);

function text(value, bits)
{
	const hex = value.toString(16).padStart(bits / 4, '0');

	return bits == 32
		? hex.match(/../g).map((byte) => parseInt(byte, 16)).join('.')
		: hex.match(/..../g).join(':');
}

/* The neighbours outside the ranges that lie in no other range. */
function neighbours(ranges, bits)
{
	const all = ranges.map(([first, last]) => [number(first), number(last)]);

	return all.flatMap(([first, last]) => [first - 1n, last + 1n])
		.filter((value) => value >= 0n && value < 1n << BigInt(bits))
		.filter((value) => !all.some(([first, last]) =>
			value >= first && value <= last))
		.map((value) => text(value, bits));
}

/* The IPv4 address in every IPv6 form that has room for it. */
function disguises(address)
{
	const hex = addressBytes(address).toString('hex').match(/..../g).join(':');

	return [`::ffff:${hex}`, `::${hex}`, `64:ff9b::${hex}`, `2002:${hex}::1`,
		`2002:${hex}::`, `2001:0:${hex}::1`, `::ffff:0:${hex}`];
}


/* An allocation of the family; the 64 permissions of one do not hold a table. */
class Asker {
	static async open(scene, family)
	{
		const one = new Asker();

		one.scene = scene;
		one.family = family;
		await one.#renew();
		return one;
	}

	async #renew()
	{
		this.turn = await this.scene.client();
		this.asked = 0;
		const answer = await this.turn.allocate(this.family == 6
			? [[ATTR.REQUESTED_ADDRESS_FAMILY, FAMILY6]] : []);

		assert.equal(answer.code, 0, `an IPv${this.family} allocation`);
	}

	async permit(address)
	{
		if (this.asked++ == 50)
			await this.#renew();
		return (await this.turn.permit(address)).code;
	}

	async bind(address, port = 9)
	{
		if (this.asked++ == 50)
			await this.#renew();
		return (await this.turn.bind(0x4000 + this.asked, { address, port }))
			.code;
	}
}

const TABLE4 = [...DENIED4.flat(), ...LOOPBACK4, ...MIDDLE.filter(net.isIPv4)];
const TABLE6 = [...DENIED6.flat(), ...MIDDLE.filter(net.isIPv6)];
const FREE4 = neighbours([...DENIED4, ['127.0.0.0', '127.255.255.255']], 32);
const FREE6 = neighbours([...DENIED6, ['::', '::ffff:ffff:ffff'],
	['64:ff9b::', '64:ff9b::ffff:ffff']], 128)
	.concat(['2606:4700:4700::1111', '2a00:1450::1']);

rule('G2', 'denied IPv4 ranges are 403 for CreatePermission, edges included',
	async (scene) => {
		const asker = await Asker.open(scene, 4);

		for (const address of TABLE4)
			assert.equal(await asker.permit(address), 403, address);
	});

rule('G2', 'denied IPv4 ranges are 403 for ChannelBind, edges included',
	async (scene) => {
		const asker = await Asker.open(scene, 4);

		for (const address of TABLE4)
			assert.equal(await asker.bind(address), 403, address);
	});

rule('G2', 'what lies next to a denied IPv4 range is permitted', async (scene) => {
	const asker = await Asker.open(scene, 4);

	assert.ok(FREE4.length >= 20, `${FREE4}`);
	for (const address of FREE4)
		assert.equal(await asker.permit(address), 0, address);
}, { on: ['udp'] });

rule('G3', 'denied IPv6 ranges are 403 for CreatePermission, edges included',
	async (scene) => {
		const asker = await Asker.open(scene, 6);

		for (const address of TABLE6)
			assert.equal(await asker.permit(address), 403, address);
	});

rule('G3', 'denied IPv6 ranges are 403 for ChannelBind, edges included',
	async (scene) => {
		const asker = await Asker.open(scene, 6);

		for (const address of TABLE6)
			assert.equal(await asker.bind(address), 403, address);
	});

rule('G3', 'what lies next to a denied IPv6 range is permitted', async (scene) => {
	const asker = await Asker.open(scene, 6);

	assert.ok(FREE6.length >= 15, `${FREE6}`);
	for (const address of FREE6)
		assert.equal(await asker.permit(address), 0, address);
}, { on: ['udp'] });

rule('G1', 'a denied IPv4 address is 403 in every IPv6 form, for CreatePermission',
	async (scene) => {
		const asker = await Asker.open(scene, 6);

		for (const address of [...DENIED4.map(([first]) => first),
			'127.0.0.1', '169.254.169.254', '192.168.1.1']) {
			for (const form of disguises(address))
				assert.equal(await asker.permit(form), 403, form);
		}
	});

rule('G1', 'a denied IPv4 address is 403 in every IPv6 form, for ChannelBind',
	async (scene) => {
		const asker = await Asker.open(scene, 6);

		for (const address of ['127.0.0.1', '169.254.169.254', '10.0.0.1']) {
			for (const form of disguises(address))
				assert.equal(await asker.bind(form), 403, form);
		}
	});

rule('G1', 'a public IPv4 address in an IPv6 form is 403 as well', async (scene) => {
	const asker = await Asker.open(scene, 6);

	for (const address of ['8.8.8.8', '1.1.1.1']) {
		for (const form of disguises(address))
			assert.equal(await asker.permit(form), 403, form);
	}
});

rule('G1', 'IPv6 forms on an IPv4 allocation are refused', async (scene) => {
	const asker = await Asker.open(scene, 4);

	for (const form of disguises('127.0.0.1').concat(disguises('10.0.0.1')))
		assert.ok([403, 443].includes(await asker.permit(form)), form);
});

rule('G7', 'a refused peer costs that request and nothing else', async (scene) => {
	const turn = await scene.allocated();

	for (let n = 0; n < 100; n++)
		assert.equal((await turn.permit('192.168.1.1')).code, 403);
	assert.equal((await turn.refresh(600)).code, 0);
	assert.equal((await turn.permit('8.8.8.8')).code, 0);
});

rule('G4', 'port 0 is refused by ChannelBind', async (scene) => {
	const asker = await Asker.open(scene, 4);

	assert.ok([400, 403].includes(await asker.bind('8.8.8.8', 0)));
});

rule('G6', 'the server\'s own address is permitted, for those who are relayed too',
	async (scene) => {
		const four = await Asker.open(scene, 4);
		const six = await Asker.open(scene, 6);

		assert.equal(await four.permit('127.0.0.1'), 0);
		assert.equal(await six.permit('::1'), 0);
	});
