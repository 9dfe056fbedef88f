import { t } from './say';
import { qrOf } from './qr';

const MARGIN = 4;	/* squares of quiet around it */

/** A link to be photographed. On white in both lights, for cameras want it so. */
export function QrPicture({ text }: { text: string }) {
	const rows = qrOf(text);

	if (!rows)
		return null;
	const side = rows.length + 2 * MARGIN;
	const dark = rows.flatMap((row, y) => row.map((on, x) => on ? `M${x + MARGIN} ${y + MARGIN}h1v1h-1z` : '')).join('');

	return (
		<svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={t('visit.qr')} data-test="qr">
			<path class="ground" d={`M0 0h${side}v${side}h-${side}z`} />
			<path d={dark} />
		</svg>
	);
}
