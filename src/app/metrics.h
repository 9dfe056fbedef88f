/**
 * What the server counts as it goes, for /metrics and `paravent status`. Labels come
 * from the fixed sets here: never a meeting, a name or an address.
 *
 * One struct in the house, of the main thread; the relay counts for itself
 * (core/turncount.h).
 */
#ifndef PARAVENT_APP_METRICS_H
#define PARAVENT_APP_METRICS_H

#include <stdint.h>

#include "core/meetings.h"
#include "net/httpconn.h"
#include "proto/fact.h"
#include "proto/promtext.h"
#include "proto/sigmsg.h"

/* X(symbol, label): how a `join` ended */
#define METRICS_JOINS(X)                                                      \
	X(METRICS_JOIN_INSIDE, "inside")                                      \
	X(METRICS_JOIN_WAITING, "waiting")                                    \
	X(METRICS_JOIN_BAD, "bad-join")                                       \
	X(METRICS_JOIN_TOKEN, "bad-token")                                    \
	X(METRICS_JOIN_FORBIDDEN, "forbidden")                                \
	X(METRICS_JOIN_NO_MEETING, "no-meeting")                              \
	X(METRICS_JOIN_FULL, "full")                                          \
	X(METRICS_JOIN_ENDED, "ended")                                        \
	X(METRICS_JOIN_TOO_FAST, "too-fast")                                  \
	X(METRICS_JOIN_UNAVAILABLE, "unavailable")

enum metrics_join {
#define X(symbol, label) symbol,
	METRICS_JOINS(X)
#undef X
	METRICS_JOIN_COUNT
};

/* X(symbol, label): what was asked for, without what identifies it */
#define METRICS_ROUTES(X)                                                     \
	X(METRICS_PAGE, "page")                                               \
	X(METRICS_ASSET, "asset")                                             \
	X(METRICS_SIGNALING, "signaling")                                     \
	X(METRICS_MEETINGS, "meetings")                                       \
	X(METRICS_MEETING, "meeting")                                         \
	X(METRICS_EVENTS, "events")                                           \
	X(METRICS_API, "api")                                                 \
	X(METRICS_HEALTH, "health")                                           \
	X(METRICS_UNREADABLE, "unreadable")

enum metrics_route {
#define X(symbol, label) symbol,
	METRICS_ROUTES(X)
#undef X
	METRICS_ROUTE_COUNT
};

/* X(status); any other is counted as the last, which no answer of ours has. */
#define METRICS_CODES(X)                                                      \
	X(101) X(200) X(201) X(204) X(304) X(308) X(400) X(401) X(403) X(404) \
	X(405) X(408) X(409) X(410) X(413) X(414) X(415) X(417) X(422) X(426) \
	X(429) X(431) X(500) X(501) X(503) X(505) X(599)

enum metrics_code {
#define X(status) METRICS_CODE_##status,
	METRICS_CODES(X)
#undef X
	METRICS_CODE_COUNT
};

enum {
#define X(name) METRICS_METHOD_##name,
	HTTP_METHODS(X)
#undef X
	METRICS_METHOD_COUNT
};

struct metrics {
	int64_t since;		/* wall clock, ms: when the counting began */
	uint64_t join[METRICS_JOIN_COUNT];
	uint64_t fact[FACT_KIND_COUNT];
	uint64_t call[SIGMSG_PATH_COUNT];	/* connected, as browsers say */
	uint32_t http[METRICS_ROUTE_COUNT][METRICS_METHOD_COUNT][METRICS_CODE_COUNT];
	struct promtext_histogram http_took;
	struct promtext_histogram append;	/* from a fact to its being durable */
	struct promtext_histogram lag;		/* how late the loop comes */

	uint64_t timed_seq;		/* the fact on its way that is timed; 0: none */
	uint64_t timed_us;
};

/* Who is there now. */
struct metrics_people {
	size_t meetings;	/* with somebody inside */
	size_t inside, waiting;
};
void metrics_people(struct metrics_people *out, const struct meetings *ms);

/* An http_answered_fn; m: a struct metrics. */
void metrics_answered(void *m, const struct http_request *rq, int status, uint64_t took);

/* Somebody came in, or waits. */
void metrics_joined(struct metrics *m, bool waiting);

/* Somebody was refused with this close code; 0: asked to try again. */
void metrics_refused(struct metrics *m, enum sigmsg_close close);

/* A fact was taken. */
void metrics_fact(struct metrics *m, const struct fact *f, uint64_t now_us);

/* The log is durable so far. */
void metrics_durable(struct metrics *m, uint64_t seq, uint64_t now_us);

#endif
