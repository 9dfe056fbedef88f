/*
 * Three lines: the kind's name, its data, what is personal. What reads can be written,
 * and what was written reads the same and is written the same: it is canonical.
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

static void is_same(void)
{
	check(out.data_len == again.data_len && out.data_len <= FACT_DATA_MAX);
	check(strcmp(out.data, again.data) == 0);
	check(out.personal_len == again.personal_len);
	check(strcmp(out.personal, again.personal) == 0);
}

static void plan(void)
{
	struct meeting_plan p, q;

	if (factdata_get_plan(&p, &in))
		return;
	factdata_put_plan(&out, &p);
	check(factdata_get_plan(&q, &out) == 0);
	factdata_put_plan(&again, &q);
	is_same();
}

static void change(void)
{
	struct meeting_change c, d;

	if (factdata_get_change(&c, &in))
		return;
	factdata_put_change(&out, &c);
	check(factdata_get_change(&d, &out) == 0);
	check(c.has == d.has);
	factdata_put_change(&again, &d);
	is_same();
	plan_narrow(&d, &c.to);
	check(!d.has);
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
	check(d.roles == e.roles && d.scopes == e.scopes && d.seq == e.seq);
	check(strcmp(d.label, e.label) == 0 && d.expires_at == e.expires_at);
	check(memcmp(d.hash, e.hash, sizeof(d.hash)) == 0);
}

/* The next line of the input, in p and len; false when it is longer than `max`. */
static int line(const char **p, size_t *len, const char **next, const char *end,
		size_t max)
{
	const char *stop = memchr(*next, '\n', (size_t)(end - *next));

	*p = *next;
	*len = (size_t)((stop ? stop : end) - *p);
	*next = stop ? stop + 1 : end;
	return *len <= max;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *next = (const char *)data, *end = next + size, *p;
	size_t len;

	if (!line(&p, &len, &next, end, size) || fact_kind_of(&in.kind, p, len))
		return 0;
	out.kind = again.kind = in.kind;
	if (!line(&p, &in.data_len, &next, end, FACT_DATA_MAX))
		return 0;
	memcpy(in.data, p, in.data_len);
	in.data[in.data_len] = '\0';
	if (!line(&p, &in.personal_len, &next, end, FACT_PERSONAL_MAX))
		return 0;
	memcpy(in.personal, p, in.personal_len);
	in.personal[in.personal_len] = '\0';
	if (in.kind == FACT_MEETING_CREATED)
		plan();
	else if (in.kind == FACT_MEETING_CHANGED)
		change();
	else
		rest();
	return 0;
}
