#include "store/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "store/keyfile.h"
#include "store/seed.h"
#include "store/wal.h"

#define SETTLE_FACTS 4000	/* so many are looked through in 2 ms */
#define SETTLE_BUSY_MS 50	/* facts wait meanwhile */

struct keyring {
	sqlite3 *db;
	sqlite3 *facts;			/* borrowed */
	sqlite3_stmt *first;		/* of `facts`: the first seq of a stream */
	sqlite3_stmt *get, *put, *drop;
	struct wal wal;

	/* The first and the last fact that may have taken a key since the seed began;
	 * 0: none has. */
	uint64_t oldest, newest;
	bool made;			/* one had to be made alone: there is no seed */
	bool settled;			/* in this transaction */
};

/* keys.db is new: says so when it had been there before. */
static int tell_loss(sqlite3 *facts, struct why *why)
{
	sqlite3_int64 sealed;
	int err = db_number(&sealed, facts, "SELECT EXISTS "
			    "(SELECT 1 FROM fact WHERE sealed IS NOT NULL)", why);

	if (!err && sealed)
		log_warn("keys.db was not there and was made anew: titles and names in "
			 "the log from before cannot be read; put back the file to read "
			 "them");
	return err;
}

int keyring_open(struct keyring **out, const char *dir, sqlite3 *facts,
		 enum db_mode mode, struct why *why)
{
	struct keyring *k = mem_new(sizeof(*k));
	bool anew;
	int err;

	k->facts = facts;
	err = keyfile_open(&k->db, &anew, dir, facts, mode, why);
	if (!err && anew)
		err = tell_loss(facts, why);
	if (!err)
		err = db_prepare(&k->get, k->db, "SELECT stream, key FROM key "
				 "WHERE stream BETWEEN -?1 AND -1 UNION ALL "
				 "SELECT stream, key FROM key WHERE stream = ?1 "
				 "ORDER BY 1", why);
	if (!err)
		err = db_prepare(&k->put, k->db, "REPLACE INTO key (stream, key) "
				 "VALUES (?1, ?2)", why);
	if (!err)
		err = db_prepare(&k->drop, k->db, "DELETE FROM key WHERE stream = ?1",
				 why);
	if (!err)
		err = db_prepare(&k->first, facts, "SELECT first FROM stream "
				 "WHERE name = ?1", why);
	if (err) {
		keyring_close(k);
		return err;
	}
	wal_init(&k->wal, k->db);
	k->oldest = 1;		/* an earlier run may have left something to settle */
	*out = k;
	return 0;
}

void keyring_close(struct keyring *k)
{
	if (!k)
		return;
	sqlite3_finalize(k->first);
	sqlite3_finalize(k->get);
	sqlite3_finalize(k->put);
	sqlite3_finalize(k->drop);
	db_close(k->db);
	free(k);
}

int keyring_check(struct keyring *k, struct why *why)
{
	return db_check(k->db, "keys.db", why);
}

/* The name of the key: the seq of the stream's first fact, which may be this one. */
static int name_of(sqlite3_int64 *name, struct keyring *k, const struct fact_row *row,
		   struct why *why)
{
	int err = 0;

	*name = (sqlite3_int64)row->seq;
	if (row->version == 1)
		return 0;
	sqlite3_bind_text(k->first, 1, row->stream, (int)row->stream_len, SQLITE_STATIC);
	switch (sqlite3_step(k->first)) {
	case SQLITE_ROW:
		*name = sqlite3_column_int64(k->first, 0);
		break;
	case SQLITE_DONE:
		err = why_set(why, ERR_CORRUPT, "fact %llu has no first of its stream",
			      (unsigned long long)row->seq);
		break;
	default:
		err = db_error(k->facts, "ledger.db", why);
	}
	sqlite3_reset(k->first);
	return err;
}

/*
 * The key of a stream, out of the seed if it begins there, else of its own; in one
 * statement, for between two somebody may settle. own: whether it is a row of its own.
 */
static int get(uint8_t key[SEAL_KEY_SIZE], bool *own, struct keyring *k,
	       sqlite3_int64 name, struct why *why)
{
	const void *found;
	int err = 0;

	sqlite3_bind_int64(k->get, 1, name);
	switch (sqlite3_step(k->get)) {
	case SQLITE_ROW:
		found = sqlite3_column_blob(k->get, 1);
		*own = sqlite3_column_int64(k->get, 0) > 0;
		if (sqlite3_column_bytes(k->get, 1) != SEAL_KEY_SIZE)
			err = why_set(why, ERR_CORRUPT, "a key in keys.db is damaged");
		else if (*own)
			memcpy(key, found, SEAL_KEY_SIZE);
		else
			seal_derive(key, found, (uint64_t)name);
		break;
	case SQLITE_DONE:
		err = ERR_NOT_FOUND;
		break;
	default:
		err = db_error(k->db, "keys.db", why);
	}
	sqlite3_reset(k->get);
	return err;
}

static int begin(struct keyring *k, struct why *why)
{
	if (!sqlite3_get_autocommit(k->db))
		return 0;
	return db_exec(k->db, "BEGIN IMMEDIATE", why);
}

static int make(uint8_t key[SEAL_KEY_SIZE], struct keyring *k, sqlite3_int64 name,
		struct why *why)
{
	int err = begin(k, why);

	if (err)
		return err;
	k->made = true;
	rnd_bytes(key, SEAL_KEY_SIZE);
	sqlite3_bind_int64(k->put, 1, name);
	sqlite3_bind_blob(k->put, 2, key, SEAL_KEY_SIZE, SQLITE_STATIC);
	if (sqlite3_step(k->put) != SQLITE_DONE)
		err = db_error(k->db, "keys.db", why);
	sqlite3_reset(k->put);
	sqlite3_clear_bindings(k->put);
	return err;
}

int keyring_seal(struct keyring *k, const struct fact_row *row, const char *text,
		 size_t len, uint8_t *out, struct why *why)
{
	uint8_t key[SEAL_KEY_SIZE];
	sqlite3_int64 name;
	bool own = false;
	int err;

	err = name_of(&name, k, row, why);
	if (err)
		return err;
	err = get(key, &own, k, name, why);
	/* a first fact's own key can only be left over from one that never came */
	if (err == ERR_NOT_FOUND || (own && row->version == 1))
		err = make(key, k, name, why);
	if (!err)
		seal_shut(out, key, row, text, len);
	mem_wipe(key, sizeof(key));
	k->newest = row->seq;
	if (!k->oldest)
		k->oldest = row->seq;
	return err;
}

int keyring_commit(struct keyring *k, struct why *why)
{
	int err;

	if (sqlite3_get_autocommit(k->db))
		return 0;
	err = db_exec(k->db, "COMMIT", why);
	if (!err && k->settled) {
		k->oldest = k->newest = 0;
		k->made = false;
	}
	k->settled = false;
	return err;
}

void keyring_rollback(struct keyring *k)
{
	if (!sqlite3_get_autocommit(k->db))
		sqlite3_exec(k->db, "ROLLBACK", NULL, NULL, NULL);
	k->settled = false;
}

static int settle(struct keyring *k, struct why *why)
{
	int err = begin(k, why);

	if (!err)
		err = seed_settle(k->db, k->facts, (sqlite3_int64)k->oldest, why);
	k->settled = !err;
	return err;
}

int keyring_get(struct keyring *k, uint64_t first, uint8_t key[SEAL_KEY_SIZE],
		struct why *why)
{
	bool own;

	return get(key, &own, k, (sqlite3_int64)first, why);
}

ssize_t keyring_unseal(struct keyring *k, const struct fact_row *row, char *out,
		       struct why *why)
{
	uint8_t key[SEAL_KEY_SIZE];
	sqlite3_int64 name;
	int err;

	if (!k)
		return ERR_NOT_FOUND;
	err = name_of(&name, k, row, why);
	if (!err)
		err = keyring_get(k, (uint64_t)name, key, why);
	if (!err && !seal_open(out, key, row))
		err = ERR_NOT_FOUND;	/* erased, and a later one took its place */
	mem_wipe(key, sizeof(key));
	return err ? err : (ssize_t)(row->sealed_len - SEAL_OVERHEAD);
}

static int drop(struct keyring *k, sqlite3_int64 first, struct why *why)
{
	int err = begin(k, why);

	if (err)
		return err;
	sqlite3_bind_int64(k->drop, 1, first);
	if (sqlite3_step(k->drop) != SQLITE_DONE)
		err = db_error(k->db, "keys.db", why);
	sqlite3_reset(k->drop);
	return err;
}

int keyring_delete(struct keyring *k, uint64_t first, struct why *why)
{
	int err = 0;

	/* also when this one is a row already: what is settled later would begin the log
	 * again that keyring_purge() is about to empty */
	if (k->oldest && !k->settled)
		err = settle(k, why);
	return err ? err : drop(k, (sqlite3_int64)first, why);
}

/* Deletes the key that `keys` is at, if `fact` finds no fact of its name. */
static int sweep_one(struct keyring *k, sqlite3_stmt *keys, sqlite3_stmt *fact,
		     struct why *why)
{
	const sqlite3_int64 first = sqlite3_column_int64(keys, 0);
	int err = 0;

	sqlite3_bind_int64(fact, 1, first);
	switch (sqlite3_step(fact)) {
	case SQLITE_ROW:
		break;
	case SQLITE_DONE:
		err = drop(k, first, why);
		break;
	default:
		err = db_error(k->facts, "ledger.db", why);
	}
	sqlite3_reset(fact);
	return err;
}

/* Settles, if streams whose first fact is up to `seq` may have their keys in the seed. */
static int settle_up_to(struct keyring *k, sqlite3_int64 seq, struct why *why)
{
	sqlite3_int64 begins;
	int err = seed_begin(&begins, k->db, why);

	return !err && begins && begins <= seq ? settle(k, why) : err;
}

int keyring_sweep(struct keyring *k, uint64_t seq, struct why *why)
{
	sqlite3_stmt *keys = NULL, *fact = NULL;
	int err, rc = SQLITE_DONE;

	err = settle_up_to(k, (sqlite3_int64)seq, why);
	if (!err)
		err = db_prepare(&keys, k->db, "SELECT stream FROM key "
				 "WHERE stream BETWEEN 1 AND ?1", why);
	if (!err)
		err = db_prepare(&fact, k->facts, "SELECT 1 FROM fact WHERE seq = ?1",
				 why);
	if (!err)
		sqlite3_bind_int64(keys, 1, (sqlite3_int64)seq);
	while (!err && (rc = sqlite3_step(keys)) == SQLITE_ROW)
		err = sweep_one(k, keys, fact, why);
	if (!err && rc != SQLITE_DONE)
		err = db_error(k->db, "keys.db", why);
	sqlite3_finalize(keys);
	sqlite3_finalize(fact);
	return err;
}

/*
 * The log must be empty for good: SQLite does not sync the file that it has cut to
 * nothing, and what a power cut brings back is not only frames but keys.
 */
static int check_empty(sqlite3 *db, struct why *why)
{
	const char *path = sqlite3_filename_wal(sqlite3_db_filename(db, "main"));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int err = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) != 0 || fsync(fd) != 0)
		err = why_set(why, ERR_IO, "%s: %s", path, strerror(errno));
	else if (st.st_size != 0)
		err = why_set(why, ERR_AGAIN, "%s is not empty", path);
	if (fd >= 0)
		close(fd);
	return err;
}

int keyring_purge(struct keyring *k, struct why *why)
{
	int err;

	err = keyring_commit(k, why);
	if (!err)
		err = wal_purge(&k->wal, why);
	return err ? err : check_empty(k->db, why);
}

/* A transaction of its own, which a full disk or somebody's lock only puts off. */
static int settle_now(struct keyring *k, struct why *why)
{
	int err;

	sqlite3_busy_timeout(k->db, SETTLE_BUSY_MS);
	err = settle(k, why);
	if (!err)
		err = keyring_commit(k, why);
	if (err)
		keyring_rollback(k);
	sqlite3_busy_timeout(k->db, DB_BUSY_MS);
	return err == ERR_AGAIN ? 0 : err;
}

int keyring_tidy(struct keyring *k, bool idle, struct why *why)
{
	const bool due = k->made || k->newest >= k->oldest + SETTLE_FACTS;
	int err = 0;

	if (due || (idle && k->oldest))
		err = settle_now(k, why);
	return err ? err : wal_tidy(&k->wal, idle, why);
}

int keyring_empty(struct keyring *k, struct why *why)
{
	int err = k->oldest ? settle_now(k, why) : 0;

	return err ? err : wal_empty(&k->wal, why);
}
