#include <stdint.h>

#include "pastkit.h"

/*
 * A small ledger that was cut: some facts were kept before the cut, some chained after
 * it, the checkpoint among them. What is done to it is undone by a rollback, and the
 * chain is walked on the same connection, so that every bit can have its turn.
 */
struct lab {
	struct past past;
	sqlite3 *db;
	int64_t kept, chained;	/* facts */
	uint64_t checkpoint;
};

static void lab_init(struct lab *l)
{
	struct past *p = &l->past;

	past_init(p);
	past_fact(p, 0, "server", FACT_SERVER_STARTED, "{\"version\":\"1\"}", NULL);
	past_fact(p, 0, "staff/ann", FACT_STAFF_ADDED, "{\"roles\":\"admin\"}", NULL);
	past_fact(p, 0, past_meeting(1), FACT_MEETING_CREATED, "{\"capacity\":2}",
		  "{\"title\":\"Tea\"}");
	past_visit(p, 0, 2);
	past_fact(p, 0, "staff/ann", FACT_STAFF_SIGNED_IN, "{}", NULL);
	past_fact(p, 2, past_meeting(1), FACT_MEETING_OPENED, "{}", NULL);
	ck_assert_uint_eq(past_cut(p, 1, 3), 7);
	l->checkpoint = p->head.seq;
	past_fact(p, 4, "server", FACT_SERVER_STOPPED, "{}", NULL);
	past_fact(p, 4, past_meeting(1), FACT_MEETING_CHANGED, "{}", "{\"title\":\"\"}");
	past_verifies(p);
	l->kept = kit_number(p->db, "SELECT count(*) FROM kept");
	l->chained = kit_number(p->db, "SELECT count(*) FROM fact") - l->kept;
	ck_assert_int_eq(l->kept, 3);
	ck_assert_int_eq(l->chained, 4);
	l->db = kit_raw(&p->kit, "ledger.db");
	kit_sql(l->db, "PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON;"
		"BEGIN; DROP TRIGGER fact_no_update; DROP TRIGGER meta_no_update;"
		"DROP TRIGGER cut_goes_on");
}

static void lab_fini(struct lab *l)
{
	sqlite3_close(l->db);
	past_fini(&l->past);
}

/* Walks the whole chain. Returns 0 or the error, with its sentence in past.why. */
static int walk(struct lab *l)
{
	struct chain_walk *w;
	struct fact_row row;
	int err;

	l->past.why.text[0] = '\0';
	err = chain_walk_new(&w, l->db, 0, UINT64_MAX, &l->past.why);
	if (err)
		return err;
	do
		err = chain_walk_next(w, &row, &l->past.why);
	while (err > 0);
	chain_walk_free(w);
	return err;
}

/* Binds the value that `from` is at, with one bit of it flipped. */
static void bind_flipped(sqlite3_stmt *s, sqlite3_stmt *from, int c, int bit)
{
	unsigned char bytes[512];
	const int len = sqlite3_column_bytes(from, c);

	if (sqlite3_column_type(from, c) == SQLITE_INTEGER) {
		sqlite3_bind_int64(s, 1, sqlite3_column_int64(from, c) ^
				   (sqlite3_int64)(UINT64_C(1) << bit));
		return;
	}
	ck_assert_int_le(len, (int)sizeof(bytes));
	memcpy(bytes, sqlite3_column_blob(from, c), (size_t)len);
	bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	if (sqlite3_column_type(from, c) == SQLITE_TEXT)
		sqlite3_bind_text(s, 1, (char *)bytes, len, SQLITE_TRANSIENT);
	else
		sqlite3_bind_blob(s, 1, bytes, len, SQLITE_TRANSIENT);
}

static int bits(sqlite3_stmt *from, int c)
{
	switch (sqlite3_column_type(from, c)) {
	case SQLITE_NULL:
		return 0;
	case SQLITE_INTEGER:
		return 64;
	default:
		return 8 * sqlite3_column_bytes(from, c);
	}
}

/* Whether the sentence names the fact by its number. */
static bool names(const struct lab *l, int64_t seq)
{
	char text[32];
	const char *at;

	snprintf(text, sizeof(text), "fact %lld", (long long)seq);
	at = strstr(l->past.why.text, text);
	return at && !strchr("0123456789", at[strlen(text)]);
}

struct flip {
	const char *table, *column;
	int64_t key;		/* the row's */
	int64_t now;		/* its key after the flip */
};

/* A kept row, its `prev` and a chained row name themselves; so does what was moved. */
static void must_be_seen(struct lab *l, const struct flip *f, int bit)
{
	int err = walk(l);

	ck_assert_msg(err == ERR_CORRUPT, "not seen: %s of %s %lld, bit %d", f->column,
		      f->table, (long long)f->key, bit);
	if (strcmp(f->table, "fact") == 0 || strcmp(f->table, "kept") == 0)
		ck_assert_msg(names(l, f->key) || names(l, f->now), "%s of %s %lld, bit "
			      "%d: %s", f->column, f->table, (long long)f->key, bit,
			      l->past.why.text);
}

static void flip_bits(struct lab *l, struct flip *f, sqlite3_stmt *from, int c)
{
	char sql[120];
	sqlite3_stmt *s;

	snprintf(sql, sizeof(sql), "UPDATE %s SET %s = ?1 WHERE rowid = ?2", f->table,
		 f->column);
	ck_assert_int_eq(sqlite3_prepare_v2(l->db, sql, -1, &s, NULL), SQLITE_OK);
	for (int bit = 0; bit < bits(from, c); bit++) {
		kit_sql(l->db, "SAVEPOINT whole");
		bind_flipped(s, from, c, bit);
		sqlite3_bind_int64(s, 2, f->key);
		f->now = c == 0 ? f->key ^ (int64_t)(UINT64_C(1) << bit) : f->key;
		/* a seq that is taken is refused, rightly */
		if (sqlite3_step(s) == SQLITE_DONE)
			must_be_seen(l, f, bit);
		sqlite3_reset(s);
		kit_sql(l->db, "ROLLBACK TO whole; RELEASE whole");
	}
	sqlite3_finalize(s);
}

/* Each bit of each column of each row of a table that has its key first. */
static void flip_all(struct lab *l, const char *table)
{
	struct flip f = {.table = table};
	struct past *p = &l->past;
	char sql[64];
	sqlite3_stmt *from;

	snprintf(sql, sizeof(sql), "SELECT * FROM %s", table);
	ck_assert_int_eq(sqlite3_prepare_v2(p->db, sql, -1, &from, NULL), SQLITE_OK);
	while (sqlite3_step(from) == SQLITE_ROW)
		for (int c = 0; c < sqlite3_column_count(from); c++) {
			f.column = sqlite3_column_name(from, c);
			f.key = sqlite3_column_int64(from, 0);
			flip_bits(l, &f, from, c);
		}
	sqlite3_finalize(from);
}

START_TEST(test_each_bit_of_each_fact_counts)
{
	/* issue 4, 3: one flipped bit anywhere in any column is found, with its row;
	 * before the cut, behind it, and in the checkpoint */
	struct lab l;

	lab_init(&l);
	ck_assert_msg(walk(&l) == 0, "%s", l.past.why.text);
	flip_all(&l, "fact");
	ck_assert_msg(walk(&l) == 0, "%s", l.past.why.text);
	lab_fini(&l);
}
END_TEST

START_TEST(test_each_bit_beside_the_facts_counts)
{
	/* chain.h: what the walk leans on: hashes before kept facts, the ledger's id */
	struct lab l;

	lab_init(&l);
	flip_all(&l, "kept");
	flip_all(&l, "meta");
	lab_fini(&l);
}
END_TEST

START_TEST(test_each_bit_of_the_cut_counts)
{
	/* chain.h: where it was cut is what a checkpoint says; `id` says nothing */
	struct lab l;
	struct flip f = {.table = "cut", .key = 1};
	sqlite3_stmt *from;

	lab_init(&l);
	ck_assert_int_eq(sqlite3_prepare_v2(l.past.db, "SELECT * FROM cut", -1, &from,
					    NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(from), SQLITE_ROW);
	for (int c = 1; c < 3; c++) {
		f.column = sqlite3_column_name(from, c);
		flip_bits(&l, &f, from, c);
	}
	sqlite3_finalize(from);
	lab_fini(&l);
}
END_TEST

/* After some SQL, triggers or not, the whole of verify must say so. */
static void tamper(struct past *p, const char *sql, const char *text)
{
	struct verify found;
	char path[128], copy[128], *bytes = NULL;
	sqlite3 *db;
	size_t len;
	FILE *f;
	int err;

	/* one file, put back afterwards */
	kit_path(path, &p->kit, "ledger.db");
	kit_path(copy, &p->kit, "copy");
	f = fopen(path, "rb");
	ck_assert_ptr_nonnull(f);
	fseek(f, 0, SEEK_END);
	len = (size_t)ftell(f);
	rewind(f);
	bytes = mem_new(len);
	ck_assert_uint_eq(fread(bytes, 1, len, f), len);
	fclose(f);

	db = kit_raw(&p->kit, "ledger.db");
	kit_sql(db, "PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON; BEGIN;"
		"CREATE TEMP TABLE scar AS SELECT name, sql FROM sqlite_schema "
		"WHERE type = 'trigger'");
	kit_sql(db, "DROP TRIGGER fact_in_order; DROP TRIGGER fact_no_update;"
		"DROP TRIGGER fact_no_delete; DROP TRIGGER cut_goes_on;"
		"DROP TRIGGER cut_no_delete");
	kit_sql(db, sql);
	for (;;) {
		sqlite3_stmt *s;
		char *trigger = NULL;

		ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT sql FROM scar WHERE name "
						    "NOT IN (SELECT name FROM "
						    "sqlite_schema) LIMIT 1", -1, &s,
						    NULL), SQLITE_OK);
		if (sqlite3_step(s) == SQLITE_ROW)
			trigger = strdup((const char *)sqlite3_column_text(s, 0));
		sqlite3_finalize(s);
		if (!trigger)
			break;
		kit_sql(db, trigger);
		free(trigger);
	}
	kit_sql(db, "COMMIT");
	sqlite3_close(db);
	err = ledger_verify(p->kit.dir, NULL, NULL, NULL, &found, &p->why);
	ck_assert_msg(err == ERR_CORRUPT, "not seen (%d): %s", err, sql);
	ck_assert_msg(strstr(p->why.text, text) != NULL, "%s: %s", sql, p->why.text);
	f = fopen(path, "wb");
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	fclose(f);
	free(bytes);
}

START_TEST(test_rows_that_come_and_go_are_named)
{
	/* issue 4, 3: removed, added, swapped, cut, before and behind a cut */
	struct lab l;
	struct past *p = &l.past;
	sqlite3 *db;

	lab_init(&l);
	kit_sql(l.db, "ROLLBACK");
	sqlite3_close(l.db);
	past_close(p);
	db = kit_raw(&p->kit, "ledger.db");
	kit_sql(db, "PRAGMA journal_mode = DELETE");
	sqlite3_close(db);
	/* kept are 2 (staff), 3 (meeting 1) and 10 (staff); 11 to 14 are chained, and 12
	 * is the checkpoint */
	ck_assert_uint_eq(l.checkpoint, 12);
	tamper(p, "DELETE FROM fact WHERE seq = 2", "fact 10: its stream has no version");
	tamper(p, "DELETE FROM fact WHERE seq = 3", "fact 3 is missing");
	tamper(p, "DELETE FROM fact WHERE seq = 10", "fact 10 is missing");
	tamper(p, "DELETE FROM fact WHERE seq <= 10; DELETE FROM kept",
	       "the facts before fact 11 are not those");
	tamper(p, "DELETE FROM fact WHERE seq = 10; DELETE FROM kept WHERE seq = 10",
	       "the facts before fact 11 are not those");
	tamper(p, "DELETE FROM fact WHERE seq = 11", "fact 11 is missing");
	tamper(p, "DELETE FROM fact WHERE seq = 12", "fact 12 is not the checkpoint");
	tamper(p, "DELETE FROM fact WHERE seq = 13", "fact 13 is missing");
	tamper(p, "DELETE FROM fact WHERE seq >= 12", "fact 12 is not the checkpoint");
	tamper(p, "DELETE FROM kept WHERE seq = 3", "fact 3 is not one that");
	tamper(p, "UPDATE fact SET seq = 5 WHERE seq = 3", "fact 5 is not one that");
	tamper(p, "UPDATE fact SET seq = 5 WHERE seq = 3;"
	       "UPDATE kept SET seq = 5 WHERE seq = 3", "fact 5: its hash");
	tamper(p, "UPDATE fact SET seq = -seq WHERE seq IN (2, 10);"
	       "UPDATE fact SET seq = 12 + seq WHERE seq < 0", "fact 2: its hash");
	tamper(p, "UPDATE fact SET seq = -seq WHERE seq IN (13, 14);"
	       "UPDATE fact SET seq = 27 + seq WHERE seq < 0", "fact 13: its hash");
	tamper(p, "INSERT INTO fact SELECT 5, at, 'staff/eve', 1, kind, actor, data, NULL, "
	       "hash FROM fact WHERE seq = 2", "fact 5 is not one that");
	tamper(p, "INSERT INTO fact SELECT 15, at, 'staff/eve', 1, kind, actor, data, "
	       "NULL, hash FROM fact WHERE seq = 14", "fact 15: its hash");
	tamper(p, "UPDATE cut SET seq = 0, checkpoint = 0", "fact 1 is missing: 2");
	tamper(p, "UPDATE cut SET seq = 9", "fact 12 is not the checkpoint");
	tamper(p, "DELETE FROM cut", "has lost where it was cut");
	past_open(p);
	past_verifies(p);
	past_fini(p);
}
END_TEST

START_TEST(test_a_fact_put_among_the_kept_with_its_hash_is_seen)
{
	/* chain.h: one digest of all hashes, so that none can be added, even if it fits */
	struct lab l;
	struct past *p = &l.past;
	struct fact_row row = {.seq = 5, .stream = "staff/eve", .stream_len = 9,
			       .version = 1, .kind = "staff.added", .kind_len = 11,
			       .actor = "server", .actor_len = 6,
			       .data = "{\"roles\":\"admin\"}", .data_len = 17};
	uint8_t prev[FACT_HASH_SIZE] = {1}, hash[FACT_HASH_SIZE];
	sqlite3_stmt *s;

	lab_init(&l);
	row.at = PAST_START;
	fact_hash(hash, prev, &row);
	ck_assert_int_eq(sqlite3_prepare_v2(l.db, "INSERT INTO kept VALUES (5, ?1)", -1, &s,
					    NULL), SQLITE_OK);
	sqlite3_bind_blob(s, 1, prev, sizeof(prev), SQLITE_STATIC);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	kit_sql(l.db, "DROP TRIGGER fact_in_order");
	ck_assert_int_eq(sqlite3_prepare_v2(l.db, "INSERT INTO fact VALUES (5, ?1, "
					    "'staff/eve', 1, 'staff.added', 'server', "
					    "'{\"roles\":\"admin\"}', NULL, ?2)", -1, &s,
					    NULL), SQLITE_OK);
	sqlite3_bind_int64(s, 1, row.at);
	sqlite3_bind_blob(s, 2, hash, sizeof(hash), SQLITE_STATIC);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	ck_assert_int_eq(walk(&l), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(p->why.text, "the facts before fact 11"));
	lab_fini(&l);
}
END_TEST

UNIT_MAIN("tamper", test_each_bit_of_each_fact_counts,
	  test_each_bit_beside_the_facts_counts, test_each_bit_of_the_cut_counts,
	  test_rows_that_come_and_go_are_named,
	  test_a_fact_put_among_the_kept_with_its_hash_is_seen)
