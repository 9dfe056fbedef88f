/**
 * The relay's worker: a thread that owns the sockets, and carries for the rules of
 * core/turn what they decide. All functions are for the main thread; what they start
 * there arrives by letter.
 *
 * Everything that a worker needs is in its own struct, and nothing is shared: two of
 * them would be two carriers, each with its sockets and its part of the ports.
 */
#ifndef PARAVENT_APP_CARRIER_H
#define PARAVENT_APP_CARRIER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "base/buf.h"
#include "core/turn.h"
#include "net/batch.h"
#include "net/stream.h"

struct carrier;

/* An allocation began or ended; in the main thread, borrowed. */
typedef void carrier_event_fn(void *arg, const struct turn_event *e);

/* base: of the main thread; borrowed. */
struct carrier *carrier_new(struct event_base *base, carrier_event_fn *fn, void *arg);

/* Stops it. Accepts NULL. */
void carrier_free(struct carrier *c);

/* Binds a client socket, before the start. Errors as udp_new(). */
int carrier_listen(struct carrier *c, const struct sockaddr *sa, socklen_t sa_len,
		   struct buf *why);

/**
 * Starts the thread.
 *
 * conf: NULL: no relay, STUN alone. conf, secrets: copied.
 * why:  on failure gets one sentence.
 *
 * Returns 0, ERR_RANGE, ERR_FULL (more addresses than can be kept apart) or ERR_IO.
 */
int carrier_start(struct carrier *c, const struct turn_conf *conf,
		  const struct turncred_secrets *secrets, struct buf *why);

/**
 * Ends the thread and all that it has open. The events of what ends so have been told
 * when it returns, and every stream's on_gone was called. Harmless when stopped.
 */
void carrier_stop(struct carrier *c);

/* A connection whose first byte is STUN's; takes it, also from inside its callbacks.
 * Only after the start, and with a relay. */
void carrier_adopt(struct carrier *c, struct stream *s);

/* As turn_forget(), also before the start; turn_set_secrets() and turn_drain(). */
void carrier_forget(struct carrier *c, const char *id, size_t len);
void carrier_set_secrets(struct carrier *c, const struct turncred_secrets *secrets);
void carrier_drain(struct carrier *c);

/* For whoever shows numbers: those of the moment, and zeros where there is no relay. */
struct carrier_counts {
	uint64_t turn[TURN_COUNT_COUNT];
	struct batch_counts batch;
	uint64_t lost;		/* datagrams of clients, for want of room in the kernel */
};
void carrier_counts(const struct carrier *c, struct carrier_counts *out);

/* The port of the socket that was bound first. */
uint16_t carrier_port(const struct carrier *c);

#endif
