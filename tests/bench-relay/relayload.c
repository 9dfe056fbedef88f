/*
 * Load for a TURN server over UDP, from one core: many clients, each with an allocation
 * and a socket of its own, and one peer that sends everything back.
 *
 *	relayload what=flood|pace|hold how=channel|send|hairpin|bare|direct
 *		  port=N pid=N secret=TEXT flows=N size=N window=N pps=N ms=N
 *
 * flood: each flow keeps `window` packets in the air.
 * pace:  each flow sends `pps` packets a second; delays are measured.
 * hold:  allocates `flows` times and keeps them: what one costs.
 *
 * hairpin: each flow is two clients, who meet through both their relayed addresses.
 * bare:    the server is bareforward, which is asked for a socket without ceremony.
 * direct:  no server; what the loopback and this program take by themselves.
 *
 * Prints one JSON object. A "packet" is one that a client or the peer has got; `sent`,
 * `all` and `lost` are of the whole run, the rest of its measured part.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define FLOWS_MAX 8192
#define BATCH 64
#define PACKET_MAX 2048
#define DELAYS_MAX (4 << 20)
#define CHANNEL 0x4000
#define COOKIE 0x2112a442u
#define PEER_HOST "127.0.0.2"
#define STALL_NS 200000000u	/* what has not come back by then is not waited for */

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum how { CHANNELS, SEND, HAIRPIN, BARE, DIRECT };

static const char *const how_names[] = {"channel", "send", "hairpin", "bare", "direct"};

/* A client: its socket is connected to the server. */
struct client {
	int fd;
	uint8_t asked[4];		/* of the transaction id */
	char realm[128], nonce[128], username[64];
	uint8_t key[16];
	struct sockaddr_in relayed;
	struct sockaddr_in peer;	/* whom it talks to */
	uint32_t flow;
	unsigned in_air;
	uint32_t seq;
	uint64_t heard_ns, due_ns;
};

/* At the head of each payload. */
struct stamp {
	uint32_t flow, seq;
	uint64_t at_ns;
};

static struct {
	const char *what, *secret;
	enum how how;
	unsigned port, flows, size, window, pps, ms;
	pid_t pid;
} opt = {.what = "flood", .secret = "", .flows = 1, .size = 160, .window = 1, .pps = 50,
	 .ms = 1000};

static struct client *clients;
static size_t client_count;
static int peer_fd = -1, poll_fd = -1;
static uint32_t *delays;
static size_t delay_count;
static uint64_t sent, got_up, got_down;
static uint8_t payload[PACKET_MAX];

static void die(const char *what)
{
	fprintf(stderr, "relayload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The processor time of the server, all its threads. */
static uint64_t server_cpu_ns(void)
{
	struct timespec ts;
	clockid_t clock;

	if (!opt.pid || clock_getcpuclockid(opt.pid, &clock) != 0 ||
	    clock_gettime(clock, &ts) != 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static long server_rss_kb(void)
{
	char path[64], line[128];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)opt.pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmRSS: %ld", &kb);
	if (f)
		fclose(f);
	return kb;
}

/* --- STUN, as much as a client needs ------------------------------------------- */

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static size_t begin(uint8_t *m, unsigned type)
{
	static uint32_t count;

	put16(m, type);
	put32(m + 4, COOKIE);
	memset(m + 8, 0x5a, 12);
	put32(m + 8, ++count);
	return 20;
}

static size_t attr(uint8_t *m, size_t at, unsigned type, const void *value, size_t len)
{
	put16(m + at, type);
	put16(m + at + 2, (unsigned)len);
	memcpy(m + at + 4, value, len);
	memset(m + at + 4 + len, 0, -len & 3);
	at += 4 + len + (-len & 3);
	put16(m + 2, (unsigned)(at - 20));
	return at;
}

static size_t attr_peer(uint8_t *m, size_t at, const struct sockaddr_in *peer)
{
	uint8_t value[8] = {0, 1};

	put16(value + 2, ntohs(peer->sin_port) ^ (COOKIE >> 16));
	put32(value + 4, ntohl(peer->sin_addr.s_addr) ^ COOKIE);
	return attr(m, at, 0x0012, value, sizeof(value));
}

static size_t sign(const struct client *c, uint8_t *m, size_t at)
{
	uint8_t mac[20] = {0};

	at = attr(m, at, 0x0006, c->username, strlen(c->username));
	at = attr(m, at, 0x0014, c->realm, strlen(c->realm));
	at = attr(m, at, 0x0015, c->nonce, strlen(c->nonce));
	put16(m + 2, (unsigned)(at + 24 - 20));
	HMAC(EVP_sha1(), c->key, sizeof(c->key), m, at, mac, NULL);
	return attr(m, at, 0x0008, mac, sizeof(mac));
}

static const uint8_t *find(const uint8_t *m, size_t len, unsigned type, size_t *size)
{
	for (size_t at = 20; at + 4 <= len; at += 4 + ((get16(m + at + 2) + 3u) & ~3u)) {
		*size = get16(m + at + 2);
		if (get16(m + at) == type && at + 4 + *size <= len)
			return m + at + 4;
	}
	return NULL;
}

static void copy_text(char *to, size_t cap, const uint8_t *from, size_t len)
{
	if (!from || len >= cap) {
		errno = EPROTO;
		die("realm or nonce");
	}
	memcpy(to, from, len);
	to[len] = '\0';
}

/* --- Setting up ------------------------------------------------------------------- */

typedef size_t build_fn(struct client *c, uint8_t *m);
typedef void answer_fn(struct client *c, const uint8_t *m, size_t len);

static size_t build_bare_allocate(struct client *c, uint8_t *m)
{
	uint8_t udp[4] = {17, 0, 0, 0};

	(void)c;
	return attr(m, begin(m, 0x0003), 0x0019, udp, sizeof(udp));
}

static void answer_challenge(struct client *c, const uint8_t *m, size_t len)
{
	char password[64], text[512];
	unsigned char mac[20];
	const uint8_t *value;
	size_t size = 0;

	value = find(m, len, 0x0014, &size);
	copy_text(c->realm, sizeof(c->realm), value, size);
	value = find(m, len, 0x0015, &size);
	copy_text(c->nonce, sizeof(c->nonce), value, size);
	HMAC(EVP_sha1(), opt.secret, (int)strlen(opt.secret),
	     (unsigned char *)c->username, strlen(c->username), mac, NULL);
	EVP_EncodeBlock((unsigned char *)password, mac, sizeof(mac));
	snprintf(text, sizeof(text), "%s:%s:%s", c->username, c->realm, password);
	EVP_Digest(text, strlen(text), c->key, NULL, EVP_md5(), NULL);
}

static size_t build_allocate(struct client *c, uint8_t *m)
{
	return sign(c, m, build_bare_allocate(c, m));
}

static void answer_allocate(struct client *c, const uint8_t *m, size_t len)
{
	size_t size = 0;
	const uint8_t *value = find(m, len, 0x0016, &size);

	if (get16(m) != 0x0103 || !value || size != 8) {
		errno = EPROTO;
		die("Allocate was refused");
	}
	c->relayed.sin_family = AF_INET;
	c->relayed.sin_port = htons((uint16_t)(get16(value + 2) ^ (COOKIE >> 16)));
	c->relayed.sin_addr.s_addr = htonl(get32(value + 4) ^ COOKIE);
}

static size_t build_bind(struct client *c, uint8_t *m)
{
	uint8_t number[4] = {CHANNEL >> 8, CHANNEL & 0xff, 0, 0};
	size_t at = attr(m, begin(m, 0x0009), 0x000c, number, sizeof(number));

	return sign(c, m, attr_peer(m, at, &c->peer));
}

static size_t build_permit(struct client *c, uint8_t *m)
{
	return sign(c, m, attr_peer(m, begin(m, 0x0008), &c->peer));
}

static size_t build_delete(struct client *c, uint8_t *m)
{
	uint8_t zero[4] = {0};

	return sign(c, m, attr(m, begin(m, 0x0004), 0x000d, zero, sizeof(zero)));
}

static void answer_success(struct client *c, const uint8_t *m, size_t len)
{
	(void)c;
	(void)len;
	if ((get16(m) & 0x0110) != 0x0100) {
		errno = EPROTO;
		die("a request was refused");
	}
}

/* bareforward: 'S', then the peer; it answers with the port of its socket. */
static size_t build_bare(struct client *c, uint8_t *m)
{
	m[0] = 'S';
	memcpy(m + 1, &c->peer.sin_addr, 4);
	memcpy(m + 5, &c->peer.sin_port, 2);
	return 7;
}

static void answer_bare(struct client *c, const uint8_t *m, size_t len)
{
	(void)c;
	if (len != 3 || m[0] != 'S')
		die("bareforward");
}

static void ask(struct client *c, build_fn *build)
{
	uint8_t m[PACKET_MAX];
	size_t len = build(c, m);

	memcpy(c->asked, m + 8, sizeof(c->asked));
	send(c->fd, m, len, 0);
}

/* Whether it answers what was asked last; bareforward numbers nothing. */
static bool is_answer(const struct client *c, const uint8_t *m, ssize_t len)
{
	return len == 3 || (len >= 20 && memcmp(m + 8, c->asked, sizeof(c->asked)) == 0);
}

/* One request of each client, a few in the air at once, asked again when unanswered. */
static void exchange(build_fn *build, answer_fn *answer)
{
	uint8_t m[PACKET_MAX];

	for (size_t first = 0; first < client_count; first += 16) {
		size_t end = first + 16 < client_count ? first + 16 : client_count;

		for (size_t i = first; i < end; i++)
			ask(&clients[i], build);
		for (size_t i = first; i < end; i++) {
			struct pollfd p = {.fd = clients[i].fd, .events = POLLIN};
			ssize_t n = 0;

			for (int tries = 0; tries < 5 && !is_answer(&clients[i], m, n);) {
				if (poll(&p, 1, 500) == 1) {
					n = recv(p.fd, m, sizeof(m), 0);
					continue;
				}
				ask(&clients[i], build);
				tries++;
			}
			if (!is_answer(&clients[i], m, n))
				die("no answer");
			answer(&clients[i], m, (size_t)n);
		}
	}
}

static int udp_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int size = 4 << 20;

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return fd;
}

static void watch(int fd, uint64_t who)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = who};

	if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		die("epoll");
}

static struct sockaddr_in address(const char *host, unsigned port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	inet_pton(AF_INET, host, &sa.sin_addr);
	return sa;
}

static struct sockaddr_in open_peer(void)
{
	struct sockaddr_in sa = address(PEER_HOST, 0);
	socklen_t len = sizeof(sa);

	peer_fd = udp_socket();
	if (bind(peer_fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    getsockname(peer_fd, (struct sockaddr *)&sa, &len) != 0)
		die("the peer's address");
	watch(peer_fd, UINT64_MAX);
	return sa;
}

static void open_clients(const struct sockaddr_in *peer)
{
	struct sockaddr_in server = opt.how == DIRECT ? *peer
		: address("127.0.0.1", opt.port);
	size_t per_flow = opt.how == HAIRPIN ? 2 : 1;

	client_count = opt.flows * per_flow;
	clients = calloc(client_count, sizeof(*clients));
	for (size_t i = 0; i < client_count; i++) {
		struct client *c = &clients[i];

		c->fd = udp_socket();
		c->flow = (uint32_t)(i / per_flow);
		c->peer = *peer;
		snprintf(c->username, sizeof(c->username), "%lld:bench%zu",
			 (long long)time(NULL) + 3600, i);
		if (connect(c->fd, (struct sockaddr *)&server, sizeof(server)) != 0)
			die("connect");
	}
}

static void delete_all(void)
{
	if (opt.how != BARE && opt.how != DIRECT)
		exchange(build_delete, answer_success);
}

static void allocate_all(void)
{
	exchange(build_bare_allocate, answer_challenge);
	exchange(build_allocate, answer_allocate);
}

static void set_up(void)
{
	struct sockaddr_in peer = open_peer();

	open_clients(&peer);
	if (opt.how == BARE) {
		exchange(build_bare, answer_bare);
	} else if (opt.how != DIRECT) {
		allocate_all();
		for (size_t i = 0; opt.how == HAIRPIN && i < client_count; i++)
			clients[i].peer = clients[i ^ 1].relayed;
		if (opt.how == SEND)
			exchange(build_permit, answer_success);
		else
			exchange(build_bind, answer_success);
	}
	for (size_t i = 0; i < client_count; i++)
		watch(clients[i].fd, i);
}

/* --- Packets ------------------------------------------------------------------------ */

/* Writes one packet of a client: framed as `how` says. */
static size_t frame(struct client *c, uint8_t *out, uint64_t now)
{
	struct stamp stamp = {.flow = c->flow, .seq = c->seq++, .at_ns = now};
	size_t at = 0;

	if (opt.how == SEND) {
		at = attr_peer(out, begin(out, 0x0016), &c->peer);
		at = attr(out, at, 0x0013, payload, opt.size);
		memcpy(out + at - opt.size - (-opt.size & 3), &stamp, sizeof(stamp));
		return at;
	}
	if (opt.how != DIRECT) {
		put16(out, CHANNEL);
		put16(out + 2, opt.size);
		at = 4;
	}
	memcpy(out + at, payload, opt.size);
	memcpy(out + at, &stamp, sizeof(stamp));
	return at + opt.size;
}

/* The payload of what a client got; NULL: not one of ours. */
static uint8_t *unframe(uint8_t *m, size_t len)
{
	size_t size = 0;

	if (opt.how == DIRECT)
		return len == opt.size ? m : NULL;
	if (opt.how == SEND) {
		const uint8_t *data = len > 20 && get16(m) == 0x0017
			? find(m, len, 0x0013, &size) : NULL;

		return size == opt.size ? (uint8_t *)data : NULL;
	}
	return len >= 4 + opt.size && get16(m) == CHANNEL ? m + 4 : NULL;
}

/* `count` datagrams of `size` bytes each, one behind the other, in few calls. */
static size_t send_run(int fd, const struct sockaddr_in *to, uint8_t *bytes, size_t count,
		       size_t size)
{
	size_t done = 0;

	while (done < count) {
		size_t most = 60000 / size < BATCH ? 60000 / size : BATCH;
		size_t n = count - done < most ? count - done : most;
		struct iovec iov = {bytes + done * size, n * size};
		char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
		struct msghdr msg = {
			.msg_name = (void *)to, .msg_namelen = to ? sizeof(*to) : 0,
			.msg_iov = &iov, .msg_iovlen = 1,
		};

		if (n > 1) {
			struct cmsghdr *c;

			msg.msg_control = control;
			msg.msg_controllen = sizeof(control);
			c = CMSG_FIRSTHDR(&msg);
			c->cmsg_level = SOL_UDP;
			c->cmsg_type = UDP_SEGMENT;
			c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
			*(uint16_t *)(void *)CMSG_DATA(c) = (uint16_t)size;
		}
		if (sendmsg(fd, &msg, 0) < 0 && errno != EAGAIN && errno != ENOBUFS)
			die("send");
		done += n;
	}
	return count;
}

static void client_send(struct client *c, size_t count, uint64_t now)
{
	static uint8_t bytes[BATCH * PACKET_MAX];

	while (count) {
		size_t n = count < BATCH ? count : BATCH, size = 0;

		for (size_t i = 0; i < n; i++)
			size = frame(c, bytes + i * size, now);
		send_run(c->fd, NULL, bytes, n, size);
		c->in_air += (unsigned)n;
		sent += n;
		count -= n;
	}
}

static void note_delay(const uint8_t *data, uint64_t now)
{
	struct stamp stamp;

	memcpy(&stamp, data, sizeof(stamp));
	if (delays && delay_count < DELAYS_MAX && now > stamp.at_ns)
		delays[delay_count++] = (uint32_t)(now - stamp.at_ns);
}

static void restamp(uint8_t *data, uint64_t now)
{
	memcpy(data + offsetof(struct stamp, at_ns), &now, sizeof(now));
}

static struct mmsghdr msgs[BATCH];
static struct iovec iovs[BATCH];
static struct sockaddr_in froms[BATCH];
static uint8_t buffers[BATCH][PACKET_MAX];

static int receive(int fd)
{
	for (size_t i = 0; i < BATCH; i++) {
		iovs[i] = (struct iovec){buffers[i], PACKET_MAX};
		msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &froms[i], .msg_namelen = sizeof(froms[i]),
			.msg_iov = &iovs[i], .msg_iovlen = 1,
		};
	}
	return recvmmsg(fd, msgs, BATCH, MSG_DONTWAIT, NULL);
}

static bool same_address(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

/* The peer sends everything back, runs to one address together. */
static void peer_ready(void)
{
	static uint8_t run[BATCH * PACKET_MAX];
	int n = receive(peer_fd);
	uint64_t now = now_ns();

	for (int i = 0; i < n;) {
		struct sockaddr_in *from = &froms[i];
		size_t size = msgs[i].msg_len, count = 0;

		for (; i < n && msgs[i].msg_len == size && same_address(&froms[i], from);
		     i++) {
			if (size < sizeof(struct stamp))
				continue;
			note_delay(buffers[i], now);
			restamp(buffers[i], now);
			memcpy(run + count++ * size, buffers[i], size);
		}
		got_up += count;
		if (count)
			send_run(peer_fd, from, run, count, size);
	}
}

/* A client has got some: each that it had in the air lets another one go. */
static void client_ready(size_t index, bool again)
{
	struct client *c = &clients[index];
	bool answers = opt.how == HAIRPIN && (index & 1);
	int n = receive(c->fd);
	uint64_t now = now_ns();
	size_t count = 0;

	for (int i = 0; i < n; i++) {
		uint8_t *data = unframe(buffers[i], msgs[i].msg_len);

		if (data) {
			note_delay(data, now);
			count++;
		}
	}
	if (!count)
		return;
	c->heard_ns = now;
	if (answers) {
		got_up += count;
		client_send(c, count, now);
		sent -= count;		/* who answers is no source */
		return;
	}
	got_down += count;
	c->in_air -= count < c->in_air ? (unsigned)count : c->in_air;
	if (again)
		client_send(c, count, now);
}

static void serve(const struct timespec *wait, bool again)
{
	struct epoll_event evs[256];
	int n = epoll_pwait2(poll_fd, evs, 256, wait, NULL);

	for (int i = 0; i < n; i++) {
		if (evs[i].data.u64 == UINT64_MAX)
			peer_ready();
		else
			client_ready((size_t)evs[i].data.u64, again);
	}
}

static size_t client_step(void)
{
	return opt.how == HAIRPIN ? 2 : 1;
}

/* Flows that hear nothing more have lost what they had in the air, and go on. */
static void restart_stalled(uint64_t now)
{
	for (size_t i = 0; i < client_count; i += client_step()) {
		struct client *c = &clients[i];

		if (now - c->heard_ns < STALL_NS)
			continue;
		c->in_air = 0;
		c->heard_ns = now;
		client_send(c, opt.window, now);
	}
}

static void flood(uint64_t end)
{
	struct timespec wait = {.tv_nsec = 20000000};
	uint64_t now = now_ns(), look = now + STALL_NS;

	while (now < end) {
		serve(&wait, true);
		now = now_ns();
		if (now >= look) {
			restart_stalled(now);
			look = now + STALL_NS;
		}
	}
}

static void pace(uint64_t end)
{
	uint64_t step = 1000000000u / opt.pps, now = now_ns();

	for (; now < end; now = now_ns()) {
		uint64_t next = end;
		struct timespec wait;

		for (size_t i = 0; i < client_count; i += client_step()) {
			struct client *c = &clients[i];

			if (c->due_ns <= now) {
				client_send(c, 1, now);
				c->due_ns += step;
			}
			if (c->due_ns < next)
				next = c->due_ns;
		}
		now = now_ns();
		wait = (struct timespec){.tv_nsec = next > now ? (long)(next - now) : 0};
		if (wait.tv_nsec >= 1000000000)
			wait.tv_nsec = 999999999;
		serve(&wait, false);
	}
}

/* What is on its way still comes. */
static void drain(void)
{
	struct timespec wait = {.tv_nsec = 50000000};
	uint64_t before;

	do {
		before = got_up + got_down;
		serve(&wait, false);
	} while (got_up + got_down != before);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile(double p)
{
	return delay_count ? delays[(size_t)((double)(delay_count - 1) * p)] / 1000.0 : 0;
}

static void run(bool paced, uint64_t ns)
{
	uint64_t start = now_ns();

	for (size_t i = 0; i < client_count; i++)
		clients[i].due_ns = start + 1000000000u / opt.pps * i / client_count;
	if (paced)
		pace(start + ns);
	else
		flood(start + ns);
}

static void measure_packets(bool paced)
{
	uint64_t start, cpu, packets;

	set_up();
	start = now_ns();
	for (size_t i = 0; i < client_count; i += client_step()) {
		clients[i].heard_ns = start;
		if (!paced)
			client_send(&clients[i], opt.window, start);
	}
	run(paced, opt.ms * 200000ull);		/* only warms up */
	if (paced)
		delays = malloc(DELAYS_MAX * sizeof(*delays));
	packets = got_up + got_down;
	cpu = server_cpu_ns();
	start = now_ns();
	run(paced, opt.ms * 1000000ull);
	cpu = server_cpu_ns() - cpu;
	start = now_ns() - start;
	packets = got_up + got_down - packets;
	drain();
	qsort(delays, delay_count, sizeof(*delays), by_value);
	printf("{\"packets\":%llu,\"seconds\":%.4f,\"cpu_us\":%.4f,\"pps\":%.0f,"
	       "\"busy\":%.3f,\"sent\":%llu,\"all\":%llu,\"lost\":%lld,"
	       "\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
	       (unsigned long long)packets, (double)start / 1e9,
	       packets ? (double)cpu / 1000 / (double)packets : 0,
	       (double)packets * 1e9 / (double)start, (double)cpu / (double)start,
	       (unsigned long long)sent, (unsigned long long)(got_up + got_down),
	       (long long)(sent - got_down), percentile(0.5),
	       percentile(0.99));
	delete_all();
}

/* What one allocation costs, in processor time and in memory. */
static void measure_hold(void)
{
	struct sockaddr_in peer = open_peer();
	uint64_t cpu, start;
	long rss;
	double seconds;

	open_clients(&peer);
	rss = server_rss_kb();
	cpu = server_cpu_ns();
	start = now_ns();
	allocate_all();
	seconds = (double)(now_ns() - start) / 1e9;
	cpu = server_cpu_ns() - cpu;
	rss = server_rss_kb() - rss;
	delete_all();
	printf("{\"count\":%zu,\"cpu_us\":%.2f,\"rss_bytes\":%.0f,\"per_second\":%.0f}\n",
	       client_count, (double)cpu / 1000 / (double)client_count,
	       (double)rss * 1024 / (double)client_count,
	       (double)client_count / seconds);
}

static void read_option(char *word)
{
	char *value = strchr(word, '=');
	struct {
		const char *name;
		unsigned *to;
	} numbers[] = {
		{"port", &opt.port}, {"flows", &opt.flows}, {"size", &opt.size},
		{"window", &opt.window}, {"pps", &opt.pps}, {"ms", &opt.ms},
	};

	if (!value) {
		errno = EINVAL;
		die(word);
	}
	*value++ = '\0';
	if (strcmp(word, "what") == 0)
		opt.what = value;
	else if (strcmp(word, "secret") == 0)
		opt.secret = value;
	else if (strcmp(word, "pid") == 0)
		opt.pid = atoi(value);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (strcmp(word, numbers[i].name) == 0)
			*numbers[i].to = (unsigned)atoi(value);
	}
	for (size_t i = 0; i < sizeof(how_names) / sizeof(*how_names); i++) {
		if (strcmp(word, "how") == 0 && strcmp(value, how_names[i]) == 0)
			opt.how = (enum how)i;
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		read_option(argv[i]);
	errno = EINVAL;
	if (opt.flows < 1 || opt.flows > FLOWS_MAX || opt.size < sizeof(struct stamp) ||
	    opt.size > 1400 || !opt.pps)
		die("flows, size or pps");
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (strcmp(opt.what, "flood") == 0)
		measure_packets(false);
	else if (strcmp(opt.what, "pace") == 0)
		measure_packets(true);
	else if (strcmp(opt.what, "hold") == 0)
		measure_hold();
	else
		die(opt.what);
	return 0;
}
