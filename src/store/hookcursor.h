/**
 * How far each webhook has got, in the ledger's own file and outside of its chain: what
 * was delivered is a matter between us and a receiver, and no fact. For chores.
 */
#ifndef PARAVENT_STORE_HOOKCURSOR_H
#define PARAVENT_STORE_HOOKCURSOR_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "store/why.h"

#define HOOKCURSOR_NAME_SIZE 41

struct hookcursor {
	char name[HOOKCURSOR_NAME_SIZE];
	uint64_t seq;		/* the last fact that is done with */
	int64_t at;		/* when the receiver last took one; 0: never */
};

/**
 * Looks each name up and writes `seq` and `at`; one that is not known is remembered as
 * the list has it.
 *
 * Returns 0 or an error as db_error(); then nothing was remembered.
 */
int hookcursor_load(sqlite3 *db, struct hookcursor *list, size_t count, struct why *why);

/* Remembers all of them, in one transaction. Errors as db_error(). */
int hookcursor_save(sqlite3 *db, struct hookcursor *list, size_t count,
		    struct why *why);

#endif
