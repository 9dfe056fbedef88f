#include "core/meetings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/invitation.h"
#include "core/limits.h"
#include "core/registry.h"

/* How long after its time a meeting is looked at again while somebody is there. */
#define LOOK_AGAIN_MS 60000

static struct seat *seat_of(struct list *link)
{
	return CONTAINER_OF(link, struct seat, link);
}

struct meetings *meetings_new(const struct room_port *port, const char *base_url,
			      const char *practice)
{
	struct meetings *ms = mem_new(sizeof(*ms));

	ms->port = *port;
	ms->base_url = mem_copy(base_url, strlen(base_url));
	ms->practice = mem_copy(practice, strlen(practice));
	ms->by_id = map_new();
	list_init(&ms->held);
	list_init(&ms->past);
	buf_init(&ms->out);
	buf_init(&ms->json);
	return ms;
}

static int free_one(void *arg, void *value)
{
	(void)arg;
	meeting_free(value);
	return 0;
}

void meetings_free(struct meetings *ms)
{
	if (!ms)
		return;
	map_each(ms->by_id, free_one, NULL);
	map_free(ms->by_id);
	free(ms->due);
	free(ms->base_url);
	free(ms->practice);
	buf_fini(&ms->out);
	buf_fini(&ms->json);
	free(ms);
}

struct meeting *meetings_find(const struct meetings *ms, const char *id, size_t len)
{
	return len == MEETING_ID_LEN ? map_get(ms->by_id, id, len) : NULL;
}

size_t meetings_count(const struct meetings *ms)
{
	return map_count(ms->by_id);
}

struct visit {
	meetings_each_fn *fn;
	void *arg;
};

static int visit_one(void *arg, void *value)
{
	const struct visit *v = arg;

	return v->fn(v->arg, value);
}

int meetings_each(const struct meetings *ms, meetings_each_fn *fn, void *arg)
{
	struct visit v = {fn, arg};

	return map_each(ms->by_id, visit_one, &v);
}

/* The heap of meetings by the time when they may have expired. */

static void due_set(struct meetings *ms, size_t i, struct meeting *m)
{
	ms->due[i] = m;
	m->due_at = i;
}

/* Puts m at i or above it. */
static void due_rise(struct meetings *ms, size_t i, struct meeting *m)
{
	for (; i > 0 && ms->due[(i - 1) / 2]->due > m->due; i = (i - 1) / 2)
		due_set(ms, i, ms->due[(i - 1) / 2]);
	due_set(ms, i, m);
}

/* Puts m at i or below it. */
static void due_sink(struct meetings *ms, size_t i, struct meeting *m)
{
	size_t child;

	while ((child = 2 * i + 1) < ms->due_count) {
		if (child + 1 < ms->due_count &&
		    ms->due[child + 1]->due < ms->due[child]->due)
			child++;
		if (ms->due[child]->due >= m->due)
			break;
		due_set(ms, i, ms->due[child]);
		i = child;
	}
	due_set(ms, i, m);
}

static void due_put(struct meetings *ms, struct meeting *m, int64_t due)
{
	if (ms->due_count == ms->due_cap) {
		ms->due_cap = ms->due_cap ? ms->due_cap * 2 : 64;
		ms->due = mem_resize(ms->due, ms->due_cap * sizeof(struct meeting *));
	}
	m->due = due;
	due_rise(ms, ms->due_count++, m);
}

static void due_take(struct meetings *ms, struct meeting *m)
{
	const size_t i = m->due_at;
	struct meeting *last;

	if (i == MEETING_NOT_DUE)
		return;
	m->due_at = MEETING_NOT_DUE;
	last = ms->due[--ms->due_count];
	if (last == m)
		return;
	if (i > 0 && ms->due[(i - 1) / 2]->due > last->due)
		due_rise(ms, i, last);
	else
		due_sink(ms, i, last);
}

/* Among those that are over: a replay stream by stream does not come in their order. */
static void past_put(struct meetings *ms, struct meeting *m)
{
	struct list *after = ms->past.prev;

	while (after != &ms->past &&
	       CONTAINER_OF(after, struct meeting, past)->over_at > m->over_at)
		after = after->prev;
	list_append(after->next, &m->past);
}

/* After a fact: what is kept by time follows. */
static void settle(struct meetings *ms, struct meeting *m, enum fact_kind kind)
{
	if (meeting_over(m)) {
		due_take(ms, m);
		if (list_empty(&m->past))
			past_put(ms, m);
	} else if (kind == FACT_MEETING_CHANGED) {
		due_take(ms, m);
		due_put(ms, m, meeting_expires_at(m));
	}
}

static void adopt(struct meetings *ms, struct meeting *m)
{
	map_put(ms->by_id, m->id, MEETING_ID_LEN, m);
	due_put(ms, m, meeting_expires_at(m));
}

bool registry_writable(const struct meetings *ms)
{
	return ms->port.writable(ms->port.arg);
}

uint64_t registry_remember(struct meeting *m, struct fact *f)
{
	const struct room_port *port = &m->house->port;
	uint64_t gate = port->fact(port->arg, f);
	int err = meeting_apply(m, f);

	assert(!err);		/* what we decide fits what we know */
	settle(m->house, m, f->kind);
	m->last = gate;
	return gate;
}

uint64_t registry_fact(struct meeting *m, struct instant now, enum fact_kind kind,
		       const char *actor, const struct factdata *d)
{
	struct fact f;

	meeting_fact(m, &f, kind, actor, now);
	factdata_put(&f, d);
	return registry_remember(m, &f);
}

void registry_hold(struct seat *s, struct instant now)
{
	s->away = true;
	s->held_until = now.mono + SEAT_HOLD_MS;
	list_unlink(&s->hold);
	list_append(&s->meeting->house->held, &s->hold);
}

void registry_forget_gone(struct meeting *m)
{
	const struct room_port *port = &m->house->port;

	LIST_EACH_SAFE(it, &m->leaving) {
		port->forget(port->arg, seat_of(it));
		seat_free(seat_of(it));
	}
}

int meetings_schedule(struct meeting **out, uint64_t *gate, struct meetings *ms,
		      struct instant now, const struct meeting_plan *plan,
		      const uint8_t random[MEETING_RANDOM], const char *actor)
{
	struct meeting_plan filled = *plan;
	char id[MEETING_ID_SIZE];
	struct meeting *m;
	struct fact f;

	b64_encode(id, random, MEETING_RANDOM);
	if (meetings_find(ms, id, MEETING_ID_LEN))
		return ERR_CONFLICT;
	if (!registry_writable(ms))
		return ERR_UNAVAILABLE;
	if (!filled.starts_at)
		filled.starts_at = now.wall;
	memset(&f, 0, sizeof(f));
	f.at = now.wall;
	f.version = 1;
	f.kind = FACT_MEETING_CREATED;
	snprintf(f.stream, sizeof(f.stream), "meeting/%s", id);
	snprintf(f.actor, sizeof(f.actor), "%s", actor);
	factdata_put_plan(&f, &filled);
	*gate = ms->port.fact(ms->port.arg, &f);
	m = meeting_new(ms, &f);
	assert(m);
	m->last = *gate;
	adopt(ms, m);
	log_info("meeting %.6s scheduled kind=%s capacity=%u", m->id,
		 plan_kind_name(m->kind), m->capacity);
	*out = m;
	return 0;
}

int meetings_cancel(struct meeting *m, uint64_t *gate, struct instant now,
		    const char *actor)
{
	if (m->state != MEETING_SCHEDULED)
		return ERR_CONFLICT;
	if (!registry_writable(m->house))
		return ERR_UNAVAILABLE;
	*gate = room_finish(m, now, FACT_MEETING_CANCELLED, actor, REASON_NONE, "api");
	return 0;
}

int meetings_change(struct meeting *m, uint64_t *gate, struct instant now,
		    const struct meeting_change *c, const char *actor)
{
	struct meeting_change real = *c;
	struct meeting_plan is;
	struct fact f;

	if (meeting_over(m))
		return ERR_ENDED;
	meeting_plan_of(m, &is);
	plan_narrow(&real, &is);
	*gate = m->last;
	if (!real.has)
		return 0;
	if (m->erased && real.has & CHANGE_PERSONAL)
		return ERR_FORBIDDEN;
	if (real.has & CHANGE_CAPACITY && real.to.capacity < meeting_inside(m))
		return ERR_FULL;
	if (!registry_writable(m->house))
		return ERR_UNAVAILABLE;
	meeting_fact(m, &f, FACT_MEETING_CHANGED, actor, now);
	factdata_put_change(&f, &real);
	*gate = registry_remember(m, &f);
	log_info("meeting %.6s changed", m->id);
	return 0;
}

int meetings_erase(struct meeting *m, uint64_t *gate, struct instant now,
		   const char *actor, enum factdata_reason reason)
{
	const struct factdata d = {.reason = reason};

	*gate = m->last;
	if (m->erased)
		return 0;
	if (!registry_writable(m->house))
		return ERR_UNAVAILABLE;
	*gate = registry_fact(m, now, FACT_PERSONAL_ERASED, actor, &d);
	log_info("meeting %.6s erased", m->id);
	return 0;
}

struct meeting *meetings_recall(struct meetings *ms, struct instant now,
				const struct meeting_past *past)
{
	const size_t len = strlen(past->id);
	struct meeting *m = meetings_find(ms, past->id, len);

	if (m || len != MEETING_ID_LEN || !b64_alphabet(past->id, len) ||
	    past->state == MEETING_SCHEDULED || past->state == MEETING_OPEN)
		return m;
	m = meeting_make(ms, past->id, past->plan);
	m->state = past->state;
	m->created_at = past->created_at;
	m->version = past->version;
	m->erased = past->erased;
	m->over_at = now.wall;
	map_put(ms->by_id, m->id, MEETING_ID_LEN, m);
	past_put(ms, m);
	return m;
}

void meetings_relayed(struct meeting *m, struct instant now, enum fact_kind kind,
		      const struct factdata *d)
{
	struct seat *s = meeting_seat(m, d->id);

	if (s ? report_take(&s->reports, now.mono) : kind == FACT_RELAY_CLOSED)
		registry_fact(m, now, kind, "server", d);
}

int meetings_apply(struct meetings *ms, const struct fact *f)
{
	static const char prefix[] = "meeting/";
	const char *id = f->stream + sizeof(prefix) - 1;
	struct meeting *m;
	int err;

	if (strncmp(f->stream, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	m = meetings_find(ms, id, strlen(id));
	if (m) {
		err = meeting_apply(m, f);
		if (!err)
			settle(ms, m, f->kind);
		registry_forget_gone(m);
		return err;
	}
	m = meeting_new(ms, f);
	if (!m)
		return ERR_CORRUPT;
	adopt(ms, m);
	return 0;
}

struct recovery {
	struct instant now;
	size_t closed;
};

static void recover_seat(struct recovery *r, struct meeting *m, struct seat *s)
{
	struct factdata d = {.reason = REASON_RESTART};

	if (!s->cut) {
		memcpy(d.id, s->id, sizeof(d.id));
		registry_fact(m, r->now, s->state == SEAT_WAITING ? FACT_GUEST_GONE :
			      FACT_PARTICIPANT_LEFT, "server", &d);
		r->closed++;
	} else if (r->now.wall - s->cut_at > SEAT_HOLD_MS) {
		/* cut by a restart before this one, and nobody came */
		meeting_unseat(m, s);
		return;
	}
	if (meeting_over(m))
		meeting_unseat(m, s);
	else
		registry_hold(s, r->now);
}

static int recover_one(void *arg, struct meeting *m)
{
	struct recovery *r = arg;

	LIST_EACH_SAFE(it, &m->seats)
		recover_seat(r, m, seat_of(it));
	registry_forget_gone(m);
	return 0;
}

size_t meetings_recover(struct meetings *ms, struct instant now)
{
	struct recovery r = {.now = now};

	meetings_each(ms, recover_one, &r);
	return r.closed;
}

static void end_holds(struct meetings *ms, struct instant now)
{
	while (!list_empty(&ms->held)) {
		struct seat *s = CONTAINER_OF(ms->held.next, struct seat, hold);

		if (s->held_until > now.mono || !room_expire_seat(s, now))
			return;
	}
}

static void expire(struct meetings *ms, struct meeting *m, struct instant now)
{
	if (list_empty(&m->seats) && registry_writable(ms)) {
		room_finish(m, now, FACT_MEETING_EXPIRED, "server", REASON_NONE,
			    "expired");
		return;
	}
	due_take(ms, m);
	due_put(ms, m, now.wall + LOOK_AGAIN_MS);
}

void meetings_tick(struct meetings *ms, struct instant now)
{
	end_holds(ms, now);
	while (ms->due_count && ms->due[0]->due <= now.wall)
		expire(ms, ms->due[0], now);
	meetings_forget(ms, now);
}

/* Whether a story is open: a replay leaves seats whose story a restart has closed. */
static bool has_stories(const struct meeting *m)
{
	LIST_EACH(it, &m->seats)
		if (!seat_of(it)->cut)
			return true;
	return false;
}

void meetings_forget(struct meetings *ms, struct instant now)
{
	while (!list_empty(&ms->past)) {
		struct meeting *m = CONTAINER_OF(ms->past.next, struct meeting, past);

		if (m->over_at + MEETING_KEEP_MS > now.wall || has_stories(m) ||
		    !registry_writable(ms))
			return;
		log_debug("meeting %.6s forgotten", m->id);
		map_take(ms->by_id, m->id, MEETING_ID_LEN);
		meeting_free(m);
	}
}

/* The dump. */

static int by_id(const void *a, const void *b)
{
	const struct meeting *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static int collect(void *arg, struct meeting *m)
{
	struct meeting ***next = arg;

	*(*next)++ = m;
	return 0;
}

static void dump_meeting(const struct meeting *m, struct buf *out)
{
	uint32_t i;

	buf_printf(out, "meeting %s %s version=%u created=%lld locked=%d erased=%d ",
		   m->id, meeting_state_name(m->state), m->version,
		   (long long)m->created_at, m->locked, m->erased);
	meeting_json(m, out, false, NULL);
	buf_putc(out, '\n');
	LIST_EACH(it, &m->seats) {
		const struct seat *s = seat_of(it);

		/* a story that was closed is memory's only; so is being away
		 * while one waits */
		if (!s->cut)
			buf_printf(out, "  %s %s %s%s\n", s->id,
				   seat_state_name(s->state),
				   s->host ? "host" : "guest",
				   s->away && s->state == SEAT_INSIDE ? " away" : "");
	}
	for (i = 0; i < m->barred_count && i < ROOM_BARRED_MAX; i++)
		buf_printf(out, "  barred %s\n", m->barred[i]);
	for (i = 0; i < m->invitations; i++) {
		const struct invitation *inv = &m->invitation[i];

		buf_printf(out, "  invitation %s %s expires=%lld before=%u used=%lld "
			   "revoked=%lld seat=%s\n", inv->id,
			   inv->host ? "host" : "guest", (long long)inv->expires_at,
			   inv->opens_before, (long long)inv->used_at,
			   (long long)inv->revoked_at, inv->seat);
	}
}

void meetings_dump(const struct meetings *ms, struct buf *out)
{
	const size_t count = meetings_count(ms);
	struct meeting **all, **next;
	size_t i;

	if (!count)
		return;
	all = next = mem_new(count * sizeof(struct meeting *));
	meetings_each(ms, collect, &next);
	qsort(all, count, sizeof(*all), by_id);
	for (i = 0; i < count; i++)
		dump_meeting(all[i], out);
	free(all);
}
