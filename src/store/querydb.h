/**
 * What the files of query.h share with each other, and with nobody else.
 */
#ifndef PARAVENT_STORE_QUERYDB_H
#define PARAVENT_STORE_QUERYDB_H

#include <sqlite3.h>

#include "store/query.h"

sqlite3 *querydb_of(struct query *q);

/* 1 with a row, 0 at the end, or an error as db_error(). */
int querydb_step(struct query *q, sqlite3_stmt *s, struct why *why);

/* The seq of the meeting's first fact, which names it in the views; ERR_NOT_FOUND. */
int querydb_first(struct query *q, const char *id, size_t len, sqlite3_int64 *first,
		  struct why *why);

#endif
