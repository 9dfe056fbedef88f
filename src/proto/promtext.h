/**
 * The text that Prometheus reads (exposition format 0.0.4), spelled: families with their
 * help, numbers with labels, histograms of durations. Names are the caller's, and its
 * labels come from fixed sets, so nothing is escaped here.
 */
#ifndef PARAVENT_PROTO_PROMTEXT_H
#define PARAVENT_PROTO_PROMTEXT_H

#include <stdint.h>

#include "base/buf.h"

#define PROMTEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* How long things took: buckets from 1 ms to 10 s, and one for the rest. */
#define PROMTEXT_BUCKETS 13

struct promtext_histogram {
	uint64_t bucket[PROMTEXT_BUCKETS + 1];	/* each without those before it */
	uint64_t sum_us;
};

void promtext_observe(struct promtext_histogram *h, uint64_t us);

/* Begins a family. type: "counter", "gauge"; help: one sentence on one line. */
void promtext_family(struct buf *out, const char *name, const char *type,
		     const char *help);

/* One number of the family `name`. labels: `path="direct"`, or "". */
void promtext_put(struct buf *out, const char *name, const char *labels, uint64_t value);
void promtext_put_real(struct buf *out, const char *name, const char *labels,
		       double value);

/* A whole family of seconds. */
void promtext_put_histogram(struct buf *out, const char *name, const char *help,
			    const struct promtext_histogram *h);

#endif
