#include "net/relayconn.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event_struct.h>
#include <openssl/err.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/turnmsg.h"

#define READ_SIZE (2 * TURN_FRAME_MAX)	/* the rest of a message, and as much again */
#define RECORDS_SIZE (16 * 1024)	/* TLS records that leave by one write */
#define OUT_START 4096
#define OUT_MAX (256 * 1024)		/* with answers on top of RELAYCONN_SLOW */
/* Of a stranger: the longest request there can be, and answers that nobody reads. */
#define STRANGERS_FRAME_MAX 4096
#define STRANGERS_OUT_MAX (16 * 1024)
#define KEEP_MAX (16 * 1024)		/* of a buffer that is empty */
#define NOTSENT_LOWAT (32 * 1024)	/* what waits, waits here, where it can be dropped */
#define DEAD_MS 30000
#define PROBE_S 30

struct relayconn_pool {
	struct event_base *base;
	struct batch *batch;
	struct event *soon;
	struct list again;	/* those for whom OpenSSL holds more than we read */
	uint8_t bytes[BATCH_HEADROOM + READ_SIZE + BATCH_TAILROOM];
};

struct relayconn {
	struct event ev;
	struct relayconn_pool *pool;
	const struct relayconn_events *events;
	void *arg;
	SSL *ssl;
	int fd;
	short armed;

	struct buf in;			/* the beginning of a message */
	uint8_t *out;			/* unsent, from out_start to out_end */
	size_t out_start, out_end, out_cap;
	size_t frame_max, out_max;
	size_t message_left;		/* TLS: unsent, of a message that is begun */
	bool unflushed;			/* TLS: records wait for the socket */
	struct batch_late late;
	struct list again;
	bool tls_wants_write;		/* reading cannot go on without */
	bool broken;			/* the owner hears of it from the loop */
	bool told;
};

static void on_event(evutil_socket_t fd, short what, void *arg);
static void serve_soon(struct relayconn *c);

/* ---- the end ---- */

static void tell_closed(struct relayconn *c)
{
	if (c->told)
		return;
	c->told = true;
	event_del(&c->ev);
	list_unlink(&c->again);
	list_unlink(&c->late.link);
	c->events->on_closed(c->arg);
}

void relayconn_free(struct relayconn *c)
{
	if (!c)
		return;
	event_del(&c->ev);
	list_unlink(&c->again);
	list_unlink(&c->late.link);
	if (c->ssl && !c->broken) {
		ERR_clear_error();
		SSL_shutdown(c->ssl);	/* tells them, if there is room */
	}
	SSL_free(c->ssl);
	ERR_clear_error();
	close(c->fd);
	buf_fini(&c->in);
	free(c->out);
	free(c);
}

/* ---- sending ---- */

static size_t pending(const struct relayconn *c)
{
	return c->out_end - c->out_start;
}

static void arm(struct relayconn *c)
{
	short want = EV_READ | EV_PERSIST;

	if (pending(c) || c->unflushed || c->tls_wants_write)
		want |= EV_WRITE;
	if (want == c->armed)
		return;
	event_del(&c->ev);
	event_assign(&c->ev, c->pool->base, c->fd, want, on_event, c);
	event_add(&c->ev, NULL);
	c->armed = want;
}

/* Returns the bytes that were taken, 0 when nothing is for now, below zero when it is
 * over. */
static ssize_t send_some(struct relayconn *c)
{
	const uint8_t *p = c->out + c->out_start;
	ssize_t sent;
	size_t n;

	if (!c->ssl) {
		sent = send(c->fd, p, pending(c), MSG_NOSIGNAL | MSG_DONTWAIT);
		return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
	}
	/* A record for each message: there are clients that take what one read brings
	 * for one message. */
	if (!c->message_left) {
		ssize_t frame = turn_frame(p, pending(c));

		assert(frame > 0 && (size_t)frame <= pending(c));
		c->message_left = (size_t)frame;
	}
	ERR_clear_error();
	if (SSL_write_ex(c->ssl, p, c->message_left, &n) == 1) {
		c->message_left -= n;
		c->unflushed = true;
		return (ssize_t)n;
	}
	switch (SSL_get_error(c->ssl, 0)) {
	case SSL_ERROR_WANT_WRITE:
	case SSL_ERROR_WANT_READ:
		return 0;
	}
	return -1;
}

/* What the records were gathered for: one write of all. */
static void flush_records(struct relayconn *c)
{
	BIO *bio = SSL_get_wbio(c->ssl);

	if (BIO_flush(bio) == 1)
		c->unflushed = false;
	else if (!BIO_should_retry(bio))
		c->broken = true;
}

static void flush(struct relayconn *c)
{
	ssize_t n = 1;

	while (pending(c) && n > 0) {
		n = send_some(c);
		if (n > 0)
			c->out_start += (size_t)n;
	}
	if (n < 0)
		c->broken = true;
	else if (c->unflushed)
		flush_records(c);
	if (pending(c))
		return;
	c->out_start = c->out_end = 0;
	if (c->out_cap > KEEP_MAX) {
		free(c->out);
		c->out = NULL;
		c->out_cap = 0;
	}
}

static void turn_ends(struct batch_late *late)
{
	struct relayconn *c = CONTAINER_OF(late, struct relayconn, late);

	if (!c->broken)
		flush(c);
	if (c->broken)
		tell_closed(c);
	else
		arm(c);
}

/* A slow reader's queue is moved to the front once in a while: each byte once for as
 * many that come. */
static bool make_room(struct relayconn *c, size_t len)
{
	size_t cap = c->out_cap ? c->out_cap : OUT_START;

	if (c->out_cap - c->out_end >= len)
		return true;
	if (pending(c) + len > c->out_max)
		return false;
	if (c->out_start) {
		memmove(c->out, c->out + c->out_start, pending(c));
		c->out_end -= c->out_start;
		c->out_start = 0;
	}
	while (cap < c->out_end + len)
		cap *= 2;
	if (cap > c->out_cap) {
		c->out = mem_resize(c->out, cap);
		c->out_cap = cap;
	}
	return true;
}

static bool put(struct relayconn *c, const uint8_t *p, size_t len)
{
	if (!make_room(c, len))
		return false;
	memcpy(c->out + c->out_end, p, len);
	c->out_end += len;
	batch_at_end(c->pool->batch, &c->late);
	return true;
}

void relayconn_answer(struct relayconn *c, const uint8_t *p, size_t len)
{
	if (c->broken || c->told || put(c, p, len))
		return;
	/* many asked at once; who reads no answer wants none */
	flush(c);
	if (!c->broken && put(c, p, len))
		return;
	c->broken = true;
	batch_at_end(c->pool->batch, &c->late);
}

bool relayconn_data(struct relayconn *c, const uint8_t *p, size_t len)
{
	if (c->broken || c->told || pending(c) > RELAYCONN_SLOW)
		return false;
	return put(c, p, len);
}

/* ---- receiving ---- */

/* Returns the bytes that are there. ended: set when none will follow. */
static size_t receive(struct relayconn *c, uint8_t *p, size_t room, bool *ended)
{
	size_t got = 0, n;

	if (!c->ssl) {
		ssize_t len = recv(c->fd, p, room, MSG_DONTWAIT);

		*ended = len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR);
		return len > 0 ? (size_t)len : 0;
	}
	c->tls_wants_write = false;
	while (got < room) {
		ERR_clear_error();
		if (SSL_read_ex(c->ssl, p + got, room - got, &n) == 1) {
			got += n;
			if (!SSL_has_pending(c->ssl))
				return got;
			continue;
		}
		switch (SSL_get_error(c->ssl, 0)) {
		case SSL_ERROR_WANT_READ:
			return got;
		case SSL_ERROR_WANT_WRITE:
			c->tls_wants_write = true;
			return got;
		}
		*ended = true;
		return got;
	}
	serve_soon(c);		/* what OpenSSL holds wakes no socket */
	return got;
}

/*
 * In a slot of its own, so that it stays until the end of the turn and can be framed in
 * place. What fits none is dealt with where it lies, with nothing left to be sent
 * before and behind it.
 */
static void show(struct relayconn *c, uint8_t *p, size_t frame)
{
	struct batch *batch = c->pool->batch;
	size_t len = frame;
	uint8_t *slot;

	if (!stun_first_byte(p[0]))	/* without the padding, if there is any */
		len = TURN_CHANNEL_HEADER_SIZE + ((size_t)p[2] << 8 | p[3]);
	if (len <= BATCH_DATAGRAM) {
		batch_take(batch, 1, &slot);
		memcpy(slot, p, len);
		c->events->on_message(c->arg, slot, len);
		return;
	}
	batch_flush(batch);
	c->events->on_message(c->arg, p, len);
	batch_flush(batch);
}

/* Returns how many bytes were messages. */
static size_t show_all(struct relayconn *c, uint8_t *p, size_t len)
{
	size_t used = 0;

	while (used < len && !c->broken) {
		ssize_t frame = turn_frame(p + used, len - used);

		if (frame == ERR_TRUNCATED)
			break;
		if (frame < 0 || (size_t)frame > c->frame_max)
			c->broken = true;
		if (c->broken || (size_t)frame > len - used)
			break;
		show(c, p + used, (size_t)frame);
		used += (size_t)frame;
	}
	return used;
}

/* What was kept goes before what arrives, so that a message is seen in one piece. */
static void serve(struct relayconn *c)
{
	uint8_t *p = c->pool->bytes + BATCH_HEADROOM;
	size_t len = c->in.len, used;
	bool ended = false;

	memcpy(p, c->in.p, len);
	buf_reset(&c->in);
	len += receive(c, p + len, READ_SIZE - len, &ended);
	used = show_all(c, p, len);
	if (ended)
		c->broken = true;
	if (c->broken) {
		tell_closed(c);
		return;
	}
	buf_put(&c->in, p + used, len - used);
	if (!c->in.len && c->in.cap > KEEP_MAX)
		buf_fini(&c->in);
	arm(c);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct relayconn *c = arg;

	(void)fd;
	if ((pending(c) || c->unflushed) && !c->broken && (c->ssl || what & EV_WRITE))
		flush(c);
	if (c->broken)
		tell_closed(c);
	else
		serve(c);
}

/* ---- beginning ---- */

static void serve_again(evutil_socket_t fd, short what, void *arg)
{
	struct relayconn_pool *p = arg;
	struct list now;

	(void)fd;
	(void)what;
	/* those who are put on the list meanwhile are served in the next turn */
	list_init(&now);
	while (!list_empty(&p->again)) {
		struct list *it = p->again.next;

		list_unlink(it);
		list_append(&now, it);
	}
	while (!list_empty(&now)) {
		struct relayconn *c = CONTAINER_OF(now.next, struct relayconn, again);

		list_unlink(&c->again);
		on_event(-1, EV_READ, c);
	}
}

static void serve_soon(struct relayconn *c)
{
	static const struct timeval at_once = {0, 0};

	if (!list_empty(&c->again))
		return;
	list_append(&c->pool->again, &c->again);
	event_add(c->pool->soon, &at_once);
}

struct relayconn_pool *relayconn_pool_new(struct event_base *base, struct batch *batch)
{
	struct relayconn_pool *p = mem_new(sizeof(*p));

	p->base = base;
	p->batch = batch;
	p->soon = evtimer_new(base, serve_again, p);
	list_init(&p->again);
	return p;
}

void relayconn_pool_free(struct relayconn_pool *p)
{
	if (!p)
		return;
	event_free(p->soon);
	free(p);
}

static void set_options(int fd)
{
	const int on = 1, lowat = NOTSENT_LOWAT, dead = DEAD_MS, probe = PROBE_S, often = 10;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof(dead));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &probe, sizeof(probe));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &often, sizeof(often));
}

/*
 * Records gather before the socket. And OpenSSL keeps its buffers: on main idle
 * connections are many and these are to be small, here they are busy.
 */
static void gather_records(SSL *ssl)
{
	BIO *gather = BIO_new(BIO_f_buffer()), *socket = SSL_get_wbio(ssl);

	if (!gather || BIO_set_write_buffer_size(gather, RECORDS_SIZE) != 1)
		abort();	/* out of memory */
	BIO_up_ref(socket);
	SSL_set0_wbio(ssl, BIO_push(gather, socket));
	SSL_clear_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
}

struct relayconn *relayconn_new(struct relayconn_pool *pool, struct stream_parts *parts,
				const struct relayconn_events *events, void *arg)
{
	struct relayconn *c = mem_new(sizeof(*c));

	c->pool = pool;
	c->events = events;
	c->arg = arg;
	c->fd = parts->fd;
	c->ssl = parts->ssl;
	c->in = parts->in;
	c->frame_max = STRANGERS_FRAME_MAX;
	c->out_max = STRANGERS_OUT_MAX;
	buf_init(&parts->in);
	list_init(&c->again);
	list_init(&c->late.link);
	c->late.fn = turn_ends;
	set_options(c->fd);
	if (c->ssl)
		gather_records(c->ssl);
	event_assign(&c->ev, pool->base, c->fd, EV_READ | EV_PERSIST, on_event, c);
	event_add(&c->ev, NULL);
	c->armed = EV_READ | EV_PERSIST;
	/* what came along wakes no socket */
	serve_soon(c);
	return c;
}

void relayconn_trust(struct relayconn *c)
{
	c->frame_max = TURN_FRAME_MAX;
	c->out_max = OUT_MAX;
}
