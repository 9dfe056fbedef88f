#include "unit.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/allocation.h"

static struct allocation *a;

static void begin(void)
{
	a = mem_new(sizeof(*a));
	allocation_init(a);
}

static void end(void)
{
	allocation_fini(a);
	free(a);
}

static struct turn_addr addr(unsigned host, uint16_t port)
{
	const uint8_t ip[4] = {8, 8, (uint8_t)(host >> 8), (uint8_t)host};
	struct turn_addr out;

	turn_addr_v4(&out, ip, port);
	return out;
}

START_TEST(test_allocation_fits_two_kilobytes)
{
	/* W13: all of it, with eight permissions and eight channels */
	ck_assert_uint_le(sizeof(struct allocation), 2048);
}
END_TEST

START_TEST(test_permission_is_of_a_host_for_300_seconds)
{
	/* C2: whatever the port; refreshed by being given again */
	struct turn_addr host = addr(1, 9), same = addr(1, 10), other = addr(2, 9);

	begin();
	ck_assert_ptr_null(allocation_permission(a, 1000, &host));
	allocation_permit(a, 1000, &host, false);
	ck_assert_ptr_nonnull(allocation_permission(a, 1000, &same));
	ck_assert_ptr_null(allocation_permission(a, 1000, &other));
	ck_assert_ptr_nonnull(allocation_permission(a, 300999, &host));
	ck_assert_ptr_null(allocation_permission(a, 301000, &host));
	allocation_permit(a, 200000, &same, true);
	ck_assert_ptr_nonnull(allocation_permission(a, 499999, &host));
	ck_assert(allocation_permission(a, 499999, &host)->own);
	ck_assert_uint_eq(a->permissions, 1);
	end();
}
END_TEST

START_TEST(test_permissions_grow_to_64_and_reuse_what_is_over)
{
	/* W12, C3 */
	struct turn_addr host;

	begin();
	for (unsigned i = 0; i < 64; i++) {
		host = addr(i, 0);
		ck_assert(allocation_permits(a, 1000, &host, 1));
		allocation_permit(a, 1000, &host, false);
	}
	host = addr(64, 0);
	ck_assert(!allocation_permits(a, 1000, &host, 1));
	for (unsigned i = 0; i < 64; i++) {
		host = addr(i, 0);
		ck_assert_ptr_nonnull(allocation_permission(a, 2000, &host));
	}
	/* 63 end, one goes on */
	host = addr(7, 0);
	allocation_permit(a, 300000, &host, false);
	for (unsigned i = 100; i < 163; i++) {
		host = addr(i, 0);
		ck_assert(allocation_permits(a, 301000, &host, 1));
		allocation_permit(a, 301000, &host, false);
	}
	host = addr(7, 0);
	ck_assert_ptr_nonnull(allocation_permission(a, 301000, &host));
	ck_assert_uint_eq(a->permissions, 64);
	end();
}
END_TEST

START_TEST(test_what_is_asked_twice_counts_once)
{
	/* C1: all of a request, or nothing */
	struct turn_addr host[65];

	begin();
	for (unsigned i = 0; i < 60; i++) {
		host[0] = addr(i, 0);
		allocation_permit(a, 1000, &host[0], false);
	}
	for (unsigned i = 0; i < 65; i++)
		host[i] = addr(i % 2 ? 1 : 200 + i / 32, (uint16_t)i);
	ck_assert(allocation_permits(a, 1000, host, 65));
	for (unsigned i = 0; i < 5; i++)
		host[i] = addr(300 + i, 0);
	ck_assert(allocation_permits(a, 1000, host, 4));
	ck_assert(!allocation_permits(a, 1000, host, 5));
	end();
}
END_TEST

START_TEST(test_channel_is_of_a_peer_for_600_seconds)
{
	/* H1, H2 */
	struct turn_addr peer = addr(1, 9), port = addr(1, 10);

	begin();
	ck_assert_int_eq(allocation_bind(a, 1000, 0x4000, &peer, false), 0);
	ck_assert_int_eq(allocation_bind(a, 1000, 0x4000, &port, false), ERR_CONFLICT);
	ck_assert_int_eq(allocation_bind(a, 1000, 0x4001, &peer, false), ERR_CONFLICT);
	ck_assert_ptr_nonnull(allocation_channel(a, 600999, 0x4000));
	ck_assert_ptr_nonnull(allocation_channel_to(a, 600999, &peer));
	ck_assert_ptr_null(allocation_channel_to(a, 600999, &port));
	ck_assert_ptr_null(allocation_channel(a, 601000, 0x4000));
	ck_assert_ptr_null(allocation_channel_to(a, 601000, &peer));
	ck_assert_int_eq(allocation_bind(a, 601000, 0x4000, &port, true), 0);
	ck_assert_int_eq(allocation_bind(a, 601000, 0x4001, &peer, false), 0);
	ck_assert(allocation_channel(a, 601000, 0x4000)->own);
	end();
}
END_TEST

START_TEST(test_two_bindings_do_not_change_places)
{
	/* H1: number of the one, peer of the other */
	struct turn_addr one = addr(1, 9), two = addr(2, 9);

	begin();
	ck_assert_int_eq(allocation_bind(a, 1000, 0x4000, &one, false), 0);
	ck_assert_int_eq(allocation_bind(a, 1000, 0x4001, &two, false), 0);
	ck_assert_int_eq(allocation_bind(a, 1000, 0x4000, &two, false), ERR_CONFLICT);
	ck_assert_int_eq(allocation_bind(a, 1000, 0x4001, &one, false), ERR_CONFLICT);
	ck_assert_int_eq(allocation_bind(a, 1000, 0x4001, &two, false), 0);
	end();
}
END_TEST

START_TEST(test_channels_of_any_number_grow_to_64)
{
	/* H6, W12: counted from 0x4000 as browsers do, or anyhow */
	struct turn_addr peer;

	for (unsigned by = 1; by < 70; by += 17) {
		begin();
		for (unsigned i = 0; i < 64; i++) {
			uint16_t number = (uint16_t)(0x4000 + (63 - i) * by);

			peer = addr(i, 9);
			ck_assert_int_eq(allocation_bind(a, 1000, number, &peer, false),
					 0);
		}
		peer = addr(64, 9);
		ck_assert_int_eq(allocation_bind(a, 1000, 0x4fff, &peer, false),
				 ERR_FULL);
		for (unsigned i = 0; i < 64; i++) {
			uint16_t number = (uint16_t)(0x4000 + (63 - i) * by);

			peer = addr(i, 9);
			ck_assert_ptr_eq(allocation_channel(a, 1000, number),
					 allocation_channel_to(a, 1000, &peer));
		}
		ck_assert_ptr_null(allocation_channel(a, 1000, 0x4fff));
		ck_assert_int_eq(allocation_bind(a, 601000, 0x4fff, &peer, false), 0);
		end();
	}
}
END_TEST

UNIT_MAIN("allocation", test_allocation_fits_two_kilobytes,
	  test_permission_is_of_a_host_for_300_seconds,
	  test_permissions_grow_to_64_and_reuse_what_is_over,
	  test_what_is_asked_twice_counts_once, test_channel_is_of_a_peer_for_600_seconds,
	  test_two_bindings_do_not_change_places,
	  test_channels_of_any_number_grow_to_64)
