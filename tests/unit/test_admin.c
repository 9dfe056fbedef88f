#include "unit.h"

#include "live.h"

#include <stdio.h>
#include <sys/un.h>

#include "app/admin.h"

struct stage {
	struct event_base *base;
	struct loop *loop;
	struct admin *admin;
	char dir[32];
	char told[200];		/* what the handlers were told */
};

static void reply(struct stage *st, struct http_request *rq, const char *who,
		  const char *name)
{
	snprintf(st->told, sizeof(st->told), "%s(%s) %.*s", who, name, (int)rq->body_len,
		 rq->body);
	http_reply(rq, 200, "application/json", "{}", 2);
}

static void one(void *arg, struct http_request *rq, const char *name)
{
	reply(arg, rq, "one", name);
}

static void two(void *arg, struct http_request *rq, const char *name)
{
	reply(arg, rq, "two", name);
}

static void three(void *arg, struct http_request *rq, const char *name)
{
	reply(arg, rq, "three", name);
}

static const struct admin_route first[] = {
	{HTTP_GET, "/admin/a", one},
	{HTTP_POST, "/admin/a", two},
};

static const struct admin_route second[] = {
	{HTTP_DELETE, "/admin/a/{}", one},
	{HTTP_POST, "/admin/a/{}/test", three},
};

static void stage_init(struct stage *st)
{
	struct buf why = BUF_INIT;

	memset(st, 0, sizeof(*st));
	st->base = event_base_new();
	st->loop = loop_new(st->base);
	strcpy(st->dir, "/tmp/test-admin-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(st->dir));
	st->admin = admin_new(st->loop);
	admin_serve(st->admin, first, ARRAY_LEN(first), st);
	admin_serve(st->admin, second, ARRAY_LEN(second), st);
	ck_assert_int_eq(admin_listen(st->admin, st->dir, &why), 0);
	buf_fini(&why);
}

static void stage_fini(struct stage *st)
{
	admin_free(st->admin);
	loop_free(st->loop);
	event_base_free(st->base);
	ck_assert_int_eq(rmdir(st->dir), 0);
}

/* The head of the answer. */
static const char *asks(struct stage *st, const char *what)
{
	static char answer[4096];
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	uint64_t end = clock_mono_ms() + LIVE_PATIENCE_MS;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char head[512];
	ssize_t n;

	st->told[0] = '\0';
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/" ADMIN_SOCKET, st->dir);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	snprintf(head, sizeof(head), "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s",
		 what, *what == 'P' ? "Content-Length: 2\r\n\r\nhi" : "\r\n");
	ck_assert_int_eq(send(fd, head, strlen(head), 0), (ssize_t)strlen(head));
	while ((n = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT)) < 0) {
		ck_assert_uint_lt(clock_mono_ms(), end);
		event_base_loop(st->base, EVLOOP_NONBLOCK);
		usleep(200);
	}
	answer[n] = '\0';
	close(fd);
	for (int i = 0; i < 10; i++)
		event_base_loop(st->base, EVLOOP_NONBLOCK);
	return answer;
}

static void is_served(struct stage *st, const char *what, const char *told)
{
	const char *answer = asks(st, what);

	ck_assert_msg(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, "%s: %s", what, answer);
	ck_assert_str_eq(st->told, told);
}

static void is_refused(struct stage *st, const char *what, int status)
{
	const char *answer = asks(st, what);

	ck_assert_msg(atoi(answer + 9) == status, "%s: %s", what, answer);
	ck_assert_str_eq(st->told, "");
}

START_TEST(test_routes)
{
	/* admin.h: by method and path; {} is one segment */
	struct stage st;

	stage_init(&st);
	is_served(&st, "GET /admin/a", "one() ");
	is_served(&st, "POST /admin/a", "two() hi");
	is_served(&st, "DELETE /admin/a/b-c", "one(b-c) ");
	is_served(&st, "POST /admin/a/b%20c/test", "three(b c) hi");
	is_refused(&st, "DELETE /admin/a/", 404);
	is_refused(&st, "DELETE /admin/a/b/c", 404);
	is_refused(&st, "POST /admin/a/b/tes", 404);
	is_refused(&st, "POST /admin/a/b/tests", 404);
	is_refused(&st, "POST /admin/a//test", 404);
	is_refused(&st, "GET /", 404);
	is_refused(&st, "DELETE /admin/a", 405);
	ck_assert_ptr_nonnull(strstr(asks(&st, "PUT /admin/a"), "\r\nAllow: GET, POST\r\n"));
	is_refused(&st, "DELETE /admin/a/"
		   "0123456789012345678901234567890123456789012345678901234567890123", 404);
	is_served(&st, "DELETE /admin/a/"
		  "012345678901234567890123456789012345678901234567890123456789012",
		  "one(012345678901234567890123456789012345678901234567890123456789012) ");
	ck_assert_uint_eq(admin_count(st.admin), 0);
	stage_fini(&st);
}
END_TEST

START_TEST(test_drain)
{
	/* admin_drain(): nobody new, and the socket is gone */
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stage st;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	stage_init(&st);
	admin_drain(st.admin);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/" ADMIN_SOCKET, st.dir);
	ck_assert_int_lt(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
	stage_fini(&st);
}
END_TEST

UNIT_MAIN("admin", test_routes, test_drain)
