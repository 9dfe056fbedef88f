/**
 * Webhooks: every fact that a hook wants is sent to it, one POST after the other, in the
 * order of seq, again and again until it is taken (any 2xx, within ten seconds). How far
 * each has got is remembered, so nothing is missed over an outage of the receiver or a
 * restart of ours; after a crash the deliveries of the last second may come twice.
 *
 * What a hook never gets: personal members. What is never in the log: the query of its
 * URL, and its secret.
 */
#ifndef PARAVENT_APP_WEBHOOKS_H
#define PARAVENT_APP_WEBHOOKS_H

#include <stdbool.h>

#include "app/admin.h"
#include "app/hook.h"
#include "app/house.h"
#include "base/buf.h"
#include "net/loop.h"
#include "proto/conf.h"
#include "store/reader.h"

struct webhooks;

/**
 * Reads the secrets of conf's hooks; they start with webhooks_start().
 *
 * l, h, r: borrowed; the reader must be closed before webhooks_free().
 * why:     on failure gets one sentence.
 *
 * Returns 0, or the error of a secret or CA file that cannot be used.
 */
int webhooks_new(struct webhooks **out, struct loop *l, struct house *h,
		 struct reader *r, struct buf *why);

/* The ledger runs: goes on where each hook had got. */
void webhooks_start(struct webhooks *w);

/* The ledger is durable further than before. */
void webhooks_moved(struct webhooks *w);

/* The ledger was cut up to the fact `seq`: the log tells which hooks miss something. */
void webhooks_cut(struct webhooks *w, uint64_t seq);

/**
 * Takes over the hooks of the house's conf, which has changed. A hook keeps its place
 * by its name. why: on failure gets one sentence; the hooks then stay as they were.
 */
int webhooks_reload(struct webhooks *w, struct buf *why);

/**
 * The server stops: sends nothing more and remembers how far each has got, also by the
 * requests that still run. webhooks_stopped() says when that is done (the ledger must
 * still run).
 */
void webhooks_stop(struct webhooks *w);
bool webhooks_stopped(const struct webhooks *w);

/* Brings GET /admin/webhooks and POST /admin/webhooks/{}/test and /replay
 * (webhooksadmin.c). */
void webhooks_serve_admin(struct webhooks *w, struct admin *a);

/* Accepts NULL. */
void webhooks_free(struct webhooks *w);

/* One by its number from 0, in the order of the configuration, or NULL. Not for keeps:
 * a reload may take it away. */
struct hook *webhooks_at(struct webhooks *w, size_t i);

/* Called once; err: 0, or why it is not known whether it was remembered. */
typedef void webhooks_saved_fn(void *arg, int err);

/* Sends all after the fact `seq` to the hook (again), and remembers that. */
void webhooks_rewind(struct webhooks *w, struct hook *h, uint64_t seq,
		     webhooks_saved_fn *saved, void *arg);

struct loop *webhooks_loop(const struct webhooks *w);
struct house *webhooks_house(const struct webhooks *w);

/* For `paravent check`: whether the files that a hook names can be used. */
int webhooks_check_files(const struct conf *conf, struct buf *why);

#endif
