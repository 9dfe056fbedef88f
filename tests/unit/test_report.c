#include "proto/report.h"

#include <string.h>

#include "base/mem.h"
#include "proto/json.h"
#include "proto/reportpage.h"
#include "proto/reportstyle.h"
#include "proto/reportwords.h"
#include "unit.h"

#define NINE 1795165200000	/* 2026-11-20T09:00:00Z */
#define SECOND 1000
#define MINUTE 60000

static struct report report;

/* A consultation of 40 minutes with one who was not let in. */
static void make(void)
{
	struct report_person *p;

	report_init(&report);
	strcpy(report.id, "AAAAAAAAAAAAAAAAAAAAAA");
	strcpy(report.status, "ended");
	strcpy(report.plan.title, "Check-up");
	strcpy(report.plan.host_name, "Dr. Ada");
	report.plan.starts_at = NINE;
	report.created_at = NINE - 1440 * MINUTE;
	report.opened_at = NINE - MINUTE;
	report.over_at = NINE + 41 * MINUTE;
	strcpy(report.over_by, "participant:hhhhhhhhhhhhhhhh");
	report.together_ms = 40 * MINUTE + 59 * SECOND;
	report.path = SIGMSG_RELAY_UDP;
	report.verified = REPORT_VERIFIED;
	report.reconnects = 1;
	report.relay_up = 1234567;
	report.relay_down = 7654321;
	report.relay_seconds = 2400;

	p = report_add(&report);
	strcpy(p->id, "hhhhhhhhhhhhhhhh");
	p->host = true;
	p->joined_at = NINE - MINUTE;
	p->left_at = NINE + 41 * MINUTE;
	p->end = REPORT_ENDED;
	p->inside_ms = 42 * MINUTE;
	p = report_add(&report);
	strcpy(p->id, "gggggggggggggggg");
	p->waiting_at = NINE - 2 * MINUTE;
	p->admitted_at = p->joined_at = NINE + SECOND;
	p->left_at = NINE + 41 * MINUTE;
	p->end = REPORT_LEFT;
	p->inside_ms = 41 * MINUTE - SECOND;
	p->away = 2;
	p = report_add(&report);
	strcpy(p->id, "dddddddddddddddd");
	p->waiting_at = NINE;
	p->left_at = NINE + 5 * SECOND;
	p->end = REPORT_DENIED;
}

static struct buf as_json(int64_t made_at)
{
	struct json_member m[32];
	struct buf b = BUF_INIT;

	report_put(&b, &report, made_at, "Praxis");
	ck_assert_int_gt(json_scan(m, 32, b.p, b.len), 0);
	return b;
}

static void has(const struct buf *b, const char *text)
{
	ck_assert_msg(strstr(b->p, text), "no %s", text);
}

START_TEST(test_a_report_is_one_object)
{
	/* doc/protocol.md, "Details": every member, nulls included. */
	struct buf b;

	make();
	b = as_json(NINE + 60 * MINUTE);
	ck_assert_str_eq(b.p,
		"{\"meetingId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"title\":\"Check-up\","
		"\"hostName\":\"Dr. Ada\",\"erased\":false,\"practice\":\"Praxis\","
		"\"kind\":\"consultation\",\"status\":\"ended\","
		"\"startsAt\":\"2026-11-20T09:00:00Z\",\"durationMinutes\":60,"
		"\"createdAt\":\"2026-11-19T09:00:00Z\","
		"\"openedAt\":\"2026-11-20T08:59:00Z\","
		"\"overAt\":\"2026-11-20T09:41:00Z\","
		"\"overBy\":\"participant:hhhhhhhhhhhhhhhh\","
		"\"madeAt\":\"2026-11-20T10:00:00Z\","
		"\"bothPresentSeconds\":2459,\"bothPresentMinutes\":40,"
		"\"path\":\"relay-udp\",\"verified\":\"verified\",\"reconnects\":1,"
		"\"relay\":{\"bytesUp\":1234567,\"bytesDown\":7654321,\"seconds\":2400},"
		"\"participants\":["
		"{\"id\":\"hhhhhhhhhhhhhhhh\",\"role\":\"host\",\"waitingAt\":null,"
		"\"waitedSeconds\":0,\"admittedAt\":null,"
		"\"joinedAt\":\"2026-11-20T08:59:00Z\",\"leftAt\":\"2026-11-20T09:41:00Z\","
		"\"reason\":\"ended\",\"insideSeconds\":2520,\"away\":0},"
		"{\"id\":\"gggggggggggggggg\",\"role\":\"guest\","
		"\"waitingAt\":\"2026-11-20T08:58:00Z\",\"waitedSeconds\":121,"
		"\"admittedAt\":\"2026-11-20T09:00:01Z\","
		"\"joinedAt\":\"2026-11-20T09:00:01Z\","
		"\"leftAt\":\"2026-11-20T09:41:00Z\",\"reason\":\"left\","
		"\"insideSeconds\":2459,\"away\":2},"
		"{\"id\":\"dddddddddddddddd\",\"role\":\"guest\","
		"\"waitingAt\":\"2026-11-20T09:00:00Z\",\"waitedSeconds\":5,"
		"\"admittedAt\":null,\"joinedAt\":null,"
		"\"leftAt\":\"2026-11-20T09:00:05Z\",\"reason\":\"denied\","
		"\"insideSeconds\":0,\"away\":0}],\"moreParticipants\":0}");
	buf_fini(&b);
	report_fini(&report);
}
END_TEST

START_TEST(test_what_was_erased_is_absent)
{
	/* shared with the meeting object: null is "not given", absent is "erased". */
	struct buf b;

	make();
	report.plan.title[0] = '\0';
	b = as_json(NINE);
	has(&b, "\"title\":null,\"hostName\":\"Dr. Ada\",\"erased\":false");
	buf_fini(&b);
	report.plan.host_name[0] = '\0';
	report.erased = true;
	b = as_json(NINE);
	has(&b, "\"erased\":true");
	ck_assert(!strstr(b.p, "\"title\"") && !strstr(b.p, "\"hostName\""));
	buf_fini(&b);
	report_fini(&report);
}
END_TEST

START_TEST(test_what_runs_counts_up_to_now)
{
	/* A visit that goes on: nothing is over, and a clock set back counts nothing. */
	struct report_person *p;
	struct buf b;

	make();
	strcpy(report.status, "open");
	report.over_at = 0;
	report.over_by[0] = '\0';
	report.together_since = NINE + 50 * MINUTE;
	report.path_mixed = true;
	report.verified = REPORT_NO_PROOF;
	p = &report.person[1];
	p->left_at = 0;
	p->end = REPORT_STAYS;
	p->inside_since = NINE + 50 * MINUTE;
	p = &report.person[2];
	p->left_at = 0;
	p->end = REPORT_STAYS;
	b = as_json(NINE + 60 * MINUTE);
	has(&b, "\"overAt\":null,\"overBy\":null");
	has(&b, "\"bothPresentSeconds\":3059,\"bothPresentMinutes\":50");
	has(&b, "\"path\":\"mixed\",\"verified\":\"none\"");
	has(&b, "\"leftAt\":null,\"reason\":null,\"insideSeconds\":3059");
	has(&b, "\"waitedSeconds\":3600");
	buf_fini(&b);
	ck_assert_int_eq(report_together_ms(&report, NINE), report.together_ms);
	ck_assert_int_eq(report_inside_ms(&report.person[1], NINE), 41 * MINUTE - SECOND);
	ck_assert_int_eq(report_waited_ms(&report.person[2], NINE - MINUTE), 0);
	report_fini(&report);
}
END_TEST

START_TEST(test_a_crowd_is_counted)
{
	/* Who knocks ten thousand times does not make a report of ten thousand rows. */
	struct buf b;

	report_init(&report);
	strcpy(report.status, "open");
	for (int i = 0; i < REPORT_PEOPLE_MAX; i++) {
		struct report_person *p = report_add(&report);

		ck_assert_ptr_nonnull(p);
		ck_assert_str_eq(p->id, "");
		memset(p->id, 'a', SIGMSG_ID_LEN);
	}
	for (int i = 0; i < 9800; i++)
		ck_assert_ptr_null(report_add(&report));
	b = as_json(NINE);
	has(&b, "\"moreParticipants\":9800");
	buf_fini(&b);
	report_fini(&report);
	ck_assert_uint_eq(report.people, 0);
}
END_TEST

START_TEST(test_names_are_read_back)
{
	for (enum report_end e = REPORT_STAYS + 1; e < REPORT_END_COUNT; e++)
		ck_assert_int_eq(report_end_of(report_end_name(e),
					       strlen(report_end_name(e))), e);
	for (enum report_proof p = REPORT_NO_PROOF + 1; p < REPORT_PROOF_COUNT; p++)
		ck_assert_int_eq(report_proof_of(report_proof_name(p),
						 strlen(report_proof_name(p))), p);
	ck_assert_int_eq(report_end_of("leftx", 5), REPORT_STAYS);
	ck_assert_int_eq(report_end_of("", 0), REPORT_STAYS);
	ck_assert_int_eq(report_proof_of("none", 4), REPORT_NO_PROOF);
	ck_assert_ptr_null(report_end_name(REPORT_STAYS));
}
END_TEST

static struct buf as_page(enum reportpage_lang lang)
{
	struct buf b = BUF_INIT;

	reportpage_put(&b, &report, NINE + 60 * MINUTE, "Praxis <&>", lang);
	return b;
}

START_TEST(test_a_page_says_what_the_report_says)
{
	struct buf b;

	make();
	b = as_page(REPORTPAGE_DE);
	has(&b, "<html lang=\"de\">");
	has(&b, "Praxis &lt;&amp;&gt;");
	has(&b, "<h1>Bericht zum Besuch</h1>");
	has(&b, "<b>40\302\240min\302\24059\302\240s</b>");
	has(&b, "<time datetime=\"2026-11-20T09:41:00Z\"><span class=\"day\">2026-11-20"
	    "</span> 09:41:00</time>, durch die Leitung");
	has(&b, "vermittelt (UDP)");
	has(&b, "1,2 MB");
	has(&b, "7,6 MB");
	has(&b, "Leitung 1 <code>hhhhhhhhhhhhhhhh</code>");
	has(&b, "Gast 2 <code>dddddddddddddddd</code>");
	has(&b, "nicht eingelassen");
	ck_assert(!strstr(b.p, "class=\"note\""));
	buf_fini(&b);

	report.over_at = 0;
	report.erased = true;
	report.people_more = 3;
	report.relay_up = report.relay_down = report.relay_seconds = 0;
	b = as_page(REPORTPAGE_EN);
	has(&b, report_word(WORD_GOES_ON, REPORTPAGE_EN));
	has(&b, report_word(WORD_ERASED, REPORTPAGE_EN));
	has(&b, "Others, not listed: 3");
	ck_assert(!strstr(b.p, "Relay, sent"));
	buf_fini(&b);
	report_fini(&report);
}
END_TEST

START_TEST(test_a_page_is_safe_whatever_was_typed)
{
	/* What people typed stays text: no tag, no attribute, no end of a style. */
	static const char evil[] = "</style><script>alert('1')</script>\"onload=&lt;";
	struct buf b;

	make();
	strcpy(report.plan.title, evil);
	strcpy(report.plan.host_name, evil);
	strcpy(report.person[0].id, "\"><b>");
	strcpy(report.status, "<i>new");
	for (enum reportpage_lang lang = 0; lang < REPORTPAGE_LANG_COUNT; lang++) {
		b = as_page(lang);
		has(&b, "&lt;/style&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"
		    "&quot;onload=&amp;lt;");
		has(&b, "<code>&quot;&gt;&lt;b&gt;</code>");
		has(&b, "&lt;i&gt;new");
		ck_assert(!strstr(b.p, "<script") && !strstr(b.p, "<i>"));
		ck_assert_ptr_eq(strstr(strstr(b.p, "</style>") + 1, "</style>"), NULL);
		buf_fini(&b);
	}
	report_fini(&report);
}
END_TEST

START_TEST(test_an_empty_report_has_a_page)
{
	/* A meeting that nobody came to. */
	struct buf b;

	report_init(&report);
	strcpy(report.status, "expired");
	for (enum reportpage_lang lang = 0; lang < REPORTPAGE_LANG_COUNT; lang++) {
		b = as_page(lang);
		has(&b, report_word(WORD_NOBODY, lang));
		has(&b, report_word(WORD_EXPIRED, lang));
		ck_assert(!strstr(b.p, "<table>"));
		buf_fini(&b);
	}
}
END_TEST

START_TEST(test_no_word_is_missing)
{
	/* In each language, and none of ours needs escaping. */
	for (int word = 0; word <= WORD_MADE_AT; word++) {
		for (enum reportpage_lang lang = 0; lang < REPORTPAGE_LANG_COUNT; lang++) {
			const char *s = report_word((enum report_word)word, lang);

			ck_assert_msg(s && *s && !strpbrk(s, "<>&\""), "%d", word);
		}
	}
	ck_assert_str_eq(reportpage_langs[REPORTPAGE_ES], "es");
	ck_assert_ptr_null(reportpage_langs[REPORTPAGE_LANG_COUNT]);
}
END_TEST

START_TEST(test_the_policy_allows_its_own_style_alone)
{
	char policy[REPORTPAGE_POLICY_SIZE];
	struct buf b;

	reportpage_policy(policy);
	ck_assert_int_eq(strncmp(policy, "default-src 'none'; style-src 'sha256-", 38), 0);
	ck_assert_str_eq(policy + 38 + 44, "'; base-uri 'none'; form-action 'none'; "
			 "frame-ancestors 'none'");
	ck_assert(!strstr(reportstyle, "<"));
	make();
	b = as_page(REPORTPAGE_EN);
	has(&b, "<style>:root {");
	ck_assert(!strstr(b.p, "style=") && !strstr(b.p, "src=") && !strstr(b.p, "href="));
	buf_fini(&b);
	report_fini(&report);
}
END_TEST

UNIT_MAIN("report", test_a_report_is_one_object, test_what_was_erased_is_absent,
	  test_what_runs_counts_up_to_now, test_a_crowd_is_counted, test_names_are_read_back,
	  test_a_page_says_what_the_report_says, test_a_page_is_safe_whatever_was_typed,
	  test_an_empty_report_has_a_page, test_no_word_is_missing,
	  test_the_policy_allows_its_own_style_alone)
