/**
 * The secrets behind the relay's credentials: the file "relay.secret" in the state
 * folder, made at the first start, readable by its owner alone.
 *
 * Its first line signs new credentials; a second one, if there is any, is the secret
 * before, whose credentials still hold. To rotate, put a new line before the old one
 * and send SIGHUP.
 */
#ifndef PARAVENT_APP_RELAYSECRET_H
#define PARAVENT_APP_RELAYSECRET_H

#include <stdbool.h>

#include "base/buf.h"
#include "proto/turncred.h"

/**
 * Reads the file, or makes it where `make`.
 *
 * why: on failure gets one sentence.
 *
 * Returns 0, ERR_FORBIDDEN (others may read it, or we may not), ERR_NOT_FOUND,
 * ERR_MALFORMED or ERR_IO.
 */
int relaysecret_load(struct turncred_secrets *out, const char *state_dir, bool make,
		     struct buf *why);

#endif
