/**
 * UDP sockets, served in batches: up to 32 datagrams by one recvmmsg, their replies by
 * one sendmmsg. A reply leaves from the address that the datagram came to.
 */
#ifndef PARAVENT_NET_UDP_H
#define PARAVENT_NET_UDP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "net/loop.h"

#define UDP_REPLY_MAX 1280

/**
 * One datagram. Writes its reply (at most UDP_REPLY_MAX bytes) and returns the reply's
 * length, 0 for none. `data` and `peer` are borrowed.
 */
typedef size_t udp_datagram_fn(void *arg, const struct sockaddr *peer,
			       const uint8_t *data, size_t len, uint8_t *reply);

struct udp_counts {
	uint64_t received, answered, dropped;	/* dropped: replies the kernel refused */
	uint64_t errors;			/* reads that failed */
};

struct udp;

/* As listener_new(): the same errors, v6 sockets take v6 only, port 0: any. */
int udp_new(struct udp **out, struct loop *l, const struct sockaddr *sa,
	    socklen_t sa_len, udp_datagram_fn *fn, void *arg, struct buf *why);
void udp_free(struct udp *u);		/* accepts NULL */

uint16_t udp_port(const struct udp *u);
const struct udp_counts *udp_counts(const struct udp *u);

#endif
