/**
 * A client of one HTTP server: one request at a time, by libcurl on the event loop, over
 * a connection that is kept for the next.
 *
 * What it never does: follow a redirect, take a proxy from the environment, send
 * cookies or credentials, speak anything but HTTP, or trust a certificate that is not
 * for that host. Where it may connect to is asked for each address, after the name was
 * looked up, so that no name can lead it astray.
 */
#ifndef PARAVENT_NET_HTTPCLIENT_H
#define PARAVENT_NET_HTTPCLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include <event2/event.h>

#define HTTPCLIENT_CONNECT_MS 5000	/* from the name to TLS */
#define HTTPCLIENT_WHOLE_MS 10000	/* to the last byte of the answer */
#define HTTPCLIENT_BODY_MAX 4096	/* of an answer that is read */

struct httpclient;

/* Whether an address (with port) may be connected to. */
typedef bool httpclient_policy_fn(void *arg, const struct sockaddr *sa);

/* All copied. */
struct httpclient_plan {
	const char *url;		/* http:// or https://, as libcurl reads it */
	const char *ca_file;		/* PEM, whom to trust; "": the system's */
	httpclient_policy_fn *may_connect;	/* NULL: anywhere */
	void *policy_arg;
};

/* base: borrowed, must outlive the client. Gives the client. */
struct httpclient *httpclient_new(struct event_base *base,
				  const struct httpclient_plan *plan);

/* A request that runs is dropped, without a word. Accepts NULL. */
void httpclient_free(struct httpclient *c);

/**
 * How a request ended.
 *
 * err: 0 when an answer came, whatever its status; ERR_TOO_BIG when one came and its
 *      body was cut at the limit. Else there is none: ERR_NOT_FOUND (no such name),
 *      ERR_FORBIDDEN (its address may not be connected to), ERR_UNAUTHORIZED (its
 *      certificate is not to be trusted), ERR_UNAVAILABLE (nobody listens), ERR_AGAIN
 *      (too slow), ERR_CLOSED (ended in the middle), ERR_MALFORMED (no HTTP), ERR_IO.
 */
struct httpclient_end {
	int err;
	int status;			/* 0: none came */
	const char *sentence;		/* static; what went wrong, or "" */
};

/* The client is free for the next request, or to be freed. */
typedef void httpclient_done_fn(void *arg, const struct httpclient_end *end);

/**
 * Sends a POST; `done` is called from the loop, never from within, unless the client is
 * freed or httpclient_cancel() comes first. No other request may run.
 *
 * headers: lines "Name: value", copied.
 * body:    borrowed until `done`.
 */
void httpclient_post(struct httpclient *c, const char *const *headers, size_t count,
		     const void *body, size_t len, httpclient_done_fn *done, void *arg);

/* Drops the request that runs, if one does, and its connection; `done` is not called. */
void httpclient_cancel(struct httpclient *c);

bool httpclient_busy(const struct httpclient *c);

#endif
