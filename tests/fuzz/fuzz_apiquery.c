/*
 * Any query: what is read is within its bounds, what is refused is named, and the
 * refusal is JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proto/apiquery.h"
#include "proto/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const statuses[] = {"scheduled", "open", "ended", NULL};
static const char *const langs[] = {"en", "de", NULL};

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_refusal(int err, const struct problem_fields *fields)
{
	struct json_member m[8];
	struct buf b = BUF_INIT;

	check(err == 0 || err == ERR_RANGE);
	check((err == ERR_RANGE) == (fields->count > 0));
	problem_put(&b, problem_of(err), NULL, fields);
	check(json_scan(m, 8, b.p, b.len) > 0);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct http_span query = {(const char *)data, size};
	struct problem_fields fields;
	struct apiquery_meetings m;
	struct apiquery_events e;
	uint64_t after;
	int lang, err;

	err = apiquery_meetings(&m, &fields, query, statuses);
	check_refusal(err, &fields);
	if (!err) {
		check(m.limit >= 1 && m.limit <= APIQUERY_LIMIT_MAX);
		check(m.status >= -1 && m.status < 3);
		check(m.after.first >= 0);
	}
	err = apiquery_events(&e, &fields, query);
	check_refusal(err, &fields);
	if (!err)
		check(e.limit >= 1 && e.limit <= APIQUERY_LIMIT_MAX &&
		      e.after <= INT64_MAX);
	err = apiquery_stream(&after, &fields, query, query);
	check_refusal(err, &fields);
	if (!err)
		check(after <= INT64_MAX);
	err = apiquery_report(&lang, &fields, query, langs);
	check_refusal(err, &fields);
	if (!err)
		check(lang >= -1 && lang < 2);
	return 0;
}
