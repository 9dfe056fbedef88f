/**
 * API keys over the admin socket:
 *
 *	GET    /admin/keys		{"items": [{"id", "label", "scopes", "madeAt",
 *					"revokedAt", "usedAt"}]}
 *	POST   /admin/keys		{"label", "scopes"} -> 201 {"id", "key", ...}
 *	DELETE /admin/keys/{id}		204
 */
#ifndef PARAVENT_APP_ADMINKEYS_H
#define PARAVENT_APP_ADMINKEYS_H

#include "app/admin.h"
#include "app/house.h"
#include "net/loop.h"

struct adminkeys;

/* All borrowed. */
struct adminkeys *adminkeys_new(struct loop *l, struct house *h, struct admin *a);
void adminkeys_free(struct adminkeys *k);	/* accepts NULL */

#endif
