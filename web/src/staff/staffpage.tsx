/* The first thing that runs on the staff page: take the secret out of the address bar, find the words, draw. */
import { render } from 'preact';
import { chooseLocale } from '../t';
import { Desk } from './desk';
import { speak } from './say';
import { begin } from './session';
import { readInvite, readPlace } from './staffroute';
import { arrive, invite } from './staffstate';

function read(): void {
	const found = readInvite(location.hash);

	if (found) {
		invite.value = found;
		history.replaceState(null, '', location.pathname + location.search);
	}
	arrive(readPlace(location.hash));
}

addEventListener('hashchange', read);
read();
void Promise.all([speak(chooseLocale(new URLSearchParams(location.search).get('lang'), navigator.languages)), begin()])
	.then(() => render(<Desk />, document.getElementById('app')!));
