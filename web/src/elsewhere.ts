/* What the browser is, as far as a person needs other words for it: where its settings are, and whether it is one at all. */

/** The app in whose window a link was opened, where camera and microphone rarely work; null: a browser of its own. */
export function hostApp(agent: string): string | null {
	const [, app] = /\b(Instagram|WhatsApp|LinkedInApp|Snapchat|Pinterest|Twitter|GSA|MicroMessenger|Line)\b/.exec(agent) ?? [];

	if (/\bFBA[NV]\b|\bFB_IAB\b/.test(agent))
		return /Messenger/.test(agent) ? 'Messenger' : 'Facebook';
	if (/musical_ly|BytedanceWebview|\btrill_/.test(agent))
		return 'TikTok';
	if (app)
		return { LinkedInApp: 'LinkedIn', MicroMessenger: 'WeChat', GSA: 'Google', Line: 'LINE' }[app] ?? app;
	/* Android says it of every window inside another app; iPhones leave out the name of the browser */
	if (/; wv\)/.test(agent) || (/iPhone|iPad/.test(agent) && !/Safari|CriOS|FxiOS|EdgiOS|DuckDuckGo|OPT/.test(agent)))
		return '';
	return null;
}

export type Family = 'ios' | 'iosApp' | 'android' | 'safari' | 'firefox' | 'chrome';

/** By where the permission for camera and microphone is found. touch: how many fingers the screen tells apart. */
export function family(agent: string, touch = 0): Family {
	if (/iPhone|iPad/.test(agent) || (/Macintosh/.test(agent) && touch > 1))	/* an iPad says that it is a Mac */
		return /CriOS|FxiOS|EdgiOS|DuckDuckGo|OPT/.test(agent) ? 'iosApp' : 'ios';
	if (/Android/.test(agent))
		return 'android';
	if (/Firefox/.test(agent))
		return 'firefox';
	return /Chrome/.test(agent) ? 'chrome' : 'safari';
}
