/**
 * Keeps staff.db in step with the house: takes over its sessions at the start, writes down
 * what they do, and runs errands for whoever changes an account. Memory is always first:
 * what has ended there opens nothing, whether the disk has it or not.
 */
#ifndef PARAVENT_APP_DOORKEEPER_H
#define PARAVENT_APP_DOORKEEPER_H

#include <stdint.h>

#include "app/house.h"
#include "net/loop.h"
#include "store/accounts.h"

struct doorkeeper;

/**
 * Opens staff.db and fills house->sessions. l, h: borrowed; the house is loaded.
 * Returns 0 or an error whose sentence is in `why`.
 */
int doorkeeper_new(struct doorkeeper **out, struct loop *l, struct house *h,
		   struct why *why);

/* Ends its thread; who waits for an errand hears ERR_UNAVAILABLE. Accepts NULL. */
void doorkeeper_stop(struct doorkeeper *k);
void doorkeeper_free(struct doorkeeper *k);	/* stopped; accepts NULL */

/* The thread, for jobs of one's own. */
struct accounts *doorkeeper_accounts(struct doorkeeper *k);

/* Says to the operator what failed, unless it is nothing: err, why of a job. Returns the
 * error for the client: ERR_UNAVAILABLE for all that is no answer of the job. */
int doorkeeper_failed(int err, const struct why *why);

enum errand_kind {
	ERRAND_ADD,		/* forget the name, and put a link */
	ERRAND_LINK,		/* put a link */
	ERRAND_PASSWORD,	/* put a password; link and sessions end */
	ERRAND_END,		/* a session ends */
	ERRAND_END_ALL,		/* all of the name */
	ERRAND_FORGET,		/* the name */
};

struct errand {
	enum errand_kind kind;
	char name[SIGNIN_NAME_SIZE];
	uint8_t hash[SIGNIN_HASH_SIZE];		/* of the link or session */
	int64_t expires_at;			/* of the link */
	char password[PASSWORD_BYTES_MAX + 1];
};

/* err: 0, or ERR_UNAVAILABLE when it could not be written down. */
typedef void doorkeeper_done_fn(void *arg, int err);

/**
 * Runs an errand in turn; fn (or NULL) is called later, once. An end that a full disk
 * refuses is tried again each minute.
 *
 * e: copied, and the copy wiped.
 */
void doorkeeper_send(struct doorkeeper *k, const struct errand *e, doorkeeper_done_fn *fn,
		     void *arg);

#endif
