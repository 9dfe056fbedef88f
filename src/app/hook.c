#include "app/hook.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/secretfile.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "core/peerpolicy.h"
#include "net/addr.h"
#include "proto/factjson.h"
#include "proto/hooksign.h"

/* What is read ahead for a hook whose receiver may be down for days. */
#define PAGE_FACTS QUERY_FACTS_MAX
#define PAGE_POSTS 64
#define PAGE_BYTES (64 * 1024)

#define KIND_SIZE 64
#define READ_AGAIN_MS 1000

/* One fact, ready to be sent. */
struct post {
	struct list link;
	uint64_t seq;
	char kind[KIND_SIZE];
	struct buf body;
};

/* A page on its way from the reader; lives until the reader has done it. */
struct page {
	struct reader_job job;
	struct hook *hook;		/* NULL: nobody wants it any more */
	struct hookconf conf;		/* for the reader's thread */
	uint64_t after, upto;		/* where it began, and how far it came */
	uint64_t durable;		/* all of these could be seen */
	unsigned int facts, posts;
	size_t bytes;
	struct list list;
};

struct hook {
	const struct hook_port *port;
	struct hookconf conf;
	struct buf secret;
	struct httpclient *client;
	struct loop_timer timer;	/* to the next try */
	bool started, stopped, unreadable;
	uint64_t upto;			/* all facts up to here are in `posts`, or were */
	struct list posts;		/* the first is what is sent */
	struct page *page;		/* being read */
	int64_t at;

	unsigned int failures;
	int64_t failing_since, next_try;
	int status;
	const char *sentence;
};

static void advance(struct hook *h);

/* --- Where it may connect to ---------------------------------------------------- */

static bool may_connect(void *arg, const struct sockaddr *sa)
{
	static const struct peerpolicy plain;
	const struct hookconf *conf = arg;
	struct turn_addr a;

	if (conf->allow_private)
		return true;
	/* this machine is meant only where its own names say so */
	if (hookconf_is_local(conf))
		return addr_is_loopback(sa);
	return turn_addr_of(&a, sa) && peerpolicy_host(&plain, &a) == PEER_ALLOWED;
}

struct httpclient *hook_client(struct loop *l, const struct hookconf *conf)
{
	const struct httpclient_plan plan = {
		.url = conf->url,
		.ca_file = conf->ca_file,
		.may_connect = may_connect,
		.policy_arg = (void *)(uintptr_t)conf,
	};

	return httpclient_new(loop_base(l), &plan);
}

/* --- Sending -------------------------------------------------------------------- */

bool hook_taken(const struct httpclient_end *end)
{
	return (!end->err || end->err == ERR_TOO_BIG) && end->status >= 200 &&
	       end->status <= 299;
}

void hook_post(struct httpclient *c, const struct hookconf *conf,
	       const struct buf *secret, const char *kind, const char *id,
	       const struct buf *body, httpclient_done_fn *done, void *arg)
{
	static const char signature[] = "Paravent-Signature: ";
	char sign[sizeof(signature) + HOOKSIGN_SIZE], event[KIND_SIZE + 20], delivery[80];
	const char *const headers[] = {
		"Content-Type: application/json", event, delivery, sign,
	};

	snprintf(event, sizeof(event), "Paravent-Event: %s", kind);
	snprintf(delivery, sizeof(delivery), "Paravent-Delivery: %s/%s", conf->name, id);
	strcpy(sign, signature);
	hooksign(sign + sizeof(signature) - 1, secret->p, secret->len,
		 clock_wall_ms() / 1000, body->p, body->len);
	httpclient_post(c, headers, ARRAY_LEN(headers), body->p, body->len, done, arg);
}

static struct post *first(const struct hook *h)
{
	return list_empty(&h->posts) ? NULL
				     : CONTAINER_OF(h->posts.next, struct post, link);
}

static void post_free(struct post *p)
{
	list_unlink(&p->link);
	buf_fini(&p->body);
	free(p);
}

static void posts_drop(struct list *posts)
{
	while (!list_empty(posts))
		post_free(CONTAINER_OF(posts->next, struct post, link));
}

static unsigned long long behind(const struct hook *h)
{
	struct hook_state state;

	hook_state(h, &state);
	return state.behind;
}

static void rest(struct hook *h, unsigned int ms)
{
	h->next_try = clock_wall_ms() + ms;
	loop_timer_set(h->port->loop, &h->timer, loop_now_ms(h->port->loop) + ms);
}

/* A receiver that comes back is not hit by all its senders at the same moment. */
static unsigned int retry_ms(unsigned int failures)
{
	unsigned int ms = HOOK_RETRY_MS;
	uint16_t random;

	while (--failures && ms < HOOK_RETRY_MAX_MS)
		ms *= 2;
	if (ms > HOOK_RETRY_MAX_MS)
		ms = HOOK_RETRY_MAX_MS;
	rnd_bytes(&random, sizeof(random));
	return ms - (unsigned int)((uint64_t)ms / 4 * random / UINT16_MAX);
}

static void failed(struct hook *h, const struct httpclient_end *end)
{
	h->status = end->status;
	h->sentence = end->sentence;
	if (!h->failures++) {
		h->failing_since = clock_wall_ms();
		if (h->status)
			log_warn("webhook %s failing status=%d behind=%llu",
				 h->conf.name, h->status, behind(h));
		else
			log_warn("webhook %s failing reason=\"%s\" behind=%llu",
				 h->conf.name, h->sentence, behind(h));
	}
	rest(h, retry_ms(h->failures));
}

static void taken(struct hook *h)
{
	h->at = clock_wall_ms();
	post_free(first(h));
	if (h->failures)
		log_notice("webhook %s well again tries=%u seconds=%" PRId64
			   " behind=%llu", h->conf.name, h->failures + 1,
			   (h->at - h->failing_since) / 1000, behind(h));
	h->failures = 0;
}

static void on_end(void *arg, const struct httpclient_end *end)
{
	struct hook *h = arg;

	if (hook_taken(end))
		taken(h);
	else
		failed(h, end);
	h->port->ended(h->port->arg, h);
	advance(h);
}

static void send_first(struct hook *h)
{
	const struct post *p = first(h);
	char id[24];

	snprintf(id, sizeof(id), "%" PRIu64, p->seq);
	hook_post(h->client, &h->conf, &h->secret, p->kind, id, &p->body, on_end, h);
}

/* --- Reading -------------------------------------------------------------------- */

/* On the reader's thread, as the two below. */
static int take_fact(void *arg, const struct query_fact *f)
{
	const struct fact_row *row = f->row;
	struct page *page = arg;
	struct post *p;

	page->upto = row->seq;
	page->facts++;
	if (!hookconf_wants(&page->conf, row->kind, row->kind_len))
		return 0;
	p = mem_new(sizeof(*p));
	list_init(&p->link);
	buf_init(&p->body);
	p->seq = row->seq;
	snprintf(p->kind, sizeof(p->kind), "%.*s", (int)row->kind_len, row->kind);
	/* what is personal stays here, and so does whether there was any */
	factjson_put(&p->body, row, f->hash, NULL, 0, false);
	list_append(&page->list, &p->link);
	page->bytes += p->body.len;
	return ++page->posts == PAGE_POSTS || page->bytes > PAGE_BYTES;
}

static int page_run(struct reader_job *job, struct query *q, struct why *why)
{
	struct page *page = CONTAINER_OF(job, struct page, job);
	int n = query_facts(q, NULL, page->after, PAGE_FACTS, take_fact, page, why);

	/* the log may have no fact of some seq any more: behind the last one there is
	 * nothing up to what was durable when we asked */
	if (n >= 0 && page->facts < PAGE_FACTS && page->posts < PAGE_POSTS &&
	    page->bytes <= PAGE_BYTES && page->upto < page->durable)
		page->upto = page->durable;
	return n < 0 ? n : 0;
}

static void page_free(struct page *page)
{
	posts_drop(&page->list);
	hookconf_fini(&page->conf);
	free(page);
}

static void not_read(struct hook *h, const struct why *why)
{
	if (!h->unreadable)
		log_warn("webhook %s cannot read the ledger: %s", h->conf.name,
			 why->text);
	h->unreadable = true;
	rest(h, READ_AGAIN_MS);
}

static void read_well(struct hook *h, struct page *page)
{
	h->unreadable = false;
	h->upto = page->upto;
	while (!list_empty(&page->list)) {
		struct list *it = page->list.next;

		list_unlink(it);
		list_append(&h->posts, it);
	}
	advance(h);
}

static void page_done(struct reader_job *job, int err, const struct why *why)
{
	struct page *page = CONTAINER_OF(job, struct page, job);
	struct hook *h = page->hook;

	if (h) {
		h->page = NULL;
		if (err)
			not_read(h, why);
		else
			read_well(h, page);
	}
	page_free(page);
}

static void read_page(struct hook *h)
{
	struct page *page = mem_new(sizeof(*page));

	page->job.run = page_run;
	page->job.done = page_done;
	page->hook = h;
	page->after = page->upto = h->upto;
	page->durable = h->port->durable(h->port->arg);
	hookconf_copy(&page->conf, &h->conf);
	list_init(&page->list);
	h->page = page;
	if (reader_ask(h->port->reader, &page->job) != 0) {
		h->page = NULL;
		page_free(page);
		rest(h, READ_AGAIN_MS);
	}
}

/* --- Its life ------------------------------------------------------------------- */

static void advance(struct hook *h)
{
	if (!h->started || h->stopped || h->page || h->timer.due_ms ||
	    httpclient_busy(h->client))
		return;
	if (first(h))
		send_first(h);
	else if (h->upto < h->port->durable(h->port->arg))
		read_page(h);
}

static void on_timer(struct loop_timer *t)
{
	advance(CONTAINER_OF(t, struct hook, timer));
}

/* Forgets what is on its way to it or from it. */
static void let_go(struct hook *h)
{
	struct hook_state state;

	hook_state(h, &state);
	h->upto = state.seq;
	posts_drop(&h->posts);
	if (h->page)
		h->page->hook = NULL;
	h->page = NULL;
	httpclient_cancel(h->client);
	loop_timer_stop(h->port->loop, &h->timer);
}

struct hook *hook_new(const struct hook_port *port, const struct hookconf *conf,
		      struct buf *secret)
{
	struct hook *h = mem_new(sizeof(*h));

	h->port = port;
	hookconf_copy(&h->conf, conf);
	h->secret = *secret;
	buf_init(secret);
	h->client = hook_client(port->loop, &h->conf);
	h->sentence = "";
	list_init(&h->posts);
	loop_timer_init(&h->timer, on_timer);
	return h;
}

void hook_free(struct hook *h)
{
	if (!h)
		return;
	let_go(h);
	httpclient_free(h->client);
	secretfile_fini(&h->secret);
	hookconf_fini(&h->conf);
	free(h);
}

void hook_start(struct hook *h, uint64_t seq, int64_t at)
{
	h->started = true;
	h->upto = seq;
	h->at = at;
	log_info("webhook %s begins behind=%llu", h->conf.name, behind(h));
	advance(h);
}

bool hook_started(const struct hook *h)
{
	return h->started;
}

void hook_go(struct hook *h)
{
	advance(h);
}

void hook_retry(struct hook *h)
{
	loop_timer_stop(h->port->loop, &h->timer);
	advance(h);
}

void hook_change(struct hook *h, const struct hookconf *conf, struct buf *secret)
{
	if (hookconf_equal(&h->conf, conf) && h->secret.len == secret->len &&
	    mem_equal_secret(h->secret.p, secret->p, secret->len)) {
		secretfile_fini(secret);
		return;
	}
	let_go(h);
	httpclient_free(h->client);
	secretfile_fini(&h->secret);
	hookconf_fini(&h->conf);
	hookconf_copy(&h->conf, conf);
	h->secret = *secret;
	buf_init(secret);
	h->client = hook_client(h->port->loop, &h->conf);
	advance(h);
}

void hook_rewind(struct hook *h, uint64_t seq)
{
	let_go(h);
	h->upto = seq;
	advance(h);
}

void hook_stop(struct hook *h)
{
	h->stopped = true;
}

const struct hookconf *hook_conf(const struct hook *h)
{
	return &h->conf;
}

const struct buf *hook_secret(const struct hook *h)
{
	return &h->secret;
}

bool hook_cut(const struct hook *h, uint64_t seq)
{
	struct hook_state state;

	hook_state(h, &state);
	if (state.seq >= seq)
		return false;
	log_error("webhook %s does not get what was cut: it stands at seq=%llu, and up to "
		  "seq=%llu all that is over is gone; see retain-facts-days",
		  h->conf.name, (unsigned long long)state.seq, (unsigned long long)seq);
	return true;
}

void hook_state(const struct hook *h, struct hook_state *out)
{
	const struct post *p = first(h);
	const uint64_t seq = p ? p->seq - 1 : h->upto;
	const uint64_t last = h->port->durable(h->port->arg);

	*out = (struct hook_state){
		.seq = seq,
		.behind = last > seq ? last - seq : 0,
		.at = h->at,
		.sending = httpclient_busy(h->client),
		.failures = h->failures,
		.failing_since = h->failing_since,
		.next_try = h->timer.due_ms ? h->next_try : 0,
		.status = h->status,
		.sentence = h->sentence,
	};
}
