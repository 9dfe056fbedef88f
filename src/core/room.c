#include "core/room.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/invitation.h"
#include "core/registry.h"

static struct seat *seat_of(struct list *link)
{
	return CONTAINER_OF(link, struct seat, link);
}

/* Telling. The message lies in house->out and is sent to one, some or all. */

static struct buf *message(struct meeting *m)
{
	buf_reset(&m->house->out);
	return &m->house->out;
}

static void tell(struct seat *s, uint64_t gate)
{
	struct meetings *house = s->meeting->house;

	if (s->conn)
		house->port.tell(house->port.arg, s, gate, house->out.p, house->out.len);
}

static void tell_inside(struct meeting *m, const struct seat *except, uint64_t gate)
{
	LIST_EACH(it, &m->seats)
		if (seat_of(it)->state == SEAT_INSIDE && seat_of(it) != except)
			tell(seat_of(it), gate);
}

static void tell_hosts(struct meeting *m, const struct seat *except, uint64_t gate)
{
	LIST_EACH(it, &m->seats)
		if (seat_of(it)->state == SEAT_INSIDE && seat_of(it)->host &&
		    seat_of(it) != except)
			tell(seat_of(it), gate);
}

static void hang_up(struct seat *s, uint64_t gate, enum sigmsg_close code)
{
	const struct room_port *port = &s->meeting->house->port;

	if (s->conn)
		port->hang_up(port->arg, s, gate, (uint16_t)code);
	s->conn = NULL;
}

static void tell_error(struct seat *s, enum sigmsg_error code, const char *detail,
		       enum sigmsg_type re)
{
	sigmsg_put_error(message(s->meeting), code, detail, re);
	tell(s, 0);
}

/* Facts about seats. */

struct actor {
	char text[FACT_ACTOR_SIZE];
};

static struct actor actor_of(const char *id)
{
	struct actor a;

	snprintf(a.text, sizeof(a.text), "participant:%s", id);
	return a;
}

static uint64_t fact_about(struct seat *s, struct instant now, enum fact_kind kind,
			   const char *actor, enum factdata_reason reason)
{
	struct factdata d = {.host = s->host, .reason = reason};

	memcpy(d.id, s->id, sizeof(d.id));
	return registry_fact(s->meeting, now, kind, actor, &d);
}

static uint64_t fact_by(struct seat *host, struct instant now, enum fact_kind kind,
			const char *id)
{
	struct factdata d = {.host = false};

	memcpy(d.by, host->id, sizeof(d.by));
	memcpy(d.id, id, sizeof(d.id));
	return registry_fact(host->meeting, now, kind, actor_of(host->id).text, &d);
}

/*
 * Ends a seat's story. That of a seat which a restart has cut is told a second time, or
 * the next restart would hold the seat again; where time alone ends it there is no need
 * (hold_over()).
 */
static uint64_t give_up(struct seat *s, struct instant now, const char *actor,
			enum factdata_reason reason)
{
	return fact_about(s, now, s->state == SEAT_WAITING ? FACT_GUEST_GONE :
			  FACT_PARTICIPANT_LEFT, actor, reason);
}

/* The same where a replay sees for itself that a cut seat is over. */
static uint64_t hold_over(struct seat *s, struct instant now, const char *actor,
			  enum factdata_reason reason)
{
	if (!s->cut)
		return give_up(s, now, actor, reason);
	meeting_unseat(s->meeting, s);
	return 0;
}

static void tell_left(struct meeting *m, const char *id, const char *reason,
		      uint64_t gate)
{
	sigmsg_put_left(message(m), id, reason);
	tell_inside(m, NULL, gate);
}

static void tell_knock_gone(struct meeting *m, const char *id, uint64_t gate)
{
	sigmsg_put_knock_gone(message(m), id);
	tell_hosts(m, NULL, gate);
}

/* What newcomers are told. */

static const char *resume_of(const struct seat *s, char out[ROOM_RESUME_SIZE])
{
	const struct room_port *port = &s->meeting->house->port;

	port->resume(port->arg, s, out);
	return out;
}

static struct buf *public_json(struct meeting *m)
{
	struct buf *b = &m->house->json;

	buf_reset(b);
	meeting_json(m, b, false, NULL);
	return b;
}

static int position_of(const struct seat *s)
{
	int n = 1;

	LIST_EACH(it, &s->meeting->seats) {
		if (seat_of(it) == s)
			break;
		n += seat_of(it)->state == SEAT_WAITING && !seat_of(it)->away;
	}
	return n;
}

static void tell_waiting(struct seat *s, uint64_t gate)
{
	const struct room_port *port = &s->meeting->house->port;
	const struct buf *json = public_json(s->meeting);
	char resume[ROOM_RESUME_SIZE];
	int64_t expires_at;
	const char *ice = port->ice(port->arg, s, &expires_at);

	sigmsg_put_waiting(message(s->meeting), s->id, resume_of(s, resume),
			   position_of(s), json->p, json->len, ice);
	tell(s, gate);
}

static void tell_welcome(struct seat *s, uint64_t gate)
{
	const struct room_port *port = &s->meeting->house->port;
	const struct buf *json = public_json(s->meeting);
	const int inside = meeting_inside(s->meeting);
	struct sigmsg_person *person = mem_new((size_t)inside * sizeof(*person));
	char resume[ROOM_RESUME_SIZE];
	struct sigmsg_welcome w = {
		.id = s->id, .resume = resume_of(s, resume), .host = s->host,
		.meeting = json->p, .meeting_len = json->len, .person = person,
	};

	LIST_EACH(it, &s->meeting->seats) {
		const struct seat *other = seat_of(it);

		if (other->state != SEAT_INSIDE || other == s)
			continue;
		person[w.count++] = (struct sigmsg_person){
			.id = other->id, .host = other->host,
			.label = seat_label(other), .media = other->media,
			.away = other->away,
		};
	}
	w.ice = port->ice(port->arg, s, &w.ice_expires_at);
	sigmsg_put_welcome(message(s->meeting), &w);
	tell(s, gate);
	free(person);
}

static void put_knock(struct buf *b, const struct seat *s)
{
	const struct sigmsg_label label = seat_label(s);

	sigmsg_put_knock(b, s->id, &label);
}

/* What a host finds: who waits, what their network tests said, a locked door. */
static void tell_host_state(struct seat *host, uint64_t gate)
{
	struct meeting *m = host->meeting;

	LIST_EACH(it, &m->seats) {
		const struct seat *s = seat_of(it);

		if (s->state != SEAT_WAITING || s->away)
			continue;
		put_knock(message(m), s);
		tell(host, gate);
		if (s->test) {
			sigmsg_put_knock_test(message(m), s->id, s->test, s->test_len);
			tell(host, gate);
		}
	}
	if (m->locked) {
		sigmsg_put_locked(message(m), true);
		tell(host, gate);
	}
}

/* Coming in. */

static int refuse(struct room_refusal *no, const struct meeting *m, int err,
		  enum sigmsg_close close, const char *detail)
{
	no->close = close;
	no->gate = m->last;
	no->has_error = err == ERR_FULL || err == ERR_LOCKED || err == ERR_UNAVAILABLE;
	no->error = err == ERR_UNAVAILABLE ? SIGMSG_UNAVAILABLE : SIGMSG_FULL;
	no->detail = detail;
	return err;
}

/* The facts of an entry; memory has the seat inside afterwards. */
static uint64_t open_door(struct meeting *m, struct instant now, const char *id,
			  bool host)
{
	const struct actor actor = actor_of(id);
	struct factdata d = {.host = host};

	if (m->state == MEETING_SCHEDULED)
		registry_fact(m, now, FACT_MEETING_OPENED, actor.text, &d);
	memcpy(d.id, id, sizeof(d.id));
	return registry_fact(m, now, FACT_PARTICIPANT_JOINED, actor.text, &d);
}

static void tell_entry(struct seat *s, uint64_t gate)
{
	const struct sigmsg_label label = seat_label(s);

	tell_welcome(s, gate);
	sigmsg_put_joined(message(s->meeting), s->id, s->host, &label);
	tell_inside(s->meeting, s, gate);
	if (s->host)
		tell_host_state(s, gate);
}

static struct seat *settle(struct meeting *m, const char *id,
			   const struct room_guest *who)
{
	struct seat *s = meeting_seat(m, id);

	seat_name(s, who->label.text, who->label.len, who->label.sealed);
	s->conn = who->conn;
	return s;
}

static struct seat *enter(struct meeting *m, struct instant now, const char *id,
			  const struct room_guest *who)
{
	uint64_t gate = open_door(m, now, id, who->host);
	struct seat *s = settle(m, id, who);

	tell_entry(s, gate);
	log_info("room %.6s entered role=%s inside=%d", m->id,
		 s->host ? "host" : "guest", meeting_inside(m));
	return s;
}

/*
 * The host whose place a new one takes: one who is away, for that is most often the
 * same person on another device, else who came first.
 */
static struct seat *host_to_replace(struct meeting *m, bool only_away)
{
	struct seat *first = NULL;

	LIST_EACH(it, &m->seats) {
		struct seat *s = seat_of(it);

		if (s->state != SEAT_INSIDE || !s->host)
			continue;
		if (s->away)
			return s;
		if (!first && !only_away)
			first = s;
	}
	return first;
}

static void replace(struct seat *s, struct instant now, const char *by,
		    const char *detail)
{
	const bool inside = s->state == SEAT_INSIDE;
	struct meeting *m = s->meeting;
	uint64_t gate = give_up(s, now, actor_of(by).text, REASON_REPLACED);

	sigmsg_put_error(message(m), SIGMSG_REPLACED, detail, SIGMSG_NONE);
	tell(s, gate);
	hang_up(s, gate, SIGMSG_CLOSE_FORBIDDEN);
	if (inside)
		tell_left(m, s->id, "replaced", gate);
	else
		tell_knock_gone(m, s->id, gate);
	registry_forget_gone(m);
}

/* Who came in by the newcomer's invitation before, if the place is still theirs. */
static struct seat *sitting_by(const struct meeting *m, const struct room_guest *who)
{
	const struct invitation *inv =
		who->invitation ? invitation_find(m, who->invitation) : NULL;

	return inv ? meeting_seat(m, inv->seat) : NULL;
}

/* The newcomer's invitation, if there is one, opens the door for the seat `id`. */
static void use_invitation(struct meeting *m, struct instant now, const char *id,
			   const struct room_guest *who)
{
	struct seat *before = sitting_by(m, who);
	struct factdata d = {.host = false};

	if (!who->invitation)
		return;
	d.again = invitation_find(m, who->invitation)->used_at != 0;
	memcpy(d.by, id, sizeof(d.by));
	memcpy(d.id, who->invitation, sizeof(d.id));
	registry_fact(m, now, FACT_INVITATION_USED, actor_of(id).text, &d);
	if (before)
		replace(before, now, id, "your link was opened elsewhere");
}

static struct seat *enter_host(struct meeting *m, struct instant now, const char *id,
			       const struct room_guest *who)
{
	bool only_away;
	struct seat *old;

	use_invitation(m, now, id, who);
	/* with one more host there must still be a place for a guest */
	only_away = meeting_inside(m) + 1 < m->capacity;
	old = host_to_replace(m, only_away);
	if (old)
		replace(old, now, id, "another host took your place");
	return enter(m, now, id, who);
}

/*
 * Whether one more may knock, were it not for `except`. Held places of people who went
 * away while they waited must not keep others out, so the oldest of them is given up
 * where it is needed.
 */
static bool place_to_knock(struct meeting *m, struct instant now,
			   const struct seat *except)
{
	struct seat *away = NULL;
	int count = 0;

	LIST_EACH(it, &m->seats) {
		struct seat *s = seat_of(it);

		if (s->state != SEAT_WAITING || s == except)
			continue;
		count++;
		if (s->away && (!away || s->held_until < away->held_until))
			away = s;
	}
	if (count < ROOM_KNOCKS_MAX)
		return true;
	if (!away)
		return false;
	give_up(away, now, "server", REASON_LOST);
	registry_forget_gone(m);
	return true;
}

static struct seat *knock(struct meeting *m, struct instant now, const char *id,
			  const struct room_guest *who)
{
	struct factdata d = {.host = false};
	struct seat *s;
	uint64_t gate;

	memcpy(d.id, id, sizeof(d.id));
	gate = registry_fact(m, now, FACT_GUEST_WAITING, actor_of(id).text, &d);
	s = settle(m, id, who);
	tell_waiting(s, gate);
	put_knock(message(m), s);
	tell_hosts(m, NULL, gate);
	log_info("room %.6s knocked waiting=%d", m->id, meeting_waiting(m));
	return s;
}

static bool same_name(const struct seat *s, const struct sigmsg_label *l)
{
	return s->name && s->name_sealed == l->sealed && s->name_len == l->len &&
	       memcmp(s->name, l->text, l->len) == 0;
}

static void come_back(struct seat *s, struct instant now, const struct room_guest *who)
{
	const bool news = s->away || !same_name(s, &who->label);
	struct meeting *m = s->meeting;
	struct factdata d = {.resumed = true};
	uint64_t gate;

	if (s->conn) {
		tell_error(s, SIGMSG_REPLACED, "your place was taken over from elsewhere",
			   SIGMSG_NONE);
		hang_up(s, 0, SIGMSG_CLOSE_FORBIDDEN);
	}
	memcpy(d.id, s->id, sizeof(d.id));
	gate = registry_fact(m, now, s->state == SEAT_WAITING ? FACT_GUEST_WAITING :
			     FACT_PARTICIPANT_BACK, actor_of(s->id).text, &d);
	settle(m, s->id, who);
	if (s->state == SEAT_WAITING) {
		tell_waiting(s, gate);
		if (news) {
			put_knock(message(m), s);
			tell_hosts(m, NULL, gate);
		}
	} else {
		const struct sigmsg_label label = seat_label(s);

		tell_welcome(s, gate);
		sigmsg_put_back(message(m), s->id, &label);
		tell_inside(m, s, gate);
		if (s->host)
			tell_host_state(s, gate);
	}
	log_info("room %.6s resumed state=%s", m->id, seat_state_name(s->state));
}

/* Whether a guest must stay outside, who would take the place of `before` (or NULL). */
static int refuse_guest(struct room_refusal *no, struct meeting *m, struct instant now,
			const struct seat *before)
{
	const int leaves = before && before->state == SEAT_INSIDE;

	if (m->locked)
		return refuse(no, m, ERR_LOCKED, SIGMSG_CLOSE_FULL,
			      "the host lets nobody new in");
	if (meeting_inside(m) - leaves >= m->capacity)
		return refuse(no, m, ERR_FULL, SIGMSG_CLOSE_FULL,
			      "there is no free place");
	if (!knock_take(&m->knocks, now.mono))
		return refuse(no, m, ERR_TOO_FAST, SIGMSG_CLOSE_TOO_FAST, NULL);
	if (m->waiting_room && !place_to_knock(m, now, before))
		return refuse(no, m, ERR_FULL, SIGMSG_CLOSE_FULL,
			      "too many people wait already");
	return 0;
}

int room_join(struct seat **out, struct room_refusal *no, struct meeting *m,
	      struct instant now, const struct room_guest *who)
{
	struct seat *s = who->resume_id ? meeting_seat(m, who->resume_id) : NULL;
	char id[SIGMSG_ID_SIZE];
	int err;

	if (meeting_over(m))
		return refuse(no, m, ERR_ENDED, SIGMSG_CLOSE_ENDED, "the meeting is over");
	if (who->resume_id && meeting_barred(m, who->resume_id))
		return refuse(no, m, ERR_FORBIDDEN, SIGMSG_CLOSE_FORBIDDEN,
			      "the host has not let you in");
	if (!registry_writable(m->house))
		return refuse(no, m, ERR_UNAVAILABLE, 0,
			      "the server cannot take changes now; try again soon");
	if (s) {
		if (!resume_take(&s->resumes, now.mono))
			return refuse(no, m, ERR_TOO_FAST, SIGMSG_CLOSE_TOO_FAST, NULL);
		come_back(s, now, who);
		*out = s;
		return 0;
	}
	b64_encode(id, who->random, SEAT_RANDOM);
	if (who->host) {
		*out = enter_host(m, now, id, who);
		return 0;
	}
	err = refuse_guest(no, m, now, sitting_by(m, who));
	if (err)
		return err;
	use_invitation(m, now, id, who);
	*out = m->waiting_room ? knock(m, now, id, who) : enter(m, now, id, who);
	return 0;
}

/* Going. */

void room_lost(struct seat *s, struct instant now)
{
	struct meeting *m = s->meeting;

	s->conn = NULL;
	if (s->state == SEAT_INSIDE && registry_writable(m->house))
		fact_about(s, now, FACT_PARTICIPANT_AWAY, actor_of(s->id).text,
			   REASON_NONE);
	registry_hold(s, now);
	log_info("room %.6s held state=%s", m->id, seat_state_name(s->state));
	if (s->state == SEAT_WAITING) {
		tell_knock_gone(m, s->id, 0);
		return;
	}
	/* promises nothing, so it waits for no disk: one that has stopped would keep all
	 * that is said behind it from those whose call goes on */
	sigmsg_put_away(message(m), s->id);
	tell_inside(m, s, 0);
}

void room_drop(struct seat *s, struct instant now, enum sigmsg_close code)
{
	hang_up(s, 0, code);
	room_lost(s, now);
}

bool room_expire_seat(struct seat *s, struct instant now)
{
	const bool inside = s->state == SEAT_INSIDE;
	struct meeting *m = s->meeting;
	uint64_t gate;

	if (!s->cut && !registry_writable(m->house))
		return false;
	gate = hold_over(s, now, "server", REASON_LOST);
	if (inside)
		tell_left(m, s->id, "lost", gate);
	registry_forget_gone(m);
	log_info("room %.6s lost inside=%d waiting=%d", m->id, meeting_inside(m),
		 meeting_waiting(m));
	return true;
}

uint64_t room_finish(struct meeting *m, struct instant now, enum fact_kind kind,
		     const char *actor, enum factdata_reason reason, const char *told)
{
	const struct factdata d = {.reason = reason};
	uint64_t gate = registry_fact(m, now, kind, actor, &d);

	LIST_EACH_SAFE(it, &m->seats) {
		uint64_t last = hold_over(seat_of(it), now, actor, REASON_ENDED);

		if (last)
			gate = last;
	}
	sigmsg_put_ended(message(m), told);
	LIST_EACH(it, &m->leaving) {
		tell(seat_of(it), gate);
		hang_up(seat_of(it), gate, SIGMSG_CLOSE_DONE);
	}
	registry_forget_gone(m);
	log_info("meeting %.6s closed state=%s", m->id, meeting_state_name(m->state));
	return gate;
}

int room_end(struct meeting *m, uint64_t *gate, struct instant now, const char *actor,
	     bool by_host)
{
	if (meeting_over(m))
		return ERR_ENDED;
	if (!registry_writable(m->house))
		return ERR_UNAVAILABLE;
	*gate = room_finish(m, now, FACT_MEETING_ENDED, actor,
			    by_host ? REASON_HOST : REASON_API,
			    by_host ? "host" : "api");
	return 0;
}

void room_tell_ice(struct seat *s)
{
	const struct room_port *port = &s->meeting->house->port;
	int64_t expires_at;
	const char *ice = port->ice(port->arg, s, &expires_at);

	sigmsg_put_ice(message(s->meeting), ice, expires_at);
	tell(s, 0);
}

/* What people say. Each is called with a seat that may say it. */

/* An answer that is a strike; too many close the connection. */
static void complain(struct seat *s, struct instant now, enum sigmsg_error code,
		     const char *detail, enum sigmsg_type re)
{
	tell_error(s, code, detail, re);
	if (!strike_take(&s->strikes, now.mono))
		room_drop(s, now, SIGMSG_CLOSE_PROTOCOL);
}

static void no_such(struct seat *s, struct instant now, const struct sigmsg *msg)
{
	complain(s, now, SIGMSG_NO_SUCH_PARTICIPANT, "there is nobody with this id",
		 msg->type);
}

static void hear_signal(struct seat *s, struct instant now, const struct sigmsg *msg)
{
	struct seat *to = meeting_seat(s->meeting, msg->id);

	if (!to || to->state != SEAT_INSIDE || to == s) {
		if (meeting_gone(s->meeting, msg->id))
			tell_error(s, SIGMSG_NO_SUCH_PARTICIPANT,
				   "this participant has left", msg->type);
		else
			no_such(s, now, msg);
		return;
	}
	if (!to->conn) {
		tell_error(s, SIGMSG_UNAVAILABLE,
			   "this participant is away; try again when back", msg->type);
		return;
	}
	sigmsg_put_signal(message(s->meeting), s->id, msg->raw, msg->raw_len);
	tell(to, 0);
}

static void hear_media(struct seat *s, struct instant now, const struct sigmsg *msg)
{
	(void)now;
	s->media = msg->media;
	sigmsg_put_media(message(s->meeting), s->id, &s->media);
	tell_inside(s->meeting, s, 0);
}

static void hear_ice(struct seat *s, struct instant now, const struct sigmsg *msg)
{
	(void)now;
	(void)msg;
	room_tell_ice(s);
}

static void hear_report(struct seat *s, struct instant now, const struct sigmsg *msg)
{
	static const enum fact_kind kinds[] = {
		[SIGMSG_CONNECTED] = FACT_CALL_CONNECTED,
		[SIGMSG_VERIFIED] = FACT_CALL_VERIFIED,
		[SIGMSG_UNVERIFIED] = FACT_CALL_UNVERIFIED,
		[SIGMSG_REFUSED] = FACT_CALL_REFUSED,
		[SIGMSG_LOST] = FACT_CALL_LOST,
		[SIGMSG_SUMMARY] = FACT_CALL_SUMMARY,
	};
	const struct seat *peer = meeting_seat(s->meeting, msg->id);
	struct factdata d = {.path = msg->path, .stats_len = msg->stats_len};

	if ((!peer || peer->state != SEAT_INSIDE || peer == s) &&
	    !meeting_gone(s->meeting, msg->id)) {
		no_such(s, now, msg);
		return;
	}
	if (!report_take(&s->reports, now.mono))
		return;
	memcpy(d.id, s->id, sizeof(d.id));
	memcpy(d.peer, msg->id, sizeof(d.peer));
	memcpy(d.stats, msg->stats, msg->stats_len);
	registry_fact(s->meeting, now, kinds[msg->event], actor_of(s->id).text, &d);
}

static void hear_test(struct seat *s, struct instant now, const struct sigmsg *msg)
{
	(void)now;
	if (s->state != SEAT_WAITING)
		return;		/* was admitted while it was on its way */
	free(s->test);
	s->test = mem_copy(msg->raw, msg->raw_len);
	s->test_len = msg->raw_len;
	sigmsg_put_knock_test(message(s->meeting), s->id, s->test, s->test_len);
	tell_hosts(s->meeting, NULL, 0);
}

/* The guest who waits under this id, with a connection; or the host was told. */
static struct seat *waiting_guest(struct seat *host, struct instant now,
				  const struct sigmsg *msg)
{
	struct seat *s = meeting_seat(host->meeting, msg->id);

	if (s && s->state == SEAT_WAITING && !s->away)
		return s;
	no_such(host, now, msg);
	return NULL;
}

static void hear_admit(struct seat *host, struct instant now, const struct sigmsg *msg)
{
	struct meeting *m = host->meeting;
	struct seat *s = waiting_guest(host, now, msg);
	uint64_t gate;

	if (!s)
		return;
	if (meeting_inside(m) >= m->capacity) {
		tell_error(host, SIGMSG_FULL, "there is no free place", msg->type);
		return;
	}
	fact_by(host, now, FACT_GUEST_ADMITTED, s->id);
	gate = open_door(m, now, s->id, false);
	m->house->port.admitted(m->house->port.arg, s);
	tell_entry(s, gate);
	log_info("room %.6s admitted inside=%d waiting=%d", m->id, meeting_inside(m),
		 meeting_waiting(m));
}

static void hear_deny(struct seat *host, struct instant now, const struct sigmsg *msg)
{
	struct meeting *m = host->meeting;
	struct seat *s = waiting_guest(host, now, msg);
	uint64_t gate;

	if (!s)
		return;
	gate = fact_by(host, now, FACT_GUEST_DENIED, s->id);
	sigmsg_put_denied(message(m));
	tell(s, gate);
	hang_up(s, gate, SIGMSG_CLOSE_FORBIDDEN);
	tell_knock_gone(m, s->id, gate);
	registry_forget_gone(m);
	log_info("room %.6s denied waiting=%d", m->id, meeting_waiting(m));
}

static void hear_remove(struct seat *host, struct instant now, const struct sigmsg *msg)
{
	struct meeting *m = host->meeting;
	struct seat *s = meeting_seat(m, msg->id);
	uint64_t gate;

	if (!s || s->state != SEAT_INSIDE || s == host) {
		no_such(host, now, msg);
		return;
	}
	gate = fact_by(host, now, FACT_PARTICIPANT_REMOVED, s->id);
	sigmsg_put_removed(message(m));
	tell(s, gate);
	hang_up(s, gate, SIGMSG_CLOSE_FORBIDDEN);
	tell_left(m, s->id, "removed", gate);
	registry_forget_gone(m);
	log_info("room %.6s removed inside=%d", m->id, meeting_inside(m));
}

static void hear_note(struct seat *host, struct instant now, const struct sigmsg *msg)
{
	struct seat *s = waiting_guest(host, now, msg);
	const struct sigmsg_label note = {
		.text = msg->text, .len = msg->text_len, .sealed = msg->sealed,
	};

	if (!s)
		return;
	sigmsg_put_note(message(s->meeting), &note);
	tell(s, 0);
}

static void hear_lock(struct seat *host, struct instant now, const struct sigmsg *msg)
{
	struct meeting *m = host->meeting;
	uint64_t gate = 0;

	if (m->locked != msg->on)
		gate = fact_by(host, now, msg->on ? FACT_ROOM_LOCKED :
			       FACT_ROOM_UNLOCKED, host->id);
	sigmsg_put_locked(message(m), msg->on);
	if (gate)
		tell_hosts(m, NULL, gate);
	else
		tell(host, 0);		/* it was so already */
}

static void hear_end(struct seat *host, struct instant now, const struct sigmsg *msg)
{
	const struct actor actor = actor_of(host->id);
	uint64_t gate;

	(void)msg;
	room_end(host->meeting, &gate, now, actor.text, true);
}

static void hear_leave(struct seat *s, struct instant now, const struct sigmsg *msg)
{
	const bool inside = s->state == SEAT_INSIDE;
	struct meeting *m = s->meeting;
	uint64_t gate = give_up(s, now, actor_of(s->id).text, REASON_LEFT);

	(void)msg;
	if (inside)
		tell_left(m, s->id, "left", gate);
	else
		tell_knock_gone(m, s->id, gate);
	hang_up(s, gate, SIGMSG_CLOSE_DONE);
	registry_forget_gone(m);
	log_info("room %.6s left inside=%d waiting=%d", m->id, meeting_inside(m),
		 meeting_waiting(m));
}

static void hear_join(struct seat *s, struct instant now, const struct sigmsg *msg)
{
	(void)now;
	tell_error(s, SIGMSG_ALREADY_JOINED, "this connection has joined already",
		   msg->type);
}

typedef void hear_fn(struct seat *s, struct instant now, const struct sigmsg *msg);

static const struct {
	hear_fn *hear;
	enum {BY_ANYBODY, BY_INSIDE, BY_HOST} may;
	bool writes;		/* makes a fact */
} commands[SIGMSG_TYPE_COUNT] = {
	[SIGMSG_JOIN] = {hear_join, BY_ANYBODY, false},
	[SIGMSG_SIGNAL] = {hear_signal, BY_INSIDE, false},
	[SIGMSG_MEDIA] = {hear_media, BY_INSIDE, false},
	[SIGMSG_ICE] = {hear_ice, BY_ANYBODY, false},
	[SIGMSG_REPORT] = {hear_report, BY_INSIDE, true},
	[SIGMSG_TEST] = {hear_test, BY_ANYBODY, false},
	[SIGMSG_ADMIT] = {hear_admit, BY_HOST, true},
	[SIGMSG_DENY] = {hear_deny, BY_HOST, true},
	[SIGMSG_REMOVE] = {hear_remove, BY_HOST, true},
	[SIGMSG_NOTE] = {hear_note, BY_HOST, false},
	[SIGMSG_LOCK] = {hear_lock, BY_HOST, true},
	[SIGMSG_END] = {hear_end, BY_HOST, true},
	[SIGMSG_LEAVE] = {hear_leave, BY_ANYBODY, true},
};

static void obey(struct seat *s, struct instant now, const struct sigmsg *msg)
{
	const enum sigmsg_type type = msg->type;

	if (commands[type].may == BY_INSIDE && s->state != SEAT_INSIDE)
		complain(s, now, SIGMSG_NOT_ADMITTED, "you wait to be let in", type);
	else if (commands[type].may == BY_HOST && !s->host)
		complain(s, now, SIGMSG_NOT_HOST, "only a host may do this", type);
	else if (commands[type].writes && !registry_writable(s->meeting->house))
		tell_error(s, SIGMSG_UNAVAILABLE,
			   "the server cannot take changes now; try again soon", type);
	else
		commands[type].hear(s, now, msg);
}

void room_hear(struct seat *s, struct instant now, const char *text, size_t len)
{
	struct sigmsg *msg = &s->meeting->house->msg;
	int err = sigmsg_decode(msg, text, len);

	if (err == ERR_MALFORMED)
		room_drop(s, now, SIGMSG_CLOSE_PROTOCOL);
	else if (err == ERR_RANGE)
		complain(s, now, SIGMSG_BAD_MESSAGE, msg->detail, msg->type);
	else if (!err)
		obey(s, now, msg);
}
