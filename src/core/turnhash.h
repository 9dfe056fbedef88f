/**
 * A seeded hash for the tables of the packet path: outsiders choose the keys, the seed
 * is from the kernel.
 */
#ifndef PARAVENT_CORE_TURNHASH_H
#define PARAVENT_CORE_TURNHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct turnhash {
	uint64_t k0, k1;
};

static inline uint64_t turnhash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* len: a multiple of 8. */
static inline uint64_t turnhash_of(const struct turnhash *h, const void *key, size_t len)
{
	const uint8_t *p = key, *end = p + len;
	uint64_t sum = h->k0, word;

	for (; p < end; p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = turnhash_mix(sum ^ word, h->k1 | 1);
	}
	return turnhash_mix(sum ^ h->k1, h->k0 | 1);
}

#endif
