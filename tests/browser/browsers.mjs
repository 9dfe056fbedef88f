/*
 * The two browsers with made-up cameras, and what a test may look at in a page. The page itself has no hook for tests:
 * connections and frames are seen by wrapping the browser's own constructors before any script of the page runs.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer from 'puppeteer-core';

const PATHS = {
	chromium: process.env.CHROMIUM ?? '/usr/bin/chromium',
	firefox: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
};

/* A test tells whether something comes, not how fast: on a machine that stalls nobody shall fail for being late. */
const PATIENCE_MS = 45_000;
/* Above every wait, so that it is the wait that fails, and says what it waited for. */
const ANSWER_MS = 120_000;
const CLOSE_MS = 10_000;

const root = process.getuid?.() === 0;
const running = new Map();

/** The promise's outcome, or a failure after so many ms. */
export function within(ms, promise, late = 'no answer') {
	let timer;
	const end = new Promise((_, fail) => {
		timer = setTimeout(() => fail(new Error(`${late} within ${ms / 1000} s`)), ms);
	});

	return Promise.race([promise, end]).finally(() => clearTimeout(timer));
}

function options(name) {
	/* a server that speaks TLS made its own certificate for the test */
	const common = {
		executablePath: PATHS[name],
		headless: true,
		timeout: ANSWER_MS,
		protocolTimeout: ANSWER_MS,
		acceptInsecureCerts: true,
		/* at a signal we exit, and that ends it */
		handleSIGHUP: false,
		handleSIGINT: false,
		handleSIGTERM: false,
	};

	if (name === 'firefox')
		return {
			...common,
			browser: 'firefox',
			extraPrefsFirefox: {
				'media.navigator.streams.fake': true,
				'media.navigator.permission.disabled': true,
				'media.peerconnection.ice.loopback': true,
				'media.peerconnection.ice.obfuscate_host_addresses': false,
				'media.autoplay.default': 0,
			},
		};
	return {
		...common,
		args: [
			'--use-fake-device-for-media-stream',
			'--use-fake-ui-for-media-stream',
			'--allow-loopback-in-peer-connection',
			'--autoplay-policy=no-user-gesture-required',
			'--lang=en-US',
			'--ignore-certificate-errors',	/* for TURN over TLS, which asks nobody else */
			...root ? ['--no-sandbox'] : [],
		],
	};
}

/** Why these browsers cannot be had, or null. PARAVENT_STRICT=1 makes that a failure instead of a skip. */
export function lacking(...names) {
	const gone = names.filter((name) => !existsSync(PATHS[name]));

	if (!gone.length)
		return null;
	const why = `no ${gone.map((name) => PATHS[name]).join(', ')} here`;
	if (process.env.PARAVENT_STRICT === '1')
		throw new Error(why);
	return why;
}

async function browser(name) {
	if (!running.has(name))
		running.set(name, await puppeteer.launch(options(name)));
	return running.get(name);
}

/* With all processes of its own, as far as they are still there. */
function slay(one) {
	try {
		process.kill(-one.process().pid, 'SIGKILL');
	} catch {
		/* gone */
	}
}

async function quit(name) {
	const one = running.get(name);

	running.delete(name);
	try {
		await within(CLOSE_MS, one?.close());
	} catch {
		slay(one);
	}
}

/* puppeteer has the same in mind, but of two browsers it forgets the second */
process.once('exit', () => running.forEach(slay));

export async function closeBrowsers() {
	await Promise.all([...running.keys()].map(quit));
}

/* Runs in the page, first of all. */
function watch() {
	const Connection = window.RTCPeerConnection;
	const Socket = window.WebSocket;
	const note = (way, { type, data }) =>
		window.seen.talk.push([way, type, data?.description?.type ?? (data?.candidate && 'candidate')].filter(Boolean).join(' '));

	window.seen = { connections: [], tests: [], frames: [], talk: [], violations: [] };
	window.RTCPeerConnection = class extends Connection {
		constructor(...rest) {
			super(...rest);
			window.seen.connections.push(this);
		}

		/* who waits tries his network with some of his own, which are nobody's call */
		createDataChannel(label, ...rest) {
			if (label === 'test') {
				window.seen.connections = window.seen.connections.filter((one) => one !== this);
				window.seen.tests.push(this);
			}
			return super.createDataChannel(label, ...rest);
		}
	};
	window.WebSocket = class extends Socket {
		constructor(...rest) {
			super(...rest);
			this.addEventListener('message', ({ data }) => {
				const frame = JSON.parse(data);
				window.seen.frames.push(frame);
				note('got', frame);
			});
		}

		send(text) {
			note('said', JSON.parse(text));
			super.send(text);
		}
	};

	/*
	 * Firefox never settles a getStats() whose connection is closed meanwhile, as the page does when the other side was
	 * reloaded. Then there is nothing to look at; a connection that still lives is asked again.
	 */
	const statsOf = async (one) => {
		for (let n = 0; n < 10 && one.connectionState === 'connected'; n++) {
			const stats = await Promise.race([one.getStats(), new Promise((late) => setTimeout(late, 3000))]);
			if (stats)
				return stats;
		}
		return null;
	};

	/* of every live connection */
	window.seen.stats = async () => (await Promise.all(window.seen.connections.map(statsOf))).filter(Boolean);

	addEventListener('securitypolicyviolation', (event) => window.seen.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
}

/** One person at one browser: a context of his own, so that nobody shares storage. */
export class Person {
	static async at(name, language = 'en') {
		const one = new Person();

		one.browser = name;
		one.context = await (await browser(name)).createBrowserContext();
		/* a page behind another one's tab is hidden, and slow in all it does */
		one.page = await one.context.newPage({ type: 'window' });
		one.errors = [];
		one.language = language;
		one.page.on('pageerror', ({ message }) => {
			/* Firefox reports a lost socket as if the page had failed */
			if (!message.startsWith('Firefox can’t establish a connection'))
				one.errors.push(message);
		});
		one.page.setDefaultTimeout(PATIENCE_MS);
		await one.page.setViewport({ width: 1280, height: 800 });
		await one.page.evaluateOnNewDocument(watch);
		return one;
	}

	async open(url) {
		const [address, fragment] = url.split('#');
		await this.page.goto(`${address}?lang=${this.language}${fragment ? `#${fragment}` : ''}`);
	}

	/** Goes home; if the browser does not let him, then without it. */
	async close() {
		try {
			await within(CLOSE_MS, this.context.close());
		} catch {
			await quit(this.browser);
		}
	}

	find(name, more = '') {
		return this.page.waitForSelector(`[data-test="${name}"]${more}`, { visible: true });
	}

	async press(name, more = '') {
		await this.find(name, more);
		/* by the page's own click: a toast that slides in under the pointer is not what is tested */
		await this.page.$eval(`[data-test="${name}"]${more}`, (button) => button.click());
	}

	async type(name, text) {
		const field = await this.find(name);
		await field.click({ count: 3 });
		await field.type(text);
	}

	async value(name) {
		await this.find(name);
		return this.page.$eval(`[data-test="${name}"]`, (field) => field.value);
	}

	/** What has the focus: its data-test, or which element it is. */
	focused() {
		return this.page.evaluate(() => document.activeElement.dataset.test ?? document.activeElement.tagName);
	}

	/** There with the Tab key; back: the other way round. */
	async tabTo(name, { back = false } = {}) {
		if (back)
			await this.page.keyboard.down('Shift');
		for (let n = 0; n < 60 && await this.focused() !== name; n++)
			await this.page.keyboard.press('Tab');
		if (back)
			await this.page.keyboard.up('Shift');
		if (await this.focused() !== name)
			throw new Error(`Tab never came to ${name}`);
	}

	on(screen) {
		return this.page.waitForSelector(`body[data-screen="${screen}"]`);
	}

	/** Opens a link, gives a name and knocks. */
	async knock(url, name) {
		await this.open(url);
		await this.on('join');
		await this.type('name', name);
		await this.press('join');
	}

	tile(more) {
		return this.page.waitForSelector(`[data-test="tile"]${more}`);
	}

	/** Of every live connection: frames decoded and audio bytes received. */
	media() {
		return this.page.evaluate(async () => (await window.seen.stats()).map((stats) => {
			const sum = { frames: 0, audio: 0 };

			for (const stat of stats.values())
				if (stat.type === 'inbound-rtp' && stat.kind === 'video')
					sum.frames += stat.framesDecoded ?? 0;
				else if (stat.type === 'inbound-rtp' && stat.kind === 'audio')
					sum.audio += stat.bytesReceived ?? 0;
			return sum;
		}));
	}

	/** Waits until so many connections have each decoded more than `frames` and received sound. */
	async decodes(connections = 1, frames = 30) {
		const until = Date.now() + PATIENCE_MS;
		let now;

		do {
			now = await this.media();
			if (now.length >= connections && now.every((one) => one.frames > frames && one.audio > 0))
				return now;
			await sleep(250);
		} while (Date.now() < until);
		throw new Error(`media did not come: ${JSON.stringify(now)}`);
	}

	/** Of every live connection: its chosen pair of candidates, as the browser tells it. */
	pairs() {
		return this.page.evaluate(async () => (await window.seen.stats()).map((stats) => {
			const transport = [...stats.values()].find((stat) => stat.type === 'transport' && stat.selectedCandidatePairId);
			const pair = stats.get(transport?.selectedCandidatePairId);
			const { candidateType, relayProtocol } = stats.get(pair?.localCandidateId) ?? {};

			return { candidateType, relayProtocol, theirs: stats.get(pair?.remoteCandidateId)?.candidateType };
		}));
	}

	/** How many connections this page has made so far. */
	connections() {
		return this.page.evaluate(() => window.seen.connections.length);
	}

	frames() {
		return this.page.evaluate(() => window.seen.frames);
	}

	/** Nothing broke that nobody looked at. */
	async complaints() {
		return [...this.errors, ...await this.page.evaluate(() => window.seen.violations)];
	}
}
