/**
 * API keys: pvk_<8 characters: its id>_<43 characters: 32 random bytes, base64url>.
 *
 * The id names a key in lists and in the log. Of the text itself only the SHA-256 is
 * kept: 256 random bits need no slow hash.
 */
#ifndef PARAVENT_PROTO_APIKEY_H
#define PARAVENT_PROTO_APIKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/words.h"

#define APIKEY_ID_LEN 8
#define APIKEY_ID_SIZE (APIKEY_ID_LEN + 1)
#define APIKEY_LEN 56		/* of the whole text */
#define APIKEY_RANDOM 38	/* bytes that make one: 6 for the id, 32 for the rest */
#define APIKEY_HASH_SIZE 32
#define APIKEY_LABEL_MAX 60	/* characters */
#define APIKEY_LABEL_SIZE (APIKEY_LABEL_MAX * 4 + 1)

/* X(symbol, bit, name, meaning): what a key may do; sorted by name */
#define APIKEY_SCOPES(X)                                                      \
	X(APIKEY_AUDIT, 1, "audit", "read the log")                           \
	X(APIKEY_CREATE, 2, "create", "make, change and end meetings")        \
	X(APIKEY_READ, 4, "read", "read meetings, their events and reports")

enum apikey_scope {
#define X(symbol, bit, name, meaning) symbol = bit,
	APIKEY_SCOPES(X)
#undef X
};

/* What is kept of a key. */
struct apikey {
	char id[APIKEY_ID_SIZE];
	uint8_t hash[APIKEY_HASH_SIZE];
};

/* Makes the text, which is shown once and then wiped by the caller, and what is kept. */
void apikey_make(char text[APIKEY_LEN + 1], struct apikey *out,
		 const uint8_t random[APIKEY_RANDOM]);

/* Whether a bearer's text means to be an API key, and no other token. */
bool apikey_looks(const char *text, size_t len);

/* Reads what somebody presents. Returns 0 or ERR_MALFORMED. */
int apikey_parse(struct apikey *out, const char *text, size_t len);

/* Whether it is an id: 8 characters of base64url. */
bool apikey_id_ok(const char *id, size_t len);

/* Whether the hashes are equal, in constant time. */
bool apikey_equal(const uint8_t a[APIKEY_HASH_SIZE], const uint8_t b[APIKEY_HASH_SIZE]);

/* The scopes, for words.h: "audit,create,read". */
extern const struct word apikey_scopes[];

#endif
