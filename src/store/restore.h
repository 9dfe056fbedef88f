/**
 * Puts a backup (backup.h) in the place of a state directory that no server uses.
 */
#ifndef PARAVENT_STORE_RESTORE_H
#define PARAVENT_STORE_RESTORE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/backup.h"
#include "store/why.h"

/**
 * Copies the files of a checked backup beside the state directory, compares each with
 * the manifest, and moves the copy into its place, which belongs to whom it belonged.
 *
 * backup: borrowed, of backup_check().
 * force:  move a state that is there to `<state_dir>.before-<time>`; without it such a
 *         state is refused.
 * now:    wall clock, ms.
 * aside:  the name that the former state has now; "" when there was none.
 *
 * Returns 0; ERR_LOCKED when a server runs on it; ERR_DUPLICATE when there is a state;
 * ERR_CORRUPT when a copy is not what the manifest says; ERR_AGAIN (the disk is full);
 * ERR_FORBIDDEN, ERR_TOO_BIG or ERR_IO. Then what was there is still there.
 */
int restore_backup(const struct backup *backup, const char *state_dir, bool force,
		   int64_t now, char aside[PATH_MAX], struct why *why);

#endif
