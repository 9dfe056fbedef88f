/* Which way a connection goes, from what the browser counts. Addresses stay where they are. */
import type { Path } from './protocol';

const RELAYS: Record<string, Path> = { tcp: 'relay-tcp', tls: 'relay-tls' };

type Stat = Record<string, unknown> & { type: string };

/** description: his description, with the candidates he told us. */
export function pathOf(stats: RTCStatsReport, description: string): Path | null {
	const all = [...stats.values()] as Stat[];
	const chosen = all.find((one) => one.type === 'transport' && one.selectedCandidatePairId)?.selectedCandidatePairId;
	const pair = chosen
		? stats.get(chosen as string)
		: all.find((one) => one.type === 'candidate-pair' && one.nominated && one.state === 'succeeded');
	const ours = stats.get(pair?.localCandidateId);
	const theirs = stats.get(pair?.remoteCandidateId);

	if (!ours || !theirs)
		return null;
	if (ours.candidateType === 'relay')
		return RELAYS[ours.relayProtocol as string] ?? 'relay-udp';
	/*
	 * How he comes to his relay only he knows; we come to it by datagrams. Where it spoke before he had named it, one
	 * browser calls it a stranger (prflx) for ever.
	 */
	const relayed = theirs.candidateType === 'relay' || description.includes(` ${theirs.address} ${theirs.port} typ relay`);
	return relayed ? 'relay-udp' : 'direct';
}
