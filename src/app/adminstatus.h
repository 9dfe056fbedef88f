/**
 * The admin socket's GET /admin/status: how the server is, for `paravent status`; and
 * POST and DELETE /admin/drain: whether visits may begin, for `paravent drain`.
 */
#ifndef PARAVENT_APP_ADMINSTATUS_H
#define PARAVENT_APP_ADMINSTATUS_H

#include "app/admin.h"
#include "app/metricspage.h"

struct adminstatus;

/* from: copied; the rest is borrowed. */
struct adminstatus *adminstatus_new(const struct metrics_sources *from,
				    struct admin *a);

/* Accepts NULL. */
void adminstatus_free(struct adminstatus *s);

#endif
