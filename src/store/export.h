/**
 * The ledger for other programs, as text, also while a server writes it.
 *
 * jsonl: one JSON object per line (proto/factjson.h).
 * csv:   RFC 4180, with a line of names before the facts; the columns are seq, at,
 *        stream, version, kind, actor, data, personal, sealed and hash. `data` and
 *        `personal` are JSON; `sealed` is "true" where something personal was erased.
 */
#ifndef PARAVENT_STORE_EXPORT_H
#define PARAVENT_STORE_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "store/why.h"

enum export_format {
	EXPORT_JSONL,
	EXPORT_CSV,
};

struct export;

/**
 * Opens the ledger in `state_dir`; without keys.db all that is personal is sealed.
 *
 * Returns 0, ERR_NOT_FOUND, ERR_VERSION, ERR_UNKNOWN, ERR_CORRUPT or ERR_IO.
 */
int export_open(struct export **out, const char *state_dir, enum export_format format,
		struct why *why);
void export_close(struct export *x);		/* accepts NULL */

/* The line of names that csv begins with; nothing for jsonl. Returns 0 or ERR_IO. */
int export_head(struct export *x, FILE *out, struct why *why);

/**
 * Writes the facts from..to, both included, each checked against the chain. Facts that
 * were cut are left out, and so are those beyond the end. A slow reader of `out` holds
 * up nothing: no transaction is open while it is written to.
 *
 * Returns 0; ERR_CORRUPT at the first fact that does not fit (what came before it has
 * been written); ERR_CLOSED when nobody reads `out` any more; or ERR_IO or ERR_AGAIN.
 */
int export_write(struct export *x, uint64_t from, uint64_t to, FILE *out,
		 struct why *why);

/* The last fact there is, and the one `count` facts before the end; 0 when empty. */
int export_last(struct export *x, uint64_t *seq, struct why *why);
int export_from_end(struct export *x, uint64_t count, uint64_t *seq, struct why *why);

/* The first fact that is not older than `at` (ms); one behind the last if all are. */
int export_find(struct export *x, int64_t at, uint64_t *seq, struct why *why);

/* Whether anything was written to the ledger since this was asked last. */
int export_moved(struct export *x, bool *moved, struct why *why);

#endif
