/**
 * The datagrams of one turn of a relay's loop: the memory they are received into, and
 * what is to be sent of them.
 *
 * A datagram lies in its slot with room before it, so that what is relayed is framed in
 * place. Sends are noted and leave together at the end of the turn, or when the slots
 * are used up: one sendmmsg() for each socket, and runs of equal length to one
 * destination as one UDP_SEGMENT send. The order within a flow (socket and destination)
 * stays; that between flows does not.
 *
 * One batch belongs to one thread and serves all of its sockets.
 */
#ifndef PARAVENT_NET_BATCH_H
#define PARAVENT_NET_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#include "base/list.h"
#include "proto/turnaddr.h"

#define BATCH_SLOTS 512
#define BATCH_HEADROOM 64	/* before a datagram */
#define BATCH_DATAGRAM 1980	/* the longest that is received; longer ones are dropped */
#define BATCH_TAILROOM 4	/* behind it */

struct batch;

/* Read by other threads while they are written: relaxed, each for itself. */
struct batch_counts {
	uint64_t received, cut;		/* cut: longer than BATCH_DATAGRAM, dropped */
	uint64_t sent;			/* datagrams */
	uint64_t refused;		/* that the kernel did not take, dropped */
	uint64_t sends;			/* system calls for it */
};

/* base: borrowed. */
struct batch *batch_new(struct event_base *base);
void batch_free(struct batch *b);	/* unsent datagrams are lost; accepts NULL */

void batch_counts(const struct batch *b, struct batch_counts *out);

/* Monotonic milliseconds, read once in a turn. */
uint64_t batch_now_ms(struct batch *b);

/**
 * Room for `count` (at most BATCH_SLOTS) datagrams. What was received before must have
 * been dealt with: where there is not enough room all is sent, and the slots are used
 * anew. They hold until the next call or the end of the turn; the last `count` of them
 * can be given back at once.
 */
void batch_take(struct batch *b, unsigned count, uint8_t *slot[]);
void batch_give_back(struct batch *b, unsigned count);

/**
 * Sends a datagram at the end of the turn.
 *
 * p:    borrowed until then: a slot, or memory that lives as long.
 * from: the address of ours that it leaves from; NULL: the socket's. Its port is the
 *       socket's in any case.
 */
void batch_send(struct batch *b, int fd, const struct turn_addr *from,
		const struct turn_addr *to, const uint8_t *p, size_t len);

/* The same with a copy: for answers, which lie in no slot. len: at most BATCH_COPY. */
#define BATCH_COPY 2048
void batch_send_copy(struct batch *b, int fd, const struct turn_addr *from,
		     const struct turn_addr *to, const uint8_t *p, size_t len);

/* Now, before a socket is closed or its options change; the slots stay as they are. */
void batch_flush(struct batch *b);

/* Something else that shall be done once at the end of the turn. */
struct batch_late {
	struct list link;		/* list_init() it */
	void (*fn)(struct batch_late *late);
};
void batch_at_end(struct batch *b, struct batch_late *late);

/* For sockets: counts what arrived. */
void batch_received(struct batch *b, unsigned count, unsigned cut);

#endif
