/**
 * base64url without padding (RFC 4648 section 5), strict: no padding, no white space,
 * unused bits zero, so that each value has one spelling.
 */
#ifndef PARAVENT_BASE_B64_H
#define PARAVENT_BASE_B64_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define B64_LEN(bytes) (((bytes) * 4 + 2) / 3)

/* Writes B64_LEN(len) characters and a NUL; returns the length. */
size_t b64_encode(char *out, const void *p, size_t len);

/* Returns the number of bytes, ERR_MALFORMED, or ERR_NO_SPACE when over `cap`. */
ssize_t b64_decode(void *out, size_t cap, const char *s, size_t len);

/* Whether all characters are of the alphabet. */
bool b64_alphabet(const char *s, size_t len);

#endif
