#include "core/meeting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/invitation.h"
#include "core/registry.h"
#include "proto/apimsg.h"
#include "proto/factdata.h"

#define STREAM "meeting/"
#define STREAM_LEN (sizeof(STREAM) - 1)

const char *meeting_state_name(enum meeting_state state)
{
	static const char *const names[] = {
#define X(symbol, name, meaning) name,
		MEETING_STATES(X)
#undef X
	};

	return names[state];
}

/* Replaces one of the texts. */
static void set_text(char **text, const char *to)
{
	free(*text);
	*text = mem_copy(to, strlen(to));
}

static void set_plan(struct meeting *m, const struct meeting_plan *p)
{
	m->kind = p->kind;
	m->starts_at = p->starts_at;
	m->minutes = p->minutes;
	m->capacity = p->capacity;
	m->waiting_room = p->waiting_room;
	m->relay_only = p->relay_only;
	set_text(&m->locale, p->locale);
	set_text(&m->title, p->title);
	set_text(&m->host_name, p->host_name);
}

struct meeting *meeting_make(struct meetings *house, const char *id,
			     const struct meeting_plan *plan)
{
	struct meeting *m = mem_new(sizeof(*m));

	memcpy(m->id, id, MEETING_ID_SIZE);
	m->house = house;
	m->state = MEETING_SCHEDULED;
	set_plan(m, plan);
	m->due_at = MEETING_NOT_DUE;
	list_init(&m->seats);
	list_init(&m->leaving);
	list_init(&m->past);
	return m;
}

struct meeting *meeting_new(struct meetings *house, const struct fact *created)
{
	const char *id = created->stream + STREAM_LEN;
	struct meeting_plan plan;
	struct meeting *m;

	if (created->kind != FACT_MEETING_CREATED || created->version != 1 ||
	    strncmp(created->stream, STREAM, STREAM_LEN) != 0 ||
	    strlen(id) != MEETING_ID_LEN || !b64_alphabet(id, MEETING_ID_LEN) ||
	    factdata_get_plan(&plan, created))
		return NULL;
	m = meeting_make(house, id, &plan);
	m->created_at = created->at;
	m->version = 1;
	return m;
}

static struct seat *seat_of(struct list *link)
{
	return CONTAINER_OF(link, struct seat, link);
}

void meeting_free(struct meeting *m)
{
	if (!m)
		return;
	LIST_EACH_SAFE(it, &m->seats)
		seat_free(seat_of(it));
	LIST_EACH_SAFE(it, &m->leaving)
		seat_free(seat_of(it));
	list_unlink(&m->past);
	free(m->locale);
	free(m->title);
	free(m->host_name);
	free(m->barred);
	free(m->gone);
	free(m->invitation);
	free(m);
}

bool meeting_over(const struct meeting *m)
{
	return m->state != MEETING_SCHEDULED && m->state != MEETING_OPEN;
}

int64_t meeting_expires_at(const struct meeting *m)
{
	return m->starts_at + m->minutes * (int64_t)60000 + MEETING_GRACE_MS;
}

void meeting_plan_of(const struct meeting *m, struct meeting_plan *out)
{
	out->kind = m->kind;
	out->starts_at = m->starts_at;
	out->minutes = m->minutes;
	out->capacity = m->capacity;
	out->waiting_room = m->waiting_room;
	out->relay_only = m->relay_only;
	strcpy(out->locale, m->locale);
	strcpy(out->title, m->title);
	strcpy(out->host_name, m->host_name);
}

int meeting_waiting(const struct meeting *m)
{
	int n = 0;

	LIST_EACH(it, &m->seats)
		n += seat_of(it)->state == SEAT_WAITING && !seat_of(it)->away;
	return n;
}

int meeting_inside(const struct meeting *m)
{
	int n = 0;

	LIST_EACH(it, &m->seats)
		n += seat_of(it)->state == SEAT_INSIDE;
	return n;
}

struct seat *meeting_seat(const struct meeting *m, const char *id)
{
	LIST_EACH(it, &m->seats)
		if (strcmp(seat_of(it)->id, id) == 0)
			return seat_of(it);
	return NULL;
}

/* A ring of the last `max` ids, made when the first one comes. */
static void ring_add(char (**ring)[SIGMSG_ID_SIZE], uint32_t *count, uint32_t max,
		     const char *id)
{
	if (!*ring)
		*ring = mem_new(max * sizeof(**ring));
	memcpy((*ring)[(*count)++ % max], id, SIGMSG_ID_SIZE);
}

static bool ring_has(char (*ring)[SIGMSG_ID_SIZE], uint32_t count, uint32_t max,
		     const char *id)
{
	uint32_t i;

	for (i = 0; i < count && i < max; i++)
		if (strcmp(ring[i], id) == 0)
			return true;
	return false;
}

bool meeting_barred(const struct meeting *m, const char *id)
{
	return ring_has(m->barred, m->barred_count, ROOM_BARRED_MAX, id);
}

bool meeting_gone(const struct meeting *m, const char *id)
{
	return ring_has(m->gone, m->gone_count, ROOM_GONE_MAX, id);
}

void meeting_fact(const struct meeting *m, struct fact *f, enum fact_kind kind,
		  const char *actor, struct instant now)
{
	f->seq = 0;
	f->at = now.wall;
	snprintf(f->stream, sizeof(f->stream), STREAM "%s", m->id);
	f->version = m->version + 1;
	f->kind = kind;
	snprintf(f->actor, sizeof(f->actor), "%s", actor);
	f->personal_len = 0;
	f->personal[0] = '\0';
}

/* The one place where a meeting goes from one state of its life to the next. */
static void turn(struct meeting *m, enum meeting_state state, int64_t at)
{
	if (state != MEETING_OPEN) {	/* nobody comes back once it is over */
		free(m->barred);
		free(m->gone);
		m->barred = m->gone = NULL;
		m->barred_count = m->gone_count = 0;
		m->over_at = at;
	}
	log_debug("meeting %.6s turned from=%s to=%s", m->id,
		  meeting_state_name(m->state), meeting_state_name(state));
	m->state = state;
}

void meeting_unseat(struct meeting *m, struct seat *s)
{
	/* one who only waited was never known to those inside */
	if (s->state == SEAT_INSIDE && !meeting_over(m))
		ring_add(&m->gone, &m->gone_count, ROOM_GONE_MAX, s->id);
	s->state = SEAT_GONE;
	list_unlink(&s->hold);
	list_unlink(&s->link);
	list_append(&m->leaving, &s->link);
}

static void bar(struct meeting *m, struct seat *s)
{
	ring_add(&m->barred, &m->barred_count, ROOM_BARRED_MAX, s->id);
	meeting_unseat(m, s);
}

/* Its story ended; at a restart the seat is kept, for it may come back. */
static void end_story(struct meeting *m, struct seat *s, enum factdata_reason reason,
		      int64_t at)
{
	if (reason != REASON_RESTART) {
		meeting_unseat(m, s);
		return;
	}
	s->away = true;
	s->cut = true;
	s->cut_at = at;
}

static void go_on(struct seat *s)
{
	s->away = false;
	s->cut = false;
	list_unlink(&s->hold);
}

static void add(struct meeting *m, const struct factdata *d, enum seat_state state)
{
	list_append(&m->seats, &seat_new(m, d->id, d->host, state)->link);
}

static int apply_guest(struct meeting *m, const struct fact *f,
		       const struct factdata *d, struct seat *s)
{
	if (f->kind == FACT_GUEST_WAITING && !s) {
		if (d->resumed)
			return ERR_CORRUPT;
		add(m, d, SEAT_WAITING);
		return 0;
	}
	if (!s || s->state != SEAT_WAITING)
		return ERR_CORRUPT;
	if (f->kind == FACT_GUEST_WAITING) {
		if (!d->resumed)
			return ERR_CORRUPT;
		go_on(s);
	} else if (f->kind == FACT_GUEST_DENIED) {
		bar(m, s);
	} else if (f->kind == FACT_GUEST_GONE) {
		end_story(m, s, d->reason, f->at);
	}
	/* guest.admitted: participant.joined follows and opens the door */
	return 0;
}

static int apply_participant(struct meeting *m, const struct fact *f,
			     const struct factdata *d, struct seat *s)
{
	if (f->kind == FACT_PARTICIPANT_JOINED) {
		if (!s) {
			add(m, d, SEAT_INSIDE);
			return 0;
		}
		if (s->state != SEAT_WAITING || d->host)
			return ERR_CORRUPT;
		s->state = SEAT_INSIDE;
		return 0;
	}
	if (!s || s->state != SEAT_INSIDE)
		return ERR_CORRUPT;
	if (f->kind == FACT_PARTICIPANT_AWAY)
		s->away = true;
	else if (f->kind == FACT_PARTICIPANT_BACK)
		go_on(s);
	else if (f->kind == FACT_PARTICIPANT_LEFT)
		end_story(m, s, d->reason, f->at);
	else if (f->kind == FACT_PARTICIPANT_REMOVED)
		bar(m, s);
	return 0;
}

/* The end of its life, or its beginning. */
static int apply_life(struct meeting *m, enum fact_kind kind, int64_t at)
{
	if (meeting_over(m))
		return ERR_CORRUPT;
	switch (kind) {
	case FACT_MEETING_ENDED:
		turn(m, MEETING_ENDED, at);
		return 0;
	case FACT_MEETING_EXPIRED:
		turn(m, MEETING_EXPIRED, at);
		return 0;
	default:
		if (m->state != MEETING_SCHEDULED)
			return ERR_CORRUPT;
		turn(m, kind == FACT_MEETING_OPENED ? MEETING_OPEN : MEETING_CANCELLED,
		     at);
		return 0;
	}
}

static int apply_change(struct meeting *m, const struct fact *f)
{
	struct meeting_change c;
	struct meeting_plan p;

	if (meeting_over(m) || factdata_get_change(&c, f) ||
	    (m->erased && c.has & CHANGE_PERSONAL))
		return ERR_CORRUPT;
	meeting_plan_of(m, &p);
	plan_change(&p, &c);
	set_plan(m, &p);
	return 0;
}

static int apply_erased(struct meeting *m)
{
	m->erased = true;
	set_text(&m->title, "");
	set_text(&m->host_name, "");
	return 0;
}

static int apply(struct meeting *m, const struct fact *f, const struct factdata *d,
		 struct seat *s)
{
	switch (f->kind) {
	case FACT_MEETING_OPENED:
	case FACT_MEETING_ENDED:
	case FACT_MEETING_CANCELLED:
	case FACT_MEETING_EXPIRED:
		return apply_life(m, f->kind, f->at);
	case FACT_MEETING_CHANGED:
		return apply_change(m, f);
	case FACT_PERSONAL_ERASED:
		return apply_erased(m);
	case FACT_GUEST_WAITING:
	case FACT_GUEST_ADMITTED:
	case FACT_GUEST_DENIED:
	case FACT_GUEST_GONE:
		return apply_guest(m, f, d, s);
	case FACT_PARTICIPANT_JOINED:
	case FACT_PARTICIPANT_AWAY:
	case FACT_PARTICIPANT_BACK:
	case FACT_PARTICIPANT_LEFT:
	case FACT_PARTICIPANT_REMOVED:
		return apply_participant(m, f, d, s);
	case FACT_ROOM_LOCKED:
	case FACT_ROOM_UNLOCKED:
		m->locked = f->kind == FACT_ROOM_LOCKED;
		return 0;
	case FACT_INVITATION_MADE:
	case FACT_INVITATION_USED:
	case FACT_INVITATION_REVOKED:
		return invitation_apply(m, f, d);
	case FACT_CALL_CONNECTED:
	case FACT_CALL_VERIFIED:
	case FACT_CALL_UNVERIFIED:
	case FACT_CALL_REFUSED:
	case FACT_CALL_LOST:
	case FACT_CALL_SUMMARY:
	case FACT_RELAY_OPENED:
	case FACT_RELAY_CLOSED:
		return 0;
	default:
		return ERR_CORRUPT;
	}
}

int meeting_apply(struct meeting *m, const struct fact *f)
{
	struct factdata d;
	int err = 0;

	if (f->version != m->version + 1)
		return ERR_CONFLICT;
	err = factdata_get(&d, f);
	if (!err)
		err = apply(m, f, &d, meeting_seat(m, d.id));
	if (!err)
		m->version = f->version;
	return err;
}

void meeting_json(const struct meeting *m, struct buf *out, bool counts,
		  const char *host_token)
{
	struct meeting_plan plan;
	const struct apimsg_meeting view = {
		.id = m->id,
		.status = meeting_state_name(m->state),
		.plan = &plan,
		.created_at = m->created_at,
		.base_url = m->house->base_url,
		.practice = m->house->practice,
		.counts = counts,
		.participants = meeting_inside(m),
		.waiting = meeting_waiting(m),
		.host_token = host_token,
	};

	meeting_plan_of(m, &plan);
	apimsg_put_meeting(out, &view);
}
