#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "core/signinlimit.h"

static struct signinlimit *s;
static uint64_t now, wait_ms;

static int from(const char *address, const char *name)
{
	return signinlimit_try(s, now, address, strlen(address), name, &wait_ms);
}

static void begin(void)
{
	s = signinlimit_new();
	now = 1000000;
}

START_TEST(test_five_tries_then_pauses_that_double)
{
	/* signinlimit.h: two seconds, four, ... fifteen minutes; an hour forgets */
	uint64_t pause = 2000;

	begin();
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(from("a", "anna"), 0);
	for (int i = 0; i < 12; i++) {
		ck_assert_int_eq(from("a", "anna"), ERR_TOO_FAST);
		ck_assert_uint_eq(wait_ms, pause);
		now += pause - 1;
		ck_assert_int_eq(from("a", "anna"), ERR_TOO_FAST);
		ck_assert_uint_eq(wait_ms, 1);
		now++;
		ck_assert_int_eq(from("a", "anna"), 0);
		pause = pause * 2 < 900000 ? pause * 2 : 900000;
	}
	ck_assert_uint_eq(pause, 900000);
	now += 3600000;
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(from("a", "anna"), 0);
	ck_assert_int_eq(from("a", "anna"), ERR_TOO_FAST);
	signinlimit_free(s);
}
END_TEST

START_TEST(test_who_is_right_begins_anew)
{
	/* signinlimit.h: a right try never was one; nor was one that was not judged */
	begin();
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(from("a", "anna"), 0);
		signinlimit_right(s, "a", 1, "anna");
	}
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(from("a", "anna"), 0);
		signinlimit_unjudged(s, "a", 1, "anna");
	}
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(from("a", "anna"), 0);
	signinlimit_unjudged(s, "a", 1, "anna");
	ck_assert_int_eq(from("a", "anna"), 0);
	ck_assert_int_eq(from("a", "anna"), 0);
	ck_assert_int_eq(from("a", "anna"), ERR_TOO_FAST);
	now += 2000;
	ck_assert_int_eq(from("a", "anna"), 0);
	signinlimit_right(s, "a", 1, "anna");
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(from("a", "anna"), 0);
	ck_assert_int_eq(from("a", "anna"), ERR_TOO_FAST);
	/* what nobody tried can be given back, and nothing comes of it */
	signinlimit_right(s, "z", 1, "nobody");
	signinlimit_free(s);
}
END_TEST

START_TEST(test_one_address_tries_many_accounts_slowly)
{
	/* signinlimit.h: 30 tries, then one in two seconds */
	char name[16];
	int n = 0;

	begin();
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		n += from("a", name) == 0;
	}
	ck_assert_int_eq(n, 30);
	ck_assert_int_eq(from("b", "n1"), 0);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		now += 1000;
		n += from("a", name) == 0;
	}
	ck_assert_int_eq(n, 80);
	signinlimit_free(s);
}
END_TEST

START_TEST(test_nobody_is_shut_out_from_elsewhere)
{
	/* signinlimit.h: 30 tries over all addresses, then each late but judged */
	char address[8];
	int late = 0;

	begin();
	for (int i = 0; i < 1000; i++) {
		snprintf(address, sizeof(address), "%d", i);
		ck_assert_int_eq(from(address, "anna"), 0);
		late += wait_ms == SIGNINLIMIT_LATE_MS;
		ck_assert(!wait_ms || wait_ms == SIGNINLIMIT_LATE_MS);
	}
	ck_assert_int_eq(late, 970);
	ck_assert_int_eq(from("home", "anna"), 0);
	ck_assert_int_eq(from("home", "berta"), 0);
	ck_assert_uint_eq(wait_ms, 0);
	signinlimit_free(s);
}
END_TEST

START_TEST(test_what_is_remembered_is_bounded)
{
	/* signinlimit.h: SIGNINLIMIT_MAX, the one that rested for the longest goes first */
	char address[12], name[64];

	begin();
	for (int i = 0; i < 6; i++)
		from("a", "anna");
	for (int i = 0; i < SIGNINLIMIT_MAX - 1; i++) {
		snprintf(address, sizeof(address), "%d", i);
		ck_assert_int_eq(from(address, "anna"), 0);
	}
	ck_assert_int_eq(from("a", "anna"), ERR_TOO_FAST);	/* and is seen again */
	for (int i = 0; i < SIGNINLIMIT_MAX - 1; i++) {
		snprintf(address, sizeof(address), "x%d", i);
		ck_assert_int_eq(from(address, "anna"), 0);
	}
	ck_assert_int_eq(from("a", "anna"), ERR_TOO_FAST);
	for (int i = 0; i < SIGNINLIMIT_MAX; i++) {
		snprintf(address, sizeof(address), "y%d", i);
		ck_assert_int_eq(from(address, "anna"), 0);
	}
	ck_assert_int_eq(from("a", "anna"), 0);
	/* addresses and names do not run into one another */
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(from("bc", name), 0);
		ck_assert_int_eq(from("b", "cn"), 0);
	}
	ck_assert_int_eq(from("bc", name + 1), ERR_TOO_FAST);
	ck_assert_int_eq(from("b", "cn"), ERR_TOO_FAST);
	ck_assert_int_eq(from("bc", "n"), 0);
	signinlimit_free(s);
}
END_TEST

START_TEST(test_refused_tries_push_out_nothing)
{
	/* signinlimit.h: not even one's own pauses, by names that nobody has */
	char name[16];

	begin();
	for (int i = 0; i < 10; i++)
		from("a", "anna");
	for (int i = 0; i < 10 * SIGNINLIMIT_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		from("a", name);
	}
	ck_assert_int_eq(from("a", "anna"), ERR_TOO_FAST);
	ck_assert_uint_eq(wait_ms, 2000);
	now += 2000;
	ck_assert_int_eq(from("a", "anna"), 0);
	ck_assert_int_eq(from("a", "anna"), ERR_TOO_FAST);
	ck_assert_uint_eq(wait_ms, 4000);
	signinlimit_free(s);
}
END_TEST

START_TEST(test_who_guessed_wrong_is_suspected)
{
	/* signinlimit.h: until a right try, or for an hour; the name is all one */
	begin();
	ck_assert(!signinlimit_suspects(s, now, "a", 1));
	ck_assert_int_eq(from("a", "anna"), 0);
	ck_assert(signinlimit_suspects(s, now, "a", 1));
	ck_assert(!signinlimit_suspects(s, now, "b", 1));
	signinlimit_unjudged(s, "a", 1, "anna");
	ck_assert(!signinlimit_suspects(s, now, "a", 1));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(from("a", "anna"), 0);
	ck_assert_int_eq(from("a", "berta"), 0);
	signinlimit_right(s, "a", 1, "berta");
	ck_assert(!signinlimit_suspects(s, now, "a", 1));
	ck_assert_int_eq(from("a", "anna"), 0);
	now += 3600000 - 1;
	ck_assert(signinlimit_suspects(s, now, "a", 1));
	now++;
	ck_assert(!signinlimit_suspects(s, now, "a", 1));
	signinlimit_free(s);
}
END_TEST

UNIT_MAIN("signinlimit", test_five_tries_then_pauses_that_double,
	  test_who_is_right_begins_anew, test_one_address_tries_many_accounts_slowly,
	  test_nobody_is_shut_out_from_elsewhere, test_what_is_remembered_is_bounded,
	  test_refused_tries_push_out_nothing, test_who_guessed_wrong_is_suspected)
