/**
 * SQLite, opened the one way we want it: nothing is lost at a power cut, nothing in
 * the file is trusted, and what fails is one of our errors with a sentence.
 */
#ifndef PARAVENT_STORE_DB_H
#define PARAVENT_STORE_DB_H

#include <sqlite3.h>

#include "store/why.h"

/* Others (a backup tool, a curious administrator) may hold a lock for a moment. */
#define DB_BUSY_MS 5000

enum db_mode {
	DB_READ,	/* also while another process writes */
	DB_WRITE,	/* made if missing, readable by its owner alone */
};

/**
 * Opens `dir`/`name`; the connection is for one thread at a time. db_write_ahead() must
 * follow before anything is written, once it is known that the file is ours.
 *
 * Returns 0, ERR_NOT_FOUND (only DB_READ), ERR_TOO_BIG (the path) or ERR_IO.
 */
int db_open(sqlite3 **out, const char *dir, const char *name, enum db_mode mode,
	    struct why *why);

/* An empty database in memory, to be thrown away. */
int db_open_scratch(sqlite3 **out, struct why *why);

/* Accepts NULL; all statements must have been finalized. */
void db_close(sqlite3 *db);

/* Write-ahead log, synced at each commit, checkpointed when we say so (wal.h). */
int db_write_ahead(sqlite3 *db, struct why *why);

/* No write-ahead log beside it any more, so that it can be read where nothing is written. */
int db_alone(sqlite3 *db, struct why *why);

int db_exec(sqlite3 *db, const char *sql, struct why *why);
int db_prepare(sqlite3_stmt **out, sqlite3 *db, const char *sql, struct why *why);

/* The one number or the one text that a query answers, for pragmas and counts. */
int db_number(sqlite3_int64 *out, sqlite3 *db, const char *sql, struct why *why);
int db_text(struct why *out, sqlite3 *db, const char *sql, struct why *why);

/* SQLite's own check of the whole file; ERR_CORRUPT when it finds something. */
int db_check(sqlite3 *db, const char *file, struct why *why);

/**
 * What the last call on `db` failed of, to be asked right after it: ERR_CORRUPT
 * (damaged, or no database at all), ERR_AGAIN (disk or quota full, or file locked:
 * nothing happened, try later), else ERR_IO.
 *
 * doing: what was being done, for the sentence.
 */
int db_error(sqlite3 *db, const char *doing, struct why *why);

#endif
