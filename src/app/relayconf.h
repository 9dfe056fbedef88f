/**
 * From what the operator says to what the relay's rules want to know.
 */
#ifndef PARAVENT_APP_RELAYCONF_H
#define PARAVENT_APP_RELAYCONF_H

#include "base/buf.h"
#include "core/turn.h"
#include "proto/conf.h"

#define RELAYCONF_CREDENTIAL_S 3600

/**
 * own: the addresses of this machine, `count` of them.
 * why: on failure gets one sentence.
 *
 * With PARAVENT_RELAY_TEST in the environment nearly without limits, where all that we
 * listen on is loopback.
 *
 * Returns 0, ERR_NOT_FOUND when no address can be used, ERR_MALFORMED, or ERR_FORBIDDEN
 * (without limits and open to others).
 */
int relayconf_build(struct turn_conf *out, const struct conf *conf,
		    const struct turn_own *own, size_t count, struct buf *why);

/* Says in the log what clients and peers will see, and what they might not reach. */
void relayconf_log(const struct turn_conf *conf);

#endif
