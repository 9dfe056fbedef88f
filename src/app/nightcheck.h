/**
 * Once a night the server proves its own ledger, as `paravent log verify` does, and logs
 * what it found: the last fact and its hash, or as an error the first that does not fit.
 * It goes on serving: what stands there cannot be mended by stopping.
 */
#ifndef PARAVENT_APP_NIGHTCHECK_H
#define PARAVENT_APP_NIGHTCHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "net/loop.h"
#include "store/why.h"

struct nightcheck;

/**
 * l, state_dir: borrowed. It begins to look at the clock.
 *
 * Returns 0 or ERR_IO.
 */
int nightcheck_new(struct nightcheck **out, struct loop *l, const char *state_dir,
		   struct why *why);

/* Stops what is at work; accepts NULL. */
void nightcheck_free(struct nightcheck *n);

/**
 * Whether it is time: between three and five at night, local time, or whenever a day has
 * passed without, and not twice in a night.
 *
 * now, last: wall clock, ms; last: when it last began, or when the server started.
 */
bool nightcheck_due(int64_t now, int64_t last);

#endif
