/**
 * Cutting: facts that are older than the practice wants to keep are taken out of the
 * ledger for good, and what remains still verifies.
 *
 * A cut takes place at a seq C. Of the facts up to C goes every stream that lies before
 * it as a whole and tells of something that is over; and all of stream `server`. Kept
 * are the streams staff/... and key/... (they are state), meetings that are not over,
 * and those of which a fact lies behind C: a story is there whole or not at all. The
 * fact log.checkpoint, written first, holds C, the hash and `at` of the fact there, and
 * the digest of what is kept (chain.h). View rows and keys of what goes, go with it.
 *
 * C is always the last fact of a day in UTC, and views that count by day begin behind
 * it: cut_run() deletes their older days, and their SQL counts no fact at or before
 * `(SELECT seq FROM cut)`. So a rebuild makes the same.
 *
 *   ledger_chore(cut_plan_run) -> done: plan->seq ? append log.checkpoint
 *     -> plan->fact = its seq -> ledger_chore(cut_run) -> done: plan->more ? once more
 */
#ifndef PARAVENT_STORE_CUT_H
#define PARAVENT_STORE_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fact.h"
#include "store/chore.h"

/* Facts of one cut, rounded up to a day; they keep the ledger's thread from writing. */
#define CUT_FACTS 20000

struct cut {
	struct chore chore;		/* the first member */
	int64_t before;			/* ms: facts from then on stay */

	/* by cut_plan_run(): what log.checkpoint has to say */
	uint64_t seq;			/* C; 0: nothing to cut, no fact is needed */
	int64_t at;
	uint8_t hash[FACT_HASH_SIZE];
	uint8_t kept[FACT_HASH_SIZE];
	uint64_t rows;			/* that will go */
	bool more;			/* it was too much for one cut */

	uint64_t fact;			/* by the asker: the seq of the checkpoint */
};

/**
 * A chore's run(): finds out what can be cut. On the ledger's thread; reads only.
 *
 * done() gets 0, or ERR_AGAIN, ERR_IO or ERR_CORRUPT.
 */
int cut_plan_run(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why);

/**
 * A chore's run(): carries out the checkpoint cut->fact, in one transaction, then
 * deletes the keys as erase_run() does. On the ledger's thread.
 *
 * done() gets 0; ERR_CONFLICT when something came in between, such as a fact for a
 * meeting that was to go: nothing was cut, the checkpoint means nothing, plan anew some
 * time later; ERR_AGAIN when the disk is full (nothing was cut; the same again later),
 * or when somebody reads keys.db (it was cut; the next erase_run() deletes the keys);
 * ERR_IO or ERR_CORRUPT.
 */
int cut_run(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why);

#endif
