/* Behind the screen, at one press of a button or of Escape: the key that a hand finds without looking. */
import { useEffect } from 'preact/hooks';
import { fold, unfold } from '../fold';
import { folded } from '../own';
import { t } from '../t';
import { useFocus } from './focus';
import { Icon } from './icon';

export function FoldButton() {
	const on = folded.value;

	return (
		<button class={on ? 'button tool off' : 'button tool'} type="button" onClick={() => on ? void unfold() : fold()}
			title={t('fold.key')} aria-keyshortcuts="Escape" data-test="fold" data-on={`${on}`}>
			<Icon name="fold" /><span>{t(on ? 'fold.back' : 'fold.hide')}</span>
		</button>
	);
}

function Hidden() {
	const back = useFocus<HTMLButtonElement>();

	return (
		<section class="knock hidden-now" aria-label={t('fold.hide')} data-test="folded">
			<p>{t('fold.now')}</p>
			<button class="button main" type="button" onClick={() => void unfold()} ref={back} data-test="unfold">
				<Icon name="fold" />{t('fold.back')}
			</button>
		</section>
	);
}

/** Where one is, and the way back. */
export function Folded() {
	return folded.value ? <Hidden /> : null;
}

/** Escape folds; where it closes something else, it does that first. It never unfolds: a second press in haste shows nobody. */
export function useFoldKey(): void {
	useEffect(() => {
		const press = (event: KeyboardEvent) => {
			if (event.key !== 'Escape' || event.defaultPrevented || (event.target as Element).closest?.('.panel, dialog, input, select'))
				return;
			fold();
		};

		addEventListener('keydown', press);
		return () => removeEventListener('keydown', press);
	}, []);
}
