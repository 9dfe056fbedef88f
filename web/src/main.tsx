/* The first thing that runs: take the secrets out of the address bar, find the words, draw. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { keepPlace, readPlace } from './keep';
import { cleanAddress, readRoute } from './route';
import { people, practice, screen, waiting } from './state';
import { chooseLocale, t } from './t';
import { speak } from './tongues';
import { App } from './ui/app';

const route = readRoute(location);

if (route.page === 'join') {
	const { id, token, key, keySeen } = route;

	if (token)	/* another person's link is another place */
		keepPlace(id, token === readPlace(id).token ? {} : { token, resume: undefined });
	if (key)
		keepPlace(id, key === readPlace(id).key ? { keySeen: keySeen || readPlace(id).keySeen } : { key, keySeen, resume: undefined });
	history.replaceState(null, '', cleanAddress(location));
}

/* a link opened over the page that is already there changes only the fragment */
addEventListener('hashchange', () => location.reload());

async function begin(): Promise<void> {
	const locale = chooseLocale(new URLSearchParams(location.search).get('lang'), navigator.languages);

	const part = route.page === 'join' ? import('./ui/joining') : import('./ui/making');

	await speak(locale);
	await (await part).begin(route.page === 'join' ? route.id : '');
	render(<App locale={locale} route={route} />, document.getElementById('app')!);
}

/* The title says where we are, for whoever looks at it among twenty others. */
function title(): string {
	const n = waiting.value.length;

	switch (screen.value) {
	case 'call': return n ? t('title.knock', { n }) : t(people.value.length ? 'title.call' : 'title.alone');
	case 'home': return t('title.home');
	case 'elsewhere': return t('title.join');
	default: return t(`title.${screen.value}`);
	}
}

void begin().then(() => effect(() => {
	document.title = `${title()} – ${practice()}`;
}));
