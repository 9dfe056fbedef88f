#include "net/udp.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/addr.h"

#define FETCH 64
#define FETCHES_A_TURN 4	/* then the other events of the loop */
#define CONTROL_SIZE 64		/* one in_pktinfo or in6_pktinfo */

struct udp {
	struct event *ev;
	struct batch *batch;
	udp_datagram_fn *fn;
	void *arg;
	struct turn_addr local;
	bool everywhere;	/* bound to all addresses: each datagram says where to */
	int fd;

	struct mmsghdr in[FETCH];
	struct iovec part[FETCH];
	struct sockaddr_storage peer[FETCH];
	_Alignas(struct cmsghdr) uint8_t control[FETCH][CONTROL_SIZE];
};

/* Which of our addresses it came to; false where the kernel did not say. */
static bool came_to(struct turn_addr *local, struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	if (c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
		memcpy(local->ip + 12,
		       &((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_addr, 4);
	else if (c && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
		memcpy(local->ip,
		       &((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_addr, 16);
	else
		return false;
	return true;
}

static int fetch(struct udp *u)
{
	uint8_t *slot[FETCH];
	int n;

	batch_take(u->batch, FETCH, slot);
	for (int i = 0; i < FETCH; i++) {
		struct msghdr *msg = &u->in[i].msg_hdr;

		u->part[i] = (struct iovec){slot[i], BATCH_DATAGRAM};
		msg->msg_name = &u->peer[i];
		msg->msg_namelen = sizeof(u->peer[i]);
		msg->msg_iov = &u->part[i];
		msg->msg_iovlen = 1;
		msg->msg_control = u->everywhere ? u->control[i] : NULL;
		msg->msg_controllen = u->everywhere ? CONTROL_SIZE : 0;
	}
	n = recvmmsg(u->fd, u->in, FETCH, MSG_DONTWAIT, NULL);
	batch_give_back(u->batch, (unsigned)(n > 0 ? FETCH - n : FETCH));
	return n;
}

static void serve(struct udp *u, int n)
{
	struct turn_addr local = u->local, peer;
	unsigned cut = 0;

	for (int i = 0; i < n; i++) {
		struct msghdr *msg = &u->in[i].msg_hdr;

		if (msg->msg_flags & MSG_TRUNC) {
			cut++;
			continue;
		}
		if (!turn_addr_of(&peer, (struct sockaddr *)&u->peer[i]) ||
		    (u->everywhere && !came_to(&local, msg)))
			continue;
		u->fn(u->arg, u, &peer, &local, u->part[i].iov_base, u->in[i].msg_len);
	}
	batch_received(u->batch, (unsigned)n, cut);
}

static void on_datagrams(evutil_socket_t fd, short what, void *arg)
{
	struct udp *u = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < FETCHES_A_TURN; i++) {
		/* an error is one of the socket's (an ICMP), and taken by being read */
		int n = fetch(u);

		if (n > 0)
			serve(u, n);
		if (n < FETCH)
			return;
	}
}

static int bind_error(int saved_errno, const struct sockaddr *sa, struct buf *why)
{
	char where[ADDR_TEXT_SIZE];

	addr_text_port(where, sa);
	buf_printf(why, "%s (UDP): %s", where, strerror(saved_errno));
	switch (saved_errno) {
	case EADDRINUSE:
		return ERR_CONFLICT;
	case EACCES:
		return ERR_FORBIDDEN;
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return ERR_NOT_FOUND;
	}
	return ERR_IO;
}

/* All clients come through here: a burst of them must find room while we are busy. */
static void grow_buffers(int fd)
{
	const int size = UDP_BUFFER_WANTED;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static bool is_everywhere(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)
						 (const void *)sa)->sin6_addr);
	return ((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr ==
	       INADDR_ANY;
}

int udp_new(struct udp **out, struct event_base *base, struct batch *batch,
	    const struct sockaddr *sa, socklen_t sa_len, udp_datagram_fn *fn, void *arg,
	    struct buf *why)
{
	const int on = 1;
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct udp *u;
	int err, fd;

	fd = socket(sa->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return bind_error(errno, sa, why);
	if (sa->sa_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	}
	grow_buffers(fd);
	if (bind(fd, sa, sa_len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &len) < 0) {
		err = bind_error(errno, sa, why);
		close(fd);
		return err;
	}
	u = mem_new(sizeof(*u));
	u->fd = fd;
	u->batch = batch;
	u->fn = fn;
	u->arg = arg;
	u->everywhere = is_everywhere(sa);
	turn_addr_of(&u->local, (struct sockaddr *)&bound);
	u->ev = event_new(base, fd, EV_READ | EV_PERSIST, on_datagrams, u);
	event_add(u->ev, NULL);
	*out = u;
	return 0;
}

void udp_free(struct udp *u)
{
	if (!u)
		return;
	batch_flush(u->batch);
	event_free(u->ev);
	close(u->fd);
	free(u);
}

/*
 * What came to one of several addresses must be answered from there, which a socket
 * bound to all of them does not do by itself.
 */
void udp_send(struct udp *u, const struct turn_addr *local, const struct turn_addr *peer,
	      const uint8_t *p, size_t len)
{
	batch_send(u->batch, u->fd, u->everywhere ? local : NULL, peer, p, len);
}

void udp_send_copy(struct udp *u, const struct turn_addr *local,
		   const struct turn_addr *peer, const uint8_t *p, size_t len)
{
	batch_send_copy(u->batch, u->fd, u->everywhere ? local : NULL, peer, p, len);
}

uint16_t udp_port(const struct udp *u)
{
	return u->local.port;
}

int udp_buffer(const struct udp *u)
{
	socklen_t len = sizeof(int);
	int size = 0;

	getsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &size, &len);
	return size;
}

uint64_t udp_lost(const struct udp *u)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(info);

	getsockopt(u->fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[SK_MEMINFO_DROPS];
}
