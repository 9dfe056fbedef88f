#include "base/hex.h"

#include <stdint.h>

#include "base/err.h"

void hex_encode(char *out, const void *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;
	size_t i;

	for (i = 0; i < len; i++) {
		*out++ = digits[b[i] >> 4];
		*out++ = digits[b[i] & 15];
	}
	*out = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(void *out, size_t len, const char *s, size_t s_len)
{
	uint8_t *b = out;
	size_t i;

	if (s_len != 2 * len)
		return ERR_MALFORMED;
	for (i = 0; i < len; i++) {
		const int high = digit(s[2 * i]), low = digit(s[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_MALFORMED;
		b[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}
