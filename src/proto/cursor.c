#include "proto/cursor.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

void cursor_put(char out[CURSOR_SIZE], const struct cursor *c)
{
	assert(c->first > 0);
	snprintf(out, CURSOR_SIZE, "%" PRIx64 ".%" PRIx64, (uint64_t)c->starts_at,
		 (uint64_t)c->first);
}

int cursor_read(struct cursor *out, const char *s, size_t len)
{
	char text[CURSOR_SIZE], again[CURSOR_SIZE];
	uint64_t starts_at, first;
	struct cursor c;

	if (len >= CURSOR_SIZE)
		return ERR_MALFORMED;
	memcpy(text, s, len);
	text[len] = '\0';
	if (sscanf(text, "%16" SCNx64 ".%16" SCNx64, &starts_at, &first) != 2)
		return ERR_MALFORMED;
	c.starts_at = (int64_t)starts_at;
	c.first = (int64_t)first;
	if (c.first <= 0)
		return ERR_MALFORMED;
	/* there is one way only to write it */
	cursor_put(again, &c);
	if (len != strlen(again) || memcmp(s, again, len) != 0)
		return ERR_MALFORMED;
	*out = c;
	return 0;
}
