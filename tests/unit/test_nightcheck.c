#include <stdlib.h>
#include <time.h>

#include "app/nightcheck.h"
#include "base/clock.h"

#include "unit.h"

#define HOUR INT64_C(3600000)

static int64_t at(const char *text)
{
	int64_t ms;

	ck_assert_int_eq(clock_rfc3339_parse(&ms, text, strlen(text)), 0);
	return ms;
}

/* How often it begins in so many hours, looked at every ten minutes. */
static int times(const char *from, int hours, int64_t *last)
{
	const int64_t start = at(from);
	int count = 0;

	for (int64_t now = start; now < start + hours * HOUR; now += HOUR / 6) {
		if (nightcheck_due(now, *last)) {
			*last = now;
			count++;
		}
	}
	return count;
}

START_TEST(test_it_is_once_a_night)
{
	/* nightcheck.h: between three and five, local time, not twice in a night */
	static const char *const zones[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
					    "PST8PDT,M3.2.0,M11.1.0"};
	int64_t last;

	for (size_t i = 0; i < 3; i++) {
		setenv("TZ", zones[i], 1);
		tzset();
		/* the weeks in which clocks are put forward and back, too */
		last = at("2026-03-01T12:00:00Z");
		ck_assert_int_eq(times("2026-03-01T12:00:00Z", 24 * 60, &last), 60);
		last = at("2026-10-01T12:00:00Z");
		ck_assert_int_eq(times("2026-10-01T12:00:00Z", 24 * 60, &last), 60);
	}
}
END_TEST

START_TEST(test_its_time)
{
	/* nightcheck.h: at night; a server that just started waits; a day without is made
	 * good at any hour */
	setenv("TZ", "UTC0", 1);
	tzset();
	ck_assert(!nightcheck_due(at("2026-11-20T02:59:00Z"), at("2026-11-19T12:00:00Z")));
	ck_assert(nightcheck_due(at("2026-11-20T03:00:00Z"), at("2026-11-19T12:00:00Z")));
	ck_assert(!nightcheck_due(at("2026-11-20T05:00:00Z"), at("2026-11-19T12:00:00Z")));
	ck_assert(!nightcheck_due(at("2026-11-20T04:00:00Z"), at("2026-11-20T03:00:00Z")));
	ck_assert(nightcheck_due(at("2026-11-20T14:00:00Z"), at("2026-11-19T12:00:00Z")));
	ck_assert(!nightcheck_due(at("2026-11-20T12:00:00Z"), at("2026-11-19T12:00:00Z")));
}
END_TEST

UNIT_MAIN("nightcheck", test_it_is_once_a_night, test_its_time)
