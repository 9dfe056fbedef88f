#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "proto/apimsg.h"

#define NOW 1795166400000	/* 2026-11-20T09:20:00Z */

static struct meeting_plan plan;
static struct problem_fields fields;

static int decode(const char *text)
{
	return apimsg_plan_decode(&plan, &fields, NOW, text, strlen(text));
}

START_TEST(test_an_empty_body_asks_for_the_defaults)
{
	/* protocol.md, "Meetings": all optional; calls of the older clients send none */
	ck_assert_int_eq(decode(""), 0);
	ck_assert_int_eq(plan.kind, PLAN_CONSULTATION);
	ck_assert_int_eq(plan.starts_at, 0);
	ck_assert_uint_eq(plan.minutes, 60);
	ck_assert_uint_eq(plan.capacity, 2);
	ck_assert(plan.waiting_room && !plan.relay_only);
	ck_assert_str_eq(plan.title, "");
	ck_assert_str_eq(plan.host_name, "");
	ck_assert_int_eq(decode("{}"), 0);
	ck_assert_uint_eq(plan.capacity, 2);
	ck_assert_int_eq(decode("{\"title\":null,\"startsAt\":null,\"capacity\":null}"), 0);
	ck_assert_int_eq(plan.starts_at, 0);
}
END_TEST

START_TEST(test_capacity_depends_on_the_kind)
{
	/* protocol.md: default 2, 4 for other, 8 for class */
	ck_assert_int_eq(decode("{\"kind\":\"class\"}"), 0);
	ck_assert_uint_eq(plan.capacity, 8);
	ck_assert_int_eq(decode("{\"kind\":\"other\"}"), 0);
	ck_assert_uint_eq(plan.capacity, 4);
	ck_assert_int_eq(decode("{\"kind\":\"therapy\"}"), 0);
	ck_assert_uint_eq(plan.capacity, 2);
	ck_assert_int_eq(decode("{\"capacity\":3,\"kind\":\"class\"}"), 0);
	ck_assert_uint_eq(plan.capacity, 3);
}
END_TEST

START_TEST(test_a_full_plan_reads)
{
	/* protocol.md, "Create takes" */
	ck_assert_int_eq(decode("{\"title\":\" Follow-up \",\"kind\":\"therapy\","
				"\"startsAt\":\"2026-11-21T10:00:00.5+01:00\","
				"\"durationMinutes\":45,\"capacity\":4,\"waitingRoom\":false,"
				"\"relayOnly\":true,\"hostName\":\"Dr. M\xc3\xbcller\","
				"\"locale\":\"pt-BR\"}"), 0);
	ck_assert_str_eq(plan.title, "Follow-up");
	ck_assert_int_eq(plan.starts_at, 1795251600500);
	ck_assert_uint_eq(plan.minutes, 45);
	ck_assert(!plan.waiting_room && plan.relay_only);
	ck_assert_str_eq(plan.host_name, "Dr. M\xc3\xbcller");
	ck_assert_str_eq(plan.locale, "pt-BR");
}
END_TEST

START_TEST(test_each_wrong_member_is_named)
{
	/* protocol.md: errors [{field, detail}] on 422; an unknown member is 422 */
	static const struct {
		const char *field, *value;
	} bad[] = {
		{"title", "\"\""}, {"title", "5"}, {"title", "\"a\\u202eb\""},
		{"kind", "\"party\""}, {"kind", "1"}, {"startsAt", "\"tomorrow\""},
		{"startsAt", "1795166400"}, {"startsAt", "\"2026-11-20T08:19:00Z\""},
		{"startsAt", "\"2037-11-20T08:20:00Z\""}, {"durationMinutes", "4"},
		{"durationMinutes", "1441"}, {"durationMinutes", "60.0"},
		{"durationMinutes", "\"60\""}, {"capacity", "1"}, {"capacity", "9"},
		{"waitingRoom", "1"}, {"relayOnly", "\"true\""}, {"hostName", "\"\\n\""},
		{"locale", "\"\""}, {"locale", "\"de_DE\""}, {"locale", "\"-de\""},
		{"titel", "\"x\""}, {"", "1"},
	};
	char body[256];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(body, sizeof(body), "{\"%s\":%s}", bad[i].field, bad[i].value);
		ck_assert_msg(decode(body) == ERR_RANGE, "%s", body);
		ck_assert_uint_eq(fields.count, 1);
		ck_assert_str_eq(fields.item[0].field, bad[i].field);
		ck_assert(strlen(fields.item[0].detail) > 5);
	}
	ck_assert_int_eq(decode("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,"
				"\"h\":1,\"i\":1}"), ERR_RANGE);
	ck_assert_uint_eq(fields.count, PROBLEM_FIELDS_MAX);
}
END_TEST

START_TEST(test_lengths_are_of_characters)
{
	/* protocol.md: title 1..200 */
	char body[2048], title[1024] = "";

	for (int i = 0; i < 200; i++)
		strcat(title, "\xf0\x9f\x98\x80");
	snprintf(body, sizeof(body), "{\"title\":\"%s\"}", title);
	ck_assert_int_eq(decode(body), 0);
	ck_assert_uint_eq(strlen(plan.title), 800);
	snprintf(body, sizeof(body), "{\"title\":\"%sx\"}", title);
	ck_assert_int_eq(decode(body), ERR_RANGE);
}
END_TEST

START_TEST(test_what_is_not_one_object_is_malformed)
{
	/* apimsg.h: 400; bounded depth, each member once */
	static char deep[200] = "{\"title\":";

	ck_assert_int_eq(decode("[]"), ERR_MALFORMED);
	ck_assert_int_eq(decode("null"), ERR_MALFORMED);
	ck_assert_int_eq(decode(" "), ERR_MALFORMED);
	ck_assert_int_eq(decode("{\"title\":\"a\"} x"), ERR_MALFORMED);
	ck_assert_int_eq(decode("{\"title\":\"a\",\"title\":\"b\"}"), ERR_MALFORMED);
	ck_assert_int_eq(decode("{\"x\":{\"a\":1,\"a\":2}}"), ERR_MALFORMED);
	ck_assert_int_eq(decode("{\"title\":\"\xff\"}"), ERR_MALFORMED);
	memset(deep + 9, '[', 60);
	memset(deep + 69, ']', 60);
	deep[129] = '}';
	ck_assert_int_eq(decode(deep), ERR_MALFORMED);
	ck_assert_int_eq(apimsg_plan_decode(&plan, &fields, NOW, deep, APIMSG_BODY_MAX + 1),
			 ERR_TOO_BIG);
}
END_TEST

START_TEST(test_a_meeting_that_still_runs_may_be_made)
{
	/* apimsg.h: only one that would be over already is refused */
	ck_assert_int_eq(decode("{\"startsAt\":\"2026-11-20T08:50:00Z\"}"), 0);
	ck_assert_int_eq(decode("{\"startsAt\":\"2026-11-20T08:20:00Z\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"startsAt\":\"2026-11-20T08:20:00Z\","
				"\"durationMinutes\":61}"), 0);
}
END_TEST

static struct meeting_change change;

/* What may be changed: a consultation of an hour that began ten minutes ago. */
static int patch(const char *text)
{
	decode("{\"title\":\"Old\",\"locale\":\"de\","
	       "\"startsAt\":\"2026-11-20T09:10:00Z\"}");
	return apimsg_change_decode(&change, &fields, NOW, &plan, text, strlen(text));
}

START_TEST(test_a_change_names_what_differs)
{
	/* PATCH: the members of Create, all optional; nothing is fine */
	ck_assert_int_eq(patch(""), 0);
	ck_assert_uint_eq(change.has, 0);
	ck_assert_int_eq(patch("{}"), 0);
	ck_assert_uint_eq(change.has, 0);
	ck_assert_int_eq(patch("{\"title\":\"Old\",\"capacity\":2,\"locale\":\"de\","
			       "\"startsAt\":\"2026-11-20T10:10:00+01:00\"}"), 0);
	ck_assert_uint_eq(change.has, 0);
	ck_assert_int_eq(patch("{\"title\":\" New \",\"kind\":\"class\","
			       "\"startsAt\":\"2026-11-20T09:30:00Z\","
			       "\"durationMinutes\":90,\"capacity\":3,\"waitingRoom\":false,"
			       "\"relayOnly\":true,\"hostName\":\"H\",\"locale\":\"fr\"}"), 0);
	ck_assert_uint_eq(change.has, 511);
	ck_assert_str_eq(change.to.title, "New");
	ck_assert_int_eq(change.to.kind, PLAN_CLASS);
	ck_assert_int_eq(change.to.starts_at, NOW + 600000);
	ck_assert_uint_eq(change.to.minutes, 90);
	ck_assert_uint_eq(change.to.capacity, 3);
	/* the capacity is what was said, not what goes with the kind */
	ck_assert_int_eq(patch("{\"kind\":\"class\"}"), 0);
	ck_assert_uint_eq(change.has, CHANGE_KIND);
}
END_TEST

START_TEST(test_null_takes_a_text_away)
{
	/* apimsg.h: title, hostName, locale; the others cannot be null */
	static const char *const never[] = {
		"kind", "startsAt", "durationMinutes", "capacity", "waitingRoom",
		"relayOnly",
	};
	char body[64];

	ck_assert_int_eq(patch("{\"title\":null,\"hostName\":null,\"locale\":null}"), 0);
	ck_assert_uint_eq(change.has, CHANGE_TITLE | CHANGE_LOCALE);
	ck_assert_str_eq(change.to.title, "");
	ck_assert_str_eq(change.to.locale, "");
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++) {
		snprintf(body, sizeof(body), "{\"%s\":null}", never[i]);
		ck_assert_msg(patch(body) == ERR_RANGE, "%s", body);
		ck_assert_uint_eq(fields.count, 1);
		ck_assert_str_eq(fields.item[0].field, never[i]);
	}
}
END_TEST

START_TEST(test_a_change_is_judged_by_its_end)
{
	/* apimsg.h: as in POST, with the plan that comes of it */
	static const struct {
		const char *body, *field;
	} bad[] = {
		{"{\"startsAt\":\"2026-11-20T08:20:00Z\"}", "startsAt"},
		{"{\"startsAt\":\"2036-11-22T08:20:00Z\"}", "startsAt"},
		{"{\"durationMinutes\":10}", "durationMinutes"},
		{"{\"startsAt\":\"2026-11-20T09:00:00Z\",\"durationMinutes\":20}",
		 "startsAt"},
		{"{\"titel\":\"x\"}", "titel"}, {"{\"capacity\":9}", "capacity"},
		{"{\"hostName\":\"\"}", "hostName"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_msg(patch(bad[i].body) == ERR_RANGE, "%s", bad[i].body);
		ck_assert_uint_eq(fields.count, 1);
		ck_assert_str_eq(fields.item[0].field, bad[i].field);
	}
	ck_assert_int_eq(patch("{\"durationMinutes\":11}"), 0);
	ck_assert_int_eq(patch("{\"startsAt\":\"2026-11-20T08:21:00Z\"}"), 0);
	/* one whose time has passed may still get another title */
	plan.starts_at = NOW - 7200000;
	ck_assert_int_eq(apimsg_change_decode(&change, &fields, NOW, &plan,
					      "{\"title\":\"x\"}", 13), 0);
	ck_assert_int_eq(patch("[]"), ERR_MALFORMED);
	ck_assert_int_eq(patch("{\"title\":\"a\",\"title\":\"b\"}"), ERR_MALFORMED);
	ck_assert_int_eq(apimsg_change_decode(&change, &fields, NOW, &plan, "",
					      APIMSG_BODY_MAX + 1), ERR_TOO_BIG);
}
END_TEST

START_TEST(test_the_public_part_has_no_counts)
{
	/* protocol.md: the public part has no counts and nothing about who is inside */
	struct apimsg_meeting m = {
		.id = "0123456789abcdefghijkl", .status = "scheduled", .plan = &plan,
		.created_at = NOW, .base_url = "https://visit.example",
		.practice = "Praxis",
		.participants = 1, .waiting = 2,
	};
	struct buf b = BUF_INIT;

	decode("{\"title\":\"A\",\"locale\":\"de\"}");
	plan.starts_at = NOW;
	apimsg_put_meeting(&b, &m);
	ck_assert_str_eq(b.p, "{\"meetingId\":\"0123456789abcdefghijkl\",\"title\":\"A\","
			 "\"kind\":\"consultation\",\"status\":\"scheduled\","
			 "\"startsAt\":\"2026-11-20T09:20:00Z\",\"durationMinutes\":60,"
			 "\"capacity\":2,\"waitingRoom\":true,\"relayOnly\":false,"
			 "\"hostName\":null,\"practice\":\"Praxis\",\"locale\":\"de\","
			 "\"createdAt\":\"2026-11-20T09:20:00Z\","
			 "\"joinUrl\":\"https://visit.example/join/0123456789abcdefghijkl\"}");
	buf_reset(&b);
	m.counts = true;
	m.host_token = "secret";
	apimsg_put_meeting(&b, &m);
	ck_assert_ptr_nonnull(strstr(b.p, ",\"participants\":1,\"waiting\":2,"
				     "\"hostUrl\":\"https://visit.example/join/"
				     "0123456789abcdefghijkl#token=secret\"}"));
	buf_fini(&b);
}
END_TEST

START_TEST(test_a_problem_says_what_to_do)
{
	/* RFC 9457; protocol.md, "Conventions" */
	struct buf b = BUF_INIT;

	problem_put(&b, problem_of(ERR_NOT_FOUND), NULL, NULL);
	ck_assert_str_eq(b.p, "{\"type\":\"urn:paravent:error:not-found\","
			 "\"title\":\"Not found\",\"status\":404,"
			 "\"detail\":\"There is nothing here; check the link.\"}");
	buf_reset(&b);
	decode("{\"capacity\":1}");
	problem_put(&b, problem_of(ERR_RANGE), "So not.", &fields);
	ck_assert_str_eq(b.p, "{\"type\":\"urn:paravent:error:invalid\","
			 "\"title\":\"Not acceptable values\",\"status\":422,"
			 "\"detail\":\"So not.\",\"errors\":[{\"field\":\"capacity\","
			 "\"detail\":\"must be a whole number from 2 to 8\"}]}");
	buf_fini(&b);
}
END_TEST

START_TEST(test_errors_have_one_status)
{
	/* problem.h: the table; what should not reach a client is a 500 */
	static const struct {
		int err, status;
	} want[] = {
		{ERR_MALFORMED, 400}, {ERR_UNAUTHORIZED, 401}, {ERR_FORBIDDEN, 403},
		{ERR_NOT_FOUND, 404}, {ERR_CONFLICT, 409}, {ERR_ENDED, 409},
		{ERR_TOO_BIG, 413}, {ERR_RANGE, 422}, {ERR_TOO_FAST, 429},
		{ERR_IO, 500}, {ERR_CORRUPT, 500}, {-999, 500}, {ERR_UNAVAILABLE, 503},
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		ck_assert_int_eq(problem_of(want[i].err)->status, want[i].status);
}
END_TEST

START_TEST(test_a_long_field_is_cut_between_characters)
{
	/* problem.h: cut, when the client's is longer */
	struct problem_fields f = {.count = 0};
	char name[100];

	memset(name, 'a', sizeof(name));
	memcpy(name + 61, "\xf0\x9f\x98\x80", 5);
	problem_add(&f, name, "x");
	ck_assert_uint_eq(strlen(f.item[0].field), 61);
}
END_TEST

UNIT_MAIN("apimsg", test_an_empty_body_asks_for_the_defaults,
	  test_capacity_depends_on_the_kind, test_a_full_plan_reads,
	  test_each_wrong_member_is_named, test_lengths_are_of_characters,
	  test_what_is_not_one_object_is_malformed,
	  test_a_meeting_that_still_runs_may_be_made, test_a_change_names_what_differs, test_null_takes_a_text_away,
	  test_a_change_is_judged_by_its_end, test_the_public_part_has_no_counts,
	  test_a_problem_says_what_to_do, test_errors_have_one_status,
	  test_a_long_field_is_cut_between_characters)
