/**
 * The chain: rows of the table `fact`, read with suspicion and checked one against
 * the other. Replay, rebuild, verify and export all walk the ledger through here.
 *
 * A ledger that was cut (cut.h) has two parts. First come the facts that the cut kept,
 * with gaps between them: each has the hash of the fact before it beside it, in the
 * table `kept`, and the checkpoint holds one digest of all their hashes, so that none
 * can be changed, added or taken away. Behind the cut the chain is whole, and begins
 * with the hash that the checkpoint holds. The checkpoint itself is a fact of that part.
 */
#ifndef PARAVENT_STORE_CHAIN_H
#define PARAVENT_STORE_CHAIN_H

#include <stdint.h>

#include <sqlite3.h>

#include "proto/fact.h"
#include "store/why.h"

/* A place in the chain: the fact everything up to here ends with. */
struct chain_head {
	uint64_t seq;		/* 0: the beginning, before the first fact */
	int64_t at;
	uint8_t hash[FACT_HASH_SIZE];
};

/* Where the whole part begins. */
struct chain_cut {
	struct chain_head head;	/* the last fact before it; seq 0: never cut */
	uint64_t fact;		/* the checkpoint that was carried out; 0: none was */
	uint8_t kept[FACT_HASH_SIZE];	/* SHA-256 of `begin` and the hashes kept, in order */
	uint8_t begin[FACT_HASH_SIZE];	/* SHA-256 of a tag and this ledger's random id */
};

/* Reads the cut, or where the first fact begins. */
int chain_cut(struct chain_cut *cut, sqlite3 *db, struct why *why);

/* The place `seq` as the row itself tells it; where the whole part begins for less. */
int chain_at(struct chain_head *head, sqlite3 *db, uint64_t seq, struct why *why);

/* The last row's seq; 0 in an empty ledger. */
int chain_last(uint64_t *seq, sqlite3 *db, struct why *why);

/* A walk over the rows there are, in the order of their seq. */
struct chain_walk;

/**
 * Walks the rows from..to, both included; 0 and UINT64_MAX for all. Only a walk from
 * the first row on can tell whether one is missing among those that a cut kept.
 *
 * Returns 0, or ERR_CORRUPT, ERR_IO or ERR_AGAIN with a sentence.
 */
int chain_walk_new(struct chain_walk **out, sqlite3 *db, uint64_t from, uint64_t to,
		   struct why *why);
void chain_walk_free(struct chain_walk *w);	/* accepts NULL */

/**
 * Steps to the next row and checks it: its columns are of the right types and lengths,
 * `at` is not smaller than before, no seq is left out but by a cut, and the hash is the
 * one that the rest of the row and the hash before it make.
 *
 * row: borrowed from the walk, until its next step or rest.
 *
 * Returns 1; 0 at the end; ERR_CORRUPT with `why` naming the row; ERR_CONFLICT when the
 * ledger was cut since the walk began (begin a new one); ERR_IO or ERR_AGAIN.
 */
int chain_walk_next(struct chain_walk *w, struct fact_row *row, struct why *why);

/* The row that the walk is at; what lies before the first one until then. */
const struct chain_head *chain_walk_head(const struct chain_walk *w);
const struct chain_cut *chain_walk_cut(const struct chain_walk *w);

/* Ends the read transaction that the walk holds, without losing the place. */
void chain_walk_rest(struct chain_walk *w);

/* Single rows, for who knows which he wants; each is checked against the one before. */
struct chain_pick;

int chain_pick_new(struct chain_pick **out, sqlite3 *db, struct why *why);
void chain_pick_free(struct chain_pick *p);	/* accepts NULL */

/**
 * Reads the row `seq`. The ledger must not be cut between chain_pick_new() and the last
 * row, as in one transaction or on the thread that writes.
 *
 * row: borrowed until the next call.
 *
 * Returns 0, ERR_NOT_FOUND, ERR_CORRUPT with `why` naming the row, ERR_IO or ERR_AGAIN.
 */
int chain_pick_row(struct chain_pick *p, uint64_t seq, struct fact_row *row,
		   struct why *why);

/**
 * The first row that is not older than `at` (ms since 1970); one behind the last row
 * when all are.
 */
int chain_find(uint64_t *seq, sqlite3 *db, int64_t at, struct why *why);

#endif
