/**
 * A set of words out of a few, as bits and as text: "audit,read". The text has them
 * sorted, each once.
 */
#ifndef PARAVENT_PROTO_WORDS_H
#define PARAVENT_PROTO_WORDS_H

#include <stddef.h>

#include "base/buf.h"

/* The words there are; the list is sorted and ends with a NULL name. */
struct word {
	const char *name;
	unsigned int bit;
};

/* Appends the words of the set. */
void words_put(struct buf *b, const struct word *all, unsigned int set);

/* Reads at least one word, in any order. Returns 0, ERR_UNKNOWN or ERR_DUPLICATE. */
int words_get(unsigned int *set, const struct word *all, const char *s, size_t len);

#endif
