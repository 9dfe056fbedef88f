#include "app/adminrebuild.h"

#include <inttypes.h>
#include <stdlib.h>

#include "app/answer.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"
#include "store/chore.h"
#include "store/views.h"

#define BEAT_MS 3000	/* so that the one who waits sees that it goes on */

struct adminrebuild {
	struct loop *loop;
	struct house *house;
	struct chore chore;
	struct loop_timer beat;
	bool busy;
	struct http_request *rq;	/* NULL: nobody waits any more */
};

static void on_beat(struct loop_timer *t)
{
	struct adminrebuild *r = CONTAINER_OF(t, struct adminrebuild, beat);

	http_reply_more(r->rq, " ", 1);
	loop_timer_set(r->loop, t, loop_now_ms(r->loop) + BEAT_MS);
}

static void on_gone(void *arg, struct http_request *rq)
{
	struct adminrebuild *r = arg;

	(void)rq;
	r->rq = NULL;
	loop_timer_stop(r->loop, &r->beat);
}

/* The stop of a server does not wait for it: it is for repair, and can be asked anew. */
static bool go_on(void *arg, uint64_t done, uint64_t of)
{
	const struct chore *c = arg;

	(void)done;
	(void)of;
	return !atomic_load(c->stop);
}

/* On the ledger's thread. */
static int run(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why)
{
	(void)keys;
	return views_rebuild(db, go_on, c, why);
}

static void on_done(struct chore *c, int err, const struct why *why)
{
	struct adminrebuild *r = CONTAINER_OF(c, struct adminrebuild, chore);
	struct buf text = BUF_INIT;
	struct json_writer w;

	r->busy = false;
	loop_timer_stop(r->loop, &r->beat);
	if (!r->rq)
		return;
	json_put_init(&w, &text);
	json_put_object(&w, NULL);
	if (err)
		json_put_text(&w, "detail", why->text);
	else
		json_put_int(&w, "facts", (int64_t)ledger_durable(r->house->ledger));
	json_put_end(&w);
	http_reply_more(r->rq, text.p, text.len);
	http_reply_end(r->rq);
	r->rq = NULL;
	buf_fini(&text);
}

static void rebuild(void *arg, struct http_request *rq, const char *name)
{
	struct adminrebuild *r = arg;

	(void)name;
	if (r->busy) {
		reply_err(rq, ERR_CONFLICT, "The views are being made anew already.");
		return;
	}
	r->busy = true;
	r->rq = rq;
	rq->on_gone = on_gone;
	rq->gone_arg = r;
	http_reply_begin(rq, 200, "application/json");
	on_beat(&r->beat);
	r->chore = (struct chore){.run = run, .done = on_done};
	ledger_chore(r->house->ledger, &r->chore);
}

struct adminrebuild *adminrebuild_new(struct loop *l, struct house *h, struct admin *a)
{
	static const struct admin_route routes[] = {
		{HTTP_POST, "/admin/rebuild", rebuild},
	};
	struct adminrebuild *r = mem_new(sizeof(*r));

	r->loop = l;
	r->house = h;
	loop_timer_init(&r->beat, on_beat);
	admin_serve(a, routes, ARRAY_LEN(routes), r);
	return r;
}

void adminrebuild_free(struct adminrebuild *r)
{
	if (!r)
		return;
	loop_timer_stop(r->loop, &r->beat);
	free(r);
}
