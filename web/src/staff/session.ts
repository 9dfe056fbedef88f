/* Coming and going. */
import { meeting } from '../state';
import { draft, done, go, invite, me, place, why } from './staffstate';
import { signOut, whenSignedOut, whoAmI, type Visit } from './staffapi';

/** Signed in, or so the server says: on to where one wanted to go. */
export async function enter(): Promise<void> {
	const who = await whoAmI();

	if (who && draft.value?.by !== who.username)
		draft.value = null;
	why.value = '';
	me.value = who;
}

/** When the page opens. */
export async function begin(): Promise<void> {
	if (invite.value) {	/* the link counts, whoever is signed in here */
		me.value = null;
		return;
	}
	try {
		await enter();
	} catch {
		why.value = 'unreachable';
		me.value = null;
	}
}

export async function leave(everywhere: boolean): Promise<void> {
	await signOut(everywhere);
	draft.value = null;
	done.value = null;
	why.value = 'left';
	me.value = null;
	if (place.value.at !== 'coming')
		go({ at: 'coming' });
}

whenSignedOut(() => {
	done.value = null;
	if (me.value)
		why.value = 'lapsed';
	me.value = null;
});

/** Every visit says whose practice it is. */
export function learnPractice(from: Visit | undefined): void {
	if (from && meeting.value?.practice !== from.practice)
		meeting.value = from;
}
