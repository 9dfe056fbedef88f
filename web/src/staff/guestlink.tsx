import { fragment } from '../route';
import { CopyLink } from '../ui/copy';
import { Icon } from '../ui/icon';
import { useActing } from './acting';
import { withLink } from './appointment';
import { Problem } from './fields';
import { keepLinkKey, keyInLink } from './linkkeys';
import { QrPicture } from './qrpicture';
import { t } from './say';
import { getCalendar, type Visit } from './staffapi';
import { tell } from './staffstate';

/* By a link of its own making: what is saved never was at an address. */
function save(name: string, type: string, text: string): void {
	const url = URL.createObjectURL(new Blob([text], { type }));
	const link = document.createElement('a');

	link.href = url;
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The link to send, in all the ways in which it can be handed over. */
export function GuestLink({ visit, linkKey }: { visit: Visit; linkKey?: string }) {
	const url = visit.joinUrl + fragment(linkKey);
	const patient = visit.kind === 'consultation' || visit.kind === 'therapy';
	const label = t(patient ? 'links.patient' : 'links.guest');
	const { act, acting, problem } = useActing();

	const calendar = () => act(async () =>
		save('visit.ics', 'text/calendar', withLink(await getCalendar(visit.meetingId), visit.joinUrl, url)));

	return (
		<section class="card guest">
			<div class="stack">
				<h2>{label}</h2>
				<p>{t('links.guestHint')} {linkKey && t('links.key')}</p>
				<CopyLink url={url} label={label} name="guest" />
				<p class="row">
					<button class="button small" type="button" onClick={calendar} aria-disabled={acting} data-test="calendar">
						{t('visit.calendar')}
					</button>
				</p>
				<Problem>{problem}</Problem>
			</div>
			<figure>
				<QrPicture text={url} />
				<figcaption class="hint">{t('visit.qrHint')}</figcaption>
			</figure>
		</section>
	);
}

/** A visit whose key is not in this browser: what that means, and how to bring it here. */
export function WithoutKey({ visit }: { visit: Visit }) {
	const { act, problem } = useActing((problem) => (problem as Error).message);

	const take = (event: SubmitEvent) => {
		event.preventDefault();
		const form = event.currentTarget as HTMLFormElement;

		void act(async () => {
			const key = keyInLink(String(new FormData(form).get('link')), visit.meetingId);

			if (!key)
				throw new Error(t('key.wrong'));
			keepLinkKey(visit, key);
			tell(t('key.taken'));
		});
	};

	return (
		<section class="note" data-test="no-key">
			<h2>{t('key.title')}</h2>
			<p>{t('key.words')}</p>
			<p>{t('key.mixed')}</p>
			<details>
				<summary>{t('key.have')}</summary>
				<form class="form" onSubmit={take}>
					<div class="entry">
						<label for="link">{t('key.paste')}</label>
						<input class="field" id="link" name="link" required autocomplete="off" data-test="key-link" />
					</div>
					<Problem>{problem}</Problem>
					<p class="row"><button class="button" type="submit" data-test="key-take">{t('key.take')}</button></p>
				</form>
			</details>
		</section>
	);
}

export function KeyIsHere() {
	return <p class="hint keyed" data-test="keyed"><Icon name="verified" /> <span>{t('key.here')}</span></p>;
}
