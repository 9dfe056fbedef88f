/**
 * Proof that nobody rewrote the ledger: walks all of it, also while a server writes.
 *
 * The views are not proof of anything and are not looked at; they can be made anew from
 * the facts at any time.
 */
#ifndef PARAVENT_STORE_VERIFY_H
#define PARAVENT_STORE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "store/chain.h"
#include "store/why.h"

struct verify {
	struct chain_head head;	/* the last fact that fits; seq 0: none does */
	uint64_t facts;		/* that were walked */
	struct chain_cut cut;	/* where the ledger was cut, if it was */
};

/* Called about four times a second, outside of any transaction: how many of how many
 * facts are done. Returns whether to go on. */
typedef bool verify_progress_fn(void *arg, uint64_t done, uint64_t of);

/**
 * Checks the schema against the one that our migrations make, every fact's columns,
 * place and hash, that the versions of each stream run 1, 2, 3, ... and that the index
 * says the same as the table. Of a ledger that was cut: also that all it kept is there
 * (chain.h). No read transaction lasts longer than a second.
 *
 * expected: borrowed; a head remembered from earlier (seq and hash), without which a
 *           tail that was cut off cannot be seen. NULL: none is known.
 * progress: or NULL.
 * out:      written in any case.
 * why:      on failure, the first row that does not fit and what is wrong with it.
 *
 * Returns 0; ERR_CORRUPT; ERR_RANGE when all is well, but the fact to be compared with
 * `expected` was cut; ERR_NOT_FOUND (no ledger there), ERR_VERSION, ERR_UNKNOWN (not our
 * file); ERR_UNAVAILABLE when it was not to go on; or ERR_IO or ERR_AGAIN when it could not be read, which says nothing about the
 * ledger.
 */
int ledger_verify(const char *state_dir, const struct chain_head *expected,
		  verify_progress_fn *progress, void *arg, struct verify *out,
		  struct why *why);

/**
 * The last fact, its link to the one before checked; seq 0 for an empty ledger. To be
 * printed or mailed, and given to a later ledger_verify(). Errors as there.
 */
int ledger_head(const char *state_dir, struct chain_head *head, struct why *why);

#endif
