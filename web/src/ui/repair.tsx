/* What to press when camera or microphone were forbidden: every browser hides it somewhere else. */
import { useEffect, useState } from 'preact/hooks';
import { family } from '../elsewhere';
import { t, type Key } from '../t';
import { speakInside } from '../tongues';

export function Repair() {
	const [key, setKey] = useState<Key>('trouble.denied');

	useEffect(() => {
		void speakInside().then(() => setKey(`repair.${family(navigator.userAgent, navigator.maxTouchPoints)}`), () => {});
	}, []);
	return <p data-test="repair">{t(key)}</p>;
}
