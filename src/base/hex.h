/**
 * Bytes as lower-case hexadecimal digits.
 */
#ifndef PARAVENT_BASE_HEX_H
#define PARAVENT_BASE_HEX_H

#include <stddef.h>

/* Writes 2 * len digits and a NUL. */
void hex_encode(char *out, const void *p, size_t len);

/* Reads exactly 2 * len digits. Returns 0 or ERR_MALFORMED. */
int hex_decode(void *out, size_t len, const char *s, size_t s_len);

#endif
