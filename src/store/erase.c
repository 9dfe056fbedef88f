#include "store/erase.h"

#include "base/err.h"
#include "store/db.h"

/* Deletes the key of each meeting that waits for it. */
static int delete_keys(sqlite3 *db, struct keyring *keys, struct why *why)
{
	sqlite3_stmt *s;
	int err, rc = SQLITE_DONE;

	err = db_prepare(&s, db, "SELECT first FROM erasing", why);
	if (err)
		return err;
	while (!err && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = keyring_delete(keys, (uint64_t)sqlite3_column_int64(s, 0), why);
	if (!err && rc != SQLITE_DONE)
		err = db_error(db, "what is to be erased", why);
	sqlite3_finalize(s);
	return err;
}

int erase_run(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why)
{
	sqlite3_int64 cut = 0;
	int err;

	(void)c;
	err = db_number(&cut, db, "SELECT seq FROM cut", why);
	if (!err)
		err = delete_keys(db, keys, why);
	if (!err)
		err = keyring_sweep(keys, (uint64_t)cut, why);
	if (!err)
		err = keyring_purge(keys, why);
	if (err)
		keyring_rollback(keys);
	/* only now: what a crash leaves undone must be found again */
	if (!err)
		err = db_exec(db, "DELETE FROM erasing", why);
	return err;
}
