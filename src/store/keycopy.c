#include "store/keycopy.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/keyfile.h"
#include "store/keyring.h"
#include "store/seed.h"

/* One key; that there is none means that it was erased. */
static int copy_one(sqlite3_stmt *insert, struct keyring *from, uint64_t first,
		    struct why *why)
{
	uint8_t key[SEAL_KEY_SIZE];
	int err = keyring_get(from, first, key, why);

	if (err)
		return err == ERR_NOT_FOUND ? 0 : err;
	sqlite3_bind_int64(insert, 1, (sqlite3_int64)first);
	sqlite3_bind_blob(insert, 2, key, sizeof(key), SQLITE_STATIC);
	if (sqlite3_step(insert) != SQLITE_DONE)
		err = db_error(sqlite3_db_handle(insert), "the copy of keys.db", why);
	sqlite3_reset(insert);
	sqlite3_clear_bindings(insert);
	mem_wipe(key, sizeof(key));
	return err;
}

static int copy_all(sqlite3 *to, struct keyring *from, sqlite3 *facts, struct why *why)
{
	sqlite3_stmt *insert = NULL, *streams = NULL;
	int err, rc = SQLITE_DONE;

	err = db_prepare(&insert, to, "INSERT INTO key (stream, key) VALUES (?1, ?2)", why);
	if (!err)
		err = seed_streams(&streams, facts, 1, 1, why);
	while (!err && (rc = sqlite3_step(streams)) == SQLITE_ROW)
		err = copy_one(insert, from, (uint64_t)sqlite3_column_int64(streams, 0),
			       why);
	if (!err && rc != SQLITE_DONE)
		err = db_error(facts, "the copy of ledger.db", why);
	sqlite3_finalize(insert);
	sqlite3_finalize(streams);
	return err;
}

int keycopy_make(const char *from_dir, const char *to_dir, sqlite3 *facts,
		 struct why *why)
{
	struct keyring *from = NULL;
	sqlite3 *to = NULL;
	bool anew;
	int err;

	err = keyring_open(&from, from_dir, facts, DB_READ, why);
	if (!err)
		err = keyfile_open(&to, &anew, to_dir, facts, DB_WRITE, why);
	if (!err)
		err = db_exec(to, "BEGIN", why);
	if (!err)
		err = copy_all(to, from, facts, why);
	if (!err)
		err = db_exec(to, "COMMIT", why);
	if (!err)
		err = db_alone(to, why);
	db_close(to);
	keyring_close(from);
	return err;
}
