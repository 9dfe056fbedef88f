import assert from 'node:assert/strict';
import { test } from 'node:test';
import { family, hostApp } from '../src/elsewhere';

const ANDROID = 'Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';

/* User agents as these apps send them, shortened where nothing is read. */
const APPS: [string, string][] = [
	['Instagram', `${IPHONE} Mobile/15E148 Instagram 334.0.0.29.93 (iPhone14,7; iOS 17_5; de_DE; scale=3.00)`],
	['Instagram', `${ANDROID} Instagram 334.0.0.42.95 Android (34/14; 480dpi; 1080x2340; samsung)`],
	['Facebook', `${IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/465.0.0.40.66;FBBV/602246;FBDV/iPhone14,7]`],
	['Facebook', `${ANDROID} [FB_IAB/FB4A;FBAV/465.0.0.41.79;]`],
	['Messenger', `${IPHONE} Mobile/15E148 [FBAN/MessengerForiOS;FBAV/456.0.0.35.106]`],
	['TikTok', `${IPHONE} Mobile/15E148 musical_ly_34.9.0 JsSdk/2.0 NetType/WIFI BytedanceWebview/d8a21c6`],
	['LinkedIn', `${IPHONE} Mobile/15E148 [LinkedInApp]/9.29.7962`],
	['WeChat', `${ANDROID} MMWEBID/1234 MicroMessenger/8.0.49.2600 NetType/WIFI Language/de`],
	['LINE', `${IPHONE} Mobile/15E148 Safari Line/14.9.0`],
	['Google', `${IPHONE} GSA/321.0.641727155 Mobile/15E148 Safari/604.1`],
	['Snapchat', `${IPHONE} Mobile/15E148 Snapchat/12.92.0.32 (like Safari/8618.2.12.10.9, panda)`],
	['', ANDROID],
	['', `${IPHONE} Mobile/15E148`],
];

const BROWSERS: [ReturnType<typeof family>, string, number?][] = [
	['ios', `${IPHONE} Version/17.5 Mobile/15E148 Safari/604.1`],
	['ios', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15', 5],
	['safari', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15'],
	['iosApp', `${IPHONE} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1`],
	['iosApp', `${IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15`],
	['android', 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36'],
	['android', 'Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0'],
	['firefox', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'],
	['chrome', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'],
	['chrome', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0'],
];

test('a window inside another app is known, by name where it has one', () => {
	for (const [app, agent] of APPS)
		assert.equal(hostApp(agent), app, agent);
});

test('a browser is no window inside another app', () => {
	for (const [, agent] of BROWSERS)
		assert.equal(hostApp(agent), null, agent);
	assert.equal(hostApp('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36'), null);
});

test('each browser has its settings somewhere else', () => {
	for (const [where, agent, touch] of BROWSERS)
		assert.equal(family(agent, touch), where, agent);
});
