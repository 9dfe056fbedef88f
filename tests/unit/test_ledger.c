#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/err.h"
#include "base/rnd.h"
#include "store/chain.h"
#include "store/verify.h"

#include "storekit.h"

/*
 * A disk that fails: SQLite's writes and syncs come through here. With `fault_nth` only
 * that call fails, counted from 1; without, all of them do, on files whose name holds
 * `fault_file`.
 */
static atomic_int fault_write, fault_sync, fault_nth, fault_count;
static const char *_Atomic fault_file;

static void fault_reset(void)
{
	fault_write = fault_sync = fault_nth = fault_count = 0;
	fault_file = NULL;
}

static bool on_faulty_file(int fd)
{
	const char *name = fault_file;
	char link[64], path[256];
	ssize_t n;

	if (!name)
		return true;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return strstr(path, name) != NULL;
}

static bool fails(int fd, int error)
{
	if (!error || !on_faulty_file(fd))
		return false;
	if (fault_nth && ++fault_count != fault_nth)
		return false;
	errno = error;
	return true;
}

ssize_t pwrite64(int fd, const void *p, size_t len, off64_t at)
{
	if (fails(fd, fault_write))
		return -1;
	return syscall(SYS_pwrite64, fd, p, len, at);
}

int fdatasync(int fd)
{
	if (fails(fd, fault_sync))
		return -1;
	return (int)syscall(SYS_fdatasync, fd);
}

static void nap(long ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void append(struct ledger *l, uint64_t n)
{
	struct fact f;

	kit_nth(&f, n);
	ck_assert_uint_eq(ledger_append(l, &f), n);
	ck_assert_uint_eq(f.seq, n);
}

/* Replays and compares with the small world; counts. */
static int same_as_world(void *arg, const struct fact *fact)
{
	uint64_t *count = arg;
	struct fact want;

	kit_nth(&want, ++*count);
	ck_assert_uint_eq(fact->seq, *count);
	ck_assert_str_eq(fact->stream, want.stream);
	ck_assert_uint_eq(fact->version, want.version);
	ck_assert_int_eq(fact->kind, want.kind);
	ck_assert_str_eq(fact->actor, want.actor);
	ck_assert_str_eq(fact->data, want.data);
	ck_assert_uint_eq(fact->data_len, want.data_len);
	ck_assert_str_eq(fact->personal, want.personal);
	ck_assert_uint_eq(fact->personal_len, want.personal_len);
	return 0;
}

static uint64_t replay(struct kit *k, struct ledger *l)
{
	uint64_t count = 0;
	int err = ledger_replay(l, same_as_world, &count, &k->why);

	ck_assert_msg(err == 0, "replay: %s", k->why.text);
	return count;
}

static void verify(struct kit *k, uint64_t facts)
{
	struct verify found;
	int err = ledger_verify(k->dir, NULL, NULL, NULL, &found, &k->why);

	ck_assert_msg(err == 0, "verify: %s", k->why.text);
	ck_assert_uint_eq(found.head.seq, facts);
}

START_TEST(test_what_is_appended_is_replayed)
{
	/* ledger.md: at start the state in memory is the replay of the ledger */
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 3000);
	l = kit_open(&k);
	ck_assert_uint_eq(ledger_last(l), 3000);
	ck_assert_uint_eq(ledger_durable(l), 3000);
	ck_assert_uint_eq(replay(&k, l), 3000);
	ledger_close(l);
	verify(&k, 3000);
	kit_fini(&k);
}
END_TEST

static int stop_at_seven(void *arg, const struct fact *fact)
{
	(void)arg;
	return fact->seq == 7 ? 77 : 0;
}

START_TEST(test_replay_stops_when_told)
{
	/* ledger.h: returns what fn returned if that was not zero */
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 20);
	l = kit_open(&k);
	ck_assert_int_eq(ledger_replay(l, stop_at_seven, NULL, &k.why), 77);
	ck_assert_uint_eq(replay(&k, l), 20);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_reopened_ledger_goes_on)
{
	/* ledger.md: seq 1, 2, 3, ... without gaps, over restarts too */
	struct kit k;

	kit_init(&k);
	for (uint64_t n = 1; n <= 40; n += 3)
		kit_fill(&k, n);
	verify(&k, 40);
	kit_fini(&k);
}
END_TEST

START_TEST(test_durable_is_never_ahead_of_the_disk)
{
	/* ledger.md: what an answer claims is on disk first */
	struct ledger *l;
	uint64_t durable;
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	l = kit_start(&k);
	db = kit_raw(&k, "ledger.db");
	for (uint64_t n = 1; n <= 4000; n++) {
		append(l, n);
		if (n % 10)
			continue;
		durable = ledger_durable(l);
		ck_assert_int_ge(kit_number(db, "SELECT coalesce(max(seq), 0) FROM fact"),
				 (int64_t)durable);
	}
	kit_wait(l, 4000);
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM fact"), 4000);
	sqlite3_close(db);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_facts_share_commits)
{
	/* all that is queued goes into one commit, at most 1000 */
	struct ledger_stats stats;
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_open(&k);
	for (uint64_t n = 1; n <= 2500; n++)
		append(l, n);
	ck_assert_int_eq(ledger_start(l), 0);
	kit_wait(l, 2500);
	ledger_stats(l, &stats);
	ck_assert_uint_eq(stats.facts, 2500);
	ck_assert_uint_eq(stats.commits, 3);
	ck_assert_uint_eq(stats.queued, 0);
	ck_assert_str_eq(stats.error.text, "");
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_the_queue_is_bounded)
{
	/* never unbounded memory; ledger.h: 8000 not writable, 10,000 full */
	struct ledger *l;
	struct fact f;
	struct kit k;
	uint64_t n;

	kit_init(&k);
	l = kit_open(&k);
	for (n = 1; n <= LEDGER_QUEUE_MAX; n++) {
		ck_assert(ledger_writable(l) == (n <= LEDGER_QUEUE_HIGH));
		append(l, n);
	}
	kit_nth(&f, n);
	ck_assert_uint_eq(ledger_append(l, &f), 0);
	ck_assert_uint_eq(ledger_last(l), LEDGER_QUEUE_MAX);
	ck_assert_int_eq(ledger_start(l), 0);
	kit_wait(l, LEDGER_QUEUE_MAX);
	ck_assert(ledger_writable(l));
	append(l, n);
	ledger_stop(l);
	ck_assert_uint_eq(ledger_durable(l), n);
	ledger_close(l);
	verify(&k, n);
	kit_fini(&k);
}
END_TEST

START_TEST(test_the_fd_tells_of_commits)
{
	/* ledger.h: readable when the durable seq may have changed */
	struct pollfd p = {.events = POLLIN};
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	p.fd = ledger_fd(l);
	ck_assert_int_eq(poll(&p, 1, 50), 0);
	append(l, 1);
	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	ledger_clear(l);
	ck_assert_uint_eq(ledger_durable(l), 1);
	ck_assert_int_eq(poll(&p, 1, 50), 0);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

/* Puts a row in behind our back, with the right hash. */
static void forge(struct kit *k, int64_t at, const char *kind)
{
	struct fact_row row = {.stream = "server", .stream_len = 6, .version = 1,
			       .kind = kind, .kind_len = strlen(kind), .actor = "server",
			       .actor_len = 6, .data = "{}", .data_len = 2, .at = at};
	sqlite3 *db = kit_raw(k, "ledger.db");
	struct chain_head head;
	sqlite3_stmt *s;
	uint64_t last;

	ck_assert_int_eq(chain_last(&last, db, &k->why), 0);
	ck_assert_int_eq(chain_at(&head, db, last, &k->why), 0);
	row.seq = last + 1;
	fact_hash(head.hash, head.hash, &row);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "INSERT INTO fact VALUES "
					    "(?1, ?2, 'server', 1, ?3, 'server', '{}', "
					    "NULL, ?4)", -1, &s, NULL), SQLITE_OK);
	sqlite3_bind_int64(s, 1, (sqlite3_int64)row.seq);
	sqlite3_bind_int64(s, 2, at);
	sqlite3_bind_text(s, 3, kind, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s, 4, head.hash, FACT_HASH_SIZE, SQLITE_STATIC);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

START_TEST(test_time_never_goes_back)
{
	/* ledger.md: `at` is never smaller than the one before, also if the clock is */
	const int64_t future = 4102444800000;
	struct ledger *l;
	struct fact f;
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 3);
	forge(&k, future, "server.started");
	l = kit_start(&k);
	kit_fact(&f, "server", 2, FACT_SERVER_STOPPED, "{}", "");
	ck_assert_uint_eq(ledger_append(l, &f), 5);
	ck_assert_int_eq(f.at, future);
	ledger_close(l);
	verify(&k, 5);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_kind_from_the_future_is_refused)
{
	/* ledger.h: replay gives ERR_VERSION; verify needs no knowledge of kinds */
	uint64_t count = 0;
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 3);
	forge(&k, 4102444800000, "meeting.dreamt");
	l = kit_open(&k);
	ck_assert_int_eq(ledger_replay(l, same_as_world, &count, &k.why), ERR_VERSION);
	ck_assert_uint_eq(count, 3);
	ck_assert_ptr_nonnull(strstr(k.why.text, "fact 4"));
	ledger_close(l);
	verify(&k, 4);
	kit_fini(&k);
}
END_TEST

START_TEST(test_the_table_refuses_to_be_changed)
{
	/* UPDATE, DELETE, REPLACE, upsert, gaps and the rest, by trigger or check */
	static const char *const refused[] = {
		"UPDATE fact SET data = '{}' WHERE seq = 1",
		"UPDATE fact SET at = at",
		"DELETE FROM fact WHERE seq = 20",
		"DELETE FROM fact",
		"REPLACE INTO fact SELECT * FROM fact WHERE seq = 20",
		"INSERT OR REPLACE INTO fact SELECT * FROM fact WHERE seq = 1",
		"INSERT OR IGNORE INTO fact SELECT * FROM fact WHERE seq = 1",
		"INSERT INTO fact SELECT * FROM fact WHERE seq = 20 "
			"ON CONFLICT DO UPDATE SET data = '{}'",
		"INSERT INTO fact SELECT * FROM fact WHERE seq = 20 "
			"ON CONFLICT DO NOTHING",
		"INSERT INTO fact SELECT 22, at, 'a', 1, kind, actor, data, sealed, hash "
			"FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT 0, at, 'a', 1, kind, actor, data, sealed, hash "
			"FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT -1, at, 'a', 1, kind, actor, data, sealed, hash "
			"FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT NULL, at, 'a', 1, kind, actor, data, sealed, hash "
			"FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT 21, at - 1, 'a', 1, kind, actor, data, sealed, "
			"hash FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT 21, at, 'a', 2, kind, actor, data, sealed, hash "
			"FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT 21, at, 'a', 0, kind, actor, data, sealed, hash "
			"FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT 21, at, stream, version, kind, actor, data, sealed, "
			"hash FROM fact WHERE seq = 20",
		"INSERT OR REPLACE INTO fact SELECT 21, at, stream, version, kind, actor, "
			"data, sealed, hash FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT 21, at, 'a', 1, kind, actor, '{', sealed, hash "
			"FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT 21, at, 'a', 1, kind, actor, x'7b7d', sealed, hash "
			"FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT 21, at, 'a', 1, kind, actor, data, sealed, x'00' "
			"FROM fact WHERE seq = 20",
		"INSERT INTO fact SELECT 21, 'now', 'a', 1, kind, actor, data, sealed, hash "
			"FROM fact WHERE seq = 20",
		"INSERT OR REPLACE INTO fact SELECT 21, at, stream, 1, kind, actor, data, "
			"sealed, hash FROM fact WHERE seq = 20",
		"REPLACE INTO meta VALUES (1, randomblob(16))",
		"UPDATE meta SET store = randomblob(16)",
		"DELETE FROM meta",
		"INSERT INTO meta VALUES (2, randomblob(16))",
	};
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	kit_fill(&k, 20);
	db = kit_raw(&k, "ledger.db");
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		ck_assert_msg(sqlite3_exec(db, refused[i], NULL, NULL, NULL) ==
			      SQLITE_CONSTRAINT || sqlite3_changes(db) == 0,
			      "taken: %s", refused[i]);
	/* and one that keeps all rules is taken: the list above tests the right thing */
	kit_sql(db, "BEGIN; INSERT INTO fact SELECT 21, at, 'a', 1, kind, actor, data, "
		"sealed, hash FROM fact WHERE seq = 20; ROLLBACK");
	sqlite3_close(db);
	verify(&k, 20);
	kit_fini(&k);
}
END_TEST

START_TEST(test_two_writers_cannot_both_win)
{
	/* ledger.md: stream and version are unique together */
	struct ledger_stats stats;
	struct ledger *l;
	struct fact f;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	append(l, 1);
	kit_wait(l, 1);
	kit_nth(&f, 1);
	ck_assert_uint_eq(ledger_append(l, &f), 2);
	kit_wait(l, 2);
	ck_assert(ledger_broken(l));
	ck_assert(!ledger_writable(l));
	ck_assert_uint_eq(ledger_durable(l), 1);
	ck_assert_uint_eq(ledger_append(l, &f), 0);
	ledger_stats(l, &stats);
	ck_assert_ptr_nonnull(strstr(stats.error.text, "next version of its stream"));
	ledger_close(l);
	verify(&k, 1);
	kit_fini(&k);
}
END_TEST

START_TEST(test_only_one_may_write)
{
	/* ledger.h: ERR_LOCKED, and free again when the first is gone */
	struct ledger *l, *other = NULL;
	struct kit k;

	kit_init(&k);
	l = kit_open(&k);
	ck_assert_int_eq(ledger_open(&other, k.dir, &k.why), ERR_LOCKED);
	ck_assert_ptr_null(other);
	ledger_close(l);
	ledger_close(kit_open(&k));
	kit_fini(&k);
}
END_TEST

static void modes_under(struct kit *k, mode_t mask)
{
	static const char *const files[] = {"ledger.db", "ledger.db-wal", "keys.db",
					    "keys.db-wal"};
	mode_t before = umask(mask);
	char path[128], parent[64];
	struct ledger *l;
	struct stat st;

	strcpy(parent, k->dir);
	strcat(k->dir, "/state");
	l = kit_start(k);
	append(l, 1);
	kit_wait(l, 1);
	umask(before);
	ck_assert_int_eq(stat(k->dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	for (size_t i = 0; i < 4; i++) {
		kit_path(path, k, files[i]);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0600);
	}
	ledger_close(l);
	kit_fini(k);
	strcpy(k->dir, parent);
}

START_TEST(test_files_are_private)
{
	/* ledger.h: 0700 and 0600, whatever the umask */
	struct ledger *l;
	char path[128];
	struct stat st;
	struct kit k;

	kit_init(&k);
	modes_under(&k, 0);
	modes_under(&k, 077);
	modes_under(&k, 0777);
	ledger_close(kit_open(&k));
	kit_path(path, &k, "ledger.db");
	ck_assert_int_eq(chmod(path, 0644), 0);	/* e.g. put back from a backup */
	l = kit_open(&k);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

static bool holds(const struct kit *k, const char *name, const char *text)
{
	const size_t len = strlen(text);
	static char bytes[1 << 20];
	char path[128];
	size_t n;
	FILE *f;

	kit_path(path, k, name);
	f = fopen(path, "rb");
	if (!f)
		return false;
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return memmem(bytes, n, text, len) != NULL;
}

START_TEST(test_personal_members_reach_the_disk_sealed)
{
	/* ledger.md: personal members are on disk only under the meeting's key */
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	for (uint64_t n = 1; n <= 8; n++)
		append(l, n);
	kit_wait(l, 8);
	ck_assert(holds(&k, "ledger.db-wal", "\"n\":8"));
	ck_assert(!holds(&k, "ledger.db-wal", "Whisper"));
	ck_assert(!holds(&k, "keys.db-wal", "Whisper"));
	ledger_close(l);
	ck_assert(holds(&k, "ledger.db", "\"n\":8"));
	ck_assert(!holds(&k, "ledger.db", "Whisper"));
	ck_assert(!holds(&k, "keys.db", "Whisper"));
	kit_fini(&k);
}
END_TEST

/* Keys that belong to a stream; the ledger must be closed. */
static int64_t keys_of_streams(const struct kit *k)
{
	sqlite3 *db = kit_raw(k, "keys.db");
	int64_t count = kit_number(db, "SELECT count(*) FROM key WHERE stream > 0");

	sqlite3_close(db);
	return count;
}

START_TEST(test_a_key_is_made_only_where_something_is_personal)
{
	/* keyring.h: one key per stream that has any, also when that comes later */
	struct ledger *l;
	struct fact f;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	kit_fact(&f, "meeting/a", 1, FACT_MEETING_CREATED, "{}", "");
	ck_assert_uint_eq(ledger_append(l, &f), 1);
	kit_fact(&f, "meeting/b", 1, FACT_MEETING_CREATED, "{}", "{\"title\":\"b\"}");
	ck_assert_uint_eq(ledger_append(l, &f), 2);
	kit_fact(&f, "meeting/b", 2, FACT_MEETING_CREATED, "{}", "{\"title\":\"c\"}");
	ck_assert_uint_eq(ledger_append(l, &f), 3);
	ledger_close(l);
	ck_assert_int_eq(keys_of_streams(&k), 1);
	l = kit_start(&k);
	kit_fact(&f, "meeting/a", 2, FACT_MEETING_CREATED, "{}", "{\"title\":\"a\"}");
	ck_assert_uint_eq(ledger_append(l, &f), 4);
	ledger_close(l);
	ck_assert_int_eq(keys_of_streams(&k), 2);
	kit_fini(&k);
}
END_TEST

static int personal_bits(void *arg, const struct fact *fact)
{
	unsigned int *bits = arg;

	if (fact->personal_len)
		*bits |= 1u << fact->seq;
	return 0;
}

START_TEST(test_without_its_key_a_title_is_gone_and_nothing_else)
{
	/* ledger.md: deleting the key erases; the chain still verifies */
	unsigned int bits = 0;
	struct ledger *l;
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	kit_fill(&k, 10);
	db = kit_raw(&k, "keys.db");
	kit_sql(db, "DELETE FROM key WHERE stream = 3");
	sqlite3_close(db);
	l = kit_open(&k);
	ck_assert_int_eq(ledger_replay(l, personal_bits, &bits, &k.why), 0);
	ck_assert_uint_eq(bits, 0x1fe & ~(1u << 3));
	ledger_close(l);
	verify(&k, 10);
	kit_fini(&k);
}
END_TEST

START_TEST(test_keys_may_be_missing_but_not_foreign)
{
	/* ledger.md: backups can leave keys out; keyring.h: another ledger's are refused */
	char path[128], theirs[128];
	struct ledger *l = NULL;
	unsigned int bits = 0;
	struct kit k, other;

	kit_init(&k);
	kit_init(&other);
	kit_fill(&k, 10);
	kit_fill(&other, 10);
	kit_path(path, &k, "keys.db");
	kit_path(theirs, &other, "keys.db");
	ck_assert_int_eq(unlink(path), 0);
	l = kit_open(&k);
	ck_assert_int_eq(ledger_replay(l, personal_bits, &bits, &k.why), 0);
	ck_assert_uint_eq(bits, 0);
	ledger_close(l);
	ck_assert_int_eq(rename(theirs, path), 0);
	l = NULL;
	ck_assert_int_eq(ledger_open(&l, k.dir, &k.why), ERR_UNKNOWN);
	ck_assert_ptr_null(l);
	ck_assert_ptr_nonnull(strstr(k.why.text, "keys.db belongs to another ledger"));
	kit_fini(&k);
	kit_fini(&other);
}
END_TEST

static void opens_with(struct kit *k, int want, const char *sentence)
{
	struct verify found;
	struct ledger *l = NULL;

	ck_assert_int_eq(ledger_open(&l, k->dir, &k->why), want);
	ck_assert_ptr_null(l);
	ck_assert_msg(strstr(k->why.text, sentence) != NULL, "%s", k->why.text);
	ck_assert_int_eq(ledger_verify(k->dir, NULL, NULL, NULL, &found, &k->why), want);
}

START_TEST(test_a_newer_schema_is_refused)
{
	/* with a sentence that says so, and the file as it was */
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	kit_fill(&k, 5);
	db = kit_raw(&k, "ledger.db");
	kit_sql(db, "PRAGMA user_version = 99");
	opens_with(&k, ERR_VERSION, "newer");
	ck_assert_int_eq(kit_number(db, "PRAGMA user_version"), 99);
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM fact"), 5);
	sqlite3_close(db);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_file_of_something_else_is_refused)
{
	/* another application id, tables of others, no database at all */
	char path[128], text[64] = "";
	struct kit k;
	sqlite3 *db;
	FILE *f;

	kit_init(&k);
	kit_fill(&k, 5);
	db = kit_raw(&k, "ledger.db");
	kit_sql(db, "PRAGMA application_id = 4711");
	sqlite3_close(db);
	opens_with(&k, ERR_UNKNOWN, "another program");
	kit_empty(&k);

	db = kit_raw(&k, "ledger.db");
	kit_sql(db, "CREATE TABLE recipe (name)");
	sqlite3_close(db);
	opens_with(&k, ERR_UNKNOWN, "another program");
	db = kit_raw(&k, "ledger.db");	/* not even its journal mode was changed */
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM pragma_journal_mode "
				    "WHERE journal_mode = 'delete'"), 1);
	sqlite3_close(db);
	kit_empty(&k);

	kit_path(path, &k, "ledger.db");
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 100; i++)
		fputs("Dear diary, today nobody came.\n", f);
	fclose(f);
	opens_with(&k, ERR_CORRUPT, "not a database");
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), f));
	fclose(f);
	ck_assert_str_eq(text, "Dear diary, today nobody came.\n");
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_changed_schema_is_refused)
{
	/* schema.h: letter by letter; only Litestream may keep tables of its own */
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	kit_fill(&k, 5);
	db = kit_raw(&k, "ledger.db");
	kit_sql(db, "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)");
	sqlite3_close(db);
	kit_fill(&k, 6);
	db = kit_raw(&k, "ledger.db");
	kit_sql(db, "CREATE TRIGGER _litestream_spy AFTER INSERT ON fact "
		"BEGIN SELECT 1; END");
	opens_with(&k, ERR_CORRUPT, "_litestream_spy");
	kit_sql(db, "DROP TRIGGER _litestream_spy; DROP TRIGGER fact_no_delete");
	opens_with(&k, ERR_CORRUPT, "fact_no_delete");
	sqlite3_close(db);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_damaged_ledger_does_not_open)
{
	/* at start quick_check and the last 1000 links */
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	kit_fill(&k, 1500);
	db = kit_raw(&k, "ledger.db");
	kit_sql(db, "CREATE TEMP TABLE t AS SELECT sql FROM sqlite_schema "
		"WHERE name = 'fact_no_update'; DROP TRIGGER fact_no_update;"
		"UPDATE fact SET data = '{\"n\":0}' WHERE seq = 600;"
		"CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact\nBEGIN\n"
		"\tSELECT RAISE(ABORT, 'facts are never changed');\nEND");
	sqlite3_close(db);
	opens_with(&k, ERR_CORRUPT, "fact 600");
	kit_fini(&k);
}
END_TEST

static void refused_by(struct kit *k, int error)
{
	struct ledger_stats stats;
	struct ledger *l;

	l = kit_start(k);
	for (uint64_t n = 1; n <= 20; n++)
		append(l, n);
	kit_wait(l, 20);
	fault_write = error;
	for (uint64_t n = 21; n <= 40; n++)
		append(l, n);
	while (ledger_writable(l))
		nap(1);
	ck_assert(!ledger_broken(l));
	ck_assert_uint_eq(ledger_durable(l), 20);
	append(l, 41);		/* what cannot be refused is still taken */
	nap(600);		/* two tries more */
	ledger_stats(l, &stats);
	ck_assert_uint_ge(stats.refusals, 2);
	ck_assert_uint_eq(stats.queued, 21);
	ck_assert_str_ne(stats.error.text, "");
	fault_reset();
	kit_wait(l, 41);
	while (!ledger_writable(l))
		nap(1);
	ledger_close(l);
	l = kit_open(k);
	ck_assert_uint_eq(replay(k, l), 41);
	ledger_close(l);
	verify(k, 41);
	kit_empty(k);
}

START_TEST(test_a_full_disk_is_waited_for)
{
	/* refuse, keep what is queued, go on when there is room; quotas too */
	struct kit k;

	kit_init(&k);
	refused_by(&k, ENOSPC);
	refused_by(&k, EDQUOT);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_full_disk_does_not_hold_up_the_end)
{
	/* ledger.h: a disk that still refuses is asked once more and then left alone */
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	append(l, 1);
	kit_wait(l, 1);
	fault_write = ENOSPC;
	append(l, 2);
	ledger_stop(l);
	ck_assert_uint_eq(ledger_durable(l), 1);
	ledger_close(l);
	fault_reset();
	verify(&k, 1);
	kit_fini(&k);
}
END_TEST

START_TEST(test_after_an_io_error_nothing_is_written)
{
	/* what reached the disk is unknown, so stop and let the successor look */
	struct ledger *l;
	struct kit k;
	uint64_t n;

	kit_init(&k);
	l = kit_start(&k);
	append(l, 1);
	kit_wait(l, 1);
	fault_sync = EIO;
	append(l, 2);
	kit_wait(l, 2);
	ck_assert(ledger_broken(l));
	ck_assert(!ledger_writable(l));
	ck_assert_uint_eq(ledger_durable(l), 1);
	fault_reset();
	ledger_close(l);
	l = kit_open(&k);
	n = replay(&k, l);
	ck_assert(n == 1 || n == 2);
	ledger_close(l);
	verify(&k, n);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_key_is_durable_before_its_fact)
{
	/* keyring.h: no fact is committed whose key might be lost; here none was made in
	 * advance */
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	l = kit_start(&k);
	fault_file = "keys.db";
	fault_write = ENOSPC;
	append(l, 1);
	while (ledger_writable(l))
		nap(1);
	nap(300);
	ck_assert_uint_eq(ledger_durable(l), 0);
	fault_reset();
	kit_wait(l, 1);
	ledger_close(l);
	l = kit_open(&k);
	ck_assert_uint_eq(replay(&k, l), 1);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_keys_made_in_advance_need_no_disk)
{
	/* seed.h: what is durable once is enough for all that come; settled when it can be */
	const uint64_t facts = 5000;
	struct ledger *l;
	struct fact f;
	struct kit k;
	char stream[32];

	kit_init(&k);
	kit_fill(&k, 1);
	l = kit_start(&k);
	fault_file = "keys.db";
	fault_write = ENOSPC;
	for (uint64_t n = 2; n <= facts; n++) {
		snprintf(stream, sizeof(stream), "meeting/n%u", (unsigned int)n);
		kit_fact(&f, stream, 1, FACT_MEETING_CREATED, "{}", "{\"title\":\"x\"}");
		ck_assert_uint_eq(ledger_append(l, &f), n);
	}
	kit_wait(l, facts);
	ck_assert(ledger_writable(l));
	ledger_stop(l);
	fault_reset();
	ledger_close(l);
	ck_assert_int_eq(keys_of_streams(&k), 1);
	l = kit_start(&k);
	ledger_close(l);
	ck_assert_int_eq(keys_of_streams(&k), (int64_t)facts);
	kit_fini(&k);
}
END_TEST

/* One life with one failing call. Returns whether that call was ever made. */
static bool live_with_fault(struct kit *k, int nth, int write_error, int sync_error)
{
	struct ledger *l = NULL;
	uint64_t said = 0, n = 0;
	struct fact f;
	bool met;

	fault_write = write_error;
	fault_sync = sync_error;
	fault_nth = nth;
	if (ledger_open(&l, k->dir, &k->why) == 0) {
		ck_assert_int_eq(ledger_start(l), 0);
		while (n < 15 && !ledger_broken(l)) {
			for (int i = 0; i < 3; i++) {
				kit_nth(&f, n + 1);
				n += ledger_append(l, &f) != 0;
			}
			kit_wait(l, n);
		}
		said = ledger_durable(l);
		ck_assert(said == n || ledger_broken(l));
		ledger_close(l);
	}
	met = fault_count >= nth;
	fault_reset();
	l = kit_open(k);
	n = replay(k, l);
	ck_assert_uint_ge(n, said);
	ledger_close(l);
	verify(k, n);
	kit_empty(k);
	return met;
}

START_TEST(test_each_call_may_fail_once)
{
	/* T-5: refused, or unknown and started anew; never a false word */
	struct kit k;
	int nth;

	kit_init(&k);
	for (nth = 1; live_with_fault(&k, nth, EIO, 0); nth++)
		;
	ck_assert_int_gt(nth, 50);
	for (nth = 1; live_with_fault(&k, nth, 0, EIO); nth++)
		;
	ck_assert_int_gt(nth, 15);
	for (nth = 1; live_with_fault(&k, nth, ENOSPC, 0); nth += 5)
		;
	ck_assert_int_gt(nth, 50);
	kit_fini(&k);
}
END_TEST

/* Appends until it is killed, and says on the pipe what is durable. */
static void write_till_killed(struct kit *k, int out)
{
	struct ledger *l = NULL;
	struct pollfd p = {.events = POLLIN};
	uint64_t said, n;
	struct fact f;

	if (ledger_open(&l, k->dir, &k->why) || ledger_start(l))
		_exit(1);
	p.fd = ledger_fd(l);
	said = n = ledger_last(l);
	for (;;) {
		while (n - ledger_durable(l) < 1 + n % 40) {
			kit_nth(&f, ++n);
			if (ledger_append(l, &f) != n)
				_exit(2);
		}
		poll(&p, 1, -1);
		ledger_clear(l);
		if (ledger_durable(l) == said)
			continue;
		said = ledger_durable(l);
		if (write(out, &said, sizeof(said)) != sizeof(said))
			_exit(3);
	}
}

START_TEST(test_kill_loses_nothing_that_was_said)
{
	/* ledger.md: every acknowledged fact is there, none twice, the chain verifies */
	uint64_t acked = 0, n;
	struct ledger *l;
	unsigned char r;
	struct kit k;
	pid_t child;
	int fds[2];

	kit_init(&k);
	for (int round = 0; round < 50; round++) {
		ck_assert_int_eq(pipe(fds), 0);
		child = fork();
		ck_assert_int_ge(child, 0);
		if (child == 0) {
			close(fds[0]);
			write_till_killed(&k, fds[1]);
		}
		close(fds[1]);
		ck_assert_int_eq(read(fds[0], &acked, sizeof(acked)), sizeof(acked));
		rnd_bytes(&r, sizeof(r));
		nap(r % 20);
		kill(child, SIGKILL);
		while (read(fds[0], &acked, sizeof(acked)) == sizeof(acked))
			;
		close(fds[0]);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		l = kit_open(&k);
		n = replay(&k, l);
		ck_assert_uint_ge(n, acked);
		ledger_close(l);
		verify(&k, n);
	}
	kit_fini(&k);
}
END_TEST

UNIT_MAIN("ledger", test_what_is_appended_is_replayed, test_replay_stops_when_told,
	  test_a_reopened_ledger_goes_on, test_durable_is_never_ahead_of_the_disk,
	  test_facts_share_commits, test_the_queue_is_bounded, test_the_fd_tells_of_commits,
	  test_time_never_goes_back, test_a_kind_from_the_future_is_refused,
	  test_the_table_refuses_to_be_changed, test_two_writers_cannot_both_win,
	  test_only_one_may_write, test_files_are_private,
	  test_personal_members_reach_the_disk_sealed,
	  test_a_key_is_made_only_where_something_is_personal,
	  test_without_its_key_a_title_is_gone_and_nothing_else,
	  test_keys_may_be_missing_but_not_foreign, test_a_newer_schema_is_refused,
	  test_a_file_of_something_else_is_refused, test_a_changed_schema_is_refused,
	  test_a_damaged_ledger_does_not_open, test_a_full_disk_is_waited_for,
	  test_a_full_disk_does_not_hold_up_the_end,
	  test_after_an_io_error_nothing_is_written, test_a_key_is_durable_before_its_fact,
	  test_keys_made_in_advance_need_no_disk,
	  test_each_call_may_fail_once, test_kill_loses_nothing_that_was_said)
