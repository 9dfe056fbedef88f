import { useRef, useState } from 'preact/hooks';
import { troubleOf } from './trouble';

/** One thing at a time: `act` does nothing while it is at it, and tells in `problem` why it did not work. */
export function useActing(explain: (problem: unknown) => string = troubleOf) {
	const busy = useRef(false);
	const [acting, setActing] = useState(false);
	const [problem, setProblem] = useState('');

	const act = async (what: () => Promise<unknown>) => {
		if (busy.current)
			return;
		busy.current = true;
		setActing(true);
		setProblem('');
		try {
			await what();
		} catch (problem) {
			setProblem(explain(problem));
		}
		busy.current = false;
		setActing(false);
	};

	return { act, acting, problem, setProblem };
}
