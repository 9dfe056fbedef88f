#include "unit.h"

#include "live.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/err.h"
#include "net/unixlisten.h"

struct stage {
	struct event_base *base;
	struct loop *loop;
	char dir[32];
	struct sockaddr_un sa;
	struct unixlisten *listener;
	struct stream *last;
	int streams;
};

static void nobody_closed(void *arg, int err)
{
	struct stage *st = arg;

	(void)err;
	st->last = NULL;
}

static const struct stream_events events = {.on_closed = nobody_closed};

static void on_stream(void *arg, struct stream *s)
{
	struct stage *st = arg;

	st->streams++;
	st->last = s;
	stream_set_owner(s, &events, st, 0);
}

static int listens(struct stage *st)
{
	struct buf why = BUF_INIT;
	int err = unixlisten_new(&st->listener, st->loop, st->sa.sun_path, on_stream, st,
				 &why);

	ck_assert_int_eq(!err, !why.len);
	buf_fini(&why);
	return err;
}

static void stage_init(struct stage *st)
{
	memset(st, 0, sizeof(*st));
	st->base = event_base_new();
	st->loop = loop_new(st->base);
	strcpy(st->dir, "/tmp/test-unixlisten-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(st->dir));
	st->sa.sun_family = AF_UNIX;
	snprintf(st->sa.sun_path, sizeof(st->sa.sun_path), "%s/socket", st->dir);
}

static void stage_fini(struct stage *st)
{
	unixlisten_free(st->listener);
	stream_free(st->last);
	loop_free(st->loop);
	event_base_free(st->base);
	unlink(st->sa.sun_path);
	ck_assert_int_eq(rmdir(st->dir), 0);
}

static void turn(struct stage *st)
{
	event_base_loop(st->base, EVLOOP_NONBLOCK);
}

static int dials(struct stage *st)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&st->sa, sizeof(st->sa)) == 0)
		return fd;
	close(fd);
	return -1;
}

START_TEST(test_it_takes_its_owner)
{
	/* unixlisten.h: a private socket that is gone when we are */
	struct stage st;
	struct stat mode;
	int fd;

	stage_init(&st);
	umask(0);
	ck_assert_int_eq(listens(&st), 0);
	ck_assert_int_eq(stat(st.sa.sun_path, &mode), 0);
	ck_assert_int_eq(mode.st_mode & 07777, 0600);
	fd = dials(&st);
	ck_assert_int_ge(fd, 0);
	turn(&st);
	ck_assert_int_eq(st.streams, 1);
	/* the one that has an owner stays */
	unixlisten_free(st.listener);
	st.listener = NULL;
	ck_assert_int_eq(dials(&st), -1);
	ck_assert_int_lt(stat(st.sa.sun_path, &mode), 0);
	ck_assert_ptr_nonnull(st.last);
	close(fd);
	stage_fini(&st);
}
END_TEST

START_TEST(test_what_a_crash_left_is_removed)
{
	/* unixlisten_new(): a socket; nothing else */
	struct stage st;
	int fd;

	stage_init(&st);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&st.sa, sizeof(st.sa)), 0);
	close(fd);
	ck_assert_int_eq(listens(&st), 0);
	fd = dials(&st);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unixlisten_free(st.listener);
	st.listener = NULL;

	fd = open(st.sa.sun_path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	ck_assert_int_eq(listens(&st), ERR_CONFLICT);
	ck_assert_int_eq(access(st.sa.sun_path, F_OK), 0);
	stage_fini(&st);
}
END_TEST

START_TEST(test_where_it_cannot_be)
{
	/* unixlisten_new(): the errors of the path */
	struct stage st;
	struct buf why = BUF_INIT;
	char path[200];

	stage_init(&st);
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(unixlisten_new(&st.listener, st.loop, path, on_stream, &st, &why),
			 ERR_TOO_BIG);
	ck_assert_int_eq(unixlisten_new(&st.listener, st.loop, "/nonexistent/a", on_stream,
					&st, &why), ERR_NOT_FOUND);
	buf_fini(&why);
	stage_fini(&st);
}
END_TEST

/* In a process of another user: whether a byte comes back, or the end. */
static int as_nobody(struct stage *st)
{
	char byte;
	int fd;

	if (setuid(65534) != 0)
		return 2;
	fd = dials(st);
	return fd >= 0 && read(fd, &byte, 1) == 0 ? 0 : 1;
}

START_TEST(test_others_are_hung_up_on)
{
	/* SO_PEERCRED decides, whatever the mode of the socket says */
	struct stage st;
	int status = -1;
	pid_t pid;

	if (geteuid() != 0)
		return;		/* only root can become somebody else */
	stage_init(&st);
	ck_assert_int_eq(listens(&st), 0);
	ck_assert_int_eq(chmod(st.dir, 0755) + chmod(st.sa.sun_path, 0666), 0);
	pid = fork();
	if (pid == 0)
		_exit(as_nobody(&st));
	while (waitpid(pid, &status, WNOHANG) == 0) {
		turn(&st);
		usleep(1000);
	}
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(st.streams, 0);
	stage_fini(&st);
}
END_TEST

START_TEST(test_there_is_a_limit)
{
	/* UNIXLISTEN_CONNECTIONS_MAX; a place is free again when a connection ends */
	struct stage st;
	int fd[UNIXLISTEN_CONNECTIONS_MAX + 1];
	char byte;
	size_t i;

	stage_init(&st);
	ck_assert_int_eq(listens(&st), 0);
	for (i = 0; i < ARRAY_LEN(fd); i++) {
		fd[i] = dials(&st);
		ck_assert_int_ge(fd[i], 0);
		turn(&st);
	}
	ck_assert_int_eq(st.streams, UNIXLISTEN_CONNECTIONS_MAX);
	ck_assert_int_eq(read(fd[UNIXLISTEN_CONNECTIONS_MAX], &byte, 1), 0);
	stream_free(st.last);
	st.last = NULL;
	close(dials(&st));
	turn(&st);
	ck_assert_int_eq(st.streams, UNIXLISTEN_CONNECTIONS_MAX + 1);
	for (i = 0; i < ARRAY_LEN(fd); i++)
		close(fd[i]);
	for (i = 0; i < 5; i++)
		turn(&st);
	st.last = NULL;
	stage_fini(&st);
}
END_TEST

UNIT_MAIN("unixlisten", test_it_takes_its_owner, test_what_a_crash_left_is_removed,
	  test_where_it_cannot_be, test_others_are_hung_up_on, test_there_is_a_limit)
