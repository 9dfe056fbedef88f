/**
 * What a proxy says about the client behind it: X-Forwarded-For and X-Forwarded-Proto.
 * Anybody can write them, so only what a proxy of the operator's own has written counts.
 */
#ifndef PARAVENT_PROTO_FORWARDED_H
#define PARAVENT_PROTO_FORWARDED_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/cidr.h"
#include "proto/http.h"
#include "proto/turnaddr.h"

/* Of one header; what is longer, nobody's chain of proxies writes. */
#define FORWARDED_MAX 1024

/**
 * Who stands behind the proxies: the last address in X-Forwarded-For that is no trusted
 * proxy, or the first where all are. Each proxy appends the one it heard from, so what
 * stands before that one was written by whoever it is.
 *
 * trusted: networks of proxies; the caller has seen that the peer is in one.
 *
 * False, with nothing in `out`, where the header is missing, there twice or too long,
 * or what is met on the way is no plain address: then nobody is believed.
 */
bool forwarded_for(struct turn_addr *out, const struct http_head *h,
		   const struct cidr *trusted, size_t count);

enum forwarded_proto {
	FORWARDED_UNSAID,	/* or neither, or there twice */
	FORWARDED_HTTP,
	FORWARDED_HTTPS,
};

enum forwarded_proto forwarded_proto(const struct http_head *h);

/* Whether one of the networks holds the host. */
bool forwarded_is_trusted(const struct turn_addr *a, const struct cidr *trusted,
			  size_t count);

#endif
