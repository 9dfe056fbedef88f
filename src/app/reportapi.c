#include "app/reportapi.h"

#include <stdlib.h>
#include <string.h>

#include "app/callers.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/apiquery.h"
#include "proto/reportpage.h"

struct asking {
	struct reader_job job;
	struct answer *answer;
	char meeting[MEETING_ID_SIZE];
	bool page;			/* and not JSON */
	enum reportpage_lang lang;
	struct report report;
};

/* On the reader's thread. */
static int report_run(struct reader_job *job, struct query *q, struct why *why)
{
	struct asking *r = CONTAINER_OF(job, struct asking, job);

	return query_report(q, r->meeting, MEETING_ID_LEN, &r->report, why);
}

static void put_page(const struct asking *r)
{
	struct answer *a = r->answer;
	char policy[REPORTPAGE_POLICY_SIZE];

	reportpage_put(&a->body, &r->report, clock_wall_ms(), a->house->conf->name,
		       r->lang);
	a->type = "text/html; charset=utf-8";
	if (!a->rq)
		return;
	reportpage_policy(policy);
	http_add_header(a->rq, "Content-Security-Policy", policy);
	http_add_header(a->rq, "Content-Language", reportpage_langs[r->lang]);
	http_add_header(a->rq, "Vary", "Accept, Accept-Language");
}

static void report_done(struct reader_job *job, int err, const struct why *why)
{
	struct asking *r = CONTAINER_OF(job, struct asking, job);
	struct answer *a = r->answer;

	if (!outlet_failed(a, "report", err, why)) {
		if (r->page)
			put_page(r);
		else
			report_put(&a->body, &r->report, clock_wall_ms(),
				   a->house->conf->name);
		answer_send(a);
	}
	report_fini(&r->report);
	free(r);
}

void report_get(const struct outlet *o, struct http_request *rq, const char *id)
{
	struct problem_fields fields;
	struct caller who;
	struct asking *r;
	int lang;
	int err = caller_of_meeting(&who, o->house, rq, id, false,
				    APIKEY_READ | CALLER_HOSTS | CALLER_AUDITORS);

	if (err) {
		caller_refuse(rq, err);
		return;
	}
	if (apiquery_report(&lang, &fields, rq->head.query, reportpage_langs)) {
		outlet_refuse(rq, &fields);
		return;
	}
	if (lang < 0)
		lang = http_accept_language(rq->head.field[HTTP_ACCEPT_LANGUAGE],
					    reportpage_langs);
	r = mem_new(sizeof(*r));
	memcpy(r->meeting, id, MEETING_ID_SIZE);
	r->page = http_accept_type(rq->head.field[HTTP_ACCEPT], "text/html");
	r->lang = (enum reportpage_lang)lang;
	report_init(&r->report);
	r->job.run = report_run;
	r->job.done = report_done;
	r->answer = answer_new(o->loop, o->house, rq, 200);
	if (!outlet_ask(o, &r->job, r->answer)) {
		report_fini(&r->report);
		free(r);
	}
}
