#include "store/keyfile.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "store/schema.h"

#define STORE_ID_SIZE 16

static int read_id(uint8_t id[STORE_ID_SIZE], sqlite3 *db, struct why *why)
{
	sqlite3_stmt *stmt;
	int err = db_prepare(&stmt, db, "SELECT store FROM meta WHERE id = 1", why);

	if (err)
		return err;
	if (sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_bytes(stmt, 0) == STORE_ID_SIZE)
		memcpy(id, sqlite3_column_blob(stmt, 0), STORE_ID_SIZE);
	else
		err = ERR_NOT_FOUND;
	sqlite3_finalize(stmt);
	return err;
}

static int write_id(sqlite3 *db, const uint8_t id[STORE_ID_SIZE], struct why *why)
{
	sqlite3_stmt *stmt;
	int err = db_prepare(&stmt, db, "INSERT INTO meta (id, store) VALUES (1, ?1)", why);

	if (err)
		return err;
	sqlite3_bind_blob(stmt, 1, id, STORE_ID_SIZE, SQLITE_STATIC);
	if (sqlite3_step(stmt) != SQLITE_DONE)
		err = db_error(db, "keys.db", why);
	sqlite3_finalize(stmt);
	return err;
}

/*
 * Keys beside a ledger they were not made for are the sign that somebody restored or
 * lost one of the two files; to go on would overwrite keys that are still needed.
 */
static int match(bool *anew, sqlite3 *keys, sqlite3 *facts, enum db_mode mode,
		 struct why *why)
{
	uint8_t ours[STORE_ID_SIZE], theirs[STORE_ID_SIZE];
	int err;

	if (read_id(ours, facts, why))
		return why_set(why, ERR_CORRUPT, "the ledger has lost its id");
	err = read_id(theirs, keys, why);
	if (err == ERR_NOT_FOUND && mode == DB_WRITE) {
		*anew = true;
		return write_id(keys, ours, why);
	}
	if (!err && memcmp(ours, theirs, STORE_ID_SIZE) != 0)
		err = ERR_UNKNOWN;
	if (err)
		return why_set(why, err, "keys.db belongs to another ledger than the "
			       "ledger.db beside it: put back the right file, or move "
			       "keys.db away to start without it");
	return 0;
}

int keyfile_open(sqlite3 **out, bool *anew, const char *dir, sqlite3 *facts,
		 enum db_mode mode, struct why *why)
{
	sqlite3 *db = NULL;
	int err;

	*anew = false;
	err = schema_open(&db, dir, &schema_keys, mode, why);
	if (!err && mode == DB_WRITE)
		err = db_exec(db, "PRAGMA secure_delete = ON", why);
	if (!err)
		err = match(anew, db, facts, mode, why);
	if (err) {
		db_close(db);
		return err;
	}
	*out = db;
	return 0;
}
