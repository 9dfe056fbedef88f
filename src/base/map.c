#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rnd.h"

struct node {
	struct node *next;
	uint64_t hash;
	void *value;
	size_t len;
	char key[];
};

struct map {
	struct node **bucket;
	size_t mask, count;
	uint64_t k0, k1;
};

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

#define SIPROUND                                                              \
	do {                                                                  \
		v0 += v1; v1 = rotl(v1, 13); v1 ^= v0; v0 = rotl(v0, 32);     \
		v2 += v3; v3 = rotl(v3, 16); v3 ^= v2;                        \
		v0 += v3; v3 = rotl(v3, 21); v3 ^= v0;                        \
		v2 += v1; v1 = rotl(v1, 17); v1 ^= v2; v2 = rotl(v2, 32);     \
	} while (0)

/* SipHash-1-3 (Aumasson and Bernstein): keyed, and short keys are cheap. */
static uint64_t hash_of(const struct map *m, const void *key, size_t len)
{
	uint64_t v0 = m->k0 ^ 0x736f6d6570736575ULL;
	uint64_t v1 = m->k1 ^ 0x646f72616e646f6dULL;
	uint64_t v2 = m->k0 ^ 0x6c7967656e657261ULL;
	uint64_t v3 = m->k1 ^ 0x7465646279746573ULL;
	const unsigned char *p = key;
	uint64_t tail = (uint64_t)len << 56, w;
	size_t left = len, i;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&w, p, 8);
		v3 ^= w;
		SIPROUND;
		v0 ^= w;
	}
	for (i = 0; i < left; i++)
		tail |= (uint64_t)p[i] << (8 * i);
	v3 ^= tail;
	SIPROUND;
	v0 ^= tail;
	v2 ^= 0xff;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	return v0 ^ v1 ^ v2 ^ v3;
}

struct map *map_new(void)
{
	struct map *m = mem_new(sizeof(*m));

	m->mask = 15;
	m->bucket = mem_new((m->mask + 1) * sizeof(*m->bucket));
	rnd_bytes(&m->k0, sizeof(m->k0));
	rnd_bytes(&m->k1, sizeof(m->k1));
	return m;
}

void map_free(struct map *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i <= m->mask; i++) {
		struct node *n = m->bucket[i];

		while (n) {
			struct node *next = n->next;

			free(n);
			n = next;
		}
	}
	free(m->bucket);
	free(m);
}

/* The link that points at the key's node, or at NULL where it would go. */
static struct node **find(const struct map *m, uint64_t h, const void *key,
			  size_t len)
{
	struct node **at = &m->bucket[h & m->mask];

	while (*at && ((*at)->hash != h || (*at)->len != len ||
		       memcmp((*at)->key, key, len) != 0))
		at = &(*at)->next;
	return at;
}

static void grow(struct map *m)
{
	size_t mask = m->mask * 2 + 1, i;
	struct node **bucket = mem_new((mask + 1) * sizeof(*bucket));

	for (i = 0; i <= m->mask; i++) {
		struct node *n = m->bucket[i];

		while (n) {
			struct node *next = n->next;

			n->next = bucket[n->hash & mask];
			bucket[n->hash & mask] = n;
			n = next;
		}
	}
	free(m->bucket);
	m->bucket = bucket;
	m->mask = mask;
}

void *map_get(const struct map *m, const void *key, size_t len)
{
	struct node *n = *find(m, hash_of(m, key, len), key, len);

	return n ? n->value : NULL;
}

void *map_put(struct map *m, const void *key, size_t len, void *value)
{
	uint64_t h = hash_of(m, key, len);
	struct node **at = find(m, h, key, len), *n = *at;
	void *old;

	if (n) {
		old = n->value;
		n->value = value;
		return old;
	}
	n = mem_new(sizeof(*n) + len);
	n->hash = h;
	n->value = value;
	n->len = len;
	memcpy(n->key, key, len);
	*at = n;
	if (++m->count > m->mask)
		grow(m);
	return NULL;
}

void *map_take(struct map *m, const void *key, size_t len)
{
	struct node **at = find(m, hash_of(m, key, len), key, len), *n = *at;
	void *value;

	if (!n)
		return NULL;
	value = n->value;
	*at = n->next;
	free(n);
	m->count--;
	return value;
}

size_t map_count(const struct map *m)
{
	return m->count;
}

int map_each(const struct map *m, map_each_fn *fn, void *arg)
{
	size_t i;

	for (i = 0; i <= m->mask; i++) {
		struct node *n, *next;

		for (n = m->bucket[i]; n; n = next) {
			int r;

			next = n->next;
			r = fn(arg, n->value);
			if (r)
				return r;
		}
	}
	return 0;
}
