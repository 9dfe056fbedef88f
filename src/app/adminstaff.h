/**
 * The staff over the admin socket:
 *
 *	GET    /admin/staff			{"items": [{"name", "roles", "disabled",
 *						"addedAt", "invitedUntil", "sessions"}]}
 *	POST   /admin/staff			{"name", "roles"} -> 201 {"name", "roles",
 *						"link", "expiresAt"}
 *	POST   /admin/staff/{name}/invite	200 {"name", "link", "expiresAt"}
 *	POST   /admin/staff/{name}/password	{"password"} -> 204
 *	POST   /admin/staff/{name}/roles	{"roles"} -> 204
 *	POST   /admin/staff/{name}/disable	204; and enable, signout
 *	DELETE /admin/staff/{name}		204
 */
#ifndef PARAVENT_APP_ADMINSTAFF_H
#define PARAVENT_APP_ADMINSTAFF_H

#include "app/admin.h"
#include "app/doorkeeper.h"
#include "app/house.h"
#include "net/loop.h"

struct adminstaff;

/* All borrowed. */
struct adminstaff *adminstaff_new(struct loop *l, struct house *h, struct doorkeeper *k,
				  struct admin *a);
void adminstaff_free(struct adminstaff *s);	/* accepts NULL */

#endif
