/**
 * Meetings over the admin socket, for the one who runs the server, whoever else may make
 * them:
 *
 *	POST /admin/meetings		201 the meeting with hostUrl
 */
#ifndef PARAVENT_APP_ADMINMEETINGS_H
#define PARAVENT_APP_ADMINMEETINGS_H

#include "app/admin.h"
#include "app/house.h"
#include "net/loop.h"

struct adminmeetings;

/* All borrowed. */
struct adminmeetings *adminmeetings_new(struct loop *l, struct house *h,
					struct admin *a);
void adminmeetings_free(struct adminmeetings *am);	/* accepts NULL */

#endif
