#include "net/loop.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

/*
 * A wheel: slot = tick modulo its size. A timer further away than one turn stays in
 * its slot when the hand passes. So setting, moving and stopping cost the same few
 * writes however many timers run, and the kernel is asked to wake us only once.
 */
#define SLOTS 1024

struct loop {
	struct event_base *base;
	struct event *hand;
	struct list slot[SLOTS];
	uint64_t tick;		/* the last one served */
	size_t timers;
	bool turning;
	struct loop_cork cork;
	char scratch[LOOP_SCRATCH_SIZE];
	char record[LOOP_RECORD_SIZE];
};

static void serve(struct loop *l, struct list *slot, uint64_t now_ms)
{
	struct list seen;

	list_init(&seen);
	while (!list_empty(slot)) {
		struct list *it = slot->next;
		struct loop_timer *t = CONTAINER_OF(it, struct loop_timer, link);

		list_unlink(it);
		if (t->due_ms > now_ms) {
			list_append(&seen, it);
			continue;
		}
		t->due_ms = 0;
		l->timers--;
		t->fn(t);
	}
	while (!list_empty(&seen)) {
		struct list *it = seen.next;

		list_unlink(it);
		list_append(slot, it);
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	uint64_t now_ms = clock_mono_ms();
	uint64_t now = now_ms / LOOP_TICK_MS;

	(void)fd;
	(void)what;
	if (now - l->tick > SLOTS)
		l->tick = now - SLOTS;		/* each slot once is enough */
	while (l->tick < now) {
		l->tick++;
		serve(l, &l->slot[l->tick % SLOTS], now_ms);
	}
	if (!l->timers) {
		event_del(l->hand);
		l->turning = false;
	}
}

struct loop *loop_new(struct event_base *base)
{
	struct loop *l = mem_new(sizeof(*l));

	signal(SIGPIPE, SIG_IGN);
	l->base = base;
	l->hand = event_new(base, -1, EV_PERSIST, on_tick, l);
	for (size_t i = 0; i < SLOTS; i++)
		list_init(&l->slot[i]);
	list_init(&l->cork.streams);
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		serve(l, &l->slot[i], UINT64_MAX);
	event_free(l->hand);
	free(l);
}

struct event_base *loop_base(const struct loop *l)
{
	return l->base;
}

uint64_t loop_now_ms(const struct loop *l)
{
	(void)l;
	return clock_mono_ms();
}

char *loop_scratch(struct loop *l)
{
	return l->scratch;
}

char *loop_record(struct loop *l)
{
	return l->record;
}

struct loop_cork *loop_cork(struct loop *l)
{
	return &l->cork;
}

void loop_timer_init(struct loop_timer *t, loop_timer_fn *fn)
{
	list_init(&t->link);
	t->due_ms = 0;
	t->fn = fn;
}

void loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	if (!t->due_ms)
		return;
	list_unlink(&t->link);
	t->due_ms = 0;
	l->timers--;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t due_ms)
{
	const struct timeval period = {0, LOOP_TICK_MS * 1000};
	uint64_t tick = due_ms / LOOP_TICK_MS + 1;

	loop_timer_stop(l, t);
	if (!l->turning) {
		l->tick = clock_mono_ms() / LOOP_TICK_MS;
		l->turning = true;
		event_add(l->hand, &period);
	}
	if (tick <= l->tick)
		tick = l->tick + 1;
	t->due_ms = due_ms ? due_ms : 1;
	l->timers++;
	list_append(&l->slot[tick % SLOTS], &t->link);
}
