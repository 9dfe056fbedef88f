#include "core/turntable.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rnd.h"

#define SLOTS_MIN 256

_Static_assert(sizeof(struct turnkey) == 48, "a key has no holes: all bytes compare");

void turntable_init(struct turntable *t, const struct turnkey *(*key_of)(const void *))
{
	t->mask = SLOTS_MIN - 1;
	t->count = 0;
	t->slot = mem_new(SLOTS_MIN * sizeof(*t->slot));
	t->key_of = key_of;
	rnd_bytes(&t->seed, sizeof(t->seed));
}

void turntable_fini(struct turntable *t)
{
	free(t->slot);
}

void *turntable_get(const struct turntable *t, const struct turnkey *key)
{
	uint64_t hash = turnhash_of(&t->seed, key, sizeof(*key));
	size_t i = hash & t->mask;

	for (; t->slot[i].value; i = (i + 1) & t->mask) {
		if (t->slot[i].hash == hash &&
		    memcmp(t->key_of(t->slot[i].value), key, sizeof(*key)) == 0)
			return t->slot[i].value;
	}
	return NULL;
}

static void place(struct turntable *t, struct turntable_slot s)
{
	size_t i = s.hash & t->mask;

	while (t->slot[i].value)
		i = (i + 1) & t->mask;
	t->slot[i] = s;
}

static void grow(struct turntable *t)
{
	struct turntable_slot *old = t->slot;
	size_t count = t->mask + 1, i;

	t->mask = count * 2 - 1;
	t->slot = mem_new(count * 2 * sizeof(*t->slot));
	for (i = 0; i < count; i++) {
		if (old[i].value)
			place(t, old[i]);
	}
	free(old);
}

void turntable_put(struct turntable *t, void *value)
{
	const struct turnkey *key = t->key_of(value);

	if (++t->count > t->mask / 2)
		grow(t);
	place(t, (struct turntable_slot){turnhash_of(&t->seed, key, sizeof(*key)),
					 value});
}

void turntable_take(struct turntable *t, const void *value)
{
	const struct turnkey *key = t->key_of(value);
	size_t i = turnhash_of(&t->seed, key, sizeof(*key)) & t->mask, k;

	while (t->slot[i].value != value) {
		assert(t->slot[i].value);
		i = (i + 1) & t->mask;
	}
	t->count--;
	/* what follows and could have lain here moves up */
	for (k = (i + 1) & t->mask; t->slot[k].value; k = (k + 1) & t->mask) {
		size_t home = t->slot[k].hash & t->mask;

		if (((k - home) & t->mask) >= ((k - i) & t->mask)) {
			t->slot[i] = t->slot[k];
			i = k;
		}
	}
	t->slot[i].value = NULL;
}
