/**
 * A fact for other programs, as `log export`, GET /api/events, SSE and webhooks show it:
 *
 *   {"seq":1,"at":"2026-11-20T09:30:00Z","stream":"server","version":1,
 *    "kind":"server.started","actor":"server","data":{...},"hash":"<64 hex digits>"}
 *
 * and between `data` and `hash`, where a fact has personal members, `"personal":{...}`,
 * or `"sealed":true` once their key was erased.
 */
#ifndef PARAVENT_PROTO_FACTJSON_H
#define PARAVENT_PROTO_FACTJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/fact.h"

/**
 * Appends the object, without a line feed.
 *
 * personal: canonical JSON; NULL where there is none, or none that may be shown.
 * erased:   there was, and its key is gone.
 */
void factjson_put(struct buf *b, const struct fact_row *row,
		  const uint8_t hash[FACT_HASH_SIZE], const char *personal,
		  size_t personal_len, bool erased);

#endif
