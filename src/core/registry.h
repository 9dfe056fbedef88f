/**
 * What the files of core share about the registry, and show nobody else.
 */
#ifndef PARAVENT_CORE_REGISTRY_H
#define PARAVENT_CORE_REGISTRY_H

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "core/room.h"
#include "proto/factdata.h"

struct meetings {
	struct room_port port;
	char *base_url, *practice;
	struct map *by_id;
	struct list held;		/* seats that are away, the oldest first */
	struct meeting **due;		/* a heap: the earliest first */
	size_t due_count, due_cap;
	struct list past;		/* meetings that are over, the first first */

	/* reused for each message, so that passing one on allocates nothing */
	struct buf out, json;
	struct sigmsg msg;
};

/* Whether the ledger takes facts. */
bool registry_writable(const struct meetings *ms);

/* Remembers and applies a fact whose data is in place; returns the gate. */
uint64_t registry_remember(struct meeting *m, struct fact *f);

/* The same for a fact made of `d`. */
uint64_t registry_fact(struct meeting *m, struct instant now, enum fact_kind kind,
		       const char *actor, const struct factdata *d);

/* Holds the seat, which has no connection any more, for SEAT_HOLD_MS. */
void registry_hold(struct seat *s, struct instant now);

/* Forgets the seats that are gone. */
void registry_forget_gone(struct meeting *m);

/**
 * Gives up a seat that ran out of its hold; the others are told. Returns false, and
 * nothing has changed, while the ledger takes nothing.
 */
bool room_expire_seat(struct seat *s, struct instant now);

/**
 * The end of the meeting, told by a fact of `kind`: ends everybody's story, tells
 * `reason`, and hangs up. Returns the gate.
 */
uint64_t room_finish(struct meeting *m, struct instant now, enum fact_kind kind,
		     const char *actor, enum factdata_reason reason,
		     const char *told);

#endif
