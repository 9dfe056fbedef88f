#include "proto/forwarded.h"

#include <string.h>

/* The value of a header that is there once; nothing otherwise. */
static struct http_span only(const struct http_head *h, const char *name)
{
	const struct http_span none = {NULL, 0};
	struct http_span found = none;
	size_t i;

	for (i = 0; i < h->lines; i++) {
		const struct http_line *l = &h->line[i];
		const struct http_span n = {h->base + l->name, l->name_len};

		if (!http_span_is_nocase(n, name))
			continue;
		if (found.p)
			return none;
		found = (struct http_span){h->base + l->value, l->value_len};
	}
	return found;
}

/* A v4 address inside v6 counts as the v4 address that it is. */
static bool parse(struct turn_addr *out, const char *p, size_t len)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char text[TURN_ADDR_TEXT_SIZE];

	while (len && (*p == ' ' || *p == '\t'))
		p++, len--;
	while (len && (p[len - 1] == ' ' || p[len - 1] == '\t'))
		len--;
	if (len >= sizeof(text) || memchr(p, '\0', len))
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	if (!turn_addr_parse(out, text, 0))
		return false;
	if (out->family == 6 && memcmp(out->ip, mapped, sizeof(mapped)) == 0)
		out->family = 4;
	return true;
}

bool forwarded_is_trusted(const struct turn_addr *a, const struct cidr *trusted,
			  size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (cidr_holds(&trusted[i], a))
			return true;
	}
	return false;
}

bool forwarded_for(struct turn_addr *out, const struct http_head *h,
		   const struct cidr *trusted, size_t count)
{
	const struct http_span list = only(h, "x-forwarded-for");
	size_t end = list.len, start;
	struct turn_addr a;

	if (!list.p || list.len > FORWARDED_MAX)
		return false;
	for (;;) {
		for (start = end; start && list.p[start - 1] != ','; start--)
			;
		if (!parse(&a, list.p + start, end - start))
			return false;
		if (!start || !forwarded_is_trusted(&a, trusted, count))
			break;
		end = start - 1;
	}
	*out = a;
	return true;
}

enum forwarded_proto forwarded_proto(const struct http_head *h)
{
	const struct http_span proto = only(h, "x-forwarded-proto");

	if (proto.p && http_span_is_nocase(proto, "https"))
		return FORWARDED_HTTPS;
	return proto.p && http_span_is_nocase(proto, "http") ? FORWARDED_HTTP :
							       FORWARDED_UNSAID;
}
