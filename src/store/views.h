/**
 * The views: tables that are derived from the facts, so that lists, reports and starts
 * need not read the whole story. sql/0002-views.sql makes the tables, sql/views.sql
 * says for each kind of fact what changes in them.
 *
 * The writer changes them in the transaction that appends the fact, so they always say
 * what the facts say; views_rebuild() makes them anew and a test compares.
 */
#ifndef PARAVENT_STORE_VIEWS_H
#define PARAVENT_STORE_VIEWS_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "proto/fact.h"
#include "store/why.h"

/* The blocks of sql/views.sql, and one without a kind; by sql/embed.sh. */
struct views_sql {
	const char *kind;
	bool once;		/* not when the views are rebuilt */
	const char *sql;
};
extern const struct views_sql views_sql[];

struct views;

/**
 * db:   borrowed; the statements are prepared on it.
 * live: false leaves out what is to be done once only.
 */
int views_new(struct views **out, sqlite3 *db, bool live, struct why *why);
void views_free(struct views *v);		/* accepts NULL */

/**
 * Changes what the fact `row`, which was inserted a moment ago, tells. A fact about rows
 * that are not there (any more) changes nothing.
 *
 * first: of its stream (stories.h); 0 if the stream's beginning is not there any more.
 *
 * Returns 0, or an error as db_error().
 */
int views_apply(struct views *v, enum fact_kind kind, const struct fact_row *row,
		uint64_t first, struct why *why);

/* Now and then: how many of how many facts were read. Runs on the caller's thread.
 * Returns whether to go on. */
typedef bool views_progress_fn(void *arg, uint64_t done, uint64_t of);

/**
 * Empties the view tables and fills them from all facts, in one transaction; each fact is
 * checked against the chain. May be called out of a chore.
 *
 * progress: or NULL.
 *
 * Returns 0; ERR_VERSION at a kind that this version does not know; ERR_UNAVAILABLE when
 * it was not to go on; ERR_CORRUPT, ERR_AGAIN or ERR_IO. Then everything is as it was.
 */
int views_rebuild(sqlite3 *db, views_progress_fn *progress, void *arg,
		  struct why *why);

/* The same in the caller's transaction, which he rolls back on an error. */
int views_fill(sqlite3 *db, views_progress_fn *progress, void *arg, struct why *why);

#endif
