import { useRef, useState } from 'preact/hooks';
import { announce } from '../announce';
import { t } from '../t';
import { Icon } from './icon';

/** A link to send: to be seen, selected and copied. */
export function CopyLink({ url, label, name }: { url: string; label: string; name: string }) {
	const field = useRef<HTMLInputElement>(null);
	const [copied, setCopied] = useState(false);

	const copy = async () => {
		field.current!.select();
		try {
			await navigator.clipboard.writeText(url);
		} catch {
			/* no permission or no secure page: the old way still works on what is selected */
			document.execCommand('copy');
		}
		setCopied(true);
		announce(t('links.copied'));
	};

	return (
		<div class="copy">
			<input ref={field} class="field" readOnly value={url} aria-label={label} data-test={`${name}-link`}
				onFocus={(event) => event.currentTarget.select()} />
			<button class="button" type="button" onClick={copy} data-test={`copy-${name}`}>
				<Icon name={copied ? 'check' : 'copy'} />
				{t(copied ? 'links.copied' : 'links.copy')}
			</button>
		</div>
	);
}
