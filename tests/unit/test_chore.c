#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/err.h"
#include "store/chore.h"

#include "storekit.h"

struct errand {
	struct chore chore;
	struct ledger *ledger;		/* to look at, from its thread: its last commit */
	const char *sql;		/* to be run */
	uint64_t want;			/* facts that must be there when it runs */
	int returns;

	atomic_int runs;
	pthread_t thread;
	int64_t found;
	int rc;

	int done;
	int err;
	struct why why;
	int again;			/* so often done() asks anew */
};

static int run(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why)
{
	struct errand *e = (struct errand *)(void *)c;

	e->thread = pthread_self();
	e->runs++;
	ck_assert_ptr_nonnull(keys);
	ck_assert(sqlite3_get_autocommit(db));
	e->found = kit_number(db, "SELECT count(*) FROM fact");
	e->rc = e->sql ? sqlite3_exec(db, e->sql, NULL, NULL, NULL) : SQLITE_OK;
	return e->returns ? why_set(why, e->returns, "as told") : 0;
}

static void done(struct chore *c, int err, const struct why *why)
{
	struct errand *e = (struct errand *)(void *)c;

	e->done++;
	e->err = err;
	e->why = *why;
	if (e->again > 0) {
		e->again--;
		ledger_chore(e->ledger, c);
	}
}

static struct errand errand(struct ledger *l)
{
	return (struct errand){.chore = {.run = run, .done = done}, .ledger = l};
}

static void wait_done(struct ledger *l, const struct errand *e, int times)
{
	while (e->done < times)
		kit_listen(l);
	ck_assert_int_eq(e->done, times);
}

static void append(struct ledger *l, uint64_t from, uint64_t to)
{
	struct fact f;

	for (uint64_t n = from; n <= to; n++) {
		kit_nth(&f, n);
		ck_assert_uint_eq(ledger_append(l, &f), n);
	}
}

START_TEST(test_a_chore_comes_after_the_facts_before_it)
{
	/* chore.h: every fact that was taken before it is durable, on the ledger's thread */
	struct errand e[20];
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	for (int i = 0; i < 20; i++) {
		append(l, (uint64_t)i * 50 + 1, (uint64_t)i * 50 + 50);
		e[i] = errand(l);
		ledger_chore(l, &e[i].chore);
	}
	wait_done(l, &e[19], 1);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(e[i].done, 1);
		ck_assert_int_eq(e[i].runs, 1);
		ck_assert_int_eq(e[i].err, 0);
		ck_assert_int_ge(e[i].found, i * 50 + 50);
		ck_assert(!pthread_equal(e[i].thread, pthread_self()));
	}
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

static void nap(void)
{
	nanosleep(&(struct timespec){0, 100000000}, NULL);
}

START_TEST(test_a_chore_waits_for_the_start_and_the_turn)
{
	/* ledger.h: also before ledger_start(); gathered facts and chores wake nobody */
	struct errand e;
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_open(&k);
	e = errand(l);
	ledger_chore(l, &e.chore);
	ledger_clear(l);
	ck_assert_int_eq(e.done, 0);
	ck_assert_int_eq(ledger_start(l), 0);
	wait_done(l, &e, 1);
	nap();				/* it goes to sleep */
	ledger_gather(l);
	ledger_chore(l, &e.chore);
	nap();
	ck_assert_int_eq(e.runs, 1);
	ledger_write(l);
	wait_done(l, &e, 2);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_done_hears_what_run_returned)
{
	/* chore.h: an error is the chore's alone, the ledger goes on; done() may ask anew */
	static const int errs[] = {ERR_CORRUPT, ERR_IO, ERR_AGAIN, ERR_NOT_FOUND};
	struct errand e;
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	for (uint64_t i = 0; i < 4; i++) {
		e = errand(l);
		e.returns = errs[i];
		e.again = 1;
		ledger_chore(l, &e.chore);
		wait_done(l, &e, 2);
		ck_assert_int_eq(e.err, errs[i]);
		ck_assert_str_eq(e.why.text, "as told");
		append(l, i + 1, i + 1);
		kit_wait(l, i + 1);
		ck_assert(ledger_writable(l));
	}
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_the_guards_hold_for_chores)
{
	/* 0002-views.sql: the writer alone goes without the triggers */
	struct errand e;
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	append(l, 1, 10);
	e = errand(l);
	e.sql = "DELETE FROM fact WHERE seq = 1";
	ledger_chore(l, &e.chore);
	wait_done(l, &e, 1);
	ck_assert_int_eq(e.rc, SQLITE_CONSTRAINT_TRIGGER);
	append(l, 11, 20);
	e.sql = "UPDATE fact SET data = '{}'";
	ledger_chore(l, &e.chore);
	wait_done(l, &e, 2);
	ck_assert_int_eq(e.rc, SQLITE_CONSTRAINT_TRIGGER);
	ck_assert_int_eq(e.found, 20);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_what_a_chore_begins_it_must_end)
{
	/* chore.h; one that does not is undone, and facts go on */
	struct errand e;
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	e = errand(l);
	e.sql = "BEGIN; INSERT INTO webhook VALUES ('half', 1, 1)";
	ledger_chore(l, &e.chore);
	wait_done(l, &e, 1);
	append(l, 1, 3);
	kit_wait(l, 3);
	e.sql = "INSERT INTO webhook VALUES ('whole', (SELECT count(*) FROM webhook), 1)";
	ledger_chore(l, &e.chore);
	wait_done(l, &e, 2);
	ledger_close(l);
	sqlite3 *db = kit_raw(&k, "ledger.db");
	ck_assert_int_eq(kit_number(db, "SELECT seq FROM webhook WHERE name = 'whole'"), 0);
	sqlite3_close(db);
	kit_fini(&k);
}
END_TEST

START_TEST(test_no_chore_is_left_without_an_answer)
{
	/* chore.h: ERR_UNAVAILABLE when the ledger stopped before it was its turn */
	struct errand never, late;
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_open(&k);		/* one that is never started */
	never = errand(l);
	ledger_chore(l, &never.chore);
	ledger_close(l);
	ck_assert_int_eq(never.done, 1);
	ck_assert_int_eq(never.err, ERR_UNAVAILABLE);
	ck_assert_int_eq(never.runs, 0);

	l = kit_start(&k);
	never = errand(l);
	ledger_gather(l);
	ledger_chore(l, &never.chore);
	ledger_stop(l);
	ck_assert_int_eq(never.done, 1);
	ck_assert_int_eq(never.err, never.runs ? 0 : ERR_UNAVAILABLE);
	late = errand(l);
	ledger_chore(l, &late.chore);
	ck_assert_int_eq(late.done, 0);	/* never from in here */
	ledger_clear(l);
	ck_assert_int_eq(late.done, 1);
	ck_assert_int_eq(late.err, ERR_UNAVAILABLE);
	ledger_chore(l, &late.chore);
	ledger_close(l);
	ck_assert_int_eq(late.done, 2);
	kit_fini(&k);
}
END_TEST

/* A disk that fails from now on. */
static atomic_int broken;

int fdatasync(int fd)
{
	if (broken) {
		errno = broken;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

START_TEST(test_a_broken_ledger_does_no_chores)
{
	/* chore.h: or broke first */
	struct errand e, late;
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	append(l, 1, 1);
	kit_wait(l, 1);
	broken = EIO;
	ledger_gather(l);
	append(l, 2, 2);
	e = errand(l);
	ledger_chore(l, &e.chore);
	ledger_write(l);
	wait_done(l, &e, 1);
	ck_assert_int_eq(e.err, ERR_UNAVAILABLE);
	ck_assert_int_eq(e.runs, 0);
	ck_assert(ledger_broken(l));
	late = errand(l);
	ledger_chore(l, &late.chore);
	wait_done(l, &late, 1);
	ck_assert_int_eq(late.err, ERR_UNAVAILABLE);
	broken = 0;
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

/* One that would go on for ever. */
static int run_long(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why)
{
	struct errand *e = (struct errand *)(void *)c;

	(void)keys;
	kit_sql(db, "BEGIN IMMEDIATE; DELETE FROM meeting");
	e->runs++;
	while (!atomic_load(c->stop))
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	return why_set(why, ERR_UNAVAILABLE, "stopped");
}

START_TEST(test_a_stop_does_not_wait_for_a_long_chore)
{
	/* chore.h: it is told, and undoes; the facts that waited for it are durable */
	struct errand e;
	struct ledger *l;
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	l = kit_start(&k);
	append(l, 1, 8);
	e = errand(l);
	e.chore.run = run_long;
	ledger_chore(l, &e.chore);
	while (!e.runs)
		nap();
	append(l, 9, 20);
	nap();
	ck_assert_uint_eq(ledger_durable(l), 8);
	ledger_stop(l);
	ck_assert_int_eq(e.done, 1);
	ck_assert_int_eq(e.err, ERR_UNAVAILABLE);
	ck_assert_uint_eq(ledger_durable(l), 20);
	ledger_close(l);
	db = kit_raw(&k, "ledger.db");
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM meeting"), KIT_STREAMS);
	sqlite3_close(db);
	kit_fini(&k);
}
END_TEST

START_TEST(test_facts_go_on_between_chores)
{
	/* chore.h: chores that ask for themselves for ever do not keep facts from the disk */
	struct errand e;
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	e = errand(l);
	e.again = 300;
	ledger_chore(l, &e.chore);
	for (uint64_t n = 1; n <= 100; n++) {
		append(l, n, n);
		kit_wait(l, n);
	}
	wait_done(l, &e, 301);
	ck_assert_int_eq(e.runs, 301);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

UNIT_MAIN("chore",
	  test_a_chore_comes_after_the_facts_before_it,
	  test_a_chore_waits_for_the_start_and_the_turn,
	  test_done_hears_what_run_returned,
	  test_the_guards_hold_for_chores,
	  test_what_a_chore_begins_it_must_end,
	  test_no_chore_is_left_without_an_answer,
	  test_a_broken_ledger_does_no_chores,
	  test_facts_go_on_between_chores,
	  test_a_stop_does_not_wait_for_a_long_chore)
