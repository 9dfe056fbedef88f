#include "app/signaling.h"

#include <stdlib.h>
#include <string.h>

#include "app/callers.h"
#include "app/clients.h"
#include "app/entry.h"
#include "app/past.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "core/limits.h"
#include "proto/sigmsg.h"

#define JOIN_MS 10000
/* What may wait for the disk, and how long; then the connection closes, and may come
 * back. As for a reader that is too slow (net/ws). */
#define HELD_MAX (1024 * 1024)
#define HELD_MS 10000
#define ICE_AGAIN_MS (RELAY_CREDENTIAL_MS / 2)

struct signaling {
	struct loop *loop;
	struct house *house;
	struct relay *relay;
	struct ws_hub *hub;
};

/* Something to say, or the close, that waits for its fact or for what waits before. */
struct held {
	struct list link;
	uint64_t gate;
	uint16_t close;		/* 0: it is a text */
	size_t len;
	char text[];
};

/* One connection, from the handshake to its end. */
struct session {
	struct signaling *sg;
	struct ws *ws;
	struct seat *seat;	/* NULL before the join and after the last word */
	bool closing;		/* a close is under way: hear no more */
	struct loop_timer timer;	/* for the join, then for fresh ICE servers */
	struct traffic traffic;		/* before there is a seat, which has its own */
	struct list held;
	size_t held_bytes;
	struct loop_timer held_timer;
	struct gate_waiter waiter;
	struct past *past;		/* the meeting is being looked up */
	struct client client;
	char meeting[MEETING_ID_SIZE];
};

/* --- Out ----------------------------------------------------------------------- */

static void forget_held(struct session *c, struct held *h)
{
	list_unlink(&h->link);
	c->held_bytes -= h->len;
	free(h);
}

/* The disk, or the reader, is too slow for all that: nothing more is kept for it. The
 * seat hears of it in on_closed(). */
static void overrun(struct session *c)
{
	c->closing = true;
	gate_leave(&c->waiter);
	LIST_EACH_SAFE(it, &c->held)
		forget_held(c, CONTAINER_OF(it, struct held, link));
	loop_timer_stop(c->sg->loop, &c->held_timer);
	ws_close(c->ws, SIGMSG_CLOSE_OUR_FAULT, "too much waits to be recorded");
}

static void held_too_long(struct loop_timer *t)
{
	overrun(CONTAINER_OF(t, struct session, held_timer));
}

/* Lets out what may leave, up to the first that must wait. */
static void flush(void *arg)
{
	struct session *c = arg;

	while (!list_empty(&c->held)) {
		struct held *h = CONTAINER_OF(c->held.next, struct held, link);

		if (!gate_is_open(&c->sg->house->gate, h->gate)) {
			gate_wait(&c->sg->house->gate, &c->waiter, h->gate);
			loop_timer_set(c->sg->loop, &c->held_timer,
				       loop_now_ms(c->sg->loop) + HELD_MS);
			return;
		}
		if (h->close)
			ws_close(c->ws, h->close, "");
		else
			ws_send_text(c->ws, h->text, h->len);
		forget_held(c, h);
	}
	loop_timer_stop(c->sg->loop, &c->held_timer);
}

static void hold(struct session *c, uint64_t gate, uint16_t code, const char *text,
		 size_t len)
{
	struct held *h;

	if (c->held_bytes + len > HELD_MAX) {
		overrun(c);
		return;
	}
	h = mem_new(sizeof(*h) + len);
	h->gate = gate;
	h->close = code;
	h->len = len;
	if (len)
		memcpy(h->text, text, len);
	list_append(&c->held, &h->link);
	c->held_bytes += len;
	if (!gate_waits(&c->waiter))
		flush(c);
}

static void say(struct session *c, uint64_t gate, const char *text, size_t len)
{
	if (list_empty(&c->held) && gate_is_open(&c->sg->house->gate, gate))
		ws_send_text(c->ws, text, len);
	else
		hold(c, gate, 0, text, len);
}

static void hang_up(struct session *c, uint64_t gate, uint16_t code)
{
	c->closing = true;
	loop_timer_stop(c->sg->loop, &c->timer);
	hold(c, gate, code, NULL, 0);
}

/* --- The port of the rooms ------------------------------------------------------ */

static bool port_writable(void *arg)
{
	struct signaling *sg = arg;

	return ledger_writable(sg->house->ledger) && !sg->house->stopping;
}

static uint64_t port_fact(void *arg, struct fact *f)
{
	struct signaling *sg = arg;

	return house_fact(sg->house, f);
}

static void port_tell(void *arg, struct seat *to, uint64_t gate, const char *text,
		      size_t len)
{
	(void)arg;
	if (!((struct session *)to->conn)->closing)
		say(to->conn, gate, text, len);
}

static void port_hang_up(void *arg, struct seat *to, uint64_t gate, uint16_t code)
{
	struct session *c = to->conn;

	(void)arg;
	c->seat = NULL;
	hang_up(c, gate, code);
}

static void port_forget(void *arg, struct seat *s)
{
	struct signaling *sg = arg;
	struct session *c = s->conn;

	relay_forget(sg->relay, s);
	if (c)
		c->seat = NULL;
}

static void port_admitted(void *arg, struct seat *s)
{
	/* The welcome that follows brings credentials of the better class; those of
	 * before die of their own little allowance. */
	(void)arg;
	(void)s;
}

static void port_resume(void *arg, const struct seat *s, char out[ROOM_RESUME_SIZE])
{
	struct signaling *sg = arg;

	token_resume(out, sg->house->key, s->meeting->id, s->id);
}

static const char *port_ice(void *arg, const struct seat *s, int64_t *expires_at)
{
	struct signaling *sg = arg;

	return relay_ice(sg->relay, s, expires_at);
}

void signaling_port(struct signaling *sg, struct room_port *port)
{
	*port = (struct room_port){
		.arg = sg,
		.writable = port_writable,
		.fact = port_fact,
		.tell = port_tell,
		.hang_up = port_hang_up,
		.forget = port_forget,
		.admitted = port_admitted,
		.resume = port_resume,
		.ice = port_ice,
	};
}

/* --- In ------------------------------------------------------------------------- */

static void refuse(struct session *c, const struct room_refusal *no)
{
	struct buf text = BUF_INIT;

	metrics_refused(&c->sg->house->metrics, no->close);
	if (no->has_error) {
		sigmsg_put_error(&text, no->error, no->detail, SIGMSG_JOIN);
		say(c, no->gate, text.p, text.len);
		buf_fini(&text);
	}
	if (no->close)
		hang_up(c, no->gate, (uint16_t)no->close);
}

static void refuse_join(struct session *c, enum sigmsg_close close, const char *detail)
{
	const struct room_refusal no = {
		.close = close,
		.has_error = detail != NULL,
		.error = SIGMSG_BAD_MESSAGE,
		.detail = detail,
	};

	if (close == SIGMSG_CLOSE_NO_MEETING || close == SIGMSG_CLOSE_BAD_TOKEN)
		clients_take(c->sg->house->clients, &c->client, ADDRESS_MISSES);
	refuse(c, &no);
}

/* The meeting is not in memory: it is over, or never was. */
static void on_past(void *arg, int err)
{
	struct session *c = arg;

	c->past = NULL;
	refuse_join(c, !err ? SIGMSG_CLOSE_ENDED :
		       err == ERR_NOT_FOUND ? SIGMSG_CLOSE_NO_MEETING :
		       SIGMSG_CLOSE_OUR_FAULT, NULL);
}

static void ice_due(struct loop_timer *t)
{
	struct session *c = CONTAINER_OF(t, struct session, timer);

	if (!c->seat)
		return;
	room_tell_ice(c->seat);
	loop_timer_set(c->sg->loop, t, loop_now_ms(c->sg->loop) + ICE_AGAIN_MS);
}

/* Any token that opens nothing gets the same answer; but one that will open it soon. */
static void refuse_token(struct session *c, const struct entry *entry)
{
	struct buf text = BUF_INIT;

	caller_remember_refusal(c->sg->house, entry->reason, VIA_SOCKET);
	if (entry->opens_at) {
		sigmsg_put_too_early(&text, entry->opens_at);
		say(c, 0, text.p, text.len);
		buf_fini(&text);
	}
	refuse_join(c, SIGMSG_CLOSE_BAD_TOKEN, NULL);
}

/* Those who are inside may come back; who would begin a visit is asked to wait. */
static const struct room_refusal restarting = {
	.has_error = true,
	.error = SIGMSG_UNAVAILABLE,
	.detail = "the server is about to be restarted; try again soon",
};

static void join(struct session *c, const struct sigmsg *msg)
{
	struct house *h = c->sg->house;
	char seat_id[SIGMSG_ID_SIZE];
	struct entry entry;
	uint8_t random[SEAT_RANDOM];
	struct room_refusal no = {.close = 0};
	struct room_guest who = {
		.conn = c,
		.label = {msg->text, msg->text_len, msg->sealed},
		.random = random,
	};
	struct meeting *m = meetings_find(h->meetings, c->meeting, MEETING_ID_LEN);

	if (!clients_take(h->clients, &c->client, ADDRESS_JOINS) ||
	    !clients_may(h->clients, &c->client, ADDRESS_MISSES)) {
		refuse_join(c, SIGMSG_CLOSE_TOO_FAST, NULL);
		return;
	}
	if (!m) {
		c->closing = true;
		loop_timer_stop(c->sg->loop, &c->timer);
		c->past = past_ask(h, c->meeting, on_past, c);
		if (!c->past)
			refuse_join(c, SIGMSG_CLOSE_TOO_FAST, NULL);
		return;
	}
	if (msg->resume[0] && token_resume_open(seat_id, h->key, m->id, msg->resume,
						strlen(msg->resume)) == 0)
		who.resume_id = seat_id;
	/* who has a seat comes back to it, also when the token has expired meanwhile */
	if (msg->token_len && !(who.resume_id && meeting_seat(m, who.resume_id))) {
		if (entry_judge(&entry, h, m->id, msg->token, msg->token_len) != 0) {
			refuse_token(c, &entry);
			return;
		}
		who.host = entry.host;
		who.invitation = entry.invitation[0] ? entry.invitation : NULL;
		/* a name that is vouched for counts more than one that is typed */
		if (*entry.name && !msg->sealed)
			who.label = (struct sigmsg_label){entry.name, strlen(entry.name),
							  false};
	}
	if (h->draining && !meeting_over(m) && !meeting_inside(m)) {
		refuse(c, &restarting);
		return;
	}
	rnd_bytes(random, sizeof(random));
	if (room_join(&c->seat, &no, m, house_now(), &who) != 0) {
		refuse(c, &no);
		return;
	}
	metrics_joined(&h->metrics, c->seat && c->seat->state == SEAT_WAITING);
	c->timer.fn = ice_due;
	loop_timer_set(c->sg->loop, &c->timer,
		       loop_now_ms(c->sg->loop) + ICE_AGAIN_MS);
}

/* The first message, which must be a join. */
static void hear_join(struct session *c, const char *text, size_t len)
{
	struct sigmsg msg;
	int err = sigmsg_decode(&msg, text, len);

	if (err == ERR_MALFORMED)
		refuse_join(c, SIGMSG_CLOSE_PROTOCOL, "This is not one JSON object.");
	else if (err == ERR_RANGE)
		refuse_join(c, SIGMSG_CLOSE_BAD_JOIN, msg.detail);
	else if (err || msg.type != SIGMSG_JOIN)
		refuse_join(c, SIGMSG_CLOSE_BAD_JOIN, "The first message must be a join.");
	else
		join(c, &msg);
}

static void on_message(void *arg, const char *text, size_t len)
{
	struct session *c = arg;
	struct instant now = house_now();

	if (c->sg->house->stopping)
		return;
	if (!traffic_take(c->seat ? &c->seat->traffic : &c->traffic, now.mono, len,
			  c->sg->house->conf->message_rate)) {
		if (c->closing)		/* its last word waits: not for one like this */
			ws_close(c->ws, SIGMSG_CLOSE_TOO_FAST, "");
		else if (c->seat)
			room_drop(c->seat, now, SIGMSG_CLOSE_TOO_FAST);
		else
			hang_up(c, 0, SIGMSG_CLOSE_TOO_FAST);
		return;
	}
	if (c->closing)
		return;
	if (c->seat)
		room_hear(c->seat, now, text, len);
	else
		hear_join(c, text, len);
}

static void on_closed(void *arg, int code)
{
	struct session *c = arg;

	(void)code;
	loop_timer_stop(c->sg->loop, &c->timer);
	loop_timer_stop(c->sg->loop, &c->held_timer);
	gate_leave(&c->waiter);
	past_cancel(c->past);
	LIST_EACH_SAFE(it, &c->held)
		forget_held(c, CONTAINER_OF(it, struct held, link));
	/* at a stop the log closes all stories at once, when it is next opened */
	if (c->seat && !c->sg->house->stopping)
		room_lost(c->seat, house_now());
	free(c);
}

static const struct ws_events events = {
	.on_message = on_message,
	.on_closed = on_closed,
};

static void join_too_late(struct loop_timer *t)
{
	struct session *c = CONTAINER_OF(t, struct session, timer);

	hang_up(c, 0, SIGMSG_CLOSE_TIMEOUT);
}

void signaling_accept(struct signaling *sg, struct http_request *rq, const char *id,
		      const char *accept)
{
	struct session *c = mem_new(sizeof(*c));

	c->sg = sg;
	clients_find(&c->client, sg->house->clients, rq);
	list_init(&c->held);
	gate_waiter_init(&c->waiter, flush, c);
	memcpy(c->meeting, id, MEETING_ID_LEN);
	loop_timer_init(&c->held_timer, held_too_long);
	loop_timer_init(&c->timer, join_too_late);
	loop_timer_set(sg->loop, &c->timer, loop_now_ms(sg->loop) + JOIN_MS);
	c->ws = ws_accept(sg->hub, rq, accept, SIGNALING_PROTOCOL, &events, c);
}

struct signaling *signaling_new(struct loop *l, struct house *h, struct relay *r)
{
	struct signaling *sg = mem_new(sizeof(*sg));

	sg->loop = l;
	sg->house = h;
	sg->relay = r;
	sg->hub = ws_hub_new(l, NULL);
	return sg;
}

void signaling_free(struct signaling *sg)
{
	if (!sg)
		return;
	ws_hub_free(sg->hub);
	free(sg);
}

void signaling_drain(struct signaling *sg)
{
	ws_hub_close_all(sg->hub, SIGMSG_CLOSE_GOING_AWAY, "come back with resume");
}

size_t signaling_count(const struct signaling *sg)
{
	return ws_hub_count(sg->hub);
}
