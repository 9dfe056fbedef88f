#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/reader.h"

#include "viewkit.h"

struct question {
	struct reader_job job;
	pthread_t thread;		/* that asked SQLite */
	uint64_t last;
	int returns;
	pthread_mutex_t *until;		/* waits for this one */

	int done;			/* how often */
	int err;
	struct why why;
	struct reader *again;		/* done() asks again */
};

static int run(struct reader_job *job, struct query *q, struct why *why)
{
	struct question *x = (struct question *)(void *)job;
	int err;

	x->thread = pthread_self();
	if (x->until) {
		pthread_mutex_lock(x->until);
		pthread_mutex_unlock(x->until);
	}
	err = query_last(q, &x->last, why);
	if (!err && x->returns)
		err = why_set(why, x->returns, "as told");
	return err;
}

static void done(struct reader_job *job, int err, const struct why *why)
{
	struct question *x = (struct question *)(void *)job;
	struct reader *r = x->again;

	ck_assert(!x->done || !pthread_equal(x->thread, pthread_self()));
	x->done++;
	x->err = err;
	x->why = *why;
	x->again = NULL;
	if (r)
		ck_assert_int_eq(reader_ask(r, &x->job), 0);
}

static struct question question(void)
{
	return (struct question){.job = {.run = run, .done = done}};
}

static struct reader *open_reader(struct kit *k)
{
	struct reader *r = NULL;

	ck_assert_msg(reader_open(&r, k->dir, &k->why) == 0, "%s", k->why.text);
	return r;
}

static void listen_for(struct reader *r, const struct question *x, int times)
{
	struct pollfd p = {.fd = reader_fd(r), .events = POLLIN};

	while (x->done < times) {
		ck_assert_msg(poll(&p, 1, 20000) == 1, "nothing was heard for 20 s");
		reader_clear(r);
	}
}

START_TEST(test_what_is_durable_is_seen)
{
	/* reader.h: on its own thread, and what is on disk is seen, also while it is written */
	struct question x = question();
	struct ledger *l;
	struct reader *r;
	struct fact f;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	r = open_reader(&k);
	for (uint64_t n = 1; n <= 500; n++) {
		kit_nth(&f, n);
		ck_assert_uint_eq(ledger_append(l, &f), n);
		if (n % 10)
			continue;
		kit_wait(l, n - 5);
		x.done = 0;
		ck_assert_int_eq(reader_ask(r, &x.job), 0);
		listen_for(r, &x, 1);
		ck_assert_int_eq(x.err, 0);
		ck_assert_uint_ge(x.last, n - 5);
		ck_assert(!pthread_equal(x.thread, pthread_self()));
	}
	reader_close(r);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_jobs_are_done_in_turn_and_once)
{
	/* reader.h: done() exactly once, with what run() returned; it may ask anew */
	struct question x[5];
	struct reader *r;
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 3);
	r = open_reader(&k);
	for (int i = 0; i < 5; i++) {
		x[i] = question();
		x[i].returns = i == 2 ? ERR_CORRUPT : 0;
		x[i].again = i == 4 ? r : NULL;
		ck_assert_int_eq(reader_ask(r, &x[i].job), 0);
	}
	listen_for(r, &x[4], 2);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(x[i].done, i == 4 ? 2 : 1);
		ck_assert_int_eq(x[i].err, i == 2 ? ERR_CORRUPT : 0);
		ck_assert_str_eq(x[i].why.text, i == 2 ? "as told" : "");
		ck_assert_uint_eq(x[i].last, 3);
	}
	reader_close(r);
	kit_fini(&k);
}
END_TEST

START_TEST(test_the_queue_is_bounded)
{
	/* reader.h: ERR_UNAVAILABLE beyond READER_QUEUE_MAX; a close does the others at once */
	struct question *x = mem_new((READER_QUEUE_MAX + 2) * sizeof(*x));
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct reader *r;
	struct kit k;
	int i, taken = 0;

	kit_init(&k);
	kit_fill(&k, 1);
	r = open_reader(&k);
	pthread_mutex_lock(&gate);
	for (i = 0; i < READER_QUEUE_MAX + 2; i++) {
		x[i] = question();
		x[i].until = &gate;
	}
	/* the first may have left the queue already */
	for (i = 0; i < READER_QUEUE_MAX + 2 && reader_ask(r, &x[i].job) == 0; i++)
		taken++;
	ck_assert_int_ge(taken, READER_QUEUE_MAX);
	ck_assert_int_le(taken, READER_QUEUE_MAX + 1);
	pthread_mutex_unlock(&gate);
	reader_close(r);
	for (i = 0; i < READER_QUEUE_MAX + 2; i++) {
		ck_assert_int_eq(x[i].done, i < taken);
		ck_assert(x[i].err == 0 || x[i].err == ERR_UNAVAILABLE);
		ck_assert(x[i].err == 0 || x[i].why.text[0]);
	}
	free(x);
	kit_fini(&k);
}
END_TEST

/* Overwrites the pages of the file behind the first one. */
static void ruin(const struct kit *k)
{
	char path[128], junk[4096];
	int fd;

	kit_path(path, k, "ledger.db");
	fd = open(path, O_WRONLY);
	ck_assert_int_ge(fd, 0);
	memset(junk, 0xa5, sizeof(junk));
	for (off_t at = 4096; at < lseek(fd, 0, SEEK_END); at += 4096)
		ck_assert_int_eq(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
	close(fd);
}

static void ask_and_be_refused(struct reader_job *job, int err, const struct why *why)
{
	struct question *x = (struct question *)(void *)job;
	struct question *late = x + 1;

	(void)why;
	x->done++;
	x->err = err;
	ck_assert_int_eq(reader_ask(x->again, &late->job), ERR_UNAVAILABLE);
}

START_TEST(test_who_asks_after_the_stop_is_refused)
{
	/* reader.h: ERR_UNAVAILABLE, out of done() and ever after; done() is not called */
	struct question x[3] = {question(), question(), question()};
	struct reader *r;
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 1);
	r = open_reader(&k);
	x[0].job.done = ask_and_be_refused;
	x[0].again = r;
	ck_assert_int_eq(reader_ask(r, &x[0].job), 0);
	reader_stop(r);
	ck_assert_int_eq(x[0].done, 1);
	ck_assert_int_eq(reader_ask(r, &x[2].job), ERR_UNAVAILABLE);
	reader_stop(r);
	reader_close(r);
	for (int i = 1; i < 3; i++)
		ck_assert_int_eq(x[i].done, 0);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_damaged_page_is_told_of)
{
	/* query.h: ERR_CORRUPT with a sentence, and the reader goes on */
	struct question x = question();
	struct reader *r;
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 2000);
	r = open_reader(&k);
	ruin(&k);
	for (int i = 1; i <= 2; i++) {
		ck_assert_int_eq(reader_ask(r, &x.job), 0);
		listen_for(r, &x, i);
		ck_assert_int_eq(x.err, ERR_CORRUPT);
		ck_assert_ptr_nonnull(strstr(x.why.text, "malformed"));
	}
	reader_close(r);
	kit_fini(&k);
}
END_TEST

START_TEST(test_there_must_be_a_ledger)
{
	/* reader.h: errors as query_open() */
	struct reader *r = NULL;
	struct kit k;

	kit_init(&k);
	ck_assert_int_eq(reader_open(&r, k.dir, &k.why), ERR_NOT_FOUND);
	ck_assert_ptr_null(r);
	reader_close(NULL);
	kit_fini(&k);
}
END_TEST

UNIT_MAIN("reader",
	  test_what_is_durable_is_seen,
	  test_jobs_are_done_in_turn_and_once,
	  test_the_queue_is_bounded,
	  test_who_asks_after_the_stop_is_refused,
	  test_a_damaged_page_is_told_of,
	  test_there_must_be_a_ledger)
