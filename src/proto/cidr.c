#include "proto/cidr.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

bool cidr_prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return !rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

int cidr_parse(struct cidr *out, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text), i;
	char host[TURN_ADDR_TEXT_SIZE];
	struct cidr c = {0};
	unsigned max;

	if (len >= sizeof(host))
		return ERR_MALFORMED;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!turn_addr_parse(&c.net, host, 0))
		return ERR_MALFORMED;
	max = c.net.family == 4 ? 32 : 128;
	c.bits = (uint8_t)max;
	if (slash) {
		char *end;
		unsigned long bits;

		if (slash[1] < '0' || slash[1] > '9')
			return ERR_MALFORMED;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > max)
			return ERR_MALFORMED;
		c.bits = (uint8_t)bits;
	}
	for (i = c.bits; i < max; i++) {
		if (turn_addr_bytes(&c.net)[i / 8] & 0x80 >> i % 8)
			return ERR_MALFORMED;
	}
	*out = c;
	return 0;
}

bool cidr_holds(const struct cidr *c, const struct turn_addr *a)
{
	return c->net.family == a->family &&
	       cidr_prefix_equal(turn_addr_bytes(&c->net), turn_addr_bytes(a), c->bits);
}
