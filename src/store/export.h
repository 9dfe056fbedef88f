/**
 * The ledger for other programs: one JSON object per line.
 *
 *   {"seq":1,"at":"2026-11-20T09:30:00Z","stream":"server","version":1,
 *    "kind":"server.started","actor":"server","data":{...},"hash":"<64 hex digits>"}
 *
 * and between `data` and `hash`, where a fact has personal members, `"personal":{...}`,
 * or `"sealed":true` once their key was erased.
 */
#ifndef PARAVENT_STORE_EXPORT_H
#define PARAVENT_STORE_EXPORT_H

#include <stdint.h>
#include <stdio.h>

#include "store/why.h"

/**
 * Writes the facts from..to (both included; UINT64_MAX for "to the end"), each checked
 * against the chain, also while a server writes. A slow reader of `out` holds up
 * nothing: no transaction is open while it is written to.
 *
 * Returns 0, ERR_CORRUPT at the first fact that does not fit (what came before it has
 * been written), ERR_NOT_FOUND, ERR_VERSION, ERR_UNKNOWN or ERR_IO, as ledger_verify().
 */
int ledger_export(const char *state_dir, uint64_t from, uint64_t to, FILE *out,
		  struct why *why);

#endif
