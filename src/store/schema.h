/**
 * The schemas of our three files: which file is ours, which version it has, how an older
 * one becomes today's. The statements live in sql/ and are compiled in by
 * sql/embed.sh; migrations only ever go forward, each in one transaction.
 */
#ifndef PARAVENT_STORE_SCHEMA_H
#define PARAVENT_STORE_SCHEMA_H

#include <stdint.h>

#include <sqlite3.h>

#include "store/db.h"
#include "store/why.h"

/* Statements that lead from version 0 to 1, 1 to 2, ..., and NULL; by sql/embed.sh. */
extern const char *const ledger_migrations[];
extern const char *const keys_migrations[];
extern const char *const staff_migrations[];

struct schema {
	const char *file;		/* its name in the state directory */
	int32_t application_id;		/* at byte 68 of the file, see file(1) */
	const char *const *migrations;

	/* What SQL alone cannot do, after the step to `version`, in its transaction;
	 * NULL: nothing. */
	int (*migrated)(sqlite3 *db, int version, struct why *why);
};

extern const struct schema schema_ledger, schema_keys, schema_staff;

/**
 * Opens the file of a schema in `dir`. DB_WRITE makes it if missing and brings it up
 * to date.
 *
 * What is there must be letter by letter what the migrations make, tables, indexes and
 * triggers; only tables of Litestream's own are let be.
 *
 * Returns 0, ERR_UNKNOWN (a file of something else), ERR_VERSION (newer than we are, or
 * for DB_READ older), ERR_CORRUPT, or what db_open() returns.
 */
int schema_open(sqlite3 **out, const char *dir, const struct schema *schema,
		enum db_mode mode, struct why *why);

#endif
