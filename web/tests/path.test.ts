import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathOf as read } from '../src/path';

type Stats = Parameters<typeof read>[0];

const LOCAL = { id: 'L', type: 'local-candidate', candidateType: 'host' };
const REMOTE = { id: 'R', type: 'remote-candidate', candidateType: 'srflx' };
const PAIR = { id: 'P', type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R', state: 'succeeded' };
const TRANSPORT = { id: 'T', type: 'transport', selectedCandidatePairId: 'P' };

const SDP = [
	'a=candidate:1 1 UDP 2122187007 192.0.2.7 40000 typ host',
	'a=candidate:2 1 UDP 92151807 198.51.100.9 50000 typ relay raddr 0.0.0.0 rport 0',
	'a=candidate:3 1 UDP 92151806 2001:db8::9 50001 typ relay raddr :: rport 0',
].join('\r\n');

const pathOf = (all: Stats) => read(all, SDP);

function stats(...all: { id: string }[]): Stats {
	return new Map(all.map((one) => [one.id, one])) as unknown as Stats;
}

test('no relay on either end is direct', () => {
	assert.equal(pathOf(stats(TRANSPORT, PAIR, LOCAL, REMOTE)), 'direct');
	assert.equal(pathOf(stats(TRANSPORT, PAIR, LOCAL, { ...REMOTE, candidateType: 'prflx' } as typeof REMOTE)), 'direct');
});

for (const relayProtocol of ['udp', 'tcp', 'tls'])
	test(`our relay over ${relayProtocol}, whatever is at the other end`, () => {
		const local = { ...LOCAL, candidateType: 'relay', protocol: 'udp', relayProtocol };

		assert.equal(pathOf(stats(TRANSPORT, PAIR, local, REMOTE)), `relay-${relayProtocol}`);
		assert.equal(pathOf(stats(TRANSPORT, PAIR, local, { ...REMOTE, candidateType: 'relay' })), `relay-${relayProtocol}`);
	});

test('the other\'s relay, to which we come by datagrams', () => {
	assert.equal(pathOf(stats(TRANSPORT, PAIR, LOCAL, { ...REMOTE, candidateType: 'relay' })), 'relay-udp');
});

test('a stranger whose address he named as his relay is his relay', () => {
	for (const [address, port, path] of [
		['198.51.100.9', 50000, 'relay-udp'], ['2001:db8::9', 50001, 'relay-udp'],
		['198.51.100.9', 5000, 'direct'], ['98.51.100.9', 50000, 'direct'], ['192.0.2.7', 40000, 'direct'],
	] as const)
		assert.equal(pathOf(stats(TRANSPORT, PAIR, LOCAL, { ...REMOTE, candidateType: 'prflx', address, port } as typeof REMOTE)), path);
});

test('a browser that names no pair has nominated one', () => {
	const other = { ...PAIR, id: 'O', localCandidateId: 'X' };

	assert.equal(pathOf(stats(other, { ...PAIR, nominated: true } as typeof PAIR, LOCAL, REMOTE)), 'direct');
	assert.equal(pathOf(stats(other, PAIR, LOCAL, REMOTE)), null);
});

test('nothing counted yet is no path', () => {
	assert.equal(pathOf(stats()), null);
	assert.equal(pathOf(stats(TRANSPORT)), null);
	assert.equal(pathOf(stats(TRANSPORT, PAIR, LOCAL)), null);
});
