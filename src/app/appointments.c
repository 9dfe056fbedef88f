#include "app/appointments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/callers.h"
#include "app/issuers.h"
#include "app/past.h"
#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/jwtmake.h"
#include "proto/appointmsg.h"

/* A session that memory does not know: is it over, or does it begin? */
struct search {
	struct answer *answer;
	char id[MEETING_ID_SIZE];
};

bool appointments_served(const struct house *h)
{
	return issuers_service(h->issuers) != NULL;
}

/* Whether the service asks, with JSON. Else the answer is under way. */
static bool is_service(const struct outlet *o, struct http_request *rq)
{
	const struct http_span secret = rq->head.field[HTTP_X_INTERNAL_SECRET];

	if (!secret.p || !issuers_service_is(o->house->issuers, secret.p, secret.len)) {
		if (secret.p)
			caller_remember_refusal(o->house, REASON_UNKNOWN, VIA_HTTP);
		reply_err(rq, ERR_FORBIDDEN, "Send the secret of the issuer's "
			  "internal-secret-file as X-Internal-Secret.");
		return false;
	}
	if (!http_is_json(&rq->head)) {
		reply_status(rq, 415);
		return false;
	}
	return true;
}

static void refuse(struct http_request *rq, int err, const struct problem_fields *fields)
{
	if (err == ERR_RANGE)
		outlet_refuse(rq, fields);
	else
		reply_err(rq, err, NULL);
}

/* Takes the answer: nobody said how long a visit lasts, so its door is open for a day. */
static void make(struct house *h, struct answer *a, const char *id)
{
	char actor[FACT_ACTOR_SIZE];
	uint8_t bytes[MEETING_RANDOM];
	struct meeting_plan plan;
	struct meeting *m;
	uint64_t gate;
	int err;

	snprintf(actor, sizeof(actor), "token:%s", issuers_service(h->issuers)->conf->name);
	plan_init(&plan);
	plan.minutes = PLAN_MINUTES_MAX;
	b64_decode(bytes, sizeof(bytes), id, MEETING_ID_LEN);
	err = meetings_schedule(&m, &gate, h->meetings, house_now(), &plan, bytes, actor);
	if (err) {
		answer_problem(a, err, NULL);
		return;
	}
	a->status = 201;
	answer_wait(a, gate);
}

static void on_past(void *arg, int err)
{
	struct search *s = arg;
	struct house *h = s->answer->house;
	/* somebody may have asked at the same time */
	struct meeting *m = meetings_find(h->meetings, s->id, MEETING_ID_LEN);

	if (m)
		answer_wait(s->answer, m->last);
	else if (!err)
		answer_send(s->answer);
	else if (err == ERR_NOT_FOUND && !h->stopping && appointments_served(h))
		make(h, s->answer, s->id);
	else
		answer_problem(s->answer, ERR_UNAVAILABLE, NULL);
	free(s);
}

void appointments_make(const struct outlet *o, struct http_request *rq)
{
	char appointment[APPOINTMSG_TEXT_SIZE], id[TOKEN_LEN + 1];
	struct problem_fields fields;
	struct meeting *m;
	struct search *s;
	struct answer *a;
	int err;

	if (!is_service(o, rq))
		return;
	err = appointmsg_make_decode(appointment, &fields, rq->body, rq->body_len);
	if (err) {
		refuse(rq, err, &fields);
		return;
	}
	token_session(id, o->house->key, appointment);
	m = meetings_find(o->house->meetings, id, MEETING_ID_LEN);
	a = answer_new(o->loop, o->house, rq, 200);
	appointmsg_put_session(&a->body, o->house->conf->public_url, id);
	if (m) {
		answer_wait(a, m->last);
		return;
	}
	s = mem_new(sizeof(*s));
	s->answer = a;
	strcpy(s->id, id);
	answer_hold(a);
	if (!past_ask(o->house, id, on_past, s)) {
		answer_problem(a, ERR_UNAVAILABLE, NULL);
		free(s);
	}
}

void appointments_join(const struct outlet *o, struct http_request *rq, const char *rest)
{
	const struct meeting *m;
	char person[APPOINTMSG_TEXT_SIZE];
	struct problem_fields fields;
	struct buf token = BUF_INIT;
	struct answer *a;
	bool host;
	int err;

	if (!is_service(o, rq))
		return;
	err = appointmsg_join_decode(&host, person, &fields, rq->body, rq->body_len);
	if (err) {
		refuse(rq, err, &fields);
		return;
	}
	m = meetings_find(o->house->meetings, rest, MEETING_ID_LEN);
	if (!m || meeting_over(m)) {
		reply_err(rq, ERR_NOT_FOUND, "There is no such session, or it is over.");
		return;
	}
	jwtmake_carepulse(&token, issuers_service(o->house->issuers), m->id, person, host,
			  house_now().wall / 1000);
	a = answer_new(o->loop, o->house, rq, 200);
	appointmsg_put_link(&a->body, o->house->conf->public_url, m->id, token.p,
			    JWTMAKE_LIFE_S);
	mem_wipe(token.p, token.len);
	buf_fini(&token);
	answer_wait(a, m->last);
}
