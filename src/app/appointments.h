/**
 * The calls of the seeds' services, for those that sign with an X-Internal-Secret: a
 * session is the meeting of an appointment. Which one that is follows from the server's
 * key, so nothing is stored but the meeting.
 */
#ifndef PARAVENT_APP_APPOINTMENTS_H
#define PARAVENT_APP_APPOINTMENTS_H

#include <stdbool.h>

#include "app/house.h"
#include "app/outlet.h"
#include "net/httpconn.h"

/* Whether an issuer has an internal-secret-file; else there are no such calls. */
bool appointments_served(const struct house *h);

/* POST /sessions: 201 for a new session, 200 for one that was there, be it over. */
void appointments_make(const struct outlet *o, struct http_request *rq);

/* POST /sessions/{id}/join: a link for one person. rest: the id and what follows it. */
void appointments_join(const struct outlet *o, struct http_request *rq, const char *rest);

#endif
