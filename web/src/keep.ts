/*
 * What is remembered, and where. This tab (sessionStorage): the place in a meeting, so that a reload is back in it. This
 * browser (localStorage): devices chosen, and the keys of one's own meetings, until they are removed or over.
 */

export interface Place {
	token?: string;
	key?: string;		/* the link key, never sent */
	keySeen?: boolean;	/* it came where the server could read it */
	name?: string;
	resume?: string;
	mic?: boolean;
	camera?: boolean;
	tested?: string;	/* the place (resume) whose network was tested */
	seen?: number;		/* when we were last inside or waiting, in ms */
}

export interface OwnMeeting {
	id: string;
	title: string;
	token: string;
	key?: string;
	made: number;
}

/** The server holds a place this long (doc/protocol.md). */
const HELD_MS = 120_000;

const MEETINGS = 'paravent.meetings';
const DEVICES = 'paravent.devices';

/* Storage may be full, switched off or hold something of another version; then we remember nothing and still work. */
function read<T>(store: () => Storage, name: string, otherwise: T): T {
	try {
		return JSON.parse(store().getItem(name) ?? '') ?? otherwise;
	} catch {
		return otherwise;
	}
}

function write(store: () => Storage, name: string, value: unknown): void {
	try {
		store().setItem(name, JSON.stringify(value));
	} catch {
		/* see above */
	}
}

const tab = () => sessionStorage;
const browser = () => localStorage;

export function readPlace(id: string): Place {
	return read<Place>(tab, `paravent.place.${id}`, {});
}

export function keepPlace(id: string, change: Place): void {
	write(tab, `paravent.place.${id}`, { ...readPlace(id), ...change });
}

export function isHeld(place: Place, now: number): boolean {
	return !!place.resume && !!place.name && now - (place.seen ?? 0) < HELD_MS;
}

export function ownMeetings(): OwnMeeting[] {
	return read<OwnMeeting[]>(browser, MEETINGS, []);
}

export function keepMeeting(one: OwnMeeting): void {
	write(browser, MEETINGS, [one, ...ownMeetings().filter((other) => other.id !== one.id)]);
}

export function forgetMeeting(id: string): void {
	write(browser, MEETINGS, ownMeetings().filter((one) => one.id !== id));
}

/** The link key of a meeting: from its link, or because it was made here. */
export function keyOf(id: string): string | undefined {
	return readPlace(id).key ?? ownMeetings().find((one) => one.id === id)?.key;
}

export type Chosen = 'audio' | 'video' | 'speaker';

export function chosenDevices(): Partial<Record<Chosen, string>> {
	return read(browser, DEVICES, {});
}

export function chooseDevice(kind: Chosen, id: string): void {
	write(browser, DEVICES, { ...chosenDevices(), [kind]: id });
}
