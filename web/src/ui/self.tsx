/*
 * My own picture, small in a corner of the call. It moves to the next corner by a press, to the nearest by dragging and
 * by arrow keys: whatever a hand can do.
 */
import { useRef, useState } from 'preact/hooks';
import { cameraOn, micOn, ownPicture } from '../own';
import { t } from '../t';
import { Icon } from './icon';
import { Picture } from './video';

/* row and column of a corner: top or bottom, left or right */
interface Corner {
	bottom: boolean;
	right: boolean;
}

const DRAG_PX = 8;

export function SelfView() {
	const ref = useRef<HTMLButtonElement>(null);
	const from = useRef<{ x: number; y: number } | null>(null);
	const dragged = useRef(false);
	const [corner, setCorner] = useState<Corner>({ bottom: true, right: true });

	const down = (event: PointerEvent) => {
		from.current = { x: event.clientX, y: event.clientY };
		dragged.current = false;
		ref.current!.setPointerCapture(event.pointerId);
	};
	const move = (event: PointerEvent) => {
		if (!from.current)
			return;
		const x = event.clientX - from.current.x;
		const y = event.clientY - from.current.y;

		dragged.current ||= Math.hypot(x, y) > DRAG_PX;
		if (dragged.current)
			ref.current!.style.transform = `translate(${x}px, ${y}px)`;
	};
	const up = (event: PointerEvent) => {
		const stage = ref.current!.offsetParent!.getBoundingClientRect();

		from.current = null;
		ref.current!.style.transform = '';
		if (dragged.current && event.type === 'pointerup')
			setCorner({
				bottom: event.clientY > stage.top + stage.height / 2,
				right: event.clientX > stage.left + stage.width / 2,
			});
	};
	/* round the stage; a click that ended a drag is none */
	const next = () => {
		if (!dragged.current)
			setCorner(({ bottom, right }) => ({ bottom: right, right: !bottom }));
		dragged.current = false;
	};
	const key = (event: KeyboardEvent) => {
		const to: Partial<Corner> | undefined = {
			ArrowUp: { bottom: false }, ArrowDown: { bottom: true }, ArrowLeft: { right: false }, ArrowRight: { right: true },
		}[event.key];

		if (!to)
			return;
		event.preventDefault();
		setCorner((now) => ({ ...now, ...to }));
	};

	return (
		<button ref={ref} class="self" type="button" data-test="self" data-corner={`${corner.bottom ? 'bottom' : 'top'}-${corner.right ? 'right' : 'left'}`}
			title={t('self.move')}
			onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up} onClick={next} onKeyDown={key}>
			<span class="unseen">{t('self.move')}</span>
			{cameraOn.value ? <Picture stream={ownPicture.value} mirrored /> : <span class="line"><Icon name="camera" off />{t('self.cameraOff')}</span>}
			{!micOn.value && <span class="line mark"><Icon name="mic" off />{t('self.muted')}</span>}
		</button>
	);
}
