/**
 * Small files, whole, and folders for them.
 */
#ifndef PARAVENT_NET_FILE_H
#define PARAVENT_NET_FILE_H

#include <stddef.h>

#include "base/buf.h"

/**
 * Appends the file to `out`.
 *
 * Returns 0, ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_TOO_BIG over `max` bytes, ERR_MALFORMED
 * when it is no regular file, or ERR_IO. On failure `out` is as it was.
 */
int file_read(struct buf *out, const char *path, size_t max);

/**
 * Creates a file that only its owner can read: after a crash it is there whole or not
 * at all. Returns 0, ERR_DUPLICATE when the name is taken, ERR_NOT_FOUND without the
 * folder, ERR_FORBIDDEN, ERR_FULL or ERR_IO.
 */
int file_create_private(const char *path, const void *data, size_t len);

/**
 * Makes the folders above `path` that are not there, for their owner alone.
 *
 * why: on failure gets one sentence with the folder that cannot be made.
 *
 * Returns 0, ERR_FORBIDDEN, ERR_NOT_FOUND (what stands there is no folder), ERR_FULL or
 * ERR_IO.
 */
int file_make_parents(const char *path, struct buf *why);

#endif
