/**
 * Where the facts of a stream are: the tables `stream` (name to `first`, the seq of the
 * stream's first fact) and `story` (first and version to seq), see sql/0002-views.sql.
 *
 * Whoever appends a fact by itself must call stories_append() beside it, which also
 * makes sure of what the table's triggers do for others: that the version is the next
 * of its stream. Streams that were met lately are remembered.
 */
#ifndef PARAVENT_STORE_STORIES_H
#define PARAVENT_STORE_STORIES_H

#include <stdint.h>

#include <sqlite3.h>

#include "proto/fact.h"
#include "store/why.h"

struct stories;

/* db: borrowed. */
int stories_new(struct stories **out, sqlite3 *db, struct why *why);
void stories_free(struct stories *s);		/* accepts NULL */

/**
 * Gives the fact `row` its place in its stream.
 *
 * first: of that stream.
 *
 * Returns 0, ERR_CONFLICT when its version is not the next, or an error as db_error().
 */
int stories_append(struct stories *s, const struct fact_row *row, uint64_t *first,
		   struct why *why);

/* The `first` of the row's stream, 0 if there is no such stream. */
int stories_first(struct stories *s, const struct fact_row *row, uint64_t *first,
		  struct why *why);

/* Forgets what it remembers: after an error, a rollback, or when facts were deleted. */
void stories_forget(struct stories *s);

#endif
