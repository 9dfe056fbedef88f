/**
 * Appending: a group of facts in one transaction, each sealed, chained, inserted, given
 * its place in its stream, and told to the views. For the writer's thread.
 *
 *   append_begin -> append_fact ... -> append_commit, or append_rollback at any error
 */
#ifndef PARAVENT_STORE_APPEND_H
#define PARAVENT_STORE_APPEND_H

#include <stdbool.h>
#include <stddef.h>

#include <sqlite3.h>

#include "proto/fact.h"
#include "store/chain.h"
#include "store/keyring.h"
#include "store/why.h"

struct append;

/* db, keys: borrowed. head: the end of the chain as it lies on disk. */
int append_new(struct append **out, sqlite3 *db, struct keyring *keys,
	       const struct chain_head *head, struct why *why);
void append_free(struct append *a);		/* accepts NULL */

/* The last fact that is on disk for good. */
const struct chain_head *append_head(const struct append *a);

int append_begin(struct append *a, struct why *why);

/**
 * row: borrowed; its seq, `at` and version must be the next ones. `kind` is its kind, and
 * `sealed` is made here.
 *
 * Returns 0, ERR_CONFLICT when its version is not the next, or an error as db_error().
 */
int append_fact(struct append *a, enum fact_kind kind, struct fact_row *row,
		const char *personal, size_t personal_len, struct why *why);

/* Makes the group durable, new keys first. Errors as db_error(). */
int append_commit(struct append *a, struct why *why);

/* Undoes what was done since append_begin(). */
void append_rollback(struct append *a);

/* Something else is about to write (true), or has written, with the same connection. */
void append_yield(struct append *a, bool to_others);

#endif
