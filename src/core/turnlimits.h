/**
 * What one source may cost us before it has shown who it is, and how many allocations
 * anybody may hold.
 */
#ifndef PARAVENT_CORE_TURNLIMITS_H
#define PARAVENT_CORE_TURNLIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "core/limits.h"
#include "core/turnhash.h"
#include "proto/turnaddr.h"

#define REFUSALS_SLOTS 4096

/* 401 and 438 over UDP: sources share a fixed table, whoever collides shares a budget. */
struct refusals {
	struct bucket_rule each, together;
	struct bucket all;
	struct turnhash seed;
	struct bucket slot[REFUSALS_SLOTS];
};

void refusals_init(struct refusals *r, struct bucket_rule each,
		   struct bucket_rule together);

/* Whether this IPv4 address or v6 /64 may be told no once more. */
bool refusals_take(struct refusals *r, uint64_t now_ms, const struct turn_addr *client);

/* How many of something each of many holds. Memory only for those above zero. */
struct tally {
	struct map *counts;
};

void tally_init(struct tally *t);
void tally_fini(struct tally *t);

/* One more; false (and nothing changes) where `max` are held. */
bool tally_take(struct tally *t, const void *key, size_t len, uint32_t max);
void tally_give(struct tally *t, const void *key, size_t len);

#endif
