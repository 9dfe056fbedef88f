#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/append.h"
#include "store/wal.h"

#define GROUP_MAX 1000
#define RETRY_MS 250
#define IDLE_MS 1000		/* without facts, then the write-ahead log is moved */
#define KEEP_BYTES (1 << 20)	/* of a queue that was emptied; more is given back */

/* A fact as it waits: this, then stream, actor, data and personal. */
struct waiting {
	uint64_t seq;
	int64_t at;
	uint32_t version;
	enum fact_kind kind;
	uint16_t stream_len, actor_len, data_len, personal_len;
};

struct writer {
	sqlite3 *db;			/* borrowed, as keys */
	struct keyring *keys;
	struct append *append;
	struct wal wal;
	struct buf out;			/* taken from the queue, being written */
	size_t out_at;

	pthread_t thread;
	bool started;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct buf in;			/* these under the lock */
	struct chore *chores, **chores_end;	/* whose turn has not come */
	struct chore *done, **done_end;	/* to be told of */
	bool asleep;
	atomic_bool stop;		/* set under it; chores look without */
	bool over;			/* the thread has ended */
	bool gathering;			/* the caller's alone: it will say when */
	struct why error;

	int fd;
	atomic_int state;
	atomic_uint_fast64_t durable, commits, facts, refusals, wal_pages;
};

int writer_new(struct writer **out, sqlite3 *db, struct keyring *keys,
	       const struct chain_head *head, struct why *why)
{
	struct writer *w = mem_new(sizeof(*w));
	pthread_condattr_t attr;
	int err;

	w->db = db;
	w->keys = keys;
	atomic_init(&w->durable, head->seq);
	w->chores_end = &w->chores;
	w->done_end = &w->done;
	buf_init(&w->in);
	buf_init(&w->out);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	wal_init(&w->wal, db);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = w->fd < 0 ? why_set(why, ERR_IO, "eventfd: %s", strerror(errno)) : 0;
	if (!err)
		err = append_new(&w->append, db, keys, head, why);
	if (err) {
		writer_free(w);
		return err;
	}
	*out = w;
	return 0;
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	writer_stop(w);
	append_free(w->append);
	if (w->fd >= 0)
		close(w->fd);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	buf_fini(&w->in);
	buf_fini(&w->out);
	free(w);
}

void writer_put(struct writer *w, const struct fact *fact)
{
	const struct waiting head = {
		.seq = fact->seq,
		.at = fact->at,
		.version = fact->version,
		.kind = fact->kind,
		.stream_len = (uint16_t)strlen(fact->stream),
		.actor_len = (uint16_t)strlen(fact->actor),
		.data_len = (uint16_t)fact->data_len,
		.personal_len = (uint16_t)fact->personal_len,
	};

	pthread_mutex_lock(&w->lock);
	buf_reserve(&w->in, sizeof(head) + head.stream_len + head.actor_len +
		    head.data_len + head.personal_len);
	buf_put(&w->in, &head, sizeof(head));
	buf_put(&w->in, fact->stream, head.stream_len);
	buf_put(&w->in, fact->actor, head.actor_len);
	buf_put(&w->in, fact->data, head.data_len);
	buf_put(&w->in, fact->personal, head.personal_len);
	if (w->asleep && !w->gathering)
		pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

void writer_gather(struct writer *w)
{
	w->gathering = true;
}

void writer_write(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->gathering = false;
	if (w->asleep && (w->in.len || w->chores))
		pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

enum writer_state writer_state(const struct writer *w)
{
	return (enum writer_state)atomic_load(&w->state);
}

uint64_t writer_durable(const struct writer *w)
{
	return atomic_load(&w->durable);
}

int writer_fd(const struct writer *w)
{
	return w->fd;
}

void writer_stats(struct writer *w, struct writer_stats *stats)
{
	stats->commits = atomic_load(&w->commits);
	stats->facts = atomic_load(&w->facts);
	stats->refusals = atomic_load(&w->refusals);
	stats->wal_pages = atomic_load(&w->wal_pages);
	pthread_mutex_lock(&w->lock);
	stats->error = w->error;
	pthread_mutex_unlock(&w->lock);
}

static void tell(struct writer *w)
{
	const uint64_t one = 1;
	ssize_t done;

	/* fails only when 2^64-2 news wait to be read, and then it is readable */
	done = write(w->fd, &one, sizeof(one));
	(void)done;
}

/* The one place where the state changes. */
static void enter(struct writer *w, enum writer_state state, const struct why *why)
{
	if (why) {
		pthread_mutex_lock(&w->lock);
		w->error = *why;
		pthread_mutex_unlock(&w->lock);
	}
	if (writer_state(w) == state)
		return;
	if (state == WRITER_RUNNING)
		log_notice("ledger writes again seq=%llu",
			   (unsigned long long)writer_durable(w));
	else if (why)
		log_error("ledger %s seq=%llu why=\"%s\"",
			  state == WRITER_REFUSED ? "refused" : "broken",
			  (unsigned long long)writer_durable(w), why->text);
	atomic_store(&w->state, state);
	tell(w);
}

/* Chores. */

static void push(struct chore ***end, struct chore *c)
{
	c->next = NULL;
	**end = c;
	*end = &c->next;
}

static struct chore *pop(struct chore **list, struct chore ***end)
{
	struct chore *c = *list;

	*list = c->next;
	if (!c->next)
		*end = list;
	return c;
}

/* Under the lock. */
static void give_back(struct writer *w, struct chore *c)
{
	c->err = why_set(&c->why, ERR_UNAVAILABLE, "the ledger is not running");
	push(&w->done_end, c);
}

void writer_chore(struct writer *w, struct chore *c, uint64_t after)
{
	bool over;

	c->after = after;
	pthread_mutex_lock(&w->lock);
	over = w->over;
	if (over)
		give_back(w, c);
	else
		push(&w->chores_end, c);
	if (w->asleep && !w->gathering)
		pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (over)
		tell(w);
}

void writer_tell_chores(struct writer *w)
{
	struct chore *c;

	for (;;) {
		pthread_mutex_lock(&w->lock);
		c = w->done ? pop(&w->done, &w->done_end) : NULL;
		pthread_mutex_unlock(&w->lock);
		if (!c)
			return;
		c->done(c, c->err, &c->why);
	}
}

/* The end of the thread, or of a writer that never had one. */
static void give_back_all(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->over = true;
	while (w->chores)
		give_back(w, pop(&w->chores, &w->chores_end));
	pthread_mutex_unlock(&w->lock);
	tell(w);
}

/* The next chore, if all facts taken before it are durable. */
static struct chore *next_chore(struct writer *w)
{
	struct chore *c = NULL;

	pthread_mutex_lock(&w->lock);
	if (w->chores && w->chores->after <= writer_durable(w))
		c = pop(&w->chores, &w->chores_end);
	pthread_mutex_unlock(&w->lock);
	return c;
}

static void run_chore(struct writer *w, struct chore *c)
{
	c->why.text[0] = '\0';
	c->stop = &w->stop;
	append_yield(w->append, true);
	c->err = c->run(c, w->db, w->keys, &c->why);
	if (!sqlite3_get_autocommit(w->db))
		sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
	append_yield(w->append, false);
	pthread_mutex_lock(&w->lock);
	push(&w->done_end, c);
	pthread_mutex_unlock(&w->lock);
	tell(w);
}

/* A row that borrows from what waits at *at, which moves on to the next. */
static void unpack(struct fact_row *row, enum fact_kind *kind, const char **personal,
		   size_t *personal_len, const struct writer *w, size_t *at)
{
	const char *p = w->out.p + *at;
	struct waiting head;

	memcpy(&head, p, sizeof(head));
	p += sizeof(head);
	row->seq = head.seq;
	row->at = head.at;
	row->version = head.version;
	*kind = head.kind;
	row->kind = fact_kind_name(head.kind);
	row->kind_len = strlen(row->kind);
	row->stream = p;
	row->stream_len = head.stream_len;
	row->actor = row->stream + row->stream_len;
	row->actor_len = head.actor_len;
	row->data = row->actor + row->actor_len;
	row->data_len = head.data_len;
	*personal = row->data + row->data_len;
	*personal_len = head.personal_len;
	*at = (size_t)(*personal + *personal_len - w->out.p);
}

static int write_group(struct writer *w, struct why *why)
{
	size_t at = w->out_at, personal_len;
	const char *personal;
	struct fact_row row;
	enum fact_kind kind;
	uint64_t n = 0;
	int err;

	err = append_begin(w->append, why);
	while (!err && at < w->out.len && n < GROUP_MAX) {
		unpack(&row, &kind, &personal, &personal_len, w, &at);
		err = append_fact(w->append, kind, &row, personal, personal_len, why);
		n++;
	}
	if (!err)
		err = append_commit(w->append, why);
	if (err) {
		append_rollback(w->append);
		return err;
	}
	w->out_at = at;
	atomic_fetch_add(&w->commits, 1);
	atomic_fetch_add(&w->facts, n);
	atomic_store(&w->durable, append_head(w->append)->seq);
	return 0;
}

static int tidy(struct writer *w, bool idle, struct why *why)
{
	int err = wal_tidy(&w->wal, idle, why);

	if (!err)
		err = keyring_tidy(w->keys, idle, why);
	atomic_store(&w->wal_pages, (uint64_t)(w->wal.pages - w->wal.moved));
	return err;
}

/* Waits on the condition for at most `ms`, 0 for ever; false when the time is over. */
static bool wait_for(struct writer *w, long ms)
{
	struct timespec until;

	if (!ms)
		return pthread_cond_wait(&w->wake, &w->lock) == 0;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return pthread_cond_timedwait(&w->wake, &w->lock, &until) != ETIMEDOUT;
}

/* Takes all facts that wait. False when there is nothing to do, now or ever again. */
static bool take(struct writer *w, bool *stop)
{
	const long patience = w->wal.pages > w->wal.moved ? IDLE_MS : 0;
	struct buf empty = w->out;
	bool in_time = true, chores;

	buf_reset(&empty);
	if (empty.cap > KEEP_BYTES)
		buf_fini(&empty);
	pthread_mutex_lock(&w->lock);
	w->asleep = true;
	while (!w->in.len && !w->chores && !w->stop && in_time)
		in_time = wait_for(w, patience);
	w->asleep = false;
	w->out = w->in;
	w->in = empty;
	*stop = w->stop;
	chores = w->chores != NULL;
	pthread_mutex_unlock(&w->lock);
	w->out_at = 0;
	return w->out.len > 0 || chores;
}

/* Between two tries while the disk refuses; only the end is worth waking for. */
static bool pause_or_stop(struct writer *w)
{
	bool in_time = true, stop;

	pthread_mutex_lock(&w->lock);
	while (!w->stop && in_time)
		in_time = wait_for(w, RETRY_MS);
	stop = w->stop;
	pthread_mutex_unlock(&w->lock);
	return stop;
}

/* Writes all that was taken. False at the end of what can be done. */
static bool write_all(struct writer *w, bool stop)
{
	struct why why;
	int err;

	while (w->out_at < w->out.len) {
		err = write_group(w, &why);
		if (!err) {
			enter(w, WRITER_RUNNING, NULL);
			tell(w);
			err = tidy(w, false, &why);
		}
		if (err == ERR_AGAIN) {
			atomic_fetch_add(&w->refusals, 1);
			enter(w, WRITER_REFUSED, &why);
			if (stop)
				return false;	/* that was the last try */
			stop = pause_or_stop(w);
		} else if (err) {
			enter(w, WRITER_BROKEN, &why);
			return false;
		}
	}
	return true;
}

/* One chore at a time: the facts that came meanwhile go before the next. */
static bool do_chore(struct writer *w)
{
	struct chore *c = next_chore(w);
	struct why why;

	if (!c)
		return true;
	run_chore(w, c);
	if (!tidy(w, false, &why))
		return true;
	enter(w, WRITER_BROKEN, &why);
	return false;
}

/* False when nobody knows what reached the disk. */
static bool write_until_stopped(struct writer *w)
{
	struct why why;
	bool stop = false;

	while (!stop) {
		if (take(w, &stop)) {
			if (!write_all(w, stop) || (!stop && !do_chore(w)))
				return false;
		} else if (!stop && tidy(w, true, &why)) {
			enter(w, WRITER_BROKEN, &why);
			return false;
		}
	}
	return true;
}

static void *write_for_ever(void *arg)
{
	struct writer *w = arg;
	struct why why;

	append_yield(w->append, false);
	if (write_until_stopped(w) &&
	    (wal_empty(&w->wal, &why) || keyring_empty(w->keys, &why)))
		log_warn("ledger checkpoint failed why=\"%s\"", why.text);
	append_yield(w->append, true);
	give_back_all(w);
	return NULL;
}

int writer_start(struct writer *w)
{
	sigset_t all, before;
	int failed;

	/* signals are for the thread that runs the loop */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&w->thread, NULL, write_for_ever, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return ERR_IO;
	w->started = true;
	pthread_setname_np(w->thread, "ledger");
	return 0;
}

void writer_stop(struct writer *w)
{
	if (!w->started) {
		give_back_all(w);
		return;
	}
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	w->started = false;
}
