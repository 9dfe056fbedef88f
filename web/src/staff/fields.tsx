import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from './say';

type Input = Omit<JSX.InputHTMLAttributes<HTMLInputElement>, 'label'>;

/** A field with its name above, and below what helps to fill it in. */
export function Field({ name, label, hint, optional, ...more }: Input & { name: string; label: string; hint?: string; optional?: boolean }) {
	return (
		<div class="entry">
			<label for={name}>{label} {optional && <small>{t('form.optional')}</small>}</label>
			<input class="field" id={name} name={name} aria-describedby={hint && `${name}-hint`} data-test={name} {...more} />
			{hint && <p class="hint" id={`${name}-hint`}>{hint}</p>}
		</div>
	);
}

/** A password, which one may look at: who sees it makes no mistakes in it. */
export function Password({ name, label, hint, ...more }: Input & { name: string; label: string; hint?: string }) {
	const [shown, setShown] = useState(false);

	return (
		<div class="entry">
			<label for={name}>{label}</label>
			<div class="line">
				<input class="field" id={name} name={name} type={shown ? 'text' : 'password'} required spellcheck={false} autocapitalize="none"
					aria-describedby={hint && `${name}-hint`} data-test={name} {...more} />
				<button class="button small" type="button" aria-pressed={shown} aria-label={t('password.showNamed', { name: label })}
					onClick={() => setShown(!shown)}>
					{t('password.show')}
				</button>
			</div>
			{hint && <p class="hint" id={`${name}-hint`}>{hint}</p>}
		</div>
	);
}

export function Check({ name, label, hint, ...more }: Input & { name: string; label: string; hint: string }) {
	return (
		<div class="check">
			<input type="checkbox" id={name} name={name} aria-describedby={`${name}-hint`} data-test={name} {...more} />
			<label for={name}>{label}</label>
			<p class="hint" id={`${name}-hint`}>{hint}</p>
		</div>
	);
}

/** What went wrong, said at once and where one looks next: above the button that was pressed. */
export function Problem({ children }: { children: ComponentChildren }) {
	return children ? <p class="problem" role="alert" data-test="problem">{children}</p> : null;
}
