#include "net/batch.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

/* No power of two, or the beginnings of all slots would share a few cache lines. */
#define SLOT_SIZE (BATCH_HEADROOM + BATCH_DATAGRAM + BATCH_TAILROOM + 64)

#define SENDS_MAX BATCH_SLOTS
#define BUCKETS 1024			/* at least twice as many as there may be flows */
#define NONE UINT16_MAX

/* Measured: two datagrams by one UDP_SEGMENT send are cheaper already. */
#define RUN_MIN 2
#define RUN_MAX 64			/* UDP_MAX_SEGMENTS of the older kernels */
#define COPIES_SIZE (64 * 1024)
#define RUN_BYTES 65000			/* what fits one UDP length, headers included */

#define MESSAGES 64			/* of one sendmmsg() */
#define CONTROL_SIZE (CMSG_SPACE(sizeof(struct in6_pktinfo)) + \
		      CMSG_SPACE(sizeof(uint16_t)))

struct item {
	const uint8_t *p;
	uint16_t len;
	uint16_t next;			/* in its flow */
};

struct flow {
	int fd;
	uint16_t first, last;		/* items */
	uint16_t bucket_next;
	uint16_t socket_next;		/* flow of the same socket */
	struct turn_addr to, from;	/* from: family 0: the socket's */
};

struct batch {
	struct event *end;
	struct list late;
	uint64_t now_ms;
	bool ends;			/* the end of the turn is under way */

	unsigned slots;			/* taken */
	unsigned items, flows, groups;
	bool no_segments;		/* this kernel has no UDP_SEGMENT */

	struct item item[SENDS_MAX];
	struct flow flow[SENDS_MAX];
	struct {
		int fd;
		uint16_t first, last;	/* flows */
		uint16_t bucket_next;
	} group[SENDS_MAX];		/* one for each socket */
	uint16_t flow_bucket[BUCKETS], group_bucket[BUCKETS];

	unsigned messages, parts;
	struct mmsghdr message[MESSAGES];
	struct sockaddr_storage name[MESSAGES];
	struct iovec part[SENDS_MAX];
	_Alignas(struct cmsghdr) uint8_t control[MESSAGES][CONTROL_SIZE];

	_Atomic uint64_t received, cut, sent, refused, sends;
	size_t copied;			/* bytes of `copies` in use */
	uint8_t copies[COPIES_SIZE];
	uint8_t slot[BATCH_SLOTS][SLOT_SIZE];
};

_Static_assert(BUCKETS >= 2 * SENDS_MAX && SENDS_MAX < NONE, "tables fit");

/* Only our thread writes: no need for a locked addition. */
static void count(_Atomic uint64_t *c, uint64_t more)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

static void turn_ends(evutil_socket_t fd, short what, void *arg)
{
	struct batch *b = arg;

	(void)fd;
	(void)what;
	while (!list_empty(&b->late)) {
		struct batch_late *late = CONTAINER_OF(b->late.next, struct batch_late,
						       link);

		list_unlink(&late->link);
		late->fn(late);
	}
	batch_flush(b);
	b->slots = 0;
	b->ends = false;
	b->now_ms = 0;
}

/*
 * An event made active while others are being served is served behind them, in the same
 * turn and without a look at the sockets in between.
 */
static void want_end(struct batch *b)
{
	if (b->ends)
		return;
	b->ends = true;
	event_active(b->end, EV_TIMEOUT, 0);
}

struct batch *batch_new(struct event_base *base)
{
	struct batch *b = mem_new(sizeof(*b));

	b->end = event_new(base, -1, 0, turn_ends, b);
	list_init(&b->late);
	memset(b->flow_bucket, 0xff, sizeof(b->flow_bucket));
	memset(b->group_bucket, 0xff, sizeof(b->group_bucket));
	return b;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	event_free(b->end);
	free(b);
}

void batch_counts(const struct batch *b, struct batch_counts *out)
{
	out->received = atomic_load_explicit(&b->received, memory_order_relaxed);
	out->cut = atomic_load_explicit(&b->cut, memory_order_relaxed);
	out->sent = atomic_load_explicit(&b->sent, memory_order_relaxed);
	out->refused = atomic_load_explicit(&b->refused, memory_order_relaxed);
	out->sends = atomic_load_explicit(&b->sends, memory_order_relaxed);
}

void batch_received(struct batch *b, unsigned n, unsigned cut)
{
	count(&b->received, n);
	if (cut)
		count(&b->cut, cut);
}

uint64_t batch_now_ms(struct batch *b)
{
	if (!b->now_ms) {
		b->now_ms = clock_mono_ms();
		want_end(b);
	}
	return b->now_ms;
}

void batch_at_end(struct batch *b, struct batch_late *late)
{
	if (!list_empty(&late->link))
		return;
	list_append(&b->late, &late->link);
	want_end(b);
}

/* ---- slots ---- */

void batch_take(struct batch *b, unsigned n, uint8_t *slot[])
{
	if (b->slots + n > BATCH_SLOTS) {
		batch_flush(b);
		b->slots = 0;
	}
	for (unsigned i = 0; i < n; i++)
		slot[i] = b->slot[b->slots++] + BATCH_HEADROOM;
	want_end(b);
}

void batch_give_back(struct batch *b, unsigned n)
{
	b->slots -= n;
}

/* ---- what is to be sent, by socket and flow ---- */

/* Whoever aims at one bucket delays his own datagrams of one turn, 512 at most. */
static unsigned hash_of(int fd, const struct turn_addr *to)
{
	uint32_t w[4], h;

	memcpy(w, to->ip, sizeof(w));
	h = (uint32_t)fd * 0x9e3779b1u ^ (w[0] ^ w[1] ^ w[2] ^ w[3]) * 0x85ebca77u ^
	    to->port * 0xc2b2ae3du;
	return (h ^ h >> 15) % BUCKETS;
}

static unsigned fd_bucket(int fd)
{
	return (unsigned)fd % BUCKETS;
}

static void join_group(struct batch *b, struct flow *f)
{
	uint16_t index = (uint16_t)(f - b->flow);
	uint16_t *bucket = &b->group_bucket[fd_bucket(f->fd)];
	uint16_t g = *bucket;

	while (g != NONE && b->group[g].fd != f->fd)
		g = b->group[g].bucket_next;
	if (g == NONE) {
		g = (uint16_t)b->groups++;
		b->group[g].fd = f->fd;
		b->group[g].first = index;
		b->group[g].bucket_next = *bucket;
		*bucket = g;
	} else {
		b->flow[b->group[g].last].socket_next = index;
	}
	b->group[g].last = index;
	f->socket_next = NONE;
}

static struct flow *flow_of(struct batch *b, int fd, const struct turn_addr *from,
			    const struct turn_addr *to)
{
	static const struct turn_addr nowhere;
	uint16_t *bucket = &b->flow_bucket[hash_of(fd, to)];
	struct flow *f;

	if (!from)
		from = &nowhere;
	for (uint16_t i = *bucket; i != NONE; i = f->bucket_next) {
		f = &b->flow[i];
		if (f->fd == fd && turn_addr_equal(&f->to, to) &&
		    turn_addr_same_ip(&f->from, from))
			return f;
	}
	f = &b->flow[b->flows];
	f->fd = fd;
	f->first = f->last = NONE;
	f->to = *to;
	f->from = *from;
	f->bucket_next = *bucket;
	*bucket = (uint16_t)b->flows++;
	join_group(b, f);
	return f;
}

void batch_send(struct batch *b, int fd, const struct turn_addr *from,
		const struct turn_addr *to, const uint8_t *p, size_t len)
{
	struct flow *f;
	uint16_t index;

	if (len > UINT16_MAX) {
		count(&b->refused, 1);
		return;
	}
	if (b->items == SENDS_MAX)
		batch_flush(b);
	f = flow_of(b, fd, from, to);
	index = (uint16_t)b->items++;
	b->item[index] = (struct item){p, (uint16_t)len, NONE};
	if (f->first == NONE)
		f->first = index;
	else
		b->item[f->last].next = index;
	f->last = index;
	want_end(b);
}

void batch_send_copy(struct batch *b, int fd, const struct turn_addr *from,
		     const struct turn_addr *to, const uint8_t *p, size_t len)
{
	assert(len <= BATCH_COPY);
	if (b->copied + len > COPIES_SIZE || b->items == SENDS_MAX)
		batch_flush(b);
	memcpy(b->copies + b->copied, p, len);
	batch_send(b, fd, from, to, b->copies + b->copied, len);
	b->copied += len;
}

/* ---- sending ---- */

static void put_control(struct msghdr *h, int level, int type, const void *p, size_t len)
{
	struct cmsghdr *c = (void *)((uint8_t *)h->msg_control + h->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), p, len);
	h->msg_controllen += CMSG_SPACE(len);
}

static void put_from(struct msghdr *h, const struct turn_addr *from)
{
	if (from->family == 4) {
		struct in_pktinfo info = {.ipi_ifindex = 0};

		memcpy(&info.ipi_spec_dst, from->ip + 12, 4);
		put_control(h, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else if (from->family == 6) {
		struct in6_pktinfo info = {.ipi6_ifindex = 0};

		memcpy(&info.ipi6_addr, from->ip, 16);
		put_control(h, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
}

/* What was one send goes out datagram by datagram. */
static void send_singly(struct batch *b, int fd, const struct mmsghdr *run)
{
	struct msghdr one = run->msg_hdr;

	/* the same without UDP_SEGMENT, which was put in last */
	one.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
	if (!one.msg_controllen)
		one.msg_control = NULL;
	one.msg_iovlen = 1;
	for (size_t i = 0; i < run->msg_hdr.msg_iovlen; i++) {
		one.msg_iov = run->msg_hdr.msg_iov + i;
		count(&b->sends, 1);
		count(sendmsg(fd, &one, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? &b->refused :
									  &b->sent, 1);
	}
}

/*
 * Whatever a send fails with (buffers full, no route, a firewall) is about that
 * datagram: it is lost, as datagrams may be, and the others go on.
 */
static void refused(struct batch *b, int fd, const struct mmsghdr *m, int saved_errno)
{
	if (m->msg_hdr.msg_iovlen == 1) {
		count(&b->refused, 1);
		return;
	}
	switch (saved_errno) {
	case ENOPROTOOPT:
		b->no_segments = true;
		/* fall through */
	case EINVAL:		/* a segment is longer than the path takes */
	case EMSGSIZE:
	case EIO:		/* no checksum offload on that device */
		send_singly(b, fd, m);
		return;
	}
	count(&b->refused, m->msg_hdr.msg_iovlen);
}

static void send_messages(struct batch *b, int fd)
{
	struct mmsghdr *m = b->message, *end = m + b->messages;

	while (m < end) {
		int n = end - m == 1 ? (int)sendmsg(fd, &m->msg_hdr,
						    MSG_DONTWAIT | MSG_NOSIGNAL) :
				       sendmmsg(fd, m, (unsigned)(end - m),
						MSG_DONTWAIT | MSG_NOSIGNAL);

		count(&b->sends, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			refused(b, fd, m++, errno);
			continue;
		}
		if (end - m == 1)
			n = 1;		/* sendmsg() returns bytes, even none */
		for (; n > 0; n--, m++)
			count(&b->sent, m->msg_hdr.msg_iovlen);
	}
	b->messages = b->parts = 0;
}

/*
 * How many items from `i` on make one send: of the same length but for the last, which
 * may be shorter.
 */
static unsigned run_length(const struct batch *b, uint16_t i)
{
	uint16_t len = b->item[i].len;
	size_t bytes = len;
	unsigned n = 1;

	if (b->no_segments || !len)
		return 1;
	while ((i = b->item[i].next) != NONE && n < RUN_MAX) {
		bytes += b->item[i].len;
		if (b->item[i].len > len || !b->item[i].len || bytes > RUN_BYTES)
			break;
		n++;
		if (b->item[i].len < len)
			break;
	}
	return n >= RUN_MIN ? n : 1;
}

/* One message of `n` items of `f`; returns the item behind them. */
static uint16_t put_message(struct batch *b, struct flow *f, uint16_t i, unsigned n)
{
	struct msghdr *h = &b->message[b->messages].msg_hdr;
	uint16_t len = b->item[i].len;

	*h = (struct msghdr){
		.msg_name = &b->name[b->messages],
		.msg_namelen = turn_addr_sockaddr(&b->name[b->messages], &f->to),
		.msg_iov = &b->part[b->parts],
		.msg_iovlen = n,
		.msg_control = b->control[b->messages],
	};
	put_from(h, &f->from);
	if (n > 1)
		put_control(h, SOL_UDP, UDP_SEGMENT, &len, sizeof(len));
	if (!h->msg_controllen)
		h->msg_control = NULL;
	for (; n; n--, i = b->item[i].next)
		b->part[b->parts++] = (struct iovec){(void *)b->item[i].p, b->item[i].len};
	b->messages++;
	return i;
}

static void flush_socket(struct batch *b, int fd, uint16_t first_flow)
{
	for (uint16_t i = first_flow; i != NONE; i = b->flow[i].socket_next) {
		struct flow *f = &b->flow[i];

		for (uint16_t j = f->first; j != NONE; ) {
			unsigned n = run_length(b, j);

			if (b->messages == MESSAGES)
				send_messages(b, fd);
			j = put_message(b, f, j, n);
		}
	}
	send_messages(b, fd);
}

void batch_flush(struct batch *b)
{
	for (unsigned g = 0; g < b->groups; g++) {
		flush_socket(b, b->group[g].fd, b->group[g].first);
		b->group_bucket[fd_bucket(b->group[g].fd)] = NONE;
	}
	for (unsigned i = 0; i < b->flows; i++)
		b->flow_bucket[hash_of(b->flow[i].fd, &b->flow[i].to)] = NONE;
	b->items = b->flows = b->groups = 0;
	b->copied = 0;
}
