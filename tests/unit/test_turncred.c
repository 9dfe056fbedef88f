#include "unit.h"

#include <string.h>

#include <nettle/hmac.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/stun.h"
#include "proto/turncred.h"
#include "proto/turnnonce.h"

static struct turn_addr addr(const char *ip, uint16_t port)
{
	struct turn_addr a;

	ck_assert(turn_addr_parse(&a, ip, port));
	return a;
}

/* --- Keys -------------------------------------------------------------------- */

START_TEST(test_key_of_rfc_8489)
{
	/* A1: section 9.2.2, user:realm:pass */
	static const uint8_t right[] = {0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb,
					0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc, 0x40, 0xeb};
	uint8_t key[TURNCRED_KEY_MAX];

	ck_assert_uint_eq(turncred_key(key, TURNCRED_MD5, "user", 4, "realm", "pass"),
			  16);
	ck_assert_mem_eq(key, right, sizeof(right));
}
END_TEST

/* RFC 8489 appendix B.1, up to MESSAGE-INTEGRITY-SHA256. The printed length counts the
 * header (errata 6268), and so does the printed HMAC. */
static const uint8_t b1[] = {
	0x00, 0x01, 0x00, 0x9c, 0x21, 0x12, 0xa4, 0x42,
	0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e,
	0x00, 0x1e, 0x00, 0x20,
	0x4a, 0x3c, 0xf3, 0x8f, 0xef, 0x69, 0x92, 0xbd, 0xa9, 0x52, 0xc6, 0x78,
	0x04, 0x17, 0xda, 0x0f, 0x24, 0x81, 0x94, 0x15, 0x56, 0x9e, 0x60, 0xb2,
	0x05, 0xc4, 0x6e, 0x41, 0x40, 0x7f, 0x17, 0x04,
	0x00, 0x15, 0x00, 0x29,
	'o', 'b', 'M', 'a', 't', 'J', 'o', 's', '2', 'A', 'A', 'A', 'C', 'f', '/', '/',
	'4', '9', '9', 'k', '9', '5', '4', 'd', '6', 'O', 'L', '3', '4', 'o', 'L', '9',
	'F', 'S', 'T', 'v', 'y', '6', '4', 's', 'A', 0, 0, 0,
	0x00, 0x14, 0x00, 0x0b,
	'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'o', 'r', 'g', 0,
};
static const char matrix[] = "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83"
			     "\xe3\x82\xaf\xe3\x82\xb9";

START_TEST(test_sha256_key_of_rfc_8489)
{
	/* A1, I1: appendix B.1 as printed, and with the length that is meant */
	static const uint8_t printed[] = {
		0xe4, 0x68, 0x6c, 0x8f, 0x0e, 0xde, 0xb5, 0x90, 0x13, 0xe0, 0x70,
		0x90, 0x01, 0x0a, 0x93, 0xef, 0xcc, 0xbc, 0xcc, 0x54, 0x4c, 0x0a,
		0x45, 0xd9, 0xf8, 0x30, 0xaa, 0x6d, 0x6f, 0x73, 0x5a, 0x01,
	};
	static const uint8_t meant[] = {
		0x23, 0x41, 0x12, 0xfb, 0xd4, 0xe2, 0x7f, 0x98, 0x3e, 0xb4, 0x03,
		0x28, 0x36, 0xf9, 0x98, 0x21, 0x6f, 0x5b, 0x23, 0xf8, 0xd9, 0x27,
		0x75, 0x3f, 0xbc, 0x4f, 0x88, 0x2b, 0xfb, 0xdf, 0x0d, 0xec,
	};
	uint8_t key[TURNCRED_KEY_MAX], mac[32], out[256];
	struct hmac_sha256_ctx ctx;
	struct stun_attr attr;
	struct stun_msg msg;
	struct stun_out o;

	ck_assert_uint_eq(turncred_key(key, TURNCRED_SHA256, matrix, strlen(matrix),
				       "example.org", "TheMatrIX"), 32);
	hmac_sha256_set_key(&ctx, sizeof(key), key);
	hmac_sha256_update(&ctx, sizeof(b1), b1);
	hmac_sha256_digest(&ctx, sizeof(mac), mac);
	ck_assert_mem_eq(mac, printed, sizeof(printed));

	o = stun_begin(out, sizeof(out), STUN_REQUEST, STUN_BINDING, b1 + 8);
	stun_put(&o, STUN_ATTR_USERHASH, b1 + 24, 32);
	stun_put(&o, STUN_ATTR_NONCE, b1 + 60, 41);
	stun_put(&o, STUN_ATTR_REALM, "example.org", 11);
	stun_put_sha256(&o, key, sizeof(key));
	ck_assert_int_eq(stun_end(&o), 156);
	ck_assert_mem_eq(out + 4, b1 + 4, sizeof(b1) - 4);
	ck_assert_int_eq(stun_decode(&msg, out, 156), 0);
	ck_assert(stun_find(&msg, STUN_ATTR_INTEGRITY_SHA256, &attr));
	ck_assert_mem_eq(attr.value, meant, sizeof(meant));
	ck_assert_int_eq(stun_check_sha256(&msg, key, sizeof(key)), 0);
}
END_TEST

START_TEST(test_password_is_the_one_of_other_tools)
{
	/* A12: base64(HMAC-SHA1(secret, username)), from another implementation */
	char username[TURNCRED_USERNAME_SIZE], password[TURNCRED_PASSWORD_SIZE];

	ck_assert_int_eq(turncred_make(username, password, "north", 1800003600, "probe"),
			 0);
	ck_assert_str_eq(username, "1800003600:probe");
	ck_assert_str_eq(password, "5PXLbkn6Gh2XS5Tu5k3TCCj8F0I=");
}
END_TEST

START_TEST(test_long_ids_are_refused)
{
	/* P10: we emit fewer than 128 characters */
	char username[TURNCRED_USERNAME_SIZE], password[TURNCRED_PASSWORD_SIZE];
	char id[TURNCRED_USERNAME_SIZE];

	memset(id, 'x', sizeof(id));
	id[TURNCRED_USERNAME_SIZE - 12] = '\0';
	ck_assert_int_eq(turncred_make(username, password, "s", 1800003600, id), 0);
	id[TURNCRED_USERNAME_SIZE - 12] = 'x';
	id[TURNCRED_USERNAME_SIZE - 11] = '\0';
	ck_assert_int_eq(turncred_make(username, password, "s", 1800003600, id),
			 ERR_TOO_BIG);
}
END_TEST

/* --- User names --------------------------------------------------------------- */

static int parse(struct turncred *c, const char *username)
{
	return turncred_parse(c, username, strlen(username));
}

START_TEST(test_username_says_who_and_what)
{
	/* A12: meeting, seat, class */
	struct turncred c;

	ck_assert_int_eq(parse(&c, "1800003600:meet.seat.p"), 0);
	ck_assert_uint_eq(c.expires_s, 1800003600);
	ck_assert_uint_eq(c.id_len, strlen("meet.seat.p"));
	ck_assert_uint_eq(c.owner_len, strlen("meet.seat"));
	ck_assert_uint_eq(c.meeting_len, strlen("meet"));
	ck_assert(!c.weak);
	ck_assert_int_eq(parse(&c, "1800003600:meet.seat.w"), 0);
	ck_assert_uint_eq(c.owner_len, strlen("meet.seat"));
	ck_assert(c.weak);
}
END_TEST

START_TEST(test_ids_of_tools_are_participants)
{
	/* whoever has the secret; no class, no meeting */
	static const struct { const char *name; size_t owner, meeting; } table[] = {
		{"1:probe", 5, 5}, {"1:a.b", 3, 1},   {"1:.w", 2, 0}, {"1:w", 1, 1},
		{"1:a.x", 3, 1},   {"1:a.ww", 4, 1}, {"1:a:b", 3, 3},
	};
	struct turncred c;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		ck_assert_int_eq(parse(&c, table[i].name), 0);
		ck_assert_uint_eq(c.owner_len, table[i].owner);
		ck_assert_uint_eq(c.meeting_len, table[i].meeting);
		ck_assert(!c.weak);
	}
}
END_TEST

START_TEST(test_usernames_are_read_strictly)
{
	/* A12: digits only, at most 19; an id, printable */
	static const char *const bad[] = {
		"", ":", "1", "1:", ":probe", "probe", "x:probe", "1x:probe",
		" 1:probe", "+1:probe", "-1:probe", "1 :probe", "0x1:probe",
		"12345678901234567890:probe", "1:pro be", "1:probe\n", "1:pr\x7f",
		"1:\xc3\xa9", "1:a\tb",
	};
	char longest[TURNCRED_USERNAME_SIZE + 1];
	struct turncred c;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(parse(&c, bad[i]) == ERR_MALFORMED, "%s", bad[i]);
	ck_assert_int_eq(turncred_parse(&c, "1:a\0b", 5), ERR_MALFORMED);
	ck_assert_int_eq(parse(&c, "9999999999999999999:x"), 0);
	ck_assert(c.expires_s == 9999999999999999999ULL);
	memset(longest, '1', sizeof(longest));
	longest[1] = ':';
	ck_assert_int_eq(turncred_parse(&c, longest, TURNCRED_USERNAME_SIZE - 1), 0);
	ck_assert_int_eq(turncred_parse(&c, longest, TURNCRED_USERNAME_SIZE),
			 ERR_MALFORMED);
}
END_TEST

/* --- Nonces ------------------------------------------------------------------- */

static struct turnnonce *nonces(uint8_t seed)
{
	uint8_t key[TURNNONCE_KEY_SIZE] = {seed};

	return turnnonce_new(key);
}

START_TEST(test_nonce_begins_with_the_cookie)
{
	/* A5, A6: password algorithms are announced, user hashes not */
	struct turnnonce *n = nonces(1);
	struct turn_addr client = addr("203.0.113.7", 4000);
	char text[TURNNONCE_LEN];

	turnnonce_make(n, text, 77, &client);
	ck_assert_mem_eq(text, "obMatJos2gAAA", 13);
	turnnonce_free(n);
}
END_TEST

START_TEST(test_nonce_tells_its_age)
{
	/* A3, A11 */
	struct turnnonce *n = nonces(1);
	struct turn_addr client = addr("2600::7", 4000);
	char text[TURNNONCE_LEN];
	uint32_t age_s;

	turnnonce_make(n, text, 77, &client);
	ck_assert_int_eq(turnnonce_check(n, &age_s, 77, &client, text, sizeof(text)), 0);
	ck_assert_uint_eq(age_s, 0);
	ck_assert_int_eq(turnnonce_check(n, &age_s, 90077, &client, text, sizeof(text)),
			 0);
	ck_assert_uint_eq(age_s, 90000);
	/* nothing from the future */
	ck_assert_int_eq(turnnonce_check(n, &age_s, 76, &client, text, sizeof(text)),
			 ERR_UNAUTHORIZED);
	turnnonce_free(n);
}
END_TEST

START_TEST(test_nonce_is_for_one_address)
{
	/* A5: neither another host nor another port nor another start of the server */
	struct turnnonce *n = nonces(1), *other = nonces(2);
	struct turn_addr client = addr("203.0.113.7", 4000);
	struct turn_addr host = addr("203.0.113.8", 4000);
	struct turn_addr port = addr("203.0.113.7", 4001);
	struct turn_addr v6 = addr("::ffff:203.0.113.7", 4000);
	char text[TURNNONCE_LEN];
	uint32_t age_s;

	turnnonce_make(n, text, 77, &client);
	ck_assert_int_ne(turnnonce_check(n, &age_s, 78, &host, text, sizeof(text)), 0);
	ck_assert_int_ne(turnnonce_check(n, &age_s, 78, &port, text, sizeof(text)), 0);
	ck_assert_int_ne(turnnonce_check(n, &age_s, 78, &v6, text, sizeof(text)), 0);
	ck_assert_int_ne(turnnonce_check(other, &age_s, 78, &client, text, sizeof(text)),
			 0);
	turnnonce_free(n);
	turnnonce_free(other);
	turnnonce_free(NULL);
}
END_TEST

START_TEST(test_nonce_that_was_changed_is_not_ours)
{
	/* A3: any character, any length */
	struct turnnonce *n = nonces(1);
	struct turn_addr client = addr("203.0.113.7", 4000);
	char text[TURNNONCE_LEN + 1] = {0};
	uint32_t age_s;

	turnnonce_make(n, text, 77, &client);
	for (size_t i = 0; i < TURNNONCE_LEN; i++) {
		text[i] ^= 1;
		ck_assert_int_ne(turnnonce_check(n, &age_s, 78, &client, text,
						 TURNNONCE_LEN), 0);
		text[i] ^= 1;
		ck_assert_int_ne(turnnonce_check(n, &age_s, 78, &client, text, i), 0);
	}
	ck_assert_int_ne(turnnonce_check(n, &age_s, 78, &client, text, sizeof(text)), 0);
	ck_assert_int_eq(turnnonce_check(n, &age_s, 78, &client, text, TURNNONCE_LEN),
			 0);
	turnnonce_free(n);
}
END_TEST

UNIT_MAIN("turncred", test_key_of_rfc_8489, test_sha256_key_of_rfc_8489,
	  test_password_is_the_one_of_other_tools, test_long_ids_are_refused,
	  test_username_says_who_and_what, test_ids_of_tools_are_participants,
	  test_usernames_are_read_strictly, test_nonce_begins_with_the_cookie,
	  test_nonce_tells_its_age, test_nonce_is_for_one_address,
	  test_nonce_that_was_changed_is_not_ours)
