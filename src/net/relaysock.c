#include "net/relaysock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event_struct.h>

#include "base/err.h"
#include "base/mem.h"

#define FETCH 32
#define FETCHES_A_TURN 2	/* then the other events of the loop */
#define BUFFER_SIZE (256 * 1024)

/* After so many wake-ups within a millisecond of each other we fetch many at once, and
 * after so many that found one datagram only we stop. */
#define PATIENCE 4

struct relaysock {
	struct event ev;
	struct batch *batch;
	relaysock_fn *fn;
	void *arg, *owner;
	int fd;
	uint8_t family;
	uint8_t score;		/* above PATIENCE: by recvmmsg() */
	uint32_t woken_ms;
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
	if (count == 1) {
		ssize_t len = recvmsg(rs->fd, &f->in[0].msg_hdr, MSG_DONTWAIT);

		f->in[0].msg_len = (unsigned)(len < 0 ? 0 : len);
		n = len < 0 ? -1 : 1;
	} else {
		n = recvmmsg(rs->fd, f->in, count, MSG_DONTWAIT, NULL);
	}
	batch_give_back(rs->batch, count - (unsigned)(n > 0 ? n : 0));
	return n;
}

/*
 * A second look is what tells a lone datagram from a burst, and costs a system call
 * where there is none. So we judge by how soon the socket wakes us again.
 */
static bool fetches_many(struct relaysock *rs)
{
	uint32_t now = (uint32_t)batch_now_ms(rs->batch);

	if (rs->score <= PATIENCE) {
		if (now - rs->woken_ms > 1)
			rs->score = 0;
		else if (++rs->score > PATIENCE)
			rs->score = 2 * PATIENCE;
	}
	rs->woken_ms = now;
	return rs->score > PATIENCE;
}

static void on_datagrams(evutil_socket_t fd, short what, void *arg)
{
	struct relaysock *rs = arg;
	bool many = fetches_many(rs);
	struct fetched f;

	(void)fd;
	(void)what;
	for (int i = 0; i < FETCHES_A_TURN; i++) {
		int n = fetch(rs, &f, many ? FETCH : 1);

		if (n <= 0)
			return;
		if (many)
			rs->score = (uint8_t)(n == 1 ? rs->score - 1 : 2 * PATIENCE);
		show(rs, &f, n);
		if (n < FETCH)
			return;
	}
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
