/**
 * A thread that does jobs, one after the other, and says so through an eventfd: what the
 * reader (reader.h) and the doorkeeper (accounts.h) have in common.
 */
#ifndef PARAVENT_STORE_JOBTHREAD_H
#define PARAVENT_STORE_JOBTHREAD_H

#include <stddef.h>

#include "store/why.h"

struct jobthread;

/* Lies inside of a job and stays where it is until done(). */
struct jobthread_job {
	struct jobthread_job *next;
	int err;
	struct why why;
};

struct jobthread_plan {
	const char *name;	/* of the thread: up to 15 characters */
	void *arg;

	/* On the thread. */
	int (*run)(void *arg, struct jobthread_job *job, struct why *why);

	/* On the owner's thread, out of jobthread_clear() or jobthread_stop(); exactly
	 * once. err: of run(), or ERR_UNAVAILABLE when it was stopped first. */
	void (*done)(struct jobthread_job *job, int err, const struct why *why);
};

/* plan: copied. Returns 0 or ERR_IO; jobs may be asked for before the start. */
int jobthread_new(struct jobthread **out, const struct jobthread_plan *plan,
		  struct why *why);
int jobthread_start(struct jobthread *t, struct why *why);

/* Queues the job. Returns 0, or ERR_UNAVAILABLE when `max` wait already or it has been
 * stopped; done() is not called then. */
int jobthread_ask(struct jobthread *t, struct jobthread_job *job, size_t max);

/* Jobs that wait for their turn. */
size_t jobthread_waiting(struct jobthread *t);

/* Readable when jobs are done; then call jobthread_clear(), which calls their done(). */
int jobthread_fd(const struct jobthread *t);
void jobthread_clear(struct jobthread *t);

/* Ends the thread after the job it is at; the others are done with ERR_UNAVAILABLE, and
 * so much is whoever asks from then on told. */
void jobthread_stop(struct jobthread *t);

/* Stops if need be and frees; accepts NULL. */
void jobthread_free(struct jobthread *t);

#endif
