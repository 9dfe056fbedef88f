#include "proto/apiquery.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "unit.h"

static const char *const statuses[] = {"scheduled", "open", "ended", NULL};
static const char *const langs[] = {"en", "de", NULL};

static struct problem_fields fields;

static struct http_span span(const char *s)
{
	return (struct http_span){s, s ? strlen(s) : 0};
}

static int meetings(struct apiquery_meetings *out, const char *query)
{
	return apiquery_meetings(out, &fields, span(query), statuses);
}

START_TEST(test_an_empty_query_is_the_first_page)
{
	/* doc/protocol.md, "Lists page by cursor": limit is 50. */
	static const char *const empty[] = {NULL, "", "&", "&&"};
	struct apiquery_meetings q;
	struct apiquery_events e;
	uint64_t after;
	int lang;

	for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
		ck_assert_int_eq(meetings(&q, empty[i]), 0);
		ck_assert_uint_eq(q.limit, 50);
		ck_assert_int_eq(q.after.first, 0);
		ck_assert_int_eq(q.status, -1);
		ck_assert(q.from == INT64_MIN && q.to == INT64_MAX);
		ck_assert_int_eq(apiquery_events(&e, &fields, span(empty[i])), 0);
		ck_assert(e.limit == 50 && e.after == 0);
		ck_assert_int_eq(apiquery_stream(&after, &fields, span(empty[i]),
						 span(NULL)), 0);
		ck_assert_uint_eq(after, 0);
		ck_assert_int_eq(apiquery_report(&lang, &fields, span(empty[i]), langs), 0);
		ck_assert_int_eq(lang, -1);
	}
}
END_TEST

START_TEST(test_every_parameter_is_read)
{
	struct apiquery_meetings q;
	struct apiquery_events e;
	int64_t from, to;
	int lang;

	ck_assert_int_eq(meetings(&q, "limit=200&after=19a5f0c3e80.1f4&status=ended&"
				  "from=2026-11-20T09:30:00%2B01:00&"
				  "to=2026-11-21T00%3A00%3a00Z"), 0);
	clock_rfc3339_parse(&from, "2026-11-20T08:30:00Z", 20);
	clock_rfc3339_parse(&to, "2026-11-21T00:00:00Z", 20);
	ck_assert_uint_eq(q.limit, 200);
	ck_assert_int_eq(q.after.starts_at, 0x19a5f0c3e80);
	ck_assert_int_eq(q.after.first, 0x1f4);
	ck_assert_int_eq(q.status, 2);
	ck_assert(q.from == from && q.to == to);
	ck_assert_int_eq(apiquery_events(&e, &fields, span("after=17&limit=1")), 0);
	ck_assert(e.limit == 1 && e.after == 17);
	ck_assert_int_eq(apiquery_report(&lang, &fields, span("lang=de"), langs), 0);
	ck_assert_int_eq(lang, 1);
}
END_TEST

START_TEST(test_what_is_wrong_is_named)
{
	/* doc/protocol.md: 422 with `errors`; a typing error is not silently lost. */
	static const struct {
		const char *query, *field;
	} cases[] = {
		{"limit=0", "limit"}, {"limit=201", "limit"}, {"limit=", "limit"},
		{"limit", "limit"}, {"limit=-1", "limit"}, {"limit=+5", "limit"},
		{"limit=5.0", "limit"}, {"limit=0x5", "limit"}, {"limit=%35%", "limit"},
		{"limit=99999999999999999999999999", "limit"},
		{"limit=5&limit=5", "limit"}, {"limit=5%00", "limit"},
		{"status=over", "status"}, {"status=OPEN", "status"}, {"status=", "status"},
		{"from=yesterday", "from"}, {"from=2026-11-20", "from"},
		{"to=2026-11-20T09:30:00+01:00", "to"},	/* + is a space */
		{"after=", "after"},
		{"after=0123456789012345678901234567890123456789012345678901234567890123",
		 "after"},
		{"lim%69t=5", "lim%69t"}, {"Limit=5", "Limit"}, {"=5", ""},
		{"a=1&limit=5", "a"}, {"limit=5&lang=de", "lang"}, {"\xff=1", ""},
	};
	struct apiquery_meetings q;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ck_assert_msg(meetings(&q, cases[i].query) == ERR_RANGE, "%s",
			      cases[i].query);
		ck_assert_uint_eq(fields.count, 1);
		ck_assert_str_eq(fields.item[0].field, cases[i].field);
	}
	ck_assert_int_eq(meetings(&q, "limit=x&from=y&to=z&b=1&c=2&d=3&e=4&f=5&g=6&h=7"),
			 ERR_RANGE);
	ck_assert_uint_eq(fields.count, PROBLEM_FIELDS_MAX);
}
END_TEST

START_TEST(test_a_cursor_is_ours_or_refused)
{
	/* cursor.h: what cursor_put() does not write is none */
	static const char *const bad[] = {
		"x", "1", "1.", ".1", "1.2.3", "1.2 ", " 1.2", "01.2", "1.g", "-1.2", "0x1.2",
		"ffffffffffffffffff.1", "1.2\n", "18cc25.0001", "1.2%00", "1.0", "A.2",
		"1.8000000000000000", "1.00000000000000000000000000000002",
	};
	static const struct cursor good[] = {
		{0, 1}, {1795166400000, 500}, {-1, 1}, {INT64_MIN, 1}, {INT64_MAX, INT64_MAX},
	};
	char text[CURSOR_SIZE], query[64];
	struct apiquery_meetings q;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(query, sizeof(query), "after=%s", bad[i]);
		ck_assert_msg(meetings(&q, query) == ERR_RANGE, "%s", bad[i]);
		ck_assert_str_eq(fields.item[0].field, "after");
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		cursor_put(text, &good[i]);
		snprintf(query, sizeof(query), "after=%s", text);
		ck_assert_int_eq(meetings(&q, query), 0);
		ck_assert_int_eq(q.after.starts_at, good[i].starts_at);
		ck_assert_int_eq(q.after.first, good[i].first);
	}
}
END_TEST

START_TEST(test_a_seq_is_a_whole_number)
{
	static const char *const wrong[] = {
		"after=", "after=-1", "after=1e3", "after= 1", "after=9223372036854775808",
		"after=1&after=1", "before=1",
	};
	struct apiquery_events e;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(apiquery_events(&e, &fields, span(wrong[i])) == ERR_RANGE,
			      "%s", wrong[i]);
	ck_assert_int_eq(apiquery_events(&e, &fields, span("after=9223372036854775807")), 0);
	ck_assert_uint_eq(e.after, INT64_MAX);
}
END_TEST

START_TEST(test_the_last_event_id_counts_more)
{
	/* A browser that comes back sends the address it was given, `after` and all. */
	uint64_t after;

	ck_assert_int_eq(apiquery_stream(&after, &fields, span("after=3"), span(NULL)), 0);
	ck_assert_uint_eq(after, 3);
	ck_assert_int_eq(apiquery_stream(&after, &fields, span("after=3"), span("")), 0);
	ck_assert_uint_eq(after, 3);
	ck_assert_int_eq(apiquery_stream(&after, &fields, span("after=3"), span("70")), 0);
	ck_assert_uint_eq(after, 70);
	ck_assert_int_eq(apiquery_stream(&after, &fields, span(NULL), span("7x")), ERR_RANGE);
	ck_assert_str_eq(fields.item[0].field, "Last-Event-ID");
	ck_assert_int_eq(apiquery_stream(&after, &fields, span("limit=3"), span("7")),
			 ERR_RANGE);
	ck_assert_str_eq(fields.item[0].field, "limit");
}
END_TEST

UNIT_MAIN("apiquery", test_an_empty_query_is_the_first_page, test_every_parameter_is_read,
	  test_what_is_wrong_is_named, test_a_cursor_is_ours_or_refused,
	  test_a_seq_is_a_whole_number,
	  test_the_last_event_id_counts_more)
