/**
 * One webhook at work: reads the facts that it wants, a page at a time, and posts them
 * one after the other until each is taken.
 *
 *	reads -> sends -> taken: sends the next, or reads on
 *	               -> not taken: waits (1 s, 2 s, ... 5 min), sends it again
 */
#ifndef PARAVENT_APP_HOOK_H
#define PARAVENT_APP_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/httpclient.h"
#include "net/loop.h"
#include "proto/hookconf.h"
#include "store/reader.h"

#define HOOK_RETRY_MS 1000		/* after the first failure */
#define HOOK_RETRY_MAX_MS 300000

struct hook;

/* What all hooks share; borrowed for their lives. */
struct hook_port {
	struct loop *loop;
	struct reader *reader;
	uint64_t (*durable)(void *arg);		/* the last fact that can be read */
	void (*ended)(void *arg, struct hook *h);	/* a fact was taken, or refused */
	void *arg;
};

/* conf: copied. secret: taken. The hook rests until hook_start(). */
struct hook *hook_new(const struct hook_port *port, const struct hookconf *conf,
		      struct buf *secret);

/* A request that runs is dropped; a page that is being read frees itself. Accepts
 * NULL. */
void hook_free(struct hook *h);

/* Begins behind the fact `seq`; at: when one was last taken, 0: never. */
void hook_start(struct hook *h, uint64_t seq, int64_t at);
bool hook_started(const struct hook *h);

/* More facts may be durable. */
void hook_go(struct hook *h);

/* The receiver is said to be well: tries at once what waits for its next try. */
void hook_retry(struct hook *h);

/* Other places, kinds or secrets from now on, from the same place in the log. A hook
 * that nothing changes for is left alone. secret: taken. */
void hook_change(struct hook *h, const struct hookconf *conf, struct buf *secret);

/* Goes back, or forward, to behind the fact `seq`, and tries at once. */
void hook_rewind(struct hook *h, uint64_t seq);

/**
 * The ledger was cut up to the fact `seq`. Returns whether the hook stood before it, so
 * that its receiver misses something; then the log says so, as an error.
 */
bool hook_cut(const struct hook *h, uint64_t seq);

/* Sends nothing more; a request that runs goes on, for it may have been taken. */
void hook_stop(struct hook *h);

const struct hookconf *hook_conf(const struct hook *h);

/* How it is. */
struct hook_state {
	uint64_t seq;		/* all facts up to here were taken, or were not wanted */
	uint64_t behind;	/* facts after that, wanted or not */
	int64_t at;		/* when the last one was taken; wall clock, 0: never */
	bool sending;
	unsigned int failures;	/* in a row; 0: it is well */
	int64_t failing_since;	/* wall clock */
	int64_t next_try;	/* wall clock; 0: none is planned */
	int status;		/* of the last failure; 0: no answer came */
	const char *sentence;	/* of the last failure, "" for a bad status; static */
};
void hook_state(const struct hook *h, struct hook_state *out);

/* --- For whoever sends something to a hook that is no fact ---------------------- */

/* A client for this hook's place, with its policy. conf: borrowed for its life. */
struct httpclient *hook_client(struct loop *l, const struct hookconf *conf);

/* Posts with all headers. id: behind the name in Paravent-Delivery. body: borrowed
 * until `done`. */
void hook_post(struct httpclient *c, const struct hookconf *conf,
	       const struct buf *secret, const char *kind, const char *id,
	       const struct buf *body, httpclient_done_fn *done, void *arg);

/* Whether the receiver took it: any 2xx, however long the rest of the answer. */
bool hook_taken(const struct httpclient_end *end);

const struct buf *hook_secret(const struct hook *h);

#endif
