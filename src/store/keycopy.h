/**
 * The keys of a backup: those that the copied facts need, one by one, and no other. The
 * seed stays where it is, for it will seal what happens later, and who has the backup
 * could read that even after it was erased.
 */
#ifndef PARAVENT_STORE_KEYCOPY_H
#define PARAVENT_STORE_KEYCOPY_H

#include <sqlite3.h>

#include "store/why.h"

/**
 * Makes keys.db in `to_dir`, a single file, out of the one in `from_dir`, which may be in
 * use: an erasure does not wait for the copy.
 *
 * facts: the copied ledger.
 *
 * Returns 0 or an error as keyring_open().
 */
int keycopy_make(const char *from_dir, const char *to_dir, sqlite3 *facts,
		 struct why *why);

#endif
