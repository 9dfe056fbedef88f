#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/accounts.h"

#include "storekit.h"

#define NOW INT64_C(1795166400000)

static struct accountdb *open_db(struct kit *k)
{
	struct accountdb *a = NULL;

	ck_assert_msg(accountdb_open(&a, k->dir, &k->why) == 0, "%s", k->why.text);
	return a;
}

static struct accountdb_session session(uint8_t n, const char *name)
{
	struct accountdb_session s = {.made_at = NOW + n, .used_at = NOW + n};

	memset(s.hash, n, sizeof(s.hash));
	snprintf(s.name, sizeof(s.name), "%s", name);
	return s;
}

static size_t count_sessions(struct accountdb *a)
{
	struct accountdb_session *list;
	size_t count;
	struct why why;

	ck_assert_int_eq(accountdb_sessions(&list, &count, a, &why), 0);
	free(list);
	return count;
}

START_TEST(test_passwords_stay_and_can_be_undone)
{
	/* accountdb.h: one transaction, which ends durable or not at all */
	char hash[PASSWORD_HASH_SIZE], path[128];
	struct accountdb *a;
	struct stat st;
	struct kit k;

	kit_init(&k);
	a = open_db(&k);
	kit_path(path, &k, "staff.db");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(accountdb_password(hash, a, "anna", &k.why), 0);
	ck_assert_str_eq(hash, "");
	ck_assert_int_eq(accountdb_set_password(a, "anna", "$y$one", &k.why), 0);
	accountdb_rollback(a);
	ck_assert_int_eq(accountdb_password(hash, a, "anna", &k.why), 0);
	ck_assert_str_eq(hash, "");
	ck_assert_int_eq(accountdb_set_password(a, "anna", "$y$one", &k.why), 0);
	ck_assert_int_eq(accountdb_commit(a, &k.why), 0);
	ck_assert_int_eq(accountdb_set_password(a, "anna", "$y$two", &k.why), 0);
	ck_assert_int_eq(accountdb_commit(a, &k.why), 0);
	ck_assert_int_eq(accountdb_commit(a, &k.why), 0);
	accountdb_close(a);
	a = open_db(&k);
	ck_assert_int_eq(accountdb_password(hash, a, "anna", &k.why), 0);
	ck_assert_str_eq(hash, "$y$two");
	ck_assert_int_eq(accountdb_password(hash, a, "ann", &k.why), 0);
	ck_assert_str_eq(hash, "");
	accountdb_close(a);
	kit_fini(&k);
}
END_TEST

static int check_link(struct accountdb *a, const char *name, uint8_t n, int64_t now)
{
	uint8_t hash[SIGNIN_HASH_SIZE];
	struct why why;

	memset(hash, n, sizeof(hash));
	return accountdb_check_link(a, name, hash, now, &why);
}

static void set_link(struct accountdb *a, const char *name, uint8_t n, int64_t expires_at)
{
	uint8_t hash[SIGNIN_HASH_SIZE];
	struct why why;

	memset(hash, n, sizeof(hash));
	ck_assert_int_eq(accountdb_set_link(a, name, hash, expires_at, &why), 0);
}

START_TEST(test_a_link_opens_once_and_for_a_while)
{
	/* accountdb.h: ERR_NOT_FOUND when never made, used, replaced or expired */
	struct accountdb *a;
	struct kit k;

	kit_init(&k);
	a = open_db(&k);
	ck_assert_int_eq(check_link(a, "anna", 1, NOW), ERR_NOT_FOUND);
	set_link(a, "anna", 1, NOW + 10);
	set_link(a, "berta", 3, NOW + 10);
	ck_assert_int_eq(check_link(a, "anna", 1, NOW + 9), 0);
	ck_assert_int_eq(check_link(a, "anna", 1, NOW + 10), ERR_NOT_FOUND);
	ck_assert_int_eq(check_link(a, "anna", 2, NOW), ERR_NOT_FOUND);
	ck_assert_int_eq(check_link(a, "berta", 1, NOW), ERR_NOT_FOUND);
	set_link(a, "anna", 2, NOW + 10);
	ck_assert_int_eq(check_link(a, "anna", 1, NOW), ERR_NOT_FOUND);
	ck_assert_int_eq(check_link(a, "anna", 2, NOW), 0);
	ck_assert_int_eq(accountdb_drop_link(a, "anna", &k.why), 0);
	ck_assert_int_eq(check_link(a, "anna", 2, NOW), ERR_NOT_FOUND);
	ck_assert_int_eq(check_link(a, "berta", 3, NOW), 0);
	accountdb_close(a);
	kit_fini(&k);
}
END_TEST

START_TEST(test_sessions_are_kept_and_dropped)
{
	/* accountdb.h: the oldest first; use is brought up to date; one, or all of a name */
	struct accountdb_session *list, s[4] = {
		session(3, "anna"), session(1, "anna"), session(2, "berta"), session(3, "anna"),
	};
	char hash[PASSWORD_HASH_SIZE];
	struct accountdb *a;
	struct kit k;
	size_t count;

	kit_init(&k);
	a = open_db(&k);
	s[3].used_at = NOW + 99;
	s[3].made_at = 5;	/* when it was made does not change */
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(accountdb_put_session(a, &s[i], &k.why), 0);
	ck_assert_int_eq(accountdb_sessions(&list, &count, a, &k.why), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_mem_eq(&list[0], &s[1], sizeof(list[0]));
	ck_assert_str_eq(list[1].name, "berta");
	ck_assert_int_eq(list[2].made_at, NOW + 3);
	ck_assert_int_eq(list[2].used_at, NOW + 99);
	free(list);
	ck_assert_int_eq(accountdb_drop_session(a, s[1].hash, &k.why), 0);
	ck_assert_int_eq(accountdb_drop_session(a, s[1].hash, &k.why), 0);
	ck_assert_uint_eq(count_sessions(a), 2);
	ck_assert_int_eq(accountdb_drop_sessions(a, "anna", &k.why), 0);
	ck_assert_uint_eq(count_sessions(a), 1);
	set_link(a, "berta", 1, NOW + 1);
	ck_assert_int_eq(accountdb_renew(a, "berta", "correct horse", &k.why), 0);
	ck_assert_uint_eq(count_sessions(a), 0);
	ck_assert_int_eq(check_link(a, "berta", 1, NOW), ERR_NOT_FOUND);
	ck_assert_int_eq(accountdb_password(hash, a, "berta", &k.why), 0);
	ck_assert(password_is(hash, "correct horse"));
	ck_assert_int_eq(accountdb_put_session(a, &s[2], &k.why), 0);
	set_link(a, "berta", 1, NOW + 1);
	ck_assert_int_eq(accountdb_forget(a, "berta", &k.why), 0);
	ck_assert_uint_eq(count_sessions(a), 0);
	ck_assert_int_eq(check_link(a, "berta", 1, NOW), ERR_NOT_FOUND);
	ck_assert_int_eq(accountdb_password(hash, a, "berta", &k.why), 0);
	ck_assert_str_eq(hash, "");
	accountdb_close(a);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_damaged_file_is_not_opened)
{
	/* accountdb.h: errors as ledger_open() */
	struct accountdb *a = NULL;
	char path[128];
	sqlite3 *db;
	struct kit k;
	int fd;

	kit_init(&k);
	kit_path(path, &k, "staff.db");
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(write(fd, "no database at all, but long enough to be one", 45), 45);
	close(fd);
	ck_assert_int_eq(accountdb_open(&a, k.dir, &k.why), ERR_CORRUPT);
	unlink(path);
	accountdb_close(open_db(&k));
	db = kit_raw(&k, "staff.db");
	kit_sql(db, "PRAGMA user_version = 99");
	sqlite3_close(db);
	ck_assert_int_eq(accountdb_open(&a, k.dir, &k.why), ERR_VERSION);
	kit_fini(&k);
}
END_TEST

/* --- The thread ------------------------------------------------------------------- */

struct errand {
	struct accounts_job job;
	pthread_t thread;
	pthread_mutex_t *until;
	const char *name;		/* gets a session */
	int returns, done, err;
	struct why why;
};

static int run(struct accounts_job *job, struct accountdb *a, struct why *why)
{
	struct errand *x = (struct errand *)(void *)job;
	struct accountdb_session s = session((uint8_t)(uintptr_t)x, x->name);
	int err;

	x->thread = pthread_self();
	memcpy(s.hash, &x, sizeof(x));
	if (x->until) {
		pthread_mutex_lock(x->until);
		pthread_mutex_unlock(x->until);
	}
	err = accountdb_put_session(a, &s, why);
	return err || !x->returns ? err : why_set(why, x->returns, "as told");
}

static void done(struct accounts_job *job, int err, const struct why *why)
{
	struct errand *x = (struct errand *)(void *)job;

	x->done++;
	x->err = err;
	x->why = *why;
}

static struct errand errand(const char *name)
{
	return (struct errand){.job = {.run = run, .done = done}, .name = name};
}

static struct accounts *open_accounts(struct kit *k, size_t *sessions)
{
	struct accountdb_session *list;
	struct accounts *a = NULL;

	ck_assert_msg(accounts_open(&a, &list, sessions, k->dir, &k->why) == 0, "%s",
		      k->why.text);
	free(list);
	return a;
}

static void wait_for(struct accounts *a, const struct errand *x)
{
	struct pollfd p = {.fd = accounts_fd(a), .events = POLLIN};

	while (!x->done) {
		ck_assert_int_eq(poll(&p, 1, 20000), 1);
		accounts_clear(a);
	}
}

START_TEST(test_what_fails_leaves_nothing)
{
	/* accounts.h: committed when run() returns 0, undone when it does not */
	struct errand good = errand("anna"), bad = errand("anna");
	struct accounts *a;
	struct kit k;
	size_t n;

	kit_init(&k);
	a = open_accounts(&k, &n);
	ck_assert_uint_eq(n, 0);
	bad.returns = ERR_UNAUTHORIZED;
	ck_assert_int_eq(accounts_ask(a, &bad.job), 0);
	ck_assert_int_eq(accounts_ask(a, &good.job), 0);
	wait_for(a, &good);
	ck_assert_int_eq(bad.err, ERR_UNAUTHORIZED);
	ck_assert_str_eq(bad.why.text, "as told");
	ck_assert_int_eq(good.err, 0);
	ck_assert(!pthread_equal(good.thread, pthread_self()));
	accounts_close(a);
	a = open_accounts(&k, &n);
	ck_assert_uint_eq(n, 1);
	accounts_close(a);
	kit_fini(&k);
}
END_TEST

START_TEST(test_after_a_fault_nothing_is_written)
{
	/* accounts.h: after ERR_IO all that follows fails, until a new start */
	struct errand x = errand("anna"), y = errand("anna");
	struct accounts *a;
	struct kit k;
	size_t n;

	kit_init(&k);
	a = open_accounts(&k, &n);
	x.returns = ERR_IO;
	accounts_ask(a, &x.job);
	accounts_ask(a, &y.job);
	wait_for(a, &y);
	ck_assert_int_eq(y.err, ERR_IO);
	ck_assert_ptr_nonnull(strstr(y.why.text, "start the server anew"));
	accounts_close(a);
	a = open_accounts(&k, &n);
	ck_assert_uint_eq(n, 0);
	accounts_close(a);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_full_queue_is_told_and_an_end_too)
{
	/* accounts.h: accounts_waiting(); who waits at the end is done with ERR_UNAVAILABLE */
	static struct errand x[ACCOUNTS_QUEUE_MAX + 2];
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct accounts *a;
	struct kit k;
	size_t n;
	int late = 0, i;

	kit_init(&k);
	a = open_accounts(&k, &n);
	pthread_mutex_lock(&gate);
	for (i = 0; i < ACCOUNTS_QUEUE_MAX + 2; i++) {
		x[i] = errand("anna");
		x[i].until = &gate;
		/* one may be at the door already */
		ck_assert((int)accounts_waiting(a) == i || (int)accounts_waiting(a) == i - 1);
		ck_assert_int_eq(accounts_ask(a, &x[i].job), 0);
	}
	ck_assert_uint_ge(accounts_waiting(a), ACCOUNTS_QUEUE_MAX);
	pthread_mutex_unlock(&gate);
	accounts_stop(a);
	for (i = 0; i < ACCOUNTS_QUEUE_MAX + 2; i++) {
		ck_assert_int_eq(x[i].done, 1);
		ck_assert(!x[i].err || x[i].err == ERR_UNAVAILABLE);
		late += x[i].err != 0;
	}
	ck_assert_int_eq(accounts_ask(a, &x[0].job), ERR_UNAVAILABLE);
	accounts_close(a);
	a = open_accounts(&k, &n);
	ck_assert_int_eq((int)n, ACCOUNTS_QUEUE_MAX + 2 - late);
	accounts_close(a);
	kit_fini(&k);
}
END_TEST

UNIT_MAIN("accounts", test_passwords_stay_and_can_be_undone,
	  test_a_link_opens_once_and_for_a_while, test_sessions_are_kept_and_dropped,
	  test_a_damaged_file_is_not_opened, test_what_fails_leaves_nothing,
	  test_after_a_fault_nothing_is_written,
	  test_a_full_queue_is_told_and_an_end_too)
