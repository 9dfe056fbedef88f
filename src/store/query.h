/**
 * Questions to the ledger and its views, over a connection that only reads. For the
 * reader's thread (reader.h) and for commands; one thread at a time.
 *
 * No question costs more when there are more meetings: each is answered out of an
 * index, a page at a time.
 */
#ifndef PARAVENT_STORE_QUERY_H
#define PARAVENT_STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cursor.h"
#include "proto/fact.h"
#include "proto/plan.h"
#include "proto/report.h"
#include "store/why.h"

struct query;

/**
 * Opens the ledger in `state_dir`, also while a server writes; keys.db may be missing.
 *
 * Returns 0, or an error as ledger_verify(); ERR_VERSION also for an older schema that
 * has no views yet, which the server brings up to date when it starts.
 */
int query_open(struct query **out, const char *state_dir, struct why *why);
void query_close(struct query *q);		/* accepts NULL */

/**
 * All questions between these two see the same moment. Without them each question
 * sees a moment of its own. End it soon: the write-ahead log grows meanwhile.
 */
int query_begin(struct query *q, struct why *why);
void query_end(struct query *q);

/*
 * X(symbol, name): the states of a meeting, as the column `status` has them. The
 * numbers lie on disk: never change them.
 */
#define QUERY_STATUSES(X)                                                     \
	X(QUERY_SCHEDULED, "scheduled")                                       \
	X(QUERY_OPEN, "open")                                                 \
	X(QUERY_ENDED, "ended")                                               \
	X(QUERY_CANCELLED, "cancelled")                                       \
	X(QUERY_EXPIRED, "expired")

enum query_status {
#define X(symbol, name) symbol,
	QUERY_STATUSES(X)
#undef X
	QUERY_STATUS_COUNT
};

const char *query_status_name(enum query_status status);

#define QUERY_ID_LEN 22
#define QUERY_ID_SIZE (QUERY_ID_LEN + 1)

struct query_meeting {
	char id[QUERY_ID_SIZE];
	enum query_status status;
	struct meeting_plan plan;	/* title, host_name: "" when erased */
	int64_t created_at;
	int64_t opened_at, over_at;	/* 0: not yet, or never */
	bool erased;			/* personal.erased was written */
	uint32_t version;		/* facts in its stream so far (for core's recall) */
	uint64_t last_seq;		/* seq of the last of them */
};

#define QUERY_LIMIT_MAX 200

struct query_filter {
	int status;			/* enum query_status, or -1 for all */
	int64_t from, to;		/* from <= startsAt < to; INT64_MIN, INT64_MAX */
	unsigned int limit;		/* 1..QUERY_LIMIT_MAX */
	struct cursor after;		/* the `next` of the page before */
};

/**
 * A page of meetings, newest start first; of one start, the last one made first.
 *
 * rows: at least filter->limit of them.
 * next: where the next page begins.
 *
 * Returns 0 and the count, ERR_CORRUPT or ERR_IO.
 */
int query_meetings(struct query *q, const struct query_filter *filter,
		   struct query_meeting *rows, size_t *count, struct cursor *next,
		   struct why *why);

/* One meeting. id: any bytes from outside. ERR_NOT_FOUND when there is none. */
int query_meeting(struct query *q, const char *id, size_t len,
		  struct query_meeting *row, struct why *why);

#define QUERY_FACTS_MAX 1000

/**
 * One fact, borrowed until the function returns.
 *
 * personal: its personal members in clear text, or NULL.
 * erased:   it has some, and their key is gone (or keys.db is).
 */
struct query_fact {
	const struct fact_row *row;
	const uint8_t *hash;
	const char *personal;
	size_t personal_len;
	bool erased;
};
/* Non-zero stops. */
typedef int query_fact_fn(void *arg, const struct query_fact *fact);

/**
 * Facts in their order, those with seq > after, of one stream or (NULL) of all. They
 * are not checked against the chain: that is verify's.
 *
 * limit: 1..QUERY_FACTS_MAX.
 *
 * Returns the number of facts told; what `fn` returned if that was below zero (above
 * zero it stops and counts as told); ERR_CORRUPT or ERR_IO.
 */
int query_facts(struct query *q, const char *stream, uint64_t after,
		unsigned int limit, query_fact_fn *fn, void *arg, struct why *why);

/* The last durable fact; 0 while there is none. */
int query_last(struct query *q, uint64_t *seq, struct why *why);

/* The report of a visit (proto/report.h). ERR_NOT_FOUND when there is no such meeting. */
int query_report(struct query *q, const char *id, size_t len, struct report *out,
		 struct why *why);

/**
 * Meetings that have been over since before `over_before` (wall clock, ms) and whose
 * personal members were not erased yet, the oldest first; at most `cap` (app/retention
 * asks, once an hour).
 *
 * Returns their count, ERR_CORRUPT or ERR_IO.
 */
int query_aged(struct query *q, int64_t over_before, char (*ids)[QUERY_ID_SIZE],
	       size_t cap, struct why *why);

#endif
