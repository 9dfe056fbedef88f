#include "net/httpconn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"

/* One whole request and the head of the next: what a client may send ahead of answers. */
#define INPUT_MAX (HTTP_HEAD_MAX + HTTP_BODY_MAX)

struct http_server {
	struct loop *loop;
	http_handler_fn *handler;
	void *arg;
	http_problem_fn *problem;
	http_answered_fn *answered;	/* NULL: nobody counts */
	void *answered_arg;
	struct http_limits limits;
	struct buf common;		/* header lines of every response */
	struct list conns;
	size_t count;
	struct http_head head;		/* being read */
	struct buf reply;		/* being written */
	int64_t date_s;			/* the second that `date` names */
	char date[HTTP_DATE_SIZE];
};

/* What a connection does; where it waits it has a deadline. */
enum phase {
	IDLE,		/* for a request to begin */
	READING_HEAD,
	READING_BODY,
	ANSWERING,	/* the handler has the request */
	STREAMING,	/* the answer comes in pieces */
	SENDING,	/* the answer waits for the client to take it */
};

struct conn {
	struct list link;
	struct http_server *sv;
	struct stream *stream;
	struct asked *asked;	/* while ANSWERING and STREAMING */
	uint8_t phase;
	bool last;		/* closes after this answer */
	bool half;		/* the client sends nothing more */
	bool reading;		/* inside on_read: freed there */
	bool gone;
};

/* A request with what is ours; the bytes it was read from follow the struct. */
struct asked {
	struct http_request rq;
	struct conn *conn;
	uint64_t whole_us;	/* when it was there as a whole */
	struct buf headers;
	struct buf dropped;	/* "Name:\n" each, of common headers */
	char bytes[];
};

static const struct stream_events conn_events;

static struct asked *asked_of(const struct http_request *rq)
{
	return CONTAINER_OF(rq, struct asked, rq);
}

static void asked_free(struct asked *a)
{
	a->conn->asked = NULL;
	/* cookies, tokens, passwords: what was asked is nobody's business any more */
	mem_wipe(a->bytes, (size_t)(a->rq.body + a->rq.body_len - a->bytes));
	mem_wipe(a->headers.p, a->headers.len);
	buf_fini(&a->headers);
	buf_fini(&a->dropped);
	free(a);
}

static void enter(struct conn *c, enum phase phase, unsigned ms)
{
	c->phase = (uint8_t)phase;
	stream_deadline(c->stream, loop_now_ms(c->sv->loop) + ms);
}

/* The stream is closed or somebody else's: forget about it. */
static void conn_free(struct conn *c)
{
	if (!list_empty(&c->link)) {
		list_unlink(&c->link);
		c->sv->count--;
	}
	c->gone = true;
	if (!c->reading)
		free(c);
}

static void conn_close(struct conn *c)
{
	stream_close(c->stream);
	conn_free(c);
}

/* The client is gone, and somebody may be working for it. */
static void lose(struct conn *c)
{
	struct asked *a = c->asked;

	if (!a)
		return;
	if (a->rq.on_gone)
		a->rq.on_gone(a->rq.gone_arg, &a->rq);
	asked_free(a);
}

/* Nothing more can be done for the client. */
static void abandon(struct conn *c)
{
	lose(c);
	stream_free(c->stream);
	conn_free(c);
}

/* ---- answers ---- */

static const char *date(struct http_server *sv)
{
	int64_t now_ms = clock_wall_ms();

	if (now_ms / 1000 != sv->date_s) {
		sv->date_s = now_ms / 1000;
		http_date(sv->date, now_ms);
	}
	return sv->date;
}

/* Whether one of the header lines in `own` has the name that `line` begins with. */
static bool brings_own(const struct buf *own, const char *line)
{
	const size_t n = strcspn(line, ":") + 1;
	const char *at = own->p;

	while (*at) {
		if (!strncasecmp(at, line, n))
			return true;
		at = strchr(at, '\n') + 1;
	}
	return false;
}

/* a: what is answered, NULL for what was no request; the answer's own header lines are
 * not appended here. */
static struct buf *put_head(struct http_server *sv, int status, const struct asked *a)
{
	struct buf *b = &sv->reply;
	const char *line = sv->common.p;

	if (sv->answered)
		sv->answered(sv->answered_arg, a ? &a->rq : NULL, status,
			     a ? clock_mono_us() - a->whole_us : 0);
	buf_reset(b);
	http_put_status(b, status);
	buf_put(b, "Date: ", 6);
	buf_puts(b, date(sv));
	buf_put(b, "\r\n", 2);
	while (*line) {
		const size_t len = (size_t)(strchr(line, '\n') + 1 - line);

		if (!a || (!brings_own(&a->headers, line) &&
			   !brings_own(&a->dropped, line)))
			buf_put(b, line, len);
		line += len;
	}
	return b;
}

static void put_length(struct buf *b, size_t len)
{
	char line[48];
	int n = snprintf(line, sizeof(line), "Content-Length: %zu\r\n", len);

	buf_put(b, line, (size_t)n);
}

/* The answer has left. */
static void next(struct conn *c)
{
	if (c->last) {
		conn_close(c);
		return;
	}
	enter(c, IDLE, c->sv->limits.idle_ms);
	stream_resume(c->stream);
}

/* The answer has been written. */
static void answered(struct conn *c)
{
	/* No further request before this answer is out (the stream is held): so a client
	 * that asks and never reads costs one answer and not all of them. */
	if (stream_pending(c->stream))
		enter(c, SENDING, c->sv->limits.reply_ms);
	else
		next(c);
}

static void reply(struct http_request *rq, int status, const char *type, const void *body,
		  size_t len, bool is_static)
{
	struct asked *a = asked_of(rq);
	struct conn *c = a->conn;
	struct buf *b = put_head(c->sv, status, a);
	bool bodiless = status == 204 || status == 304;
	struct iovec part[2];

	if (type)
		http_put_header(b, "Content-Type", type);
	if (!bodiless)
		put_length(b, len);
	if (!rq->head.keep_alive)
		c->last = true;
	if (c->last)
		buf_puts(b, "Connection: close\r\n");
	else if (!rq->head.minor)
		buf_puts(b, "Connection: keep-alive\r\n");
	buf_put(b, a->headers.p, a->headers.len);
	buf_put(b, "\r\n", 2);
	if (bodiless || rq->head.method == HTTP_HEAD)
		len = 0;
	part[0] = (struct iovec){b->p, b->len};
	part[1] = (struct iovec){(void *)body, len};
	if (is_static && len)
		stream_writev_static(c->stream, part, 2);
	else
		stream_writev(c->stream, part, len ? 2 : 1);
	asked_free(a);
	answered(c);
}

void http_reply(struct http_request *rq, int status, const char *type, const void *body,
		size_t len)
{
	reply(rq, status, type, body, len, false);
}

void http_reply_static(struct http_request *rq, int status, const char *type,
		       const void *body, size_t len)
{
	reply(rq, status, type, body, len, true);
}

void http_reply_begin(struct http_request *rq, int status, const char *type)
{
	struct asked *a = asked_of(rq);
	struct conn *c = a->conn;
	struct buf *b = put_head(c->sv, status, a);

	http_put_header(b, "Content-Type", type);
	buf_puts(b, "Connection: close\r\n");
	buf_put(b, a->headers.p, a->headers.len);
	buf_put(b, "\r\n", 2);
	stream_write(c->stream, b->p, b->len);
	c->last = true;
	enter(c, STREAMING, c->sv->limits.reply_ms);
}

void http_reply_more(struct http_request *rq, const void *p, size_t len)
{
	if (rq->head.method != HTTP_HEAD)
		stream_write(asked_of(rq)->conn->stream, p, len);
}

size_t http_reply_pending(const struct http_request *rq)
{
	return stream_pending(asked_of(rq)->conn->stream);
}

void http_reply_end(struct http_request *rq)
{
	struct asked *a = asked_of(rq);
	struct conn *c = a->conn;

	asked_free(a);
	answered(c);
}

struct stream *http_upgrade(struct http_request *rq, const char *accept,
			    const char *protocol)
{
	struct asked *a = asked_of(rq);
	struct conn *c = a->conn;
	struct stream *s = c->stream;
	struct buf *b = put_head(c->sv, 101, a);

	buf_puts(b, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
	http_put_header(b, "Sec-WebSocket-Accept", accept);
	if (protocol)
		http_put_header(b, "Sec-WebSocket-Protocol", protocol);
	buf_put(b, a->headers.p, a->headers.len);
	buf_put(b, "\r\n", 2);
	stream_write(s, b->p, b->len);
	stream_deadline(s, 0);
	asked_free(a);
	conn_free(c);
	return s;
}

void http_add_header(struct http_request *rq, const char *name, const char *value)
{
	http_put_header(&asked_of(rq)->headers, name, value);
}

void http_drop_header(struct http_request *rq, const char *name)
{
	buf_printf(&asked_of(rq)->dropped, "%s:\n", name);
}

const struct sockaddr *http_peer(const struct http_request *rq)
{
	return stream_peer(asked_of(rq)->conn->stream);
}

bool http_is_tls(const struct http_request *rq)
{
	return stream_is_tls(asked_of(rq)->conn->stream);
}

/* Answers what never became a request; the connection ends, for where the next one
 * would begin is anybody's guess. */
static void refuse(struct conn *c, int status)
{
	struct buf body = BUF_INIT, *b = put_head(c->sv, status, NULL);
	struct iovec part[2];

	c->sv->problem(&body, status);
	http_put_header(b, "Content-Type", "application/problem+json");
	put_length(b, body.len);
	buf_puts(b, "Connection: close\r\n\r\n");
	part[0] = (struct iovec){b->p, b->len};
	part[1] = (struct iovec){body.p, body.len};
	stream_writev(c->stream, part, 2);
	buf_fini(&body);
	conn_close(c);
}

/* ---- requests ---- */

/* More is to come: what has not begun yet begins, what has keeps its deadline. */
static void wait_for(struct conn *c, const struct http_head *head)
{
	const struct http_limits *limits = &c->sv->limits;

	if (!head) {
		if (c->phase == IDLE)
			enter(c, READING_HEAD, limits->head_ms);
	} else if (c->phase != READING_BODY) {
		enter(c, READING_BODY, limits->body_ms);
		if (head->expect_continue)
			stream_write(c->stream, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	}
}

/* Copies a whole request of `len` bytes and hands it out. */
static void ask(struct conn *c, const char *data, size_t head_len, size_t len)
{
	struct http_server *sv = c->sv;
	struct asked *a = mem_resize(NULL, sizeof(*a) + len + 1);

	a->conn = c;
	buf_init(&a->headers);
	buf_init(&a->dropped);
	memcpy(a->bytes, data, len);
	a->bytes[len] = '\0';
	a->rq.head = sv->head;
	http_head_move(&a->rq.head, a->bytes);
	a->rq.body = a->bytes + head_len;
	a->rq.body_len = len - head_len;
	a->rq.on_gone = NULL;
	a->rq.gone_arg = NULL;
	a->rq.on_drained = NULL;
	a->rq.drained_arg = NULL;
	c->asked = a;
	a->whole_us = clock_mono_us();
	c->phase = ANSWERING;
	stream_deadline(c->stream, 0);
	sv->handler(sv->arg, &a->rq);
}

/* Returns the bytes used, 0 when there is nothing to do with them yet. */
static size_t next_request(struct conn *c, const char *data, size_t len)
{
	struct http_head *head = &c->sv->head;
	ssize_t head_len = http_head_parse(head, data, len);
	size_t whole;

	if (head_len == ERR_AGAIN) {
		wait_for(c, NULL);
		return 0;
	}
	if (head_len < 0) {
		refuse(c, head->status);
		return len;
	}
	whole = (size_t)head_len + head->content_length;
	if (len < whole) {
		wait_for(c, head);
		return 0;
	}
	ask(c, data, (size_t)head_len, whole);
	return whole;
}

static size_t on_read(void *arg, const char *data, size_t len)
{
	struct conn *c = arg;
	size_t used = 0, n;

	c->reading = true;
	do {
		n = next_request(c, data + used, len - used);
		used += n;
	} while (n && used < len && !c->gone && c->phase == IDLE);
	c->reading = false;
	if (c->gone)
		free(c);
	else if (c->phase >= ANSWERING)
		stream_hold(c->stream);
	return used;
}

static void on_drained(void *arg)
{
	struct conn *c = arg;
	struct http_request *rq;

	if (c->phase == SENDING) {
		next(c);
	} else if (c->phase == STREAMING) {
		rq = &c->asked->rq;
		if (rq->on_drained)
			rq->on_drained(rq->drained_arg, rq);
	}
}

/* `printf ... | nc` waits for its answer like this, and a closed tab looks the same. */
static void on_half_closed(void *arg)
{
	struct conn *c = arg;

	c->half = true;
	if (c->phase == ANSWERING) {
		stream_deadline(c->stream, loop_now_ms(c->sv->loop) + c->sv->limits.half_ms);
		return;
	}
	/* an event stream has no last answer to wait for */
	abandon(c);
}

static void on_deadline(void *arg)
{
	struct conn *c = arg;
	struct http_server *sv = c->sv;
	uint64_t until;

	switch (c->phase) {
	case READING_HEAD:
	case READING_BODY:
		refuse(c, 408);
		break;
	case STREAMING:
		/* no end is due as long as the client takes what there is */
		until = stream_progress_ms(c->stream) + sv->limits.reply_ms;
		if (!c->half && loop_now_ms(sv->loop) < until)
			stream_deadline(c->stream, until);
		else
			abandon(c);
		break;
	case ANSWERING:
	case SENDING:
		abandon(c);
		break;
	default:
		conn_close(c);
	}
}

static void on_closed(void *arg, int err)
{
	struct conn *c = arg;

	(void)err;
	lose(c);
	conn_free(c);
}

static const struct stream_events conn_events = {
	.on_read = on_read,
	.on_half_closed = on_half_closed,
	.on_drained = on_drained,
	.on_deadline = on_deadline,
	.on_closed = on_closed,
};

/* ---- the server ---- */

void http_server_adopt(struct http_server *sv, struct stream *s)
{
	struct conn *c = mem_new(sizeof(*c));

	c->sv = sv;
	c->stream = s;
	list_init(&c->link);
	list_append(&sv->conns, &c->link);
	sv->count++;
	stream_set_owner(s, &conn_events, c, INPUT_MAX);
	enter(c, IDLE, sv->limits.idle_ms);
}

struct http_server *http_server_new(struct loop *l, http_handler_fn *handler, void *arg,
				    http_problem_fn *problem)
{
	struct http_server *sv = mem_new(sizeof(*sv));

	sv->loop = l;
	sv->handler = handler;
	sv->arg = arg;
	sv->problem = problem;
	sv->limits = (struct http_limits)HTTP_LIMITS_DEFAULT;
	sv->date_s = -1;
	list_init(&sv->conns);
	buf_init(&sv->common);
	buf_init(&sv->reply);
	return sv;
}

void http_server_free(struct http_server *sv)
{
	if (!sv)
		return;
	while (!list_empty(&sv->conns))
		abandon(CONTAINER_OF(sv->conns.next, struct conn, link));
	buf_fini(&sv->common);
	buf_fini(&sv->reply);
	free(sv);
}

void http_server_set_limits(struct http_server *sv, const struct http_limits *limits)
{
	sv->limits = *limits;
}

void http_server_on_answer(struct http_server *sv, http_answered_fn *fn, void *arg)
{
	sv->answered = fn;
	sv->answered_arg = arg;
}

void http_server_set_common_headers(struct http_server *sv, const char *lines)
{
	buf_reset(&sv->common);
	buf_puts(&sv->common, lines);
}

void http_server_drain(struct http_server *sv)
{
	LIST_EACH_SAFE(it, &sv->conns) {
		struct conn *c = CONTAINER_OF(it, struct conn, link);

		c->last = true;
		if (c->phase == IDLE)
			conn_close(c);
	}
}

size_t http_server_count(const struct http_server *sv)
{
	return sv->count;
}
