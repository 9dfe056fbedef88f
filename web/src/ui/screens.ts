/* The screens that are loaded. What makes visits, what joins them and what is inside come each with its own part. */
import type { JSX } from 'preact';
import type { Screen } from '../state';
import type { Locale } from '../t';

export const SCREENS: Partial<Record<Screen, (props: { locale: Locale; id: string }) => JSX.Element>> = {};
