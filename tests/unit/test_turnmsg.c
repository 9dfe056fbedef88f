#include "unit.h"

#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/crc32.h"
#include "proto/turnmsg.h"

static const uint8_t tid[STUN_TID_SIZE] = "abcdefghijkl";

static struct turn_addr addr(const char *ip, uint16_t port)
{
	struct turn_addr a;

	ck_assert(turn_addr_parse(&a, ip, port));
	return a;
}

/* --- Framing ----------------------------------------------------------------- */

START_TEST(test_frames_of_a_stream)
{
	/* H7: STUN 20 + length, ChannelData 4 + length rounded up */
	static const uint8_t allocate[] = {0, 3, 0, 8, 0x21, 0x12, 0xa4, 0x42};
	static const struct { uint8_t len, frame; } data[] = {
		{0, 4}, {1, 8}, {3, 8}, {4, 8}, {5, 12}, {172, 176},
	};

	ck_assert_int_eq(turn_frame(allocate, 8), 28);
	for (size_t i = 0; i < ARRAY_LEN(data); i++) {
		uint8_t head[4] = {0x40, 1, 0, data[i].len};

		ck_assert_int_eq(turn_frame(head, 4), data[i].frame);
	}
}
END_TEST

START_TEST(test_frames_are_judged_early)
{
	/* H7, T2: the first byte, the cookie in the first eight */
	static const uint8_t wrong[] = {0, 3, 0, 8, 0x21, 0x12, 0xa4, 0x43};
	static const uint8_t odd[] = {0, 3, 0, 9, 0x21, 0x12, 0xa4, 0x42};
	uint8_t byte;

	ck_assert_int_eq(turn_frame("", 0), ERR_TRUNCATED);
	for (int i = 0; i < 256; i++) {
		bool fine = i <= 3 || (i >= 0x40 && i <= 0x7f);

		byte = (uint8_t)i;
		ck_assert_int_eq(turn_frame(&byte, 1), fine ? ERR_TRUNCATED :
							      ERR_MALFORMED);
	}
	for (size_t len = 1; len < 8; len++)
		ck_assert_int_eq(turn_frame(wrong, len), ERR_TRUNCATED);
	ck_assert_int_eq(turn_frame(wrong, 8), ERR_MALFORMED);
	ck_assert_int_eq(turn_frame(odd, 4), ERR_MALFORMED);
	/* T2: 'G' is a first byte of ChannelData, so nobody asks this of a stream that
	 * is not TURN's yet */
	ck_assert_int_gt(turn_frame("GET / HTTP/1.1", 14), 0);
}
END_TEST

START_TEST(test_frames_are_bounded)
{
	/* D7: 64 KB */
	ck_assert_int_eq(turn_frame("\x40\0\xff\xfc", 4), 65536);
	ck_assert_int_eq(turn_frame("\x40\0\xff\xfd", 4), ERR_TOO_BIG);
	ck_assert_int_eq(turn_frame("\0\3\xff\xec\x21\x12\xa4\x42", 8), 65536);
	ck_assert_int_eq(turn_frame("\0\3\xff\xf0\x21\x12\xa4\x42", 8), ERR_TOO_BIG);
}
END_TEST

START_TEST(test_first_bytes_of_channel_data)
{
	/* P1: 64 to 79; 0.15: to 127 in tests */
	for (int i = 0; i < 256; i++) {
		ck_assert_int_eq(turn_channel_first_byte((uint8_t)i, false),
				 i >= 64 && i <= 79);
		ck_assert_int_eq(turn_channel_first_byte((uint8_t)i, true),
				 i >= 64 && i <= 127);
	}
}
END_TEST

START_TEST(test_channel_data_is_read_as_written)
{
	/* H4, 0.14 */
	uint8_t space[4 + 16];
	struct turn_channel_data said;
	size_t len;

	for (size_t n = 0; n <= 12; n++) {
		memset(space, 0xee, sizeof(space));
		len = turn_channel_put(space + 4, n, 0x4321, false);
		ck_assert_uint_eq(len, 4 + n);
		ck_assert_uint_eq(space[4 + n], 0xee);
		ck_assert_int_eq(turn_channel_get(&said, space, len), 0);
		ck_assert_uint_eq(said.number, 0x4321);
		ck_assert_uint_eq(said.len, n);
		if (n)
			ck_assert_int_eq(turn_channel_get(&said, space, len - 1),
					 ERR_TRUNCATED);
		len = turn_channel_put(space + 4, n, 0x4321, true);
		ck_assert_uint_eq(len % 4, 0);
		ck_assert_int_eq(turn_frame(space, len), (ssize_t)len);
		for (size_t i = 4 + n; i < len; i++)
			ck_assert_uint_eq(space[i], 0);
		ck_assert_uint_eq(space[len], 0xee);
	}
	ck_assert_int_eq(turn_channel_get(&said, "\x80\0\0\0", 4), ERR_MALFORMED);
	ck_assert_int_eq(turn_channel_get(&said, "\0\0\0\0", 4), ERR_MALFORMED);
}
END_TEST

/* --- Indications ---------------------------------------------------------------- */

START_TEST(test_indication_reads_as_a_stun_message)
{
	/* S3, P5: the same bytes as the general writer's, zeros behind */
	static const char *const peers[] = {"8.8.4.4", "2600::99"};

	for (size_t i = 0; i < 2; i++) {
		struct turn_addr peer = addr(peers[i], 4711);

		for (size_t n = 0; n < 9; n++) {
			uint8_t space[TURN_INDICATION_HEADER_MAX + 12], out[128], *start;
			uint8_t *data = space + TURN_INDICATION_HEADER_MAX;
			struct stun_out o = stun_begin(out, sizeof(out), STUN_INDICATION,
						       TURN_DATA, tid);
			size_t len;

			memset(space, 0xee, sizeof(space));
			len = turn_indication_put(data, n, &peer, tid, &start);
			turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &peer);
			stun_put(&o, TURN_ATTR_DATA, "\xee\xee\xee\xee\xee\xee\xee\xee",
				 n);
			ck_assert_int_eq(stun_end(&o), (ssize_t)len);
			ck_assert_mem_eq(start, out, len);
			ck_assert(start >= space);
		}
	}
}
END_TEST

static ssize_t make_send(uint8_t *out, size_t cap, const char *peer, bool fingerprint)
{
	struct stun_out o = stun_begin(out, cap, STUN_INDICATION, TURN_SEND, tid);
	struct turn_addr a = addr(peer, 4711);

	turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &a);
	stun_put(&o, TURN_ATTR_DATA, "hello", 5);
	if (fingerprint)
		stun_put_fingerprint(&o);
	return stun_end(&o);
}

START_TEST(test_send_is_read_in_one_pass)
{
	/* S1, F1 */
	static const char *const peers[] = {"8.8.4.4", "2600::99"};
	uint8_t out[128];

	for (size_t i = 0; i < 4; i++) {
		struct turn_addr peer = addr(peers[i / 2], 4711);
		size_t len = (size_t)make_send(out, sizeof(out), peers[i / 2], i % 2);
		struct turn_send said;

		ck_assert_int_eq(turn_send_get(&said, out, len), 0);
		ck_assert(turn_addr_equal(&said.peer, &peer));
		ck_assert_uint_eq(said.len, 5);
		ck_assert_mem_eq(said.data, "hello", 5);
		ck_assert(!said.dont_fragment);
		/* cut anywhere it is nothing */
		for (size_t n = STUN_HEADER_SIZE; n < len; n++)
			ck_assert_int_eq(turn_send_get(&said, out, n), ERR_MALFORMED);
		for (size_t n = 0; n < STUN_HEADER_SIZE; n++)
			ck_assert_int_eq(turn_send_get(&said, out, n), ERR_UNKNOWN);
		/* any changed bit is noticed by the fingerprint, but for those that
		 * say that there is one */
		for (size_t n = 2; i % 2 && n < len; n++) {
			if (n == len - 8 || n == len - 7)
				continue;
			out[n] ^= 4;
			ck_assert_int_eq(turn_send_get(&said, out, len), ERR_MALFORMED);
			out[n] ^= 4;
		}
	}
}
END_TEST

START_TEST(test_other_messages_are_not_a_send)
{
	/* the caller asks the general decoder */
	struct turn_send said;
	uint8_t out[128];
	size_t len = (size_t)make_send(out, sizeof(out), "8.8.4.4", false);

	out[1] = 0x17;
	ck_assert_int_eq(turn_send_get(&said, out, len), ERR_UNKNOWN);
	out[1] = 0x06;
	ck_assert_int_eq(turn_send_get(&said, out, len), ERR_UNKNOWN);
	out[0] = 1;
	ck_assert_int_eq(turn_send_get(&said, out, len), ERR_UNKNOWN);
}
END_TEST

/* --- Attributes ----------------------------------------------------------------- */

START_TEST(test_addresses_are_read_as_written)
{
	/* P9, and as stun_get_xor_addr() does */
	static const char *const texts[] = {"8.8.4.4", "255.255.255.255", "0.0.0.0",
					    "2600::99", "::ffff:8.8.4.4", "::"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct turn_addr a = addr(texts[i], (uint16_t)(i * 10007)), again, third;
		struct sockaddr_storage sa;
		struct stun_attr attr;
		struct stun_msg msg;
		uint8_t out[64];
		struct stun_out o = stun_begin(out, sizeof(out), STUN_REQUEST,
					       TURN_CREATE_PERMISSION, tid);

		turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &a);
		ck_assert_int_eq(stun_decode(&msg, out, (size_t)stun_end(&o)), 0);
		ck_assert(stun_find(&msg, TURN_ATTR_XOR_PEER_ADDRESS, &attr));
		ck_assert_int_eq(turn_get_addr(&msg, &attr, &again), 0);
		ck_assert(turn_addr_equal(&a, &again));
		ck_assert_int_eq(stun_get_xor_addr(&msg, &attr, &sa), 0);
		ck_assert(turn_addr_of(&third, (struct sockaddr *)&sa));
		ck_assert(turn_addr_equal(&a, &third));
		attr.len--;
		ck_assert_int_eq(turn_get_addr(&msg, &attr, &again), ERR_MALFORMED);
		attr.len = 0;
		ck_assert_int_eq(turn_get_addr(&msg, &attr, &again), ERR_MALFORMED);
	}
}
END_TEST

START_TEST(test_numbers_have_their_lengths)
{
	/* P9 */
	struct stun_attr four = {0, 4, (const uint8_t *)"\x11\x22\x33\x44"};
	struct stun_attr one = {0, 1, (const uint8_t *)"\x80"};
	uint32_t u32;
	uint16_t u16;
	uint8_t u8;
	bool reserve;

	ck_assert_int_eq(turn_get_u32(&four, &u32), 0);
	ck_assert_uint_eq(u32, 0x11223344);
	ck_assert_int_eq(turn_get_channel(&four, &u16), 0);
	ck_assert_uint_eq(u16, 0x1122);
	ck_assert_int_eq(turn_get_transport(&four, &u8), 0);
	ck_assert_uint_eq(u8, 0x11);
	ck_assert_int_eq(turn_get_family(&four, &u8), 0);
	ck_assert_int_eq(turn_get_even_port(&one, &reserve), 0);
	ck_assert(reserve);
	one.value = (const uint8_t *)"\x7f";
	ck_assert_int_eq(turn_get_even_port(&one, &reserve), 0);
	ck_assert(!reserve);
	ck_assert_int_eq(turn_get_even_port(&four, &reserve), ERR_MALFORMED);
	ck_assert_int_eq(turn_get_u32(&one, &u32), ERR_MALFORMED);
	ck_assert_int_eq(turn_get_channel(&one, &u16), ERR_MALFORMED);
	ck_assert_int_eq(turn_get_transport(&one, &u8), ERR_MALFORMED);
	ck_assert_int_eq(turn_get_family(&one, &u8), ERR_MALFORMED);
}
END_TEST

START_TEST(test_mapped_addresses_are_not_v4)
{
	/* P12, G1: one form to compare, no form to confuse */
	struct turn_addr v4 = addr("8.8.4.4", 9), v6 = addr("::ffff:8.8.4.4", 9), again;
	uint8_t k4[TURN_ADDR_KEY_SIZE], k6[TURN_ADDR_KEY_SIZE];
	struct sockaddr_storage sa;
	struct turn_addr near = addr("2600:1:2:3::1", 1), far = addr("2600:1:2:4::1", 1);

	ck_assert(!turn_addr_equal(&v4, &v6) && !turn_addr_same_ip(&v4, &v6));
	ck_assert_uint_eq(turn_addr_sockaddr(&sa, &v6), sizeof(struct sockaddr_in6));
	ck_assert(turn_addr_of(&again, (struct sockaddr *)&sa));
	ck_assert(turn_addr_equal(&again, &v6));
	ck_assert_uint_eq(turn_addr_sockaddr(&sa, &v4), sizeof(struct sockaddr_in));
	ck_assert(turn_addr_of(&again, (struct sockaddr *)&sa));
	ck_assert(turn_addr_equal(&again, &v4));
	sa.ss_family = AF_UNIX;
	ck_assert(!turn_addr_of(&again, (struct sockaddr *)&sa));
	/* D4: counted by v4 address or v6 /64 */
	turn_addr_key(k4, &v4);
	turn_addr_key(k6, &v6);
	ck_assert_mem_ne(k4, k6, sizeof(k4));
	turn_addr_key(k4, &near);
	near.ip[15] = 77;
	turn_addr_key(k6, &near);
	ck_assert_mem_eq(k4, k6, sizeof(k4));
	turn_addr_key(k6, &far);
	ck_assert_mem_ne(k4, k6, sizeof(k4));
	v4 = addr("8.8.4.4", 1);
	v6 = addr("8.8.4.5", 1);
	turn_addr_key(k4, &v4);
	turn_addr_key(k6, &v6);
	ck_assert_mem_ne(k4, k6, sizeof(k4));
}
END_TEST

START_TEST(test_crc_of_any_length)
{
	/* F1: the fast way and one bit at a time agree, wherever the bytes lie */
	uint8_t bytes[1500];

	ck_assert_uint_eq(crc32("123456789", 9), 0xcbf43926);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 131 + i / 7);
	for (size_t len = 0; len < 1400; len = len < 300 ? len + 1 : len + 37) {
		const uint8_t *p = bytes + len % 16;
		uint32_t crc = 0xffffffff;

		for (size_t i = 0; i < len; i++) {
			crc ^= p[i];
			for (int b = 0; b < 8; b++)
				crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
		}
		ck_assert_uint_eq(crc32(p, len), ~crc);
	}
}
END_TEST

UNIT_MAIN("turnmsg", test_frames_of_a_stream, test_frames_are_judged_early,
	  test_frames_are_bounded, test_first_bytes_of_channel_data,
	  test_channel_data_is_read_as_written, test_indication_reads_as_a_stun_message,
	  test_send_is_read_in_one_pass, test_other_messages_are_not_a_send,
	  test_addresses_are_read_as_written, test_numbers_have_their_lengths,
	  test_mapped_addresses_are_not_v4, test_crc_of_any_length)
