#include "unit.h"

#include "base/err.h"
#include "core/limits.h"
#include "stage.h"

#define MINUTE 60000

static struct stage st;
static struct voice host, guest;

static void end(void)
{
	stage_replay_equals(&st);
	stage_end(&st);
	voice_reset(&host);
	voice_reset(&guest);
}

START_TEST(test_a_meeting_is_made_and_found)
{
	/* protocol.md: 22 characters of base64url, 128 bits; missing looks as such */
	struct buf b = BUF_INIT;

	stage_begin(&st, 2, true);
	ck_assert_uint_eq(strlen(st.m->id), 22);
	ck_assert_ptr_eq(meetings_find(st.house, st.m->id, 22), st.m);
	ck_assert_ptr_null(meetings_find(st.house, st.m->id, 21));
	ck_assert_ptr_null(meetings_find(st.house, "AAAAAAAAAAAAAAAAAAAAAB", 22));
	ck_assert_ptr_null(meetings_find(st.house, "", 0));
	ck_assert_uint_eq(meetings_count(st.house), 1);
	ck_assert_int_eq(st.fact[0].kind, FACT_MEETING_CREATED);
	ck_assert_uint_eq(st.fact[0].version, 1);
	ck_assert_str_eq(st.fact[0].actor, "open");
	/* not said when: now */
	ck_assert_int_eq(st.m->starts_at, STAGE_WALL);
	ck_assert_int_eq(st.m->created_at, STAGE_WALL);
	meeting_json(st.m, &b, true, NULL);
	ck_assert_ptr_nonnull(strstr(b.p, "\"status\":\"scheduled\""));
	ck_assert_ptr_nonnull(strstr(b.p, "\"participants\":0,\"waiting\":0}"));
	buf_fini(&b);
	end();
}
END_TEST

START_TEST(test_an_id_is_given_once)
{
	/* meetings.h: ERR_CONFLICT; ERR_UNAVAILABLE while the ledger takes nothing */
	const uint8_t random[MEETING_RANDOM] = {0};
	struct meeting_plan plan;
	struct meeting *m = NULL;
	uint64_t gate;

	stage_begin(&st, 2, true);
	plan_init(&plan);
	ck_assert_int_eq(meetings_schedule(&m, &gate, st.house, st.now, &plan, random,
					   "open"), ERR_CONFLICT);
	st.full_disk = true;
	ck_assert_int_eq(meetings_schedule(&m, &gate, st.house, st.now, &plan,
					   (const uint8_t[MEETING_RANDOM]){7}, "open"),
			 ERR_UNAVAILABLE);
	ck_assert_ptr_null(m);
	end();
}
END_TEST

START_TEST(test_personal_words_are_in_the_sealed_part)
{
	/* ledger.md: title and host name are personal */
	struct meeting_plan plan;
	struct meeting *m;
	const struct fact *f;

	stage_begin(&st, 2, true);
	plan_init(&plan);
	strcpy(plan.title, "SECRET");
	strcpy(plan.host_name, "SECRET");
	m = stage_schedule(&st, &plan);
	ck_assert_str_eq(m->title, "SECRET");
	f = &st.fact[st.facts - 1];
	ck_assert_ptr_null(strstr(f->data, "SECRET"));
	ck_assert_str_eq(f->personal, "{\"hostName\":\"SECRET\",\"title\":\"SECRET\"}");
	end();
}
END_TEST

START_TEST(test_a_meeting_that_has_not_begun_is_cancelled)
{
	/* DELETE: one that has not begun is cancelled, 409 otherwise; who waits is told */
	uint64_t gate = 0;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", NULL), 0);
	st.full_disk = true;
	ck_assert_int_eq(meetings_cancel(st.m, &gate, st.now, "open"), ERR_UNAVAILABLE);
	st.full_disk = false;
	ck_assert_int_eq(meetings_cancel(st.m, &gate, st.now, "open"), 0);
	ck_assert_uint_eq(gate, st.facts);
	stage_told_ledger(&st, 1, "meeting.cancelled {}");
	voice_hears(&guest, "waiting");
	voice_hears_late(&st, &guest, "\"ended\"");
	ck_assert_int_eq(guest.closed, 1000);
	ck_assert_int_eq(st.m->state, MEETING_CANCELLED);
	ck_assert_int_eq(meetings_cancel(st.m, &gate, st.now, "open"), ERR_CONFLICT);
	ck_assert_int_eq(room_end(st.m, &gate, st.now, "open", false), ERR_ENDED);
	end();
}
END_TEST

START_TEST(test_an_open_meeting_is_not_cancelled)
{
	/* DELETE: 409 otherwise */
	uint64_t gate;

	stage_begin(&st, 2, true);
	voice_join(&st, st.m, &host, true, "Dr. H", NULL);
	ck_assert_int_eq(meetings_cancel(st.m, &gate, st.now, "open"), ERR_CONFLICT);
	end();
}
END_TEST

START_TEST(test_a_scheduled_meeting_may_be_ended)
{
	/* POST .../end by API; nobody is inside */
	uint64_t gate = 0;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(room_end(st.m, &gate, st.now, "open", false), 0);
	stage_told_ledger(&st, 0, "meeting.ended {\"reason\":\"api\"}");
	ck_assert_uint_eq(gate, st.facts);
	end();
}
END_TEST

START_TEST(test_an_empty_meeting_expires)
{
	/* an hour after its planned end, when nobody is inside or waiting */
	stage_begin(&st, 2, true);
	stage_pass(&st, 120 * MINUTE - 1);
	ck_assert_int_eq(st.m->state, MEETING_SCHEDULED);
	stage_pass(&st, 1);
	ck_assert_int_eq(st.m->state, MEETING_EXPIRED);
	stage_told_ledger(&st, 0, "meeting.expired {}");
	ck_assert_str_eq(st.fact[st.facts - 1].actor, "server");
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", NULL), ERR_ENDED);
	ck_assert_int_eq(host.closed, 4410);
	stage_pass(&st, 10000 * MINUTE);
	ck_assert_uint_eq(st.facts, 2);
	end();
}
END_TEST

START_TEST(test_nobody_is_thrown_out_by_the_clock)
{
	/* it expires only when nobody is inside or waiting, held places included */
	stage_begin(&st, 2, true);
	voice_join(&st, st.m, &host, true, "Dr. H", NULL);
	stage_pass(&st, 500 * MINUTE);
	ck_assert_int_eq(st.m->state, MEETING_OPEN);
	voice_lost(&st, &host);
	stage_pass(&st, MINUTE);
	ck_assert_int_eq(st.m->state, MEETING_OPEN);
	stage_pass(&st, 2 * MINUTE);
	stage_pass(&st, MINUTE);
	ck_assert_int_eq(st.m->state, MEETING_EXPIRED);
	end();
}
END_TEST

START_TEST(test_many_meetings_expire_in_order)
{
	/* meetings_tick(): each at its time, whatever the order they were made in */
	struct meeting_plan plan;
	struct meeting *m[200];
	uint32_t dice = 1;
	int expired = 0;

	stage_begin(&st, 2, true);
	plan_init(&plan);
	for (int i = 0; i < 200; i++) {
		dice = dice * 1664525 + 1013904223;
		plan.starts_at = st.now.wall + (dice >> 8) % 1000 * MINUTE;
		m[i] = stage_schedule(&st, &plan);
	}
	for (int minute = 0; minute < 1200; minute++) {
		stage_pass(&st, MINUTE);
		expired = 0;
		for (int i = 0; i < 200; i++) {
			ck_assert(meeting_over(m[i]) ==
				  (meeting_expires_at(m[i]) <= st.now.wall));
			expired += meeting_over(m[i]);
		}
	}
	ck_assert_int_eq(expired, 200);
	end();
}
END_TEST

START_TEST(test_a_full_disk_delays_expiry)
{
	/* nothing happens that the ledger cannot take; it happens later */
	stage_begin(&st, 2, true);
	st.full_disk = true;
	stage_pass(&st, 300 * MINUTE);
	ck_assert_int_eq(st.m->state, MEETING_SCHEDULED);
	st.full_disk = false;
	stage_pass(&st, MINUTE);
	ck_assert_int_eq(st.m->state, MEETING_EXPIRED);
	end();
}
END_TEST

/* A fact of the stage's meeting that nobody decided. */
static struct fact forged(enum fact_kind kind, const char *data)
{
	struct fact f;

	meeting_fact(st.m, &f, kind, "server", st.now);
	strcpy(f.data, data);
	f.data_len = strlen(data);
	return f;
}

#define ID_A "{\"id\":\"zzzzzzzzzzzzzzzz\"}"

START_TEST(test_replay_refuses_what_does_not_fit)
{
	/* meetings.h: ERR_CORRUPT or ERR_CONFLICT, and nothing has changed */
	static const struct {
		enum fact_kind kind;
		const char *data;
	} bad[] = {
		{FACT_MEETING_CREATED, "{}"}, {FACT_PARTICIPANT_AWAY, ID_A},
		{FACT_PARTICIPANT_BACK, ID_A}, {FACT_GUEST_ADMITTED, "{}"},
		{FACT_GUEST_GONE, "{\"id\":\"zzzzzzzzzzzzzzzz\",\"reason\":\"left\"}"},
		{FACT_PARTICIPANT_LEFT, "{\"id\":\"zzzzzzzzzzzzzzzz\",\"reason\":\"left\"}"},
		{FACT_GUEST_WAITING, "{\"id\":\"zzzzzzzzzzzzzzzz\",\"resumed\":true}"},
		{FACT_MEETING_OPENED, "x"}, {FACT_MEETING_ENDED, "{}"},
		{FACT_SERVER_STOPPED, "{}"}, {FACT_ROOM_LOCKED, "{}"},
	};
	struct fact f;

	stage_begin(&st, 2, true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		f = forged(bad[i].kind, bad[i].data);
		ck_assert_msg(meetings_apply(st.house, &f) == ERR_CORRUPT, "%s",
			      bad[i].data);
	}
	f = forged(FACT_MEETING_OPENED, "{}");
	f.version++;
	ck_assert_int_eq(meetings_apply(st.house, &f), ERR_CONFLICT);
	f.version -= 2;
	ck_assert_int_eq(meetings_apply(st.house, &f), ERR_CONFLICT);
	f = forged(FACT_MEETING_OPENED, "{}");
	strcpy(f.stream, "meeting/unknown");
	ck_assert_int_eq(meetings_apply(st.house, &f), ERR_CORRUPT);
	strcpy(f.stream, "server");
	ck_assert_int_eq(meetings_apply(st.house, &f), 0);
	ck_assert_uint_eq(st.m->version, 1);
	ck_assert_int_eq(st.m->state, MEETING_SCHEDULED);
	end();
}
END_TEST

START_TEST(test_a_life_goes_one_way)
{
	/* MEETING_STATES: nothing follows on an end */
	static const enum fact_kind kinds[] = {
		FACT_MEETING_OPENED, FACT_MEETING_CANCELLED, FACT_MEETING_EXPIRED,
		FACT_MEETING_ENDED,
	};
	uint64_t gate;
	struct fact f;

	stage_begin(&st, 2, true);
	voice_join(&st, st.m, &host, true, "Dr. H", NULL);
	f = forged(FACT_MEETING_OPENED, "{}");
	ck_assert_int_eq(meetings_apply(st.house, &f), ERR_CORRUPT);
	f = forged(FACT_MEETING_CANCELLED, "{}");
	ck_assert_int_eq(meetings_apply(st.house, &f), ERR_CORRUPT);
	room_end(st.m, &gate, st.now, "open", false);
	for (int i = 0; i < 4; i++) {
		f = forged(kinds[i], "{\"reason\":\"api\"}");
		ck_assert_int_eq(meetings_apply(st.house, &f), ERR_CORRUPT);
	}
	end();
}
END_TEST

START_TEST(test_a_crash_in_the_middle_of_an_end_is_mended)
{
	/* meeting.ended is durable, the stories that follow are not */
	stage_begin(&st, 2, true);
	voice_join(&st, st.m, &host, true, "Dr. H", NULL);
	voice_says(&st, &host, "{\"type\":\"end\"}");
	st.facts--;
	ck_assert_uint_eq(stage_restart(&st, 1000), 1);
	ck_assert_ptr_nonnull(strstr(st.fact[st.facts - 1].data, "server-restart"));
	ck_assert(list_empty(&st.m->seats));
	ck_assert_int_eq(st.m->state, MEETING_ENDED);
	end();
}
END_TEST

START_TEST(test_a_bucket_fills_again)
{
	/* limits.h: per_second tokens come back, up to the burst */
	static const struct bucket_rule rule = {2, 3};
	struct bucket b = {0, 0};

	for (int i = 0; i < 3; i++)
		ck_assert(bucket_take(&b, &rule, 1000, 1));
	ck_assert(!bucket_take(&b, &rule, 1000, 1));
	ck_assert(!bucket_take(&b, &rule, 1499, 1));
	ck_assert(bucket_take(&b, &rule, 1500, 1));
	ck_assert(!bucket_take(&b, &rule, 1500, 1));
	ck_assert(bucket_take(&b, &rule, UINT64_MAX / 2, 3));
	ck_assert(!bucket_take(&b, &rule, UINT64_MAX / 2, 1));
}
END_TEST

START_TEST(test_traffic_is_bounded)
{
	/* protocol.md: 60 messages a second (burst 300), 128 KiB (burst 1 MiB) */
	struct traffic t;

	memset(&t, 0, sizeof(t));
	for (int i = 0; i < 300; i++)
		ck_assert(traffic_take(&t, 1000, 10, 60));
	ck_assert(!traffic_take(&t, 1000, 10, 60));
	for (int i = 0; i < 60; i++)
		ck_assert(traffic_take(&t, 2000, 10, 60));
	ck_assert(!traffic_take(&t, 2000, 10, 60));
	memset(&t, 0, sizeof(t));
	for (int i = 0; i < 16; i++)
		ck_assert(traffic_take(&t, 1000, 65536, 60));
	ck_assert(!traffic_take(&t, 1000, 1, 60));
	ck_assert(traffic_take(&t, 2000, 65536, 60));
	ck_assert(traffic_take(&t, 2000, 65536, 60));
	ck_assert(!traffic_take(&t, 2000, 1, 60));
	memset(&t, 0, sizeof(t));
	ck_assert(!traffic_take(&t, 1000, 1024 * 1024 + 1, 60));
}
END_TEST

UNIT_MAIN("meeting", test_a_meeting_is_made_and_found, test_an_id_is_given_once,
	  test_personal_words_are_in_the_sealed_part,
	  test_a_meeting_that_has_not_begun_is_cancelled,
	  test_an_open_meeting_is_not_cancelled, test_a_scheduled_meeting_may_be_ended,
	  test_an_empty_meeting_expires, test_nobody_is_thrown_out_by_the_clock,
	  test_many_meetings_expire_in_order, test_a_full_disk_delays_expiry,
	  test_replay_refuses_what_does_not_fit, test_a_life_goes_one_way,
	  test_a_crash_in_the_middle_of_an_end_is_mended, test_a_bucket_fills_again,
	  test_traffic_is_bounded)
