/**
 * HTTP/1.1 over streams: reads requests, hands each to one handler, writes the answers
 * in order. The handler may answer at once or later; meanwhile the connection reads no
 * further request.
 *
 * What cannot be read as HTTP is answered with a problem document and the end of the
 * connection; the handler sees only requests that are whole and sound.
 */
#ifndef PARAVENT_NET_HTTPCONN_H
#define PARAVENT_NET_HTTPCONN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "net/loop.h"
#include "net/stream.h"
#include "proto/http.h"

struct http_server;
struct http_request;

typedef void http_handler_fn(void *arg, struct http_request *rq);

/**
 * The client went away before the answer, or has finished sending and the answer takes
 * longer than half_ms; rq is freed behind this call.
 */
typedef void http_gone_fn(void *arg, struct http_request *rq);

typedef void http_drained_fn(void *arg, struct http_request *rq);

/* Appends the body (application/problem+json) of an error that the server answers. */
typedef void http_problem_fn(struct buf *body, int status);

struct http_limits {
	unsigned head_ms;	/* from the first byte of a request to its whole head */
	unsigned body_ms;	/* from there to the whole body */
	unsigned reply_ms;	/* from the answer to its last byte sent; of one in pieces
				 * from each byte to the next, while there is any */
	unsigned idle_ms;	/* between requests */
	unsigned half_ms;	/* from the client's last byte ever to the answer */
};

#define HTTP_LIMITS_DEFAULT {10000, 30000, 60000, 60000, 20000}

/**
 * One request, from its last byte to its answer.
 */
struct http_request {
	struct http_head head;		/* its spans hold as long as the request */
	const char *body;		/* NUL-terminated behind body_len */
	size_t body_len;

	/* For a handler that answers later: called when that has become pointless. */
	http_gone_fn *on_gone;
	void *gone_arg;

	/* For an answer in pieces: called when all that was written so far has left.
	 * May write more, or end. */
	http_drained_fn *on_drained;
	void *drained_arg;
};

/**
 * handler: is called from the loop for each request and must see to it that each gets
 *          exactly one of the answers below, unless on_gone came first.
 */
struct http_server *http_server_new(struct loop *l, http_handler_fn *handler, void *arg,
				    http_problem_fn *problem);

/* Drops all connections; requests without an answer get on_gone. Accepts NULL. */
void http_server_free(struct http_server *sv);

void http_server_set_limits(struct http_server *sv, const struct http_limits *limits);

/* Header lines ("Name: value\r\n" each) for every response that does not bring its own
 * of the same name; copied. */
void http_server_set_common_headers(struct http_server *sv, const char *lines);

/**
 * For whoever counts: an answer begins to leave.
 *
 * rq:   NULL where what came could not be read as a request.
 * took: microseconds from the whole request to here.
 */
typedef void http_answered_fn(void *arg, const struct http_request *rq, int status,
			      uint64_t took);

/* fn is called for every answer, upgrades included. */
void http_server_on_answer(struct http_server *sv, http_answered_fn *fn, void *arg);

/* Takes a stream whose first byte is a letter; for listener_plan.on_http. */
void http_server_adopt(struct http_server *sv, struct stream *s);

/* Idle connections close now, others after their answer; new ones still work. */
void http_server_drain(struct http_server *sv);

/* Open connections (WebSockets are none of ours any more). */
size_t http_server_count(const struct http_server *sv);

/* The other end. */
const struct sockaddr *http_peer(const struct http_request *rq);
bool http_is_tls(const struct http_request *rq);

/* Adds a header to the coming answer, in the place of a common one of this name; control
 * bytes in the value are left out. */
void http_add_header(struct http_request *rq, const char *name, const char *value);

/* Leaves the common header of this name out of the coming answer. */
void http_drop_header(struct http_request *rq, const char *name);

/**
 * Answers; the request is gone afterwards. A HEAD gets the same head and no body; 204
 * and 304 never have one.
 *
 * type: Content-Type, NULL for none.
 * body: copied where it cannot leave at once.
 */
void http_reply(struct http_request *rq, int status, const char *type, const void *body,
		size_t len);

/* The same for a body that lives as long as the process: never copied. */
void http_reply_static(struct http_request *rq, int status, const char *type,
		       const void *body, size_t len);

/**
 * Answers with a body that comes in pieces and ends with the connection (event
 * streams). Between begin and end on_gone still comes. http_reply_pending() says how
 * much waits, so that the sender can bound it.
 */
void http_reply_begin(struct http_request *rq, int status, const char *type);
void http_reply_more(struct http_request *rq, const void *p, size_t len);
size_t http_reply_pending(const struct http_request *rq);
void http_reply_end(struct http_request *rq);

/**
 * Answers 101 to a handshake that http_websocket_accept() found good and gives the
 * stream, with whatever the client sent already; the request is gone afterwards and
 * nothing of HTTP stays in memory. ws_accept() is what calls this.
 *
 * protocol: Sec-WebSocket-Protocol of the answer, NULL for none.
 */
struct stream *http_upgrade(struct http_request *rq, const char *accept,
			    const char *protocol);

#endif
