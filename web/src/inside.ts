/* What is only needed from the door on: a part of its own, so that the first page comes sooner. */
import { CallScreen } from './ui/call';
import { EndedScreen } from './ui/ended';
import { SCREENS } from './ui/screens';
import { WaitingScreen } from './ui/waiting';

Object.assign(SCREENS, { call: CallScreen, waiting: WaitingScreen, ended: EndedScreen });

export { Call } from './call';
export { LinkKey } from './linkkey';
export { NetTest, verdict } from './nettest';
export { Signaling, UNSAID } from './protocol';
export { forgetTalk, talk } from './talk';
