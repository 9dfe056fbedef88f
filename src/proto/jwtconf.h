/**
 * Another system that signs people in, as the operator describes it: what its tokens look
 * like and which key proves them. The block of the configuration file is read by conf.h,
 * which asks the checks of this file about each value.
 */
#ifndef PARAVENT_PROTO_JWTCONF_H
#define PARAVENT_PROTO_JWTCONF_H

#include <stdbool.h>
#include <stddef.h>

#define JWTCONF_MAX 8		/* issuers */
#define JWTCONF_NAME_MAX 40
#define JWTCONF_CLAIM_MAX 256	/* bytes of issuer and audience */
#define JWTCONF_KEY_ID_MAX 64

/* X(symbol, name) */
#define JWTCONF_DIALECTS(X)                                                   \
	X(JWT_NATIVE, "native")                                               \
	X(JWT_JITSI, "jitsi")                                                 \
	X(JWT_CAREPULSE, "carepulse")

#define JWTCONF_ALGORITHMS(X)                                                 \
	X(JWT_HS256, "HS256")                                                 \
	X(JWT_RS256, "RS256")                                                 \
	X(JWT_ES256, "ES256")

enum jwt_dialect {
#define X(symbol, name) symbol,
	JWTCONF_DIALECTS(X)
#undef X
};

enum jwt_algorithm {
#define X(symbol, name) symbol,
	JWTCONF_ALGORITHMS(X)
#undef X
};

/* All strings are there (never NULL) and owned by the struct. */
struct jwtconf {
	char *name;		/* of the block: letters, digits, '-' and '_' */
	enum jwt_dialect dialect;
	enum jwt_algorithm algorithm;
	char *issuer;		/* `iss`; "": its tokens have none (carepulse only) */
	char *audience;		/* `aud`; the same */
	char *key_id;		/* `kid`; "": tokens that have one are not for it */
	char *secret_file;	/* HS256; else "" */
	char *public_key_file;	/* RS256 and ES256; else "" */
	char *internal_secret_file;	/* carepulse; "": none */
};

void jwtconf_fini(struct jwtconf *c);		/* accepts one of zeros */
void jwtconf_copy(struct jwtconf *out, const struct jwtconf *c);

const char *jwtconf_dialect_name(enum jwt_dialect dialect);
const char *jwtconf_algorithm_name(enum jwt_algorithm algorithm);

/*
 * What is wrong with a value, as the end of a sentence that begins with it (`"x" is no
 * ...`), or NULL.
 */
const char *jwtconf_check_dialect(const char *value);
const char *jwtconf_check_algorithm(const char *value);
const char *jwtconf_check_claim(const char *value);
const char *jwtconf_check_key_id(const char *value);

/* What is wrong with a block as a whole. As above. */
const char *jwtconf_check_together(const struct jwtconf *c);

/* Of values that have passed their checks. */
enum jwt_dialect jwtconf_dialect_of(const char *value);
enum jwt_algorithm jwtconf_algorithm_of(const char *value);

/* Whether these bytes, from wherever, are a key id. */
bool jwtconf_is_key_id(const char *s, size_t len);

#endif
