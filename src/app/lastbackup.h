/**
 * When the last backup was made: `paravent backup` leaves the time in the server's
 * folder, so that the server, and a check that runs without it, can say it.
 */
#ifndef PARAVENT_APP_LASTBACKUP_H
#define PARAVENT_APP_LASTBACKUP_H

#include <stdint.h>

#define LASTBACKUP_FILE "backup.time"

/* wall_ms: now. What cannot be written is left: the backup is made all the same. */
void lastbackup_write(const char *state_dir, int64_t wall_ms);

/* Wall clock, ms; 0 when it is not known. */
int64_t lastbackup_read(const char *state_dir);

#endif
