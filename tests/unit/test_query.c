#include <inttypes.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/query.h"
#include "store/querydb.h"

#include "viewkit.h"

#define HOST "hhhhhhhhhhhhhhhh"
#define GUEST "gggggggggggggggg"

struct asked {
	struct kit kit;
	struct view_world world;
	struct query *q;
};

static void asked_init(struct asked *a)
{
	memset(a, 0, sizeof(*a));
	kit_init(&a->kit);
	a->world.ledger = kit_start(&a->kit);
}

static struct query *ask(struct asked *a)
{
	int err;

	view_wait(&a->world);
	if (a->q)
		return a->q;
	err = query_open(&a->q, a->kit.dir, &a->kit.why);
	ck_assert_msg(err == 0, "%s", a->kit.why.text);
	return a->q;
}

static void asked_fini(struct asked *a)
{
	query_close(a->q);
	ledger_close(a->world.ledger);
	kit_fini(&a->kit);
}

static const char *id_of(unsigned int n)
{
	static char id[QUERY_ID_SIZE];

	snprintf(id, sizeof(id), "%022u", n);
	return id;
}

static uint64_t tell(struct asked *a, unsigned int n, enum fact_kind kind,
		     const char *data, const char *personal)
{
	char stream[FACT_STREAM_SIZE];

	snprintf(stream, sizeof(stream), "meeting/%s", id_of(n));
	return view_tell(&a->world, stream, kind, data, personal);
}

static void make(struct asked *a, unsigned int n, const char *starts_at)
{
	char data[300], personal[64];

	snprintf(data, sizeof(data), "{\"capacity\":3,\"durationMinutes\":45,\"kind\":"
		 "\"class\",\"locale\":\"fr\",\"relayOnly\":true,\"startsAt\":\"%s\","
		 "\"waitingRoom\":false}", starts_at);
	snprintf(personal, sizeof(personal), "{\"hostName\":\"H\",\"title\":\"T%u\"}", n);
	tell(a, n, FACT_MEETING_CREATED, data, personal);
}

/* A meeting of every status: 0 scheduled, 1 open, 2 ended, 3 cancelled, 4 expired. */
static void make_five(struct asked *a)
{
	static const enum fact_kind last[] = {
		FACT_MEETING_CREATED, FACT_MEETING_OPENED, FACT_MEETING_ENDED,
		FACT_MEETING_CANCELLED, FACT_MEETING_EXPIRED,
	};
	char at[32];

	for (unsigned int n = 0; n < 5; n++) {
		snprintf(at, sizeof(at), "2026-11-%02uT09:00:00Z", 10 + n);
		make(a, n, at);
		if (n == 2)
			tell(a, n, FACT_MEETING_OPENED, "{}", "");
		if (n > 0)
			tell(a, n, last[n], "{\"reason\":\"host\"}", "");
	}
}

/* The ids of a page, each without its leading zeros. */
static void page_is(struct query *q, struct query_filter *f, const char *want,
		    struct cursor *next)
{
	struct query_meeting *rows = mem_new(QUERY_LIMIT_MAX * sizeof(*rows));
	struct buf got = BUF_INIT;
	struct why why = {.text = ""};
	size_t count;

	ck_assert_msg(query_meetings(q, f, rows, &count, next, &why) == 0, "%s", why.text);
	for (size_t i = 0; i < count; i++)
		buf_printf(&got, "%d ", atoi(rows[i].id));
	ck_assert_str_eq(got.p, want);
	buf_fini(&got);
	free(rows);
}

static const struct query_filter all = {
	.status = -1, .from = INT64_MIN, .to = INT64_MAX, .limit = 50,
};

START_TEST(test_a_list_is_newest_start_first)
{
	/* protocol.md: GET /api/meetings, newest start first; status, from, to */
	struct query_filter f = all;
	struct cursor next;
	struct asked a;

	asked_init(&a);
	page_is(ask(&a), &f, "", &next);
	make_five(&a);
	page_is(ask(&a), &f, "4 3 2 1 0 ", &next);
	ck_assert_int_eq(next.first, 0);
	for (f.status = 0; f.status < QUERY_STATUS_COUNT; f.status++) {
		char want[16];

		snprintf(want, sizeof(want), "%d ", f.status);
		page_is(ask(&a), &f, want, &next);
	}
	f = all;
	clock_rfc3339_parse(&f.from, "2026-11-11T09:00:00Z", 20);
	clock_rfc3339_parse(&f.to, "2026-11-13T09:00:00Z", 20);
	page_is(ask(&a), &f, "2 1 ", &next);
	f.to++;
	page_is(ask(&a), &f, "3 2 1 ", &next);
	asked_fini(&a);
}
END_TEST

START_TEST(test_pages_join_without_a_seam)
{
	/* query.h: of one start, the last one made first; next goes on after it */
	struct query_filter f = all;
	struct cursor next;
	struct asked a;

	asked_init(&a);
	for (unsigned int n = 0; n < 9; n++)	/* three starts, three meetings each */
		make(&a, n, n % 3 == 0 ? "2026-01-01T00:00:00Z" :
		     n % 3 == 1 ? "2026-01-02T00:00:00Z" : "2025-01-01T00:00:00Z");
	tell(&a, 4, FACT_MEETING_CANCELLED, "{}", "");
	page_is(ask(&a), &f, "7 4 1 6 3 0 8 5 2 ", &next);
	f.limit = 2;
	page_is(ask(&a), &f, "7 4 ", &next);
	f.after = next;
	page_is(ask(&a), &f, "1 6 ", &next);
	f.after = next;
	make(&a, 10, "2026-01-03T00:00:00Z");	/* does not come twice, nor shift */
	page_is(ask(&a), &f, "3 0 ", &next);
	f.after = next;
	f.limit = 3;
	page_is(ask(&a), &f, "8 5 2 ", &next);
	ck_assert_int_eq(next.first, 0);
	f.limit = 9;
	f.status = QUERY_SCHEDULED;
	f.after.first = 0;
	page_is(ask(&a), &f, "10 7 1 6 3 0 8 5 2 ", &next);
	ck_assert_int_eq(next.first, 0);
	asked_fini(&a);
}
END_TEST

START_TEST(test_a_cursor_may_be_made_up)
{
	/* cursor.h: it opens nothing: a page that begins elsewhere */
	struct query_filter f = all;
	struct cursor next;
	struct asked a;

	asked_init(&a);
	make_five(&a);
	f.after = (struct cursor){1, 2};
	page_is(ask(&a), &f, "", &next);
	f.after = (struct cursor){INT64_MAX, INT64_MAX};
	page_is(ask(&a), &f, "4 3 2 1 0 ", &next);
	f.after = (struct cursor){INT64_MIN, 1};
	page_is(ask(&a), &f, "", &next);
	asked_fini(&a);
}
END_TEST

START_TEST(test_a_meeting_is_as_its_facts_say)
{
	/* ledger.md: title and host name come out of the sealed facts, and go with the key */
	struct query_meeting m;
	struct why why;
	struct asked a;
	uint64_t seq;

	asked_init(&a);
	make(&a, 7, "2026-11-20T09:30:00.500Z");
	ck_assert_int_eq(query_meeting(ask(&a), id_of(7), 22, &m, &why), 0);
	ck_assert_str_eq(m.id, id_of(7));
	ck_assert_int_eq(m.status, QUERY_SCHEDULED);
	ck_assert_int_eq(m.plan.kind, PLAN_CLASS);
	ck_assert_int_eq(m.plan.starts_at, 1795167000500);
	ck_assert_uint_eq(m.plan.minutes, 45);
	ck_assert_uint_eq(m.plan.capacity, 3);
	ck_assert(!m.plan.waiting_room && m.plan.relay_only);
	ck_assert_str_eq(m.plan.locale, "fr");
	ck_assert_str_eq(m.plan.title, "T7");
	ck_assert_str_eq(m.plan.host_name, "H");
	ck_assert(m.created_at && !m.opened_at && !m.over_at && !m.erased);
	ck_assert_uint_eq(m.version, 1);
	ck_assert_uint_eq(m.last_seq, 1);

	tell(&a, 7, FACT_MEETING_CHANGED, "{\"capacity\":5}", "{\"title\":\"New\"}");
	tell(&a, 7, FACT_MEETING_CHANGED, "{\"locale\":\"\"}", "{\"hostName\":\"\"}");
	seq = tell(&a, 7, FACT_MEETING_OPENED, "{}", "");
	ck_assert_int_eq(query_meeting(ask(&a), id_of(7), 22, &m, &why), 0);
	ck_assert_uint_eq(m.plan.capacity, 5);
	ck_assert_str_eq(m.plan.title, "New");
	ck_assert_str_eq(m.plan.host_name, "");
	ck_assert_str_eq(m.plan.locale, "");
	ck_assert_int_eq(m.status, QUERY_OPEN);
	ck_assert_uint_eq(m.version, 4);
	ck_assert_uint_eq(m.last_seq, seq);

	tell(&a, 7, FACT_PERSONAL_ERASED, "{\"reason\":\"api\"}", "");
	ck_assert_int_eq(query_meeting(ask(&a), id_of(7), 22, &m, &why), 0);
	ck_assert(m.erased);
	ck_assert_str_eq(m.plan.title, "");
	ck_assert_int_eq(query_meeting(ask(&a), id_of(8), 22, &m, &why), ERR_NOT_FOUND);
	ck_assert_int_eq(query_meeting(ask(&a), id_of(7), 21, &m, &why), ERR_NOT_FOUND);
	ck_assert_int_eq(query_meeting(ask(&a), "00000000000000000000\0x", 22, &m, &why),
			 ERR_NOT_FOUND);
	asked_fini(&a);
}
END_TEST

/* What was told: the seqs, and 'p' behind one with personal members, 'e' erased. */
static int note(void *arg, const struct query_fact *f)
{
	struct buf *b = arg;

	buf_printf(b, "%" PRIu64 "%s%s ", f->row->seq, f->personal ? "p" : "",
		   f->erased ? "e" : "");
	ck_assert(!f->personal || f->personal_len == strlen(f->personal));
	return 0;
}

static void facts_are(struct asked *a, const char *stream, uint64_t after,
		      unsigned int limit, const char *want)
{
	struct buf got = BUF_INIT;
	struct why why = {.text = ""};
	int n = query_facts(ask(a), stream, after, limit, note, &got, &why), count = 0;

	ck_assert_msg(n >= 0, "%s", why.text);
	for (const char *c = got.p; *c; c++)
		count += *c == ' ';
	ck_assert_int_eq(n, count);
	ck_assert_str_eq(got.p, want);
	buf_fini(&got);
}

static int stop_with(void *arg, const struct query_fact *f)
{
	(void)f;
	return *(int *)arg;
}

START_TEST(test_facts_come_in_their_order)
{
	/* query.h: seq > after, of one stream or of all */
	const char *m = "meeting/0000000000000000000001";
	struct why why;
	struct asked a;
	int stop;

	asked_init(&a);
	for (int i = 0; i < 12; i++)	/* 1, 3, 5 ... are meeting 1's */
		tell(&a, i % 2 == 0, i < 2 ? FACT_MEETING_CREATED : FACT_ROOM_LOCKED, "{}",
		     i < 2 ? "{\"title\":\"x\"}" : "");
	facts_are(&a, NULL, 0, 1000, "1p 2p 3 4 5 6 7 8 9 10 11 12 ");
	facts_are(&a, NULL, 9, 2, "10 11 ");
	facts_are(&a, NULL, 12, 5, "");
	facts_are(&a, NULL, UINT64_MAX, 5, "");
	facts_are(&a, m, 0, 1000, "1p 3 5 7 9 11 ");
	for (uint64_t after = 0; after < 13; after++) {
		char want[32] = "";

		for (uint64_t seq = 1; seq < 12 && strlen(want) < 4; seq += 2)
			if (seq > after)
				snprintf(want + strlen(want), 8, "%" PRIu64 "%s ", seq,
					 seq == 1 ? "p" : "");
		facts_are(&a, m, after, 2, want);
	}
	facts_are(&a, "meeting/0000000000000000000002", 0, 9, "");
	facts_are(&a, "", 0, 9, "");
	stop = 1;
	ck_assert_int_eq(query_facts(ask(&a), m, 0, 9, stop_with, &stop, &why), 1);
	stop = -77;
	ck_assert_int_eq(query_facts(ask(&a), m, 0, 9, stop_with, &stop, &why), -77);
	facts_are(&a, m, 9, 9, "11 ");		/* and nothing is left standing */
	asked_fini(&a);
}
END_TEST

START_TEST(test_without_keys_facts_are_erased_ones)
{
	/* query.h: keys.db may be missing */
	struct asked a;
	char path[128];
	uint64_t last;
	struct why why;

	asked_init(&a);
	make(&a, 1, "2026-01-01T00:00:00Z");
	tell(&a, 1, FACT_MEETING_OPENED, "{}", "");
	view_wait(&a.world);
	ledger_close(a.world.ledger);
	a.world.ledger = NULL;
	kit_path(path, &a.kit, "keys.db");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(query_open(&a.q, a.kit.dir, &why), 0);
	a.world.ledger = kit_open(&a.kit);
	ck_assert_int_eq(query_last(a.q, &last, &why), 0);
	ck_assert_uint_eq(last, 2);
	facts_are(&a, NULL, 0, 9, "1e 2 ");
	asked_fini(&a);
}
END_TEST

START_TEST(test_between_begin_and_end_nothing_moves)
{
	/* query.h: all questions between these two see the same moment */
	uint64_t last;
	struct why why;
	struct asked a;

	asked_init(&a);
	make(&a, 1, "2026-01-01T00:00:00Z");
	ck_assert_int_eq(query_begin(ask(&a), &why), 0);
	ck_assert_int_eq(query_last(a.q, &last, &why), 0);
	tell(&a, 1, FACT_MEETING_OPENED, "{}", "");
	view_wait(&a.world);
	ck_assert_int_eq(query_last(a.q, &last, &why), 0);
	ck_assert_uint_eq(last, 1);
	query_end(a.q);
	query_end(a.q);		/* is harmless */
	ck_assert_int_eq(query_last(a.q, &last, &why), 0);
	ck_assert_uint_eq(last, 2);
	asked_fini(&a);
}
END_TEST

START_TEST(test_an_empty_or_missing_ledger_is_not_found)
{
	/* query.h: errors as ledger_verify() */
	struct query *q = NULL;
	struct kit k;
	char path[128];

	kit_init(&k);
	ck_assert_int_eq(query_open(&q, k.dir, &k.why), ERR_NOT_FOUND);
	kit_path(path, &k, "ledger.db");
	fclose(fopen(path, "w"));
	ck_assert_int_eq(query_open(&q, k.dir, &k.why), ERR_NOT_FOUND);
	ck_assert_ptr_null(q);
	kit_fini(&k);
}
END_TEST

static const struct report_person *person(const struct report *r, const char *id)
{
	for (size_t i = 0; i < r->people; i++)
		if (strcmp(r->person[i].id, id) == 0)
			return &r->person[i];
	ck_abort_msg("%s is not in the report", id);
	return NULL;
}

/* `at` of a fact. */
static int64_t at(struct asked *a, uint64_t seq)
{
	char sql[64];
	sqlite3 *db = kit_raw(&a->kit, "ledger.db");
	int64_t when;

	view_wait(&a->world);
	snprintf(sql, sizeof(sql), "SELECT at FROM fact WHERE seq = %" PRIu64, seq);
	when = kit_number(db, sql);
	sqlite3_close(db);
	return when;
}

static void pause_ms(long ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

#define JOINED(who, role) "{\"id\":\"" who "\",\"role\":\"" role "\"}"
#define LEFT(who, reason) "{\"id\":\"" who "\",\"reason\":\"" reason "\"}"
#define CALL(who, whom, path) "{\"id\":\"" who "\",\"path\":\"" path "\",\"peer\":\"" whom "\"}"

START_TEST(test_the_report_of_a_visit)
{
	/* proto/report.h: who waited, was let in, how long both were there, how it went */
	const struct report_person *p;
	uint64_t host, waits, in, out, back, gone;
	struct report r;
	struct why why;
	struct asked a;

	asked_init(&a);
	make(&a, 1, "2026-01-01T00:00:00Z");
	tell(&a, 1, FACT_MEETING_OPENED, "{}", "");
	host = tell(&a, 1, FACT_PARTICIPANT_JOINED, JOINED(HOST, "host"), "");
	pause_ms(4);
	waits = tell(&a, 1, FACT_GUEST_WAITING, "{\"id\":\"" GUEST "\"}", "");
	pause_ms(4);
	tell(&a, 1, FACT_GUEST_ADMITTED, "{\"by\":\"" HOST "\",\"id\":\"" GUEST "\"}", "");
	in = tell(&a, 1, FACT_PARTICIPANT_JOINED, JOINED(GUEST, "guest"), "");
	tell(&a, 1, FACT_GUEST_WAITING, "{\"id\":\"kkkkkkkkkkkkkkkk\"}", "");
	tell(&a, 1, FACT_GUEST_DENIED, "{\"by\":\"" HOST "\",\"id\":\"kkkkkkkkkkkkkkkk\"}",
	     "");
	tell(&a, 1, FACT_CALL_CONNECTED, CALL(HOST, GUEST, "direct"), "");
	tell(&a, 1, FACT_CALL_CONNECTED, CALL(GUEST, HOST, "direct"), "");
	tell(&a, 1, FACT_CALL_VERIFIED, CALL(HOST, GUEST, "direct"), "");
	pause_ms(4);
	tell(&a, 1, FACT_PARTICIPANT_AWAY, "{\"id\":\"" GUEST "\"}", "");
	out = tell(&a, 1, FACT_PARTICIPANT_LEFT, LEFT(GUEST, "server-restart"), "");
	pause_ms(4);
	back = tell(&a, 1, FACT_PARTICIPANT_BACK, "{\"id\":\"" GUEST "\"}", "");

	report_init(&r);
	ck_assert_int_eq(query_report(ask(&a), id_of(1), 22, &r, &why), 0);
	ck_assert_str_eq(r.status, "open");
	ck_assert_int_eq(r.together_ms, at(&a, out) - at(&a, in));
	ck_assert_int_eq(r.together_since, at(&a, back));
	ck_assert_uint_eq(r.people, 3);
	ck_assert_str_eq(r.person[0].id, HOST);
	ck_assert_str_eq(r.person[1].id, GUEST);
	p = person(&r, GUEST);
	ck_assert_int_eq(p->end, REPORT_STAYS);
	ck_assert_int_eq(p->left_at, 0);
	ck_assert_int_eq(p->inside_since, at(&a, back));
	ck_assert_int_eq(p->inside_ms, at(&a, out) - at(&a, in));
	ck_assert_int_eq(person(&r, HOST)->inside_since, at(&a, host));
	report_fini(&r);

	for (int i = 0; i < 2; i++) {	/* both sides say so, and it counts once */
		tell(&a, 1, FACT_CALL_LOST, i ? CALL(HOST, GUEST, "direct") :
		     CALL(GUEST, HOST, "direct"), "");
		tell(&a, 1, FACT_CALL_CONNECTED, i ? CALL(HOST, GUEST, "relay-tls") :
		     CALL(GUEST, HOST, "relay-tls"), "");
	}
	tell(&a, 1, FACT_CALL_UNVERIFIED, CALL(GUEST, HOST, "relay-tls"), "");
	tell(&a, 1, FACT_RELAY_CLOSED, "{\"bytesDown\":70,\"bytesUp\":30,\"id\":\"" GUEST
	     "\",\"seconds\":6,\"transport\":\"tls\"}", "");
	pause_ms(4);
	tell(&a, 1, FACT_MEETING_ENDED, "{\"reason\":\"host\"}", "");
	gone = tell(&a, 1, FACT_PARTICIPANT_LEFT, LEFT(GUEST, "ended"), "");
	pause_ms(2);
	tell(&a, 1, FACT_PARTICIPANT_LEFT, LEFT(HOST, "ended"), "");

	report_init(&r);
	ck_assert_int_eq(query_report(ask(&a), id_of(1), 22, &r, &why), 0);
	ck_assert_str_eq(r.id, id_of(1));
	ck_assert_str_eq(r.status, "ended");
	ck_assert_str_eq(r.over_by, "staff:somebody");
	ck_assert_str_eq(r.plan.title, "T1");
	ck_assert(r.created_at && r.opened_at && r.over_at && !r.erased);
	ck_assert_int_eq(r.together_ms, at(&a, out) - at(&a, in) + at(&a, gone) -
			 at(&a, back));
	ck_assert_int_eq(r.together_since, 0);
	ck_assert_int_eq(r.path, SIGMSG_NO_PATH);
	ck_assert(r.path_mixed);
	ck_assert_int_eq(r.verified, REPORT_UNVERIFIED);
	ck_assert_uint_eq(r.reconnects, 1);
	ck_assert_uint_eq(r.relay_up, 30);
	ck_assert_uint_eq(r.relay_down, 70);
	ck_assert_uint_eq(r.relay_seconds, 6);
	p = person(&r, GUEST);
	ck_assert(!p->host);
	ck_assert_int_eq(p->waiting_at, at(&a, waits));
	ck_assert_int_eq(p->joined_at, at(&a, in));
	ck_assert_int_eq(p->left_at, at(&a, gone));
	ck_assert_int_eq(p->inside_since, 0);
	ck_assert_int_eq(p->inside_ms, r.together_ms);
	ck_assert_int_eq(p->end, REPORT_ENDED);
	ck_assert_uint_eq(p->away, 1);
	p = person(&r, "kkkkkkkkkkkkkkkk");
	ck_assert_int_eq(p->joined_at, 0);
	ck_assert_int_eq(p->end, REPORT_DENIED);
	ck_assert_int_eq(query_report(ask(&a), id_of(2), 22, &r, &why), ERR_NOT_FOUND);
	report_fini(&r);
	asked_fini(&a);
}
END_TEST

START_TEST(test_a_report_lists_who_was_inside_first)
{
	/* report.h: those inside, in the order of coming, then the others; 200, and a count */
	char id[SIGMSG_ID_SIZE], data[80];
	struct report r;
	struct why why;
	struct asked a;

	asked_init(&a);
	make(&a, 1, "2026-01-01T00:00:00Z");
	for (unsigned int n = 0; n < 300; n++) {
		snprintf(id, sizeof(id), "%016u", n);	/* sorts before those inside */
		snprintf(data, sizeof(data), "{\"id\":\"%s\"}", id);
		tell(&a, 1, FACT_GUEST_WAITING, data, "");
		snprintf(data, sizeof(data), "{\"id\":\"%s\",\"reason\":\"left\"}", id);
		tell(&a, 1, FACT_GUEST_GONE, data, "");
		if (n < 2) {	/* who came first sorts last */
			view_wait(&a.world);
			pause_ms(3);
			tell(&a, 1, FACT_PARTICIPANT_JOINED, n ? JOINED(GUEST, "guest") :
			     JOINED(HOST, "host"), "");
		}
	}
	report_init(&r);
	ck_assert_int_eq(query_report(ask(&a), id_of(1), 22, &r, &why), 0);
	ck_assert_uint_eq(r.people, REPORT_PEOPLE_MAX);
	ck_assert_uint_eq(r.people_more, 302 - REPORT_PEOPLE_MAX);
	ck_assert_str_eq(r.person[0].id, HOST);
	ck_assert_str_eq(r.person[1].id, GUEST);
	for (size_t i = 3; i < r.people; i++)
		ck_assert_int_ge(r.person[i].waiting_at, r.person[i - 1].waiting_at);
	report_fini(&r);
	asked_fini(&a);
}
END_TEST

START_TEST(test_aged_are_over_personal_and_not_erased)
{
	/* query.h: over since before, with personal members, the oldest first */
	char ids[8][QUERY_ID_SIZE];
	struct why why;
	struct asked a;
	int64_t later;

	asked_init(&a);
	make_five(&a);
	tell(&a, 9, FACT_MEETING_CREATED, VIEW_PLAN("2026-01-01T00:00:00Z"), "");
	tell(&a, 9, FACT_MEETING_EXPIRED, "{}", "");
	tell(&a, 8, FACT_MEETING_CREATED, VIEW_PLAN("2026-01-01T00:00:00Z"), "");
	tell(&a, 8, FACT_MEETING_CHANGED, "{}", "{\"title\":\"late\"}");
	tell(&a, 8, FACT_MEETING_EXPIRED, "{}", "");
	tell(&a, 3, FACT_PERSONAL_ERASED, "{\"reason\":\"age\"}", "");
	ask(&a);
	later = clock_wall_ms() + 10;
	ck_assert_int_eq(query_aged(a.q, later, ids, 8, &why), 3);
	ck_assert_str_eq(ids[0], id_of(2));
	ck_assert_str_eq(ids[1], id_of(4));
	ck_assert_str_eq(ids[2], id_of(8));
	ck_assert_int_eq(query_aged(a.q, later, ids, 2, &why), 2);
	ck_assert_int_eq(query_aged(a.q, later - 600000, ids, 8, &why), 0);
	asked_fini(&a);
}
END_TEST

/* What the connection was asked, each text once. */
struct texts {
	size_t count;
	char *text[64];
};

static int remember(unsigned int type, void *arg, void *stmt, void *text)
{
	struct texts *t = arg;
	const char *sql = sqlite3_sql(stmt);
	size_t i;

	(void)type;
	(void)text;
	for (i = 0; i < t->count && strcmp(t->text[i], sql) != 0; i++)
		;
	ck_assert_uint_lt(i, ARRAY_LEN(t->text));
	if (i == t->count)
		t->text[t->count++] = mem_copy(sql, strlen(sql));
	return 0;
}

/* Asks everything that can be asked. */
static void ask_all(struct query *q, struct cursor after)
{
	struct query_meeting *rows = mem_new(QUERY_LIMIT_MAX * sizeof(*rows));
	struct cursor next;
	char ids[5][QUERY_ID_SIZE];
	struct query_filter f = all;
	struct buf b = BUF_INIT;
	struct report r;
	struct why why;
	uint64_t last;
	size_t count;

	f.limit = 5;
	f.after = after;
	for (f.status = -1; f.status < QUERY_STATUS_COUNT; f.status++)
		ck_assert_int_eq(query_meetings(q, &f, rows, &count, &next, &why), 0);
	ck_assert_int_eq(query_meeting(q, id_of(1), 22, rows, &why), 0);
	ck_assert_int_ge(query_facts(q, NULL, 5, 10, note, &b, &why), 0);
	ck_assert_int_ge(query_facts(q, "meeting/0000000000000000000001", 5, 10, note, &b,
				     &why), 0);
	ck_assert_int_eq(query_last(q, &last, &why), 0);
	report_init(&r);
	ck_assert_int_eq(query_report(q, id_of(1), 22, &r, &why), 0);
	report_fini(&r);
	ck_assert_int_ge(query_aged(q, INT64_MAX, ids, 5, &why), 0);
	buf_fini(&b);
	free(rows);
}

START_TEST(test_no_question_looks_through_a_table)
{
	/* issue: no list gets slower with the number of meetings, EXPLAIN QUERY PLAN shows no scan */
	struct texts t = {.count = 0};
	struct buf sql = BUF_INIT;
	struct asked a;
	sqlite3_stmt *s;
	sqlite3 *db;

	asked_init(&a);
	make_five(&a);
	tell(&a, 1, FACT_MEETING_CHANGED, "{}", "{\"title\":\"x\"}");
	db = querydb_of(ask(&a));
	sqlite3_trace_v2(db, SQLITE_TRACE_STMT, remember, &t);
	ask_all(a.q, (struct cursor){0x19000000000, 1});
	sqlite3_trace_v2(db, 0, NULL, NULL);
	ck_assert_uint_gt(t.count, 12);
	for (size_t i = 0; i < t.count; i++) {
		buf_reset(&sql);
		buf_printf(&sql, "EXPLAIN QUERY PLAN %s", t.text[i]);
		ck_assert_msg(sqlite3_prepare_v2(db, sql.p, -1, &s, NULL) == SQLITE_OK,
			      "%s", sql.p);
		while (sqlite3_step(s) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(s, 3);

			ck_assert_msg((!strstr(step, "SCAN") ||
				       strstr(step, "CONSTANT ROW")) &&
				      !strstr(step, "TEMP B-TREE"), "%s: %s", t.text[i],
				      step);
		}
		sqlite3_finalize(s);
		free(t.text[i]);
	}
	buf_fini(&sql);
	asked_fini(&a);
}
END_TEST

static int count_step(void *arg)
{
	++*(uint64_t *)arg;
	return 0;
}

static uint64_t cost(struct asked *a)
{
	uint64_t steps = 0;

	sqlite3_progress_handler(querydb_of(ask(a)), 1, count_step, &steps);
	ask_all(a->q, (struct cursor){0x19000000000, 1});
	sqlite3_progress_handler(querydb_of(a->q), 0, NULL, NULL);
	return steps;
}

START_TEST(test_questions_cost_the_same_among_many)
{
	/* the same, counted: steps of SQLite's machine with 100 and with 5000 meetings */
	struct asked a;
	uint64_t few;
	char stream[FACT_STREAM_SIZE], starts_at[32], data[300];
	struct fact f;

	asked_init(&a);
	for (unsigned int n = 0; n < 5; n++)
		make(&a, n, "2026-01-01T00:00:00Z");
	for (unsigned int n = 0; n < 5000; n++) {
		if (n == 100) {
			few = cost(&a);
			ck_assert_uint_gt(few, 100);
		}
		snprintf(starts_at, sizeof(starts_at), "20%02u-01-01T00:00:00Z", 10 + n % 20);
		snprintf(data, sizeof(data), "{\"capacity\":2,\"durationMinutes\":60,"
			 "\"kind\":\"class\",\"locale\":\"\",\"relayOnly\":false,"
			 "\"startsAt\":\"%s\",\"waitingRoom\":true}", starts_at);
		snprintf(stream, sizeof(stream), "meeting/many%018u", n);
		kit_fact(&f, stream, 1, FACT_MEETING_CREATED, data, "{\"title\":\"x\"}");
		ck_assert_uint_gt(ledger_append(a.world.ledger, &f), 0);
		kit_fact(&f, stream, 2, n % 4 ? FACT_MEETING_ENDED : FACT_MEETING_EXPIRED,
			 "{}", "");
		ck_assert_uint_gt(ledger_append(a.world.ledger, &f), 0);
		if (n % 1000 == 0)
			view_wait(&a.world);
	}
	ck_assert_uint_le(cost(&a), few + few / 10);
	asked_fini(&a);
}
END_TEST

UNIT_MAIN("query",
	  test_a_list_is_newest_start_first,
	  test_pages_join_without_a_seam,
	  test_a_cursor_may_be_made_up,
	  test_a_meeting_is_as_its_facts_say,
	  test_facts_come_in_their_order,
	  test_without_keys_facts_are_erased_ones,
	  test_between_begin_and_end_nothing_moves,
	  test_an_empty_or_missing_ledger_is_not_found,
	  test_the_report_of_a_visit,
	  test_a_report_lists_who_was_inside_first,
	  test_aged_are_over_personal_and_not_erased,
	  test_no_question_looks_through_a_table,
	  test_questions_cost_the_same_among_many)
