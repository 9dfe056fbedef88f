/**
 * The two clocks. app reads them and hands the time down as an argument: core never
 * looks at a clock, so that its tests can live an hour in a microsecond.
 */
#ifndef PARAVENT_BASE_CLOCK_H
#define PARAVENT_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t clock_mono_ms(void);	/* for durations; never jumps */
uint64_t clock_mono_us(void);	/* the same clock, for what takes less */
int64_t clock_wall_ms(void);	/* since 1970 UTC; may jump */

#define CLOCK_RFC3339_SIZE 25	/* "2026-11-20T09:30:00.000Z" and NUL */

/**
 * Writes RFC 3339 in UTC with a Z; milliseconds only where they are not zero. Years 1
 * to 9999, others are clamped. Returns the length.
 */
size_t clock_rfc3339(char out[CLOCK_RFC3339_SIZE], int64_t wall_ms);

/**
 * Reads RFC 3339 (section 5.6), any offset, fraction cut to milliseconds; a leap
 * second reads as the next second. Returns 0 or ERR_MALFORMED.
 */
int clock_rfc3339_parse(int64_t *wall_ms, const char *s, size_t len);

#endif
