/**
 * The API keys in memory, as the facts key.made and key.revoked tell. Deciding fills in
 * a fact; the caller hands it to the ledger and then to keyset_apply():
 *
 *   keyset_make -> ledger -> keyset_apply -> ... -> keyset_check
 */
#ifndef PARAVENT_CORE_KEYSET_H
#define PARAVENT_CORE_KEYSET_H

#include <stddef.h>
#include <stdint.h>

#include "proto/apikey.h"
#include "proto/fact.h"
#include "proto/factdata.h"

#define KEYSET_MAX 1000		/* keys that are not revoked */

struct keyset;

struct keyset_key {
	char id[APIKEY_ID_SIZE];
	char label[APIKEY_LABEL_SIZE];
	unsigned int scopes;		/* APIKEY_* */
	uint8_t hash[APIKEY_HASH_SIZE];
	uint32_t version;		/* facts in its stream so far */
	int64_t made_at, revoked_at;	/* wall clock, ms; 0: it is not revoked */
	int64_t used_at;		/* since the server started; 0: never */
};

struct keyset *keyset_new(void);
void keyset_free(struct keyset *ks);		/* accepts NULL */

/**
 * Changes memory as the fact tells; of streams that are not a key's it takes no notice.
 * Returns 0, ERR_CORRUPT, or ERR_CONFLICT when it is not the next of its stream.
 */
int keyset_apply(struct keyset *ks, const struct fact *f);

/**
 * Decides a new key: fills in `f` (key.made). Memory has it once that is applied.
 *
 * label: 1..60 characters that a person can read; trimmed in the fact.
 *
 * Returns 0, ERR_RANGE for a bad label or no scope, ERR_FULL, or ERR_CONFLICT when the
 * id exists.
 */
int keyset_make(struct fact *f, const struct keyset *ks, int64_t now_ms,
		const struct apikey *key, const char *label, size_t label_len,
		unsigned int scopes, const char *actor);

/* Decides that a key opens nothing any more. Returns 0, ERR_NOT_FOUND, or ERR_ENDED when
 * it was revoked before; then nothing is to be done. */
int keyset_revoke(struct fact *f, const struct keyset *ks, int64_t now_ms,
		  const char *id, size_t id_len, const char *actor);

/**
 * Whether the holder of `text` may do what needs one of `scopes`; remembers that the key
 * was used.
 *
 * out:    the key, when it returns 0 or ERR_FORBIDDEN.
 * reason: for token.refused, when it does not return 0.
 *
 * Returns 0, ERR_UNAUTHORIZED, or ERR_FORBIDDEN for a key with none of those scopes.
 */
int keyset_check(const struct keyset_key **out, enum factdata_reason *reason,
		 struct keyset *ks, int64_t now_ms, const char *text, size_t len,
		 unsigned int scopes);

/* The key of that id, or NULL. id: any bytes from outside. */
const struct keyset_key *keyset_find(const struct keyset *ks, const char *id, size_t len);

/* All keys, revoked ones too, in the order in which they were made. */
size_t keyset_count(const struct keyset *ks);
const struct keyset_key *keyset_at(const struct keyset *ks, size_t i);

#endif
