/**
 * The canonical JSON inside a fact: `data` and `personal` <-> structs. Which kind has
 * which members stands in the table of proto/fact.h.
 */
#ifndef PARAVENT_PROTO_FACTDATA_H
#define PARAVENT_PROTO_FACTDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/apikey.h"
#include "proto/fact.h"
#include "proto/plan.h"
#include "proto/sigmsg.h"
#include "proto/words.h"

/* X(symbol, name): why a story ended, or what it was that did not fit */
#define FACTDATA_REASONS(X)                                                   \
	X(REASON_HOST, "host")                                                \
	X(REASON_API, "api")                                                  \
	X(REASON_LEFT, "left")                                                \
	X(REASON_LOST, "lost")                                                \
	X(REASON_REPLACED, "replaced")                                        \
	X(REASON_ENDED, "ended")                                              \
	X(REASON_RESTART, "server-restart")                                   \
	X(REASON_AGE, "age")                                                  \
	X(REASON_PASSWORD, "password")                                        \
	X(REASON_DISABLED, "disabled")                                        \
	X(REASON_TOO_FAST, "too-fast")                                        \
	X(REASON_MALFORMED, "malformed")                                      \
	X(REASON_UNKNOWN, "unknown")                                          \
	X(REASON_REVOKED, "revoked")                                          \
	X(REASON_SCOPE, "scope")                                              \
	X(REASON_TOO_LONG, "too-long")                                        \
	X(REASON_KEY, "key")                                                  \
	X(REASON_ISSUER, "issuer")                                            \
	X(REASON_ALGORITHM, "algorithm")                                      \
	X(REASON_SIGNATURE, "signature")                                      \
	X(REASON_AUDIENCE, "audience")                                        \
	X(REASON_EXPIRED, "expired")                                          \
	X(REASON_NOT_YET, "not-yet")                                          \
	X(REASON_LIFETIME, "lifetime")                                        \
	X(REASON_CLAIMS, "claims")                                            \
	X(REASON_MEETING, "meeting")                                          \
	X(REASON_ROLE, "role")

/* X(symbol, name): how a client reached the relay */
#define FACTDATA_TRANSPORTS(X)                                                \
	X(TRANSPORT_UDP, "udp")                                               \
	X(TRANSPORT_TCP, "tcp")                                               \
	X(TRANSPORT_TLS, "tls")

/* X(symbol, name): where a token was presented */
#define FACTDATA_VIAS(X)                                                      \
	X(VIA_HTTP, "http")                                                   \
	X(VIA_SOCKET, "socket")

/* X(symbol, bit, name): what somebody of the staff may do; sorted by name */
#define FACTDATA_ROLES(X)                                                     \
	X(ROLE_ADMIN, 1, "admin")                                             \
	X(ROLE_AUDIT, 2, "audit")                                             \
	X(ROLE_HOST, 4, "host")

enum factdata_role {
#define X(symbol, bit, name) symbol = bit,
	FACTDATA_ROLES(X)
#undef X
};

enum factdata_transport {
	TRANSPORT_NONE,
#define X(symbol, name) symbol,
	FACTDATA_TRANSPORTS(X)
#undef X
	TRANSPORT_COUNT
};

enum factdata_via {
	VIA_NONE,
#define X(symbol, name) symbol,
	FACTDATA_VIAS(X)
#undef X
	VIA_COUNT
};

enum factdata_reason {
	REASON_NONE,
#define X(symbol, name) symbol,
	FACTDATA_REASONS(X)
#undef X
	REASON_COUNT
};

/* Everything but meeting.created and .changed; what a kind has not stays zero. */
struct factdata {
	char id[SIGMSG_ID_SIZE];	/* whom it is about */
	char by[SIGMSG_ID_SIZE];	/* the host, or the guest, who did it */
	char peer[SIGMSG_ID_SIZE];	/* the other end of the call */
	bool host;			/* role */
	bool resumed;
	enum factdata_reason reason;
	enum sigmsg_path path;
	size_t stats_len;		/* canonical JSON */
	char stats[SIGMSG_STATS_MAX + 1];
	uint32_t closed;		/* server.recovered */
	enum factdata_transport transport;	/* relay.* */
	uint64_t bytes_up, bytes_down;	/* relay.closed; from and to the client */
	uint32_t seconds;
	char version[32];		/* server.started */
	enum factdata_via via;		/* token.refused */
	int64_t expires_at;		/* ms since 1970; invitation.made: 0 for none */
	uint32_t opens_before;		/* invitation.made; minutes */
	bool again;			/* invitation.used: not for the first time */
	unsigned int roles;		/* staff.added, .changed: ROLE_*; 0: as they were */
	bool has_disabled, disabled;	/* staff.changed */
	bool password;			/* staff.changed: there is a new one */
	bool everywhere;		/* staff.signed_out: all sessions */
	uint8_t hash[FACT_HASH_SIZE];	/* key.made, log.checkpoint */
	char label[APIKEY_LABEL_SIZE];	/* key.made */
	unsigned int scopes;		/* key.made: APIKEY_* */
	uint64_t seq;			/* log.checkpoint */
	int64_t at;
	uint8_t kept[FACT_HASH_SIZE];
};

/* The roles, for words.h: "admin,audit,host". */
extern const struct word factdata_roles[];

/* Writes f->data as f->kind wants it; all that is required must be there. */
void factdata_put(struct fact *f, const struct factdata *d);

/* Reads f->data as f->kind has it. Returns 0 or ERR_CORRUPT. */
int factdata_get(struct factdata *out, const struct fact *f);

/* Writes data and personal of meeting.created. */
void factdata_put_plan(struct fact *f, const struct meeting_plan *p);

/* Reads them; nothing personal (erased) reads as "". Returns 0 or ERR_CORRUPT. */
int factdata_get_plan(struct meeting_plan *out, const struct fact *f);

/* Writes data and personal of meeting.changed: the members that c->has names. */
void factdata_put_change(struct fact *f, const struct meeting_change *c);

/* Reads them; what is personal and erased is not in out->has. 0 or ERR_CORRUPT. */
int factdata_get_change(struct meeting_change *out, const struct fact *f);

#endif
