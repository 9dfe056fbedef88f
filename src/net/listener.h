/**
 * A listening TCP socket: accepts, refuses over the caps, and gives each connection to
 * whom its first byte (behind TLS, where there is TLS) belongs.
 *
 *	0x00..0x03	STUN and TURN
 *	a letter	HTTP
 *	the rest	nobody: closed
 */
#ifndef PARAVENT_NET_LISTENER_H
#define PARAVENT_NET_LISTENER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/tls.h"
#include "proto/cidr.h"

/* Takes a stream (stream_set_owner() it, or free it); its first bytes are kept in it. */
typedef void listener_stream_fn(void *arg, struct stream *s);

struct listener_plan {
	struct tls *tls;		/* NULL: plain only; must outlive the listener */
	listener_stream_fn *on_http;
	listener_stream_fn *on_stun;	/* NULL: such connections are closed */
	void *arg;
	unsigned first_byte_ms;		/* how long the first byte (and TLS) may take */
};

#define LISTENER_FIRST_BYTE_MS 10000

struct listener;

/* The caps, shared by all listeners of a process that shall count together. */
struct listener_caps {
	size_t connections;	/* in all */
	size_t per_address;	/* v4 address or v6 /64, not loopback; 0: no limit */
	const struct cidr *free;	/* networks of proxies, which bring everybody: no */
	size_t free_count;		/* limit either; borrowed for the gauge's life */
};

/**
 * Who is connected, for the caps. Who is turned away is told to the operator: at once,
 * then at most once a minute, as numbers.
 */
struct listener_gauge;

struct listener_gauge *listener_gauge_new(const struct listener_caps *caps);

/* All connections must be gone, and the listeners' loop. Accepts NULL. */
void listener_gauge_free(struct listener_gauge *g);
size_t listener_gauge_count(const struct listener_gauge *g);

/**
 * plan:  copied.
 * gauge: borrowed, must outlive the connections.
 * sa:    where to listen; v6 sockets take v6 only; port 0: any.
 * why:   on failure gets one sentence.
 *
 * Returns 0, ERR_CONFLICT (address in use), ERR_FORBIDDEN (privileged port),
 * ERR_NOT_FOUND (not an address of this machine, or not even its family) or ERR_IO.
 */
int listener_new(struct listener **out, struct loop *l, struct listener_gauge *gauge,
		 const struct listener_plan *plan, const struct sockaddr *sa,
		 socklen_t sa_len, struct buf *why);

/* Stops listening; connections that have an owner stay. Accepts NULL. */
void listener_free(struct listener *ln);

uint16_t listener_port(const struct listener *ln);

#endif
