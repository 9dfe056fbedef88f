/**
 * The keys that personal members are sealed with, one per stream that has any, in a
 * file of their own (keys.db): a backup can leave it out, and deleting a key erases
 * what it sealed while the chain still verifies.
 *
 * A key is named by the seq of its stream's first fact. It must be durable before the
 * fact that needs it. So keys are made in advance, as a seed (seed.h) that holds those
 * of all streams to come; the key of a stream that has something personal for the first
 * time long after it began is made alone: commit the keyring first, then the ledger. A
 * key whose fact never came is harmless; the next fact of that seq gets another.
 */
#ifndef PARAVENT_STORE_KEYRING_H
#define PARAVENT_STORE_KEYRING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <sqlite3.h>

#include "proto/fact.h"
#include "store/db.h"
#include "store/seal.h"
#include "store/why.h"

struct keyring;

/**
 * Opens, and for DB_WRITE makes, the keys in `dir` that belong to the ledger `facts`,
 * which is borrowed until keyring_close().
 *
 * Returns 0, ERR_UNKNOWN (the keys of another ledger), ERR_NOT_FOUND (only DB_READ),
 * or what schema_open() returns.
 */
int keyring_open(struct keyring **out, const char *dir, sqlite3 *facts,
		 enum db_mode mode, struct why *why);
void keyring_close(struct keyring *k);		/* accepts NULL */

/* SQLite's quick_check. Returns 0, ERR_CORRUPT or an error as db_error(). */
int keyring_check(struct keyring *k, struct why *why);

/**
 * Seals the personal members of `row`, the next to be written, and makes the key if
 * its stream has none; a new key waits for keyring_commit().
 *
 * out: len + SEAL_OVERHEAD bytes. Returns 0, or an error as db_error().
 */
int keyring_seal(struct keyring *k, const struct fact_row *row, const char *text,
		 size_t len, uint8_t *out, struct why *why);

/* Makes the new keys durable; nothing to do is success. Errors as db_error(). */
int keyring_commit(struct keyring *k, struct why *why);
void keyring_rollback(struct keyring *k);

/**
 * Opens row->sealed. k: NULL when there are no keys at hand.
 *
 * out: row->sealed_len bytes. Returns the length of the text, ERR_NOT_FOUND when its
 * key was erased, or an error as db_error().
 */
ssize_t keyring_unseal(struct keyring *k, const struct fact_row *row, char *out,
		       struct why *why);

/* The key of the stream whose first fact is `first`; errors as keyring_unseal(). */
int keyring_get(struct keyring *k, uint64_t first, uint8_t key[SEAL_KEY_SIZE],
		struct why *why);

/**
 * Deletes the key of the stream whose first fact is `first`; waits for keyring_commit().
 * That there is none is success. Errors as db_error().
 */
int keyring_delete(struct keyring *k, uint64_t first, struct why *why);

/* Deletes the keys of streams whose first fact was up to `seq` and is gone. The same. */
int keyring_sweep(struct keyring *k, uint64_t seq, struct why *why);

/**
 * Commits, and empties the write-ahead log, where copies of deleted keys lie, so that no
 * file holds them any more, also after a power cut.
 *
 * Returns 0; ERR_AGAIN when somebody reads keys.db or the disk is full: they are
 * deleted, and may still be found; or ERR_IO or ERR_CORRUPT.
 */
int keyring_purge(struct keyring *k, struct why *why);

/**
 * As wal_tidy() and wal_empty(), outside of any transaction. Before that the seed is
 * settled, if it has given keys and it is time, or `idle`, or the end.
 */
int keyring_tidy(struct keyring *k, bool idle, struct why *why);
int keyring_empty(struct keyring *k, struct why *why);

#endif
