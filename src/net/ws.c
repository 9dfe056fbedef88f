#include "net/ws.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "net/stream.h"
#include "proto/utf8.h"

#define HEADER_MAX 14		/* of a frame: 2, length 8, mask 4 */
#define CONTROL_MAX 125
#define SWEEPS_A_PING 10
#define SECOND_MS 1000

enum opcode {
	CONTINUATION = 0,
	TEXT = 1,
	BINARY = 2,
	CLOSE = 8,
	PING = 9,
	PONG = 10,
};

struct ws_hub {
	struct loop *loop;
	struct ws_limits limits;
	struct list all;
	size_t count;
	struct loop_timer sweep;
	/*
	 * The frame reader of all connections: it is given whole frames only, so between
	 * two of them it remembers nothing, and none has to be kept for each connection.
	 */
	wslay_frame_context_ptr reader;
	const uint8_t *feed, *feed_end;
	char *message;		/* the payload being handled, and a NUL */
};

struct ws {
	struct list link;
	struct ws_hub *hub;
	struct stream *stream;
	const struct ws_events *events;
	void *arg;
	struct buf pieces;	/* of a message in fragments, so far */
	uint64_t heard_ms, pinged_ms;
	uint64_t second_ms;	/* when we began to count control frames */
	unsigned controls, fragments;
	int code;		/* what on_closed will tell; 0 while open */
	bool in_message;	/* between the first fragment and the last */
	bool overrun;		/* the reader is too slow: closes from the loop */
};

/* ---- the end ---- */

static void forget(struct ws *ws, int code)
{
	list_unlink(&ws->link);
	ws->hub->count--;
	buf_fini(&ws->pieces);
	ws->events->on_closed(ws->arg, code);
	free(ws);
}

/* What waits still leaves, then it is over. */
static void finish(struct ws *ws, int code)
{
	stream_close(ws->stream);
	forget(ws, code);
}

static void drop(struct ws *ws, int code)
{
	stream_free(ws->stream);
	forget(ws, code);
}

/* ---- frames out ---- */

/*
 * wslay has a sender with a queue of its own; the stream has one already, and what a
 * server sends is this header in front of the bytes as they are (RFC 6455 section 5.2).
 * So both leave by one system call and without a copy.
 */
static void send_frame(struct ws *ws, enum opcode opcode, const void *p, size_t len)
{
	uint8_t head[10] = {(uint8_t)(0x80 | opcode)};
	struct iovec part[2] = {{head, 2}, {(void *)p, len}};

	if (len <= CONTROL_MAX) {
		head[1] = (uint8_t)len;
	} else if (len <= 0xffff) {
		head[1] = 126;
		head[2] = (uint8_t)(len >> 8);
		head[3] = (uint8_t)len;
		part[0].iov_len = 4;
	} else {
		head[1] = 127;
		for (int i = 0; i < 8; i++)
			head[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
		part[0].iov_len = 10;
	}
	stream_writev(ws->stream, part, len ? 2 : 1);
}

static void send_close(struct ws *ws, int code, const char *reason, size_t len)
{
	uint8_t payload[CONTROL_MAX];

	if (code == WS_NO_CODE) {
		send_frame(ws, CLOSE, NULL, 0);
		return;
	}
	if (len > sizeof(payload) - 2)
		len = sizeof(payload) - 2;
	payload[0] = (uint8_t)(code >> 8);
	payload[1] = (uint8_t)code;
	memcpy(payload + 2, reason, len);
	send_frame(ws, CLOSE, payload, 2 + len);
}

/* Whether more may wait for this reader; if not, it closes soon, from the loop. */
static bool has_room(struct ws *ws, size_t len)
{
	if (!ws->overrun && stream_pending(ws->stream) + len > ws->hub->limits.pending_max) {
		ws->overrun = true;
		stream_deadline(ws->stream, loop_now_ms(ws->hub->loop));
	}
	return !ws->overrun;
}

int ws_send_text(struct ws *ws, const char *text, size_t len)
{
	if (ws->code || !has_room(ws, len))
		return ERR_CLOSED;
	send_frame(ws, TEXT, text, len);
	return 0;
}

void ws_close(struct ws *ws, int code, const char *reason)
{
	if (ws->code)
		return;
	ws->code = code;
	send_close(ws, code, reason, strlen(reason));
	if (!ws->overrun)
		stream_deadline(ws->stream, loop_now_ms(ws->hub->loop) + ws->hub->limits.close_ms);
}

/* ---- frames in ---- */

/* What becomes of the connection: 0 it stays, else the code that ends it now. */
typedef int verdict;

/*
 * Judges a frame by its header, before its payload is there: so that nobody sends us
 * 64 KiB of what we refuse. The rest (minimal lengths, whole control frames) is seen
 * by wslay.
 */
static verdict judge(const struct ws *ws, uint8_t first, bool masked, uint64_t len)
{
	const struct ws_limits *limits = &ws->hub->limits;
	unsigned opcode = first & 0x0f;

	if (first & 0x70 || !masked || len >> 63)
		return WS_PROTOCOL;
	switch (opcode) {
	case CLOSE:
	case PING:
	case PONG:
		return len > CONTROL_MAX ? WS_PROTOCOL : 0;
	case CONTINUATION:
		if (!ws->in_message)
			return WS_PROTOCOL;
		break;
	case TEXT:
		if (ws->in_message)
			return WS_PROTOCOL;
		break;
	case BINARY:
		return ws->in_message ? WS_PROTOCOL : WS_POLICY;
	default:
		return WS_PROTOCOL;
	}
	return len > limits->message_max - ws->pieces.len ? WS_TOO_BIG : 0;
}

/* Reads how long the header and the payload are; 0 when that cannot be seen yet. */
static size_t measure(const uint8_t *p, size_t len, uint64_t *payload)
{
	size_t header = 2 + (p[1] & 0x80 ? 4 : 0), more = 0;

	if ((p[1] & 0x7f) == 126)
		more = 2;
	else if ((p[1] & 0x7f) == 127)
		more = 8;
	if (len < 2 + more)
		return 0;
	*payload = more ? 0 : p[1] & 0x7f;
	for (size_t i = 0; i < more; i++)
		*payload = *payload << 8 | p[2 + i];
	return header + more;
}

static ssize_t feed_reader(uint8_t *buf, size_t len, int flags, void *arg)
{
	struct ws_hub *hub = arg;
	size_t n = (size_t)(hub->feed_end - hub->feed);

	(void)flags;
	if (n > len)
		n = len;
	memcpy(buf, hub->feed, n);
	hub->feed += n;
	return (ssize_t)n;
}

static void reader_new(struct ws_hub *hub)
{
	const struct wslay_frame_callbacks callbacks = {.recv_callback = feed_reader};

	if (wslay_frame_context_init(&hub->reader, &callbacks, hub) < 0)
		abort();	/* out of memory */
}

/*
 * Has wslay check one whole frame and write its payload, unmasked, to `out`, where it
 * has been seen to fit.
 */
static int read_frame(struct ws_hub *hub, const uint8_t *frame, size_t len, char *out,
		      bool *fin)
{
	uint64_t got = 0;

	hub->feed = frame;
	hub->feed_end = frame + len;
	for (;;) {
		struct wslay_frame_iocb io;

		memset(&io, 0, sizeof(io));
		if (wslay_frame_recv(hub->reader, &io) < 0) {
			/* it stands in the middle of what it did not like */
			wslay_frame_context_free(hub->reader);
			reader_new(hub);
			return ERR_MALFORMED;
		}
		if (io.data_length)
			memcpy(out + got, io.data, io.data_length);
		got += io.data_length;
		*fin = io.fin;
		if (got == io.payload_length)
			return 0;
	}
}

/* Codes that a peer may send (RFC 6455 section 7.4 and its registry). */
static bool may_be_received(int code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

/* The peer closes, or answers our close. */
static void handle_close(struct ws *ws, const uint8_t *p, size_t len)
{
	int code = WS_NO_CODE, answer;

	if (len >= 2)
		code = p[0] << 8 | p[1];
	answer = code;
	if (len == 1 || (len >= 2 && !may_be_received(code)))
		answer = WS_PROTOCOL;
	else if (len > 2 && !utf8_is_valid((const char *)p + 2, len - 2))
		answer = WS_NOT_UTF8;
	if (!ws->code) {
		send_close(ws, answer, "", 0);
		ws->code = answer;
	}
	finish(ws, ws->code);
}

static verdict handle_control(struct ws *ws, unsigned opcode, const char *p, size_t len)
{
	uint64_t now = ws->heard_ms;

	if (now - ws->second_ms >= SECOND_MS) {
		ws->second_ms = now;
		ws->controls = 0;
	}
	if (++ws->controls > ws->hub->limits.control_rate)
		return WS_POLICY;
	if (opcode == PING && !ws->code && has_room(ws, len))
		send_frame(ws, PONG, p, len);
	return 0;
}

static verdict handle_message(struct ws *ws, const char *text, size_t len)
{
	if (!utf8_is_valid(text, len))
		return WS_NOT_UTF8;
	if (!ws->code)
		ws->events->on_message(ws->arg, text, len);
	return 0;
}

/* One frame of text, the whole message or a part of it, is in hub->message. */
static verdict handle_text(struct ws *ws, size_t len, bool fin)
{
	char *text = ws->hub->message;
	verdict code;

	if (fin && !ws->in_message) {
		text[len] = '\0';
		return handle_message(ws, text, len);
	}
	if (!ws->in_message)
		ws->fragments = 0;
	if (++ws->fragments > ws->hub->limits.fragments_max)
		return WS_POLICY;
	buf_put(&ws->pieces, text, len);
	ws->in_message = !fin;
	if (!fin)
		return 0;
	code = handle_message(ws, ws->pieces.p, ws->pieces.len);
	buf_fini(&ws->pieces);
	return code;
}

/*
 * Handles the first frame of what arrived. Returns its length, 0 when it is not whole
 * yet, ERR_CLOSED when the ws is gone.
 */
static ssize_t next_frame(struct ws *ws, const uint8_t *p, size_t len)
{
	struct ws_hub *hub = ws->hub;
	unsigned opcode = p[0] & 0x0f;
	size_t header, whole;
	uint64_t payload;
	verdict code;
	bool fin;

	header = len < 2 ? 0 : measure(p, len, &payload);
	if (!header)
		return 0;
	code = judge(ws, p[0], p[1] & 0x80, payload);
	whole = header + (size_t)payload;
	if (!code && len < whole)
		return 0;
	if (!code && read_frame(hub, p, whole, hub->message, &fin))
		code = WS_PROTOCOL;
	if (!code && opcode == CLOSE) {
		handle_close(ws, (const uint8_t *)hub->message, (size_t)payload);
		return ERR_CLOSED;
	}
	if (!code && opcode >= CLOSE)
		code = handle_control(ws, opcode, hub->message, (size_t)payload);
	else if (!code)
		code = handle_text(ws, (size_t)payload, fin);
	if (!code)
		return (ssize_t)whole;
	if (!ws->code) {
		ws->code = code;
		send_close(ws, code, "", 0);
	}
	finish(ws, ws->code);
	return ERR_CLOSED;
}

static size_t on_read(void *arg, const char *data, size_t len)
{
	struct ws *ws = arg;
	size_t used = 0;

	ws->heard_ms = loop_now_ms(ws->hub->loop);
	while (used < len) {
		ssize_t n = next_frame(ws, (const uint8_t *)data + used, len - used);

		if (n < 0)
			return len;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return used;
}

/* The closing handshake took too long, or the reader is too slow. */
static void on_deadline(void *arg)
{
	struct ws *ws = arg;

	drop(ws, ws->code ? ws->code : WS_LOST);
}

static void on_closed(void *arg, int err)
{
	struct ws *ws = arg;

	(void)err;
	forget(ws, ws->code ? ws->code : WS_LOST);
}

static const struct stream_events ws_stream_events = {
	.on_read = on_read,
	.on_deadline = on_deadline,
	.on_closed = on_closed,
};

/* ---- all of them ---- */

static void look_after(struct ws *ws, uint64_t now)
{
	const struct ws_limits *limits = &ws->hub->limits;

	if (now >= stream_progress_ms(ws->stream) + limits->stuck_ms) {
		drop(ws, ws->code ? ws->code : WS_LOST);
	} else if (ws->code) {
		return;		/* the closing handshake has its own deadline */
	} else if (now >= ws->heard_ms + limits->silent_ms) {
		send_close(ws, WS_SILENT, "", 0);
		finish(ws, WS_SILENT);
	} else if (now >= ws->pinged_ms + limits->ping_ms) {
		ws->pinged_ms = now;
		if (has_room(ws, 2))
			send_frame(ws, PING, NULL, 0);
	}
}

/* One timer for all, for ten thousand connections need no better. */
static void on_sweep(struct loop_timer *t)
{
	struct ws_hub *hub = CONTAINER_OF(t, struct ws_hub, sweep);
	uint64_t now = loop_now_ms(hub->loop);

	LIST_EACH_SAFE(it, &hub->all)
		look_after(CONTAINER_OF(it, struct ws, link), now);
	loop_timer_set(hub->loop, t, now + hub->limits.ping_ms / SWEEPS_A_PING);
}

struct ws *ws_accept(struct ws_hub *hub, struct http_request *rq, const char *accept,
		     const char *protocol, const struct ws_events *events, void *arg)
{
	uint64_t now = loop_now_ms(hub->loop);
	struct ws *ws = mem_new(sizeof(*ws));

	ws->hub = hub;
	ws->events = events;
	ws->arg = arg;
	ws->heard_ms = ws->pinged_ms = now;
	buf_init(&ws->pieces);
	list_init(&ws->link);
	list_append(&hub->all, &ws->link);
	hub->count++;
	ws->stream = http_upgrade(rq, accept, protocol);
	stream_set_owner(ws->stream, &ws_stream_events, ws,
			 hub->limits.message_max + HEADER_MAX);
	return ws;
}

struct ws_hub *ws_hub_new(struct loop *l, const struct ws_limits *limits)
{
	struct ws_hub *hub = mem_new(sizeof(*hub));
	size_t room;

	hub->loop = l;
	hub->limits = limits ? *limits : (struct ws_limits)WS_LIMITS_DEFAULT;
	room = hub->limits.message_max > CONTROL_MAX ? hub->limits.message_max : CONTROL_MAX;
	hub->message = mem_new(room + 1);
	list_init(&hub->all);
	reader_new(hub);
	loop_timer_init(&hub->sweep, on_sweep);
	loop_timer_set(l, &hub->sweep,
		       loop_now_ms(l) + hub->limits.ping_ms / SWEEPS_A_PING);
	return hub;
}

void ws_hub_free(struct ws_hub *hub)
{
	if (!hub)
		return;
	while (!list_empty(&hub->all)) {
		struct ws *ws = CONTAINER_OF(hub->all.next, struct ws, link);

		drop(ws, ws->code ? ws->code : WS_LOST);
	}
	loop_timer_stop(hub->loop, &hub->sweep);
	wslay_frame_context_free(hub->reader);
	free(hub->message);
	free(hub);
}

size_t ws_hub_count(const struct ws_hub *hub)
{
	return hub->count;
}

void ws_hub_close_all(struct ws_hub *hub, int code, const char *reason)
{
	LIST_EACH(it, &hub->all)
		ws_close(CONTAINER_OF(it, struct ws, link), code, reason);
}

size_t ws_pending(const struct ws *ws)
{
	return stream_pending(ws->stream);
}
