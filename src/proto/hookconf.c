#include "proto/hookconf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/fact.h"

void hookconf_fini(struct hookconf *h)
{
	while (h->kinds_count)
		free(h->kinds[--h->kinds_count]);
	free(h->kinds);
	free(h->name);
	free(h->url);
	free(h->secret_file);
	free(h->ca_file);
	memset(h, 0, sizeof(*h));
}

static char *copy_of(const char *s)
{
	return mem_copy(s, strlen(s));
}

void hookconf_copy(struct hookconf *out, const struct hookconf *h)
{
	*out = (struct hookconf){
		.name = copy_of(h->name),
		.url = copy_of(h->url),
		.secret_file = copy_of(h->secret_file),
		.ca_file = copy_of(h->ca_file),
		.kinds = mem_new((h->kinds_count + 1) * sizeof(*h->kinds)),
		.kinds_count = h->kinds_count,
		.allow_private = h->allow_private,
	};
	for (size_t i = 0; i < h->kinds_count; i++)
		out->kinds[i] = copy_of(h->kinds[i]);
}

bool hookconf_equal(const struct hookconf *a, const struct hookconf *b)
{
	if (strcmp(a->name, b->name) || strcmp(a->url, b->url) ||
	    strcmp(a->secret_file, b->secret_file) || strcmp(a->ca_file, b->ca_file) ||
	    a->allow_private != b->allow_private || a->kinds_count != b->kinds_count)
		return false;
	for (size_t i = 0; i < a->kinds_count; i++) {
		if (strcmp(a->kinds[i], b->kinds[i]) != 0)
			return false;
	}
	return true;
}

const char *hookconf_check_name(const char *value)
{
	size_t len = strlen(value), i;

	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)value[i]) && !strchr("-_", value[i]))
			break;
	}
	return len && len <= HOOKCONF_NAME_MAX && i == len
		       ? NULL
		       : "is no name; write up to 40 letters, digits, - and _";
}

_Static_assert(HOOKCONF_NAME_MAX == 40, "the sentence above says 40");

/* --- URLs ----------------------------------------------------------------------- */

/* The parts that decide, in place. */
struct place {
	bool https;
	const char *host;	/* without brackets */
	size_t host_len;
	const char *path;	/* "" or from '/' or '?' on */
};

/* Host, and the port's digits if there are any. Returns what is behind, or NULL. */
static const char *read_host(struct place *out, const char *p)
{
	const char *end;
	long port = 0;

	if (*p == '[') {
		char text[INET6_ADDRSTRLEN];
		struct in6_addr v6;

		out->host = ++p;
		end = strchr(p, ']');
		if (!end || (size_t)(end - p) >= sizeof(text))
			return NULL;
		memcpy(text, p, (size_t)(end - p));
		text[end - p] = '\0';
		if (inet_pton(AF_INET6, text, &v6) != 1)
			return NULL;
		out->host_len = (size_t)(end++ - p);
	} else {
		out->host = p;
		end = p + strspn(p, "0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-.");
		out->host_len = (size_t)(end - p);
	}
	if (!out->host_len || out->host_len > 253)
		return NULL;
	if (*end != ':')
		return end;
	for (p = ++end; *end >= '0' && *end <= '9' && port <= UINT16_MAX; end++)
		port = port * 10 + (*end - '0');
	return end > p && port >= 1 && port <= UINT16_MAX ? end : NULL;
}

static int read_url(struct place *out, const char *url)
{
	const char *p = url;

	if (strlen(url) > HOOKCONF_URL_MAX)
		return ERR_TOO_BIG;
	for (; *p; p++) {
		if (*p <= ' ' || *p > '~' || strchr("\"<>\\^`{|}#", *p))
			return ERR_MALFORMED;
	}
	out->https = strncasecmp(url, "https://", 8) == 0;
	if (!out->https && strncasecmp(url, "http://", 7) != 0)
		return ERR_MALFORMED;
	p = read_host(out, url + (out->https ? 8 : 7));
	if (!p || (*p && *p != '/' && *p != '?'))
		return ERR_MALFORMED;
	out->path = p;
	return 0;
}

const char *hookconf_check_url(const char *value)
{
	struct place place;

	return read_url(&place, value) ? "is no address to send to; write it like "
					 "https://dashboard.example.org/visits, without "
					 "a name or password in it"
				       : NULL;
}

static bool is_local(const struct place *place)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr v4;

	if (place->host_len == 9 && strncasecmp(place->host, "localhost", 9) == 0)
		return true;
	if (place->host_len == 3 && memcmp(place->host, "::1", 3) == 0)
		return true;
	if (place->host_len >= sizeof(text))
		return false;
	memcpy(text, place->host, place->host_len);
	text[place->host_len] = '\0';
	return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool hookconf_is_local(const struct hookconf *h)
{
	struct place place;

	return read_url(&place, h->url) == 0 && is_local(&place);
}

const char *hookconf_check_together(const struct hookconf *h)
{
	struct place place;

	if (!*h->url || read_url(&place, h->url) != 0)
		return "needs a url";
	if (!*h->secret_file)
		return "needs a secret-file; make one with: openssl rand -hex 32";
	if (!place.https && !h->allow_private && !is_local(&place))
		return "needs https:// in its url; http:// is for this machine, or with "
		       "allow-private = on";
	return NULL;
}

void hookconf_put_place(const struct hookconf *h, struct buf *out)
{
	buf_put(out, h->url, strcspn(h->url, "?"));
}

/* --- Kinds ---------------------------------------------------------------------- */

static bool matches(const char *pattern, const char *kind, size_t len)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return len >= n - 1 && memcmp(pattern, kind, n - 1) == 0;
	return len == n && memcmp(pattern, kind, n) == 0;
}

const char *hookconf_check_kind(const char *value)
{
	for (int i = 0; i < FACT_KIND_COUNT; i++) {
		const char *name = fact_kind_name((enum fact_kind)i);

		if (matches(value, name, strlen(name)))
			return NULL;
	}
	return "is no kind of fact; there are such as meeting.created, or meeting.* for "
	       "all that begin so";
}

bool hookconf_wants(const struct hookconf *h, const char *kind, size_t len)
{
	for (size_t i = 0; i < h->kinds_count; i++) {
		if (matches(h->kinds[i], kind, len))
			return true;
	}
	return !h->kinds_count;
}
