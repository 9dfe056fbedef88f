/**
 * GET /api/events as an event stream (WHATWG HTML, "Server-sent events"): the log from
 * where the client wants it, then every fact as it becomes durable.
 *
 *   id: 7
 *   event: meeting.created
 *   data: {"seq":7,...}
 *
 * What is sent always comes from the ledger, in order, in pages that begin behind the
 * last one sent: so there is no seam between what is stored and what is live. A client
 * that reads slowly gets its next page when it has taken most of the last, and is
 * closed when it takes nothing for a minute.
 */
#ifndef PARAVENT_APP_EVENTSTREAM_H
#define PARAVENT_APP_EVENTSTREAM_H

#include <stdint.h>

#include "app/callers.h"
#include "app/outlet.h"

#define EVENTSTREAM_MAX 64		/* at once */
#define EVENTSTREAM_HEARTBEAT_MS 15000

/* What is said where `after` lies behind the end of the log. */
#define EVENTS_BEYOND                                                         \
	"The log ends before this event: it may have been put back from a "   \
	"backup. Begin anew, from its beginning or from the last event of it that " \
	"you have."

struct eventstreams;

/* Both borrowed. */
struct eventstreams *eventstreams_new(struct loop *loop, struct house *h);

/* All must have ended: the HTTP server is gone and the reader closed. Accepts NULL. */
void eventstreams_free(struct eventstreams *es);

/**
 * Answers `rq` with the facts behind `after`, for as long as `who` may have them. 503
 * beyond EVENTSTREAM_MAX, 409 when the ledger ends before `after`.
 */
void eventstreams_open(struct eventstreams *es, struct http_request *rq,
		       const struct caller *who, uint64_t after);

/* The server stops: all end now, and none begins. */
void eventstreams_drain(struct eventstreams *es);

#endif
