/**
 * A secret that the operator shares with another system: one line in a file, which
 * whoever else has an account on the machine must not be able to read.
 */
#ifndef PARAVENT_APP_SECRETFILE_H
#define PARAVENT_APP_SECRETFILE_H

#include <stddef.h>

#include "base/buf.h"

#define SECRETFILE_MIN 22	/* characters: 128 bits in base64url */
#define SECRETFILE_MAX 256

/**
 * Appends the secret to `out`, without the end of its line; secretfile_fini() it.
 *
 * key: of the configuration, which names the file.
 * min: characters, at least SECRETFILE_MIN.
 * why: on failure gets one sentence.
 *
 * Returns 0, ERR_NOT_FOUND, ERR_FORBIDDEN (others may read it, or we may not),
 * ERR_MALFORMED or ERR_IO.
 */
int secretfile_load(struct buf *out, const char *key, const char *path, size_t min,
		    struct buf *why);

/* Wipes and frees. */
void secretfile_fini(struct buf *secret);

#endif
