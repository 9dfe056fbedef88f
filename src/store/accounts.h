/**
 * The doorkeeper: the thread that keeps staff.db (accountdb.h) and checks passwords, one
 * after the other, so that neither a slow hash nor a disk ever holds up the loop.
 */
#ifndef PARAVENT_STORE_ACCOUNTS_H
#define PARAVENT_STORE_ACCOUNTS_H

#include <stdbool.h>

#include "store/accountdb.h"
#include "store/jobthread.h"
#include "store/why.h"

#define ACCOUNTS_QUEUE_MAX 32	/* jobs that may wait: a full queue is two seconds */

struct accounts;

/* Lies inside of the asker's struct and stays where it is until done(). */
struct accounts_job {
	/* On the doorkeeper's thread. What it changed is committed when it returns 0,
	 * and undone when it does not. */
	int (*run)(struct accounts_job *job, struct accountdb *a, struct why *why);

	/**
	 * On the owner's thread, out of accounts_clear() or accounts_stop(); exactly once.
	 *
	 * err: of run(), or of the commit: ERR_AGAIN (the disk is full), ERR_CORRUPT,
	 *      ERR_IO; or ERR_UNAVAILABLE when the doorkeeper was stopped first. After
	 *      ERR_CORRUPT and ERR_IO all that follows fails, until a new start.
	 * why: the sentence of an error; borrowed.
	 */
	void (*done)(struct accounts_job *job, int err, const struct why *why);

	struct jobthread_job link;	/* the doorkeeper's */
};

/**
 * Opens staff.db, reads what a start needs to know, and starts the thread.
 *
 * sessions: gives an array of `count`, the oldest first; free() it.
 *
 * Errors as accountdb_open().
 */
int accounts_open(struct accounts **out, struct accountdb_session **sessions,
		  size_t *count, const char *state_dir, struct why *why);

/* Readable when jobs are done; then call accounts_clear(), which calls their done(). */
int accounts_fd(const struct accounts *a);
void accounts_clear(struct accounts *a);

/* How many jobs wait. */
size_t accounts_waiting(struct accounts *a);

/**
 * Queues the job, however many wait: whoever asks for strangers looks at ACCOUNTS_QUEUE_MAX
 * first. Jobs are run in the order in which they were asked for. Returns 0, or
 * ERR_UNAVAILABLE once it is stopped; done() is not called then.
 */
int accounts_ask(struct accounts *a, struct accounts_job *job);

/* Ends the thread after the job it is at; the others are done with ERR_UNAVAILABLE. */
void accounts_stop(struct accounts *a);

/* Stops if need be and frees; accepts NULL. */
void accounts_close(struct accounts *a);

#endif
