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
#include "store/schema.h"
#include "store/wal.h"

#define STORE_ID_SIZE 16

struct keyring {
	sqlite3 *db;
	sqlite3 *facts;			/* borrowed */
	sqlite3_stmt *first;		/* of `facts`: the first seq of a stream */
	sqlite3_stmt *get, *put, *drop;
	struct wal wal;
};

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

/*
 * Keys beside a ledger they were not made for are the sign that somebody restored or
 * lost one of the two files; to go on would overwrite keys that are still needed.
 */
static int match(sqlite3 *keys, sqlite3 *facts, enum db_mode mode, struct why *why)
{
	uint8_t ours[STORE_ID_SIZE], theirs[STORE_ID_SIZE];
	int err;

	if (read_id(ours, facts, why))
		return why_set(why, ERR_CORRUPT, "the ledger has lost its id");
	err = read_id(theirs, keys, why);
	if (err == ERR_NOT_FOUND && mode == DB_WRITE) {
		err = write_id(keys, ours, why);
		return err ? err : tell_loss(facts, why);
	}
	if (!err && memcmp(ours, theirs, STORE_ID_SIZE) != 0)
		err = ERR_UNKNOWN;
	if (err)
		return why_set(why, err, "keys.db belongs to another ledger than the "
			       "ledger.db beside it: put back the right file, or move "
			       "keys.db away to start without it");
	return 0;
}

int keyring_open(struct keyring **out, const char *dir, sqlite3 *facts,
		 enum db_mode mode, struct why *why)
{
	struct keyring *k = mem_new(sizeof(*k));
	int err;

	k->facts = facts;
	err = schema_open(&k->db, dir, &schema_keys, mode, why);
	if (!err && mode == DB_WRITE)
		err = db_exec(k->db, "PRAGMA secure_delete = ON", why);
	if (!err)
		err = match(k->db, facts, mode, why);
	if (!err)
		err = db_prepare(&k->get, k->db, "SELECT key FROM key WHERE stream = ?1",
				 why);
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
	struct why found;
	int err = db_text(&found, k->db, "PRAGMA quick_check(1)", why);

	if (!err && strcmp(found.text, "ok") != 0)
		err = why_set(why, ERR_CORRUPT, "keys.db is damaged: %s", found.text);
	return err;
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

static int get(uint8_t key[SEAL_KEY_SIZE], struct keyring *k, sqlite3_int64 name,
	       struct why *why)
{
	int err = 0;

	sqlite3_bind_int64(k->get, 1, name);
	switch (sqlite3_step(k->get)) {
	case SQLITE_ROW:
		if (sqlite3_column_bytes(k->get, 0) == SEAL_KEY_SIZE)
			memcpy(key, sqlite3_column_blob(k->get, 0), SEAL_KEY_SIZE);
		else
			err = why_set(why, ERR_CORRUPT, "a key in keys.db is damaged");
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
	int err;

	err = name_of(&name, k, row, why);
	if (err)
		return err;
	/* the key of a first fact can only be left over from one that never came */
	err = row->version == 1 ? ERR_NOT_FOUND : get(key, k, name, why);
	if (err == ERR_NOT_FOUND)
		err = make(key, k, name, why);
	if (!err)
		seal_shut(out, key, row, text, len);
	mem_wipe(key, sizeof(key));
	return err;
}

int keyring_commit(struct keyring *k, struct why *why)
{
	if (sqlite3_get_autocommit(k->db))
		return 0;
	return db_exec(k->db, "COMMIT", why);
}

void keyring_rollback(struct keyring *k)
{
	if (!sqlite3_get_autocommit(k->db))
		sqlite3_exec(k->db, "ROLLBACK", NULL, NULL, NULL);
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
		err = get(key, k, name, why);
	if (!err && !seal_open(out, key, row))
		err = ERR_NOT_FOUND;	/* erased, and a later one took its place */
	mem_wipe(key, sizeof(key));
	return err ? err : (ssize_t)(row->sealed_len - SEAL_OVERHEAD);
}

int keyring_delete(struct keyring *k, uint64_t first, struct why *why)
{
	int err = begin(k, why);

	if (err)
		return err;
	sqlite3_bind_int64(k->drop, 1, (sqlite3_int64)first);
	if (sqlite3_step(k->drop) != SQLITE_DONE)
		err = db_error(k->db, "keys.db", why);
	sqlite3_reset(k->drop);
	return err;
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
		err = keyring_delete(k, (uint64_t)first, why);
		break;
	default:
		err = db_error(k->facts, "ledger.db", why);
	}
	sqlite3_reset(fact);
	return err;
}

int keyring_sweep(struct keyring *k, uint64_t seq, struct why *why)
{
	sqlite3_stmt *keys = NULL, *fact = NULL;
	int err, rc = SQLITE_DONE;

	err = db_prepare(&keys, k->db, "SELECT stream FROM key WHERE stream <= ?1", why);
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

int keyring_tidy(struct keyring *k, bool idle, struct why *why)
{
	return wal_tidy(&k->wal, idle, why);
}

int keyring_empty(struct keyring *k, struct why *why)
{
	return wal_empty(&k->wal, why);
}
