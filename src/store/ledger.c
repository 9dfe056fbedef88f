#include "store/ledger.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/chain.h"
#include "store/db.h"
#include "store/keyring.h"
#include "store/readback.h"
#include "store/schema.h"
#include "store/writer.h"

#define LINKS_AT_OPEN 1000

/*
 * quick_check reads every page: half a second for a million facts (220 MB) that the
 * system has in memory, six when they come from the disk. A start must not take longer
 * from year to year, so it reads what a small practice gathers in a year, and of a larger
 * ledger the end of the chain and what is replayed. The whole is for `log verify`, at
 * night.
 */
#define CHECKED_AT_OPEN (32 << 20)

struct ledger {
	int dir;			/* locked as long as we live */
	sqlite3 *db;
	struct keyring *keys;
	struct writer *writer;
	struct chain_head head;		/* the end as it was when we opened */
	uint64_t last;			/* the last seq and `at` given out */
	int64_t last_at;
};

/*
 * The directory, ours alone: two processes that write would each be right in memory
 * and wrong on disk. The lock goes when the process does, however it ends.
 */
static int open_dir(int *out, const char *path, struct why *why)
{
	int fd, err = 0;

	if (mkdir(path, 0700) == 0)
		err = chmod(path, 0700);
	else if (errno != EEXIST)
		err = -1;
	fd = err ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return why_set(why, ERR_IO, "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		err = errno == EWOULDBLOCK ? ERR_LOCKED : ERR_IO;
		why_set(why, err, err == ERR_LOCKED ?
			"%s: another server is running on it" : "%s: cannot be locked",
			path);
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

static int quick_check(sqlite3 *db, struct why *why)
{
	sqlite3_int64 pages, size;
	struct why found;
	int err;

	err = db_number(&pages, db, "PRAGMA page_count", why);
	if (!err)
		err = db_number(&size, db, "PRAGMA page_size", why);
	if (err || pages * size > CHECKED_AT_OPEN)
		return err;
	err = db_text(&found, db, "PRAGMA quick_check(1)", why);
	if (!err && strcmp(found.text, "ok") != 0)
		err = why_set(why, ERR_CORRUPT, "ledger.db is damaged: %s", found.text);
	return err;
}

/* Follows the last links of the chain, to the end. */
static int check_tail(struct chain_head *head, sqlite3 *db, struct why *why)
{
	struct chain_walk *walk = NULL;
	struct fact_row row;
	uint64_t last;
	int err;

	err = chain_last(&last, db, why);
	if (!err)
		err = chain_at(head, db, last > LINKS_AT_OPEN ? last - LINKS_AT_OPEN : 0,
			       why);
	if (!err)
		err = chain_walk_new(&walk, db, head->seq + 1, UINT64_MAX, why);
	if (err)
		return err;
	do
		err = chain_walk_next(walk, &row, why);
	while (err > 0);
	*head = *chain_walk_head(walk);
	chain_walk_free(walk);
	return err;
}

int ledger_open(struct ledger **out, const char *state_dir, struct why *why)
{
	struct ledger *l = mem_new(sizeof(*l));
	int err;

	l->dir = -1;
	err = open_dir(&l->dir, state_dir, why);
	if (!err)
		err = schema_open(&l->db, state_dir, &schema_ledger, DB_WRITE, why);
	if (!err)
		err = quick_check(l->db, why);
	if (!err)
		err = check_tail(&l->head, l->db, why);
	if (!err)
		err = keyring_open(&l->keys, state_dir, l->db, DB_WRITE, why);
	/* new files are only there for good when their names are */
	if (!err && fsync(l->dir) != 0)
		err = why_set(why, ERR_IO, "%s: %s", state_dir, strerror(errno));
	if (!err)
		err = writer_new(&l->writer, l->db, l->keys, &l->head, why);
	if (err) {
		ledger_close(l);
		return err;
	}
	l->last = l->head.seq;
	l->last_at = l->head.at;
	*out = l;
	return 0;
}

int ledger_replay(struct ledger *l, ledger_fact_fn *fn, void *arg, struct why *why)
{
	return readback_all(l->db, l->keys, fn, arg, why);
}

int ledger_replay_live(struct ledger *l, ledger_fact_fn *fn, void *arg, struct why *why)
{
	return readback_live(l->db, l->keys, fn, arg, why);
}

int ledger_rebuild(struct ledger *l, views_progress_fn *progress, void *arg,
		   struct why *why)
{
	return views_rebuild(l->db, progress, arg, why);
}

int ledger_start(struct ledger *l)
{
	return writer_start(l->writer);
}

uint64_t ledger_append(struct ledger *l, struct fact *fact)
{
	const int64_t now = clock_wall_ms();

	assert(fact->version >= 1 && fact->data_len <= FACT_DATA_MAX &&
	       fact->personal_len <= FACT_PERSONAL_MAX);
	if (ledger_broken(l) || l->last - ledger_durable(l) >= LEDGER_QUEUE_MAX)
		return 0;
	if (now > l->last_at)
		l->last_at = now;
	fact->seq = ++l->last;
	fact->at = l->last_at;
	writer_put(l->writer, fact);
	return fact->seq;
}

void ledger_gather(struct ledger *l)
{
	writer_gather(l->writer);
}

void ledger_write(struct ledger *l)
{
	writer_write(l->writer);
}

void ledger_chore(struct ledger *l, struct chore *c)
{
	writer_chore(l->writer, c, l->last);
}

bool ledger_writable(const struct ledger *l)
{
	return writer_state(l->writer) == WRITER_RUNNING &&
	       l->last - ledger_durable(l) < LEDGER_QUEUE_HIGH;
}

bool ledger_broken(const struct ledger *l)
{
	return writer_state(l->writer) == WRITER_BROKEN;
}

uint64_t ledger_durable(const struct ledger *l)
{
	return writer_durable(l->writer);
}

uint64_t ledger_last(const struct ledger *l)
{
	return l->last;
}

int ledger_fd(const struct ledger *l)
{
	return writer_fd(l->writer);
}

void ledger_clear(struct ledger *l)
{
	uint64_t count;
	ssize_t done;

	/* nothing to read is as good as read */
	done = read(writer_fd(l->writer), &count, sizeof(count));
	(void)done;
	writer_tell_chores(l->writer);
}

void ledger_stats(const struct ledger *l, struct ledger_stats *stats)
{
	struct writer_stats w;

	writer_stats(l->writer, &w);
	stats->queued = l->last - ledger_durable(l);
	stats->commits = w.commits;
	stats->facts = w.facts;
	stats->refusals = w.refusals;
	stats->wal_pages = w.wal_pages;
	stats->error = w.error;
}

void ledger_stop(struct ledger *l)
{
	writer_stop(l->writer);
	writer_tell_chores(l->writer);
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	if (l->writer)
		ledger_stop(l);
	writer_free(l->writer);
	keyring_close(l->keys);
	db_close(l->db);
	if (l->dir >= 0)
		close(l->dir);
	free(l);
}
