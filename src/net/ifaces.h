/**
 * The addresses of this machine's interfaces, and the networks they stand in.
 */
#ifndef PARAVENT_NET_IFACES_H
#define PARAVENT_NET_IFACES_H

#include <stddef.h>
#include <sys/types.h>

#include "proto/turnaddr.h"

/**
 * Lists each address once, v4 and v6, but for link-local v6 ones; at most `cap`.
 * Returns how many there are (more than `cap`: at least so many), or ERR_IO.
 */
ssize_t ifaces_list(struct turn_own *out, size_t cap);

#endif
