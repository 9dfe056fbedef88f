#include "net/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "unit.h"

static char folder[32], path[64];

static void begin(void)
{
	strcpy(folder, "/tmp/paravent-file-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/secret", folder);
}

static void end(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);	/* nothing else is left in it */
}

START_TEST(test_private_file_is_whole_and_private)
{
	/* Mode 0600 whatever the umask; never over another file. */
	struct buf b = BUF_INIT;
	struct stat st;

	begin();
	umask(0);
	ck_assert_int_eq(file_create_private(path, "a\0b", 3), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(file_create_private(path, "other", 5), ERR_DUPLICATE);
	ck_assert_int_eq(file_read(&b, path, 3), 0);
	ck_assert_uint_eq(b.len, 3);
	ck_assert(!memcmp(b.p, "a\0b", 4));
	buf_fini(&b);
	end();
}
END_TEST

START_TEST(test_reading_is_bounded)
{
	/* Up to max, appended; on failure the buffer is as it was. */
	struct buf b = BUF_INIT;
	char text[10000];

	begin();
	memset(text, 't', sizeof(text));
	ck_assert_int_eq(file_create_private(path, text, sizeof(text)), 0);
	buf_puts(&b, "before ");
	ck_assert_int_eq(file_read(&b, path, sizeof(text) - 1), ERR_TOO_BIG);
	ck_assert_str_eq(b.p, "before ");
	ck_assert_int_eq(file_read(&b, path, sizeof(text)), 0);
	ck_assert_uint_eq(b.len, 7 + sizeof(text));
	ck_assert(!memcmp(b.p + 7, text, sizeof(text)));
	buf_fini(&b);
	end();
}
END_TEST

START_TEST(test_failures_have_names)
{
	/* Missing, a folder, a FIFO (which must not hold us), no folder to create in. */
	struct buf b = BUF_INIT;

	begin();
	ck_assert_int_eq(file_read(&b, path, 10), ERR_NOT_FOUND);
	ck_assert_int_eq(file_read(&b, folder, 10), ERR_MALFORMED);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(file_read(&b, path, 10), ERR_MALFORMED);
	ck_assert_int_eq(file_create_private("/nowhere/at/all", "x", 1), ERR_NOT_FOUND);
	ck_assert_uint_eq(b.len, 0);
	buf_fini(&b);
	end();
}
END_TEST

START_TEST(test_empty_file_is_read)
{
	/* Nothing is something. */
	struct buf b = BUF_INIT;

	begin();
	ck_assert_int_eq(file_create_private(path, "", 0), 0);
	ck_assert_int_eq(file_read(&b, path, 0), 0);
	ck_assert_str_eq(b.p, "");
	buf_fini(&b);
	end();
}
END_TEST

START_TEST(test_folders_above_are_made)
{
	/* As many as are missing, for their owner alone; the last part of the path is
	 * somebody else's, and the sentence names what cannot be made. */
	char deep[256], wrong[256], made[256];
	struct buf why = BUF_INIT;
	struct stat st;

	begin();
	snprintf(made, sizeof(made), "%s/.local", folder);
	snprintf(deep, sizeof(deep), "%s/.local/state/paravent", folder);
	umask(0);
	ck_assert_int_eq(file_make_parents(deep, &why), 0);
	ck_assert_int_eq(stat(made, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_ne(access(deep, F_OK), 0);
	ck_assert_int_eq(file_make_parents(deep, &why), 0);
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	ck_assert_int_eq(file_make_parents("/", &why), 0);
	ck_assert_uint_eq(why.len, 0);
	ck_assert_int_eq(file_create_private(path, "x", 1), 0);
	snprintf(wrong, sizeof(wrong), "%s/state/paravent", path);
	ck_assert_int_eq(file_make_parents(wrong, &why), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(why.p, path));
	buf_fini(&why);
	rmdir(deep);
	snprintf(deep, sizeof(deep), "%s/.local/state", folder);
	rmdir(deep);
	rmdir(made);
	end();
}
END_TEST

UNIT_MAIN("file", test_private_file_is_whole_and_private, test_reading_is_bounded,
	  test_failures_have_names, test_empty_file_is_read, test_folders_above_are_made)
