#include "net/relaysock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event_struct.h>

#include "base/err.h"
#include "base/mem.h"

#define FETCH 32		/* in one turn, then the other events of the loop */
#define BUFFER_SIZE (256 * 1024)

struct relaysock {
	struct event ev;
	struct batch *batch;
	relaysock_fn *fn;
	void *arg, *owner;
	int fd;
	uint8_t family;
	uint8_t ask;		/* for so many at the next wake-up */
};

struct fetched {
	struct mmsghdr in[FETCH];
	struct iovec part[FETCH];
	struct sockaddr_storage peer[FETCH];
};

static void show(struct relaysock *rs, const struct fetched *f, int n)
{
	struct turn_addr peer;
	unsigned cut = 0;

	for (int i = 0; i < n; i++) {
		if (f->in[i].msg_hdr.msg_flags & MSG_TRUNC)
			cut++;
		else if (turn_addr_of(&peer, (const struct sockaddr *)&f->peer[i]))
			rs->fn(rs->arg, rs->owner, &peer, f->part[i].iov_base,
			       f->in[i].msg_len);
	}
	batch_received(rs->batch, (unsigned)n, cut);
}

static int fetch(struct relaysock *rs, struct fetched *f, unsigned count)
{
	uint8_t *slot[FETCH];
	int n;

	batch_take(rs->batch, count, slot);
	for (unsigned i = 0; i < count; i++) {
		f->part[i] = (struct iovec){slot[i], BATCH_DATAGRAM};
		f->in[i].msg_hdr = (struct msghdr){
			.msg_name = &f->peer[i],
			.msg_namelen = sizeof(f->peer[i]),
			.msg_iov = &f->part[i],
			.msg_iovlen = 1,
		};
	}
	n = recvmmsg(rs->fd, f->in, count, MSG_DONTWAIT, NULL);
	batch_give_back(rs->batch, count - (unsigned)(n > 0 ? n : 0));
	return n;
}

/*
 * We ask for twice what came last. That shows in one call whether more has come than
 * before, and is little to prepare where mostly one comes. Of a long burst the first
 * are on their way before the last are fetched.
 */
static void on_datagrams(evutil_socket_t fd, short what, void *arg)
{
	struct relaysock *rs = arg;
	unsigned room = FETCH, count = rs->ask;
	struct fetched f;

	(void)fd;
	(void)what;
	do {
		int n = fetch(rs, &f, count);

		if (n <= 0)
			return;
		rs->ask = (uint8_t)(n > FETCH / 2 ? FETCH : 2 * n);
		show(rs, &f, n);
		if ((unsigned)n < count)
			return;
		room -= count;
		count = room;
	} while (room);
}

int relaysock_open(struct relaysock **out, struct event_base *base, struct batch *batch,
		   const struct turn_addr *local, relaysock_fn *fn, void *arg)
{
	const int on = 1, size = BUFFER_SIZE, fragment = IP_PMTUDISC_DONT;
	struct sockaddr_storage sa;
	socklen_t len = turn_addr_sockaddr(&sa, local);
	struct relaysock *rs;
	int fd;

	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	if (sa.ss_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &fragment, sizeof(fragment));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &fragment, sizeof(fragment));
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&sa, len) < 0) {
		int err = errno == EADDRINUSE ? ERR_CONFLICT : ERR_IO;

		close(fd);
		return err;
	}
	rs = mem_new(sizeof(*rs));
	rs->fd = fd;
	rs->family = local->family;
	rs->ask = 2;
	rs->batch = batch;
	rs->fn = fn;
	rs->arg = arg;
	event_assign(&rs->ev, base, fd, EV_READ | EV_PERSIST, on_datagrams, rs);
	*out = rs;
	return 0;
}

void relaysock_attach(struct relaysock *rs, void *owner)
{
	rs->owner = owner;
	event_add(&rs->ev, NULL);
}

void relaysock_close(struct relaysock *rs)
{
	if (!rs)
		return;
	batch_flush(rs->batch);
	event_del(&rs->ev);
	close(rs->fd);
	free(rs);
}

static void set_df(struct relaysock *rs, int how)
{
	if (rs->family == 6)
		setsockopt(rs->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &how, sizeof(how));
	else
		setsockopt(rs->fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof(how));
}

void relaysock_send(struct relaysock *rs, const struct turn_addr *to, const uint8_t *p,
		    size_t len, bool dont_fragment)
{
	if (!dont_fragment) {
		batch_send(rs->batch, rs->fd, NULL, to, p, len);
		return;
	}
	/* No browser asks for it. PROBE and not DO: what we learn of one peer's path must
	 * not make the kernel refuse what other clients send without DF. */
	batch_flush(rs->batch);
	set_df(rs, IP_PMTUDISC_PROBE);
	batch_send(rs->batch, rs->fd, NULL, to, p, len);
	batch_flush(rs->batch);
	set_df(rs, IP_PMTUDISC_DONT);
}
