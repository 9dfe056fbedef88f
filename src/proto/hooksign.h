/**
 * How the receiver of a webhook knows that it comes from us, and when it was sent:
 *
 *	Paravent-Signature: t=1795166400,v1=<64 hex digits>
 *
 * v1 is HMAC-SHA256 (RFC 2104) under the hook's secret of `t`, a dot, and the body as it
 * lies on the wire. A receiver compares in constant time and refuses a `t` that is more
 * than five minutes away, so that nobody can send it again later.
 */
#ifndef PARAVENT_PROTO_HOOKSIGN_H
#define PARAVENT_PROTO_HOOKSIGN_H

#include <stddef.h>
#include <stdint.h>

#define HOOKSIGN_SIZE 96	/* "t=<20 digits>,v1=<64 hex digits>" and NUL */

/* The header's value. unix_s: seconds since 1970. */
void hooksign(char out[HOOKSIGN_SIZE], const char *secret, size_t secret_len,
	      int64_t unix_s, const void *body, size_t len);

#endif
