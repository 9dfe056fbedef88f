#include "unit.h"

#include <string.h>

#include <nettle/sha2.h>

#include "base/err.h"
#include "proto/apikey.h"

static uint8_t dice[APIKEY_RANDOM];
static char text[APIKEY_LEN + 1];
static struct apikey key;

static void make(void)
{
	for (int i = 0; i < APIKEY_RANDOM; i++)
		dice[i] = (uint8_t)(i * 7 + 3);
	apikey_make(text, &key, dice);
}

START_TEST(test_a_key_reads_as_it_was_made)
{
	/* apikey.h: pvk_<8>_<43>; the hash is the SHA-256 of the text */
	uint8_t hash[APIKEY_HASH_SIZE];
	struct sha256_ctx h;
	struct apikey back;

	make();
	ck_assert_uint_eq(strlen(text), APIKEY_LEN);
	ck_assert_str_eq(text, "pvk_AwoRGB8m_LTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4_wY");
	ck_assert_str_eq(key.id, "AwoRGB8m");
	sha256_init(&h);
	sha256_update(&h, APIKEY_LEN, (const uint8_t *)text);
	sha256_digest(&h, sizeof(hash), hash);
	ck_assert_mem_eq(key.hash, hash, sizeof(hash));
	ck_assert_int_eq(apikey_parse(&back, text, APIKEY_LEN), 0);
	ck_assert_str_eq(back.id, key.id);
	ck_assert(apikey_equal(back.hash, key.hash));
}
END_TEST

START_TEST(test_each_character_counts)
{
	/* a key that differs anywhere is another key or none */
	struct apikey back;

	make();
	for (int i = 0; i < APIKEY_LEN; i++) {
		const char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		if (apikey_parse(&back, text, APIKEY_LEN) == 0)
			ck_assert(!apikey_equal(back.hash, key.hash));
		text[i] = was;
	}
}
END_TEST

START_TEST(test_what_is_no_key_is_malformed)
{
	/* apikey.h: one spelling, nothing behind it */
	static const char *const bad[] = {
		"", "pvk_", "pvk_AwoRGB8m", "pvk_AwoRGB8m_",
		"PVK_AwoRGB8m_LTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4_wY",
		"pvk-AwoRGB8m_LTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4_wY",
		"pvk_AwoRGB8m-LTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4_wY",
		"pvk_AwoRGB+m_LTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4_wY",
		"pvk_AwoRGB8m_LTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4_w",
		"pvk_AwoRGB8m_LTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4_wY=",
		"pvk_AwoRGB8m_LTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4_wY ",
		/* bits behind the last byte that are not zero */
		"pvk_AwoRGB8m_LTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4_wZ",
	};
	struct apikey back;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(apikey_parse(&back, bad[i], strlen(bad[i])) ==
			      ERR_MALFORMED, "%s", bad[i]);
	ck_assert(apikey_looks("pvk_", 4));
	ck_assert(!apikey_looks("pvk", 3));
	ck_assert(!apikey_looks("eyJhbGciOi", 10));
	ck_assert(apikey_id_ok("AwoR-_8m", 8));
	ck_assert(!apikey_id_ok("AwoRGB8", 7));
	ck_assert(!apikey_id_ok("AwoRGB/m", 8));
}
END_TEST

static int scopes(const char *s, unsigned int *set)
{
	return words_get(set, apikey_scopes, s, strlen(s));
}

START_TEST(test_scopes_are_words)
{
	/* words.h: any order in, sorted out, each once, at least one */
	struct buf b = BUF_INIT;
	unsigned int set = 0;

	ck_assert_int_eq(scopes("read", &set), 0);
	ck_assert_uint_eq(set, APIKEY_READ);
	ck_assert_int_eq(scopes("read,audit,create", &set), 0);
	ck_assert_uint_eq(set, APIKEY_READ | APIKEY_AUDIT | APIKEY_CREATE);
	words_put(&b, apikey_scopes, set);
	ck_assert_str_eq(b.p, "audit,create,read");
	buf_reset(&b);
	words_put(&b, apikey_scopes, APIKEY_CREATE);
	ck_assert_str_eq(b.p, "create");
	set = 99;
	ck_assert_int_eq(scopes("", &set), ERR_UNKNOWN);
	ck_assert_int_eq(scopes("read,", &set), ERR_UNKNOWN);
	ck_assert_int_eq(scopes(",read", &set), ERR_UNKNOWN);
	ck_assert_int_eq(scopes("read create", &set), ERR_UNKNOWN);
	ck_assert_int_eq(scopes("rea", &set), ERR_UNKNOWN);
	ck_assert_int_eq(scopes("all", &set), ERR_UNKNOWN);
	ck_assert_int_eq(scopes("read,read", &set), ERR_DUPLICATE);
	ck_assert_uint_eq(set, 99);
	buf_fini(&b);
}
END_TEST

UNIT_MAIN("apikey", test_a_key_reads_as_it_was_made, test_each_character_counts,
	  test_what_is_no_key_is_malformed, test_scopes_are_words)
