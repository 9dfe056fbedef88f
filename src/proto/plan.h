/**
 * What a meeting is meant to be: the wish of the one who makes it, with the defaults
 * of doc/protocol.md ("Meetings") filled in.
 */
#ifndef PARAVENT_PROTO_PLAN_H
#define PARAVENT_PROTO_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(symbol, name, capacity unless said otherwise) */
#define PLAN_KINDS(X)                                                         \
	X(PLAN_CONSULTATION, "consultation", 2)                               \
	X(PLAN_THERAPY, "therapy", 2)                                         \
	X(PLAN_CLASS, "class", 8)                                             \
	X(PLAN_OTHER, "other", 4)

enum plan_kind {
#define X(symbol, name, capacity) symbol,
	PLAN_KINDS(X)
#undef X
	PLAN_KIND_COUNT
};

#define PLAN_MINUTES_MIN 5
#define PLAN_MINUTES_MAX 1440
#define PLAN_CAPACITY_MIN 2
#define PLAN_CAPACITY_MAX 8
#define PLAN_TITLE_MAX 200	/* characters */
#define PLAN_HOST_NAME_MAX 80
#define PLAN_LOCALE_MAX 35	/* RFC 5646 section 4.4.1 */

struct meeting_plan {
	enum plan_kind kind;
	int64_t starts_at;	/* ms since 1970; 0: now, filled in when scheduled */
	uint32_t minutes;
	uint8_t capacity;
	bool waiting_room, relay_only;
	char locale[PLAN_LOCALE_MAX + 1];		/* "": not said */
	char title[PLAN_TITLE_MAX * 4 + 1];		/* personal; "": none */
	char host_name[PLAN_HOST_NAME_MAX * 4 + 1];	/* personal; "": none */
};

/* Members of a plan, for those that a change names. */
enum {
	CHANGE_CAPACITY = 1,
	CHANGE_MINUTES = 2,
	CHANGE_KIND = 4,
	CHANGE_LOCALE = 8,
	CHANGE_RELAY_ONLY = 16,
	CHANGE_STARTS_AT = 32,
	CHANGE_WAITING_ROOM = 64,
	CHANGE_HOST_NAME = 128,
	CHANGE_TITLE = 256,
	CHANGE_PERSONAL = CHANGE_HOST_NAME | CHANGE_TITLE,
};

/* A wish that a plan be otherwise: of `to`, only the members in `has` are meant. */
struct meeting_change {
	unsigned int has;
	struct meeting_plan to;
};

/* What an empty body asks for. */
void plan_init(struct meeting_plan *p);

/* The plan as it is after the change. */
void plan_change(struct meeting_plan *p, const struct meeting_change *c);

/* Leaves in c->has only what really differs from the plan. */
void plan_narrow(struct meeting_change *c, const struct meeting_plan *p);

const char *plan_kind_name(enum plan_kind kind);
uint8_t plan_kind_capacity(enum plan_kind kind);

/* 0, or ERR_UNKNOWN. */
int plan_kind_of(enum plan_kind *kind, const char *name, size_t len);

/* Whether it looks like a language tag: letters, digits, '-', 2..35 characters. */
bool plan_locale_ok(const char *s, size_t len);

#endif
