#include "store/verify.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/db.h"
#include "store/schema.h"

/* A transaction that reads holds back the write-ahead log, so none lasts long. */
#define LOOK_AT_CLOCK 100	/* rows */
#define RANGE_MS 250

struct job {
	sqlite3 *db;
	struct chain_walk *walk;	/* the table, in the order of the chain */
	sqlite3_stmt *place;	/* a row found by stream and version */
	sqlite3_stmt *places;	/* all of `story`, in its own order */
	sqlite3_stmt *names;	/* all of `stream`, in its own order */
	uint64_t facts;
	uint64_t streams;	/* that these belong to */
	bool met_server;	/* a fact of stream `server` */
	bool met_expected;
	const struct chain_head *expected;
	verify_progress_fn *progress;
	void *arg;
	uint64_t last;		/* the last seq when it began, for the progress */
};

static int prepare(struct job *j, struct why *why)
{
	int err;

	/* from the name to the fact, as everybody looks for it */
	err = db_prepare(&j->place, j->db, "SELECT story.version, story.seq, hash, "
			 "stream.first FROM stream "
			 "CROSS JOIN story ON story.first = stream.first "
			 "CROSS JOIN fact ON fact.seq = story.seq "
			 "WHERE name = ?1 AND story.version BETWEEN ?2 - 1 AND ?2 "
			 "ORDER BY story.version", why);
	if (!err)
		err = db_prepare(&j->places, j->db, "SELECT first, version, seq FROM story "
				 "WHERE (first, version) > (?1, ?2) "
				 "ORDER BY first, version", why);
	if (!err)
		err = db_prepare(&j->names, j->db, "SELECT name, first FROM stream "
				 "WHERE name > ?1 ORDER BY name", why);
	return err;
}

/* Of the facts alone: the index is walked in no time. */
static bool tell(const struct job *j)
{
	uint64_t rows = j->last - chain_walk_cut(j->walk)->head.seq;

	if (rows < j->facts)
		rows = j->facts;
	return !j->progress || j->progress(j->arg, j->facts, rows);
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
 * Of a ledger that was cut the stream `server` begins anywhere, and no other: the rest
 * are there whole or not at all.
 */
static bool begins(struct job *j, const struct fact_row *row)
{
	static const char server[] = "server";
	bool met = j->met_server;

	if (row->stream_len != sizeof(server) - 1 ||
	    memcmp(row->stream, server, sizeof(server) - 1) != 0)
		return row->version == 1;
	j->met_server = true;
	return row->version == 1 || (!met && chain_walk_cut(j->walk)->fact);
}

/*
 * The row's stream must hold, right before it and earlier in the chain, the version
 * before; then the row itself. So that whoever looks for a fact by its stream reads what
 * the chain protects.
 */
static int find_place(sqlite3_stmt *s, struct job *j, const struct fact_row *row,
		      struct why *why)
{
	const uint8_t *hash = chain_walk_head(j->walk)->hash;
	const bool first = begins(j, row);
	int found = step(s, row->seq, why);

	j->streams += first;
	if (found > 0 && !first) {
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
	    memcmp(sqlite3_column_blob(s, 2), hash, FACT_HASH_SIZE) != 0 ||
	    (row->version == 1 && (uint64_t)sqlite3_column_int64(s, 3) != row->seq))
		return misplaced(row, "it is not the one found by its stream and version",
				 why);
	found = step(s, row->seq, why);
	if (found > 0)
		return misplaced(row, "its stream has its version twice", why);
	return found;
}

static int check_place(struct job *j, const struct fact_row *row, struct why *why)
{
	int err;

	if (row->version < 1 || row->version > INT64_MAX)
		return misplaced(row, "`version` must be 1 or more", why);
	sqlite3_bind_text(j->place, 1, row->stream, (int)row->stream_len, SQLITE_STATIC);
	sqlite3_bind_int64(j->place, 2, (sqlite3_int64)row->version);
	err = find_place(j->place, j, row, why);
	sqlite3_reset(j->place);
	return err;
}

static int check_expected(struct job *j, const struct chain_head *head, struct why *why)
{
	if (!j->expected || head->seq != j->expected->seq)
		return 0;
	j->met_expected = true;
	if (memcmp(head->hash, j->expected->hash, FACT_HASH_SIZE) == 0)
		return 0;
	return why_set(why, ERR_CORRUPT, "fact %llu is not the one you remember: "
		       "the ledger was written anew from some fact up to here",
		       (unsigned long long)head->seq);
}

/* Checks the next row. Returns 1 with *fits moved on, or 0 at the end. */
static int walk_one(struct job *j, struct chain_head *fits, struct why *why)
{
	struct fact_row row;
	int more, err = 0;

	more = chain_walk_next(j->walk, &row, why);
	if (more <= 0)
		return more;
	err = check_place(j, &row, why);
	if (!err)
		err = check_expected(j, chain_walk_head(j->walk), why);
	if (err)
		return err;
	*fits = *chain_walk_head(j->walk);
	j->facts++;
	return 1;
}

/* Follows the chain for a while. Returns 1 if there is more, 0 at the end. */
static int walk_range(struct job *j, struct chain_head *fits, struct why *why)
{
	const uint64_t until = clock_mono_ms() + RANGE_MS;
	unsigned int n = 0;
	int more;

	do {
		more = walk_one(j, fits, why);
		n++;
	} while (more > 0 && (n % LOOK_AT_CLOCK || clock_mono_ms() < until));
	chain_walk_rest(j->walk);
	if (!tell(j) && more >= 0)
		return why_set(why, ERR_UNAVAILABLE, "it was stopped");
	return more;
}

/* Where a walk through one of the two tables that are the index is. */
struct place {
	sqlite3_stmt *stmt;
	int keys;		/* columns that say the order, bound to go on; behind them
				 * comes a seq */
	sqlite3_value *key[2];	/* of the last entry; NULL before the first */
	uint64_t count;		/* entries of facts that were walked */
	uint64_t last;		/* the largest seq met, of these or newer ones */
};

/* Below zero, zero or above, as SQLite orders integers and text in our tables. */
static int compare(sqlite3_value *a, sqlite3_value *b)
{
	const int a_len = sqlite3_value_bytes(a), b_len = sqlite3_value_bytes(b);
	const int shorter = a_len < b_len ? a_len : b_len;
	sqlite3_int64 x, y;
	int order;

	if (sqlite3_value_type(a) == SQLITE_INTEGER) {
		x = sqlite3_value_int64(a);
		y = sqlite3_value_int64(b);
		return (x > y) - (x < y);
	}
	order = shorter ? memcmp(sqlite3_value_blob(a), sqlite3_value_blob(b),
				 (size_t)shorter) : 0;
	return order ? order : a_len - b_len;
}

/* Moves to the entry that the statement is at; one that is not later is no index. */
static int move(struct place *at, struct why *why)
{
	sqlite3_value *now;
	int order = 0;

	for (int i = 0; i < at->keys; i++) {
		now = sqlite3_column_value(at->stmt, i);
		if (at->key[i] && order == 0)
			order = compare(now, at->key[i]);
		else if (order == 0)
			order = 1;
	}
	if (order <= 0)
		return why_set(why, ERR_CORRUPT, "the index of streams is out of order");
	for (int i = 0; i < at->keys; i++) {
		sqlite3_value_free(at->key[i]);
		at->key[i] = sqlite3_value_dup(sqlite3_column_value(at->stmt, i));
	}
	return 0;
}

static void bind_keys(struct place *at)
{
	if (at->key[0])
		for (int i = 0; i < at->keys; i++)
			sqlite3_bind_value(at->stmt, i + 1, at->key[i]);
	else if (at->keys == 2)
		for (int i = 0; i < at->keys; i++)
			sqlite3_bind_int64(at->stmt, i + 1, INT64_MIN);
	else
		sqlite3_bind_text(at->stmt, 1, "", 0, SQLITE_STATIC);
}

/*
 * Walks such a table for a while, and counts what it holds of the facts that were
 * walked. Each of them was found through it, so a larger number means entries that
 * belong to no fact. Returns 1 if there is more, 0 at the end.
 */
static int count_range(struct place *at, uint64_t walked, struct why *why)
{
	const uint64_t until = clock_mono_ms() + RANGE_MS;
	unsigned int n = 0;
	uint64_t seq;
	int more, err = 0;

	bind_keys(at);
	do {
		more = step(at->stmt, walked, why);
		seq = more > 0 ? (uint64_t)sqlite3_column_int64(at->stmt, at->keys) : 0;
		if (more > 0 && seq <= walked)
			at->count++;
		if (seq > at->last)
			at->last = seq;
		n++;
	} while (more > 0 && (n % LOOK_AT_CLOCK || clock_mono_ms() < until));
	if (more > 0)
		err = move(at, why);
	sqlite3_reset(at->stmt);
	return err ? err : more;
}

/* All of it; `count` is how many entries it should have. */
static int count_all(struct place *at, uint64_t walked, struct why *why)
{
	int err;

	do
		err = count_range(at, walked, why);
	while (err > 0);
	for (int i = 0; i < at->keys; i++)
		sqlite3_value_free(at->key[i]);
	return err;
}

/* Whether the ledger was cut since the walk began: what was counted means nothing. */
static int check_cut(const struct job *j, struct why *why)
{
	struct chain_cut now;
	int err = chain_cut(&now, j->db, why);

	if (!err && now.head.seq != chain_walk_cut(j->walk)->head.seq)
		err = why_set(why, ERR_CONFLICT, "the ledger was cut in the meantime");
	return err;
}

/* What the index says must be what the table says, to the end. */
static int check_index(struct job *j, struct why *why)
{
	const uint64_t walked = chain_walk_head(j->walk)->seq;
	struct place places = {.stmt = j->places, .keys = 2};
	struct place names = {.stmt = j->names, .keys = 1};
	uint64_t last;
	int err;

	err = count_all(&places, walked, why);
	if (!err)
		err = count_all(&names, walked, why);
	if (!err)
		err = check_cut(j, why);
	if (!err && (places.count != j->facts || names.count != j->streams))
		return why_set(why, ERR_CORRUPT, "the index of streams has %llu entries "
			       "for %llu facts, and %llu names for %llu streams",
			       (unsigned long long)places.count,
			       (unsigned long long)j->facts,
			       (unsigned long long)names.count,
			       (unsigned long long)j->streams);
	/* asked last, for a server may have written more meanwhile */
	if (!err)
		err = chain_last(&last, j->db, why);
	if (!err && (last < walked || last < places.last))
		return why_set(why, ERR_CORRUPT, "fact %llu is missing",
			       (unsigned long long)last + 1);
	return err;
}

/* A tail that was cut off cleanly shows only to who remembers it. */
static int check_remembered(struct job *j, struct why *why)
{
	const struct chain_cut *cut = chain_walk_cut(j->walk);
	const uint64_t last = chain_walk_head(j->walk)->seq;
	int err;

	if (!j->expected || j->met_expected)
		return 0;
	if (j->expected->seq > last)
		return why_set(why, ERR_CORRUPT, "the tail is missing: the last fact is "
			       "%llu, and you remember %llu", (unsigned long long)last,
			       (unsigned long long)j->expected->seq);
	err = check_expected(j, &cut->head, why);
	if (err || j->met_expected)
		return err;
	return why_set(why, ERR_RANGE, "fact %llu, which you remember, is not there any "
		       "more: fact %llu cut the ledger up to %llu. What is there, "
		       "verifies; remember a newer head",
		       (unsigned long long)j->expected->seq,
		       (unsigned long long)cut->fact, (unsigned long long)cut->head.seq);
}

static int verify_once(struct job *j, struct verify *out, struct why *why)
{
	int err;

	memset(out, 0, sizeof(*out));
	err = chain_walk_new(&j->walk, j->db, 0, UINT64_MAX, why);
	if (err)
		return err;
	out->cut = *chain_walk_cut(j->walk);
	if (!out->cut.fact)
		out->head = out->cut.head;
	j->facts = j->streams = 0;
	j->met_server = j->met_expected = false;
	do
		err = walk_range(j, &out->head, why);
	while (err > 0);
	if (!err)
		err = check_index(j, why);
	if (!err)
		err = check_remembered(j, why);
	out->facts = j->facts;
	chain_walk_free(j->walk);
	return err;
}

int ledger_verify(const char *state_dir, const struct chain_head *expected,
		  verify_progress_fn *progress, void *arg, struct verify *out,
		  struct why *why)
{
	struct job j = {.expected = expected, .progress = progress, .arg = arg};
	int err;

	memset(out, 0, sizeof(*out));
	err = schema_open(&j.db, state_dir, &schema_ledger, DB_READ, why);
	if (!err)
		err = prepare(&j, why);
	if (!err)
		err = chain_last(&j.last, j.db, why);
	if (!err) {
		do
			err = verify_once(&j, out, why);
		while (err == ERR_CONFLICT);	/* once a day at most */
	}
	sqlite3_finalize(j.place);
	sqlite3_finalize(j.places);
	sqlite3_finalize(j.names);
	db_close(j.db);
	return err;
}

static int read_head(struct chain_head *head, sqlite3 *db, struct why *why)
{
	struct chain_pick *pick;
	struct fact_row row;
	uint64_t last;
	int err;

	err = chain_last(&last, db, why);
	if (!err)
		err = chain_at(head, db, last, why);
	if (err || last == 0)
		return err;
	err = chain_pick_new(&pick, db, why);
	if (err)
		return err;
	err = chain_pick_row(pick, last, &row, why);
	chain_pick_free(pick);
	return err;
}

int ledger_head(const char *state_dir, struct chain_head *head, struct why *why)
{
	sqlite3 *db = NULL;
	int err;

	err = schema_open(&db, state_dir, &schema_ledger, DB_READ, why);
	if (!err)
		err = db_exec(db, "BEGIN", why);
	if (!err)
		err = read_head(head, db, why);
	db_close(db);
	return err;
}
