/**
 * A ledger with a past: facts of any day, written without the server's threads, and the
 * chores that make it forget. For the tests of erasing and cutting.
 */
#ifndef PARAVENT_TESTS_PASTKIT_H
#define PARAVENT_TESTS_PASTKIT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/factdata.h"
#include "store/chain.h"
#include "store/cut.h"
#include "store/erase.h"
#include "store/keyring.h"
#include "store/schema.h"
#include "store/verify.h"
#include "store/views.h"

#include "storekit.h"

#define PAST_DAY_MS INT64_C(86400000)
#define PAST_START (20000 * PAST_DAY_MS)	/* 2024-10-04 */

struct past {
	struct kit kit;
	sqlite3 *db;
	struct keyring *keys;
	struct views *views;
	struct chain_head head;
	struct why why;
};

static inline void past_open(struct past *p)
{
	uint64_t last;
	int err;

	err = schema_open(&p->db, p->kit.dir, &schema_ledger, DB_WRITE, &p->why);
	ck_assert_msg(err == 0, "%s", p->why.text);
	kit_sql(p->db, "PRAGMA synchronous = OFF");
	ck_assert_int_eq(keyring_open(&p->keys, p->kit.dir, p->db, DB_WRITE, &p->why), 0);
	err = views_new(&p->views, p->db, true, &p->why);
	ck_assert_msg(err == 0, "%s", p->why.text);
	ck_assert_int_eq(chain_last(&last, p->db, &p->why), 0);
	ck_assert_int_eq(chain_at(&p->head, p->db, last, &p->why), 0);
}

static inline void past_close(struct past *p)
{
	views_free(p->views);
	keyring_close(p->keys);
	db_close(p->db);
}

static inline void past_init(struct past *p)
{
	kit_init(&p->kit);
	past_open(p);
	p->head.at = PAST_START;
}

static inline void past_fini(struct past *p)
{
	past_close(p);
	kit_fini(&p->kit);
}

static inline void past_insert(struct past *p, const struct fact_row *row)
{
	sqlite3_stmt *s;

	fact_hash(p->head.hash, p->head.hash, row);
	ck_assert_int_eq(sqlite3_prepare_v2(p->db, "INSERT INTO fact VALUES (?1, ?2, ?3, "
					    "?4, ?5, ?6, ?7, ?8, ?9)", -1, &s, NULL),
			 SQLITE_OK);
	sqlite3_bind_int64(s, 1, (sqlite3_int64)row->seq);
	sqlite3_bind_int64(s, 2, row->at);
	sqlite3_bind_text(s, 3, row->stream, (int)row->stream_len, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, (sqlite3_int64)row->version);
	sqlite3_bind_text(s, 5, row->kind, (int)row->kind_len, SQLITE_STATIC);
	sqlite3_bind_text(s, 6, row->actor, (int)row->actor_len, SQLITE_STATIC);
	sqlite3_bind_text(s, 7, row->data, (int)row->data_len, SQLITE_STATIC);
	sqlite3_bind_blob(s, 8, row->sealed, (int)row->sealed_len, SQLITE_STATIC);
	sqlite3_bind_blob(s, 9, p->head.hash, FACT_HASH_SIZE, SQLITE_STATIC);
	ck_assert_msg(sqlite3_step(s) == SQLITE_DONE, "%s", sqlite3_errmsg(p->db));
	sqlite3_finalize(s);
}

/* The next fact of a stream, so many days after the start; returns its seq. */
static inline uint64_t past_fact(struct past *p, double day, const char *stream,
				 enum fact_kind kind, const char *data,
				 const char *personal)
{
	struct fact_row row = {.stream = stream, .stream_len = strlen(stream),
			       .kind = fact_kind_name(kind), .actor = "server",
			       .actor_len = 6, .data = data, .data_len = strlen(data)};
	uint8_t sealed[FACT_PERSONAL_MAX + SEAL_OVERHEAD];
	char sql[160];

	snprintf(sql, sizeof(sql), "SELECT coalesce(max(version), 0) + 1 FROM story "
		 "WHERE first = (SELECT first FROM stream WHERE name = '%s')", stream);
	row.seq = p->head.seq + 1;
	row.at = PAST_START + (int64_t)(day * (double)PAST_DAY_MS);
	if (row.at < p->head.at)	/* as the ledger does it */
		row.at = p->head.at;
	row.version = (uint64_t)kit_number(p->db, sql);
	row.kind_len = strlen(row.kind);
	if (personal) {
		ck_assert_int_eq(keyring_seal(p->keys, &row, personal, strlen(personal),
					      sealed, &p->why), 0);
		row.sealed = sealed;
		row.sealed_len = strlen(personal) + SEAL_OVERHEAD;
	}
	ck_assert_int_eq(keyring_commit(p->keys, &p->why), 0);
	past_insert(p, &row);
	snprintf(sql, sizeof(sql), "SELECT first FROM stream WHERE name = '%s'", stream);
	ck_assert_int_eq(views_apply(p->views, kind, &row, (uint64_t)kit_number(p->db, sql),
				     &p->why), 0);
	p->head.seq = row.seq;
	p->head.at = row.at;
	return row.seq;
}

/* Names a meeting: always 22 characters, as ids are. */
static inline const char *past_meeting(unsigned int n)
{
	static char stream[FACT_STREAM_SIZE];

	snprintf(stream, sizeof(stream), "meeting/%022u", n);
	return stream;
}

/* A whole visit, which begins on that day and ends half an hour later. */
static inline void past_visit(struct past *p, double day, unsigned int n)
{
	const char *m = past_meeting(n);
	char personal[64];

	snprintf(personal, sizeof(personal), "{\"title\":\"Whisper %u\"}", n);
	past_fact(p, day, m, FACT_MEETING_CREATED, "{\"capacity\":2}", personal);
	past_fact(p, day, m, FACT_MEETING_OPENED, "{}", NULL);
	past_fact(p, day, m, FACT_PARTICIPANT_JOINED,
		  "{\"id\":\"aaaaaaaaaaaaaaaa\",\"role\":\"host\"}", NULL);
	past_fact(p, day, m, FACT_RELAY_CLOSED, "{\"bytesDown\":100,\"bytesUp\":50,"
		  "\"id\":\"aaaaaaaaaaaaaaaa\",\"seconds\":9,\"transport\":\"udp\"}", NULL);
	past_fact(p, day + 0.02, m, FACT_PARTICIPANT_LEFT,
		  "{\"id\":\"aaaaaaaaaaaaaaaa\",\"reason\":\"left\"}", NULL);
	past_fact(p, day + 0.02, m, FACT_MEETING_ENDED, "{\"reason\":\"host\"}", NULL);
}

static inline void past_plan(struct past *p, struct cut *cut, double before)
{
	int err;

	memset(cut, 0, sizeof(*cut));
	cut->before = PAST_START + (int64_t)(before * (double)PAST_DAY_MS);
	err = cut_plan_run(&cut->chore, p->db, p->keys, &p->why);
	ck_assert_msg(err == 0, "%s", p->why.text);
}

static inline void past_checkpoint(struct past *p, struct cut *cut, double day)
{
	struct factdata d = {.seq = cut->seq, .at = cut->at};
	struct fact *f = mem_new(sizeof(*f));

	memcpy(d.hash, cut->hash, sizeof(d.hash));
	memcpy(d.kept, cut->kept, sizeof(d.kept));
	f->kind = FACT_LOG_CHECKPOINT;
	factdata_put(f, &d);
	cut->fact = past_fact(p, day, "server", f->kind, f->data, NULL);
	free(f);
}

/* Cuts what is older than a day, on another one; returns how many facts went. */
static inline uint64_t past_cut(struct past *p, double before, double day)
{
	struct cut cut;
	uint64_t rows = 0;
	int err;

	do {
		past_plan(p, &cut, before);
		if (!cut.seq)
			return rows;
		past_checkpoint(p, &cut, day);
		err = cut_run(&cut.chore, p->db, p->keys, &p->why);
		while (err == ERR_AGAIN)	/* somebody reads the keys */
			err = erase_run(NULL, p->db, p->keys, &p->why);
		ck_assert_msg(err == 0, "%s", p->why.text);
		rows += cut.rows;
	} while (cut.more);
	return rows;
}

static inline void past_verifies(struct past *p)
{
	struct verify found;
	int err = ledger_verify(p->kit.dir, NULL, NULL, NULL, &found, &p->why);

	ck_assert_msg(err == 0, "%s", p->why.text);
	ck_assert_uint_eq(found.head.seq, p->head.seq);
	ck_assert_mem_eq(found.head.hash, p->head.hash, FACT_HASH_SIZE);
	ck_assert_int_eq((int64_t)found.facts,
			 kit_number(p->db, "SELECT count(*) FROM fact"));
}

/* A table as text, in the order of its key. */
static inline void past_dump(struct buf *out, sqlite3 *db, const char *sql)
{
	const unsigned char *text;
	sqlite3_stmt *s;

	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK, "%s: %s",
		      sql, sqlite3_errmsg(db));
	buf_printf(out, "%s\n", sql);
	while (sqlite3_step(s) == SQLITE_ROW) {
		for (int c = 0; c < sqlite3_column_count(s); c++) {
			text = sqlite3_column_text(s, c);
			buf_printf(out, "%s|", text ? (const char *)text : "NULL");
		}
		buf_putc(out, '\n');
	}
	sqlite3_finalize(s);
}

static inline void past_dump_views(struct buf *out, sqlite3 *db)
{
	static const char *const tables[] = {
		"meeting", "renamed", "stay", "call", "relay_day", "sign_in_day", "key",
		"lasting",
	};
	char sql[64];

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		snprintf(sql, sizeof(sql), "SELECT * FROM %s", tables[i]);
		past_dump(out, db, sql);
	}
}

/* Decision 3: the views are what a rebuild makes. */
static inline void past_rebuilds_the_same(struct past *p)
{
	struct buf live = BUF_INIT, anew = BUF_INIT;
	int err;

	past_dump_views(&live, p->db);
	err = views_rebuild(p->db, NULL, NULL, &p->why);
	ck_assert_msg(err == 0, "%s", p->why.text);
	past_dump_views(&anew, p->db);
	ck_assert_str_eq(live.p, anew.p);
	buf_fini(&live);
	buf_fini(&anew);
}

/* Whether some bytes lie in a file of the state directory. */
static inline bool past_found(const struct past *p, const void *bytes, size_t len)
{
	static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm",
					    "keys.db", "keys.db-wal", "keys.db-shm"};
	char path[128], *text = mem_new(1 << 24);
	bool found = false;
	size_t n;
	FILE *f;

	for (size_t i = 0; i < ARRAY_LEN(names) && !found; i++) {
		kit_path(path, &p->kit, names[i]);
		f = fopen(path, "rb");
		if (!f)
			continue;
		n = fread(text, 1, 1 << 24, f);
		found = memmem(text, n, bytes, len) != NULL;
		fclose(f);
	}
	free(text);
	return found;
}

#endif
