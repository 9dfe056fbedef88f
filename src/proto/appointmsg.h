/**
 * Bodies of the calls that the seeds' services make, /sessions and /sessions/{id}/join
 * (doc/protocol.md, "Meetings"). What they send besides is left unread, for they send
 * more than they document.
 */
#ifndef PARAVENT_PROTO_APPOINTMSG_H
#define PARAVENT_PROTO_APPOINTMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/jwt.h"
#include "proto/problem.h"

#define APPOINTMSG_TEXT_MAX JWT_PERSON_MAX	/* characters of each id of theirs */
#define APPOINTMSG_TEXT_SIZE (4 * APPOINTMSG_TEXT_MAX + 1)

/**
 * Reads { appointmentId, doctorId, patientId }. Who they are is not for us to know; that
 * they are there is asked for all the same, as the seeds do.
 *
 * Returns 0, ERR_MALFORMED (400), or ERR_RANGE with `fields` (422).
 */
int appointmsg_make_decode(char appointment[APPOINTMSG_TEXT_SIZE],
			   struct problem_fields *fields, const char *body, size_t len);

/* Reads { role: doctor or patient, userId }. The same. */
int appointmsg_join_decode(bool *host, char person[APPOINTMSG_TEXT_SIZE],
			   struct problem_fields *fields, const char *body, size_t len);

/* Appends { sessionId, roomName, baseUrl }. base_url: no slash at its end. */
void appointmsg_put_session(struct buf *out, const char *base_url, const char *id);

/* Appends { joinUrl, expiresIn }; the token stands in the query, where the seeds' pages
 * look for it. seconds: how long it is good. */
void appointmsg_put_link(struct buf *out, const char *base_url, const char *id,
			 const char *token, int64_t seconds);

#endif
