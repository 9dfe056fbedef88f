#include "app/lists.h"

#include <stdlib.h>
#include <string.h>

#include "app/callers.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/apimsg.h"
#include "proto/apiquery.h"

static const char *const statuses[] = {
#define X(symbol, name) name,
	QUERY_STATUSES(X)
#undef X
	NULL,
};

/* A meeting as the views have it; nobody is there any more. */
static void put_row(struct buf *b, const struct house *h,
		    const struct query_meeting *row, bool counts)
{
	const struct apimsg_meeting m = {
		.id = row->id,
		.status = query_status_name(row->status),
		.plan = &row->plan,
		.created_at = row->created_at,
		.base_url = h->conf->public_url,
		.practice = h->conf->name,
		.counts = counts,
	};

	apimsg_put_meeting(b, &m);
}

/* --- The list ------------------------------------------------------------------------ */

struct listing {
	struct reader_job job;
	struct answer *answer;
	struct apiquery_meetings query;
	size_t count;
	struct cursor next;
	struct query_meeting row[];	/* query.limit of them */
};

/* On the reader's thread. */
static int list_run(struct reader_job *job, struct query *q, struct why *why)
{
	struct listing *l = CONTAINER_OF(job, struct listing, job);
	const struct query_filter filter = {
		.status = l->query.status,
		.from = l->query.from,
		.to = l->query.to,
		.limit = l->query.limit,
		.after = l->query.after,
	};

	return query_meetings(q, &filter, l->row, &l->count, &l->next, why);
}

/* Whether memory has moved on to a status that was not asked for. */
static bool filtered(const struct listing *l, const struct meeting *m)
{
	return l->query.status >= 0 &&
	       strcmp(statuses[l->query.status], meeting_state_name(m->state)) != 0;
}

/* Appends the items; returns the gate of what was shown from memory. */
static uint64_t put_items(const struct listing *l, const struct house *h, struct buf *b)
{
	const size_t start = b->len;
	uint64_t gate = 0;
	size_t i;

	for (i = 0; i < l->count; i++) {
		const struct meeting *m =
			meetings_find(h->meetings, l->row[i].id, QUERY_ID_LEN);

		if (m && m->last > gate)
			gate = m->last;
		if (m && filtered(l, m))
			continue;
		if (b->len > start)
			buf_putc(b, ',');
		if (m)
			meeting_json(m, b, true, NULL);
		else
			put_row(b, h, &l->row[i], true);
	}
	return gate;
}

static void list_done(struct reader_job *job, int err, const struct why *why)
{
	struct listing *l = CONTAINER_OF(job, struct listing, job);
	struct answer *a = l->answer;
	struct buf *b = &a->body;
	char next[CURSOR_SIZE];
	uint64_t gate;

	if (!outlet_failed(a, "list of meetings", err, why)) {
		buf_puts(b, "{\"items\":[");
		gate = put_items(l, a->house, b);
		if (l->next.first) {
			cursor_put(next, &l->next);
			buf_printf(b, "],\"next\":\"%s\"}", next);
		} else {
			buf_puts(b, "],\"next\":null}");
		}
		answer_wait(a, gate);
	}
	free(l);
}

void lists_get(const struct outlet *o, struct http_request *rq)
{
	struct apiquery_meetings query;
	struct problem_fields fields;
	struct caller who;
	struct listing *l;
	int err = caller_with_key(&who, o->house, rq, APIKEY_READ | CALLER_HOSTS);

	if (err) {
		caller_refuse(rq, err);
		return;
	}
	if (apiquery_meetings(&query, &fields, rq->head.query, statuses)) {
		outlet_refuse(rq, &fields);
		return;
	}
	l = mem_new(sizeof(*l) + query.limit * sizeof(l->row[0]));
	l->query = query;
	l->job.run = list_run;
	l->job.done = list_done;
	l->answer = answer_new(o->loop, o->house, rq, 200);
	if (!outlet_ask(o, &l->job, l->answer))
		free(l);
}

/* --- One that is over ---------------------------------------------------------------- */

struct single {
	struct reader_job job;
	struct answer *answer;
	char id[MEETING_ID_SIZE];
	bool all;			/* and not just the public part */
	struct query_meeting row;
};

/* On the reader's thread. */
static int single_run(struct reader_job *job, struct query *q, struct why *why)
{
	struct single *s = CONTAINER_OF(job, struct single, job);

	return query_meeting(q, s->id, MEETING_ID_LEN, &s->row, why);
}

static void single_done(struct reader_job *job, int err, const struct why *why)
{
	struct single *s = CONTAINER_OF(job, struct single, job);
	struct answer *a = s->answer;

	if (!outlet_failed(a, "meeting", err, why)) {
		put_row(&a->body, a->house, &s->row, s->all);
		answer_send(a);
	}
	free(s);
}

void lists_get_one(const struct outlet *o, struct http_request *rq, const char *id)
{
	struct single *s = mem_new(sizeof(*s));
	struct caller who;

	memcpy(s->id, id, MEETING_ID_SIZE);
	s->all = !caller_of_meeting(&who, o->house, rq, id, true,
				    APIKEY_READ | APIKEY_CREATE | CALLER_HOSTS);
	s->job.run = single_run;
	s->job.done = single_done;
	s->answer = answer_new(o->loop, o->house, rq, 200);
	if (!outlet_ask(o, &s->job, s->answer))
		free(s);
}
