/**
 * Signing in and out of the practice's staff (doc/protocol.md, "Sign-in and the rest"):
 *
 *	POST   /api/session		{"username", "password"} -> 204, a cookie
 *	GET    /api/session		200 {"username", "roles", "expiresAt"}
 *	DELETE /api/session		204; ?everywhere=true ends all of mine
 *	POST   /api/session/invite	{"invite", "password"} -> 204, a cookie
 *	POST   /api/session/password	{"password", "newPassword"} -> 204, a new cookie
 *
 * It owns the doorkeeper (store/accounts.h) and writes down what sessions of house->sessions
 * do; whose request it is judges app/callers.
 */
#ifndef PARAVENT_APP_SESSIONS_H
#define PARAVENT_APP_SESSIONS_H

#include "app/house.h"
#include "net/httpconn.h"
#include "net/loop.h"
#include "store/accounts.h"

struct sessions;

/**
 * Takes over what staff.db holds. l, h: borrowed; the house is loaded.
 * Returns 0 or an error whose sentence is in `why`.
 */
int sessions_new(struct sessions **out, struct loop *l, struct house *h,
		 struct why *why);

/* Ends the doorkeeper after what it was asked for; before the house is shut. Accepts NULL. */
void sessions_stop(struct sessions *s);
void sessions_free(struct sessions *s);		/* accepts NULL */

/* Serves a request for /api/session or below; false when there is no such call. The
 * Origin has been looked at. */
bool sessions_serve(struct sessions *s, struct http_request *rq);

/* For the admin socket: what staff.db has to be told, in turn with all else. */
struct accounts *sessions_accounts(struct sessions *s);

#endif
