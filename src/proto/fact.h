/**
 * A fact: one thing that happened, as the ledger keeps it.
 *
 * Facts are decided by core, applied to memory, and handed to the ledger, which gives
 * them `seq` and `at` and writes them. `data` is canonical JSON (members sorted, no
 * spaces) and never personal; `personal` is canonical JSON too, and reaches the disk
 * only sealed under the meeting's key. What must never be in either: names that guests
 * typed, addresses, SDP, candidates, notes, chat, links, tokens.
 */
#ifndef PARAVENT_PROTO_FACT_H
#define PARAVENT_PROTO_FACT_H

#include <stddef.h>
#include <stdint.h>

/*
 * X(symbol, name on disk, stream it belongs to, members of `data` and `personal`).
 * Members behind '|' are personal. The order is free; names never change.
 */
#define FACT_KINDS(X)                                                         \
	X(FACT_SERVER_STARTED, "server.started", "server", "version")         \
	X(FACT_SERVER_STOPPED, "server.stopped", "server", "")                \
	X(FACT_SERVER_RECOVERED, "server.recovered", "server",                \
	  "closed: stories that the crash had cut")                           \
	X(FACT_MEETING_CREATED, "meeting.created", "meeting",                 \
	  "capacity, durationMinutes, kind, locale, relayOnly, startsAt, "    \
	  "waitingRoom | hostName, title")                                    \
	X(FACT_MEETING_OPENED, "meeting.opened", "meeting", "")               \
	X(FACT_MEETING_ENDED, "meeting.ended", "meeting",                     \
	  "reason: host or api")                                              \
	X(FACT_MEETING_CANCELLED, "meeting.cancelled", "meeting", "")         \
	X(FACT_MEETING_EXPIRED, "meeting.expired", "meeting", "")             \
	X(FACT_GUEST_WAITING, "guest.waiting", "meeting", "id, resumed?")     \
	X(FACT_GUEST_ADMITTED, "guest.admitted", "meeting", "by, id")         \
	X(FACT_GUEST_DENIED, "guest.denied", "meeting", "by, id")             \
	X(FACT_GUEST_GONE, "guest.gone", "meeting",                           \
	  "id, reason: left, lost, ended, server-restart")                    \
	X(FACT_PARTICIPANT_JOINED, "participant.joined", "meeting",           \
	  "id, role")                                                         \
	X(FACT_PARTICIPANT_AWAY, "participant.away", "meeting", "id")         \
	X(FACT_PARTICIPANT_BACK, "participant.back", "meeting", "id")         \
	X(FACT_PARTICIPANT_LEFT, "participant.left", "meeting",               \
	  "id, reason: left, lost, replaced, ended, server-restart")          \
	X(FACT_PARTICIPANT_REMOVED, "participant.removed", "meeting",         \
	  "by, id")                                                           \
	X(FACT_ROOM_LOCKED, "room.locked", "meeting", "by")                   \
	X(FACT_ROOM_UNLOCKED, "room.unlocked", "meeting", "by")               \
	X(FACT_CALL_CONNECTED, "call.connected", "meeting",                   \
	  "id, path?, peer")                                                  \
	X(FACT_CALL_VERIFIED, "call.verified", "meeting", "id, path?, peer")  \
	X(FACT_CALL_UNVERIFIED, "call.unverified", "meeting",                 \
	  "id, path?, peer")                                                  \
	X(FACT_CALL_REFUSED, "call.refused", "meeting", "id, path?, peer")    \
	X(FACT_CALL_LOST, "call.lost", "meeting", "id, path?, peer")          \
	X(FACT_CALL_SUMMARY, "call.summary", "meeting",                       \
	  "id, path?, peer, stats?")                                          \
	X(FACT_RELAY_OPENED, "relay.opened", "meeting", "id, transport")      \
	X(FACT_RELAY_CLOSED, "relay.closed", "meeting",                       \
	  "bytesDown, bytesUp, id, seconds, transport: udp, tcp or tls")

enum fact_kind {
#define X(symbol, name, stream, members) symbol,
	FACT_KINDS(X)
#undef X
	FACT_KIND_COUNT
};

#define FACT_STREAM_SIZE 40	/* "meeting/" and 22 characters, "server" */
#define FACT_ACTOR_SIZE 80	/* "participant:<id>", "server", "open", ... */
#define FACT_DATA_MAX 1024
#define FACT_PERSONAL_MAX 2048

struct fact {
	uint64_t seq;			/* by the ledger: 1, 2, 3, ... */
	int64_t at;			/* by the ledger: ms since 1970 */
	char stream[FACT_STREAM_SIZE];
	uint32_t version;		/* its place in the stream: 1, 2, 3, ... */
	enum fact_kind kind;
	char actor[FACT_ACTOR_SIZE];
	size_t data_len;
	char data[FACT_DATA_MAX + 1];	/* canonical JSON, at least "{}" */
	size_t personal_len;		/* 0: nothing personal */
	char personal[FACT_PERSONAL_MAX + 1];
};

/* The name on disk. */
const char *fact_kind_name(enum fact_kind kind);

/* 0, or ERR_UNKNOWN. */
int fact_kind_of(enum fact_kind *kind, const char *name, size_t len);

#define FACT_HASH_SIZE 32

/**
 * The chain: SHA-256 over the hash before and the columns as they lie on disk, each
 * with its length before it, so that no two rows spell the same bytes.
 *
 *   "paravent fact v1" | prev[32] | u64 seq | u64 at | len stream | u64 version |
 *   len kind | len actor | len data | sealed: u8 0, or u8 1 and len sealed
 *
 * (len: a u32 before the bytes; all numbers in network order.)
 *
 * kind:   the name on disk, so that rows of kinds this version does not know verify.
 * sealed: the ciphertext, or NULL. The chain covers it and not what it hides, so
 *         erasing a key leaves the chain whole.
 */
struct fact_row {
	uint64_t seq;
	int64_t at;
	uint64_t version;
	const char *stream, *kind, *actor, *data;
	size_t stream_len, kind_len, actor_len, data_len;
	const uint8_t *sealed;
	size_t sealed_len;
};
void fact_hash(uint8_t out[FACT_HASH_SIZE], const uint8_t prev[FACT_HASH_SIZE],
	       const struct fact_row *row);

#endif
