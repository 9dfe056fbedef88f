/**
 * The cursor of a list: where a page ended, so that the next goes on there, whatever has
 * come and gone meanwhile. To the outside it is a text that only we can read.
 *
 *   "<starts_at>.<first>", both in hex: "19a5f0c3e80.1f4"
 */
#ifndef PARAVENT_PROTO_CURSOR_H
#define PARAVENT_PROTO_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#define CURSOR_SIZE 34		/* with NUL */

struct cursor {
	int64_t starts_at;	/* of the last meeting on the page; ms since 1970 */
	int64_t first;		/* the seq of its first fact; 0: there is no cursor */
};

void cursor_put(char out[CURSOR_SIZE], const struct cursor *c);

/* Returns 0, or ERR_MALFORMED for what cursor_put() does not write. */
int cursor_read(struct cursor *out, const char *s, size_t len);

#endif
