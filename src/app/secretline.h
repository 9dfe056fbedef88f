/**
 * A secret that somebody types: never an argument, for those are for everybody to see.
 */
#ifndef PARAVENT_APP_SECRETLINE_H
#define PARAVENT_APP_SECRETLINE_H

#include <stddef.h>

/**
 * Reads one line of stdin without its end. At a terminal nothing is shown, and it is asked
 * for twice.
 *
 * what: for the prompt: "New password".
 * out:  the caller wipes it, whatever is returned.
 *
 * Returns 0; ERR_CLOSED (nothing was typed, or ^C); ERR_TOO_BIG; ERR_CONFLICT when the two
 * differ; or ERR_IO.
 */
int secretline_read(char *out, size_t cap, const char *what);

#endif
