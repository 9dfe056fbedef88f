#include "unit.h"

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
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_allocate(&k, &ben), 0);
}

static void begin(void)
{
	kit_init(&k);
	start();
}

static void relays_to(const char *ip, uint16_t port, const char *data)
{
	struct turn_addr to = kit_addr(ip, port);

	ck_assert_int_eq(k.v.action, TURN_RELAY);
	ck_assert(turn_addr_equal(k.v.to, &to));
	ck_assert_uint_eq(k.v.len, strlen(data));
	ck_assert_mem_eq(k.v.bytes, data, strlen(data));
}

/* The verdict is a Data indication from there with these bytes. */
static void indicates_from(const char *ip, uint16_t port, const char *data)
{
	struct turn_addr peer = kit_addr(ip, port), said;
	struct stun_attr attr;
	struct stun_msg msg;

	ck_assert_int_eq(k.v.action, TURN_DELIVER);
	ck_assert_int_eq(stun_decode(&msg, k.v.bytes, k.v.len), 0);
	ck_assert_int_eq(msg.class, STUN_INDICATION);
	ck_assert_uint_eq(msg.method, TURN_DATA);
	ck_assert(!msg.sha1 && !msg.fingerprint);
	ck_assert(stun_find(&msg, TURN_ATTR_XOR_PEER_ADDRESS, &attr));
	ck_assert_int_eq(turn_get_addr(&msg, &attr, &said), 0);
	ck_assert(turn_addr_equal(&peer, &said));
	ck_assert(stun_find(&msg, TURN_ATTR_DATA, &attr));
	ck_assert_uint_eq(attr.len, strlen(data));
	ck_assert_mem_eq(attr.value, data, strlen(data));
}

static void channels(uint16_t number, const char *data, size_t len)
{
	struct turn_channel_data said;

	ck_assert_int_eq(k.v.action, TURN_DELIVER);
	ck_assert_uint_eq(k.v.len, len);
	ck_assert_int_eq(turn_channel_get(&said, k.v.bytes, k.v.len), 0);
	ck_assert_uint_eq(said.number, number);
	ck_assert_uint_eq(said.len, strlen(data));
	ck_assert_mem_eq(k.v.bytes + 4, data, strlen(data));
}

/* --- Up ---------------------------------------------------------------------- */

START_TEST(test_send_goes_to_its_peer_in_place)
{
	/* S1, W6: the bytes of the packet itself, from the allocation's socket */
	begin();
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	kit_indicate(&k, &ann, KIT_PEER, 4711, "hello", 5);
	relays_to(KIT_PEER, 4711, "hello");
	ck_assert_ptr_eq(k.v.sock, kit_sock_at(&k, 4, ann.relayed[0].port));
	ck_assert(k.v.bytes > k.space && k.v.bytes < k.space + sizeof(k.space));
	ck_assert(!k.v.dont_fragment);
	/* an empty datagram is one too */
	kit_indicate(&k, &ann, KIT_PEER, 4711, "", 0);
	relays_to(KIT_PEER, 4711, "");
	kit_stop(&k);
}
END_TEST

START_TEST(test_send_without_permission_is_discarded)
{
	/* S1, C2: of this allocation, for this host, in its time */
	begin();
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_permit(&k, &ben, KIT_PEER), 0);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	ck_assert_int_eq(kit_indicate(&k, &ann, "8.8.8.8", 9, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 9, "x", 1), TURN_RELAY);
	kit_stop(&k);
}
END_TEST

START_TEST(test_permission_is_300_seconds_and_data_do_not_prolong_it)
{
	/* C2: exactly */
	begin();
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	k.now_ms += 299999;
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 9, "x", 1), TURN_RELAY);
	ck_assert_int_eq(kit_peer(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DELIVER);
	k.now_ms += 1;
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_peer(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 9, "x", 1), TURN_RELAY);
	kit_stop(&k);
}
END_TEST

START_TEST(test_send_that_is_not_whole_is_discarded)
{
	/* S1: without peer, without data; P8: unknown required; F1: wrong fingerprint */
	static const uint8_t tid[STUN_TID_SIZE];
	struct turn_addr peer = kit_addr(KIT_PEER, 9);
	uint8_t out[128];
	struct stun_out o;

	begin();
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	o = stun_begin(out, sizeof(out), STUN_INDICATION, TURN_SEND, tid);
	turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &peer);
	ck_assert_int_eq(kit_give(&k, &ann, out, (size_t)stun_end(&o)), TURN_DROP);
	stun_put(&o, TURN_ATTR_DATA, "x", 1);
	ck_assert_int_eq(kit_give(&k, &ann, out, (size_t)stun_end(&o)), TURN_RELAY);
	stun_put(&o, 0x9999, "optional", 8);
	ck_assert_int_eq(kit_give(&k, &ann, out, (size_t)stun_end(&o)), TURN_RELAY);
	stun_put(&o, 0x7999, "required", 8);
	ck_assert_int_eq(kit_give(&k, &ann, out, (size_t)stun_end(&o)), TURN_DROP);

	o = stun_begin(out, sizeof(out), STUN_INDICATION, TURN_SEND, tid);
	stun_put(&o, TURN_ATTR_DATA, "x", 1);
	ck_assert_int_eq(kit_give(&k, &ann, out, (size_t)stun_end(&o)), TURN_DROP);

	turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &peer);
	stun_put_fingerprint(&o);
	ck_assert_int_eq(kit_give(&k, &ann, out, (size_t)stun_end(&o)), TURN_RELAY);
	out[stun_end(&o) - 1] ^= 1;
	ck_assert_int_eq(kit_give(&k, &ann, out, (size_t)stun_end(&o)), TURN_DROP);
	kit_stop(&k);
}
END_TEST

START_TEST(test_first_peer_of_a_send_wins)
{
	/* P6 */
	static const uint8_t tid[STUN_TID_SIZE];
	struct turn_addr a = kit_addr(KIT_PEER, 9), b = kit_addr("8.8.8.8", 10);
	uint8_t out[128];
	struct stun_out o = stun_begin(out, sizeof(out), STUN_INDICATION, TURN_SEND, tid);

	begin();
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	ck_assert_int_eq(kit_permit(&k, &ann, "8.8.8.8"), 0);
	turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &a);
	turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &b);
	stun_put(&o, TURN_ATTR_DATA, "one", 3);
	stun_put(&o, TURN_ATTR_DATA, "two", 3);
	kit_give(&k, &ann, out, (size_t)stun_end(&o));
	relays_to(KIT_PEER, 9, "one");
	kit_stop(&k);
}
END_TEST

START_TEST(test_dont_fragment_is_for_its_packet)
{
	/* N2 */
	static const uint8_t tid[STUN_TID_SIZE];
	struct turn_addr peer = kit_addr(KIT_PEER, 9);
	uint8_t out[128];
	struct stun_out o = stun_begin(out, sizeof(out), STUN_INDICATION, TURN_SEND, tid);

	begin();
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &peer);
	stun_put(&o, TURN_ATTR_DONT_FRAGMENT, "", 0);
	stun_put(&o, TURN_ATTR_DATA, "x", 1);
	ck_assert_int_eq(kit_give(&k, &ann, out, (size_t)stun_end(&o)), TURN_RELAY);
	ck_assert(k.v.dont_fragment);
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_RELAY);
	ck_assert(!k.v.dont_fragment);
	kit_stop(&k);
}
END_TEST

START_TEST(test_port_zero_is_never_sent_to)
{
	/* G4 */
	begin();
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 0, "x", 1), TURN_DROP);
	ck_assert_uint_eq(kit_count(&k, TURN_DROP_POLICY), 1);
	kit_stop(&k);
}
END_TEST

START_TEST(test_channel_data_goes_to_the_bound_peer)
{
	/* H4, H6: any order of numbers; unbound, after its time: discarded */
	begin();
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4123, KIT_PEER, 9), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, "8.8.8.8", 10), 0);
	kit_channel(&k, &ann, 0x4123, "hello", 5);
	relays_to(KIT_PEER, 9, "hello");
	kit_channel(&k, &ann, 0x4000, "", 0);
	relays_to("8.8.8.8", 10, "");
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4001, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_channel(&k, &ben, 0x4000, "x", 1), TURN_DROP);
	ck_assert_uint_eq(kit_count(&k, TURN_DROP_UNBOUND), 3);
	kit_stop(&k);
}
END_TEST

START_TEST(test_channel_data_shorter_than_it_says_is_discarded)
{
	/* H4: a longer datagram's tail is ignored */
	begin();
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	ck_assert_int_eq(kit_give(&k, &ann, "\x40\0\0\3xx", 6), TURN_DROP);
	ck_assert_int_eq(kit_give(&k, &ann, "\x40\0\0\3xxx", 7), TURN_RELAY);
	ck_assert_int_eq(kit_give(&k, &ann, "\x40\0\0\3xxxtail", 11), TURN_RELAY);
	relays_to(KIT_PEER, 9, "xxx");
	ck_assert_int_eq(kit_give(&k, &ann, "\x40\0\0", 3), TURN_DROP);
	kit_stop(&k);
}
END_TEST

START_TEST(test_channel_lives_600_seconds_permission_300)
{
	/* H2, H5: upstream needs the channel, downstream the permission */
	begin();
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	k.now_ms += 300000;
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_RELAY);
	ck_assert_int_eq(kit_peer(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DROP);
	k.now_ms += 290000;
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
	k.now_ms += 9999;
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_RELAY);
	k.now_ms += 1;
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_DROP);
	/* over: number and peer are free for others */
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, "8.8.8.8", 9), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4001, KIT_PEER, 9), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_rebinding_prolongs_both)
{
	/* H2 */
	begin();
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	k.now_ms += 299000;
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	k.now_ms += 299999;
	ck_assert_int_eq(kit_peer(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DELIVER);
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
	k.now_ms += 300000;
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_RELAY);
	kit_stop(&k);
}
END_TEST

START_TEST(test_data_of_nobody_are_ignored)
{
	/* R1: no allocation, or one whose time is over, before any tick */
	begin();
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	ben.tuple.client.port++;
	ck_assert_int_eq(kit_channel(&k, &ben, 0x4000, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_indicate(&k, &ben, KIT_PEER, 9, "x", 1), TURN_DROP);
	k.now_ms += 599999;
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_RELAY);
	k.now_ms += 1;
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_DROP);
	kit_stop(&k);
}
END_TEST

/* --- Down -------------------------------------------------------------------- */

START_TEST(test_peer_without_permission_is_discarded)
{
	/* C2, D8: any port of a permitted host is fine */
	begin();
	ck_assert_int_eq(kit_peer(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	ck_assert_int_eq(kit_peer(&k, &ann, KIT_PEER, 9, "x", 1), TURN_DELIVER);
	ck_assert_int_eq(kit_peer(&k, &ann, KIT_PEER, 65535, "x", 1), TURN_DELIVER);
	ck_assert_int_eq(kit_peer(&k, &ann, "8.8.4.5", 9, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_peer(&k, &ben, KIT_PEER, 9, "x", 1), TURN_DROP);
	kit_stop(&k);
}
END_TEST

START_TEST(test_unbound_peer_comes_as_data_indication)
{
	/* S3: 36 bytes of overhead on v4, no integrity, no fingerprint */
	begin();
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	kit_peer(&k, &ann, KIT_PEER, 4711, "hello", 5);
	indicates_from(KIT_PEER, 4711, "hello");
	ck_assert_uint_eq(k.v.len, 36 + 8);
	ck_assert_ptr_eq(k.v.client->via, &ann);
	kit_peer(&k, &ann, KIT_PEER, 4711, "", 0);
	indicates_from(KIT_PEER, 4711, "");
	kit_stop(&k);
}
END_TEST

START_TEST(test_indications_have_ids_of_their_own)
{
	/* W6 */
	uint8_t first[STUN_TID_SIZE];

	begin();
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	kit_peer(&k, &ann, KIT_PEER, 9, "x", 1);
	memcpy(first, k.v.bytes + 8, sizeof(first));
	kit_peer(&k, &ann, KIT_PEER, 9, "x", 1);
	ck_assert_mem_ne(first, k.v.bytes + 8, sizeof(first));
	kit_stop(&k);
}
END_TEST

START_TEST(test_v6_peers_come_with_48_bytes)
{
	/* S3, TURN_HEADROOM */
	struct kit_ask ask;

	begin();
	kit_client(&k, &ann, "2600::77", 4001, "meet.ann.p");
	kit_challenge(&k, &ann);
	ask = kit_ask(&k, TURN_ALLOCATE);
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_TRANSPORT, TURN_PROTOCOL_UDP);
	kit_put_u8(&ask, TURN_ATTR_REQUESTED_FAMILY, TURN_FAMILY_IPV6);
	ck_assert_int_eq(kit_send(&ask, &ann), 0);
	ck_assert_int_eq(kit_permit(&k, &ann, "2600::99"), 0);
	kit_peer(&k, &ann, "2600::99", 4711, "hello", 5);
	indicates_from("2600::99", 4711, "hello");
	ck_assert_uint_eq(k.v.len, 48 + 8);
	ck_assert(k.v.bytes == k.space);
	kit_stop(&k);
}
END_TEST

START_TEST(test_bound_peer_comes_as_channel_data)
{
	/* S3: the server must use the channel; its other ports have none */
	begin();
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4007, KIT_PEER, 9), 0);
	kit_peer(&k, &ann, KIT_PEER, 9, "hello", 5);
	channels(0x4007, "hello", 9);		/* 0.14: no padding on UDP */
	kit_peer(&k, &ann, KIT_PEER, 10, "hello", 5);
	indicates_from(KIT_PEER, 10, "hello");
	kit_stop(&k);
}
END_TEST

START_TEST(test_channel_data_on_streams_are_padded)
{
	/* 0.14, H4: with zeros, not counted in the length */
	begin();
	ann.tuple.transport = TURN_TLS;
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	memset(k.space, 0xee, sizeof(k.space));
	kit_peer(&k, &ann, KIT_PEER, 9, "hello", 5);
	channels(0x4000, "hello", 12);
	ck_assert_mem_eq(k.v.bytes + 9, "\0\0\0\xee", 4);
	kit_peer(&k, &ann, KIT_PEER, 9, "four", 4);
	channels(0x4000, "four", 8);
	kit_stop(&k);
}
END_TEST

/* --- Own addresses, hairpin ---------------------------------------------------------- */

START_TEST(test_two_clients_meet_inside_the_process)
{
	/* W7, 0.10, 0.16: by advertised addresses, though the bound one is private */
	uint16_t a, b;

	begin();
	a = ann.relayed[0].port;
	b = ben.relayed[0].port;
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_RELAY4), 0);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_RELAY4, b, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_permit(&k, &ben, KIT_RELAY4), 0);
	kit_indicate(&k, &ann, KIT_RELAY4, b, "hello", 5);
	indicates_from(KIT_RELAY4, a, "hello");
	ck_assert_ptr_eq(k.v.client->via, &ben);

	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_RELAY4, b), 0);
	ck_assert_int_eq(kit_bind(&k, &ben, 0x4001, KIT_RELAY4, a), 0);
	kit_channel(&k, &ann, 0x4000, "hello", 5);
	channels(0x4001, "hello", 9);
	ck_assert_ptr_eq(k.v.client->via, &ben);
	kit_channel(&k, &ben, 0x4001, "hi", 2);
	channels(0x4000, "hi", 6);
	ck_assert_ptr_eq(k.v.client->via, &ann);
	ck_assert_uint_eq(kit_count(&k, TURN_HAIRPINS), 3);
	kit_stop(&k);
}
END_TEST

START_TEST(test_bound_address_of_a_relay_is_the_relay_too)
{
	/* W8: who is inside of the NAT; the peer still sees the advertised address */
	begin();
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_BIND4), 0);
	ck_assert_int_eq(kit_permit(&k, &ben, KIT_RELAY4), 0);
	kit_indicate(&k, &ann, KIT_BIND4, ben.relayed[0].port, "hello", 5);
	indicates_from(KIT_RELAY4, ann.relayed[0].port, "hello");
	kit_stop(&k);
}
END_TEST

START_TEST(test_hairpin_frames_for_the_receivers_transport)
{
	/* W7: from a channel on UDP to one on a stream, and to an indication */
	begin();
	ben.tuple.transport = TURN_TCP;
	ck_assert_int_eq(kit_allocate(&k, &ben), 0);
	ck_assert_int_eq(kit_permit(&k, &ben, KIT_RELAY4), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_RELAY4, ben.relayed[0].port), 0);
	kit_channel(&k, &ann, 0x4000, "hello", 5);
	indicates_from(KIT_RELAY4, ann.relayed[0].port, "hello");
	ck_assert_int_eq(kit_bind(&k, &ben, 0x4000, KIT_RELAY4, ann.relayed[0].port), 0);
	kit_channel(&k, &ann, 0x4000, "hello", 5);
	channels(0x4000, "hello", 12);
	kit_stop(&k);
}
END_TEST

START_TEST(test_what_fits_no_frame_is_dropped)
{
	/* H7, S3: a stream brings up to 65532 bytes; their indication would be none */
	static uint8_t big[4 + 65532], zeros[65532];
	struct turn_addr relayed;

	kit_init(&k);
	k.conf.bytes_per_s = 0;
	start();
	ann.tuple.transport = TURN_TCP;
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	relayed = ann.relayed[0];
	/* to itself, as an indication; and to a peer, as it is */
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_RELAY4), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	for (size_t len = 65400; len <= 65532; len++) {
		struct stun_out o = stun_begin(big, sizeof(big), STUN_INDICATION,
					       TURN_SEND, "twelve bytes");
		enum turn_action action = TURN_DROP;

		turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &relayed);
		stun_put(&o, TURN_ATTR_DATA, zeros, len);
		if (stun_end(&o) > 0)
			action = kit_give(&k, &ann, big, (size_t)stun_end(&o));
		ck_assert_int_eq(action, len <= TURN_DATA_MAX ? TURN_DELIVER : TURN_DROP);
		if (action == TURN_DELIVER)
			ck_assert_int_eq(turn_frame(k.v.bytes, k.v.len),
					 (ssize_t)k.v.len);
		memset(big, 0, sizeof(big));
		memcpy(big, (uint8_t[]){0x40, 0x00, (uint8_t)(len >> 8), (uint8_t)len},
		       4);
		ck_assert_int_eq(kit_give(&k, &ann, big, (len + 7) / 4 * 4),
				 len <= TURN_DATA_MAX ? TURN_RELAY : TURN_DROP);
	}
	kit_stop(&k);
}
END_TEST

START_TEST(test_large_data_of_a_channel_are_no_indication)
{
	/* the same from one client's channel to another who has none */
	static uint8_t big[4 + 65532] = {0x40, 0x00, 0xff, 0xfc};

	begin();
	ck_assert_int_eq(kit_permit(&k, &ben, KIT_RELAY4), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_RELAY4, ben.relayed[0].port), 0);
	ck_assert_int_eq(kit_give(&k, &ann, big, sizeof(big)), TURN_DROP);
	ck_assert_uint_eq(kit_count(&k, TURN_DROP_JUNK), 1);
	kit_stop(&k);
}
END_TEST

START_TEST(test_hairpin_ends_with_either_side)
{
	/* G6: at the time of the packet */
	begin();
	ck_assert_int_eq(kit_permit(&k, &ben, KIT_RELAY4), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_RELAY4, ben.relayed[0].port), 0);
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_DELIVER);
	ck_assert_int_eq(kit_refresh(&k, &ben, 0), 0);
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_DROP);
	ck_assert_uint_eq(kit_count(&k, TURN_DROP_POLICY), 1);
	kit_stop(&k);
}
END_TEST

START_TEST(test_own_machine_is_reached_only_at_relay_addresses)
{
	/* G6: 3478, 443, any other port; bound, advertised and interface addresses */
	static const char *const hosts[] = {KIT_RELAY4, KIT_BIND4, "20.0.0.77"};
	static const uint16_t ports[] = {1, 22, 443, 3478, 8080, 49151, 65535};
	struct turn_own eth1 = {kit_addr("20.0.0.77", 0), 24};

	begin();
	ck_assert_int_eq(turn_set_own(k.ts, &eth1, 1), 0);
	for (size_t h = 0; h < 3; h++) {
		ck_assert_int_eq(kit_permit(&k, &ann, hosts[h]), 0);
		for (size_t p = 0; p < sizeof(ports) / sizeof(*ports); p++) {
			if (ports[p] == ann.relayed[0].port ||
			    ports[p] == ben.relayed[0].port)
				continue;
			ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, hosts[h], ports[p]),
					 403);
			ck_assert_int_eq(kit_indicate(&k, &ann, hosts[h], ports[p],
						      "x", 1), TURN_DROP);
		}
	}
	/* an interface that carries no relay does not have its ports either */
	ck_assert_int_eq(kit_indicate(&k, &ann, "20.0.0.77", ben.relayed[0].port, "x", 1),
			 TURN_DROP);
	kit_stop(&k);
}
END_TEST

START_TEST(test_own_addresses_win_over_allowed_networks)
{
	/* G5, G6: a clinic's LAN is opened, the server in it is not */
	kit_init(&k);
	ck_assert_int_eq(cidr_parse(&k.conf.peers.allow[0], "10.9.0.0/16"), 0);
	k.conf.peers.allow_count = 1;
	start();
	ck_assert_int_eq(kit_permit(&k, &ann, "10.9.0.5"), 0);
	ck_assert_int_eq(kit_permit(&k, &ann, "10.9.0.6"), 0);
	ck_assert_int_eq(kit_indicate(&k, &ann, "10.9.0.6", 22, "x", 1), TURN_RELAY);
	ck_assert_int_eq(kit_indicate(&k, &ann, "10.9.0.5", 22, "x", 1), TURN_DROP);
	kit_stop(&k);
}
END_TEST

START_TEST(test_new_interface_closes_what_was_open)
{
	/* G6, G7: verdicts in permissions and channels follow */
	struct turn_own eth1 = {kit_addr(KIT_PEER, 0), 32};

	begin();
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 22), 0);
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_RELAY);
	ck_assert_int_eq(turn_set_own(k.ts, &eth1, 1), 0);
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 22, "x", 1), TURN_DROP);
	kit_stop(&k);
}
END_TEST

START_TEST(test_new_network_closes_what_was_open)
{
	/* G7: who was somewhere on the internet is our neighbour now */
	struct turn_own eth1 = {kit_addr("8.8.4.9", 0), 24};

	begin();
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 22), 0);
	ck_assert_int_eq(turn_set_own(k.ts, &eth1, 1), 0);
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 22, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_peer(&k, &ann, KIT_PEER, 22, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 403);
	kit_stop(&k);
}
END_TEST

START_TEST(test_interface_that_goes_takes_its_permission)
{
	/* G6, G7: an address that was ours is one of the table again */
	struct turn_own vpn = {kit_addr("10.1.1.1", 0), 24};

	begin();
	ck_assert_int_eq(turn_set_own(k.ts, &vpn, 1), 0);
	ck_assert_int_eq(kit_permit(&k, &ann, "10.1.1.1"), 0);
	ck_assert_int_eq(kit_peer(&k, &ann, "10.1.1.1", 9, "x", 1), TURN_DELIVER);
	ck_assert_int_eq(turn_set_own(k.ts, NULL, 0), 0);
	ck_assert_int_eq(kit_peer(&k, &ann, "10.1.1.1", 9, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_permit(&k, &ann, "10.1.1.1"), 403);
	kit_stop(&k);
}
END_TEST

START_TEST(test_too_many_own_addresses_change_nothing)
{
	/* bounded */
	struct turn_own many[PEERPOLICY_OWN_MAX];

	begin();
	for (size_t i = 0; i < PEERPOLICY_OWN_MAX; i++)
		many[i] = (struct turn_own){kit_addr(KIT_PEER, 0), 32};
	ck_assert_int_eq(turn_set_own(k.ts, many, PEERPOLICY_OWN_MAX), ERR_FULL);
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_PEER, 22, "x", 1), TURN_RELAY);
	kit_stop(&k);
}
END_TEST

START_TEST(test_loopback_peers_only_where_tests_ask)
{
	/* G5: and relay addresses there still meet inside */
	kit_init(&k);
	k.conf.peers.allow_loopback = true;
	k.conf.v4.bind = k.conf.v4.advertise = kit_addr("127.0.0.1", 0);
	start();
	ck_assert_int_eq(kit_permit(&k, &ann, "127.0.0.1"), 0);
	ck_assert_int_eq(kit_permit(&k, &ben, "127.0.0.1"), 0);
	ck_assert_int_eq(kit_indicate(&k, &ann, "127.0.0.1", 34790, "x", 1), TURN_RELAY);
	ck_assert_int_eq(kit_indicate(&k, &ann, "127.0.0.1", ben.relayed[0].port, "x", 1),
			 TURN_DELIVER);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, "127.0.0.1", 34790), 0);
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, "x", 1), TURN_RELAY);
	kit_stop(&k);

	kit_init(&k);
	k.conf.v4.bind = k.conf.v4.advertise = kit_addr("127.0.0.1", 0);
	start();
	ck_assert_int_eq(kit_permit(&k, &ann, "127.0.0.1"), 0);
	ck_assert_int_eq(kit_permit(&k, &ann, "127.0.0.2"), 403);
	ck_assert_int_eq(kit_indicate(&k, &ann, "127.0.0.1", 34790, "x", 1), TURN_DROP);
	kit_stop(&k);
}
END_TEST

/* --- Bandwidth ----------------------------------------------------------------- */

START_TEST(test_each_direction_has_its_bucket)
{
	/* D3: a burst, then so many bytes a second; the rest is dropped silently */
	uint8_t data[1000] = {0};
	int passed = 0;

	kit_init(&k);
	k.conf.bytes_per_s = 10000;
	k.conf.bytes_burst = 5000;
	start();
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	for (int i = 0; i < 10; i++)
		passed += kit_channel(&k, &ann, 0x4000, data, 1000) == TURN_RELAY;
	ck_assert_int_eq(passed, 5);
	ck_assert_uint_eq(kit_count(&k, TURN_DROP_RATE), 5);
	ck_assert_int_eq(kit_peer(&k, &ann, KIT_PEER, 9, data, 1000), TURN_DELIVER);
	k.now_ms += 100;
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, data, 1000), TURN_RELAY);
	ck_assert_int_eq(kit_channel(&k, &ann, 0x4000, data, 1000), TURN_DROP);
	/* control messages are exempt */
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
	kit_stop(&k);
}
END_TEST

/* --- Who waits ----------------------------------------------------------------- */

static struct kit_client wait1, wait2;

static void begin_weak(void)
{
	begin();
	kit_client(&k, &wait1, "203.0.113.50", 1000, "meet.wil.w");
	kit_client(&k, &wait2, "203.0.113.50", 1001, "meet.wil.w");
	ck_assert_int_eq(kit_allocate(&k, &wait1), 0);
	ck_assert(k.event.weak);
	ck_assert_int_eq(kit_allocate(&k, &wait2), 0);
}

START_TEST(test_who_waits_reaches_only_itself)
{
	/* the contract: credentials of `waiting` serve the network test */
	begin_weak();
	ck_assert_int_eq(kit_permit(&k, &wait1, KIT_PEER), 403);
	ck_assert_int_eq(kit_bind(&k, &wait1, 0x4000, KIT_PEER, 9), 403);
	ck_assert_int_eq(kit_permit(&k, &wait1, KIT_RELAY4), 0);
	ck_assert_int_eq(kit_permit(&k, &wait2, KIT_RELAY4), 0);
	ck_assert_int_eq(kit_indicate(&k, &wait1, KIT_RELAY4, wait2.relayed[0].port,
				      "x", 1), TURN_DELIVER);
	/* not those inside, nor they him; nothing from outside */
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_RELAY4), 0);
	ck_assert_int_eq(kit_indicate(&k, &wait1, KIT_RELAY4, ann.relayed[0].port, "x",
				      1), TURN_DROP);
	ck_assert_int_eq(kit_indicate(&k, &ann, KIT_RELAY4, wait1.relayed[0].port, "x",
				      1), TURN_DROP);
	ck_assert_int_eq(kit_peer(&k, &wait1, KIT_RELAY4, 9, "x", 1), TURN_DROP);
	kit_stop(&k);
}
END_TEST

START_TEST(test_who_waits_has_no_part_in_the_test_switch)
{
	/* loopback peers are for participants of tests */
	kit_init(&k);
	k.conf.peers.allow_loopback = true;
	k.conf.v4.bind = k.conf.v4.advertise = kit_addr("127.0.0.1", 0);
	start();
	kit_client(&k, &wait1, "203.0.113.50", 1000, "meet.wil.w");
	ck_assert_int_eq(kit_allocate(&k, &wait1), 0);
	ck_assert_int_eq(kit_permit(&k, &wait1, "127.0.0.2"), 403);
	ck_assert_int_eq(kit_permit(&k, &wait1, "127.0.0.1"), 0);
	ck_assert_int_eq(kit_indicate(&k, &wait1, "127.0.0.1", 34790, "x", 1), TURN_DROP);
	ck_assert_int_eq(kit_bind(&k, &wait1, 0x4000, "127.0.0.1", 34790), 403);
	kit_stop(&k);
}
END_TEST

START_TEST(test_who_waits_has_sixty_seconds)
{
	/* whatever is refreshed; a while later there is another test */
	begin_weak();
	k.now_ms += 30000;
	ck_assert_int_eq(kit_refresh(&k, &wait1, 600), 0);
	k.now_ms += 29999;
	turn_tick(k.ts, k.now_ms);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 4);
	k.now_ms += 1;
	turn_tick(k.ts, k.now_ms);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 2);
	ck_assert_int_eq(kit_allocate(&k, &wait1), 486);
	k.now_ms += 539999;
	turn_tick(k.ts, k.now_ms);
	ck_assert_int_eq(kit_allocate(&k, &wait1), 486);
	k.now_ms += 1;
	ck_assert_int_eq(kit_allocate(&k, &wait1), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_who_waits_has_two_megabytes)
{
	/* all of its allocations together, in and out */
	uint8_t data[1000] = {0};
	int passed = 0;

	begin_weak();
	ck_assert_int_eq(kit_permit(&k, &wait2, KIT_RELAY4), 0);
	ck_assert_int_eq(kit_bind(&k, &wait1, 0x4000, KIT_RELAY4, wait2.relayed[0].port),
			 0);
	for (int i = 0; i < 3000; i++) {
		k.now_ms += 2;
		passed += kit_channel(&k, &wait1, 0x4000, data, 1000) == TURN_DELIVER;
	}
	ck_assert_int_eq(passed, 1000);
	/* new allocations do not help */
	ck_assert_int_eq(kit_refresh(&k, &wait1, 0), 0);
	ck_assert_int_eq(kit_allocate(&k, &wait1), 486);
	kit_stop(&k);
}
END_TEST

START_TEST(test_who_waits_has_thirty_two_allocations)
{
	/* one after the other: each is a socket that a stranger makes us open */
	begin_weak();
	ck_assert_int_eq(kit_refresh(&k, &wait1, 0), 0);
	for (int i = 2; i < 33; i++) {
		ck_assert_int_eq(kit_allocate(&k, &wait1), i < 32 ? 0 : 486);
		if (i < 32)
			ck_assert_int_eq(kit_refresh(&k, &wait1, 0), 0);
	}
	k.now_ms += 600000;
	ck_assert_int_eq(kit_allocate(&k, &wait1), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_who_was_admitted_is_not_weak_any_more)
{
	/* the same seat with a `p`: no limits of the test */
	begin_weak();
	kit_client(&k, &ben, "203.0.113.50", 1002, "meet.wil.p");
	ck_assert_int_eq(kit_allocate(&k, &ben), 0);
	ck_assert(!k.event.weak);
	ck_assert_int_eq(kit_permit(&k, &ben, KIT_PEER), 0);
	ck_assert_int_eq(kit_indicate(&k, &ben, KIT_PEER, 9, "x", 1), TURN_RELAY);
	k.now_ms += 61000;
	turn_tick(k.ts, k.now_ms);
	ck_assert_int_eq(kit_indicate(&k, &ben, KIT_PEER, 9, "x", 1), TURN_RELAY);
	kit_stop(&k);
}
END_TEST

UNIT_MAIN("turndata", test_send_goes_to_its_peer_in_place,
	  test_send_without_permission_is_discarded,
	  test_permission_is_300_seconds_and_data_do_not_prolong_it,
	  test_send_that_is_not_whole_is_discarded, test_first_peer_of_a_send_wins,
	  test_dont_fragment_is_for_its_packet, test_port_zero_is_never_sent_to,
	  test_channel_data_goes_to_the_bound_peer,
	  test_channel_data_shorter_than_it_says_is_discarded,
	  test_channel_lives_600_seconds_permission_300, test_rebinding_prolongs_both,
	  test_data_of_nobody_are_ignored, test_peer_without_permission_is_discarded,
	  test_unbound_peer_comes_as_data_indication,
	  test_indications_have_ids_of_their_own, test_v6_peers_come_with_48_bytes,
	  test_bound_peer_comes_as_channel_data, test_channel_data_on_streams_are_padded,
	  test_two_clients_meet_inside_the_process,
	  test_bound_address_of_a_relay_is_the_relay_too,
	  test_hairpin_frames_for_the_receivers_transport,
	  test_what_fits_no_frame_is_dropped,
	  test_large_data_of_a_channel_are_no_indication,
	  test_hairpin_ends_with_either_side,
	  test_own_machine_is_reached_only_at_relay_addresses,
	  test_own_addresses_win_over_allowed_networks,
	  test_new_interface_closes_what_was_open, test_new_network_closes_what_was_open,
	  test_interface_that_goes_takes_its_permission,
	  test_too_many_own_addresses_change_nothing,
	  test_loopback_peers_only_where_tests_ask, test_each_direction_has_its_bucket,
	  test_who_waits_reaches_only_itself,
	  test_who_waits_has_no_part_in_the_test_switch,
	  test_who_waits_has_sixty_seconds, test_who_waits_has_two_megabytes,
	  test_who_waits_has_thirty_two_allocations,
	  test_who_was_admitted_is_not_weak_any_more)
