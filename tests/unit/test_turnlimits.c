#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "turnkit.h"

#include "base/mem.h"
#include "core/turnlimits.h"

static struct kit k;
static struct kit_client many[130];

static void client(size_t i, const char *ip, const char *id)
{
	kit_client(&k, &many[i], ip, (uint16_t)(4000 + i), id);
	/* connections: refusals of challenges are not what is tested here */
	many[i].tuple.transport = TURN_TCP;
}

START_TEST(test_a_participant_has_sixteen)
{
	/* D2, L9: 486; of both classes together; one closed, one more */
	kit_init(&k);
	kit_start(&k);
	for (size_t i = 0; i < 17; i++) {
		client(i, "203.0.113.7", i % 2 ? "meet.ann.p" : "meet.ann.w");
		ck_assert_int_eq(kit_allocate(&k, &many[i]), i < 16 ? 0 : 486);
	}
	client(20, "203.0.113.7", "meet.ben.p");
	ck_assert_int_eq(kit_allocate(&k, &many[20]), 0);
	ck_assert_int_eq(kit_refresh(&k, &many[3], 0), 0);
	ck_assert_int_eq(kit_allocate(&k, &many[16]), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_a_reservation_counts)
{
	/* D2: a port that is held is a port */
	struct kit_ask ask;
	uint8_t reserve = 0x80;

	kit_init(&k);
	k.conf.user_allocations = 3;
	kit_start(&k);
	for (size_t i = 0; i < 2; i++) {
		client(i, "203.0.113.7", "meet.ann.p");
		kit_challenge(&k, &many[i]);
		ask = kit_ask(&k, TURN_ALLOCATE);
		kit_put_u8(&ask, TURN_ATTR_REQUESTED_TRANSPORT, TURN_PROTOCOL_UDP);
		stun_put(&ask.o, TURN_ATTR_EVEN_PORT, &reserve, 1);
		ck_assert_int_eq(kit_send(&ask, &many[i]), i ? 486 : 0);
	}
	ck_assert_int_eq(kit_allocate(&k, &many[1]), 0);
	client(2, "203.0.113.7", "meet.ann.p");
	ck_assert_int_eq(kit_allocate(&k, &many[2]), 486);
	k.now_ms += 30000;
	turn_tick(k.ts, k.now_ms);
	ck_assert_int_eq(kit_allocate(&k, &many[2]), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_a_full_participant_can_redeem_what_it_reserved)
{
	/* D2: the place is taken already */
	struct stun_attr token;
	struct kit_ask ask;
	uint8_t reserve = 0x80, copy[TURN_TOKEN_SIZE];

	kit_init(&k);
	k.conf.user_allocations = k.conf.meeting_allocations = 2;
	kit_start(&k);
	client(0, "203.0.113.7", "meet.ann.p");
	client(1, "203.0.113.7", "meet.ann.p");
	kit_challenge(&k, &many[0]);
	kit_challenge(&k, &many[1]);
	ask = kit_ask(&k, TURN_ALLOCATE);
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_TRANSPORT, TURN_PROTOCOL_UDP);
	stun_put(&ask.o, TURN_ATTR_EVEN_PORT, &reserve, 1);
	ck_assert_int_eq(kit_send(&ask, &many[0]), 0);
	ck_assert(stun_find(&k.msg, TURN_ATTR_RESERVATION_TOKEN, &token));
	memcpy(copy, token.value, sizeof(copy));
	ck_assert_int_eq(kit_allocate(&k, &many[1]), 486);
	ask = kit_ask(&k, TURN_ALLOCATE);
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_TRANSPORT, TURN_PROTOCOL_UDP);
	stun_put(&ask.o, TURN_ATTR_RESERVATION_TOKEN, copy, sizeof(copy));
	ck_assert_int_eq(kit_send(&ask, &many[1]), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_a_meeting_has_sixty_four)
{
	/* D2 */
	char id[32];

	kit_init(&k);
	kit_start(&k);
	for (size_t i = 0; i < 65; i++) {
		snprintf(id, sizeof(id), "meet.seat%zu.p", i / 10);
		client(i, "203.0.113.7", id);
		ck_assert_int_eq(kit_allocate(&k, &many[i]), i < 64 ? 0 : 486);
	}
	client(70, "203.0.113.7", "meet2.seat.p");
	ck_assert_int_eq(kit_allocate(&k, &many[70]), 0);
	turn_forget(k.ts, k.now_ms, "meet.seat0", 10);
	ck_assert_int_eq(kit_allocate(&k, &many[64]), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_who_waits_leaves_half_of_a_meeting)
{
	/* D2: strangers at the door do not take the relay from those inside */
	char id[32];

	kit_init(&k);
	kit_start(&k);
	for (size_t i = 0; i < 40; i++) {
		snprintf(id, sizeof(id), "meet.stranger%zu.w", i / 16);
		client(i, "203.0.113.7", id);
		ck_assert_int_eq(kit_allocate(&k, &many[i]), i < 32 ? 0 : 486);
	}
	for (size_t i = 40; i < 73; i++) {
		snprintf(id, sizeof(id), "meet.seat%zu.p", i / 16);
		client(i, "203.0.113.8", id);
		ck_assert_int_eq(kit_allocate(&k, &many[i]), i < 72 ? 0 : 486);
	}
	kit_stop(&k);
}
END_TEST

START_TEST(test_a_source_has_128)
{
	/* D2: by v4 address or v6 /64 */
	char id[32], ip[40];

	for (int v6 = 0; v6 < 2; v6++) {
		kit_init(&k);
		kit_start(&k);
		for (size_t i = 0; i < 129; i++) {
			snprintf(id, sizeof(id), "meet%zu.seat.p", i);
			snprintf(ip, sizeof(ip), v6 ? "2600:1:2:3::%zx" : "203.0.113.7",
				 i);
			client(i, ip, id);
			ck_assert_int_eq(kit_allocate(&k, &many[i]), i < 128 ? 0 : 486);
		}
		ck_assert_uint_eq(kit_count(&k, TURN_USERS), 128);
		client(129, v6 ? "2600:1:2:4::1" : "203.0.113.8", "meet.seat.p");
		ck_assert_int_eq(kit_allocate(&k, &many[129]), 0);
		kit_stop(&k);
	}
}
END_TEST

START_TEST(test_refusals_have_a_burst_and_a_rate)
{
	/* D4: a day lived in a moment */
	static struct refusals r;
	struct turn_addr a;
	int taken = 0;

	refusals_init(&r, (struct bucket_rule){20, 40}, (struct bucket_rule){1000, 1000});
	ck_assert(turn_addr_parse(&a, "203.0.113.7", 9));
	for (uint64_t now = 5000; now < 5000 + 3600000; now += 10)
		taken += refusals_take(&r, now, &a);
	ck_assert_int_ge(taken, 72000);
	ck_assert_int_le(taken, 72040);
}
END_TEST

START_TEST(test_refusals_of_many_sources_share_a_fixed_table)
{
	/* D4: no memory for a source, however many there are */
	static struct refusals r;
	struct turn_addr a;
	int first = 0;

	refusals_init(&r, (struct bucket_rule){1, 1}, (struct bucket_rule){1000000, 1000000});
	for (unsigned i = 0; i < 200000; i++) {
		const uint8_t ip[4] = {1, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
				       (uint8_t)i};

		turn_addr_v4(&a, ip, 9);
		first += refusals_take(&r, 5000, &a);
	}
	ck_assert_int_eq(first, REFUSALS_SLOTS);
}
END_TEST

START_TEST(test_tally_forgets_zero)
{
	/* D2: counts go back to nothing */
	struct tally t;

	tally_init(&t);
	for (int round = 0; round < 3; round++) {
		ck_assert(tally_take(&t, "a", 1, 2));
		ck_assert(tally_take(&t, "a", 1, 2));
		ck_assert(!tally_take(&t, "a", 1, 2));
		ck_assert(tally_take(&t, "b", 1, 2));
		ck_assert_uint_eq(map_count(t.counts), 2);
		tally_give(&t, "a", 1);
		tally_give(&t, "a", 1);
		tally_give(&t, "b", 1);
		ck_assert_uint_eq(map_count(t.counts), 0);
	}
	ck_assert(!tally_take(&t, "a", 1, 0));
	ck_assert(tally_take(&t, "left", 4, 1));
	tally_fini(&t);
}
END_TEST

UNIT_MAIN("turnlimits", test_a_participant_has_sixteen, test_a_reservation_counts,
	  test_a_full_participant_can_redeem_what_it_reserved,
	  test_a_meeting_has_sixty_four, test_who_waits_leaves_half_of_a_meeting,
	  test_a_source_has_128,
	  test_refusals_have_a_burst_and_a_rate,
	  test_refusals_of_many_sources_share_a_fixed_table, test_tally_forgets_zero)
