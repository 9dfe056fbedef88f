/**
 * The name under which a seat uses the relay: what stands in a TURN username behind the
 * expiry (see proto/turncred.h).
 *
 *     <meeting, sealed, 22 characters> "." <seat, 16> "." ( "p" | "w" )
 *
 * A username is readable on the wire, and a meeting's id opens its door; so the id is
 * sealed with AES-128 under the server's own key. It is one block of random bytes, so
 * that one block says nothing, and nobody need remember who is who.
 */
#ifndef PARAVENT_PROTO_RELAYID_H
#define PARAVENT_PROTO_RELAYID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/sigmsg.h"
#include "proto/token.h"

#define RELAYID_MEETING_LEN 22
#define RELAYID_OWNER_LEN (RELAYID_MEETING_LEN + 1 + SIGMSG_ID_LEN)
#define RELAYID_LEN (RELAYID_OWNER_LEN + 2)

/**
 * weak: of one who waits. The first RELAYID_OWNER_LEN characters are the seat's in
 * both classes. meeting, seat: ids of ours.
 */
void relayid_put(char out[RELAYID_LEN + 1], const uint8_t key[TOKEN_KEY_SIZE],
		 const char *meeting, const char *seat, bool weak);

/**
 * Reads whose it is, with or without the class. Returns 0, or ERR_MALFORMED when we
 * never wrote that: an operator's tool may use a name of its own.
 */
int relayid_open(char meeting[RELAYID_MEETING_LEN + 1], char seat[SIGMSG_ID_SIZE],
		 const uint8_t key[TOKEN_KEY_SIZE], const char *id, size_t len);

#endif
