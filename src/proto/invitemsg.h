/**
 * Invitations in the HTTP API <-> structs (doc/protocol.md, "Meetings").
 */
#ifndef PARAVENT_PROTO_INVITEMSG_H
#define PARAVENT_PROTO_INVITEMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/problem.h"

#define INVITATION_OPENS_DEFAULT 60	/* minutes before the planned start */
#define INVITATION_OPENS_MAX 10080

/* What is asked for. */
struct invitation_wish {
	bool host;
	int64_t expires_at;		/* ms since 1970; 0: with the meeting */
	uint32_t opens_before;		/* minutes; for guests */
};

/**
 * Reads the body of POST /api/meetings/{id}/invitations: role, expiresAt, opensBefore.
 *
 * now_ms: wall clock; an end that has passed, or is more than ten years ahead, is
 *         refused.
 * fields: what was wrong, with ERR_RANGE.
 *
 * An empty body asks for a guest's. Returns 0, ERR_MALFORMED for what is not one JSON
 * object with each member once (400), or ERR_RANGE (422).
 */
int invitemsg_decode(struct invitation_wish *out, struct problem_fields *fields,
		     int64_t now_ms, const char *body, size_t len);

/* An invitation as the API shows it. Everything is borrowed; times are 0 for none. */
struct invitemsg {
	const char *id;
	bool host;
	int64_t opens_at, expires_at, revoked_at, used_at;
	const char *token;	/* for its maker, once: adds token and joinUrl; or NULL */
	const char *base_url;	/* with a token; no slash at the end */
	const char *meeting;
};

/* Appends the object. */
void invitemsg_put(struct buf *b, const struct invitemsg *inv);

#endif
