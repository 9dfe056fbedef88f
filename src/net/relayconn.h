/**
 * A TCP or TLS connection that speaks STUN and ChannelData, served by a relay's loop.
 *
 * Messages are shown in place as they arrive; what is written leaves at the end of the
 * turn, many messages in one write. A reader who is too slow loses data messages, whole
 * ones, while answers are kept.
 */
#ifndef PARAVENT_NET_RELAYCONN_H
#define PARAVENT_NET_RELAYCONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#include "net/batch.h"
#include "net/stream.h"

/* Above so much unsent, data messages are dropped. */
#define RELAYCONN_SLOW (128 * 1024)

/* What connections of one loop share: the memory of a read. */
struct relayconn_pool;
struct relayconn_pool *relayconn_pool_new(struct event_base *base, struct batch *batch);
void relayconn_pool_free(struct relayconn_pool *p);	/* all are gone; accepts NULL */

struct relayconn;

struct relayconn_events {
	/**
	 * One whole message, from its header to its end without padding, in a slot of
	 * the batch, with room around it and borrowed until the end of the turn; or,
	 * when it is longer than BATCH_DATAGRAM, until the return. Must not free the
	 * connection.
	 */
	void (*on_message)(void *arg, uint8_t *data, size_t len);

	/* The connection is over: closed, broken, what it sent is no message, or nobody
	 * reads our answers. relayconn_free() it now or later; nothing else comes. */
	void (*on_closed)(void *arg);
};

/**
 * parts:  taken. Its `gone` is not called: the thread that accepted does that.
 * pool:   borrowed, must outlive it.
 * events: borrowed for the connection's life (a static table).
 */
struct relayconn *relayconn_new(struct relayconn_pool *pool, struct stream_parts *parts,
				const struct relayconn_events *events, void *arg);
void relayconn_free(struct relayconn *c);	/* now, whatever waits; accepts NULL */

/* We know who it is. A stranger has little of our memory: he sends requests, no data,
 * and reads what he is answered, or the connection is over. */
void relayconn_trust(struct relayconn *c);

/* Copies an answer, which is never dropped. */
void relayconn_answer(struct relayconn *c, const uint8_t *p, size_t len);

/* Copies relayed data, whole or not at all: false, the reader is too slow. */
bool relayconn_data(struct relayconn *c, const uint8_t *p, size_t len);

#endif
