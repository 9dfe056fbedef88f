#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "proto/factdata.h"

#define A "AAAAAAAAAAAAAAAA"
#define B "BBBBBBBBBBBBBBBB"
#define H "0001020300000000000000000000000000000000000000000000000000000000"
#define K "00000000000000000000000000000000000000000000000000000000000000ff"

static struct fact fact;

static void data(enum fact_kind kind, const char *text)
{
	fact.kind = kind;
	strcpy(fact.data, text);
	fact.data_len = strlen(text);
	fact.personal_len = 0;
}

START_TEST(test_each_kind_has_its_members_sorted)
{
	/* fact.h, the table; canonical: members sorted, no spaces */
	static const struct factdata d = {
		.id = A, .by = B, .peer = B, .host = true, .resumed = true,
		.reason = REASON_LOST, .path = SIGMSG_DIRECT, .stats = "{\"a\":1}",
		.stats_len = 7, .closed = 3, .version = "1.0", .via = VIA_SOCKET,
		.transport = TRANSPORT_TLS, .bytes_up = 1, .seconds = 2,
		.bytes_down = (UINT64_C(1) << 53) - 1,
		.expires_at = 1795166400500, .roles = ROLE_HOST | ROLE_ADMIN,
		.opens_before = 60, .again = true,
		.has_disabled = true, .password = true,
		.everywhere = true, .hash = {0, 1, 2, 3},
		.label = "The \"board\"", .scopes = APIKEY_READ | APIKEY_AUDIT,
		.seq = 17, .at = 1795166400000, .kept = {[31] = 255},
	};
	static const struct {
		enum fact_kind kind;
		const char *data;
	} want[] = {
		{FACT_SERVER_STARTED, "{\"version\":\"1.0\"}"},
		{FACT_SERVER_STOPPED, "{}"},
		{FACT_SERVER_RECOVERED, "{\"closed\":3}"},
		{FACT_MEETING_OPENED, "{}"},
		{FACT_MEETING_ENDED, "{\"reason\":\"lost\"}"},
		{FACT_MEETING_CANCELLED, "{}"},
		{FACT_MEETING_EXPIRED, "{}"},
		{FACT_GUEST_WAITING, "{\"id\":\"" A "\",\"resumed\":true}"},
		{FACT_GUEST_ADMITTED, "{\"by\":\"" B "\",\"id\":\"" A "\"}"},
		{FACT_GUEST_DENIED, "{\"by\":\"" B "\",\"id\":\"" A "\"}"},
		{FACT_GUEST_GONE, "{\"id\":\"" A "\",\"reason\":\"lost\"}"},
		{FACT_PARTICIPANT_JOINED, "{\"id\":\"" A "\",\"role\":\"host\"}"},
		{FACT_PARTICIPANT_AWAY, "{\"id\":\"" A "\"}"},
		{FACT_PARTICIPANT_BACK, "{\"id\":\"" A "\"}"},
		{FACT_PARTICIPANT_LEFT, "{\"id\":\"" A "\",\"reason\":\"lost\"}"},
		{FACT_PARTICIPANT_REMOVED, "{\"by\":\"" B "\",\"id\":\"" A "\"}"},
		{FACT_ROOM_LOCKED, "{\"by\":\"" B "\"}"},
		{FACT_ROOM_UNLOCKED, "{\"by\":\"" B "\"}"},
		{FACT_CALL_CONNECTED,
		 "{\"id\":\"" A "\",\"path\":\"direct\",\"peer\":\"" B "\"}"},
		{FACT_CALL_SUMMARY, "{\"id\":\"" A "\",\"path\":\"direct\",\"peer\":\"" B
		 "\",\"stats\":{\"a\":1}}"},
		{FACT_RELAY_OPENED, "{\"id\":\"" A "\",\"transport\":\"tls\"}"},
		{FACT_RELAY_CLOSED, "{\"bytesDown\":9007199254740991,\"bytesUp\":1,"
		 "\"id\":\"" A "\",\"seconds\":2,\"transport\":\"tls\"}"},
		{FACT_INVITATION_MADE, "{\"expiresAt\":\"2026-11-20T09:20:00.500Z\","
		 "\"id\":\"" A "\",\"opensBefore\":60,\"role\":\"host\"}"},
		{FACT_INVITATION_USED, "{\"again\":true,\"by\":\"" B "\",\"id\":\"" A "\"}"},
		{FACT_INVITATION_REVOKED, "{\"id\":\"" A "\"}"},
		{FACT_PERSONAL_ERASED, "{\"reason\":\"lost\"}"},
		{FACT_STAFF_ADDED, "{\"roles\":\"admin,host\"}"},
		{FACT_STAFF_CHANGED,
		 "{\"disabled\":false,\"password\":true,\"roles\":\"admin,host\"}"},
		{FACT_STAFF_REMOVED, "{}"},
		{FACT_STAFF_INVITED, "{\"expiresAt\":\"2026-11-20T09:20:00.500Z\"}"},
		{FACT_STAFF_SIGNED_IN, "{}"},
		{FACT_STAFF_SIGNED_OUT, "{\"everywhere\":true}"},
		{FACT_STAFF_REFUSED, "{\"reason\":\"lost\"}"},
		{FACT_KEY_MADE, "{\"hash\":\"" H "\",\"label\":\"The \\\"board\\\"\","
		 "\"scopes\":\"audit,read\"}"},
		{FACT_KEY_REVOKED, "{}"},
		{FACT_TOKEN_REFUSED, "{\"reason\":\"lost\",\"via\":\"socket\"}"},
		{FACT_LOG_CHECKPOINT, "{\"at\":\"2026-11-20T09:20:00Z\",\"hash\":\"" H
		 "\",\"kept\":\"" K "\",\"seq\":17}"},
	};
	struct factdata back;
	struct fact again;

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		fact.kind = want[i].kind;
		factdata_put(&fact, &d);
		ck_assert_str_eq(fact.data, want[i].data);
		ck_assert_uint_eq(fact.data_len, strlen(fact.data));
		ck_assert_int_eq(factdata_get(&back, &fact), 0);
		again.kind = want[i].kind;
		factdata_put(&again, &back);
		ck_assert_str_eq(again.data, want[i].data);
	}
}
END_TEST

START_TEST(test_optional_members_may_be_absent)
{
	/* fact.h: resumed?, path?, stats? */
	struct factdata d = {.id = A, .peer = B};

	fact.kind = FACT_GUEST_WAITING;
	factdata_put(&fact, &d);
	ck_assert_str_eq(fact.data, "{\"id\":\"" A "\"}");
	ck_assert_int_eq(factdata_get(&d, &fact), 0);
	ck_assert(!d.resumed);
	d = (struct factdata){.id = A, .peer = B};
	fact.kind = FACT_CALL_SUMMARY;
	factdata_put(&fact, &d);
	ck_assert_str_eq(fact.data, "{\"id\":\"" A "\",\"peer\":\"" B "\"}");
	ck_assert_int_eq(factdata_get(&d, &fact), 0);
	ck_assert_int_eq(d.path, SIGMSG_NO_PATH);
	ck_assert_uint_eq(d.stats_len, 0);
	d = (struct factdata){.roles = 0};
	fact.kind = FACT_STAFF_CHANGED;
	factdata_put(&fact, &d);
	ck_assert_str_eq(fact.data, "{}");
	ck_assert_int_eq(factdata_get(&d, &fact), 0);
	ck_assert(!d.roles && !d.has_disabled && !d.password);
	d = (struct factdata){.reason = REASON_EXPIRED};
	fact.kind = FACT_TOKEN_REFUSED;
	factdata_put(&fact, &d);
	ck_assert_str_eq(fact.data, "{\"reason\":\"expired\"}");
	ck_assert_int_eq(factdata_get(&d, &fact), 0);
	ck_assert_int_eq(d.via, VIA_NONE);
}
END_TEST

START_TEST(test_what_does_not_fit_is_corrupt)
{
	/* factdata.h: 0 or ERR_CORRUPT */
	static const struct {
		enum fact_kind kind;
		const char *data;
	} bad[] = {
		{FACT_MEETING_OPENED, ""},
		{FACT_MEETING_OPENED, "[]"},
		{FACT_PARTICIPANT_AWAY, "{}"},
		{FACT_PARTICIPANT_AWAY, "{\"id\":\"short\"}"},
		{FACT_PARTICIPANT_AWAY, "{\"id\":\"" A "A\"}"},
		{FACT_PARTICIPANT_AWAY, "{\"id\":\"AAAAAAAAAAAAAAA+\"}"},
		{FACT_PARTICIPANT_AWAY, "{\"id\":5}"},
		{FACT_PARTICIPANT_JOINED, "{\"id\":\"" A "\"}"},
		{FACT_PARTICIPANT_JOINED, "{\"id\":\"" A "\",\"role\":\"king\"}"},
		{FACT_PARTICIPANT_JOINED, "{\"id\":\"" A "\",\"role\":\"a very long role\"}"},
		{FACT_PARTICIPANT_LEFT, "{\"id\":\"" A "\",\"reason\":\"bored\"}"},
		{FACT_PARTICIPANT_LEFT, "{\"id\":\"" A "\"}"},
		{FACT_GUEST_WAITING, "{\"id\":\"" A "\",\"resumed\":1}"},
		{FACT_GUEST_DENIED, "{\"id\":\"" A "\"}"},
		{FACT_CALL_LOST, "{\"id\":\"" A "\",\"path\":\"up\",\"peer\":\"" B "\"}"},
		{FACT_CALL_SUMMARY, "{\"id\":\"" A "\",\"peer\":\"" B "\",\"stats\":[]}"},
		{FACT_SERVER_RECOVERED, "{\"closed\":-1}"},
		{FACT_RELAY_OPENED, "{\"id\":\"" A "\"}"},
		{FACT_RELAY_OPENED, "{\"id\":\"" A "\",\"transport\":\"sctp\"}"},
		{FACT_RELAY_CLOSED, "{\"id\":\"" A "\",\"transport\":\"udp\"}"},
		{FACT_RELAY_CLOSED, "{\"bytesDown\":-1,\"bytesUp\":1,\"id\":\"" A
		 "\",\"seconds\":2,\"transport\":\"udp\"}"},
		{FACT_SERVER_STARTED, "{}"},
		{FACT_INVITATION_MADE, "{\"expiresAt\":\"soon\",\"id\":\"" A
		 "\",\"role\":\"host\"}"},
		{FACT_INVITATION_MADE, "{\"id\":\"" A "\",\"role\":\"host\"}"},
		{FACT_INVITATION_MADE, "{\"id\":\"" A "\",\"opensBefore\":-1,\"role\":\"host\"}"},
		{FACT_INVITATION_USED, "{\"id\":\"" A "\"}"},
		{FACT_INVITATION_USED, "{\"again\":1,\"by\":\"" B "\",\"id\":\"" A "\"}"},
		{FACT_INVITATION_REVOKED, "{}"},
		{FACT_PERSONAL_ERASED, "{\"reason\":\"\"}"},
		{FACT_STAFF_ADDED, "{}"},
		{FACT_STAFF_ADDED, "{\"roles\":\"\"}"},
		{FACT_STAFF_ADDED, "{\"roles\":\"king\"}"},
		{FACT_STAFF_ADDED, "{\"roles\":\"host,host\"}"},
		{FACT_STAFF_ADDED, "{\"roles\":[\"host\"]}"},
		{FACT_STAFF_CHANGED, "{\"roles\":\"\"}"},
		{FACT_STAFF_CHANGED, "{\"disabled\":\"no\"}"},
		{FACT_STAFF_CHANGED, "{\"password\":\"hunter2\"}"},
		{FACT_STAFF_INVITED, "{}"},
		{FACT_STAFF_SIGNED_OUT, "{\"everywhere\":1}"},
		{FACT_KEY_MADE, "{\"hash\":\"" H "\",\"label\":\"\",\"scopes\":\"read\"}"},
		{FACT_KEY_MADE, "{\"hash\":\"" H "\",\"label\":\"a\",\"scopes\":\"\"}"},
		{FACT_KEY_MADE, "{\"hash\":\"" H "0\",\"label\":\"a\",\"scopes\":\"read\"}"},
		{FACT_KEY_MADE, "{\"hash\":\"00\",\"label\":\"a\",\"scopes\":\"read\"}"},
		{FACT_KEY_MADE, "{\"label\":\"a\",\"scopes\":\"read\"}"},
		{FACT_TOKEN_REFUSED, "{}"},
		{FACT_TOKEN_REFUSED, "{\"reason\":\"lost\",\"via\":\"post\"}"},
		{FACT_LOG_CHECKPOINT, "{\"at\":\"2026-11-20T09:20:00Z\",\"hash\":\"" H
		 "\",\"kept\":\"" K "\",\"seq\":0}"},
		{FACT_LOG_CHECKPOINT, "{\"at\":\"2026-11-20T09:20:00Z\",\"hash\":\"" H
		 "\",\"seq\":1}"},
		{FACT_LOG_CHECKPOINT, "{\"hash\":\"" H "\",\"kept\":\"" K "\",\"seq\":1}"},
	};
	struct factdata d;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		data(bad[i].kind, bad[i].data);
		ck_assert_msg(factdata_get(&d, &fact) == ERR_CORRUPT, "%s", bad[i].data);
	}
}
END_TEST

START_TEST(test_a_newer_version_may_add_members)
{
	/* ledger.md: the log only grows; members we do not know are left alone */
	struct factdata d;

	data(FACT_PARTICIPANT_AWAY, "{\"id\":\"" A "\",\"mood\":\"fine\"}");
	ck_assert_int_eq(factdata_get(&d, &fact), 0);
	ck_assert_str_eq(d.id, A);
}
END_TEST

static struct meeting_plan a_plan(void)
{
	struct meeting_plan p;

	plan_init(&p);
	p.kind = PLAN_CLASS;
	p.capacity = 8;
	p.starts_at = 1795166400000;
	strcpy(p.locale, "de");
	strcpy(p.title, "Say \"A\"");
	strcpy(p.host_name, "Dr. \xc3\x84");
	return p;
}

START_TEST(test_personal_words_stay_out_of_data)
{
	/* fact.h: title and host name are personal, sealed apart */
	const struct meeting_plan p = a_plan();

	fact.kind = FACT_MEETING_CREATED;
	factdata_put_plan(&fact, &p);
	ck_assert_str_eq(fact.data, "{\"capacity\":8,\"durationMinutes\":60,"
			 "\"kind\":\"class\",\"locale\":\"de\",\"relayOnly\":false,"
			 "\"startsAt\":\"2026-11-20T09:20:00Z\",\"waitingRoom\":true}");
	ck_assert_str_eq(fact.personal, "{\"hostName\":\"Dr. \xc3\x84\","
			 "\"title\":\"Say \\\"A\\\"\"}");
	ck_assert_uint_eq(fact.personal_len, strlen(fact.personal));
}
END_TEST

START_TEST(test_a_plan_comes_back)
{
	/* factdata.h; an erased one without its words */
	const struct meeting_plan p = a_plan();
	struct meeting_plan q;

	fact.kind = FACT_MEETING_CREATED;
	factdata_put_plan(&fact, &p);
	ck_assert_int_eq(factdata_get_plan(&q, &fact), 0);
	ck_assert_int_eq(q.kind, p.kind);
	ck_assert_int_eq(q.starts_at, p.starts_at);
	ck_assert_uint_eq(q.minutes, p.minutes);
	ck_assert_uint_eq(q.capacity, p.capacity);
	ck_assert_str_eq(q.locale, p.locale);
	ck_assert_str_eq(q.title, p.title);
	ck_assert_str_eq(q.host_name, p.host_name);
	fact.personal_len = 0;
	ck_assert_int_eq(factdata_get_plan(&q, &fact), 0);
	ck_assert_str_eq(q.title, "");
	ck_assert_str_eq(q.host_name, "");
}
END_TEST

START_TEST(test_the_longest_plan_fits)
{
	/* fact.h: FACT_PERSONAL_MAX; every character may need an escape or four bytes */
	struct meeting_plan p = a_plan(), q;

	memset(p.title, '"', PLAN_TITLE_MAX);
	p.title[PLAN_TITLE_MAX] = '\0';
	for (int i = 0; i < PLAN_HOST_NAME_MAX; i++)
		memcpy(p.host_name + 4 * i, "\xf0\x9f\x98\x80", 5);
	fact.kind = FACT_MEETING_CREATED;
	factdata_put_plan(&fact, &p);
	ck_assert_int_eq(factdata_get_plan(&q, &fact), 0);
	ck_assert_str_eq(q.title, p.title);
	ck_assert_str_eq(q.host_name, p.host_name);
}
END_TEST

static unsigned int reread(struct meeting_change *c)
{
	struct meeting_change back;

	fact.kind = FACT_MEETING_CHANGED;
	factdata_put_change(&fact, c);
	ck_assert_int_eq(factdata_get_change(&back, &fact), 0);
	*c = back;
	return back.has;
}

START_TEST(test_a_change_has_what_it_has)
{
	/* fact.h: members that stay as they were are absent, a text taken away is "" */
	struct meeting_change c = {.has = 0, .to = a_plan()};

	ck_assert_uint_eq(reread(&c), 0);
	ck_assert_str_eq(fact.data, "{}");
	ck_assert_uint_eq(fact.personal_len, 0);
	c = (struct meeting_change){.has = CHANGE_TITLE | CHANGE_MINUTES, .to = a_plan()};
	c.to.title[0] = '\0';
	c.to.minutes = 45;
	ck_assert_uint_eq(reread(&c), CHANGE_TITLE | CHANGE_MINUTES);
	ck_assert_str_eq(fact.data, "{\"durationMinutes\":45}");
	ck_assert_str_eq(fact.personal, "{\"title\":\"\"}");
	ck_assert_uint_eq(c.to.minutes, 45);
	c = (struct meeting_change){.has = 511, .to = a_plan()};
	ck_assert_uint_eq(reread(&c), 511);
	ck_assert_str_eq(fact.data, "{\"capacity\":8,\"durationMinutes\":60,"
			 "\"kind\":\"class\",\"locale\":\"de\",\"relayOnly\":false,"
			 "\"startsAt\":\"2026-11-20T09:20:00Z\",\"waitingRoom\":true}");
	ck_assert_str_eq(c.to.host_name, "Dr. \xc3\x84");
	/* erased: what was personal is not meant any more */
	fact.personal_len = 0;
	ck_assert_int_eq(factdata_get_change(&c, &fact), 0);
	ck_assert_uint_eq(c.has, 511 & ~CHANGE_PERSONAL);
}
END_TEST

START_TEST(test_a_wrong_change_is_corrupt)
{
	/* factdata.h: 0 or ERR_CORRUPT */
	static const char *const bad[] = {
		"", "[]", "{\"capacity\":1}", "{\"durationMinutes\":4}",
		"{\"durationMinutes\":1441}", "{\"kind\":\"club\"}", "{\"locale\":\"x\"}",
		"{\"relayOnly\":1}", "{\"startsAt\":5}", "{\"waitingRoom\":null}",
	};
	struct meeting_change c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		data(FACT_MEETING_CHANGED, bad[i]);
		ck_assert_msg(factdata_get_change(&c, &fact) == ERR_CORRUPT, "%s",
			      bad[i]);
	}
	data(FACT_MEETING_CHANGED, "{}");
	strcpy(fact.personal, "{\"title\":5}");
	fact.personal_len = strlen(fact.personal);
	ck_assert_int_eq(factdata_get_change(&c, &fact), ERR_CORRUPT);
}
END_TEST

START_TEST(test_a_wrong_plan_is_corrupt)
{
	/* factdata.h: 0 or ERR_CORRUPT */
	static const char *const bad[] = {
		"{}",
		"{\"capacity\":9,\"durationMinutes\":60,\"kind\":\"class\",\"locale\":\"\","
		"\"relayOnly\":false,\"startsAt\":\"2026-11-20T09:20:00Z\",\"waitingRoom\":true}",
		"{\"capacity\":8,\"durationMinutes\":60,\"kind\":\"club\",\"locale\":\"\","
		"\"relayOnly\":false,\"startsAt\":\"2026-11-20T09:20:00Z\",\"waitingRoom\":true}",
		"{\"capacity\":8,\"durationMinutes\":60,\"kind\":\"class\",\"locale\":\"\","
		"\"relayOnly\":false,\"startsAt\":\"soon\",\"waitingRoom\":true}",
		"{\"capacity\":8,\"durationMinutes\":60,\"kind\":\"class\",\"locale\":\"\","
		"\"relayOnly\":false,\"startsAt\":\"2026-11-20T09:20:00Z\"}",
	};
	struct meeting_plan p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		data(FACT_MEETING_CREATED, bad[i]);
		ck_assert_int_eq(factdata_get_plan(&p, &fact), ERR_CORRUPT);
	}
}
END_TEST

UNIT_MAIN("factdata", test_each_kind_has_its_members_sorted,
	  test_optional_members_may_be_absent, test_what_does_not_fit_is_corrupt,
	  test_a_newer_version_may_add_members, test_personal_words_stay_out_of_data,
	  test_a_plan_comes_back, test_the_longest_plan_fits,
	  test_a_change_has_what_it_has, test_a_wrong_change_is_corrupt,
	  test_a_wrong_plan_is_corrupt)
