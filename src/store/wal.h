/**
 * Who moves the write-ahead log into the file, and when. SQLite would do it inside a
 * COMMIT, which makes that one commit late; we do it between commits, when there is
 * enough, or when nothing else is to be done.
 */
#ifndef PARAVENT_STORE_WAL_H
#define PARAVENT_STORE_WAL_H

#include <stdbool.h>

#include <sqlite3.h>

#include "store/why.h"

struct wal {
	sqlite3 *db;
	int pages;	/* in the log */
	int moved;	/* of these, also in the file */
	int tried;	/* in the log when we last tried to move them */
};

/* Counts the pages of `db` from now on; *w must stay where it is. */
void wal_init(struct wal *w, sqlite3 *db);

/**
 * Moves what readers allow, if 1000 pages (4 MB) have come since the last time, or any
 * and `idle`.
 *
 * Returns 0, also when a full disk or a reader only put it off, or ERR_IO or
 * ERR_CORRUPT when the file is in doubt.
 */
int wal_tidy(struct wal *w, bool idle, struct why *why);

/* Moves all and cuts the log to nothing, for a clean end. Errors as wal_tidy(). */
int wal_empty(struct wal *w, struct why *why);

/* The same, but ERR_AGAIN when it was put off: readers are not waited for long. */
int wal_purge(struct wal *w, struct why *why);

#endif
