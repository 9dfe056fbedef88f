/**
 * Sealing: the personal members of a fact under the key of its stream, by AES-256-GCM,
 * bound to the place they belong to.
 *
 *   nonce[12], random | ciphertext, as long as the text | tag[16]
 *
 * Authenticated beside it: stream, version and kind, each of the strings with its
 * length before it, so that sealed members fit no other fact.
 */
#ifndef PARAVENT_STORE_SEAL_H
#define PARAVENT_STORE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fact.h"

#define SEAL_KEY_SIZE 32
#define SEAL_OVERHEAD 28	/* nonce and tag */

/* The key that a seed (seed.h) holds for the stream whose first fact is `first`:
 * HMAC-SHA256 of that number in eight bytes. */
void seal_derive(uint8_t key[SEAL_KEY_SIZE], const uint8_t seed[SEAL_KEY_SIZE],
		 uint64_t first);

/* out: len + SEAL_OVERHEAD bytes. row: the place; only its names and version count. */
void seal_shut(uint8_t *out, const uint8_t key[SEAL_KEY_SIZE],
	       const struct fact_row *row, const char *text, size_t len);

/**
 * out: row->sealed_len - SEAL_OVERHEAD bytes, written in any case.
 *
 * Returns whether key and place are the ones it was sealed with; if not, `out` is zero.
 */
bool seal_open(char *out, const uint8_t key[SEAL_KEY_SIZE], const struct fact_row *row);

#endif
