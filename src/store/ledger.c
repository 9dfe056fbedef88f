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
#include "store/schema.h"
#include "store/writer.h"

#define LINKS_AT_OPEN 1000

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
	struct why found;
	int err = db_text(&found, db, "PRAGMA quick_check(1)", why);

	if (!err && strcmp(found.text, "ok") != 0)
		err = why_set(why, ERR_CORRUPT, "ledger.db is damaged: %s", found.text);
	return err;
}

/* Follows the last links of the chain, to the end. */
static int check_tail(struct chain_head *head, sqlite3 *db, struct why *why)
{
	struct fact_row row;
	sqlite3_stmt *rows;
	uint64_t last;
	int err;

	err = chain_last(&last, db, why);
	if (!err)
		err = chain_at(head, db, last > LINKS_AT_OPEN ? last - LINKS_AT_OPEN : 0,
			       why);
	if (!err)
		err = chain_prepare(&rows, db, why);
	if (err)
		return err;
	sqlite3_bind_int64(rows, 1, (sqlite3_int64)head->seq + 1);
	sqlite3_bind_int64(rows, 2, INT64_MAX);
	do
		err = chain_next(head, rows, &row, why);
	while (err > 0);
	sqlite3_finalize(rows);
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

static int unseal(struct ledger *l, struct fact *fact, const struct fact_row *row,
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
	n = keyring_unseal(l->keys, row, text, why);
	if (n == ERR_NOT_FOUND)		/* erased: that is as it should be */
		return 0;
	if (n < 0)
		return (int)n;
	return copy(fact->personal, sizeof(fact->personal), &fact->personal_len, text,
		    (size_t)n);
}

/* The row as a fact. */
static int read_fact(struct ledger *l, struct fact *fact, const struct fact_row *row,
		     struct why *why)
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
		err = unseal(l, fact, row, why);
	if (err && !why->text[0])
		why_set(why, err, "fact %llu is not one that we could have written",
			(unsigned long long)row->seq);
	return err;
}

int ledger_replay(struct ledger *l, ledger_fact_fn *fn, void *arg, struct why *why)
{
	struct fact *fact = NULL;
	struct chain_head head;
	struct fact_row row;
	sqlite3_stmt *rows;
	int err;

	err = chain_begin(&head, l->db, why);
	if (!err)
		err = chain_prepare(&rows, l->db, why);
	if (err)
		return err;
	fact = mem_new(sizeof(*fact));
	sqlite3_bind_int64(rows, 1, INT64_MIN);
	sqlite3_bind_int64(rows, 2, INT64_MAX);
	while ((err = chain_next(&head, rows, &row, why)) > 0) {
		err = read_fact(l, fact, &row, why);
		if (!err)
			err = fn(arg, fact);
		if (err)
			break;
	}
	sqlite3_finalize(rows);
	mem_wipe(fact, sizeof(*fact));
	free(fact);
	return err;
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
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	writer_free(l->writer);
	keyring_close(l->keys);
	db_close(l->db);
	if (l->dir >= 0)
		close(l->dir);
	free(l);
}
