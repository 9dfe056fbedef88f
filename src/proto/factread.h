/**
 * Reading the members of a fact: what the files of factdata share, and show nobody
 * else.
 */
#ifndef PARAVENT_PROTO_FACTREAD_H
#define PARAVENT_PROTO_FACTREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/json.h"

/* Members of a fact; the first that does not fit sticks in `bad`. */
struct factread {
	struct json_member m[16];
	int count;
	bool bad;
};

void factread_object(struct factread *r, const char *text, size_t len);
bool factread_has(const struct factread *r, const char *key);

/* Returns the length; 0 where there is none. */
size_t factread_text(struct factread *r, const char *key, char *out, size_t cap,
		     bool required);
int64_t factread_int(struct factread *r, const char *key, int64_t min, int64_t max);
bool factread_bool(struct factread *r, const char *key, bool required);
int64_t factread_time(struct factread *r, const char *key);

/* The other way: copies what was written into the fact's own bytes, and frees `b`. */
void factread_keep(char *out, size_t max, size_t *len, struct buf *b);

#endif
