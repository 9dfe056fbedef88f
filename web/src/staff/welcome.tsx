import { Title } from '../ui/page';
import { useActing } from './acting';
import { Password, Problem } from './fields';
import { Frame } from './frame';
import { t } from './say';
import { enter } from './session';
import { openInvite, Refused } from './staffapi';
import { invite, tell } from './staffstate';
import { troubleOf } from './trouble';

const SHORTEST = 10;	/* characters, says the server */

function explain(problem: unknown): string {
	if (!(problem instanceof Refused))
		return troubleOf(problem);
	switch (problem.status) {
	case 401: return t('welcome.used');
	case 403: return t('signin.insecure');
	case 422: return t('password.short');
	default: return troubleOf(problem);
	}
}

/** Where the link leads that opens an account, or opens it again for who forgot the password. */
export function WelcomeScreen() {
	const { text, name } = invite.value!;
	const { act, acting, problem, setProblem } = useActing(explain);

	const submit = (event: SubmitEvent) => {
		event.preventDefault();
		const password = String(new FormData(event.currentTarget as HTMLFormElement).get('password'));

		if ([...password].length < SHORTEST)
			return setProblem(t('password.short'));
		void act(async () => {
			await openInvite(text, password);
			invite.value = null;
			await enter();
			tell(t('welcome.done', { name }));
		});
	};

	if (!text)
		return (
			<Frame>
				<Title>{t('welcome.cutTitle')}</Title>
				<p class="lead">{t('welcome.cut')}</p>
				<p class="row">
					<button class="button" type="button" onClick={() => {
						invite.value = null;
					}}>{t('welcome.toSignIn')}</button>
				</p>
			</Frame>
		);
	return (
		<Frame>
			<Title>{t('welcome.title')}</Title>
			<p class="lead">{t('welcome.lead')}</p>
			<form class="card form" onSubmit={submit}>
				<div class="entry">
					<label for="username">{t('signin.username')}</label>
					<input class="field" id="username" name="username" value={name} readOnly autocomplete="username"
						aria-describedby="username-hint" />
					<p class="hint" id="username-hint">{t('welcome.nameHint')}</p>
				</div>
				<Password name="password" label={t('welcome.password')} hint={t('password.hint')} autocomplete="new-password" />
				<Problem>{problem}</Problem>
				<button class="button main" type="submit" aria-disabled={acting} data-test="set-password">
					{t(acting ? 'frame.wait' : 'welcome.go')}
				</button>
			</form>
		</Frame>
	);
}
