#include "store/verify.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/db.h"
#include "store/schema.h"

/* A transaction that reads holds back the write-ahead log, so none lasts long. */
#define LOOK_AT_CLOCK 100	/* rows */
#define RANGE_MS 250

struct walk {
	sqlite3 *db;
	sqlite3_stmt *rows;	/* the table, in the order of the chain */
	sqlite3_stmt *place;	/* a row found by stream and version */
	sqlite3_stmt *places;	/* the index, in its own order */
	struct chain_head head;
	const struct chain_head *expected;
};

static int prepare(struct walk *w, struct why *why)
{
	int err = chain_prepare(&w->rows, w->db, why);

	if (!err)	/* `hash` is not in the index: to read it SQLite seeks the row */
		err = db_prepare(&w->place, w->db, "SELECT version, seq, hash "
				 "FROM fact INDEXED BY sqlite_autoindex_fact_1 "
				 "WHERE stream = ?1 AND version BETWEEN ?2 - 1 AND ?2 "
				 "ORDER BY version", why);
	if (!err)
		err = db_prepare(&w->places, w->db, "SELECT stream, version, seq "
				 "FROM fact INDEXED BY sqlite_autoindex_fact_1 "
				 "WHERE (stream, version) > (?1, ?2) "
				 "ORDER BY stream, version", why);
	return err;
}

/* Steps to the next of at most two places; 0 if there is none. */
static int step(sqlite3_stmt *stmt, uint64_t seq, struct why *why)
{
	char doing[64];
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return rc == SQLITE_ROW;
	snprintf(doing, sizeof(doing), "fact %llu, in the index", (unsigned long long)seq);
	return db_error(sqlite3_db_handle(stmt), doing, why);
}

static int misplaced(const struct fact_row *row, const char *what, struct why *why)
{
	return why_set(why, ERR_CORRUPT, "fact %llu: %s", (unsigned long long)row->seq,
		       what);
}

/*
 * The row's stream must hold, right before it and earlier in the chain, the version
 * before; then the row itself. So that whoever asks the index reads what the chain
 * protects.
 */
static int find_place(sqlite3_stmt *s, const struct walk *w, const struct fact_row *row,
		      struct why *why)
{
	int found = step(s, row->seq, why);

	if (found > 0 && row->version > 1) {
		if ((uint64_t)sqlite3_column_int64(s, 0) != row->version - 1 ||
		    (uint64_t)sqlite3_column_int64(s, 1) >= row->seq)
			return misplaced(row, "its stream has no version before it", why);
		found = step(s, row->seq, why);
	}
	if (found < 0)
		return found;
	if (!found || (uint64_t)sqlite3_column_int64(s, 0) != row->version ||
	    (uint64_t)sqlite3_column_int64(s, 1) != row->seq ||
	    sqlite3_column_bytes(s, 2) != FACT_HASH_SIZE ||
	    memcmp(sqlite3_column_blob(s, 2), w->head.hash, FACT_HASH_SIZE) != 0)
		return misplaced(row, "it is not the one found by its stream and version",
				 why);
	found = step(s, row->seq, why);
	if (found > 0)
		return misplaced(row, "its stream has its version twice", why);
	return found;
}

static int check_place(struct walk *w, const struct fact_row *row, struct why *why)
{
	int err;

	if (row->version < 1 || row->version > INT64_MAX)
		return misplaced(row, "`version` must be 1 or more", why);
	sqlite3_bind_text(w->place, 1, row->stream, (int)row->stream_len, SQLITE_STATIC);
	sqlite3_bind_int64(w->place, 2, (sqlite3_int64)row->version);
	err = find_place(w->place, w, row, why);
	sqlite3_reset(w->place);
	return err;
}

static int check_expected(const struct walk *w, struct why *why)
{
	if (w->expected && w->head.seq == w->expected->seq &&
	    memcmp(w->head.hash, w->expected->hash, FACT_HASH_SIZE) != 0)
		return why_set(why, ERR_CORRUPT, "fact %llu is not the one you remember: "
			       "the ledger was written anew from some fact up to here",
			       (unsigned long long)w->head.seq);
	return 0;
}

/* Checks the next row. Returns 1 with w->head moved on, or 0 at the end. */
static int walk_one(struct walk *w, struct why *why)
{
	const struct chain_head before = w->head;
	struct fact_row row;
	int more, err = 0;

	more = chain_next(&w->head, w->rows, &row, why);
	if (more > 0)
		err = check_place(w, &row, why);
	if (more > 0 && !err)
		err = check_expected(w, why);
	if (err)
		w->head = before;
	return err ? err : more;
}

/* Follows the chain for a while. Returns 1 if there is more, 0 at the end. */
static int walk_range(struct walk *w, struct why *why)
{
	const uint64_t until = clock_mono_ms() + RANGE_MS;
	unsigned int n = 0;
	int more;

	/* the first range begins below 1, where no fact may be */
	sqlite3_bind_int64(w->rows, 1, w->head.seq ? (sqlite3_int64)w->head.seq + 1 :
			   INT64_MIN);
	sqlite3_bind_int64(w->rows, 2, INT64_MAX);
	do {
		more = walk_one(w, why);
		n++;
	} while (more > 0 && (n % LOOK_AT_CLOCK || clock_mono_ms() < until));
	sqlite3_reset(w->rows);
	return more;
}

/* Where the walk through the index is. */
struct place {
	sqlite3_value *stream;
	sqlite3_int64 version;
	uint64_t count;		/* entries of facts that were walked */
	uint64_t last;		/* the largest seq met, of these or newer ones */
};

/* Moves to the entry that the statement is at; one that is not later is no index. */
static int move(struct place *at, sqlite3_stmt *s, struct why *why)
{
	const void *to = sqlite3_column_blob(s, 0);
	const void *from = at->stream ? sqlite3_value_blob(at->stream) : NULL;
	const int to_len = sqlite3_column_bytes(s, 0);
	const int from_len = at->stream ? sqlite3_value_bytes(at->stream) : 0;
	const int shorter = to_len < from_len ? to_len : from_len;
	int order = shorter ? memcmp(to, from, (size_t)shorter) : 0;

	if (order == 0)
		order = to_len - from_len;
	if (order < 0 || (order == 0 && sqlite3_column_int64(s, 1) <= at->version))
		return why_set(why, ERR_CORRUPT, "the index of streams is out of order");
	sqlite3_value_free(at->stream);
	at->stream = sqlite3_value_dup(sqlite3_column_value(s, 0));
	at->version = sqlite3_column_int64(s, 1);
	return 0;
}

/*
 * Walks the index for a while, and counts what it holds of the facts that were walked.
 * Each of these has its own entry (check_place), so a larger number means entries that
 * belong to no fact. Returns 1 if there is more, 0 at the end.
 */
static int count_range(struct walk *w, struct place *at, struct why *why)
{
	const uint64_t until = clock_mono_ms() + RANGE_MS;
	sqlite3_stmt *s = w->places;
	unsigned int n = 0;
	uint64_t seq;
	int more, err = 0;

	if (at->stream)
		sqlite3_bind_value(s, 1, at->stream);
	else
		sqlite3_bind_text(s, 1, "", 0, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, at->version);
	do {
		more = step(s, w->head.seq, why);
		seq = more > 0 ? (uint64_t)sqlite3_column_int64(s, 2) : 0;
		if (more > 0 && seq <= w->head.seq)
			at->count++;
		if (seq > at->last)
			at->last = seq;
		n++;
	} while (more > 0 && (n % LOOK_AT_CLOCK || clock_mono_ms() < until));
	if (more > 0)
		err = move(at, s, why);
	sqlite3_reset(s);
	return err ? err : more;
}

/* What the index says must be what the table says, to the end. */
static int check_index(struct walk *w, struct why *why)
{
	struct place at = {.version = INT64_MIN};
	uint64_t last;
	int err;

	do
		err = count_range(w, &at, why);
	while (err > 0);
	sqlite3_value_free(at.stream);
	if (!err && at.count != w->head.seq)
		return why_set(why, ERR_CORRUPT, "the index of streams has %llu entries "
			       "for %llu facts", (unsigned long long)at.count,
			       (unsigned long long)w->head.seq);
	/* asked last, for a server may have written more meanwhile */
	if (!err)
		err = chain_last(&last, w->db, why);
	if (!err && (last < w->head.seq || last < at.last))
		return why_set(why, ERR_CORRUPT, "fact %llu is missing",
			       (unsigned long long)last + 1);
	return err;
}

/* A tail that was cut off cleanly shows only to who remembers it. */
static int check_tail(const struct walk *w, struct why *why)
{
	if (w->expected && w->expected->seq > w->head.seq)
		return why_set(why, ERR_CORRUPT, "the tail is missing: the last fact is "
			       "%llu, and you remember %llu",
			       (unsigned long long)w->head.seq,
			       (unsigned long long)w->expected->seq);
	return 0;
}

int ledger_verify(const char *state_dir, const struct chain_head *expected,
		  struct chain_head *head, struct why *why)
{
	struct walk w = {.expected = expected};
	int err;

	err = schema_open(&w.db, state_dir, &schema_ledger, DB_READ, why);
	if (!err)
		err = chain_begin(&w.head, w.db, why);
	if (!err)
		err = prepare(&w, why);
	if (!err) {
		do
			err = walk_range(&w, why);
		while (err > 0);
		*head = w.head;
	}
	if (!err)
		err = check_index(&w, why);
	if (!err)
		err = check_tail(&w, why);
	sqlite3_finalize(w.rows);
	sqlite3_finalize(w.place);
	sqlite3_finalize(w.places);
	db_close(w.db);
	return err;
}
