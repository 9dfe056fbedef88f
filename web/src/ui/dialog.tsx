import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A question in the page. The browser keeps the focus inside and lets Escape say no. */
export function Dialog({ title, close, children }: { title: string; close(): void; children: ComponentChildren }) {
	const ref = useRef<HTMLDialogElement>(null);

	useEffect(() => {
		const dialog = ref.current!;

		dialog.showModal();
		return () => dialog.close();
	}, []);
	return (
		<dialog ref={ref} class="dialog" aria-labelledby="dialog-title" onCancel={(event) => {
			event.preventDefault();
			close();
		}}>
			<h2 id="dialog-title">{title}</h2>
			{children}
		</dialog>
	);
}
