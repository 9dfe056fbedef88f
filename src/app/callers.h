/**
 * Who asks. A request of the API carries one credential at most: as Authorization: Bearer
 * the host's token of one meeting, that of an invitation to be its host, an API key, which
 * has scopes, or a JWT of another system, which makes its holder the host of one meeting
 * or of all; or the cookie of somebody of the staff who is signed in. Where there is a
 * Bearer, the cookie counts not.
 *
 * The contract's rule for meetings, here once for all calls: a missing and a forbidden
 * meeting look the same. So keys, JWTs and staff are judged before anybody looks for the
 * meeting, and a good token that does not open it is "not found", whether it is there or
 * not.
 */
#ifndef PARAVENT_APP_CALLERS_H
#define PARAVENT_APP_CALLERS_H

#include <stdbool.h>

#include "app/house.h"
#include "net/httpconn.h"
#include "proto/apikey.h"
#include "proto/fact.h"
#include "proto/factdata.h"
#include "proto/signin.h"

enum caller_kind {
	CALLER_NOBODY,
	CALLER_HOST,		/* of the meeting that was asked about */
	CALLER_KEY,
	CALLER_TOKEN,		/* a host, as another system says: a JWT */
	CALLER_STAFF,
};

/* Beside the scopes of keys: which roles of the staff may. Admins may everything. */
#define CALLER_HOSTS 0x100
#define CALLER_AUDITORS 0x200
/* Whose own personal link may be taken back may not: such a host is ERR_FORBIDDEN. */
#define CALLER_NOT_INVITED 0x400

struct caller {
	enum caller_kind kind;
	unsigned int scopes;	/* of a key: APIKEY_*; of staff: those of such a key */
	char key[APIKEY_ID_SIZE];		/* its id */
	uint8_t session[SIGNIN_HASH_SIZE];	/* of staff */
	char actor[FACT_ACTOR_SIZE];		/* for facts; "" for nobody */
};

/**
 * Whether an API key with one of `scopes` asks, or somebody of the staff with a role.
 *
 * scopes: APIKEY_*, and CALLER_HOSTS, CALLER_AUDITORS.
 *
 * Returns 0; ERR_UNAUTHORIZED without a key or session, or with one that is unknown or
 * over (401); ERR_FORBIDDEN when it may not do this, as no JWT may (403).
 */
int caller_with_key(struct caller *out, struct house *h, const struct http_request *rq,
		    unsigned int scopes);

/**
 * Whether somebody asks who may make meetings: an API key with that scope, staff that are
 * hosts, or a JWT of a host of all meetings. Returns as caller_with_key(), ERR_FORBIDDEN
 * for other good JWTs.
 */
int caller_to_create(struct caller *out, struct house *h, const struct http_request *rq);

/**
 * Whether somebody asks who may see or change this meeting: an API key or staff with one
 * of `scopes`, or, if `host`, its host. Says nothing about whether the meeting exists.
 *
 * id: 22 characters and NUL.
 *
 * Returns as caller_with_key(), or ERR_NOT_FOUND for a token that is no API key and
 * does not open this meeting, or not so far. A good JWT of a guest, or where its host
 * does not suffice, is ERR_FORBIDDEN; one for another meeting is ERR_NOT_FOUND.
 */
int caller_of_meeting(struct caller *out, struct house *h, const struct http_request *rq,
		      const char *id, bool host, unsigned int scopes);

/* Whether the key or session that this caller had still is one, with the same rights: for
 * answers that go on for long. */
bool caller_still(const struct caller *c, const struct house *h);

/* Remembers that a token was refused (fact token.refused), if there are not too many. */
void caller_remember_refusal(struct house *h, enum factdata_reason reason,
			     enum factdata_via via);

/* The session that the request has, of somebody who may sign in; it counts as used. Or
 * NULL, as where there is an Authorization of any kind. */
const struct sessionset_session *caller_session(struct house *h,
						const struct http_request *rq);

/* Answers what the functions above have refused. */
void caller_refuse(struct http_request *rq, int err);

#endif
