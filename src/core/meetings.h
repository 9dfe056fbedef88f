/**
 * All meetings: the registry, the replay of the ledger into it, and the passing of
 * time. What one meeting's people do is core/room's.
 */
#ifndef PARAVENT_CORE_MEETINGS_H
#define PARAVENT_CORE_MEETINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/instant.h"
#include "core/meeting.h"
#include "core/room.h"
#include "proto/factdata.h"
#include "proto/plan.h"

struct meetings;

/**
 * port:     copied; what its `arg` points at must outlive the registry.
 * base_url: copied; "https://visit.example", no slash at the end.
 * practice: copied; its name, for patients to read.
 */
struct meetings *meetings_new(const struct room_port *port, const char *base_url,
			      const char *practice);

/* Frees everything, silently: no fact, no word, no forget(). Accepts NULL. */
void meetings_free(struct meetings *ms);

/* The meeting, or NULL. id: any bytes from outside. */
struct meeting *meetings_find(const struct meetings *ms, const char *id, size_t len);

size_t meetings_count(const struct meetings *ms);

/* Visits all, in no order. fn must not change the registry; non-zero stops. */
typedef int meetings_each_fn(void *arg, struct meeting *m);
int meetings_each(const struct meetings *ms, meetings_each_fn *fn, void *arg);

/**
 * Schedules a meeting (fact meeting.created).
 *
 * random: from the kernel, makes the id.
 * actor:  for the fact.
 * gate:   the seq that must be durable before anybody is told.
 *
 * Returns 0, ERR_UNAVAILABLE when the ledger takes nothing, or ERR_CONFLICT when the
 * id exists (the random bytes were not random).
 */
int meetings_schedule(struct meeting **out, uint64_t *gate, struct meetings *ms,
		      struct instant now, const struct meeting_plan *plan,
		      const uint8_t random[MEETING_RANDOM], const char *actor);

/**
 * Cancels one that has not begun (fact meeting.cancelled); who waits is told that it
 * ended. Returns 0, ERR_CONFLICT when it has begun or is over, or ERR_UNAVAILABLE.
 */
int meetings_cancel(struct meeting *m, uint64_t *gate, struct instant now,
		    const char *actor);

/**
 * Changes its plan (fact meeting.changed, with what really differs). Those inside are
 * told nothing; who joins from now on gets the new plan.
 *
 * Returns 0 and the gate, also when nothing differs (then that of what is known);
 * ERR_ENDED when it is over; ERR_FULL for a capacity below the number of those inside,
 * held places included; ERR_FORBIDDEN for a title or host name after its personal data
 * was erased, for the key that would seal it is gone; or ERR_UNAVAILABLE.
 */
int meetings_change(struct meeting *m, uint64_t *gate, struct instant now,
		    const struct meeting_change *c, const char *actor);

/**
 * Decides that what is personal in its facts be erased (fact personal.erased), whether
 * it is over or not. Memory loses title and host name at once; the key is for the store
 * to destroy, which sees the fact.
 *
 * reason: REASON_API or REASON_AGE.
 *
 * Returns 0 and the gate, also when it was erased before, or ERR_UNAVAILABLE.
 */
int meetings_erase(struct meeting *m, uint64_t *gate, struct instant now,
		   const char *actor, enum factdata_reason reason);

/* A meeting that is over and that memory has forgotten, as the views have it. */
struct meeting_past {
	const char *id;
	enum meeting_state state;
	uint32_t version;		/* facts in its stream */
	int64_t created_at;
	bool erased;
	const struct meeting_plan *plan;
};

/**
 * Puts it back into memory for MEETING_KEEP_MS from now, so that one more fact of it can
 * be decided: it counts the versions of the stream until the views have that fact.
 * What memory still has, or has again, is given as it is, whatever the views said. A
 * cut may take facts away behind memory's back: recall none while one is under way.
 *
 * Returns the meeting, or NULL when its id is none or it is not over.
 */
struct meeting *meetings_recall(struct meetings *ms, struct instant now,
				const struct meeting_past *past);

/**
 * Remembers that somebody of this meeting began or ceased to use the relay (kind:
 * FACT_RELAY_OPENED or FACT_RELAY_CLOSED), also after its end. Nobody waits for it;
 * the caller has seen that the ledger takes facts. Who does it again and again spends
 * what he has for reports, and is forgotten beyond that.
 */
void meetings_relayed(struct meeting *m, struct instant now, enum fact_kind kind,
		      const struct factdata *d);

/**
 * Replays one fact of the ledger; of streams that are not meetings' it takes no notice.
 * Nobody is told anything; who is gone is forgotten through the port, for what it was
 * given may outlive a restart.
 *
 * Either all facts are given in the order of seq; or, so that a start does not grow with
 * the age of the log, whole streams only, each in its order: those of the meetings that
 * are not over, and of those whose end a crash cut in the middle, which have stories
 * left for meetings_recover() to close. (Both are among those that are not over or were
 * over for less than MEETING_KEEP_MS when the log's last fact was made.) Memory forgets
 * the others anyway: once all memories have, by meetings_forget(), they are equal,
 * whichever way they came to be.
 *
 * Returns 0, or ERR_CORRUPT or ERR_CONFLICT when it does not fit what was before.
 */
int meetings_apply(struct meetings *ms, const struct fact *f);

/**
 * After the replay: closes the stories that a stop or crash has cut (participant.left
 * or guest.gone with reason server-restart) and holds those seats for 120 s from now,
 * so that resume brings them back. Needs a ledger that can write.
 *
 * Returns how many it closed, for server.recovered.
 */
size_t meetings_recover(struct meetings *ms, struct instant now);

/**
 * Lets time pass: holds run out, meetings expire, those that are over are forgotten.
 * Call it about once a second; costs nothing where nothing is due.
 */
void meetings_tick(struct meetings *ms, struct instant now);

/**
 * The part of meetings_tick() that decides nothing: forgets the meetings that have been
 * over for MEETING_KEEP_MS. The views have them; but not while the ledger takes nothing,
 * so then none is forgotten.
 */
void meetings_forget(struct meetings *ms, struct instant now);

/**
 * Appends everything that facts tell as lines of text, sorted, so that the memory that
 * lived it and the memory that was replayed can be compared.
 */
void meetings_dump(const struct meetings *ms, struct buf *out);

#endif
