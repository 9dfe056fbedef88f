/**
 * Networks as the operator writes them: "10.20.0.0/16".
 */
#ifndef PARAVENT_PROTO_CIDR_H
#define PARAVENT_PROTO_CIDR_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/turnaddr.h"

struct cidr {
	struct turn_addr net;		/* port 0; bits behind the prefix are zero */
	uint8_t bits;			/* of this family: 0 to 32 or 0 to 128 */
};

/* "10.20.0.0/16", "2001:db8:1::/48", "10.20.0.5". ERR_MALFORMED, also with bits behind
 * the prefix: that is a typing error of somebody who opens a network. */
int cidr_parse(struct cidr *out, const char *text);

/* Whether the host is in the network; a family has nothing in the other's. */
bool cidr_holds(const struct cidr *c, const struct turn_addr *a);

/* Whether the first `bits` bits of two addresses are the same. */
bool cidr_prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits);

#endif
