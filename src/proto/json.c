#include "proto/json.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "proto/utf8.h"

/*
 * The scanner. Each function takes the place where its thing starts and gives the
 * place behind it, or NULL. UTF-8 has been checked for the whole text before, so here
 * bytes above 0x7f are just bytes of strings.
 */

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

static bool is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#define EACH_BYTE(b) (~(uint64_t)0 / 255 * (b))
#define HAS_LESS(x, n) (((x) - EACH_BYTE(n)) & ~(x) & EACH_BYTE(0x80))

/*
 * Steps to the next quote, backslash or control character, eight bytes at a time. In
 * the least significant of its bytes HAS_LESS never errs (a borrow only travels
 * upwards), so where that is the first in memory, it tells the place as well.
 */
static const char *skip_plain(const char *p, const char *end)
{
	uint64_t x, found;

	while (end - p >= 8) {
		memcpy(&x, p, sizeof(x));
		found = HAS_LESS(x, 0x20) | HAS_LESS(x ^ EACH_BYTE('"'), 1) |
			HAS_LESS(x ^ EACH_BYTE('\\'), 1);
		if (found) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			return p + __builtin_ctzll(found) / 8;
#else
			break;
#endif
		}
		p += 8;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

/* Behind the escape whose backslash is at p. */
static const char *skip_escape(const char *p, const char *end)
{
	int i;

	if (++p == end)
		return NULL;
	switch (*p) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
		return p + 1;
	case 'u':
		for (i = 1; i <= 4; i++)
			if (end - p <= i || hex_value(p[i]) < 0)
				return NULL;
		return p + 5;
	default:
		return NULL;
	}
}

static const char *skip_string(const char *p, const char *end, bool *escaped)
{
	*escaped = false;
	if (p == end || *p++ != '"')
		return NULL;
	for (;;) {
		p = skip_plain(p, end);
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		/* escapes come in pairs, as in \r\n */
		while (p < end && *p == '\\') {
			*escaped = true;
			p = skip_escape(p, end);
			if (!p)
				return NULL;
		}
		if (p < end && (unsigned char)*p < 0x20)
			return NULL;
	}
}

static const char *skip_digits(const char *p, const char *end)
{
	if (!is_digit(p, end))
		return NULL;
	while (is_digit(p, end))
		p++;
	return p;
}

static const char *skip_number(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else if (!(p = skip_digits(p, end)))
		return NULL;
	if (p < end && *p == '.' && !(p = skip_digits(p + 1, end)))
		return NULL;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = skip_digits(p, end);
	}
	return p;
}

static const char *skip_word(const char *p, const char *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

static const char *skip_value(const char *p, const char *end, int depth,
			      enum json_kind *kind);

/* One `"key": value`; the member is filled in. */
static const char *skip_member(const char *p, const char *end, int depth,
			       struct json_member *m)
{
	m->key = p + 1;
	p = skip_string(p, end, &m->key_escaped);
	if (!p)
		return NULL;
	m->key_len = (size_t)(p - 1 - m->key);
	p = skip_space(p, end);
	if (p == end || *p != ':')
		return NULL;
	m->value = skip_space(p + 1, end);
	p = skip_value(m->value, end, depth, &m->kind);
	if (p)
		m->len = (size_t)(p - m->value);
	return p;
}

/* The inside of an object or array that opened at p, whose level is `depth`. */
static const char *skip_nested(const char *p, const char *end, int depth)
{
	const char close = *p == '{' ? '}' : ']';
	struct json_member m;

	if (depth > JSON_DEPTH_MAX)
		return NULL;
	p = skip_space(p + 1, end);
	if (p < end && *p == close)
		return p + 1;
	for (;;) {
		p = close == '}' ? skip_member(p, end, depth, &m) :
				   skip_value(p, end, depth, &m.kind);
		if (!p)
			return NULL;
		p = skip_space(p, end);
		if (p < end && *p == close)
			return p + 1;
		if (p == end || *p != ',')
			return NULL;
		p = skip_space(p + 1, end);
	}
}

/* depth: the level of what the value stands in. */
static const char *skip_value(const char *p, const char *end, int depth,
			      enum json_kind *kind)
{
	bool escaped;

	if (p == end)
		return NULL;
	switch (*p) {
	case '{':
		*kind = JSON_KIND_OBJECT;
		return skip_nested(p, end, depth + 1);
	case '[':
		*kind = JSON_KIND_ARRAY;
		return skip_nested(p, end, depth + 1);
	case '"':
		*kind = JSON_KIND_STRING;
		return skip_string(p, end, &escaped);
	case 't':
		*kind = JSON_KIND_TRUE;
		return skip_word(p, end, "true");
	case 'f':
		*kind = JSON_KIND_FALSE;
		return skip_word(p, end, "false");
	case 'n':
		*kind = JSON_KIND_NULL;
		return skip_word(p, end, "null");
	default:
		*kind = JSON_KIND_NUMBER;
		return skip_number(p, end);
	}
}

bool json_item(struct json_member *out, const struct json_member *array, const char **at)
{
	const char *end = array->value + array->len, *p = *at ? *at : array->value;

	if (array->kind != JSON_KIND_ARRAY)
		return false;
	p = skip_space(p + 1, end);	/* behind the '[' or a ',' */
	if (p >= end || *p == ']')
		return false;
	memset(out, 0, sizeof(*out));
	out->value = p;
	p = skip_value(p, end, 1, &out->kind);
	if (!p)
		return false;
	out->len = (size_t)(p - out->value);
	*at = skip_space(p, end);
	return true;
}

/* Four hexadecimal digits, known to be there. */
static uint32_t hex4(const char *p)
{
	uint32_t v = 0;
	int i;

	for (i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)hex_value(p[i]);
	return v;
}

/*
 * What the valid escape behind the backslash at *p means, as UTF-8; *p moves behind
 * it. A lone surrogate comes out in the same way, three bytes from 0xed 0xa0.
 */
static int unescape(const char **p, const char *end, char out[4])
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *s = *p + 2, *known;
	uint32_t c = (unsigned char)s[-1];

	known = strchr(from, (int)c);
	if (c == 'u') {
		c = hex4(s);
		s += 4;
		if (c >= 0xd800 && c < 0xdc00 && end - s >= 6 && s[0] == '\\' &&
		    s[1] == 'u' && hex4(s + 2) >= 0xdc00 && hex4(s + 2) < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (hex4(s + 2) - 0xdc00);
			s += 6;
		}
	} else if (known) {
		c = (unsigned char)to[known - from];
	}
	*p = s;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* A key, byte after byte of what it means. */
struct key_reader {
	const char *p, *end;
	bool escaped;
	char pending[4];
	int count, next;
};

/* The next byte, or -1 at the end. */
static int key_read(struct key_reader *r)
{
	if (r->next < r->count)
		return (unsigned char)r->pending[r->next++];
	if (r->p == r->end)
		return -1;
	if (!r->escaped || *r->p != '\\')
		return (unsigned char)*r->p++;
	r->count = unescape(&r->p, r->end, r->pending);
	r->next = 1;
	return (unsigned char)r->pending[0];
}

static bool key_is(const struct json_member *m, const char *key, size_t len,
		   bool escaped)
{
	struct key_reader a = {.p = m->key, .end = m->key + m->key_len,
			       .escaped = m->key_escaped};
	struct key_reader b = {.p = key, .end = key + len, .escaped = escaped};
	int c;

	if (!m->key_escaped && !escaped)
		return m->key_len == len && memcmp(m->key, key, len) == 0;
	do {
		c = key_read(&a);
		if (c != key_read(&b))
			return false;
	} while (c >= 0);
	return true;
}

int json_scan(struct json_member *out, size_t cap, const char *text, size_t len)
{
	const char *end = text + len, *p = skip_space(text, end);
	int count = 0, i;

	if (p == end || *p != '{' || !utf8_is_valid(text, len))
		return ERR_MALFORMED;
	p = skip_space(p + 1, end);
	if (p < end && *p == '}')
		return skip_space(p + 1, end) == end ? 0 : ERR_MALFORMED;
	for (;;) {
		struct json_member m;

		p = skip_member(p, end, 1, &m);
		if (!p)
			return ERR_MALFORMED;
		for (i = 0; i < count; i++)
			if (key_is(&out[i], m.key, m.key_len, m.key_escaped))
				return ERR_DUPLICATE;
		if ((size_t)count == cap)
			return ERR_TOO_BIG;
		out[count++] = m;
		p = skip_space(p, end);
		if (p < end && *p == '}')
			return skip_space(p + 1, end) == end ? count : ERR_MALFORMED;
		if (p == end || *p != ',')
			return ERR_MALFORMED;
		p = skip_space(p + 1, end);
	}
}

const struct json_member *json_find(const struct json_member *m, int count,
				    const char *key)
{
	const size_t len = strlen(key);
	int i;

	for (i = 0; i < count; i++)
		if (key_is(&m[i], key, len, false))
			return &m[i];
	return NULL;
}

ssize_t json_get_string(const struct json_member *m, char *out, size_t cap)
{
	const char *p = m->value + 1, *end = m->value + m->len - 1;
	size_t n = 0;

	if (m->kind != JSON_KIND_STRING)
		return ERR_RANGE;
	while (p < end) {
		const char *stop = memchr(p, '\\', (size_t)(end - p));
		size_t plain = (size_t)((stop ? stop : end) - p);
		char c[4];
		int used = 0;

		if (stop) {
			const char *at = stop;

			used = unescape(&at, end, c);
			if (c[0] == '\0' || (used == 3 && (uint8_t)c[0] == 0xed &&
					     (uint8_t)c[1] >= 0xa0))
				return ERR_MALFORMED;
			stop = at;
		}
		if (n + plain + (size_t)used >= cap)
			return ERR_NO_SPACE;
		memcpy(out + n, p, plain);
		memcpy(out + n + plain, c, (size_t)used);
		n += plain + (size_t)used;
		p = stop ? stop : end;
	}
	if (n >= cap)
		return ERR_NO_SPACE;
	out[n] = '\0';
	return (ssize_t)n;
}

int json_get_bool(const struct json_member *m, bool *out)
{
	if (m->kind != JSON_KIND_TRUE && m->kind != JSON_KIND_FALSE)
		return ERR_RANGE;
	*out = m->kind == JSON_KIND_TRUE;
	return 0;
}

int json_get_int(const struct json_member *m, int64_t *out)
{
	const char *p = m->value, *end = m->value + m->len;
	int64_t v = 0;
	bool minus;

	if (m->kind != JSON_KIND_NUMBER)
		return ERR_RANGE;
	minus = *p == '-';
	for (p += minus; p < end; p++) {
		int digit = *p - '0';

		if (digit < 0 || digit > 9)	/* a fraction or an exponent */
			return ERR_RANGE;
		/* downwards, for INT64_MIN has no positive twin */
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, digit, &v))
			return ERR_RANGE;
	}
	if (!minus && __builtin_mul_overflow(v, -1, &v))
		return ERR_RANGE;
	*out = v;
	return 0;
}

/* The writer. */

void json_put_init(struct json_writer *w, struct buf *b)
{
	w->buf = b;
	w->sorted = false;
	w->depth = 0;
}

void json_put_init_sorted(struct json_writer *w, struct buf *b)
{
	json_put_init(w, b);
	w->sorted = true;
}

static bool ascends(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order < 0 || (order == 0 && a_len < b_len);
}

static void put_key(struct json_writer *w, const char *key)
{
	struct json_level *level;
	size_t len;

	if (!w->depth) {
		assert(!key);
		return;
	}
	level = &w->level[w->depth - 1];
	assert(!key == (level->close == ']'));
	if (level->filled)
		buf_putc(w->buf, ',');
	if (key) {
		len = strlen(key);
		assert(!w->sorted || !level->filled ||
		       ascends(w->buf->p + level->key, level->key_len, key, len));
		buf_putc(w->buf, '"');
		level->key = w->buf->len;
		level->key_len = len;
		buf_put(w->buf, key, len);
		buf_put(w->buf, "\":", 2);
	}
	level->filled = true;
}

static void put_open(struct json_writer *w, const char *key, char open, char close)
{
	put_key(w, key);
	assert(w->depth < JSON_DEPTH_MAX);
	w->level[w->depth].close = close;
	w->level[w->depth].filled = false;
	w->depth++;
	buf_putc(w->buf, open);
}

void json_put_object(struct json_writer *w, const char *key)
{
	put_open(w, key, '{', '}');
}

void json_put_array(struct json_writer *w, const char *key)
{
	put_open(w, key, '[', ']');
}

void json_put_end(struct json_writer *w)
{
	assert(w->depth > 0);
	buf_putc(w->buf, w->level[--w->depth].close);
}

static void put_escape(struct buf *b, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *known = c ? strchr(from, c) : NULL;

	if (known) {
		buf_putc(b, '\\');
		buf_putc(b, to[known - from]);
	} else {
		buf_printf(b, "\\u%04x", c);
	}
}

void json_put_string(struct json_writer *w, const char *key, const char *s, size_t len)
{
	const char *end = s + len;

	put_key(w, key);
	buf_reserve(w->buf, len + 2);
	buf_putc(w->buf, '"');
	while (s < end) {
		const char *stop = skip_plain(s, end);

		buf_put(w->buf, s, (size_t)(stop - s));
		if (stop < end)
			put_escape(w->buf, (unsigned char)*stop++);
		s = stop;
	}
	buf_putc(w->buf, '"');
}

void json_put_text(struct json_writer *w, const char *key, const char *s)
{
	json_put_string(w, key, s, strlen(s));
}

void json_put_int(struct json_writer *w, const char *key, int64_t v)
{
	put_key(w, key);
	buf_printf(w->buf, "%lld", (long long)v);
}

void json_put_bool(struct json_writer *w, const char *key, bool v)
{
	put_key(w, key);
	buf_puts(w->buf, v ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
	put_key(w, key);
	buf_puts(w->buf, "null");
}

void json_put_time(struct json_writer *w, const char *key, int64_t wall_ms)
{
	char text[CLOCK_RFC3339_SIZE];

	json_put_string(w, key, text, clock_rfc3339(text, wall_ms));
}

void json_put_raw(struct json_writer *w, const char *key, const char *p, size_t len)
{
	put_key(w, key);
	buf_put(w->buf, p, len);
}
