/**
 * The systems whose tokens are taken, with their keys: what the configuration says about
 * them, and what stands in the files that it names.
 */
#ifndef PARAVENT_APP_ISSUERS_H
#define PARAVENT_APP_ISSUERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "proto/conf.h"
#include "proto/jwt.h"

struct issuers;

/**
 * Reads the keys of conf's issuers. Keeps nothing of conf.
 *
 * why: on failure gets one sentence, without a secret in it.
 *
 * Returns 0, or the error of a file that cannot be used.
 */
int issuers_load(struct issuers **out, const struct conf *conf, struct buf *why);

/* Wipes the keys. Accepts NULL. */
void issuers_free(struct issuers *is);

/* jwt_judge() with the keys of all of them; out->by holds until the next reload. now_ms:
 * wall clock. */
int issuers_judge(const struct issuers *is, struct jwt_person *out,
		  enum factdata_reason *reason, int64_t now_ms, const char *token,
		  size_t len);

/**
 * The issuer whose service may ask for sessions, and whose secret signs their tokens;
 * NULL where none is configured (no internal-secret-file).
 */
const struct jwt_key *issuers_service(const struct issuers *is);

/* Whether this is the secret of issuers_service(), which must not be NULL; in a time
 * that depends on the length alone. */
bool issuers_service_is(const struct issuers *is, const char *secret, size_t len);

#endif
