/* The other person in a small window over everything else, while one looks something up. */
import { useEffect, useState } from 'preact/hooks';
import { notice } from '../announce';
import { t } from '../t';
import { Icon } from './icon';

/* Who has the largest picture: the first. */
const picture = () => document.querySelector<HTMLVideoElement>('video[data-peer]');

export function PipButton() {
	const [on, setOn] = useState(!!document.pictureInPictureElement);

	useEffect(() => {
		const look = () => setOn(!!document.pictureInPictureElement);

		document.addEventListener('enterpictureinpicture', look);
		document.addEventListener('leavepictureinpicture', look);
		return () => {
			document.removeEventListener('enterpictureinpicture', look);
			document.removeEventListener('leavepictureinpicture', look);
		};
	}, []);

	if (!document.pictureInPictureEnabled)
		return null;
	const toggle = () => {
		const done = on ? document.exitPictureInPicture() : picture()?.requestPictureInPicture();

		done?.catch(() => notice(t('pip.failed')));
	};

	return (
		<button class="button" type="button" aria-pressed={on} onClick={toggle} data-test="pip">
			<Icon name="pip" />{t('pip.open')}
		</button>
	);
}
