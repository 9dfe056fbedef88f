/* Keep the screen of a phone awake during the visit. The lock is lost whenever the page is hidden. */

let wanted = false;
let lock: WakeLockSentinel | null = null;

async function take(): Promise<void> {
	try {
		const got = await navigator.wakeLock.request('screen');

		if (wanted)
			lock = got;
		else
			await got.release();
	} catch {
		/* an old browser, or an empty battery */
	}
}

export function stayAwake(on: boolean): void {
	if (on === wanted)
		return;
	wanted = on;
	if (on) {
		void take();
	} else {
		void lock?.release();
		lock = null;
	}
}

document.addEventListener('visibilitychange', () => {
	if (wanted && document.visibilityState === 'visible')
		void take();
});
