/**
 * Erasing what is personal. The fact personal.erased says that it shall be done, and
 * its view puts the stream into the table `erasing` in the same transaction; the chore
 * here does it: deletes the stream's key (overwritten, for keys.db has secure_delete),
 * empties the write-ahead log of keys.db, where copies of it lie, and then takes the
 * stream out of `erasing`. So what a crash cuts short is done at the next start.
 *
 * What was sealed stays in the chain as noise, and the chain still verifies.
 *
 *   append personal.erased -> ledger_chore(erase_run) -> done(0) -> 204
 */
#ifndef PARAVENT_STORE_ERASE_H
#define PARAVENT_STORE_ERASE_H

#include "store/chore.h"

/**
 * A chore's run(): erases all that waits in `erasing`, and the keys of streams that a
 * cut took away. Nothing waiting is success, and cheap: ask for it at each start.
 *
 * On the ledger's thread. done() gets 0 when no file of the state directory holds the
 * keys any more; ERR_AGAIN while somebody reads keys.db, or the disk is full: ask again
 * in a moment, nothing is lost; or ERR_IO or ERR_CORRUPT.
 */
int erase_run(struct chore *c, sqlite3 *db, struct keyring *keys, struct why *why);

#endif
