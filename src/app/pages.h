/**
 * The pages that people open, and the headers that every answer carries.
 */
#ifndef PARAVENT_APP_PAGES_H
#define PARAVENT_APP_PAGES_H

#include <stdbool.h>

#include "net/httpconn.h"
#include "proto/conf.h"

/* Header lines for every response; https: the page is served over TLS. */
const char *pages_common_headers(bool https);

/**
 * Answers GET and HEAD for whatever is no call of the API: a page, one of its files, or
 * 404. Where staff alone make meetings, the first page is theirs. The page behind a link
 * to a visit may be framed by the sites of embed-origin, all others by nobody.
 */
void pages_serve(const struct conf *conf, struct http_request *rq);

#endif
