#include "proto/utf8.h"

#include <stdint.h>
#include <string.h>

/* How many bytes the character at p takes, or 0 when it is none (RFC 3629 section 4). */
static size_t character(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;	/* what the second byte may be */
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (left < len)
		return 0;
	switch (p[0]) {
	case 0xe0: low = 0xa0; break;	/* shorter forms exist */
	case 0xed: high = 0x9f; break;	/* surrogates */
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;	/* above U+10FFFF */
	}
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool utf8_is_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;

	while (p < end) {
		uint64_t eight;
		size_t used;

		if (end - p >= 8) {
			memcpy(&eight, p, sizeof(eight));
			if (!(eight & UINT64_C(0x8080808080808080))) {
				p += 8;
				continue;
			}
		}
		used = character(p, (size_t)(end - p));
		if (!used)
			return false;
		p += used;
	}
	return true;
}
