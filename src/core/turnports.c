#include "core/turnports.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rnd.h"

#define USED UINT16_MAX

/* Below `bound`, even enough: bound is at most 65536. */
static size_t random_below(size_t bound)
{
	uint32_t r;

	rnd_bytes(&r, sizeof(r));
	return (size_t)((uint64_t)r * bound >> 32);
}

static size_t ring(const struct turnports *p, size_t at)
{
	return (p->head + at) % p->size;
}

/* Swaps two places of the ring, counted from the head. */
static void swap(struct turnports *p, size_t a, size_t b)
{
	size_t ra = ring(p, a), rb = ring(p, b);
	uint16_t port = p->queue[ra];

	p->queue[ra] = p->queue[rb];
	p->queue[rb] = port;
	p->place[p->queue[ra]] = (uint16_t)ra;
	p->place[p->queue[rb]] = (uint16_t)rb;
}

void turnports_init(struct turnports *p, uint16_t min, uint16_t max, uint32_t rest_s)
{
	size_t i;

	assert(min <= max && min >= 1024);
	*p = (struct turnports){.min = min, .max = max, .rest_ms = rest_s * 1000};
	p->size = p->count = (size_t)(max - min) + 1;
	p->queue = mem_new(p->size * sizeof(*p->queue));
	p->place = mem_new(p->size * sizeof(*p->place));
	p->freed_s = mem_new(p->size * sizeof(*p->freed_s));
	p->owner = mem_new(p->size * sizeof(*p->owner));
	for (i = 0; i < p->size; i++)
		p->queue[i] = p->place[i] = (uint16_t)i;
	for (i = p->size; i > 1; i--)
		swap(p, i - 1, random_below(i));
}

void turnports_fini(struct turnports *p)
{
	free(p->queue);
	free(p->place);
	free(p->freed_s);
	free(p->owner);
}

static bool is_free(const struct turnports *p, size_t index)
{
	return index < p->size && p->place[index] != USED;
}

static bool has_rested(const struct turnports *p, uint64_t now_ms, size_t index)
{
	return !p->freed_s[index] ||
	       now_ms >= (uint64_t)p->freed_s[index] * 1000 + p->rest_ms;
}

static uint16_t take(struct turnports *p, size_t index)
{
	swap(p, (p->place[index] + p->size - p->head) % p->size, 0);
	p->place[index] = USED;
	p->head = ring(p, 1);
	p->count--;
	return (uint16_t)(p->min + index);
}

static uint16_t take_any(struct turnports *p, uint64_t now_ms)
{
	size_t index = p->queue[ring(p, random_below(p->count / 2 + 1))];

	if (!has_rested(p, now_ms, index))
		index = p->queue[p->head];
	return take(p, index);
}

/* The first even port from `start` on that is free, and its neighbour too if `pair`. */
static bool find_even(const struct turnports *p, uint64_t now_ms, bool pair, bool rested,
		      size_t start, size_t *out)
{
	size_t i;

	for (i = 0; i < p->size; i++) {
		size_t index = (start + i) % p->size;

		if ((p->min + index) % 2 || !is_free(p, index) ||
		    (rested && !has_rested(p, now_ms, index)))
			continue;
		if (pair && (!is_free(p, index + 1) ||
			     (rested && !has_rested(p, now_ms, index + 1))))
			continue;
		*out = index;
		return true;
	}
	return false;
}

uint16_t turnports_take(struct turnports *p, uint64_t now_ms, enum turnports_want want)
{
	bool pair = want == PORT_PAIR;
	size_t start, index;

	if (!p->count)
		return 0;
	if (want == PORT_ANY)
		return take_any(p, now_ms);
	start = random_below(p->size);
	if (!find_even(p, now_ms, pair, true, start, &index) &&
	    !find_even(p, now_ms, pair, false, start, &index))
		return 0;
	if (pair)
		take(p, index + 1);
	return take(p, index);
}

void turnports_give(struct turnports *p, uint64_t now_ms, uint16_t port)
{
	size_t index = (size_t)(port - p->min), at = ring(p, p->count);

	assert(index < p->size && p->place[index] == USED);
	p->owner[index] = NULL;
	p->freed_s[index] = (uint32_t)(now_ms / 1000) + 1;
	p->queue[at] = (uint16_t)index;
	p->place[index] = (uint16_t)at;
	p->count++;
}

void turnports_set_owner(struct turnports *p, uint16_t port, void *owner)
{
	p->owner[port - p->min] = owner;
}
