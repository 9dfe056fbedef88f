/**
 * A chore: work on the ledger's files that is not the writing of a fact, such as
 * deleting the keys of what was erased, cutting off old facts, or moving a webhook's
 * cursor. Chores run on the ledger's thread, one after the other, between two commits,
 * so that the files have one writer and whoever asks never waits for the disk.
 *
 * The struct lies inside of the asker's own (CONTAINER_OF) and must stay where it is
 * until done() is called. Ask with ledger_chore().
 */
#ifndef PARAVENT_STORE_CHORE_H
#define PARAVENT_STORE_CHORE_H

#include <stdatomic.h>
#include <stdint.h>

#include <sqlite3.h>

#include "store/keyring.h"
#include "store/why.h"

struct chore {
	/**
	 * On the ledger's thread, after every fact that was taken before the chore is
	 * durable, outside of any transaction; what it begins it must end. Facts wait
	 * meanwhile, so a long one takes its work in steps and asks anew for the rest.
	 *
	 * db, keys: the ledger's own, to write with.
	 *
	 * Returns what done() is to hear. ERR_CORRUPT and ERR_IO are the chore's alone:
	 * the ledger goes on. ERR_AGAIN (the disk is full) is not tried anew either.
	 */
	int (*run)(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why);

	/**
	 * On the thread of the ledger's owner, out of ledger_clear(), ledger_stop() or
	 * ledger_close(); exactly once. The chore is the asker's again, who may free it
	 * or ask anew.
	 *
	 * err: of run(), or ERR_UNAVAILABLE when the ledger stopped or broke before it
	 *      was its turn.
	 * why: the sentence of an error; borrowed.
	 */
	void (*done)(struct chore *c, int err, const struct why *why);

	/**
	 * For run(): true once the ledger is to stop, which waits for it. A chore that
	 * takes seconds looks now and then, undoes what it did, and returns
	 * ERR_UNAVAILABLE.
	 */
	const atomic_bool *stop;

	/* the ledger's */
	struct chore *next;
	uint64_t after;		/* the last fact taken before it */
	int err;
	struct why why;
};

#endif
