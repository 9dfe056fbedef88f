/**
 * How much one address may ask, over all its connections: a table of a fixed size, from
 * which the address goes that was quiet for the longest.
 *
 * An address is any short key; whoever counts says what one is (an IPv4 address, the /64
 * of an IPv6 address).
 */
#ifndef PARAVENT_CORE_ADDRESSES_H
#define PARAVENT_CORE_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"

/* X(symbol, meaning): what is counted, each by itself */
#define ADDRESS_KINDS(X)                                                      \
	X(ADDRESS_CALLS, "calls of the API")                                  \
	X(ADDRESS_JOINS, "joins of a meeting")                                \
	X(ADDRESS_MISSES, "meetings that are not there, tokens that open nothing")

enum address_kind {
#define X(symbol, meaning) symbol,
	ADDRESS_KINDS(X)
#undef X
	ADDRESS_KIND_COUNT
};

#define ADDRESSES_MAX 8192
#define ADDRESS_KEY_MAX 16

struct addresses;

/* max: how many are remembered at once. */
struct addresses *addresses_new(size_t max);
void addresses_free(struct addresses *a);	/* accepts NULL */

/* Takes one token of `kind` from the address; false: it has none, and none was taken. */
bool addresses_take(struct addresses *a, const void *key, size_t len,
		    enum address_kind kind, const struct bucket_rule *rule,
		    uint64_t now_ms);

/* Whether it has one, and takes nothing; who is not in the table has all. */
bool addresses_has(const struct addresses *a, const void *key, size_t len,
		   enum address_kind kind, const struct bucket_rule *rule,
		   uint64_t now_ms);

size_t addresses_count(const struct addresses *a);

#endif
