/**
 * Whether there was a meeting that memory does not know: one that is over is looked up
 * in the views, so that its link says "over" and not "no such meeting" for all time.
 */
#ifndef PARAVENT_APP_PAST_H
#define PARAVENT_APP_PAST_H

#include "app/house.h"

struct past;

/* err: 0: it is over; ERR_NOT_FOUND; ERR_UNAVAILABLE: it cannot be said now. */
typedef void past_fn(void *arg, int err);

/**
 * Looks it up; fn is called later, once, unless past_cancel() comes first.
 *
 * id: 22 characters and NUL. NULL when too many ask: fn is not called then.
 */
struct past *past_ask(struct house *h, const char *id, past_fn *fn, void *arg);

/* The one who asked is gone. Accepts NULL. */
void past_cancel(struct past *p);

#endif
