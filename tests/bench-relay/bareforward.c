/*
 * The least that a relay for UDP can do: the sockets and the batching of the real one
 * and nothing of its rules. One socket for all clients, one for each allocation;
 * recvmmsg for twice what came before, UDP_SEGMENT for runs of one size to one address;
 * the four bytes of ChannelData off and on, in place.
 *
 *	bareforward PORT
 *
 * A client that sends 'S', an address and a port gets a socket of its own towards that
 * peer, and all its ChannelData goes there.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#define BATCH 64
#define SLOTS 512		/* datagrams of one turn */
#define ROOM 2048
#define FLOWS 16384
#define TABLE 65536
#define RUN_BYTES 60000
#define FETCH_MOST 32	/* of what one peer has sent */

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* What goes one way in this turn, as a list of slots in their order. */
struct queue {
	uint16_t first, last, count;
};

struct flow {
	struct sockaddr_in client, peer;
	struct queue up, down;
	int fd;
	unsigned expect;	/* to be asked for at the next wake-up */
};

struct slot {
	uint8_t *data;
	size_t len;
	uint16_t next;
};

static struct flow flows[FLOWS];
static uint32_t flow_count, table[TABLE];	/* by client; 0: free, else index + 1 */
static int client_fd, poll_fd;

static uint8_t bytes[SLOTS][ROOM];
static struct slot slots[SLOTS];
static size_t slot_count;
static struct flow *touched[2 * SLOTS];
static size_t touched_count;

static struct sockaddr_in froms[BATCH];
static struct iovec iovs[BATCH];
static struct mmsghdr msgs[BATCH];

/* What is to be sent on one socket: an entry is a datagram or a run of them. */
static struct mmsghdr entries[SLOTS];
static struct iovec parts[SLOTS];
static char controls[SLOTS][CMSG_SPACE(sizeof(uint16_t))];
static size_t entry_count, part_count;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static bool same(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

static uint32_t *place_of(const struct sockaddr_in *client)
{
	uint64_t key = (uint64_t)client->sin_addr.s_addr << 16 | client->sin_port;
	uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 48);

	while (table[at] && !same(&flows[table[at] - 1].client, client))
		at = (at + 1) & (TABLE - 1);
	return &table[at];
}

static int open_socket(const char *host, uint16_t port, int buffer)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, host, &sa.sin_addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	return fd;
}

static void watch(int fd, uint32_t who)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = who};

	if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		die("epoll");
}

static void segment(struct msghdr *m, char *control, size_t len)
{
	struct cmsghdr *c;

	m->msg_control = control;
	m->msg_controllen = sizeof(controls[0]);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
	*(uint16_t *)(void *)CMSG_DATA(c) = (uint16_t)len;
}

/* How many from here on are of one size. */
static size_t run_length(const struct queue *q, uint16_t at, size_t len, size_t most)
{
	size_t n = 0;

	while (n < q->count && n < most && slots[at].len == len) {
		at = slots[at].next;
		n++;
	}
	return n;
}

/* Adds a queue's datagrams to the entries, runs of one size as one. */
static void gather(struct queue *q, const struct sockaddr_in *to)
{
	uint16_t at = q->first;

	while (q->count) {
		struct msghdr *m = &entries[entry_count].msg_hdr;
		size_t len = slots[at].len, most = len ? RUN_BYTES / len : 1, n = 0;

		*m = (struct msghdr){
			.msg_name = (void *)to, .msg_namelen = sizeof(*to),
			.msg_iov = &parts[part_count],
		};
		if (most > BATCH)
			most = BATCH;
		most = run_length(q, at, len, most);
		for (; n < most; n++, q->count--) {
			parts[part_count++] = (struct iovec){slots[at].data, len};
			at = slots[at].next;
		}
		m->msg_iovlen = n;
		if (n > 1)
			segment(m, controls[entry_count], len);
		entry_count++;
	}
}

static void send_entries(int fd)
{
	for (size_t done = 0; done < entry_count;) {
		int n = sendmmsg(fd, entries + done, (unsigned)(entry_count - done),
				 MSG_DONTWAIT);

		done += n > 0 ? (size_t)n : 1;
	}
	entry_count = part_count = 0;
}

/* The end of a turn: first to the peers, socket by socket, then to all clients. */
static void flush(void)
{
	for (size_t i = 0; i < touched_count; i++) {
		if (touched[i]->up.count) {
			gather(&touched[i]->up, &touched[i]->peer);
			send_entries(touched[i]->fd);
		}
	}
	for (size_t i = 0; i < touched_count; i++)
		gather(&touched[i]->down, &touched[i]->client);
	send_entries(client_fd);
	touched_count = slot_count = 0;
}

static void put(struct flow *f, struct queue *q, size_t slot, uint8_t *data, size_t len)
{
	slots[slot] = (struct slot){.data = data, .len = len};
	if (q->count++)
		slots[q->last].next = (uint16_t)slot;
	else
		q->first = (uint16_t)slot;
	q->last = (uint16_t)slot;
	if (q->count == 1)
		touched[touched_count++] = f;
}

static void set_up(const struct sockaddr_in *client, uint8_t *m)
{
	const int fragment = IP_PMTUDISC_DONT;
	uint32_t *place = place_of(client);
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	struct flow *f;

	if (!*place && flow_count < FLOWS) {
		f = &flows[flow_count++];
		*place = flow_count;
		f->client = *client;
		f->expect = 2;
		f->fd = open_socket("127.0.0.1", 0, 256 << 10);
		setsockopt(f->fd, IPPROTO_IP, IP_MTU_DISCOVER, &fragment,
			   sizeof(fragment));
		watch(f->fd, *place);
	}
	f = &flows[*place - 1];
	f->peer.sin_family = AF_INET;
	memcpy(&f->peer.sin_addr, m + 1, 4);
	memcpy(&f->peer.sin_port, m + 5, 2);
	getsockname(f->fd, (struct sockaddr *)&sa, &len);
	memcpy(m + 1, &sa.sin_port, 2);
	sendto(client_fd, m, 3, 0, (const struct sockaddr *)client, sizeof(*client));
}

/* So many slots, from slot_count on. */
static int receive(int fd, size_t count, size_t headroom)
{
	if (slot_count + count > SLOTS)
		flush();
	for (size_t i = 0; i < count; i++) {
		iovs[i] = (struct iovec){bytes[slot_count + i] + headroom,
					 ROOM - headroom};
		msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &froms[i], .msg_namelen = sizeof(froms[i]),
			.msg_iov = &iovs[i], .msg_iovlen = 1,
		};
	}
	return recvmmsg(fd, msgs, (unsigned)count, MSG_DONTWAIT, NULL);
}

static void from_clients(void)
{
	int n = BATCH;

	for (int budget = 4; budget && n == BATCH; budget--) {
		n = receive(client_fd, BATCH, 0);
		for (int i = 0; i < n; i++) {
			size_t slot = slot_count + (size_t)i, len = msgs[i].msg_len;
			uint8_t *m = bytes[slot];
			uint32_t who;

			if (len == 7 && m[0] == 'S') {
				set_up(&froms[i], m);
				continue;
			}
			who = *place_of(&froms[i]);
			if (who && len >= 4 && m[0] >> 6 == 1 &&
			    (size_t)(m[2] << 8 | m[3]) + 4 <= len)
				put(&flows[who - 1], &flows[who - 1].up, slot, m + 4,
				    (size_t)(m[2] << 8 | m[3]));
		}
		slot_count += n > 0 ? (size_t)n : 0;
	}
}

static void from_peer(struct flow *f)
{
	int n = receive(f->fd, f->expect, 4);

	if (n > 0)
		f->expect = n > FETCH_MOST / 2 ? FETCH_MOST : 2 * (unsigned)n;
	for (int i = 0; i < n; i++) {
		size_t slot = slot_count + (size_t)i, len = msgs[i].msg_len;
		uint8_t *m = bytes[slot];

		if (!same(&froms[i], &f->peer))
			continue;
		m[0] = 0x40;
		m[1] = 0;
		m[2] = (uint8_t)(len >> 8);
		m[3] = (uint8_t)len;
		put(f, &f->down, slot, m, len + 4);
	}
	slot_count += n > 0 ? (size_t)n : 0;
}

int main(int argc, char **argv)
{
	struct epoll_event evs[256];

	if (argc != 2)
		return 2;
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	client_fd = open_socket("127.0.0.1", (uint16_t)atoi(argv[1]), 4 << 20);
	watch(client_fd, 0);
	for (;;) {
		int n = epoll_wait(poll_fd, evs, 256, -1);

		for (int i = 0; i < n; i++) {
			if (evs[i].data.u32 == 0)
				from_clients();
			else
				from_peer(&flows[evs[i].data.u32 - 1]);
		}
		flush();
	}
}
