/**
 * A thread with an event loop of its own, a mailbox, and one tick a second.
 *
 * What it works on is built on its base before it starts and taken down after it was
 * stopped, both by the thread that made the worker; in between only the worker touches
 * it, and others send letters.
 */
#ifndef PARAVENT_NET_WORKER_H
#define PARAVENT_NET_WORKER_H

#include <event2/event.h>

#include "net/mailbox.h"

struct worker;

typedef void worker_tick_fn(void *arg);

/* arg: for `tick` and for the letters. */
struct worker *worker_new(worker_tick_fn *tick, void *arg);

/* Stops it when it runs. Accepts NULL. */
void worker_free(struct worker *w);

struct event_base *worker_base(struct worker *w);

/* name: of the thread, at most 15 characters. Returns 0 or ERR_IO. */
int worker_start(struct worker *w, const char *name);

/* Returns when the thread has ended; letters that came too late are read by the
 * caller. Harmless when it does not run. */
void worker_stop(struct worker *w);

/* From any thread; before the start letters wait. */
void worker_send(struct worker *w, struct letter *l, letter_fn *fn);

#endif
