/**
 * How many backups a folder keeps.
 */
#ifndef PARAVENT_STORE_BACKUPKEEP_H
#define PARAVENT_STORE_BACKUPKEEP_H

#include <stddef.h>

#include "store/why.h"

/**
 * Removes the oldest backups in `into` until `keep` (at least one) are left. A backup is
 * a folder that is named as backup_make() names it and has a manifest; whatever else
 * lies there is not touched, and a backup that somebody has put a folder into stays.
 *
 * Returns how many were removed, or ERR_IO.
 */
int backup_keep(const char *into, size_t keep, struct why *why);

#endif
