/**
 * The relay as the rest of the house sees it: STUN and TURN on all their ports, the
 * credentials of each seat, and the facts about who was relayed and how much.
 */
#ifndef PARAVENT_APP_RELAY_H
#define PARAVENT_APP_RELAY_H

#include <stdint.h>

#include <event2/event.h>

#include "app/carrier.h"
#include "app/house.h"
#include "base/buf.h"
#include "core/seat.h"
#include "net/stream.h"
#include "proto/conf.h"

/* Credentials live an hour; they are renewed at half of it. */
#define RELAY_CREDENTIAL_MS 3600000

struct relay;

/**
 * Binds conf->stun_listen; nothing is answered before relay_start().
 *
 * base, conf: borrowed. why: on failure gets one sentence.
 *
 * Returns 0 or udp_new()'s error.
 */
int relay_new(struct relay **out, struct event_base *base, const struct conf *conf,
	      struct buf *why);

/* Stops it. Accepts NULL. */
void relay_free(struct relay *r);

/* Before house_load(), which forgets who left before this start. h: borrowed until
 * relay_stop(). */
void relay_set_house(struct relay *r, struct house *h);

/* The house's facts and meetings are ready. */
int relay_start(struct relay *r, struct buf *why);

/* Ends all allocations; their facts have been handed to the ledger when it returns. */
void relay_stop(struct relay *r);

/* No new allocations: before a stop. */
void relay_drain(struct relay *r);

/* Reads the secrets again. What cannot be read is said in the log, the old ones stay. */
void relay_reload(struct relay *r);

/* For listeners: takes a connection that begins with STUN. relay: a struct relay. */
void relay_adopt(void *relay, struct stream *s);

/**
 * The `iceServers` of the contract for this seat: an array for RTCPeerConnection, valid
 * until the next call.
 *
 * expires_at: wall clock, ms.
 */
const char *relay_ice(struct relay *r, const struct seat *s, int64_t *expires_at);

/* Closes what the seat has open and refuses its credentials from now on: also those
 * from before a restart, whose departure is in the ledger. */
void relay_forget(struct relay *r, const struct seat *s);

/* For whoever shows numbers. */
void relay_counts(const struct relay *r, struct carrier_counts *out);

#endif
