/**
 * HTTP/1.1 heads: requests read strictly, responses written (RFC 9110, RFC 9112).
 *
 * Strict means that two readers of the same bytes cannot disagree: what a proxy in
 * front might understand differently (a length given twice, a name with a space, a
 * line ended by LF alone, a folded line, an encoded slash) is refused and the
 * connection ends. Bodies come with Content-Length or not at all.
 *
 *	GET /join/abc?token=xyz HTTP/1.1 CRLF
 *	    '-- path-' '-query-'
 *	Host: clinic.example CRLF
 *	CRLF
 */
#ifndef PARAVENT_PROTO_HTTP_H
#define PARAVENT_PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

#define HTTP_HEAD_MAX (16 * 1024)	/* the whole head; more is 431 */
#define HTTP_TARGET_MAX (4096 + 512)	/* a token of 4 KiB and its path; more is 414 */
#define HTTP_PATH_MAX 1024		/* decoded; more is 414 */
#define HTTP_FIELDS_MAX 64		/* header lines; more is 431 */
#define HTTP_BODY_MAX (64 * 1024)	/* more is 413 */

/* Bytes inside a larger buffer; p is NULL where there is nothing. Not NUL-terminated. */
struct http_span {
	const char *p;
	size_t len;
};

bool http_span_is(struct http_span s, const char *text);

/* The same, letter case aside (ASCII). */
bool http_span_is_nocase(struct http_span s, const char *text);

#define HTTP_METHODS(X) X(GET) X(HEAD) X(POST) X(PUT) X(PATCH) X(DELETE) X(OPTIONS)

enum http_method {
#define X(name) HTTP_##name,
	HTTP_METHODS(X)
#undef X
};

const char *http_method_name(enum http_method m);

/*
 * X(name, header, repeats): the headers that we read. The others are looked up by
 * http_head_find(). `repeats` are lists: the last line stands, for a proxy adds its
 * own below the client's. Of the rest a second line is refused.
 */
#define HTTP_FIELDS(X)                                                        \
	X(HTTP_ACCEPT, "accept", true)                                        \
	X(HTTP_ACCEPT_ENCODING, "accept-encoding", true)                      \
	X(HTTP_ACCEPT_LANGUAGE, "accept-language", true)                      \
	X(HTTP_AUTHORIZATION, "authorization", false)                         \
	X(HTTP_CONNECTION, "connection", true)                                \
	X(HTTP_CONTENT_LENGTH, "content-length", false)                       \
	X(HTTP_CONTENT_TYPE, "content-type", false)                           \
	X(HTTP_COOKIE, "cookie", false)                                       \
	X(HTTP_EXPECT, "expect", false)                                       \
	X(HTTP_HOST, "host", false)                                           \
	X(HTTP_IF_NONE_MATCH, "if-none-match", false)                         \
	X(HTTP_LAST_EVENT_ID, "last-event-id", false)                         \
	X(HTTP_ORIGIN, "origin", false)                                       \
	X(HTTP_SEC_WEBSOCKET_KEY, "sec-websocket-key", false)                 \
	X(HTTP_SEC_WEBSOCKET_PROTOCOL, "sec-websocket-protocol", false)       \
	X(HTTP_SEC_WEBSOCKET_VERSION, "sec-websocket-version", false)         \
	X(HTTP_TRANSFER_ENCODING, "transfer-encoding", false)                 \
	X(HTTP_UPGRADE, "upgrade", false)                                     \
	X(HTTP_X_FORWARDED_FOR, "x-forwarded-for", true)                      \
	X(HTTP_X_INTERNAL_SECRET, "x-internal-secret", false)

enum http_field {
#define X(name, header, repeats) name,
	HTTP_FIELDS(X)
#undef X
	HTTP_FIELD_COUNT
};

/* Where one header line lies, as offsets from the head's first byte. */
struct http_line {
	uint16_t name, name_len, value, value_len;
};

struct http_head {
	enum http_method method;
	int minor;			/* HTTP/1.<minor>: 0 or 1 */
	bool keep_alive;		/* may the connection stay after the answer */
	bool upgrade_websocket;		/* GET, 1.1, Connection and Upgrade say so */
	bool expect_continue;
	size_t content_length;		/* at most HTTP_BODY_MAX; 0 without a body */
	int status;			/* of a refused head: what to answer; else 0 */

	const char *base;		/* the head's first byte */
	struct http_span raw_path;
	struct http_span query;		/* behind '?'; holds secrets: never log it */
	/* Decoded: "/" and what follows, no "//" in front, no dot segments, no control
	 * bytes, no backslash; bytes above 0x7f are UTF-8. */
	char path[HTTP_PATH_MAX + 1];
	size_t path_len;

	struct http_span field[HTTP_FIELD_COUNT];	/* values without outer blanks */
	struct http_line line[HTTP_FIELDS_MAX];
	size_t lines;
};

/**
 * Reads the head of a request.
 *
 * out: written in any case. On success its spans borrow `buf`; on a refusal only
 *      `status` may be used: 400, 413, 414, 417, 431, 501 or 505.
 *
 * Returns the bytes used (the body begins there), ERR_AGAIN when the head is not
 * complete yet, or ERR_MALFORMED, ERR_TOO_BIG, ERR_UNKNOWN or ERR_VERSION. A refusal
 * comes as soon as the lines that are there justify it, and more bytes never change it.
 */
ssize_t http_head_parse(struct http_head *out, const char *buf, size_t len);

/* The bytes of the head were copied to `base`: the spans follow. */
void http_head_move(struct http_head *h, const char *base);

/* The value of any header (name in lower case), the last line of that name; or nothing. */
struct http_span http_head_find(const struct http_head *h, const char *name);

/* Whether a list of tokens ("keep-alive, Upgrade") holds `token`, letter case aside. */
bool http_list_has(struct http_span list, const char *token);

/**
 * The value of a query parameter, %XX and '+' decoded, NUL-terminated.
 *
 * Returns its length, ERR_NOT_FOUND, ERR_DUPLICATE when it is given twice,
 * ERR_MALFORMED for bad escapes and decoded NULs, ERR_NO_SPACE over `cap - 1`.
 */
ssize_t http_query_get(char *out, size_t cap, struct http_span query, const char *name);

/**
 * The value of a cookie (RFC 6265 section 4.2), borrowed from the span; nothing when
 * it is missing or there twice.
 */
struct http_span http_cookie_get(struct http_span cookie, const char *name);

enum http_coding {
	HTTP_IDENTITY,
	HTTP_GZIP,
	HTTP_BR,
};

/* Whether the body is said to be JSON: a form of another site cannot say that without
 * asking first. */
bool http_is_json(const struct http_head *h);

/**
 * The best coding for the client (RFC 9110 section 12.5.3) among those in `have`, a set
 * of bits 1 << HTTP_GZIP and so on; identity is always there. Equal weights: br, then
 * gzip.
 */
enum http_coding http_accept_coding(struct http_span accept_encoding, unsigned have);

/**
 * Whether Accept names this very type ("text/html") with a weight above zero (RFC 9110
 * section 12.5.1). A wildcard does not: it is content with what everybody gets.
 */
bool http_accept_type(struct http_span accept, const char *type);

/**
 * The language that Accept-Language likes best among `langs` (ends with NULL); "de-AT"
 * finds "de" (RFC 4647 section 3.4). Returns its index, 0 when none is named; of equal
 * weights the first.
 */
int http_accept_language(struct http_span accept_language, const char *const *langs);

/**
 * Whether If-None-Match names `etag` ("\"abc\"", quotes included) or is "*": then the
 * answer is 304 (RFC 9110 section 13.1.2, weak comparison). False when malformed.
 */
bool http_none_match(struct http_span if_none_match, const char *etag);

#define HTTP_DATE_SIZE 30	/* "Sun, 06 Nov 1994 08:49:37 GMT" and NUL */

/* Writes an IMF-fixdate (RFC 9110 section 5.6.7); returns its length. */
size_t http_date(char out[HTTP_DATE_SIZE], int64_t wall_ms);

#define HTTP_WS_ACCEPT_SIZE 29	/* base64 of 20 bytes and NUL */

/**
 * Checks an opening handshake (RFC 6455 section 4.2.1) and answers its key.
 *
 * Returns 0; ERR_VERSION for another version than 13 (426, with
 * Sec-WebSocket-Version: 13); ERR_MALFORMED (400) for everything else.
 */
int http_websocket_accept(const struct http_head *h, char accept[HTTP_WS_ACCEPT_SIZE]);

/* Appends "HTTP/1.1 404 Not Found\r\n". */
void http_put_status(struct buf *b, int status);

/* Appends "name: value\r\n"; control bytes in the value are left out, so that no value
 * can end its line. */
void http_put_header(struct buf *b, const char *name, const char *value);

#endif
