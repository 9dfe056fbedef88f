/**
 * Meetings out of the ledger's views: the list of all, and the single one that memory
 * has forgotten because it is over.
 */
#ifndef PARAVENT_APP_LISTS_H
#define PARAVENT_APP_LISTS_H

#include "app/outlet.h"

/**
 * GET /api/meetings, for API keys with the scope read: a page, newest start first.
 *
 * A meeting that memory knows is shown as memory has it, with its counts, and the page
 * waits for the facts that this rests on.
 */
void lists_get(const struct outlet *o, struct http_request *rq);

/**
 * GET /api/meetings/{id} of a meeting that memory does not know: the public part, or
 * all of it for its host and API keys with the scope read; 404.
 *
 * id: 22 characters and NUL.
 */
void lists_get_one(const struct outlet *o, struct http_request *rq, const char *id);

#endif
