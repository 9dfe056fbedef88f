/**
 * Tokens that we sign for the service of an issuer, in the dialect carepulse; proto/jwt.h
 * reads them again.
 */
#ifndef PARAVENT_PROTO_JWTMAKE_H
#define PARAVENT_PROTO_JWTMAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/jwt.h"

#define JWTMAKE_LIFE_S 3600

/**
 * Appends a token for one meeting, good for JWTMAKE_LIFE_S from now.
 *
 * key:    of an issuer with HS256 and dialect carepulse.
 * person: 1..JWT_PERSON_MAX characters, as jwt_judge() takes them.
 * now:    seconds since 1970.
 */
void jwtmake_carepulse(struct buf *out, const struct jwt_key *key, const char *meeting,
		       const char *person, bool host, int64_t now);

#endif
