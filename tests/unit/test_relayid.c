#include "proto/relayid.h"

#include <string.h>

#include "base/err.h"
#include "proto/turncred.h"
#include "unit.h"

static const uint8_t key[TOKEN_KEY_SIZE] = {1, 2, 3};
static const uint8_t other_key[TOKEN_KEY_SIZE] = {1, 2, 4};
static const char meeting[] = "AAAAAAAAAAAAAAAAAAAAAA";
static const char seat[] = "BBBBBBBBBBBBBBB-";

START_TEST(test_whose_it_is_comes_back)
{
	/* With either class, and without one, as turn_forget() is given it. */
	char id[RELAYID_LEN + 1], m[RELAYID_MEETING_LEN + 1], s[SIGMSG_ID_SIZE];

	for (int weak = 0; weak < 2; weak++) {
		relayid_put(id, key, meeting, seat, weak);
		ck_assert_uint_eq(strlen(id), RELAYID_LEN);
		ck_assert_int_eq(relayid_open(m, s, key, id, RELAYID_LEN), 0);
		ck_assert_str_eq(m, meeting);
		ck_assert_str_eq(s, seat);
		ck_assert_int_eq(relayid_open(m, s, key, id, RELAYID_OWNER_LEN), 0);
		ck_assert_str_eq(m, meeting);
	}
}
END_TEST

START_TEST(test_it_does_not_show_the_meeting)
{
	/* A username is readable on the wire, and a meeting's id opens its door (A12). */
	char id[RELAYID_LEN + 1], other[RELAYID_LEN + 1], m[RELAYID_MEETING_LEN + 1];
	char s[SIGMSG_ID_SIZE];

	relayid_put(id, key, meeting, seat, false);
	ck_assert_ptr_null(strstr(id, "AAAAAAAA"));
	relayid_put(other, other_key, meeting, seat, false);
	ck_assert_str_ne(id, other);
	ck_assert_int_eq(relayid_open(m, s, other_key, id, RELAYID_LEN), 0);
	ck_assert_str_ne(m, meeting);		/* a meeting that does not exist */
}
END_TEST

START_TEST(test_the_rules_read_it_as_meant)
{
	/* proto/turncred.h: meeting up to the first dot, owner without the class. */
	char id[RELAYID_LEN + 1], username[TURNCRED_USERNAME_SIZE];
	char password[TURNCRED_PASSWORD_SIZE];
	struct turncred c;

	relayid_put(id, key, meeting, seat, true);
	ck_assert_int_eq(turncred_make(username, password, "secret", 1800000000, id), 0);
	ck_assert_int_eq(turncred_parse(&c, username, strlen(username)), 0);
	ck_assert(c.weak);
	ck_assert_uint_eq(c.owner_len, RELAYID_OWNER_LEN);
	ck_assert_uint_eq(c.meeting_len, RELAYID_MEETING_LEN);
	relayid_put(id, key, meeting, seat, false);
	ck_assert_int_eq(turncred_make(username, password, "secret", 1800000000, id), 0);
	ck_assert_int_eq(turncred_parse(&c, username, strlen(username)), 0);
	ck_assert(!c.weak);
}
END_TEST

START_TEST(test_what_we_never_wrote_is_nobody)
{
	/* An operator's tool may use the relay under a name of its own. */
	static const char *const bad[] = {
		"", "probe", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBB",
		"AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBB.x",
		"AAAAAAAAAAAAAAAAAAAAAA_BBBBBBBBBBBBBBBB.p",
		"AAAAAAAAAAAAAAAAAAAAAB.BBBBBBBBBBBBBBBB.p",
		"AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBB+.p",
		"AAAAAAAAAAAAAAAAAAAA+A.BBBBBBBBBBBBBBBB.p",
	};
	char m[RELAYID_MEETING_LEN + 1], s[SIGMSG_ID_SIZE];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(relayid_open(m, s, key, bad[i], strlen(bad[i])) ==
			      ERR_MALFORMED, "%s", bad[i]);
}
END_TEST

UNIT_MAIN("relayid", test_whose_it_is_comes_back, test_it_does_not_show_the_meeting,
	  test_the_rules_read_it_as_meant, test_what_we_never_wrote_is_nobody)
