/* What the operator sees of webhooks, and does with them. */
#include "app/webhooks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer.h"
#include "app/hook.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"

static struct hook *find(struct webhooks *w, const char *name)
{
	struct hook *h;

	for (size_t i = 0; (h = webhooks_at(w, i)); i++) {
		if (strcmp(hook_conf(h)->name, name) == 0)
			return h;
	}
	return NULL;
}

static void reply_unknown(struct http_request *rq)
{
	reply_err(rq, ERR_NOT_FOUND, "The configuration has no such webhook.");
}

/* --- GET /admin/webhooks -------------------------------------------------------- */

static void put_time_or_null(struct json_writer *w, const char *key, int64_t at)
{
	if (at)
		json_put_time(w, key, at);
	else
		json_put_null(w, key);
}

static void put_error(struct json_writer *w, const struct hook_state *state)
{
	struct buf text = BUF_INIT;

	if (!state->failures) {
		json_put_null(w, "error");
		return;
	}
	if (state->status)
		buf_printf(&text, "it answers %d", state->status);
	else
		buf_puts(&text, state->sentence);
	json_put_text(w, "error", text.p);
	buf_fini(&text);
}

static void put_hook(struct json_writer *w, const struct hook *h)
{
	const struct hookconf *conf = hook_conf(h);
	struct buf place = BUF_INIT;
	struct hook_state state;

	hook_state(h, &state);
	hookconf_put_place(conf, &place);
	json_put_object(w, NULL);
	json_put_text(w, "name", conf->name);
	json_put_text(w, "url", place.p);
	json_put_array(w, "kinds");
	for (size_t i = 0; i < conf->kinds_count; i++)
		json_put_text(w, NULL, conf->kinds[i]);
	json_put_end(w);
	json_put_int(w, "seq", (int64_t)state.seq);
	json_put_int(w, "behind", (int64_t)state.behind);
	put_time_or_null(w, "takenAt", state.at);
	json_put_int(w, "failures", state.failures);
	put_error(w, &state);
	put_time_or_null(w, "failingSince", state.failures ? state.failing_since : 0);
	put_time_or_null(w, "nextTry", state.next_try);
	json_put_end(w);
	buf_fini(&place);
}

static void hooks_list(void *arg, struct http_request *rq, const char *name)
{
	struct webhooks *all = arg;
	struct answer *a = answer_new(webhooks_loop(all), webhooks_house(all), rq, 200);
	struct json_writer w;
	struct hook *h;

	(void)name;
	json_put_init(&w, &a->body);
	json_put_object(&w, NULL);
	json_put_array(&w, "items");
	for (size_t i = 0; (h = webhooks_at(all, i)); i++)
		put_hook(&w, h);
	json_put_end(&w);
	json_put_end(&w);
	answer_send(a);
}

/* --- POST /admin/webhooks/{name}/test ------------------------------------------- */

/* A request of its own beside those that carry facts, so that it neither waits for them
 * nor moves anything. */
struct trial {
	struct webhooks *all;
	struct loop *loop;
	struct http_request *rq;
	struct httpclient *client;
	struct hookconf conf;
	struct buf body;
	uint64_t began_ms;
};

static void trial_free(struct trial *t)
{
	httpclient_free(t->client);
	hookconf_fini(&t->conf);
	buf_fini(&t->body);
	free(t);
}

static void on_gone(void *arg, struct http_request *rq)
{
	(void)rq;
	trial_free(arg);
}

static void on_end(void *arg, const struct httpclient_end *end)
{
	struct trial *t = arg;
	struct buf body = BUF_INIT;
	struct json_writer w;
	struct hook *h;

	json_put_init(&w, &body);
	json_put_object(&w, NULL);
	json_put_bool(&w, "taken", hook_taken(end));
	if (end->status)
		json_put_int(&w, "status", end->status);
	else
		json_put_null(&w, "status");
	if (end->status)
		json_put_null(&w, "error");
	else
		json_put_text(&w, "error", end->sentence);
	json_put_int(&w, "milliseconds", (int64_t)(loop_now_ms(t->loop) - t->began_ms));
	json_put_end(&w);
	http_reply(t->rq, 200, "application/json", body.p, body.len);
	buf_fini(&body);
	h = find(t->all, t->conf.name);
	if (h && hook_taken(end))
		hook_retry(h);
	trial_free(t);
}

/* Like a fact, so that a receiver reads it with what it has; no fact has the seq 0. */
static void put_trial(struct buf *b, const char *name)
{
	struct buf stream = BUF_INIT;
	struct json_writer w;

	buf_printf(&stream, "webhook/%s", name);
	json_put_init(&w, b);
	json_put_object(&w, NULL);
	json_put_int(&w, "seq", 0);
	json_put_time(&w, "at", house_now().wall);
	json_put_text(&w, "stream", stream.p);
	json_put_int(&w, "version", 0);
	json_put_text(&w, "kind", "webhook.test");
	json_put_text(&w, "actor", "admin");
	json_put_object(&w, "data");
	json_put_end(&w);
	json_put_end(&w);
	buf_fini(&stream);
}

static void hook_test(void *arg, struct http_request *rq, const char *name)
{
	struct webhooks *all = arg;
	struct hook *h = find(all, name);
	struct trial *t;

	if (!h) {
		reply_unknown(rq);
		return;
	}
	t = mem_new(sizeof(*t));
	t->all = all;
	t->loop = webhooks_loop(all);
	t->rq = rq;
	t->began_ms = loop_now_ms(t->loop);
	hookconf_copy(&t->conf, hook_conf(h));
	buf_init(&t->body);
	put_trial(&t->body, name);
	t->client = hook_client(t->loop, &t->conf);
	rq->on_gone = on_gone;
	rq->gone_arg = t;
	hook_post(t->client, &t->conf, hook_secret(h), "webhook.test", "test", &t->body,
		  on_end, t);
}

/* --- POST /admin/webhooks/{name}/replay ----------------------------------------- */

static int read_from(uint64_t *from, const struct http_request *rq, uint64_t last)
{
	struct json_member m[4];
	const struct json_member *f;
	int n = json_scan(m, ARRAY_LEN(m), rq->body, rq->body_len);
	int64_t value;

	if (n < 0)
		return n;
	f = json_find(m, n, "from");
	if (!f || json_get_int(f, &value) != 0 || value < 1 || (uint64_t)value > last + 1)
		return ERR_RANGE;
	*from = (uint64_t)value;
	return 0;
}

static void on_saved(void *arg, int err)
{
	struct answer *a = arg;

	if (err)
		answer_problem(a, ERR_UNAVAILABLE, NULL);
	else
		answer_send(a);
}

static void hook_replay(void *arg, struct http_request *rq, const char *name)
{
	struct webhooks *all = arg;
	const uint64_t last = ledger_durable(webhooks_house(all)->ledger);
	struct hook *h = find(all, name);
	struct json_writer w;
	struct answer *a;
	uint64_t from;
	int err;

	if (!h) {
		reply_unknown(rq);
		return;
	}
	err = read_from(&from, rq, last);
	if (!err && !hook_started(h))
		err = ERR_UNAVAILABLE;
	if (err) {
		reply_err(rq, err, err != ERR_RANGE ? NULL :
			  "from is the number of a fact, or one more than the last one "
			  "has.");
		return;
	}
	a = answer_new(webhooks_loop(all), webhooks_house(all), rq, 200);
	json_put_init(&w, &a->body);
	json_put_object(&w, NULL);
	json_put_int(&w, "from", (int64_t)from);
	json_put_int(&w, "behind", (int64_t)(last + 1 - from));
	json_put_end(&w);
	answer_hold(a);
	webhooks_rewind(all, h, from - 1, on_saved, a);
}

static const struct admin_route routes[] = {
	{HTTP_GET, "/admin/webhooks", hooks_list},
	{HTTP_POST, "/admin/webhooks/{}/test", hook_test},
	{HTTP_POST, "/admin/webhooks/{}/replay", hook_replay},
};

void webhooks_serve_admin(struct webhooks *w, struct admin *a)
{
	admin_serve(a, routes, ARRAY_LEN(routes), w);
}
