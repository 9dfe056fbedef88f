#include "store/stories.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/db.h"

#define KNOWN 4096		/* streams; a power of two */

struct known {
	size_t len;		/* 0: nothing is known */
	char name[FACT_STREAM_SIZE];
	uint64_t first, version;
};

struct stories {
	sqlite3 *db;			/* borrowed */
	sqlite3_stmt *begin, *append, *find;
	struct known known[KNOWN];	/* at the place that the hash of the name says */
};

int stories_new(struct stories **out, sqlite3 *db, struct why *why)
{
	struct stories *s = mem_new(sizeof(*s));
	int err;

	s->db = db;
	err = db_prepare(&s->begin, db, "INSERT INTO stream (name, first) "
			 "VALUES (?1, ?2)", why);
	if (!err)
		err = db_prepare(&s->append, db, "INSERT INTO story (first, version, seq) "
				 "VALUES (?1, ?2, ?3)", why);
	if (!err)
		err = db_prepare(&s->find, db, "SELECT first, (SELECT max(version) "
				 "FROM story WHERE story.first = stream.first) "
				 "FROM stream WHERE name = ?1", why);
	if (err) {
		stories_free(s);
		return err;
	}
	*out = s;
	return 0;
}

void stories_free(struct stories *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->begin);
	sqlite3_finalize(s->append);
	sqlite3_finalize(s->find);
	free(s);
}

void stories_forget(struct stories *s)
{
	for (size_t i = 0; i < KNOWN; i++)
		s->known[i].len = 0;
}

/* FNV-1a: ids are random, and two streams at one place cost no more than a question. */
static struct known *place_of(struct stories *s, const struct fact_row *row)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < row->stream_len; i++)
		hash = (hash ^ (unsigned char)row->stream[i]) * 16777619u;
	return &s->known[hash & (KNOWN - 1)];
}

static bool same(const struct known *k, const struct fact_row *row)
{
	return k->len == row->stream_len && memcmp(k->name, row->stream, k->len) == 0;
}

static void remember(struct known *k, const struct fact_row *row, uint64_t first,
		     uint64_t version)
{
	k->first = first;
	k->version = version;
	k->len = row->stream_len;
	if (k->len > sizeof(k->name))
		k->len = 0;	/* none of ours: for this once */
	else
		memcpy(k->name, row->stream, k->len);
}

/* Asks the tables; `first` is 0 for a stream that is not there. */
static int find(struct stories *s, const struct fact_row *row, struct known *k,
		struct why *why)
{
	int err = 0;

	sqlite3_bind_text(s->find, 1, row->stream, (int)row->stream_len, SQLITE_STATIC);
	switch (sqlite3_step(s->find)) {
	case SQLITE_ROW:
		remember(k, row, (uint64_t)sqlite3_column_int64(s->find, 0),
			 (uint64_t)sqlite3_column_int64(s->find, 1));
		break;
	case SQLITE_DONE:
		remember(k, row, 0, 0);
		break;
	default:
		err = db_error(s->db, "the index of streams", why);
	}
	sqlite3_reset(s->find);
	return err;
}

static int insert(struct stories *s, sqlite3_stmt *stmt, struct why *why)
{
	int err = 0;

	if (sqlite3_step(stmt) != SQLITE_DONE)
		err = db_error(s->db, "the index of streams", why);
	sqlite3_reset(stmt);
	return err;
}

/* A new stream. Only its table knows whether the name is new: that costs one look. */
static int begin(struct stories *s, const struct fact_row *row, struct known *k,
		 struct why *why)
{
	int err;

	sqlite3_bind_text(s->begin, 1, row->stream, (int)row->stream_len, SQLITE_STATIC);
	sqlite3_bind_int64(s->begin, 2, (sqlite3_int64)row->seq);
	err = insert(s, s->begin, why);
	if (err && sqlite3_extended_errcode(s->db) == SQLITE_CONSTRAINT_PRIMARYKEY)
		err = ERR_CONFLICT;
	if (!err)
		remember(k, row, row->seq, 0);
	return err;
}

int stories_append(struct stories *s, const struct fact_row *row, uint64_t *first,
		   struct why *why)
{
	struct known *k = place_of(s, row);
	int err = 0;

	if (row->version == 1)
		err = begin(s, row, k, why);
	else if (!same(k, row))
		err = find(s, row, k, why);
	if (err == ERR_CONFLICT || (!err && k->version + 1 != row->version))
		return why_set(why, ERR_CONFLICT, "fact %llu must have the next version "
			       "of its stream", (unsigned long long)row->seq);
	if (err)
		return err;
	sqlite3_bind_int64(s->append, 1, (sqlite3_int64)k->first);
	sqlite3_bind_int64(s->append, 2, (sqlite3_int64)row->version);
	sqlite3_bind_int64(s->append, 3, (sqlite3_int64)row->seq);
	err = insert(s, s->append, why);
	k->version = row->version;
	*first = k->first;
	return err;
}

int stories_first(struct stories *s, const struct fact_row *row, uint64_t *first,
		  struct why *why)
{
	struct known *k = place_of(s, row);
	int err = 0;

	if (!same(k, row))
		err = find(s, row, k, why);
	*first = k->first;
	return err;
}
