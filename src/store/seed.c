#include "store/seed.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "store/db.h"
#include "store/seal.h"

int seed_begin(sqlite3_int64 *first, sqlite3 *keys, struct why *why)
{
	return db_number(first, keys,
			 "SELECT coalesce(max(-stream), 0) FROM key WHERE stream < 0", why);
}

int seed_streams(sqlite3_stmt **out, sqlite3 *facts, sqlite3_int64 first,
		 sqlite3_int64 since, struct why *why)
{
	sqlite3_stmt *s;
	int err;

	err = db_prepare(&s, facts, "SELECT DISTINCT stream.first FROM fact "
			 "JOIN stream ON stream.name = fact.stream "
			 "WHERE fact.seq >= ?1 AND fact.sealed IS NOT NULL "
			 "AND stream.first >= ?2 ORDER BY 1", why);
	if (err)
		return err;
	sqlite3_bind_int64(s, 1, since > first ? since : first);
	sqlite3_bind_int64(s, 2, first);
	*out = s;
	return 0;
}

static int put(sqlite3_stmt *s, sqlite3_int64 name, const uint8_t key[SEAL_KEY_SIZE],
	       struct why *why)
{
	int err = 0;

	sqlite3_bind_int64(s, 1, name);
	sqlite3_bind_blob(s, 2, key, SEAL_KEY_SIZE, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		err = db_error(sqlite3_db_handle(s), "keys.db", why);
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return err;
}

/* The seed that begins at `first`. */
static int read_seed(uint8_t seed[SEAL_KEY_SIZE], sqlite3 *keys, sqlite3_int64 first,
		     struct why *why)
{
	sqlite3_stmt *s;
	int err = db_prepare(&s, keys, "SELECT key FROM key WHERE stream = -?1", why);

	if (err)
		return err;
	sqlite3_bind_int64(s, 1, first);
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_bytes(s, 0) == SEAL_KEY_SIZE)
		memcpy(seed, sqlite3_column_blob(s, 0), SEAL_KEY_SIZE);
	else
		err = why_set(why, ERR_CORRUPT, "a key in keys.db is damaged");
	sqlite3_finalize(s);
	return err;
}

/* A row of its own for each stream that took a key from the seed at `first`. */
static int write_out(sqlite3_stmt *insert, sqlite3 *keys, sqlite3 *facts,
		     sqlite3_int64 first, sqlite3_int64 since, struct why *why)
{
	uint8_t seed[SEAL_KEY_SIZE], key[SEAL_KEY_SIZE];
	sqlite3_stmt *streams = NULL;
	int err, rc = SQLITE_DONE;

	err = read_seed(seed, keys, first, why);
	if (!err)
		err = seed_streams(&streams, facts, first, since, why);
	while (!err && (rc = sqlite3_step(streams)) == SQLITE_ROW) {
		const sqlite3_int64 name = sqlite3_column_int64(streams, 0);

		seal_derive(key, seed, (uint64_t)name);
		err = put(insert, name, key, why);
	}
	if (!err && rc != SQLITE_DONE)
		err = db_error(facts, "ledger.db", why);
	sqlite3_finalize(streams);
	mem_wipe(key, sizeof(key));
	mem_wipe(seed, sizeof(seed));
	return err;
}

static int begin_anew(sqlite3_stmt *insert, sqlite3 *keys, sqlite3 *facts,
		      struct why *why)
{
	uint8_t seed[SEAL_KEY_SIZE];
	sqlite3_int64 last;
	int err;

	err = db_number(&last, facts, "SELECT coalesce(max(seq), 0) FROM fact", why);
	if (!err)
		err = db_exec(keys, "DELETE FROM key WHERE stream < 0", why);
	if (err)
		return err;
	rnd_bytes(seed, sizeof(seed));
	err = put(insert, -last - 1, seed, why);
	mem_wipe(seed, sizeof(seed));
	return err;
}

int seed_settle(sqlite3 *keys, sqlite3 *facts, sqlite3_int64 since, struct why *why)
{
	sqlite3_stmt *insert = NULL;
	sqlite3_int64 first;
	int err;

	err = db_prepare(&insert, keys, "REPLACE INTO key (stream, key) VALUES (?1, ?2)",
			 why);
	if (!err)
		err = seed_begin(&first, keys, why);
	if (!err && first)
		err = write_out(insert, keys, facts, first, since, why);
	if (!err)
		err = begin_anew(insert, keys, facts, why);
	sqlite3_finalize(insert);
	return err;
}
