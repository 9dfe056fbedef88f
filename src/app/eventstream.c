#include "app/eventstream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/factjson.h"

/* A page ends with the fact that reaches either; so much waits for a client at most. */
#define PAGE_FACTS 500
#define PAGE_BYTES (128 * 1024)
/* What is live is read this often at most: under load in groups, after a rest at once. */
#define PACE_MS 100

struct eventstreams {
	struct loop *loop;
	struct house *house;
	struct list streams;
	size_t count;
	bool draining;
};

struct evstream {
	struct list link;
	struct eventstreams *es;
	struct http_request *rq;	/* NULL: the client is gone, or was told the end */
	struct caller who;
	bool begun;			/* the head of the answer has left */
	uint64_t last;			/* seen: nothing up to here is due any more */
	uint64_t sent;			/* facts, for the log */
	struct gate_waiter waiter;	/* for the next fact */
	struct loop_timer pace, heartbeat;
	uint64_t asked_ms;		/* when a page was last asked for */

	bool asked;			/* the reader has the job */
	struct reader_job job;
	uint64_t durable;		/* when it was asked */
	struct buf page;		/* the reader's while it has the job */
	uint64_t page_last;
	unsigned int page_facts;
	bool more;
};

static void go_on(struct evstream *s);

/* --- The end ------------------------------------------------------------------------- */

static void free_unasked(struct evstream *s)
{
	if (s->asked)
		return;		/* page_done() comes here again */
	buf_fini(&s->page);
	free(s);
}

/* It is no longer one of those that are open. */
static void leave(struct evstream *s)
{
	gate_leave(&s->waiter);
	loop_timer_stop(s->es->loop, &s->pace);
	loop_timer_stop(s->es->loop, &s->heartbeat);
	list_unlink(&s->link);
	s->es->count--;
	s->rq = NULL;
	if (s->begun)
		log_info("events closed key=%s last=%llu sent=%llu", s->who.key,
			 (unsigned long long)s->last, (unsigned long long)s->sent);
	free_unasked(s);
}

static void on_gone(void *arg, struct http_request *rq)
{
	(void)rq;
	leave(arg);
}

/* Says the end; what waits for the client still leaves. */
static void finish(struct evstream *s)
{
	if (s->begun)
		http_reply_end(s->rq);
	else
		reply_err(s->rq, ERR_UNAVAILABLE, "The server is about to stop.");
	leave(s);
}

static void refuse(struct evstream *s, int err, const char *detail)
{
	reply_err(s->rq, err, detail);
	leave(s);
}

/* --- One page ------------------------------------------------------------------------ */

static int put_fact(void *arg, const struct query_fact *f)
{
	struct evstream *s = arg;
	const struct fact_row *row = f->row;

	buf_printf(&s->page, "id: %llu\nevent: %.*s\ndata: ",
		   (unsigned long long)row->seq, (int)row->kind_len, row->kind);
	factjson_put(&s->page, row, f->hash, NULL, 0, row->sealed != NULL);
	buf_puts(&s->page, "\n\n");
	s->page_last = row->seq;
	s->page_facts++;
	s->more = s->page_facts == PAGE_FACTS || s->page.len >= PAGE_BYTES;
	return s->more;
}

/* On the reader's thread. */
static int page_run(struct reader_job *job, struct query *q, struct why *why)
{
	struct evstream *s = CONTAINER_OF(job, struct evstream, job);
	uint64_t last;
	int err = query_last(q, &last, why);

	if (!err && s->last > last)
		return ERR_CONFLICT;
	if (!err)
		err = query_facts(q, NULL, s->last, PAGE_FACTS, put_fact, s, why);
	return err < 0 ? err : 0;
}

static void begin(struct evstream *s)
{
	/* a proxy must pass on what there is, and not wait for more */
	http_add_header(s->rq, "Cache-Control", "no-store");
	http_add_header(s->rq, "X-Accel-Buffering", "no");
	http_reply_begin(s->rq, 200, "text/event-stream");
	s->begun = true;
	log_info("events opened key=%s after=%llu", s->who.key, (unsigned long long)s->last);
}

static void send_page(struct evstream *s)
{
	http_reply_more(s->rq, s->page.p, s->page.len);
	if (s->page_facts)
		s->last = s->page_last;
	/* what was durable then and not there has been cut off the log */
	if (!s->more && s->last < s->durable)
		s->last = s->durable;
	s->sent += s->page_facts;
	buf_fini(&s->page);
}

static void page_done(struct reader_job *job, int err, const struct why *why)
{
	struct evstream *s = CONTAINER_OF(job, struct evstream, job);

	s->asked = false;
	if (!s->rq) {
		free_unasked(s);
	} else if (err == ERR_CONFLICT && !s->begun) {
		refuse(s, err, EVENTS_BEYOND);
	} else if (err && s->begun) {
		/* the client comes back with Last-Event-ID */
		log_error("events stream failed: %s", why->text);
		finish(s);
	} else if (err) {
		log_error("events stream failed: %s", why->text);
		refuse(s, err, NULL);
	} else {
		if (!s->begun)
			begin(s);
		send_page(s);
		go_on(s);
	}
}

/* --- Going on ------------------------------------------------------------------------ */

/* False: the reader has enough to do. */
static bool ask(struct evstream *s)
{
	s->page_facts = 0;
	s->more = false;
	s->durable = s->es->house->gate.durable;
	s->asked_ms = loop_now_ms(s->es->loop);
	s->asked = !reader_ask(s->es->house->reader, &s->job);
	return s->asked;
}

/* The next page, or what has to come before it can be asked for. */
static void go_on(struct evstream *s)
{
	struct eventstreams *es = s->es;
	const uint64_t now = loop_now_ms(es->loop);

	if (s->rq->head.method == HTTP_HEAD || !caller_still(&s->who, es->house)) {
		finish(s);
		return;
	}
	loop_timer_set(es->loop, &s->heartbeat, now + EVENTSTREAM_HEARTBEAT_MS);
	if (http_reply_pending(s->rq))
		return;			/* on_drained() */
	if (!gate_is_open(&es->house->gate, s->last + 1))
		gate_wait(&es->house->gate, &s->waiter, s->last + 1);
	else if ((!s->more && now < s->asked_ms + PACE_MS) || !ask(s))
		loop_timer_set(es->loop, &s->pace, now + PACE_MS);
}

static void on_fact(void *arg)
{
	go_on(arg);
}

static void on_drained(void *arg, struct http_request *rq)
{
	struct evstream *s = arg;

	(void)rq;
	/* a heartbeat that took its time may have found something going on already */
	if (!s->asked && !gate_waits(&s->waiter) && !s->pace.due_ms)
		go_on(s);
}

static void on_pace(struct loop_timer *t)
{
	go_on(CONTAINER_OF(t, struct evstream, pace));
}

/* Shows proxies and both ends that the other is there. */
static void on_heartbeat(struct loop_timer *t)
{
	struct evstream *s = CONTAINER_OF(t, struct evstream, heartbeat);

	if (!caller_still(&s->who, s->es->house)) {
		finish(s);
		return;
	}
	if (!http_reply_pending(s->rq))
		http_reply_more(s->rq, ":\n\n", 3);
	loop_timer_set(s->es->loop, t,
		       loop_now_ms(s->es->loop) + EVENTSTREAM_HEARTBEAT_MS);
}

/* --- All of them ---------------------------------------------------------------------- */

void eventstreams_open(struct eventstreams *es, struct http_request *rq,
		       const struct caller *who, uint64_t after)
{
	struct evstream *s;

	if (es->draining || es->count == EVENTSTREAM_MAX) {
		reply_err(rq, ERR_UNAVAILABLE, es->draining ?
			  "The server is about to stop." :
			  "As many event streams as this server keeps are open.");
		return;
	}
	s = mem_new(sizeof(*s));
	s->es = es;
	s->rq = rq;
	s->who = *who;
	s->last = after;
	list_append(&es->streams, &s->link);
	es->count++;
	gate_waiter_init(&s->waiter, on_fact, s);
	loop_timer_init(&s->pace, on_pace);
	loop_timer_init(&s->heartbeat, on_heartbeat);
	buf_init(&s->page);
	s->job.run = page_run;
	s->job.done = page_done;
	rq->on_gone = on_gone;
	rq->gone_arg = s;
	rq->on_drained = on_drained;
	rq->drained_arg = s;
	if (!ask(s))
		refuse(s, ERR_UNAVAILABLE, NULL);
}

void eventstreams_drain(struct eventstreams *es)
{
	es->draining = true;
	LIST_EACH_SAFE(it, &es->streams)
		finish(CONTAINER_OF(it, struct evstream, link));
}

struct eventstreams *eventstreams_new(struct loop *loop, struct house *h)
{
	struct eventstreams *es = mem_new(sizeof(*es));

	es->loop = loop;
	es->house = h;
	list_init(&es->streams);
	return es;
}

void eventstreams_free(struct eventstreams *es)
{
	if (!es)
		return;
	assert(list_empty(&es->streams));
	free(es);
}
