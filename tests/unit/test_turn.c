#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "turnkit.h"

#include "base/err.h"

static struct kit k;
static struct kit_client ann, ben;

static void start(void)
{
	kit_start(&k);
	kit_client(&k, &ann, "203.0.113.7", 4000, "meet.ann.p");
	kit_client(&k, &ben, "198.51.100.9", 5000, "meet.ben.p");
}

static void begin(void)
{
	kit_init(&k);
	start();
}

static bool reply_has(uint16_t type)
{
	struct stun_attr attr;

	return stun_find(&k.msg, type, &attr);
}

static bool is_host(const struct turn_addr *a, const char *ip)
{
	struct turn_addr host = kit_addr(ip, 0);

	return turn_addr_same_ip(a, &host);
}

static struct kit_ask ask_allocate(void)
{
	struct kit_ask ask = kit_ask(&k, TURN_ALLOCATE);

	kit_put_u8(&ask, TURN_ATTR_REQUESTED_TRANSPORT, TURN_PROTOCOL_UDP);
	return ask;
}

/* Allocates with one more attribute of four bytes, the first of which counts. */
static int allocate_with(struct kit_client *c, uint16_t type, uint8_t value)
{
	struct kit_ask ask = ask_allocate();

	kit_put_u8(&ask, type, value);
	return kit_send(&ask, c);
}

static int allocate_even(struct kit_client *c, bool reserve)
{
	struct kit_ask ask = ask_allocate();
	uint8_t flag = reserve ? 0x80 : 0;

	stun_put(&ask.o, TURN_ATTR_EVEN_PORT, &flag, 1);
	return kit_send(&ask, c);
}

static int allocate_token(struct kit_client *c, const uint8_t token[TURN_TOKEN_SIZE])
{
	struct kit_ask ask = ask_allocate();

	stun_put(&ask.o, TURN_ATTR_RESERVATION_TOKEN, token, TURN_TOKEN_SIZE);
	return kit_send(&ask, c);
}

static void read_token(uint8_t token[TURN_TOKEN_SIZE])
{
	struct stun_attr attr;

	ck_assert(stun_find(&k.msg, TURN_ATTR_RESERVATION_TOKEN, &attr));
	ck_assert_uint_eq(attr.len, TURN_TOKEN_SIZE);
	memcpy(token, attr.value, TURN_TOKEN_SIZE);
}

/* --- Demultiplexing ------------------------------------------------------------ */

START_TEST(test_binding_is_answered_with_and_without_allocation)
{
	/* P14: a bare 20 bytes from the socket of the Allocate; 32 bytes back */
	static const uint8_t bare[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1};

	begin();
	ck_assert_int_eq(kit_give(&k, &ann, bare, sizeof(bare)), TURN_REPLY);
	ck_assert_uint_eq(k.v.len, 32);
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_give(&k, &ann, bare, sizeof(bare)), TURN_REPLY);
	ck_assert_uint_eq(k.v.len, 32);
	kit_client(&k, &ben, "2600::9", 5000, "meet.ben.p");
	ck_assert_int_eq(kit_give(&k, &ben, bare, sizeof(bare)), TURN_REPLY);
	ck_assert_uint_eq(k.v.len, 44);		/* D5 */
	kit_stop(&k);
}
END_TEST

START_TEST(test_drops_what_is_no_request)
{
	/* P1, P2, P3: junk, wrong length, responses, indications of requests' methods */
	static const uint8_t first[] = {4, 20, 63, 80, 127, 128, 192, 255};
	uint8_t bytes[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1};
	size_t i;

	begin();
	ck_assert_int_eq(kit_give(&k, &ann, bytes, 0), TURN_DROP);
	for (i = 0; i < sizeof(first); i++) {
		bytes[0] = first[i];
		ck_assert_int_eq(kit_give(&k, &ann, bytes, 20), TURN_DROP);
	}
	memcpy(bytes, "\0\1\0\4", 4);
	ck_assert_int_eq(kit_give(&k, &ann, bytes, 20), TURN_DROP);
	memcpy(bytes, "\1\3\0\0", 4);		/* Allocate success */
	ck_assert_int_eq(kit_give(&k, &ann, bytes, 20), TURN_DROP);
	memcpy(bytes, "\1\23\0\0", 4);		/* Allocate error */
	ck_assert_int_eq(kit_give(&k, &ann, bytes, 20), TURN_DROP);
	memcpy(bytes, "\0\23\0\0", 4);		/* Allocate indication */
	ck_assert_int_eq(kit_give(&k, &ann, bytes, 20), TURN_DROP);
	memcpy(bytes, "\0\6\0\0", 4);		/* Send request */
	ck_assert_int_eq(kit_give(&k, &ann, bytes, 20), TURN_DROP);
	memcpy(bytes, "\0\21\0\0", 4);		/* Binding indication */
	ck_assert_int_eq(kit_give(&k, &ann, bytes, 20), TURN_DROP);
	memcpy(bytes, "\0\12\0\0", 4);		/* Connect of RFC 6062 */
	ck_assert_int_eq(kit_give(&k, &ann, bytes, 20), TURN_DROP);
	kit_stop(&k);
}
END_TEST

START_TEST(test_teredo_and_6to4_clients_get_silence)
{
	/* G3, RFC 8656 section 21.4 */
	begin();
	kit_client(&k, &ann, "2001::1", 4000, "meet.ann.p");
	ck_assert_int_eq(kit_challenge(&k, &ann), KIT_DROPPED);
	kit_client(&k, &ann, "2002:102:304::1", 4000, "meet.ann.p");
	ck_assert_int_eq(kit_challenge(&k, &ann), KIT_DROPPED);
	kit_client(&k, &ann, "2600::1", 4000, "meet.ann.p");
	ck_assert_int_eq(kit_challenge(&k, &ann), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_fingerprint_is_answered_in_kind)
{
	/* F3: iff the request had one */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert(!k.msg.fingerprint);
	ben.fingerprint = true;
	ck_assert_int_eq(kit_allocate(&k, &ben), 0);
	ck_assert(k.msg.fingerprint);
	kit_stop(&k);
}
END_TEST

/* --- Allocate ------------------------------------------------------------------ */

START_TEST(test_allocate_says_all_that_browsers_need)
{
	/* L12: relayed and mapped address, lifetime, integrity; I6: no names */
	struct turn_addr mapped;
	struct stun_attr attr;

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_uint_eq(ann.relayed_count, 1);
	ck_assert(is_host(&ann.relayed[0], KIT_RELAY4));
	ck_assert_uint_ge(ann.relayed[0].port, 49152);
	ck_assert_uint_eq(kit_lifetime(&k), 600);
	ck_assert(stun_find(&k.msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &attr));
	ck_assert_int_eq(turn_get_addr(&k.msg, &attr, &mapped), 0);
	ck_assert(turn_addr_equal(&mapped, &ann.tuple.client));
	ck_assert(!reply_has(STUN_ATTR_USERNAME) && !reply_has(STUN_ATTR_REALM) &&
		  !reply_has(STUN_ATTR_NONCE) && !reply_has(STUN_ATTR_SOFTWARE) &&
		  !reply_has(STUN_ATTR_INTEGRITY_SHA256));
	/* W8: bound to the private address, which nobody is told */
	ck_assert(is_host(&kit_sock_at(&k, 4, ann.relayed[0].port)->local, KIT_BIND4));
	kit_stop(&k);
}
END_TEST

START_TEST(test_software_is_said_to_the_authenticated_only)
{
	/* L12 */
	kit_init(&k);
	strcpy(k.conf.software, "Paravent");
	start();
	ck_assert_int_eq(kit_challenge(&k, &ann), 401);
	ck_assert(!reply_has(STUN_ATTR_SOFTWARE));
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert(reply_has(STUN_ATTR_SOFTWARE));
	kit_stop(&k);
}
END_TEST

START_TEST(test_allocate_needs_transport_udp)
{
	/* L2: missing or malformed 400, another one 442 */
	struct kit_ask ask;

	begin();
	ask = kit_ask(&k, TURN_ALLOCATE);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	ask = kit_ask(&k, TURN_ALLOCATE);
	stun_put(&ask.o, TURN_ATTR_REQUESTED_TRANSPORT, "\x11", 1);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	ask = kit_ask(&k, TURN_ALLOCATE);
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_TRANSPORT, 6);
	ck_assert_int_eq(kit_send(&ask, &ann), 442);
	ask = kit_ask(&k, TURN_ALLOCATE);
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_TRANSPORT, 132);
	ck_assert_int_eq(kit_send(&ask, &ann), 442);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_retransmitted_allocate_gets_the_same_success)
{
	/* L1: same transaction id, same relay and token, the lifetime that is left */
	struct turn_addr first;
	uint8_t token[TURN_TOKEN_SIZE], again[TURN_TOKEN_SIZE];

	begin();
	kit_challenge(&k, &ann);
	ck_assert_int_eq(allocate_even(&ann, true), 0);
	first = ann.relayed[0];
	read_token(token);
	k.now_ms += 100000;
	k.tids--;
	ck_assert_int_eq(allocate_even(&ann, true), 0);
	ck_assert(turn_addr_equal(&first, &ann.relayed[0]));
	read_token(again);
	ck_assert_mem_eq(token, again, sizeof(token));
	ck_assert_uint_eq(kit_lifetime(&k), 500);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 1);
	kit_stop(&k);
}
END_TEST

START_TEST(test_second_allocate_on_a_tuple_is_437)
{
	/* L1 */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_allocate(&k, &ann), 437);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 1);
	kit_stop(&k);
}
END_TEST

START_TEST(test_another_users_transaction_is_no_retransmission)
{
	/* L1: whoever guesses it is not told the relayed address */
	begin();
	kit_challenge(&k, &ann);
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	kit_credentials(&k, &ann, KIT_SECRET, "meet.eve.p", 3600);
	k.tids--;
	ck_assert_int_eq(kit_allocate(&k, &ann), 437);
	kit_stop(&k);
}
END_TEST

START_TEST(test_a_tuple_is_all_five)
{
	/* L0: another port, another local address or port, another transport */
	struct kit_client c[4];

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	for (size_t i = 0; i < 4; i++)
		c[i] = ann;
	c[0].tuple.client.port++;
	c[1].tuple.local.port = 443;
	c[2].tuple.local = kit_addr("20.0.0.6", 3478);
	c[3].tuple.transport = TURN_TCP;
	for (size_t i = 0; i < 4; i++) {
		c[i].nonce_len = 0;
		ck_assert_int_eq(kit_refresh(&k, &c[i], 600), 437);
		ck_assert_int_eq(kit_allocate(&k, &c[i]), 0);
	}
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 5);
	kit_stop(&k);
}
END_TEST

START_TEST(test_lifetime_is_between_600_and_the_maximum)
{
	/* L11, R3, R4 */
	static const struct { uint32_t asked, granted; } table[] = {
		{1, 600}, {599, 600}, {600, 600}, {601, 601}, {1800, 1800},
		{1801, 1800}, {3600, 1800}, {0xffffffff, 1800},
	};

	kit_init(&k);
	k.conf.lifetime_max_s = 1800;
	start();
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct kit_ask ask;

		kit_client(&k, &ann, "203.0.113.7", (uint16_t)(4000 + i), "m.a.p");
		kit_challenge(&k, &ann);
		ask = ask_allocate();
		turn_put_u32(&ask.o, TURN_ATTR_LIFETIME, table[i].asked);
		ck_assert_int_eq(kit_send(&ask, &ann), 0);
		ck_assert_uint_eq(kit_lifetime(&k), table[i].granted);
		ck_assert_int_eq(kit_refresh(&k, &ann, table[i].asked), 0);
		ck_assert_uint_eq(kit_lifetime(&k), table[i].granted);
	}
	/* in an Allocate, 0 asks for nothing special */
	kit_client(&k, &ann, "203.0.113.7", 3999, "m.a.p");
	{
		struct kit_ask ask = ask_allocate();

		turn_put_u32(&ask.o, TURN_ATTR_LIFETIME, 0);
		ck_assert_int_eq(kit_send(&ask, &ann), 0);
		ck_assert_uint_eq(kit_lifetime(&k), 600);
	}
	kit_stop(&k);
}
END_TEST

START_TEST(test_absent_family_is_v4_even_for_v6_clients)
{
	/* L6 */
	begin();
	kit_client(&k, &ann, "2600::77", 4000, "meet.ann.p");
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_uint_eq(ann.relayed[0].family, 4);
	kit_stop(&k);
}
END_TEST

START_TEST(test_family_that_is_off_or_unknown_is_440)
{
	/* L6 */
	kit_init(&k);
	k.conf.v4.on = false;
	start();
	ck_assert_int_eq(kit_allocate(&k, &ann), 440);
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_REQUESTED_FAMILY, 1), 440);
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_REQUESTED_FAMILY, 3), 440);
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_REQUESTED_FAMILY, 2), 0);
	ck_assert_uint_eq(ann.relayed[0].family, 6);
	kit_stop(&k);

	kit_init(&k);
	k.conf.v6.on = false;
	start();
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_REQUESTED_FAMILY, 2), 440);
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_REQUESTED_FAMILY, 1), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_what_does_not_go_together_is_400)
{
	/* L4, L5 */
	static const uint8_t token[TURN_TOKEN_SIZE] = {1, 2, 3};
	static const uint8_t reserve = 0x80;
	struct kit_ask ask;

	begin();
	kit_challenge(&k, &ann);

	ask = ask_allocate();		/* both family attributes */
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_FAMILY, 1);
	kit_put_u8(&ask, TURN_ATTR_ADDITIONAL_FAMILY, 2);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_ADDITIONAL_FAMILY, 1), 400);

	ask = ask_allocate();		/* a pair, of both families */
	stun_put(&ask.o, TURN_ATTR_EVEN_PORT, &reserve, 1);
	kit_put_u8(&ask, TURN_ATTR_ADDITIONAL_FAMILY, 2);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);

	ask = ask_allocate();		/* a token, and what it settles */
	stun_put(&ask.o, TURN_ATTR_RESERVATION_TOKEN, token, 8);
	stun_put(&ask.o, TURN_ATTR_EVEN_PORT, "", 1);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	ask = ask_allocate();
	stun_put(&ask.o, TURN_ATTR_RESERVATION_TOKEN, token, 8);
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_FAMILY, 1);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	ask = ask_allocate();
	stun_put(&ask.o, TURN_ATTR_RESERVATION_TOKEN, token, 8);
	kit_put_u8(&ask, TURN_ATTR_ADDITIONAL_FAMILY, 2);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	ck_assert_uint_eq(k.opened, 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_wrong_lengths_are_400)
{
	/* P9 */
	static const struct { uint16_t type, len; } table[] = {
		{TURN_ATTR_LIFETIME, 3}, {TURN_ATTR_LIFETIME, 5},
		{TURN_ATTR_REQUESTED_FAMILY, 1}, {TURN_ATTR_ADDITIONAL_FAMILY, 8},
		{TURN_ATTR_EVEN_PORT, 4}, {TURN_ATTR_RESERVATION_TOKEN, 7},
		{TURN_ATTR_RESERVATION_TOKEN, 9}, {TURN_ATTR_DONT_FRAGMENT, 4},
	};
	static const uint8_t zeros[16];

	begin();
	kit_challenge(&k, &ann);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct kit_ask ask = ask_allocate();

		stun_put(&ask.o, table[i].type, zeros, table[i].len);
		ck_assert_int_eq(kit_send(&ask, &ann), 400);
	}
	kit_stop(&k);
}
END_TEST

START_TEST(test_first_of_an_attribute_counts)
{
	/* P6 */
	struct kit_ask ask;

	begin();
	kit_challenge(&k, &ann);
	ask = ask_allocate();
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_TRANSPORT, 6);
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_FAMILY, 2);
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_FAMILY, 1);
	ck_assert_int_eq(kit_send(&ask, &ann), 0);
	ck_assert_uint_eq(ann.relayed[0].family, 6);
	kit_stop(&k);
}
END_TEST

START_TEST(test_additional_family_gives_two_relays)
{
	/* L7 */
	begin();
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_ADDITIONAL_FAMILY, 2), 0);
	ck_assert_uint_eq(ann.relayed_count, 2);
	ck_assert_uint_eq(ann.relayed[0].family, 4);
	ck_assert_uint_eq(ann.relayed[1].family, 6);
	ck_assert(!reply_has(TURN_ATTR_ADDRESS_ERROR_CODE));
	ck_assert_uint_eq(kit_count(&k, TURN_PORTS), 2);
	kit_stop(&k);
}
END_TEST

START_TEST(test_half_of_two_families_is_a_success_that_says_so)
{
	/* L7: ADDRESS-ERROR-CODE 440 where a family is off, 508 without a port */
	struct stun_attr attr;

	kit_init(&k);
	k.conf.v6.on = false;
	start();
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_ADDITIONAL_FAMILY, 2), 0);
	ck_assert_uint_eq(ann.relayed_count, 1);
	ck_assert(stun_find(&k.msg, TURN_ATTR_ADDRESS_ERROR_CODE, &attr));
	ck_assert_uint_eq(attr.len, 4);
	ck_assert_mem_eq(attr.value, "\2\0\4\50", 4);
	kit_stop(&k);

	begin();
	kit_challenge(&k, &ann);
	k.open_err = ERR_UNAVAILABLE;
	k.open_err_times = 1;
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_ADDITIONAL_FAMILY, 2), 0);
	ck_assert_uint_eq(ann.relayed[0].family, 6);
	ck_assert(stun_find(&k.msg, TURN_ATTR_ADDRESS_ERROR_CODE, &attr));
	ck_assert_mem_eq(attr.value, "\1\0\5\10", 4);
	k.open_err_times = 2;
	ck_assert_int_eq(allocate_with(&ben, TURN_ATTR_ADDITIONAL_FAMILY, 2), 508);
	kit_stop(&k);
}
END_TEST

START_TEST(test_even_port_is_even)
{
	/* L8, R = 0: nothing is reserved */
	begin();
	for (uint16_t i = 0; i < 12; i++) {
		kit_client(&k, &ann, "203.0.113.7", (uint16_t)(4000 + i), "m.a.p");
		ck_assert_int_eq(allocate_even(&ann, false), 0);
		ck_assert_uint_eq(ann.relayed[0].port % 2, 0);
		ck_assert(!reply_has(TURN_ATTR_RESERVATION_TOKEN));
	}
	ck_assert_uint_eq(kit_count(&k, TURN_PORTS), 12);
	kit_stop(&k);
}
END_TEST

START_TEST(test_reserved_port_is_redeemed_by_any_tuple)
{
	/* L8, R = 1 */
	uint8_t token[TURN_TOKEN_SIZE];

	begin();
	ck_assert_int_eq(allocate_even(&ann, true), 0);
	read_token(token);
	ck_assert_uint_eq(ann.relayed[0].port % 2, 0);
	ck_assert_uint_eq(kit_count(&k, TURN_RESERVATIONS), 1);
	ck_assert_uint_eq(kit_count(&k, TURN_PORTS), 2);
	k.now_ms += 29999;
	turn_tick(k.ts, k.now_ms);
	ck_assert_int_eq(allocate_token(&ben, token), 0);
	ck_assert_uint_eq(ben.relayed[0].port, ann.relayed[0].port + 1u);
	ck_assert_uint_eq(kit_count(&k, TURN_RESERVATIONS), 0);
	ck_assert_uint_eq(kit_count(&k, TURN_PORTS), 2);
	/* once only */
	ben.tuple.client.port++;
	ben.nonce_len = 0;
	ck_assert_int_eq(allocate_token(&ben, token), 508);
	kit_stop(&k);
}
END_TEST

START_TEST(test_reservation_ends_after_30_seconds)
{
	/* L8, L4: 508 for an expired and for an unknown token */
	uint8_t token[TURN_TOKEN_SIZE];

	begin();
	ck_assert_int_eq(allocate_even(&ann, true), 0);
	read_token(token);
	k.now_ms += 30000;
	ck_assert_int_eq(allocate_token(&ben, token), 508);
	turn_tick(k.ts, k.now_ms);
	ck_assert_uint_eq(kit_count(&k, TURN_RESERVATIONS), 0);
	ck_assert_uint_eq(kit_count(&k, TURN_PORTS), 1);
	ck_assert_int_eq(allocate_token(&ben, token), 508);
	kit_stop(&k);
}
END_TEST

START_TEST(test_port_that_somebody_else_has_is_skipped)
{
	/* W9: bind is the arbiter; 0.19 */
	kit_init(&k);
	k.conf.port_min = 50000;
	k.conf.port_max = 50003;
	k.taken_port = 50001;
	start();
	for (uint16_t i = 0; i < 3; i++) {
		kit_client(&k, &ann, "203.0.113.7", (uint16_t)(4000 + i), "m.a.p");
		ck_assert_int_eq(kit_allocate(&k, &ann), 0);
		ck_assert_uint_ne(ann.relayed[0].port, 50001);
	}
	kit_client(&k, &ann, "203.0.113.7", 4999, "m.a.p");
	ck_assert_int_eq(kit_allocate(&k, &ann), 508);
	/* a pair whose second half is taken is given back whole */
	ck_assert_int_eq(allocate_even(&ann, true), 508);
	ck_assert_uint_eq(kit_count(&k, TURN_PORTS), 3);
	ck_assert_uint_eq(k.socks_open, 3);
	kit_stop(&k);
}
END_TEST

START_TEST(test_no_port_is_508_and_leaves_nothing)
{
	/* L9; D2: every exit gives back */
	kit_init(&k);
	k.open_err = ERR_UNAVAILABLE;
	k.open_err_times = 1000;
	start();
	ck_assert_int_eq(kit_allocate(&k, &ann), 508);
	ck_assert_int_eq(allocate_even(&ann, true), 508);
	ck_assert_uint_eq(kit_count(&k, TURN_PORTS), 0);
	ck_assert_uint_eq(kit_count(&k, TURN_USERS), 0);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 0);
	k.open_err = 0;
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_unknown_required_attributes_are_listed_after_authentication)
{
	/* P8: 420 with all of them, signed; unknown optional ones are ignored */
	struct kit_ask ask;
	struct stun_attr attr;

	begin();
	ask = ask_allocate();
	stun_put(&ask.o, 0x7ffe, "", 0);
	ck_assert_int_eq(kit_send_bare(&ask, &ann), 401);
	ask = ask_allocate();
	stun_put(&ask.o, 0x7ffe, "", 0);
	stun_put(&ask.o, 0x002a, "ab", 2);
	stun_put(&ask.o, 0xff05, "log", 3);
	ck_assert_int_eq(kit_send(&ask, &ann), 420);
	ck_assert(stun_find(&k.msg, STUN_ATTR_UNKNOWN, &attr));
	ck_assert_uint_eq(attr.len, 4);
	ck_assert_mem_eq(attr.value, "\x7f\xfe\x00\x2a", 4);
	ask = ask_allocate();
	stun_put(&ask.o, 0xff05, "log", 3);
	ck_assert_int_eq(kit_send(&ask, &ann), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_attributes_behind_integrity_do_not_exist)
{
	/* P7, 0.7: an unsigned LIFETIME of 0 behind the signature deletes nothing */
	struct kit_ask ask;
	uint8_t key[TURNCRED_KEY_MAX];
	size_t key_len;

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ask = kit_ask(&k, TURN_REFRESH);
	stun_put(&ask.o, STUN_ATTR_USERNAME, ann.username, strlen(ann.username));
	stun_put(&ask.o, STUN_ATTR_REALM, KIT_REALM, strlen(KIT_REALM));
	stun_put(&ask.o, STUN_ATTR_NONCE, ann.nonce, ann.nonce_len);
	key_len = turncred_key(key, TURNCRED_MD5, ann.username, strlen(ann.username),
			       KIT_REALM, ann.password);
	stun_put_sha1(&ask.o, key, key_len);
	turn_put_u32(&ask.o, TURN_ATTR_LIFETIME, 0);
	ck_assert_int_eq(kit_send_bare(&ask, &ann), 0);
	ck_assert_uint_eq(kit_lifetime(&k), 600);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 1);
	kit_stop(&k);
}
END_TEST

START_TEST(test_draining_refuses_what_is_new)
{
	/* E8 */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	turn_drain(k.ts);
	ck_assert_int_eq(kit_allocate(&k, &ben), 508);
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
	kit_stop(&k);
}
END_TEST

/* --- Refresh, and the end ------------------------------------------------------- */

START_TEST(test_unknown_tuple_is_437_for_each_method)
{
	/* R1, 1.9 */
	begin();
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 437);
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 437);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 437);
	kit_stop(&k);
}
END_TEST

START_TEST(test_lifetime_zero_deletes_now)
{
	/* R2: the next Refresh is 437, a new Allocate on that tuple succeeds */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_refresh(&k, &ann, 0), 0);
	ck_assert(reply_has(TURN_ATTR_LIFETIME));
	ck_assert_uint_eq(kit_lifetime(&k), 0);
	ck_assert_uint_eq(k.socks_open, 0);
	ck_assert(!k.event.opened && k.event.reason == TURN_CLOSED_DELETED);
	ck_assert_int_eq(kit_refresh(&k, &ann, 0), 437);
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 437);
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_allocation_lives_its_time_and_not_longer)
{
	/* L11, A11; ten hours in a millisecond: refreshes, then none */
	int stale = 0;

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	for (int i = 0; i < 60; i++) {
		k.now_ms += 599999;
		turn_tick(k.ts, k.now_ms);
		if (kit_refresh(&k, &ann, 600) == 438) {
			stale++;
			ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
		}
		ck_assert_uint_eq(kit_lifetime(&k), 600);
	}
	ck_assert_int_eq(stale, 9);
	k.now_ms += 600000;
	/* exactly, even before the tick */
	ann.nonce_len = 0;
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 437);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 0);
	ck_assert_int_eq(k.event.reason, TURN_CLOSED_EXPIRED);
	ck_assert_uint_eq(k.event.seconds, 36599);
	kit_stop(&k);
}
END_TEST

START_TEST(test_tick_closes_what_has_expired)
{
	/* W11: within a second of its time */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	k.now_ms += 300000;
	ck_assert_int_eq(kit_allocate(&k, &ben), 0);
	k.now_ms += 299999;
	turn_tick(k.ts, k.now_ms);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 2);
	k.now_ms += 1;
	turn_tick(k.ts, k.now_ms);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 1);
	k.now_ms += 86400000;
	turn_tick(k.ts, k.now_ms);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 0);
	ck_assert_uint_eq(kit_count(&k, TURN_PORTS), 0);
	kit_stop(&k);
}
END_TEST

static int refresh_family(struct kit_client *c, uint8_t family, uint32_t lifetime_s)
{
	struct kit_ask ask = kit_ask(&k, TURN_REFRESH);

	kit_put_u8(&ask, TURN_ATTR_REQUESTED_FAMILY, family);
	turn_put_u32(&ask.o, TURN_ATTR_LIFETIME, lifetime_s);
	return kit_send(&ask, c);
}

START_TEST(test_half_of_a_dual_allocation_can_go)
{
	/* R3 */
	begin();
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_ADDITIONAL_FAMILY, 2), 0);
	ck_assert_int_eq(refresh_family(&ann, 2, 0), 0);
	ck_assert_uint_eq(k.socks_open, 1);
	ck_assert_int_eq(refresh_family(&ann, 2, 600), 443);
	ck_assert_int_eq(kit_permit(&k, &ann, "2600::99"), 443);
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	ck_assert_int_eq(refresh_family(&ann, 1, 0), 0);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_halves_of_a_dual_allocation_expire_apart)
{
	/* R3 */
	begin();
	ck_assert_int_eq(allocate_with(&ann, TURN_ATTR_ADDITIONAL_FAMILY, 2), 0);
	k.now_ms += 400000;
	ck_assert_int_eq(refresh_family(&ann, 1, 600), 0);
	k.now_ms += 200000;
	ck_assert_int_eq(refresh_family(&ann, 2, 600), 443);
	turn_tick(k.ts, k.now_ms);
	ck_assert_uint_eq(k.socks_open, 1);
	ck_assert_int_eq(kit_refresh(&k, &ann, 0), 0);
	ck_assert_uint_eq(k.socks_open, 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_refresh_of_a_family_never_had_is_443)
{
	/* R3 */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(refresh_family(&ann, 2, 600), 443);
	ck_assert_int_eq(refresh_family(&ann, 9, 600), 443);
	ck_assert_int_eq(refresh_family(&ann, 1, 600), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_connection_that_ends_takes_its_allocation)
{
	/* L15 */
	begin();
	ann.tuple.transport = TURN_TLS;
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert(turn_is_allocated(k.ts, k.now_ms, &ann.tuple));
	turn_stream_gone(k.ts, k.now_ms, &ann.tuple);
	turn_stream_gone(k.ts, k.now_ms, &ann.tuple);
	ck_assert(!turn_is_allocated(k.ts, k.now_ms, &ann.tuple));
	ck_assert_uint_eq(k.socks_open, 0);
	ck_assert_int_eq(k.event.reason, TURN_CLOSED_GONE);
	ck_assert_int_eq(k.event.transport, TURN_TLS);
	kit_stop(&k);
}
END_TEST

/* --- Permissions and channels ---------------------------------------------------- */

START_TEST(test_permission_needs_a_peer_address)
{
	/* C1, P9 */
	struct kit_ask ask;

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ask = kit_ask(&k, TURN_CREATE_PERMISSION);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	ask = kit_ask(&k, TURN_CREATE_PERMISSION);
	stun_put(&ask.o, TURN_ATTR_XOR_PEER_ADDRESS, "\0\1\0\0\1\2\3", 7);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	ask = kit_ask(&k, TURN_CREATE_PERMISSION);
	stun_put(&ask.o, TURN_ATTR_XOR_PEER_ADDRESS, "\0\2\0\0\1\2\3\4", 8);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	/* a good one does not heal a bad one */
	ask = kit_ask(&k, TURN_CREATE_PERMISSION);
	kit_put_peer(&ask, KIT_PEER, 0);
	stun_put(&ask.o, TURN_ATTR_XOR_PEER_ADDRESS, "\0\3\0\0\1\2\3\4", 8);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DROP);
	kit_stop(&k);
}
END_TEST

START_TEST(test_peer_of_another_family_is_443)
{
	/* C1, H1 */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_permit(&k, &ann, "2600::99"), 443);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, "2600::99", 9), 443);
	kit_stop(&k);
}
END_TEST

START_TEST(test_forbidden_peer_is_403_and_nothing_is_installed)
{
	/* C1: all or nothing; 0.3 */
	struct kit_ask ask;

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_permit(&k, &ann, "10.0.0.1"), 403);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, "127.0.0.1", 9), 403);
	ask = kit_ask(&k, TURN_CREATE_PERMISSION);
	kit_put_peer(&ask, KIT_PEER, 0);
	kit_put_peer(&ask, "169.254.169.254", 0);
	ck_assert_int_eq(kit_send(&ask, &ann), 403);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DROP);
	kit_stop(&k);
}
END_TEST

START_TEST(test_many_peers_in_one_request_are_all_installed)
{
	/* C1, P6 */
	struct kit_ask ask;

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ask = kit_ask(&k, TURN_CREATE_PERMISSION);
	kit_put_peer(&ask, "8.8.4.4", 0);
	kit_put_peer(&ask, "8.8.8.8", 1);
	kit_put_peer(&ask, "9.9.9.9", 2);
	ck_assert_int_eq(kit_send(&ask, &ann), 0);
	ck_assert_int_eq(kit_indicate(&k, &ann, "8.8.4.4", 9, "x", 1), TURN_RELAY);
	ck_assert_int_eq(kit_indicate(&k, &ann, "8.8.8.8", 9, "x", 1), TURN_RELAY);
	ck_assert_int_eq(kit_indicate(&k, &ann, "9.9.9.9", 9, "x", 1), TURN_RELAY);
	kit_stop(&k);
}
END_TEST

START_TEST(test_sixty_fifth_permission_is_403)
{
	/* C3, D2: one by one, and all in one request */
	struct kit_ask ask;
	char ip[32];

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	for (int i = 0; i < 65; i++) {
		snprintf(ip, sizeof(ip), "8.8.4.%d", i);
		ck_assert_int_eq(kit_permit(&k, &ann, ip), i < 64 ? 0 : 403);
	}
	ck_assert_int_eq(kit_permit(&k, &ann, "8.8.4.63"), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, "8.8.5.5", 9), 403);
	/* they end, and make room */
	k.now_ms += 300000;
	ask = kit_ask(&k, TURN_CREATE_PERMISSION);
	for (int i = 0; i < 65; i++) {
		snprintf(ip, sizeof(ip), "8.8.6.%d", i);
		kit_put_peer(&ask, ip, 0);
	}
	ck_assert_int_eq(kit_send(&ask, &ann), 403);
	ck_assert_int_eq(kit_permit(&k, &ann, "8.8.7.7"), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_channel_numbers_are_of_rfc_8656)
{
	/* H1 */
	struct kit_ask ask;

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x3fff, KIT_PEER, 9), 400);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x5000, KIT_PEER, 9), 400);
	ck_assert_int_eq(kit_bind(&k, &ann, 0xffff, KIT_PEER, 9), 400);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4fff, KIT_PEER, 10), 0);
	ask = kit_ask(&k, TURN_CHANNEL_BIND);
	kit_put_peer(&ask, KIT_PEER, 11);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	ask = kit_ask(&k, TURN_CHANNEL_BIND);
	turn_put_channel(&ask.o, 0x4001);
	ck_assert_int_eq(kit_send(&ask, &ann), 400);
	kit_stop(&k);
}
END_TEST

START_TEST(test_old_channel_numbers_only_where_tests_ask)
{
	/* 0.15, H6 */
	kit_init(&k);
	k.conf.rfc5766_channels = true;
	start();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x7ffe, KIT_PEER, 9), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x7fff, KIT_PEER, 10), 400);
	ck_assert_int_eq(kit_channel(&k, &ann, 0x7ffe, "x", 1), TURN_RELAY);
	kit_stop(&k);

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x7ffe, KIT_PEER, 9), 400);
	kit_stop(&k);
}
END_TEST

START_TEST(test_channel_conflicts_are_400)
{
	/* H1, H2: a number to one peer, a peer to one number, again the same is fine */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 10), 400);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4001, KIT_PEER, 9), 400);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	/* H3: another allocation has numbers of its own */
	ck_assert_int_eq(kit_allocate(&k, &ben), 0);
	ck_assert_int_eq(kit_bind(&k, &ben, 0x4000, KIT_PEER, 10), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_sixty_fifth_channel_is_508)
{
	/* H1, D2 */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	for (uint16_t i = 0; i < 65; i++)
		ck_assert_int_eq(kit_bind(&k, &ann, (uint16_t)(0x4000 + i), KIT_PEER,
					  (uint16_t)(9 + i)),
				 i < 64 ? 0 : 508);
	kit_stop(&k);
}
END_TEST

START_TEST(test_port_zero_cannot_be_bound)
{
	/* G4, and the operator's own list */
	kit_init(&k);
	k.conf.peers.deny_port[0] = 53;
	k.conf.peers.deny_port_count = 1;
	start();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 0), 403);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 53), 403);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 54), 0);
	kit_stop(&k);
}
END_TEST

/* --- Events and leaks ------------------------------------------------------------- */

START_TEST(test_event_tells_the_story_without_addresses)
{
	/* D9: id, transport, bytes, seconds */
	begin();
	ann.tuple.transport = TURN_TCP;
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert(k.event.opened && !k.event.weak);
	ck_assert_str_eq(k.event.id, "meet.ann.p");
	ck_assert_int_eq(k.event.transport, TURN_TCP);
	kit_permit(&k, &ann, KIT_PEER);
	kit_indicate(&k, &ann, KIT_PEER, 9, "hello", 5);
	kit_peer(&k, &ann, KIT_PEER, 9, "hi!", 3);
	kit_peer(&k, &ann, KIT_PEER, 9, "hi!", 3);
	k.now_ms += 61500;
	ck_assert_int_eq(kit_refresh(&k, &ann, 0), 0);
	ck_assert(!k.event.opened);
	ck_assert_str_eq(k.event.id, "meet.ann.p");
	ck_assert_uint_eq(k.event.bytes_up, 5);
	ck_assert_uint_eq(k.event.packets_up, 1);
	ck_assert_uint_eq(k.event.bytes_down, 6);
	ck_assert_uint_eq(k.event.packets_down, 2);
	ck_assert_uint_eq(k.event.seconds, 61);
	kit_stop(&k);
}
END_TEST

START_TEST(test_refusals_are_counted_by_their_code)
{
	/* G9: counted, not logged */
	begin();
	kit_challenge(&k, &ann);
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 437);
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_permit(&k, &ann, "10.0.0.1"), 403);
	ck_assert_int_eq(kit_permit(&k, &ann, "10.0.0.1"), 403);
	ck_assert_int_eq(kit_permit(&k, &ann, "2600::99"), 443);
	k.now_ms += 3600000;
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 438);
	turn_drain(k.ts);
	ck_assert_int_eq(kit_allocate(&k, &ann), 508);
	ck_assert_uint_eq(kit_count(&k, TURN_REFUSED_401), 1);
	ck_assert_uint_eq(kit_count(&k, TURN_REFUSED_403), 2);
	ck_assert_uint_eq(kit_count(&k, TURN_REFUSED_437), 1);
	ck_assert_uint_eq(kit_count(&k, TURN_REFUSED_438), 1);
	ck_assert_uint_eq(kit_count(&k, TURN_REFUSED_QUOTA), 1);
	ck_assert_uint_eq(kit_count(&k, TURN_REFUSED_OTHER), 1);
	ck_assert_uint_eq(kit_count(&k, TURN_REQUESTS), 8);
	kit_stop(&k);
}
END_TEST

START_TEST(test_hundred_thousand_cycles_leave_nothing)
{
	/* D2: by Refresh, by expiry, by a connection's end, by a refusal */
	uint8_t none[TURN_TOKEN_SIZE] = {0};

	begin();
	kit_challenge(&k, &ann);
	for (int i = 0; i < 100000; i++) {
		int kind = i % 5;

		ann.tuple.transport = kind == 2 ? TURN_TCP : TURN_UDP;
		if (k.now_ms % 3600000 < 1000)
			ann.nonce_len = 0;
		if (kind == 3) {
			ck_assert_int_ge(allocate_token(&ann, none), 400);
			ann.nonce_len = 0;
		} else if (kind == 4) {
			ck_assert_int_eq(allocate_even(&ann, true), 0);
			ck_assert_int_eq(kit_refresh(&k, &ann, 0), 0);
			k.now_ms += 30000;
			k.wall_ms += 30000;
		} else {
			ck_assert_int_eq(kit_allocate(&k, &ann), 0);
		}
		if (kind == 0)
			ck_assert_int_eq(kit_refresh(&k, &ann, 0), 0);
		if (kind == 1)
			k.now_ms += 600000;
		if (kind == 2)
			turn_stream_gone(k.ts, k.now_ms, &ann.tuple);
		turn_tick(k.ts, k.now_ms);
		kit_credentials(&k, &ann, KIT_SECRET, "meet.ann.p", 3600);
	}
	ck_assert_uint_eq(k.socks_open, 0);
	ck_assert_uint_eq(k.opened, k.closed);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 0);
	ck_assert_uint_eq(kit_count(&k, TURN_PORTS), 0);
	ck_assert_uint_eq(kit_count(&k, TURN_USERS), 0);
	ck_assert_uint_eq(kit_count(&k, TURN_RESERVATIONS), 0);
	ck_assert_uint_eq(kit_count(&k, TURN_OPENED), 80000);
	ck_assert_uint_eq(kit_count(&k, TURN_CLOSED), 80000);
	kit_stop(&k);
}
END_TEST

START_TEST(test_configuration_that_does_not_fit_is_refused)
{
	/* E7, L10: no wildcard, no privileged port, a realm */
	struct turn_server *ts = NULL;

	kit_init(&k);
	k.conf.port_min = 1023;
	ck_assert_int_eq(turn_server_new(&ts, &k.conf, &k.secrets, NULL, NULL),
			 ERR_RANGE);
	kit_init(&k);
	k.conf.v4.bind = kit_addr("0.0.0.0", 0);
	ck_assert_int_eq(turn_server_new(&ts, &k.conf, &k.secrets, NULL, NULL),
			 ERR_RANGE);
	kit_init(&k);
	k.conf.v6.advertise = kit_addr("20.0.0.5", 0);
	ck_assert_int_eq(turn_server_new(&ts, &k.conf, &k.secrets, NULL, NULL),
			 ERR_RANGE);
	kit_init(&k);
	k.conf.realm[0] = '\0';
	ck_assert_int_eq(turn_server_new(&ts, &k.conf, &k.secrets, NULL, NULL),
			 ERR_RANGE);
	kit_init(&k);
	k.secrets.current[0] = '\0';
	ck_assert_int_eq(turn_server_new(&ts, &k.conf, &k.secrets, NULL, NULL),
			 ERR_RANGE);
	ck_assert_ptr_null(ts);
	turn_server_free(NULL, 0);
}
END_TEST

UNIT_MAIN("turn", test_binding_is_answered_with_and_without_allocation,
	  test_drops_what_is_no_request, test_teredo_and_6to4_clients_get_silence,
	  test_fingerprint_is_answered_in_kind, test_allocate_says_all_that_browsers_need,
	  test_software_is_said_to_the_authenticated_only,
	  test_allocate_needs_transport_udp,
	  test_retransmitted_allocate_gets_the_same_success,
	  test_second_allocate_on_a_tuple_is_437,
	  test_another_users_transaction_is_no_retransmission, test_a_tuple_is_all_five,
	  test_lifetime_is_between_600_and_the_maximum,
	  test_absent_family_is_v4_even_for_v6_clients,
	  test_family_that_is_off_or_unknown_is_440, test_what_does_not_go_together_is_400,
	  test_wrong_lengths_are_400, test_first_of_an_attribute_counts,
	  test_additional_family_gives_two_relays,
	  test_half_of_two_families_is_a_success_that_says_so, test_even_port_is_even,
	  test_reserved_port_is_redeemed_by_any_tuple,
	  test_reservation_ends_after_30_seconds,
	  test_port_that_somebody_else_has_is_skipped,
	  test_no_port_is_508_and_leaves_nothing,
	  test_unknown_required_attributes_are_listed_after_authentication,
	  test_attributes_behind_integrity_do_not_exist, test_draining_refuses_what_is_new,
	  test_unknown_tuple_is_437_for_each_method, test_lifetime_zero_deletes_now,
	  test_allocation_lives_its_time_and_not_longer,
	  test_tick_closes_what_has_expired, test_half_of_a_dual_allocation_can_go,
	  test_halves_of_a_dual_allocation_expire_apart,
	  test_refresh_of_a_family_never_had_is_443,
	  test_connection_that_ends_takes_its_allocation,
	  test_permission_needs_a_peer_address, test_peer_of_another_family_is_443,
	  test_forbidden_peer_is_403_and_nothing_is_installed,
	  test_many_peers_in_one_request_are_all_installed,
	  test_sixty_fifth_permission_is_403, test_channel_numbers_are_of_rfc_8656,
	  test_old_channel_numbers_only_where_tests_ask, test_channel_conflicts_are_400,
	  test_sixty_fifth_channel_is_508, test_port_zero_cannot_be_bound,
	  test_event_tells_the_story_without_addresses,
	  test_refusals_are_counted_by_their_code,
	  test_hundred_thousand_cycles_leave_nothing,
	  test_configuration_that_does_not_fit_is_refused)
