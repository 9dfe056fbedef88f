/**
 * A doubly linked list whose links live inside the members. The head is a link too;
 * an unlinked link points at itself, so that list_unlink() twice is harmless.
 */
#ifndef PARAVENT_BASE_LIST_H
#define PARAVENT_BASE_LIST_H

#include <stdbool.h>

#include "base/mem.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Puts `item`, which must be unlinked, at the end. */
static inline void list_append(struct list *head, struct list *item)
{
	item->prev = head->prev;
	item->next = head;
	head->prev->next = item;
	head->prev = item;
}

static inline void list_unlink(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

#define LIST_EACH(it, head)                                                   \
	for (struct list *it = (head)->next; it != (head); it = it->next)

/* The body may unlink and free `it`, but no other member. */
#define LIST_EACH_SAFE(it, head)                                              \
	for (struct list *it = (head)->next, *it##_next = it->next;           \
	     it != (head); it = it##_next, it##_next = it->next)

#endif
