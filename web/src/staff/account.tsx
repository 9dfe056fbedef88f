import { useState } from 'preact/hooks';
import { Title } from '../ui/page';
import { useActing } from './acting';
import { Password, Problem } from './fields';
import { Frame } from './frame';
import { t } from './say';
import { leave } from './session';
import { changePassword, Refused } from './staffapi';
import { me, tell } from './staffstate';
import { troubleOf } from './trouble';

function explain(problem: unknown): string {
	if (!(problem instanceof Refused) || problem.status !== 422)
		return troubleOf(problem);
	return t(problem.fields.includes('password') ? 'account.wrong' : 'password.short');
}

function NewPassword() {
	const { act, acting, problem } = useActing(explain);
	const [round, setRound] = useState(0);	/* a new form is an empty one */

	const submit = (event: SubmitEvent) => {
		event.preventDefault();
		const form = new FormData(event.currentTarget as HTMLFormElement);

		void act(async () => {
			await changePassword(String(form.get('old-password')), String(form.get('new-password')));
			setRound(round + 1);
			tell(t('account.changed'));
		});
	};

	return (
		<form class="card form" key={round} onSubmit={submit}>
			<h2>{t('account.password')}</h2>
			<input name="username" value={me.value!.username} readOnly hidden autocomplete="username" />
			<Password name="old-password" label={t('account.old')} autocomplete="current-password" />
			<Password name="new-password" label={t('account.new')} hint={t('password.hint')} autocomplete="new-password" />
			<Problem>{problem}</Problem>
			<p class="row">
				<button class="button" type="submit" aria-disabled={acting} data-test="change-password">
					{t(acting ? 'frame.wait' : 'account.change')}
				</button>
			</p>
		</form>
	);
}

export function AccountScreen() {
	const { act, problem } = useActing();

	return (
		<Frame>
			<Title>{t('account.title', { name: me.value!.username })}</Title>
			<section class="card">
				<h2>{t('account.leave')}</h2>
				<p>{t('account.leaveHint')}</p>
				<p class="row">
					<button class="button main" type="button" onClick={() => act(() => leave(false))} data-test="sign-out">{t('account.signOut')}</button>
					<button class="button" type="button" onClick={() => act(() => leave(true))} data-test="sign-out-everywhere">
						{t('account.everywhere')}
					</button>
				</p>
				<p class="hint">{t('account.everywhereHint')}</p>
				<Problem>{problem}</Problem>
			</section>
			<NewPassword />
		</Frame>
	);
}
