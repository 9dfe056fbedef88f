/**
 * GET /api/meetings/{id}/report, for API keys with the scope read: as JSON, or as a
 * page to print for who asks for text/html.
 */
#ifndef PARAVENT_APP_REPORTAPI_H
#define PARAVENT_APP_REPORTAPI_H

#include "app/outlet.h"

/* id: 22 characters and NUL. */
void report_get(const struct outlet *o, struct http_request *rq, const char *id);

#endif
