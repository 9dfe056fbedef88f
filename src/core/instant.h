/**
 * A moment on both clocks. core reads no clock: app takes the time once for each event
 * it handles and hands it down.
 */
#ifndef PARAVENT_CORE_INSTANT_H
#define PARAVENT_CORE_INSTANT_H

#include <stdint.h>

struct instant {
	int64_t wall;	/* ms since 1970: plans and facts */
	uint64_t mono;	/* ms, never jumps: time-outs and limits */
};

#endif
