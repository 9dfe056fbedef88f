/**
 * Random bytes from the kernel (getrandom(2)), for ids, keys and secrets.
 */
#ifndef PARAVENT_BASE_RND_H
#define PARAVENT_BASE_RND_H

#include <stddef.h>

/* Fills all of it; a kernel that cannot is a broken machine and ends the process. */
void rnd_bytes(void *p, size_t len);

#endif
