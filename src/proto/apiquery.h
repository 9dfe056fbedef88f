/**
 * The query strings of the API's GET requests <-> structs (doc/protocol.md, "Lists page
 * by cursor", and its last section).
 *
 * What a page is asked for is read strictly: a parameter that the call does not know,
 * one given twice, and a value out of its bounds are ERR_RANGE with `fields` filled in
 * (422), so that a typing error never shows as a list that is merely too long.
 */
#ifndef PARAVENT_PROTO_APIQUERY_H
#define PARAVENT_PROTO_APIQUERY_H

#include <stdint.h>

#include "proto/cursor.h"
#include "proto/http.h"
#include "proto/problem.h"

#define APIQUERY_LIMIT_MAX 200
#define APIQUERY_LIMIT_DEFAULT 50

/* GET /api/meetings: limit, after, status, from, to. */
struct apiquery_meetings {
	unsigned limit;			/* 1..APIQUERY_LIMIT_MAX */
	struct cursor after;
	int status;			/* index into `statuses`, or -1: any */
	int64_t from, to;		/* startsAt >= from and < to; ms since 1970 */
};

/* statuses: the names there are, ends with NULL. Returns 0 or ERR_RANGE. */
int apiquery_meetings(struct apiquery_meetings *out, struct problem_fields *fields,
		      struct http_span query, const char *const *statuses);

/* GET /api/events and /api/meetings/{id}/events: limit, after. */
struct apiquery_events {
	unsigned limit;
	uint64_t after;			/* seq; 0: from the beginning */
};

int apiquery_events(struct apiquery_events *out, struct problem_fields *fields,
		    struct http_span query);

/**
 * The same as an event stream, which has no limit.
 *
 * last_event_id: the header, which counts more than `after`; p is NULL without one.
 */
int apiquery_stream(uint64_t *after, struct problem_fields *fields,
		    struct http_span query, struct http_span last_event_id);

/* GET /api/meetings/{id}/report: lang. langs: the names there are, ends with NULL;
 * out: index into them, or -1: not said. */
int apiquery_report(int *out, struct problem_fields *fields, struct http_span query,
		    const char *const *langs);

#endif
