#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <nettle/md5.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/stun.h"

/* --- The vectors of RFC 5769 -------------------------------------------------- */

static const char short_password[] = "VOkJxbRl1RmTxUk/WvJxBt";

/* Section 2.1: a request as ICE makes it. */
static const uint8_t request[] = {
	0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42,
	0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
	0x80, 0x22, 0x00, 0x10,
	'S', 'T', 'U', 'N', ' ', 't', 'e', 's', 't', ' ', 'c', 'l', 'i', 'e', 'n', 't',
	0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
	0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36,
	0x00, 0x06, 0x00, 0x09,
	'e', 'v', 't', 'j', ':', 'h', '6', 'v', 'Y', 0x20, 0x20, 0x20,
	0x00, 0x08, 0x00, 0x14,
	0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e,
	0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2,
	0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
};

/* Section 2.2: its answer, 192.0.2.1 port 32853. */
static const uint8_t response_v4[] = {
	0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42,
	0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
	0x80, 0x22, 0x00, 0x0b,
	't', 'e', 's', 't', ' ', 'v', 'e', 'c', 't', 'o', 'r', 0x20,
	0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
	0x00, 0x08, 0x00, 0x14,
	0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74,
	0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7,
	0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,
};

/* Section 2.3: the same with 2001:db8:1234:5678:11:2233:4455:6677 port 32853. */
static const uint8_t response_v6[] = {
	0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42,
	0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
	0x80, 0x22, 0x00, 0x0b,
	't', 'e', 's', 't', ' ', 'v', 'e', 'c', 't', 'o', 'r', 0x20,
	0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47,
	0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79,
	0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
	0x00, 0x08, 0x00, 0x14,
	0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84,
	0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41,
	0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c,
};

/* Section 2.4: long-term credentials, without FINGERPRINT. */
static const uint8_t request_long_term[] = {
	0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42,
	0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e,
	0x00, 0x06, 0x00, 0x12,
	0xe3, 0x83, 0x9e, 0xe3, 0x83, 0x88, 0xe3, 0x83, 0xaa,
	0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9, 0x00, 0x00,
	0x00, 0x15, 0x00, 0x1c,
	'f', '/', '/', '4', '9', '9', 'k', '9', '5', '4', 'd', '6', 'O', 'L',
	'3', '4', 'o', 'L', '9', 'F', 'S', 'T', 'v', 'y', '6', '4', 's', 'A',
	0x00, 0x14, 0x00, 0x0b,
	'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'o', 'r', 'g', 0x00,
	0x00, 0x08, 0x00, 0x14,
	0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02, 0xb8,
	0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2, 0x8c, 0xa8, 0x96, 0x66,
};

static void address_is(const struct sockaddr_storage *sa, const char *host,
		       unsigned port)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;
	char text[INET6_ADDRSTRLEN];
	bool v4 = sa->ss_family == AF_INET;

	inet_ntop(sa->ss_family,
		  v4 ? (const void *)&sin->sin_addr : (const void *)&sin6->sin6_addr,
		  text, sizeof(text));
	ck_assert_str_eq(text, host);
	ck_assert_uint_eq(ntohs(v4 ? sin->sin_port : sin6->sin6_port), port);
}

START_TEST(test_reads_request_of_rfc5769)
{
	/* RFC 5769 section 2.1: names, fingerprint and integrity fit */
	struct stun_msg msg;
	struct stun_attr attr;

	ck_assert_int_eq(stun_decode(&msg, request, sizeof(request)), 0);
	ck_assert_int_eq(msg.class, STUN_REQUEST);
	ck_assert_uint_eq(msg.method, STUN_BINDING);
	ck_assert_mem_eq(msg.tid, request + 8, STUN_TID_SIZE);
	ck_assert(msg.fingerprint);
	ck_assert(stun_find(&msg, STUN_ATTR_SOFTWARE, &attr));
	ck_assert_uint_eq(attr.len, 16);
	ck_assert_mem_eq(attr.value, "STUN test client", 16);
	ck_assert(stun_find(&msg, STUN_ATTR_USERNAME, &attr));
	ck_assert_uint_eq(attr.len, 9);
	ck_assert_mem_eq(attr.value, "evtj:h6vY", 9);
	ck_assert_int_eq(stun_check_sha1(&msg, short_password,
					 strlen(short_password)), 0);
	ck_assert_int_eq(stun_check_sha256(&msg, "", 0), ERR_NOT_FOUND);
}
END_TEST

START_TEST(test_reads_responses_of_rfc5769)
{
	/* RFC 5769 sections 2.2 and 2.3: the addresses behind the XOR */
	struct sockaddr_storage sa;
	struct stun_msg msg;
	struct stun_attr attr;

	ck_assert_int_eq(stun_decode(&msg, response_v4, sizeof(response_v4)), 0);
	ck_assert_int_eq(msg.class, STUN_SUCCESS);
	ck_assert(msg.fingerprint);
	ck_assert_int_eq(stun_check_sha1(&msg, short_password,
					 strlen(short_password)), 0);
	ck_assert(stun_find(&msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &attr));
	ck_assert_int_eq(stun_get_xor_addr(&msg, &attr, &sa), 0);
	address_is(&sa, "192.0.2.1", 32853);

	ck_assert_int_eq(stun_decode(&msg, response_v6, sizeof(response_v6)), 0);
	ck_assert(msg.fingerprint);
	ck_assert_int_eq(stun_check_sha1(&msg, short_password,
					 strlen(short_password)), 0);
	ck_assert(stun_find(&msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &attr));
	ck_assert_int_eq(stun_get_xor_addr(&msg, &attr, &sa), 0);
	address_is(&sa, "2001:db8:1234:5678:11:2233:4455:6677", 32853);
}
END_TEST

START_TEST(test_reads_long_term_request_of_rfc5769)
{
	/* RFC 5769 section 2.4: key = MD5(user ":" realm ":" password) */
	static const char secret[] =
		"\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf"
		"\xe3\x82\xb9:example.org:TheMatrIX";
	uint8_t key[MD5_DIGEST_SIZE];
	struct md5_ctx md5;
	struct stun_msg msg;
	struct stun_attr attr;

	md5_init(&md5);
	md5_update(&md5, sizeof(secret) - 1, (const uint8_t *)secret);
	md5_digest(&md5, sizeof(key), key);
	ck_assert_int_eq(stun_decode(&msg, request_long_term,
				     sizeof(request_long_term)), 0);
	ck_assert(!msg.fingerprint);
	ck_assert(stun_find(&msg, STUN_ATTR_REALM, &attr));
	ck_assert_uint_eq(attr.len, 11);
	ck_assert_mem_eq(attr.value, "example.org", 11);
	ck_assert_int_eq(stun_check_sha1(&msg, key, sizeof(key)), 0);
	key[0] ^= 1;
	ck_assert_int_eq(stun_check_sha1(&msg, key, sizeof(key)), ERR_UNAUTHORIZED);
}
END_TEST

START_TEST(test_writes_response_of_rfc5769)
{
	/* RFC 5769 section 2.2, written by us, byte for byte (but for the padding,
	 * which there is a space and by RFC 8489 section 14 a zero) */
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(32853)};
	uint8_t buf[sizeof(response_v4)];
	struct stun_msg msg;
	struct stun_out o;

	inet_pton(AF_INET, "192.0.2.1", &sin.sin_addr);
	o = stun_begin(buf, sizeof(buf), STUN_SUCCESS, STUN_BINDING, request + 8);
	stun_put(&o, STUN_ATTR_SOFTWARE, "test vector", 11);
	ck_assert_uint_eq(buf[35], 0);
	buf[35] = 0x20;
	stun_put_xor_addr(&o, STUN_ATTR_XOR_MAPPED_ADDRESS, (struct sockaddr *)&sin);
	stun_put_sha1(&o, short_password, strlen(short_password));
	stun_put_fingerprint(&o);
	ck_assert_int_eq(stun_end(&o), sizeof(response_v4));
	ck_assert_mem_eq(buf, response_v4, sizeof(response_v4));
	ck_assert_int_eq(stun_decode(&msg, buf, sizeof(buf)), 0);
}
END_TEST

/* --- Header and attributes ---------------------------------------------------- */

START_TEST(test_refuses_what_is_not_one_whole_message)
{
	/* RFC 8489 section 6.3 and turn.md P1, P2: top bits, cookie, length */
	uint8_t buf[sizeof(request) + 4];
	struct stun_msg msg;
	size_t n;

	for (n = 0; n < sizeof(request); n++)
		ck_assert_int_eq(stun_decode(&msg, request, n), ERR_TRUNCATED);
	memcpy(buf, request, sizeof(request));
	memset(buf + sizeof(request), 0, 4);
	ck_assert_int_eq(stun_decode(&msg, buf, sizeof(buf)), ERR_MALFORMED);
	for (n = 4; n < 8; n++) {
		memcpy(buf, request, sizeof(request));
		buf[n] ^= 1;
		ck_assert_int_eq(stun_decode(&msg, buf, sizeof(request)),
				 ERR_MALFORMED);
	}
	for (n = 0x40; n < 0x100; n += 0x40) {
		memcpy(buf, request, sizeof(request));
		buf[0] = (uint8_t)n;
		ck_assert_int_eq(stun_decode(&msg, buf, sizeof(request)),
				 ERR_MALFORMED);
	}
	memcpy(buf, request, 20);
	buf[3] = 2;
	ck_assert_int_eq(stun_decode(&msg, buf, 22), ERR_MALFORMED);
	ck_assert(stun_first_byte(0) && stun_first_byte(3) && !stun_first_byte(4));
}
END_TEST

START_TEST(test_class_and_method_share_bits)
{
	/* RFC 8489 section 5, figure 3: all methods and classes survive */
	uint8_t buf[20];
	struct stun_msg msg;
	unsigned method, class;

	for (method = 0; method <= 0xfff; method++) {
		for (class = 0; class < 4; class++) {
			struct stun_out o = stun_begin(buf, sizeof(buf), class,
						       (uint16_t)method, request + 8);

			ck_assert_int_eq(stun_end(&o), 20);
			ck_assert_int_eq(stun_decode(&msg, buf, 20), 0);
			ck_assert_uint_eq(msg.method, method);
			ck_assert_uint_eq(msg.class, class);
		}
	}
	stun_begin(buf, sizeof(buf), STUN_ERROR, 0x003, request + 8);
	ck_assert_uint_eq(buf[0] << 8 | buf[1], 0x0113);	/* Allocate error */
}
END_TEST

START_TEST(test_attribute_must_lie_inside)
{
	/* turn.md P4: a length that ends behind the message, or wraps in 16 bits */
	static const uint16_t bad[] = {5, 8, 0x7fff, 0xfffc, 0xfffd, 0xffff};
	uint8_t buf[28];
	struct stun_msg msg;
	struct stun_out o;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		o = stun_begin(buf, sizeof(buf), STUN_REQUEST, STUN_BINDING,
			       request + 8);
		stun_put(&o, STUN_ATTR_USERNAME, "abcd", 4);
		ck_assert_int_eq(stun_decode(&msg, buf, sizeof(buf)), 0);
		buf[22] = (uint8_t)(bad[i] >> 8);
		buf[23] = (uint8_t)bad[i];
		ck_assert_int_eq(stun_decode(&msg, buf, sizeof(buf)), ERR_MALFORMED);
	}
}
END_TEST

START_TEST(test_first_occurrence_counts)
{
	/* RFC 8489 section 14; padding is ignored whatever it holds */
	uint8_t buf[64];
	struct stun_attr attr;
	struct stun_msg msg;
	struct stun_out o;

	o = stun_begin(buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put(&o, STUN_ATTR_USERNAME, "a", 1);
	stun_put(&o, STUN_ATTR_USERNAME, "b", 1);
	stun_put(&o, STUN_ATTR_REALM, "", 0);
	memset(buf + 25, 0xff, 3);
	ck_assert_int_eq(stun_decode(&msg, buf, (size_t)stun_end(&o)), 0);
	ck_assert(stun_find(&msg, STUN_ATTR_USERNAME, &attr));
	ck_assert_uint_eq(attr.len, 1);
	ck_assert_uint_eq(attr.value[0], 'a');
	ck_assert(stun_find(&msg, STUN_ATTR_REALM, &attr));
	ck_assert_uint_eq(attr.len, 0);
	ck_assert(!stun_find(&msg, STUN_ATTR_NONCE, &attr));
}
END_TEST

START_TEST(test_nothing_counts_behind_integrity)
{
	/* RFC 8489 sections 14.5 and 14.6: what is added behind a signature does
	 * not exist, but for -SHA256 and FINGERPRINT */
	uint8_t buf[256];
	struct stun_attr attr;
	struct stun_msg msg;
	struct stun_out o;
	uint16_t unknown[4];

	o = stun_begin(buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put(&o, STUN_ATTR_REALM, "r", 1);
	stun_put_sha1(&o, "key", 3);
	stun_put(&o, STUN_ATTR_NONCE, "n", 1);
	stun_put(&o, 0x0f0f, "n", 1);
	stun_put_sha256(&o, "key", 3);
	stun_put(&o, STUN_ATTR_USERNAME, "u", 1);
	stun_put_fingerprint(&o);
	ck_assert_int_eq(stun_decode(&msg, buf, (size_t)stun_end(&o)), 0);
	ck_assert(stun_find(&msg, STUN_ATTR_REALM, &attr));
	ck_assert(!stun_find(&msg, STUN_ATTR_NONCE, &attr));
	ck_assert(!stun_find(&msg, STUN_ATTR_USERNAME, &attr));
	ck_assert(stun_find(&msg, STUN_ATTR_INTEGRITY_SHA256, &attr));
	ck_assert(stun_find(&msg, STUN_ATTR_FINGERPRINT, &attr));
	ck_assert_uint_eq(stun_unknown(&msg, NULL, 0, unknown, 4), 3);
	ck_assert_int_eq(stun_check_sha1(&msg, "key", 3), 0);
	ck_assert_int_eq(stun_check_sha256(&msg, "key", 3), 0);

	/* with -SHA256 first there is no other signature behind it */
	o = stun_begin(buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put_sha256(&o, "key", 3);
	stun_put_sha1(&o, "key", 3);
	ck_assert_int_eq(stun_decode(&msg, buf, (size_t)stun_end(&o)), 0);
	ck_assert_int_eq(stun_check_sha256(&msg, "key", 3), 0);
	ck_assert_int_eq(stun_check_sha1(&msg, "key", 3), ERR_NOT_FOUND);
}
END_TEST

START_TEST(test_integrity_has_its_full_length)
{
	/* turn.md I2: a shortened signature is an error, not an easier guess */
	uint8_t buf[128];
	struct stun_msg msg;
	struct stun_out o;
	size_t len;

	for (len = 0; len <= 32; len += 4) {
		o = stun_begin(buf, sizeof(buf), STUN_REQUEST, STUN_BINDING,
			       request + 8);
		stun_put(&o, STUN_ATTR_INTEGRITY, request, len);
		stun_put(&o, STUN_ATTR_INTEGRITY_SHA256, request, len);
		ck_assert_int_eq(stun_decode(&msg, buf, (size_t)stun_end(&o)), 0);
		ck_assert_int_eq(stun_check_sha1(&msg, "k", 1),
				 len == 20 ? ERR_UNAUTHORIZED : ERR_MALFORMED);
		ck_assert_int_eq(stun_check_sha256(&msg, "k", 1),
				 len == 32 ? ERR_UNAUTHORIZED : ERR_MALFORMED);
	}
}
END_TEST

START_TEST(test_any_flipped_bit_is_seen)
{
	/* each bit under a signature, and each under a fingerprint, is guarded */
	uint8_t buf[sizeof(request)];
	struct stun_msg msg;
	size_t bit, tail = 8;

	for (bit = 0; bit < sizeof(request) * 8; bit++) {
		memcpy(buf, request, sizeof(request));
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(stun_decode(&msg, buf, sizeof(buf)) != 0 ||
			  !msg.fingerprint);
	}
	/* without the fingerprint the signature stands alone */
	for (bit = 0; bit < (sizeof(request) - tail - 20) * 8; bit++) {
		memcpy(buf, request, sizeof(request));
		buf[3] = (uint8_t)(buf[3] - tail);
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (stun_decode(&msg, buf, sizeof(buf) - tail) == 0)
			ck_assert_int_ne(stun_check_sha1(&msg, short_password,
						strlen(short_password)), 0);
	}
}
END_TEST

START_TEST(test_fingerprint_is_the_last)
{
	/* RFC 8489 section 14.7; the first one's sum is right, and it is not last */
	static const uint8_t not_last[] = {
		0x00, 0x01, 0x00, 0x0c, 0x21, 0x12, 0xa4, 0x42,
		0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
		0xfa, 0x87, 0xdf, 0xae,
		0x80, 0x28, 0x00, 0x04, 0x8e, 0xfe, 0x89, 0xcd,
		0x80, 0x22, 0x00, 0x00,
	};
	uint8_t buf[64];
	struct stun_msg msg;
	struct stun_out o;

	o = stun_begin(buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put_fingerprint(&o);
	ck_assert_int_eq(stun_decode(&msg, buf, (size_t)stun_end(&o)), 0);
	ck_assert_int_eq(stun_decode(&msg, not_last, sizeof(not_last)),
			 ERR_MALFORMED);
	o = stun_begin(buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put(&o, STUN_ATTR_FINGERPRINT, "", 0);
	ck_assert_int_eq(stun_decode(&msg, buf, (size_t)stun_end(&o)),
			 ERR_MALFORMED);
}
END_TEST

START_TEST(test_unknown_required_are_listed_once)
{
	/* RFC 8489 section 6.3.1: below 0x8000, not in the list, in order */
	static const uint16_t known[] = {STUN_ATTR_USERNAME};
	uint8_t buf[128];
	struct stun_msg msg;
	struct stun_out o;
	uint16_t out[8];

	o = stun_begin(buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put(&o, 0x7fff, "", 0);
	stun_put(&o, STUN_ATTR_USERNAME, "u", 1);
	stun_put(&o, 0x8000, "", 0);
	stun_put(&o, 0x0003, "", 0);
	stun_put(&o, 0x7fff, "", 0);
	ck_assert_int_eq(stun_decode(&msg, buf, (size_t)stun_end(&o)), 0);
	ck_assert_uint_eq(stun_unknown(&msg, known, 1, out, 8), 2);
	ck_assert_uint_eq(out[0], 0x7fff);
	ck_assert_uint_eq(out[1], 0x0003);
	ck_assert_uint_eq(stun_unknown(&msg, known, 1, out, 1), 1);
}
END_TEST

START_TEST(test_stream_is_framed)
{
	/* RFC 8489 section 6.2.2: on TCP the header alone says how long */
	uint8_t buf[20];

	memcpy(buf, request, sizeof(buf));
	ck_assert_int_eq(stun_frame(buf, 19), ERR_TRUNCATED);
	ck_assert_int_eq(stun_frame(request, sizeof(request)), sizeof(request));
	ck_assert_int_eq(stun_frame(buf, 20), sizeof(request));
	buf[2] = 0xff;
	buf[3] = 0xfc;
	ck_assert_int_eq(stun_frame(buf, 20), 0xfffc + 20);
	buf[3] = 0xff;
	ck_assert_int_eq(stun_frame(buf, 20), ERR_MALFORMED);
}
END_TEST

START_TEST(test_address_of_wrong_shape_is_refused)
{
	/* turn.md P9: 8 bytes with family 1, 20 with family 2, nothing else */
	uint8_t value[24] = {0};
	struct stun_attr attr = {STUN_ATTR_XOR_MAPPED_ADDRESS, 0, value};
	struct stun_msg msg = {.tid = request + 8};
	struct sockaddr_storage sa;
	unsigned family, len;

	for (family = 0; family < 256; family++) {
		for (len = 0; len <= sizeof(value); len++) {
			bool good = (family == 1 && len == 8) ||
				    (family == 2 && len == 20);

			value[1] = (uint8_t)family;
			attr.len = (uint16_t)len;
			ck_assert_int_eq(stun_get_xor_addr(&msg, &attr, &sa),
					 good ? 0 : ERR_MALFORMED);
		}
	}
}
END_TEST

START_TEST(test_message_too_large_says_so)
{
	/* the first error sticks, and nothing is written past the end */
	static uint8_t big[70000];
	struct sockaddr unix_addr = {.sa_family = AF_UNIX};
	uint8_t buf[24];
	struct stun_out o;

	o = stun_begin(buf, 19, STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put_fingerprint(&o);
	stun_put_sha1(&o, "k", 1);
	ck_assert_int_eq(stun_end(&o), ERR_NO_SPACE);
	o = stun_begin(buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put(&o, STUN_ATTR_USERNAME, "u", 1);
	ck_assert_int_eq(stun_end(&o), ERR_NO_SPACE);
	o = stun_begin(big, sizeof(big), STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put(&o, STUN_ATTR_USERNAME, big, 65536);
	ck_assert_int_eq(stun_end(&o), ERR_TOO_BIG);
	o = stun_begin(big, sizeof(big), STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put(&o, STUN_ATTR_USERNAME, NULL, 0);
	stun_put_xor_addr(&o, STUN_ATTR_XOR_MAPPED_ADDRESS, &unix_addr);
	ck_assert_int_eq(stun_end(&o), ERR_MALFORMED);
}
END_TEST

/* --- Binding ------------------------------------------------------------------ */

static struct sockaddr_in client_v4(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(32853)};

	inet_pton(AF_INET, "192.0.2.1", &sin.sin_addr);
	return sin;
}

static struct sockaddr_in6 client_v6(void)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6,
				    .sin6_port = htons(32853)};

	inet_pton(AF_INET6, "2001:db8:1234:5678:11:2233:4455:6677", &sin6.sin6_addr);
	return sin6;
}

START_TEST(test_binding_answers_where_you_came_from)
{
	/* turn.md P14 and D5: 32 bytes for IPv4, 44 for IPv6, and the address */
	struct sockaddr_in sin = client_v4();
	struct sockaddr_in6 sin6 = client_v6();
	uint8_t in[20], out[STUN_ANSWER_MAX];
	struct sockaddr_storage sa;
	struct stun_attr attr;
	struct stun_msg msg;

	stun_begin(in, sizeof(in), STUN_REQUEST, STUN_BINDING, request + 8);
	ck_assert_int_eq(stun_answer_binding(out, sizeof(out), in, sizeof(in),
					     (struct sockaddr *)&sin), 32);
	ck_assert_int_eq(stun_decode(&msg, out, 32), 0);
	ck_assert_int_eq(msg.class, STUN_SUCCESS);
	ck_assert_mem_eq(msg.tid, request + 8, STUN_TID_SIZE);
	ck_assert(stun_find(&msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &attr));
	ck_assert_int_eq(stun_get_xor_addr(&msg, &attr, &sa), 0);
	address_is(&sa, "192.0.2.1", 32853);

	ck_assert_int_eq(stun_answer_binding(out, sizeof(out), in, sizeof(in),
					     (struct sockaddr *)&sin6), 44);
	ck_assert_int_eq(stun_decode(&msg, out, 44), 0);
	ck_assert(stun_find(&msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &attr));
	ck_assert_int_eq(stun_get_xor_addr(&msg, &attr, &sa), 0);
	address_is(&sa, "2001:db8:1234:5678:11:2233:4455:6677", 32853);
}
END_TEST

START_TEST(test_binding_fingerprint_iff_asked)
{
	/* turn.md F3 */
	struct sockaddr_in sin = client_v4();
	uint8_t in[32], out[STUN_ANSWER_MAX];
	struct stun_msg msg;
	struct stun_out o;

	o = stun_begin(in, sizeof(in), STUN_REQUEST, STUN_BINDING, request + 8);
	stun_put_fingerprint(&o);
	ck_assert_int_eq(stun_answer_binding(out, sizeof(out), in,
					     (size_t)stun_end(&o),
					     (struct sockaddr *)&sin), 40);
	ck_assert_int_eq(stun_decode(&msg, out, 40), 0);
	ck_assert(msg.fingerprint);
	in[27] ^= 1;
	ck_assert_int_eq(stun_answer_binding(out, sizeof(out), in,
					     (size_t)stun_end(&o),
					     (struct sockaddr *)&sin), 0);
}
END_TEST

START_TEST(test_binding_names_what_it_does_not_understand)
{
	/* RFC 8489 sections 6.3.1 and 14.8: 420 and the list; PRIORITY of section
	 * 2.1's request is ICE's, and we are no ICE agent */
	struct sockaddr_in sin = client_v4();
	uint8_t in[1024], out[STUN_ANSWER_MAX];
	struct stun_attr attr;
	struct stun_msg msg;
	struct stun_out o;
	uint16_t type;
	ssize_t n;

	n = stun_answer_binding(out, sizeof(out), request, sizeof(request),
				(struct sockaddr *)&sin);
	ck_assert_int_eq(n, 20 + 8 + 8 + 8);
	ck_assert_int_eq(stun_decode(&msg, out, (size_t)n), 0);
	ck_assert_int_eq(msg.class, STUN_ERROR);
	ck_assert(msg.fingerprint);
	ck_assert(stun_find(&msg, STUN_ATTR_ERROR_CODE, &attr));
	ck_assert_int_eq(stun_get_error(&attr), 420);
	ck_assert(stun_find(&msg, STUN_ATTR_UNKNOWN, &attr));
	ck_assert_uint_eq(attr.len, 2);
	ck_assert_uint_eq(attr.value[0] << 8 | attr.value[1], 0x0024);

	/* however many there are, the answer stays shorter than the question */
	o = stun_begin(in, sizeof(in), STUN_REQUEST, STUN_BINDING, request + 8);
	for (type = 0x4000; type < 0x4000 + 200; type++)
		stun_put(&o, type, "", 0);
	n = stun_answer_binding(out, sizeof(out), in, (size_t)stun_end(&o),
				(struct sockaddr *)&sin);
	ck_assert_int_gt(n, 0);
	ck_assert_int_le(n, STUN_ANSWER_MAX);
	ck_assert_int_eq(stun_decode(&msg, out, (size_t)n), 0);
}
END_TEST

START_TEST(test_binding_is_silent_to_everything_else)
{
	/* turn.md P2, P3, P14: indications, responses, other methods, no STUN */
	static const char *const noise[] = {"", "GET / HTTP/1.1\r\n\r\n",
					    "\x16\x03\x01", "\x40\x00\x00\x04ping"};
	struct sockaddr_in sin = client_v4();
	uint8_t in[20], out[STUN_ANSWER_MAX];
	unsigned class, method;
	size_t i;

	for (method = 0; method < 16; method++) {
		for (class = 0; class < 4; class++) {
			if (class == STUN_REQUEST && method == STUN_BINDING)
				continue;
			stun_begin(in, sizeof(in), class, (uint16_t)method,
				   request + 8);
			ck_assert_int_eq(stun_answer_binding(out, sizeof(out), in, 20,
						(struct sockaddr *)&sin), 0);
		}
	}
	for (i = 0; i < ARRAY_LEN(noise); i++)
		ck_assert_int_eq(stun_answer_binding(out, sizeof(out),
					(const uint8_t *)noise[i], strlen(noise[i]),
					(struct sockaddr *)&sin), 0);
	ck_assert_int_eq(stun_answer_binding(out, sizeof(out), response_v4,
					     sizeof(response_v4),
					     (struct sockaddr *)&sin), 0);
	stun_begin(in, sizeof(in), STUN_REQUEST, STUN_BINDING, request + 8);
	ck_assert_int_eq(stun_answer_binding(out, 31, in, 20,
					     (struct sockaddr *)&sin), 0);
}
END_TEST

START_TEST(test_error_codes_are_read)
{
	/* RFC 8489 section 14.8: a class of 3 to 6 and a number up to 99 */
	static const struct {
		uint8_t value[4];
		uint16_t len;
		int code;
	} row[] = {
		{{0, 0, 3, 0}, 4, 300},
		{{0, 0, 4, 20}, 4, 420},
		{{0xff, 0xff, 0xfe, 99}, 4, 699},
		{{0, 0, 4, 100}, 4, ERR_MALFORMED},
		{{0, 0, 2, 0}, 4, ERR_MALFORMED},
		{{0, 0, 7, 0}, 4, ERR_MALFORMED},
		{{0, 0, 4, 20}, 3, ERR_MALFORMED},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(row); i++) {
		struct stun_attr attr = {STUN_ATTR_ERROR_CODE, row[i].len,
					 row[i].value};

		ck_assert_int_eq(stun_get_error(&attr), row[i].code);
	}
}
END_TEST

UNIT_MAIN("stun", test_reads_request_of_rfc5769, test_reads_responses_of_rfc5769,
	  test_reads_long_term_request_of_rfc5769, test_writes_response_of_rfc5769,
	  test_refuses_what_is_not_one_whole_message,
	  test_class_and_method_share_bits, test_attribute_must_lie_inside,
	  test_first_occurrence_counts, test_nothing_counts_behind_integrity,
	  test_integrity_has_its_full_length, test_any_flipped_bit_is_seen,
	  test_fingerprint_is_the_last, test_unknown_required_are_listed_once,
	  test_stream_is_framed, test_address_of_wrong_shape_is_refused,
	  test_message_too_large_says_so, test_binding_answers_where_you_came_from,
	  test_binding_fingerprint_iff_asked,
	  test_binding_names_what_it_does_not_understand,
	  test_binding_is_silent_to_everything_else, test_error_codes_are_read)
