/**
 * The admin socket's way to have the views made anew while the server runs:
 *
 *	POST /admin/rebuild	200, spaces for as long as it takes, then {"facts": N},
 *				or {"detail": "why not"}; 409 while one is at work
 */
#ifndef PARAVENT_APP_ADMINREBUILD_H
#define PARAVENT_APP_ADMINREBUILD_H

#include "app/admin.h"
#include "app/house.h"
#include "net/loop.h"

struct adminrebuild;

/* All borrowed. */
struct adminrebuild *adminrebuild_new(struct loop *l, struct house *h, struct admin *a);

/* The ledger must have stopped. Accepts NULL. */
void adminrebuild_free(struct adminrebuild *r);

#endif
