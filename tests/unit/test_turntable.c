#include "unit.h"

#include <string.h>

#include "base/mem.h"
#include "core/turnports.h"
#include "core/turntable.h"
#include "core/turnwheel.h"

/* --- The table ------------------------------------------------------------------ */

struct thing {
	struct turnkey key;
	bool in;
};

static const struct turnkey *key_of(const void *thing)
{
	return &((const struct thing *)thing)->key;
}

static struct thing *things_new(size_t count)
{
	struct thing *t = mem_new(count * sizeof(*t));

	for (size_t i = 0; i < count; i++) {
		const uint8_t ip[4] = {8, 8, (uint8_t)(i >> 8), (uint8_t)i};

		turn_addr_v4(&t[i].key.client, ip, (uint16_t)(i % 7));
		turn_addr_v4(&t[i].key.local, ip, 3478);
	}
	return t;
}

START_TEST(test_table_holds_what_was_put_and_not_taken)
{
	/* W12: a hundred thousand steps against a list of flags */
	struct thing *t = things_new(3000);
	struct turntable table;
	size_t count = 0;

	srandom(7);
	turntable_init(&table, key_of);
	for (int i = 0; i < 100000; i++) {
		struct thing *one = &t[(size_t)random() % 3000];

		ck_assert_ptr_eq(turntable_get(&table, &one->key), one->in ? one : NULL);
		if (one->in)
			turntable_take(&table, one);
		else
			turntable_put(&table, one);
		one->in = !one->in;
		count += one->in ? 1 : (size_t)-1;
		ck_assert_uint_eq(table.count, count);
		ck_assert_uint_le(table.count * 2, table.mask + 1);
	}
	for (size_t i = 0; i < 3000; i++) {
		ck_assert_ptr_eq(turntable_get(&table, &t[i].key), t[i].in ? &t[i] : NULL);
		if (t[i].in)
			turntable_take(&table, &t[i]);
	}
	ck_assert_uint_eq(table.count, 0);
	turntable_fini(&table);
	free(t);
}
END_TEST

START_TEST(test_table_tells_all_parts_of_a_key_apart)
{
	/* L0 */
	struct thing *t = things_new(1);
	struct turntable table;
	struct turnkey other;

	turntable_init(&table, key_of);
	turntable_put(&table, t);
	other = t->key;
	ck_assert_ptr_eq(turntable_get(&table, &other), t);
	other.transport = 1;
	ck_assert_ptr_null(turntable_get(&table, &other));
	other = t->key;
	other.local.port = 443;
	ck_assert_ptr_null(turntable_get(&table, &other));
	other = t->key;
	other.client.family = 6;
	ck_assert_ptr_null(turntable_get(&table, &other));
	turntable_fini(&table);
	free(t);
}
END_TEST

/* --- The wheel ------------------------------------------------------------------ */

START_TEST(test_wheel_gives_everything_in_its_second)
{
	/* W11: in any order, moved and cleared, over hours */
	static struct turnwheel_item item[500];
	static struct turnwheel wheel;
	uint64_t due[500], now = 123456;
	size_t left = 500;

	srandom(11);
	turnwheel_init(&wheel);
	ck_assert_ptr_null(turnwheel_due(&wheel, now));
	for (size_t i = 0; i < 500; i++) {
		turnwheel_item_init(&item[i]);
		turnwheel_set(&wheel, &item[i], now + 5);
		/* some beyond one turn of the wheel */
		due[i] = now + (uint64_t)random() % 9000000;
		turnwheel_set(&wheel, &item[i], due[i]);
	}
	turnwheel_clear(&item[0]);
	turnwheel_clear(&item[0]);
	left--;
	while (left) {
		struct turnwheel_item *one;

		now += 1000;
		ck_assert_uint_lt(now, 123456 + 9002000);
		while ((one = turnwheel_due(&wheel, now))) {
			size_t i = (size_t)(one - item);

			ck_assert_uint_le(due[i], now);
			ck_assert_uint_gt(due[i] + 1000, now);
			left--;
		}
	}
}
END_TEST

START_TEST(test_wheel_survives_a_long_sleep)
{
	/* a laptop's lid: all that is due comes at once */
	static struct turnwheel_item item[10];
	static struct turnwheel wheel;
	size_t got = 0;

	turnwheel_init(&wheel);
	for (size_t i = 0; i < 10; i++) {
		turnwheel_item_init(&item[i]);
		turnwheel_set(&wheel, &item[i], 600000 * (i + 1));
	}
	while (turnwheel_due(&wheel, 5999999999))
		got++;
	ck_assert_uint_eq(got, 10);
	/* what is already due when it is set comes with the next look */
	turnwheel_set(&wheel, &item[0], 5);
	ck_assert_ptr_eq(turnwheel_due(&wheel, 5999999999), &item[0]);
}
END_TEST

/* --- Ports ----------------------------------------------------------------------- */

START_TEST(test_ports_are_each_given_once)
{
	/* L14 */
	static bool seen[65536];
	struct turnports p;

	turnports_init(&p, 50000, 50999, 60);
	for (int i = 0; i < 1000; i++) {
		uint16_t port = turnports_take(&p, 5000, PORT_ANY);

		ck_assert(port >= 50000 && port <= 50999 && !seen[port]);
		seen[port] = true;
	}
	ck_assert_uint_eq(turnports_take(&p, 5000, PORT_ANY), 0);
	ck_assert_uint_eq(turnports_used(&p), 1000);
	turnports_fini(&p);
}
END_TEST

START_TEST(test_ports_are_not_in_order)
{
	/* L10: nor the same at each start */
	struct turnports p, q;
	int ascending = 0, same = 0;
	uint16_t last = 0;

	turnports_init(&p, 49152, 65535, 60);
	turnports_init(&q, 49152, 65535, 60);
	for (int i = 0; i < 1000; i++) {
		uint16_t port = turnports_take(&p, 5000, PORT_ANY);

		ascending += port > last;
		same += port == turnports_take(&q, 5000, PORT_ANY);
		last = port;
	}
	ck_assert_int_gt(ascending, 400);
	ck_assert_int_lt(ascending, 600);
	ck_assert_int_lt(same, 10);
	turnports_fini(&p);
	turnports_fini(&q);
}
END_TEST

START_TEST(test_order_of_freeing_is_not_the_order_of_use)
{
	/* L10: somebody who saw all ports go does not know the next */
	uint16_t first[1000];
	struct turnports p;
	int same = 0;

	turnports_init(&p, 50000, 50999, 60);
	for (int i = 0; i < 1000; i++)
		first[i] = turnports_take(&p, 5000, PORT_ANY);
	for (int i = 0; i < 1000; i++)
		turnports_give(&p, 5000, first[i]);
	for (int i = 0; i < 1000; i++)
		same += turnports_take(&p, 100000, PORT_ANY) == first[i];
	ck_assert_int_lt(same, 100);
	turnports_fini(&p);
}
END_TEST

START_TEST(test_freed_port_rests_a_minute)
{
	/* W9: while there is another one */
	uint64_t freed[100] = {0}, now = 100000;
	struct turnports p;

	turnports_init(&p, 50000, 50099, 60);
	for (int i = 0; i < 20000; i++) {
		uint16_t port = turnports_take(&p, now, i % 3 ? PORT_ANY : PORT_EVEN);

		ck_assert_uint_ne(port, 0);
		ck_assert(!freed[port - 50000] || now >= freed[port - 50000] + 60000);
		turnports_give(&p, now, port);
		freed[port - 50000] = now;
		now += 1000;
	}
	turnports_fini(&p);
}
END_TEST

START_TEST(test_exhausted_range_reuses_the_oldest)
{
	/* W9: a call that cannot be relayed is worse than a stray datagram */
	struct turnports p;
	uint16_t port;

	turnports_init(&p, 50000, 50001, 60);
	port = turnports_take(&p, 5000, PORT_ANY);
	turnports_take(&p, 5000, PORT_ANY);
	turnports_give(&p, 5000, port);
	ck_assert_uint_eq(turnports_take(&p, 5001, PORT_ANY), port);
	turnports_give(&p, 5002, port);
	ck_assert_uint_eq(turnports_take(&p, 5003, PORT_EVEN),
			  port % 2 ? 0 : port);
	turnports_fini(&p);
}
END_TEST

START_TEST(test_pairs_are_even_and_whole)
{
	/* L8: also where the range begins odd and ends even */
	struct turnports p;
	uint16_t port;
	int pairs = 0;

	turnports_init(&p, 50001, 50100, 60);
	while ((port = turnports_take(&p, 5000, PORT_PAIR))) {
		ck_assert_uint_eq(port % 2, 0);
		ck_assert(port >= 50002 && port + 1 <= 50099);
		pairs++;
	}
	ck_assert_int_eq(pairs, 49);
	ck_assert_uint_eq(turnports_take(&p, 5000, PORT_EVEN), 50100);
	ck_assert_uint_eq(turnports_take(&p, 5000, PORT_EVEN), 0);
	ck_assert_uint_eq(turnports_take(&p, 5000, PORT_ANY), 50001);
	ck_assert_uint_eq(turnports_used(&p), 100);
	turnports_fini(&p);
}
END_TEST

START_TEST(test_owner_is_of_a_port_in_use)
{
	/* G6: and of no other */
	struct turnports p;
	uint16_t port;
	int me;

	turnports_init(&p, 50000, 50099, 60);
	port = turnports_take(&p, 5000, PORT_ANY);
	ck_assert_ptr_null(turnports_owner(&p, port));
	turnports_set_owner(&p, port, &me);
	ck_assert_ptr_eq(turnports_owner(&p, port), &me);
	ck_assert_ptr_null(turnports_owner(&p, 49999));
	ck_assert_ptr_null(turnports_owner(&p, 50100));
	ck_assert_ptr_null(turnports_owner(&p, 3478));
	turnports_give(&p, 5000, port);
	ck_assert_ptr_null(turnports_owner(&p, port));
	turnports_fini(&p);
}
END_TEST

UNIT_MAIN("turntable", test_table_holds_what_was_put_and_not_taken,
	  test_table_tells_all_parts_of_a_key_apart,
	  test_wheel_gives_everything_in_its_second, test_wheel_survives_a_long_sleep,
	  test_ports_are_each_given_once, test_ports_are_not_in_order,
	  test_order_of_freeing_is_not_the_order_of_use,
	  test_freed_port_rests_a_minute, test_exhausted_range_reuses_the_oldest,
	  test_pairs_are_even_and_whole, test_owner_is_of_a_port_in_use)
