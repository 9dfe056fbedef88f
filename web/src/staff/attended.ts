/*
 * Looks again from time to time, as long as somebody is at the page. Nobody there: no more asking, or a session would never
 * rest, and a page left open would stay open to whoever passes.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Refused } from './staffapi';
import { troubleOf } from './trouble';

const AGAIN_MS = 30_000;
const THERE_MS = 10 * 60_000;

let touched = 0;

const touch = () => {
	touched = Date.now();
};

for (const sign of ['pointerdown', 'pointermove', 'keydown', 'wheel'])
	addEventListener(sign, touch, { passive: true });

/** What `look` finds, which is given what it found `before`: again whenever `of` changes, and as time goes by. undefined: not yet. */
export function useAttended<T>(look: (before?: T) => Promise<T>, of: unknown) {
	const [found, setFound] = useState<T>();
	const [problem, setProblem] = useState('');
	const mine = useRef(0);
	const latest = useRef({ look, found });

	latest.current = { look, found };
	const again = async () => {
		const asked = ++mine.current;

		try {
			const now = await latest.current.look(latest.current.found);

			if (asked === mine.current) {
				setFound(now);
				setProblem('');
			}
		} catch (problem) {
			if (asked === mine.current && (problem as Refused).status !== 401)
				setProblem(troubleOf(problem));
		}
	};

	useEffect(() => {
		const timer = setInterval(() => {
			if (!document.hidden && Date.now() - touched < THERE_MS)
				void again();
		}, AGAIN_MS);
		const back = () => {
			if (!document.hidden)
				void again();
		};

		touch();
		void again();
		document.addEventListener('visibilitychange', back);
		return () => {
			mine.current++;
			clearInterval(timer);
			document.removeEventListener('visibilitychange', back);
		};
	}, [of]);
	return { found, setFound, problem, again };
}
