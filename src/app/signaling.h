/**
 * Signaling: WebSockets on one side, the seats of rooms on the other. Reads who joins,
 * hands each message to the room, and lets out what the room says in order, nothing
 * before its fact is on disk.
 */
#ifndef PARAVENT_APP_SIGNALING_H
#define PARAVENT_APP_SIGNALING_H

#include "app/house.h"
#include "app/relay.h"
#include "net/ws.h"

#define SIGNALING_PROTOCOL "paravent.v1"

struct signaling;

/* h, r: borrowed. */
struct signaling *signaling_new(struct loop *l, struct house *h, struct relay *r);

/* Drops what is open. Accepts NULL. */
void signaling_free(struct signaling *sg);

/* How the rooms speak; for house_load(). */
void signaling_port(struct signaling *sg, struct room_port *port);

/**
 * A sound handshake for the meeting `id`, which need not exist; the request is gone
 * afterwards. accept: from http_websocket_accept().
 */
void signaling_accept(struct signaling *sg, struct http_request *rq, const char *id,
		      const char *accept);

/* Tells everybody 1001: come back with resume. */
void signaling_drain(struct signaling *sg);

/* Connections that are still open. */
size_t signaling_count(const struct signaling *sg);

#endif
