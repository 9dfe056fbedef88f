#include "app/api.h"

#include <stdlib.h>
#include <string.h>

#include "app/answer.h"
#include "app/appointment.h"
#include "app/appointments.h"
#include "app/callers.h"
#include "app/clients.h"
#include "app/events.h"
#include "app/invitations.h"
#include "app/lists.h"
#include "app/pages.h"
#include "app/past.h"
#include "app/reportapi.h"
#include "app/sessions.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "net/addr.h"
#include "proto/apimsg.h"
#include "proto/problem.h"
#include "proto/signin.h"

struct api {
	struct loop *loop;
	struct house *house;
	struct signaling *signaling;
	struct retention *retention;
	struct eventstreams *streams;
	struct sessions *sessions;
	struct outlet outlet;
};

/* --- What is asked ---------------------------------------------------------------- */

static bool origin_ok(const struct api *api, const struct http_request *rq)
{
	struct http_span o = rq->head.field[HTTP_ORIGIN];
	struct http_span host = rq->head.field[HTTP_HOST];

	return house_origin_ok(api->house, o.p, o.len, host.p, host.len);
}

/* What rides on a cookie and changes something comes from a page of ours. */
static bool may_change(const struct api *api, const struct http_request *rq)
{
	struct http_span o = rq->head.field[HTTP_ORIGIN];
	struct http_span host = rq->head.field[HTTP_HOST];

	if (rq->head.field[HTTP_AUTHORIZATION].p || !signin_has_cookie(&rq->head))
		return origin_ok(api, rq);
	return house_origin_is_ours(api->house, o.p, o.len, host.p, host.len);
}

/* --- Meetings ---------------------------------------------------------------------- */

/* POST /api/meetings: authorise, read, decide, remember, answer. */
static void meetings_create(struct api *api, struct http_request *rq)
{
	struct instant now = house_now();
	struct problem_fields fields = {.count = 0};
	struct meeting_plan plan;
	uint8_t random[MEETING_RANDOM];
	struct caller caller;
	struct meeting *m;
	char token[TOKEN_LEN + 1];
	struct answer *a;
	uint64_t gate;
	int err;

	/* a key that is presented must be one that may, also where anybody may */
	err = caller_to_create(&caller, api->house, rq);
	if (err && (rq->head.field[HTTP_AUTHORIZATION].p || err != ERR_UNAUTHORIZED ||
		    api->house->conf->access != CONF_ACCESS_OPEN)) {
		caller_refuse(rq, err);
		return;
	}
	if (rq->body_len && !http_is_json(&rq->head)) {
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
				caller.actor[0] ? caller.actor : "open");
	if (err) {
		reply_err(rq, err, NULL);
		return;
	}
	a = answer_new(api->loop, api->house, rq, 201);
	token_host(token, api->house->key, m->id);
	meeting_json(m, &a->body, true, token);
	strcpy(a->location, "/api/meetings/");
	strcat(a->location, m->id);
	answer_wait(a, gate);
}

/* GET /api/meetings/{id}: the public part, or all of it for its host. */
static void meeting_read(struct api *api, struct http_request *rq, struct meeting *m)
{
	struct answer *a = answer_new(api->loop, api->house, rq, 200);
	struct caller who;
	const bool all = caller_of_meeting(&who, api->house, rq, m->id, true,
					   APIKEY_READ | APIKEY_CREATE |
					   CALLER_HOSTS) == 0;

	meeting_json(m, &a->body, all, NULL);
	answer_wait(a, m->last);
}

/* POST /api/meetings/{id}/end: everyone inside is told and disconnected. */
static void meeting_end(struct api *api, struct http_request *rq, struct meeting *m,
			const char *actor)
{
	uint64_t gate;
	int err = room_end(m, &gate, house_now(), actor, false);
	struct answer *a;

	if (err == ERR_ENDED) {
		answer_conflict(api->loop, api->house, rq, m->last,
				"This meeting is over already.");
		return;
	}
	if (err) {
		reply_err(rq, err, NULL);
		return;
	}
	a = answer_new(api->loop, api->house, rq, 200);
	meeting_json(m, &a->body, true, NULL);
	answer_wait(a, gate);
}

/* DELETE /api/meetings/{id}: one that has not begun is cancelled. */
static void meeting_cancel(struct api *api, struct http_request *rq, struct meeting *m,
			   const char *actor)
{
	uint64_t gate;
	int err = meetings_cancel(m, &gate, house_now(), actor);

	if (err == ERR_CONFLICT) {
		answer_conflict(api->loop, api->house, rq, m->last,
				"Only a meeting that has not begun can be cancelled; end "
				"it instead.");
		return;
	}
	if (err) {
		reply_err(rq, err, NULL);
		return;
	}
	answer_wait(answer_new(api->loop, api->house, rq, 204), gate);
}

/* PATCH /api/meetings/{id}: the plan as it is from now on. */
static void meeting_change(struct api *api, struct http_request *rq, struct meeting *m,
			   const char *actor)
{
	struct instant now = house_now();
	struct problem_fields fields = {.count = 0};
	struct meeting_change change;
	struct meeting_plan plan;
	struct answer *a;
	uint64_t gate;
	int err;

	if (rq->body_len && !http_is_json(&rq->head)) {
		reply_status(rq, 415);
		return;
	}
	meeting_plan_of(m, &plan);
	err = apimsg_change_decode(&change, &fields, now.wall, &plan, rq->body,
				   rq->body_len);
	if (err) {
		reply_problem(rq, problem_of(err), NULL, &fields);
		return;
	}
	err = meetings_change(m, &gate, now, &change, actor);
	if (err == ERR_ENDED || err == ERR_FULL || err == ERR_FORBIDDEN) {
		answer_conflict(api->loop, api->house, rq, m->last,
				err == ERR_ENDED ? "This meeting is over already." :
				err == ERR_FULL ?
				"More people are inside than the new capacity allows." :
				"The personal data of this meeting was erased: it can "
				"have no new title or host name.");
		return;
	}
	if (err) {
		reply_err(rq, err, NULL);
		return;
	}
	a = answer_new(api->loop, api->house, rq, 200);
	meeting_json(m, &a->body, true, NULL);
	answer_wait(a, gate);
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
		reply_status_detail(rq, 400, "The WebSocket handshake is not sound.");
	} else if (!origin_ok(api, rq)) {
		reply_status(rq, 403);
	} else if (!http_list_has(rq->head.field[HTTP_SEC_WEBSOCKET_PROTOCOL],
				  SIGNALING_PROTOCOL)) {
		reply_status_detail(rq, 400,
				    "Offer the subprotocol " SIGNALING_PROTOCOL ".");
	} else {
		signaling_accept(api->signaling, rq, id, accept);
	}
}

/* What its host, the staff, or an API key may do to a meeting. */
typedef void meeting_fn(struct api *api, struct http_request *rq, struct meeting *m,
			const char *actor);

/* A meeting that memory does not know cannot be changed; why not is worth a look. */
static void on_past(void *arg, int err)
{
	answer_problem(arg, err ? err : ERR_CONFLICT,
		       err ? NULL : "This meeting is over already.");
}

/* Whether the meeting is missing or not the caller's looks the same. */
static void as_owner_with(struct api *api, struct http_request *rq, const char *id,
			  unsigned int scopes, meeting_fn *fn)
{
	struct meeting *m = meetings_find(api->house->meetings, id, MEETING_ID_LEN);
	struct caller who;
	struct answer *a;
	int err = caller_of_meeting(&who, api->house, rq, id, true, scopes);

	if (err) {
		caller_refuse(rq, err);
	} else if (m) {
		fn(api, rq, m, who.actor);
	} else {
		a = answer_new(api->loop, api->house, rq, 200);
		answer_hold(a);
		if (!past_ask(api->house, id, on_past, a))
			answer_problem(a, ERR_UNAVAILABLE, NULL);
	}
}

static void as_owner(struct api *api, struct http_request *rq, const char *id,
		     meeting_fn *fn)
{
	as_owner_with(api, rq, id, APIKEY_CREATE | CALLER_HOSTS, fn);
}

/* POST, GET and DELETE below /api/meetings/{id}/invitations. */

static void invitation_post(struct api *api, struct http_request *rq, struct meeting *m,
			    const char *actor)
{
	invitations_make(&api->outlet, rq, m, actor);
}

static void invitation_get(struct api *api, struct http_request *rq, struct meeting *m,
			   const char *actor)
{
	(void)actor;
	invitations_list(&api->outlet, rq, m);
}

static void invitation_delete(struct api *api, struct http_request *rq,
			      struct meeting *m, const char *actor)
{
	invitations_revoke(&api->outlet, rq, m, strrchr(rq->head.path, '/') + 1, actor);
}

/*
 * rest: what follows "/invitations", "" or "/<invitationId>". Not for who is a host by an
 * invitation: who makes another one keeps it when the first is revoked.
 */
static void route_invitations(struct api *api, struct http_request *rq, const char *id,
			      const char *rest)
{
	const unsigned int scopes = APIKEY_CREATE | CALLER_HOSTS | CALLER_NOT_INVITED;
	const enum http_method method = rq->head.method;

	if (*rest && (*rest != '/' || strchr(rest + 1, '/')))
		reply_status(rq, 404);
	else if (*rest && method == HTTP_DELETE)
		as_owner_with(api, rq, id, scopes, invitation_delete);
	else if (*rest)
		reply_not_allowed(rq, "DELETE");
	else if (method == HTTP_POST)
		as_owner_with(api, rq, id, scopes, invitation_post);
	else if (method == HTTP_GET || method == HTTP_HEAD)
		as_owner_with(api, rq, id, scopes | APIKEY_READ, invitation_get);
	else
		reply_not_allowed(rq, "GET, HEAD, POST");
}

/* DELETE /api/meetings/{id}/personal-data: for admins of the staff and API keys. */
static void meeting_erase(struct api *api, struct http_request *rq, const char *id)
{
	struct caller who;
	int err = caller_of_meeting(&who, api->house, rq, id, false, APIKEY_CREATE);

	if (err)
		caller_refuse(rq, err);
	else
		retention_erase(api->retention,
				answer_new(api->loop, api->house, rq, 204), id,
				who.actor);
}

/* rest: what follows the id, "" or "/end" or "/socket". */
static void route_meeting(struct api *api, struct http_request *rq, const char *id,
			  const char *rest)
{
	const enum http_method method = rq->head.method;
	const bool get = method == HTTP_GET || method == HTTP_HEAD;
	struct meeting *m;

	if (!*rest) {
		m = get ? meetings_find(api->house->meetings, id, MEETING_ID_LEN) : NULL;
		if (m)
			meeting_read(api, rq, m);
		else if (get)
			lists_get_one(&api->outlet, rq, id);
		else if (method == HTTP_PATCH)
			as_owner(api, rq, id, meeting_change);
		else if (method == HTTP_DELETE)
			as_owner(api, rq, id, meeting_cancel);
		else
			reply_not_allowed(rq, "GET, HEAD, PATCH, DELETE");
	} else if (strcmp(rest, "/end") == 0) {
		if (method == HTTP_POST)
			as_owner(api, rq, id, meeting_end);
		else
			reply_not_allowed(rq, "POST");
	} else if (strcmp(rest, "/socket") == 0) {
		if (method == HTTP_GET)
			meeting_socket(api, rq, id);
		else
			reply_not_allowed(rq, "GET");
	} else if (strcmp(rest, "/calendar.ics") == 0) {
		if (get)
			appointment_calendar(&api->outlet, rq, id);
		else
			reply_not_allowed(rq, "GET, HEAD");
	} else if (strcmp(rest, "/qr.svg") == 0) {
		if (get)
			appointment_qr(&api->outlet, rq, id);
		else
			reply_not_allowed(rq, "GET, HEAD");
	} else if (strcmp(rest, "/events") == 0) {
		if (get)
			events_of_meeting(&api->outlet, rq, id);
		else
			reply_not_allowed(rq, "GET, HEAD");
	} else if (strcmp(rest, "/report") == 0) {
		if (get)
			report_get(&api->outlet, rq, id);
		else
			reply_not_allowed(rq, "GET, HEAD");
	} else if (strncmp(rest, "/invitations", 12) == 0) {
		route_invitations(api, rq, id, rest + 12);
	} else if (strcmp(rest, "/personal-data") == 0) {
		if (method == HTTP_DELETE)
			meeting_erase(api, rq, id);
		else
			reply_not_allowed(rq, "DELETE");
	} else {
		reply_status(rq, 404);
	}
}

static void route_api(struct api *api, struct http_request *rq, const char *path)
{
	static const char meetings[] = "/api/meetings", session[] = "/api/session";
	const size_t n = sizeof(meetings) - 1, m = sizeof(session) - 1;
	const bool get =
		rq->head.method == HTTP_GET || rq->head.method == HTTP_HEAD;
	char id[MEETING_ID_SIZE];

	if (!get && !may_change(api, rq)) {
		reply_status(rq, 403);
		return;
	}
	if (strcmp(path, meetings) == 0) {
		if (rq->head.method == HTTP_POST)
			meetings_create(api, rq);
		else if (get)
			lists_get(&api->outlet, rq);
		else
			reply_not_allowed(rq, "GET, HEAD, POST");
		return;
	}
	if (strncmp(path, session, m) == 0 && (!path[m] || path[m] == '/')) {
		sessions_serve(api->sessions, rq, path + m);
		return;
	}
	if (strcmp(path, "/api/events") == 0) {
		if (get)
			events_get(&api->outlet, api->streams, rq);
		else
			reply_not_allowed(rq, "GET, HEAD");
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

/* --- The seeds' calls --------------------------------------------------------------- */

/* /sessions and /sessions/{id}/join: for the service of an issuer. */
static void route_appointments(struct api *api, struct http_request *rq,
			       const char *path)
{
	const char *id = path + strlen("/sessions");

	if (!appointments_served(api->house))
		reply_status(rq, 404);
	else if (rq->head.method != HTTP_POST)
		reply_not_allowed(rq, "POST");
	else if (!origin_ok(api, rq))
		reply_status(rq, 403);
	else if (!*id)
		appointments_make(&api->outlet, rq);
	else
		appointments_join(&api->outlet, rq, id + 1);
}

/* Whether it is "/sessions" or "/sessions/{id}/join". */
static bool is_appointments(const char *path)
{
	static const char sessions[] = "/sessions";
	const size_t n = sizeof(sessions) - 1;

	if (strncmp(path, sessions, n) != 0)
		return false;
	path += n;
	return !*path || (*path == '/' && strcspn(path + 1, "/") == MEETING_ID_LEN &&
			  strcmp(path + 1 + MEETING_ID_LEN, "/join") == 0);
}

/* --- Everything else ---------------------------------------------------------------- */

static void reply_health(struct http_request *rq, bool ok)
{
	http_add_header(rq, "Cache-Control", "no-store");
	http_reply(rq, ok ? 200 : 503, "text/plain; charset=utf-8",
		   ok ? "ok\n" : "not ready\n", ok ? 3 : 10);
}

/* Plain HTTP on a server with a certificate: to https, but for our own machine, where
 * a proxy may speak plainly. A trusted proxy says what it heard. */
static bool redirect_to_tls(struct api *api, struct http_request *rq,
			    const struct client *client)
{
	struct buf url = BUF_INIT;

	if (!api->house->conf->tls_certificate[0] || client->proto == FORWARDED_HTTPS ||
	    (client->proto == FORWARDED_UNSAID && addr_is_loopback(http_peer(rq))))
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

/*
 * False, and 429 is on its way, for an address that asks too much: too fast, or too often
 * for what is not there. Then it hears nothing of what is there either, or the refusals
 * would tell which is which.
 */
static bool within_limits(struct api *api, struct http_request *rq,
			  const struct client *client)
{
	struct clients *all = api->house->clients;

	if (clients_take(all, client, ADDRESS_CALLS) &&
	    clients_may(all, client, ADDRESS_MISSES))
		return true;
	http_add_header(rq, "Retry-After", "1");
	reply_err(rq, ERR_TOO_FAST, NULL);
	return false;
}

static bool is_call(const struct http_request *rq)
{
	return strncmp(rq->head.path, "/api/", 5) == 0 || is_appointments(rq->head.path);
}

void api_answered(void *arg, const struct http_request *rq, int status)
{
	struct api *api = arg;
	struct client client;

	if ((status != 401 && status != 404) || !is_call(rq))
		return;
	clients_find(&client, api->house->clients, rq);
	clients_take(api->house->clients, &client, ADDRESS_MISSES);
}

void api_handle(void *arg, struct http_request *rq)
{
	struct api *api = arg;
	struct client client;
	const char *path = rq->head.path;
	const bool get =
		rq->head.method == HTTP_GET || rq->head.method == HTTP_HEAD;

	clients_find(&client, api->house->clients, rq);
	if (redirect_to_tls(api, rq, &client))
		return;
	if (is_call(rq)) {
		if (!within_limits(api, rq, &client))
			return;
		if (is_appointments(path))
			route_appointments(api, rq, path);
		else
			route_api(api, rq, path);
	} else if (!get) {
		reply_not_allowed(rq, "GET, HEAD");
	} else if (strcmp(path, "/healthz") == 0) {
		reply_health(rq, true);
	} else if (strcmp(path, "/readyz") == 0) {
		reply_health(rq, house_ready(api->house));
	} else {
		pages_serve(api->house->conf, rq);
	}
}

struct api *api_new(struct loop *l, struct house *h, struct signaling *sg,
		    struct retention *r, struct eventstreams *es, struct sessions *ss)
{
	struct api *api = mem_new(sizeof(*api));

	api->loop = l;
	api->house = h;
	api->signaling = sg;
	api->retention = r;
	api->streams = es;
	api->sessions = ss;
	api->outlet = (struct outlet){.loop = l, .house = h};
	return api;
}

void api_free(struct api *api)
{
	free(api);
}
