/**
 * What staff sign in with: names, passwords, the secrets of sessions and one-time links.
 *
 *   cookie   __Host-paravent=<22 characters>
 *   link     <public url>/staff#invite=<name>.<22 characters>
 *
 * The 22 characters are 128 bits from the kernel, and only their SHA-256 is kept. The
 * prefix (RFC 6265bis section 4.1.3.2) makes a browser refuse the cookie from any other
 * host, path or plain connection, but for this machine itself.
 */
#ifndef PARAVENT_PROTO_SIGNIN_H
#define PARAVENT_PROTO_SIGNIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/http.h"

#define SIGNIN_NAME_MAX 32
#define SIGNIN_NAME_SIZE (SIGNIN_NAME_MAX + 1)
#define SIGNIN_RANDOM 16		/* bytes that make a secret */
#define SIGNIN_SECRET_LEN 22
#define SIGNIN_SECRET_SIZE (SIGNIN_SECRET_LEN + 1)
#define SIGNIN_HASH_SIZE 32
#define SIGNIN_COOKIE_SIZE 128		/* of Set-Cookie's value */

/* Whether it is a name: 1..32 of a-z, 0-9, dot, underscore and hyphen, beginning with a
 * letter or a digit. */
bool signin_name_ok(const char *name, size_t len);

/* Makes a secret, which the caller wipes, and what is kept of it. */
void signin_secret(char text[SIGNIN_SECRET_SIZE], uint8_t hash[SIGNIN_HASH_SIZE],
		   const uint8_t random[SIGNIN_RANDOM]);

/* Reads what somebody presents as a secret. Returns 0 or ERR_MALFORMED. */
int signin_hash(uint8_t hash[SIGNIN_HASH_SIZE], const char *text, size_t len);

/* Reads "<name>.<secret>", the part of a one-time link behind "invite=". 0 or ERR_MALFORMED. */
int signin_link(char name[SIGNIN_NAME_SIZE], uint8_t hash[SIGNIN_HASH_SIZE],
		const char *text, size_t len);

/* Whether the request has the cookie at all, readable or not. */
bool signin_has_cookie(const struct http_head *h);

/* Reads it. Returns 0, ERR_NOT_FOUND (none, or there twice), or ERR_MALFORMED. */
int signin_cookie(uint8_t hash[SIGNIN_HASH_SIZE], const struct http_head *h);

/* Writes the value of Set-Cookie; secret: NULL takes the cookie away. */
void signin_put_cookie(char out[SIGNIN_COOKIE_SIZE], const char *secret, int64_t life_ms);

/**
 * Whether it can be a new password: 10..256 characters of UTF-8, at most 511 bytes.
 * Returns NULL, or the sentence about what is wrong.
 */
const char *signin_password_wrong(const char *password, size_t len);

#endif
