#include "net/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "live.h"
#include "unit.h"

struct note {
	struct letter letter;
	unsigned number;
	pthread_t sender;
};

static unsigned next[4], count;
static pthread_t reader;
static struct mailbox *home;
static atomic_uint ticks;

/* Numbers of one sender ascend. */
static void read_note(void *arg, struct letter *l)
{
	struct note *n = CONTAINER_OF(l, struct note, letter);
	unsigned sender = n->number >> 24;

	ck_assert_ptr_eq(arg, next);
	ck_assert(pthread_equal(pthread_self(), reader));
	ck_assert_uint_eq(n->number & 0xffffff, next[sender]);
	next[sender]++;
	count++;
	free(n);
}

static void write_note(struct mailbox *to, unsigned number)
{
	struct note *n = mem_new(sizeof(*n));

	n->number = number;
	mailbox_send(to, &n->letter, read_note);
}

static void *write_many(void *arg)
{
	unsigned sender = *(unsigned *)arg;

	for (unsigned i = 0; i < 10000; i++)
		write_note(home, sender << 24 | i);
	return NULL;
}

START_TEST(test_letters_of_many_threads_arrive_in_order)
{
	/* Each sender's letters in the order sent, each once, read by the loop's thread. */
	static unsigned who[4] = {0, 1, 2, 3};
	struct live live;
	pthread_t writer[4];

	live_init(&live);
	reader = pthread_self();
	memset(next, 0, sizeof(next));
	count = 0;
	home = mailbox_new(live.base, next);
	for (size_t i = 0; i < ARRAY_LEN(writer); i++)
		pthread_create(&writer[i], NULL, write_many, &who[i]);
	LIVE_UNTIL(&live, count == 40000);
	for (size_t i = 0; i < ARRAY_LEN(writer); i++)
		pthread_join(writer[i], NULL);
	mailbox_free(home);
	live_fini(&live);
}
END_TEST

START_TEST(test_letters_that_nobody_fetched_are_read_at_the_end)
{
	/* None is lost, whoever they belong to: mailbox_free() reads them. */
	struct live live;

	live_init(&live);
	reader = pthread_self();
	memset(next, 0, sizeof(next));
	count = 0;
	home = mailbox_new(live.base, next);
	for (unsigned i = 0; i < 10; i++)
		write_note(home, i);
	mailbox_free(home);
	ck_assert_uint_eq(count, 10);
	live_fini(&live);
}
END_TEST

static void on_tick(void *arg)
{
	ck_assert_ptr_eq(arg, next);
	atomic_fetch_add(&ticks, 1);
}

static void read_by_worker(void *arg, struct letter *l)
{
	ck_assert_ptr_eq(arg, next);
	reader = pthread_self();
	next[0]++;
	free(l);
}

START_TEST(test_worker_reads_its_letters_in_its_own_thread)
{
	/* Also those from before the start; and after the stop, the caller reads. */
	struct worker *w = worker_new(on_tick, next);

	memset(next, 0, sizeof(next));
	worker_send(w, mem_new(sizeof(struct letter)), read_by_worker);
	ck_assert_uint_eq(next[0], 0);
	ck_assert_int_eq(worker_start(w, "test"), 0);
	worker_send(w, mem_new(sizeof(struct letter)), read_by_worker);
	worker_stop(w);
	ck_assert_uint_eq(next[0], 2);
	ck_assert(!pthread_equal(pthread_self(), reader));
	worker_send(w, mem_new(sizeof(struct letter)), read_by_worker);
	worker_stop(w);
	ck_assert_uint_eq(next[0], 3);
	ck_assert(pthread_equal(pthread_self(), reader));
	worker_free(w);
}
END_TEST

START_TEST(test_worker_ticks_once_a_second)
{
	/* One coarse tick (turn.md W11). */
	struct worker *w = worker_new(on_tick, next);

	atomic_store(&ticks, 0);
	ck_assert_int_eq(worker_start(w, "test"), 0);
	usleep(2500000);
	worker_free(w);
	ck_assert_uint_ge(atomic_load(&ticks), 2);
	ck_assert_uint_le(atomic_load(&ticks), 3);
}
END_TEST

START_TEST(test_worker_that_never_started_goes_quietly)
{
	/* Built and taken down by a start that failed elsewhere. */
	struct worker *w = worker_new(on_tick, next);

	ck_assert_ptr_nonnull(worker_base(w));
	worker_stop(w);
	worker_free(w);
	worker_free(NULL);
}
END_TEST

UNIT_MAIN("worker", test_letters_of_many_threads_arrive_in_order,
	  test_letters_that_nobody_fetched_are_read_at_the_end,
	  test_worker_reads_its_letters_in_its_own_thread,
	  test_worker_ticks_once_a_second, test_worker_that_never_started_goes_quietly)
