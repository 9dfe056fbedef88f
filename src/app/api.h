/**
 * The HTTP side: the routes of the contract, the page, and health.
 */
#ifndef PARAVENT_APP_API_H
#define PARAVENT_APP_API_H

#include "app/eventstream.h"
#include "app/house.h"
#include "app/retention.h"
#include "app/sessions.h"
#include "app/signaling.h"
#include "net/httpconn.h"

struct api;

/* All borrowed; the house is loaded. */
struct api *api_new(struct loop *l, struct house *h, struct signaling *sg,
		    struct retention *r, struct eventstreams *es, struct sessions *ss);
void api_free(struct api *api);		/* accepts NULL */

/* For http_server_new(): http_handler_fn, arg is the struct api. */
void api_handle(void *arg, struct http_request *rq);

/* Counts what is not there or was not allowed in. */
void api_answered(void *arg, const struct http_request *rq, int status);

#endif
