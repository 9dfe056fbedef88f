#include "app/webhooks.h"

#include <stdlib.h>
#include <string.h>

#include "app/hook.h"
#include "app/secretfile.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/hookcursor.h"

#define SAVE_EVERY_MS 1000
#define LOAD_AGAIN_MS 1000

/* So many facts that nobody wanted are worth a write. */
#define SKIPPED_MAX 1000

struct member {
	struct hook *hook;
	uint64_t saved;			/* how far the ledger's file says it is */
	bool loading;			/* the ledger is asked where it was */
};

struct webhooks {
	struct loop *loop;
	struct house *house;
	struct hook_port port;
	struct member member[CONF_WEBHOOKS_MAX];
	size_t count;
	bool started, stopped;
	bool unwritable;		/* the last save failed */
	size_t chores;			/* that the ledger has of us */
	uint64_t saved_ms;
	struct loop_timer save, load;
};

/* Cursors on their way to or from the ledger's file. */
struct errand {
	struct chore chore;
	struct webhooks *w;
	webhooks_saved_fn *saved;	/* may be NULL */
	void *saved_arg;
	size_t count;
	struct hookcursor list[CONF_WEBHOOKS_MAX];
};

static struct member *find(struct webhooks *w, const char *name)
{
	for (size_t i = 0; i < w->count; i++) {
		if (strcmp(hook_conf(w->member[i].hook)->name, name) == 0)
			return &w->member[i];
	}
	return NULL;
}

struct hook *webhooks_at(struct webhooks *w, size_t i)
{
	return i < w->count ? w->member[i].hook : NULL;
}

static struct errand *errand_new(struct webhooks *w,
				 int (*run)(struct chore *, sqlite3 *, struct keyring *,
					    struct why *),
				 void (*done)(struct chore *, int, const struct why *))
{
	struct errand *e = mem_new(sizeof(*e));

	e->chore.run = run;
	e->chore.done = done;
	e->w = w;
	return e;
}

static void go(struct errand *e)
{
	e->w->chores++;
	ledger_chore(e->w->house->ledger, &e->chore);
}

/* --- Remembering how far they are ----------------------------------------------- */

static int save_run(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why)
{
	struct errand *e = CONTAINER_OF(c, struct errand, chore);

	(void)keys;
	return hookcursor_save(db, e->list, e->count, why);
}

/* Once every second: a crash costs a second's deliveries twice, a save costs a commit. */
static void save_soon(struct webhooks *w)
{
	if (!w->save.due_ms && !w->stopped)
		loop_timer_set(w->loop, &w->save, w->saved_ms + SAVE_EVERY_MS);
}

static void save_done(struct chore *c, int err, const struct why *why)
{
	struct errand *e = CONTAINER_OF(c, struct errand, chore);
	struct webhooks *w = e->w;
	struct member *m;

	w->chores--;
	for (size_t i = 0; !err && i < e->count; i++) {
		m = find(w, e->list[i].name);
		if (m)
			m->saved = e->list[i].seq;
	}
	if (err && !w->unwritable)
		log_warn("webhooks cannot remember how far they are: %s", why->text);
	w->unwritable = err != 0;
	if (err)
		save_soon(w);
	if (e->saved)
		e->saved(e->saved_arg, err);
	free(e);
}

/* What has changed, to the ledger; `saved` is called in any case. */
static void save_now(struct webhooks *w, webhooks_saved_fn *saved, void *arg)
{
	struct errand *e = errand_new(w, save_run, save_done);
	struct hook_state state;

	e->saved = saved;
	e->saved_arg = arg;
	for (size_t i = 0; i < w->count; i++) {
		const struct member *m = &w->member[i];
		struct hookcursor *c = &e->list[e->count];

		hook_state(m->hook, &state);
		if (!hook_started(m->hook) || state.seq == m->saved)
			continue;
		strcpy(c->name, hook_conf(m->hook)->name);
		c->seq = state.seq;
		c->at = state.at;
		e->count++;
	}
	w->saved_ms = loop_now_ms(w->loop);
	if (e->count || saved)
		go(e);
	else
		free(e);
}

static void on_save(struct loop_timer *t)
{
	save_now(CONTAINER_OF(t, struct webhooks, save), NULL, NULL);
}

static void on_ended(void *arg, struct hook *h)
{
	struct webhooks *w = arg;

	(void)h;
	if (w->stopped)
		save_now(w, NULL, NULL);
	else
		save_soon(w);
}

/* --- Where they were ------------------------------------------------------------ */

static int load_run(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why)
{
	struct errand *e = CONTAINER_OF(c, struct errand, chore);

	(void)keys;
	return hookcursor_load(db, e->list, e->count, why);
}

static void load_done(struct chore *c, int err, const struct why *why)
{
	struct errand *e = CONTAINER_OF(c, struct errand, chore);
	struct webhooks *w = e->w;

	w->chores--;
	if (err && !w->stopped) {
		log_warn("webhooks cannot read how far they are: %s", why->text);
		loop_timer_set(w->loop, &w->load, loop_now_ms(w->loop) + LOAD_AGAIN_MS);
	}
	for (size_t i = 0; i < e->count; i++) {
		struct member *m = find(w, e->list[i].name);

		if (!m || !m->loading)	/* taken out of the configuration meanwhile */
			continue;
		m->loading = false;
		m->saved = e->list[i].seq;
		if (!err && !w->stopped)
			hook_start(m->hook, e->list[i].seq, e->list[i].at);
	}
	free(e);
}

/* Asks for those that nobody has asked for yet. */
static void load_new(struct webhooks *w)
{
	struct errand *e = errand_new(w, load_run, load_done);

	for (size_t i = 0; i < w->count; i++) {
		struct member *m = &w->member[i];

		if (m->loading || hook_started(m->hook))
			continue;
		m->loading = true;
		strcpy(e->list[e->count].name, hook_conf(m->hook)->name);
		/* a new one is told of what happens from now on */
		e->list[e->count++].seq = ledger_last(w->house->ledger);
	}
	if (e->count)
		go(e);
	else
		free(e);
}

static void on_load(struct loop_timer *t)
{
	load_new(CONTAINER_OF(t, struct webhooks, load));
}

/* --- Their configuration -------------------------------------------------------- */

static void secrets_fini(struct buf *secret, size_t count)
{
	while (count--)
		secretfile_fini(&secret[count]);
}

/* All or none. */
static int load_secrets(struct buf *secret, const struct conf *conf, struct buf *why)
{
	int err = 0;
	size_t i;

	for (i = 0; !err && i < conf->webhooks_count; i++) {
		buf_init(&secret[i]);
		err = secretfile_load(&secret[i], "secret-file",
				      conf->webhooks[i].secret_file, SECRETFILE_MIN, why);
	}
	if (err)
		secrets_fini(secret, i);
	return err;
}

int webhooks_check_files(const struct conf *conf, struct buf *why)
{
	struct buf secret[CONF_WEBHOOKS_MAX];
	int err = load_secrets(secret, conf, why);

	if (!err)
		secrets_fini(secret, conf->webhooks_count);
	return err;
}

/* The members as the configuration has them; those that were there stay who they are. */
static void take_over(struct webhooks *w, struct buf *secret)
{
	const struct conf *conf = w->house->conf;
	struct member next[CONF_WEBHOOKS_MAX];
	size_t i;

	for (i = 0; i < conf->webhooks_count; i++) {
		struct member *m = find(w, conf->webhooks[i].name);

		if (m) {
			next[i] = *m;
			hook_change(m->hook, &conf->webhooks[i], &secret[i]);
			*m = w->member[--w->count];
		} else {
			next[i] = (struct member){
				.hook = hook_new(&w->port, &conf->webhooks[i],
						 &secret[i]),
			};
		}
	}
	while (w->count)
		hook_free(w->member[--w->count].hook);
	memcpy(w->member, next, i * sizeof(*next));
	w->count = i;
}

int webhooks_reload(struct webhooks *w, struct buf *why)
{
	struct buf secret[CONF_WEBHOOKS_MAX];
	int err = load_secrets(secret, w->house->conf, why);

	if (err)
		return err;
	/* also of those that go: they may come back */
	save_now(w, NULL, NULL);
	take_over(w, secret);
	if (w->started && !w->stopped)
		load_new(w);
	return 0;
}

/* --- Their life ----------------------------------------------------------------- */

static uint64_t durable(void *arg)
{
	const struct webhooks *w = arg;

	return ledger_durable(w->house->ledger);
}

int webhooks_new(struct webhooks **out, struct loop *l, struct house *h,
		 struct reader *r, struct buf *why)
{
	struct webhooks *w = mem_new(sizeof(*w));
	int err;

	w->loop = l;
	w->house = h;
	w->port = (struct hook_port){
		.loop = l, .reader = r, .durable = durable, .ended = on_ended, .arg = w,
	};
	loop_timer_init(&w->save, on_save);
	loop_timer_init(&w->load, on_load);
	err = webhooks_reload(w, why);
	if (err) {
		free(w);
		return err;
	}
	*out = w;
	return 0;
}

void webhooks_start(struct webhooks *w)
{
	w->started = true;
	load_new(w);
}

void webhooks_moved(struct webhooks *w)
{
	struct hook_state state;

	for (size_t i = 0; i < w->count; i++) {
		struct member *m = &w->member[i];

		hook_go(m->hook);
		hook_state(m->hook, &state);
		if (hook_started(m->hook) && state.seq >= m->saved + SKIPPED_MAX)
			save_soon(w);
	}
}

void webhooks_cut(struct webhooks *w, uint64_t seq)
{
	for (size_t i = 0; i < w->count; i++) {
		if (hook_started(w->member[i].hook))
			hook_cut(w->member[i].hook, seq);
	}
}

void webhooks_rewind(struct webhooks *w, struct hook *h, uint64_t seq,
		     webhooks_saved_fn *saved, void *arg)
{
	hook_rewind(h, seq);
	save_now(w, saved, arg);
}

void webhooks_stop(struct webhooks *w)
{
	for (size_t i = 0; i < w->count; i++)
		hook_stop(w->member[i].hook);
	w->stopped = true;
	loop_timer_stop(w->loop, &w->save);
	loop_timer_stop(w->loop, &w->load);
	save_now(w, NULL, NULL);
}

bool webhooks_stopped(const struct webhooks *w)
{
	struct hook_state state;

	for (size_t i = 0; i < w->count; i++) {
		hook_state(w->member[i].hook, &state);
		if (state.sending)
			return false;
	}
	return w->stopped && !w->chores;
}

struct loop *webhooks_loop(const struct webhooks *w)
{
	return w->loop;
}

struct house *webhooks_house(const struct webhooks *w)
{
	return w->house;
}

void webhooks_free(struct webhooks *w)
{
	if (!w)
		return;
	loop_timer_stop(w->loop, &w->save);
	loop_timer_stop(w->loop, &w->load);
	while (w->count)
		hook_free(w->member[--w->count].hook);
	free(w);
}
