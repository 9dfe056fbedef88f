#include "base/wire.h"

#include <string.h>

#include "base/err.h"

struct wire wire_of(void *buf, size_t len)
{
	struct wire w = {buf, (uint8_t *)buf + len, 0};

	return w;
}

struct wire wire_of_const(const void *buf, size_t len)
{
	/* the one place where const is cast away: wire_get_* only read */
	return wire_of((void *)(uintptr_t)buf, len);
}

static uint8_t *step(struct wire *w, size_t len, int err)
{
	uint8_t *at = w->p;

	if (w->err)
		return NULL;
	if (wire_left(w) < len) {
		w->err = err;
		return NULL;
	}
	w->p += len;
	return at;
}

static void put_be(struct wire *w, uint64_t v, size_t len)
{
	uint8_t *at = step(w, len, ERR_NO_SPACE);

	while (at && len--) {
		at[len] = (uint8_t)v;
		v >>= 8;
	}
}

static uint64_t get_be(struct wire *w, size_t len)
{
	const uint8_t *at = step(w, len, ERR_TRUNCATED);
	uint64_t v = 0;
	size_t i;

	for (i = 0; at && i < len; i++)
		v = v << 8 | at[i];
	return v;
}

void wire_put_u8(struct wire *w, uint8_t v)
{
	put_be(w, v, 1);
}

void wire_put_u16(struct wire *w, uint16_t v)
{
	put_be(w, v, 2);
}

void wire_put_u32(struct wire *w, uint32_t v)
{
	put_be(w, v, 4);
}

void wire_put_u64(struct wire *w, uint64_t v)
{
	put_be(w, v, 8);
}

void wire_put(struct wire *w, const void *p, size_t len)
{
	uint8_t *at = step(w, len, ERR_NO_SPACE);

	if (at && len)
		memcpy(at, p, len);
}

uint8_t wire_get_u8(struct wire *w)
{
	return (uint8_t)get_be(w, 1);
}

uint16_t wire_get_u16(struct wire *w)
{
	return (uint16_t)get_be(w, 2);
}

uint32_t wire_get_u32(struct wire *w)
{
	return (uint32_t)get_be(w, 4);
}

uint64_t wire_get_u64(struct wire *w)
{
	return get_be(w, 8);
}

const uint8_t *wire_get(struct wire *w, size_t len)
{
	return step(w, len, ERR_TRUNCATED);
}
