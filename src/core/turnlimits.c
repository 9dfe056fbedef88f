#include "core/turnlimits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rnd.h"

void refusals_init(struct refusals *r, struct bucket_rule each,
		   struct bucket_rule together)
{
	memset(r, 0, sizeof(*r));
	r->each = each;
	r->together = together;
	rnd_bytes(&r->seed, sizeof(r->seed));
}

bool refusals_take(struct refusals *r, uint64_t now_ms, const struct turn_addr *client)
{
	uint8_t key[16] = {0};
	uint64_t hash;

	turn_addr_key(key, client);
	hash = turnhash_of(&r->seed, key, sizeof(key));
	return bucket_take(&r->slot[hash % REFUSALS_SLOTS], &r->each, now_ms, 1) &&
	       bucket_take(&r->all, &r->together, now_ms, 1);
}

void tally_init(struct tally *t)
{
	t->counts = map_new();
}

static int free_count(void *arg, void *count)
{
	(void)arg;
	free(count);
	return 0;
}

void tally_fini(struct tally *t)
{
	if (t->counts)
		map_each(t->counts, free_count, NULL);
	map_free(t->counts);
}

bool tally_take(struct tally *t, const void *key, size_t len, uint32_t max)
{
	uint32_t *count = map_get(t->counts, key, len);

	if ((count ? *count : 0) >= max)
		return false;
	if (!count) {
		count = mem_new(sizeof(*count));
		map_put(t->counts, key, len, count);
	}
	++*count;
	return true;
}

void tally_give(struct tally *t, const void *key, size_t len)
{
	uint32_t *count = map_get(t->counts, key, len);

	assert(count && *count);
	if (!--*count)
		free(map_take(t->counts, key, len));
}
