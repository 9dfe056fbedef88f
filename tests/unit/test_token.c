#include "proto/token.h"

#include <string.h>

#include "base/err.h"
#include "unit.h"

static const uint8_t key[TOKEN_KEY_SIZE] = {1, 2, 3};
static const uint8_t other_key[TOKEN_KEY_SIZE] = {1, 2, 4};
static const char meeting[] = "AAAAAAAAAAAAAAAAAAAAAA";
static const char another[] = "AAAAAAAAAAAAAAAAAAAAAQ";
static const char seat[] = "BBBBBBBBBBBBBBBB";

START_TEST(test_host_token_opens_its_meeting_alone)
{
	/* a host token is bound to the meeting and to the server's key */
	char t[TOKEN_LEN + 1];

	token_host(t, key, meeting);
	ck_assert_uint_eq(strlen(t), TOKEN_LEN);
	ck_assert(token_is_host(key, meeting, t, TOKEN_LEN));
	ck_assert(!token_is_host(key, another, t, TOKEN_LEN));
	ck_assert(!token_is_host(other_key, meeting, t, TOKEN_LEN));
	ck_assert(!token_is_host(key, meeting, t, TOKEN_LEN - 1));
	ck_assert(!token_is_host(key, meeting, "", 0));
}
END_TEST

START_TEST(test_each_changed_character_is_refused)
{
	/* no character of a secret is without weight */
	char t[TOKEN_LEN + 1], r[TOKEN_RESUME_LEN + 1], id[SIGMSG_ID_LEN + 1];
	size_t i;

	token_host(t, key, meeting);
	token_resume(r, key, meeting, seat);
	for (i = 0; i < TOKEN_LEN; i++) {
		char c = t[i];

		t[i] = c == 'x' ? 'y' : 'x';
		ck_assert(!token_is_host(key, meeting, t, TOKEN_LEN));
		t[i] = c;
	}
	for (i = 0; i < TOKEN_RESUME_LEN; i++) {
		char c = r[i];

		r[i] = c == 'x' ? 'y' : 'x';
		ck_assert_int_eq(token_resume_open(id, key, meeting, r, TOKEN_RESUME_LEN),
				 ERR_UNAUTHORIZED);
		r[i] = c;
	}
}
END_TEST

START_TEST(test_an_appointment_has_one_session)
{
	/* doc/protocol.md: the same appointment gives the same session, and nobody who
	 * knows the number of an appointment knows its session */
	char s[TOKEN_LEN + 1], again[TOKEN_LEN + 1];

	token_session(s, key, "apt_123");
	ck_assert_uint_eq(strlen(s), TOKEN_LEN);
	token_session(again, key, "apt_123");
	ck_assert_str_eq(s, again);
	token_session(again, key, "apt_124");
	ck_assert_str_ne(s, again);
	token_session(again, other_key, "apt_123");
	ck_assert_str_ne(s, again);
	token_host(again, key, "apt_123");
	ck_assert_str_ne(s, again);
}
END_TEST

START_TEST(test_resume_gives_the_seat_back)
{
	/* the resume secret names its seat, and holds for its meeting alone */
	char r[TOKEN_RESUME_LEN + 1], id[SIGMSG_ID_LEN + 1];

	token_resume(r, key, meeting, seat);
	ck_assert_int_eq(token_resume_open(id, key, meeting, r, TOKEN_RESUME_LEN), 0);
	ck_assert_str_eq(id, seat);
	ck_assert_int_eq(token_resume_open(id, key, another, r, TOKEN_RESUME_LEN),
			 ERR_UNAUTHORIZED);
	ck_assert_int_eq(token_resume_open(id, key, meeting, r, TOKEN_RESUME_LEN - 1),
			 ERR_UNAUTHORIZED);
	ck_assert_int_eq(token_resume_open(id, key, meeting, "", 0), ERR_UNAUTHORIZED);
}
END_TEST

START_TEST(test_host_token_is_no_resume_secret)
{
	/* the two purposes never share a proof */
	const char nobody[SIGMSG_ID_LEN + 1] = "";	/* as the host's proof has it */
	char t[TOKEN_LEN + 1], r[TOKEN_RESUME_LEN + 1];

	token_host(t, key, meeting);
	token_resume(r, key, meeting, nobody);
	ck_assert_str_ne(t, r + SIGMSG_ID_LEN);
}
END_TEST

START_TEST(test_an_invitation_opens_its_meeting_in_its_role)
{
	/* bound to meeting, id, role and key; no character is without weight */
	char t[TOKEN_INVITATION_LEN + 1], r[TOKEN_RESUME_LEN + 1], id[SIGMSG_ID_LEN + 1];

	token_invitation(t, key, meeting, seat, false);
	ck_assert_uint_eq(strlen(t), TOKEN_INVITATION_LEN);
	ck_assert_int_eq(strncmp(t, seat, SIGMSG_ID_LEN), 0);
	ck_assert(token_is_invitation(key, meeting, seat, false, t, strlen(t)));
	ck_assert(!token_is_invitation(key, meeting, seat, true, t, strlen(t)));
	ck_assert(!token_is_invitation(key, another, seat, false, t, strlen(t)));
	ck_assert(!token_is_invitation(other_key, meeting, seat, false, t, strlen(t)));
	ck_assert(!token_is_invitation(key, meeting, "CCCCCCCCCCCCCCCC", false, t,
				       strlen(t)));
	ck_assert(!token_is_invitation(key, meeting, seat, false, t, strlen(t) - 1));
	for (size_t i = 0; i < TOKEN_INVITATION_LEN; i++) {
		char c = t[i];

		t[i] = c == 'x' ? 'y' : 'x';
		ck_assert(!token_is_invitation(key, meeting, seat, false, t,
					       TOKEN_INVITATION_LEN));
		t[i] = c;
	}
	token_resume(r, key, meeting, seat);
	ck_assert(!token_is_invitation(key, meeting, seat, false, r, strlen(r)));
	ck_assert_int_eq(token_resume_open(id, key, meeting, t, strlen(t)),
			 ERR_UNAUTHORIZED);
}
END_TEST

UNIT_MAIN("token", test_host_token_opens_its_meeting_alone,
	  test_each_changed_character_is_refused,
	  test_an_appointment_has_one_session, test_resume_gives_the_seat_back,
	  test_host_token_is_no_resume_secret,
	  test_an_invitation_opens_its_meeting_in_its_role)
