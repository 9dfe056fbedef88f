/**
 * Invitations: personal links to one meeting, each for one person. The link's token is
 * no secret that we keep (proto/token); what is kept are facts: made, used, revoked.
 *
 * A guest's opens some minutes before the planned start, a host's at any time. It may be
 * opened again, on another device: whoever came in by it before loses the place
 * (room_join()).
 */
#ifndef PARAVENT_CORE_INVITATION_H
#define PARAVENT_CORE_INVITATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/instant.h"
#include "core/meeting.h"
#include "proto/factdata.h"
#include "proto/invitemsg.h"
#include "proto/sigmsg.h"

#define INVITATION_RANDOM 12		/* bytes of randomness in an id */
#define INVITATIONS_LIVE_MAX 64		/* of a meeting, neither revoked nor expired */
#define INVITATIONS_MAX 256		/* of a meeting, ever */

struct invitation {
	char id[SIGMSG_ID_SIZE];
	bool host;
	int64_t expires_at;		/* wall clock; 0: with the meeting */
	uint32_t opens_before;		/* minutes before the planned start */
	int64_t revoked_at, used_at;	/* wall clock; 0: not; used: for the last time */
	char seat[SIGMSG_ID_SIZE];	/* who came in by it last; "": nobody yet */
};

/**
 * Makes one (fact invitation.made).
 *
 * out:    valid until the next is made.
 * random: from the kernel, makes the id.
 *
 * Returns 0 and the gate, ERR_ENDED when the meeting is over, ERR_FULL when it has
 * INVITATIONS_LIVE_MAX live ones or had INVITATIONS_MAX, ERR_CONFLICT when the id exists
 * (the random bytes were not random), or ERR_UNAVAILABLE.
 */
int invitation_make(const struct invitation **out, uint64_t *gate, struct meeting *m,
		    struct instant now, const struct invitation_wish *wish,
		    const uint8_t random[INVITATION_RANDOM], const char *actor);

/**
 * Revokes it (fact invitation.revoked): it opens nothing any more. Who is inside by it
 * stays. Returns 0 and the gate, also when it was revoked before, ERR_NOT_FOUND, or
 * ERR_UNAVAILABLE.
 */
int invitation_revoke(uint64_t *gate, struct meeting *m, struct instant now,
		      const char *id, const char *actor);

/* The invitation of that id, or NULL. id: any text. */
const struct invitation *invitation_find(const struct meeting *m, const char *id);

/* Wall clock, ms: from when it opens the door (0: always), and until when. */
int64_t invitation_opens_at(const struct invitation *inv, const struct meeting *m);
int64_t invitation_expires_at(const struct invitation *inv, const struct meeting *m);

/* REASON_NONE when it opens the door now; REASON_REVOKED, _EXPIRED or _NOT_YET. */
enum factdata_reason invitation_judge(const struct invitation *inv,
				      const struct meeting *m, int64_t wall_ms);

/* For meeting_apply(): 0 or ERR_CORRUPT. */
int invitation_apply(struct meeting *m, const struct fact *f, const struct factdata *d);

#endif
