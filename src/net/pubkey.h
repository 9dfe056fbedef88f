/**
 * What a public key in a file is: whether it can prove signatures for us.
 */
#ifndef PARAVENT_NET_PUBKEY_H
#define PARAVENT_NET_PUBKEY_H

#include <stddef.h>

enum pubkey_kind {
	PUBKEY_RSA,		/* of 2048 bits or more */
	PUBKEY_P256,		/* on the curve P-256 */
};

/**
 * Whether `pem` is a public key of that kind ("-----BEGIN PUBLIC KEY-----") and nothing
 * else. Returns NULL, or what is wrong and what to do: the end of a sentence that begins
 * with the file's name. Static.
 */
const char *pubkey_check(const char *pem, size_t len, enum pubkey_kind kind);

#endif
