#include "app/doorkeeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"

#define TIDY_MS 60000

struct doorkeeper {
	struct loop *loop;
	struct house *house;
	struct accounts *accounts;
	struct event *on_done;
	struct loop_timer tidy;
	struct list again;		/* errands that a full disk refused */
	bool stopped;
};

struct accounts *doorkeeper_accounts(struct doorkeeper *k)
{
	return k->accounts;
}

int doorkeeper_failed(int err, const struct why *why)
{
	switch (err) {
	case 0:
	case ERR_UNAUTHORIZED:
		return err;
	case ERR_UNAVAILABLE:
		break;
	default:
		log_error("staff.db failed: %s", why->text);
	}
	return ERR_UNAVAILABLE;
}

/* --- Errands ----------------------------------------------------------------------- */

struct sent {
	struct accounts_job job;
	struct list link;
	struct doorkeeper *k;
	struct errand what;
	doorkeeper_done_fn *fn;
	void *arg;
};

static void sent_free(struct sent *s)
{
	list_unlink(&s->link);
	mem_wipe(s, sizeof(*s));
	free(s);
}

/* On the doorkeeper's thread. */
static int run(struct accounts_job *job, struct accountdb *a, struct why *why)
{
	const struct errand *e = &CONTAINER_OF(job, struct sent, job)->what;
	int err = 0;

	switch (e->kind) {
	case ERRAND_ADD:
		err = accountdb_forget(a, e->name, why);
		if (err)
			return err;
		/* fallthrough */
	case ERRAND_LINK:
		return accountdb_set_link(a, e->name, e->hash, e->expires_at, why);
	case ERRAND_PASSWORD:
		return accountdb_renew(a, e->name, e->password, why);
	case ERRAND_END:
		return accountdb_drop_session(a, e->hash, why);
	case ERRAND_END_ALL:
		return accountdb_drop_sessions(a, e->name, why);
	case ERRAND_FORGET:
		return accountdb_forget(a, e->name, why);
	}
	return err;
}

static void done(struct accounts_job *job, int err, const struct why *why)
{
	struct sent *s = CONTAINER_OF(job, struct sent, job);
	const bool is_end = s->what.kind >= ERRAND_END;
	doorkeeper_done_fn *fn = s->fn;
	void *arg = s->arg;

	s->fn = NULL;
	if (err == ERR_AGAIN && is_end && !s->k->stopped)
		list_append(&s->k->again, &s->link);
	else
		sent_free(s);
	err = doorkeeper_failed(err, why);
	if (fn)
		fn(arg, err);
}

static void ask(struct sent *s)
{
	static const struct why none = {.text = ""};

	if (accounts_ask(s->k->accounts, &s->job))
		done(&s->job, ERR_UNAVAILABLE, &none);
}

void doorkeeper_send(struct doorkeeper *k, const struct errand *e, doorkeeper_done_fn *fn,
		     void *arg)
{
	struct sent *s = mem_new(sizeof(*s));

	s->job.run = run;
	s->job.done = done;
	list_init(&s->link);
	s->k = k;
	s->what = *e;
	s->fn = fn;
	s->arg = arg;
	ask(s);
}

/* --- Once a minute ------------------------------------------------------------------ */

/* What sessions did since the last time: that they were used, or are over. */
struct news {
	struct accounts_job job;
	struct accountdb_session *used;
	size_t count, cap;
};

static int write_news(struct accounts_job *job, struct accountdb *a, struct why *why)
{
	struct news *n = CONTAINER_OF(job, struct news, job);
	int err = 0;

	for (size_t i = 0; i < n->count && !err; i++)
		err = n->used[i].used_at ?
			accountdb_put_session(a, &n->used[i], why) :
			accountdb_drop_session(a, n->used[i].hash, why);
	return err;
}

static void news_written(struct accounts_job *job, int err, const struct why *why)
{
	struct news *n = CONTAINER_OF(job, struct news, job);

	doorkeeper_failed(err, why);
	free(n->used);
	free(n);
}

static struct accountdb_session *add_news(struct news *n,
					  const struct sessionset_session *s)
{
	struct accountdb_session *x;

	if (n->count == n->cap) {
		n->cap = n->cap ? n->cap * 2 : 16;
		n->used = mem_resize(n->used, n->cap * sizeof(*n->used));
	}
	x = &n->used[n->count++];
	memcpy(x->hash, s->hash, sizeof(x->hash));
	memcpy(x->name, s->name, sizeof(x->name));
	x->made_at = s->made_at;
	x->used_at = s->used_at;
	return x;
}

static void on_used(void *arg, const struct sessionset_session *s)
{
	add_news(arg, s);
}

static void on_over(void *arg, const struct sessionset_session *s)
{
	add_news(arg, s)->used_at = 0;
}

static void on_tidy(struct loop_timer *t)
{
	struct doorkeeper *k = CONTAINER_OF(t, struct doorkeeper, tidy);
	struct news *n = mem_new(sizeof(*n));

	loop_timer_set(k->loop, t, loop_now_ms(k->loop) + TIDY_MS);
	LIST_EACH_SAFE(it, &k->again) {
		list_unlink(it);
		ask(CONTAINER_OF(it, struct sent, link));
	}
	n->job.run = write_news;
	n->job.done = news_written;
	sessionset_tidy(k->house->sessions, clock_wall_ms(), on_over, on_used, n);
	if (!n->count || accounts_ask(k->accounts, &n->job)) {
		free(n->used);
		free(n);
	}
}

/* --- Life ----------------------------------------------------------------------------- */

/* Sessions of people who are gone or shut out stay outside, and are dropped. */
static void take_over(struct doorkeeper *k, const struct accountdb_session *list,
		      size_t count)
{
	struct sessionset_session ended;

	for (size_t i = 0; i < count; i++) {
		const struct accountdb_session *x = &list[i];
		const struct staffset_person *p =
			staffset_find(k->house->staff, x->name, strlen(x->name));
		struct sessionset_session s = {
			.made_at = x->made_at,
			.used_at = x->used_at,
			.written_at = x->used_at,
		};
		struct errand e = {.kind = ERRAND_END};

		memcpy(s.hash, x->hash, sizeof(s.hash));
		memcpy(s.name, x->name, sizeof(s.name));
		memcpy(e.hash, x->hash, sizeof(e.hash));
		if (!p || p->disabled)
			doorkeeper_send(k, &e, NULL, NULL);
		else
			sessionset_add(k->house->sessions, &s, &ended);
	}
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct doorkeeper *k = arg;

	(void)fd;
	(void)what;
	accounts_clear(k->accounts);
}

int doorkeeper_new(struct doorkeeper **out, struct loop *l, struct house *h,
		   struct why *why)
{
	struct doorkeeper *k = mem_new(sizeof(*k));
	struct accountdb_session *list = NULL;
	size_t count = 0;
	int err;

	k->loop = l;
	k->house = h;
	list_init(&k->again);
	loop_timer_init(&k->tidy, on_tidy);
	err = accounts_open(&k->accounts, &list, &count, h->conf->state_dir, why);
	if (err) {
		free(k);
		return err;
	}
	k->on_done = event_new(loop_base(l), accounts_fd(k->accounts),
			       EV_READ | EV_PERSIST, on_done, k);
	event_add(k->on_done, NULL);
	take_over(k, list, count);
	free(list);
	loop_timer_set(l, &k->tidy, loop_now_ms(l) + TIDY_MS);
	*out = k;
	return 0;
}

void doorkeeper_stop(struct doorkeeper *k)
{
	if (!k || k->stopped)
		return;
	k->stopped = true;
	loop_timer_stop(k->loop, &k->tidy);
	accounts_stop(k->accounts);
}

void doorkeeper_free(struct doorkeeper *k)
{
	if (!k)
		return;
	doorkeeper_stop(k);
	LIST_EACH_SAFE(it, &k->again)
		sent_free(CONTAINER_OF(it, struct sent, link));
	event_free(k->on_done);
	accounts_close(k->accounts);
	free(k);
}
