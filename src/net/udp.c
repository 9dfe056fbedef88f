#include "net/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/addr.h"

#define BATCH 32
#define BATCHES_A_TURN 8	/* then the other events of the loop */
#define DATAGRAM_MAX 2048	/* nothing we understand is longer; the rest is cut */
#define CONTROL_SIZE 64		/* one in_pktinfo or in6_pktinfo */

struct udp {
	struct event *ev;
	udp_datagram_fn *fn;
	void *arg;
	struct udp_counts counts;
	int fd;

	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_part[BATCH], out_part[BATCH];
	struct sockaddr_storage peer[BATCH];
	_Alignas(struct cmsghdr) char control[BATCH][CONTROL_SIZE];
	uint8_t data[BATCH][DATAGRAM_MAX];
	uint8_t reply[BATCH][UDP_REPLY_MAX];
};

/*
 * What came to one of several addresses must be answered from there, which a socket
 * bound to all of them does not do by itself. The note that says where a datagram came
 * to says, sent back, where the reply leaves from.
 */
static void answer_from_there(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	/* by which interface is the routing table's choice */
	if (c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
		((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_ifindex = 0;
	if (c && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
		((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_ifindex = 0;
}

static int receive_batch(struct udp *u)
{
	for (int i = 0; i < BATCH; i++) {
		struct msghdr *msg = &u->in[i].msg_hdr;

		u->in_part[i] = (struct iovec){u->data[i], DATAGRAM_MAX};
		*msg = (struct msghdr){
			.msg_name = &u->peer[i],
			.msg_namelen = sizeof(u->peer[i]),
			.msg_iov = &u->in_part[i],
			.msg_iovlen = 1,
			.msg_control = u->control[i],
			.msg_controllen = CONTROL_SIZE,
		};
	}
	return recvmmsg(u->fd, u->in, BATCH, MSG_DONTWAIT, NULL);
}

/* One that the kernel refuses (no route, buffers full) must not hold up the others. */
static void send_batch(struct udp *u, int count)
{
	int sent = 0;

	while (sent < count) {
		int n = sendmmsg(u->fd, u->out + sent, (unsigned)(count - sent), MSG_DONTWAIT);

		if (n > 0) {
			u->counts.answered += (uint64_t)n;
			sent += n;
		} else if (errno != EINTR) {
			u->counts.dropped++;
			sent++;
		}
	}
}

static void serve_batch(struct udp *u, int count)
{
	int replies = 0;

	for (int i = 0; i < count; i++) {
		struct msghdr *in = &u->in[i].msg_hdr;
		size_t len;

		u->counts.received++;
		if (in->msg_flags & MSG_TRUNC)
			continue;
		len = u->fn(u->arg, (struct sockaddr *)&u->peer[i], u->data[i],
			    u->in[i].msg_len, u->reply[replies]);
		if (!len)
			continue;
		answer_from_there(in);
		u->out_part[replies] = (struct iovec){u->reply[replies], len};
		u->out[replies].msg_hdr = *in;
		u->out[replies].msg_hdr.msg_iov = &u->out_part[replies];
		u->out[replies].msg_hdr.msg_flags = 0;
		replies++;
	}
	send_batch(u, replies);
}

static void on_datagrams(evutil_socket_t fd, short what, void *arg)
{
	struct udp *u = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < BATCHES_A_TURN; i++) {
		int n = receive_batch(u);

		if (n > 0)
			serve_batch(u, n);
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			u->counts.errors++;	/* an ICMP of an earlier reply */
		if (n < BATCH)
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

int udp_new(struct udp **out, struct loop *l, const struct sockaddr *sa,
	    socklen_t sa_len, udp_datagram_fn *fn, void *arg, struct buf *why)
{
	const int on = 1;
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
	if (bind(fd, sa, sa_len) < 0) {
		err = bind_error(errno, sa, why);
		close(fd);
		return err;
	}
	u = mem_new(sizeof(*u));
	u->fd = fd;
	u->fn = fn;
	u->arg = arg;
	u->ev = event_new(loop_base(l), fd, EV_READ | EV_PERSIST, on_datagrams, u);
	event_add(u->ev, NULL);
	*out = u;
	return 0;
}

void udp_free(struct udp *u)
{
	if (!u)
		return;
	event_free(u->ev);
	close(u->fd);
	free(u);
}

uint16_t udp_port(const struct udp *u)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(u->fd, (struct sockaddr *)&sa, &len) < 0)
		return 0;
	/* both families have the port in the same place */
	return ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

const struct udp_counts *udp_counts(const struct udp *u)
{
	return &u->counts;
}
