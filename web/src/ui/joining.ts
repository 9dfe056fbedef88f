/* The part for who opens a link. */
import { hostApp } from '../elsewhere';
import { tellParent } from '../embed';
import { isHeld, keyOf, readPlace } from '../keep';
import { isKey } from '../route';
import { screen, show } from '../state';
import { speakInside } from '../tongues';
import { comeBack, look, refuse } from '../visit';
import { JoinScreen } from './join';
import { RefusedScreen } from './refused';
import { SCREENS } from './screens';

Object.assign(SCREENS, { join: JoinScreen, refused: RefusedScreen });

export async function begin(id: string): Promise<void> {
	const place = readPlace(id);
	const key = keyOf(id);

	tellParent(id);
	if (key && !isKey(key))
		return refuse('cut');
	show('join');
	void look(id);
	if (isHeld(place, Date.now())) {
		comeBack(id, place);
	} else if (hostApp(navigator.userAgent) !== null) {
		try {
			const [part] = await Promise.all([import('./elsewhere'), speakInside()]);

			SCREENS.elsewhere = part.ElsewhereScreen;
		} catch {
			return;		/* it may work here all the same */
		}
		if (screen.value === 'join')
			show('elsewhere');
	}
}
