/* The part for who makes a visit. */
import { show } from '../state';
import { HomeScreen } from './home';
import { LinksScreen } from './links';
import { SCREENS } from './screens';

Object.assign(SCREENS, { home: HomeScreen, links: LinksScreen });

export function begin(): void {
	show('home');
}
