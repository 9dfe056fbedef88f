/**
 * A visit as an entry for calendars (iCalendar, RFC 5545).
 */
#ifndef PARAVENT_PROTO_CALENDAR_H
#define PARAVENT_PROTO_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Everything is borrowed. */
struct calendar_event {
	const char *id;			/* of the meeting */
	uint32_t sequence;		/* grows with each change of it */
	bool cancelled;
	const char *title;		/* "": the practice stands in */
	const char *practice;
	const char *join_url;		/* with the host in it, which ends the UID */
	int64_t starts_at;		/* wall clock, ms */
	uint32_t minutes;
};

/**
 * Appends the file. now_ms: when it was asked for; wall clock.
 *
 * The UID is the same whenever it is made, so a calendar that reads it again changes the
 * entry that it has.
 */
void calendar_put(struct buf *b, const struct calendar_event *event, int64_t now_ms);

#endif
