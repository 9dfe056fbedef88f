#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "proto/signin.h"

START_TEST(test_names_are_plain)
{
	/* signin.h: 1..32 of a-z, 0-9, dot, underscore, hyphen; a letter or digit first */
	static const char *const good[] = {
		"a", "9", "anna", "anna.b-c_d", "a..", "01234567890123456789012345678901",
	};
	static const char *const bad[] = {
		"", ".a", "-a", "_a", "Anna", "an na", "anna/", "\xc3\xa4nna", "a\n",
		"012345678901234567890123456789012", "a,b", "a%2e",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(signin_name_ok(good[i], strlen(good[i])), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!signin_name_ok(bad[i], strlen(bad[i])), "%s", bad[i]);
	ck_assert(!signin_name_ok("a\0b", 3));
}
END_TEST

START_TEST(test_a_secret_is_known_by_its_hash)
{
	/* signin.h: 22 characters, of which SHA-256 is kept; one spelling each */
	uint8_t random[SIGNIN_RANDOM] = {1, 2, 3}, made[32], read[32];
	char text[SIGNIN_SECRET_SIZE];

	signin_secret(text, made, random);
	ck_assert_uint_eq(strlen(text), SIGNIN_SECRET_LEN);
	ck_assert_int_eq(signin_hash(read, text, SIGNIN_SECRET_LEN), 0);
	ck_assert_mem_eq(made, read, sizeof(made));
	ck_assert_mem_ne(made, random, sizeof(random));
	ck_assert_int_eq(signin_hash(read, text, SIGNIN_SECRET_LEN - 1), ERR_MALFORMED);
	text[5] = text[5] == 'A' ? 'B' : 'A';
	ck_assert_int_eq(signin_hash(read, text, SIGNIN_SECRET_LEN), 0);
	ck_assert_mem_ne(made, read, sizeof(made));
	text[5] = '=';
	ck_assert_int_eq(signin_hash(read, text, SIGNIN_SECRET_LEN), ERR_MALFORMED);
	/* bits that no byte has */
	ck_assert_int_eq(signin_hash(read, "AAAAAAAAAAAAAAAAAAAAAB", 22), ERR_MALFORMED);
}
END_TEST

START_TEST(test_a_link_is_a_name_and_a_secret)
{
	/* signin.h: "<name>.<secret>", also where the name holds dots */
	uint8_t random[SIGNIN_RANDOM] = {7}, made[32], read[32];
	char secret[SIGNIN_SECRET_SIZE], name[SIGNIN_NAME_SIZE], text[64];

	signin_secret(secret, made, random);
	snprintf(text, sizeof(text), "anna.b.%s", secret);
	ck_assert_int_eq(signin_link(name, read, text, strlen(text)), 0);
	ck_assert_str_eq(name, "anna.b");
	ck_assert_mem_eq(made, read, sizeof(made));
	snprintf(text, sizeof(text), "01234567890123456789012345678901.%s", secret);
	ck_assert_int_eq(signin_link(name, read, text, strlen(text)), 0);
	snprintf(text, sizeof(text), "012345678901234567890123456789012.%s", secret);
	ck_assert_int_eq(signin_link(name, read, text, strlen(text)), ERR_MALFORMED);
	snprintf(text, sizeof(text), ".%s", secret);
	ck_assert_int_eq(signin_link(name, read, text, strlen(text)), ERR_MALFORMED);
	ck_assert_int_eq(signin_link(name, read, secret, strlen(secret)), ERR_MALFORMED);
	snprintf(text, sizeof(text), "anna:%s", secret);
	ck_assert_int_eq(signin_link(name, read, text, strlen(text)), ERR_MALFORMED);
	ck_assert_int_eq(signin_link(name, read, "", 0), ERR_MALFORMED);
}
END_TEST

static int cookie(uint8_t hash[32], const char *line, bool *has)
{
	static struct http_head h;

	h.field[HTTP_COOKIE] = (struct http_span){line, line ? strlen(line) : 0};
	*has = signin_has_cookie(&h);
	return signin_cookie(hash, &h);
}

START_TEST(test_the_cookie_is_found_once)
{
	/* signin.h, http.h: among others; of two nobody knows who set which */
	uint8_t random[SIGNIN_RANDOM] = {9}, made[32], read[32];
	char secret[SIGNIN_SECRET_SIZE], line[200], cookie_text[SIGNIN_COOKIE_SIZE];
	bool has;

	signin_secret(secret, made, random);
	ck_assert_int_eq(cookie(read, NULL, &has), ERR_NOT_FOUND);
	ck_assert(!has);
	snprintf(line, sizeof(line), "a=b; __Host-paravent=%s; c=d", secret);
	ck_assert_int_eq(cookie(read, line, &has), 0);
	ck_assert(has);
	ck_assert_mem_eq(made, read, sizeof(made));
	snprintf(line, sizeof(line), "__Host-paravent=%s; __Host-paravent=%s", secret, secret);
	ck_assert_int_eq(cookie(read, line, &has), ERR_NOT_FOUND);
	ck_assert(has);
	ck_assert_int_eq(cookie(read, "__Host-paravent=x", &has), ERR_MALFORMED);
	snprintf(line, sizeof(line), "paravent=%s", secret);
	ck_assert_int_eq(cookie(read, line, &has), ERR_NOT_FOUND);
	ck_assert(!has);

	signin_put_cookie(cookie_text, secret, 43200000);
	snprintf(line, sizeof(line), "__Host-paravent=%s; Max-Age=43200; Path=/; HttpOnly; "
		 "Secure; SameSite=Lax", secret);
	ck_assert_str_eq(cookie_text, line);
	signin_put_cookie(cookie_text, NULL, 43200000);
	ck_assert_str_eq(cookie_text, "__Host-paravent=; Max-Age=0; Path=/; HttpOnly; Secure; "
			 "SameSite=Lax");
}
END_TEST

START_TEST(test_passwords_have_a_length)
{
	/* signin.h: 10..256 characters of UTF-8, at most 511 bytes */
	char text[600];

	ck_assert_ptr_nonnull(signin_password_wrong("", 0));
	ck_assert_ptr_nonnull(signin_password_wrong("123456789", 9));
	ck_assert_ptr_null(signin_password_wrong("1234567890", 10));
	ck_assert_ptr_nonnull(signin_password_wrong("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
						    "\xa4\xc3\xa4", 12));
	ck_assert_ptr_null(signin_password_wrong("  blanks   count  ", 18));
	ck_assert_ptr_nonnull(signin_password_wrong("123456789\0x", 11));
	ck_assert_ptr_nonnull(signin_password_wrong("1234567890\xff", 11));
	memset(text, 'x', sizeof(text));
	ck_assert_ptr_null(signin_password_wrong(text, 256));
	ck_assert_ptr_nonnull(signin_password_wrong(text, 257));
	for (size_t i = 0; i < 512; i += 4)
		memcpy(text + i, "\xf0\x9f\x98\x80", 4);
	ck_assert_ptr_null(signin_password_wrong(text, 508));
	ck_assert_ptr_nonnull(signin_password_wrong(text, 512));
}
END_TEST

UNIT_MAIN("signin", test_names_are_plain, test_a_secret_is_known_by_its_hash,
	  test_a_link_is_a_name_and_a_secret, test_the_cookie_is_found_once,
	  test_passwords_have_a_length)
