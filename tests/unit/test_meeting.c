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

/* Another length, of whatever meeting. */
static int lengthen(struct meeting *m, uint32_t minutes)
{
	const struct meeting_change c = {.has = CHANGE_MINUTES, .to.minutes = minutes};
	uint64_t gate = 0;

	return meetings_change(m, &gate, st.now, &c, "staff:ann");
}

START_TEST(test_many_meetings_expire_in_order)
{
	/* meetings_tick(): each at its time, whatever the order they were made in, and
	 * however their plans changed; 15 minutes later they are forgotten */
	struct meeting_plan plan;
	struct {
		char id[MEETING_ID_SIZE];
		int64_t due;
	} all[200];
	uint32_t dice = 1;
	struct meeting *m;

	stage_begin(&st, 2, true);
	plan_init(&plan);
	for (int i = 0; i < 200; i++) {
		dice = dice * 1664525 + 1013904223;
		plan.starts_at = st.now.wall + (dice >> 8) % 1000 * MINUTE;
		m = stage_schedule(&st, &plan);
		memcpy(all[i].id, m->id, sizeof(m->id));
		all[i].due = meeting_expires_at(m);
	}
	for (int minute = 0; minute < 3000; minute++) {
		dice = dice * 1664525 + 1013904223;
		m = meetings_find(st.house, all[(dice >> 8) % 200].id, MEETING_ID_LEN);
		if (m && !meeting_over(m)) {
			ck_assert_int_eq(lengthen(m, 5 + (dice >> 16) % 200), 0);
			all[(dice >> 8) % 200].due = meeting_expires_at(m);
		}
		stage_pass(&st, MINUTE);
		for (int i = 0; i < 200; i++) {
			m = meetings_find(st.house, all[i].id, MEETING_ID_LEN);
			ck_assert(!m || meeting_over(m) == (all[i].due <= st.now.wall));
			if (m && meeting_over(m))
				ck_assert_int_lt(st.now.wall, m->over_at +
						 MEETING_KEEP_MS);
			else if (!m)
				ck_assert_int_le(all[i].due, st.now.wall);
		}
	}
	ck_assert_uint_eq(meetings_count(st.house), 0);
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

static struct meeting_change a_change(void)
{
	struct meeting_change c = {.has = 0};

	plan_init(&c.to);
	c.has = CHANGE_CAPACITY | CHANGE_MINUTES | CHANGE_KIND | CHANGE_LOCALE |
		CHANGE_RELAY_ONLY | CHANGE_STARTS_AT | CHANGE_WAITING_ROOM |
		CHANGE_PERSONAL;
	c.to.capacity = 2;
	c.to.starts_at = STAGE_WALL;
	return c;
}

START_TEST(test_only_what_differs_is_remembered)
{
	/* PATCH; meetings.h: nothing differs, no fact */
	struct meeting_change c = a_change();
	uint64_t gate = 99;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "staff:ann"), 0);
	ck_assert_uint_eq(st.facts, 1);
	ck_assert_uint_eq(gate, st.m->last);
	st.full_disk = true;	/* also while the disk is full */
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "staff:ann"), 0);
	c.to.capacity = 3;
	strcpy(c.to.title, "SECRET");
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "staff:ann"),
			 ERR_UNAVAILABLE);
	ck_assert_uint_eq(st.m->capacity, 2);
	st.full_disk = false;
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "staff:ann"), 0);
	ck_assert_uint_eq(gate, st.facts);
	stage_told_ledger(&st, 0, "meeting.changed {\"capacity\":3}");
	ck_assert_str_eq(st.fact[1].personal, "{\"title\":\"SECRET\"}");
	ck_assert_str_eq(st.fact[1].actor, "staff:ann");
	ck_assert_uint_eq(st.m->capacity, 3);
	ck_assert_str_eq(st.m->title, "SECRET");
	c.has = CHANGE_TITLE;
	c.to.title[0] = '\0';
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "staff:ann"), 0);
	stage_told_ledger(&st, 0, "meeting.changed {}");
	ck_assert_str_eq(st.fact[2].personal, "{\"title\":\"\"}");
	ck_assert_str_eq(st.m->title, "");
	end();
}
END_TEST

START_TEST(test_a_change_of_plan_shows)
{
	/* PATCH: who joins from now on gets the new plan, those inside hear nothing */
	struct meeting_change c = a_change();
	uint64_t gate;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(voice_join(&st, st.m, &host, true, "Dr. H", NULL), 0);
	voice_hears(&host, "welcome");
	c.to.kind = PLAN_CLASS;
	c.to.waiting_room = false;
	c.to.relay_only = true;
	c.to.starts_at += MINUTE;
	c.to.minutes = 30;
	strcpy(c.to.locale, "de");
	strcpy(c.to.host_name, "Dr. H");
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "host"), 0);
	voice_hears_no_more(&host);
	ck_assert_int_eq(voice_join(&st, st.m, &guest, false, "Ann", NULL), 0);
	voice_hears(&guest, "\"kind\":\"class\",\"status\":\"open\","
		    "\"startsAt\":\"2026-11-20T09:21:00Z\",\"durationMinutes\":30,"
		    "\"capacity\":2,\"waitingRoom\":false,\"relayOnly\":true,"
		    "\"hostName\":\"Dr. H\",\"practice\":\"Practice\",\"locale\":\"de\"");
	end();
}
END_TEST

START_TEST(test_nobody_is_counted_out_by_a_change)
{
	/* meetings.h: ERR_FULL below the number of those inside, held places included */
	struct meeting_change c = {.has = CHANGE_CAPACITY, .to.capacity = 2};
	struct voice third = {.count = 0};
	uint64_t gate;

	stage_begin(&st, 3, false);
	voice_join(&st, st.m, &host, true, "Dr. H", NULL);
	voice_join(&st, st.m, &guest, false, "Ann", NULL);
	voice_join(&st, st.m, &third, false, "Ben", NULL);
	voice_lost(&st, &third);
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "host"), ERR_FULL);
	c.to.capacity = 4;
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "host"), 0);
	c.to.capacity = 3;
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "host"), 0);
	room_end(st.m, &gate, st.now, "host", false);
	c.to.capacity = 4;
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "host"), ERR_ENDED);
	voice_reset(&third);
	end();
}
END_TEST

START_TEST(test_expiry_follows_a_change)
{
	/* an hour after the planned end, as it is planned now */
	stage_begin(&st, 2, true);
	ck_assert_int_eq(lengthen(st.m, 120), 0);
	stage_pass(&st, 180 * MINUTE - 1);
	ck_assert_int_eq(st.m->state, MEETING_SCHEDULED);
	ck_assert_int_eq(lengthen(st.m, 150), 0);
	stage_pass(&st, 1);
	ck_assert_int_eq(st.m->state, MEETING_SCHEDULED);
	ck_assert_int_eq(lengthen(st.m, 60), 0);
	stage_pass(&st, 1);
	ck_assert_int_eq(st.m->state, MEETING_EXPIRED);
	end();
}
END_TEST

static int erase(struct meeting *m, uint64_t *gate)
{
	return meetings_erase(m, gate, st.now, "staff:ann", REASON_API);
}

START_TEST(test_a_live_meeting_loses_what_is_personal)
{
	/* DELETE .../personal-data: in any state, once */
	struct meeting_change c = {.has = CHANGE_TITLE};
	struct meeting_plan plan;
	uint64_t gate = 0;

	stage_begin(&st, 2, true);
	plan_init(&plan);
	strcpy(plan.title, "SECRET");
	strcpy(plan.host_name, "SECRET");
	st.m = stage_schedule(&st, &plan);
	voice_join(&st, st.m, &host, true, "Dr. H", NULL);
	st.full_disk = true;
	ck_assert_int_eq(erase(st.m, &gate), ERR_UNAVAILABLE);
	st.full_disk = false;
	ck_assert_int_eq(erase(st.m, &gate), 0);
	stage_told_ledger(&st, 0, "personal.erased {\"reason\":\"api\"}");
	ck_assert_uint_eq(gate, st.facts);
	ck_assert_str_eq(st.m->title, "");
	ck_assert_str_eq(st.m->host_name, "");
	voice_join(&st, st.m, &guest, false, "Ann", NULL);
	ck_assert_ptr_null(strstr(voice_hears(&guest, "waiting"), "SECRET"));
	gate = 0;
	ck_assert_int_eq(erase(st.m, &gate), 0);
	ck_assert_uint_eq(gate, st.m->last);
	ck_assert_int_eq(st.fact[st.facts - 2].kind, FACT_PERSONAL_ERASED);
	/* there is no key to seal another one with */
	strcpy(c.to.title, "Other");
	ck_assert_int_eq(meetings_change(st.m, &gate, st.now, &c, "host"), ERR_FORBIDDEN);
	ck_assert_int_eq(lengthen(st.m, 50), 0);
	end();
}
END_TEST

START_TEST(test_a_meeting_that_is_over_is_erased)
{
	/* DELETE .../personal-data: in any state; and by age, by the server */
	uint64_t gate = 0;

	stage_begin(&st, 2, true);
	room_end(st.m, &gate, st.now, "open", false);
	ck_assert_int_eq(meetings_erase(st.m, &gate, st.now, "server", REASON_AGE), 0);
	stage_told_ledger(&st, 0, "personal.erased {\"reason\":\"age\"}");
	end();
}
END_TEST

START_TEST(test_memory_forgets_what_is_over)
{
	/* meetings.h: 15 minutes after its end; never while the ledger takes nothing */
	char id[MEETING_ID_SIZE];
	uint64_t gate;

	stage_begin(&st, 2, true);
	memcpy(id, st.m->id, sizeof(id));
	voice_join(&st, st.m, &host, true, "Dr. H", NULL);
	room_end(st.m, &gate, st.now, "open", false);
	stage_pass(&st, MEETING_KEEP_MS - 1);
	ck_assert_ptr_eq(meetings_find(st.house, id, MEETING_ID_LEN), st.m);
	stage_replay_equals(&st);
	st.full_disk = true;
	stage_pass(&st, MINUTE);
	ck_assert_ptr_eq(meetings_find(st.house, id, MEETING_ID_LEN), st.m);
	st.full_disk = false;
	stage_pass(&st, 0);
	ck_assert_ptr_null(meetings_find(st.house, id, MEETING_ID_LEN));
	ck_assert_uint_eq(meetings_count(st.house), 0);
	stage_pass(&st, 1000 * MINUTE);
	end();
}
END_TEST

START_TEST(test_a_start_forgets_at_the_same_time)
{
	/* meetings_apply(): whichever way a memory came to be */
	char first[MEETING_ID_SIZE], second[MEETING_ID_SIZE];
	struct meeting_plan plan;
	struct meeting *m;
	uint64_t gate;

	stage_begin(&st, 2, true);
	plan_init(&plan);
	m = stage_schedule(&st, &plan);
	memcpy(first, st.m->id, sizeof(first));
	memcpy(second, m->id, sizeof(second));
	room_end(st.m, &gate, st.now, "open", false);
	stage_pass(&st, 5 * MINUTE);
	room_end(m, &gate, st.now, "open", false);
	ck_assert_uint_eq(stage_restart(&st, MINUTE), 0);
	ck_assert_uint_eq(meetings_count(st.house), 2);
	stage_pass(&st, 9 * MINUTE);
	ck_assert_ptr_null(meetings_find(st.house, first, MEETING_ID_LEN));
	ck_assert_ptr_nonnull(meetings_find(st.house, second, MEETING_ID_LEN));
	end();
}
END_TEST

START_TEST(test_a_forgotten_meeting_is_recalled)
{
	/* meetings.h: for one more fact; what memory has counts more than the views */
	struct meeting_plan plan;
	struct meeting_past past = {.state = MEETING_ENDED, .version = 2, .plan = &plan};
	char id[MEETING_ID_SIZE];
	struct meeting *m;
	uint64_t gate;

	stage_begin(&st, 2, true);
	memcpy(id, st.m->id, sizeof(id));
	past.id = id;
	past.created_at = st.m->created_at;
	meeting_plan_of(st.m, &plan);
	strcpy(plan.title, "SECRET");
	ck_assert_ptr_eq(meetings_recall(st.house, st.now, &past), st.m);
	ck_assert_int_eq(st.m->state, MEETING_SCHEDULED);
	room_end(st.m, &gate, st.now, "open", false);
	stage_pass(&st, MEETING_KEEP_MS);
	m = meetings_recall(st.house, st.now, &past);
	ck_assert_int_eq(m->state, MEETING_ENDED);
	ck_assert_str_eq(m->title, "SECRET");
	ck_assert_int_eq(erase(m, &gate), 0);
	ck_assert_uint_eq(st.fact[st.facts - 1].version, 3);
	/* the views may not know yet */
	ck_assert_ptr_eq(meetings_recall(st.house, st.now, &past), m);
	ck_assert_int_eq(erase(m, &gate), 0);
	ck_assert_uint_eq(gate, st.facts);
	ck_assert_uint_eq(st.facts, 3);
	ck_assert_int_eq(voice_join(&st, m, &host, true, "Dr. H", NULL), ERR_ENDED);
	stage_pass(&st, MEETING_KEEP_MS);
	ck_assert_ptr_null(meetings_find(st.house, id, MEETING_ID_LEN));
	past.state = MEETING_OPEN;
	ck_assert_ptr_null(meetings_recall(st.house, st.now, &past));
	past.state = MEETING_CANCELLED;
	past.id = "../../etc/passwd......";
	ck_assert_ptr_null(meetings_recall(st.house, st.now, &past));
	past.id = "short";
	ck_assert_ptr_null(meetings_recall(st.house, st.now, &past));
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
		{FACT_MEETING_CHANGED, "{\"capacity\":9}"}, {FACT_MEETING_CHANGED, ""},
		{FACT_PERSONAL_ERASED, "{}"}, {FACT_INVITATION_REVOKED, "{}"},
		{FACT_INVITATION_MADE, ID_A}, {FACT_INVITATION_REVOKED, ID_A},
		{FACT_KEY_REVOKED, "{}"},
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

START_TEST(test_what_was_erased_stays_erased)
{
	/* meetings.h: ERR_CORRUPT for what could not have been decided */
	struct fact f;
	uint64_t gate;

	stage_begin(&st, 2, true);
	ck_assert_int_eq(erase(st.m, &gate), 0);
	f = forged(FACT_MEETING_CHANGED, "{}");
	strcpy(f.personal, "{\"title\":\"x\"}");
	f.personal_len = strlen(f.personal);
	ck_assert_int_eq(meetings_apply(st.house, &f), ERR_CORRUPT);
	ck_assert_str_eq(st.m->title, "");
	end();
}
END_TEST

START_TEST(test_a_life_goes_one_way)
{
	/* MEETING_STATES: nothing follows on an end */
	static const enum fact_kind kinds[] = {
		FACT_MEETING_OPENED, FACT_MEETING_CANCELLED, FACT_MEETING_EXPIRED,
		FACT_MEETING_ENDED, FACT_MEETING_CHANGED,
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
	for (int i = 0; i < 5; i++) {
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
	bucket_give(&b, 1);
	ck_assert(bucket_take(&b, &rule, UINT64_MAX / 2, 1));
	ck_assert(!bucket_take(&b, &rule, UINT64_MAX / 2, 1));
	bucket_give(&b, 50);
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
	  test_only_what_differs_is_remembered, test_a_change_of_plan_shows,
	  test_nobody_is_counted_out_by_a_change, test_expiry_follows_a_change,
	  test_a_live_meeting_loses_what_is_personal,
	  test_a_meeting_that_is_over_is_erased, test_memory_forgets_what_is_over,
	  test_a_start_forgets_at_the_same_time, test_a_forgotten_meeting_is_recalled,
	  test_replay_refuses_what_does_not_fit, test_what_was_erased_stays_erased,
	  test_a_life_goes_one_way,
	  test_a_crash_in_the_middle_of_an_end_is_mended, test_a_bucket_fills_again,
	  test_traffic_is_bounded)
