#include "unit.h"

#include <string.h>

#include "core/addresses.h"

static const struct bucket_rule two = {.per_second = 1, .burst = 2};

static bool take(struct addresses *a, const char *who, enum address_kind kind,
		 uint64_t now_ms)
{
	return addresses_take(a, who, strlen(who), kind, &two, now_ms);
}

static bool has(struct addresses *a, const char *who, uint64_t now_ms)
{
	return addresses_has(a, who, strlen(who), ADDRESS_CALLS, &two, now_ms);
}

START_TEST(test_each_address_has_its_own)
{
	/* addresses.h: one address spends nothing of another's, one kind nothing of another */
	struct addresses *a = addresses_new(8);

	ck_assert(take(a, "ann", ADDRESS_CALLS, 1000));
	ck_assert(take(a, "ann", ADDRESS_CALLS, 1000));
	ck_assert(!take(a, "ann", ADDRESS_CALLS, 1000));
	ck_assert(take(a, "ann", ADDRESS_JOINS, 1000));
	ck_assert(take(a, "bob", ADDRESS_CALLS, 1000));
	ck_assert(take(a, "ann", ADDRESS_CALLS, 2000));
	ck_assert(!take(a, "ann", ADDRESS_CALLS, 2000));
	addresses_free(a);
}
END_TEST

START_TEST(test_a_look_takes_nothing)
{
	/* addresses_has(): whether there is one; who is not known has all */
	struct addresses *a = addresses_new(8);

	ck_assert(has(a, "ann", 1000));
	ck_assert_uint_eq(addresses_count(a), 0);
	take(a, "ann", ADDRESS_CALLS, 1000);
	for (int i = 0; i < 10; i++)
		ck_assert(has(a, "ann", 1000));
	take(a, "ann", ADDRESS_CALLS, 1000);
	ck_assert(!has(a, "ann", 1000));
	ck_assert(has(a, "ann", 2000));
	addresses_free(a);
}
END_TEST

START_TEST(test_the_quietest_goes)
{
	/* a fixed size: who was quiet for the longest is forgotten, and nobody else */
	struct addresses *a = addresses_new(3);

	take(a, "ann", ADDRESS_CALLS, 1000);
	take(a, "ann", ADDRESS_CALLS, 1000);
	take(a, "bob", ADDRESS_CALLS, 1000);
	take(a, "bob", ADDRESS_CALLS, 1000);
	take(a, "cyd", ADDRESS_CALLS, 1000);
	ck_assert(!take(a, "ann", ADDRESS_CALLS, 1000));
	take(a, "dan", ADDRESS_CALLS, 1000);
	ck_assert_uint_eq(addresses_count(a), 3);
	ck_assert(has(a, "bob", 1000));
	ck_assert(!has(a, "ann", 1000));
	addresses_free(a);
	addresses_free(NULL);
}
END_TEST

START_TEST(test_very_many_are_bounded)
{
	/* an attacker with a /48 has 65536 networks, and we have a table */
	struct addresses *a = addresses_new(ADDRESSES_MAX);

	for (uint32_t i = 0; i < 65536; i++)
		addresses_take(a, &i, sizeof(i), ADDRESS_MISSES, &two, i);
	ck_assert_uint_eq(addresses_count(a), ADDRESSES_MAX);
	addresses_free(a);
}
END_TEST

UNIT_MAIN("addresses", test_each_address_has_its_own, test_a_look_takes_nothing,
	  test_the_quietest_goes, test_very_many_are_bounded)
