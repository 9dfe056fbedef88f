#include "app/gate.h"

#include <assert.h>

void gate_init(struct gate *g, uint64_t durable)
{
	list_init(&g->waiting);
	g->durable = durable;
}

void gate_waiter_init(struct gate_waiter *w, gate_opened_fn *fn, void *arg)
{
	list_init(&w->link);
	w->seq = 0;
	w->fn = fn;
	w->arg = arg;
}

void gate_wait(struct gate *g, struct gate_waiter *w, uint64_t seq)
{
	struct list *after = g->waiting.prev;

	assert(!gate_waits(w) && !gate_is_open(g, seq));
	w->seq = seq;
	/* from the end: new facts come in ascending order, so this is one step */
	while (after != &g->waiting &&
	       CONTAINER_OF(after, struct gate_waiter, link)->seq > seq)
		after = after->prev;
	w->link.prev = after;
	w->link.next = after->next;
	after->next->prev = &w->link;
	after->next = &w->link;
}

void gate_leave(struct gate_waiter *w)
{
	list_unlink(&w->link);
}

void gate_open(struct gate *g, uint64_t seq)
{
	if (seq > g->durable)
		g->durable = seq;
	/* always the first anew: a callee may change the list in any way */
	while (!list_empty(&g->waiting)) {
		struct gate_waiter *w =
			CONTAINER_OF(g->waiting.next, struct gate_waiter, link);

		if (w->seq > g->durable)
			break;
		gate_leave(w);
		w->fn(w->arg);
	}
}
