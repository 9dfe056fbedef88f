#include "net/stream.h"

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

#define FLUSH_MS 5000
#define LINGER_MS 2000
#define TLS_FIRST_BYTE 0x16

enum state {
	SNIFFING,	/* TLS or not: waiting for the first byte */
	SHAKING,	/* TLS handshake */
	OPEN,
	FLUSHING,	/* closed by the owner: what he wrote still leaves */
	LINGERING,	/* we have said goodbye; waiting for the peer's */
	GONE,		/* the socket is closed; memory goes when nobody is inside */
};

struct stream {
	struct event ev;
	struct loop_timer timer;
	struct list corked;	/* among those that wait for the cork to come off */
	struct loop *loop;
	const struct stream_events *events;	/* NULL: nobody is told any more */
	void *arg;
	SSL *ssl;
	struct tls *tls;	/* while SNIFFING */

	struct buf in;		/* arrived, not taken */
	size_t limit;		/* of `in` */
	struct buf out;		/* written, not sent, from out_sent on */
	size_t out_sent;
	const char *tail;	/* borrowed; leaves behind `out` */
	size_t tail_len;
	uint64_t progress_ms;

	stream_gone_fn *gone;
	void *gone_arg;
	stream_parts_fn *release;	/* to be taken apart; gets `arg` */
	int fd;
	int err;		/* why it ended; told to the owner from the loop */
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} peer;

	uint8_t state;
	uint8_t armed;		/* what `ev` waits for */
	bool busy;		/* inside one of our callbacks */
	bool again;		/* work is left although the socket may stay quiet */
	bool held;
	bool changed;		/* owner or hold: show again what is kept */
	bool eof;
	bool eof_told;		/* the owner knows, and goes on */
	bool drained;		/* the owner waits to hear of an empty queue */
	bool tls_wants_write;	/* reading or the handshake cannot go on without */
	bool tls_broken;	/* no goodbye possible */
};

static void on_event(evutil_socket_t fd, short what, void *arg);
static void flush(struct stream *s);
static void leave(struct stream *s);

/* ---- what the event waits for ---- */

static short wanted(const struct stream *s)
{
	bool full = s->held && s->in.len >= s->limit;
	short want = 0;

	switch (s->state) {
	case SNIFFING:
	case LINGERING:
		return EV_READ;
	case SHAKING:
		return s->tls_wants_write ? EV_WRITE : EV_READ;
	case OPEN:
		if (!s->eof)
			want |= full ? EV_CLOSED : EV_READ;
		break;
	}
	if (stream_pending(s) || s->tls_wants_write)
		want |= EV_WRITE;
	return want;
}

static void arm(struct stream *s)
{
	const struct timeval at_once = {0, 0};
	short want = wanted(s);

	if (want != s->armed) {
		event_del(&s->ev);
		event_assign(&s->ev, loop_base(s->loop), s->fd, want | EV_PERSIST, on_event, s);
		if (want)
			event_add(&s->ev, NULL);
		s->armed = (uint8_t)want;
	}
	if (s->again) {
		/* A timer and not event_active(): the other connections come first, so
		 * that one who sends without end does not keep the loop. */
		s->again = false;
		event_add(&s->ev, &at_once);
	}
}

/* After a change outside of our callbacks; inside, leave() sees to it. */
static void rearm(struct stream *s)
{
	if (!s->busy)
		arm(s);
}

/* ---- the end ---- */

static void release(struct stream *s)
{
	buf_fini(&s->in);
	buf_fini(&s->out);
	free(s);
}

void stream_free(struct stream *s)
{
	if (!s || s->state == GONE)
		return;
	s->state = GONE;
	s->events = NULL;
	event_del(&s->ev);
	loop_timer_stop(s->loop, &s->timer);
	list_unlink(&s->corked);
	SSL_free(s->ssl);
	ERR_clear_error();
	close(s->fd);
	if (s->gone)
		s->gone(s->gone_arg, &s->peer.sa);
	/* inside on_read the owner may still look at what he was shown */
	if (!s->busy)
		release(s);
}

static void forget_output(struct stream *s)
{
	buf_fini(&s->out);
	s->out_sent = 0;
	s->tail_len = 0;
}

/* The connection is lost; the owner hears of it in leave(), not in the middle of things. */
static void fail(struct stream *s, int err)
{
	if (!s->err)
		s->err = err;
	forget_output(s);
	s->again = true;
}

static void goodbye(struct stream *s)
{
	if (s->ssl && !s->tls_broken) {
		ERR_clear_error();
		SSL_shutdown(s->ssl);
	}
	shutdown(s->fd, SHUT_WR);
	/* To close with unread input would reset the connection, and the peer might lose
	 * what we sent last. So the peer closes first, or two seconds pass. */
	s->state = LINGERING;
	s->tls_wants_write = false;
	loop_timer_set(s->loop, &s->timer, loop_now_ms(s->loop) + LINGER_MS);
}

void stream_close(struct stream *s)
{
	if (s->state >= FLUSHING)
		return;
	s->events = NULL;
	if (!list_empty(&s->corked)) {
		list_unlink(&s->corked);
		flush(s);
	}
	if (s->err || s->state != OPEN || (s->eof && !stream_pending(s))) {
		stream_free(s);
		return;
	}
	s->state = FLUSHING;
	if (stream_pending(s))
		loop_timer_set(s->loop, &s->timer, loop_now_ms(s->loop) + FLUSH_MS);
	else
		goodbye(s);
	rearm(s);
}

static void take_apart(struct stream *s)
{
	struct stream_parts parts = {
		.fd = s->fd,
		.ssl = s->ssl,
		.in = s->in,
		.gone = s->gone,
		.gone_arg = s->gone_arg,
	};

	memcpy(&parts.peer, &s->peer, sizeof(s->peer));
	buf_init(&s->in);
	s->state = GONE;
	event_del(&s->ev);
	s->release(s->arg, &parts);
}

void stream_release(struct stream *s, stream_parts_fn *fn, void *arg)
{
	s->events = NULL;
	s->release = fn;
	s->arg = arg;
	s->held = true;
	loop_timer_stop(s->loop, &s->timer);
	if (s->busy)
		return;
	s->busy = true;
	leave(s);
}

/* Leaves our code: tells the end, frees, or waits for what comes next. */
static void leave(struct stream *s)
{
	if (s->err && s->state != GONE) {
		const struct stream_events *events = s->events;

		s->events = NULL;
		if (events)
			events->on_closed(s->arg, s->err);
		stream_free(s);
	}
	if (s->release && s->state == OPEN)
		take_apart(s);
	s->busy = false;
	if (s->state == GONE)
		release(s);
	else
		arm(s);
}

static void on_timer(struct loop_timer *t)
{
	struct stream *s = CONTAINER_OF(t, struct stream, timer);

	s->busy = true;
	if (s->state >= FLUSHING)
		stream_free(s);
	else if (s->events->on_deadline)
		s->events->on_deadline(s->arg);
	else
		fail(s, ERR_AGAIN);
	leave(s);
}

/* ---- sending ---- */

size_t stream_pending(const struct stream *s)
{
	return s->out.len - s->out_sent + s->tail_len;
}

/* Returns how much was taken (0: nothing for now), or below zero when it failed. */
static ssize_t send_plain(struct stream *s, const struct iovec *part, int parts)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)part, .msg_iovlen = (size_t)parts};
	ssize_t n;

	do
		n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	return n;
}

static ssize_t send_record(struct stream *s, const void *p, size_t len)
{
	size_t n;

	ERR_clear_error();
	if (SSL_write_ex(s->ssl, p, len, &n) == 1)
		return (ssize_t)n;
	switch (SSL_get_error(s->ssl, 0)) {
	case SSL_ERROR_WANT_WRITE:
	case SSL_ERROR_WANT_READ:
		return 0;
	}
	s->tls_broken = true;
	return -1;
}

/*
 * One record of all parts, so that a message is one write(2). After a record that
 * could not leave OpenSSL wants the same bytes again, at least as many: they are, for
 * what was not taken is queued in this order and gathered here from the start.
 */
static ssize_t send_tls(struct stream *s, const struct iovec *part, int parts)
{
	char *record = loop_record(s->loop);
	size_t sent = 0, at = 0;		/* at: into the first part */

	while (parts) {
		size_t len = 0, from = at;
		ssize_t n;

		for (int i = 0; i < parts && len < LOOP_RECORD_SIZE; i++, from = 0) {
			size_t more = part[i].iov_len - from;

			if (more > LOOP_RECORD_SIZE - len)
				more = LOOP_RECORD_SIZE - len;
			memcpy(record + len, (char *)part[i].iov_base + from, more);
			len += more;
		}
		n = len ? send_record(s, record, len) : 0;
		if (n <= 0)
			return n < 0 ? n : (ssize_t)sent;
		sent += (size_t)n;
		at += (size_t)n;
		while (parts && at >= part->iov_len) {
			at -= part->iov_len;
			part++;
			parts--;
		}
	}
	return (ssize_t)sent;
}

static ssize_t send_parts(struct stream *s, const struct iovec *part, int parts)
{
	return s->ssl ? send_tls(s, part, parts) : send_plain(s, part, parts);
}

static void flush(struct stream *s)
{
	struct iovec part[2] = {
		{s->out.p + s->out_sent, s->out.len - s->out_sent},
		{(char *)s->tail, s->tail_len},
	};
	size_t queued = part[0].iov_len;
	ssize_t n = send_parts(s, part, s->tail_len ? 2 : 1);

	if (n < 0) {
		fail(s, ERR_CLOSED);
		return;
	}
	if (n > 0)
		s->progress_ms = loop_now_ms(s->loop);
	if ((size_t)n < queued) {
		s->out_sent += (size_t)n;
		return;
	}
	s->tail += (size_t)n - queued;
	s->tail_len -= (size_t)n - queued;
	buf_fini(&s->out);
	s->out_sent = 0;
}

static void queue(struct stream *s, const void *p, size_t len)
{
	if (!len)
		return;
	/* the sent front goes when it is the larger part: each byte moves at most once */
	if (s->out_sent && s->out_sent >= s->out.len / 2) {
		buf_drop(&s->out, s->out_sent);
		s->out_sent = 0;
	}
	if (s->tail_len) {
		buf_put(&s->out, s->tail, s->tail_len);
		s->tail_len = 0;
	}
	buf_put(&s->out, p, len);
}

static void write_parts(struct stream *s, const struct iovec *part, int parts,
			bool last_is_static)
{
	struct loop_cork *cork = loop_cork(s->loop);
	ssize_t sent = 0;

	if (s->err || s->state != OPEN)
		return;
	if (!stream_pending(s) && cork->on && !s->busy) {
		list_append(&cork->streams, &s->corked);
		s->progress_ms = loop_now_ms(s->loop);
	} else if (!stream_pending(s)) {
		sent = send_parts(s, part, parts);
		if (sent < 0) {
			fail(s, ERR_CLOSED);
			rearm(s);
			return;
		}
		s->progress_ms = loop_now_ms(s->loop);
	}
	for (int i = 0; i < parts; i++) {
		size_t skip = (size_t)sent < part[i].iov_len ? (size_t)sent : part[i].iov_len;
		const char *rest = (char *)part[i].iov_base + skip;
		size_t len = part[i].iov_len - skip;

		sent -= (ssize_t)skip;
		if (last_is_static && i == parts - 1 && !s->tail_len) {
			s->tail = rest;
			s->tail_len = len;
		} else {
			queue(s, rest, len);
		}
	}
	if (stream_pending(s) && list_empty(&s->corked)) {
		s->drained = true;
		rearm(s);
	}
}

/* Sends what was written while one connection was served. */
static void uncork(struct loop *l)
{
	struct loop_cork *cork = loop_cork(l);

	cork->on = false;
	while (!list_empty(&cork->streams)) {
		struct stream *s = CONTAINER_OF(cork->streams.next, struct stream, corked);

		list_unlink(&s->corked);
		flush(s);
		s->drained = stream_pending(s);
		rearm(s);
	}
}

void stream_writev(struct stream *s, const struct iovec *part, int parts)
{
	write_parts(s, part, parts, false);
}

void stream_writev_static(struct stream *s, const struct iovec *part, int parts)
{
	write_parts(s, part, parts, true);
}

void stream_write(struct stream *s, const void *p, size_t len)
{
	struct iovec part = {(void *)p, len};

	write_parts(s, &part, 1, false);
}

uint64_t stream_progress_ms(const struct stream *s)
{
	return stream_pending(s) ? s->progress_ms : loop_now_ms(s->loop);
}

/* ---- receiving ---- */

/* Returns the bytes read, 0 when there are none now. The end is noted in s. */
static size_t recv_plain(struct stream *s, char *p, size_t room)
{
	ssize_t n;

	do
		n = recv(s->fd, p, room, 0);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		s->eof = true;
	else if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		fail(s, errno == ECONNRESET || errno == EPIPE || errno == ETIMEDOUT ?
		     ERR_CLOSED : ERR_IO);
	return n > 0 ? (size_t)n : 0;
}

static size_t recv_tls(struct stream *s, char *p, size_t room)
{
	size_t got = 0, n;

	s->tls_wants_write = false;
	while (got < room) {
		ERR_clear_error();
		if (SSL_read_ex(s->ssl, p + got, room - got, &n) == 1) {
			got += n;
			if (!SSL_has_pending(s->ssl))
				break;
			continue;
		}
		switch (SSL_get_error(s->ssl, 0)) {
		case SSL_ERROR_WANT_READ:
			break;
		case SSL_ERROR_WANT_WRITE:
			s->tls_wants_write = true;
			break;
		case SSL_ERROR_ZERO_RETURN:
			s->eof = true;
			break;
		default:
			s->tls_broken = true;
			fail(s, ERR_CLOSED);
		}
		break;
	}
	/* what OpenSSL holds already wakes no socket */
	if (got == room && SSL_has_pending(s->ssl))
		s->again = true;
	return got;
}

/* Shows bytes to the owner until he takes no more; returns how many were taken. */
static size_t show(struct stream *s, const char *p, size_t len)
{
	size_t used = 0;

	do {
		s->changed = false;
		used += s->events->on_read(s->arg, p + used, len - used);
	} while (used < len && s->changed && s->state == OPEN && !s->held && !s->err);
	return used;
}

static void show_kept(struct stream *s)
{
	size_t used;

	if (!s->in.len || s->held || s->err)
		return;
	used = show(s, s->in.p, s->in.len);
	if (s->state == GONE)
		return;
	if (used >= s->in.len)
		buf_fini(&s->in);
	else if (used)
		buf_drop(&s->in, used);
	if (s->state == OPEN && !s->held && s->in.len >= s->limit)
		fail(s, ERR_TOO_BIG);
}

/* Behind something kept, so that the owner sees it in one piece. */
static void receive_behind(struct stream *s)
{
	size_t room = s->limit > s->in.len ? s->limit - s->in.len : 0;
	size_t got;

	if (room > LOOP_SCRATCH_SIZE / 4)
		room = LOOP_SCRATCH_SIZE / 4;
	if (!room)
		return;
	buf_reserve(&s->in, room);
	got = s->ssl ? recv_tls(s, s->in.p + s->in.len, room)
		     : recv_plain(s, s->in.p + s->in.len, room);
	s->in.len += got;
	s->in.p[s->in.len] = '\0';
	if (got)
		show_kept(s);
}

/* The common case: nothing is kept, and nothing will be. */
static void receive_fresh(struct stream *s)
{
	char *p = loop_scratch(s->loop);
	size_t room = s->held && s->limit < LOOP_SCRATCH_SIZE ? s->limit : LOOP_SCRATCH_SIZE;
	size_t got = s->ssl ? recv_tls(s, p, room) : recv_plain(s, p, room);
	size_t used = got && !s->held && !s->err ? show(s, p, got) : 0;

	if (used >= got || s->state != OPEN)
		return;
	buf_put(&s->in, p + used, got - used);
	if (!s->held && s->in.len >= s->limit)
		fail(s, ERR_TOO_BIG);
}

static void receive(struct stream *s)
{
	if (s->eof || (s->held && s->in.len >= s->limit))
		return;
	if (s->in.len)
		receive_behind(s);
	else
		receive_fresh(s);
}

/* ---- the life of a connection ---- */

/* Looks at the first byte without taking it, for OpenSSL reads the socket itself. */
static void sniff(struct stream *s)
{
	unsigned char first;
	ssize_t n = recv(s->fd, &first, 1, MSG_PEEK);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n <= 0) {
		fail(s, ERR_CLOSED);
		return;
	}
	if (first == TLS_FIRST_BYTE) {
		s->ssl = tls_accept(s->tls);
		SSL_set_fd(s->ssl, s->fd);
		s->state = SHAKING;
	} else {
		s->state = OPEN;
	}
	s->tls = NULL;
}

static void shake(struct stream *s)
{
	int n;

	ERR_clear_error();
	n = SSL_do_handshake(s->ssl);
	s->tls_wants_write = false;
	if (n == 1) {
		s->state = OPEN;
		return;
	}
	switch (SSL_get_error(s->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return;
	case SSL_ERROR_WANT_WRITE:
		s->tls_wants_write = true;
		return;
	}
	s->tls_broken = true;
	fail(s, ERR_CLOSED);
}

static void tell_drained(struct stream *s)
{
	if (!s->drained || stream_pending(s) || s->err)
		return;
	s->drained = false;
	if (s->state == OPEN && s->events->on_drained)
		s->events->on_drained(s->arg);
}

/* The peer has finished; so have we once all it asked for is answered and sent. */
static void serve_eof(struct stream *s)
{
	bool told = s->eof_told;

	if (stream_pending(s) || s->again)
		return;
	if (!s->held || !s->events->on_half_closed) {
		fail(s, ERR_CLOSED);
		return;
	}
	s->eof_told = true;
	if (!told)
		s->events->on_half_closed(s->arg);
}

static void serve_open(struct stream *s, short what)
{
	if (stream_pending(s) && (s->ssl || what & EV_WRITE))
		flush(s);
	tell_drained(s);
	if (s->state != OPEN || s->err)
		return;
	if (what & EV_CLOSED) {
		/* held and full: whoever sends that much and goes wants no answers */
		fail(s, ERR_CLOSED);
		return;
	}
	if (what & EV_TIMEOUT)
		show_kept(s);
	if (s->state == OPEN && !s->err && (s->ssl || what & (EV_READ | EV_TIMEOUT)))
		receive(s);
	if (s->state == OPEN && s->eof && !s->release)
		serve_eof(s);
}

static void serve_flushing(struct stream *s)
{
	if (stream_pending(s))
		flush(s);
	if (!s->err && !stream_pending(s))
		goodbye(s);
}

static void serve_lingering(struct stream *s)
{
	ssize_t n = recv(s->fd, loop_scratch(s->loop), LOOP_SCRATCH_SIZE, 0);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		stream_free(s);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	struct loop *l = s->loop;

	(void)fd;
	loop_cork(l)->on = true;
	s->busy = true;
	if (what & EV_TIMEOUT)
		s->armed = 0;	/* libevent has taken the event out, socket and all */
	if (!s->err && s->state == SNIFFING)
		sniff(s);
	if (!s->err && s->state == SHAKING)
		shake(s);
	if (!s->err && s->state == OPEN)
		serve_open(s, what);
	else if (!s->err && s->state == FLUSHING)
		serve_flushing(s);
	else if (!s->err && s->state == LINGERING)
		serve_lingering(s);
	leave(s);
	uncork(l);
}

struct stream *stream_new(struct loop *l, int fd, const struct sockaddr *peer,
			  struct tls *tls, const struct stream_events *events, void *arg,
			  size_t limit)
{
	struct stream *s = mem_new(sizeof(*s));
	const int on = 1;

	s->loop = l;
	s->fd = fd;
	s->tls = tls;
	s->events = events;
	s->arg = arg;
	s->limit = limit;
	s->state = tls ? SNIFFING : OPEN;
	buf_init(&s->in);
	buf_init(&s->out);
	loop_timer_init(&s->timer, on_timer);
	list_init(&s->corked);
	if (peer->sa_family == AF_INET6)
		memcpy(&s->peer.v6, peer, sizeof(s->peer.v6));
	else if (peer->sa_family == AF_INET)
		memcpy(&s->peer.v4, peer, sizeof(s->peer.v4));
	/* without it each answer waits for the client's delayed ACK */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	event_assign(&s->ev, loop_base(l), fd, 0, on_event, s);
	arm(s);
	return s;
}

void stream_set_owner(struct stream *s, const struct stream_events *events, void *arg,
		      size_t limit)
{
	s->events = events;
	s->arg = arg;
	s->limit = limit;
	s->held = false;
	s->changed = true;
	s->eof_told = false;
	if (s->eof || (!s->busy && s->in.len))
		s->again = true;
	rearm(s);
}

void stream_on_gone(struct stream *s, stream_gone_fn *fn, void *arg)
{
	s->gone = fn;
	s->gone_arg = arg;
}

void stream_hold(struct stream *s)
{
	s->held = true;
	rearm(s);
}

/* From the loop and not at once: the owner is in the middle of something. */
void stream_resume(struct stream *s)
{
	if (!s->held)
		return;
	s->held = false;
	s->changed = true;
	if (s->in.len || s->eof || (s->ssl && SSL_has_pending(s->ssl)))
		s->again = true;
	rearm(s);
}

void stream_deadline(struct stream *s, uint64_t mono_ms)
{
	if (s->state >= FLUSHING)
		return;
	if (mono_ms)
		loop_timer_set(s->loop, &s->timer, mono_ms);
	else
		loop_timer_stop(s->loop, &s->timer);
}

const struct sockaddr *stream_peer(const struct stream *s)
{
	return &s->peer.sa;
}

bool stream_is_tls(const struct stream *s)
{
	return s->ssl != NULL;
}
