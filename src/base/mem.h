/**
 * Memory that is there or ends the process.
 *
 * Whatever comes from outside is bounded before it is allocated; running out of
 * memory after that is a broken machine, and no caller could do better than stop.
 */
#ifndef PARAVENT_BASE_MEM_H
#define PARAVENT_BASE_MEM_H

#include <stddef.h>

/* Gives zeroed memory; free() it. Never NULL. */
void *mem_new(size_t size);

/* realloc() that never returns NULL; size must not be 0. */
void *mem_resize(void *p, size_t size);

/* Gives a copy of `len` bytes with a NUL behind them; free() it. */
char *mem_copy(const void *p, size_t len);

/* Overwrites a secret in a way the compiler keeps. */
void mem_wipe(void *p, size_t len);

/* Whether two byte strings are equal, in a time that depends on `len` alone. */
int mem_equal_secret(const void *a, const void *b, size_t len);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The structure around a member. */
#define CONTAINER_OF(p, type, member)                                         \
	((type *)(void *)((char *)(p) - offsetof(type, member)))

#endif
