/**
 * The HTTP side: the routes of the contract, the page, and health.
 */
#ifndef PARAVENT_APP_API_H
#define PARAVENT_APP_API_H

#include "app/house.h"
#include "app/signaling.h"
#include "net/httpconn.h"

struct api;

/* Both borrowed. */
struct api *api_new(struct loop *l, struct house *h, struct signaling *sg);
void api_free(struct api *api);		/* accepts NULL */

/* For http_server_new(): http_handler_fn, arg is the struct api. */
void api_handle(void *arg, struct http_request *rq);

/* http_problem_fn: what the connection itself refuses. */
void api_problem(struct buf *body, int status);

/* Header lines for every response; https: the page is served over TLS. */
const char *api_common_headers(bool https);

#endif
