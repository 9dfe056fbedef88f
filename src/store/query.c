#include "store/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/factdata.h"
#include "store/db.h"
#include "store/keyring.h"
#include "store/querydb.h"
#include "store/schema.h"
#include "store/seal.h"

#define MEETING_COLUMNS                                                       \
	"first, id, status, kind, starts_at, minutes, capacity, waiting_room, " \
	"relay_only, locale, created_at, opened_at, over_at, erased_at"
#define FACT_COLUMNS                                                          \
	"seq, at, stream, version, kind, actor, data, sealed, hash"

/*
 * What is asked, prepared once; X(symbol, text)
 *
 * Q_LIST gives what comes after ?3 and ?4, a start and a `first`, in two halves, each a
 * range of the index: for (starts_at, first) < (?3, ?4) SQLite begins at the newest.
 */
#define QUERIES(X)                                                            \
	X(Q_LIST, "SELECT " MEETING_COLUMNS " FROM meeting "                  \
	  "WHERE status = ?1 AND starts_at = ?3 AND first < ?4 AND ?3 >= ?2 " \
	  "UNION ALL SELECT " MEETING_COLUMNS " FROM meeting "                \
	  "WHERE status = ?1 AND starts_at >= ?2 AND starts_at < ?3 "         \
	  "ORDER BY starts_at DESC, first DESC LIMIT ?5")                     \
	X(Q_FIRST, "SELECT first FROM stream WHERE name = ?1")                \
	X(Q_MEETING, "SELECT " MEETING_COLUMNS " FROM meeting WHERE first = ?1") \
	X(Q_RENAMED, "SELECT seq FROM renamed WHERE meeting = ?1 ORDER BY seq") \
	X(Q_LAST_OF, "SELECT version, seq FROM story WHERE first = ?1 "       \
	  "ORDER BY version DESC LIMIT 1")                                    \
	X(Q_FACT, "SELECT " FACT_COLUMNS " FROM fact WHERE seq = ?1")         \
	X(Q_FACTS, "SELECT " FACT_COLUMNS " FROM fact WHERE seq > ?1 "        \
	  "ORDER BY seq LIMIT ?2")                                            \
	X(Q_VERSIONS, "SELECT (SELECT min(version) FROM story WHERE first = ?1), " \
	  "(SELECT max(version) FROM story WHERE first = ?1)")                \
	X(Q_SEQ_OF, "SELECT seq FROM story WHERE first = ?1 AND version = ?2") \
	X(Q_STREAM, "SELECT fact.seq, at, stream, fact.version, kind, actor, " \
	  "data, sealed, hash FROM story JOIN fact ON fact.seq = story.seq "  \
	  "WHERE story.first = ?1 AND story.version >= ?2 "                   \
	  "ORDER BY story.version LIMIT ?3")                                  \
	X(Q_LAST, "SELECT coalesce(max(seq), 0) FROM fact")                   \
	X(Q_AGED, "SELECT id FROM meeting WHERE over_at IS NOT NULL "         \
	  "AND personal AND erased_at IS NULL AND over_at < ?1 "              \
	  "ORDER BY over_at LIMIT ?2")

enum {
#define X(symbol, text) symbol,
	QUERIES(X)
#undef X
};

static const char *const texts[] = {
#define X(symbol, text) [symbol] = text,
	QUERIES(X)
#undef X
};

#define STATEMENTS (sizeof(texts) / sizeof(texts[0]))

struct query {
	sqlite3 *db;
	struct keyring *keys;		/* NULL: there are none */
	sqlite3_stmt *stmt[STATEMENTS];
	sqlite3_stmt *list[QUERY_STATUS_COUNT];	/* Q_LIST once for each status */
	struct fact fact;		/* scratch */
};

const char *query_status_name(enum query_status status)
{
	static const char *const names[] = {
#define X(symbol, name) name,
		QUERY_STATUSES(X)
#undef X
	};

	return names[status];
}

static int prepare(struct query *q, struct why *why)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < STATEMENTS; i++)
		err = db_prepare(&q->stmt[i], q->db, texts[i], why);
	for (i = 0; !err && i < QUERY_STATUS_COUNT; i++)
		err = db_prepare(&q->list[i], q->db, texts[Q_LIST], why);
	return err;
}

int query_open(struct query **out, const char *state_dir, struct why *why)
{
	struct query *q = mem_new(sizeof(*q));
	int err;

	err = schema_open(&q->db, state_dir, &schema_ledger, DB_READ, why);
	if (!err) {
		err = keyring_open(&q->keys, state_dir, q->db, DB_READ, why);
		if (err == ERR_NOT_FOUND)
			err = 0;
	}
	if (!err)
		err = prepare(q, why);
	if (err) {
		query_close(q);
		return err;
	}
	*out = q;
	return 0;
}

void query_close(struct query *q)
{
	size_t i;

	if (!q)
		return;
	for (i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(q->stmt[i]);
	for (i = 0; i < QUERY_STATUS_COUNT; i++)
		sqlite3_finalize(q->list[i]);
	keyring_close(q->keys);
	db_close(q->db);
	mem_wipe(&q->fact, sizeof(q->fact));
	free(q);
}

int query_begin(struct query *q, struct why *why)
{
	return db_exec(q->db, "BEGIN", why);
}

void query_end(struct query *q)
{
	if (!sqlite3_get_autocommit(q->db))
		sqlite3_exec(q->db, "COMMIT", NULL, NULL, NULL);
}

sqlite3 *querydb_of(struct query *q)
{
	return q->db;
}

int querydb_step(struct query *q, sqlite3_stmt *s, struct why *why)
{
	switch (sqlite3_step(s)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return db_error(q->db, "reading ledger.db", why);
	}
}

/* --- Facts ----------------------------------------------------------------------- */

static const char *text(sqlite3_stmt *s, int column, size_t *len)
{
	const unsigned char *p = sqlite3_column_text(s, column);

	*len = (size_t)sqlite3_column_bytes(s, column);
	return p ? (const char *)p : "";
}

/* The row of FACT_COLUMNS that `s` stands on, borrowed from it. */
static int row_of(struct fact_row *row, const uint8_t **hash, sqlite3_stmt *s,
		  struct why *why)
{
	row->seq = (uint64_t)sqlite3_column_int64(s, 0);
	row->at = sqlite3_column_int64(s, 1);
	row->stream = text(s, 2, &row->stream_len);
	row->version = (uint64_t)sqlite3_column_int64(s, 3);
	row->kind = text(s, 4, &row->kind_len);
	row->actor = text(s, 5, &row->actor_len);
	row->data = text(s, 6, &row->data_len);
	row->sealed = sqlite3_column_blob(s, 7);
	row->sealed_len = (size_t)sqlite3_column_bytes(s, 7);
	*hash = sqlite3_column_blob(s, 8);
	if (sqlite3_column_bytes(s, 8) != FACT_HASH_SIZE ||
	    row->sealed_len > FACT_PERSONAL_MAX + SEAL_OVERHEAD)
		return why_set(why, ERR_CORRUPT, "fact %" PRIu64 " is damaged", row->seq);
	return 0;
}

/* Its personal members, into q->fact.personal; their length is 0 when they are erased. */
static int unseal(struct query *q, const struct fact_row *row, struct why *why)
{
	char open[FACT_PERSONAL_MAX + SEAL_OVERHEAD];
	ssize_t n = 0;

	q->fact.personal_len = 0;
	q->fact.personal[0] = '\0';
	if (row->sealed)
		n = keyring_unseal(q->keys, row, open, why);
	if (n < 0)
		return n == ERR_NOT_FOUND ? 0 : (int)n;
	memcpy(q->fact.personal, open, (size_t)n);
	q->fact.personal[n] = '\0';
	q->fact.personal_len = (size_t)n;
	mem_wipe(open, (size_t)n);
	return 0;
}

static int tell(struct query *q, sqlite3_stmt *s, query_fact_fn *fn, void *arg,
		struct why *why)
{
	struct fact_row row;
	struct query_fact f = {.row = &row};
	int err = row_of(&row, &f.hash, s, why);

	if (!err)
		err = unseal(q, &row, why);
	if (err)
		return err;
	if (q->fact.personal_len) {
		f.personal = q->fact.personal;
		f.personal_len = q->fact.personal_len;
	}
	f.erased = row.sealed && !f.personal;
	return fn(arg, &f);
}

/* The seq of the stream's first fact, or ERR_NOT_FOUND. */
static int first_of(struct query *q, const char *stream, sqlite3_int64 *first,
		    struct why *why)
{
	sqlite3_stmt *s = q->stmt[Q_FIRST];
	int err;

	sqlite3_bind_text(s, 1, stream, -1, SQLITE_STATIC);
	err = querydb_step(q, s, why);
	if (err > 0)
		*first = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return err > 0 ? 0 : err ? err : ERR_NOT_FOUND;
}

static int seq_of(struct query *q, sqlite3_int64 first, sqlite3_int64 version,
		  sqlite3_int64 *seq, struct why *why)
{
	sqlite3_stmt *s = q->stmt[Q_SEQ_OF];
	int err;

	sqlite3_bind_int64(s, 1, first);
	sqlite3_bind_int64(s, 2, version);
	err = querydb_step(q, s, why);
	if (err > 0)
		*seq = sqlite3_column_int64(s, 0);
	else if (!err)
		err = why_set(why, ERR_CORRUPT, "the index of streams has gaps");
	sqlite3_reset(s);
	return err < 0 ? err : 0;
}

/*
 * The first version of a stream whose fact comes after `seq`; one more than there are if
 * none does. Both rise together, so halving finds it, however long the stream is.
 */
static int version_after(struct query *q, sqlite3_int64 first, sqlite3_int64 seq,
			 sqlite3_int64 *version, struct why *why)
{
	sqlite3_stmt *s = q->stmt[Q_VERSIONS];
	sqlite3_int64 low = 1, high = 0, at = 0, middle;
	int err;

	sqlite3_bind_int64(s, 1, first);
	err = querydb_step(q, s, why);
	if (err > 0) {
		low = sqlite3_column_int64(s, 0);
		high = sqlite3_column_int64(s, 1);
		err = 0;
	}
	sqlite3_reset(s);
	while (!err && low <= high) {
		middle = low + (high - low) / 2;
		err = seq_of(q, first, middle, &at, why);
		if (!err && at > seq)
			high = middle - 1;
		else
			low = middle + 1;
	}
	*version = low;
	return err;
}

/* The statement that gives those of one stream; `s` stays NULL when there is none. */
static int stream_after(sqlite3_stmt **out, struct query *q, const char *stream,
			sqlite3_int64 seq, unsigned int limit, struct why *why)
{
	sqlite3_int64 first, version;
	int err = first_of(q, stream, &first, why);

	if (!err)
		err = version_after(q, first, seq, &version, why);
	if (err)
		return err == ERR_NOT_FOUND ? 0 : err;
	*out = q->stmt[Q_STREAM];
	sqlite3_bind_int64(*out, 1, first);
	sqlite3_bind_int64(*out, 2, version);
	sqlite3_bind_int64(*out, 3, limit);
	return 0;
}

int query_facts(struct query *q, const char *stream, uint64_t after,
		unsigned int limit, query_fact_fn *fn, void *arg, struct why *why)
{
	const sqlite3_int64 seq = after < INT64_MAX ? (sqlite3_int64)after : INT64_MAX;
	sqlite3_stmt *s = NULL;
	int err = 0, told = 0, stop = 0;

	if (stream) {
		err = stream_after(&s, q, stream, seq, limit, why);
		if (!s)
			return err;
	} else {
		s = q->stmt[Q_FACTS];
		sqlite3_bind_int64(s, 1, seq);
		sqlite3_bind_int64(s, 2, limit);
	}
	while (!stop && (err = querydb_step(q, s, why)) > 0) {
		stop = tell(q, s, fn, arg, why);
		told++;
	}
	sqlite3_reset(s);
	if (stop < 0)
		return stop;
	return err < 0 ? err : told;
}

int query_last(struct query *q, uint64_t *seq, struct why *why)
{
	sqlite3_stmt *s = q->stmt[Q_LAST];
	int err = querydb_step(q, s, why);

	if (err > 0)
		*seq = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return err < 0 ? err : 0;
}

/* --- Meetings -------------------------------------------------------------------- */

/* Title and host name as one fact of the meeting tells them. */
static int apply_personal(struct query *q, sqlite3_int64 seq, struct meeting_plan *plan,
			  struct why *why)
{
	sqlite3_stmt *s = q->stmt[Q_FACT];
	struct meeting_change change;
	struct meeting_plan created;
	const uint8_t *hash;
	struct fact_row row;
	int err;

	sqlite3_bind_int64(s, 1, seq);
	err = querydb_step(q, s, why);
	if (err > 0) {
		err = row_of(&row, &hash, s, why);
		if (!err)
			err = unseal(q, &row, why);
	}
	if (!err && q->fact.personal_len) {
		q->fact.data_len = row.data_len < FACT_DATA_MAX ? row.data_len : FACT_DATA_MAX;
		memcpy(q->fact.data, row.data, q->fact.data_len);
		q->fact.data[q->fact.data_len] = '\0';
		if (row.version == 1) {
			q->fact.kind = FACT_MEETING_CREATED;
			err = factdata_get_plan(&created, &q->fact);
			if (!err) {
				strcpy(plan->title, created.title);
				strcpy(plan->host_name, created.host_name);
			}
		} else {
			q->fact.kind = FACT_MEETING_CHANGED;
			err = factdata_get_change(&change, &q->fact);
			change.has &= CHANGE_PERSONAL;
			if (!err)
				plan_change(plan, &change);
		}
		if (err)
			why_set(why, err, "fact %lld is not one that we could have written",
				(long long)seq);
	}
	sqlite3_reset(s);
	return err;
}

static int64_t number(sqlite3_stmt *s, int column)
{
	return sqlite3_column_int64(s, column);
}

/* The row of MEETING_COLUMNS that `s` stands on, but for what other tables know. */
static int meeting_of(struct query_meeting *m, sqlite3_stmt *s, struct why *why)
{
	const char *kind, *id, *locale;
	size_t kind_len, id_len, locale_len;
	const int64_t status = number(s, 2);

	memset(m, 0, sizeof(*m));
	id = text(s, 1, &id_len);
	kind = text(s, 3, &kind_len);
	locale = text(s, 9, &locale_len);
	if (id_len != QUERY_ID_LEN || status < 0 || status >= QUERY_STATUS_COUNT ||
	    plan_kind_of(&m->plan.kind, kind, kind_len) || locale_len > PLAN_LOCALE_MAX)
		return why_set(why, ERR_CORRUPT, "the view of a meeting is damaged; "
			       "'paravent rebuild' makes the views anew");
	memcpy(m->id, id, id_len);
	memcpy(m->plan.locale, locale, locale_len);
	m->status = (enum query_status)status;
	m->plan.starts_at = number(s, 4);
	m->plan.minutes = (uint32_t)number(s, 5);
	m->plan.capacity = (uint8_t)number(s, 6);
	m->plan.waiting_room = number(s, 7) != 0;
	m->plan.relay_only = number(s, 8) != 0;
	m->created_at = number(s, 10);
	m->opened_at = number(s, 11);
	m->over_at = number(s, 12);
	m->erased = sqlite3_column_type(s, 13) != SQLITE_NULL;
	return 0;
}

/* Title and host name, version and last fact. */
static int complete(struct query *q, struct query_meeting *m, sqlite3_int64 first,
		    struct why *why)
{
	sqlite3_stmt *renamed = q->stmt[Q_RENAMED], *last = q->stmt[Q_LAST_OF];
	int err;

	sqlite3_bind_int64(last, 1, first);
	err = querydb_step(q, last, why);
	if (err > 0) {
		m->version = (uint32_t)number(last, 0);
		m->last_seq = (uint64_t)number(last, 1);
		err = 0;
	}
	sqlite3_reset(last);
	if (err || m->erased)
		return err;
	err = apply_personal(q, first, &m->plan, why);
	sqlite3_bind_int64(renamed, 1, first);
	while (!err && (err = querydb_step(q, renamed, why)) > 0)
		err = apply_personal(q, number(renamed, 0), &m->plan, why);
	sqlite3_reset(renamed);
	return err;
}

int querydb_first(struct query *q, const char *id, size_t len, sqlite3_int64 *first,
		  struct why *why)
{
	char stream[FACT_STREAM_SIZE];

	if (len != QUERY_ID_LEN || memchr(id, '\0', len))
		return ERR_NOT_FOUND;
	snprintf(stream, sizeof(stream), "meeting/%.*s", (int)len, id);
	return first_of(q, stream, first, why);
}

int query_meeting(struct query *q, const char *id, size_t len,
		  struct query_meeting *row, struct why *why)
{
	sqlite3_stmt *s = q->stmt[Q_MEETING];
	sqlite3_int64 first;
	int err = querydb_first(q, id, len, &first, why);

	if (err)
		return err;
	sqlite3_bind_int64(s, 1, first);
	err = querydb_step(q, s, why);
	if (err > 0)
		err = meeting_of(row, s, why);
	else if (!err)
		err = ERR_NOT_FOUND;
	sqlite3_reset(s);
	return err ? err : complete(q, row, first, why);
}

/* One status' part of the list, standing on its next row. */
struct part {
	sqlite3_stmt *stmt;
	bool more;
	struct cursor at;
};

static int part_next(struct query *q, struct part *p, struct why *why)
{
	int err = querydb_step(q, p->stmt, why);

	p->more = err > 0;
	if (p->more) {
		p->at.first = number(p->stmt, 0);
		p->at.starts_at = number(p->stmt, 4);
	}
	return err < 0 ? err : 0;
}

static bool newer(const struct part *a, const struct part *b)
{
	return a->at.starts_at != b->at.starts_at ? a->at.starts_at > b->at.starts_at :
						    a->at.first > b->at.first;
}

static struct part *newest(struct part *part, size_t count)
{
	struct part *best = NULL;
	size_t i;

	for (i = 0; i < count; i++) {
		if (part[i].more && (!best || newer(&part[i], best)))
			best = &part[i];
	}
	return best;
}

static int parts_open(struct query *q, const struct query_filter *f, struct part *part,
		      size_t *count, struct why *why)
{
	struct cursor begin = {.starts_at = f->to};
	int i, err = 0;

	*count = 0;
	if (f->after.first && f->after.starts_at < f->to)
		begin = f->after;
	for (i = 0; !err && i < QUERY_STATUS_COUNT; i++) {
		struct part *p = &part[*count];

		if (f->status >= 0 && f->status != i)
			continue;
		p->stmt = q->list[i];
		sqlite3_bind_int64(p->stmt, 1, i);
		sqlite3_bind_int64(p->stmt, 2, f->from);
		sqlite3_bind_int64(p->stmt, 3, begin.starts_at);
		sqlite3_bind_int64(p->stmt, 4, begin.first);
		sqlite3_bind_int64(p->stmt, 5, (sqlite3_int64)f->limit + 1);
		(*count)++;
		err = part_next(q, p, why);
	}
	return err;
}

int query_meetings(struct query *q, const struct query_filter *filter,
		   struct query_meeting *rows, size_t *count, struct cursor *next,
		   struct why *why)
{
	struct part part[QUERY_STATUS_COUNT], *best;
	struct cursor last = {.first = 0};
	size_t parts, i, n = 0;
	int err = parts_open(q, filter, part, &parts, why);

	*next = (struct cursor){.first = 0};
	while (!err && (best = newest(part, parts))) {
		if (n == filter->limit) {
			*next = last;
			break;
		}
		last = best->at;
		err = meeting_of(&rows[n], best->stmt, why);
		if (!err)
			err = complete(q, &rows[n], last.first, why);
		n++;
		if (!err)
			err = part_next(q, best, why);
	}
	for (i = 0; i < parts; i++)
		sqlite3_reset(part[i].stmt);
	*count = n;
	return err;
}

int query_aged(struct query *q, int64_t over_before, char (*ids)[QUERY_ID_SIZE],
	       size_t cap, struct why *why)
{
	sqlite3_stmt *s = q->stmt[Q_AGED];
	int err, n = 0;

	sqlite3_bind_int64(s, 1, over_before);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)cap);
	while ((err = querydb_step(q, s, why)) > 0) {
		size_t len;
		const char *id = text(s, 0, &len);

		if (len == QUERY_ID_LEN)
			memcpy(ids[n++], id, QUERY_ID_SIZE);
	}
	sqlite3_reset(s);
	return err < 0 ? err : n;
}
