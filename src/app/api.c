#include "app/api.h"

#include <stdlib.h>
#include <string.h>

#include "app/assets.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "net/addr.h"
#include "proto/apimsg.h"
#include "proto/problem.h"

struct api {
	struct loop *loop;
	struct house *house;
	struct signaling *signaling;
};

/* --- Answers --------------------------------------------------------------------- */

/* Refusals that are HTTP's own and no error of ours has; X(status, code, title, detail) */
#define HTTP_PROBLEMS(X)                                                      \
	X(400, "bad-request", "Bad request",                                  \
	  "The request is not HTTP as we read it.")                           \
	X(401, "unauthorized", "Unauthorized",                                \
	  "Send the host's token of the meeting as Authorization: Bearer.")   \
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

void api_problem(struct buf *body, int status)
{
	problem_put(body, problem_of_status(status), NULL, NULL);
}

static void reply_problem(struct http_request *rq, const struct problem *p,
			  const char *detail, const struct problem_fields *fields)
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

static void reply_status(struct http_request *rq, int status)
{
	reply_problem(rq, problem_of_status(status), NULL, NULL);
}

static void reply_err(struct http_request *rq, int err, const char *detail)
{
	reply_problem(rq, problem_of(err), detail, NULL);
}

static void reply_not_allowed(struct http_request *rq, const char *allow)
{
	http_add_header(rq, "Allow", allow);
	reply_status(rq, 405);
}

/* --- Answers that wait for the disk ---------------------------------------------- */

/* So long a client waits for a disk that has stopped; then it learns that we do not
 * know, which is the truth. */
#define ANSWER_MS 10000

struct answer {
	struct api *api;
	struct http_request *rq;
	struct gate_waiter waiter;
	struct loop_timer timer;
	int status;
	const char *type;
	struct buf body;
	char location[64];	/* "": none */
};

static void answer_free(struct answer *a)
{
	gate_leave(&a->waiter);
	loop_timer_stop(a->api->loop, &a->timer);
	buf_fini(&a->body);
	free(a);
}

static void answer_leaves(void *arg)
{
	struct answer *a = arg;

	if (a->location[0])
		http_add_header(a->rq, "Location", a->location);
	http_add_header(a->rq, "Cache-Control", "no-store");
	http_reply(a->rq, a->status, a->body.len ? a->type : NULL, a->body.p, a->body.len);
	answer_free(a);
}

static void answer_gone(void *arg, struct http_request *rq)
{
	(void)rq;
	answer_free(arg);
}

static void answer_too_late(struct loop_timer *t)
{
	struct answer *a = CONTAINER_OF(t, struct answer, timer);

	reply_problem(a->rq, problem_of_status(503),
		      "It is not known whether this could be recorded. Look before you "
		      "try again.", NULL);
	answer_free(a);
}

/* The answer to `rq`, to be filled in, then to be passed to answer_wait(). */
static struct answer *answer_new(struct api *api, struct http_request *rq, int status)
{
	struct answer *a = mem_new(sizeof(*a));

	a->api = api;
	a->rq = rq;
	a->status = status;
	a->type = "application/json";
	buf_init(&a->body);
	gate_waiter_init(&a->waiter, answer_leaves, a);
	loop_timer_init(&a->timer, answer_too_late);
	return a;
}

static void answer_wait(struct answer *a, uint64_t gate)
{
	if (gate_is_open(&a->api->house->gate, gate)) {
		answer_leaves(a);
		return;
	}
	a->rq->on_gone = answer_gone;
	a->rq->gone_arg = a;
	loop_timer_set(a->api->loop, &a->timer, loop_now_ms(a->api->loop) + ANSWER_MS);
	gate_wait(&a->api->house->gate, &a->waiter, gate);
}

/* --- Who asks --------------------------------------------------------------------- */

/* The Bearer token; false when there is none. */
static bool bearer(const struct http_request *rq, struct http_span *token)
{
	static const char scheme[] = "Bearer ";
	struct http_span a = rq->head.field[HTTP_AUTHORIZATION];
	const size_t n = sizeof(scheme) - 1;

	if (!a.p || a.len <= n ||
	    !http_span_is_nocase((struct http_span){a.p, n}, scheme))
		return false;
	token->p = a.p + n;
	token->len = a.len - n;
	return true;
}

/* Whether the request carries the host's token of this meeting. */
static bool from_host(const struct api *api, const struct http_request *rq,
		      const char *id)
{
	struct http_span t;

	return bearer(rq, &t) && token_is_host(api->house->key, id, t.p, t.len);
}

static bool origin_ok(const struct api *api, const struct http_request *rq)
{
	struct http_span o = rq->head.field[HTTP_ORIGIN];
	struct http_span host = rq->head.field[HTTP_HOST];

	return house_origin_ok(api->house, o.p, o.len, host.p, host.len);
}

/* Only JSON: a form of another site cannot send that without asking first. */
static bool is_json(const struct http_request *rq)
{
	static const char json[] = "application/json";
	struct http_span t = rq->head.field[HTTP_CONTENT_TYPE];
	const size_t n = sizeof(json) - 1;

	return t.p && t.len >= n &&
	       http_span_is_nocase((struct http_span){t.p, n}, json) &&
	       (t.len == n || t.p[n] == ';' || t.p[n] == ' ');
}

/* --- Meetings ---------------------------------------------------------------------- */

/* POST /api/meetings: read, decide, remember, answer. */
static void meetings_create(struct api *api, struct http_request *rq)
{
	struct instant now = house_now();
	struct problem_fields fields = {.count = 0};
	struct meeting_plan plan;
	uint8_t random[MEETING_RANDOM];
	struct meeting *m;
	char token[TOKEN_LEN + 1];
	struct answer *a;
	uint64_t gate;
	int err;

	if (rq->body_len && !is_json(rq)) {
		reply_status(rq, 415);
		return;
	}
	err = apimsg_plan_decode(&plan, &fields, now.wall, rq->body, rq->body_len);
	if (err) {
		reply_problem(rq, problem_of(err), NULL, &fields);
		return;
	}
	rnd_bytes(random, sizeof(random));
	err = meetings_schedule(&m, &gate, api->house->meetings, now, &plan, random,
				"open");
	if (err) {
		reply_err(rq, err, NULL);
		return;
	}
	a = answer_new(api, rq, 201);
	token_host(token, api->house->key, m->id);
	meeting_json(m, &a->body, true, token);
	strcpy(a->location, "/api/meetings/");
	strcat(a->location, m->id);
	answer_wait(a, gate);
}

/* GET /api/meetings/{id}: the public part, or all of it for its host. */
static void meeting_read(struct api *api, struct http_request *rq, struct meeting *m)
{
	struct answer *a = answer_new(api, rq, 200);

	meeting_json(m, &a->body, from_host(api, rq, m->id), NULL);
	answer_wait(a, m->last);
}

/* It cannot be done as things are; once these are on disk, the client is told so. */
static void reply_conflict(struct api *api, struct http_request *rq,
			   const struct meeting *m, const char *detail)
{
	struct answer *a = answer_new(api, rq, 409);

	a->type = "application/problem+json";
	problem_put(&a->body, problem_of(ERR_CONFLICT), detail, NULL);
	answer_wait(a, m->last);
}

/* POST /api/meetings/{id}/end: everyone inside is told and disconnected. */
static void meeting_end(struct api *api, struct http_request *rq, struct meeting *m)
{
	uint64_t gate;
	int err = room_end(m, &gate, house_now(), "host", false);
	struct answer *a;

	if (err == ERR_ENDED) {
		reply_conflict(api, rq, m, "This meeting is over already.");
		return;
	}
	if (err) {
		reply_err(rq, err, NULL);
		return;
	}
	a = answer_new(api, rq, 200);
	meeting_json(m, &a->body, true, NULL);
	answer_wait(a, gate);
}

/* DELETE /api/meetings/{id}: one that has not begun is cancelled. */
static void meeting_cancel(struct api *api, struct http_request *rq, struct meeting *m)
{
	uint64_t gate;
	int err = meetings_cancel(m, &gate, house_now(), "host");

	if (err == ERR_CONFLICT) {
		reply_conflict(api, rq, m, "Only a meeting that has not begun can be "
					   "cancelled; end it instead.");
		return;
	}
	if (err) {
		reply_err(rq, err, NULL);
		return;
	}
	answer_wait(answer_new(api, rq, 204), gate);
}

/* GET /api/meetings/{id}/socket: the handshake. Whether the meeting exists shows only
 * after the join. */
static void meeting_socket(struct api *api, struct http_request *rq, const char *id)
{
	char accept[HTTP_WS_ACCEPT_SIZE];
	int err;

	if (!rq->head.upgrade_websocket) {
		http_add_header(rq, "Upgrade", "websocket");
		reply_status(rq, 426);
		return;
	}
	err = http_websocket_accept(&rq->head, accept);
	if (err == ERR_VERSION) {
		http_add_header(rq, "Sec-WebSocket-Version", "13");
		reply_status(rq, 426);
	} else if (err) {
		reply_problem(rq, problem_of_status(400),
			      "The WebSocket handshake is not sound.", NULL);
	} else if (!origin_ok(api, rq)) {
		reply_status(rq, 403);
	} else if (!http_list_has(rq->head.field[HTTP_SEC_WEBSOCKET_PROTOCOL],
				  SIGNALING_PROTOCOL)) {
		reply_problem(rq, problem_of_status(400),
			      "Offer the subprotocol " SIGNALING_PROTOCOL ".", NULL);
	} else {
		signaling_accept(api->signaling, rq, id, accept);
	}
}

/* What may be done to one meeting; needs a caller who may. */
typedef void meeting_fn(struct api *api, struct http_request *rq, struct meeting *m);

/* For its host: whether the meeting is missing or not his looks the same. */
static void as_host(struct api *api, struct http_request *rq, const char *id,
		    meeting_fn *fn)
{
	struct meeting *m = meetings_find(api->house->meetings, id, MEETING_ID_LEN);
	struct http_span t;

	if (!bearer(rq, &t))
		reply_status(rq, 401);
	else if (!from_host(api, rq, id) || !m)
		reply_err(rq, ERR_NOT_FOUND, NULL);
	else
		fn(api, rq, m);
}

/* rest: what follows the id, "" or "/end" or "/socket". */
static void route_meeting(struct api *api, struct http_request *rq, const char *id,
			  const char *rest)
{
	const enum http_method method = rq->head.method;
	const bool get = method == HTTP_GET || method == HTTP_HEAD;
	struct meeting *m;

	if (!*rest) {
		if (get) {
			m = meetings_find(api->house->meetings, id, MEETING_ID_LEN);
			if (m)
				meeting_read(api, rq, m);
			else
				reply_err(rq, ERR_NOT_FOUND, NULL);
		} else if (method == HTTP_DELETE) {
			as_host(api, rq, id, meeting_cancel);
		} else {
			reply_not_allowed(rq, "GET, HEAD, DELETE");
		}
	} else if (strcmp(rest, "/end") == 0) {
		if (method == HTTP_POST)
			as_host(api, rq, id, meeting_end);
		else
			reply_not_allowed(rq, "POST");
	} else if (strcmp(rest, "/socket") == 0) {
		if (method == HTTP_GET)
			meeting_socket(api, rq, id);
		else
			reply_not_allowed(rq, "GET");
	} else {
		reply_status(rq, 404);
	}
}

static void route_api(struct api *api, struct http_request *rq, const char *path)
{
	static const char meetings[] = "/api/meetings";
	const size_t n = sizeof(meetings) - 1;
	char id[MEETING_ID_SIZE];

	if (rq->head.method != HTTP_GET && rq->head.method != HTTP_HEAD &&
	    !origin_ok(api, rq)) {
		reply_status(rq, 403);
		return;
	}
	if (strcmp(path, meetings) == 0) {
		if (rq->head.method == HTTP_POST)
			meetings_create(api, rq);
		else
			reply_not_allowed(rq, "POST");
		return;
	}
	if (strncmp(path, meetings, n) == 0 && path[n] == '/') {
		path += n + 1;
		/* what cannot be an id is a meeting that is not there */
		if (strcspn(path, "/") == MEETING_ID_LEN) {
			memcpy(id, path, MEETING_ID_LEN);
			id[MEETING_ID_LEN] = '\0';
			route_meeting(api, rq, id, path + MEETING_ID_LEN);
			return;
		}
		reply_err(rq, ERR_NOT_FOUND, NULL);
		return;
	}
	reply_status(rq, 404);
}

/* --- Everything else ---------------------------------------------------------------- */

static void reply_health(struct http_request *rq, bool ok)
{
	http_add_header(rq, "Cache-Control", "no-store");
	http_reply(rq, ok ? 200 : 503, "text/plain; charset=utf-8",
		   ok ? "ok\n" : "not ready\n", ok ? 3 : 10);
}

static void route_page(struct http_request *rq, const char *path)
{
	/* the page reads from its address which meeting it is for */
	if (strcmp(path, "/") == 0 || strncmp(path, "/join/", 6) == 0)
		path = "/index.html";
	if (!assets_serve(rq, path))
		reply_status(rq, 404);
}

/* Plain HTTP on a server with a certificate: to https, but for our own machine, where
 * a proxy or `paravent link` may speak plainly. */
static bool redirect_to_tls(struct api *api, struct http_request *rq)
{
	struct buf url = BUF_INIT;

	if (!api->house->conf->tls_certificate[0] || http_is_tls(rq) ||
	    addr_is_loopback(http_peer(rq)))
		return false;
	buf_puts(&url, api->house->conf->public_url);
	buf_put(&url, rq->head.raw_path.p, rq->head.raw_path.len);
	if (rq->head.query.p) {
		buf_putc(&url, '?');
		buf_put(&url, rq->head.query.p, rq->head.query.len);
	}
	http_add_header(rq, "Location", url.p);
	http_reply(rq, 308, NULL, NULL, 0);
	buf_fini(&url);
	return true;
}

void api_handle(void *arg, struct http_request *rq)
{
	struct api *api = arg;
	const char *path = rq->head.path;
	const bool get =
		rq->head.method == HTTP_GET || rq->head.method == HTTP_HEAD;

	if (redirect_to_tls(api, rq))
		return;
	if (strncmp(path, "/api/", 5) == 0)
		route_api(api, rq, path);
	else if (!get)
		reply_not_allowed(rq, "GET, HEAD");
	else if (strcmp(path, "/healthz") == 0)
		reply_health(rq, true);
	else if (strcmp(path, "/readyz") == 0)
		reply_health(rq, ledger_writable(api->house->ledger) &&
					 !api->house->stopping);
	else
		route_page(rq, path);
}

struct api *api_new(struct loop *l, struct house *h, struct signaling *sg)
{
	struct api *api = mem_new(sizeof(*api));

	api->loop = l;
	api->house = h;
	api->signaling = sg;
	return api;
}

void api_free(struct api *api)
{
	free(api);
}

/*
 * No foreign host, no inline script, no frame around us. The page may use camera and
 * microphone and nothing else of the device.
 */
#define COMMON_HEADERS                                                        \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; "    \
	"style-src 'self'; img-src 'self' data:; connect-src 'self'; "        \
	"media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "      \
	"form-action 'none'; frame-ancestors 'none'; "                        \
	"require-trusted-types-for 'script'\r\n"                              \
	"Permissions-Policy: camera=(self), microphone=(self), "              \
	"display-capture=(self), fullscreen=(self), autoplay=(self), "        \
	"screen-wake-lock=(self), picture-in-picture=(self), "                \
	"geolocation=(), payment=(), usb=(), serial=(), hid=()\r\n"           \
	"Referrer-Policy: no-referrer\r\n"                                    \
	"X-Content-Type-Options: nosniff\r\n"                                 \
	"X-Frame-Options: DENY\r\n"                                           \
	"Cross-Origin-Opener-Policy: same-origin\r\n"                         \
	"Cross-Origin-Resource-Policy: same-origin\r\n"

const char *api_common_headers(bool https)
{
	return https ? COMMON_HEADERS
		       "Strict-Transport-Security: max-age=31536000\r\n"
		     : COMMON_HEADERS;
}
