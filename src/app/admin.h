/**
 * The admin socket: <state-dir>/admin.sock speaks HTTP with the commands of the one who
 * runs the server, and with nobody else. Each module brings its own routes.
 */
#ifndef PARAVENT_APP_ADMIN_H
#define PARAVENT_APP_ADMIN_H

#include <stddef.h>

#include "base/buf.h"
#include "net/httpconn.h"
#include "net/loop.h"

#define ADMIN_SOCKET "admin.sock"
#define ADMIN_NAME_SIZE 64

struct admin;

/**
 * Serves one request: answers, or keeps `rq` and answers later, as http_handler_fn.
 *
 * name: what stood in the place of {} in the path, as the client wrote it (no slash, 1
 *       to 63 bytes of UTF-8); "" where the route has no {}. Borrowed.
 */
typedef void admin_handler_fn(void *arg, struct http_request *rq, const char *name);

struct admin_route {
	enum http_method method;
	const char *path;		/* "/admin/keys", "/admin/keys/{}" */
	admin_handler_fn *fn;
};

/* l: borrowed. Nobody is served before admin_listen(). */
struct admin *admin_new(struct loop *l);

/* Adds routes; borrowed for the admin's life (a static table). */
void admin_serve(struct admin *a, const struct admin_route *routes, size_t count,
		 void *arg);

/**
 * Opens the socket in state_dir; the ledger there must be locked by us.
 * why: on failure gets one sentence. Returns 0 or unixlisten_new()'s error.
 */
int admin_listen(struct admin *a, const char *state_dir, struct buf *why);

/* The server stops: takes nobody new; connections close after their answer. */
void admin_drain(struct admin *a);

/* Open connections. */
size_t admin_count(const struct admin *a);

/* Accepts NULL. */
void admin_free(struct admin *a);

#endif
