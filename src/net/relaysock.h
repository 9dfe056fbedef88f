/**
 * The UDP socket of one relayed transport address: the far side of the relay.
 *
 * Mostly one datagram waits, so we ask for two: what came together goes on together,
 * and who gets all that he asks for asks for more.
 */
#ifndef PARAVENT_NET_RELAYSOCK_H
#define PARAVENT_NET_RELAYSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#include "net/batch.h"
#include "proto/turnaddr.h"

struct relaysock;

/**
 * A datagram from a peer, in a slot of the batch: BATCH_HEADROOM bytes before it and
 * BATCH_TAILROOM behind may be written. All is borrowed until the end of the turn. Must
 * not close the socket.
 */
typedef void relaysock_fn(void *arg, void *owner, const struct turn_addr *peer,
			  uint8_t *data, size_t len);

/**
 * Binds to exactly this address; nobody else may have the port, now or later. It is not
 * read before relaysock_attach().
 *
 * base, batch: borrowed, must outlive it.
 *
 * Returns 0, ERR_CONFLICT when the port is taken, or ERR_IO for every other reason.
 */
int relaysock_open(struct relaysock **out, struct event_base *base, struct batch *batch,
		   const struct turn_addr *local, relaysock_fn *fn, void *arg);
void relaysock_close(struct relaysock *rs);	/* sends what waits; accepts NULL */

/* From now on it is read. owner: for `fn`; borrowed. */
void relaysock_attach(struct relaysock *rs, void *owner);

/* At the end of the turn. dont_fragment: sets DF for this one (RFC 8656 section 14). */
void relaysock_send(struct relaysock *rs, const struct turn_addr *to, const uint8_t *p,
		    size_t len, bool dont_fragment);

#endif
