import { useEffect, useRef } from 'preact/hooks';

/** Takes the focus once, when it appears. */
export function useFocus<T extends HTMLElement>() {
	const ref = useRef<T>(null);

	useEffect(() => ref.current?.focus(), []);
	return ref;
}
