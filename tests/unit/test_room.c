#include "unit.h"

#include "base/err.h"
#include "core/limits.h"
#include "proto/json.h"
#include "stage.h"

/*
 * Each test is a small play; its promise stands in doc/protocol.md, "Signaling" and
 * the last section, where nothing else is said.
 */

static struct stage st;
static struct voice host, guest, other, third;

static void begin(uint8_t capacity, bool waiting_room)
{
	stage_begin(&st, capacity, waiting_room);
}

static void end(void)
{
	stage_replay_equals(&st);
	stage_end(&st);
	voice_reset(&host);
	voice_reset(&guest);
	voice_reset(&other);
	voice_reset(&third);
}

static void host_joins(void)
{
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", NULL), 0);
	voice_hears_late(&st, &host, "\"type\":\"welcome\"");
}

static void guest_knocks(struct voice *v, const char *name)
{
	ck_assert_int_eq(voice_join(&st, st.m, v, false, name, NULL), 0);
	voice_hears_late(&st, v, "\"type\":\"waiting\"");
}

/* A host and an admitted guest, who have heard all so far. */
static void begin_with_two(uint8_t capacity)
{
	begin(capacity, true);
	host_joins();
	guest_knocks(&guest, "Ann");
	voice_hears(&host, "\"knock\"");
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", guest.id);
	voice_hears(&guest, "\"welcome\"");
	voice_hears(&host, "\"participant-joined\"");
	voice_hears_no_more(&host);
	voice_hears_no_more(&guest);
}

START_TEST(test_a_host_opens_the_meeting)
{
	/* who joins with the host's token is a host, and never waits */
	begin(2, true);
	ck_assert_int_eq(st.m->state, MEETING_SCHEDULED);
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", NULL), 0);
	stage_told_ledger(&st, 1, "meeting.opened {}");
	ck_assert_ptr_nonnull(strstr(st.fact[st.facts - 1].data, "\"role\":\"host\""));
	ck_assert_int_eq(st.fact[st.facts - 1].kind, FACT_PARTICIPANT_JOINED);
	ck_assert_int_eq(st.m->state, MEETING_OPEN);
	ck_assert_str_eq(st.fact[st.facts - 1].actor + 12, host.id);
	voice_hears_late(&st, &host, "\"participants\":[],\"iceServers\":[\"inside\"],"
			 "\"iceExpiresAt\":\"2026-11-20T10:20:00Z\"}");
	ck_assert_ptr_nonnull(strstr(host.word[0], "\"role\":\"host\""));
	ck_assert_ptr_nonnull(strstr(host.word[0], "\"meeting\":{\"meetingId\":"));
	voice_hears_no_more(&host);
	end();
}
END_TEST

START_TEST(test_a_guest_waits_and_the_host_hears_a_knock)
{
	/* waiting: id, resume, position, meeting, iceServers; knock to hosts */
	char want[256];

	begin(2, true);
	host_joins();
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", NULL), 0);
	snprintf(want, sizeof(want), "guest.waiting {\"id\":\"%s\"}", guest.id);
	stage_told_ledger(&st, 0, want);
	snprintf(want, sizeof(want), "{\"type\":\"waiting\",\"id\":\"%s\",\"resume\":"
		 "\"again-%s\",\"position\":1,\"meeting\":{", guest.id, guest.id);
	voice_hears_late(&st, &guest, want);
	ck_assert_ptr_nonnull(strstr(guest.word[0], "\"iceServers\":[\"waiting\"]"));
	snprintf(want, sizeof(want), "{\"type\":\"knock\",\"id\":\"%s\",\"name\":\"Ann\"}",
		 guest.id);
	voice_hears_late(&st, &host, want);
	guest_knocks(&other, "Bob");
	ck_assert_ptr_nonnull(strstr(other.word[0], "\"position\":2"));
	end();
}
END_TEST

START_TEST(test_who_waits_is_told_nothing_about_those_inside)
{
	/* features.md: patients are isolated from each other; the public part only */
	begin_with_two(4);
	guest_knocks(&other, "Bob");
	ck_assert_ptr_null(strstr(other.word[0], host.id));
	ck_assert_ptr_null(strstr(other.word[0], guest.id));
	ck_assert_ptr_null(strstr(other.word[0], "Ann"));
	ck_assert_ptr_null(strstr(other.word[0], "participants"));
	guest_knocks(&third, "Cyd");
	voice_says(&st, &guest, "{\"type\":\"media\",\"audio\":false,\"video\":false,"
		   "\"screen\":false,\"hand\":false}");
	voice_says_of(&st, &guest, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":1}", host.id);
	voice_says(&st, &host, "{\"type\":\"lock\",\"on\":true}");
	voice_says(&st, &host, "{\"type\":\"lock\",\"on\":false}");
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", third.id);
	voice_lost(&st, &third);
	voice_says(&st, &guest, "{\"type\":\"leave\"}");
	voice_lost(&st, &host);
	voice_hears_no_more(&other);
	end();
}
END_TEST

START_TEST(test_who_waits_may_not_act_inside)
{
	/* not-admitted, whatever the id; host commands are not-host */
	static const char *const acts[] = {
		"{\"type\":\"signal\",\"to\":\"%s\",\"data\":1}",
		"{\"type\":\"report\",\"peer\":\"%s\",\"event\":\"lost\"}",
		"{\"type\":\"media\",\"audio\":true,\"video\":true,\"screen\":true,\"hand\":true}",
	};

	begin(4, true);
	host_joins();
	guest_knocks(&guest, "Ann");
	voice_hears(&host, "knock");
	for (int i = 0; i < 3; i++) {
		voice_says_of(&st, &guest, acts[i], host.id);
		voice_hears_now(&guest, "\"code\":\"not-admitted\"");
		ck_assert_ptr_null(strstr(guest.word[guest.next - 1], host.id));
	}
	voice_says_of(&st, &guest, "{\"type\":\"admit\",\"id\":\"%s\"}", guest.id);
	voice_hears_now(&guest, "\"code\":\"not-host\"");
	voice_says(&st, &guest, "{\"type\":\"end\"}");
	voice_hears_now(&guest, "\"code\":\"not-host\"");
	voice_hears_no_more(&host);
	ck_assert_int_eq(guest.seat->state, SEAT_WAITING);
	end();
}
END_TEST

START_TEST(test_admit_brings_a_guest_in)
{
	/* welcome: you make the offer to each of those already inside */
	char want[256];

	begin(4, true);
	host_joins();
	guest_knocks(&guest, "Ann");
	voice_hears(&host, "knock");
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", guest.id);
	snprintf(want, sizeof(want), "guest.admitted {\"by\":\"%s\",\"id\":\"%s\"}",
		 host.id, guest.id);
	stage_told_ledger(&st, 1, want);
	snprintf(want, sizeof(want), "participant.joined {\"id\":\"%s\",\"role\":\"guest\"}",
		 guest.id);
	stage_told_ledger(&st, 0, want);
	snprintf(want, sizeof(want), "\"participants\":[{\"id\":\"%s\",\"role\":\"host\","
		 "\"name\":\"Dr. H\",\"media\":{\"audio\":true,\"video\":true,"
		 "\"screen\":false,\"hand\":false}}],\"iceServers\":[\"inside\"]", host.id);
	voice_hears_late(&st, &guest, want);
	ck_assert_ptr_nonnull(strstr(guest.word[1], "\"role\":\"guest\""));
	snprintf(want, sizeof(want), "{\"type\":\"participant-joined\",\"id\":\"%s\","
		 "\"role\":\"guest\",\"name\":\"Ann\"}", guest.id);
	voice_hears_late(&st, &host, want);
	end();
}
END_TEST

START_TEST(test_deny_closes_with_4403)
{
	/* denied, followed by close 4403, after the fact is durable */
	char want[256];

	begin(2, true);
	host_joins();
	guest_knocks(&guest, "Ann");
	voice_hears(&host, "knock");
	voice_says_of(&st, &host, "{\"type\":\"deny\",\"id\":\"%s\"}", guest.id);
	voice_hears_late(&st, &guest, "{\"type\":\"denied\"}");
	ck_assert_int_eq(guest.closed, 4403);
	ck_assert_uint_eq(guest.close_gate, st.facts);
	snprintf(want, sizeof(want), "{\"type\":\"knock-gone\",\"id\":\"%s\"}", guest.id);
	voice_hears_late(&st, &host, want);
	ck_assert_str_eq(st.last_forgotten, guest.id);
	end();
}
END_TEST

START_TEST(test_denied_and_removed_cannot_resume)
{
	/* a resume of a removed participant or a denied guest is close 4403; also
	 * after a restart */
	char denied[SIGMSG_ID_SIZE], removed[SIGMSG_ID_SIZE];

	begin_with_two(4);
	strcpy(removed, guest.id);
	guest_knocks(&other, "Bob");
	strcpy(denied, other.id);
	voice_says_of(&st, &host, "{\"type\":\"deny\",\"id\":\"%s\"}", denied);
	voice_says_of(&st, &host, "{\"type\":\"remove\",\"id\":\"%s\"}", removed);
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Bob", denied), ERR_FORBIDDEN);
	ck_assert_int_eq(other.closed, 4403);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", removed), ERR_FORBIDDEN);
	ck_assert_int_eq(guest.closed, 4403);
	stage_restart(&st, 10000);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", removed), ERR_FORBIDDEN);
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Bob", denied), ERR_FORBIDDEN);
	/* without it they may knock again, as anybody */
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", NULL), 0);
	end();
}
END_TEST

START_TEST(test_remove_tells_all_and_closes)
{
	/* removed, close 4403; the others hear participant-left, reason removed */
	char want[256];

	begin_with_two(4);
	voice_says_of(&st, &host, "{\"type\":\"remove\",\"id\":\"%s\"}", guest.id);
	snprintf(want, sizeof(want), "participant.removed {\"by\":\"%s\",\"id\":\"%s\"}",
		 host.id, guest.id);
	stage_told_ledger(&st, 0, want);
	voice_hears_late(&st, &guest, "{\"type\":\"removed\"}");
	ck_assert_int_eq(guest.closed, 4403);
	snprintf(want, sizeof(want), "{\"type\":\"participant-left\",\"id\":\"%s\","
		 "\"reason\":\"removed\"}", guest.id);
	voice_hears_late(&st, &host, want);
	ck_assert_int_eq(meeting_inside(st.m), 1);
	/* not oneself, and not one who is no longer there */
	voice_says_of(&st, &host, "{\"type\":\"remove\",\"id\":\"%s\"}", host.id);
	voice_hears(&host, "no-such-participant");
	voice_says_of(&st, &host, "{\"type\":\"remove\",\"id\":\"%s\"}", guest.id);
	voice_hears(&host, "no-such-participant");
	end();
}
END_TEST

START_TEST(test_only_a_host_commands)
{
	/* admit, deny, remove, note, lock, end: host only */
	static const char *const acts[] = {
		"{\"type\":\"admit\",\"id\":\"%s\"}", "{\"type\":\"deny\",\"id\":\"%s\"}",
		"{\"type\":\"remove\",\"id\":\"%s\"}",
		"{\"type\":\"note\",\"to\":\"%s\",\"text\":\"x\"}",
		"{\"type\":\"lock\",\"on\":true}", "{\"type\":\"end\"}",
	};
	size_t facts;

	begin_with_two(4);
	guest_knocks(&other, "Bob");
	voice_hears(&host, "knock");
	facts = st.facts;
	for (int i = 0; i < 6; i++) {
		voice_says_of(&st, &guest, acts[i], other.id);
		voice_hears_now(&guest, "\"code\":\"not-host\"");
	}
	ck_assert_uint_eq(st.facts, facts);
	voice_hears_no_more(&host);
	voice_hears_no_more(&other);
	end();
}
END_TEST

START_TEST(test_a_note_reaches_one_who_waits)
{
	/* note: a line to somebody who waits; it reaches no log */
	begin_with_two(4);
	guest_knocks(&other, "Bob");
	guest_knocks(&third, "Cyd");
	voice_hears(&host, "knock");
	voice_hears(&host, "knock");
	voice_says_of(&st, &host, "{\"type\":\"note\",\"to\":\"%s\",\"text\":\"Soon.\"}",
		      other.id);
	voice_hears_now(&other, "{\"type\":\"note\",\"text\":\"Soon.\"}");
	voice_says_of(&st, &host, "{\"type\":\"note\",\"to\":\"%s\",\"sealed\":\"abc\"}",
		      other.id);
	voice_hears_now(&other, "{\"type\":\"note\",\"sealed\":\"abc\"}");
	voice_hears_no_more(&third);
	voice_hears_no_more(&guest);
	voice_says_of(&st, &host, "{\"type\":\"note\",\"to\":\"%s\",\"text\":\"x\"}",
		      guest.id);
	voice_hears(&host, "no-such-participant");
	end();
}
END_TEST

START_TEST(test_a_network_test_reaches_hosts)
{
	/* test: shown to the host, also to one who comes later */
	char want[256];

	begin(4, true);
	guest_knocks(&guest, "Ann");
	voice_says(&st, &guest, "{\"type\":\"test\",\"result\":{\"relay\":\"tls\"}}");
	host_joins();
	voice_hears_late(&st, &host, "\"knock\"");
	snprintf(want, sizeof(want), "{\"type\":\"knock-test\",\"id\":\"%s\","
		 "\"result\":{\"relay\":\"tls\"}}", guest.id);
	voice_hears_late(&st, &host, want);
	voice_says(&st, &guest, "{\"type\":\"test\",\"result\":{}}");
	voice_hears_now(&host, "\"result\":{}");
	voice_hears_no_more(&guest);
	end();
}
END_TEST

START_TEST(test_a_locked_room_takes_no_new_guests)
{
	/* lock: nobody new may knock, 4409; a host finds `locked`; who waits may be
	 * let in; hosts and resumes get in */
	char guest_id[SIGMSG_ID_SIZE];

	begin(4, true);
	host_joins();
	guest_knocks(&guest, "Ann");
	strcpy(guest_id, guest.id);
	voice_hears(&host, "knock");
	voice_says(&st, &host, "{\"type\":\"lock\",\"on\":true}");
	voice_hears_late(&st, &host, "{\"type\":\"locked\",\"on\":true}");
	voice_says(&st, &host, "{\"type\":\"lock\",\"on\":true}");
	voice_hears_now(&host, "{\"type\":\"locked\",\"on\":true}");
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Bob", NULL), ERR_LOCKED);
	ck_assert_int_eq(other.closed, 4409);
	ck_assert_int_eq(voice_join(&st, st.m, &third, true, "Dr. I", NULL), 0);
	voice_hears(&third, "welcome");
	voice_hears(&third, "knock");
	voice_hears_late(&st, &third, "{\"type\":\"locked\",\"on\":true}");
	voice_lost(&st, &guest);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", guest_id), 0);
	voice_says_of(&st, &third, "{\"type\":\"admit\",\"id\":\"%s\"}", guest.id);
	ck_assert_int_eq(guest.seat->state, SEAT_INSIDE);
	voice_hears(&third, "knock-gone");
	voice_hears(&third, "knock");
	voice_hears(&third, "participant-joined");
	voice_says(&st, &host, "{\"type\":\"lock\",\"on\":false}");
	voice_hears_late(&st, &third, "{\"type\":\"locked\",\"on\":false}");
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Bob", NULL), 0);
	end();
}
END_TEST

START_TEST(test_end_tells_everybody_and_closes)
{
	/* ended, reason host, followed by close 1000, for all; afterwards 4410 */
	char want[256];

	begin_with_two(4);
	guest_knocks(&other, "Bob");
	voice_hears(&host, "knock");
	voice_says(&st, &host, "{\"type\":\"end\"}");
	stage_told_ledger(&st, 3, "meeting.ended {\"reason\":\"host\"}");
	snprintf(want, sizeof(want), "participant.left {\"id\":\"%s\",\"reason\":\"ended\"}",
		 host.id);
	stage_told_ledger(&st, 2, want);
	snprintf(want, sizeof(want), "guest.gone {\"id\":\"%s\",\"reason\":\"ended\"}",
		 other.id);
	stage_told_ledger(&st, 0, want);
	voice_hears_late(&st, &host, "{\"type\":\"ended\",\"reason\":\"host\"}");
	voice_hears_late(&st, &guest, "{\"type\":\"ended\",\"reason\":\"host\"}");
	voice_hears_late(&st, &other, "{\"type\":\"ended\",\"reason\":\"host\"}");
	ck_assert_int_eq(host.closed, 1000);
	ck_assert_int_eq(guest.closed, 1000);
	ck_assert_int_eq(other.closed, 1000);
	ck_assert_uint_eq(other.close_gate, st.facts);
	ck_assert_int_eq(st.forgotten, 3);
	ck_assert_int_eq(st.m->state, MEETING_ENDED);
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", host.id), ERR_ENDED);
	ck_assert_int_eq(host.closed, 4410);
	end();
}
END_TEST

START_TEST(test_the_api_ends_it_too)
{
	/* POST /api/meetings/{id}/end: everyone inside is told and disconnected */
	uint64_t gate = 0;

	begin_with_two(4);
	ck_assert_int_eq(room_end(st.m, &gate, st.now, "key:1", false), 0);
	ck_assert_uint_eq(gate, st.facts);
	ck_assert_str_eq(st.fact[st.facts - 1].actor, "key:1");
	voice_hears_late(&st, &host, "{\"type\":\"ended\",\"reason\":\"api\"}");
	voice_hears_late(&st, &guest, "{\"type\":\"ended\",\"reason\":\"api\"}");
	ck_assert_int_eq(room_end(st.m, &gate, st.now, "key:1", false), ERR_ENDED);
	end();
}
END_TEST

START_TEST(test_leaving_gives_up_the_place)
{
	/* leave: I go, do not hold my place; a resume afterwards counts as absent */
	char id[SIGMSG_ID_SIZE], want[256];

	begin_with_two(2);
	strcpy(id, guest.id);
	voice_says(&st, &guest, "{\"type\":\"leave\"}");
	snprintf(want, sizeof(want), "participant.left {\"id\":\"%s\",\"reason\":\"left\"}", id);
	stage_told_ledger(&st, 0, want);
	ck_assert_int_eq(guest.closed, 1000);
	voice_hears_late(&st, &host, "\"reason\":\"left\"");
	ck_assert_int_eq(meeting_inside(st.m), 1);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", id), 0);
	ck_assert_int_eq(guest.seat->state, SEAT_WAITING);
	ck_assert_str_ne(guest.id, id);
	voice_hears(&host, "knock");
	strcpy(id, guest.id);
	voice_says(&st, &guest, "{\"type\":\"leave\"}");
	snprintf(want, sizeof(want), "guest.gone {\"id\":\"%s\",\"reason\":\"left\"}", id);
	stage_told_ledger(&st, 0, want);
	voice_hears_late(&st, &host, "knock-gone");
	end();
}
END_TEST

START_TEST(test_a_signal_goes_to_one_and_stays_as_it_is)
{
	/* signal: passes data unread to one participant; no fact, no waiting */
	char want[256];
	size_t facts;

	begin_with_two(4);
	guest_knocks(&third, "Cyd");
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", third.id);
	voice_hears(&guest, "participant-joined");
	voice_hears(&third, "welcome");
	facts = st.facts;
	voice_says_of(&st, &guest, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":{ \"a\" :[1]}}",
		      third.id);
	snprintf(want, sizeof(want), "{\"type\":\"signal\",\"from\":\"%s\","
		 "\"data\":{ \"a\" :[1]}}", guest.id);
	voice_hears_now(&third, want);
	voice_hears_no_more(&third);
	voice_hears_no_more(&guest);
	ck_assert_ptr_null(strstr(host.word[host.count - 1], "signal"));
	ck_assert_uint_eq(st.facts, facts);
	end();
}
END_TEST

START_TEST(test_a_signal_crosses_no_meeting)
{
	/* a signal to somebody who is not in the sender's meeting is answered with
	 * error, relayed nowhere */
	struct meeting_plan plan;
	struct meeting *elsewhere;
	static const char *const nobody[] = {"", "AAAAAAAAAAAAAAAA", "short"};

	begin_with_two(4);
	plan_init(&plan);
	elsewhere = stage_schedule(&st, &plan);
	ck_assert_int_eq(voice_join(&st, elsewhere, &third, true, "Dr. I", NULL), 0);
	voice_hears(&third, "welcome");
	guest_knocks(&other, "Bob");
	voice_says_of(&st, &guest, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":1}", third.id);
	voice_hears_now(&guest, "no-such-participant");
	voice_says_of(&st, &guest, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":1}", other.id);
	voice_hears_now(&guest, "no-such-participant");
	voice_says_of(&st, &guest, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":1}", guest.id);
	voice_hears_now(&guest, "\"code\":\"no-such-participant\"");
	for (int i = 0; i < 3; i++) {
		voice_says_of(&st, &guest, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":1}",
			      nobody[i]);
		voice_hears_now(&guest, "\"re\":\"signal\"");
	}
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", third.id);
	ck_assert_ptr_nonnull(strstr(host.word[host.count - 1], "no-such-participant"));
	voice_hears_no_more(&third);
	voice_hears_no_more(&other);
	end();
}
END_TEST

START_TEST(test_sixteen_strikes_close_with_1008)
{
	/* 16 strikes, forgiven one a second, are close 1008 */
	begin_with_two(4);
	for (int i = 0; i < 15; i++) {
		voice_says(&st, &guest, "{\"type\":\"media\"}");
		voice_hears_now(&guest, "bad-message");
	}
	ck_assert_int_eq(guest.closed, 0);
	stage_pass(&st, 1000);
	voice_says(&st, &guest, "{\"type\":\"lock\",\"on\":true}");
	voice_hears_now(&guest, "not-host");
	ck_assert_int_eq(guest.closed, 0);
	voice_says_of(&st, &guest, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":1}", "x");
	voice_hears_now(&guest, "no-such-participant");
	ck_assert_int_eq(guest.closed, 1008);
	/* it is a lost connection like others */
	voice_hears_now(&host, "participant-away");
	end();
}
END_TEST

START_TEST(test_a_signal_to_one_who_just_left_is_no_strike)
{
	/* it is answered, but is no strike; so with one who was removed */
	char id[SIGMSG_ID_SIZE];

	begin_with_two(4);
	strcpy(id, guest.id);
	voice_says(&st, &guest, "{\"type\":\"leave\"}");
	voice_hears(&host, "participant-left");
	for (int i = 0; i < 40; i++) {
		voice_says_of(&st, &host, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":1}", id);
		voice_hears_now(&host, "no-such-participant");
	}
	ck_assert_int_eq(host.closed, 0);
	end();
}
END_TEST

START_TEST(test_what_is_no_message_closes_with_1008)
{
	/* text that is not one JSON object is close 1008 */
	begin_with_two(4);
	voice_says(&st, &guest, "{\"type\":\"ice\"} x");
	ck_assert_int_eq(guest.closed, 1008);
	voice_hears_no_more(&guest);
	voice_hears(&host, "participant-away");
	end();
}
END_TEST

START_TEST(test_unknown_types_are_ignored_and_join_is_not)
{
	/* an unknown type after join is ignored; already-joined is an error */
	begin_with_two(4);
	voice_says(&st, &guest, "{\"type\":\"dance\"}");
	voice_hears_no_more(&guest);
	for (int i = 0; i < 20; i++) {
		voice_says(&st, &guest, "{\"type\":\"join\",\"name\":\"Ann\"}");
		voice_hears_now(&guest, "\"code\":\"already-joined\"");
	}
	ck_assert_int_eq(guest.closed, 0);
	end();
}
END_TEST

START_TEST(test_media_is_for_everybodys_screen)
{
	/* media: my state, for the others now and for who comes later */
	char want[256];

	begin_with_two(4);
	voice_says(&st, &guest, "{\"type\":\"media\",\"audio\":false,\"video\":true,"
		   "\"screen\":false,\"hand\":true}");
	snprintf(want, sizeof(want), "{\"type\":\"media\",\"id\":\"%s\",\"audio\":false,"
		 "\"video\":true,\"screen\":false,\"hand\":true}", guest.id);
	voice_hears_now(&host, want);
	voice_hears_no_more(&guest);
	ck_assert_int_eq(voice_join(&st, st.m, &other, true, "Dr. I", NULL), 0);
	voice_hears(&other, "\"name\":\"Ann\",\"media\":{\"audio\":false,\"video\":true,"
		    "\"screen\":false,\"hand\":true}");
	end();
}
END_TEST

START_TEST(test_ice_servers_on_request)
{
	/* ice: fresh ICE servers; those of who waits serve the test only */
	begin(2, true);
	guest_knocks(&guest, "Ann");
	voice_says(&st, &guest, "{\"type\":\"ice\"}");
	voice_hears_now(&guest, "{\"type\":\"ice\",\"iceServers\":[\"waiting\"],"
			"\"iceExpiresAt\":\"2026-11-20T10:20:00Z\"}");
	host_joins();
	voice_hears(&host, "knock");
	voice_says(&st, &host, "{\"type\":\"ice\"}");
	voice_hears_now(&host, "[\"inside\"]");
	room_tell_ice(host.seat);
	voice_hears_now(&host, "[\"inside\"]");
	end();
}
END_TEST

START_TEST(test_reports_become_facts)
{
	/* report: for the visit's report in the log; about people of the meeting only */
	char want[512];
	size_t facts;

	begin_with_two(4);
	voice_says_of(&st, &guest, "{\"type\":\"report\",\"peer\":\"%s\",\"event\":\"summary\","
		      "\"path\":\"relay-tcp\",\"stats\":{\"b\":2,\"a\":1}}", host.id);
	snprintf(want, sizeof(want), "call.summary {\"id\":\"%s\",\"path\":\"relay-tcp\","
		 "\"peer\":\"%s\",\"stats\":{\"a\":1,\"b\":2}}", guest.id, host.id);
	stage_told_ledger(&st, 0, want);
	voice_says_of(&st, &guest, "{\"type\":\"report\",\"peer\":\"%s\",\"event\":\"verified\","
		      "\"stats\":{\"a\":1}}", host.id);
	snprintf(want, sizeof(want), "call.verified {\"id\":\"%s\",\"peer\":\"%s\"}", guest.id,
		 host.id);
	stage_told_ledger(&st, 0, want);
	voice_hears_no_more(&guest);
	voice_hears_no_more(&host);
	facts = st.facts;
	voice_says_of(&st, &guest, "{\"type\":\"report\",\"peer\":\"%s\",\"event\":\"lost\"}",
		      "AAAAAAAAAAAAAAAA");
	voice_hears(&guest, "no-such-participant");
	ck_assert_uint_eq(st.facts, facts);
	/* a flood does not fill the disk (limits.h) */
	for (int i = 0; i < 300; i++)
		voice_says_of(&st, &guest,
			      "{\"type\":\"report\",\"peer\":\"%s\",\"event\":\"lost\"}", host.id);
	ck_assert_uint_eq(st.facts, facts + 98);
	/* one who has just left can still be reported about */
	stage_pass(&st, 2000);
	facts = st.facts;
	voice_says(&st, &host, "{\"type\":\"leave\"}");
	voice_says_of(&st, &guest, "{\"type\":\"report\",\"peer\":\"%s\",\"event\":\"summary\"}",
		      host.id);
	ck_assert_uint_eq(st.facts, facts + 2);
	end();
}
END_TEST

START_TEST(test_a_lost_participant_is_held)
{
	/* held for 120 s: participant-away, away in a welcome, a place of the capacity;
	 * then participant-left, reason lost */
	char want[256], id[SIGMSG_ID_SIZE];

	begin_with_two(2);
	strcpy(id, guest.id);
	voice_lost(&st, &guest);
	snprintf(want, sizeof(want), "participant.away {\"id\":\"%s\"}", id);
	stage_told_ledger(&st, 0, want);
	snprintf(want, sizeof(want), "{\"type\":\"participant-away\",\"id\":\"%s\"}", id);
	voice_hears_now(&host, want);	/* a disk that stopped must not keep the rest back */
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Bob", NULL), ERR_FULL);
	ck_assert_int_eq(other.closed, 4409);
	ck_assert_int_eq(voice_join(&st, st.m, &third, true, "Dr. I", NULL), 0);
	ck_assert_ptr_nonnull(strstr(third.word[0], "\"hand\":false},\"away\":true}]"));
	voice_says_of(&st, &third, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":1}", id);
	voice_hears(&third, "welcome");
	voice_hears_now(&third, "\"code\":\"unavailable\"");
	stage_pass(&st, SEAT_HOLD_MS - 1);
	voice_hears_no_more(&third);
	stage_pass(&st, 1);
	snprintf(want, sizeof(want), "participant.left {\"id\":\"%s\",\"reason\":\"lost\"}", id);
	stage_told_ledger(&st, 0, want);
	snprintf(want, sizeof(want), "{\"type\":\"participant-left\",\"id\":\"%s\","
		 "\"reason\":\"lost\"}", id);
	voice_hears_late(&st, &third, want);
	ck_assert_str_eq(st.last_forgotten, id);
	/* too old: counts as absent */
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", id), 0);
	voice_hears(&guest, "waiting");
	ck_assert_str_ne(guest.id, id);
	end();
}
END_TEST

START_TEST(test_resume_brings_back_the_same_place)
{
	/* welcome again with the same id and resume; the others get participant-back */
	char want[256], id[SIGMSG_ID_SIZE];

	begin_with_two(2);
	strcpy(id, guest.id);
	voice_lost(&st, &guest);
	voice_hears(&host, "participant-away");
	stage_pass(&st, 100000);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", id), 0);
	ck_assert_str_eq(guest.id, id);
	snprintf(want, sizeof(want), "participant.back {\"id\":\"%s\"}", id);
	stage_told_ledger(&st, 0, want);
	snprintf(want, sizeof(want), "{\"type\":\"welcome\",\"id\":\"%s\",\"resume\":"
		 "\"again-%s\",\"role\":\"guest\"", id, id);
	voice_hears_late(&st, &guest, want);
	snprintf(want, sizeof(want), "{\"type\":\"participant-back\",\"id\":\"%s\"", id);
	voice_hears_late(&st, &host, want);
	/* the hold is over: nothing happens later */
	stage_pass(&st, 2 * SEAT_HOLD_MS);
	voice_hears_no_more(&host);
	ck_assert_int_eq(meeting_inside(st.m), 2);
	end();
}
END_TEST

START_TEST(test_resume_takes_over_an_open_connection)
{
	/* the old connection is closed with 4403 and an error `replaced` before it;
	 * participant-back on every resume */
	struct voice again = {.seat = NULL};

	begin_with_two(2);
	ck_assert_int_eq(voice_join(&st, st.m, &again, false, "Ann", guest.id), 0);
	voice_hears_now(&guest, "\"code\":\"replaced\"");
	ck_assert_int_eq(guest.closed, 4403);
	voice_hears_late(&st, &again, "welcome");
	voice_hears_late(&st, &host, "participant-back");
	voice_hears_no_more(&host);
	ck_assert_ptr_eq(again.seat->conn, &again);
	ck_assert_int_eq(st.forgotten, 0);
	voice_reset(&again);
	end();
}
END_TEST

START_TEST(test_who_waits_is_held_too)
{
	/* the same place again, within 120 s, without a new knock's place in the row;
	 * hosts hear knock-gone and knock */
	char want[256], id[SIGMSG_ID_SIZE];

	begin(2, true);
	host_joins();
	guest_knocks(&guest, "Ann");
	guest_knocks(&other, "Bob");
	voice_hears(&host, "knock");
	voice_hears(&host, "knock");
	strcpy(id, guest.id);
	voice_says(&st, &guest, "{\"type\":\"test\",\"result\":{}}");
	voice_hears(&host, "knock-test");
	voice_lost(&st, &guest);
	voice_hears_now(&host, "knock-gone");
	ck_assert_int_eq(meeting_waiting(st.m), 1);
	/* nobody is there to be let in */
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", id);
	voice_hears(&host, "no-such-participant");
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", id), 0);
	snprintf(want, sizeof(want), "guest.waiting {\"id\":\"%s\",\"resumed\":true}", id);
	stage_told_ledger(&st, 0, want);
	voice_hears_late(&st, &guest, "\"position\":1");
	voice_hears_late(&st, &host, "{\"type\":\"knock\"");
	voice_lost(&st, &guest);
	voice_hears(&host, "knock-gone");
	stage_pass(&st, SEAT_HOLD_MS);
	snprintf(want, sizeof(want), "guest.gone {\"id\":\"%s\",\"reason\":\"lost\"}", id);
	stage_told_ledger(&st, 0, want);
	voice_hears_no_more(&host);
	end();
}
END_TEST

START_TEST(test_a_host_coming_back_finds_who_waits)
{
	/* a host gets a knock for everybody who already waits, right after welcome */
	char id[SIGMSG_ID_SIZE];

	begin(4, true);
	host_joins();
	strcpy(id, host.id);
	voice_lost(&st, &host);
	guest_knocks(&guest, "Ann");
	guest_knocks(&other, "Bob");
	voice_lost(&st, &other);
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", id), 0);
	voice_hears_late(&st, &host, "welcome");
	voice_hears_late(&st, &host, "\"name\":\"Ann\"");
	voice_hears_no_more(&host);
	end();
}
END_TEST

START_TEST(test_capacity_counts_those_inside)
{
	/* a guest may knock while fewer than capacity are inside, else 4409 */
	begin_with_two(3);
	guest_knocks(&other, "Bob");
	guest_knocks(&third, "Cyd");
	voice_hears(&host, "knock");
	voice_hears(&host, "knock");
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", other.id);
	voice_hears(&host, "participant-joined");
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", third.id);
	voice_hears_now(&host, "\"code\":\"full\"");
	ck_assert_int_eq(third.seat->state, SEAT_WAITING);
	voice_says(&st, &third, "{\"type\":\"leave\"}");
	ck_assert_int_eq(voice_join(&st, st.m, &third, false, "Cyd", NULL), ERR_FULL);
	ck_assert_int_eq(third.closed, 4409);
	end();
}
END_TEST

START_TEST(test_without_a_waiting_room_guests_go_in)
{
	/* where waitingRoom is false guests go straight in, up to the capacity */
	begin(2, false);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", NULL), 0);
	voice_hears_late(&st, &guest, "welcome");
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Bob", NULL), 0);
	voice_hears_late(&st, &other, "\"name\":\"Ann\"");
	voice_hears_late(&st, &guest, "participant-joined");
	ck_assert_int_eq(voice_join(&st, st.m, &third, false, "Cyd", NULL), ERR_FULL);
	end();
}
END_TEST

START_TEST(test_a_new_host_takes_the_place_of_the_host)
{
	/* in a full room: participant-left with reason replaced, close 4403 */
	char want[256];

	begin_with_two(2);
	ck_assert_int_eq(voice_join(&st, st.m, &other, true, "Dr. I", NULL), 0);
	voice_hears(&host, "\"code\":\"replaced\"");
	ck_assert_int_eq(host.closed, 4403);
	snprintf(want, sizeof(want), "participant.left {\"id\":\"%s\",\"reason\":\"replaced\"}",
		 host.id);
	stage_told_ledger(&st, 1, want);
	voice_hears(&guest, "\"reason\":\"replaced\"");
	voice_hears_late(&st, &guest, "participant-joined");
	ck_assert_int_eq(meeting_inside(st.m), 2);
	/* the old one may come again, and then it is the other way round */
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", host.id), 0);
	ck_assert_int_eq(other.closed, 4403);
	end();
}
END_TEST

START_TEST(test_a_host_comes_on_top_of_guests)
{
	/* where only guests fill the room, the host comes on top */
	begin(2, false);
	voice_join(&st, st.m, &guest, false, "Ann", NULL);
	voice_join(&st, st.m, &other, false, "Bob", NULL);
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", NULL), 0);
	ck_assert_int_eq(meeting_inside(st.m), 3);
	ck_assert_int_eq(guest.closed, 0);
	ck_assert_int_eq(voice_join(&st, st.m, &third, true, "Dr. I", NULL), 0);
	ck_assert_int_eq(host.closed, 4403);
	ck_assert_int_eq(meeting_inside(st.m), 3);
	end();
}
END_TEST

START_TEST(test_a_host_who_is_away_is_replaced_first)
{
	/* room.c: of several hosts, one who is away gives up the place */
	begin(3, true);
	host_joins();
	ck_assert_int_eq(voice_join(&st, st.m, &other, true, "Dr. I", NULL), 0);
	voice_lost(&st, &other);
	ck_assert_int_eq(voice_join(&st, st.m, &third, true, "Dr. J", NULL), 0);
	ck_assert_int_eq(host.closed, 0);
	ck_assert_str_eq(st.last_forgotten, other.id);
	end();
}
END_TEST

START_TEST(test_the_link_opened_twice_leaves_room_for_the_patient)
{
	/* protocol.md: a host who is away, or who would leave no place for a guest, gives
	 * way to the new one */
	begin(2, true);
	host_joins();
	ck_assert_int_eq(voice_join(&st, st.m, &other, true, "Dr. H", NULL), 0);
	ck_assert_int_eq(host.closed, 4403);
	ck_assert_int_eq(meeting_inside(st.m), 1);
	voice_lost(&st, &other);
	ck_assert_int_eq(voice_join(&st, st.m, &third, true, "Dr. H", NULL), 0);
	ck_assert_int_eq(meeting_inside(st.m), 1);
	guest_knocks(&guest, "Ann");
	voice_says_of(&st, &third, "{\"type\":\"admit\",\"id\":\"%s\"}", guest.id);
	ck_assert_int_eq(meeting_inside(st.m), 2);
	end();
}
END_TEST

START_TEST(test_a_cut_host_who_was_replaced_stays_away)
{
	/* what is given up for another is a fact: the next restart must know it */
	char id[SIGMSG_ID_SIZE];

	begin_with_two(2);
	strcpy(id, host.id);
	stage_restart(&st, 1000);
	ck_assert_int_eq(voice_join(&st, st.m, &other, true, "Dr. I", NULL), 0);
	ck_assert_int_eq(meeting_inside(st.m), 2);
	stage_restart(&st, 1000);
	ck_assert_int_eq(meeting_inside(st.m), 2);
	ck_assert_ptr_null(meeting_seat(st.m, id));
	end();
}
END_TEST

START_TEST(test_what_is_over_is_told_once_it_is_on_disk)
{
	/* a refusal rests on facts: 4410 waits for the end's, 4403 for the removal's */
	char id[SIGMSG_ID_SIZE];

	begin_with_two(2);
	voice_says_of(&st, &host, "{\"type\":\"remove\",\"id\":\"%s\"}", guest.id);
	strcpy(id, guest.id);
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Ann", id), ERR_FORBIDDEN);
	ck_assert_uint_eq(other.close_gate, st.facts);
	voice_says(&st, &host, "{\"type\":\"end\"}");
	ck_assert_int_eq(voice_join(&st, st.m, &third, false, "Ann", NULL), ERR_ENDED);
	ck_assert_uint_eq(third.close_gate, st.facts);
	end();
}
END_TEST

START_TEST(test_doors_and_seats_have_a_rate)
{
	/* protocol.md: 60 at one door, 20 resumes of one seat at once; then 4429 */
	char id[SIGMSG_ID_SIZE];
	int joins = 0;

	begin_with_two(8);
	strcpy(id, guest.id);
	/* from two devices in turn, each taking the seat over from the other */
	while (voice_join(&st, st.m, joins % 2 ? &guest : &third, false, "Ann", id) == 0) {
		voice_reset(&host);
		joins++;
		ck_assert_int_le(joins, 20);
	}
	ck_assert_int_eq(joins, 20);
	ck_assert_int_eq(third.closed, 4429);
	for (joins = 0; voice_join(&st, st.m, &other, false, "Bob", NULL) == 0; joins++) {
		voice_says(&st, &other, "{\"type\":\"leave\"}");
		voice_reset(&other);
		voice_reset(&host);
		ck_assert_int_le(joins, 60);
	}
	ck_assert_int_eq(other.closed, 4429);
	stage_pass(&st, 1000);
	voice_reset(&other);
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Bob", NULL), 0);
	end();
}
END_TEST

START_TEST(test_the_seventeenth_knock_is_refused)
{
	/* room.h: ROOM_KNOCKS_MAX; held places of those who went give way */
	static struct voice crowd[ROOM_KNOCKS_MAX];
	char first[SIGMSG_ID_SIZE];

	begin(2, true);
	for (int i = 0; i < ROOM_KNOCKS_MAX; i++)
		guest_knocks(&crowd[i], "Ann");
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Bob", NULL), ERR_FULL);
	ck_assert_int_eq(guest.closed, 4409);
	strcpy(first, crowd[3].id);
	voice_lost(&st, &crowd[3]);
	stage_pass(&st, 1);
	voice_lost(&st, &crowd[1]);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Bob", NULL), 0);
	ck_assert_str_eq(st.last_forgotten, first);
	/* a host is no guest */
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", NULL), 0);
	for (int i = 0; i < ROOM_KNOCKS_MAX; i++)
		voice_reset(&crowd[i]);
	end();
}
END_TEST

START_TEST(test_a_full_disk_takes_no_changes)
{
	/* when the ledger cannot write, messages that would get `unavailable`; calls
	 * that run go on */
	char id[SIGMSG_ID_SIZE];
	size_t facts;

	begin_with_two(4);
	guest_knocks(&other, "Bob");
	voice_hears(&host, "knock");
	facts = st.facts;
	st.full_disk = true;
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", other.id);
	voice_hears_now(&host, "\"code\":\"unavailable\"");
	voice_says(&st, &host, "{\"type\":\"end\"}");
	voice_hears_now(&host, "\"code\":\"unavailable\"");
	voice_says_of(&st, &guest, "{\"type\":\"report\",\"peer\":\"%s\",\"event\":\"lost\"}",
		      host.id);
	voice_hears_now(&guest, "\"code\":\"unavailable\"");
	voice_says(&st, &guest, "{\"type\":\"leave\"}");
	voice_hears_now(&guest, "\"code\":\"unavailable\"");
	ck_assert_int_eq(voice_join(&st, st.m, &third, false, "Cyd", NULL), ERR_UNAVAILABLE);
	ck_assert_int_eq(third.closed, 0);
	voice_says_of(&st, &guest, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":1}", host.id);
	voice_hears_now(&host, "signal");
	strcpy(id, guest.id);
	voice_lost(&st, &guest);
	voice_hears_now(&host, "participant-away");
	/* the hold goes on until the ledger can say that it ended */
	stage_pass(&st, 2 * SEAT_HOLD_MS);
	voice_hears_no_more(&host);
	ck_assert_int_eq(meeting_inside(st.m), 2);
	ck_assert_uint_eq(st.facts, facts);
	st.full_disk = false;
	stage_pass(&st, 1000);
	voice_hears_late(&st, &host, "\"reason\":\"lost\"");
	end();
}
END_TEST

START_TEST(test_back_after_a_loss_the_ledger_missed)
{
	/* room.c: participant.back follows even where no participant.away was taken */
	char id[SIGMSG_ID_SIZE];

	begin_with_two(4);
	strcpy(id, guest.id);
	st.full_disk = true;
	voice_lost(&st, &guest);
	st.full_disk = false;
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", id), 0);
	ck_assert(!guest.seat->away);
	stage_pass(&st, 2 * SEAT_HOLD_MS);
	ck_assert_int_eq(meeting_inside(st.m), 2);
	end();
}
END_TEST

START_TEST(test_a_restart_closes_stories_and_holds_seats)
{
	/* ledger.md: participant.left with reason server-restart; after a restart the
	 * 120 s count from the restart, and resume brings back the same id */
	char guest_id[SIGMSG_ID_SIZE], host_id[SIGMSG_ID_SIZE], other_id[SIGMSG_ID_SIZE];
	char want[256];

	begin_with_two(4);
	guest_knocks(&other, "Bob");
	strcpy(guest_id, guest.id);
	strcpy(host_id, host.id);
	strcpy(other_id, other.id);
	ck_assert_uint_eq(stage_restart(&st, 60000), 3);
	ck_assert_ptr_nonnull(strstr(st.fact[st.facts - 1].data, "server-restart"));
	ck_assert_str_eq(st.fact[st.facts - 1].actor, "server");
	stage_replay_equals(&st);
	stage_pass(&st, 100000);
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", host_id), 0);
	ck_assert_str_eq(host.id, host_id);
	snprintf(want, sizeof(want), "participant.back {\"id\":\"%s\"}", host_id);
	stage_told_ledger(&st, 0, want);
	/* held ones are listed as away, and their names are not known */
	snprintf(want, sizeof(want), "\"participants\":[{\"id\":\"%s\",\"role\":\"guest\","
		 "\"media\":{\"audio\":true,\"video\":true,\"screen\":false,\"hand\":false},"
		 "\"away\":true}]", guest_id);
	voice_hears_late(&st, &host, want);
	voice_hears_no_more(&host);
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Bob", other_id), 0);
	voice_hears_late(&st, &other, "waiting");
	voice_hears_late(&st, &host, "\"name\":\"Bob\"");
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", guest_id), 0);
	snprintf(want, sizeof(want), "{\"type\":\"participant-back\",\"id\":\"%s\","
		 "\"name\":\"Ann\"}", guest_id);
	voice_hears_late(&st, &host, want);
	voice_hears_late(&st, &guest, "\"name\":\"Dr. H\"");
	end();
}
END_TEST

START_TEST(test_a_hold_after_a_restart_ends_without_a_second_fact)
{
	/* the log has closed the story already; the others hear participant-left */
	char guest_id[SIGMSG_ID_SIZE], host_id[SIGMSG_ID_SIZE];
	size_t facts;

	begin_with_two(2);
	strcpy(guest_id, guest.id);
	strcpy(host_id, host.id);
	stage_restart(&st, 1000);
	/* the held place counts */
	ck_assert_int_eq(voice_join(&st, st.m, &other, false, "Bob", NULL), ERR_FULL);
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", host_id), 0);
	voice_hears(&host, "welcome");
	facts = st.facts;
	stage_pass(&st, SEAT_HOLD_MS);
	voice_hears_now(&host, "\"reason\":\"lost\"");
	ck_assert_uint_eq(st.facts, facts);
	ck_assert_int_eq(meeting_inside(st.m), 1);
	ck_assert_str_eq(st.last_forgotten, guest_id);
	end();
}
END_TEST

START_TEST(test_two_restarts_hold_seats_that_are_young_enough)
{
	/* meetings.h: held 120 s from the restart; an older cut is over */
	char guest_id[SIGMSG_ID_SIZE];

	begin_with_two(4);
	strcpy(guest_id, guest.id);
	ck_assert_uint_eq(stage_restart(&st, 1000), 2);
	ck_assert_uint_eq(stage_restart(&st, 60000), 0);
	ck_assert_int_eq(meeting_inside(st.m), 2);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", guest_id), 0);
	ck_assert_str_eq(guest.id, guest_id);
	/* the guest is cut anew, the host was cut 121 s ago */
	ck_assert_uint_eq(stage_restart(&st, 61000), 1);
	ck_assert_int_eq(meeting_inside(st.m), 1);
	end();
}
END_TEST

START_TEST(test_a_removal_of_a_held_seat_lasts)
{
	/* also of one that only a restart has cut: 4403 from then on */
	char guest_id[SIGMSG_ID_SIZE], host_id[SIGMSG_ID_SIZE];

	begin_with_two(4);
	strcpy(guest_id, guest.id);
	strcpy(host_id, host.id);
	stage_restart(&st, 1000);
	voice_join(&st, st.m, &host, true, "Dr. H", host_id);
	voice_says_of(&st, &host, "{\"type\":\"remove\",\"id\":\"%s\"}", guest_id);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", guest_id), ERR_FORBIDDEN);
	end();
}
END_TEST

START_TEST(test_the_ledger_never_reads_words)
{
	/* fact.h: never names, SDP, candidates, notes, links in data */
	begin(4, true);
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "SECRET-name", NULL), 0);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "SECRET-name", NULL), 0);
	voice_says(&st, &guest, "{\"type\":\"test\",\"result\":{\"a\":\"SECRET\"}}");
	voice_says_of(&st, &host, "{\"type\":\"note\",\"to\":\"%s\",\"text\":\"SECRET\"}",
		      guest.id);
	voice_says_of(&st, &host, "{\"type\":\"admit\",\"id\":\"%s\"}", guest.id);
	voice_says_of(&st, &guest, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":\"SECRET\"}",
		      host.id);
	voice_says_of(&st, &guest, "{\"type\":\"report\",\"peer\":\"%s\",\"event\":\"lost\","
		      "\"stats\":{\"a\":\"SECRET\"}}", host.id);
	for (size_t i = 0; i < st.facts; i++) {
		ck_assert_ptr_null(strstr(st.fact[i].data, "SECRET"));
		ck_assert_ptr_null(strstr(st.fact[i].actor, "SECRET"));
		ck_assert_uint_eq(st.fact[i].personal_len, 0);
	}
	end();
}
END_TEST

/* --- Ten thousand things that people might do -------------------------------------- */

#define PEOPLE 24
#define ROOMS 3

static struct meeting *room[ROOMS];
static char room_id[ROOMS][MEETING_ID_SIZE];
static struct voice person[PEOPLE];
static int person_room[PEOPLE];
static char person_id[PEOPLE][SIGMSG_ID_SIZE];
static uint32_t dice_state;

static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525 + 1013904223;
	return (dice_state >> 8) % sides;
}

static void check_room(struct meeting *m)
{
	int inside = 0, waiting = 0;

	LIST_EACH(it, &m->seats) {
		struct seat *s = CONTAINER_OF(it, struct seat, link);
		struct voice *v = s->conn;

		inside += s->state == SEAT_INSIDE;
		waiting += s->state == SEAT_WAITING;
		ck_assert_int_ne(s->state, SEAT_GONE);
		ck_assert(s->away == !s->conn);
		ck_assert(s->away == !list_empty(&s->hold));
		ck_assert(!s->cut || s->away);
		ck_assert(!v || v->seat == s);
		ck_assert_ptr_eq(s->meeting, m);
	}
	ck_assert_int_le(inside, m->capacity + 1);
	ck_assert_int_le(waiting, ROOM_KNOCKS_MAX);
	ck_assert(list_empty(&m->leaving));
	ck_assert(!meeting_over(m) || list_empty(&m->seats));
}

/* What reached a voice fits where it is; then it is forgotten. */
static void check_person(int i, bool was_waiting)
{
	struct voice *v = &person[i];
	struct json_member m[64];

	for (int k = 0; k < v->count; k++) {
		ck_assert_int_gt(json_scan(m, 64, v->word[k], strlen(v->word[k])), 0);
		if (was_waiting && v->seat && v->seat->state == SEAT_WAITING) {
			ck_assert_ptr_null(strstr(v->word[k], "participant-"));
			ck_assert_ptr_null(strstr(v->word[k], "\"welcome\""));
			ck_assert_ptr_null(strstr(v->word[k], "\"signal\",\"from"));
			ck_assert_ptr_null(strstr(v->word[k], "\"knock"));
		}
		free(v->word[k]);
	}
	v->count = 0;
}

/* Mostly an id of that room. */
static const char *somebody(int in)
{
	uint32_t first = dice(PEOPLE);

	for (uint32_t k = 0; k < PEOPLE && dice(20); k++)
		if (person_room[(first + k) % PEOPLE] == in)
			return person_id[(first + k) % PEOPLE];
	return person_id[first];
}

/* From another window, while the first one is open. */
static void take_over(int by, int i)
{
	if (person[by].seat)
		return;
	person_room[by] = person_room[i];
	memcpy(person_id[by], person_id[i], SIGMSG_ID_SIZE);
	ck_assert_int_eq(voice_join(&st, room[person_room[i]], &person[by], false, "N",
				    person_id[i]), 0);
	ck_assert_ptr_null(person[i].seat);
	ck_assert_int_eq(person[i].closed, 4403);
	ck_assert_str_eq(person[by].id, person_id[i]);
}

static void act(int i)
{
	static const char *const says[] = {
		"{\"type\":\"signal\",\"to\":\"%s\",\"data\":{}}",
		"{\"type\":\"signal\",\"to\":\"%s\",\"data\":{}}",
		"{\"type\":\"admit\",\"id\":\"%s\"}", "{\"type\":\"admit\",\"id\":\"%s\"}",
		"{\"type\":\"admit\",\"id\":\"%s\"}", "{\"type\":\"deny\",\"id\":\"%s\"}",
		"{\"type\":\"remove\",\"id\":\"%s\"}",
		"{\"type\":\"note\",\"to\":\"%s\",\"text\":\"x\"}",
		"{\"type\":\"report\",\"peer\":\"%s\",\"event\":\"lost\",\"stats\":{\"a\":1}}",
		"{\"type\":\"leave\"}", "{\"type\":\"ice\"}", "{\"type\":\"lock\",\"on\":true}",
		"{\"type\":\"lock\",\"on\":false}", "{\"type\":\"lock\",\"on\":false}",
		"{\"type\":\"test\",\"result\":{}}", "{\"type\":\"join\",\"name\":\"x\"}", "{}",
		"{\"type\":\"media\",\"audio\":true,\"video\":true,\"screen\":true,\"hand\":true}",
		"x", "{\"type\":\"end\"}",
	};
	struct voice *v = &person[i];
	uint32_t what = dice(30);

	if (!v->seat) {
		const char *resume = dice(3) && person_id[i][0] ? person_id[i] : NULL;

		if (!resume)
			person_room[i] = (int)dice(ROOMS);
		if (voice_join(&st, room[person_room[i]], v, i % 6 == 0, "N", resume) == 0)
			memcpy(person_id[i], v->id, SIGMSG_ID_SIZE);
	} else if (what < 3) {
		voice_lost(&st, v);
	} else if (what == 3) {
		room_drop(v->seat, st.now, SIGMSG_CLOSE_TOO_FAST);
	} else if (what == 4) {
		take_over((int)dice(PEOPLE), i);
	} else {
		/* the end is rare, or nobody would get to do anything */
		size_t n = sizeof(says) / sizeof(*says) - (dice(20) ? 1 : 0);

		voice_says_of(&st, v, says[dice((uint32_t)n)], somebody(person_room[i]));
	}
}

static void open_rooms(void)
{
	struct meeting_plan plan;

	for (int i = 0; i < ROOMS; i++) {
		if (room[i] && !meeting_over(room[i]))
			continue;
		plan_init(&plan);
		plan.capacity = (uint8_t)(2 + dice(4));
		plan.waiting_room = dice(4) != 0;
		plan.minutes = 5;
		room[i] = stage_schedule(&st, &plan);
		memcpy(room_id[i], room[i]->id, MEETING_ID_SIZE);
	}
	st.m = room[0];
}

static void crash(void)
{
	stage_restart(&st, dice(200000));
	for (int i = 0; i < ROOMS; i++)
		room[i] = meetings_find(st.house, room_id[i], MEETING_ID_LEN);
	for (int i = 0; i < PEOPLE; i++)
		person[i].seat = NULL;
}

/* Somebody from outside, through the API. */
static void meddle(struct meeting *m)
{
	struct meeting_change c = {.has = dice(512)};
	uint64_t gate;

	plan_init(&c.to);
	c.to.capacity = (uint8_t)(2 + dice(5));
	c.to.minutes = 5 + dice(5);
	c.to.starts_at = st.now.wall + dice(60000);
	c.to.waiting_room = dice(4) != 0;
	c.to.title[0] = dice(2) ? 'T' : '\0';
	if (dice(20))
		meetings_change(m, &gate, st.now, &c, "staff:ann");
	else
		meetings_erase(m, &gate, st.now, "staff:ann", REASON_API);
}

static void step(void)
{
	bool waiting[PEOPLE];

	open_rooms();
	for (int i = 0; i < PEOPLE; i++)
		waiting[i] = person[i].seat && person[i].seat->state == SEAT_WAITING;
	act((int)dice(PEOPLE));
	if (!dice(10))
		meddle(room[dice(ROOMS)]);
	stage_pass(&st, dice(8) ? dice(500) : dice(60000));
	if (!dice(400))
		crash();
	for (int i = 0; i < PEOPLE; i++)
		check_person(i, waiting[i]);
	for (int i = 0; i < ROOMS; i++)
		check_room(room[i]);
}

START_TEST(test_ten_thousand_steps_keep_the_rules)
{
	/* ledger.md: the memory of a replayed server equals that of the one that lived
	 * it; room.h: what holds after each step */
	for (uint32_t seed = 1; seed <= 5; seed++) {
		dice_state = seed;
		begin(2, true);
		memset(room, 0, sizeof(room));
		memset(person_id, 0, sizeof(person_id));
		for (int n = 0; n < 2000; n++) {
			step();
			if (n % 100 == 0)
				stage_replay_equals(&st);
		}
		ck_assert_uint_gt(st.facts, 500);
		for (int i = 0; i < PEOPLE; i++)
			voice_reset(&person[i]);
		end();
	}
}
END_TEST

UNIT_MAIN("room", test_a_host_opens_the_meeting,
	  test_a_guest_waits_and_the_host_hears_a_knock,
	  test_who_waits_is_told_nothing_about_those_inside,
	  test_who_waits_may_not_act_inside, test_admit_brings_a_guest_in,
	  test_deny_closes_with_4403, test_denied_and_removed_cannot_resume,
	  test_remove_tells_all_and_closes, test_only_a_host_commands,
	  test_a_note_reaches_one_who_waits, test_a_network_test_reaches_hosts,
	  test_a_locked_room_takes_no_new_guests, test_end_tells_everybody_and_closes,
	  test_the_api_ends_it_too, test_leaving_gives_up_the_place,
	  test_a_signal_goes_to_one_and_stays_as_it_is,
	  test_a_signal_crosses_no_meeting, test_sixteen_strikes_close_with_1008,
	  test_a_signal_to_one_who_just_left_is_no_strike,
	  test_what_is_no_message_closes_with_1008,
	  test_unknown_types_are_ignored_and_join_is_not,
	  test_media_is_for_everybodys_screen, test_ice_servers_on_request,
	  test_reports_become_facts, test_a_lost_participant_is_held,
	  test_resume_brings_back_the_same_place,
	  test_resume_takes_over_an_open_connection, test_who_waits_is_held_too,
	  test_a_host_coming_back_finds_who_waits, test_capacity_counts_those_inside,
	  test_without_a_waiting_room_guests_go_in,
	  test_a_new_host_takes_the_place_of_the_host,
	  test_a_host_comes_on_top_of_guests,
	  test_a_host_who_is_away_is_replaced_first,
	  test_the_link_opened_twice_leaves_room_for_the_patient,
	  test_a_cut_host_who_was_replaced_stays_away,
	  test_what_is_over_is_told_once_it_is_on_disk,
	  test_doors_and_seats_have_a_rate,
	  test_the_seventeenth_knock_is_refused, test_a_full_disk_takes_no_changes,
	  test_back_after_a_loss_the_ledger_missed,
	  test_a_restart_closes_stories_and_holds_seats,
	  test_a_hold_after_a_restart_ends_without_a_second_fact,
	  test_two_restarts_hold_seats_that_are_young_enough,
	  test_a_removal_of_a_held_seat_lasts, test_the_ledger_never_reads_words,
	  test_ten_thousand_steps_keep_the_rules)
