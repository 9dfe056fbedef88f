/**
 * Signing in and out of the practice's staff (doc/protocol.md, "Sign-in and the rest"):
 *
 *	POST   /api/session		{"username", "password"} -> 204, a cookie
 *	GET    /api/session		200 {"username", "roles", "expiresAt"}
 *	DELETE /api/session		204; ?everywhere=true ends all of mine
 *	POST   /api/session/invite	{"invite", "password"} -> 204, a cookie
 *	POST   /api/session/password	{"password", "newPassword"} -> 204, a new cookie
 *
 * Whose request it is judges app/callers.
 */
#ifndef PARAVENT_APP_SESSIONS_H
#define PARAVENT_APP_SESSIONS_H

#include "app/doorkeeper.h"
#include "app/house.h"
#include "net/httpconn.h"
#include "net/loop.h"

struct sessions;

/* All borrowed. */
struct sessions *sessions_new(struct loop *l, struct house *h, struct doorkeeper *k);

/* After doorkeeper_stop(), so that nobody waits for an answer of it. Accepts NULL. */
void sessions_free(struct sessions *s);

/* Serves a request for "/api/session<rest>"; its Origin has been looked at. */
void sessions_serve(struct sessions *s, struct http_request *rq, const char *rest);

#endif
