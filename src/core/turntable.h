/**
 * From 5-tuples to allocations: open addressing, a power of two, at most half full, so
 * that a lookup is one or two cache lines. Removal closes the gap: no tombstones.
 */
#ifndef PARAVENT_CORE_TURNTABLE_H
#define PARAVENT_CORE_TURNTABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/turnhash.h"
#include "proto/turnaddr.h"

/* What identifies a client; all bytes compare. */
struct turnkey {
	struct turn_addr client;
	struct turn_addr local;
	uint64_t transport;
};

struct turntable_slot {
	uint64_t hash;
	void *value;			/* NULL: free */
};

struct turntable {
	struct turntable_slot *slot;
	size_t mask, count;
	struct turnhash seed;
	const struct turnkey *(*key_of)(const void *value);
};

/* key_of: where a value holds its key. */
void turntable_init(struct turntable *t, const struct turnkey *(*key_of)(const void *));
void turntable_fini(struct turntable *t);	/* not the values */

void *turntable_get(const struct turntable *t, const struct turnkey *key);

/* The key must not be there. */
void turntable_put(struct turntable *t, void *value);

/* The value must be there. */
void turntable_take(struct turntable *t, const void *value);

#endif
