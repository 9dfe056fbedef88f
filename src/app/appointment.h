/**
 * What people keep of a visit: its entry for a calendar, and its link as a QR code. Both
 * show no more than the public part of the meeting, and never the link key, which the
 * server does not have.
 */
#ifndef PARAVENT_APP_APPOINTMENT_H
#define PARAVENT_APP_APPOINTMENT_H

#include "app/outlet.h"
#include "net/httpconn.h"

/* GET /api/meetings/{id}/calendar.ics, /qr.svg. id: 22 characters and NUL. */
void appointment_calendar(const struct outlet *o, struct http_request *rq,
			  const char *id);
void appointment_qr(const struct outlet *o, struct http_request *rq, const char *id);

#endif
