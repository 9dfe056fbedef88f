/**
 * Who may enter a meeting, and as what: reads the token of a `join`.
 *
 *   22 characters   the host's token of the meeting	(proto/token.h)
 *   38 characters   an invitation			(core/invitation.h)
 *   with dots       a JWT of another system		(proto/jwt.h)
 *
 * Anything else opens nothing.
 */
#ifndef PARAVENT_APP_ENTRY_H
#define PARAVENT_APP_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/house.h"
#include "proto/factdata.h"
#include "proto/sigmsg.h"

struct entry {
	bool host;
	char invitation[SIGMSG_ID_SIZE];	/* its id; "": it was none */
	char name[4 * SIGMSG_NAME_MAX + 1];	/* that another system vouches for, or "" */
	enum factdata_reason reason;		/* for token.refused */
	int64_t opens_at;	/* of an invitation, with REASON_NOT_YET; wall clock, ms */
};

/**
 * Judges the token of somebody who wants to enter. Remembers nothing and says nothing
 * about whether the meeting is there.
 *
 * meeting: 22 characters and NUL.
 * token:   any bytes, at least one.
 *
 * Returns 0 with all but `reason`, or ERR_UNAUTHORIZED with nothing but `reason`
 * and `opens_at`.
 */
int entry_judge(struct entry *out, const struct house *h, const char *meeting,
		const char *token, size_t len);

#endif
