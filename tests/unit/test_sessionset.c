#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/sessionset.h"

#define NOW INT64_C(1795166400000)

static struct sessionset *s;
static struct sessionset_session ended;
static unsigned int overs, useds;

static const uint8_t *hash_of(uint32_t n)
{
	static uint8_t hash[SIGNIN_HASH_SIZE];

	memcpy(hash, &n, sizeof(n));
	return hash;
}

static bool add(uint32_t n, const char *name, int64_t at)
{
	struct sessionset_session x = {.made_at = at, .used_at = at, .written_at = at};

	memcpy(x.hash, hash_of(n), sizeof(x.hash));
	snprintf(x.name, sizeof(x.name), "%s", name);
	return sessionset_add(s, &x, &ended);
}

static bool is_there(uint32_t n, int64_t at)
{
	return sessionset_find(s, hash_of(n), at) != NULL;
}

static void on_over(void *arg, const struct sessionset_session *x)
{
	(void)arg;
	(void)x;
	overs++;
}

static void on_used(void *arg, const struct sessionset_session *x)
{
	(void)arg;
	ck_assert_int_eq(x->used_at, x->written_at);
	useds++;
}

static void tidy(int64_t at)
{
	overs = useds = 0;
	sessionset_tidy(s, at, on_over, on_used, NULL);
}

START_TEST(test_half_an_hour_without_use_is_the_end)
{
	/* sessionset.h: 30 minutes idle, and use goes on for at most 12 hours */
	int64_t at = NOW;

	s = sessionset_new();
	add(1, "anna", NOW);
	ck_assert_str_eq(sessionset_use(s, hash_of(1), NOW)->name, "anna");
	ck_assert(is_there(1, NOW + SESSIONSET_IDLE_MS - 1));
	ck_assert(!is_there(1, NOW + SESSIONSET_IDLE_MS));
	/* looking is no use */
	ck_assert_ptr_null(sessionset_use(s, hash_of(1), NOW + SESSIONSET_IDLE_MS));
	while (at + SESSIONSET_IDLE_MS - 1 < NOW + SESSIONSET_LIFE_MS) {
		at += SESSIONSET_IDLE_MS - 1;
		ck_assert_ptr_nonnull(sessionset_use(s, hash_of(1), at));
	}
	ck_assert(!is_there(1, NOW + SESSIONSET_LIFE_MS));
	/* a clock that is set back does no harm */
	ck_assert_int_eq(sessionset_use(s, hash_of(1), at - 5)->used_at, at);
	ck_assert(!is_there(2, NOW));
	sessionset_free(s);
}
END_TEST

START_TEST(test_one_too_many_ends_the_oldest)
{
	/* sessionset.h: SESSIONSET_PER_PERSON, of one person */
	s = sessionset_new();
	add(1000, "berta", NOW - 5);
	for (uint32_t i = 0; i < SESSIONSET_PER_PERSON; i++)
		ck_assert(!add(i, "anna", NOW + i));
	ck_assert_uint_eq(sessionset_count_of(s, "anna", NOW + 100), 20);
	ck_assert(add(100, "anna", NOW + 100));
	ck_assert_mem_eq(ended.hash, hash_of(0), SIGNIN_HASH_SIZE);
	ck_assert(!is_there(0, NOW + 100));
	ck_assert(is_there(1, NOW + 100));
	ck_assert(is_there(100, NOW + 100));
	ck_assert(is_there(1000, NOW + 100));
	sessionset_free(s);
}
END_TEST

START_TEST(test_sessions_end_alone_and_together)
{
	/* sessionset.h: one, or all of a name and of no other */
	s = sessionset_new();
	add(1, "anna", NOW);
	add(2, "anna", NOW);
	add(3, "ann", NOW);
	ck_assert(sessionset_end(s, hash_of(1)));
	ck_assert(!sessionset_end(s, hash_of(1)));
	ck_assert(is_there(2, NOW));
	add(4, "anna", NOW);
	ck_assert_uint_eq(sessionset_end_all(s, "anna"), 2);
	ck_assert_uint_eq(sessionset_end_all(s, "anna"), 0);
	ck_assert(!is_there(2, NOW) && !is_there(4, NOW));
	ck_assert(is_there(3, NOW));
	sessionset_free(s);
}
END_TEST

START_TEST(test_use_is_written_once_and_what_is_over_goes)
{
	/* sessionset.h: sessionset_tidy() */
	s = sessionset_new();
	add(1, "anna", NOW);
	add(2, "anna", NOW);
	add(3, "berta", NOW - SESSIONSET_IDLE_MS);
	tidy(NOW + 1);
	ck_assert_uint_eq(overs, 1);
	ck_assert_uint_eq(useds, 0);
	sessionset_use(s, hash_of(1), NOW + 2);
	sessionset_use(s, hash_of(1), NOW + 3);
	tidy(NOW + 4);
	ck_assert_uint_eq(overs, 0);
	ck_assert_uint_eq(useds, 1);
	tidy(NOW + 5);
	ck_assert_uint_eq(useds, 0);
	tidy(NOW + SESSIONSET_IDLE_MS);
	ck_assert_uint_eq(overs, 1);
	ck_assert_uint_eq(sessionset_count_of(s, "anna", NOW + SESSIONSET_IDLE_MS), 1);
	sessionset_free(s);
}
END_TEST

UNIT_MAIN("sessionset", test_half_an_hour_without_use_is_the_end,
	  test_one_too_many_ends_the_oldest, test_sessions_end_alone_and_together,
	  test_use_is_written_once_and_what_is_over_goes)
