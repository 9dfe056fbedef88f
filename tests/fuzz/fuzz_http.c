/* Any bytes as a request head: refused, unfinished, or read so that writing down what
 * was read and reading it again gives the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "proto/forwarded.h"
#include "proto/http.h"
#include "proto/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(struct http_span a, struct http_span b)
{
	return !a.p == !b.p && a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

static struct http_span name_of(const struct http_head *h, size_t i)
{
	return (struct http_span){h->base + h->line[i].name, h->line[i].name_len};
}

static struct http_span value_of(const struct http_head *h, size_t i)
{
	return (struct http_span){h->base + h->line[i].value, h->line[i].value_len};
}

/* What every handler may rely on. */
static void check_promises(const struct http_head *h)
{
	assert(h->status == 0);
	assert(h->minor == 0 || h->minor == 1);
	assert(h->path_len == strlen(h->path) && h->path_len <= HTTP_PATH_MAX);
	assert(h->path[0] == '/' && h->path[1] != '/');
	assert(!strstr(h->path, "/../") && !strstr(h->path, "/./") && !strchr(h->path, '\\'));
	assert(utf8_is_valid(h->path, h->path_len));
	for (size_t i = 0; i < h->path_len; i++)
		assert((unsigned char)h->path[i] >= 0x20 && h->path[i] != 0x7f);
	assert(h->content_length <= HTTP_BODY_MAX);
	assert(!h->content_length || h->method == HTTP_POST || h->method == HTTP_PUT ||
	       h->method == HTTP_PATCH);
	assert(!h->field[HTTP_TRANSFER_ENCODING].p);
	assert(h->field[HTTP_HOST].len || !h->minor);
	assert(h->lines <= HTTP_FIELDS_MAX);
	for (size_t i = 0; i < h->lines; i++) {
		struct http_span value = value_of(h, i);

		for (size_t k = 0; k < value.len; k++)
			assert(value.p[k] == '\t' || (unsigned char)value.p[k] >= 0x20);
	}
}

static void write_down(struct buf *b, const struct http_head *h)
{
	buf_puts(b, http_method_name(h->method));
	buf_putc(b, ' ');
	buf_put(b, h->raw_path.p, h->raw_path.len);
	if (h->query.p) {
		buf_putc(b, '?');
		buf_put(b, h->query.p, h->query.len);
	}
	buf_puts(b, h->minor ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
	for (size_t i = 0; i < h->lines; i++) {
		buf_put(b, name_of(h, i).p, name_of(h, i).len);
		buf_putc(b, ':');
		buf_put(b, value_of(h, i).p, value_of(h, i).len);
		buf_puts(b, "\r\n");
	}
	buf_puts(b, "\r\n");
}

static void check_same(const struct http_head *a, const struct http_head *b)
{
	assert(a->method == b->method && a->minor == b->minor);
	assert(a->keep_alive == b->keep_alive);
	assert(a->upgrade_websocket == b->upgrade_websocket);
	assert(a->expect_continue == b->expect_continue);
	assert(a->content_length == b->content_length);
	assert(!strcmp(a->path, b->path));
	assert(same(a->raw_path, b->raw_path) && same(a->query, b->query));
	assert(a->lines == b->lines);
	for (size_t i = 0; i < a->lines; i++) {
		assert(same(name_of(a, i), name_of(b, i)));
		assert(same(value_of(a, i), value_of(b, i)));
	}
	for (size_t i = 0; i < HTTP_FIELD_COUNT; i++)
		assert(same(a->field[i], b->field[i]));
}

/* The readers of single values: no crash, and what they give keeps its promise. */
static void read_values(const struct http_head *h)
{
	struct http_span none = h->field[HTTP_IF_NONE_MATCH];
	static const char *const langs[] = {"en", "de", "fr", NULL};
	char value[64], accept[HTTP_WS_ACCEPT_SIZE];
	ssize_t n = http_query_get(value, sizeof(value), h->query, "token");

	assert(n < 0 || ((size_t)n < sizeof(value) && strlen(value) == (size_t)n));
	assert(http_accept_coding(h->field[HTTP_ACCEPT_ENCODING], 0) == HTTP_IDENTITY);
	http_accept_coding(h->field[HTTP_ACCEPT_ENCODING], 1 << HTTP_GZIP | 1 << HTTP_BR);
	assert(!http_span_is(none, "*") || http_none_match(none, "\"x\""));
	http_none_match(none, "W/\"abc\"");
	http_accept_type(h->field[HTTP_ACCEPT], "text/html");
	assert((unsigned)http_accept_language(h->field[HTTP_ACCEPT_LANGUAGE], langs) < 3);
	http_cookie_get(h->field[HTTP_COOKIE], "__Host-session");
	if (http_websocket_accept(h, accept) == 0)
		assert(h->upgrade_websocket && strlen(accept) == HTTP_WS_ACCEPT_SIZE - 1);
}

/* What a proxy says: one address that reads back the same, and none where the header is
 * missing or there twice. */
static void read_forwarded(const struct http_head *h)
{
	char text[TURN_ADDR_TEXT_SIZE];
	struct turn_addr a, b;
	struct cidr proxy;
	size_t lines = 0;

	assert(cidr_parse(&proxy, "10.0.0.0/8") == 0);
	for (size_t i = 0; i < h->lines; i++)
		lines += http_span_is_nocase(name_of(h, i), "x-forwarded-for");
	forwarded_proto(h);
	if (!forwarded_for(&a, h, &proxy, 1))
		return;
	assert(lines == 1 && (a.family == 4 || a.family == 6) && !a.port);
	turn_addr_text(text, &a);
	assert(turn_addr_parse(&b, text, 0) && turn_addr_equal(&a, &b));
}

/* A part of the head is not finished, or wrong for the reason the whole is. */
static void check_prefix(const uint8_t *data, size_t len, ssize_t whole, int status)
{
	char *part = malloc(len ? len : 1);
	struct http_head h;
	ssize_t n;

	memcpy(part, data, len);
	n = http_head_parse(&h, part, len);
	if (whole >= 0 || whole == ERR_AGAIN)
		assert(n == ERR_AGAIN);
	else
		assert(n == ERR_AGAIN || (n == whole && h.status == status));
	free(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_head h, again, moved;
	struct buf b = BUF_INIT;
	ssize_t n = http_head_parse(&h, (const char *)data, size);
	size_t end = n < 0 ? size : (size_t)n;

	for (size_t i = 0; i < end; i += 1 + end / 64)
		check_prefix(data, i, n, h.status);
	if (n < 0) {
		assert(n == ERR_AGAIN || h.status >= 400);
		return 0;
	}
	assert((size_t)n <= size && n <= HTTP_HEAD_MAX);
	check_promises(&h);
	read_values(&h);
	read_forwarded(&h);

	write_down(&b, &h);
	assert(http_head_parse(&again, b.p, b.len) == (ssize_t)b.len);
	check_same(&h, &again);
	buf_fini(&b);

	buf_put(&b, data, (size_t)n);
	moved = h;
	http_head_move(&moved, b.p);
	check_same(&h, &moved);
	assert(!moved.field[HTTP_HOST].p || moved.field[HTTP_HOST].p > b.p);
	buf_fini(&b);
	return 0;
}
