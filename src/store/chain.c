#include "store/chain.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/factdata.h"
#include "store/db.h"

/* The columns in the order that rows are read. */
#define COLUMNS "seq, at, stream, version, kind, actor, data, sealed, hash"
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

struct chain_walk {
	sqlite3_stmt *rows;	/* from..to, in order */
	sqlite3_stmt *prev;	/* the hash before a fact that was kept */
	sqlite3_stmt *moved;	/* how far the ledger is cut now */
	bool reading;		/* `rows` stands at a row, in a transaction */
	bool from_first;
	bool among_kept;	/* the whole part has not begun */
	struct chain_cut cut;
	struct chain_head head;
	struct sha256_ctx kept;
	uint64_t to;
};

struct chain_pick {
	struct chain_cut cut;
	sqlite3_stmt *row;
};

/* What the first fact follows. */
static int begin(uint8_t hash[FACT_HASH_SIZE], sqlite3 *db, struct why *why)
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
		sha256_digest(&sha, FACT_HASH_SIZE, hash);
	} else if (sqlite3_errcode(db) == SQLITE_DONE) {
		err = why_set(why, ERR_CORRUPT, "the ledger has lost its id");
	} else {
		err = db_error(db, "the id of the ledger", why);
	}
	sqlite3_finalize(stmt);
	return err;
}

/*
 * What the checkpoint says, which `stmt` is at. That it is the one that was written,
 * the walk behind the cut finds out.
 */
static int read_checkpoint(struct chain_cut *cut, sqlite3_stmt *stmt)
{
	const char *kind = (const char *)sqlite3_column_text(stmt, 2);
	const char *data = (const char *)sqlite3_column_text(stmt, 3);
	const int len = sqlite3_column_bytes(stmt, 3);
	struct fact fact = {.kind = FACT_LOG_CHECKPOINT};
	struct factdata d;

	if (!kind || !data || strcmp(kind, fact_kind_name(fact.kind)) != 0 ||
	    len > FACT_DATA_MAX)
		return ERR_CORRUPT;
	memcpy(fact.data, data, (size_t)len);
	fact.data_len = (size_t)len;
	if (factdata_get(&d, &fact) || d.seq != (uint64_t)sqlite3_column_int64(stmt, 0))
		return ERR_CORRUPT;
	cut->fact = (uint64_t)sqlite3_column_int64(stmt, 1);
	cut->head.seq = d.seq;
	cut->head.at = d.at;
	memcpy(cut->head.hash, d.hash, sizeof(d.hash));
	memcpy(cut->kept, d.kept, sizeof(d.kept));
	return d.seq >= 1 && cut->fact > d.seq ? 0 : ERR_CORRUPT;
}

int chain_cut(struct chain_cut *cut, sqlite3 *db, struct why *why)
{
	static const char sql[] =
		"SELECT cut.seq, cut.checkpoint, kind, data FROM cut "
		"LEFT JOIN fact ON fact.seq = cut.checkpoint";
	sqlite3_stmt *stmt;
	int err, rc;

	memset(cut, 0, sizeof(*cut));
	err = begin(cut->begin, db, why);
	memcpy(cut->head.hash, cut->begin, sizeof(cut->begin));
	if (!err)
		err = db_prepare(&stmt, db, sql, why);
	if (err)
		return err;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_DONE)
		err = why_set(why, ERR_CORRUPT, "the ledger has lost where it was cut");
	else if (rc != SQLITE_ROW)
		err = db_error(db, "where the ledger was cut", why);
	else if (sqlite3_column_int64(stmt, 0) != 0 && read_checkpoint(cut, stmt))
		err = why_set(why, ERR_CORRUPT, "fact %lld is not the checkpoint that the "
			      "ledger was cut by", sqlite3_column_int64(stmt, 1));
	sqlite3_finalize(stmt);
	return err;
}

int chain_at(struct chain_head *head, sqlite3 *db, uint64_t seq, struct why *why)
{
	struct chain_head at = {.seq = seq};
	struct chain_cut cut;
	sqlite3_stmt *stmt;
	int err;

	err = chain_cut(&cut, db, why);
	if (!err && seq <= cut.head.seq) {
		*head = cut.head;
		return 0;
	}
	if (!err)
		err = db_prepare(&stmt, db, "SELECT at, hash FROM fact WHERE seq = ?1",
				 why);
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

static int prepare(struct chain_walk *w, sqlite3 *db, struct why *why)
{
	int err;

	err = db_prepare(&w->rows, db, "SELECT " COLUMNS " FROM fact "
			 "WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq", why);
	if (!err)
		err = db_prepare(&w->prev, db, "SELECT prev FROM kept WHERE seq = ?1", why);
	if (!err)
		err = db_prepare(&w->moved, db, "SELECT seq FROM cut", why);
	return err;
}

int chain_walk_new(struct chain_walk **out, sqlite3 *db, uint64_t from, uint64_t to,
		   struct why *why)
{
	struct chain_walk *w = mem_new(sizeof(*w));
	int err;

	w->to = to < INT64_MAX ? to : INT64_MAX;
	w->from_first = from <= 1;
	sha256_init(&w->kept);
	err = chain_cut(&w->cut, db, why);
	sha256_update(&w->kept, sizeof(w->cut.begin), w->cut.begin);
	if (!err && from > w->cut.head.seq) {
		err = chain_at(&w->head, db, from - 1, why);
	} else if (!err && w->cut.fact) {
		w->head.seq = from ? from - 1 : 0;
		w->among_kept = true;
	} else if (!err) {
		w->head = w->cut.head;
	}
	if (!err)
		err = prepare(w, db, why);
	if (err) {
		chain_walk_free(w);
		return err;
	}
	*out = w;
	return 0;
}

void chain_walk_free(struct chain_walk *w)
{
	if (!w)
		return;
	sqlite3_finalize(w->rows);
	sqlite3_finalize(w->prev);
	sqlite3_finalize(w->moved);
	free(w);
}

const struct chain_head *chain_walk_head(const struct chain_walk *w)
{
	return &w->head;
}

const struct chain_cut *chain_walk_cut(const struct chain_walk *w)
{
	return &w->cut;
}

void chain_walk_rest(struct chain_walk *w)
{
	sqlite3_reset(w->rows);
	w->reading = false;
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

static int read_row(struct fact_row *row, sqlite3_stmt *stmt, struct why *why)
{
	int i, type;

	for (i = SEQ; i <= HASH; i++) {
		type = sqlite3_column_type(stmt, i);
		if (type != columns[i].type && !(i == SEALED && type == SQLITE_NULL))
			return why_set(why, ERR_CORRUPT, "fact %lld: `%s` is of a wrong "
				       "type", sqlite3_column_int64(stmt, SEQ),
				       columns[i].name);
	}
	row->seq = (uint64_t)sqlite3_column_int64(stmt, SEQ);
	row->at = sqlite3_column_int64(stmt, AT);
	row->version = (uint64_t)sqlite3_column_int64(stmt, VERSION);
	row->stream = bytes(&row->stream_len, stmt, STREAM);
	row->kind = bytes(&row->kind_len, stmt, KIND);
	row->actor = bytes(&row->actor_len, stmt, ACTOR);
	row->data = bytes(&row->data_len, stmt, DATA);
	row->sealed = bytes(&row->sealed_len, stmt, SEALED);
	return 0;
}

/* The hash of the row that `stmt` is at, which must be the one that follows `prev`. */
static int check_hash(uint8_t hash[FACT_HASH_SIZE], sqlite3_stmt *stmt,
		      const uint8_t *prev, const struct fact_row *row, struct why *why)
{
	fact_hash(hash, prev, row);
	if (sqlite3_column_bytes(stmt, HASH) == FACT_HASH_SIZE &&
	    memcmp(sqlite3_column_blob(stmt, HASH), hash, FACT_HASH_SIZE) == 0)
		return 0;
	return why_set(why, ERR_CORRUPT, "fact %llu: its hash is not the one that its "
		       "content and the fact before it make",
		       (unsigned long long)row->seq);
}

/* Moves the head to the row. */
static int follow(struct chain_walk *w, const uint8_t prev[FACT_HASH_SIZE],
		  const struct fact_row *row, struct why *why)
{
	uint8_t hash[FACT_HASH_SIZE];
	int err;

	if (row->at < w->head.at)
		return why_set(why, ERR_CORRUPT, "fact %llu is older than the one before",
			       (unsigned long long)row->seq);
	err = check_hash(hash, w->rows, prev, row, why);
	if (err)
		return err;
	w->head.seq = row->seq;
	w->head.at = row->at;
	memcpy(w->head.hash, hash, sizeof(hash));
	return 0;
}

/* A fact before the cut: the hash it follows stands beside it. */
static int follow_kept(struct chain_walk *w, const struct fact_row *row, struct why *why)
{
	uint8_t prev[FACT_HASH_SIZE];
	int err = 0, rc;

	sqlite3_bind_int64(w->prev, 1, (sqlite3_int64)row->seq);
	rc = sqlite3_step(w->prev);
	if (rc == SQLITE_ROW && sqlite3_column_bytes(w->prev, 0) == sizeof(prev))
		memcpy(prev, sqlite3_column_blob(w->prev, 0), sizeof(prev));
	else if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = db_error(sqlite3_db_handle(w->prev), "what was kept", why);
	else
		err = why_set(why, ERR_CORRUPT, "fact %lld is not one that the ledger "
			      "kept when it was cut", (long long)row->seq);
	sqlite3_reset(w->prev);
	if (!err)
		err = follow(w, prev, row, why);
	if (!err)
		sha256_update(&w->kept, sizeof(w->head.hash), w->head.hash);
	return err;
}

/* Finds a fact that was kept and is gone; leaves `why` alone when there is none. */
static void find_gone(sqlite3 *db, struct why *why)
{
	sqlite3_int64 gone;
	struct why none;

	if (db_number(&gone, db, "SELECT seq FROM kept WHERE seq NOT IN "
		      "(SELECT seq FROM fact) LIMIT 1", &none) == 0)
		why_set(why, 0, "fact %lld is missing, which the ledger kept when it was "
			"cut", gone);
}

/*
 * What the checkpoint says does not fit the facts. It may be the one that was changed,
 * which only its own place in the chain shows.
 *
 * first: the hash that the first fact behind the cut would have, or NULL. The one that
 *        it has may be what was changed, and the checkpoint follow it.
 */
static int blame(const struct chain_walk *w, int err, const uint8_t *first,
		 struct why *why)
{
	sqlite3 *db = sqlite3_db_handle(w->rows);
	uint8_t hash[FACT_HASH_SIZE];
	struct chain_pick *pick = NULL;
	struct fact_row row = {.seq = 0};
	struct why found, none;

	if (chain_pick_new(&pick, db, &found) == 0 &&
	    chain_pick_row(pick, w->cut.fact, &row, &found) == ERR_CORRUPT &&
	    (!first || w->cut.fact != w->cut.head.seq + 2 ||
	     check_hash(hash, pick->row, first, &row, &none) != 0))
		*why = found;
	chain_pick_free(pick);
	return err;
}

/* What was kept has been walked: the whole part begins. */
static int cross(struct chain_walk *w, struct why *why)
{
	uint8_t kept[FACT_HASH_SIZE];

	sha256_digest(&w->kept, sizeof(kept), kept);
	w->among_kept = false;
	w->head = w->cut.head;
	if (!w->from_first || memcmp(kept, w->cut.kept, sizeof(kept)) == 0)
		return 0;
	why_set(why, 0, "the facts before fact %llu are not those that the ledger kept "
		"when it was cut", (unsigned long long)w->cut.head.seq + 1);
	find_gone(sqlite3_db_handle(w->rows), why);
	return blame(w, ERR_CORRUPT, NULL, why);
}

/*
 * The first step after a rest, and whether the ledger is still cut where it was. This is
 * asked while the rows are being read, so both come from one transaction.
 */
static int resume(int *rc, struct chain_walk *w, struct why *why)
{
	uint64_t now;
	int err = 0;

	/* the first row may have any seq, also below 1, where no fact may be */
	sqlite3_bind_int64(w->rows, 1, w->head.seq ? (sqlite3_int64)w->head.seq + 1 :
			   INT64_MIN);
	sqlite3_bind_int64(w->rows, 2, (sqlite3_int64)w->to);
	*rc = sqlite3_step(w->rows);
	if (*rc != SQLITE_ROW && *rc != SQLITE_DONE)
		return 0;
	now = sqlite3_step(w->moved) == SQLITE_ROW ?
		(uint64_t)sqlite3_column_int64(w->moved, 0) : UINT64_MAX;
	if (now != w->cut.head.seq)
		err = why_set(why, ERR_CONFLICT, "the ledger was cut in the meantime");
	sqlite3_reset(w->moved);
	return err;
}

int chain_walk_next(struct chain_walk *w, struct fact_row *row, struct why *why)
{
	const unsigned long long last = w->head.seq;
	uint8_t hash[FACT_HASH_SIZE];
	char doing[48];
	int err = 0, rc;

	if (w->reading)
		rc = sqlite3_step(w->rows);
	else
		err = resume(&rc, w, why);
	w->reading = rc == SQLITE_ROW;
	if (err)
		return err;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		snprintf(doing, sizeof(doing), "after fact %llu", last);
		return db_error(sqlite3_db_handle(w->rows), doing, why);
	}
	if (rc == SQLITE_ROW)
		err = read_row(row, w->rows, why);
	if (err)
		return err;
	if (rc == SQLITE_ROW && w->among_kept &&
	    (sqlite3_int64)row->seq <= (sqlite3_int64)w->cut.head.seq) {
		err = follow_kept(w, row, why);
		return err ? err : 1;
	}
	if (w->among_kept && w->to >= w->cut.head.seq)
		err = cross(w, why);
	if (err || rc == SQLITE_DONE)
		return err;
	if (row->seq != w->head.seq + 1)
		return why_set(why, ERR_CORRUPT, "fact %llu is missing: %lld comes in "
			       "its place", (unsigned long long)w->head.seq + 1,
			       (long long)row->seq);
	err = follow(w, w->head.hash, row, why);
	if (err == ERR_CORRUPT && w->cut.fact && row->seq == w->cut.head.seq + 1) {
		fact_hash(hash, w->head.hash, row);
		err = blame(w, err, hash, why);
	}
	return err ? err : 1;
}

/* Behind the columns comes the hash of the row before, or what a cut left of it. */
int chain_pick_new(struct chain_pick **out, sqlite3 *db, struct why *why)
{
	struct chain_pick *p = mem_new(sizeof(*p));
	int err;

	err = chain_cut(&p->cut, db, why);
	if (!err)
		err = db_prepare(&p->row, db, "SELECT " COLUMNS ", coalesce("
				 "(SELECT hash FROM fact AS b WHERE b.seq = ?1 - 1), "
				 "(SELECT prev FROM kept WHERE kept.seq = ?1)) "
				 "FROM fact WHERE seq = ?1", why);
	if (err) {
		chain_pick_free(p);
		return err;
	}
	*out = p;
	return 0;
}

void chain_pick_free(struct chain_pick *p)
{
	if (!p)
		return;
	sqlite3_finalize(p->row);
	free(p);
}

int chain_pick_row(struct chain_pick *p, uint64_t seq, struct fact_row *row,
		   struct why *why)
{
	const uint8_t *prev = p->cut.head.hash;
	uint8_t hash[FACT_HASH_SIZE];
	int err, rc;

	sqlite3_reset(p->row);
	sqlite3_bind_int64(p->row, 1, (sqlite3_int64)seq);
	rc = sqlite3_step(p->row);
	if (rc == SQLITE_DONE)
		return why_set(why, ERR_NOT_FOUND, "fact %llu is missing",
			       (unsigned long long)seq);
	if (rc != SQLITE_ROW)
		return db_error(sqlite3_db_handle(p->row), "reading a fact", why);
	err = read_row(row, p->row, why);
	if (!err && seq != p->cut.head.seq + 1) {
		prev = sqlite3_column_blob(p->row, HASH + 1);
		if (sqlite3_column_bytes(p->row, HASH + 1) != FACT_HASH_SIZE)
			err = why_set(why, ERR_CORRUPT, "fact %llu is missing",
				      (unsigned long long)seq - 1);
	}
	return err ? err : check_hash(hash, p->row, prev, row, why);
}

/* `at` never falls, so the row is found by halving, also where rows are missing. */
int chain_find(uint64_t *seq, sqlite3 *db, int64_t at, struct why *why)
{
	uint64_t from = 0, to, mid;
	sqlite3_stmt *stmt;
	int err, rc;

	err = chain_last(&to, db, why);
	if (!err)
		err = db_prepare(&stmt, db, "SELECT seq, at FROM fact WHERE seq >= ?1 "
				 "ORDER BY seq LIMIT 1", why);
	if (err)
		return err;
	for (to++; !err && from < to;) {
		mid = from + (to - from) / 2;
		sqlite3_bind_int64(stmt, 1, (sqlite3_int64)mid);
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_ROW && sqlite3_column_int64(stmt, 1) < at)
			from = (uint64_t)sqlite3_column_int64(stmt, 0) + 1;
		else if (rc == SQLITE_ROW || rc == SQLITE_DONE)
			to = mid;
		else
			err = db_error(db, "reading a fact", why);
		sqlite3_reset(stmt);
	}
	sqlite3_finalize(stmt);
	*seq = from;
	return err;
}
