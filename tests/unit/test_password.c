#include "unit.h"

#include <string.h>

#include "base/clock.h"
#include "base/password.h"

START_TEST(test_a_password_is_itself_and_no_other)
{
	/* password.h: yescrypt, a new salt each time */
	char a[PASSWORD_HASH_SIZE], b[PASSWORD_HASH_SIZE];

	password_hash(a, "correct horse");
	password_hash(b, "correct horse");
	ck_assert(strncmp(a, "$y$j9T$", 7) == 0);
	ck_assert_str_ne(a, b);
	ck_assert_ptr_null(strstr(a, "correct"));
	ck_assert(password_is(a, "correct horse"));
	ck_assert(password_is(b, "correct horse"));
	ck_assert(!password_is(a, "correct horsf"));
	ck_assert(!password_is(a, "correct hors"));
	ck_assert(!password_is(a, ""));
}
END_TEST

START_TEST(test_all_of_a_long_one_counts)
{
	/* password.h: at most PASSWORD_BYTES_MAX, and more is nobody's password */
	char text[PASSWORD_BYTES_MAX + 2], hash[PASSWORD_HASH_SIZE];

	memset(text, 0xc3, sizeof(text));
	text[PASSWORD_BYTES_MAX] = '\0';
	password_hash(hash, text);
	ck_assert(password_is(hash, text));
	text[PASSWORD_BYTES_MAX - 1] ^= 1;
	ck_assert(!password_is(hash, text));
	text[PASSWORD_BYTES_MAX - 1] ^= 1;
	text[PASSWORD_BYTES_MAX] = 'x';
	text[PASSWORD_BYTES_MAX + 1] = '\0';
	ck_assert(!password_is(hash, text));
}
END_TEST

static uint64_t took(const char *hash)
{
	uint64_t start = clock_mono_ms();

	for (int i = 0; i < 8; i++)
		ck_assert(!password_is(hash, "correct horse"));
	return clock_mono_ms() - start;
}

START_TEST(test_nobody_has_no_password_and_as_slowly)
{
	/* password.h: no in the same time; here: nothing is left out, whatever the machine */
	char hash[PASSWORD_HASH_SIZE];
	uint64_t somebody;

	password_hash(hash, "another horse");
	somebody = took(hash);
	ck_assert_uint_ge(took(NULL) * 4, somebody);
	ck_assert_uint_ge(took("") * 4, somebody);
	ck_assert(!password_is("$y$j9T$2krTZgEqPVEXQZLk74I2i0$", "correct horse"));
	ck_assert(!password_is("*0", "correct horse"));
}
END_TEST

UNIT_MAIN("password", test_a_password_is_itself_and_no_other,
	  test_all_of_a_long_one_counts, test_nobody_has_no_password_and_as_slowly)
