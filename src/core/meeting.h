/**
 * A meeting: its plan, the state of its life, and its room.
 *
 * Everybody may read the fields; only meeting_apply() changes what facts tell, whether
 * the fact was decided a moment ago or is replayed from the ledger.
 */
#ifndef PARAVENT_CORE_MEETING_H
#define PARAVENT_CORE_MEETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "core/instant.h"
#include "core/seat.h"
#include "proto/fact.h"
#include "proto/plan.h"

#define MEETING_ID_LEN 22
#define MEETING_ID_SIZE (MEETING_ID_LEN + 1)
#define MEETING_RANDOM 16		/* bytes of randomness in an id */
#define MEETING_GRACE_MS 3600000	/* after the planned end, then it expires */
#define MEETING_KEEP_MS 900000		/* after it is over, then memory forgets it */

/* X(symbol, name in the API and the log, meaning) */
#define MEETING_STATES(X)                                                     \
	X(MEETING_SCHEDULED, "scheduled", "nobody has been inside yet")       \
	X(MEETING_OPEN, "open", "somebody is or was inside")                  \
	X(MEETING_ENDED, "ended", "by its host or through the API")           \
	X(MEETING_CANCELLED, "cancelled", "before it began")                  \
	X(MEETING_EXPIRED, "expired", "its time passed, and nobody was inside")

enum meeting_state {
#define X(symbol, name, meaning) symbol,
	MEETING_STATES(X)
#undef X
};

const char *meeting_state_name(enum meeting_state state);

struct room_port;
struct meetings;
struct invitation;

#define MEETING_NOT_DUE SIZE_MAX

/* Those who may not resume: the last so many of a room. */
#define ROOM_BARRED_MAX 64
/* Those who left a moment ago: a signal to them is no strike. */
#define ROOM_GONE_MAX 32

struct meeting {
	char id[MEETING_ID_SIZE];
	struct meetings *house;		/* the registry it is in */
	enum meeting_state state;
	int64_t created_at;
	uint32_t version;		/* facts in its stream so far */
	uint64_t last;			/* seq of the last one: what this memory says
					 * may be told once that is durable */
	struct bucket knocks;		/* how often people may come to the door */
	bool locked;
	bool erased;			/* what was personal is gone for good */

	enum plan_kind kind;
	int64_t starts_at;
	uint32_t minutes;
	uint8_t capacity;
	bool waiting_room, relay_only;
	char *locale, *title, *host_name;	/* "" for none */

	struct list seats;		/* waiting and inside, in the order of coming */
	struct list leaving;		/* gone, until they are told and forgotten */
	uint32_t barred_count;		/* ever; the last ones are kept */
	char (*barred)[SIGMSG_ID_SIZE];		/* ROOM_BARRED_MAX, or NULL */
	uint32_t gone_count;
	char (*gone)[SIGMSG_ID_SIZE];		/* ROOM_GONE_MAX, or NULL */

	size_t invitations;
	struct invitation *invitation;	/* in the order in which they were made */

	int64_t due;		/* wall clock: when to look whether it has expired */
	size_t due_at;		/* its place in the heap, or MEETING_NOT_DUE */
	int64_t over_at;	/* wall clock: when its life ended, or it was recalled */
	struct list past;	/* among all that are over, the first first */
};

/* Gives a meeting as `created` (meeting.created) tells; NULL for a corrupt fact. */
struct meeting *meeting_new(struct meetings *house, const struct fact *created);

/* Gives one of that id and plan, without a history. */
struct meeting *meeting_make(struct meetings *house, const char *id,
			     const struct meeting_plan *plan);
void meeting_free(struct meeting *m);

/* Whether it is over, in whatever way. */
bool meeting_over(const struct meeting *m);

/* Wall clock, ms: when it expires if nobody is there. */
int64_t meeting_expires_at(const struct meeting *m);

/* Its plan; what was not said, or is erased, is "". */
void meeting_plan_of(const struct meeting *m, struct meeting_plan *out);

/* Waiting with a connection; inside, held places included. */
int meeting_waiting(const struct meeting *m);
int meeting_inside(const struct meeting *m);

struct seat *meeting_seat(const struct meeting *m, const char *id);

/* Whether `id` was denied or removed; whether it left a moment ago. */
bool meeting_barred(const struct meeting *m, const char *id);
bool meeting_gone(const struct meeting *m, const char *id);

/**
 * Starts the next fact of its stream: stream, version, kind, actor, at; what is in it
 * is up to factdata_put().
 */
void meeting_fact(const struct meeting *m, struct fact *f, enum fact_kind kind,
		  const char *actor, struct instant now);

/**
 * Changes memory as the fact tells. Seats that it ends are moved to `leaving` and
 * marked SEAT_GONE; the caller frees them (seat_free()).
 *
 * Returns 0, ERR_CORRUPT when it does not fit what was before, or ERR_CONFLICT when it
 * is not the next of its stream; then nothing has changed.
 */
int meeting_apply(struct meeting *m, const struct fact *f);

/* Puts a seat that is gone without a fact among the leaving. */
void meeting_unseat(struct meeting *m, struct seat *s);

/**
 * Appends the meeting as the API shows it.
 *
 * counts:     with the numbers of those inside and waiting.
 * host_token: adds hostUrl, or NULL.
 */
void meeting_json(const struct meeting *m, struct buf *out, bool counts,
		  const char *host_token);

#endif
