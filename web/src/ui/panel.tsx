/* Who is here, and what can be set: beside the pictures on a wide screen, over them on a phone. */
import { locked, people, role, type Person } from '../state';
import { t } from '../t';
import { inviteUrl, lock, remove } from '../visit';
import { Unread } from './chat';
import { CopyLink } from './copy';
import { DeviceTrouble, Pickers } from './devices';
import { useFocus } from './focus';
import { Icon } from './icon';
import { PipButton } from './pip';
import { comparable, Compare } from './trust';

function Present({ one }: { one: Person }) {
	return (
		<li>
			<div class="grow">
				{one.name}{one.role === 'host' && ` (${t('panel.host')})`}
				{one.trust === 'verified' && <p class="hint">{t('trust.safe', { name: one.name })}</p>}
				{comparable(one) && <Compare person={one} />}
			</div>
			{role.value === 'host' && (
				<button class="button small" type="button" onClick={() => remove(one.id)} data-test="remove" data-person={one.id}>
					{t('panel.remove')}<span class="unseen"> {one.name}</span>
				</button>
			)}
		</li>
	);
}

export function Panel({ close, chat }: { close(): void; chat(): void }) {
	const title = useFocus<HTMLHeadingElement>();

	return (
		<aside class="panel" aria-labelledby="panel-title" data-test="panel"
			onKeyDown={(event) => event.key === 'Escape' && close()}>
			<div class="row">
				<h2 class="grow" id="panel-title" tabIndex={-1} ref={title}>{t('panel.title')}</h2>
				<button class="button small quiet" type="button" onClick={close} data-test="panel-close">
					<Icon name="end" />{t('panel.close')}
				</button>
			</div>
			<button class="button narrow" type="button" onClick={chat} data-test="panel-chat">
				<Icon name="chat" />{t('chat.title')}<Unread inline />
			</button>
			{people.value.length > 0 && <PipButton />}
			<ul class="present">
				<li><span class="grow">{t('panel.you')}</span></li>
				{people.value.map((one) => <Present key={one.id} one={one} />)}
			</ul>
			{role.value === 'host' && (
				<>
					<button class="button" type="button" aria-pressed={locked.value} onClick={() => lock(!locked.value)} data-test="lock">
						<Icon name={locked.value ? 'check' : 'lock'} />
						{t(locked.value ? 'panel.unlock' : 'panel.lock')}
					</button>
					<p class="hint">{t(locked.value ? 'panel.lockedHint' : 'panel.lockHint')}</p>
					<h3>{t('panel.invite')}</h3>
					<CopyLink url={inviteUrl()} label={t('panel.invite')} name="invite" />
				</>
			)}
			<h3>{t('panel.devices')}</h3>
			<div class="form"><DeviceTrouble /><Pickers /></div>
		</aside>
	);
}
