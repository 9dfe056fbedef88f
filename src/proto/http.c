#include "proto/http.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/utf8.h"

/* What a byte may be part of. */
enum {
	TOKEN = 1,	/* method, header name (RFC 9110 section 5.6.2) */
	VALUE = 2,	/* header value: no control bytes, CR and LF least of all */
	TARGET = 4,	/* request target: printable ASCII */
	HOST = 8,	/* a name, an address, a port */
};

static const uint8_t kind[256] = {
	['\t'] = VALUE,
	[' '] = VALUE,
	['!'] = TOKEN | VALUE | TARGET,
	['"'] = VALUE | TARGET,
	['#' ... '\''] = TOKEN | VALUE | TARGET,
	['(' ... ')'] = VALUE | TARGET,
	['*' ... '+'] = TOKEN | VALUE | TARGET,
	[','] = VALUE | TARGET,
	['-' ... '.'] = TOKEN | VALUE | TARGET | HOST,
	['/'] = VALUE | TARGET,
	['0' ... '9'] = TOKEN | VALUE | TARGET | HOST,
	[':'] = VALUE | TARGET | HOST,
	[';' ... '@'] = VALUE | TARGET,
	['A' ... 'Z'] = TOKEN | VALUE | TARGET | HOST,
	['['] = VALUE | TARGET | HOST,
	['\\'] = VALUE | TARGET,
	[']'] = VALUE | TARGET | HOST,
	['^'] = TOKEN | VALUE | TARGET,
	['_'] = TOKEN | VALUE | TARGET | HOST,
	['`'] = TOKEN | VALUE | TARGET,
	['a' ... 'z'] = TOKEN | VALUE | TARGET | HOST,
	['{'] = VALUE | TARGET,
	['|'] = TOKEN | VALUE | TARGET,
	['}'] = VALUE | TARGET,
	['~'] = TOKEN | VALUE | TARGET,
	[0x80 ... 0xff] = VALUE,
};

static const struct {
	const char *name;
	uint8_t len;
	bool repeats;
} fields[HTTP_FIELD_COUNT] = {
#define X(name, header, repeats) [name] = {header, sizeof(header) - 1, repeats},
	HTTP_FIELDS(X)
#undef X
};

static const char *const methods[] = {
#define X(name) [HTTP_##name] = #name,
	HTTP_METHODS(X)
#undef X
};

static bool all_of(struct http_span s, uint8_t what)
{
	for (size_t i = 0; i < s.len; i++)
		if (!(kind[(unsigned char)s.p[i]] & what))
			return false;
	return true;
}

bool http_span_is(struct http_span s, const char *text)
{
	return s.p && s.len == strlen(text) && !memcmp(s.p, text, s.len);
}

bool http_span_is_nocase(struct http_span s, const char *text)
{
	return s.p && s.len == strlen(text) && !strncasecmp(s.p, text, s.len);
}

const char *http_method_name(enum http_method m)
{
	return methods[m];
}

/* Notes the answer to a refused head and makes the error of it. */
static int refuse(struct http_head *h, int status)
{
	h->status = status;
	switch (status) {
	case 413:
	case 414:
	case 431:
		return ERR_TOO_BIG;
	case 417:
	case 501:
		return ERR_UNKNOWN;
	case 505:
		return ERR_VERSION;
	}
	return ERR_MALFORMED;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * An escaped slash would make another tree of segments than the one a proxy saw, so
 * it is refused together with what is dangerous unescaped.
 */
static int parse_path(struct http_head *h)
{
	struct http_span raw = h->raw_path;
	size_t len = 0, segment = 0;

	if (!raw.len || raw.p[0] != '/' || (raw.len > 1 && raw.p[1] == '/'))
		return refuse(h, 400);
	for (size_t i = 0; i < raw.len; i++) {
		unsigned char c = (unsigned char)raw.p[i];

		if (c == '%') {
			int high = i + 2 < raw.len ? hex(raw.p[i + 1]) : -1;
			int low = high < 0 ? -1 : hex(raw.p[i + 2]);

			if (low < 0)
				return refuse(h, 400);
			c = (unsigned char)(high << 4 | low);
			i += 2;
			if (c < 0x20 || c == 0x7f || c == '/')
				return refuse(h, 400);
		} else if (c == '#') {
			return refuse(h, 400);
		}
		if (c == '\\')
			return refuse(h, 400);
		if (len == HTTP_PATH_MAX)
			return refuse(h, 414);
		h->path[len++] = (char)c;
	}
	h->path[len] = '\0';
	h->path_len = len;
	for (size_t i = 1; i <= len; i++) {
		if (i < len && h->path[i] != '/')
			continue;
		if ((i - segment == 2 && h->path[i - 1] == '.') ||
		    (i - segment == 3 && !memcmp(h->path + i - 2, "..", 2)))
			return refuse(h, 400);
		segment = i;
	}
	return utf8_is_valid(h->path, len) ? 0 : refuse(h, 400);
}

static int parse_version(struct http_head *h, struct http_span s)
{
	if (s.len != 8 || memcmp(s.p, "HTTP/", 5) || s.p[6] != '.' ||
	    s.p[5] < '0' || s.p[5] > '9' || s.p[7] < '0' || s.p[7] > '9')
		return refuse(h, 400);
	if (s.p[5] != '1' || s.p[7] > '1')
		return refuse(h, 505);
	h->minor = s.p[7] - '0';
	return 0;
}

static int parse_method(struct http_head *h, struct http_span s)
{
	if (!s.len || !all_of(s, TOKEN))
		return refuse(h, 400);
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (http_span_is(s, methods[i])) {
			h->method = (enum http_method)i;
			return 0;
		}
	return refuse(h, 501);
}

static int parse_request_line(struct http_head *h, const char *p, size_t len)
{
	const char *end = p + len;
	const char *target = memchr(p, ' ', len);
	const char *version = target ? memchr(target + 1, ' ', (size_t)(end - target - 1))
				     : NULL;
	struct http_span s;
	const char *query;
	int err;

	if (!version)
		return refuse(h, 400);
	err = parse_version(h, (struct http_span){version + 1, (size_t)(end - version - 1)});
	if (!err)
		err = parse_method(h, (struct http_span){p, (size_t)(target - p)});
	if (err)
		return err;
	s = (struct http_span){target + 1, (size_t)(version - target - 1)};
	if (s.len > HTTP_TARGET_MAX)
		return refuse(h, 414);
	if (!all_of(s, TARGET))
		return refuse(h, 400);
	query = memchr(s.p, '?', s.len);
	h->raw_path = s;
	h->query = (struct http_span){NULL, 0};
	if (query) {
		h->raw_path.len = (size_t)(query - s.p);
		h->query.p = query + 1;
		h->query.len = s.len - h->raw_path.len - 1;
	}
	return parse_path(h);
}

/* What Connection said, over all its lines. */
struct connection {
	bool close, keep_alive, upgrade;
};

static int parse_field_line(struct http_head *h, struct connection *conn, const char *p,
			    size_t len)
{
	const char *colon = memchr(p, ':', len), *end = p + len;
	struct http_span name, value;
	struct http_line *line;

	if (!colon || colon == p)
		return refuse(h, 400);
	name = (struct http_span){p, (size_t)(colon - p)};
	value.p = colon + 1;
	while (value.p < end && (*value.p == ' ' || *value.p == '\t'))
		value.p++;
	while (end > value.p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	value.len = (size_t)(end - value.p);
	if (!all_of(name, TOKEN) || !all_of(value, VALUE))
		return refuse(h, 400);
	if (h->lines == HTTP_FIELDS_MAX)
		return refuse(h, 431);
	line = &h->line[h->lines++];
	line->name = (uint16_t)(name.p - h->base);
	line->name_len = (uint16_t)name.len;
	line->value = (uint16_t)(value.p - h->base);
	line->value_len = (uint16_t)value.len;

	for (size_t i = 0; i < HTTP_FIELD_COUNT; i++) {
		if (name.len != fields[i].len ||
		    strncasecmp(name.p, fields[i].name, name.len))
			continue;
		if (h->field[i].p && !fields[i].repeats)
			return refuse(h, 400);
		h->field[i] = value;
		if (i == HTTP_CONNECTION) {
			conn->close |= http_list_has(value, "close");
			conn->keep_alive |= http_list_has(value, "keep-alive");
			conn->upgrade |= http_list_has(value, "upgrade");
		}
		break;
	}
	return 0;
}

static int judge_host(struct http_head *h)
{
	struct http_span host = h->field[HTTP_HOST];

	if (!host.p)
		return h->minor ? refuse(h, 400) : 0;
	return host.len && all_of(host, HOST) ? 0 : refuse(h, 400);
}

static int judge_body(struct http_head *h)
{
	struct http_span cl = h->field[HTTP_CONTENT_LENGTH];
	struct http_span expect = h->field[HTTP_EXPECT];
	size_t n = 0;

	/* with both, or from a 1.0 client, somebody is smuggling (RFC 9112 section 6.1) */
	if (h->field[HTTP_TRANSFER_ENCODING].p)
		return refuse(h, cl.p || !h->minor ? 400 : 501);
	if (cl.p && !cl.len)
		return refuse(h, 400);
	for (size_t i = 0; i < cl.len; i++) {
		if (cl.p[i] < '0' || cl.p[i] > '9')
			return refuse(h, 400);
		if (n <= HTTP_BODY_MAX)
			n = n * 10 + (size_t)(cl.p[i] - '0');
	}
	if (n && h->method != HTTP_POST && h->method != HTTP_PUT && h->method != HTTP_PATCH)
		return refuse(h, 400);
	if (n > HTTP_BODY_MAX)
		return refuse(h, 413);
	h->content_length = n;
	if (expect.p && h->minor) {
		if (!http_span_is_nocase(expect, "100-continue"))
			return refuse(h, 417);
		h->expect_continue = n > 0;
	}
	return 0;
}

ssize_t http_head_parse(struct http_head *out, const char *buf, size_t len)
{
	const char *p = buf, *end = buf + (len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX);
	struct connection conn = {false, false, false};
	bool first = true;
	int err;

	out->status = 0;
	out->base = buf;
	out->lines = 0;
	out->content_length = 0;
	out->expect_continue = false;
	memset(out->field, 0, sizeof(out->field));
	for (;;) {
		/* a method, two blanks, the version and CRLF around the target */
		size_t room = first ? HTTP_TARGET_MAX + 32 : HTTP_HEAD_MAX;
		size_t left = (size_t)(end - p);
		const char *lf = memchr(p, '\n', left < room ? left : room);
		size_t n;

		if (!lf && first && left >= room)
			return refuse(out, 414);
		if (!lf)
			return len < HTTP_HEAD_MAX ? ERR_AGAIN : refuse(out, 431);
		if (lf == p || lf[-1] != '\r')
			return refuse(out, 400);
		n = (size_t)(lf - p) - 1;
		if (first)
			err = parse_request_line(out, p, n);
		else if (n)
			err = parse_field_line(out, &conn, p, n);
		else
			break;
		if (err)
			return err;
		first = false;
		p = lf + 1;
	}
	err = judge_host(out);
	if (!err)
		err = judge_body(out);
	if (err)
		return err;
	out->keep_alive = !conn.close && (out->minor || conn.keep_alive);
	out->upgrade_websocket = out->method == HTTP_GET && out->minor && conn.upgrade &&
				 http_list_has(out->field[HTTP_UPGRADE], "websocket");
	return p + 2 - buf;
}

static void follow(struct http_span *s, const char *from, const char *to)
{
	if (s->p)
		s->p = to + (s->p - from);
}

void http_head_move(struct http_head *h, const char *base)
{
	follow(&h->raw_path, h->base, base);
	follow(&h->query, h->base, base);
	for (size_t i = 0; i < HTTP_FIELD_COUNT; i++)
		follow(&h->field[i], h->base, base);
	h->base = base;
}

struct http_span http_head_find(const struct http_head *h, const char *name)
{
	struct http_span found = {NULL, 0};

	for (size_t i = 0; i < h->lines; i++) {
		const struct http_line *l = &h->line[i];

		if (http_span_is_nocase((struct http_span){h->base + l->name, l->name_len},
					name))
			found = (struct http_span){h->base + l->value, l->value_len};
	}
	return found;
}
