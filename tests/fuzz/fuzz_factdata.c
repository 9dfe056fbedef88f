/*
 * The first byte chooses the kind, the rest is its data. What reads can be written, and
 * what was written reads the same and is written the same: it is canonical.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proto/factdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fact in, out, again;

static void check(int holds)
{
	if (!holds)
		abort();
}

static void plan(void)
{
	struct meeting_plan p, q;

	if (factdata_get_plan(&p, &in))
		return;
	factdata_put_plan(&out, &p);
	check(factdata_get_plan(&q, &out) == 0);
	factdata_put_plan(&again, &q);
	check(out.data_len == again.data_len);
	check(strcmp(out.data, again.data) == 0);
}

static void rest(void)
{
	struct factdata d, e;

	if (factdata_get(&d, &in))
		return;
	factdata_put(&out, &d);
	check(factdata_get(&e, &out) == 0);
	factdata_put(&again, &e);
	check(out.data_len == again.data_len);
	check(strcmp(out.data, again.data) == 0);
	check(strcmp(d.id, e.id) == 0 && strcmp(d.by, e.by) == 0);
	check(d.reason == e.reason && d.host == e.host && d.resumed == e.resumed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size - 1 > FACT_DATA_MAX)
		return 0;
	in.kind = out.kind = again.kind = (enum fact_kind)(data[0] % FACT_KIND_COUNT);
	in.data_len = size - 1;
	memcpy(in.data, data + 1, size - 1);
	in.data[size - 1] = '\0';
	if (in.kind == FACT_MEETING_CREATED)
		plan();
	else
		rest();
	return 0;
}
