#include "store/views.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"
#include "store/chain.h"
#include "store/db.h"
#include "store/stories.h"

#define DAY_MS 86400000
#define MEMBERS_MAX 16		/* of a fact's data */
#define PARAMS_MAX 16		/* of a statement */
#define NAME_SIZE 24		/* of a member that a statement asks for, and NUL */
#define STATEMENTS_MAX 64
#define PROGRESS_FACTS 5000

/* Where the value of a parameter comes from. */
enum source {
	MEMBER,		/* :name */
	TIME,		/* @name */
	FIRST, SEQ, AT, DAY, STREAM, ACTOR, SEALED,
};

static const char *const columns[] = {
	[FIRST] = "$first", [SEQ] = "$seq", [AT] = "$at", [DAY] = "$day",
	[STREAM] = "$stream", [ACTOR] = "$actor", [SEALED] = "$sealed",
};

struct statement {
	sqlite3_stmt *stmt;
	bool asks_first;
	int params;
	struct {
		enum source source;
		char name[NAME_SIZE];	/* without its sign; ours, for SQLite forgets
					 * its own when it prepares the text anew */
	} param[PARAMS_MAX];
};

struct views {
	sqlite3 *db;			/* borrowed */
	size_t count;
	struct statement statement[STATEMENTS_MAX];
	struct {
		size_t from, to;	/* its statements */
	} kind[FACT_KIND_COUNT];
};

static enum source source_of(const char *name)
{
	if (name[0] == ':')
		return MEMBER;
	if (name[0] == '@')
		return TIME;
	for (size_t i = FIRST; i < ARRAY_LEN(columns); i++)
		if (strcmp(columns[i], name) == 0)
			return (enum source)i;
	assert(!"sql/views.sql asks for what a fact does not have");
	return MEMBER;
}

static void describe(struct statement *s)
{
	s->params = sqlite3_bind_parameter_count(s->stmt);
	assert(s->params <= PARAMS_MAX);
	for (int i = 0; i < s->params; i++) {
		const char *name = sqlite3_bind_parameter_name(s->stmt, i + 1);

		s->param[i].source = source_of(name);
		assert(strlen(name + 1) < NAME_SIZE);
		strcpy(s->param[i].name, name + 1);
		s->asks_first |= s->param[i].source == FIRST;
	}
}

/* Prepares all statements of a block. */
static int prepare(struct views *v, const char *sql, struct why *why)
{
	struct statement *s;

	while (*sql) {
		assert(v->count < STATEMENTS_MAX);
		s = &v->statement[v->count];
		if (sqlite3_prepare_v3(v->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt,
				       &sql) != SQLITE_OK)
			return db_error(v->db, "the views", why);
		if (!s->stmt)		/* what is left is white space */
			break;
		describe(s);
		v->count++;
	}
	return 0;
}

static int prepare_kind(struct views *v, enum fact_kind kind, bool live,
			struct why *why)
{
	const char *name = fact_kind_name(kind);
	int err = 0;

	v->kind[kind].from = v->count;
	for (const struct views_sql *b = views_sql; b->kind && !err; b++)
		if (strcmp(b->kind, name) == 0 && (live || !b->once))
			err = prepare(v, b->sql, why);
	v->kind[kind].to = v->count;
	return err;
}

int views_new(struct views **out, sqlite3 *db, bool live, struct why *why)
{
	struct views *v = mem_new(sizeof(*v));
	int kind, err = 0;

	v->db = db;
	for (kind = 0; kind < FACT_KIND_COUNT && !err; kind++)
		err = prepare_kind(v, (enum fact_kind)kind, live, why);
	if (err) {
		views_free(v);
		return err;
	}
	*out = v;
	return 0;
}

void views_free(struct views *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->count; i++)
		sqlite3_finalize(v->statement[i].stmt);
	free(v);
}

static void bind_member(sqlite3_stmt *stmt, int i, const struct json_member *m)
{
	char text[FACT_DATA_MAX + 1];
	int64_t number;
	ssize_t len;

	if (m && m->kind == JSON_KIND_STRING && !memchr(m->value, '\\', m->len)) {
		sqlite3_bind_text(stmt, i, m->value + 1, (int)m->len - 2, SQLITE_STATIC);
	} else if (m && m->kind == JSON_KIND_STRING &&
		   (len = json_get_string(m, text, sizeof(text))) >= 0) {
		sqlite3_bind_text(stmt, i, text, (int)len, SQLITE_TRANSIENT);
	} else if (m && m->kind == JSON_KIND_NUMBER && !json_get_int(m, &number)) {
		sqlite3_bind_int64(stmt, i, number);
	} else if (m && (m->kind == JSON_KIND_TRUE || m->kind == JSON_KIND_FALSE)) {
		sqlite3_bind_int(stmt, i, m->kind == JSON_KIND_TRUE);
	} else {
		sqlite3_bind_null(stmt, i);
	}
}

static void bind_time(sqlite3_stmt *stmt, int i, const struct json_member *m)
{
	int64_t at;

	if (m && m->kind == JSON_KIND_STRING &&
	    clock_rfc3339_parse(&at, m->value + 1, m->len - 2) == 0)
		sqlite3_bind_int64(stmt, i, at);
	else
		sqlite3_bind_null(stmt, i);
}

static int apply(struct statement *s, const struct fact_row *row, uint64_t first,
		 const struct json_member *m, int count, struct why *why)
{
	int err = 0;

	for (int i = 0; i < s->params; i++) {
		const char *name = s->param[i].name;

		switch (s->param[i].source) {
		case MEMBER:
			bind_member(s->stmt, i + 1, json_find(m, count, name));
			break;
		case TIME:
			bind_time(s->stmt, i + 1, json_find(m, count, name));
			break;
		case FIRST:
			sqlite3_bind_int64(s->stmt, i + 1, (sqlite3_int64)first);
			break;
		case SEQ:
			sqlite3_bind_int64(s->stmt, i + 1, (sqlite3_int64)row->seq);
			break;
		case AT:
			sqlite3_bind_int64(s->stmt, i + 1, row->at);
			break;
		case DAY:
			sqlite3_bind_int64(s->stmt, i + 1, row->at / DAY_MS);
			break;
		case STREAM:
			sqlite3_bind_text(s->stmt, i + 1, row->stream,
					  (int)row->stream_len, SQLITE_STATIC);
			break;
		case ACTOR:
			sqlite3_bind_text(s->stmt, i + 1, row->actor,
					  (int)row->actor_len, SQLITE_STATIC);
			break;
		case SEALED:
			sqlite3_bind_int(s->stmt, i + 1, row->sealed != NULL);
			break;
		}
	}
	if (sqlite3_step(s->stmt) != SQLITE_DONE)
		err = db_error(sqlite3_db_handle(s->stmt), "the views", why);
	sqlite3_reset(s->stmt);
	return err;
}

int views_apply(struct views *v, enum fact_kind kind, const struct fact_row *row,
		uint64_t first, struct why *why)
{
	struct json_member m[MEMBERS_MAX];
	int count, err = 0;

	if (v->kind[kind].from == v->kind[kind].to)
		return 0;
	count = json_scan(m, MEMBERS_MAX, row->data, row->data_len);
	if (count < 0)
		count = 0;
	for (size_t i = v->kind[kind].from; i < v->kind[kind].to && !err; i++)
		if (first || !v->statement[i].asks_first)
			err = apply(&v->statement[i], row, first, m, count, why);
	return err;
}

/* Leaves alone what is no view: see sql/0002-views.sql. */
static const char empty[] =
	"DELETE FROM meeting; DELETE FROM renamed; DELETE FROM stay; DELETE FROM call;"
	"DELETE FROM relay_day; DELETE FROM sign_in_day; DELETE FROM key;"
	"DELETE FROM lasting;";

struct refill {
	struct views *views;
	struct stories *stories;
	struct chain_walk *walk;
	views_progress_fn *progress;
	void *arg;
	uint64_t done, of;
};

static int refill_one(struct refill *r, const struct fact_row *row, struct why *why)
{
	enum fact_kind kind;
	uint64_t first;
	int err;

	if (fact_kind_of(&kind, row->kind, row->kind_len))
		return why_set(why, ERR_VERSION, "fact %llu is of a kind that this "
			       "version of Paravent does not know",
			       (unsigned long long)row->seq);
	err = stories_first(r->stories, row, &first, why);
	if (!err)
		err = views_apply(r->views, kind, row, first, why);
	if (!err && ++r->done % PROGRESS_FACTS == 0 && r->progress &&
	    !r->progress(r->arg, r->done, r->of))
		err = why_set(why, ERR_UNAVAILABLE, "it was stopped, and nothing has changed");
	return err;
}

static int refill(struct refill *r, sqlite3 *db, struct why *why)
{
	struct fact_row row;
	sqlite3_int64 of;
	int err;

	err = db_exec(db, empty, why);
	if (!err)
		err = db_number(&of, db, "SELECT count(*) FROM fact", why);
	if (!err)
		err = views_new(&r->views, db, false, why);
	if (!err)
		err = stories_new(&r->stories, db, why);
	if (!err)
		err = chain_walk_new(&r->walk, db, 0, UINT64_MAX, why);
	if (err)
		return err;
	r->of = (uint64_t)of;
	while ((err = chain_walk_next(r->walk, &row, why)) > 0) {
		err = refill_one(r, &row, why);
		if (err)
			break;
	}
	return err;
}

int views_fill(sqlite3 *db, views_progress_fn *progress, void *arg, struct why *why)
{
	struct refill r = {.progress = progress, .arg = arg};
	int err = refill(&r, db, why);

	chain_walk_free(r.walk);
	stories_free(r.stories);
	views_free(r.views);
	return err;
}

int views_rebuild(sqlite3 *db, views_progress_fn *progress, void *arg,
		  struct why *why)
{
	int err;

	err = db_exec(db, "BEGIN IMMEDIATE", why);
	if (!err)
		err = views_fill(db, progress, arg, why);
	if (!err)
		err = db_exec(db, "COMMIT", why);
	if (err && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}
