/**
 * Bodies of the HTTP API <-> structs (doc/protocol.md, "Meetings").
 */
#ifndef PARAVENT_PROTO_APIMSG_H
#define PARAVENT_PROTO_APIMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/plan.h"
#include "proto/problem.h"

#define APIMSG_BODY_MAX 65536

/**
 * Reads the body of POST /api/meetings.
 *
 * now_ms: wall clock; a meeting that would be over already is refused, as is one that
 *         starts in more than ten years.
 * fields: what was wrong, with ERR_RANGE.
 *
 * An empty body is the default plan. Returns 0, ERR_MALFORMED for what is not one JSON
 * object with each member once (400), ERR_TOO_BIG (413), or ERR_RANGE (422).
 */
int apimsg_plan_decode(struct meeting_plan *out, struct problem_fields *fields,
		       int64_t now_ms, const char *body, size_t len);

/**
 * Reads the body of PATCH /api/meetings/{id}: the members of POST, each optional. Null
 * takes title, hostName or locale away; the others cannot be null.
 *
 * is: the plan as it is; what does not differ from it is left out of `out`. A change of
 *     time is judged by the end that comes of it, as in POST.
 *
 * An empty body changes nothing. Returns as apimsg_plan_decode().
 */
int apimsg_change_decode(struct meeting_change *out, struct problem_fields *fields,
			 int64_t now_ms, const struct meeting_plan *is,
			 const char *body, size_t len);

/* A meeting as the API shows it. Everything is borrowed. */
struct apimsg_meeting {
	const char *id;
	const char *status;
	const struct meeting_plan *plan;
	int64_t created_at;
	const char *base_url;	/* "https://visit.example", no slash at the end */
	const char *practice;	/* as patients know it */
	bool counts;		/* for its host, staff and API keys only */
	int participants, waiting;
	const char *host_token;	/* NULL, or for its maker: adds hostUrl */
};

/* Appends the object; without counts and host_token it is the public part. */
void apimsg_put_meeting(struct buf *b, const struct apimsg_meeting *m);

#endif
