#include "proto/factread.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

void factread_object(struct factread *r, const char *text, size_t len)
{
	r->count = json_scan(r->m, ARRAY_LEN(r->m), text, len);
	r->bad = r->count < 0;
	if (r->bad)
		r->count = 0;
}

bool factread_has(const struct factread *r, const char *key)
{
	return json_find(r->m, r->count, key) != NULL;
}

size_t factread_text(struct factread *r, const char *key, char *out, size_t cap,
		     bool required)
{
	const struct json_member *m = json_find(r->m, r->count, key);
	ssize_t len = m ? json_get_string(m, out, cap) : 0;

	if (!m || len < 0)
		out[0] = '\0';
	r->bad |= len < 0 || (required && !m);
	return len < 0 ? 0 : (size_t)len;
}

int64_t factread_int(struct factread *r, const char *key, int64_t min, int64_t max)
{
	const struct json_member *m = json_find(r->m, r->count, key);
	int64_t v;

	if (!m || json_get_int(m, &v) || v < min || v > max) {
		r->bad = true;
		return min;
	}
	return v;
}

bool factread_bool(struct factread *r, const char *key, bool required)
{
	const struct json_member *m = json_find(r->m, r->count, key);
	bool v = false;

	r->bad |= m ? json_get_bool(m, &v) != 0 : required;
	return v;
}

int64_t factread_time(struct factread *r, const char *key)
{
	char text[CLOCK_RFC3339_SIZE];
	size_t len = factread_text(r, key, text, sizeof(text), true);
	int64_t at = 0;

	r->bad |= clock_rfc3339_parse(&at, text, len) != 0;
	return at;
}

void factread_keep(char *out, size_t max, size_t *len, struct buf *b)
{
	assert(b->len <= max);
	memcpy(out, b->p, b->len + 1);
	*len = b->len;
	buf_fini(b);
}
