#include "app/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* Refusals that are HTTP's own and no error of ours has; X(status, code, title, detail) */
#define HTTP_PROBLEMS(X)                                                      \
	X(400, "bad-request", "Bad request",                                  \
	  "The request is not HTTP as we read it.")                           \
	X(401, "unauthorized", "Unauthorized",                                \
	  "Sign in, or send a valid token as Authorization: Bearer.")         \
	X(403, "foreign-origin", "Forbidden",                                 \
	  "This page's origin may not do that; see allowed-origins.")         \
	X(404, "not-found", "Not found", "There is nothing at this address.") \
	X(405, "method-not-allowed", "Method not allowed",                    \
	  "Use one of the methods that the Allow header names.")              \
	X(408, "timeout", "Request timeout", "The request came too slowly.")  \
	X(413, "too-big", "Content too large", "The body may have 64 KiB.")   \
	X(414, "uri-too-long", "URI too long", "The address is too long.")    \
	X(415, "unsupported-type", "Unsupported media type",                  \
	  "Send the body as Content-Type: application/json.")                 \
	X(417, "expectation-failed", "Expectation failed",                    \
	  "Only Expect: 100-continue is known.")                              \
	X(426, "upgrade-required", "Upgrade required",                        \
	  "This address is a WebSocket of version 13.")                       \
	X(431, "head-too-big", "Request header fields too large",             \
	  "The head may have 16 KiB and 64 lines.")                           \
	X(500, "internal", "Internal server error", "That was our fault.")    \
	X(501, "not-implemented", "Not implemented",                          \
	  "This method or transfer coding is not served here.")               \
	X(503, "unavailable", "Service unavailable",                          \
	  "Nothing can be recorded at the moment. Try again in a minute.")    \
	X(505, "http-version", "HTTP version not supported",                  \
	  "Speak HTTP/1.1.")

static const struct problem http_problems[] = {
#define X(status, code, title, detail) {status, code, title, detail},
	HTTP_PROBLEMS(X)
#undef X
};

static const struct problem *problem_of_status(int status)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(http_problems); i++) {
		if (http_problems[i].status == status)
			return &http_problems[i];
	}
	return &http_problems[0];
}

void reply_put_problem(struct buf *body, int status)
{
	problem_put(body, problem_of_status(status), NULL, NULL);
}

void reply_problem(struct http_request *rq, const struct problem *p, const char *detail,
		   const struct problem_fields *fields)
{
	struct buf body = BUF_INIT;

	problem_put(&body, p, detail, fields);
	http_add_header(rq, "Cache-Control", "no-store");
	if (p->status == 401)
		http_add_header(rq, "WWW-Authenticate", "Bearer");
	if (p->status == 503)
		http_add_header(rq, "Retry-After", "5");
	http_reply(rq, p->status, "application/problem+json", body.p, body.len);
	buf_fini(&body);
}

void reply_status(struct http_request *rq, int status)
{
	reply_problem(rq, problem_of_status(status), NULL, NULL);
}

void reply_status_detail(struct http_request *rq, int status, const char *detail)
{
	reply_problem(rq, problem_of_status(status), detail, NULL);
}

void reply_err(struct http_request *rq, int err, const char *detail)
{
	reply_problem(rq, problem_of(err), detail, NULL);
}

void reply_not_allowed(struct http_request *rq, const char *allow)
{
	http_add_header(rq, "Allow", allow);
	reply_status(rq, 405);
}

/* So long a client waits for a disk that has stopped; then it learns that we do not
 * know, which is the truth. */
#define ANSWER_MS 10000

static void answer_free(struct answer *a)
{
	gate_leave(&a->waiter);
	loop_timer_stop(a->loop, &a->timer);
	/* a key or a link may be in it */
	mem_wipe(a->body.p, a->body.len);
	mem_wipe(a->cookie, sizeof(a->cookie));
	buf_fini(&a->body);
	free(a);
}

void answer_send(struct answer *a)
{
	if (a->rq) {
		if (a->location[0])
			http_add_header(a->rq, "Location", a->location);
		if (a->cookie[0])
			http_add_header(a->rq, "Set-Cookie", a->cookie);
		http_add_header(a->rq, "Cache-Control", "no-store");
		http_reply(a->rq, a->status, a->body.len ? a->type : NULL, a->body.p,
			   a->body.len);
	}
	answer_free(a);
}

void answer_problem(struct answer *a, int err, const char *detail)
{
	if (a->rq)
		reply_err(a->rq, err, detail);
	answer_free(a);
}

static void on_gate(void *arg)
{
	answer_send(arg);
}

static void on_gone(void *arg, struct http_request *rq)
{
	(void)rq;
	answer_free(arg);
}

static void on_gone_held(void *arg, struct http_request *rq)
{
	struct answer *a = arg;

	(void)rq;
	loop_timer_stop(a->loop, &a->timer);
	a->rq = NULL;
}

static void on_too_late(struct loop_timer *t)
{
	struct answer *a = CONTAINER_OF(t, struct answer, timer);

	reply_status_detail(a->rq, 503, "It is not known whether this could be recorded. "
			    "Look before you try again.");
	a->rq = NULL;
	if (!a->held)
		answer_free(a);
}

static void be_patient(struct answer *a, bool held)
{
	a->held = held;
	a->rq->on_gone = held ? on_gone_held : on_gone;
	a->rq->gone_arg = a;
	loop_timer_set(a->loop, &a->timer, loop_now_ms(a->loop) + ANSWER_MS);
}

struct answer *answer_new(struct loop *l, struct house *h, struct http_request *rq,
			  int status)
{
	struct answer *a = mem_new(sizeof(*a));

	a->loop = l;
	a->house = h;
	a->rq = rq;
	a->status = status;
	a->type = "application/json";
	buf_init(&a->body);
	gate_waiter_init(&a->waiter, on_gate, a);
	loop_timer_init(&a->timer, on_too_late);
	return a;
}

void answer_hold(struct answer *a)
{
	be_patient(a, true);
}

void answer_wait(struct answer *a, uint64_t gate)
{
	if (!a->rq || gate_is_open(&a->house->gate, gate)) {
		answer_send(a);
		return;
	}
	be_patient(a, false);
	gate_wait(&a->house->gate, &a->waiter, gate);
}

void answer_conflict(struct loop *l, struct house *h, struct http_request *rq,
		     uint64_t gate, const char *detail)
{
	struct answer *a = answer_new(l, h, rq, 409);

	a->type = "application/problem+json";
	problem_put(&a->body, problem_of(ERR_CONFLICT), detail, NULL);
	answer_wait(a, gate);
}
