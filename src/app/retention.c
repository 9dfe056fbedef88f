#include "app/retention.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/cut.h"
#include "store/erase.h"

#define LOOK_MS 3600000		/* how often what is due is looked for */
#define SWEEP_MAX 100		/* meetings whose time has come, at a time */
#define AGAIN_MS 500		/* while somebody reads keys.db, or the disk is full */
#define TRIES 16
#define DAY_MS INT64_C(86400000)

/* What is due by age: one round of meetings, then one cut, and so on. */
struct sweep {
	struct reader_job job;
	struct chore erase;
	struct cut cut;
	int64_t over_before;
	char ids[SWEEP_MAX][QUERY_ID_SIZE];
	struct query_meeting *rows;	/* SWEEP_MAX, while it runs */
	size_t count;
};

struct retention {
	struct loop *loop;
	struct house *house;
	struct webhooks *webhooks;
	struct loop_timer timer;
	struct list erasures;		/* that are at work */
	bool cutting;			/* rows that were read may go meanwhile */
	unsigned int cuts;
	bool busy;			/* the sweep is at work */
	struct sweep sweep;
};

/* --- One meeting, because somebody said so ------------------------------------------ */

struct erasure {
	struct list link;
	struct retention *r;
	struct answer *answer;
	struct reader_job job;
	struct chore chore;
	struct loop_timer again;
	int tries;
	unsigned int cuts;		/* when the row was asked for */
	bool decided;			/* the fact is written, the key not yet gone */
	char id[QUERY_ID_SIZE];
	char actor[FACT_ACTOR_SIZE];
	struct query_meeting row;
};

static void erasure_free(struct erasure *e)
{
	list_unlink(&e->link);
	loop_timer_stop(e->r->loop, &e->again);
	mem_wipe(&e->row, sizeof(e->row));
	free(e);
}

static void erasure_refuse(struct erasure *e, int err, const char *detail)
{
	answer_problem(e->answer, err, detail);
	erasure_free(e);
}

static void erasure_look(struct erasure *e);

static void on_again(struct loop_timer *t)
{
	struct erasure *e = CONTAINER_OF(t, struct erasure, again);

	if (e->decided)
		ledger_chore(e->r->house->ledger, &e->chore);
	else
		erasure_look(e);
}

static void erasure_later(struct erasure *e)
{
	loop_timer_set(e->r->loop, &e->again, loop_now_ms(e->r->loop) + AGAIN_MS);
}

static void on_erased(struct chore *c, int err, const struct why *why)
{
	struct erasure *e = CONTAINER_OF(c, struct erasure, chore);

	if (!err) {
		answer_send(e->answer);
		erasure_free(e);
	} else if (err == ERR_AGAIN && ++e->tries < TRIES && !e->r->house->stopping) {
		erasure_later(e);
	} else {
		log_warn("erasing put off meeting=%.6s why=\"%s\"", e->id, why->text);
		erasure_refuse(e, ERR_UNAVAILABLE,
			       "It is recorded that this is to be erased, but the keys "
			       "could not be overwritten yet. That is tried again by "
			       "itself; ask again to see it confirmed.");
	}
}

#define SAME(query, core) \
	_Static_assert((int)(query) == (int)(core), "one list of states, told twice")
SAME(QUERY_SCHEDULED, MEETING_SCHEDULED);
SAME(QUERY_OPEN, MEETING_OPEN);
SAME(QUERY_ENDED, MEETING_ENDED);
SAME(QUERY_CANCELLED, MEETING_CANCELLED);
SAME(QUERY_EXPIRED, MEETING_EXPIRED);
#undef SAME

/* The meeting as core knows it, from the views' row where memory has forgotten it. */
static struct meeting *recall(struct house *h, const struct query_meeting *row)
{
	const struct meeting_past past = {
		.id = row->id,
		.state = (enum meeting_state)row->status,
		.version = row->version,
		.created_at = row->created_at,
		.erased = row->erased,
		.plan = &row->plan,
	};

	return meetings_recall(h->meetings, house_now(), &past);
}

static void erasure_decide(struct erasure *e, struct meeting *m)
{
	uint64_t gate;
	int err = meetings_erase(m, &gate, house_now(), e->actor, REASON_API);

	e->decided = !err;
	if (err)
		erasure_refuse(e, err, NULL);
	else
		ledger_chore(e->r->house->ledger, &e->chore);
}

static int read_one(struct reader_job *job, struct query *q, struct why *why)
{
	struct erasure *e = CONTAINER_OF(job, struct erasure, job);

	return query_meeting(q, e->id, strlen(e->id), &e->row, why);
}

static void on_read_one(struct reader_job *job, int err, const struct why *why)
{
	struct erasure *e = CONTAINER_OF(job, struct erasure, job);
	struct meeting *m;

	(void)why;
	if (!err && (e->r->cutting || e->cuts != e->r->cuts)) {
		erasure_later(e);	/* what was read may be gone */
		return;
	}
	m = err ? NULL : recall(e->r->house, &e->row);
	if (m)
		erasure_decide(e, m);
	else
		erasure_refuse(e, err == ERR_NOT_FOUND ? err : ERR_UNAVAILABLE, NULL);
}

static void erasure_look(struct erasure *e)
{
	struct house *h = e->r->house;
	struct meeting *m = meetings_find(h->meetings, e->id, strlen(e->id));

	e->cuts = e->r->cuts;
	if (m)
		erasure_decide(e, m);
	else if (reader_ask(h->reader, &e->job))
		erasure_refuse(e, ERR_UNAVAILABLE, NULL);
}

void retention_erase(struct retention *r, struct answer *a, const char *id,
		     const char *actor)
{
	struct erasure *e = mem_new(sizeof(*e));

	list_append(&r->erasures, &e->link);
	e->r = r;
	e->answer = a;
	e->job = (struct reader_job){.run = read_one, .done = on_read_one};
	e->chore = (struct chore){.run = erase_run, .done = on_erased};
	loop_timer_init(&e->again, on_again);
	strncpy(e->id, id, sizeof(e->id) - 1);
	strncpy(e->actor, actor, sizeof(e->actor) - 1);
	answer_hold(a);
	erasure_look(e);
}

/* --- What is due by age --------------------------------------------------------------- */

static void sweep_end(struct retention *r, const char *what, int err,
		      const struct why *why)
{
	if (err && err != ERR_UNAVAILABLE)
		log_warn("%s put off why=\"%s\"", what, why->text);
	if (r->sweep.rows)
		mem_wipe(r->sweep.rows, SWEEP_MAX * sizeof(*r->sweep.rows));
	free(r->sweep.rows);
	r->sweep.rows = NULL;
	if (r->cutting)
		r->cuts++;
	r->cutting = false;
	r->busy = false;
}

static void plan_cut(struct retention *r);

static void on_cut(struct chore *c, int err, const struct why *why)
{
	struct retention *r = CONTAINER_OF(c, struct retention, sweep.cut.chore);

	if (!err)
		log_info("ledger cut seq=%llu rows=%llu",
			 (unsigned long long)r->sweep.cut.seq,
			 (unsigned long long)r->sweep.cut.rows);
	if (!err && r->sweep.cut.more && !r->house->stopping) {
		plan_cut(r);
		return;
	}
	if (!err)
		webhooks_cut(r->webhooks, r->sweep.cut.seq);
	sweep_end(r, "cutting", err, why);
}

static void on_cut_planned(struct chore *c, int err, const struct why *why)
{
	struct retention *r = CONTAINER_OF(c, struct retention, sweep.cut.chore);
	struct cut *cut = &r->sweep.cut;
	struct factdata d = {.seq = cut->seq, .at = cut->at};

	if (err || !cut->seq || r->house->stopping || !ledger_writable(r->house->ledger)) {
		sweep_end(r, "cutting", err, why);
		return;
	}
	memcpy(d.hash, cut->hash, sizeof(d.hash));
	memcpy(d.kept, cut->kept, sizeof(d.kept));
	cut->fact = house_server_fact(r->house, FACT_LOG_CHECKPOINT, &d);
	cut->chore = (struct chore){.run = cut_run, .done = on_cut};
	ledger_chore(r->house->ledger, &cut->chore);
}

static void plan_cut(struct retention *r)
{
	struct cut *cut = &r->sweep.cut;

	r->cutting = true;
	memset(cut, 0, sizeof(*cut));
	cut->chore = (struct chore){.run = cut_plan_run, .done = on_cut_planned};
	cut->before = clock_wall_ms() - r->house->conf->retain_facts_days * DAY_MS;
	ledger_chore(r->house->ledger, &cut->chore);
}

static void erase_done_then_cut(struct retention *r)
{
	if (r->house->conf->retain_facts_days && !r->house->stopping)
		plan_cut(r);
	else
		sweep_end(r, "", 0, NULL);
}

static void ask_for_aged(struct retention *r);

static void on_keys_gone(struct chore *c, int err, const struct why *why)
{
	struct retention *r = CONTAINER_OF(c, struct retention, sweep.erase);

	if (!err && r->sweep.count == SWEEP_MAX && !r->house->stopping)
		ask_for_aged(r);
	else if (!err)
		erase_done_then_cut(r);
	else
		sweep_end(r, "erasing", err, why);
}

static int read_aged(struct reader_job *job, struct query *q, struct why *why)
{
	struct sweep *s = CONTAINER_OF(job, struct sweep, job);
	int i, err = query_aged(q, s->over_before, s->ids, SWEEP_MAX, why);

	s->count = err > 0 ? (size_t)err : 0;
	for (i = 0; err >= 0 && i < (int)s->count; i++)
		err = query_meeting(q, s->ids[i], strlen(s->ids[i]), &s->rows[i], why);
	return err < 0 ? err : 0;
}

static void on_aged(struct reader_job *job, int err, const struct why *why)
{
	struct retention *r = CONTAINER_OF(job, struct retention, sweep.job);
	struct sweep *s = &r->sweep;
	uint64_t gate;
	size_t i;

	for (i = 0; !err && i < s->count; i++) {
		struct meeting *m = recall(r->house, &s->rows[i]);

		if (m)
			err = meetings_erase(m, &gate, house_now(), "server", REASON_AGE);
	}
	if (err || r->house->stopping) {
		sweep_end(r, "erasing", err, why);
		return;
	}
	if (s->count)
		log_info("personal data erased by age meetings=%zu", s->count);
	/* also what was left over from before the start */
	s->erase = (struct chore){.run = erase_run, .done = on_keys_gone};
	ledger_chore(r->house->ledger, &s->erase);
}

static void ask_for_aged(struct retention *r)
{
	const unsigned days = r->house->conf->retain_personal_days;
	struct sweep *s = &r->sweep;

	s->over_before = days ? clock_wall_ms() - days * DAY_MS : INT64_MIN;
	s->job = (struct reader_job){.run = read_aged, .done = on_aged};
	if (reader_ask(r->house->reader, &s->job))
		sweep_end(r, "", 0, NULL);
}

static void on_hour(struct loop_timer *t)
{
	struct retention *r = CONTAINER_OF(t, struct retention, timer);

	loop_timer_set(r->loop, t, loop_now_ms(r->loop) + LOOK_MS);
	if (r->busy || r->house->stopping || !ledger_writable(r->house->ledger))
		return;
	r->busy = true;
	r->sweep.rows = mem_new(SWEEP_MAX * sizeof(*r->sweep.rows));
	ask_for_aged(r);
}

struct retention *retention_new(struct loop *l, struct house *h, struct webhooks *w)
{
	struct retention *r = mem_new(sizeof(*r));

	r->loop = l;
	r->house = h;
	r->webhooks = w;
	loop_timer_init(&r->timer, on_hour);
	list_init(&r->erasures);
	return r;
}

void retention_start(struct retention *r)
{
	on_hour(&r->timer);
}

void retention_free(struct retention *r)
{
	if (!r)
		return;
	/* those that wait to try again; the others ended with the ledger */
	LIST_EACH_SAFE(it, &r->erasures)
		erasure_refuse(CONTAINER_OF(it, struct erasure, link), ERR_UNAVAILABLE,
			       NULL);
	loop_timer_stop(r->loop, &r->timer);
	free(r);
}
