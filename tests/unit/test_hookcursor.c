#include "unit.h"

#include "storekit.h"

#include "base/err.h"
#include "store/hookcursor.h"
#include "store/schema.h"

static sqlite3 *file_of(struct kit *k)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(schema_open(&db, k->dir, &schema_ledger, DB_WRITE, &k->why), 0);
	return db;
}

static struct hookcursor named(const char *name, uint64_t seq, int64_t at)
{
	struct hookcursor c = {.seq = seq, .at = at};

	strcpy(c.name, name);
	return c;
}

START_TEST(test_a_new_one_begins_where_it_is_said)
{
	/* hookcursor_load(): and is remembered there, whatever is said at the next start */
	struct hookcursor c[2] = {named("a", 3, 0), named("b", 9, 0)};
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	db = file_of(&k);
	ck_assert_int_eq(hookcursor_load(db, c, 1, &k.why), 0);
	ck_assert_uint_eq(c[0].seq, 3);
	ck_assert_int_eq(c[0].at, 0);
	c[0].seq = 8;
	ck_assert_int_eq(hookcursor_load(db, c, 2, &k.why), 0);
	ck_assert_uint_eq(c[0].seq, 3);
	ck_assert_uint_eq(c[1].seq, 9);
	db_close(db);
	kit_fini(&k);
}
END_TEST

START_TEST(test_what_is_saved_is_loaded)
{
	/* hookcursor_save(): forward, and back for a replay */
	struct hookcursor c[3] = {named("a", 7, 1000), named("b", 2, 0)};
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	db = file_of(&k);
	ck_assert_int_eq(hookcursor_save(db, c, 0, &k.why), 0);
	ck_assert_int_eq(hookcursor_save(db, c, 2, &k.why), 0);
	c[0].seq = 5;
	ck_assert_int_eq(hookcursor_save(db, c, 1, &k.why), 0);
	db_close(db);
	db = file_of(&k);
	c[0] = named("b", 0, 0);
	c[1] = named("c", 9, 0);
	c[2] = named("a", 0, 0);
	ck_assert_int_eq(hookcursor_load(db, c, 3, &k.why), 0);
	ck_assert_uint_eq(c[0].seq, 2);
	ck_assert_uint_eq(c[1].seq, 9);
	ck_assert_uint_eq(c[2].seq, 5);
	ck_assert_int_eq(c[2].at, 1000);
	db_close(db);
	kit_fini(&k);
}
END_TEST

START_TEST(test_all_or_none)
{
	/* hookcursor_save(): one transaction, which is over in any case */
	struct hookcursor c[2] = {named("a", 7, 0), named("bad", 7, 0)};
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	db = file_of(&k);
	ck_assert_int_eq(db_exec(db, "CREATE TEMP TRIGGER no BEFORE INSERT ON webhook "
				 "WHEN NEW.name = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); "
				 "END", &k.why), 0);
	ck_assert_int_eq(hookcursor_save(db, c, 2, &k.why), ERR_IO);
	ck_assert_ptr_nonnull(strstr(k.why.text, "writing how far webhooks are"));
	ck_assert_int_ne(sqlite3_get_autocommit(db), 0);
	c[0].seq = 1;		/* it was not saved */
	ck_assert_int_eq(hookcursor_load(db, c, 1, &k.why), 0);
	ck_assert_uint_eq(c[0].seq, 1);
	db_close(db);
	kit_fini(&k);
}
END_TEST

UNIT_MAIN("hookcursor", test_a_new_one_begins_where_it_is_said, test_what_is_saved_is_loaded,
	  test_all_or_none)
