/**
 * What backup and restore share: names, copies of files that survive a power cut, and
 * their SHA-256.
 */
#ifndef PARAVENT_STORE_STATEFILE_H
#define PARAVENT_STORE_STATEFILE_H

#include <limits.h>
#include <stdint.h>

#include "store/why.h"

#define STATEFILE_STAMP_SIZE 17		/* "20261120T093000Z" and NUL */

/* A time as part of a file's name. */
void statefile_stamp(char out[STATEFILE_STAMP_SIZE], int64_t wall_ms);

/* "dir/name". Returns 0 or ERR_TOO_BIG. */
int statefile_path(char out[PATH_MAX], const char *dir, const char *name,
		   struct why *why);

/* ERR_AGAIN for a full disk, ERR_NOT_FOUND, ERR_FORBIDDEN or ERR_IO, by errno. */
int statefile_failed(const char *path, struct why *why);

/**
 * Copies a file to one that is not there yet, for its owner alone, and syncs it.
 * sha256: of what was copied.
 */
int statefile_copy(const char *from, const char *to, uint8_t sha256[32],
		   uint64_t *size, struct why *why);

/* Reads a file, for its digest and its size. */
int statefile_digest(const char *path, uint8_t sha256[32], uint64_t *size,
		     struct why *why);

/* fsync() of a file or a folder. */
int statefile_sync(const char *path, struct why *why);

/* Removes a folder and the files in it, as far as possible. */
void statefile_remove(const char *dir);

#endif
