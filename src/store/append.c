#include "store/append.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/db.h"
#include "store/stories.h"
#include "store/views.h"

struct append {
	sqlite3 *db;			/* borrowed, as keys */
	struct keyring *keys;
	sqlite3_stmt *begin, *insert, *commit;
	struct stories *stories;
	struct views *views;
	struct chain_head head;		/* what is on disk */
	struct chain_head next;		/* the end of the group */
	uint8_t sealed[FACT_PERSONAL_MAX + SEAL_OVERHEAD];
};

int append_new(struct append **out, sqlite3 *db, struct keyring *keys,
	       const struct chain_head *head, struct why *why)
{
	struct append *a = mem_new(sizeof(*a));
	int err;

	a->db = db;
	a->keys = keys;
	a->head = *head;
	err = db_prepare(&a->begin, db, "BEGIN IMMEDIATE", why);
	if (!err)
		err = db_prepare(&a->commit, db, "COMMIT", why);
	if (!err)
		err = db_prepare(&a->insert, db, "INSERT INTO fact "
				 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", why);
	if (!err)
		err = stories_new(&a->stories, db, why);
	if (!err)
		err = views_new(&a->views, db, true, why);
	if (err) {
		append_free(a);
		return err;
	}
	*out = a;
	return 0;
}

void append_free(struct append *a)
{
	if (!a)
		return;
	views_free(a->views);
	stories_free(a->stories);
	sqlite3_finalize(a->begin);
	sqlite3_finalize(a->insert);
	sqlite3_finalize(a->commit);
	free(a);
}

const struct chain_head *append_head(const struct append *a)
{
	return &a->head;
}

static int run(struct append *a, sqlite3_stmt *stmt, const char *doing, struct why *why)
{
	int err = 0;

	if (sqlite3_step(stmt) != SQLITE_DONE)
		err = db_error(a->db, doing, why);
	sqlite3_reset(stmt);
	return err;
}

int append_begin(struct append *a, struct why *why)
{
	a->next = a->head;
	return run(a, a->begin, "beginning to write", why);
}

static int insert(struct append *a, const struct fact_row *row, struct why *why)
{
	sqlite3_stmt *s = a->insert;

	sqlite3_bind_int64(s, 1, (sqlite3_int64)row->seq);
	sqlite3_bind_int64(s, 2, row->at);
	sqlite3_bind_text(s, 3, row->stream, (int)row->stream_len, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, (sqlite3_int64)row->version);
	sqlite3_bind_text(s, 5, row->kind, (int)row->kind_len, SQLITE_STATIC);
	sqlite3_bind_text(s, 6, row->actor, (int)row->actor_len, SQLITE_STATIC);
	sqlite3_bind_text(s, 7, row->data, (int)row->data_len, SQLITE_STATIC);
	sqlite3_bind_blob(s, 8, row->sealed, (int)row->sealed_len, SQLITE_STATIC);
	sqlite3_bind_blob(s, 9, a->next.hash, FACT_HASH_SIZE, SQLITE_STATIC);
	return run(a, s, "writing a fact", why);
}

int append_fact(struct append *a, enum fact_kind kind, struct fact_row *row,
		const char *personal, size_t personal_len, struct why *why)
{
	uint64_t first;
	int err = 0;

	assert(row->seq == a->next.seq + 1 && row->at >= a->next.at);
	row->sealed = NULL;
	row->sealed_len = 0;
	if (personal_len) {
		err = keyring_seal(a->keys, row, personal, personal_len, a->sealed, why);
		row->sealed = a->sealed;
		row->sealed_len = personal_len + SEAL_OVERHEAD;
	}
	if (err)
		return err;
	fact_hash(a->next.hash, a->next.hash, row);
	a->next.seq = row->seq;
	a->next.at = row->at;
	err = insert(a, row, why);
	if (!err)
		err = stories_append(a->stories, row, &first, why);
	if (!err)
		err = views_apply(a->views, kind, row, first, why);
	return err;
}

int append_commit(struct append *a, struct why *why)
{
	int err;

	err = keyring_commit(a->keys, why);	/* before what needs them */
	if (!err)
		err = run(a, a->commit, "committing", why);
	if (!err)
		a->head = a->next;
	return err;
}

void append_rollback(struct append *a)
{
	if (!sqlite3_get_autocommit(a->db))
		sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
	keyring_rollback(a->keys);
	stories_forget(a->stories);
}

/*
 * The triggers of the table are for everybody but append_fact(): see the schema. To turn
 * them on or off makes SQLite prepare all statements anew, a millisecond of work.
 */
void append_yield(struct append *a, bool to_others)
{
	sqlite3_db_config(a->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, to_others, NULL);
	stories_forget(a->stories);
}
