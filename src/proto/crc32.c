#include "proto/crc32.h"

#include <string.h>

/* Four bits at a time: 64 bytes of table stay in the cache. */
static uint32_t by_table(uint32_t crc, const uint8_t *p, size_t len)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	while (len--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return crc;
}

#ifdef __x86_64__

#define FOLD_MIN 64

typedef long long half __attribute__((vector_size(16)));	/* two of them */

static inline half load(const uint8_t *p)
{
	half x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* Multiplies both halves of x by x^n (mod P), for the n that k was made for. */
__attribute__((target("pclmul")))
static inline half fold(half x, half k, half next)
{
	return __builtin_ia32_pclmulqdq128(x, k, 0x00) ^
	       __builtin_ia32_pclmulqdq128(x, k, 0x11) ^ next;
}

/*
 * Polynomial division by carry-less multiplication, 64 bytes a step (Gopal and others,
 * "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009). The
 * constants are x^n mod P, bits reflected, for n = 4*128+-32 and 128+-32. What is left
 * are 16 bytes that have the same remainder as all before them.
 *
 * len: a multiple of 16, at least FOLD_MIN.
 */
__attribute__((target("pclmul")))
static uint32_t by_folding(uint32_t crc, const uint8_t *p, size_t len)
{
	const half by_four = {0x154442bd4, 0x1c6e41596};
	const half by_one = {0x1751997d0, 0x0ccaa009e};
	half x[4];
	int i;

	for (i = 0; i < 4; i++)
		x[i] = load(p + 16 * i);
	x[0] ^= (half){crc, 0};
	for (p += 64, len -= 64; len >= 64; p += 64, len -= 64) {
		for (i = 0; i < 4; i++)
			x[i] = fold(x[i], by_four, load(p + 16 * i));
	}
	for (i = 1; i < 4; i++)
		x[0] = fold(x[0], by_one, x[i]);
	for (; len; p += 16, len -= 16)
		x[0] = fold(x[0], by_one, load(p));
	return by_table(0, (const uint8_t *)&x[0], sizeof(x[0]));
}

uint32_t crc32(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t crc = 0xffffffff;
	size_t folded = len & ~(size_t)15;

	if (len >= FOLD_MIN && __builtin_cpu_supports("pclmul")) {
		crc = by_folding(crc, p, folded);
		p += folded;
		len -= folded;
	}
	return ~by_table(crc, p, len);
}

#else

uint32_t crc32(const void *bytes, size_t len)
{
	return ~by_table(0xffffffff, bytes, len);
}

#endif
