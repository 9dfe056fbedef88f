/**
 * Expiry for many: a wheel of seconds. An item's link lies in its owner; setting and
 * clearing are a few stores, a tick looks at one slot.
 */
#ifndef PARAVENT_CORE_TURNWHEEL_H
#define PARAVENT_CORE_TURNWHEEL_H

#include <stdint.h>

#include "base/list.h"

#define TURNWHEEL_SLOTS 4096	/* seconds; an item may be due later than that */

struct turnwheel_item {
	struct list link;
	uint64_t due_ms;
};

struct turnwheel {
	struct list slot[TURNWHEEL_SLOTS];
	uint64_t done_s;	/* all before this second has been looked at */
};

void turnwheel_init(struct turnwheel *w);
void turnwheel_item_init(struct turnwheel_item *item);

/* Sets or moves. */
void turnwheel_set(struct turnwheel *w, struct turnwheel_item *item, uint64_t due_ms);
void turnwheel_clear(struct turnwheel_item *item);

/**
 * One that is due, taken off the wheel; NULL: no more until now_ms grows. Comes at most
 * a second after its time.
 */
struct turnwheel_item *turnwheel_due(struct turnwheel *w, uint64_t now_ms);

#endif
