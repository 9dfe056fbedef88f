#include "net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/addr.h"

#define ACCEPTS_A_TURN 64
#define PAUSE_MS 100
#define WARN_EVERY_MS 60000
#define FIRST_BYTES_MAX 256

/* ---- who is connected ---- */

struct tally {
	size_t count;
};

struct listener_gauge {
	struct listener_caps caps;
	size_t count;
	uint64_t over_total, over_address;	/* refused and not told yet */
	struct loop *loop;		/* of `quiet` */
	struct loop_timer quiet;	/* runs while nothing is told */
	struct map *tallies;	/* addr_key() -> struct tally */
};

/* Somebody waits in vain, and only the operator can help. Once a minute is enough. */
static void tell_refused(struct listener_gauge *g)
{
	if (!g->over_total && !g->over_address)
		return;
	log_warn("listener refused connections-per-address=%llu in-all=%llu",
		 (unsigned long long)g->over_address,
		 (unsigned long long)g->over_total);
	g->over_total = g->over_address = 0;
	loop_timer_set(g->loop, &g->quiet, loop_now_ms(g->loop) + WARN_EVERY_MS);
}

static void on_quiet_over(struct loop_timer *t)
{
	tell_refused(CONTAINER_OF(t, struct listener_gauge, quiet));
}

struct listener_gauge *listener_gauge_new(const struct listener_caps *caps)
{
	struct listener_gauge *g = mem_new(sizeof(*g));

	g->caps = *caps;
	g->tallies = map_new();
	loop_timer_init(&g->quiet, on_quiet_over);
	return g;
}

void listener_gauge_free(struct listener_gauge *g)
{
	if (!g)
		return;
	map_free(g->tallies);
	free(g);
}

size_t listener_gauge_count(const struct listener_gauge *g)
{
	return g->count;
}

/* A proxy brings everybody from one address. */
static bool is_counted(const struct listener_gauge *g, const struct sockaddr *peer)
{
	struct turn_addr a;
	size_t i;

	if (addr_is_loopback(peer) || !turn_addr_of(&a, peer))
		return false;
	for (i = 0; i < g->caps.free_count; i++) {
		if (cidr_holds(&g->caps.free[i], &a))
			return false;
	}
	return true;
}

/* Returns where a refusal counts, or NULL for a place. */
static uint64_t *gauge_enter(struct listener_gauge *g, const struct sockaddr *peer)
{
	uint8_t key[ADDR_KEY_SIZE];
	size_t len = addr_key(key, peer);
	struct tally *t;

	if (g->count >= g->caps.connections)
		return &g->over_total;
	if (is_counted(g, peer)) {
		t = map_get(g->tallies, key, len);
		if (t && g->caps.per_address && t->count >= g->caps.per_address)
			return &g->over_address;
		if (!t) {
			t = mem_new(sizeof(*t));
			map_put(g->tallies, key, len, t);
		}
		t->count++;
	}
	g->count++;
	return NULL;
}

static void gauge_leave(void *arg, const struct sockaddr *peer)
{
	struct listener_gauge *g = arg;
	uint8_t key[ADDR_KEY_SIZE];
	size_t len = addr_key(key, peer);
	struct tally *t;

	g->count--;
	if (!is_counted(g, peer))
		return;
	t = map_get(g->tallies, key, len);
	if (!--t->count)
		free(map_take(g->tallies, key, len));
}

/* ---- from accept to the first byte ---- */

struct listener {
	struct loop *loop;
	struct listener_plan plan;
	struct listener_gauge *gauge;
	struct event *ev;
	struct loop_timer pause;
	uint64_t warned_ms;
	struct list newcomers;
	int fd;
};

struct newcomer {
	struct list link;
	struct listener *ln;
	struct stream *stream;
};

static void newcomer_free(struct newcomer *n)
{
	list_unlink(&n->link);
	free(n);
}

static size_t newcomer_on_read(void *arg, const char *data, size_t len)
{
	struct newcomer *n = arg;
	const struct listener_plan *plan = &n->ln->plan;
	listener_stream_fn *taker = NULL;
	struct stream *s = n->stream;
	unsigned char first = (unsigned char)data[0];

	(void)len;
	/* Not the table of RFC 7983: there '@' to 'O' would be ChannelData, which no
	 * stream can begin with, for Allocate comes first. */
	if (first <= 3)
		taker = plan->on_stun;
	else if ((first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z'))
		taker = plan->on_http;
	newcomer_free(n);
	if (taker)
		taker(plan->arg, s);
	else
		stream_free(s);
	return 0;
}

static void newcomer_on_closed(void *arg, int err)
{
	(void)err;
	newcomer_free(arg);
}

static const struct stream_events newcomer_events = {
	.on_read = newcomer_on_read,
	.on_closed = newcomer_on_closed,
};

static void welcome(struct listener *ln, int fd, const struct sockaddr *peer)
{
	struct listener_gauge *g = ln->gauge;
	uint64_t *refused = gauge_enter(g, peer);
	struct newcomer *n;

	if (refused) {
		close(fd);
		++*refused;
		g->loop = ln->loop;
		if (!g->quiet.due_ms)
			tell_refused(g);
		return;
	}
	n = mem_new(sizeof(*n));
	n->ln = ln;
	list_init(&n->link);
	list_append(&ln->newcomers, &n->link);
	n->stream = stream_new(ln->loop, fd, peer, ln->plan.tls, &newcomer_events, n,
			       FIRST_BYTES_MAX);
	stream_on_gone(n->stream, gauge_leave, g);
	stream_deadline(n->stream, loop_now_ms(ln->loop) + ln->plan.first_byte_ms);
}

/* Without file descriptors accept() fails at once, again and again: so we wait. */
static void pause_for_lack(struct listener *ln, int saved_errno)
{
	uint64_t now = loop_now_ms(ln->loop);

	event_del(ln->ev);
	loop_timer_set(ln->loop, &ln->pause, now + PAUSE_MS);
	if (ln->warned_ms && now - ln->warned_ms < WARN_EVERY_MS)
		return;
	ln->warned_ms = now;
	log_warn("listener paused port=%u reason=\"%s\"", listener_port(ln),
		 strerror(saved_errno));
}

static void on_pause_over(struct loop_timer *t)
{
	struct listener *ln = CONTAINER_OF(t, struct listener, pause);

	event_add(ln->ev, NULL);
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct listener *ln = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int conn = accept4((int)fd, (struct sockaddr *)&peer, &len,
				   SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn >= 0) {
			welcome(ln, conn, (struct sockaddr *)&peer);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			pause_for_lack(ln, errno);
			return;
		}
		/* the others are about that connection alone (accept(2)) */
	}
}

/* ---- listening ---- */

static int bind_error(int saved_errno, const struct sockaddr *sa, struct buf *why)
{
	char where[ADDR_TEXT_SIZE];

	addr_text_port(where, sa);
	switch (saved_errno) {
	case EADDRINUSE:
		buf_printf(why, "%s is in use by another program", where);
		return ERR_CONFLICT;
	case EACCES:
		buf_printf(why, "%s: ports below 1024 need CAP_NET_BIND_SERVICE", where);
		return ERR_FORBIDDEN;
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		buf_printf(why, "%s is no address of this machine", where);
		return ERR_NOT_FOUND;
	}
	buf_printf(why, "%s: %s", where, strerror(saved_errno));
	return ERR_IO;
}

int listener_new(struct listener **out, struct loop *l, struct listener_gauge *gauge,
		 const struct listener_plan *plan, const struct sockaddr *sa,
		 socklen_t sa_len, struct buf *why)
{
	const int on = 1;
	struct listener *ln;
	int err, fd;

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return bind_error(errno, sa, why);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (sa->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, sa, sa_len) < 0 || listen(fd, SOMAXCONN) < 0) {
		err = bind_error(errno, sa, why);
		close(fd);
		return err;
	}
	ln = mem_new(sizeof(*ln));
	ln->loop = l;
	ln->plan = *plan;
	ln->gauge = gauge;
	ln->fd = fd;
	list_init(&ln->newcomers);
	loop_timer_init(&ln->pause, on_pause_over);
	ln->ev = event_new(loop_base(l), fd, EV_READ | EV_PERSIST, on_connection, ln);
	event_add(ln->ev, NULL);
	*out = ln;
	return 0;
}

void listener_free(struct listener *ln)
{
	if (!ln)
		return;
	while (!list_empty(&ln->newcomers)) {
		struct newcomer *n = CONTAINER_OF(ln->newcomers.next, struct newcomer, link);

		stream_free(n->stream);
		newcomer_free(n);
	}
	loop_timer_stop(ln->loop, &ln->pause);
	event_free(ln->ev);
	close(ln->fd);
	free(ln);
}

uint16_t listener_port(const struct listener *ln)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(ln->fd, (struct sockaddr *)&sa, &len) < 0)
		return 0;
	/* both families have the port in the same place */
	return ntohs(((struct sockaddr_in *)&sa)->sin_port);
}
