/**
 * The end of the ledger, and what comes after it.
 */
#ifndef PARAVENT_APP_LOGTAIL_H
#define PARAVENT_APP_LOGTAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "store/export.h"
#include "store/why.h"

/**
 * Prints the last `lines` facts; with `follow` also each new one, until SIGINT or
 * SIGTERM, or until nobody reads stdout any more. It asks four times a second.
 *
 * Returns 0 or an error as export_write().
 */
int logtail(struct export *x, uint64_t lines, bool follow, struct why *why);

#endif
