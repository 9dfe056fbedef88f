/**
 * A seat: one person's place in a room, from the knock or the entry until it is given
 * up. It outlives connections, for 120 s (SEAT_HOLD_MS).
 *
 * Others read id, host, state, away and meeting, and own `conn`; the rest is the
 * room's.
 */
#ifndef PARAVENT_CORE_SEAT_H
#define PARAVENT_CORE_SEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "core/limits.h"
#include "proto/sigmsg.h"

#define SEAT_HOLD_MS 120000
#define SEAT_RANDOM 12		/* bytes of randomness in an id */

/* X(symbol, name, meaning) */
#define SEAT_STATES(X)                                                        \
	X(SEAT_WAITING, "waiting", "knocked, and is neither admitted nor denied") \
	X(SEAT_INSIDE, "inside", "in the room")                               \
	X(SEAT_GONE, "gone", "is told a last word, then forgotten")

enum seat_state {
#define X(symbol, name, meaning) symbol,
	SEAT_STATES(X)
#undef X
};

const char *seat_state_name(enum seat_state state);

struct meeting;

struct seat {
	char id[SIGMSG_ID_SIZE];
	struct meeting *meeting;
	enum seat_state state;
	bool host;
	bool away;		/* no connection; held until held_until */
	void *conn;		/* app's; NULL while away */

	struct list link;	/* in the room, in the order of coming */
	struct list hold;	/* among all that are away, the oldest first */
	uint64_t held_until;	/* monotonic */
	bool cut;		/* the log closed its story at a restart */
	int64_t cut_at;		/* when; wall clock */
	struct sigmsg_media media;
	bool name_sealed;
	size_t name_len;
	char *name;		/* NULL: not known (since a restart) */
	size_t test_len;
	char *test;		/* what its network test found; NULL: nothing yet */
	/* kept over reconnecting, which must not be a way to get new ones */
	struct bucket strikes, reports, resumes;
	struct traffic traffic;
};

/* Gives a seat of that meeting, in no list; seat_free() it. id: copied. */
struct seat *seat_new(struct meeting *m, const char *id, bool host,
		      enum seat_state state);

/* Unlinks it everywhere and frees; accepts NULL. */
void seat_free(struct seat *s);

/* Copies what to call it. */
void seat_name(struct seat *s, const char *text, size_t len, bool sealed);
struct sigmsg_label seat_label(const struct seat *s);

#endif
