#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

/* A quota is a full disk too, and one that the kernel made read-only takes nothing
 * either, though SQLite has no word of its own for them. */
static bool takes_nothing(int code, int sys)
{
	return code == SQLITE_IOERR_WRITE && (sys == EDQUOT || sys == EROFS);
}

int db_error(sqlite3 *db, const char *doing, struct why *why)
{
	const int sys = errno;	/* sqlite3_system_errno() knows none after COMMIT */
	const int code = sqlite3_extended_errcode(db);
	int err;

	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		err = ERR_CORRUPT;
		break;
	case SQLITE_FULL:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		err = ERR_AGAIN;
		break;
	default:
		err = takes_nothing(code, sys) ? ERR_AGAIN : ERR_IO;
	}
	if (((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) && sys)
		return why_set(why, err, "%s: %s (%s)", doing, sqlite3_errmsg(db),
			       strerror(sys));
	return why_set(why, err, "%s: %s", doing, sqlite3_errmsg(db));
}

/*
 * Makes the file before SQLite does, for SQLite would let the umask decide; the
 * write-ahead log and its index take their mode from the file.
 */
static int make_private(const char *path, struct why *why)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int failed;

	if (fd >= 0) {
		failed = fchmod(fd, 0600);
		close(fd);
	} else if (errno == EEXIST) {
		failed = stat(path, &st);
		if (!failed && (st.st_mode & 077))
			failed = chmod(path, 0600);
	} else {
		failed = -1;
	}
	if (failed)
		return why_set(why, ERR_IO, "%s: %s", path, strerror(errno));
	return 0;
}

/*
 * trusted_schema stays on: SQLite 3.40 takes the json_valid() of our CHECK for unsafe
 * and could not even read the table. Instead schema_open() compares the schema with
 * ours, letter by letter, before any statement runs that it could have a part in.
 */
static int configure(sqlite3 *db, enum db_mode mode, struct why *why)
{
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, DB_BUSY_MS);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	return db_exec(db,
		       mode == DB_READ ?
		       "PRAGMA query_only = ON;"
		       "PRAGMA trusted_schema = ON;"
		       "PRAGMA cell_size_check = ON;"
		       "PRAGMA mmap_size = 0;" :
		       "PRAGMA foreign_keys = ON;"
		       "PRAGMA recursive_triggers = ON;"
		       "PRAGMA trusted_schema = ON;"
		       "PRAGMA cell_size_check = ON;"
		       "PRAGMA temp_store = MEMORY;"
		       "PRAGMA mmap_size = 0;", why);
}

/* SQLite counts its memory under a lock that all threads share; nobody asks for that. */
static void count_nothing(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int connect(sqlite3 **out, const char *path, int flags, enum db_mode mode,
		   struct why *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sqlite3 *db = NULL;
	int rc, err;

	pthread_once(&once, count_nothing);
	rc = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	err = rc == SQLITE_OK ? configure(db, mode, why) : db_error(db, path, why);
	if (err) {
		db_close(db);
		return err;
	}
	*out = db;
	return 0;
}

int db_open(sqlite3 **out, const char *dir, const char *name, enum db_mode mode,
	    struct why *why)
{
	char path[PATH_MAX];
	int err, n;

	n = snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return why_set(why, ERR_TOO_BIG, "%s: the path is too long", dir);
	if (mode == DB_WRITE) {
		err = make_private(path, why);
		if (err)
			return err;
		return connect(out, path, SQLITE_OPEN_READWRITE, mode, why);
	}
	if (access(path, F_OK) != 0)
		return why_set(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s",
			       path, strerror(errno));
	return connect(out, path, SQLITE_OPEN_READONLY, mode, why);
}

int db_open_scratch(sqlite3 **out, struct why *why)
{
	return connect(out, ":memory:", SQLITE_OPEN_READWRITE, DB_WRITE, why);
}

void db_close(sqlite3 *db)
{
	sqlite3_close(db);
}

int db_write_ahead(sqlite3 *db, struct why *why)
{
	struct why mode;
	int err;

	err = db_text(&mode, db, "PRAGMA journal_mode = WAL", why);
	if (err)
		return err;
	if (strcmp(mode.text, "wal") != 0)
		return why_set(why, ERR_IO, "this file system has no shared memory for "
			       "SQLite's write-ahead log");
	return db_exec(db,
		       "PRAGMA synchronous = FULL;"
		       "PRAGMA wal_autocheckpoint = 0;"
		       "PRAGMA journal_size_limit = 67108864;", why);
}

int db_alone(sqlite3 *db, struct why *why)
{
	struct why mode;
	int err;

	err = db_text(&mode, db, "PRAGMA journal_mode = DELETE", why);
	if (!err && strcmp(mode.text, "delete") != 0)
		err = why_set(why, ERR_IO, "the copy stays in mode %s", mode.text);
	return err;
}

int db_exec(sqlite3 *db, const char *sql, struct why *why)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(db, "database", why);
	return 0;
}

int db_prepare(sqlite3_stmt **out, sqlite3 *db, const char *sql, struct why *why)
{
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) !=
	    SQLITE_OK)
		return db_error(db, "database", why);
	return 0;
}

int db_number(sqlite3_int64 *out, sqlite3 *db, const char *sql, struct why *why)
{
	sqlite3_stmt *stmt;
	int err = db_prepare(&stmt, db, sql, why);

	if (err)
		return err;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*out = sqlite3_column_int64(stmt, 0);
	else
		err = db_error(db, "database", why);
	sqlite3_finalize(stmt);
	return err;
}

int db_text(struct why *out, sqlite3 *db, const char *sql, struct why *why)
{
	const unsigned char *text;
	sqlite3_stmt *stmt;
	int err = db_prepare(&stmt, db, sql, why);

	if (err)
		return err;
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		text = sqlite3_column_text(stmt, 0);
		why_set(out, 0, "%s", text ? (const char *)text : "");
	} else {
		err = db_error(db, "database", why);
	}
	sqlite3_finalize(stmt);
	return err;
}

int db_check(sqlite3 *db, const char *file, struct why *why)
{
	struct why found;
	int err = db_text(&found, db, "PRAGMA quick_check(1)", why);

	if (!err && strcmp(found.text, "ok") != 0)
		err = why_set(why, ERR_CORRUPT, "%s is damaged: %s", file, found.text);
	return err;
}
