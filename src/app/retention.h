/**
 * What is to be kept no longer: personal data that somebody erases or whose time has
 * come (retain-personal-days), and facts older than the practice keeps
 * (retain-facts-days).
 *
 * Erasing is decided by core (personal.erased) and done by the ledger's thread
 * (store/erase.h); a crash in between is made good at the next start.
 */
#ifndef PARAVENT_APP_RETENTION_H
#define PARAVENT_APP_RETENTION_H

#include "app/answer.h"
#include "app/house.h"
#include "app/webhooks.h"
#include "net/loop.h"

struct retention;

/* All borrowed; w: hears of cuts. */
struct retention *retention_new(struct loop *l, struct house *h, struct webhooks *w);

/* The ledger runs: finishes what a crash cut short, and looks each hour what is due. */
void retention_start(struct retention *r);

/**
 * Erases the personal data of a meeting, also of one that memory has forgotten.
 *
 * a:     taken; it leaves when no file of ours holds them any more, or as a problem:
 *        404, or 503 when the disk refuses.
 * actor: for the fact.
 */
void retention_erase(struct retention *r, struct answer *a, const char *id,
		     const char *actor);

/* The ledger and its reader must have stopped. Accepts NULL. */
void retention_free(struct retention *r);

#endif
