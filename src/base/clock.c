#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/err.h"

static int64_t read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

uint64_t clock_mono_us(void)
{
	return (uint64_t)read_us(CLOCK_MONOTONIC);
}

uint64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

#define YEAR_1_MS (-62135596800000LL)
#define YEAR_9999_MS 253402300799999LL

size_t clock_rfc3339(char out[CLOCK_RFC3339_SIZE], int64_t wall_ms)
{
	struct tm tm;
	time_t s;
	int ms, n;

	if (wall_ms < YEAR_1_MS)
		wall_ms = YEAR_1_MS;
	if (wall_ms > YEAR_9999_MS)
		wall_ms = YEAR_9999_MS;
	ms = (int)((wall_ms % 1000 + 1000) % 1000);
	s = (time_t)((wall_ms - ms) / 1000);
	gmtime_r(&s, &tm);
	n = snprintf(out, CLOCK_RFC3339_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d",
		     (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday % 100,
		     tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
	n += snprintf(out + n, CLOCK_RFC3339_SIZE - (size_t)n,
		      ms ? ".%03dZ" : "Z", ms);
	return (size_t)n;
}

/* Reads exactly `n` digits at *s; false when they are not there. */
static bool digits(const char **s, const char *end, int n, int *v)
{
	*v = 0;
	while (n--) {
		if (*s == end || **s < '0' || **s > '9')
			return false;
		*v = *v * 10 + (*(*s)++ - '0');
	}
	return true;
}

static bool one_of(const char **s, const char *end, const char *set)
{
	if (*s == end)
		return false;
	for (; *set; set++) {
		if (**s == *set) {
			(*s)++;
			return true;
		}
	}
	return false;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar. */
static int64_t days(int y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int month_days(int y, int m)
{
	static const int len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m == 2 && leap ? 29 : len[m - 1];
}

int clock_rfc3339_parse(int64_t *wall_ms, const char *s, size_t len)
{
	const char *end = s + len;
	int y, mo, d, h, mi, sec, oh = 0, om = 0, ms = 0, scale = 100;
	bool minus = false;

	if (!digits(&s, end, 4, &y) || !one_of(&s, end, "-") ||
	    !digits(&s, end, 2, &mo) || !one_of(&s, end, "-") ||
	    !digits(&s, end, 2, &d) || !one_of(&s, end, "Tt ") ||
	    !digits(&s, end, 2, &h) || !one_of(&s, end, ":") ||
	    !digits(&s, end, 2, &mi) || !one_of(&s, end, ":") ||
	    !digits(&s, end, 2, &sec))
		return ERR_MALFORMED;
	if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > month_days(y, mo) ||
	    h > 23 || mi > 59 || sec > 60)
		return ERR_MALFORMED;
	if (one_of(&s, end, ".")) {
		if (s == end || *s < '0' || *s > '9')
			return ERR_MALFORMED;
		for (; s < end && *s >= '0' && *s <= '9'; s++, scale /= 10)
			ms += (*s - '0') * scale;
	}
	if (!one_of(&s, end, "Zz")) {
		if (s < end)
			minus = *s == '-';
		if (!one_of(&s, end, "+-") || !digits(&s, end, 2, &oh) ||
		    !one_of(&s, end, ":") || !digits(&s, end, 2, &om) ||
		    oh > 23 || om > 59)
			return ERR_MALFORMED;
	}
	if (s != end)
		return ERR_MALFORMED;
	oh = (oh * 60 + om) * (minus ? -1 : 1);
	*wall_ms = ((days(y, mo, d) * 24 + h) * 60 + mi - oh) * 60000 +
		   sec * 1000 + ms;
	return 0;
}
