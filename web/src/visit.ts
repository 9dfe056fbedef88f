/*
 * The visit: where signaling, call, own devices and what the screens show meet. Components call the verbs below and read
 * state.ts; nothing else knows a Signaling or a Call.
 */
import { effect } from '@preact/signals';
import { announce, notice } from './announce';
import { ApiProblem, endMeeting, getMeeting, socketUrl } from './api';
import type { Call } from './call';
import { chime } from './chime';
import { forgetMeeting, keepPlace, keyOf, readPlace, type Place } from './keep';
import type { LinkKey } from './linkkey';
import type { NetTest, Verdict } from './nettest';
import { camera, cameraOn, folded, mic, micOn, openOwn, outgoing, sharing, stopOwn } from './own';
import type { Peer } from './peer';
import type { Clock, Closing, Meeting, Named, ServerMessage, Signaling, Wire } from './protocol';
import { refusalOf, refusalOfApi, refusalOfStatus, type Refusal } from './refusal';
import { fragment } from './route';
import * as state from './state';
import { t } from './t';
import { speakInside } from './tongues';
import { stayAwake } from './wake';

const clock: Clock = {
	after: (ms, then) => setTimeout(then, ms),
	cancel: (timer) => clearTimeout(timer as number),
};

let meetingId = '';
let signaling: Signaling | null = null;
let call: Call | null = null;
let key: LinkKey | null = null;
let certificate: RTCCertificate | undefined;
let test: NetTest | null = null;

/* What is only needed inside comes while the person finds the name field. */
const inside = () => Promise.all([import('./inside'), speakInside()]).then(([part]) => part);
let within: Awaited<ReturnType<typeof inside>> | undefined;

/* -- Coming in -- */

/** Look at the meeting behind a link, before any name is given. */
export async function look(id: string): Promise<void> {
	meetingId = id;
	try {
		const meeting = await getMeeting(id);
		const closed = refusalOfStatus(meeting.status);

		state.meeting.value = meeting;
		if (closed && !signaling)
			refuse(closed);
		else
			void inside().catch(() => {});		/* enter() tries again, and says so */
	} catch (problem) {
		if (!signaling)		/* else it is on its way, and will know better */
			refuse(refusalOfApi(problem as ApiProblem));
	}
}

/** Knock, or come back with `resume`. */
export async function enter(id: string, name: string): Promise<void> {
	const place = readPlace(id);
	const linkKey = keyOf(id);
	let who: Named = { name };

	if (typeof RTCPeerConnection === 'undefined')
		return refuse('unsupported');
	if (linkKey && !crypto.subtle)
		return refuse('insecure');
	meetingId = id;
	keepPlace(id, { name });
	state.connecting.value = true;
	try {
		within = await inside();
	} catch {
		return refuse('network');
	}
	key = linkKey ? await within.LinkKey.of(linkKey, id) : null;
	if (key)
		who = { sealed: await key.seal('name', name) };
	/* one for all connections of this visit: who was verified stays so when a connection is built anew */
	certificate = await RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' } as AlgorithmIdentifier)
		.catch(() => undefined);
	if (!state.connecting.value)		/* refused meanwhile */
		return;
	const mine = signaling = new within.Signaling({
		who,
		token: place.token,
		resume: place.resume,
		open: () => new WebSocket(socketUrl(id), 'paravent.v1') as unknown as Wire,
		hear: (message) => {
			heard = heard.then(async () => {
				const clear = await unseal(message);

				if (mine === signaling)
					hear(clear);
			}).catch((problem) => console.warn('visit', problem));
		},
		phase: (phase) => {
			const lost = phase === 'lost';

			if (lost && !state.lost.value)
				announce(t('call.reconnecting'));
			state.lost.value = lost;
			if (lost)
				call?.offline();
		},
		closed,
		clock,
		random: Math.random,
	});
	signaling.start();
}

/** Back after a reload, in the place that is held: devices as they were, no questions. */
export function comeBack(id: string, place: Place): void {
	mic.wanted.value = place.mic ?? true;
	camera.wanted.value = place.camera ?? true;
	void openOwn();
	void enter(id, place.name!);
}

/* -- What the server says -- */

/** What only a host sends, and wants to know if it failed. */
const HOSTLY: ReadonlySet<string> = new Set(['admit', 'deny', 'remove', 'note', 'lock', 'end']);

/* Opening what is sealed takes a moment, and the order of what is heard matters. */
let heard: Promise<void> = Promise.resolve();

async function named<T extends Named>(one: T): Promise<T> {
	return key && one.sealed ? { ...one, name: await key.open('name', one.sealed) ?? undefined } : one;
}

async function unseal(message: ServerMessage): Promise<ServerMessage> {
	switch (message.type) {
	case 'welcome':
		return { ...message, participants: await Promise.all(message.participants.map(named)) };
	case 'knock':
	case 'participant-joined':
	case 'participant-back':
		return named(message);
	case 'note':
		/* where there is a key, only its holders have anything to say */
		return key ? { ...message, text: await key.open('note', message.sealed ?? '') ?? undefined } : message;
	default:
		return message;
	}
}

function nameOf(one: Named): string {
	return one.name || t('people.someone');
}

function person(id: string): state.Person | undefined {
	return state.people.value.find((one) => one.id === id);
}

function change(id: string, what: Partial<state.Person>): void {
	state.people.value = state.people.value.map((one) => one.id === id ? { ...one, ...what } : one);
}

function hear(message: ServerMessage): void {
	switch (message.type) {
	case 'waiting':
		return wait(message);
	case 'welcome':
		return welcome(message);
	case 'knock':
		hearKnock(message);
		break;
	case 'knock-gone':
		forgetKnock(message.id);
		break;
	case 'knock-test':
		hearTest(message.id, message.result);
		break;
	case 'participant-joined':
		forgetKnock(message.id);
		arrive(message);
		call?.meet(message.id, false);
		announce(t('announce.joined', { name: nameOf(message) }));
		break;
	case 'participant-away':
		change(message.id, { away: true });
		call?.setAway(message.id, true);
		break;
	case 'participant-back':
		/* a server that was restarted has forgotten the name, and says it again now */
		change(message.id, { away: false, ...message.name && { name: message.name } });
		call?.setAway(message.id, false);
		break;
	case 'participant-left':
		announce(t('announce.left', { name: person(message.id)?.name ?? t('people.someone') }));
		state.people.value = state.people.value.filter((one) => one.id !== message.id);
		call?.drop(message.id);
		break;
	case 'signal':
		call?.hear(message.from, message.data);
		break;
	case 'media':
		hearMedia(message);
		break;
	case 'ice':
		call?.configure(message.iceServers);
		break;
	case 'note':
		if (message.text) {
			state.notes.value = [...state.notes.value, message.text];
			announce(message.text);
		}
		break;
	case 'locked':
		state.locked.value = message.on;
		break;
	case 'error':
		/* somebody who is just leaving is no news; that the host's word did not count is */
		if (HOSTLY.has(message.re ?? '') && message.code !== 'no-such-participant')
			notice(t(message.code === 'full' ? 'announce.full' : 'announce.failed'));
		break;
	}
}

/* After a reconnection the server tells of all who wait again; that is no news. */
const knocked = new Set<string>();

function hearKnock(one: { id: string } & Named): void {
	const name = nameOf(one);

	if (!state.waiting.value.some((other) => other.id === one.id))
		state.waiting.value = [...state.waiting.value, { id: one.id, name, net: nets.get(one.id) }];
	if (knocked.has(one.id))
		return;
	knocked.add(one.id);
	announce(t('announce.knock', { name }));
	chime();
}

/* By person: who reloads his page knocks anew, and is not tested again. */
const nets = new Map<string, Verdict>();

function hearTest(id: string, result: unknown): void {
	const net = within!.verdict(result);

	if (!net)
		return;
	nets.set(id, net);
	state.waiting.value = state.waiting.value.map((one) => one.id === id ? { ...one, net } : one);
}

function forgetKnock(id: string): void {
	knocked.delete(id);
	state.waiting.value = state.waiting.value.filter((one) => one.id !== id);
}

const UNMET: Pick<state.Person, 'link' | 'path' | 'stream' | 'trust' | 'words' | 'agreed' | 'keySeen' | 'lang'> = {
	link: 'connecting', path: null, stream: null, trust: 'unknown', words: null, agreed: false, keySeen: false, lang: undefined,
};

function arrive(one: { id: string; role: state.Person['role']; away?: boolean } & Named): void {
	if (!person(one.id))
		state.people.value = [...state.people.value, {
			id: one.id, role: one.role, name: nameOf(one), media: within!.UNSAID, away: one.away ?? false, behind: false,
			...UNMET,
		}];
}

function wait(message: Extract<ServerMessage, { type: 'waiting' }>): void {
	/* the place was held no longer, and we knock anew */
	hangUp();
	settle(message.meeting, message.resume);
	state.show('waiting');
	stayAwake(true);
	testNetwork(message);
}

/* Once for a place: the relay gives no more to who waits, and the server remembers what was found. */
function testNetwork({ resume, iceServers }: Extract<ServerMessage, { type: 'waiting' }>): void {
	if (readPlace(meetingId).tested === resume)
		return;
	keepPlace(meetingId, { tested: resume });
	test?.stop();
	test = new within!.NetTest({
		iceServers,
		clock,
		now: () => performance.now(),
		connection: (config) => new RTCPeerConnection(config),
		found: (result) => signaling?.send({ type: 'test', result }),
	});
	void test.run();
}

function welcome(message: Extract<ServerMessage, { type: 'welcome' }>): void {
	const fresh = call?.self !== message.id;

	test?.stop();
	if (fresh)
		hangUp();
	settle(message.meeting, message.resume);
	state.role.value = message.role;
	state.waiting.value = [];
	state.locked.value = false;
	state.notes.value = [];

	const before = state.people.value;
	state.people.value = message.participants.map((one) => {
		const known = before.find((other) => other.id === one.id);
		return {
			...UNMET, behind: false, ...known, id: one.id, role: one.role, name: one.name || known?.name || nameOf(one),
			media: one.media, away: one.away ?? false,
		};
	});

	call ??= new within!.Call({
		self: message.id,
		anchor: { meeting: meetingId, key, seen: readPlace(meetingId).keySeen ?? false, lang: document.documentElement.lang },
		iceServers: message.iceServers,
		relayOnly: message.meeting.relayOnly,
		clock,
		connection: (config) => new RTCPeerConnection({ ...config, certificates: certificate && [certificate] }),
		stream: () => new MediaStream(),
		say: (message) => signaling?.send(message) ?? false,
		changed: draw,
		chat: within!.talk,
	});
	call.setTrack('audio', mic.track.value);
	call.setTrack('video', outgoing.value);
	call.configure(message.iceServers);
	call.back(message.participants);
	tellMedia();

	if (state.screen.value !== 'call') {
		if (state.screen.value === 'waiting')
			chime();
		announce(t(state.role.value === 'guest' ? 'announce.admitted' : 'announce.inside'));
	} else {
		announce(t('announce.back'));
	}
	state.show('call');
	stayAwake(true);
}

function draw({ id, state: link, path, stream, trust, proof }: Peer): void {
	const before = person(id);

	change(id, { link, path, stream, trust, words: proof.words, agreed: proof.mine, keySeen: proof.keySeen, lang: proof.lang });
	if (trust === 'verified' && before?.trust !== trust)
		notice(t('trust.safe', { name: before?.name ?? '' }));
	if (link === 'refused' && before?.link !== link)
		announce(t('trust.refused', { name: before?.name ?? '' }));
}

function settle(meeting: Meeting, resume: string): void {
	state.meeting.value = meeting;
	state.connecting.value = false;
	state.lost.value = false;
	keepPlace(meetingId, { resume, seen: Date.now() });
}

function hearMedia(message: Extract<ServerMessage, { type: 'media' }>): void {
	const one = person(message.id);
	const { audio, video, screen, hand } = message;

	if (!one)
		return;
	/* who hides has said so */
	const quiet = one.behind && !audio && !video;

	if (one.media.audio !== audio && !quiet)
		announce(t(audio ? 'announce.unmuted' : 'announce.muted', { name: one.name }));
	if (one.media.video !== video && !quiet)
		announce(t(video ? 'announce.cameraOn' : 'announce.cameraOff', { name: one.name }));
	if (one.media.screen !== screen && !quiet)
		announce(t(screen ? 'announce.shares' : 'announce.sharesNoMore', { name: one.name }));
	change(message.id, { media: { audio, video, screen, hand } });
}

function tellMedia(): void {
	signaling?.send({ type: 'media', audio: micOn.value, video: cameraOn.value, screen: sharing.value, hand: false });
}

/* Whatever changes my camera or microphone reaches the others, and the next reload. */
effect(() => {
	const { value: audio } = mic.track;
	const { value: video } = outgoing;
	const on = { mic: mic.wanted.value, camera: camera.wanted.value };

	call?.setTrack('audio', audio);
	call?.setTrack('video', video);
	call?.chat.fold(folded.value);
	if (state.screen.peek() === 'call')
		tellMedia();
	if (signaling)
		keepPlace(meetingId, on);
});

/* -- Going out -- */

function closed(closing: Closing): void {
	/* never had a place: the HTTP side knows better why */
	if (closing.code === 1006) {
		goOut();
		void getMeeting(meetingId).then(() => refuse('network'), (problem) => refuse(refusalOfApi(problem)));
		return;
	}
	const { code, said } = closing;

	state.opensAt.value = closing.opensAt ?? '';
	if (code === 4403 && state.screen.value === 'call' && said !== 'removed')
		return refuse('replaced');
	if (code !== 1000)
		return refuse(refusalOf(closing));
	finish(said === 'api' || said === 'expired' ? said : 'host');
}

export function leave(): void {
	signaling?.leave();
	finish('left');
}

/** The host's last word, also from outside. */
export async function endFromOutside(): Promise<void> {
	const { token } = readPlace(meetingId);

	try {
		await endMeeting(meetingId, token ?? '');
		finish('host');
	} catch (problem) {
		refuse(refusalOfApi(problem as ApiProblem));
	}
}

function finish(reason: typeof state.endReason.value): void {
	goOut();
	keepPlace(meetingId, { resume: undefined });
	if (reason !== 'left')
		forgetMeeting(meetingId);
	state.endReason.value = reason;
	state.show('ended');
}

/** Where coming back to the same place would be the same refusal again. */
const FOR_GOOD: ReadonlySet<Refusal> = new Set<Refusal>([
	'bad-join', 'token', 'denied', 'removed', 'missing', 'full', 'locked', 'over', 'cancelled', 'expired',
]);

export function refuse(why: Refusal): void {
	goOut();
	if (FOR_GOOD.has(why))
		keepPlace(meetingId, { resume: undefined });
	state.refusal.value = why;
	state.show('refused');
}

function hangUp(): void {
	call?.close();
	call = null;
	state.people.value = [];
}

function goOut(): void {
	signaling = null;
	test?.stop();
	hangUp();
	stopOwn();
	stayAwake(false);
	within?.forgetTalk();
	knocked.clear();
	nets.clear();
	state.waiting.value = [];
	state.notes.value = [];
	state.connecting.value = false;
	state.lost.value = false;
}

/* -- The host's verbs -- */

export const admit = (id: string) => signaling?.send({ type: 'admit', id });
export const deny = (id: string) => signaling?.send({ type: 'deny', id });
export const remove = (id: string) => signaling?.send({ type: 'remove', id });
export async function note(to: string, text: string): Promise<boolean> {
	const said = key ? { sealed: await key.seal('note', text) } : { text };

	return signaling?.send({ type: 'note', to, ...said }) ?? false;
}
export const lock = (on: boolean) => signaling?.send({ type: 'lock', on });
export const end = () => signaling?.send({ type: 'end' });

/** The link for whoever else shall come, with its key. */
export function inviteUrl(): string {
	return state.meeting.value!.joinUrl + fragment(keyOf(meetingId));
}

/** To everybody here. The line's name; null: it cannot be said now. */
export const write = (text: string) => call?.chat.say(text) ?? null;

/** Everybody's verb: are the two words the same? */
export const compared = (id: string, same: boolean) => call?.compared(id, same);

/* -- The world around the page -- */

function moved(): void {
	signaling?.hurry();
	call?.moved();
}

addEventListener('online', moved);

/* It changes its mind about speed all the time; only another kind of network is another network. */
const network = (navigator as Navigator & { connection?: EventTarget & { type?: string } }).connection;
let kind = network?.type;

network?.addEventListener('change', () => {
	if (network.type === kind)
		return;
	kind = network.type;
	if (kind !== 'none')
		moved();
});

/* A reload must know whether the place may still be held; a phone ends pages without a word, so say it now and then. */
const SEEN_MS = 20_000;

function seen(): void {
	if (signaling?.phase === 'inside' || signaling?.phase === 'waiting')
		keepPlace(meetingId, { seen: Date.now() });
}
setInterval(seen, SEEN_MS);
addEventListener('pagehide', seen);

document.addEventListener('visibilitychange', () => {
	if (document.visibilityState === 'visible')
		signaling?.hurry();
});
