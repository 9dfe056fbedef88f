#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/chain.h"
#include "store/verify.h"

#include "storekit.h"

/* A ledger at rest, as bytes that can be put back and hurt again and again. */
struct victim {
	struct kit kit;
	char path[128];
	unsigned char *bytes;
	size_t len;
	struct chain_head head;
};

static void put_back(const struct victim *v)
{
	FILE *f = fopen(v->path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(v->bytes, 1, v->len, f), v->len);
	ck_assert_int_eq(fclose(f), 0);
}

static void victim_init(struct victim *v, uint64_t facts)
{
	sqlite3 *db;
	FILE *f;
	struct verify found;
	int err;

	kit_init(&v->kit);
	kit_fill(&v->kit, facts);
	kit_path(v->path, &v->kit, "ledger.db");
	db = kit_raw(&v->kit, "ledger.db");	/* one file, nothing beside it */
	kit_sql(db, "PRAGMA journal_mode = DELETE");
	sqlite3_close(db);
	f = fopen(v->path, "rb");
	ck_assert_ptr_nonnull(f);
	fseek(f, 0, SEEK_END);
	v->len = (size_t)ftell(f);
	rewind(f);
	v->bytes = mem_new(v->len);
	ck_assert_uint_eq(fread(v->bytes, 1, v->len, f), v->len);
	fclose(f);
	err = ledger_verify(v->kit.dir, NULL, NULL, NULL, &found, &v->kit.why);
	ck_assert_msg(err == 0, "%s", v->kit.why.text);
	v->head = found.head;
	ck_assert_uint_eq(v->head.seq, facts);
}

static void victim_fini(struct victim *v)
{
	free(v->bytes);
	kit_fini(&v->kit);
}

/* Opens the file with its triggers out of the way; heal() puts them back. */
static sqlite3 *operate(const struct victim *v)
{
	sqlite3 *db = kit_raw(&v->kit, "ledger.db");

	kit_sql(db, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;"
		"PRAGMA ignore_check_constraints = ON; BEGIN;"
		"CREATE TEMP TABLE scar AS SELECT name, sql FROM sqlite_schema "
		"WHERE type = 'trigger';"
		"DROP TRIGGER fact_in_order; DROP TRIGGER fact_no_update;"
		"DROP TRIGGER fact_no_delete; DROP TRIGGER meta_no_update");
	return db;
}

static void heal(sqlite3 *db)
{
	sqlite3_stmt *s;

	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT sql FROM scar WHERE name NOT IN "
					    "(SELECT name FROM sqlite_schema)", -1, &s,
					    NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		kit_sql(db, (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	kit_sql(db, "COMMIT");
	sqlite3_close(db);
}

static int check(struct victim *v, const struct chain_head *expected)
{
	struct verify found;

	v->kit.why.text[0] = '\0';
	return ledger_verify(v->kit.dir, expected, NULL, NULL, &found, &v->kit.why);
}

/* After some SQL, verify must name `row` (and whatever else is in `text`). */
static void tamper(struct victim *v, const char *sql, const char *text)
{
	sqlite3 *db = operate(v);

	kit_sql(db, sql);
	heal(db);
	ck_assert_msg(check(v, NULL) == ERR_CORRUPT, "not seen: %s", sql);
	ck_assert_msg(strstr(v->kit.why.text, text) != NULL, "%s: %s", sql,
		      v->kit.why.text);
	put_back(v);
}

START_TEST(test_a_ledger_as_it_was_verifies)
{
	/* the tools of these tests alone change nothing that matters */
	struct victim v;

	victim_init(&v, 30);
	heal(operate(&v));
	ck_assert_msg(check(&v, &v.head) == 0, "%s", v.kit.why.text);
	victim_fini(&v);
}
END_TEST

START_TEST(test_changed_columns_are_named)
{
	/* T-6: edits past the triggers; the first row that does not fit is named */
	struct victim v;

	victim_init(&v, 30);
	tamper(&v, "UPDATE fact SET at = at + 1 WHERE seq = 30", "fact 30");
	tamper(&v, "UPDATE fact SET at = at - 86400000 WHERE seq = 9",
	       "fact 9 is older than the one before");
	tamper(&v, "UPDATE fact SET stream = 'meeting/x' WHERE seq = 12", "fact 12");
	tamper(&v, "UPDATE fact SET version = 77 WHERE seq = 12", "fact 12");
	tamper(&v, "UPDATE fact SET kind = 'room.locked' WHERE seq = 1", "fact 1:");
	tamper(&v, "UPDATE fact SET actor = 'staff:other' WHERE seq = 13", "fact 13");
	tamper(&v, "UPDATE fact SET data = '{\"n\":31}' WHERE seq = 30", "fact 30");
	tamper(&v, "UPDATE fact SET data = '{\"n\": 30}' WHERE seq = 30", "fact 30");
	tamper(&v, "UPDATE fact SET sealed = NULL WHERE seq = 2", "fact 2");
	tamper(&v, "UPDATE fact SET sealed = x'' WHERE seq = 20", "fact 20");
	tamper(&v, "UPDATE fact SET hash = randomblob(32) WHERE seq = 4", "fact 4");
	tamper(&v, "UPDATE fact SET hash = x'' WHERE seq = 4", "fact 4");
	tamper(&v, "UPDATE meta SET store = randomblob(16)", "fact 1:");
	victim_fini(&v);
}
END_TEST

START_TEST(test_moved_and_missing_rows_are_named)
{
	/* T-6: swapped, removed, renumbered, spliced */
	struct victim v;

	victim_init(&v, 30);
	tamper(&v, "UPDATE fact SET seq = -seq WHERE seq IN (5, 6);"
	       "UPDATE fact SET seq = 11 + seq WHERE seq < 0", "fact 5");
	tamper(&v, "DELETE FROM fact WHERE seq = 17", "fact 17 is missing: 18");
	tamper(&v, "DELETE FROM fact WHERE seq = 1", "fact 1 is missing: 2");
	tamper(&v, "UPDATE fact SET seq = 0 WHERE seq = 30", "fact 1 is missing: 0");
	tamper(&v, "UPDATE fact SET seq = -7 WHERE seq = 30", "fact 1 is missing: -7");
	tamper(&v, "UPDATE fact SET seq = 31 WHERE seq = 30", "fact 30 is missing: 31");
	tamper(&v, "INSERT INTO fact SELECT 31, at, 'x', 1, kind, actor, data, NULL, hash "
	       "FROM fact WHERE seq = 30", "fact 31");
	victim_fini(&v);
}
END_TEST

START_TEST(test_the_index_says_what_the_table_says)
{
	/* verify.h: whoever looks for a fact by its stream reads what the chain protects */
	struct victim v;

	victim_init(&v, 30);
	tamper(&v, "DROP TRIGGER fact_out_of_story; DELETE FROM fact WHERE seq = 30",
	       "fact 30 is missing");
	tamper(&v, "DROP TRIGGER fact_in_story; INSERT INTO fact SELECT 31, at, 'x', 1, "
	       "kind, actor, data, NULL, hash FROM fact WHERE seq = 30", "fact 31");
	tamper(&v, "DELETE FROM story WHERE seq = 12", "fact 12");
	tamper(&v, "UPDATE story SET seq = 13 WHERE seq = 12", "fact 12");
	tamper(&v, "UPDATE story SET version = 9 WHERE seq = 12", "fact 12");
	tamper(&v, "UPDATE story SET first = 2, version = 5 WHERE seq = 27", "fact 27");
	tamper(&v, "UPDATE story SET first = 99 WHERE first = 2", "fact 2:");
	tamper(&v, "UPDATE story SET first = 99 WHERE first = 2;"
	       "UPDATE stream SET first = 99 WHERE first = 2", "fact 2:");
	tamper(&v, "UPDATE stream SET first = 3 WHERE first = 2", "fact 2:");
	tamper(&v, "DELETE FROM stream WHERE first = 2", "fact 2:");
	tamper(&v, "UPDATE stream SET name = 'x' WHERE first = 2", "fact 2:");
	tamper(&v, "INSERT INTO stream VALUES ('x', 7)", "9 names for 8 streams");
	tamper(&v, "INSERT INTO story VALUES (7, 99, 30)", "31 entries for 30 facts");
	tamper(&v, "INSERT INTO story VALUES (7, 99, 31)", "fact 31 is missing");
	victim_fini(&v);
}
END_TEST

START_TEST(test_a_changed_schema_is_seen)
{
	/* verify.h: the schema is the one that our migrations make */
	struct victim v;

	victim_init(&v, 5);
	tamper(&v, "DELETE FROM scar WHERE name = 'fact_no_delete'", "fact_no_delete");
	tamper(&v, "UPDATE scar SET sql = replace(sql, 'never', 'seldom') "
	       "WHERE name = 'fact_no_delete'", "fact_no_delete");
	tamper(&v, "CREATE INDEX more ON fact (kind)", "more");
	tamper(&v, "CREATE VIEW fake AS SELECT * FROM fact", "fake");
	victim_fini(&v);
}
END_TEST

START_TEST(test_a_cut_tail_needs_a_memory)
{
	/* the chain alone cannot show it; a remembered head does */
	struct victim v, other;
	struct chain_head past;
	sqlite3 *db;

	victim_init(&v, 20);
	past = v.head;
	put_back(&v);
	kit_fill(&v.kit, 30);
	ck_assert_msg(check(&v, &past) == 0, "%s", v.kit.why.text);

	put_back(&v);
	db = operate(&v);
	kit_sql(db, "DELETE FROM fact WHERE seq > 18");
	heal(db);
	ck_assert_int_eq(check(&v, NULL), 0);
	ck_assert_int_eq(check(&v, &past), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(v.kit.why.text, "the tail is missing"));

	/* cut and written on: as long as before, and yet another */
	kit_fill(&v.kit, 25);
	ck_assert_int_eq(check(&v, NULL), 0);
	ck_assert_int_eq(check(&v, &past), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(v.kit.why.text, "fact 20 is not the one you"));

	victim_init(&other, 30);	/* another ledger altogether */
	ck_assert_int_eq(check(&other, &past), ERR_CORRUPT);
	victim_fini(&other);
	victim_fini(&v);
}
END_TEST

START_TEST(test_the_chain_goes_on_at_a_wrong_version)
{
	/* verify.h: versions run 1, 2, 3, ... even where the hashes are right */
	static const char *const wrong[][2] = {{"meeting/a", "3"}, {"meeting/a", "0"}};
	struct fact_row row;
	struct victim v;
	struct chain_head head;
	sqlite3_stmt *s;
	sqlite3 *db;

	victim_init(&v, 10);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		db = operate(&v);
		head = v.head;
		row = (struct fact_row){
			.seq = head.seq + 1, .at = head.at,
			.version = strtoull(wrong[i][1], NULL, 10),
			.stream = wrong[i][0], .stream_len = strlen(wrong[i][0]),
			.kind = "room.locked", .kind_len = 11, .actor = "server",
			.actor_len = 6, .data = "{}", .data_len = 2,
		};
		fact_hash(head.hash, head.hash, &row);
		ck_assert_int_eq(sqlite3_prepare_v2(db, "INSERT INTO fact VALUES (?1, ?2, "
						    "?3, ?4, 'room.locked', 'server', "
						    "'{}', NULL, ?5)", -1, &s, NULL),
				 SQLITE_OK);
		sqlite3_bind_int64(s, 1, (sqlite3_int64)row.seq);
		sqlite3_bind_int64(s, 2, row.at);
		sqlite3_bind_text(s, 3, row.stream, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 4, (sqlite3_int64)row.version);
		sqlite3_bind_blob(s, 5, head.hash, FACT_HASH_SIZE, SQLITE_STATIC);
		ck_assert_int_eq(sqlite3_step(s), SQLITE_DONE);
		sqlite3_finalize(s);
		heal(db);
		ck_assert_int_eq(check(&v, NULL), ERR_CORRUPT);
		ck_assert_ptr_nonnull(strstr(v.kit.why.text, "fact 11"));
		ck_assert_ptr_nonnull(strstr(v.kit.why.text, "version"));
		put_back(&v);
	}
	victim_fini(&v);
}
END_TEST

/* Binds column `c` of the row that `from` is at, with byte `i` of it changed. */
static void bind_changed(sqlite3_stmt *s, sqlite3_stmt *from, int c, int i)
{
	unsigned char bytes[256];
	const int type = sqlite3_column_type(from, c);
	int len;

	if (type == SQLITE_INTEGER) {
		sqlite3_bind_int64(s, 1, sqlite3_column_int64(from, c) ^
				   (sqlite3_int64)(UINT64_C(1) << (8 * i)));
		return;
	}
	len = sqlite3_column_bytes(from, c);
	ck_assert_int_le(len, (int)sizeof(bytes));
	memcpy(bytes, sqlite3_column_blob(from, c), (size_t)len);
	bytes[i] ^= (unsigned char)(1 << (i % 8));
	if (type == SQLITE_TEXT)
		sqlite3_bind_text(s, 1, (char *)bytes, len, SQLITE_TRANSIENT);
	else
		sqlite3_bind_blob(s, 1, bytes, len, SQLITE_TRANSIENT);
}

static int width(sqlite3_stmt *from, int c)
{
	switch (sqlite3_column_type(from, c)) {
	case SQLITE_NULL:
		return 0;
	case SQLITE_INTEGER:
		return 8;
	default:
		return sqlite3_column_bytes(from, c);
	}
}

static void change_byte(struct victim *v, sqlite3_stmt *from, int c, int i)
{
	char sql[96];
	sqlite3 *db = operate(v);
	sqlite3_stmt *s;
	int rc;

	snprintf(sql, sizeof(sql), "UPDATE fact SET \"%s\" = ?1 WHERE seq = ?2",
		 sqlite3_column_name(from, c));
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	bind_changed(s, from, c, i);
	sqlite3_bind_int64(s, 2, sqlite3_column_int64(from, 0));
	rc = sqlite3_step(s);	/* a seq or version that is taken is refused, rightly */
	sqlite3_finalize(s);
	heal(db);
	if (rc == SQLITE_DONE)
		ck_assert_msg(check(v, NULL) == ERR_CORRUPT, "not seen: %s of fact %d, "
			      "byte %d", sqlite3_column_name(from, c),
			      sqlite3_column_int(from, 0), i);
	put_back(v);
}

START_TEST(test_each_byte_of_each_column_counts)
{
	/* T-6: one changed byte anywhere in a row is seen */
	struct victim v, copy;
	sqlite3_stmt *from;
	sqlite3 *db;
	int n = 0;

	victim_init(&v, 10);
	victim_init(&copy, 1);	/* to read from while the first one is hurt */
	free(copy.bytes);
	copy.len = v.len;
	copy.bytes = memcpy(mem_new(v.len), v.bytes, v.len);
	put_back(&copy);
	db = kit_raw(&copy.kit, "ledger.db");
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT * FROM fact WHERE seq IN "
					    "(1, 5, 9, 10)", -1, &from, NULL), SQLITE_OK);
	while (sqlite3_step(from) == SQLITE_ROW)
		for (int c = 0; c < sqlite3_column_count(from); c++)
			for (int i = 0; i < width(from, c); i++, n++)
				change_byte(&v, from, c, i);
	ck_assert_int_gt(n, 500);
	sqlite3_finalize(from);
	sqlite3_close(db);
	victim_fini(&copy);
	victim_fini(&v);
}
END_TEST

static uint64_t mix(uint64_t h, const void *p, int len)
{
	const unsigned char *b = p;

	for (int i = 0; i < len; i++)
		h = (h ^ b[i]) * UINT64_C(1099511628211);
	return (h ^ (uint64_t)len) * UINT64_C(1099511628211);
}

/* Everything a query says, errors included, as one number. */
static uint64_t digest(sqlite3 *db, const char *sql, uint64_t h)
{
	sqlite3_stmt *s;
	int rc, type;

	rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		for (int c = 0; c < sqlite3_column_count(s); c++) {
			type = sqlite3_column_type(s, c);
			h = mix(h, &type, sizeof(type));
			h = mix(h, sqlite3_column_blob(s, c), sqlite3_column_bytes(s, c));
		}
		rc = SQLITE_OK;
	}
	sqlite3_finalize(s);
	return mix(h, &rc, sizeof(rc));
}

/* What somebody reads who comes by the table, by the index, or by single keys. */
static uint64_t readings(const struct victim *v)
{
	uint64_t h = UINT64_C(14695981039346656037);
	char sql[96];
	sqlite3 *db = kit_raw(&v->kit, "ledger.db");

	h = digest(db, "SELECT * FROM fact NOT INDEXED", h);
	h = digest(db, "SELECT * FROM fact ORDER BY seq DESC", h);
	h = digest(db, "SELECT * FROM story ORDER BY first, version", h);
	h = digest(db, "SELECT * FROM stream ORDER BY name", h);
	for (uint64_t n = 0; n <= v->head.seq + 1; n++) {
		snprintf(sql, sizeof(sql), "SELECT * FROM fact WHERE seq = %llu",
			 (unsigned long long)n);
		h = digest(db, sql, h);
	}
	sqlite3_close(db);
	return h;
}

static void flip(const struct victim *v, size_t at, int bit)
{
	unsigned char c = (unsigned char)(v->bytes[at] ^ (1 << bit));
	FILE *f = fopen(v->path, "r+b");

	ck_assert_ptr_nonnull(f);
	fseek(f, (long)at, SEEK_SET);
	fwrite(&c, 1, 1, f);
	fclose(f);
}

START_TEST(test_flipped_bits_in_the_file_are_seen)
{
	/* T-6: whatever SQLite makes of it, if anything reads differently, it is seen */
	const char *step = getenv("TEST_VERIFY_STEP");	/* 1: each byte of the file */
	const size_t stride = step ? strtoul(step, NULL, 10) : 97;
	unsigned int differ = 0, harmless = 0;
	struct victim v;
	uint64_t good;
	int err;

	victim_init(&v, 200);
	good = readings(&v);
	for (size_t at = 0; at < v.len; at += stride) {
		flip(&v, at, (int)(at / stride % 8));
		err = check(&v, NULL);
		if (readings(&v) == good) {
			harmless++;
		} else {
			differ++;
			ck_assert_msg(err != 0, "not seen: byte %zu", at);
		}
		put_back(&v);
	}
	ck_assert_uint_gt(differ, step ? 10000 : 100);
	if (step)
		fprintf(stderr, "%u flips read differently, %u do not\n", differ, harmless);
	victim_fini(&v);
}
END_TEST

START_TEST(test_a_running_server_can_be_verified)
{
	/* verify.h: also while a server writes */
	struct chain_head before = {.seq = 0};
	struct verify found;
	struct ledger *l;
	struct fact f;
	struct kit k;
	int err;

	kit_init(&k);
	l = kit_start(&k);
	for (uint64_t n = 1; n <= 20000; n++) {
		kit_nth(&f, n);
		ck_assert_uint_eq(ledger_append(l, &f), n);
		if (n % 1000)
			continue;
		err = ledger_verify(k.dir, before.seq ? &before : NULL, NULL, NULL, &found,
				    &k.why);
		ck_assert_msg(err == 0, "%s", k.why.text);
		ck_assert_uint_ge(found.head.seq, before.seq);
		before = found.head;
		while (n - ledger_durable(l) > 5000)
			kit_wait(l, n - 5000);
	}
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_no_ledger_is_no_corrupt_ledger)
{
	/* verify.h: ERR_NOT_FOUND */
	struct chain_head head;
	struct verify found;
	struct kit k;

	kit_init(&k);
	ck_assert_int_eq(ledger_verify(k.dir, NULL, NULL, NULL, &found, &k.why),
			 ERR_NOT_FOUND);
	ck_assert_int_eq(ledger_head(k.dir, &head, &k.why), ERR_NOT_FOUND);
	kit_fill(&k, 0);
	ck_assert_int_eq(ledger_verify(k.dir, NULL, NULL, NULL, &found, &k.why), 0);
	ck_assert_uint_eq(found.head.seq, 0);
	ck_assert_int_eq(ledger_head(k.dir, &head, &k.why), 0);
	ck_assert_uint_eq(head.seq, 0);
	ck_assert_mem_eq(head.hash, found.head.hash, sizeof(head.hash));
	kit_fini(&k);
}
END_TEST

UNIT_MAIN("verify", test_a_ledger_as_it_was_verifies, test_changed_columns_are_named,
	  test_moved_and_missing_rows_are_named,
	  test_the_index_says_what_the_table_says, test_a_changed_schema_is_seen,
	  test_a_cut_tail_needs_a_memory, test_the_chain_goes_on_at_a_wrong_version,
	  test_each_byte_of_each_column_counts, test_flipped_bits_in_the_file_are_seen,
	  test_a_running_server_can_be_verified, test_no_ledger_is_no_corrupt_ledger)
