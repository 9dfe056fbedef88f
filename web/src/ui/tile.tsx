import type { Person } from '../state';
import { t } from '../t';
import { FoldingScreen, Icon } from './icon';
import { TrustMark } from './trust';
import { Picture, Sound } from './video';

/** Behind the screen, and nothing says otherwise. */
function hides({ behind, media }: Person): boolean {
	return behind && !media.audio && !media.video;
}

/** What to say over the picture; null if the picture speaks for itself. */
function state(person: Person): string | null {
	const { name, link, media, away } = person;

	if (link === 'connecting')
		return away ? t('tile.away', { name }) : t('tile.connecting', { name });
	if (link === 'refused')
		return t('trust.refused', { name });
	if (link === 'interrupted')
		return t('tile.interrupted', { name });
	if (hides(person))
		return t('tile.behind', { name });
	if (!media.video && !media.screen)
		return t('tile.cameraOff', { name });
	return null;
}

export function Tile({ person }: { person: Person }) {
	const { id, name, media, away, link, path, stream, trust } = person;
	const words = state(person);

	return (
		<figure class="tile" data-test="tile" data-person={id} data-muted={`${!media.audio}`} data-camera={media.video ? 'on' : 'off'}
			data-away={`${away}`} data-screen={`${media.screen}`} data-behind={`${hides(person)}`} data-link={link} data-path={path}
			data-trust={trust} aria-label={name}>
			<Picture stream={stream} peer={id} />
			<Sound stream={stream} />
			{words && (
				<div class="veil">
					{hides(person) && link === 'connected'
						? <FoldingScreen />
						: <span class="initial" aria-hidden="true">{[...name][0]?.toUpperCase()}</span>}
					<p>{words}</p>
				</div>
			)}
			<figcaption>
				<span class="name">{name}</span>
				{link === 'connected' && <TrustMark {...person} />}
				{path && link === 'connected' && (
					<span class="mark">
						<Icon name={path === 'direct' ? 'direct' : 'relay'} label={t('tile.path')} />
						{t(path === 'direct' ? 'tile.direct' : 'tile.relayed')}
					</span>
				)}
				{media.screen && <span class="mark"><Icon name="screen" />{t('tile.screen')}</span>}
				{!media.audio && <span class="mark"><Icon name="mic" off />{t('tile.muted')}</span>}
				{away && link === 'connected' && <span class="mark">{t('tile.signalLost')}</span>}
			</figcaption>
		</figure>
	);
}
