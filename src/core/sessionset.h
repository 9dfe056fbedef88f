/**
 * The sessions of signed-in staff in memory: every request of theirs is judged here, and
 * no disk is asked. What is written, when, and where is app/sessions.
 *
 * A session lives 12 hours from the sign-in and ends when it was not used for 30 minutes.
 */
#ifndef PARAVENT_CORE_SESSIONSET_H
#define PARAVENT_CORE_SESSIONSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/signin.h"

#define SESSIONSET_LIFE_MS (12 * 3600 * INT64_C(1000))
#define SESSIONSET_IDLE_MS (30 * 60 * INT64_C(1000))
#define SESSIONSET_PER_PERSON 20			/* one more ends the oldest */

struct sessionset;

struct sessionset_session {
	uint8_t hash[SIGNIN_HASH_SIZE];		/* of its secret */
	char name[SIGNIN_NAME_SIZE];
	int64_t made_at, used_at;		/* wall clock, ms */
	int64_t written_at;			/* the used_at that is on disk */
};

struct sessionset *sessionset_new(void);
void sessionset_free(struct sessionset *s);		/* accepts NULL */

/* Whose session it is, and that it was used now; NULL when there is none, or it is over. */
const struct sessionset_session *sessionset_use(struct sessionset *s,
						const uint8_t hash[SIGNIN_HASH_SIZE],
						int64_t now_ms);

/* The same without use. */
const struct sessionset_session *sessionset_find(const struct sessionset *s,
						 const uint8_t hash[SIGNIN_HASH_SIZE],
						 int64_t now_ms);

/* Adds one; ended: gets the one that had to go for it, and then the result is true. */
bool sessionset_add(struct sessionset *s, const struct sessionset_session *add,
		    struct sessionset_session *ended);

/* Ends one; false when there was none. */
bool sessionset_end(struct sessionset *s, const uint8_t hash[SIGNIN_HASH_SIZE]);

/* Ends all of a name. Returns how many. */
size_t sessionset_end_all(struct sessionset *s, const char *name);

/* How many a name has. */
size_t sessionset_count_of(const struct sessionset *s, const char *name, int64_t now_ms);

/**
 * Once a minute: drops those that are over, and counts the use of the others as written.
 *
 * over: is called for each of the first; used: for the others that were used since.
 */
typedef void sessionset_tell_fn(void *arg, const struct sessionset_session *s);
void sessionset_tidy(struct sessionset *s, int64_t now_ms, sessionset_tell_fn *over,
		     sessionset_tell_fn *used, void *arg);

#endif
