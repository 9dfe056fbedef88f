/**
 * JSON Web Tokens of other systems (RFC 7519, RFC 7515 compact form): from text, the
 * configured keys and the time to who somebody is, or the reason why not.
 *
 * Nothing is guessed from the token: a key is for one dialect, one algorithm, one issuer
 * and one audience. Everything about the form is judged here before a library sees the
 * token; what is left for it is the signature.
 */
#ifndef PARAVENT_PROTO_JWT_H
#define PARAVENT_PROTO_JWT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/factdata.h"
#include "proto/jwtconf.h"
#include "proto/sigmsg.h"

#define JWT_LEN_MAX 4096
#define JWT_LIFE_S (24 * 60 * 60)	/* at most, from now */
#define JWT_LEEWAY_S 30			/* two clocks may differ by this */
#define JWT_SECRET_MIN 32		/* bytes of an HS256 secret */
#define JWT_MEETING_LEN 22
#define JWT_PERSON_MAX 128		/* characters */

/* A key, ready for use; borrows what it points to. */
struct jwt_key {
	const struct jwtconf *conf;
	const uint8_t *bytes;	/* the HS256 secret, or a public key in PEM */
	size_t len;		/* never 0; of a secret at least JWT_SECRET_MIN */
};

struct jwt_person {
	const struct jwtconf *by;	/* whose token it is */
	char meeting[JWT_MEETING_LEN + 1];	/* its id, or "*": any, for a host */
	char person[4 * JWT_PERSON_MAX + 1];
	char name[4 * SIGMSG_NAME_MAX + 1];	/* "": the token says none */
	bool host;
	int64_t not_before, expires_at;	/* seconds since 1970; not_before 0: none */
};

/* Whether it is meant to be a JWT: no other token of ours holds a dot. */
bool jwt_looks(const char *token, size_t len);

/* Whether the token is for this meeting (22 characters and NUL). */
bool jwt_opens(const struct jwt_person *p, const char *meeting);

/**
 * Judges a token.
 *
 * keys:  all that are configured, at most JWTCONF_MAX; those whose issuer fits are tried.
 * now:   seconds since 1970.
 * token: any bytes.
 *
 * Returns 0 and the person, or the reason for token.refused in `reason` and
 * ERR_UNAUTHORIZED. Whoever presented it hears the same sentence for all reasons.
 */
int jwt_judge(struct jwt_person *out, enum factdata_reason *reason,
	      const struct jwt_key *keys, size_t count, int64_t now,
	      const char *token, size_t len);

#endif
