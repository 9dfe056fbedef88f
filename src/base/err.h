/**
 * What can go wrong, as one small set of negative numbers.
 *
 * Functions return 0 or a count for success and one of these for failure, so that
 * "bytes used" and "what went wrong" travel in one value. app turns them into HTTP
 * statuses and close codes; nothing else gives them another meaning.
 */
#ifndef PARAVENT_BASE_ERR_H
#define PARAVENT_BASE_ERR_H

/* X(name, value, sentence for logs) */
#define ERRORS(X)                                                             \
	X(ERR_MALFORMED, -1, "malformed")                                     \
	X(ERR_RANGE, -2, "out of range")                                      \
	X(ERR_TOO_BIG, -3, "too big")                                         \
	X(ERR_TRUNCATED, -4, "ends too early")                                \
	X(ERR_NO_SPACE, -5, "does not fit the buffer")                        \
	X(ERR_UNKNOWN, -6, "unknown")                                         \
	X(ERR_DUPLICATE, -7, "given twice")                                   \
	X(ERR_NOT_FOUND, -8, "not found")                                     \
	X(ERR_UNAUTHORIZED, -9, "who you are is not known")                   \
	X(ERR_FORBIDDEN, -10, "not allowed")                                  \
	X(ERR_CONFLICT, -11, "in conflict with the present state")            \
	X(ERR_ENDED, -12, "has ended")                                        \
	X(ERR_FULL, -13, "full")                                              \
	X(ERR_LOCKED, -14, "locked")                                          \
	X(ERR_TOO_FAST, -15, "too fast")                                      \
	X(ERR_UNAVAILABLE, -16, "not available now")                          \
	X(ERR_IO, -17, "input or output failed")                              \
	X(ERR_CORRUPT, -18, "damaged")                                        \
	X(ERR_VERSION, -19, "made by a newer version")                        \
	X(ERR_AGAIN, -20, "not yet")                                          \
	X(ERR_CLOSED, -21, "closed")

enum err {
#define X(name, value, text) name = value,
	ERRORS(X)
#undef X
};

/* The sentence of an error ("malformed"), for logs and terminals; never NULL. */
const char *err_text(int err);

#endif
