/**
 * A backup in the making: a folder `.<name>.part` beside the finished ones, locked as long
 * as who makes it lives. What a killed backup has left behind holds keys that somebody
 * may want erased, and would lie there for ever; the next backup takes it away.
 */
#ifndef PARAVENT_STORE_BACKUPPART_H
#define PARAVENT_STORE_BACKUPPART_H

#include "store/why.h"

/**
 * Makes the folder `path`, 0700. lock: gives a file descriptor, to be closed at the end.
 *
 * Returns 0 or an error as statefile_failed().
 */
int backuppart_make(int *lock, const char *path, struct why *why);

/* Removes those in the folder `into` that nobody is making any more; as far as it can. */
void backuppart_sweep(const char *into);

#endif
