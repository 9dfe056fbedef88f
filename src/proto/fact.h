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
 * X(symbol, name on disk, stream, members, meaning)
 *
 * stream:  "server", or the first word of "meeting/<id>", "staff/<name>", "key/<id>".
 * members: of `data`, and behind '|' those of `personal`, in their order on disk. One
 *          with '?' may be absent. In parentheses: the values it may have, or what it
 *          is. Times are RFC 3339; hashes are 64 hex digits; ids are 16 characters.
 *
 * The order of rows is the order of doc/facts.md; names never change.
 */
#define FACT_KINDS(X)                                                         \
	X(FACT_SERVER_STARTED, "server.started", "server",                    \
	  "version",                                                          \
	  "The server began to serve.")                                       \
	X(FACT_SERVER_STOPPED, "server.stopped", "server",                    \
	  "",                                                                 \
	  "It stopped in good order.")                                        \
	X(FACT_SERVER_RECOVERED, "server.recovered", "server",                \
	  "closed (stories that the crash had cut)",                          \
	  "It was not stopped before it started.")                            \
	X(FACT_MEETING_CREATED, "meeting.created", "meeting",                 \
	  "capacity, durationMinutes, kind, locale, relayOnly, startsAt, "    \
	  "waitingRoom | hostName?, title?",                                  \
	  "A meeting was scheduled.")                                         \
	X(FACT_MEETING_CHANGED, "meeting.changed", "meeting",                 \
	  "capacity?, durationMinutes?, kind?, locale?, relayOnly?, "         \
	  "startsAt?, waitingRoom? | hostName?, title?",                      \
	  "Its plan changed; members that stay as they were are "             \
	  "absent, a text that was taken away is \"\".")                      \
	X(FACT_MEETING_OPENED, "meeting.opened", "meeting",                   \
	  "",                                                                 \
	  "Somebody is inside for the first time.")                           \
	X(FACT_MEETING_ENDED, "meeting.ended", "meeting",                     \
	  "reason (host or api)",                                             \
	  "It was ended for all.")                                            \
	X(FACT_MEETING_CANCELLED, "meeting.cancelled", "meeting",             \
	  "",                                                                 \
	  "It was called off before it began.")                               \
	X(FACT_MEETING_EXPIRED, "meeting.expired", "meeting",                 \
	  "",                                                                 \
	  "Its time passed, and nobody was there.")                           \
	X(FACT_INVITATION_MADE, "invitation.made", "meeting",                 \
	  "expiresAt? (else with the meeting), id, opensBefore (minutes), "   \
	  "role (host or guest)",                                             \
	  "A personal link was made.")                                        \
	X(FACT_INVITATION_USED, "invitation.used", "meeting",                 \
	  "again? (true), by, id",                                            \
	  "A personal link opened the door to participant `by`; "             \
	  "whoever came in by it before loses the place.")                    \
	X(FACT_INVITATION_REVOKED, "invitation.revoked", "meeting",           \
	  "id",                                                               \
	  "A personal link opens nothing any more.")                          \
	X(FACT_GUEST_WAITING, "guest.waiting", "meeting",                     \
	  "id, resumed? (true)",                                              \
	  "A guest knocked, or is back at the door.")                         \
	X(FACT_GUEST_ADMITTED, "guest.admitted", "meeting",                   \
	  "by, id",                                                           \
	  "A host let the guest in.")                                         \
	X(FACT_GUEST_DENIED, "guest.denied", "meeting",                       \
	  "by, id",                                                           \
	  "A host sent the guest away.")                                      \
	X(FACT_GUEST_GONE, "guest.gone", "meeting",                           \
	  "id, reason (left, lost, replaced, ended or server-restart)",       \
	  "A guest waits no more.")                                           \
	X(FACT_PARTICIPANT_JOINED, "participant.joined", "meeting",           \
	  "id, role (host or guest)",                                         \
	  "Somebody came in.")                                                \
	X(FACT_PARTICIPANT_AWAY, "participant.away", "meeting",               \
	  "id",                                                               \
	  "The connection was lost; the place is held.")                      \
	X(FACT_PARTICIPANT_BACK, "participant.back", "meeting",               \
	  "id",                                                               \
	  "The place is taken again.")                                        \
	X(FACT_PARTICIPANT_LEFT, "participant.left", "meeting",               \
	  "id, reason (left, lost, replaced, ended or server-restart)",       \
	  "The place was given up.")                                          \
	X(FACT_PARTICIPANT_REMOVED, "participant.removed", "meeting",         \
	  "by, id",                                                           \
	  "A host put somebody out.")                                         \
	X(FACT_ROOM_LOCKED, "room.locked", "meeting",                         \
	  "by",                                                               \
	  "Nobody new may knock.")                                            \
	X(FACT_ROOM_UNLOCKED, "room.unlocked", "meeting",                     \
	  "by",                                                               \
	  "New people may knock again.")                                      \
	X(FACT_CALL_CONNECTED, "call.connected", "meeting",                   \
	  "id, path? (direct, relay-udp, relay-tcp or relay-tls), peer",      \
	  "Two browsers reached each other, as one of them says.")            \
	X(FACT_CALL_VERIFIED, "call.verified", "meeting",                     \
	  "id, path?, peer",                                                  \
	  "Each is who the link says.")                                       \
	X(FACT_CALL_UNVERIFIED, "call.unverified", "meeting",                 \
	  "id, path?, peer",                                                  \
	  "Nobody checked it.")                                               \
	X(FACT_CALL_REFUSED, "call.refused", "meeting",                       \
	  "id, path?, peer",                                                  \
	  "The check failed, and they did not talk.")                         \
	X(FACT_CALL_LOST, "call.lost", "meeting",                             \
	  "id, path?, peer",                                                  \
	  "They lost each other.")                                            \
	X(FACT_CALL_SUMMARY, "call.summary", "meeting",                       \
	  "id, path?, peer, stats? (numbers)",                                \
	  "How it went.")                                                     \
	X(FACT_RELAY_OPENED, "relay.opened", "meeting",                       \
	  "id, transport (udp, tcp or tls)",                                  \
	  "Somebody began to use the relay.")                                 \
	X(FACT_RELAY_CLOSED, "relay.closed", "meeting",                       \
	  "bytesDown, bytesUp, id, seconds, transport",                       \
	  "Somebody ceased to.")                                              \
	X(FACT_PERSONAL_ERASED, "personal.erased", "meeting",                 \
	  "reason (api or age)",                                              \
	  "The key of what is personal in its facts is destroyed.")           \
	X(FACT_STAFF_ADDED, "staff.added", "staff",                           \
	  "roles (of admin, audit and host; with commas)",                    \
	  "An account was made.")                                             \
	X(FACT_STAFF_CHANGED, "staff.changed", "staff",                       \
	  "disabled?, password? (true: a new one), roles?",                   \
	  "An account changed.")                                              \
	X(FACT_STAFF_REMOVED, "staff.removed", "staff",                       \
	  "",                                                                 \
	  "An account is gone.")                                              \
	X(FACT_STAFF_INVITED, "staff.invited", "staff",                       \
	  "expiresAt",                                                        \
	  "A one-time link was made, to set a password with.")                \
	X(FACT_STAFF_SIGNED_IN, "staff.signed_in", "staff",                   \
	  "",                                                                 \
	  "Somebody signed in.")                                              \
	X(FACT_STAFF_SIGNED_OUT, "staff.signed_out", "staff",                 \
	  "everywhere? (true)",                                               \
	  "Somebody signed out, or was signed out.")                          \
	X(FACT_STAFF_REFUSED, "staff.refused", "staff",                       \
	  "reason (password, disabled or too-fast)",                          \
	  "Somebody could not sign in.")                                      \
	X(FACT_KEY_MADE, "key.made", "key",                                   \
	  "hash, label, scopes (of audit, create and read; with commas)",     \
	  "An API key was made; its SHA-256 is kept.")                        \
	X(FACT_KEY_REVOKED, "key.revoked", "key",                             \
	  "",                                                                 \
	  "An API key opens nothing any more.")                               \
	X(FACT_TOKEN_REFUSED, "token.refused", "server",                      \
	  "reason (malformed, unknown, revoked, scope, too-long, key, "       \
	  "issuer, algorithm, signature, audience, expired, not-yet, "        \
	  "lifetime, claims, meeting or role), via? (http or socket)",        \
	  "A token, key or secret was not accepted.")                         \
	X(FACT_LOG_CHECKPOINT, "log.checkpoint", "server",                    \
	  "at, hash, kept, seq",                                              \
	  "The log may be cut here: the facts up to `seq`, made `at` with "   \
	  "`hash`, are gone but for some, whose digest is `kept`; what "      \
	  "follows verifies from there.")

enum fact_kind {
#define X(symbol, name, stream, members, meaning) symbol,
	FACT_KINDS(X)
#undef X
	FACT_KIND_COUNT
};

#define FACT_STREAM_SIZE 40	/* "staff/" and 32 characters are the longest */
#define FACT_ACTOR_SIZE 80	/* "participant:<id>", "invitation:<id>", "open", ... */
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
