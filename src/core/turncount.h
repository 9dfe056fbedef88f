/**
 * What a worker counts, for /metrics. Written by the worker alone, read by anybody:
 * each number is whole, though two of them may be of different moments.
 */
#ifndef PARAVENT_CORE_TURNCOUNT_H
#define PARAVENT_CORE_TURNCOUNT_H

#include <stdatomic.h>
#include <stdint.h>

/* X(symbol, name, what it counts) */
#define TURN_COUNTS(X)                                                        \
	X(TURN_ALLOCATIONS, "allocations", "open now")                        \
	X(TURN_RESERVATIONS, "reservations", "ports held for a token now")    \
	X(TURN_PORTS, "ports", "relay ports in use now")                      \
	X(TURN_USERS, "users", "participants known now")                      \
	X(TURN_OPENED, "opened", "allocations opened")                        \
	X(TURN_CLOSED, "closed", "allocations closed")                        \
	X(TURN_BYTES_UP, "bytes_up", "payload from clients to peers")         \
	X(TURN_BYTES_DOWN, "bytes_down", "payload from peers to clients")     \
	X(TURN_PACKETS_UP, "packets_up", "datagrams to peers")                \
	X(TURN_PACKETS_DOWN, "packets_down", "datagrams to clients")          \
	X(TURN_HAIRPINS, "hairpins", "handed over inside the process")        \
	X(TURN_BINDINGS, "bindings", "STUN Binding requests answered")        \
	X(TURN_REQUESTS, "requests", "TURN requests")                         \
	X(TURN_REFUSED_401, "refused_401", "answered 401")                    \
	X(TURN_REFUSED_403, "refused_403", "answered 403")                    \
	X(TURN_REFUSED_437, "refused_437", "answered 437")                    \
	X(TURN_REFUSED_438, "refused_438", "answered 438")                    \
	X(TURN_REFUSED_QUOTA, "refused_quota", "answered 486 or 508")         \
	X(TURN_REFUSED_OTHER, "refused_other", "answered with another error") \
	X(TURN_SILENCED, "silenced", "401 or 438 not sent, rate limit")       \
	X(TURN_DROP_JUNK, "drop_junk", "neither STUN nor ChannelData")        \
	X(TURN_DROP_NO_ALLOCATION, "drop_no_allocation", "data of nobody")    \
	X(TURN_DROP_UNBOUND, "drop_unbound", "no such channel")               \
	X(TURN_DROP_PERMISSION, "drop_permission", "peer not permitted")      \
	X(TURN_DROP_POLICY, "drop_policy", "peer refused by the policy")      \
	X(TURN_DROP_RATE, "drop_rate", "over the bandwidth")

enum turn_count {
#define X(symbol, name, what) symbol,
	TURN_COUNTS(X)
#undef X
	TURN_COUNT_COUNT
};

struct turn_counts {
	_Atomic uint64_t value[TURN_COUNT_COUNT];
};

/* One writer: a load and a store, no locked instruction. */
static inline void turn_count_add(struct turn_counts *c, enum turn_count which,
				  uint64_t more)
{
	_Atomic uint64_t *v = &c->value[which];

	atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

static inline void turn_count_set(struct turn_counts *c, enum turn_count which,
				  uint64_t value)
{
	atomic_store_explicit(&c->value[which], value, memory_order_relaxed);
}

static inline uint64_t turn_count_get(const struct turn_counts *c, enum turn_count which)
{
	return atomic_load_explicit(&c->value[which], memory_order_relaxed);
}

#endif
