/**
 * What the connections of one event loop share: the scratch memory that reads go into,
 * the time of this turn, and coarse timers by the ten thousand.
 *
 * One loop belongs to one thread; nothing here may be called from another.
 */
#ifndef PARAVENT_NET_LOOP_H
#define PARAVENT_NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#include "base/list.h"

/* How late a timer may be: one turn of the wheel. */
#define LOOP_TICK_MS 50

#define LOOP_SCRATCH_SIZE (64 * 1024)
#define LOOP_RECORD_SIZE (16 * 1024)	/* the most that fits one TLS record */

struct loop;
struct loop_timer;

typedef void loop_timer_fn(struct loop_timer *t);

/* Lives inside its owner, who is found by CONTAINER_OF. */
struct loop_timer {
	struct list link;
	uint64_t due_ms;	/* 0 while it does not run */
	loop_timer_fn *fn;
};

/**
 * base: borrowed, must live longer. SIGPIPE is ignored from here on, for OpenSSL
 * writes with write(2).
 */
struct loop *loop_new(struct event_base *base);

/**
 * All owners must be gone; timers that still run are called as if their time had come,
 * which ends the streams that are saying goodbye. Accepts NULL.
 */
void loop_free(struct loop *l);

struct event_base *loop_base(const struct loop *l);

/* Monotonic milliseconds. */
uint64_t loop_now_ms(const struct loop *l);

/* Memory for one turn, for nobody to keep: streams read into the first and put TLS
 * records together in the second. */
char *loop_scratch(struct loop *l);
char *loop_record(struct loop *l);

/**
 * While one connection is served, what is written to others is only queued, so that
 * several messages for one of them leave as one packet: net/stream's own.
 */
struct loop_cork {
	bool on;
	struct list streams;	/* that have something to send */
};
struct loop_cork *loop_cork(struct loop *l);

void loop_timer_init(struct loop_timer *t, loop_timer_fn *fn);

/* Calls t->fn once, at or up to LOOP_TICK_MS after due_ms; replaces an earlier date. */
void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t due_ms);

/* Harmless when it does not run. */
void loop_timer_stop(struct loop *l, struct loop_timer *t);

#endif
