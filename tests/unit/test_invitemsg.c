#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "proto/invitemsg.h"

#define NOW 1795166400000	/* 2026-11-20T09:20:00Z */

static struct invitation_wish wish;
static struct problem_fields fields;

static int decode(const char *text)
{
	return invitemsg_decode(&wish, &fields, NOW, text, strlen(text));
}

START_TEST(test_an_empty_body_asks_for_a_guests)
{
	/* protocol.md: role guest, expiresAt with the meeting, opensBefore 60 */
	static const char *const same[] = {
		"", "{}", "{\"role\":null,\"expiresAt\":null,\"opensBefore\":null}",
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		ck_assert_int_eq(decode(same[i]), 0);
		ck_assert(!wish.host);
		ck_assert_int_eq(wish.expires_at, 0);
		ck_assert_uint_eq(wish.opens_before, 60);
	}
}
END_TEST

START_TEST(test_each_member_is_read)
{
	/* protocol.md; however the name of a member is escaped */
	ck_assert_int_eq(decode("{\"r\\u006fle\":\"host\",\"opensBefore\":0,"
				"\"expiresAt\":\"2026-11-20T10:20:01+01:00\"}"), 0);
	ck_assert(wish.host);
	ck_assert_uint_eq(wish.opens_before, 0);
	ck_assert_int_eq(wish.expires_at, NOW + 1000);
}
END_TEST

START_TEST(test_what_is_wrong_is_named)
{
	/* 422 with `errors`; what is no object is 400 */
	static const char *const bad[][2] = {
		{"{\"role\":\"guests of ours\"}", "role"}, {"{\"role\":true}", "role"},
		{"{\"expiresAt\":\"2026-11-20T09:20:00Z\"}", "expiresAt"},
		{"{\"expiresAt\":1795166401}", "expiresAt"},
		{"{\"expiresAt\":\"2037-01-01T00:00:00Z\"}", "expiresAt"},
		{"{\"opensBefore\":10081}", "opensBefore"},
		{"{\"opensBefore\":\"5\"}", "opensBefore"},
		{"{\"opensbefore\":5}", "opensbefore"}, {"{\"\":5}", ""},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_msg(decode(bad[i][0]) == ERR_RANGE, "%s", bad[i][0]);
		ck_assert_uint_eq(fields.count, 1);
		ck_assert_str_eq(fields.item[0].field, bad[i][1]);
	}
	ck_assert_int_eq(decode("[]"), ERR_MALFORMED);
	ck_assert_int_eq(decode("{\"role\":\"host\",\"role\":\"guest\"}"), ERR_MALFORMED);
	ck_assert_int_eq(decode("{"), ERR_MALFORMED);
}
END_TEST

START_TEST(test_a_token_is_shown_to_its_maker_alone)
{
	/* protocol.md: 201 with token and joinUrl; the list without */
	struct invitemsg inv = {
		.id = "AAAAAAAAAAAAAAAA", .opens_at = NOW, .expires_at = NOW + 1000,
		.used_at = NOW, .token = "TOKEN", .base_url = "https://visit.example",
		.meeting = "MEETING",
	};
	struct buf b = BUF_INIT;

	invitemsg_put(&b, &inv);
	ck_assert_str_eq(b.p, "{\"invitationId\":\"AAAAAAAAAAAAAAAA\",\"role\":\"guest\","
			 "\"opensAt\":\"2026-11-20T09:20:00Z\","
			 "\"expiresAt\":\"2026-11-20T09:20:01Z\",\"token\":\"TOKEN\","
			 "\"joinUrl\":\"https://visit.example/join/MEETING#token=TOKEN\"}");
	buf_reset(&b);
	inv.token = NULL;
	inv.host = true;
	inv.opens_at = 0;
	invitemsg_put(&b, &inv);
	ck_assert_str_eq(b.p, "{\"invitationId\":\"AAAAAAAAAAAAAAAA\",\"role\":\"host\","
			 "\"opensAt\":null,\"expiresAt\":\"2026-11-20T09:20:01Z\","
			 "\"revokedAt\":null,\"usedAt\":\"2026-11-20T09:20:00Z\"}");
	buf_fini(&b);
}
END_TEST

UNIT_MAIN("invitemsg", test_an_empty_body_asks_for_a_guests, test_each_member_is_read,
	  test_what_is_wrong_is_named, test_a_token_is_shown_to_its_maker_alone)
