#include "unit.h"

#include "base/err.h"
#include "core/invitation.h"
#include "stage.h"

/* The promises stand in doc/protocol.md, "Details this implementation settles". */

#define MINUTE INT64_C(60000)

static struct stage st;
static struct voice host, guest, other;
static uint32_t dice;

static void end(void)
{
	stage_replay_equals(&st);
	stage_end(&st);
	voice_reset(&host);
	voice_reset(&guest);
	voice_reset(&other);
}

static int make(struct invitation *out, bool as_host, int64_t expires_at,
		uint32_t opens_before)
{
	const uint8_t random[INVITATION_RANDOM] = {dice & 0xff, dice >> 8 & 0xff};
	const struct invitation_wish wish = {as_host, expires_at, opens_before};
	const struct invitation *inv;
	uint64_t gate = 0;
	int err = invitation_make(&inv, &gate, st.m, st.now, &wish, random, "host");

	dice++;
	if (!err) {
		ck_assert_uint_eq(gate, st.facts);
		*out = *inv;
	}
	return err;
}

static enum factdata_reason judged(const struct invitation *inv)
{
	return invitation_judge(invitation_find(st.m, inv->id), st.m, st.now.wall);
}

static int opens(struct voice *v, const struct invitation *inv, const char *name,
		 const char *resume_id)
{
	return voice_comes(&st, st.m, v, (struct room_guest){
		.host = inv->host, .label = {name, strlen(name), false},
		.invitation = inv->id, .resume_id = resume_id,
	});
}

static void host_joins(void)
{
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", NULL), 0);
	voice_hears_late(&st, &host, "\"welcome\"");
}

static void admit(const struct voice *v)
{
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", v->id);
}

static void told(size_t back, const char *format, const char *a, const char *b)
{
	char want[160];

	snprintf(want, sizeof(want), format, a, b);
	stage_told_ledger(&st, back, want);
}

START_TEST(test_a_guests_link_opens_an_hour_before)
{
	/* from opensBefore minutes before startsAt until expiresAt; a host's always */
	struct invitation inv, doctor;
	struct meeting_plan plan;

	stage_begin(&st, 2, true);
	plan_init(&plan);
	plan.starts_at = st.now.wall + 120 * MINUTE;
	st.m = stage_schedule(&st, &plan);
	ck_assert_int_eq(make(&inv, false, st.now.wall + 200 * MINUTE, 60), 0);
	told(0, "invitation.made {\"expiresAt\":\"2026-11-20T12:40:00Z\",\"id\":\"%s\","
	     "\"opensBefore\":60,\"role\":\"guest\"}%s", inv.id, "");
	ck_assert_int_eq(make(&doctor, true, 0, 60), 0);
	told(0, "invitation.made {\"id\":\"%s\",\"opensBefore\":60,\"role\":\"host\"}%s",
	     doctor.id, "");
	ck_assert_int_eq(invitation_opens_at(&inv, st.m), st.now.wall + 60 * MINUTE);
	ck_assert_int_eq(judged(&inv), REASON_NOT_YET);
	ck_assert_int_eq(judged(&doctor), REASON_NONE);
	st.now.wall += 60 * MINUTE - 1;
	ck_assert_int_eq(judged(&inv), REASON_NOT_YET);
	st.now.wall += 1;
	ck_assert_int_eq(judged(&inv), REASON_NONE);
	st.now.wall += 140 * MINUTE - 1;
	ck_assert_int_eq(judged(&inv), REASON_NONE);
	st.now.wall += 1;
	ck_assert_int_eq(judged(&inv), REASON_EXPIRED);
	ck_assert_int_eq(judged(&doctor), REASON_NONE);
	end();
}
END_TEST

START_TEST(test_a_link_without_an_end_follows_the_meeting)
{
	/* expiresAt by default: as the meeting expires, also when it is moved */
	const struct meeting_change later = {
		.has = CHANGE_STARTS_AT, .to.starts_at = STAGE_WALL + 600 * MINUTE,
	};
	struct invitation inv;
	uint64_t gate;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(make(&inv, false, 0, 60), 0);
	ck_assert_int_eq(invitation_expires_at(&inv, st.m), meeting_expires_at(st.m));
	ck_assert_int_eq(judged(&inv), REASON_NONE);
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &later, "host"), 0);
	ck_assert_int_eq(judged(&inv), REASON_NOT_YET);
	st.now.wall = STAGE_WALL + 599 * MINUTE;
	ck_assert_int_eq(judged(&inv), REASON_NONE);
	ck_assert_int_eq(invitation_expires_at(&inv, st.m),
			 STAGE_WALL + 720 * MINUTE);
	end();
}
END_TEST

START_TEST(test_a_revoked_link_opens_nothing)
{
	/* revoked for good; again is as before; what is not there is not found */
	struct invitation inv;
	uint64_t gate = 0;
	size_t facts;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(make(&inv, false, 0, 60), 0);
	ck_assert_int_eq(invitation_revoke(&gate, st.m, st.now, inv.id, "host"), 0);
	told(0, "invitation.revoked {\"id\":\"%s\"}%s", inv.id, "");
	ck_assert_uint_eq(gate, st.facts);
	ck_assert_int_eq(judged(&inv), REASON_REVOKED);
	facts = st.facts;
	ck_assert_int_eq(invitation_revoke(&gate, st.m, st.now, inv.id, "host"), 0);
	ck_assert_uint_eq(st.facts, facts);
	ck_assert_int_eq(invitation_revoke(&gate, st.m, st.now, "zzzzzzzzzzzzzzzz", "host"),
			 ERR_NOT_FOUND);
	st.full_disk = true;
	ck_assert_int_eq(make(&inv, false, 0, 60), ERR_UNAVAILABLE);
	end();
}
END_TEST

START_TEST(test_invitations_are_bounded)
{
	/* 64 live ones a meeting, 256 ever; none to what is over */
	struct invitation inv;
	uint64_t gate;
	int i;

	stage_begin(&st, 2, true);
	for (i = 0; i < INVITATIONS_LIVE_MAX; i++)
		ck_assert_int_eq(make(&inv, false, i ? 0 : st.now.wall + MINUTE, 60), 0);
	ck_assert_int_eq(make(&inv, false, 0, 60), ERR_FULL);
	st.now.wall += MINUTE;
	for (; i < INVITATIONS_MAX - 1; i++) {
		ck_assert_int_eq(make(&inv, false, 0, 60), 0);
		ck_assert_int_eq(invitation_revoke(&gate, st.m, st.now, inv.id, "host"),
				 0);
	}
	ck_assert_int_eq(make(&inv, false, st.now.wall + 1, 60), 0);
	st.now.wall++;
	ck_assert_int_eq(make(&inv, false, 0, 60), ERR_FULL);
	ck_assert_int_eq(room_end(st.m, &gate, st.now, "host", false), 0);
	ck_assert_int_eq(make(&inv, false, 0, 60), ERR_ENDED);
	end();
}
END_TEST

START_TEST(test_who_waits_is_replaced_by_the_same_link)
{
	/* the older seat gets `replaced` and 4403, hosts knock-gone, then the new knock */
	struct invitation inv;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(make(&inv, false, 0, 60), 0);
	host_joins();
	ck_assert_int_eq(opens(&guest, &inv, "Ann", NULL), 0);
	told(1, "invitation.used {\"by\":\"%s\",\"id\":\"%s\"}", guest.id, inv.id);
	voice_hears_late(&st, &guest, "\"waiting\"");
	voice_hears(&host, "\"knock\"");
	ck_assert_int_eq(opens(&other, &inv, "Ann", NULL), 0);
	told(2, "invitation.used {\"again\":true,\"by\":\"%s\",\"id\":\"%s\"}", other.id,
	     inv.id);
	told(1, "guest.gone {\"id\":\"%s\",\"reason\":\"replaced\"}%s", guest.id, "");
	voice_hears(&guest, "\"code\":\"replaced\"");
	ck_assert_int_eq(guest.closed, 4403);
	voice_hears(&host, "\"knock-gone\"");
	voice_hears(&host, "\"knock\"");
	voice_hears_late(&st, &other, "\"waiting\"");
	ck_assert_int_eq(meeting_waiting(st.m), 1);
	end();
}
END_TEST

START_TEST(test_a_stolen_link_does_not_walk_in)
{
	/* the visit runs: whoever opens the link again waits until the host looks */
	struct invitation inv;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(make(&inv, false, 0, 60), 0);
	host_joins();
	ck_assert_int_eq(opens(&guest, &inv, "Ann", NULL), 0);
	admit(&guest);
	ck_assert_int_eq(opens(&other, &inv, "Eve", NULL), 0);
	ck_assert_int_eq(guest.closed, 4403);
	ck_assert_int_eq(other.seat->state, SEAT_WAITING);
	ck_assert_int_eq(meeting_inside(st.m), 1);
	voice_hears(&host, "\"knock\"");
	voice_hears(&host, "\"participant-joined\"");
	ck_assert_ptr_nonnull(strstr(voice_hears(&host, "\"participant-left\""),
				     "\"reason\":\"replaced\""));
	voice_hears(&host, "\"knock\"");
	end();
}
END_TEST

START_TEST(test_a_locked_door_keeps_the_first)
{
	/* who cannot come in replaces nobody */
	struct invitation inv;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(make(&inv, false, 0, 60), 0);
	host_joins();
	ck_assert_int_eq(opens(&guest, &inv, "Ann", NULL), 0);
	admit(&guest);
	voice_says(&st, &host, "{\"type\":\"lock\",\"on\":true}");
	ck_assert_int_eq(opens(&other, &inv, "Ann", NULL), ERR_LOCKED);
	ck_assert_int_eq(guest.closed, 0);
	ck_assert_int_eq(guest.seat->state, SEAT_INSIDE);
	end();
}
END_TEST

START_TEST(test_a_full_room_has_a_place_for_its_own_guest)
{
	/* the place of the one who is replaced is free, with and without a waiting room */
	struct invitation inv;

	stage_begin(&st, 2, false);
	ck_assert_int_eq(make(&inv, false, 0, 60), 0);
	host_joins();
	ck_assert_int_eq(opens(&guest, &inv, "Ann", NULL), 0);
	ck_assert_int_eq(guest.seat->state, SEAT_INSIDE);
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Bob", NULL), ERR_FULL);
	ck_assert_int_eq(opens(&other, &inv, "Ann", NULL), 0);
	ck_assert_int_eq(other.seat->state, SEAT_INSIDE);
	ck_assert_int_eq(guest.closed, 4403);
	ck_assert_int_eq(meeting_inside(st.m), 2);
	end();
}
END_TEST

START_TEST(test_coming_back_is_no_second_opening)
{
	/* the same seat with its resume: no fact invitation.used, and nobody is replaced */
	struct invitation inv;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(make(&inv, false, 0, 60), 0);
	host_joins();
	ck_assert_int_eq(opens(&guest, &inv, "Ann", NULL), 0);
	admit(&guest);
	voice_lost(&st, &guest);
	ck_assert_int_eq(opens(&other, &inv, "Ann", guest.id), 0);
	ck_assert_str_eq(other.id, guest.id);
	told(0, "participant.back {\"id\":\"%s\"}%s", guest.id, "");
	end();
}
END_TEST

START_TEST(test_a_restart_knows_who_came_by_which_link)
{
	/* the held seat of before is replaced, not doubled */
	struct invitation inv;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(make(&inv, false, 0, 60), 0);
	host_joins();
	ck_assert_int_eq(opens(&guest, &inv, "Ann", NULL), 0);
	admit(&guest);
	stage_restart(&st, 1000);
	ck_assert_int_eq(meeting_inside(st.m), 2);
	ck_assert_int_eq(opens(&other, &inv, "Ann", NULL), 0);
	ck_assert_int_eq(meeting_inside(st.m), 1);
	ck_assert_str_eq(st.last_forgotten, guest.id);
	end();
}
END_TEST

START_TEST(test_two_hosts_links_are_two_people)
{
	/* a host's link opened again takes its own place, not that of another host */
	struct invitation one, two;

	stage_begin(&st, 4, true);
	ck_assert_int_eq(make(&one, true, 0, 60), 0);
	ck_assert_int_eq(make(&two, true, 0, 60), 0);
	ck_assert_int_eq(opens(&host, &one, "Dr. H", NULL), 0);
	ck_assert_int_eq(opens(&guest, &two, "Dr. I", NULL), 0);
	ck_assert_int_eq(opens(&other, &two, "Dr. I", NULL), 0);
	ck_assert_int_eq(host.closed, 0);
	ck_assert_int_eq(guest.closed, 4403);
	ck_assert(other.seat->host);
	ck_assert_int_eq(meeting_inside(st.m), 2);
	end();
}
END_TEST

UNIT_MAIN("invitation", test_a_guests_link_opens_an_hour_before,
	  test_a_link_without_an_end_follows_the_meeting,
	  test_a_revoked_link_opens_nothing, test_invitations_are_bounded,
	  test_who_waits_is_replaced_by_the_same_link,
	  test_a_stolen_link_does_not_walk_in, test_a_locked_door_keeps_the_first,
	  test_a_full_room_has_a_place_for_its_own_guest,
	  test_coming_back_is_no_second_opening,
	  test_a_restart_knows_who_came_by_which_link,
	  test_two_hosts_links_are_two_people)
