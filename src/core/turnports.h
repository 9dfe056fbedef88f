/**
 * The relay's ports of one address family: which are free, who has which.
 *
 * A port is drawn at random from the half that has been free for longest, so nobody
 * foresees it (RFC 6056), and late datagrams of one call do not meet the next: a port
 * rests at least a minute wherever the range is not exhausted.
 */
#ifndef PARAVENT_CORE_TURNPORTS_H
#define PARAVENT_CORE_TURNPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turnports {
	uint16_t min, max;
	uint32_t rest_ms;
	size_t head, count;	/* of the queue of free ports */
	size_t size;		/* of all arrays: ports in the range */
	uint16_t *queue;	/* indices of free ports, oldest first, a ring */
	uint16_t *place;	/* where in the ring, TURNPORTS_USED: not there */
	uint32_t *freed_s;	/* when it became free, and 1; 0: never used */
	void **owner;		/* NULL: nobody receives on it */
};

void turnports_init(struct turnports *p, uint16_t min, uint16_t max, uint32_t rest_s);
void turnports_fini(struct turnports *p);

enum turnports_want {
	PORT_ANY,
	PORT_EVEN,
	PORT_PAIR,	/* even, and the next one free too; both are taken */
};

/* Takes a port; 0: there is none. */
uint16_t turnports_take(struct turnports *p, uint64_t now_ms, enum turnports_want want);

/* Gives back; it goes to the end of the queue. */
void turnports_give(struct turnports *p, uint64_t now_ms, uint16_t port);

/* Who receives on it from now on; NULL: nobody. */
void turnports_set_owner(struct turnports *p, uint16_t port, void *owner);

/* NULL: nobody, or not of the range. */
static inline void *turnports_owner(const struct turnports *p, uint16_t port)
{
	return port >= p->min && port <= p->max ? p->owner[port - p->min] : NULL;
}

static inline size_t turnports_used(const struct turnports *p)
{
	return p->size - p->count;
}

#endif
