/**
 * `GET /metrics` for Prometheus, on addresses of its own: what is counted is nobody's
 * business who opens the page, and a proxy in front must not pass it on.
 */
#ifndef PARAVENT_APP_METRICSPAGE_H
#define PARAVENT_APP_METRICSPAGE_H

#include "app/house.h"
#include "app/relay.h"
#include "app/signaling.h"
#include "base/buf.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"

/* Where the numbers are; borrowed for the page's life. */
struct metrics_sources {
	struct house *house;
	struct relay *relay;
	struct signaling *signaling;
	struct tls *tls;		/* NULL without a certificate */
	struct listener_gauge *gauge;	/* counts the page's own connections, too */
};

struct metricspage;

/**
 * Listens at conf->metrics_listen. An address that nobody chose and that is taken is
 * done without, with a word in the log.
 *
 * from: copied. why: on failure gets one sentence.
 *
 * Returns 0 or listener_new()'s error.
 */
int metricspage_new(struct metricspage **out, struct loop *l,
		    const struct metrics_sources *from, struct buf *why);

/* Takes nobody new. */
void metricspage_drain(struct metricspage *p);

/* Accepts NULL. */
void metricspage_free(struct metricspage *p);

/* Appends the page. */
void metrics_put(struct buf *out, const struct metrics_sources *from);

#endif
