/**
 * Who sends a request: the long-term credentials of RFC 8489 section 9.2 with nonces
 * that cost no memory. Nothing here changes any state.
 */
#ifndef PARAVENT_CORE_TURNAUTH_H
#define PARAVENT_CORE_TURNAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/stun.h"
#include "proto/turnaddr.h"
#include "proto/turncred.h"
#include "proto/turnnonce.h"

struct turnauth {
	char realm[128];
	uint32_t nonce_s;
	struct turncred_secrets secrets;
	struct turnnonce *nonce;
};

/* realm, secrets: borrowed. */
void turnauth_init(struct turnauth *auth, const char *realm, uint32_t nonce_s,
		   const struct turncred_secrets *secrets);
void turnauth_fini(struct turnauth *auth);	/* wipes */

/* Who it is, once that is proven; `cred` points into the message. */
struct turn_identity {
	struct turncred cred;
	enum turncred_algorithm algorithm;
	uint8_t key[TURNCRED_KEY_MAX];
	size_t key_len;
	bool sha256;		/* sign the answer with MESSAGE-INTEGRITY-SHA256 */
};

/* A user name whose key is known already: neither rotation nor expiry ends what it has
 * (doc/decisions.md). */
struct turn_known {
	const char *username;
	size_t username_len;
	enum turncred_algorithm algorithm;
	const uint8_t *key;
	size_t key_len;
};

/**
 * Judges a request in the order of section 9.2.4, with one cheap step in front: a nonce
 * that we did not give to this address is stale before any key is computed.
 *
 * known: NULL: none.
 *
 * Returns 0 with *out set, or the code of the answer: 400, 401 or 438.
 */
unsigned turnauth_check(const struct turnauth *auth, uint64_t now_ms,
			const struct stun_msg *msg, const struct turn_addr *client,
			const struct turn_known *known, struct turn_identity *out);

/* REALM, a fresh NONCE and PASSWORD-ALGORITHMS: what a 401 and a 438 carry. */
void turnauth_put_challenge(const struct turnauth *auth, uint64_t now_ms,
			    struct stun_out *o, const struct turn_addr *client);

/* Signs an answer as the request was signed. */
void turnauth_sign(struct stun_out *o, const struct turn_identity *who);

#endif
