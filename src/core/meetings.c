#include "core/meetings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
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

static void due_put(struct meetings *ms, struct meeting *m)
{
	size_t i = ms->due_count++;

	if (ms->due_count > ms->due_cap) {
		ms->due_cap = ms->due_cap ? ms->due_cap * 2 : 64;
		ms->due = mem_resize(ms->due, ms->due_cap * sizeof(struct meeting *));
	}
	for (; i > 0 && ms->due[(i - 1) / 2]->due > m->due; i = (i - 1) / 2)
		ms->due[i] = ms->due[(i - 1) / 2];
	ms->due[i] = m;
}

static struct meeting *due_take(struct meetings *ms)
{
	struct meeting *first = ms->due[0], *last = ms->due[--ms->due_count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < ms->due_count) {
		if (child + 1 < ms->due_count &&
		    ms->due[child + 1]->due < ms->due[child]->due)
			child++;
		if (ms->due[child]->due >= last->due)
			break;
		ms->due[i] = ms->due[child];
		i = child;
	}
	ms->due[i] = last;
	return first;
}

static void adopt(struct meetings *ms, struct meeting *m)
{
	map_put(ms->by_id, m->id, MEETING_ID_LEN, m);
	due_put(ms, m);
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
	if (meeting_over(m))
		return;
	if (list_empty(&m->seats) && registry_writable(ms)) {
		room_finish(m, now, FACT_MEETING_EXPIRED, "server", REASON_NONE,
			    "expired");
		return;
	}
	m->due = now.wall + LOOK_AGAIN_MS;
	due_put(ms, m);
}

void meetings_tick(struct meetings *ms, struct instant now)
{
	end_holds(ms, now);
	while (ms->due_count && ms->due[0]->due <= now.wall)
		expire(ms, due_take(ms), now);
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

	buf_printf(out, "meeting %s %s version=%u created=%lld locked=%d ", m->id,
		   meeting_state_name(m->state), m->version,
		   (long long)m->created_at, m->locked);
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
