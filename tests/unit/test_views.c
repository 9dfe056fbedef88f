#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include <nettle/sha2.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/schema.h"
#include "store/verify.h"

#include "viewkit.h"

#define MEETING "meeting/AAAAAAAAAAAAAAAAAAAAAA"
#define OTHER "meeting/BBBBBBBBBBBBBBBBBBBBBB"
#define HOST "hhhhhhhhhhhhhhhh"
#define GUEST "gggggggggggggggg"
#define LATE "llllllllllllllll"

/* One story with every kind there is. */
static const struct {
	const char *stream;
	enum fact_kind kind;
	const char *data, *personal;
} story[] = {
	{"server", FACT_SERVER_STARTED, "{\"version\":\"1\"}", ""},
	{"staff/anna", FACT_STAFF_ADDED, "{\"roles\":\"host\"}", ""},
	{"staff/anna", FACT_STAFF_REFUSED, "{\"reason\":\"password\"}", ""},
	{"staff/anna", FACT_STAFF_SIGNED_IN, "{}", ""},
	{"staff/anna", FACT_STAFF_SIGNED_IN, "{}", ""},
	{"staff/anna", FACT_STAFF_CHANGED, "{\"password\":true}", ""},
	{"key/k1234567", FACT_KEY_MADE,
	 "{\"hash\":\"00\",\"label\":\"\\\"Dashboard\\\"\",\"scopes\":\"create read\"}", ""},
	{MEETING, FACT_MEETING_CREATED, VIEW_PLAN("2026-11-20T09:30:00Z"),
	 "{\"hostName\":\"Dr. B\",\"title\":\"Talk\"}"},
	{MEETING, FACT_INVITATION_MADE,
	 "{\"expiresAt\":\"2026-11-21T09:30:00Z\",\"id\":\"" LATE "\",\"role\":\"guest\"}",
	 ""},
	{MEETING, FACT_INVITATION_REVOKED, "{\"id\":\"" LATE "\"}", ""},
	{MEETING, FACT_MEETING_CHANGED,
	 "{\"capacity\":4,\"startsAt\":\"2026-11-20T10:00:00.250Z\",\"waitingRoom\":false}",
	 ""},
	{MEETING, FACT_MEETING_CHANGED, "{}", "{\"title\":\"Other talk\"}"},
	{MEETING, FACT_MEETING_OPENED, "{}", ""},
	{MEETING, FACT_PARTICIPANT_JOINED, "{\"id\":\"" HOST "\",\"role\":\"host\"}", ""},
	{MEETING, FACT_GUEST_WAITING, "{\"id\":\"" GUEST "\"}", ""},
	{MEETING, FACT_GUEST_WAITING, "{\"id\":\"" GUEST "\",\"resumed\":true}", ""},
	{MEETING, FACT_GUEST_ADMITTED, "{\"by\":\"" HOST "\",\"id\":\"" GUEST "\"}", ""},
	{MEETING, FACT_PARTICIPANT_JOINED, "{\"id\":\"" GUEST "\",\"role\":\"guest\"}", ""},
	{MEETING, FACT_GUEST_WAITING, "{\"id\":\"" LATE "\"}", ""},
	{MEETING, FACT_GUEST_DENIED, "{\"by\":\"" HOST "\",\"id\":\"" LATE "\"}", ""},
	{MEETING, FACT_ROOM_LOCKED, "{\"by\":\"" HOST "\"}", ""},
	{MEETING, FACT_ROOM_UNLOCKED, "{\"by\":\"" HOST "\"}", ""},
	{MEETING, FACT_RELAY_OPENED, "{\"id\":\"" GUEST "\",\"transport\":\"udp\"}", ""},
	{MEETING, FACT_CALL_CONNECTED,
	 "{\"id\":\"" HOST "\",\"path\":\"direct\",\"peer\":\"" GUEST "\"}", ""},
	{MEETING, FACT_CALL_VERIFIED, "{\"id\":\"" HOST "\",\"peer\":\"" GUEST "\"}", ""},
	{MEETING, FACT_CALL_LOST, "{\"id\":\"" HOST "\",\"peer\":\"" GUEST "\"}", ""},
	{MEETING, FACT_CALL_CONNECTED,
	 "{\"id\":\"" HOST "\",\"path\":\"relay-udp\",\"peer\":\"" GUEST "\"}", ""},
	{MEETING, FACT_CALL_UNVERIFIED, "{\"id\":\"" GUEST "\",\"peer\":\"" HOST "\"}", ""},
	{MEETING, FACT_CALL_REFUSED, "{\"id\":\"" GUEST "\",\"peer\":\"" HOST "\"}", ""},
	{MEETING, FACT_PARTICIPANT_AWAY, "{\"id\":\"" GUEST "\"}", ""},
	{MEETING, FACT_PARTICIPANT_BACK, "{\"id\":\"" GUEST "\"}", ""},
	{MEETING, FACT_PARTICIPANT_LEFT,
	 "{\"id\":\"" GUEST "\",\"reason\":\"server-restart\"}", ""},
	{"server", FACT_SERVER_RECOVERED, "{\"closed\":1}", ""},
	{MEETING, FACT_PARTICIPANT_BACK, "{\"id\":\"" GUEST "\"}", ""},
	{MEETING, FACT_CALL_SUMMARY,
	 "{\"id\":\"" HOST "\",\"path\":\"direct\",\"peer\":\"" GUEST
	 "\",\"stats\":{\"rtt\":12}}", ""},
	{MEETING, FACT_RELAY_CLOSED, "{\"bytesDown\":700,\"bytesUp\":300,\"id\":\"" GUEST
	 "\",\"seconds\":60,\"transport\":\"udp\"}", ""},
	{MEETING, FACT_RELAY_CLOSED, "{\"bytesDown\":7,\"bytesUp\":3,\"id\":\"" GUEST
	 "\",\"seconds\":6,\"transport\":\"udp\"}", ""},
	{MEETING, FACT_PARTICIPANT_REMOVED, "{\"by\":\"" HOST "\",\"id\":\"" GUEST "\"}",
	 ""},
	{MEETING, FACT_GUEST_WAITING, "{\"id\":\"" LATE "\"}", ""},
	{MEETING, FACT_GUEST_GONE, "{\"id\":\"" LATE "\",\"reason\":\"left\"}", ""},
	{MEETING, FACT_MEETING_ENDED, "{\"reason\":\"host\"}", ""},
	{MEETING, FACT_PARTICIPANT_LEFT, "{\"id\":\"" HOST "\",\"reason\":\"ended\"}", ""},
	{MEETING, FACT_PERSONAL_ERASED, "{\"reason\":\"api\"}", ""},
	{OTHER, FACT_MEETING_CREATED, VIEW_PLAN("2026-12-01T00:00:00Z"), ""},
	{OTHER, FACT_MEETING_CANCELLED, "{}", ""},
	{"meeting/CCCCCCCCCCCCCCCCCCCCCC", FACT_MEETING_CREATED,
	 VIEW_PLAN("2026-12-02T00:00:00Z"), ""},
	{"meeting/CCCCCCCCCCCCCCCCCCCCCC", FACT_MEETING_EXPIRED, "{}", ""},
	{"key/k1234567", FACT_KEY_REVOKED, "{}", ""},
	{"staff/anna", FACT_STAFF_INVITED, "{\"expiresAt\":\"2026-11-27T09:30:00Z\"}", ""},
	{"staff/anna", FACT_STAFF_SIGNED_OUT, "{\"everywhere\":true}", ""},
	{"staff/anna", FACT_STAFF_REMOVED, "{}", ""},
	{"server", FACT_TOKEN_REFUSED, "{\"reason\":\"unknown\"}", ""},
	{"server", FACT_LOG_CHECKPOINT, "{\"at\":\"2026-11-20T00:00:00Z\",\"hash\":\"\","
	 "\"kept\":\"\",\"seq\":3}", ""},
	{MEETING, FACT_INVITATION_USED, "{\"by\":\"" LATE "\",\"id\":\"" LATE "\"}", ""},
	{"server", FACT_SERVER_STOPPED, "{}", ""},
};

static uint64_t tell_story(struct view_world *w)
{
	uint64_t last = 0;

	for (size_t i = 0; i < ARRAY_LEN(story); i++)
		last = view_tell(w, story[i].stream, story[i].kind, story[i].data,
				 story[i].personal);
	view_wait(w);
	return last;
}

/* A table's one row that the condition leaves, as text. */
static void row_is(sqlite3 *db, const char *sql, const char *want)
{
	struct buf got = BUF_INIT;
	sqlite3_stmt *s;

	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK, "%s: %s",
		      sql, sqlite3_errmsg(db));
	while (sqlite3_step(s) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(s); i++) {
			const void *text = sqlite3_column_text(s, i);

			buf_printf(&got, "%s ", text ? (const char *)text : "-");
		}
	sqlite3_finalize(s);
	ck_assert_msg(strcmp(got.p, want) == 0, "%s: %s", sql, got.p);
	buf_fini(&got);
}

/* `at` of the n-th fact of the story, from 0, of that kind. */
static int64_t at_of(sqlite3 *db, enum fact_kind kind, int n)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT at FROM fact WHERE kind = '%s' ORDER BY seq "
		 "LIMIT 1 OFFSET %d", fact_kind_name(kind), n);
	return kit_number(db, sql);
}

START_TEST(test_the_story_tells_every_kind)
{
	/* what follows would prove nothing about a kind that is left out */
	bool told[FACT_KIND_COUNT] = {false};

	for (size_t i = 0; i < ARRAY_LEN(story); i++)
		told[story[i].kind] = true;
	for (int kind = 0; kind < FACT_KIND_COUNT; kind++)
		ck_assert_msg(told[kind], "%s", fact_kind_name((enum fact_kind)kind));
}
END_TEST

START_TEST(test_the_views_say_what_happened)
{
	/* ledger.md, "Views" */
	struct view_world w = {.count = 0};
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	w.ledger = kit_start(&k);
	tell_story(&w);
	db = kit_raw(&k, "ledger.db");
	row_is(db, "SELECT first, id, status, kind, starts_at, minutes, capacity, "
	       "waiting_room, relay_only, locale, over_by, relay_up, relay_down, "
	       "relay_seconds, personal FROM meeting WHERE first = 8",
	       "8 AAAAAAAAAAAAAAAAAAAAAA 2 therapy 1795168800250 60 4 0 0 de "
	       "staff:somebody 303 707 66 1 ");
	row_is(db, "SELECT id, status, personal, opened_at, erased_at FROM meeting "
	       "WHERE first <> 8 ORDER BY first",
	       "BBBBBBBBBBBBBBBBBBBBBB 3 0 - - CCCCCCCCCCCCCCCCCCCCCC 4 0 - - ");
	ck_assert_int_eq(kit_number(db, "SELECT created_at FROM meeting WHERE first = 8"),
			 at_of(db, FACT_MEETING_CREATED, 0));
	ck_assert_int_eq(kit_number(db, "SELECT opened_at FROM meeting WHERE first = 8"),
			 at_of(db, FACT_MEETING_OPENED, 0));
	ck_assert_int_eq(kit_number(db, "SELECT over_at FROM meeting WHERE first = 8"),
			 at_of(db, FACT_MEETING_ENDED, 0));
	ck_assert_int_eq(kit_number(db, "SELECT erased_at FROM meeting WHERE first = 8"),
			 at_of(db, FACT_PERSONAL_ERASED, 0));
	row_is(db, "SELECT meeting, seq FROM renamed", "8 12 ");
	row_is(db, "SELECT meeting, id, closed, role, reason, away, joined_at IS NULL, "
	       "waiting_at IS NULL, admitted_at IS NULL, left_at IS NULL FROM stay",
	       "8 gggggggggggggggg 32 guest server-restart 1 0 0 0 0 "
	       "8 gggggggggggggggg 38 guest removed 0 0 1 1 0 "
	       "8 hhhhhhhhhhhhhhhh 42 host ended 0 0 1 1 0 "
	       "8 llllllllllllllll 20 - denied 0 1 0 1 0 "
	       "8 llllllllllllllll 40 - left 0 1 0 1 0 ");
	row_is(db, "SELECT * FROM call", "8 gggggggggggggggg hhhhhhhhhhhhhhhh 0 3 0 0 "
	       "8 hhhhhhhhhhhhhhhh gggggggggggggggg 3 1 0 1 ");
	row_is(db, "SELECT transport, allocations, bytes_up, bytes_down, seconds "
	       "FROM relay_day", "udp 2 303 707 66 ");
	row_is(db, "SELECT staff, signed_in, refused FROM sign_in_day", "anna 2 1 ");
	ck_assert_int_eq(kit_number(db, "SELECT day FROM sign_in_day"),
			 at_of(db, FACT_STAFF_REFUSED, 0) / 86400000);
	row_is(db, "SELECT id, label, scopes, hash FROM key",
	       "k1234567 \"Dashboard\" create read 00 ");
	row_is(db, "SELECT group_concat(seq) FROM lasting", "2,6,7,48,51 ");
	row_is(db, "SELECT first FROM erasing", "8 ");
	row_is(db, "SELECT seq, checkpoint FROM cut", "0 0 ");
	sqlite3_close(db);
	ledger_close(w.ledger);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_rebuild_makes_the_same)
{
	/* ledger.md: a test compares rebuilt and live tables */
	struct view_world w = {.count = 0};
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	w.ledger = kit_start(&k);
	tell_story(&w);
	ledger_close(w.ledger);
	db = kit_raw(&k, "ledger.db");
	kit_sql(db, "DELETE FROM erasing; INSERT INTO webhook VALUES ('x', 7, 8)");
	view_rebuilds_the_same(&k);
	/* what was done once is not done again, what is no view stays */
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM erasing"), 0);
	ck_assert_int_eq(kit_number(db, "SELECT seq FROM webhook"), 7);
	/* and it does make them: what was bent or lost is right again */
	kit_sql(db, "UPDATE meeting SET status = 0; DELETE FROM stay; DELETE FROM lasting;"
		"INSERT INTO call VALUES (1, 'a', 'b', 0, 0, 0, 0)");
	w.ledger = kit_open(&k);
	ck_assert_int_eq(ledger_rebuild(w.ledger, NULL, NULL, &k.why), 0);
	ledger_close(w.ledger);
	row_is(db, "SELECT group_concat(status) FROM meeting", "2,3,4 ");
	row_is(db, "SELECT count(*) FROM stay UNION ALL SELECT count(*) FROM call "
	       "UNION ALL SELECT count(*) FROM lasting", "5 2 5 ");
	sqlite3_close(db);
	kit_fini(&k);
}
END_TEST

/* Any fact about anybody, in any order: what never happens must do no harm either. */
static void tell_anything(struct view_world *w, unsigned int *seed)
{
	static const char *const ids[] = {HOST, GUEST, LATE};
	const enum fact_kind kind = (enum fact_kind)(rand_r(seed) % FACT_KIND_COUNT);
	const char *name = fact_kind_name(kind), *personal = "";
	char stream[FACT_STREAM_SIZE], data[300];

	if (strncmp(name, "server.", 7) == 0 || kind == FACT_LOG_CHECKPOINT ||
	    kind == FACT_TOKEN_REFUSED)
		strcpy(stream, "server");
	else if (strncmp(name, "staff.", 6) == 0)
		snprintf(stream, sizeof(stream), "staff/s%d", rand_r(seed) % 3);
	else if (strncmp(name, "key.", 4) == 0)
		snprintf(stream, sizeof(stream), "key/k%d", rand_r(seed) % 3);
	else
		snprintf(stream, sizeof(stream), "meeting/%022d", rand_r(seed) % 12);
	if (rand_r(seed) % 20 == 0)
		strcpy(data, "{}");	/* members that are missing */
	else
		snprintf(data, sizeof(data), "{\"bytesDown\":%d,\"bytesUp\":5,"
			 "\"capacity\":%d,\"id\":\"%s\",\"path\":\"direct\",\"peer\":\"%s\","
			 "\"reason\":\"left\",\"role\":\"%s\",\"seconds\":1,"
			 "\"startsAt\":\"2026-11-%02dT00:00:00Z\",\"transport\":\"tcp\"}",
			 rand_r(seed) % 1000, rand_r(seed) % 8, ids[rand_r(seed) % 3],
			 ids[rand_r(seed) % 3], rand_r(seed) % 2 ? "host" : "guest",
			 1 + rand_r(seed) % 28);
	if (kind == FACT_MEETING_CREATED || kind == FACT_MEETING_CHANGED)
		personal = rand_r(seed) % 2 ? "{\"title\":\"T\"}" : "";
	view_tell(w, stream, kind, data, personal);
}

START_TEST(test_a_rebuild_makes_the_same_of_anything)
{
	/* the same for stories that no room would tell, over restarts */
	for (unsigned int seed = 1; seed <= 5; seed++) {
		struct view_world w = {.count = 0};
		unsigned int dice = seed;
		struct kit k;

		kit_init(&k);
		for (int part = 0; part < 3; part++) {
			w.ledger = kit_start(&k);
			for (int i = 0; i < 700; i++) {
				tell_anything(&w, &dice);
				if (rand_r(&dice) % 50 == 0)
					view_wait(&w);
			}
			view_wait(&w);
			ledger_close(w.ledger);
			view_rebuilds_the_same(&k);
		}
		kit_fini(&k);
	}
}
END_TEST

/* What the first fact follows (chain.h). */
static void begin_chain(uint8_t hash[FACT_HASH_SIZE], sqlite3 *db)
{
	struct sha256_ctx sha;
	sqlite3_stmt *s;

	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT store FROM meta", -1, &s, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	sha256_init(&sha);
	sha256_update(&sha, 18, (const uint8_t *)"paravent ledger v1");
	sha256_update(&sha, 16, sqlite3_column_blob(s, 0));
	sha256_digest(&sha, FACT_HASH_SIZE, hash);
	sqlite3_finalize(s);
}

/* A ledger of the first schema, with the story in it, written as that version did. */
static void make_old(struct kit *k, size_t facts)
{
	sqlite3 *db = kit_raw(k, "ledger.db");
	struct view_world w = {.count = 0};
	uint8_t hash[FACT_HASH_SIZE];
	sqlite3_stmt *s;

	kit_sql(db, ledger_migrations[0]);
	kit_sql(db, "PRAGMA application_id = 0x50764c67; PRAGMA user_version = 1");
	begin_chain(hash, db);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "INSERT INTO fact VALUES (?1, 7, ?2, ?3, "
					    "?4, 'server', ?5, NULL, ?6)", -1, &s, NULL),
			 SQLITE_OK);
	for (size_t i = 0; i < facts; i++) {
		struct fact_row row = {
			.seq = i + 1, .at = 7, .stream = story[i].stream,
			.stream_len = strlen(story[i].stream),
			.kind = fact_kind_name(story[i].kind), .actor = "server",
			.actor_len = 6, .data = story[i].data,
			.data_len = strlen(story[i].data), .version = 1,
		};
		size_t n;

		for (n = 0; n < w.count && strcmp(w.stream[n].name, row.stream) != 0; n++)
			;
		if (n == w.count)
			strcpy(w.stream[w.count++].name, row.stream);
		row.version = ++w.stream[n].version;
		row.kind_len = strlen(row.kind);
		fact_hash(hash, hash, &row);
		sqlite3_bind_int64(s, 1, (sqlite3_int64)row.seq);
		sqlite3_bind_text(s, 2, row.stream, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 3, (sqlite3_int64)row.version);
		sqlite3_bind_text(s, 4, row.kind, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 5, row.data, -1, SQLITE_STATIC);
		sqlite3_bind_blob(s, 6, hash, FACT_HASH_SIZE, SQLITE_STATIC);
		ck_assert_msg(sqlite3_step(s) == SQLITE_DONE, "%s", sqlite3_errmsg(db));
		sqlite3_reset(s);
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
}

START_TEST(test_an_older_ledger_gets_its_views)
{
	/* schema.h: DB_WRITE brings it up to date, views and index of streams included */
	struct verify found;
	struct ledger *l;
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	make_old(&k, ARRAY_LEN(story));
	/* for who only reads it is too old, and says so */
	ck_assert_int_eq(ledger_verify(k.dir, NULL, NULL, NULL, &found, &k.why),
			 ERR_VERSION);
	ck_assert_ptr_nonnull(strstr(k.why.text, "start the server once"));
	l = kit_open(&k);
	ck_assert_uint_eq(ledger_last(l), ARRAY_LEN(story));
	ledger_close(l);
	db = kit_raw(&k, "ledger.db");
	ck_assert_int_eq(kit_number(db, "PRAGMA user_version"), 2);
	row_is(db, "SELECT group_concat(status) FROM meeting", "2,3,4 ");
	row_is(db, "SELECT count(*) FROM stream UNION ALL SELECT count(*) FROM story",
	       "6 55 ");
	sqlite3_close(db);
	view_rebuilds_the_same(&k);
	ck_assert_msg(ledger_verify(k.dir, NULL, NULL, NULL, &found, &k.why) == 0, "%s",
		      k.why.text);
	ck_assert_uint_eq(found.head.seq, ARRAY_LEN(story));
	kit_fini(&k);
}
END_TEST

START_TEST(test_an_older_ledger_that_lies_stays_old)
{
	/* views.h: each fact is checked against the chain; then everything is as it was */
	struct ledger *l = NULL;
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	make_old(&k, 20);
	db = kit_raw(&k, "ledger.db");
	kit_sql(db, "DROP TRIGGER fact_no_update; UPDATE fact SET data = '{\"id\":\"x\"}' "
		"WHERE seq = 9; CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact\n"
		"BEGIN\n\tSELECT RAISE(ABORT, 'facts are never changed');\nEND");
	ck_assert_int_eq(ledger_open(&l, k.dir, &k.why), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(k.why.text, "fact 9"));
	ck_assert_int_eq(kit_number(db, "PRAGMA user_version"), 1);
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM sqlite_schema "
				    "WHERE name = 'meeting'"), 0);
	sqlite3_close(db);
	kit_fini(&k);
}
END_TEST

START_TEST(test_no_view_is_looked_through)
{
	/* the cost of a fact must not grow with the ledger: no SCAN in any statement */
	const char *left;
	sqlite3_stmt *s;
	struct kit k;
	sqlite3 *db;
	char sql[2048];

	kit_init(&k);
	kit_fill(&k, 1);
	db = kit_raw(&k, "ledger.db");
	for (const struct views_sql *v = views_sql; v->kind; v++) {
		for (left = v->sql; *left;) {
			const char *from = left;

			ck_assert_int_eq(sqlite3_prepare_v2(db, left, -1, &s, &left),
					 SQLITE_OK);
			if (!s)
				break;
			sqlite3_finalize(s);
			snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %.*s",
				 (int)(left - from), from);
			ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL),
					 SQLITE_OK);
			while (sqlite3_step(s) == SQLITE_ROW) {
				const char *step = (const char *)sqlite3_column_text(s, 3);

				ck_assert_msg((!strstr(step, "SCAN") ||
					       strstr(step, "CONSTANT ROW")) &&
					      !strstr(step, "TEMP"), "%s: %s", sql, step);
			}
			sqlite3_finalize(s);
		}
	}
	sqlite3_close(db);
	kit_fini(&k);
}
END_TEST

static bool count(void *arg, uint64_t done, uint64_t of)
{
	uint64_t *calls = arg;

	ck_assert_uint_eq(of, 45000);
	ck_assert_uint_eq(done, ++*calls * 5000);
	return true;
}

static bool no_more(void *arg, uint64_t done, uint64_t of)
{
	(void)arg;
	(void)of;
	return done < 10000;
}

START_TEST(test_a_rebuild_says_how_far_it_is)
{
	/* views.h: now and then */
	uint64_t calls = 0;
	struct ledger *l;
	struct kit k;

	kit_init(&k);
	for (uint64_t n = 9000; n <= 45000; n += 9000)
		kit_fill(&k, n);
	l = kit_open(&k);
	ck_assert_int_eq(ledger_rebuild(l, count, &calls, &k.why), 0);
	ck_assert_uint_eq(calls, 9);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_rebuild_that_is_stopped_changes_nothing)
{
	/* views.h: ERR_UNAVAILABLE when it was not to go on; everything is as it was */
	struct ledger *l;
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	kit_fill(&k, 9000);
	kit_fill(&k, 12000);
	db = kit_raw(&k, "ledger.db");
	kit_sql(db, "UPDATE meeting SET capacity = 77");
	sqlite3_close(db);
	l = kit_open(&k);
	ck_assert_int_eq(ledger_rebuild(l, no_more, NULL, &k.why), ERR_UNAVAILABLE);
	ledger_close(l);
	db = kit_raw(&k, "ledger.db");
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM meeting WHERE capacity = 77"),
			 KIT_STREAMS);
	sqlite3_close(db);
	kit_fini(&k);
}
END_TEST

/* A disk on which the n-th write from now on finds no space. */
static atomic_int full_at, writes;

ssize_t pwrite64(int fd, const void *p, size_t len, off64_t at)
{
	if (full_at && ++writes == full_at) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, p, len, at);
}

/* With so small a cache SQLite writes pages in the middle of a transaction. */
static int make_cache_small(struct chore *c, sqlite3 *db, struct keyring *keys,
			    struct why *why)
{
	(void)c;
	(void)keys;
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA cache_size = 1", NULL, NULL, NULL),
			 SQLITE_OK);
	why->text[0] = '\0';
	return 0;
}

static void done(struct chore *c, int err, const struct why *why)
{
	(void)why;
	ck_assert_int_eq(err, 0);
	c->run = NULL;
}

START_TEST(test_a_full_disk_leaves_no_half_group)
{
	/* decision 3: facts and views are one transaction, whichever statement fails */
	for (int n = 1; n <= 40; n += 3) {
		struct chore c = {.run = make_cache_small, .done = done};
		struct view_world w = {.count = 0};
		struct ledger_stats stats;
		struct verify found;
		struct kit k;

		kit_init(&k);
		w.ledger = kit_start(&k);
		ledger_chore(w.ledger, &c);
		while (c.run)
			kit_listen(w.ledger);
		writes = 0;
		full_at = n;
		ledger_gather(w.ledger);
		for (size_t i = 0; i < ARRAY_LEN(story); i++)
			view_tell(&w, story[i].stream, story[i].kind, story[i].data,
				  story[i].personal);
		ledger_write(w.ledger);
		view_wait(&w);
		ledger_stats(w.ledger, &stats);
		ck_assert_msg(stats.refusals == 1 || writes < n, "write %d", n);
		full_at = 0;
		ledger_close(w.ledger);
		view_rebuilds_the_same(&k);
		ck_assert_msg(ledger_verify(k.dir, NULL, NULL, NULL, &found, &k.why) == 0,
			      "%s", k.why.text);
		ck_assert_uint_eq(found.head.seq, ARRAY_LEN(story));
		kit_fini(&k);
	}
}
END_TEST

UNIT_MAIN("views",
	  test_the_story_tells_every_kind,
	  test_the_views_say_what_happened,
	  test_a_rebuild_makes_the_same,
	  test_a_rebuild_makes_the_same_of_anything,
	  test_an_older_ledger_gets_its_views,
	  test_an_older_ledger_that_lies_stays_old,
	  test_no_view_is_looked_through,
	  test_a_rebuild_says_how_far_it_is,
	  test_a_rebuild_that_is_stopped_changes_nothing,
	  test_a_full_disk_leaves_no_half_group)
