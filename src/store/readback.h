/**
 * Reading facts back, as facts: all of them, or those that a start needs to know. What
 * each of the two gives, and what is checked, stands in ledger.h.
 */
#ifndef PARAVENT_STORE_READBACK_H
#define PARAVENT_STORE_READBACK_H

#include <sqlite3.h>

#include "store/keyring.h"
#include "store/ledger.h"
#include "store/why.h"

int readback_all(sqlite3 *db, struct keyring *keys, ledger_fact_fn *fn, void *arg,
	       struct why *why);
int readback_live(sqlite3 *db, struct keyring *keys, ledger_fact_fn *fn, void *arg,
		struct why *why);

#endif
