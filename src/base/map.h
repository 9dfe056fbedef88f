/**
 * A hash map from short byte strings to pointers, with a seed of its own, so that
 * nobody outside can aim at one bucket. Keys are copied; values are borrowed.
 */
#ifndef PARAVENT_BASE_MAP_H
#define PARAVENT_BASE_MAP_H

#include <stddef.h>

struct map;

struct map *map_new(void);
void map_free(struct map *m);			/* not the values; accepts NULL */

void *map_get(const struct map *m, const void *key, size_t len);

/* Puts or replaces; returns the former value or NULL. `value` must not be NULL. */
void *map_put(struct map *m, const void *key, size_t len, void *value);

/* Takes out; returns the value or NULL. */
void *map_take(struct map *m, const void *key, size_t len);

size_t map_count(const struct map *m);

/* Visits all, in no order. fn must not change the map; non-zero stops and is returned. */
typedef int map_each_fn(void *arg, void *value);
int map_each(const struct map *m, map_each_fn *fn, void *arg);

#endif
