#include "base/err.h"
#include "store/verifier.h"

#include "storekit.h"

static int end(struct verifier *v, struct verify *found, struct why *why)
{
	struct pollfd p = {.fd = verifier_fd(v), .events = POLLIN};

	ck_assert_int_eq(poll(&p, 1, 20000), 1);
	return verifier_end(v, found, why);
}

START_TEST(test_it_proves_while_facts_are_written)
{
	/* verifier.h: a connection of its own; what it found is what is there */
	struct verifier *v;
	struct verify found;
	struct ledger *l;
	struct fact f;
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 5000);
	l = kit_start(&k);
	ck_assert_int_eq(verifier_new(&v, k.dir, &k.why), 0);
	ck_assert_int_eq(verifier_end(v, &found, &k.why), ERR_UNAVAILABLE);
	ck_assert(verifier_begin(v));
	ck_assert(!verifier_begin(v));
	for (uint64_t n = 5001; n <= 5500; n++) {
		kit_nth(&f, n);
		ck_assert_uint_eq(ledger_append(l, &f), n);
	}
	kit_wait(l, 5500);
	ck_assert_int_eq(end(v, &found, &k.why), 0);
	ck_assert_uint_ge(found.facts, 5000);
	ck_assert(verifier_begin(v));
	ck_assert_int_eq(end(v, &found, &k.why), 0);
	ck_assert_uint_eq(found.head.seq, 5500);
	verifier_free(v);
	ledger_close(l);
	kit_fini(&k);
}
END_TEST

START_TEST(test_what_was_there_last_night_is_missed)
{
	/* verifier.h: a tail that was cut off cleanly shows to who remembers it */
	struct kit k, other;
	struct verifier *v;
	struct verify found;
	char from[128], to[128];

	kit_init(&k);
	kit_init(&other);
	kit_fill(&k, 20);
	kit_path(from, &k, "ledger.db");
	kit_path(to, &other, "ledger.db");
	sqlite3 *db = kit_raw(&k, "ledger.db");
	char sql[200];
	snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", to);
	kit_sql(db, sql);
	sqlite3_close(db);
	kit_fill(&k, 30);
	ck_assert_int_eq(verifier_new(&v, k.dir, &k.why), 0);
	ck_assert(verifier_begin(v));
	ck_assert_int_eq(end(v, &found, &k.why), 0);
	ck_assert_int_eq(rename(to, from), 0);
	ck_assert(verifier_begin(v));
	ck_assert_int_eq(end(v, &found, &k.why), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(k.why.text, "the tail is missing"));
	ck_assert(verifier_begin(v));	/* and again, every night */
	ck_assert_int_eq(end(v, &found, &k.why), ERR_CORRUPT);
	verifier_free(v);
	kit_fini(&other);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_stop_does_not_wait_for_it)
{
	/* verifier.h: at once, whatever it is at */
	const uint64_t since = clock_mono_ms();
	struct verifier *v;
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 100);
	for (int ms = 0; ms < 100; ms += 25) {
		ck_assert_int_eq(verifier_new(&v, k.dir, &k.why), 0);
		ck_assert(verifier_begin(v));
		usleep((unsigned int)ms * 1000);
		verifier_free(v);
	}
	ck_assert_uint_lt(clock_mono_ms() - since, 2500);	/* it would rest 750 ms */
	kit_fini(&k);
}
END_TEST

UNIT_MAIN("verifier", test_it_proves_while_facts_are_written,
	  test_what_was_there_last_night_is_missed, test_a_stop_does_not_wait_for_it)
