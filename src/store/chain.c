#include "store/chain.h"

#include <stdio.h>
#include <string.h>

#include <nettle/sha2.h>

#include "base/err.h"
#include "store/db.h"

/* The columns in the order of chain_prepare(). */
enum {
	SEQ, AT, STREAM, VERSION, KIND, ACTOR, DATA, SEALED, HASH
};

static const struct {
	const char *name;
	int type;
} columns[] = {
	[SEQ] = {"seq", SQLITE_INTEGER},
	[AT] = {"at", SQLITE_INTEGER},
	[STREAM] = {"stream", SQLITE_TEXT},
	[VERSION] = {"version", SQLITE_INTEGER},
	[KIND] = {"kind", SQLITE_TEXT},
	[ACTOR] = {"actor", SQLITE_TEXT},
	[DATA] = {"data", SQLITE_TEXT},
	[SEALED] = {"sealed", SQLITE_BLOB},
	[HASH] = {"hash", SQLITE_BLOB},
};

int chain_begin(struct chain_head *head, sqlite3 *db, struct why *why)
{
	static const char tag[] = "paravent ledger v1";
	struct sha256_ctx sha;
	sqlite3_stmt *stmt;
	int err;

	err = db_prepare(&stmt, db, "SELECT store FROM meta WHERE id = 1", why);
	if (err)
		return err;
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		sha256_init(&sha);
		sha256_update(&sha, sizeof(tag) - 1, (const uint8_t *)tag);
		sha256_update(&sha, (size_t)sqlite3_column_bytes(stmt, 0),
			      sqlite3_column_blob(stmt, 0));
		sha256_digest(&sha, sizeof(head->hash), head->hash);
		head->seq = 0;
		head->at = 0;
	} else if (sqlite3_errcode(db) == SQLITE_DONE) {
		err = why_set(why, ERR_CORRUPT, "the ledger has lost its id");
	} else {
		err = db_error(db, "the id of the ledger", why);
	}
	sqlite3_finalize(stmt);
	return err;
}

int chain_at(struct chain_head *head, sqlite3 *db, uint64_t seq, struct why *why)
{
	struct chain_head at = {.seq = seq};
	sqlite3_stmt *stmt;
	int err;

	if (seq == 0)
		return chain_begin(head, db, why);
	err = db_prepare(&stmt, db, "SELECT at, hash FROM fact WHERE seq = ?1", why);
	if (err)
		return err;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)seq);
	if (sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_type(stmt, 1) == SQLITE_BLOB &&
	    sqlite3_column_bytes(stmt, 1) == sizeof(at.hash)) {
		at.at = sqlite3_column_int64(stmt, 0);
		memcpy(at.hash, sqlite3_column_blob(stmt, 1), sizeof(at.hash));
		*head = at;
	} else {
		err = why_set(why, ERR_CORRUPT, "fact %llu cannot be read",
			      (unsigned long long)seq);
	}
	sqlite3_finalize(stmt);
	return err;
}

int chain_last(uint64_t *seq, sqlite3 *db, struct why *why)
{
	sqlite3_int64 last = 0;
	int err = db_number(&last, db, "SELECT coalesce(max(seq), 0) FROM fact", why);

	if (!err && last < 0)
		err = why_set(why, ERR_CORRUPT, "a fact has the seq %lld", last);
	if (!err)
		*seq = (uint64_t)last;
	return err;
}

int chain_prepare(sqlite3_stmt **out, sqlite3 *db, struct why *why)
{
	return db_prepare(out, db, "SELECT seq, at, stream, version, kind, actor, data, "
			  "sealed, hash FROM fact WHERE seq BETWEEN ?1 AND ?2 "
			  "ORDER BY seq", why);
}

/* NULL (and 0) stands for no sealed part, never for an empty one. */
static const void *bytes(size_t *len, sqlite3_stmt *stmt, int column)
{
	const void *p = sqlite3_column_blob(stmt, column);

	*len = (size_t)sqlite3_column_bytes(stmt, column);
	if (!p && sqlite3_column_type(stmt, column) != SQLITE_NULL)
		p = "";
	return p;
}

static void read_row(struct fact_row *row, sqlite3_stmt *stmt)
{
	row->seq = (uint64_t)sqlite3_column_int64(stmt, SEQ);
	row->at = sqlite3_column_int64(stmt, AT);
	row->version = (uint64_t)sqlite3_column_int64(stmt, VERSION);
	row->stream = bytes(&row->stream_len, stmt, STREAM);
	row->kind = bytes(&row->kind_len, stmt, KIND);
	row->actor = bytes(&row->actor_len, stmt, ACTOR);
	row->data = bytes(&row->data_len, stmt, DATA);
	row->sealed = bytes(&row->sealed_len, stmt, SEALED);
}

int chain_next(struct chain_head *head, sqlite3_stmt *stmt, struct fact_row *row,
	       struct why *why)
{
	const unsigned long long next = head->seq + 1;
	uint8_t hash[FACT_HASH_SIZE];
	char doing[48];
	int i, type;

	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		break;
	case SQLITE_DONE:
		return 0;
	default:
		snprintf(doing, sizeof(doing), "after fact %llu", next - 1);
		return db_error(sqlite3_db_handle(stmt), doing, why);
	}
	for (i = SEQ; i <= HASH; i++) {
		type = sqlite3_column_type(stmt, i);
		if (type != columns[i].type && !(i == SEALED && type == SQLITE_NULL))
			return why_set(why, ERR_CORRUPT, "fact %llu: `%s` is of a wrong "
				       "type", next, columns[i].name);
	}
	read_row(row, stmt);
	if (row->seq != next)
		return why_set(why, ERR_CORRUPT, "fact %llu is missing: %lld comes in "
			       "its place", next, (long long)row->seq);
	if (row->at < head->at)
		return why_set(why, ERR_CORRUPT, "fact %llu is older than the one before",
			       next);
	fact_hash(hash, head->hash, row);
	if (sqlite3_column_bytes(stmt, HASH) != sizeof(hash) ||
	    memcmp(sqlite3_column_blob(stmt, HASH), hash, sizeof(hash)) != 0)
		return why_set(why, ERR_CORRUPT, "fact %llu: its hash is not the one "
			       "that its content and the fact before it make", next);
	head->seq = row->seq;
	head->at = row->at;
	memcpy(head->hash, hash, sizeof(hash));
	return 1;
}
