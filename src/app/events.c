#include "app/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/callers.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/apiquery.h"
#include "proto/factjson.h"

struct page {
	struct reader_job job;
	struct answer *answer;
	struct apiquery_events query;
	char meeting[MEETING_ID_SIZE];	/* "": the whole log */
	bool personal;
	struct buf items;
	unsigned int count;
	uint64_t last;			/* of the items */
	bool more;
};

static void page_free(struct page *p)
{
	buf_fini(&p->items);
	free(p);
}

static int put_fact(void *arg, const struct query_fact *f)
{
	struct page *p = arg;

	if (p->count == p->query.limit) {
		p->more = true;
		return 1;
	}
	if (p->count++)
		buf_putc(&p->items, ',');
	factjson_put(&p->items, f->row, f->hash, p->personal ? f->personal : NULL,
		     p->personal ? f->personal_len : 0,
		     p->personal ? f->erased : f->row->sealed != NULL);
	p->last = f->row->seq;
	return 0;
}

/* On the reader's thread. */
static int page_run(struct reader_job *job, struct query *q, struct why *why)
{
	struct page *p = CONTAINER_OF(job, struct page, job);
	struct query_meeting row;
	char stream[FACT_STREAM_SIZE];
	uint64_t last;
	int err = 0;

	snprintf(stream, sizeof(stream), "meeting/%s", p->meeting);
	if (p->meeting[0])
		err = query_meeting(q, p->meeting, MEETING_ID_LEN, &row, why);
	if (!err)
		err = query_last(q, &last, why);
	if (!err && p->query.after > last)
		err = ERR_CONFLICT;
	if (!err)	/* one more, to see whether there is more */
		err = query_facts(q, p->meeting[0] ? stream : NULL, p->query.after,
				  p->query.limit + 1, put_fact, p, why);
	return err < 0 ? err : 0;
}

static void page_done(struct reader_job *job, int err, const struct why *why)
{
	struct page *p = CONTAINER_OF(job, struct page, job);
	struct answer *a = p->answer;
	struct buf *b = &a->body;

	if (err == ERR_CONFLICT) {
		answer_problem(a, err, EVENTS_BEYOND);
	} else if (!outlet_failed(a, "page of events", err, why)) {
		buf_puts(b, "{\"items\":[");
		buf_put(b, p->items.p, p->items.len);
		if (p->more)
			buf_printf(b, "],\"next\":%llu}", (unsigned long long)p->last);
		else
			buf_puts(b, "],\"next\":null}");
		answer_send(a);
	}
	page_free(p);
}

/* The caller has been judged. meeting: "" for the whole log. */
static void ask(const struct outlet *o, struct http_request *rq, const char *meeting,
		bool personal)
{
	struct problem_fields fields;
	struct page *p;
	struct apiquery_events query;

	if (apiquery_events(&query, &fields, rq->head.query)) {
		outlet_refuse(rq, &fields);
		return;
	}
	p = mem_new(sizeof(*p));
	p->query = query;
	strcpy(p->meeting, meeting);
	p->personal = personal;
	buf_init(&p->items);
	p->job.run = page_run;
	p->job.done = page_done;
	p->answer = answer_new(o->loop, o->house, rq, 200);
	if (!outlet_ask(o, &p->job, p->answer))
		page_free(p);
}

void events_get(const struct outlet *o, struct eventstreams *streams,
		struct http_request *rq)
{
	struct problem_fields fields;
	struct caller who;
	uint64_t after;
	int err = caller_with_key(&who, o->house, rq, APIKEY_AUDIT | CALLER_AUDITORS);

	if (err) {
		caller_refuse(rq, err);
	} else if (!http_accept_type(rq->head.field[HTTP_ACCEPT], "text/event-stream")) {
		ask(o, rq, "", false);
	} else if (apiquery_stream(&after, &fields, rq->head.query,
				   rq->head.field[HTTP_LAST_EVENT_ID])) {
		outlet_refuse(rq, &fields);
	} else {
		eventstreams_open(streams, rq, &who, after);
	}
}

void events_of_meeting(const struct outlet *o, struct http_request *rq, const char *id)
{
	struct caller who;
	int err = caller_of_meeting(&who, o->house, rq, id, false,
				    APIKEY_AUDIT | APIKEY_READ | CALLER_HOSTS |
				    CALLER_AUDITORS);

	if (err)
		caller_refuse(rq, err);
	else
		ask(o, rq, id, who.scopes & APIKEY_READ);
}
