import { useState } from 'preact/hooks';
import { noticed } from '../announce';
import { lost, people, role, soundBlocked, waiting } from '../state';
import { t } from '../t';
import { end, inviteUrl, leave } from '../visit';
import { ChatPanel, NewLine, Unread } from './chat';
import { CopyLink } from './copy';
import { Dialog } from './dialog';
import { FoldButton, Folded, useFoldKey } from './fold';
import { Icon } from './icon';
import { Knocks } from './knocks';
import { Mend } from './mend';
import { Title } from './page';
import { Panel } from './panel';
import { SelfView } from './self';
import { ShareButton, Sharing } from './share';
import { Tile } from './tile';
import { CameraButton, MicButton } from './toggles';
import { comparable, Compare } from './trust';
import { unblockSound } from './video';

function Alone() {
	const host = role.value === 'host';

	return (
		<div class="alone">
			<p class="lead">{t(host ? 'call.aloneHost' : 'call.aloneGuest')}</p>
			{host && !waiting.value.length && (
				<>
					<p>{t('call.aloneHint')}</p>
					<CopyLink url={inviteUrl()} label={t('panel.invite')} name="alone" />
				</>
			)}
		</div>
	);
}

function Ending({ close }: { close(): void }) {
	return (
		<Dialog title={t('end.title')} close={close}>
			<p>{t('end.text')}</p>
			<div class="stack">
				<button class="button danger" type="button" onClick={() => end() ? close() : undefined} data-test="end-confirm">{t('end.forAll')}</button>
				<button class="button" type="button" onClick={leave} data-test="leave">{t('end.onlyMe')}</button>
				<button class="button quiet" type="button" onClick={close} autofocus data-test="end-cancel">{t('end.stay')}</button>
			</div>
		</Dialog>
	);
}

/** What stands at the side of the pictures. */
type Side = 'panel' | 'chat' | null;

function Dock({ side, setSide, setEnding }: { side: Side; setSide(side: Side): void; setEnding(on: boolean): void }) {
	const turn = (to: Side) => setSide(side === to ? null : to);

	return (
		<section class="dock" aria-label={t('call.tools')}>
			<MicButton />
			<CameraButton />
			<FoldButton />
			<ShareButton />
			<button class="button tool roomy" type="button" aria-expanded={side === 'chat'} onClick={() => turn('chat')} data-test="chat-open">
				<Icon name="chat" /><span>{t('chat.title')}</span><Unread />
			</button>
			<button class="button tool narrow-mark" type="button" aria-expanded={side === 'panel'} onClick={() => turn('panel')}
				data-test="panel-open">
				<Icon name="people" /><span>{t('call.more')}</span><Unread />
			</button>
			{role.value === 'host'
				? <button class="button tool danger" type="button" onClick={() => setEnding(true)} data-test="end">
					<Icon name="leave" /><span>{t('call.end')}</span>
				</button>
				: <button class="button tool danger" type="button" onClick={leave} data-test="leave">
					<Icon name="leave" /><span>{t('call.leave')}</span>
				</button>}
		</section>
	);
}

export function CallScreen() {
	const [side, setSide] = useState<Side>(null);
	const [ending, setEnding] = useState(false);
	const [later, setLater] = useState(false);
	useFoldKey();
	const doubtful = !later && !side && people.value.find(comparable);

	/* the focus goes back to where it came from, or on a phone to what is there of it */
	const close = () => {
		const opener = document.querySelector<HTMLElement>(`[data-test=${side}-open]`);

		setSide(null);
		(opener?.offsetParent ? opener : document.querySelector<HTMLElement>('[data-test=panel-open]'))?.focus();
	};

	return (
		<div class={side ? 'call with-panel' : 'call'}>
			<main class="stage">
				<div class="unseen"><Title>{t('call.title')}</Title></div>
				<div class="tiles" data-count={people.value.length}>
					{people.value.map((one) => <Tile key={one.id} person={one} />)}
				</div>
				{!people.value.length && <Alone />}
				<div class="notices">
					{lost.value && <p class="pill" data-test="reconnecting">{t('call.reconnecting')}</p>}
					{noticed.value && <p class="pill" data-test="notice">{noticed.value}</p>}
					{soundBlocked.value && (
						<button class="button main" type="button" onClick={unblockSound} data-test="sound">
							<Icon name="sound" />{t('call.sound')}
						</button>
					)}
					<Mend />
					<Folded />
					<Sharing />
					<Knocks />
					<NewLine open={() => setSide('chat')} />
					{doubtful && <Compare person={doubtful} later={() => setLater(true)} />}
				</div>
				<SelfView />
			</main>
			<Dock side={side} setSide={setSide} setEnding={setEnding} />
			{side === 'panel' && <Panel close={close} chat={() => setSide('chat')} />}
			{side === 'chat' && <ChatPanel close={close} />}
			{ending && <Ending close={() => setEnding(false)} />}
		</div>
	);
}
