/* What stands inside header values and queries. */
#include "proto/http.h"

#include <string.h>
#include <strings.h>

#include <nettle/base64.h>
#include <nettle/sha1.h>

#include "base/err.h"

static struct http_span trim(struct http_span s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.len--;
	}
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Cuts what stands before `c` off the front of `rest`; all of it when there is no c. */
static struct http_span cut(struct http_span *rest, char c)
{
	const char *at = rest->len ? memchr(rest->p, c, rest->len) : NULL;
	struct http_span item = *rest;

	if (at) {
		item.len = (size_t)(at - rest->p);
		rest->p = at + 1;
		rest->len -= item.len + 1;
	} else {
		rest->len = 0;
	}
	return item;
}

bool http_list_has(struct http_span list, const char *token)
{
	while (list.len)
		if (http_span_is_nocase(trim(cut(&list, ',')), token))
			return true;
	return false;
}

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | ('A' <= c && c <= 'F' ? 0x20 : 0)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Undoes application/x-www-form-urlencoded. */
static ssize_t form_decode(char *out, size_t cap, struct http_span s)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		int c = (unsigned char)s.p[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < s.len ? hex(s.p[i + 1]) : -1;
			int low = high < 0 ? -1 : hex(s.p[i + 2]);

			if (low < 0)
				return ERR_MALFORMED;
			c = high << 4 | low;
			i += 2;
		}
		if (!c)
			return ERR_MALFORMED;
		if (len + 1 >= cap)
			return ERR_NO_SPACE;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return (ssize_t)len;
}

ssize_t http_query_get(char *out, size_t cap, struct http_span query, const char *name)
{
	struct http_span found = {NULL, 0};

	while (query.len) {
		struct http_span value = cut(&query, '&');

		if (!http_span_is(cut(&value, '='), name))
			continue;
		if (found.p)
			return ERR_DUPLICATE;
		found = value;
	}
	return found.p ? form_decode(out, cap, found) : ERR_NOT_FOUND;
}

struct http_span http_cookie_get(struct http_span cookie, const char *name)
{
	struct http_span found = {NULL, 0};

	while (cookie.len) {
		struct http_span value = trim(cut(&cookie, ';'));

		if (!http_span_is(cut(&value, '='), name))
			continue;
		if (found.p)
			return (struct http_span){NULL, 0};
		found = value;
	}
	return found;
}

bool http_is_json(const struct http_head *h)
{
	static const char json[] = "application/json";
	const struct http_span t = h->field[HTTP_CONTENT_TYPE];
	const size_t n = sizeof(json) - 1;

	return t.p && t.len >= n &&
	       http_span_is_nocase((struct http_span){t.p, n}, json) &&
	       (t.len == n || t.p[n] == ';' || t.p[n] == ' ');
}

/* A weight in thousandths (RFC 9110 section 12.4.2); 0 when it cannot be read. */
static int weight(struct http_span params)
{
	static const int place[] = {100, 10, 1};
	struct http_span q = trim(params);
	int n;

	if (!q.p || !q.len)
		return 1000;
	if (q.len < 3 || strncasecmp(q.p, "q=", 2) || q.len > 7 ||
	    (q.p[2] != '0' && q.p[2] != '1') || (q.len > 3 && q.p[3] != '.'))
		return 0;
	n = (q.p[2] - '0') * 1000;
	for (size_t i = 4; i < q.len; i++) {
		if (q.p[i] < '0' || q.p[i] > '9')
			return 0;
		n += (q.p[i] - '0') * place[i - 4];
	}
	return n <= 1000 ? n : 0;
}

enum http_coding http_accept_coding(struct http_span accept_encoding, unsigned have)
{
	static const char *const names[] = {
		[HTTP_IDENTITY] = "identity",
		[HTTP_GZIP] = "gzip",
		[HTTP_BR] = "br",
	};
	int q[] = {-1, -1, -1}, other = -1;
	enum http_coding best = HTTP_IDENTITY;
	int best_q;

	while (accept_encoding.len) {
		struct http_span params = cut(&accept_encoding, ',');
		struct http_span name = trim(cut(&params, ';'));

		if (http_span_is(name, "*"))
			other = weight(params);
		for (size_t i = 0; i < 3; i++)
			if (http_span_is_nocase(name, names[i]))
				q[i] = weight(params);
	}
	/* identity is the last resort unless it was weighed itself */
	best_q = q[HTTP_IDENTITY] < 0 ? 0 : q[HTTP_IDENTITY];
	for (int i = HTTP_GZIP; i <= HTTP_BR; i++) {
		int weighed = q[i] < 0 ? other : q[i];

		if (have & 1u << i && weighed > 0 && weighed >= best_q) {
			best = (enum http_coding)i;
			best_q = weighed;
		}
	}
	return best;
}

/* The weight of a name among its parameters, of which only q is looked at. */
static int weight_among(struct http_span params)
{
	struct http_span q = {NULL, 0};

	while (params.len) {
		struct http_span one = trim(cut(&params, ';'));

		if (one.len >= 2 && !strncasecmp(one.p, "q=", 2))
			q = one;
	}
	return weight(q);
}

bool http_accept_type(struct http_span accept, const char *type)
{
	while (accept.len) {
		struct http_span params = cut(&accept, ',');

		if (http_span_is_nocase(trim(cut(&params, ';')), type) &&
		    weight_among(params) > 0)
			return true;
	}
	return false;
}

/* "de-AT" begins with the language "de". */
static bool begins_with_language(struct http_span range, const char *lang)
{
	const size_t n = strlen(lang);

	return range.len >= n && (range.len == n || range.p[n] == '-') &&
	       !strncasecmp(range.p, lang, n);
}

int http_accept_language(struct http_span accept_language, const char *const *langs)
{
	int best = 0, best_q = 0;

	while (accept_language.len) {
		struct http_span params = cut(&accept_language, ',');
		struct http_span range = trim(cut(&params, ';'));
		const int q = weight(params);

		for (int i = 0; langs[i]; i++) {
			if (q > best_q && begins_with_language(range, langs[i])) {
				best = i;
				best_q = q;
			}
		}
	}
	return best;
}

bool http_none_match(struct http_span if_none_match, const char *etag)
{
	struct http_span rest = trim(if_none_match);

	if (!strncmp(etag, "W/", 2))
		etag += 2;
	if (http_span_is(rest, "*"))
		return true;
	/* a tag may hold commas, so we walk from quote to quote */
	while (rest.len) {
		struct http_span tag = rest;
		const char *quote;

		if (tag.len >= 2 && !memcmp(tag.p, "W/", 2)) {
			tag.p += 2;
			tag.len -= 2;
		}
		if (tag.len < 2 || tag.p[0] != '"')
			return false;
		quote = memchr(tag.p + 1, '"', tag.len - 1);
		if (!quote)
			return false;
		tag.len = (size_t)(quote - tag.p) + 1;
		if (http_span_is(tag, etag))
			return true;
		rest.len -= (size_t)(quote + 1 - rest.p);
		rest.p = quote + 1;
		rest = trim(rest);
		if (rest.len && rest.p[0] != ',')
			return false;
		cut(&rest, ',');
		rest = trim(rest);
	}
	return false;
}

static bool is_websocket_key(struct http_span key)
{
	if (key.len != 24 || memcmp(key.p + 22, "==", 2))
		return false;
	for (size_t i = 0; i < 22; i++) {
		char c = key.p[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		      (c >= '0' && c <= '9') || c == '+' || c == '/'))
			return false;
	}
	return true;
}

int http_websocket_accept(const struct http_head *h, char accept[HTTP_WS_ACCEPT_SIZE])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	struct http_span key = h->field[HTTP_SEC_WEBSOCKET_KEY];
	uint8_t digest[SHA1_DIGEST_SIZE];
	struct sha1_ctx sha;

	if (!h->upgrade_websocket || !h->field[HTTP_SEC_WEBSOCKET_VERSION].p ||
	    !is_websocket_key(key))
		return ERR_MALFORMED;
	if (!http_span_is(h->field[HTTP_SEC_WEBSOCKET_VERSION], "13"))
		return ERR_VERSION;
	sha1_init(&sha);
	sha1_update(&sha, key.len, (const uint8_t *)key.p);
	sha1_update(&sha, sizeof(guid) - 1, (const uint8_t *)guid);
	sha1_digest(&sha, sizeof(digest), digest);
	base64_encode_raw(accept, sizeof(digest), digest);
	accept[HTTP_WS_ACCEPT_SIZE - 1] = '\0';
	return 0;
}
