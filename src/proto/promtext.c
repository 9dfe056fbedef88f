#include "proto/promtext.h"

#include <inttypes.h>

#include "base/mem.h"

static const struct {
	uint64_t us;
	const char *le;
} bounds[] = {
	{1000, "0.001"},   {2500, "0.0025"},  {5000, "0.005"},	 {10000, "0.01"},
	{25000, "0.025"},  {50000, "0.05"},   {100000, "0.1"},	 {250000, "0.25"},
	{500000, "0.5"},   {1000000, "1"},    {2500000, "2.5"}, {5000000, "5"},
	{10000000, "10"},
};

_Static_assert(ARRAY_LEN(bounds) == PROMTEXT_BUCKETS, "a bucket has a bound");

void promtext_observe(struct promtext_histogram *h, uint64_t us)
{
	size_t i = 0;

	while (i < ARRAY_LEN(bounds) && us > bounds[i].us)
		i++;
	h->bucket[i]++;
	h->sum_us += us;
}

void promtext_family(struct buf *out, const char *name, const char *type,
		     const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The name of a number with its labels, and the blank behind it. */
static void put_name(struct buf *out, const char *name, const char *labels)
{
	buf_printf(out, *labels ? "%s{%s} " : "%s%s ", name, labels);
}

void promtext_put(struct buf *out, const char *name, const char *labels, uint64_t value)
{
	put_name(out, name, labels);
	buf_printf(out, "%" PRIu64 "\n", value);
}

void promtext_put_real(struct buf *out, const char *name, const char *labels,
		       double value)
{
	put_name(out, name, labels);
	buf_printf(out, "%.6f\n", value);
}

void promtext_put_histogram(struct buf *out, const char *name, const char *help,
			    const struct promtext_histogram *h)
{
	uint64_t count = 0;

	promtext_family(out, name, "histogram", help);
	for (size_t i = 0; i < ARRAY_LEN(h->bucket); i++) {
		count += h->bucket[i];
		buf_printf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name,
			   i < ARRAY_LEN(bounds) ? bounds[i].le : "+Inf", count);
	}
	buf_printf(out, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name,
		   (double)h->sum_us / 1e6, name, count);
}
