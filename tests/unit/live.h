/**
 * A server and its clients in one process, for tests of net: the clients' sockets never
 * block, and whoever waits for something lets the loop turn meanwhile.
 */
#ifndef PARAVENT_TESTS_LIVE_H
#define PARAVENT_TESTS_LIVE_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/listener.h"
#include "net/loop.h"

#define LIVE_PATIENCE_MS 10000

struct live {
	struct event_base *base;
	struct loop *loop;
	struct listener_gauge *gauge;
	struct listener *listener;
};

/* A client; ssl is NULL in plain. */
struct client {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
	struct buf got;
	bool eof;		/* the server closed; `reset`: not politely */
	bool reset;
};

static inline void live_init_capped(struct live *l, const struct listener_caps *caps)
{
	l->base = event_base_new();
	l->loop = loop_new(l->base);
	l->gauge = listener_gauge_new(caps);
	l->listener = NULL;
}

static inline void live_init(struct live *l)
{
	live_init_capped(l, &(struct listener_caps){.connections = 1000});
}

static inline void live_listen(struct live *l, const struct listener_plan *plan)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	struct buf why = BUF_INIT;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(listener_new(&l->listener, l->loop, l->gauge, plan,
				      (struct sockaddr *)&sa, sizeof(sa), &why), 0);
	buf_fini(&why);
}

static inline void live_fini(struct live *l)
{
	listener_free(l->listener);
	loop_free(l->loop);
	ck_assert_uint_eq(listener_gauge_count(l->gauge), 0);	/* accepted = closed */
	listener_gauge_free(l->gauge);
	event_base_free(l->base);
}

static inline void live_turn(struct live *l)
{
	event_base_loop(l->base, EVLOOP_NONBLOCK);
}

static inline void live_wait(struct live *l, unsigned ms)
{
	uint64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end) {
		live_turn(l);
		usleep(500);
	}
}

/* Turns until `cond`; fails the test when it takes too long. */
#define LIVE_UNTIL(l, cond)                                                   \
	do {                                                                  \
		uint64_t end_ = clock_mono_ms() + LIVE_PATIENCE_MS;           \
                                                                              \
		while (!(cond)) {                                             \
			ck_assert_msg(clock_mono_ms() < end_, "never: " #cond); \
			live_turn(l);                                         \
			usleep(200);                                          \
		}                                                             \
	} while (0)

static inline void client_connect(struct client *c, const struct live *l)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	const int on = 1;

	memset(c, 0, sizeof(*c));
	buf_init(&c->got);
	sa.sin_port = htons(listener_port(l->listener));
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(c->fd, 0);
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

/* Returns whether the handshake went well. */
static inline bool client_start_tls(struct client *c, struct live *l, SSL_CTX *ctx)
{
	uint64_t end = clock_mono_ms() + LIVE_PATIENCE_MS;
	int n;

	c->ssl = SSL_new(ctx);
	SSL_set_fd(c->ssl, c->fd);
	while ((n = SSL_connect(c->ssl)) != 1) {
		int e = SSL_get_error(c->ssl, n);

		if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
			return false;
		ck_assert_uint_lt(clock_mono_ms(), end);
		live_turn(l);
	}
	return true;
}

static inline void client_fini(struct client *c)
{
	SSL_free(c->ssl);
	if (c->fd >= 0)
		close(c->fd);
	c->ssl = NULL;
	c->fd = -1;
	buf_fini(&c->got);
}

/* Reads what is there. */
static inline void client_poll(struct client *c)
{
	char part[65536];
	ssize_t n;

	do {
		n = c->ssl ? SSL_read(c->ssl, part, sizeof(part))
			   : recv(c->fd, part, sizeof(part), 0);
		if (n > 0)
			buf_put(&c->got, part, (size_t)n);
	} while (n > 0);
	if (c->ssl) {
		int e = SSL_get_error(c->ssl, (int)n);

		c->eof |= e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE;
		c->reset |= c->eof && e != SSL_ERROR_ZERO_RETURN;
	} else {
		c->eof |= n == 0 || (n < 0 && errno != EAGAIN);
		c->reset |= n < 0 && errno != EAGAIN;
	}
}

/* Sends all, letting the server turn where it must. */
static inline void client_send(struct client *c, struct live *l, const void *p, size_t len)
{
	uint64_t end = clock_mono_ms() + LIVE_PATIENCE_MS;
	const char *next = p;

	while (len) {
		ssize_t n = c->ssl ? SSL_write(c->ssl, next, (int)len)
				   : send(c->fd, next, len, MSG_NOSIGNAL);

		ck_assert_uint_lt(clock_mono_ms(), end);
		if (n > 0) {
			next += n;
			len -= (size_t)n;
		} else if (!c->ssl && errno != EAGAIN) {
			return;
		}
		live_turn(l);
	}
}

static inline void client_say(struct client *c, struct live *l, const char *text)
{
	client_send(c, l, text, strlen(text));
}

static inline bool client_has(struct client *c, const char *text)
{
	client_poll(c);
	return memmem(c->got.p, c->got.len, text, strlen(text)) != NULL;
}

static inline bool client_at_end(struct client *c)
{
	client_poll(c);
	return c->eof;
}

/* Waits for `text` and forgets everything up to its end. */
static inline void client_expect(struct client *c, struct live *l, const char *text)
{
	uint64_t end = clock_mono_ms() + LIVE_PATIENCE_MS;
	char *at;

	while (!client_has(c, text) && !c->eof && clock_mono_ms() < end) {
		live_turn(l);
		usleep(200);
	}
	at = memmem(c->got.p, c->got.len, text, strlen(text));
	ck_assert_msg(at != NULL, "no \"%s\" in \"%s\"", text,
		      c->got.len < 2000 ? c->got.p : "(long)");
	buf_drop(&c->got, (size_t)(at - c->got.p) + strlen(text));
}

#endif
