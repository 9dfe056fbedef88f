/**
 * A thread that proves the ledger while the server works: ledger_verify() at a quarter of
 * its speed, so that nobody notices. It has a connection of its own.
 */
#ifndef PARAVENT_STORE_VERIFIER_H
#define PARAVENT_STORE_VERIFIER_H

#include <stdbool.h>

#include "store/verify.h"
#include "store/why.h"

struct verifier;

/* state_dir: copied. Returns 0 or ERR_IO. */
int verifier_new(struct verifier **out, const char *state_dir, struct why *why);

/**
 * Begins, unless it is at work: then false. That is how it remembers the last fact that
 * it found well, and misses it the next time if it is gone.
 */
bool verifier_begin(struct verifier *v);

/* Readable when it has come to an end; then ask verifier_end(). */
int verifier_fd(const struct verifier *v);

/**
 * Joins the thread that came to an end. Returns as ledger_verify(), but 0 also when the
 * fact it remembered was cut; ERR_UNAVAILABLE when there was none.
 */
int verifier_end(struct verifier *v, struct verify *found, struct why *why);

/* Stops it at once, whatever it is at; accepts NULL. */
void verifier_free(struct verifier *v);

#endif
