#include "store/hookcursor.h"

#include <string.h>

#include "base/err.h"
#include "store/db.h"

/* Runs `step` for each of the list, in one transaction. */
static int for_each(sqlite3 *db, const char *sql, const char *doing,
		    int (*step)(sqlite3_stmt *stmt, struct hookcursor *c),
		    struct hookcursor *list, size_t count, struct why *why)
{
	sqlite3_stmt *stmt = NULL;
	int err = db_exec(db, "BEGIN IMMEDIATE", why);

	if (err)
		return err;
	err = db_prepare(&stmt, db, sql, why);
	for (size_t i = 0; !err && i < count; i++) {
		sqlite3_bind_text(stmt, 1, list[i].name, -1, SQLITE_STATIC);
		if (step(stmt, &list[i]) != SQLITE_DONE)
			err = db_error(db, doing, why);
		sqlite3_reset(stmt);
	}
	sqlite3_finalize(stmt);
	if (!err)
		err = db_exec(db, "COMMIT", why);
	if (err && !sqlite3_get_autocommit(db))
		db_exec(db, "ROLLBACK", &(struct why){.text = ""});
	return err;
}

static int save_one(sqlite3_stmt *stmt, struct hookcursor *c)
{
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)c->seq);
	sqlite3_bind_int64(stmt, 3, c->at);
	return sqlite3_step(stmt);
}

static int load_one(sqlite3_stmt *stmt, struct hookcursor *c)
{
	int rc = save_one(stmt, c);

	if (rc != SQLITE_ROW)
		return rc;
	c->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
	c->at = sqlite3_column_int64(stmt, 1);
	return sqlite3_step(stmt);
}

int hookcursor_load(sqlite3 *db, struct hookcursor *list, size_t count, struct why *why)
{
	/* an update that changes nothing, so that what is there is returned too */
	return for_each(db,
			"INSERT INTO webhook (name, seq, at) VALUES (?1, ?2, ?3) "
			"ON CONFLICT (name) DO UPDATE SET seq = seq RETURNING seq, at",
			"reading how far webhooks are", load_one, list, count, why);
}

int hookcursor_save(sqlite3 *db, struct hookcursor *list, size_t count, struct why *why)
{
	return for_each(db,
			"INSERT INTO webhook (name, seq, at) VALUES (?1, ?2, ?3) "
			"ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, "
			"at = excluded.at",
			"writing how far webhooks are", save_one, list, count, why);
}
