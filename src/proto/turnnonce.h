/**
 * Nonces that need no memory: the time of issue and a MAC over it and the client's
 * address, behind the cookie of RFC 8489 section 9.2 that announces
 * PASSWORD-ALGORITHMS (bit 0 of the security features).
 *
 *     "obMatJos2" "gAAA" base64url(seconds, 4 bytes | HMAC-SHA256, 16 bytes)
 */
#ifndef PARAVENT_PROTO_TURNNONCE_H
#define PARAVENT_PROTO_TURNNONCE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/turnaddr.h"

#define TURNNONCE_LEN 40
#define TURNNONCE_KEY_SIZE 32

struct turnnonce;

/* key: borrowed; random, made anew at each start. */
struct turnnonce *turnnonce_new(const uint8_t key[TURNNONCE_KEY_SIZE]);
void turnnonce_free(struct turnnonce *n);	/* accepts NULL; wipes */

/* now_s: a clock that never goes back. */
void turnnonce_make(const struct turnnonce *n, char out[TURNNONCE_LEN], uint32_t now_s,
		    const struct turn_addr *client);

/**
 * Whether we gave this nonce to this address; *age_s: how long ago.
 *
 * Returns 0 or ERR_UNAUTHORIZED. The cost does not depend on the text, once it has the
 * right length.
 */
int turnnonce_check(const struct turnnonce *n, uint32_t *age_s, uint32_t now_s,
		    const struct turn_addr *client, const void *text, size_t len);

#endif
