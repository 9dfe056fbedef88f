/* Times: what is read and written again is the same moment, and what we write we
 * read. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Offsets at both ends of the calendar reach out of the years we write. */
#define DAY_MS 86400000LL
#define FIRST_MS (-62135596800000LL)
#define LAST_MS 253402300799999LL

static void there_and_back(int64_t ms)
{
	char text[CLOCK_RFC3339_SIZE];
	size_t len = clock_rfc3339(text, ms);
	int64_t again;

	assert(len == strlen(text) && len < sizeof(text));
	assert(clock_rfc3339_parse(&again, text, len) == 0);
	if (ms >= FIRST_MS && ms <= LAST_MS)
		assert(again == ms);
	else
		assert(again == (ms < FIRST_MS ? FIRST_MS : LAST_MS));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t ms;
	int err = clock_rfc3339_parse(&ms, (const char *)data, size);

	assert(err == 0 || err == ERR_MALFORMED);
	if (!err) {
		assert(ms > FIRST_MS - DAY_MS && ms < LAST_MS + DAY_MS);
		there_and_back(ms);
	}
	if (size == sizeof(ms)) {
		memcpy(&ms, data, sizeof(ms));
		there_and_back(ms);
	}
	return 0;
}
