#include "core/addresses.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

struct address {
	struct list link;	/* the one that was quiet for the longest comes first */
	uint8_t key[ADDRESS_KEY_MAX], len;
	struct bucket bucket[ADDRESS_KIND_COUNT];
};

struct addresses {
	struct map *by_key;
	struct list all;
	size_t max;
};

struct addresses *addresses_new(size_t max)
{
	struct addresses *a = mem_new(sizeof(*a));

	a->by_key = map_new();
	list_init(&a->all);
	a->max = max;
	return a;
}

static void forget(struct addresses *a, struct address *one)
{
	map_take(a->by_key, one->key, one->len);
	list_unlink(&one->link);
	free(one);
}

void addresses_free(struct addresses *a)
{
	if (!a)
		return;
	LIST_EACH_SAFE(it, &a->all)
		forget(a, CONTAINER_OF(it, struct address, link));
	map_free(a->by_key);
	free(a);
}

static struct address *add(struct addresses *a, const void *key, size_t len)
{
	struct address *one;

	if (map_count(a->by_key) == a->max)
		forget(a, CONTAINER_OF(a->all.next, struct address, link));
	one = mem_new(sizeof(*one));
	list_init(&one->link);
	memcpy(one->key, key, len);
	one->len = (uint8_t)len;
	map_put(a->by_key, key, len, one);
	return one;
}

bool addresses_take(struct addresses *a, const void *key, size_t len,
		    enum address_kind kind, const struct bucket_rule *rule,
		    uint64_t now_ms)
{
	struct address *one = map_get(a->by_key, key, len);

	assert(len <= ADDRESS_KEY_MAX);
	if (!one)
		one = add(a, key, len);
	list_unlink(&one->link);
	list_append(&a->all, &one->link);
	return bucket_take(&one->bucket[kind], rule, now_ms, 1);
}

bool addresses_has(const struct addresses *a, const void *key, size_t len,
		   enum address_kind kind, const struct bucket_rule *rule,
		   uint64_t now_ms)
{
	const struct address *one = map_get(a->by_key, key, len);
	struct bucket copy;

	if (!one)
		return true;
	copy = one->bucket[kind];
	return bucket_take(&copy, rule, now_ms, 1);
}

size_t addresses_count(const struct addresses *a)
{
	return map_count(a->by_key);
}
