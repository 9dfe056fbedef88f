#include "proto/http.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/utf8.h"
#include "unit.h"

#define HOST "Host: clinic.example\r\n"

struct row {
	const char *what;
	int status;		/* 0: accepted */
	const char *bytes;
	size_t len;
};

#define ROW(what, status, bytes) {what, status, bytes, sizeof(bytes) - 1}
#define LINE(what, status, line) ROW(what, status, "GET / HTTP/1.1\r\n" HOST line "\r\n\r\n")
#define TARGET(what, status, t) ROW(what, status, "GET " t " HTTP/1.1\r\n" HOST "\r\n")
#define POST(what, status, line) ROW(what, status, "POST / HTTP/1.1\r\n" HOST line "\r\n\r\n")

static const struct row rows[] = {
	ROW("plain", 0, "GET / HTTP/1.1\r\n" HOST "\r\n"),
	ROW("1.0 without host", 0, "GET / HTTP/1.0\r\n\r\n"),
	ROW("1.0 with host", 0, "GET / HTTP/1.0\r\n" HOST "\r\n"),
	ROW("head", 0, "HEAD /x HTTP/1.1\r\n" HOST "\r\n"),
	ROW("options", 0, "OPTIONS /x HTTP/1.1\r\n" HOST "\r\n"),
	ROW("delete", 0, "DELETE /x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"),
	ROW("patch", 0, "PATCH /x HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n"),
	ROW("host v6", 0, "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),

	ROW("trace", 501, "TRACE / HTTP/1.1\r\n" HOST "\r\n"),
	ROW("connect", 501, "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n"),
	ROW("lower case method", 501, "get / HTTP/1.1\r\n" HOST "\r\n"),
	ROW("method no token", 400, "G\x01T / HTTP/1.1\r\n" HOST "\r\n"),
	ROW("h2 preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	ROW("empty line first", 400, "\r\nGET / HTTP/1.1\r\n" HOST "\r\n"),
	ROW("garbage", 400, "\x16\x03\x01\n"),
	ROW("0.9", 400, "GET /\r\n"),
	ROW("-1.1", 400, "GET / HTTP/-1.1\r\n" HOST "\r\n"),
	ROW("1.-1", 400, "GET / HTTP/1.-1\r\n" HOST "\r\n"),
	ROW("1.2", 505, "GET / HTTP/1.2\r\n" HOST "\r\n"),
	ROW("2.0", 505, "GET / HTTP/2.0\r\n" HOST "\r\n"),
	ROW("1.10", 400, "GET / HTTP/1.10\r\n" HOST "\r\n"),
	ROW("lower case http", 400, "GET / http/1.1\r\n" HOST "\r\n"),
	ROW("two blanks", 400, "GET  / HTTP/1.1\r\n" HOST "\r\n"),
	ROW("blank behind version", 400, "GET / HTTP/1.1 \r\n" HOST "\r\n"),
	ROW("tab as blank", 400, "GET\t/ HTTP/1.1\r\n" HOST "\r\n"),

	ROW("bare LF", 400, "GET / HTTP/1.1\n" HOST "\n"),
	ROW("bare LF in headers", 400, "GET / HTTP/1.1\r\n" HOST "A: b\n\r\n"),
	ROW("bare LF as end", 400, "GET / HTTP/1.1\r\n" HOST "\n"),
	LINE("bare CR in value", 400, "A: b\rc"),
	LINE("bare CR in name", 400, "A\r: b"),
	LINE("CR CR LF", 400, "A: b\r"),
	LINE("folded", 400, "A: b\r\n c"),
	LINE("folded by tab", 400, "A: b\r\n\tc"),
	ROW("folded first", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),

	ROW("no host", 400, "GET / HTTP/1.1\r\n\r\n"),
	LINE("two hosts", 400, "Host: clinic.example"),
	ROW("empty host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
	ROW("host with path", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
	ROW("host with user", 400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
	ROW("two hosts in one", 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),

	TARGET("absolute", 400, "http://evil/x"),
	TARGET("two slashes", 400, "//evil/x"),
	TARGET("no slash", 400, "foo"),
	TARGET("star", 400, "*"),
	TARGET("query alone", 400, "?a"),
	TARGET("NUL escaped", 400, "/a%00b"),
	TARGET("NUL", 400, "/a\0b"),
	TARGET("ESC", 400, "/a\x1b"),
	TARGET("ESC escaped", 400, "/a%1b"),
	TARGET("CRLF escaped", 400, "/a%0d%0aX:%20y"),
	TARGET("DEL escaped", 400, "/a%7f"),
	TARGET("blank", 400, "/a b"),
	TARGET("8 bit", 400, "/\xc3\xa4"),
	TARGET("8 bit escaped", 0, "/%c3%a4"),
	TARGET("not UTF-8", 400, "/%c3"),
	TARGET("fragment", 400, "/a#b"),
	TARGET("fragment escaped", 0, "/a%23k=b"),
	TARGET("backslash", 400, "/a\\b"),
	TARGET("backslash escaped", 400, "/a%5cb"),
	TARGET("backslash in query", 0, "/a?b\\c"),
	TARGET("slash escaped", 400, "/a%2fb"),
	TARGET("dot dot", 400, "/../etc"),
	TARGET("dot dot within", 400, "/a/../b"),
	TARGET("dot dot at end", 400, "/a/.."),
	TARGET("dot dot escaped", 400, "/%2e%2E/etc"),
	TARGET("dot", 400, "/./a"),
	TARGET("dot at end", 400, "/."),
	TARGET("three dots", 0, "/..."),
	TARGET("hidden file", 0, "/.well-known/x"),
	TARGET("dot in query", 0, "/a?/../b"),
	TARGET("escape cut", 400, "/a%2"),
	TARGET("escape cut more", 400, "/a%"),
	TARGET("escape no hex", 400, "/a%zz"),
	TARGET("escape signed", 400, "/a%+1"),
	TARGET("percent in query", 0, "/a?%"),

	LINE("blank before colon", 400, "A : b"),
	LINE("length with blank before colon", 400, "Content-Length : 30"),
	LINE("coding with blank before colon", 400, "Transfer-Encoding : chunked"),
	LINE("no colon", 400, "Abc"),
	LINE("empty name", 400, ": b"),
	LINE("name with blank", 400, "A b: c"),
	LINE("name with NUL", 400, "A\0: b"),
	LINE("name with 8 bit", 400, "\xc3: b"),
	LINE("name with parenthesis", 400, "A(: b"),
	LINE("value with NUL", 400, "A: b\0c"),
	LINE("value with ESC", 400, "A: \x1b[0m"),
	LINE("value with 0x01", 400, "A: \x01"),
	LINE("value with DEL", 400, "A: \x7f"),
	LINE("value with 8 bit", 0, "A: caf\xc3\xa9"),
	LINE("value with tab", 0, "A: b\tc"),
	LINE("empty value", 0, "A:"),
	LINE("no blank", 0, "A:b"),
	LINE("blanks around", 0, "A: \t b \t "),

	POST("length", 0, "Content-Length: 4"),
	POST("no length", 0, "A: b"),
	POST("length 0", 0, "Content-Length: 0"),
	POST("largest", 0, "Content-Length: 65536"),
	POST("too large", 413, "Content-Length: 65537"),
	POST("much too large", 413, "Content-Length: 99999999999999999999999999"),
	POST("two lengths", 400, "Content-Length: 4\r\nContent-Length: 5"),
	POST("the same length twice", 400, "Content-Length: 4\r\nContent-Length: 4"),
	POST("other case", 400, "Content-Length: 4\r\ncontent-length: 4"),
	POST("two in one", 400, "Content-Length: 4,4"),
	POST("negative", 400, "Content-Length: -1"),
	POST("plus", 400, "Content-Length: +4"),
	POST("hex", 400, "Content-Length: 0x4"),
	POST("tab minus", 400, "Content-Length:\t-4"),
	POST("inner blank", 400, "Content-Length: 4 4"),
	POST("empty length", 400, "Content-Length:"),
	POST("length and coding", 400, "Content-Length: 4\r\nTransfer-Encoding: chunked"),
	POST("coding and length", 400, "Transfer-Encoding: chunked\r\nContent-Length: 4"),
	POST("chunked", 501, "Transfer-Encoding: chunked"),
	POST("gzip", 501, "Transfer-Encoding: gzip"),
	POST("xchunked", 501, "Transfer-Encoding: xchunked"),
	POST("chunked twice", 400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
	ROW("chunked in 1.0", 400,
	    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
	LINE("get with body", 400, "Content-Length: 4"),
	LINE("get with chunked", 501, "Transfer-Encoding: chunked"),
	ROW("head with body", 400, "HEAD / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n"),
	ROW("delete with body", 400, "DELETE / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n"),
	ROW("options with body", 400, "OPTIONS / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n"),

	POST("continue", 0, "Content-Length: 4\r\nExpect: 100-continue"),
	POST("another expectation", 417, "Content-Length: 4\r\nExpect: 200-ok"),

	LINE("two authorizations", 400, "Authorization: a\r\nAuthorization: b"),
	LINE("two cookies", 400, "Cookie: a=b\r\nCookie: c=d"),
	LINE("two origins", 400, "Origin: a\r\nOrigin: b"),
	LINE("two types", 400, "Content-Type: a\r\nContent-Type: b"),
	LINE("two upgrades", 400, "Upgrade: websocket\r\nUpgrade: h2c"),
	LINE("two keys", 400, "Sec-WebSocket-Key: a\r\nSec-WebSocket-Key: b"),
	LINE("two versions", 400, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8"),
	LINE("two protocols", 400, "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b"),
	LINE("two secrets", 400, "X-Internal-Secret: a\r\nX-Internal-Secret: b"),
	LINE("two accepts", 0, "Accept: a\r\nAccept: b"),
	LINE("two forwardeds", 0, "X-Forwarded-For: a\r\nX-Forwarded-For: b"),
	LINE("two unknowns", 0, "X: a\r\nX: b"),
};

static void judge(const char *what, int status, const char *bytes, size_t len)
{
	/* exactly as large as the input, so that sanitizers see a byte too far */
	char *copy = mem_copy(bytes, len);
	struct http_head h;
	ssize_t n = http_head_parse(&h, copy, len);

	ck_assert_msg(h.status == status, "%s: %d", what, h.status);
	if (status)
		ck_assert_msg(n < 0 && n != ERR_AGAIN, "%s: %zd", what, n);
	else
		ck_assert_msg(n == (ssize_t)len, "%s: %zd of %zu", what, n, len);
	for (size_t i = 0; i < len; i++) {
		char *part = malloc(i ? i : 1);

		memcpy(part, bytes, i);
		n = http_head_parse(&h, part, i);
		free(part);
		if (n != ERR_AGAIN)
			ck_assert_msg(status && h.status == status, "%s: %zd after %zu",
				      what, n, i);
	}
	free(copy);
}

START_TEST(test_each_row_gets_its_status)
{
	/* The attacks that other servers let through, whole and byte by byte. */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		judge(rows[i].what, rows[i].status, rows[i].bytes, rows[i].len);
}
END_TEST

START_TEST(test_heads_are_bounded)
{
	/* 414 over 4.5 KiB of target, 431 over 64 lines or 16 KiB. */
	struct buf b = BUF_INIT;
	struct http_head h;

	for (size_t over = 0; over < 2; over++) {
		buf_reset(&b);
		buf_puts(&b, "GET /?");
		for (size_t i = 2; i < HTTP_TARGET_MAX + over; i++)
			buf_putc(&b, 'q');
		buf_puts(&b, " HTTP/1.1\r\nHost: a\r\n\r\n");
		judge("target", over ? 414 : 0, b.p, b.len);

		buf_reset(&b);
		buf_puts(&b, "GET /");
		for (size_t i = 1; i < HTTP_PATH_MAX + over; i++)
			buf_putc(&b, 'p');
		buf_puts(&b, " HTTP/1.1\r\nHost: a\r\n\r\n");
		judge("path", over ? 414 : 0, b.p, b.len);

		buf_reset(&b);
		buf_puts(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
		for (size_t i = 1; i < HTTP_FIELDS_MAX + over; i++)
			buf_puts(&b, "a:\r\n");
		buf_puts(&b, "\r\n");
		judge("lines", over ? 431 : 0, b.p, b.len);

		buf_reset(&b);
		buf_puts(&b, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
		while (b.len < HTTP_HEAD_MAX - 4 + over)
			buf_putc(&b, 'x');
		buf_puts(&b, "\r\n\r\n");
		judge("head", over ? 431 : 0, b.p, b.len);
	}
	buf_reset(&b);
	while (b.len < HTTP_HEAD_MAX)
		buf_putc(&b, 'A');
	ck_assert_int_eq(http_head_parse(&h, b.p, b.len), ERR_TOO_BIG);
	ck_assert_int_eq(h.status, 414);
	buf_fini(&b);
}
END_TEST

START_TEST(test_head_is_read)
{
	/* What a browser sends comes out as what it means; spans follow a copy. */
	static const char text[] =
		"POST /api/%6deetings?a=1&token=s%20x HTTP/1.1\r\n"
		"HOST: clinic.example:8443\r\n"
		"content-TYPE:  application/json \r\n"
		"Accept: text/html\r\n"
		"X-Other: one\r\n"
		"Accept: application/json\r\n"
		"x-other: two\r\n"
		"Content-Length: 2\r\n"
		"Expect: 100-Continue\r\n"
		"\r\n{}";
	char *copy = mem_copy(text, sizeof(text) - 1);
	struct http_head h;
	char value[8];

	ck_assert_int_eq(http_head_parse(&h, copy, sizeof(text) - 1), sizeof(text) - 3);
	http_head_move(&h, text);
	memset(copy, '?', sizeof(text) - 1);
	free(copy);
	ck_assert_int_eq(h.method, HTTP_POST);
	ck_assert_str_eq(h.path, "/api/meetings");
	ck_assert(http_span_is(h.raw_path, "/api/%6deetings"));
	ck_assert(http_span_is(h.query, "a=1&token=s%20x"));
	ck_assert_int_eq(http_query_get(value, sizeof(value), h.query, "token"), 3);
	ck_assert_str_eq(value, "s x");
	ck_assert(http_span_is(h.field[HTTP_HOST], "clinic.example:8443"));
	ck_assert(http_span_is(h.field[HTTP_CONTENT_TYPE], "application/json"));
	ck_assert(http_span_is(h.field[HTTP_ACCEPT], "application/json"));
	ck_assert(http_span_is(http_head_find(&h, "x-other"), "two"));
	ck_assert_ptr_null(http_head_find(&h, "x-none").p);
	ck_assert_ptr_null(h.field[HTTP_ORIGIN].p);
	ck_assert_uint_eq(h.content_length, 2);
	ck_assert(h.expect_continue);
	ck_assert(h.keep_alive);
	ck_assert(!h.upgrade_websocket);
}
END_TEST

static struct http_head head_of(const char *text)
{
	struct http_head h;

	ck_assert_int_eq(http_head_parse(&h, text, strlen(text)), strlen(text));
	return h;
}

START_TEST(test_connection_says_whether_it_stays)
{
	/* RFC 9112 section 9.3, over all Connection lines. */
	ck_assert(head_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
	ck_assert(!head_of("GET / HTTP/1.0\r\n\r\n").keep_alive);
	ck_assert(head_of("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
	ck_assert(!head_of("GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n\r\n").keep_alive);
	ck_assert(!head_of("GET / HTTP/1.1\r\nHost: a\r\nConnection: x ,close\r\n"
			   "Connection: keep-alive\r\n\r\n").keep_alive);
}
END_TEST

#define UPGRADE "Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"

START_TEST(test_websocket_handshake_is_checked)
{
	/* The example of RFC 6455 section 1.3, and what is missing or wrong in others. */
	static const struct {
		int result;
		const char *text;
	} cases[] = {
		{0, "GET / HTTP/1.1\r\n" UPGRADE KEY V13 "\r\n"},
		{ERR_MALFORMED, "GET / HTTP/1.0\r\n" UPGRADE KEY V13 "\r\n"},
		{ERR_MALFORMED, "POST / HTTP/1.1\r\n" UPGRADE KEY V13 "\r\n"},
		{ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n" KEY V13
		 "\r\n"},
		{ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
		 "Upgrade: h2c\r\n" KEY V13 "\r\n"},
		{ERR_MALFORMED, "GET / HTTP/1.1\r\n" UPGRADE V13 "\r\n"},
		{ERR_MALFORMED, "GET / HTTP/1.1\r\n" UPGRADE KEY "\r\n"},
		{ERR_VERSION, "GET / HTTP/1.1\r\n" UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n"},
		{ERR_MALFORMED, "GET / HTTP/1.1\r\n" UPGRADE V13
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n\r\n"},
		{ERR_MALFORMED, "GET / HTTP/1.1\r\n" UPGRADE V13
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ***\r\n\r\n"},
		{ERR_MALFORMED, "GET / HTTP/1.1\r\n" UPGRADE V13
		 "Sec-WebSocket-Key: dGhl IHNhbXBsZSBub25jZ==\r\n\r\n"},
	};
	char accept[HTTP_WS_ACCEPT_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_head h = head_of(cases[i].text);

		ck_assert_msg(http_websocket_accept(&h, accept) == cases[i].result, "%zu", i);
		if (!cases[i].result)
			ck_assert_str_eq(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	}
}
END_TEST

static struct http_span span(const char *s)
{
	return (struct http_span){s, strlen(s)};
}

START_TEST(test_coding_follows_the_weights)
{
	/* RFC 9110 section 12.5.3. */
	static const struct {
		const char *header;
		enum http_coding coding;
	} cases[] = {
		{"", HTTP_IDENTITY},
		{"gzip, deflate, br, zstd", HTTP_BR},
		{"gzip, deflate", HTTP_GZIP},
		{"GZIP", HTTP_GZIP},
		{"deflate", HTTP_IDENTITY},
		{"br;q=0.5, gzip;q=0.8", HTTP_GZIP},
		{"br;q=0, gzip", HTTP_GZIP},
		{"br; q=0.000", HTTP_IDENTITY},
		{"*", HTTP_BR},
		{"*;q=0", HTTP_IDENTITY},
		{"*, br;q=0", HTTP_GZIP},
		{"gzip;q=0.001, *;q=0", HTTP_GZIP},
		{"identity, gzip;q=0.5", HTTP_IDENTITY},
		{"identity;q=0", HTTP_IDENTITY},
		{"gzip;q=1.001", HTTP_IDENTITY},
		{"gzip;q=", HTTP_IDENTITY},
		{"gzip;q=-1", HTTP_IDENTITY},
		{"gzip;q=0.5555", HTTP_IDENTITY},
		{",,;,gzip,;q=1", HTTP_GZIP},
		{"xgzip", HTTP_IDENTITY},
	};
	unsigned both = 1 << HTTP_GZIP | 1 << HTTP_BR;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_msg(http_accept_coding(span(cases[i].header), both) ==
			      cases[i].coding, "%s", cases[i].header);
	ck_assert_int_eq(http_accept_coding(span("br, gzip"), 1 << HTTP_GZIP), HTTP_GZIP);
	ck_assert_int_eq(http_accept_coding(span("br"), 0), HTTP_IDENTITY);
	ck_assert_int_eq(http_accept_coding((struct http_span){NULL, 0}, both), HTTP_IDENTITY);
}
END_TEST

START_TEST(test_a_type_must_be_named)
{
	/* RFC 9110 section 12.5.1: with a weight above zero, whatever else it says. */
	static const struct {
		const char *header;
		bool named;
	} cases[] = {
		{"", false},
		{"text/html", true},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true},
		{"TEXT/Html", true},
		{"application/json, text/html;q=0.1", true},
		{"text/html;level=1;q=0.4", true},
		{" text/html ; charset=utf-8 ", true},
		{"text/html;q=0", false},
		{"text/html;q=0.000", false},
		{"text/html;q=2", false},
		{"*/*", false},
		{"text/*", false},
		{"application/json", false},
		{"text/htmlx", false},
		{"xtext/html", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_msg(http_accept_type(span(cases[i].header), "text/html") ==
			      cases[i].named, "%s", cases[i].header);
	ck_assert(!http_accept_type((struct http_span){NULL, 0}, "text/html"));
}
END_TEST

START_TEST(test_language_follows_the_weights)
{
	/* RFC 9110 section 12.5.4; "de-AT" finds "de". */
	static const char *const langs[] = {"en", "de", "fr", NULL};
	static const struct {
		const char *header;
		int index;
	} cases[] = {
		{"", 0}, {"de", 1}, {"DE-at", 1}, {"de-AT, en;q=0.9", 1},
		{"en;q=0.5, fr;q=0.6", 2}, {"fr, de", 2}, {"deu", 0}, {"d", 0}, {"*", 0},
		{"pt, fr;q=0.3", 2}, {"de;q=0", 0}, {"de;q=x, fr;q=0.1", 2}, {",;,", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_msg(http_accept_language(span(cases[i].header), langs) ==
			      cases[i].index, "%s", cases[i].header);
	ck_assert_int_eq(http_accept_language((struct http_span){NULL, 0}, langs), 0);
}
END_TEST

START_TEST(test_none_match_compares_weakly)
{
	/* RFC 9110 sections 8.8.3.2 and 13.1.2. */
	static const struct {
		const char *header;
		bool match;
	} cases[] = {
		{"\"abc\"", true},
		{"W/\"abc\"", true},
		{"*", true},
		{"\"x\", \"abc\"", true},
		{"\"x\",W/\"abc\" , \"y\"", true},
		{"\"a,b\", \"abc\"", true},
		{"\"x\"", false},
		{"\"ABC\"", false},
		{"abc", false},
		{"\"abc", false},
		{"w/\"abc\"", false},
		{"\"x\" \"abc\"", false},
		{"\"x\", *", false},
		{"", false},
		{",", false},
		{"\"", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_msg(http_none_match(span(cases[i].header), "\"abc\"") ==
			      cases[i].match, "%s", cases[i].header);
	ck_assert(http_none_match(span("\"abc\""), "W/\"abc\""));
	ck_assert(!http_none_match((struct http_span){NULL, 0}, "\"abc\""));
}
END_TEST

START_TEST(test_query_is_decoded_strictly)
{
	/* One value per name, nothing that would end a C string early. */
	static const struct {
		const char *query;
		ssize_t result;
		const char *value;
	} cases[] = {
		{"k=v", 1, "v"},
		{"a=b&k=v&c=d", 1, "v"},
		{"k=", 0, ""},
		{"k", 0, ""},
		{"k=a+b%2b", 4, "a b+"},
		{"k=a=b", 3, "a=b"},
		{"k=%c3%A4", 2, "\xc3\xa4"},
		{"", ERR_NOT_FOUND, NULL},
		{"kk=v", ERR_NOT_FOUND, NULL},
		{"K=v", ERR_NOT_FOUND, NULL},
		{"&&=&x", ERR_NOT_FOUND, NULL},
		{"k=1&k=2", ERR_DUPLICATE, NULL},
		{"k&k=2", ERR_DUPLICATE, NULL},
		{"k=%", ERR_MALFORMED, NULL},
		{"k=%4", ERR_MALFORMED, NULL},
		{"k=%4g", ERR_MALFORMED, NULL},
		{"k=a%00", ERR_MALFORMED, NULL},
		{"k=1234567", 7, "1234567"},
		{"k=12345678", ERR_NO_SPACE, NULL},
	};
	char value[8];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ck_assert_msg(http_query_get(value, sizeof(value), span(cases[i].query), "k") ==
			      cases[i].result, "%s", cases[i].query);
		if (cases[i].value)
			ck_assert_str_eq(value, cases[i].value);
	}
}
END_TEST

START_TEST(test_cookie_is_found_once_or_not_at_all)
{
	/* RFC 6265 section 4.2; a second of the name may be planted, so neither counts. */
	ck_assert(http_span_is(http_cookie_get(span("a=1; s=2; b=3"), "s"), "2"));
	ck_assert(http_span_is(http_cookie_get(span("s=a=b"), "s"), "a=b"));
	ck_assert(http_span_is(http_cookie_get(span("s="), "s"), ""));
	ck_assert_ptr_null(http_cookie_get(span("s=1; s=2"), "s").p);
	ck_assert_ptr_null(http_cookie_get(span("xs=1; S=2"), "s").p);
	ck_assert_ptr_null(http_cookie_get((struct http_span){NULL, 0}, "s").p);
}
END_TEST

START_TEST(test_json_is_what_says_so)
{
	/* http.h: what a form of another site cannot send */
	static const char *const is[] = {
		"application/json", "Application/JSON", "application/json; charset=utf-8",
		"application/json ;x",
	};
	static const char *const is_not[] = {
		"text/plain", "application/jsonp", "application/json-seq", "application/jso",
		"text/plain; application/json", "application/x-www-form-urlencoded", "",
	};
	static struct http_head h;

	ck_assert(!http_is_json(&h));
	for (size_t i = 0; i < ARRAY_LEN(is); i++) {
		h.field[HTTP_CONTENT_TYPE] = span(is[i]);
		ck_assert_msg(http_is_json(&h), "%s", is[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(is_not); i++) {
		h.field[HTTP_CONTENT_TYPE] = span(is_not[i]);
		ck_assert_msg(!http_is_json(&h), "%s", is_not[i]);
	}
}
END_TEST

START_TEST(test_response_head_is_spelled)
{
	/* RFC 9110 section 5.6.7; no value can end its line. */
	struct buf b = BUF_INIT;
	char date[HTTP_DATE_SIZE];

	ck_assert_uint_eq(http_date(date, INT64_C(784111777123)), 29);
	ck_assert_str_eq(date, "Sun, 06 Nov 1994 08:49:37 GMT");
	http_date(date, 0);
	ck_assert_str_eq(date, "Thu, 01 Jan 1970 00:00:00 GMT");
	http_put_status(&b, 404);
	http_put_header(&b, "Location", "/a\r\nSet-Cookie: b\x7f");
	ck_assert_str_eq(b.p, "HTTP/1.1 404 Not Found\r\nLocation: /aSet-Cookie: b\r\n");
	buf_reset(&b);
	http_put_status(&b, 299);
	ck_assert_str_eq(b.p, "HTTP/1.1 299 Unknown\r\n");
	buf_fini(&b);
}
END_TEST

START_TEST(test_utf8_is_strict)
{
	/* RFC 3629 section 4, at every place in and around a word of eight bytes. */
	static const struct {
		const char *bytes;
		bool valid;
	} cases[] = {
		{"", true}, {"abc", true}, {"\xc2\x80", true}, {"\xdf\xbf", true},
		{"\xe0\xa0\x80", true}, {"\xed\x9f\xbf", true}, {"\xee\x80\x80", true},
		{"\xef\xbf\xbf", true}, {"\xf0\x90\x80\x80", true}, {"\xf4\x8f\xbf\xbf", true},
		{"\x80", false}, {"\xbf", false}, {"\xc0\x80", false}, {"\xc1\xbf", false},
		{"\xc2", false}, {"\xc2 ", false}, {"\xe0\x9f\xbf", false}, {"\xe1\x80", false},
		{"\xed\xa0\x80", false}, {"\xed\xbf\xbf", false}, {"\xf0\x8f\xbf\xbf", false},
		{"\xf0\x90\x80", false}, {"\xf4\x90\x80\x80", false}, {"\xf5\x80\x80\x80", false},
		{"\xfe", false}, {"\xff", false}, {"\xe2\x82" "a", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = strlen(cases[i].bytes);

		for (size_t before = 0; before < 18; before++) {
			for (size_t after = 0; after < 10; after++) {
				char text[40];

				memset(text, 'x', sizeof(text));
				memcpy(text + before, cases[i].bytes, len);
				ck_assert_msg(utf8_is_valid(text, before + len + after) ==
					      cases[i].valid, "%zu at %zu", i, before);
			}
		}
	}
}
END_TEST

UNIT_MAIN("http", test_each_row_gets_its_status, test_heads_are_bounded, test_head_is_read,
	  test_connection_says_whether_it_stays, test_websocket_handshake_is_checked,
	  test_coding_follows_the_weights, test_a_type_must_be_named,
	  test_language_follows_the_weights, test_none_match_compares_weakly,
	  test_query_is_decoded_strictly, test_cookie_is_found_once_or_not_at_all,
	  test_json_is_what_says_so, test_response_head_is_spelled, test_utf8_is_strict)
