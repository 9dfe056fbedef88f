/* Drawn here, one stroke, beside words and never instead of them. */

const SHAPES = {
	mic: 'M12 3.5a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5v3.5',
	camera: 'M3.5 6.5h11v11h-11zM14.5 10.5l6-3v9l-6-3',
	leave: 'M13 4.5H5.5v15H13M10.5 12h9.5M16.5 8l4 4-4 4',
	end: 'M6 6l12 12M18 6L6 18',
	people: 'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-3.5 3-5.5 6.5-5.5s6.5 2 6.5 5.5M16 5a3.5 3.5 0 0 1 0 6.5M18 14.8c2 .8 3.5 2.5 3.5 5.2',
	copy: 'M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4',
	check: 'M4.5 12.5l5 5 10-11',
	chat: 'M4.5 5h15v11h-8l-4.5 4v-4h-2.500z',
	fold: 'M4 7l5-2v13l-5 2zM9 5l6 2v13l-6-2M15 7l5-2v13l-5 2',
	screen: 'M3.5 5h17v11h-17zM9 20h6M12 16v4',
	pip: 'M3.5 5h17v14h-17zM12 12h6v4.500h-6z',
	lock: 'M5.5 10.5h13v9.5h-13zM8.5 10.5V7.5a3.5 3.5 0 0 1 7 0v3',
	direct: 'M3 12h18M7 8l-4 4 4 4M17 8l4 4-4 4',
	relay: 'M3 12h5M16 12h5M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
	verified: 'M12 3.500l7 2.500v5.500c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6zM8.5 12l2.5 2.5 4.5-5',
	unverified: 'M12 3.500l7 2.500v5.500c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6zM12 8v5M12 16.200v.1',
	sound: 'M4.5 9.5v5h3.5l5 4v-13l-5 4zM16.5 8.5a5 5 0 0 1 0 7',
};

export type IconName = keyof typeof SHAPES;

export function Icon({ name, off, label }: { name: IconName; off?: boolean; label?: string }) {
	return (
		<svg class="icon" viewBox="0 0 24 24" {...label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true }}>
			<path d={SHAPES[name]} />
			{off && <path d="M4 4l16 16" />}
		</svg>
	);
}

/** The same, large, slowly breathing: for where one waits or begins. */
export function FoldingScreen() {
	return <div class="screen" aria-hidden="true"><i /><i /><i /></div>;
}

/** Three panels of a folding screen. */
export function Logo() {
	return (
		<svg class="logo" viewBox="0 0 48 48" aria-hidden="true">
			<path class="panel" d="M4 11.5 17 7v31L4 42.5z" />
			<path class="panel fold" d="m17 7 14 4.5v31L17 38z" />
			<path class="panel" d="M31 11.5 44 7v31l-13 4.5z" />
		</svg>
	);
}
