/**
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef PARAVENT_PROTO_UTF8_H
#define PARAVENT_PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether all of it is well-formed. ASCII goes eight bytes at a time. */
bool utf8_is_valid(const char *s, size_t len);

#endif
