/**
 * Words that people typed for other people to read: names, titles, notes.
 *
 * The rule keeps one person's words from redrawing another's screen: no control
 * characters, no line or paragraph separators, no bidirectional embedding, override or
 * isolate, nothing that is only invisible. Anything else of Unicode is welcome.
 */
#ifndef PARAVENT_PROTO_LABEL_H
#define PARAVENT_PROTO_LABEL_H

#include <stddef.h>
#include <sys/types.h>

/**
 * Trims white space (Unicode's too) at both ends in place and checks the rest.
 *
 * s:   valid UTF-8 of `len` bytes with a NUL behind; shortened in place.
 * max: characters (code points) after trimming; at least one is needed.
 *
 * Returns the new length in bytes or ERR_RANGE.
 */
ssize_t label_clean(char *s, size_t len, size_t max);

#endif
