#include "proto/label.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

struct range {
	uint32_t first, last;
};

static const struct range spaces[] = {
	{0x09, 0x0d}, {0x20, 0x20}, {0x85, 0x85}, {0xa0, 0xa0}, {0x1680, 0x1680},
	{0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
	{0x3000, 0x3000}, {0xfeff, 0xfeff},
};

/* Controls, separators of lines, embeddings, overrides and isolates of direction,
 * interlinear annotation, and what is no character. */
static const struct range refused[] = {
	{0x00, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x2029}, {0x202a, 0x202e},
	{0x2066, 0x2069}, {0xfdd0, 0xfdef}, {0xfff9, 0xfffb}, {0xfffe, 0xffff},
};

/* Shows nothing by itself (joiners and fillers are needed between other characters). */
static const struct range invisible[] = {
	{0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160},
	{0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2060, 0x2065},
	{0x206a, 0x206f}, {0x2800, 0x2800}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},
	{0xffa0, 0xffa0}, {0xe0000, 0xe0fff},
};

static bool within(uint32_t c, const struct range *r, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}

#define WITHIN(c, table) within(c, table, ARRAY_LEN(table))

/* The character at s, which is valid UTF-8; gives its bytes. */
static size_t character(const char *s, uint32_t *c)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t bytes = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4, i;

	*c = bytes == 1 ? p[0] : p[0] & (0x7fU >> bytes);
	for (i = 1; i < bytes; i++)
		*c = *c << 6 | (p[i] & 0x3f);
	return bytes;
}

ssize_t label_clean(char *s, size_t len, size_t max)
{
	size_t start = len, stop = 0, chars = 0, at, bytes;
	bool seen = false;
	uint32_t c;

	for (at = 0; at < len; at += bytes) {
		bytes = character(s + at, &c);
		if (WITHIN(c, spaces))
			continue;
		if (start == len)
			start = at;
		stop = at + bytes;
	}
	for (at = start; at < stop; at += bytes) {
		bytes = character(s + at, &c);
		if (WITHIN(c, refused) || (c & 0xfffe) == 0xfffe)
			return ERR_RANGE;
		seen |= !WITHIN(c, invisible);
		chars++;
	}
	if (!seen || chars > max)
		return ERR_RANGE;
	memmove(s, s + start, stop - start);
	s[stop - start] = '\0';
	return (ssize_t)(stop - start);
}
