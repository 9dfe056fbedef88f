#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#define THREADS 4
#define LINES 500

static int terminal = -1, reader = -1;
static char said[1 << 20];

/* From here on stderr is one end of `pair`, and we have the other. */
static void begin(const int pair[2])
{
	terminal = dup(STDERR_FILENO);
	dup2(pair[1], STDERR_FILENO);
	close(pair[1]);
	reader = pair[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
	log_init(LOG_INFO);
}

static void end(void)
{
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	close(reader);
}

/* What has been logged since the last call. */
static const char *heard(void)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(reader, said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	return said;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

START_TEST(test_one_call_is_one_line)
{
	/* base/log.h: whatever it was given; a newline at its end is no part of it. */
	char longer[2000];
	int pair[2];

	ck_assert_int_eq(pipe(pair), 0);
	begin(pair);
	log_warn("room %s opened\n", "7f3a");
	ck_assert_ptr_nonnull(strstr(heard(), " warning room 7f3a opened\n"));
	ck_assert_uint_eq(count(said, "\n"), 1);
	log_info("a\nb\x1b[1m\xc3");
	ck_assert_ptr_nonnull(strstr(heard(), " a\\x0ab\\x1b[1m\\xc3\n"));
	memset(longer, '\x01', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_info("%s", longer);
	ck_assert_uint_eq(count(heard(), "\\x01"), 511);
	ck_assert_uint_eq(count(said, "\n"), 1);
	log_info("%s", "");
	ck_assert_uint_eq(count(heard(), "\n"), 1);
	log_debug("not told");
	ck_assert_str_eq(heard(), "");
	end();
}
END_TEST

/* More lines than fit anywhere, then somebody reads again. */
static void nobody_reads(const int pair[2])
{
	char note[64];
	size_t through;

	begin(pair);
	for (int i = 0; i < 20000; i++)
		log_info("a line of some length, number %d", i);
	through = count(heard(), "a line of some length");
	ck_assert_uint_gt(through, 0);
	ck_assert_uint_lt(through, 20000);
	ck_assert_ptr_null(strstr(said, "dropped"));
	ck_assert_int_eq(said[strlen(said) - 1], '\n');
	log_info("somebody reads");
	snprintf(note, sizeof(note), " warning log: %zu lines were dropped", 20000 - through);
	ck_assert_ptr_nonnull(strstr(heard(), note));
	ck_assert_ptr_nonnull(strstr(said, " somebody reads\n"));
	log_info("and goes on");
	ck_assert_ptr_null(strstr(heard(), "dropped"));
	end();
}

START_TEST(test_logging_never_waits)
{
	/* base/log.h: a pipe or a socket (journald's) that nobody reads stops nobody, and
	 * what was lost is told. O_NONBLOCK is the open file's and not ours to set. */
	int pair[2];

	ck_assert_int_eq(pipe(pair), 0);
	nobody_reads(pair);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	nobody_reads(pair);

	ck_assert_int_eq(pipe(pair), 0);
	begin(pair);
	log_info("once");
	ck_assert(!(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK));
	end();
}
END_TEST

static void *many(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_info("thread %c says %d <end>", *(char *)arg, i);
	return NULL;
}

START_TEST(test_lines_of_threads_do_not_mix)
{
	/* base/log.h: any thread may log; each line is there once or counted as dropped. */
	static char name[THREADS] = "abcd";
	pthread_t thread[THREADS];
	size_t lines, dropped = 0;
	const char *note;
	int pair[2];

	ck_assert_int_eq(pipe(pair), 0);
	begin(pair);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, many, &name[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	lines = count(heard(), "\n");
	ck_assert_uint_eq(count(said, " info    thread "), lines);
	ck_assert_uint_eq(count(said, " <end>\n"), lines);
	log_info("last");
	note = strstr(heard(), "log: ");
	if (note)
		sscanf(note, "log: %zu ", &dropped);
	ck_assert_uint_eq(lines + dropped, THREADS * LINES);
	end();
}
END_TEST

UNIT_MAIN("log", test_one_call_is_one_line, test_logging_never_waits,
	  test_lines_of_threads_do_not_mix)
