#include "core/turnwheel.h"

#include <stddef.h>

void turnwheel_init(struct turnwheel *w)
{
	size_t i;

	for (i = 0; i < TURNWHEEL_SLOTS; i++)
		list_init(&w->slot[i]);
	w->done_s = 0;
}

void turnwheel_item_init(struct turnwheel_item *item)
{
	list_init(&item->link);
	item->due_ms = 0;
}

void turnwheel_set(struct turnwheel *w, struct turnwheel_item *item, uint64_t due_ms)
{
	uint64_t second = due_ms / 1000;

	/* what is due in the past is found by the next look */
	if (second < w->done_s)
		second = w->done_s;
	list_unlink(&item->link);
	item->due_ms = due_ms;
	list_append(&w->slot[second % TURNWHEEL_SLOTS], &item->link);
}

void turnwheel_clear(struct turnwheel_item *item)
{
	list_unlink(&item->link);
}

struct turnwheel_item *turnwheel_due(struct turnwheel *w, uint64_t now_ms)
{
	uint64_t now_s = now_ms / 1000;

	/* once around is all there is */
	if (now_s - w->done_s > TURNWHEEL_SLOTS && now_s > w->done_s)
		w->done_s = now_s - TURNWHEEL_SLOTS;
	for (;; w->done_s++) {
		LIST_EACH(link, &w->slot[w->done_s % TURNWHEEL_SLOTS]) {
			struct turnwheel_item *item =
				CONTAINER_OF(link, struct turnwheel_item, link);

			if (item->due_ms <= now_ms) {
				list_unlink(link);
				return item;
			}
		}
		if (w->done_s >= now_s)
			return NULL;
	}
}
