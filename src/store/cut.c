#include "store/cut.h"

#include <string.h>

#include <nettle/sha2.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/chain.h"
#include "store/db.h"
#include "store/erase.h"

#define DAY_MS INT64_C(86400000)

/*
 * What goes at a cut at ?1: the condition on a row of `fact`. Versions rise with seq,
 * so a stream lies before the cut as a whole when its last version does.
 */
#define GOES                                                                   \
	"(fact.seq <= ?1 AND fact.stream NOT GLOB 'staff/*' "                  \
	"AND fact.stream NOT GLOB 'key/*' "                                    \
	"AND (fact.stream = 'server' OR ("                                     \
	"(SELECT story.seq FROM story JOIN stream USING (first) "              \
	"WHERE stream.name = fact.stream "                                     \
	"ORDER BY story.version DESC LIMIT 1) <= ?1 "                          \
	"AND NOT EXISTS (SELECT 1 FROM meeting JOIN stream USING (first) "     \
	"WHERE stream.name = fact.stream AND over_at IS NULL))))"

/* The digest of the hashes that a query gives; ?1 is the cut. */
static int digest(uint8_t out[FACT_HASH_SIZE], uint64_t *rows, sqlite3 *db,
		  const char *sql, uint64_t seq, struct why *why)
{
	struct chain_cut now;
	struct sha256_ctx sha;
	sqlite3_stmt *s;
	int err, rc;

	err = chain_cut(&now, db, why);
	if (!err)
		err = db_prepare(&s, db, sql, why);
	if (err)
		return err;
	sha256_init(&sha);
	sha256_update(&sha, sizeof(now.begin), now.begin);
	sqlite3_bind_int64(s, 1, (sqlite3_int64)seq);
	for (*rows = 0; (rc = sqlite3_step(s)) == SQLITE_ROW; ++*rows)
		sha256_update(&sha, (size_t)sqlite3_column_bytes(s, 0),
			      sqlite3_column_blob(s, 0));
	if (rc != SQLITE_DONE)
		err = db_error(db, "reading the facts to be cut", why);
	sqlite3_finalize(s);
	sha256_digest(&sha, FACT_HASH_SIZE, out);
	return err;
}

/* The last fact of the day before the one that `at` lies in. */
static int last_before_day_of(uint64_t *seq, sqlite3 *db, int64_t at, struct why *why)
{
	int err = chain_find(seq, db, at - at % DAY_MS, why);

	if (!err && *seq > 0)
		--*seq;
	return err;
}

/* Where to cut, if the ledger is already cut at `from`: whole days, not too many facts. */
static int choose(struct cut *cut, sqlite3 *db, uint64_t from, struct why *why)
{
	struct chain_head head;
	uint64_t end;
	int err;

	err = last_before_day_of(&end, db, cut->before, why);
	cut->seq = end;
	if (!err && end > from + CUT_FACTS) {
		err = chain_at(&head, db, from + CUT_FACTS, why);
		if (!err)
			err = last_before_day_of(&cut->seq, db, head.at + DAY_MS, why);
		if (!err && cut->seq > end)
			cut->seq = end;
	}
	cut->more = end > cut->seq;
	if (!err && cut->seq <= from)
		cut->seq = 0;
	return err;
}

/* What a cut there keeps, and how many facts go. */
static int weigh(struct cut *cut, sqlite3 *db, struct why *why)
{
	struct chain_head head;
	sqlite3_stmt *s;
	uint64_t kept;
	int err;

	err = digest(cut->kept, &kept, db, "SELECT hash FROM fact WHERE seq <= ?1 "
		     "AND NOT " GOES " ORDER BY seq", cut->seq, why);
	if (!err)
		err = chain_at(&head, db, cut->seq, why);
	if (!err)
		err = db_prepare(&s, db, "SELECT count(*) FROM fact WHERE seq <= ?1", why);
	if (err)
		return err;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)cut->seq);
	if (sqlite3_step(s) == SQLITE_ROW)
		cut->rows = (uint64_t)sqlite3_column_int64(s, 0) - kept;
	else
		err = db_error(db, "counting the facts to be cut", why);
	sqlite3_finalize(s);
	cut->at = head.at;
	memcpy(cut->hash, head.hash, sizeof(head.hash));
	return err;
}

int cut_plan_run(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why)
{
	struct cut *cut = (struct cut *)(void *)c;
	struct chain_cut now;
	uint64_t from;
	int err;

	(void)keys;
	err = chain_cut(&now, db, why);
	from = now.head.seq;
	do {
		if (!err)
			err = choose(cut, db, from, why);
		if (err || !cut->seq)
			break;
		err = weigh(cut, db, why);
		from = cut->seq;
	} while (!err && !cut->rows && cut->more);
	if (err || !cut->rows)
		cut->seq = 0;
	return err;
}

/* What is done within one transaction; `gone` lists the facts that go. */
static const char *const steps[] = {
	"INSERT INTO gone SELECT seq FROM fact WHERE " GOES,
	"UPDATE cut SET seq = ?1, checkpoint = ?2",
	/* of a fact that stays: the hash before it, which may go now or went earlier */
	"INSERT INTO kept (seq, prev) SELECT seq, "
	"coalesce((SELECT hash FROM fact AS b WHERE b.seq = fact.seq - 1), ?4) "
	"FROM fact WHERE seq > ?3 AND seq <= ?1 AND seq NOT IN (SELECT seq FROM gone)",
	"DELETE FROM kept WHERE seq IN (SELECT seq FROM gone)",
	"DELETE FROM meeting WHERE first IN (SELECT seq FROM gone)",
	"DELETE FROM renamed WHERE meeting IN (SELECT seq FROM gone)",
	"DELETE FROM stay WHERE meeting IN (SELECT seq FROM gone)",
	"DELETE FROM call WHERE meeting IN (SELECT seq FROM gone)",
	"DELETE FROM erasing WHERE first IN (SELECT seq FROM gone)",
	"DELETE FROM relay_day WHERE day <= ?5",
	"DELETE FROM sign_in_day WHERE day <= ?5",
	"DELETE FROM fact WHERE seq IN (SELECT seq FROM gone)",
};

static int take_step(const char *sql, const struct cut *cut, const struct chain_cut *was,
		     sqlite3 *db, struct why *why)
{
	sqlite3_stmt *s;
	int err = db_prepare(&s, db, sql, why);

	if (err)
		return err;
	/* those that a statement does not ask for are out of its range, and ignored */
	sqlite3_bind_int64(s, 1, (sqlite3_int64)cut->seq);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)cut->fact);
	sqlite3_bind_int64(s, 3, (sqlite3_int64)was->head.seq);
	sqlite3_bind_blob(s, 4, was->head.hash, FACT_HASH_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, cut->at / DAY_MS);
	if (sqlite3_step(s) != SQLITE_DONE)
		err = db_error(db, "cutting", why);
	sqlite3_finalize(s);
	return err;
}

/* What remains up to the cut must be what the checkpoint says. */
static int check_kept(const struct cut *cut, sqlite3 *db, struct why *why)
{
	uint8_t kept[FACT_HASH_SIZE];
	uint64_t rows;
	int err;

	err = digest(kept, &rows, db, "SELECT hash FROM fact WHERE seq <= ?1 ORDER BY seq",
		     cut->seq, why);
	if (!err && memcmp(kept, cut->kept, sizeof(kept)) != 0)
		err = why_set(why, ERR_CONFLICT, "facts came in between");
	return err;
}

static int cut_off(const struct cut *cut, sqlite3 *db, struct why *why)
{
	struct chain_cut was;
	size_t i;
	int err;

	err = chain_cut(&was, db, why);
	for (i = 0; i < ARRAY_LEN(steps) && !err; i++)
		err = take_step(steps[i], cut, &was, db, why);
	return err ? err : check_kept(cut, db, why);
}

int cut_run(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why)
{
	const struct cut *cut = (const struct cut *)(void *)c;
	int err;

	/* what goes is overwritten, and not left in pages that nobody uses */
	err = db_exec(db, "PRAGMA secure_delete = ON;"
		      "CREATE TEMP TABLE gone (seq INTEGER PRIMARY KEY)", why);
	if (err)
		return err;
	err = db_exec(db, "BEGIN IMMEDIATE", why);
	if (!err)
		err = cut_off(cut, db, why);
	if (!err)
		err = db_exec(db, "COMMIT", why);
	if (err && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_exec(db, "DROP TABLE gone", NULL, NULL, NULL);
	return err ? err : erase_run(c, db, keys, why);
}
