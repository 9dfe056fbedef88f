/**
 * The log for other programs: pages of facts, and the same as a stream that goes on
 * live (eventstream.h).
 *
 * The whole log is for the scope audit, and shows no personal members: who watches what
 * happens needs no names. The facts of one meeting are for the scopes read and audit,
 * and show them to read, which sees the same in the meeting itself.
 */
#ifndef PARAVENT_APP_EVENTS_H
#define PARAVENT_APP_EVENTS_H

#include "app/eventstream.h"
#include "app/outlet.h"

/* GET /api/events. */
void events_get(const struct outlet *o, struct eventstreams *streams,
		struct http_request *rq);

/* GET /api/meetings/{id}/events. id: 22 characters and NUL. */
void events_of_meeting(const struct outlet *o, struct http_request *rq, const char *id);

#endif
