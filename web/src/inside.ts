/* What is only needed inside a visit: a part of its own, so that the first page comes sooner. */
import { CallScreen } from './ui/call';
import { SCREENS } from './ui/screens';

SCREENS.call = CallScreen;

export { Call } from './call';
export { LinkKey } from './linkkey';
export { forgetTalk, talk } from './talk';
