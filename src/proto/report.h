/**
 * The report of one meeting: who came, waited, was let in, and how the call went, as
 * the ledger's facts tell it. For GET /api/meetings/{id}/report; the same as a page to
 * print is reportpage's.
 *
 * A report is made while a meeting goes on too: what still runs has a `since` and no
 * end, and counts up to `made_at`.
 */
#ifndef PARAVENT_PROTO_REPORT_H
#define PARAVENT_PROTO_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/fact.h"
#include "proto/plan.h"
#include "proto/sigmsg.h"

#define REPORT_ID_SIZE 23		/* a meeting's id and NUL */
#define REPORT_STATUS_SIZE 16		/* "scheduled", "open", ... */
#define REPORT_PEOPLE_MAX 200		/* listed; the rest is only counted */

/* X(symbol, name): how somebody's story in the meeting ended */
#define REPORT_ENDS(X)                                                        \
	X(REPORT_LEFT, "left")                                                \
	X(REPORT_LOST, "lost")                                                \
	X(REPORT_REPLACED, "replaced")                                        \
	X(REPORT_ENDED, "ended")                                              \
	X(REPORT_RESTART, "server-restart")                                   \
	X(REPORT_DENIED, "denied")                                            \
	X(REPORT_REMOVED, "removed")

enum report_end {
	REPORT_STAYS,		/* it has not ended */
#define X(symbol, name) symbol,
	REPORT_ENDS(X)
#undef X
	REPORT_END_COUNT
};

/* The name, or NULL for REPORT_STAYS. */
const char *report_end_name(enum report_end end);

/* REPORT_STAYS when there is no such name. */
enum report_end report_end_of(const char *name, size_t len);

/* X(symbol, name): what became of the proof that nobody listens in */
#define REPORT_PROOFS(X)                                                      \
	X(REPORT_VERIFIED, "verified")                                        \
	X(REPORT_UNVERIFIED, "unverified")                                    \
	X(REPORT_REFUSED, "refused")

enum report_proof {
	REPORT_NO_PROOF,	/* nobody said anything: "none" */
#define X(symbol, name) symbol,
	REPORT_PROOFS(X)
#undef X
	REPORT_PROOF_COUNT
};

const char *report_proof_name(enum report_proof proof);	/* never NULL */
enum report_proof report_proof_of(const char *name, size_t len);

/* Times are wall clock, ms since 1970; 0: has not happened. */
struct report_person {
	char id[SIGMSG_ID_SIZE];
	bool host;
	int64_t waiting_at;		/* knocked first */
	int64_t admitted_at;
	int64_t joined_at;		/* was inside first */
	int64_t left_at;		/* last; 0 as well while inside or waiting */
	enum report_end end;
	int64_t inside_ms;		/* of the stays that are over */
	int64_t inside_since;		/* 0: not inside */
	uint32_t away;			/* how often the connection was lost */
};

struct report {
	char id[REPORT_ID_SIZE];
	char status[REPORT_STATUS_SIZE];
	struct meeting_plan plan;	/* title and host_name "" when there are none */
	bool erased;			/* personal data: there were some perhaps */
	int64_t created_at, opened_at, over_at;
	char over_by[FACT_ACTOR_SIZE];	/* the actor of the last word; "": none yet */

	int64_t together_ms;		/* a host and a guest were inside; as inside_ms */
	int64_t together_since;		/* 0: not so at present */

	/* Of all that was reported as connected: one path, or mixed, or neither. */
	enum sigmsg_path path;
	bool path_mixed;
	enum report_proof verified;	/* the worst that was reported */
	uint32_t reconnects;		/* calls lost and connected anew */

	uint64_t relay_up, relay_down;	/* bytes, from and to the clients */
	uint64_t relay_seconds;

	/* Those who were inside first, in the order of coming; then the others. */
	struct report_person *person;	/* ours: report_fini() frees */
	size_t people;			/* at most REPORT_PEOPLE_MAX */
	uint64_t people_more;		/* that are not listed */
};

void report_init(struct report *r);
void report_fini(struct report *r);	/* frees what it holds; may be used anew */

/**
 * A further person, zeroed, to be filled in; NULL beyond REPORT_PEOPLE_MAX, and then
 * counted in people_more. Valid until the next call.
 */
struct report_person *report_add(struct report *r);

/* What the counts come to at `made_at` (wall clock, ms); never below zero. */
int64_t report_inside_ms(const struct report_person *p, int64_t made_at);
int64_t report_together_ms(const struct report *r, int64_t made_at);

/* "direct", "relay-udp", ..., "mixed", or NULL when nobody was connected. */
const char *report_path_name(const struct report *r);

/* From the knock to the entry, or until now or the end for one who never got in. */
int64_t report_waited_ms(const struct report_person *p, int64_t made_at);

/**
 * Appends the report as the API shows it.
 *
 * made_at:  wall clock, ms; is a member, and the end of what still runs.
 * practice: its name.
 */
void report_put(struct buf *b, const struct report *r, int64_t made_at,
		const char *practice);

#endif
