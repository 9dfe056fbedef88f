/**
 * staff.db: what opens an account, and nothing else. Who there is, and what they may, is
 * told by the facts of `staff/<name>` (core/staffset.h); secrets stay out of the ledger.
 *
 *   password   one a name, hashed (base/password.h)
 *   link       one-time links: SHA-256 of the secret, whose, until when
 *   session    SHA-256 of the secret, whose, when made, when last used
 *
 * A file that is missing means that nobody can sign in until invited again. All of this
 * runs on the doorkeeper's thread (accounts.h); what a job changes is one transaction,
 * which ends durable, or not at all when the job fails.
 */
#ifndef PARAVENT_STORE_ACCOUNTDB_H
#define PARAVENT_STORE_ACCOUNTDB_H

#include <stddef.h>
#include <stdint.h>

#include "base/password.h"
#include "proto/signin.h"
#include "store/why.h"

struct accountdb;

struct accountdb_session {
	uint8_t hash[SIGNIN_HASH_SIZE];
	char name[SIGNIN_NAME_SIZE];
	int64_t made_at, used_at;	/* wall clock, ms */
};

/* Opens staff.db in `state_dir`, or makes it (0600). Errors as ledger_open(). */
int accountdb_open(struct accountdb **out, const char *state_dir, struct why *why);
void accountdb_close(struct accountdb *a);	/* accepts NULL */

/* Makes durable what was changed since the last of the two, or undoes it. */
int accountdb_commit(struct accountdb *a, struct why *why);
void accountdb_rollback(struct accountdb *a);

/* The hash of a name's password; "" where there is none. */
int accountdb_password(char hash[PASSWORD_HASH_SIZE], struct accountdb *a,
		       const char *name, struct why *why);
int accountdb_set_password(struct accountdb *a, const char *name, const char *hash,
			   struct why *why);

/* Hashes a password, which takes its time, and sets it; the name's link and sessions end. */
int accountdb_renew(struct accountdb *a, const char *name, const char *password,
		    struct why *why);

/* Puts a one-time link in the place of all others of that name. */
int accountdb_set_link(struct accountdb *a, const char *name,
		       const uint8_t hash[SIGNIN_HASH_SIZE], int64_t expires_at,
		       struct why *why);

/* Returns 0 when that link of that name opens still at `now`, ERR_NOT_FOUND when it was
 * never made, is used, replaced or expired. */
int accountdb_check_link(struct accountdb *a, const char *name,
			 const uint8_t hash[SIGNIN_HASH_SIZE], int64_t now,
			 struct why *why);
int accountdb_drop_link(struct accountdb *a, const char *name, struct why *why);

/* Puts a session; `used_at` of one that is there is brought up to date. */
int accountdb_put_session(struct accountdb *a, const struct accountdb_session *s,
			  struct why *why);
int accountdb_drop_session(struct accountdb *a, const uint8_t hash[SIGNIN_HASH_SIZE],
			   struct why *why);
int accountdb_drop_sessions(struct accountdb *a, const char *name, struct why *why);

/* All sessions, the oldest first. Gives an array: free() it. */
int accountdb_sessions(struct accountdb_session **out, size_t *count,
		       struct accountdb *a, struct why *why);

/* Forgets password, link and sessions of a name. */
int accountdb_forget(struct accountdb *a, const char *name, struct why *why);

#endif
