#include "proto/apiquery.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/utf8.h"

/* The longest value that means anything: a cursor, a time with nine places. */
#define VALUE_SIZE 64

/* Each reader gives NULL, or the sentence about what is wrong with the value. */
typedef const char *read_fn(void *out, const char *value, size_t len);

struct parameter {
	const char *name;
	read_fn *read;
};

/* A whole number up to `max`, in digits alone. */
static bool read_number(uint64_t *out, const char *s, size_t len, uint64_t max)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		const unsigned digit = (unsigned)s[i] - '0';

		if (digit > 9 || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return len > 0;
}

static int index_of(const char *const *names, const char *s)
{
	int i;

	for (i = 0; names[i]; i++)
		if (strcmp(names[i], s) == 0)
			return i;
	return -1;
}

/* --- All parameters of one query ---------------------------------------------------- */

static const char *read_one(const struct parameter *p, void *out, struct http_span query)
{
	char value[VALUE_SIZE];
	ssize_t len = http_query_get(value, sizeof(value), query, p->name);

	switch (len) {
	case ERR_NOT_FOUND:
		return NULL;
	case ERR_DUPLICATE:
		return "is given twice";
	case ERR_MALFORMED:
		return "is not percent-encoded soundly";
	case ERR_NO_SPACE:
		return "is too long";
	default:
		return p->read(out, value, (size_t)len);
	}
}

static bool is_known(const struct parameter *p, size_t count, struct http_span name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (http_span_is(name, p[i].name))
			return true;
	return false;
}

/* The name is the client's: only what is text is shown to it again. */
static void complain_of(struct problem_fields *fields, struct http_span name)
{
	char text[PROBLEM_FIELD_SIZE] = "";

	if (name.len < sizeof(text) && utf8_is_valid(name.p, name.len))
		memcpy(text, name.p, name.len);
	problem_add(fields, text, "is not a parameter this call knows");
}

static void read_names(const struct parameter *p, size_t count,
		       struct problem_fields *fields, struct http_span query)
{
	const char *const end = query.p + query.len;
	const char *at = query.p;

	while (at < end) {
		const char *amp = memchr(at, '&', (size_t)(end - at));
		const char *stop = amp ? amp : end;
		const char *eq = memchr(at, '=', (size_t)(stop - at));
		const struct http_span name = {at, (size_t)((eq ? eq : stop) - at)};

		if (stop > at && !is_known(p, count, name))
			complain_of(fields, name);
		at = amp ? amp + 1 : end;
	}
}

static int read_all(const struct parameter *p, size_t count, void *out,
		    struct problem_fields *fields, struct http_span query)
{
	size_t i;

	fields->count = 0;
	for (i = 0; i < count; i++) {
		const char *detail = read_one(&p[i], out, query);

		if (detail)
			problem_add(fields, p[i].name, detail);
	}
	if (query.len)
		read_names(p, count, fields, query);
	return fields->count ? ERR_RANGE : 0;
}

/* --- Meetings ------------------------------------------------------------------------ */

struct meetings_query {
	struct apiquery_meetings *out;
	const char *const *statuses;
};

static const char *read_limit(unsigned *out, const char *s, size_t len)
{
	uint64_t n;

	if (!read_number(&n, s, len, APIQUERY_LIMIT_MAX) || !n)
		return "must be a whole number from 1 to 200";
	*out = (unsigned)n;
	return NULL;
}

static const char *read_time(int64_t *out, const char *s, size_t len)
{
	return clock_rfc3339_parse(out, s, len) ?
		"must be a time as in 2026-11-20T09:30:00Z; + is written %2B" : NULL;
}

static const char *meetings_limit(void *arg, const char *s, size_t len)
{
	const struct meetings_query *q = arg;

	return read_limit(&q->out->limit, s, len);
}

static const char *meetings_after(void *arg, const char *s, size_t len)
{
	const struct meetings_query *q = arg;

	return cursor_read(&q->out->after, s, len) ?
		"must be the `next` of an earlier page" : NULL;
}

static const char *meetings_status(void *arg, const char *s, size_t len)
{
	const struct meetings_query *q = arg;

	(void)len;
	q->out->status = index_of(q->statuses, s);
	return q->out->status < 0 ?
		"must be scheduled, open, ended, cancelled or expired" : NULL;
}

static const char *meetings_from(void *arg, const char *s, size_t len)
{
	const struct meetings_query *q = arg;

	return read_time(&q->out->from, s, len);
}

static const char *meetings_to(void *arg, const char *s, size_t len)
{
	const struct meetings_query *q = arg;

	return read_time(&q->out->to, s, len);
}

int apiquery_meetings(struct apiquery_meetings *out, struct problem_fields *fields,
		      struct http_span query, const char *const *statuses)
{
	static const struct parameter known[] = {
		{"limit", meetings_limit},
		{"after", meetings_after},
		{"status", meetings_status},
		{"from", meetings_from},
		{"to", meetings_to},
	};
	struct meetings_query q = {out, statuses};

	memset(out, 0, sizeof(*out));
	out->limit = APIQUERY_LIMIT_DEFAULT;
	out->status = -1;
	out->from = INT64_MIN;
	out->to = INT64_MAX;
	return read_all(known, ARRAY_LEN(known), &q, fields, query);
}

/* --- Events -------------------------------------------------------------------------- */

static const char *read_seq(uint64_t *out, const char *s, size_t len)
{
	/* SQLite's integers are signed */
	return read_number(out, s, len, INT64_MAX) ? NULL :
		"must be the `seq` of an event";
}

static const char *events_limit(void *arg, const char *s, size_t len)
{
	struct apiquery_events *out = arg;

	return read_limit(&out->limit, s, len);
}

static const char *events_after(void *arg, const char *s, size_t len)
{
	struct apiquery_events *out = arg;

	return read_seq(&out->after, s, len);
}

int apiquery_events(struct apiquery_events *out, struct problem_fields *fields,
		    struct http_span query)
{
	static const struct parameter known[] = {
		{"limit", events_limit},
		{"after", events_after},
	};

	out->limit = APIQUERY_LIMIT_DEFAULT;
	out->after = 0;
	return read_all(known, ARRAY_LEN(known), out, fields, query);
}

static const char *stream_after(void *arg, const char *s, size_t len)
{
	return read_seq(arg, s, len);
}

int apiquery_stream(uint64_t *after, struct problem_fields *fields,
		    struct http_span query, struct http_span last_event_id)
{
	static const struct parameter known[] = {{"after", stream_after}};
	int err;

	*after = 0;
	err = read_all(known, ARRAY_LEN(known), after, fields, query);
	if (last_event_id.p && last_event_id.len &&
	    read_seq(after, last_event_id.p, last_event_id.len)) {
		problem_add(fields, "Last-Event-ID", "must be the `id` of an event");
		err = ERR_RANGE;
	}
	return err;
}

/* --- Reports ------------------------------------------------------------------------- */

struct report_query {
	int *out;
	const char *const *langs;
};

static const char *report_lang(void *arg, const char *s, size_t len)
{
	const struct report_query *q = arg;

	(void)len;
	*q->out = index_of(q->langs, s);
	return *q->out < 0 ? "must be a language that the page is written in" : NULL;
}

int apiquery_report(int *out, struct problem_fields *fields, struct http_span query,
		    const char *const *langs)
{
	static const struct parameter known[] = {{"lang", report_lang}};
	struct report_query q = {out, langs};

	*out = -1;
	return read_all(known, ARRAY_LEN(known), &q, fields, query);
}
