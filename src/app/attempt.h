/**
 * Tries to get in. Three ways lead to a new session: a password, a one-time link with a
 * new password, and the present password with a new one. What is slow is done by the
 * doorkeeper; who tries too often is sent away (core/signinlimit.h).
 */
#ifndef PARAVENT_APP_ATTEMPT_H
#define PARAVENT_APP_ATTEMPT_H

#include "app/doorkeeper.h"
#include "app/house.h"
#include "net/httpconn.h"
#include "net/loop.h"

#define ATTEMPT_LINK_REFUSED                                                  \
	"This link was used already, or its time is over. Ask the one who runs " \
	"the server for a new one."

enum attempt_way {
	BY_PASSWORD,
	BY_LINK,
	BY_CHANGE,
};

struct attempt_wish {
	enum attempt_way way;
	char name[SIGNIN_NAME_SIZE];		/* as typed */
	char password[PASSWORD_BYTES_MAX + 1];	/* the present one */
	char next[PASSWORD_BYTES_MAX + 1];	/* the new one, fit to be one */
	uint8_t link[SIGNIN_HASH_SIZE];
};

struct attempts;

/* All borrowed. */
struct attempts *attempts_new(struct loop *l, struct house *h, struct doorkeeper *k);

/* After doorkeeper_stop(), so that nobody waits for an answer of it. Accepts NULL. */
void attempts_free(struct attempts *s);

/**
 * Takes the request, and answers it now or later: 204 with a cookie, 401, 422 with the
 * field `password` (BY_CHANGE), 429 or 503.
 *
 * wish: copied, and the copy wiped.
 */
void attempts_begin(struct attempts *s, const struct attempt_wish *wish,
		    struct http_request *rq);

#endif
