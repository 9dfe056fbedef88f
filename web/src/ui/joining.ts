/* The part for who opens a link. */
import { tellParent } from '../embed';
import { isHeld, keyOf, readPlace } from '../keep';
import { isKey } from '../route';
import { show } from '../state';
import { comeBack, look, refuse } from '../visit';
import { EndedScreen } from './ended';
import { JoinScreen } from './join';
import { RefusedScreen } from './refused';
import { SCREENS } from './screens';
import { WaitingScreen } from './waiting';

Object.assign(SCREENS, { join: JoinScreen, waiting: WaitingScreen, ended: EndedScreen, refused: RefusedScreen });

export function begin(id: string): void {
	const place = readPlace(id);
	const key = keyOf(id);

	tellParent(id);
	if (key && !isKey(key))
		return refuse('cut');
	show('join');
	void look(id);
	if (isHeld(place, Date.now()))
		comeBack(id, place);
}
