#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/secretfile.h"
#include "base/err.h"
#include "net/file.h"

static char dir[32], path[64];

/* Writes the file and loads it. */
static int load(struct buf *secret, const char *text, size_t len, mode_t mode)
{
	struct buf why = BUF_INIT;
	int err;

	unlink(path);
	ck_assert_int_eq(file_create_private(path, text, len), 0);
	chmod(path, mode);
	err = secretfile_load(secret, "secret-file", path, SECRETFILE_MIN, &why);
	ck_assert_int_eq(!err, !why.len);
	ck_assert_ptr_null(strstr(why.p, "secret-of"));
	buf_fini(&why);
	return err;
}

static int loads(const char *text, mode_t mode)
{
	struct buf secret = BUF_INIT;
	int err = load(&secret, text, strlen(text), mode);

	if (!err)
		ck_assert_uint_eq(secret.len, strcspn(text, "\r\n"));
	secretfile_fini(&secret);
	return err;
}

static void begin(void)
{
	strcpy(dir, "/tmp/test-secretfile-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/secret", dir);
}

static void end(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

#define GOOD "secret-of-somebody-1234"

START_TEST(test_one_line_is_a_secret)
{
	/* secretfile.h: 22 to 256 characters, without the end of the line */
	char text[SECRETFILE_MAX + 3];
	struct buf secret = BUF_INIT;

	begin();
	ck_assert_int_eq(load(&secret, GOOD "\n", sizeof(GOOD), 0600), 0);
	ck_assert_str_eq(secret.p, GOOD);
	secretfile_fini(&secret);
	ck_assert_int_eq(loads(GOOD, 0400), 0);
	ck_assert_int_eq(loads(GOOD "\r\n", 0640), 0);
	ck_assert_int_eq(loads("short-secret-of-21-cha", 0600), 0);
	ck_assert_int_eq(loads("short-secret-of-21-ch", 0600), ERR_MALFORMED);
	ck_assert_int_eq(loads("", 0600), ERR_MALFORMED);
	ck_assert_int_eq(loads("\n", 0600), ERR_MALFORMED);
	ck_assert_int_eq(loads(GOOD "\n" GOOD "\n", 0600), ERR_MALFORMED);
	ck_assert_int_eq(loads(GOOD " with a space", 0600), ERR_MALFORMED);
	ck_assert_int_eq(loads(GOOD "\xc3\xa4", 0600), ERR_MALFORMED);
	ck_assert_int_eq(load(&secret, GOOD "\0\n", sizeof(GOOD) + 1, 0600),
			 ERR_MALFORMED);
	memset(text, 'x', sizeof(text));
	text[SECRETFILE_MAX] = '\n';
	text[SECRETFILE_MAX + 1] = '\0';
	ck_assert_int_eq(loads(text, 0600), 0);
	text[SECRETFILE_MAX] = 'x';
	ck_assert_int_eq(loads(text, 0600), ERR_MALFORMED);
	text[SECRETFILE_MAX + 1] = 'x';
	text[SECRETFILE_MAX + 2] = '\0';
	ck_assert_int_eq(loads(text, 0600), ERR_MALFORMED);
	end();
}
END_TEST

START_TEST(test_what_everybody_can_read_is_none)
{
	/* secretfile.h: whoever else has an account must not have it */
	struct buf secret = BUF_INIT, why = BUF_INIT;

	begin();
	ck_assert_int_eq(loads(GOOD, 0604), ERR_FORBIDDEN);
	ck_assert_int_eq(loads(GOOD, 0602), ERR_FORBIDDEN);
	ck_assert_int_eq(loads(GOOD, 0644), ERR_FORBIDDEN);
	ck_assert_int_eq(secretfile_load(&secret, "x", dir, SECRETFILE_MIN, &why),
			 ERR_MALFORMED);
	unlink(path);
	ck_assert_int_eq(secretfile_load(&secret, "x", path, SECRETFILE_MIN, &why),
			 ERR_NOT_FOUND);
	ck_assert_uint_eq(secret.len, 0);
	buf_fini(&why);
	end();
}
END_TEST

START_TEST(test_a_key_may_need_more)
{
	/* secretfile.h: min; the sentence names the key and says how much */
	struct buf secret = BUF_INIT, why = BUF_INIT;

	begin();
	ck_assert_int_eq(loads(GOOD, 0600), 0);
	ck_assert_int_eq(secretfile_load(&secret, "internal-secret-file", path,
					 sizeof(GOOD) - 1, &why), 0);
	ck_assert_int_eq(secretfile_load(&secret, "internal-secret-file", path,
					 sizeof(GOOD), &why), ERR_MALFORMED);
	ck_assert_ptr_nonnull(strstr(why.p, "internal-secret-file"));
	ck_assert_ptr_nonnull(strstr(why.p, "24 to 256 characters"));
	secretfile_fini(&secret);
	buf_fini(&why);
	end();
}
END_TEST

UNIT_MAIN("secretfile", test_one_line_is_a_secret, test_what_everybody_can_read_is_none,
	  test_a_key_may_need_more)
