#include <stdatomic.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/append.h"
#include "store/erase.h"
#include "store/query.h"
#include "store/schema.h"

#include "storekit.h"

/* Syncs of keys.db: what a commit there costs. */
static atomic_int syncs;

int fdatasync(int fd)
{
	char link[64], path[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	if (strstr(path, "keys.db"))
		syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

/* A ledger written by hand, one fact a commit. */
struct book {
	struct kit kit;
	sqlite3 *db;
	struct keyring *keys;
	struct append *append;
	uint64_t seq;
};

static void book_open(struct book *b)
{
	struct why *why = &b->kit.why;
	struct chain_head head;
	uint64_t last;

	ck_assert_int_eq(schema_open(&b->db, b->kit.dir, &schema_ledger, DB_WRITE, why), 0);
	ck_assert_int_eq(keyring_open(&b->keys, b->kit.dir, b->db, DB_WRITE, why), 0);
	ck_assert_int_eq(chain_last(&last, b->db, why), 0);
	ck_assert_int_eq(chain_at(&head, b->db, last, why), 0);
	ck_assert_int_eq(append_new(&b->append, b->db, b->keys, &head, why), 0);
	append_yield(b->append, false);
	b->seq = last;
}

static void settle(struct book *b)
{
	ck_assert_int_eq(keyring_tidy(b->keys, true, &b->kit.why), 0);
}

static void book_init(struct book *b)
{
	kit_init(&b->kit);
	book_open(b);
	settle(b);
}

/* As a crash leaves it behind: nothing is settled. */
static void book_close(struct book *b)
{
	append_free(b->append);
	keyring_close(b->keys);
	db_close(b->db);
}

static void book_fini(struct book *b)
{
	book_close(b);
	kit_fini(&b->kit);
}

static int put(struct book *b, uint64_t n, uint64_t version, const char *title)
{
	char stream[FACT_STREAM_SIZE];
	struct fact_row row = {
		.seq = b->seq + 1, .at = 1, .version = version, .stream = stream,
		.kind = "meeting.changed", .kind_len = 15,
		.actor = "x", .actor_len = 1, .data = "{}", .data_len = 2,
	};

	row.stream_len = (size_t)snprintf(stream, sizeof(stream), "meeting/%022u",
					  (unsigned int)n);
	return append_fact(b->append, FACT_MEETING_CHANGED, &row, title, strlen(title),
			   &b->kit.why);
}

/* The next fact of meeting n, committed; returns its seq. */
static uint64_t tells(struct book *b, uint64_t n, uint64_t version, const char *title)
{
	ck_assert_int_eq(append_begin(b->append, &b->kit.why), 0);
	ck_assert_int_eq(put(b, n, version, title), 0);
	ck_assert_int_eq(append_commit(b->append, &b->kit.why), 0);
	return ++b->seq;
}

static int gather(void *arg, const struct query_fact *f)
{
	buf_printf(arg, "%.*s ", f->personal ? (int)f->personal_len : 1,
		   f->personal ? f->personal : "-");
	return 0;
}

/* What a reader finds in the personal members of all facts; "-": nothing. */
static void reads(struct book *b, const char *want)
{
	struct buf got = BUF_INIT;
	struct query *q;

	ck_assert_int_eq(query_open(&q, b->kit.dir, &b->kit.why), 0);
	ck_assert_int_ge(query_facts(q, NULL, 0, 1000, gather, &got, &b->kit.why), 0);
	ck_assert_str_eq(got.p, want);
	query_close(q);
	buf_fini(&got);
}

static int64_t number(struct book *b, const char *sql)
{
	sqlite3 *db = kit_raw(&b->kit, "keys.db");
	int64_t n = kit_number(db, sql);

	sqlite3_close(db);
	return n;
}

static void change(struct book *b, const char *sql)
{
	sqlite3 *db = kit_raw(&b->kit, "keys.db");

	kit_sql(db, sql);
	sqlite3_close(db);
}

#define NAMED "SELECT count(*) FROM key WHERE stream > 0"
#define SEEDS "SELECT count(*) FROM key WHERE stream < 0"
#define BEGINS "SELECT -stream FROM key WHERE stream < 0"

static void seed_of(struct book *b, uint8_t seed[SEAL_KEY_SIZE])
{
	sqlite3 *db = kit_raw(&b->kit, "keys.db");
	sqlite3_stmt *s;

	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT key FROM key WHERE stream < 0", -1,
					    &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	memcpy(seed, sqlite3_column_blob(s, 0), SEAL_KEY_SIZE);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

/* Whether some bytes lie in keys.db or beside it. */
static bool found(struct book *b, const uint8_t key[SEAL_KEY_SIZE])
{
	static const char *const names[] = {"keys.db", "keys.db-wal", "keys.db-shm"};
	char path[128], *text = mem_new(1 << 22);
	bool is = false;
	size_t n;
	FILE *f;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		kit_path(path, &b->kit, names[i]);
		f = fopen(path, "rb");
		if (!f)
			continue;
		n = fread(text, 1, 1 << 22, f);
		is |= memmem(text, n, key, SEAL_KEY_SIZE) != NULL;
		fclose(f);
	}
	free(text);
	return is;
}

START_TEST(test_a_key_out_of_the_seed_costs_no_commit)
{
	/* seed.h: no fact waits for keys.db; it is settled now and then */
	struct book b;

	book_init(&b);
	ck_assert_int_eq(number(&b, BEGINS), 1);
	syncs = 0;
	for (uint64_t n = 1; n <= 4000; n++) {
		tells(&b, n, 1, "a");
		ck_assert_int_eq(keyring_tidy(b.keys, false, &b.kit.why), 0);
	}
	ck_assert_int_eq(syncs, 0);
	ck_assert_int_eq(number(&b, NAMED), 0);
	tells(&b, 4001, 1, "a");
	ck_assert_int_eq(keyring_tidy(b.keys, false, &b.kit.why), 0);
	ck_assert_int_ge(syncs, 1);
	ck_assert_int_le(syncs, 2);	/* a fresh log has its head synced too */
	ck_assert_int_eq(number(&b, NAMED), 4001);
	ck_assert_int_eq(number(&b, BEGINS), 4002);
	ck_assert_int_eq(number(&b, SEEDS), 1);
	settle(&b);
	syncs = 0;
	settle(&b);			/* nothing was taken since */
	ck_assert_int_eq(syncs, 0);
	book_fini(&b);
}
END_TEST

START_TEST(test_a_key_is_found_before_and_after)
{
	/* seed.h: out of the seed, as a row, by writers, readers, a new start */
	struct book b;

	book_init(&b);
	tells(&b, 1, 1, "one");
	tells(&b, 2, 1, "two");
	tells(&b, 1, 2, "more");
	ck_assert_int_eq(number(&b, NAMED), 0);
	reads(&b, "one two more ");
	book_close(&b);			/* a crash */
	book_open(&b);
	reads(&b, "one two more ");
	tells(&b, 2, 2, "late");
	settle(&b);
	ck_assert_int_eq(number(&b, NAMED), 2);
	ck_assert_int_eq(number(&b, BEGINS), 5);
	reads(&b, "one two more late ");
	tells(&b, 3, 1, "three");
	tells(&b, 1, 3, "again");
	reads(&b, "one two more late three again ");
	book_close(&b);
	book_open(&b);
	ck_assert_int_eq(keyring_empty(b.keys, &b.kit.why), 0);
	ck_assert_int_eq(number(&b, NAMED), 3);
	reads(&b, "one two more late three again ");
	book_fini(&b);
}
END_TEST

START_TEST(test_a_reader_does_not_see_half_a_settlement)
{
	/* seed.h: who looks for a key finds it, whatever the settling is at */
	struct buf got = BUF_INIT;
	struct query *q;
	struct book b;

	book_init(&b);
	ck_assert_int_eq(query_open(&q, b.kit.dir, &b.kit.why), 0);
	for (uint64_t n = 1; n <= 20; n++) {
		tells(&b, n, 1, "x");
		for (int i = 0; i < 2; i++) {
			buf_reset(&got);
			ck_assert_int_ge(query_facts(q, NULL, 0, 1000, gather, &got,
						     &b.kit.why), 0);
			ck_assert_uint_eq(got.len, 2 * n);
			ck_assert_ptr_null(memchr(got.p, '-', got.len));
			settle(&b);
		}
	}
	query_close(q);
	buf_fini(&got);
	book_fini(&b);
}
END_TEST

START_TEST(test_streams_do_not_share_a_key)
{
	/* seal.h: each has its own, and none of them is the seed */
	uint8_t seed[SEAL_KEY_SIZE], one[SEAL_KEY_SIZE], two[SEAL_KEY_SIZE];
	struct book b;

	book_init(&b);
	seed_of(&b, seed);
	ck_assert_int_eq(append_begin(b.append, &b.kit.why), 0);
	ck_assert_int_eq(put(&b, 1, 1, "lost"), 0);
	append_rollback(b.append);
	tells(&b, 2, 1, "two");
	tells(&b, 3, 1, "three");
	ck_assert_int_eq(keyring_get(b.keys, 1, one, &b.kit.why), 0);
	ck_assert_int_eq(keyring_get(b.keys, 2, two, &b.kit.why), 0);
	ck_assert_mem_ne(one, two, sizeof(one));
	ck_assert_mem_ne(one, seed, sizeof(one));
	settle(&b);
	ck_assert_int_eq(number(&b, NAMED), 2);
	ck_assert_int_eq(number(&b, "SELECT count(DISTINCT key) FROM key"), 3);
	reads(&b, "two three ");
	book_fini(&b);
}
END_TEST

START_TEST(test_without_a_seed_keys_are_made_one_by_one)
{
	/* keyring.h: durable before the fact; the next tidying makes a seed */
	struct book b;

	kit_init(&b.kit);
	book_open(&b);
	for (uint64_t n = 1; n <= 3; n++) {
		syncs = 0;
		tells(&b, n, 1, "x");
		ck_assert_int_gt(syncs, 0);
	}
	ck_assert_int_eq(number(&b, NAMED), 3);
	ck_assert_int_eq(number(&b, SEEDS), 0);
	ck_assert_int_eq(keyring_tidy(b.keys, false, &b.kit.why), 0);
	ck_assert_int_eq(number(&b, BEGINS), 4);
	reads(&b, "x x x ");
	/* what was made alone is kept, what comes now is out of the seed */
	syncs = 0;
	tells(&b, 1, 2, "y");
	tells(&b, 4, 1, "z");
	ck_assert_int_eq(syncs, 0);
	reads(&b, "x x x y z ");
	book_fini(&b);
}
END_TEST

START_TEST(test_a_late_title_has_a_key_too)
{
	/* keyring.h: a stream that has something personal long after it began */
	struct book b;

	book_init(&b);
	tells(&b, 1, 1, "");
	tells(&b, 2, 1, "two");
	settle(&b);
	ck_assert_int_eq(number(&b, NAMED), 1);
	syncs = 0;
	tells(&b, 1, 2, "late");
	ck_assert_int_gt(syncs, 0);
	reads(&b, "- two late ");
	settle(&b);
	ck_assert_int_eq(number(&b, NAMED), 2);
	reads(&b, "- two late ");
	book_fini(&b);
}
END_TEST

START_TEST(test_a_left_over_key_is_not_taken_for_ours)
{
	/* seed.h: rows at and behind its beginning mean nothing */
	struct book b;

	book_init(&b);
	change(&b, "INSERT INTO key VALUES (1, randomblob(32)), (2, randomblob(32))");
	tells(&b, 1, 1, "one");
	reads(&b, "one ");
	settle(&b);
	tells(&b, 2, 1, "two");
	reads(&b, "one two ");
	settle(&b);
	reads(&b, "one two ");
	/* without a seed the first fact makes its own in its place */
	change(&b, "DELETE FROM key WHERE stream < 0; "
	       "INSERT INTO key VALUES (3, zeroblob(32))");
	tells(&b, 3, 1, "three");
	reads(&b, "one two three ");
	ck_assert_int_eq(number(&b, "SELECT count(*) FROM key WHERE key = zeroblob(32)"), 0);
	book_fini(&b);
}
END_TEST

START_TEST(test_what_is_in_the_seed_can_be_erased)
{
	/* erase.h: neither the key nor the seed that it comes from is in a file any more */
	uint8_t seed[SEAL_KEY_SIZE], gone[SEAL_KEY_SIZE], stays[SEAL_KEY_SIZE];
	struct book b;

	book_init(&b);
	tells(&b, 1, 1, "one");
	tells(&b, 2, 1, "two");
	seed_of(&b, seed);
	ck_assert_int_eq(keyring_get(b.keys, 1, gone, &b.kit.why), 0);
	ck_assert_int_eq(keyring_get(b.keys, 2, stays, &b.kit.why), 0);
	ck_assert(found(&b, seed));
	kit_sql(b.db, "INSERT INTO erasing VALUES (1)");
	ck_assert_int_eq(erase_run(NULL, b.db, b.keys, &b.kit.why), 0);
	ck_assert(!found(&b, seed));
	ck_assert(!found(&b, gone));
	ck_assert(found(&b, stays));
	reads(&b, "- two ");
	settle(&b);
	tells(&b, 3, 1, "three");
	settle(&b);
	ck_assert(!found(&b, gone));
	reads(&b, "- two three ");
	book_fini(&b);
}
END_TEST

START_TEST(test_what_is_cut_off_leaves_no_key_in_the_seed)
{
	/* keyring.h: the keys of streams that are gone go, also those that have no row */
	uint8_t seed[SEAL_KEY_SIZE], gone[SEAL_KEY_SIZE], stays[SEAL_KEY_SIZE];
	struct book b;

	book_init(&b);
	tells(&b, 1, 1, "one");
	tells(&b, 2, 1, "two");
	seed_of(&b, seed);
	ck_assert_int_eq(keyring_get(b.keys, 1, gone, &b.kit.why), 0);
	ck_assert_int_eq(keyring_get(b.keys, 2, stays, &b.kit.why), 0);
	kit_sql(b.db, "DELETE FROM fact WHERE seq = 1; DELETE FROM story WHERE first = 1;"
		"DELETE FROM stream WHERE first = 1");	/* as a cut does it */
	ck_assert_int_eq(keyring_sweep(b.keys, 1, &b.kit.why), 0);
	ck_assert_int_eq(keyring_purge(b.keys, &b.kit.why), 0);
	ck_assert(!found(&b, seed));
	ck_assert(!found(&b, gone));
	ck_assert(found(&b, stays));
	reads(&b, "two ");
	book_fini(&b);
}
END_TEST

START_TEST(test_after_an_erasure_nothing_is_left_to_settle)
{
	/* keyring.h: the log that was emptied stays empty until something else is sealed */
	struct book b;
	char path[128];
	FILE *f;

	book_init(&b);
	tells(&b, 1, 1, "one");
	settle(&b);
	tells(&b, 2, 1, "two");
	kit_sql(b.db, "INSERT INTO erasing VALUES (1)");
	ck_assert_int_eq(erase_run(NULL, b.db, b.keys, &b.kit.why), 0);
	settle(&b);
	kit_path(path, &b.kit, "keys.db-wal");
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fgetc(f), EOF);
	fclose(f);
	reads(&b, "- two ");
	book_fini(&b);
}
END_TEST

START_TEST(test_an_erasure_cut_short_is_done_at_the_next_start)
{
	/* erase.h: wherever the crash came, also while the seed was being settled */
	uint8_t gone[SEAL_KEY_SIZE];
	struct book b;

	book_init(&b);
	tells(&b, 1, 1, "one");
	tells(&b, 2, 1, "two");
	ck_assert_int_eq(keyring_get(b.keys, 1, gone, &b.kit.why), 0);
	kit_sql(b.db, "INSERT INTO erasing VALUES (1)");
	ck_assert_int_eq(keyring_delete(b.keys, 1, &b.kit.why), 0);
	keyring_rollback(b.keys);
	reads(&b, "one two ");
	book_close(&b);
	book_open(&b);
	tells(&b, 3, 1, "three");
	ck_assert_int_eq(keyring_delete(b.keys, 1, &b.kit.why), 0);
	ck_assert_int_eq(keyring_commit(b.keys, &b.kit.why), 0);
	book_close(&b);
	book_open(&b);
	ck_assert_int_eq(erase_run(NULL, b.db, b.keys, &b.kit.why), 0);
	ck_assert(!found(&b, gone));
	reads(&b, "- two three ");
	book_fini(&b);
}
END_TEST

START_TEST(test_a_full_disk_puts_settling_off)
{
	/* keyring.h: 0 also then; facts go on */
	struct book b;
	sqlite3 *db;

	book_init(&b);
	tells(&b, 1, 1, "one");
	db = kit_raw(&b.kit, "keys.db");
	kit_sql(db, "BEGIN IMMEDIATE");		/* as good as a full disk: ERR_AGAIN */
	settle(&b);
	tells(&b, 2, 1, "two");
	kit_sql(db, "ROLLBACK");
	sqlite3_close(db);
	ck_assert_int_eq(number(&b, BEGINS), 1);
	settle(&b);
	ck_assert_int_eq(number(&b, BEGINS), 3);
	reads(&b, "one two ");
	book_fini(&b);
}
END_TEST

START_TEST(test_keys_may_be_newer_than_the_ledger)
{
	/* restore.h: keys.db put beside a ledger from before; what it said can be read, and
	 * what is said from now on */
	struct kit shelf;
	char from[128], to[128];
	struct book b;
	char cmd[300];

	kit_init(&shelf);
	book_init(&b);
	tells(&b, 1, 1, "one");
	settle(&b);
	tells(&b, 2, 1, "two");
	book_close(&b);
	kit_path(from, &b.kit, "ledger.db");
	kit_path(to, &shelf, "ledger.db");
	snprintf(cmd, sizeof(cmd), "cp %s %s", from, to);
	ck_assert_int_eq(system(cmd), 0);
	book_open(&b);
	for (uint64_t n = 3; n <= 9; n++) {
		tells(&b, n, 1, "lost");
		if (n == 6)
			settle(&b);
	}
	book_close(&b);
	snprintf(cmd, sizeof(cmd), "cp %s %s", to, from);
	ck_assert_int_eq(system(cmd), 0);
	book_open(&b);
	reads(&b, "one two ");
	tells(&b, 33, 1, "three");
	reads(&b, "one two three ");
	ck_assert_int_eq(keyring_tidy(b.keys, false, &b.kit.why), 0);
	ck_assert_int_eq(number(&b, BEGINS), 4);
	tells(&b, 44, 1, "four");
	reads(&b, "one two three four ");
	settle(&b);
	reads(&b, "one two three four ");
	book_fini(&b);
	kit_fini(&shelf);
}
END_TEST

START_TEST(test_a_damaged_seed_is_said)
{
	/* keyring.h: an error of keys.db, never a wrong key */
	struct book b;
	int err;

	book_init(&b);
	change(&b, "PRAGMA ignore_check_constraints = ON; "
	       "UPDATE key SET key = x'00' WHERE stream < 0");
	ck_assert_int_eq(append_begin(b.append, &b.kit.why), 0);
	err = put(&b, 1, 1, "one");
	ck_assert_int_eq(err, ERR_CORRUPT);
	append_rollback(b.append);
	book_fini(&b);
}
END_TEST

UNIT_MAIN("seed",
	  test_a_key_out_of_the_seed_costs_no_commit,
	  test_a_key_is_found_before_and_after,
	  test_a_reader_does_not_see_half_a_settlement,
	  test_streams_do_not_share_a_key,
	  test_without_a_seed_keys_are_made_one_by_one,
	  test_a_late_title_has_a_key_too,
	  test_a_left_over_key_is_not_taken_for_ours,
	  test_what_is_in_the_seed_can_be_erased,
	  test_what_is_cut_off_leaves_no_key_in_the_seed,
	  test_after_an_erasure_nothing_is_left_to_settle,
	  test_an_erasure_cut_short_is_done_at_the_next_start,
	  test_a_full_disk_puts_settling_off,
	  test_keys_may_be_newer_than_the_ledger,
	  test_a_damaged_seed_is_said)
