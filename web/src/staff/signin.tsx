import { Title } from '../ui/page';
import { useActing } from './acting';
import { Field, Password, Problem } from './fields';
import { Frame } from './frame';
import { t } from './say';
import { Refused, signIn } from './staffapi';
import { why } from './staffstate';
import { enter } from './session';
import { troubleOf } from './trouble';

function explain(problem: unknown): string {
	const status = problem instanceof Refused && problem.status;

	return status === 401 ? t('signin.wrong') : status === 403 ? t('signin.insecure') : troubleOf(problem);
}

export function SignInScreen() {
	const { act, acting, problem } = useActing(explain);

	const submit = (event: SubmitEvent) => {
		event.preventDefault();
		const form = new FormData(event.currentTarget as HTMLFormElement);

		void act(async () => {
			await signIn(String(form.get('username')).trim().toLowerCase(), String(form.get('password')));
			await enter();
		});
	};

	return (
		<Frame>
			<Title>{t('signin.title')}</Title>
			{why.value ? <p class="lead" role="status">{t(`signin.${why.value}`)}</p> : <p class="lead">{t('signin.lead')}</p>}
			<form class="card form" onSubmit={submit}>
				<Field name="username" label={t('signin.username')} required maxLength={32} autocomplete="username" autocapitalize="none"
					spellcheck={false} />
				<Password name="password" label={t('signin.password')} autocomplete="current-password" />
				<Problem>{problem}</Problem>
				<button class="button main" type="submit" aria-disabled={acting} data-test="sign-in">
					{t(acting ? 'frame.wait' : 'signin.go')}
				</button>
			</form>
			<p class="hint">{t('signin.forgotten')}</p>
		</Frame>
	);
}
