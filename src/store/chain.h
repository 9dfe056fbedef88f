/**
 * The chain: rows of the table `fact`, read with suspicion and checked one against
 * the other. Replay, verify and export all walk the ledger through here.
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

/* The beginning: SHA-256 of a tag and this ledger's random id (table `meta`). */
int chain_begin(struct chain_head *head, sqlite3 *db, struct why *why);

/* The place `seq` as the row itself tells it; the beginning for 0. */
int chain_at(struct chain_head *head, sqlite3 *db, uint64_t seq, struct why *why);

/* The last row's seq; 0 in an empty ledger. */
int chain_last(uint64_t *seq, sqlite3 *db, struct why *why);

/* Prepares the reading of all rows with seq in ?1..?2, in order, for chain_next(). */
int chain_prepare(sqlite3_stmt **out, sqlite3 *db, struct why *why);

/**
 * Steps to the next row and checks that it follows `head`: its columns are of the
 * right types and lengths, seq is one more, `at` not smaller, and the hash is the one
 * that the rest of the row makes.
 *
 * row: borrowed from the statement, until its next step.
 *
 * Returns 1 with `head` moved on, 0 at the end, ERR_CORRUPT with `why` naming the row,
 * or ERR_IO.
 */
int chain_next(struct chain_head *head, sqlite3_stmt *stmt, struct fact_row *row,
	       struct why *why);

#endif
