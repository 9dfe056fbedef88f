#include "unit.h"

#include <string.h>

#include "proto/promtext.h"

static void is_text(struct buf *b, const char *text)
{
	ck_assert_str_eq(b->p, text);
	buf_fini(b);
}

START_TEST(test_numbers)
{
	/* promtext.h: a family's help and type, then its numbers with their labels */
	struct buf b = BUF_INIT;

	promtext_family(&b, "a_total", "counter", "What a is.");
	promtext_put(&b, "a_total", "", 7);
	promtext_put(&b, "a_total", "path=\"direct\"", UINT64_MAX);
	promtext_put_real(&b, "b", "", 1.25);
	is_text(&b, "# HELP a_total What a is.\n# TYPE a_total counter\na_total 7\n"
		"a_total{path=\"direct\"} 18446744073709551615\nb 1.250000\n");
}
END_TEST

START_TEST(test_histogram)
{
	/* a bound belongs to its bucket, each bucket counts those before it too, and what
	 * is beyond the last is in +Inf and the sum */
	struct promtext_histogram h = {.sum_us = 0};
	struct buf b = BUF_INIT;

	promtext_observe(&h, 0);
	promtext_observe(&h, 1000);
	promtext_observe(&h, 1001);
	promtext_observe(&h, 10000001);
	promtext_put_histogram(&b, "x_seconds", "How long.", &h);
	ck_assert_ptr_nonnull(strstr(b.p, "x_seconds_bucket{le=\"0.001\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(b.p, "x_seconds_bucket{le=\"0.0025\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(b.p, "x_seconds_bucket{le=\"10\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(b.p, "x_seconds_bucket{le=\"+Inf\"} 4\n"));
	ck_assert_ptr_nonnull(strstr(b.p, "x_seconds_sum 10.002002\nx_seconds_count 4\n"));
	buf_fini(&b);
}
END_TEST

UNIT_MAIN("promtext", test_numbers, test_histogram)
