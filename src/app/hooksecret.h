/**
 * The secret of a webhook: one line in a file of the operator's, which whoever else has
 * an account on the machine must not be able to read.
 */
#ifndef PARAVENT_APP_HOOKSECRET_H
#define PARAVENT_APP_HOOKSECRET_H

#include "base/buf.h"

#define HOOKSECRET_MIN 22	/* characters: 128 bits in base64url */
#define HOOKSECRET_MAX 256

/**
 * Appends the secret to `out`, without the end of its line; hooksecret_fini() it.
 *
 * why: on failure gets one sentence.
 *
 * Returns 0, ERR_NOT_FOUND, ERR_FORBIDDEN (others may read it, or we may not),
 * ERR_MALFORMED or ERR_IO.
 */
int hooksecret_load(struct buf *out, const char *path, struct buf *why);

/* Wipes and frees. */
void hooksecret_fini(struct buf *secret);

#endif
