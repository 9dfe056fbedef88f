/**
 * Holding back what claims that something happened until its fact is on disk.
 *
 * Whoever has such an answer leaves a waiter with the fact's seq; when the ledger says
 * how far it is durable, the waiters up to there are called, in the order of seq.
 */
#ifndef PARAVENT_APP_GATE_H
#define PARAVENT_APP_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

typedef void gate_opened_fn(void *arg);

struct gate_waiter {		/* inside the one who waits */
	struct list link;
	uint64_t seq;
	gate_opened_fn *fn;
	void *arg;
};

struct gate {
	struct list waiting;	/* ascending by seq */
	uint64_t durable;
};

void gate_init(struct gate *g, uint64_t durable);

static inline bool gate_is_open(const struct gate *g, uint64_t seq)
{
	return seq <= g->durable;
}

/* Prepares a waiter that waits for nothing yet. */
void gate_waiter_init(struct gate_waiter *w, gate_opened_fn *fn, void *arg);

/* Waits for `seq`, which must not be open yet; `w` must not wait already. */
void gate_wait(struct gate *g, struct gate_waiter *w, uint64_t seq);

/* Waits no longer; harmless when it does not wait. */
void gate_leave(struct gate_waiter *w);

static inline bool gate_waits(const struct gate_waiter *w)
{
	return !list_empty(&w->link);
}

/* The ledger is durable up to `seq`: calls all who waited for it. A callee may wait
 * again, leave others, or free itself. */
void gate_open(struct gate *g, uint64_t seq);

#endif
