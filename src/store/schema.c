#include "store/schema.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "store/views.h"

#define VIEWS_SINCE 2		/* the schema's version */
#define LOG_FACTS 20000

static bool log_progress(void *arg, uint64_t done, uint64_t of)
{
	(void)arg;
	if (done % LOG_FACTS == 0)
		log_info("ledger views are filled facts=%llu of=%llu",
			 (unsigned long long)done, (unsigned long long)of);
	return true;
}

/* Views of a ledger that had none before. */
static int ledger_migrated(sqlite3 *db, int version, struct why *why)
{
	return version == VIEWS_SINCE ? views_fill(db, log_progress, NULL, why) : 0;
}

const struct schema schema_ledger = {
	"ledger.db", 0x50764c67, ledger_migrations, ledger_migrated,
};
const struct schema schema_keys = {
	"keys.db", 0x50764b79, keys_migrations, NULL,
};
const struct schema schema_staff = {
	"staff.db", 0x50765374, staff_migrations, NULL,
};

/* Reads the file's version; 0 for an empty file. */
static int identify(int *version, sqlite3 *db, const struct schema *schema, int known,
		    struct why *why)
{
	sqlite3_int64 id, v, tables;
	int err;

	err = db_number(&id, db, "PRAGMA application_id", why);
	if (!err)
		err = db_number(&v, db, "PRAGMA user_version", why);
	if (!err)
		err = db_number(&tables, db, "SELECT count(*) FROM sqlite_schema", why);
	if (err)
		return err;
	if (id != schema->application_id && (id || v || tables))
		return why_set(why, ERR_UNKNOWN, "%s is the file of another program",
			       schema->file);
	if (v > known)
		return why_set(why, ERR_VERSION, "%s has schema version %lld, and this "
			       "version of Paravent knows only up to %d: install the "
			       "newer one again", schema->file, v, known);
	if (id && (v < 1 || !tables))
		return why_set(why, ERR_CORRUPT, "%s has lost its schema", schema->file);
	*version = (int)v;
	return 0;
}

static bool same_text(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	const unsigned char *x = sqlite3_column_text(a, column);
	const unsigned char *y = sqlite3_column_text(b, column);
	const int len = sqlite3_column_bytes(a, column);

	if (!x || !y)	/* an index that SQLite made itself has no statement */
		return x == y;
	return len == sqlite3_column_bytes(b, column) && memcmp(x, y, (size_t)len) == 0;
}

/* Which of two rows, in the order of their names, has no equal on the other side. */
static const char *odd_one(sqlite3_stmt *is, int a, sqlite3_stmt *should, int b)
{
	const char *x = a == SQLITE_ROW ? (const char *)sqlite3_column_text(is, 1) : NULL;
	const char *y = b == SQLITE_ROW ? (const char *)sqlite3_column_text(should, 1) :
					  NULL;

	return !y || (x && strcmp(x, y) < 0) ? x : y;
}

static int compare_rows(sqlite3 *db, sqlite3_stmt *is, sqlite3_stmt *should,
			const struct schema *schema, struct why *why)
{
	const char *name;
	bool same;
	int a, b;

	do {
		a = sqlite3_step(is);
		b = sqlite3_step(should);
		if (a != SQLITE_ROW && a != SQLITE_DONE)
			return db_error(db, schema->file, why);
		if (a == SQLITE_DONE && b == SQLITE_DONE)
			return 0;
		same = a == b;
		for (int i = 0; same && i < sqlite3_column_count(is); i++)
			same = same_text(is, should, i);
	} while (same);
	name = odd_one(is, a, should, b);
	return why_set(why, ERR_CORRUPT, "%s: the schema was changed: table, index or "
		       "trigger \"%s\" is not as we made it", schema->file,
		       name ? name : "");
}

/* Whether the file has what the migrations up to its version make. */
static int compare(sqlite3 *db, const struct schema *schema, int version,
		   struct why *why)
{
	static const char sql[] =
		"SELECT type, name, tbl_name, sql FROM sqlite_schema "
		"WHERE NOT (type IN ('table', 'index') AND tbl_name GLOB '_litestream_*') "
		"ORDER BY name, type, tbl_name, sql";
	sqlite3_stmt *is = NULL, *should = NULL;
	sqlite3 *scratch = NULL;
	int i, err;

	err = db_open_scratch(&scratch, why);
	for (i = 0; !err && i < version; i++)
		err = db_exec(scratch, schema->migrations[i], why);
	if (!err)
		err = db_prepare(&should, scratch, sql, why);
	if (!err)
		err = db_prepare(&is, db, sql, why);
	if (!err)
		err = compare_rows(db, is, should, schema, why);
	sqlite3_finalize(is);
	sqlite3_finalize(should);
	db_close(scratch);
	return err;
}

/* One step, all or nothing, together with the number that says it was taken. */
static int migrate(sqlite3 *db, const struct schema *schema, int to, struct why *why)
{
	char pragmas[96];
	int err;

	snprintf(pragmas, sizeof(pragmas),
		 "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		 (int)schema->application_id, to);
	err = db_exec(db, "BEGIN IMMEDIATE", why);
	if (!err)
		err = db_exec(db, schema->migrations[to - 1], why);
	if (!err && schema->migrated)
		err = schema->migrated(db, to, why);
	if (!err)
		err = db_exec(db, pragmas, why);
	if (!err)
		err = db_exec(db, "COMMIT", why);
	if (err && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

static int bring_up_to_date(sqlite3 *db, const struct schema *schema, int version,
			    int known, struct why *why)
{
	const int from = version;
	int err = db_write_ahead(db, why);

	if (from > 0 && from < known)
		log_notice("%s is brought up to date from=%d to=%d", schema->file, from,
			   known);
	while (!err && version < known)
		err = migrate(db, schema, ++version, why);
	if (!err && from > 0 && from < known)
		log_notice("%s is up to date version=%d", schema->file, known);
	return err;
}

int schema_open(sqlite3 **out, const char *dir, const struct schema *schema,
		enum db_mode mode, struct why *why)
{
	sqlite3 *db = NULL;
	int version = 0, known = 0, err;

	while (schema->migrations[known])
		known++;
	err = db_open(&db, dir, schema->file, mode, why);
	if (!err)
		err = identify(&version, db, schema, known, why);
	if (!err && mode == DB_READ && version == 0)
		err = why_set(why, ERR_NOT_FOUND, "%s is empty", schema->file);
	if (!err && mode == DB_READ && version < known)
		err = why_set(why, ERR_VERSION, "%s is of an older version of Paravent: "
			      "start the server once, which brings it up to date",
			      schema->file);
	if (!err && version > 0)
		err = compare(db, schema, version, why);
	if (!err && mode == DB_WRITE)
		err = bring_up_to_date(db, schema, version, known, why);
	if (err) {
		db_close(db);
		return err;
	}
	*out = db;
	return 0;
}
