/**
 * The staff in memory, as the facts of `staff/<name>` tell: who there is, what they may,
 * who is shut out. Deciding fills in a fact; the caller hands it to the ledger and then to
 * staffset_apply(). Passwords and sessions are elsewhere (store/accountdb.h, sessionset.h).
 */
#ifndef PARAVENT_CORE_STAFFSET_H
#define PARAVENT_CORE_STAFFSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fact.h"
#include "proto/factdata.h"
#include "proto/signin.h"

#define STAFFSET_MAX 1000	/* people who are there; ten times as many who ever were */

struct staffset;

struct staffset_person {
	char name[SIGNIN_NAME_SIZE];
	unsigned int roles;		/* ROLE_*; 0: was removed */
	bool disabled;
	uint32_t version;		/* facts in its stream so far */
	int64_t added_at;		/* wall clock, ms */
	int64_t invited_until;		/* of the last link; 0: there is none, or unknown
					 * since a restart */
	/* Counts what ends sessions: a change of password, a sign-out everywhere, to be
	 * disabled or removed. Who waits for a slow answer compares it with before. */
	unsigned int generation;
};

struct staffset *staffset_new(void);
void staffset_free(struct staffset *s);		/* accepts NULL */

/**
 * Changes memory as the fact tells; of other streams it takes no notice. Facts that
 * change nothing may be missing (ledger_replay_live()). Returns 0 or ERR_CORRUPT, or
 * ERR_CONFLICT when it is not later than those before.
 */
int staffset_apply(struct staffset *s, const struct fact *f);

/* Who has that name and is there, disabled or not; or NULL. name: any bytes. */
const struct staffset_person *staffset_find(const struct staffset *s, const char *name,
					    size_t len);

/* All who are there, by name. The index ends where staffset_at() gives NULL. */
size_t staffset_count(const struct staffset *s);
const struct staffset_person *staffset_at(const struct staffset *s, size_t i);

/* Decides a new account. Returns 0, ERR_RANGE for a bad name or no role, ERR_DUPLICATE
 * when there is one, or ERR_FULL. */
int staffset_add(struct fact *f, const struct staffset *s, int64_t now_ms,
		 const char *name, size_t len, unsigned int roles, const char *actor);

/**
 * Decides any other fact about somebody who is there: staff.changed, removed, signed_in,
 * refused, invited or signed_out, with its data. The actor is `actor`, or "staff:<name>"
 * for NULL. Returns 0, or ERR_NOT_FOUND.
 */
int staffset_tell(struct fact *f, const struct staffset *s, int64_t now_ms,
		  const char *name, enum fact_kind kind, const struct factdata *d,
		  const char *actor);

#endif
