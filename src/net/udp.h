/**
 * The UDP sockets on which clients reach us: many datagrams by one recvmmsg, and what
 * is sent leaves from the address that the client wrote to.
 */
#ifndef PARAVENT_NET_UDP_H
#define PARAVENT_NET_UDP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "base/buf.h"
#include "net/batch.h"
#include "proto/turnaddr.h"

struct udp;

/**
 * One datagram, in a slot of the batch: it and BATCH_HEADROOM bytes before it and
 * BATCH_TAILROOM behind may be written and are borrowed until the end of the turn.
 *
 * local: the address of ours that it came to, with the port.
 */
typedef void udp_datagram_fn(void *arg, struct udp *u, const struct turn_addr *peer,
			     const struct turn_addr *local, uint8_t *data, size_t len);

/**
 * base, batch: borrowed, must outlive it.
 * sa:          where to listen; v6 sockets take v6 only; port 0: any.
 * why:         on failure gets one sentence.
 *
 * Returns 0, ERR_CONFLICT (address in use), ERR_FORBIDDEN (privileged port),
 * ERR_NOT_FOUND (not an address of this machine) or ERR_IO.
 */
int udp_new(struct udp **out, struct event_base *base, struct batch *batch,
	    const struct sockaddr *sa, socklen_t sa_len, udp_datagram_fn *fn, void *arg,
	    struct buf *why);
void udp_free(struct udp *u);		/* accepts NULL */

/* At the end of the turn. local: as it was given with the datagram. p: borrowed until
 * then, as batch_send() says; or copied. */
void udp_send(struct udp *u, const struct turn_addr *local, const struct turn_addr *peer,
	      const uint8_t *p, size_t len);
void udp_send_copy(struct udp *u, const struct turn_addr *local,
		   const struct turn_addr *peer, const uint8_t *p, size_t len);

uint16_t udp_port(const struct udp *u);

/* The receive buffer that the kernel gave, in bytes: less than asked for where
 * net.core.rmem_max is small. */
int udp_buffer(const struct udp *u);
#define UDP_BUFFER_WANTED (4 * 1024 * 1024)

/* How many datagrams the kernel has dropped because that buffer was full. */
uint64_t udp_lost(const struct udp *u);

#endif
