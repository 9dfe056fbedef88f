/**
 * The STUN server on UDP: tells a browser the address it is seen under (RFC 8489).
 */
#ifndef PARAVENT_APP_STUND_H
#define PARAVENT_APP_STUND_H

#include "base/buf.h"
#include "net/loop.h"
#include "proto/conf.h"

struct stund;

/* Binds all of conf->stun_listen. Returns 0, or udp_new()'s error with a sentence. */
int stund_new(struct stund **out, struct loop *l, const struct conf *conf,
	      struct buf *why);
void stund_free(struct stund *d);	/* accepts NULL */

/**
 * Appends the `iceServers` of the contract: an array for RTCPeerConnection. Until
 * there is a relay it names our STUN alone.
 */
void stund_put_ice_servers(struct buf *out, const struct conf *conf);

#endif
