/**
 * JSON (RFC 8259) without allocation: a strict scanner that gives the members of one
 * object as spans of the text, and a writer into a buffer.
 *
 * It is for what comes often and small: signaling messages and the data of facts. A
 * tree of values (API bodies, JWTs) is jansson's; hence the names here keep clear of
 * its names, for both meet in one file.
 */
#ifndef PARAVENT_PROTO_JSON_H
#define PARAVENT_PROTO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

#define JSON_DEPTH_MAX 32	/* levels of objects and arrays, the outermost is one */

enum json_kind {
	JSON_KIND_OBJECT,
	JSON_KIND_ARRAY,
	JSON_KIND_STRING,
	JSON_KIND_NUMBER,
	JSON_KIND_TRUE,
	JSON_KIND_FALSE,
	JSON_KIND_NULL,
};

struct json_member {
	enum json_kind kind;	/* of the value */
	bool key_escaped;	/* the key holds escapes: compare by json_find() */
	const char *key;	/* borrowed from the text, between the quotes, raw */
	size_t key_len;
	const char *value;	/* borrowed from the text; a string with its quotes */
	size_t len;
};

/**
 * Validates the whole text, UTF-8 and everything nested included, as one object with
 * nothing but white space around it, and gives its members in their order.
 *
 * A nested object's span may be scanned again for its members.
 *
 * Returns the number of members, ERR_MALFORMED, ERR_DUPLICATE for a key given twice
 * (at this level, however it is escaped), or ERR_TOO_BIG for more than `cap` members.
 */
int json_scan(struct json_member *out, size_t cap, const char *text, size_t len);

/* The member of that name, or NULL. */
const struct json_member *json_find(const struct json_member *m, int count,
				    const char *key);

/**
 * The next item of an array that a scan gave.
 *
 * at:  where the walk is; NULL before the first.
 * out: as a member without a key.
 *
 * False behind the last, and for what is no array.
 */
bool json_item(struct json_member *out, const struct json_member *array, const char **at);

/**
 * Unescapes a string into `out` with a NUL behind it; cap counts the NUL.
 *
 * Returns the length, ERR_RANGE when it is not a string, ERR_MALFORMED for a lone
 * surrogate or a NUL character in it, or ERR_NO_SPACE.
 */
ssize_t json_get_string(const struct json_member *m, char *out, size_t cap);

/* Returns 0, or ERR_RANGE for what is not true or false. */
int json_get_bool(const struct json_member *m, bool *out);

/* Returns 0, or ERR_RANGE for what is no number, has a fraction or an exponent, or
 * does not fit. */
int json_get_int(const struct json_member *m, int64_t *out);

/**
 * The writer. `key` is NULL in arrays and for the outermost value; keys are plain
 * ASCII of ours or come out of a scan. Strings are written as RFC 8785 does: UTF-8 as
 * it is, and escapes only where needed.
 */
struct json_writer {
	struct buf *buf;	/* appended to */
	bool sorted;		/* canonical: asserts that keys ascend in each object */
	int depth;
	struct json_level {
		char close;		/* '}' or ']' */
		bool filled;
		size_t key, key_len;	/* the last one, in buf */
	} level[JSON_DEPTH_MAX];
};

void json_put_init(struct json_writer *w, struct buf *b);
void json_put_init_sorted(struct json_writer *w, struct buf *b);
void json_put_object(struct json_writer *w, const char *key);
void json_put_array(struct json_writer *w, const char *key);
void json_put_end(struct json_writer *w);	/* of the innermost object or array */
void json_put_string(struct json_writer *w, const char *key, const char *s, size_t len);
void json_put_text(struct json_writer *w, const char *key, const char *s);
void json_put_int(struct json_writer *w, const char *key, int64_t v);
void json_put_bool(struct json_writer *w, const char *key, bool v);
void json_put_null(struct json_writer *w, const char *key);

/* RFC 3339, as clock_rfc3339() writes it. */
void json_put_time(struct json_writer *w, const char *key, int64_t wall_ms);

/* A value that is JSON already. */
void json_put_raw(struct json_writer *w, const char *key, const char *p, size_t len);

#endif
