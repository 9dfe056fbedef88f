/**
 * Backups: a folder with a copy of all that a state directory needs, made while the
 * server writes, checked as a whole, and there under its name only when it is whole.
 *
 *   <into>/paravent-20261120T093000Z/   0700, its files 0600
 *     ledger.db, staff.db               of one moment each
 *     keys.db                           the keys that its facts need (keycopy.h)
 *     server.key, relay.secret          whatever else is asked for
 *     manifest.json                     what is in it, with SHA-256
 *
 * Of staff.db the passwords are in it, and neither sessions nor one-time links.
 *
 * Keys are copied after the facts, so that each fact of the copy finds its key unless it
 * was erased. What a backup that was killed left behind is removed by the next.
 */
#ifndef PARAVENT_STORE_BACKUP_H
#define PARAVENT_STORE_BACKUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/chain.h"
#include "store/verify.h"
#include "store/why.h"

#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_FILES_MAX 8
#define BACKUP_NAME_SIZE 32

struct backup {
	char path[PATH_MAX];		/* of the folder */
	int64_t made_at;
	struct chain_head head;		/* the last fact in it */
	uint64_t facts;
	uint64_t bytes;			/* of all its files */
	bool keys;			/* keys.db is in it */
	size_t count;
	struct backup_file {
		char name[BACKUP_NAME_SIZE];
		uint8_t sha256[32];
	} file[BACKUP_FILES_MAX];	/* without the manifest */
};

/* What a backup is made of; borrowed. */
struct backup_plan {
	const char *state_dir;
	const char *into;		/* made if missing, 0700 */
	const char *const *more;	/* further files, and NULL; those missing are none */
	bool keys;
	verify_progress_fn *progress;	/* of the check, or NULL */
	void *arg;
};

/**
 * Makes a backup and checks it: SQLite's quick_check, and the chain of the copy.
 *
 * now: wall clock, ms; it makes the name.
 *
 * Returns 0; ERR_NOT_FOUND (no ledger there); ERR_DUPLICATE (a backup of that name);
 * ERR_CORRUPT (of the copy, hence of the ledger); ERR_AGAIN (the disk is full); or
 * ERR_VERSION, ERR_UNKNOWN, ERR_TOO_BIG or ERR_IO. Then nothing is left of it.
 */
int backup_make(struct backup *out, const struct backup_plan *plan, int64_t now,
		struct why *why);

/**
 * Reads a backup and checks it as a whole: the manifest, the SHA-256 of each file, and
 * the ledger as above. Writes nothing.
 *
 * more: the names of files that may be in it besides the ledger's, and NULL.
 *
 * Returns 0, ERR_NOT_FOUND (no backup), ERR_CORRUPT, ERR_VERSION or ERR_IO.
 */
int backup_check(struct backup *out, const char *path, const char *const *more,
		 verify_progress_fn *progress, void *arg, struct why *why);

#endif
