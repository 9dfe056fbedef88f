#include <stdint.h>

#include "store/backup.h"
#include "store/statefile.h"

#include "pastkit.h"

/* The key of the stream that begins at a seq, and whether there is one. */
static bool key_of(struct past *p, uint64_t first, uint8_t key[SEAL_KEY_SIZE])
{
	sqlite3 *db = kit_raw(&p->kit, "keys.db");
	sqlite3_stmt *s;
	bool there;

	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT key FROM key WHERE stream = ?1",
					    -1, &s, NULL), SQLITE_OK);
	sqlite3_bind_int64(s, 1, (sqlite3_int64)first);
	there = sqlite3_step(s) == SQLITE_ROW;
	if (there)
		memcpy(key, sqlite3_column_blob(s, 0), SEAL_KEY_SIZE);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return there;
}

static void erase(struct past *p)
{
	int err = erase_run(NULL, p->db, p->keys, &p->why);

	ck_assert_msg(err == 0, "%s", p->why.text);
	ck_assert_int_eq(kit_number(p->db, "SELECT count(*) FROM erasing"), 0);
}

static int64_t size_of(const struct past *p, const char *name)
{
	char path[128];
	uint8_t sha256[32];
	uint64_t size = 0;
	struct why why;

	kit_path(path, &p->kit, name);
	if (statefile_digest(path, sha256, &size, &why) == ERR_NOT_FOUND)
		return 0;
	return (int64_t)size;
}

/* What keyring_unseal() makes of a fact's sealed part. */
static ssize_t unseal(struct past *p, uint64_t seq, char *out)
{
	struct chain_pick *pick;
	struct fact_row row;
	ssize_t n;

	ck_assert_int_eq(chain_pick_new(&pick, p->db, &p->why), 0);
	ck_assert_int_eq(chain_pick_row(pick, seq, &row, &p->why), 0);
	n = keyring_unseal(p->keys, &row, out, &p->why);
	chain_pick_free(pick);
	return n;
}

START_TEST(test_an_erased_key_is_in_no_file)
{
	/* decision 8, security.md 10: not in the database, its WAL, nor a new backup;
	 * the others' keys stay, and the chain verifies */
	static const char *const more[] = {NULL};
	uint8_t gone[SEAL_KEY_SIZE], stays[SEAL_KEY_SIZE], found[SEAL_KEY_SIZE];
	char text[FACT_PERSONAL_MAX];
	struct backup_plan plan = {.more = more, .keys = true};
	struct backup backup;
	struct kit shelf;
	struct past p, copy;

	past_init(&p);
	for (unsigned int n = 0; n < 50; n++)
		past_visit(&p, n / 100.0, n);
	ck_assert(key_of(&p, 1 + 6 * 7, gone));
	ck_assert(key_of(&p, 1 + 6 * 8, stays));
	ck_assert(past_found(&p, gone, sizeof(gone)));
	past_fact(&p, 3, past_meeting(7), FACT_PERSONAL_ERASED, "{\"reason\":\"api\"}",
		  NULL);
	ck_assert_int_eq(kit_number(p.db, "SELECT first FROM erasing"), 1 + 6 * 7);
	erase(&p);
	ck_assert(!key_of(&p, 1 + 6 * 7, found));
	ck_assert_int_eq(size_of(&p, "keys.db-wal"), 0);
	ck_assert(!past_found(&p, gone, sizeof(gone)));
	ck_assert(past_found(&p, stays, sizeof(stays)));
	ck_assert(!past_found(&p, "Whisper", 7));	/* nor ever was */
	ck_assert_int_eq(unseal(&p, 1 + 6 * 7, text), ERR_NOT_FOUND);
	ck_assert_int_gt(unseal(&p, 1 + 6 * 8, text), 0);
	past_verifies(&p);
	past_rebuilds_the_same(&p);

	kit_init(&shelf);
	plan.state_dir = p.kit.dir;
	plan.into = shelf.dir;
	ck_assert_msg(backup_make(&backup, &plan, PAST_START, &p.why) == 0, "%s",
		      p.why.text);
	ck_assert_uint_lt(strlen(backup.path), sizeof(copy.kit.dir));
	memcpy(copy.kit.dir, backup.path, strlen(backup.path) + 1);
	ck_assert(!past_found(&copy, gone, sizeof(gone)));
	ck_assert(past_found(&copy, stays, sizeof(stays)));
	ck_assert(!past_found(&copy, "Whisper", 7));
	statefile_remove(backup.path);
	kit_fini(&shelf);
	past_fini(&p);
}
END_TEST

START_TEST(test_a_reader_of_the_keys_only_puts_it_off)
{
	/* erase.h: ERR_AGAIN while somebody reads keys.db; it is not forgotten */
	uint8_t gone[SEAL_KEY_SIZE];
	struct past p;
	sqlite3 *db;

	past_init(&p);
	past_visit(&p, 0, 1);
	ck_assert(key_of(&p, 1, gone));
	past_fact(&p, 3, past_meeting(1), FACT_PERSONAL_ERASED, "{\"reason\":\"age\"}",
		  NULL);
	db = kit_raw(&p.kit, "keys.db");
	kit_sql(db, "BEGIN; SELECT * FROM key");
	ck_assert_int_eq(erase_run(NULL, p.db, p.keys, &p.why), ERR_AGAIN);
	ck_assert_int_eq(kit_number(p.db, "SELECT count(*) FROM erasing"), 1);
	ck_assert(past_found(&p, gone, sizeof(gone)));
	/* the key is deleted already, and other keys are made meanwhile */
	past_visit(&p, 4, 2);
	kit_sql(db, "COMMIT");
	sqlite3_close(db);
	erase(&p);
	ck_assert(!past_found(&p, gone, sizeof(gone)));
	past_fini(&p);
}
END_TEST

START_TEST(test_what_a_crash_left_is_done_at_the_next_start)
{
	/* erase.h: the table `erasing` remembers, wherever the crash came */
	uint8_t gone[SEAL_KEY_SIZE];
	struct past p;

	past_init(&p);
	past_visit(&p, 0, 1);
	ck_assert(key_of(&p, 1, gone));
	past_fact(&p, 3, past_meeting(1), FACT_PERSONAL_ERASED, "{\"reason\":\"age\"}",
		  NULL);
	/* before anything */
	past_close(&p);
	past_open(&p);
	/* after the key was deleted, before the log was emptied */
	ck_assert_int_eq(keyring_delete(p.keys, 1, &p.why), 0);
	ck_assert_int_eq(keyring_commit(p.keys, &p.why), 0);
	ck_assert(past_found(&p, gone, sizeof(gone)));
	erase(&p);
	ck_assert(!past_found(&p, gone, sizeof(gone)));
	erase(&p);	/* nothing waits: that is success too */
	past_fini(&p);
}
END_TEST

START_TEST(test_a_new_title_gets_a_new_key)
{
	/* keyring.h: what is sealed after an erasure is no less readable, what was
	 * sealed before it is no more */
	uint8_t first[SEAL_KEY_SIZE], second[SEAL_KEY_SIZE];
	char text[FACT_PERSONAL_MAX];
	uint64_t changed;
	struct past p;

	past_init(&p);
	past_fact(&p, 0, past_meeting(1), FACT_MEETING_CREATED, "{}", "{\"title\":\"A\"}");
	ck_assert(key_of(&p, 1, first));
	past_fact(&p, 1, past_meeting(1), FACT_PERSONAL_ERASED, "{\"reason\":\"api\"}",
		  NULL);
	erase(&p);
	changed = past_fact(&p, 2, past_meeting(1), FACT_MEETING_CHANGED, "{}",
			    "{\"title\":\"B\"}");
	ck_assert(key_of(&p, 1, second));
	ck_assert_mem_ne(first, second, sizeof(first));
	ck_assert_int_eq(unseal(&p, 1, text), ERR_NOT_FOUND);
	ck_assert_int_eq(unseal(&p, changed, text), 13);
	ck_assert_mem_eq(text, "{\"title\":\"B\"}", 13);
	past_fact(&p, 3, past_meeting(1), FACT_PERSONAL_ERASED, "{\"reason\":\"api\"}",
		  NULL);
	erase(&p);
	ck_assert_int_eq(unseal(&p, changed, text), ERR_NOT_FOUND);
	past_verifies(&p);
	past_fini(&p);
}
END_TEST

START_TEST(test_many_are_erased_at_once)
{
	/* erase.h: all that waits */
	struct past p;
	sqlite3 *db;

	past_init(&p);
	kit_sql(p.db, "BEGIN");
	for (unsigned int n = 0; n < 500; n++)
		past_visit(&p, 0, n);
	for (unsigned int n = 0; n < 400; n++)
		past_fact(&p, 1, past_meeting(n), FACT_PERSONAL_ERASED,
			  "{\"reason\":\"age\"}", NULL);
	kit_sql(p.db, "COMMIT");
	erase(&p);
	db = kit_raw(&p.kit, "keys.db");
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM key WHERE stream > 0"),
			 100);
	sqlite3_close(db);
	past_verifies(&p);
	past_fini(&p);
}
END_TEST

UNIT_MAIN("erase", test_an_erased_key_is_in_no_file,
	  test_a_reader_of_the_keys_only_puts_it_off,
	  test_what_a_crash_left_is_done_at_the_next_start,
	  test_a_new_title_gets_a_new_key, test_many_are_erased_at_once)
