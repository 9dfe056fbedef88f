#include "app/admin.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer.h"
#include "base/mem.h"
#include "net/unixlisten.h"

#define TABLES_MAX 8

struct admin {
	struct loop *loop;
	struct http_server *http;
	struct unixlisten *socket;
	struct {
		const struct admin_route *routes;
		size_t count;
		void *arg;
	} table[TABLES_MAX];
	size_t tables;
};

/* Whether `path` is what the route says; what stands for {} goes to `name`. */
static bool matches(char name[ADMIN_NAME_SIZE], const char *route, const char *path)
{
	name[0] = '\0';
	for (; *route; route++) {
		if (*route != '{') {
			if (*route != *path++)
				return false;
			continue;
		}
		size_t len = strcspn(path, "/");

		if (!len || len >= ADMIN_NAME_SIZE)
			return false;
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		route++;	/* the '}' */
	}
	return !*path;
}

static void handle(void *arg, struct http_request *rq)
{
	struct admin *a = arg;
	char name[ADMIN_NAME_SIZE];
	struct buf allow = BUF_INIT;

	for (size_t t = 0; t < a->tables; t++) {
		for (size_t i = 0; i < a->table[t].count; i++) {
			const struct admin_route *r = &a->table[t].routes[i];

			if (!matches(name, r->path, rq->head.path))
				continue;
			if (r->method == rq->head.method) {
				r->fn(a->table[t].arg, rq, name);
				buf_fini(&allow);
				return;
			}
			buf_printf(&allow, "%s%s", allow.len ? ", " : "",
				   http_method_name(r->method));
		}
	}
	if (allow.len)
		reply_not_allowed(rq, allow.p);
	else
		reply_status(rq, 404);
	buf_fini(&allow);
}

struct admin *admin_new(struct loop *l)
{
	struct admin *a = mem_new(sizeof(*a));

	a->loop = l;
	a->http = http_server_new(l, handle, a, reply_put_problem);
	return a;
}

void admin_serve(struct admin *a, const struct admin_route *routes, size_t count,
		 void *arg)
{
	assert(a->tables < TABLES_MAX);
	a->table[a->tables].routes = routes;
	a->table[a->tables].count = count;
	a->table[a->tables++].arg = arg;
}

static void on_stream(void *arg, struct stream *s)
{
	struct admin *a = arg;

	http_server_adopt(a->http, s);
}

int admin_listen(struct admin *a, const char *state_dir, struct buf *why)
{
	struct buf path = BUF_INIT;
	int err;

	buf_printf(&path, "%s/" ADMIN_SOCKET, state_dir);
	err = unixlisten_new(&a->socket, a->loop, path.p, on_stream, a, why);
	buf_fini(&path);
	return err;
}

void admin_drain(struct admin *a)
{
	unixlisten_free(a->socket);
	a->socket = NULL;
	http_server_drain(a->http);
}

size_t admin_count(const struct admin *a)
{
	return http_server_count(a->http);
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	unixlisten_free(a->socket);
	http_server_free(a->http);
	free(a);
}
