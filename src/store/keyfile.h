/**
 * keys.db as a file: made where it is missing, and only opened beside the ledger that it
 * was made for. What is in it is the keyring's (keyring.h).
 */
#ifndef PARAVENT_STORE_KEYFILE_H
#define PARAVENT_STORE_KEYFILE_H

#include <stdbool.h>

#include <sqlite3.h>

#include "store/db.h"
#include "store/why.h"

/**
 * facts: the ledger, borrowed for the call.
 * anew:  whether it had no keys and no owner yet, and has one now.
 *
 * Returns 0, ERR_UNKNOWN (the keys of another ledger), ERR_CORRUPT (a ledger without an
 * id), ERR_NOT_FOUND (only DB_READ), or what schema_open() returns.
 */
int keyfile_open(sqlite3 **out, bool *anew, const char *dir, sqlite3 *facts,
		 enum db_mode mode, struct why *why);

#endif
