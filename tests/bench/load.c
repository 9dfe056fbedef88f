/*
 * The load: many clients in one thread, with frames made beforehand, so that the server
 * is what is measured. Speaks to Paravent and to the socket.io server of seed.mjs.
 *
 *   load PROTO PORT PID relay MEETINGS IN_FLIGHT SECONDS
 *   load PROTO PORT PID join COUNT
 *   load PROTO PORT PID get|post SECONDS
 *
 * PROTO: paravent or socketio; PID: the server, whose processor time is read.
 * Prints one line of JSON: operations, seconds, server and load microseconds each.
 */
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

#define SIGNAL_SIZE 2048	/* of `data` */
#define PARALLEL 16		/* joins and HTTP requests under way at once */
#define WARM_SECONDS 0.5
#define PATIENCE_MS 10000
#define ID_SIZE 64

enum state { GREETING, JOINING, INSIDE };

struct conn {
	int fd;
	enum state state;
	const char *meeting;
	char id[ID_SIZE];
	uint8_t *signal;	/* the frame it sends, ready to go */
	size_t signal_len;
	uint8_t *kept;		/* the beginning of what is not whole yet */
	size_t kept_len;
};

static bool socketio;
static uint16_t port;
static pid_t pid;
static int poller;
static uint64_t done;		/* operations */
static uint8_t scratch[512 * 1024];

static void die(const char *what)
{
	fprintf(stderr, "load: %s (%s)\n", what, strerror(errno));
	exit(1);
}

static void *mem(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		die("no memory");
	return p;
}

/* --- Time ------------------------------------------------------------------------ */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double own_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/*
 * Microseconds that all threads of the server have run, user and system: the first
 * number of /proc/PID/task/N/schedstat, which is what utime and stime of stat are
 * rounded from.
 */
static double server_us(void)
{
	char path[96];
	unsigned long long ns, sum = 0;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		die(path);
	while ((e = readdir(dir))) {
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/schedstat", (int)pid,
			 e->d_name);
		f = fopen(path, "r");
		if (f && fscanf(f, "%llu", &ns) == 1)
			sum += ns;
		if (f)
			fclose(f);
	}
	closedir(dir);
	return (double)sum / 1e3;
}

struct measure {
	double at, server, own;
	uint64_t done;
};

static struct measure measure(void)
{
	return (struct measure){now(), server_us(), own_us(), done};
}

static void report(struct measure from)
{
	struct measure to = measure();
	double n = (double)(to.done - from.done);

	printf("{\"ops\":%.0f,\"seconds\":%.3f,\"serverUs\":%.2f,\"loadUs\":%.2f}\n", n,
	       to.at - from.at, (to.server - from.server) / n, (to.own - from.own) / n);
}

/* --- Bytes ------------------------------------------------------------------------ */

static void send_all(int fd, const void *p, size_t len)
{
	const char *at = p;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd pfd = {fd, POLLOUT, 0};

			if (poll(&pfd, 1, PATIENCE_MS) != 1)
				die("the server takes nothing");
			continue;
		}
		if (n < 0)
			die("send");
		at += n;
		len -= (size_t)n;
	}
}

static int dial(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* A masked text frame, with a key that suffices here; returns its length. */
static size_t frame(uint8_t *out, const char *text, size_t len)
{
	static const uint8_t key[4] = {0x5a, 0xc3, 0x17, 0x88};
	size_t i, head = len < 126 ? 2 : 4;

	out[0] = 0x81;
	if (len < 126) {
		out[1] = (uint8_t)(0x80 | len);
	} else {
		out[1] = 0x80 | 126;
		out[2] = (uint8_t)(len >> 8);
		out[3] = (uint8_t)len;
	}
	memcpy(out + head, key, 4);
	for (i = 0; i < len; i++)
		out[head + 4 + i] = (uint8_t)text[i] ^ key[i % 4];
	return head + 4 + len;
}

static void say(struct conn *c, const char *text)
{
	uint8_t out[512];

	send_all(c->fd, out, frame(out, text, strlen(text)));
}

static bool begins(const char *text, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(text, with, n) == 0;
}

/* --- HTTP -------------------------------------------------------------------------- */

/* The length of the answer at p with its body, or 0 while it is not whole. */
static size_t answer_len(const char *p, size_t len)
{
	const char *end = memmem(p, len, "\r\n\r\n", 4);
	const char *at;
	size_t head, body = 0;

	if (!end)
		return 0;
	head = (size_t)(end - p) + 4;
	for (at = p; at < end; at++) {
		if (*at == '\n' && strncasecmp(at + 1, "content-length:", 15) == 0)
			body = strtoul(at + 16, NULL, 10);
	}
	return len >= head + body ? head + body : 0;
}

/* Copies the value of a member of some JSON, spelled "name":"value". */
static bool json_text(char *out, size_t cap, const char *p, size_t len, const char *name)
{
	char key[32];
	const char *at, *end;
	int n = snprintf(key, sizeof(key), "\"%s\":\"", name);

	at = memmem(p, len, key, (size_t)n);
	if (!at)
		return false;
	at += n;
	end = memchr(at, '"', len - (size_t)(at - p));
	if (!end || (size_t)(end - at) >= cap)
		return false;
	memcpy(out, at, (size_t)(end - at));
	out[end - at] = '\0';
	return true;
}

/* One request on a blocking connection; the answer stays in scratch. */
static size_t ask(int fd, const char *request)
{
	size_t have = 0;

	send_all(fd, request, strlen(request));
	for (;;) {
		ssize_t n = recv(fd, scratch + have, sizeof(scratch) - have, 0);

		if (n <= 0)
			die("no answer");
		have += (size_t)n;
		if (answer_len((char *)scratch, have))
			return have;
	}
}

static void post_request(char *out, size_t cap, const char *body)
{
	snprintf(out, cap, "POST /api/meetings HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s"
			   "Content-Length: %zu\r\n\r\n%s", port,
		 *body ? "Content-Type: application/json\r\n" : "", strlen(body), body);
}

/* Makes so many meetings into which guests come straight in. */
static char (*make_meetings(size_t count))[ID_SIZE]
{
	char (*ids)[ID_SIZE] = mem(count * sizeof(*ids));
	char request[256];
	int fd = dial();
	size_t i;

	post_request(request, sizeof(request), "{\"waitingRoom\":false}");
	for (i = 0; i < count; i++) {
		size_t n = ask(fd, request);

		if (!json_text(ids[i], ID_SIZE, (char *)scratch, n, "meetingId"))
			die("no meeting");
	}
	close(fd);
	return ids;
}

/* --- Signaling ---------------------------------------------------------------------- */

static void start(struct conn *c, const char *meeting)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	char request[512];
	char target[160];

	c->fd = dial();
	c->state = GREETING;
	c->meeting = meeting;
	if (socketio)
		strcpy(target, "/socket.io/?EIO=4&transport=websocket");
	else
		snprintf(target, sizeof(target), "/api/meetings/%s/socket", meeting);
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", target, port,
		 socketio ? "" : "Sec-WebSocket-Protocol: paravent.v1\r\n");
	send_all(c->fd, request, strlen(request));
	epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &ev);
}

static void greeted(struct conn *c)
{
	c->state = JOINING;
	if (!socketio)
		say(c, "{\"type\":\"join\",\"name\":\"Guest\"}");
}

static void enter(struct conn *c)
{
	c->state = INSIDE;
	done++;
}

static void hear_socketio(struct conn *c, const char *text, size_t len)
{
	char join[256];

	if (begins(text, len, "42[\"signal\"")) {
		done++;
		send_all(c->fd, c->signal, c->signal_len);
	} else if (begins(text, len, "2") && len == 1) {
		say(c, "3");
	} else if (begins(text, len, "0{")) {
		say(c, "40");
	} else if (begins(text, len, "40{")) {
		snprintf(join, sizeof(join), "420[\"join-room\",{\"meetingId\":\"%s\","
					     "\"userId\":\"user\"}]", c->meeting);
		say(c, join);
	} else if (begins(text, len, "430[{\"ok\"")) {
		enter(c);
	}
}

static void hear_paravent(struct conn *c, const char *text, size_t len)
{
	if (begins(text, len, "{\"type\":\"signal\"")) {
		done++;
		send_all(c->fd, c->signal, c->signal_len);
	} else if (begins(text, len, "{\"type\":\"welcome\"")) {
		if (!json_text(c->id, ID_SIZE, text, len, "id"))
			die("a welcome without id");
		enter(c);
	} else if (begins(text, len, "{\"type\":\"error\"")) {
		fprintf(stderr, "%.*s\n", (int)len, text);
		die("an error");
	}
}

/* Takes what is whole; returns how much that was. */
static size_t hear(struct conn *c, uint8_t *p, size_t len)
{
	size_t used = 0;

	if (c->state == GREETING) {
		uint8_t *end = memmem(p, len, "\r\n\r\n", 4);

		if (!end)
			return 0;
		if (!begins((char *)p, len, "HTTP/1.1 101 "))
			die("the handshake was refused");
		used = (size_t)(end + 4 - p);
		greeted(c);
	}
	while (len - used >= 2) {
		uint8_t *f = p + used;
		size_t head = 2, n = f[1];

		if (n == 126) {
			head = 4;
			if (len - used < 4)
				break;
			n = (size_t)(f[2] << 8 | f[3]);
		} else if (n == 127) {
			die("a frame too long for us");
		}
		if (len - used < head + n)
			break;
		if ((f[0] & 15) == 8)
			die("closed by the server");
		if ((f[0] & 15) == 1)
			(socketio ? hear_socketio : hear_paravent)(c, (char *)f + head, n);
		used += head + n;
	}
	return used;
}

static void readable(struct conn *c)
{
	size_t have = c->kept_len, used;
	ssize_t n;

	if (have)
		memcpy(scratch, c->kept, have);
	n = recv(c->fd, scratch + have, sizeof(scratch) - have, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("the connection ended");
	have += (size_t)n;
	used = hear(c, scratch, have);
	c->kept_len = have - used;
	if (c->kept_len) {
		c->kept = realloc(c->kept, c->kept_len);
		if (!c->kept)
			die("no memory");
		memcpy(c->kept, scratch + used, c->kept_len);
	}
}

static void turn(void)
{
	struct epoll_event ev[64];
	int i, n = epoll_wait(poller, ev, 64, PATIENCE_MS);

	if (n <= 0)
		die("the server has fallen silent");
	for (i = 0; i < n; i++)
		readable(ev[i].data.ptr);
}

/* Two into each meeting, so many at once under way. */
static struct conn *join_all(char (*ids)[ID_SIZE], size_t count)
{
	struct conn *conns = mem(count * sizeof(*conns));
	uint64_t first = done;
	size_t started = 0;

	while (done - first < count) {
		while (started < count && started - (done - first) < PARALLEL) {
			start(&conns[started], ids[started / 2]);
			started++;
		}
		turn();
	}
	return conns;
}

/* A description as browsers send it, of SIGNAL_SIZE bytes of JSON. */
static void description(char out[SIGNAL_SIZE + 1])
{
	static const char head[] = "{\"description\":{\"type\":\"offer\",\"sdp\":\"";
	static const char line[] = "a=rtpmap:111 opus/48000/2\\r\\n";
	static const char tail[] = "\"},\"mac\":\"AAAAAAAAAAAAAAAAAAAAAA\"}";
	size_t at = sizeof(head) - 1, i = 0;

	memcpy(out, head, at);
	while (at < SIGNAL_SIZE - (sizeof(tail) - 1) - (sizeof(line) - 1)) {
		memcpy(out + at, line, sizeof(line) - 1);
		at += sizeof(line) - 1;
	}
	while (at < SIGNAL_SIZE - (sizeof(tail) - 1))
		out[at++] = (char)('a' + i++ % 26);
	memcpy(out + at, tail, sizeof(tail));
}

static void prepare(struct conn *c, const struct conn *to)
{
	char data[SIGNAL_SIZE + 1], text[SIGNAL_SIZE + 256];
	int n;

	description(data);
	if (socketio)
		n = snprintf(text, sizeof(text),
			     "42[\"signal\",{\"meetingId\":\"%s\",\"data\":%s}]", c->meeting,
			     data);
	else
		n = snprintf(text, sizeof(text),
			     "{\"type\":\"signal\",\"to\":\"%s\",\"data\":%s}", to->id, data);
	c->signal = mem((size_t)n + 16);
	c->signal_len = frame(c->signal, text, (size_t)n);
}

/* Balls that go to and fro: each signal that arrives sends one back. */
static void relay(size_t meetings, unsigned in_flight, double seconds)
{
	struct conn *conns = join_all(make_meetings(meetings), meetings * 2);
	struct measure from;
	double end;
	size_t i;

	for (i = 0; i < meetings * 2; i++)
		prepare(&conns[i], &conns[i ^ 1]);
	for (i = 0; i < meetings * in_flight; i++) {
		struct conn *c = &conns[i % meetings * 2 + (i / meetings & 1)];

		send_all(c->fd, c->signal, c->signal_len);
	}
	end = now() + WARM_SECONDS;
	while (now() < end)
		turn();
	from = measure();
	end = from.at + seconds;
	while (now() < end)
		turn();
	report(from);
}

static void join(size_t count)
{
	char (*ids)[ID_SIZE] = make_meetings(count / 2 + PARALLEL);
	struct measure from;

	join_all(ids + count / 2, PARALLEL * 2);	/* to warm up */
	from = measure();
	join_all(ids, count);
	report(from);
}

/* --- GET and POST -------------------------------------------------------------------- */

static void http(bool post, double seconds)
{
	struct conn conns[PARALLEL];
	char request[256];
	struct measure from = {.at = 0};
	double warm = now() + WARM_SECONDS, end = warm + seconds;
	size_t i;

	if (post)
		post_request(request, sizeof(request), "");
	else
		snprintf(request, sizeof(request), "GET /api/meetings/%s HTTP/1.1\r\n"
						   "Host: 127.0.0.1:%u\r\n\r\n",
			 make_meetings(1)[0], port);
	memset(conns, 0, sizeof(conns));
	for (i = 0; i < PARALLEL; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &conns[i]};

		conns[i].fd = dial();
		epoll_ctl(poller, EPOLL_CTL_ADD, conns[i].fd, &ev);
		send_all(conns[i].fd, request, strlen(request));
	}
	while (now() < end) {
		struct epoll_event ev[PARALLEL];
		int k, n = epoll_wait(poller, ev, PARALLEL, PATIENCE_MS);

		if (n <= 0)
			die("the server has fallen silent");
		if (!from.done && now() > warm)
			from = measure();
		for (k = 0; k < n; k++) {
			struct conn *c = ev[k].data.ptr;
			ssize_t got = recv(c->fd, scratch, sizeof(scratch), 0);

			/* answers are small: they come in one piece */
			if (got <= 0 || !answer_len((char *)scratch, (size_t)got))
				die("not a whole answer");
			if (!begins((char *)scratch, (size_t)got, "HTTP/1.1 20"))
				die("an answer that is not 200 or 201");
			done++;
			send_all(c->fd, request, strlen(request));
		}
	}
	report(from);
}

int main(int argc, char **argv)
{
	const char *what = argc > 4 ? argv[4] : "";

	if (argc < 6)
		die("called with too few words");
	socketio = strcmp(argv[1], "socketio") == 0;
	port = (uint16_t)atoi(argv[2]);
	pid = atoi(argv[3]);
	poller = epoll_create1(0);
	if (strcmp(what, "relay") == 0 && argc == 8)
		relay(strtoul(argv[5], NULL, 10), (unsigned)atoi(argv[6]), atof(argv[7]));
	else if (strcmp(what, "join") == 0)
		join(strtoul(argv[5], NULL, 10));
	else
		http(strcmp(what, "post") == 0, atof(argv[5]));
	return 0;
}
