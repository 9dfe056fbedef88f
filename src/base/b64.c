#include "base/b64.h"

#include <stdint.h>

#include "base/err.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

size_t b64_encode(char *out, const void *p, size_t len)
{
	const uint8_t *in = p;
	uint32_t acc = 0;
	size_t n = 0, i;
	int bits = 0;

	for (i = 0; i < len; i++) {
		acc = acc << 8 | in[i];
		for (bits += 8; bits >= 6; bits -= 6)
			out[n++] = alphabet[acc >> (bits - 6) & 63];
	}
	if (bits)
		out[n++] = alphabet[acc << (6 - bits) & 63];
	out[n] = '\0';
	return n;
}

ssize_t b64_decode(void *out, size_t cap, const char *s, size_t len)
{
	uint8_t *p = out;
	uint32_t acc = 0;
	size_t n = 0, i;
	int bits = 0;

	if (len % 4 == 1)
		return ERR_MALFORMED;
	for (i = 0; i < len; i++) {
		int v = value(s[i]);

		if (v < 0)
			return ERR_MALFORMED;
		acc = acc << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if (n == cap)
				return ERR_NO_SPACE;
			p[n++] = (uint8_t)(acc >> bits);
		}
	}
	if (acc & ((1u << bits) - 1))
		return ERR_MALFORMED;
	return (ssize_t)n;
}

bool b64_alphabet(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (value(s[i]) < 0)
			return false;
	}
	return true;
}
