/**
 * Proof that nobody rewrote the ledger: walks all of it, also while a server writes.
 */
#ifndef PARAVENT_STORE_VERIFY_H
#define PARAVENT_STORE_VERIFY_H

#include "store/chain.h"
#include "store/why.h"

/**
 * Checks the schema against the one that our migrations make, every fact's columns,
 * place and hash, that the versions of each stream run 1, 2, 3, ... and that the index
 * says the same as the table. No read transaction lasts longer than a second.
 *
 * expected: borrowed; a head remembered from earlier (seq and hash), without which a
 *           tail that was cut off cannot be seen. NULL: none is known.
 * head:     written whenever the walk began: the last fact that fits.
 * why:      on failure, the first row that does not fit and what is wrong with it.
 *
 * Returns 0, ERR_CORRUPT, ERR_NOT_FOUND (no ledger there), ERR_VERSION, ERR_UNKNOWN
 * (not our file), or ERR_IO or ERR_AGAIN when it could not be read, which says nothing
 * about the ledger.
 */
int ledger_verify(const char *state_dir, const struct chain_head *expected,
		  struct chain_head *head, struct why *why);

#endif
