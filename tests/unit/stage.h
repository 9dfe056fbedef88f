/**
 * A stage for plays with rooms: voices instead of connections, a ledger that is an
 * array, and a clock that moves when told.
 */
#ifndef PARAVENT_TESTS_STAGE_H
#define PARAVENT_TESTS_STAGE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/meetings.h"
#include "core/room.h"

#define STAGE_WALL 1795166400000	/* 2026-11-20T09:20:00Z */
#define STAGE_WORDS 64

/* Somebody with a connection; what it hears, in order. */
struct voice {
	struct seat *seat;
	char id[SIGMSG_ID_SIZE];	/* the last seat's, also when it is gone */
	int count;
	char *word[STAGE_WORDS];
	uint64_t gate[STAGE_WORDS];
	int next;			/* the first that expect() has not seen */
	int closed;			/* the code it was closed with; 0: open */
	uint64_t close_gate;
};

struct stage {
	struct meetings *house;
	struct meeting *m;
	struct instant now;
	struct fact *fact;
	size_t facts, facts_cap;
	bool full_disk;
	int forgotten;
	char last_forgotten[SIGMSG_ID_SIZE];
	uint32_t ids;
};

static inline bool stage_writable(void *arg)
{
	return !((struct stage *)arg)->full_disk;
}

static inline uint64_t stage_fact(void *arg, struct fact *f)
{
	struct stage *st = arg;

	ck_assert(!st->full_disk);
	if (st->facts == st->facts_cap) {
		st->facts_cap = st->facts_cap ? st->facts_cap * 2 : 64;
		st->fact = mem_resize(st->fact, st->facts_cap * sizeof(*st->fact));
	}
	f->seq = st->facts + 1;
	st->fact[st->facts++] = *f;
	return f->seq;
}

static inline void stage_tell(void *arg, struct seat *to, uint64_t gate,
			      const char *text, size_t len)
{
	struct voice *v = to->conn;

	ck_assert_ptr_nonnull(v);
	ck_assert_ptr_eq(v->seat ? v->seat : to, to);
	ck_assert_int_eq(v->closed, 0);
	ck_assert_uint_le(gate, ((struct stage *)arg)->facts);
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_int_lt(v->count, STAGE_WORDS);
	v->word[v->count] = mem_copy(text, len);
	v->gate[v->count++] = gate;
}

static inline void stage_hang_up(void *arg, struct seat *to, uint64_t gate, uint16_t code)
{
	struct voice *v = to->conn;

	(void)arg;
	v->closed = code;
	v->close_gate = gate;
	v->seat = NULL;
}

static inline void stage_forget(void *arg, struct seat *s)
{
	struct stage *st = arg;

	ck_assert_ptr_null(s->conn);
	st->forgotten++;
	memcpy(st->last_forgotten, s->id, sizeof(s->id));
}

static inline void stage_admitted(void *arg, struct seat *s)
{
	(void)arg;
	ck_assert_int_eq(s->state, SEAT_INSIDE);
}

static inline void stage_resume(void *arg, const struct seat *s,
				char out[ROOM_RESUME_SIZE])
{
	(void)arg;
	snprintf(out, ROOM_RESUME_SIZE, "again-%s", s->id);
}

static inline const char *stage_ice(void *arg, const struct seat *s, int64_t *expires_at)
{
	const struct stage *st = arg;

	*expires_at = st->now.wall + 3600000;
	return s->state == SEAT_WAITING ? "[\"waiting\"]" : "[\"inside\"]";
}

static inline struct room_port stage_port(struct stage *st)
{
	return (struct room_port){
		.arg = st, .writable = stage_writable, .fact = stage_fact,
		.tell = stage_tell, .hang_up = stage_hang_up, .forget = stage_forget,
		.admitted = stage_admitted, .resume = stage_resume, .ice = stage_ice,
	};
}

static inline struct meeting *stage_schedule(struct stage *st,
					     const struct meeting_plan *plan)
{
	uint8_t random[MEETING_RANDOM] = {0};
	struct meeting *m = NULL;
	uint64_t gate = 0;

	memcpy(random, &st->ids, sizeof(st->ids));
	st->ids++;
	ck_assert_int_eq(meetings_schedule(&m, &gate, st->house, st->now, plan, random,
					   "open"), 0);
	ck_assert_uint_eq(gate, st->facts);
	return m;
}

static inline void stage_begin(struct stage *st, uint8_t capacity, bool waiting_room)
{
	const struct room_port port = stage_port(st);
	struct meeting_plan plan;

	log_init(LOG_ERROR);
	memset(st, 0, sizeof(*st));
	st->now.wall = STAGE_WALL;
	st->now.mono = 1000000;
	st->house = meetings_new(&port, "https://visit.example", "Practice");
	plan_init(&plan);
	plan.capacity = capacity;
	plan.waiting_room = waiting_room;
	st->m = stage_schedule(st, &plan);
}

static inline void stage_end(struct stage *st)
{
	meetings_free(st->house);
	free(st->fact);
}

static inline void stage_pass(struct stage *st, uint64_t ms)
{
	st->now.wall += (int64_t)ms;
	st->now.mono += ms;
	meetings_tick(st->house, st->now);
}

/* A new connection for the voice; what it heard is forgotten. */
static inline void voice_reset(struct voice *v)
{
	for (int i = 0; i < v->count; i++)
		free(v->word[i]);
	memset(v, 0, sizeof(*v));
}

/* Comes to the door; `who` lacks what makes a seat. */
static inline int voice_comes(struct stage *st, struct meeting *m, struct voice *v,
			      struct room_guest who)
{
	struct room_refusal no = {.close = 0};
	uint8_t random[SEAT_RANDOM] = {0};
	struct seat *seat = NULL;
	int err;

	memcpy(random, &st->ids, sizeof(st->ids));
	st->ids++;
	who.conn = v;
	who.random = random;
	voice_reset(v);
	err = room_join(&seat, &no, m, st->now, &who);
	if (err) {
		v->closed = (int)no.close;
		v->close_gate = no.gate;
		return err;
	}
	v->seat = seat;
	ck_assert_ptr_eq(seat->conn, v);
	memcpy(v->id, seat->id, sizeof(v->id));
	return 0;
}

/* Joins; returns what room_join() does. The close code goes into v->closed. */
static inline int voice_join(struct stage *st, struct meeting *m, struct voice *v,
			     bool host, const char *name, const char *resume_id)
{
	return voice_comes(st, m, v, (struct room_guest){
		.host = host, .label = {name, strlen(name), false},
		.resume_id = resume_id,
	});
}

static inline void voice_says(struct stage *st, struct voice *v, const char *text)
{
	room_hear(v->seat, st->now, text, strlen(text));
}

/* Says a text with an id where %s stands. */
static inline void voice_says_of(struct stage *st, struct voice *v, const char *format,
				 const char *id)
{
	char text[1024];

	snprintf(text, sizeof(text), format, id);
	voice_says(st, v, text);
}

static inline void voice_lost(struct stage *st, struct voice *v)
{
	struct seat *s = v->seat;

	v->seat = NULL;
	room_lost(s, st->now);
}

/* The next thing it hears holds this; gives all of it. */
static inline const char *voice_hears(struct voice *v, const char *part)
{
	ck_assert_msg(v->next < v->count, "hears nothing instead of %s", part);
	ck_assert_msg(strstr(v->word[v->next], part), "hears %s instead of %s",
		      v->word[v->next], part);
	return v->word[v->next++];
}

/* The same, and not before the last fact is durable. */
static inline const char *voice_hears_late(struct stage *st, struct voice *v,
					   const char *part)
{
	const char *word = voice_hears(v, part);

	ck_assert_uint_eq(v->gate[v->next - 1], st->facts);
	return word;
}

static inline const char *voice_hears_now(struct voice *v, const char *part)
{
	const char *word = voice_hears(v, part);

	ck_assert_uint_eq(v->gate[v->next - 1], 0);
	return word;
}

static inline void voice_hears_no_more(struct voice *v)
{
	ck_assert_msg(v->next == v->count, "hears %s", v->word[v->next]);
}

/* The last facts, oldest first, as "kind data". */
static inline void stage_told_ledger(struct stage *st, size_t back, const char *want)
{
	char text[FACT_DATA_MAX + 64];
	const struct fact *f;

	ck_assert_uint_gt(st->facts, back);
	f = &st->fact[st->facts - 1 - back];
	snprintf(text, sizeof(text), "%s %s", fact_kind_name(f->kind), f->data);
	ck_assert_str_eq(text, want);
}

/* A fresh memory that replayed all facts. */
static inline struct meetings *stage_replay(struct stage *st)
{
	const struct room_port port = stage_port(st);
	struct meetings *ms = meetings_new(&port, "https://visit.example", "Practice");

	for (size_t i = 0; i < st->facts; i++)
		ck_assert_int_eq(meetings_apply(ms, &st->fact[i]), 0);
	return ms;
}

static inline bool stage_ends(enum fact_kind kind)
{
	return kind == FACT_MEETING_ENDED || kind == FACT_MEETING_CANCELLED ||
	       kind == FACT_MEETING_EXPIRED;
}

/* A fresh memory that replayed the streams that a start needs, the last one first. */
static inline struct meetings *stage_replay_live(struct stage *st)
{
	const int64_t kept = st->fact[st->facts - 1].at - MEETING_KEEP_MS;
	const struct room_port port = stage_port(st);
	struct meetings *ms = meetings_new(&port, "https://visit.example", "Practice");

	for (size_t i = st->facts; i-- > 0;) {
		const char *stream = st->fact[i].stream;
		bool over = false;

		if (st->fact[i].kind != FACT_MEETING_CREATED)
			continue;
		for (size_t k = i; k < st->facts; k++)
			over |= stage_ends(st->fact[k].kind) && st->fact[k].at <= kept &&
				strcmp(st->fact[k].stream, stream) == 0;
		for (size_t k = i; k < st->facts && !over; k++)
			if (strcmp(st->fact[k].stream, stream) == 0)
				ck_assert_int_eq(meetings_apply(ms, &st->fact[k]), 0);
	}
	return ms;
}

static inline void stage_dump(struct stage *st, struct meetings *ms, struct buf *out)
{
	meetings_forget(ms, st->now);
	meetings_dump(ms, out);
}

/* The memory that lived it equals that which replayed all, and that of a start. */
static inline void stage_replay_equals(struct stage *st)
{
	struct meetings *all = stage_replay(st), *some = stage_replay_live(st);
	struct buf lived = BUF_INIT, again = BUF_INIT, started = BUF_INIT;

	stage_dump(st, st->house, &lived);
	stage_dump(st, all, &again);
	stage_dump(st, some, &started);
	ck_assert_msg(strcmp(lived.p, again.p) == 0, "%.1500s\n---\n%.1500s", lived.p,
		      again.p);
	ck_assert_msg(strcmp(lived.p, started.p) == 0, "%.1500s\n---\n%.1500s", lived.p,
		      started.p);
	ck_assert((lived.len > 0) == (meetings_count(st->house) > 0));
	buf_fini(&lived);
	buf_fini(&again);
	buf_fini(&started);
	meetings_free(all);
	meetings_free(some);
}

/* A stop or crash, and the start after it, `ms` later. Returns the closed stories. */
static inline size_t stage_restart(struct stage *st, uint64_t ms)
{
	char id[MEETING_ID_SIZE];
	struct meetings *again = stage_replay_live(st);

	memcpy(id, st->m->id, sizeof(id));
	meetings_free(st->house);
	st->house = again;
	st->m = meetings_find(again, id, MEETING_ID_LEN);
	st->now.wall += (int64_t)ms;
	st->now.mono = 5000;	/* another boot */
	return meetings_recover(again, st->now);
}

#endif
