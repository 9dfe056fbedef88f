#include "store/readback.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/chain.h"
#include "store/db.h"

static int copy(char *to, size_t size, size_t *len, const char *from, size_t from_len)
{
	if (from_len >= size || memchr(from, '\0', from_len))
		return ERR_CORRUPT;
	memcpy(to, from, from_len);
	to[from_len] = '\0';
	if (len)
		*len = from_len;
	return 0;
}

static int unseal(struct keyring *keys, struct fact *fact, const struct fact_row *row,
		  struct why *why)
{
	char text[FACT_PERSONAL_MAX + SEAL_OVERHEAD];
	ssize_t n;

	fact->personal[0] = '\0';
	fact->personal_len = 0;
	if (!row->sealed)
		return 0;
	if (row->sealed_len > sizeof(text))
		return ERR_CORRUPT;
	n = keyring_unseal(keys, row, text, why);
	if (n == ERR_NOT_FOUND)		/* erased: that is as it should be */
		return 0;
	if (n < 0)
		return (int)n;
	return copy(fact->personal, sizeof(fact->personal), &fact->personal_len, text,
		    (size_t)n);
}

/* The row as a fact. */
static int read_fact(struct keyring *keys, struct fact *fact,
		     const struct fact_row *row, struct why *why)
{
	int err;

	why->text[0] = '\0';
	if (fact_kind_of(&fact->kind, row->kind, row->kind_len))
		return why_set(why, ERR_VERSION, "fact %llu is of a kind that this "
			       "version of Paravent does not know: install the newer "
			       "one again", (unsigned long long)row->seq);
	fact->seq = row->seq;
	fact->at = row->at;
	fact->version = (uint32_t)row->version;
	err = row->version == 0 || row->version > UINT32_MAX ? ERR_CORRUPT : 0;
	if (!err)
		err = copy(fact->stream, sizeof(fact->stream), NULL, row->stream,
			   row->stream_len);
	if (!err)
		err = copy(fact->actor, sizeof(fact->actor), NULL, row->actor,
			   row->actor_len);
	if (!err)
		err = copy(fact->data, sizeof(fact->data), &fact->data_len, row->data,
			   row->data_len);
	if (!err)
		err = unseal(keys, fact, row, why);
	if (err && !why->text[0])
		why_set(why, err, "fact %llu is not one that we could have written",
			(unsigned long long)row->seq);
	return err;
}

int readback_all(sqlite3 *db, struct keyring *keys, ledger_fact_fn *fn, void *arg,
	       struct why *why)
{
	struct chain_walk *walk;
	struct fact *fact;
	struct fact_row row;
	int err;

	err = chain_walk_new(&walk, db, 0, UINT64_MAX, why);
	if (err)
		return err;
	fact = mem_new(sizeof(*fact));
	while ((err = chain_walk_next(walk, &row, why)) > 0) {
		err = read_fact(keys, fact, &row, why);
		if (!err)
			err = fn(arg, fact);
		if (err)
			break;
	}
	chain_walk_free(walk);
	mem_wipe(fact, sizeof(*fact));
	free(fact);
	return err;
}

/* What a start needs to know; each gives the seqs of some facts. */
static const char *const live[] = {
	"SELECT story.seq FROM meeting JOIN story USING (first) "
	"WHERE status IN (0, 1)",	/* QUERY_SCHEDULED, QUERY_OPEN */

	/* so long what somebody was given for the relay may outlive the end */
	"SELECT story.seq FROM meeting JOIN story USING (first) WHERE over_at > "
	"(SELECT at FROM fact ORDER BY seq DESC LIMIT 1) - 3600000",

	/* its end and the stories that it closed are facts in a row */
	"SELECT story.seq FROM (SELECT DISTINCT stream FROM fact "
	"WHERE seq > (SELECT max(seq) FROM fact) - 64 AND stream GLOB 'meeting/*') AS late "
	"JOIN stream ON stream.name = late.stream JOIN story USING (first)",

	"SELECT seq FROM lasting",

	"SELECT (SELECT story.seq FROM story WHERE story.first = stream.first "
	"ORDER BY version DESC LIMIT 1) FROM stream WHERE name = 'server' "
	"OR (name > 'key/' AND name < 'key0') OR (name > 'staff/' AND name < 'staff0')",
};

struct seqs {
	uint64_t *seq;
	size_t count, cap;
};

static int collect(struct seqs *list, sqlite3 *db, const char *sql, struct why *why)
{
	sqlite3_stmt *s;
	int err, rc;

	err = db_prepare(&s, db, sql, why);
	if (err)
		return err;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		if (list->count == list->cap) {
			list->cap = list->cap ? 2 * list->cap : 4096;
			list->seq = mem_resize(list->seq, list->cap * sizeof(*list->seq));
		}
		list->seq[list->count++] = (uint64_t)sqlite3_column_int64(s, 0);
	}
	if (rc != SQLITE_DONE)
		err = db_error(db, "looking for what is not over", why);
	sqlite3_finalize(s);
	return err;
}

static int by_seq(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int replay_list(sqlite3 *db, struct keyring *keys, const struct seqs *list,
		       ledger_fact_fn *fn, void *arg, struct why *why)
{
	struct chain_pick *pick;
	struct fact *fact;
	struct fact_row row;
	size_t i;
	int err;

	err = chain_pick_new(&pick, db, why);
	if (err)
		return err;
	fact = mem_new(sizeof(*fact));
	for (i = 0; i < list->count && !err; i++) {
		if (i > 0 && list->seq[i] == list->seq[i - 1])
			continue;
		err = chain_pick_row(pick, list->seq[i], &row, why);
		if (err == ERR_NOT_FOUND)
			err = why_set(why, ERR_CORRUPT, "fact %llu is missing",
				      (unsigned long long)list->seq[i]);
		if (!err)
			err = read_fact(keys, fact, &row, why);
		if (!err)
			err = fn(arg, fact);
	}
	chain_pick_free(pick);
	mem_wipe(fact, sizeof(*fact));
	free(fact);
	return err;
}

int readback_live(sqlite3 *db, struct keyring *keys, ledger_fact_fn *fn, void *arg,
		struct why *why)
{
	struct seqs list = {.count = 0};
	size_t i;
	int err = 0;

	for (i = 0; i < ARRAY_LEN(live) && !err; i++)
		err = collect(&list, db, live[i], why);
	if (list.count)
		qsort(list.seq, list.count, sizeof(*list.seq), by_seq);
	if (!err)
		err = replay_list(db, keys, &list, fn, arg, why);
	free(list.seq);
	return err;
}
