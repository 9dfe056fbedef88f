/**
 * The seed: the keys of all streams that are still to come, made in advance, so that no
 * fact waits for a commit in keys.db. It is one row with a name below zero:
 *
 *   4711  | key	of a stream whose first fact is 4711
 *   -5000 | seed	the keys of all streams that begin at 5000 or later: HMAC(seed, first)
 *
 * Now and then, and before one of its keys is erased, the seed is settled: each stream
 * that took a key gets it as a row of its own, and another seed begins behind the last
 * fact. Which streams these are is asked of the facts, so there is nothing that a crash
 * between the two files could leave half done. Rows at and behind the seed's beginning
 * mean nothing.
 */
#ifndef PARAVENT_STORE_SEED_H
#define PARAVENT_STORE_SEED_H

#include <sqlite3.h>

#include "store/why.h"

/**
 * Settles the seed that there is, if there is one, and makes the next, within the
 * caller's transaction of `keys`.
 *
 * since: no fact before it has taken a key from the seed; where to begin to look.
 *
 * Returns 0 or an error as db_error().
 */
int seed_settle(sqlite3 *keys, sqlite3 *facts, sqlite3_int64 since, struct why *why);

/* Where the seed begins; 0: there is none. */
int seed_begin(sqlite3_int64 *first, sqlite3 *keys, struct why *why);

/**
 * Gives a query for the streams, by their first facts and in that order, that begin at
 * `first` or later and have something personal at `since` or later.
 */
int seed_streams(sqlite3_stmt **out, sqlite3 *facts, sqlite3_int64 first,
		 sqlite3_int64 since, struct why *why);

#endif
