/**
 * A cursor over bytes in network order. The first error sticks in `err`; everything
 * after it does nothing and reads as zero, so a codec writes or reads straight
 * through and checks once at the end.
 */
#ifndef PARAVENT_BASE_WIRE_H
#define PARAVENT_BASE_WIRE_H

#include <stddef.h>
#include <stdint.h>

struct wire {
	uint8_t *p;	/* next byte */
	uint8_t *end;	/* one behind the last */
	int err;	/* 0, ERR_NO_SPACE (put), ERR_TRUNCATED (get) */
};

struct wire wire_of(void *buf, size_t len);

/* For reading only: the cursor never writes through a wire made of const bytes. */
struct wire wire_of_const(const void *buf, size_t len);

static inline size_t wire_left(const struct wire *w)
{
	return (size_t)(w->end - w->p);
}

void wire_put_u8(struct wire *w, uint8_t v);
void wire_put_u16(struct wire *w, uint16_t v);
void wire_put_u32(struct wire *w, uint32_t v);
void wire_put_u64(struct wire *w, uint64_t v);
void wire_put(struct wire *w, const void *p, size_t len);

uint8_t wire_get_u8(struct wire *w);
uint16_t wire_get_u16(struct wire *w);
uint32_t wire_get_u32(struct wire *w);
uint64_t wire_get_u64(struct wire *w);

/* Borrows `len` bytes in place; NULL (and ERR_TRUNCATED) when there are fewer. */
const uint8_t *wire_get(struct wire *w, size_t len);

#endif
