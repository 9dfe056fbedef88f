#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include "store/export.h"
#include "store/ledger.h"

#include "pastkit.h"

static int64_t count(struct past *p, const char *what)
{
	char sql[160];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", what);
	return kit_number(p->db, sql);
}

static int64_t facts_of(struct past *p, const char *stream)
{
	char what[120];

	snprintf(what, sizeof(what), "fact WHERE stream = '%s'", stream);
	return count(p, what);
}

/*
 * Ten days with a visit each, a key, somebody of the staff, a meeting (100) that was made
 * on day 1 for later, and one (101) that was made on day 2 and ended on day 8.
 */
static void ten_days(struct past *p)
{
	past_init(p);
	past_fact(p, 0, "server", FACT_SERVER_STARTED, "{\"version\":\"1\"}", NULL);
	past_fact(p, 0, "staff/ann", FACT_STAFF_ADDED, "{\"roles\":\"admin\"}", NULL);
	past_fact(p, 0.1, "key/abcdefgh", FACT_KEY_MADE, "{\"hash\":\"00\",\"label\":\"a\","
		  "\"scopes\":\"read\"}", NULL);
	for (unsigned int day = 0; day < 10; day++) {
		past_visit(p, day + 0.2, day);
		if (day == 1)
			past_fact(p, 1.3, past_meeting(100), FACT_MEETING_CREATED, "{}",
				  "{\"title\":\"Later\"}");
		if (day == 2)
			past_fact(p, 2.3, past_meeting(101), FACT_MEETING_CREATED, "{}",
				  "{\"title\":\"Long\"}");
		if (day == 8)
			past_fact(p, 8.3, past_meeting(101), FACT_MEETING_CANCELLED, "{}",
				  NULL);
		past_fact(p, day + 0.5, "staff/ann", FACT_STAFF_SIGNED_IN, "{}", NULL);
	}
}

START_TEST(test_a_cut_takes_whole_stories)
{
	/* cut.h: what goes and what is kept; what remains verifies, a rebuild is equal */
	struct past p;

	ten_days(&p);
	past_rebuilds_the_same(&p);
	/* days 0 to 4: five visits, and what the server said */
	ck_assert_uint_eq(past_cut(&p, 5.7, 10), 5 * 6 + 1);
	ck_assert_int_eq(facts_of(&p, past_meeting(4)), 0);
	ck_assert_int_eq(facts_of(&p, past_meeting(5)), 6);
	ck_assert_int_eq(facts_of(&p, past_meeting(100)), 1);
	ck_assert_int_eq(facts_of(&p, past_meeting(101)), 2);
	ck_assert_int_eq(facts_of(&p, "key/abcdefgh"), 1);
	ck_assert_int_eq(facts_of(&p, "staff/ann"), 11);
	ck_assert_int_eq(facts_of(&p, "server"), 1);
	ck_assert_int_eq(count(&p, "kept"), 1 + 6 + 2);
	ck_assert_int_eq(count(&p, "meeting"), 7);
	ck_assert_int_eq(count(&p, "stay"), 5);
	ck_assert_int_eq(count(&p, "relay_day"), 5);
	ck_assert_int_eq(count(&p, "sign_in_day"), 5);
	past_verifies(&p);
	past_rebuilds_the_same(&p);
	past_fini(&p);
}
END_TEST

START_TEST(test_a_second_cut_goes_on)
{
	/* cut.h: what was kept goes when its time has come; nothing twice */
	struct past p;

	ten_days(&p);
	ck_assert_uint_eq(past_cut(&p, 5, 10), 5 * 6 + 1);
	ck_assert_uint_eq(past_cut(&p, 5, 10), 0);
	ck_assert_uint_eq(past_cut(&p, 3, 10), 0);
	ck_assert_uint_eq(past_cut(&p, 8, 10), 3 * 6);
	past_verifies(&p);
	/* the meeting that began on day 2 ended on day 8 */
	ck_assert_int_eq(facts_of(&p, past_meeting(101)), 2);
	ck_assert_uint_eq(past_cut(&p, 9, 10), 6 + 2);
	ck_assert_int_eq(facts_of(&p, past_meeting(101)), 0);
	past_verifies(&p);
	past_rebuilds_the_same(&p);
	/* all but what is not over; the older checkpoints go as well */
	past_fact(&p, 12, past_meeting(100), FACT_PARTICIPANT_JOINED, "{\"id\":"
		  "\"aaaaaaaaaaaaaaaa\",\"role\":\"host\"}", NULL);
	ck_assert_uint_eq(past_cut(&p, 13, 14), 6 + 3);
	ck_assert_int_eq(facts_of(&p, past_meeting(100)), 2);
	ck_assert_int_eq(facts_of(&p, "server"), 1);
	past_verifies(&p);
	past_rebuilds_the_same(&p);
	past_fini(&p);
}
END_TEST

static int count_fact(void *arg, const struct fact *f)
{
	uint64_t *n = arg;

	if (strcmp(f->stream, past_meeting(100)) == 0)
		ck_assert_str_eq(f->personal, "{\"title\":\"Later\"}");
	++*n;
	return 0;
}

START_TEST(test_a_restart_reads_what_is_left)
{
	/* ledger.h: open checks the tail, replay gives every fact, the next one follows */
	uint64_t facts = 0, live = 0, last;
	struct ledger *l;
	struct fact f;
	struct past p;

	ten_days(&p);
	past_cut(&p, 7, 10);
	last = p.head.seq;
	past_close(&p);
	l = kit_open(&p.kit);
	ck_assert_uint_eq(ledger_last(l), last);
	ck_assert_msg(ledger_replay(l, count_fact, &live, &p.why) == 0, "%s", p.why.text);
	ck_assert_msg(ledger_replay_live(l, count_fact, &facts, &p.why) == 0, "%s",
		      p.why.text);
	ck_assert_uint_le(facts, live);
	facts = live;
	kit_fact(&f, "meeting/new", 1, FACT_MEETING_CREATED, "{}", "{\"title\":\"x\"}");
	ck_assert_int_eq(ledger_start(l), 0);
	ck_assert_uint_eq(ledger_append(l, &f), last + 1);
	ledger_stop(l);
	ck_assert_uint_eq(ledger_durable(l), last + 1);
	ledger_close(l);
	past_open(&p);
	ck_assert_int_eq((int64_t)facts + 1, count(&p, "fact"));
	past_verifies(&p);
	past_fini(&p);
}
END_TEST

static const struct chore *heard;	/* the last one that is done */

static void hear(struct chore *c, int err, const struct why *why)
{
	ck_assert_msg(err == 0, "%s", why->text);
	heard = c;
}

static void run_chore(struct ledger *l, struct chore *c)
{
	struct pollfd p = {.fd = ledger_fd(l), .events = POLLIN};

	c->done = hear;
	ledger_chore(l, c);
	while (heard != c) {
		ck_assert_int_eq(poll(&p, 1, 20000), 1);
		ledger_clear(l);
	}
}

START_TEST(test_a_running_ledger_is_cut)
{
	/* cut.h: on the ledger's thread, between facts; stories that stay go on */
	struct factdata d = {.seq = 0};
	struct cut cut = {.before = PAST_START + 5 * PAST_DAY_MS};
	struct chore last = {.run = erase_run};
	struct ledger *l;
	struct past p;
	struct fact f;

	heard = NULL;
	ten_days(&p);
	past_close(&p);
	l = kit_start(&p.kit);
	kit_fact(&f, past_meeting(100), 2, FACT_MEETING_OPENED, "{}", "");
	ck_assert_uint_ne(ledger_append(l, &f), 0);
	cut.chore.run = cut_plan_run;
	run_chore(l, &cut.chore);
	ck_assert_uint_ne(cut.seq, 0);
	d.seq = cut.seq;
	d.at = cut.at;
	memcpy(d.hash, cut.hash, sizeof(d.hash));
	memcpy(d.kept, cut.kept, sizeof(d.kept));
	kit_fact(&f, "server", 2, FACT_LOG_CHECKPOINT, "", "");
	factdata_put(&f, &d);
	cut.fact = ledger_append(l, &f);
	cut.chore.run = cut_run;
	heard = NULL;
	ledger_chore(l, &cut.chore);
	kit_fact(&f, "key/abcdefgh", 2, FACT_KEY_REVOKED, "{}", "");
	ck_assert_uint_ne(ledger_append(l, &f), 0);
	run_chore(l, &last);
	kit_fact(&f, past_meeting(100), 3, FACT_MEETING_ENDED, "{\"reason\":\"api\"}", "");
	ck_assert_uint_ne(ledger_append(l, &f), 0);
	ledger_stop(l);
	ck_assert(!ledger_broken(l));
	ck_assert_uint_eq(ledger_durable(l), ledger_last(l));
	ledger_close(l);
	past_open(&p);
	ck_assert_int_eq(kit_number(p.db, "SELECT checkpoint FROM cut"), (int64_t)cut.fact);
	ck_assert_int_eq(facts_of(&p, past_meeting(100)), 3);
	ck_assert_int_eq(facts_of(&p, past_meeting(4)), 0);
	past_verifies(&p);
	past_rebuilds_the_same(&p);
	past_fini(&p);
}
END_TEST

START_TEST(test_keys_go_with_their_stories)
{
	/* cut.h: the keys of what goes, and only these; erase.h: in no file any more */
	uint8_t gone[32], stays[32];
	sqlite3_stmt *s;
	struct past p;
	sqlite3 *db;

	ten_days(&p);
	db = kit_raw(&p.kit, "keys.db");
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM key"), 12);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT key FROM key ORDER BY stream", -1,
					    &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	memcpy(gone, sqlite3_column_blob(s, 0), sizeof(gone));
	while (sqlite3_step(s) == SQLITE_ROW)
		memcpy(stays, sqlite3_column_blob(s, 0), sizeof(stays));
	sqlite3_finalize(s);
	ck_assert(past_found(&p, gone, sizeof(gone)));
	past_cut(&p, 5, 10);
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM key"), 7);
	sqlite3_close(db);
	ck_assert(!past_found(&p, gone, sizeof(gone)));
	ck_assert(past_found(&p, stays, sizeof(stays)));
	past_fini(&p);
}
END_TEST

START_TEST(test_what_was_cut_is_overwritten)
{
	/* cut.h: taken out for good; no page of the file has it */
	struct past p;

	ten_days(&p);
	past_fact(&p, 11, past_meeting(200), FACT_MEETING_CREATED,
		  "{\"locale\":\"xx-marked\"}", NULL);
	past_fact(&p, 11, past_meeting(200), FACT_MEETING_CANCELLED, "{}", NULL);
	past_fact(&p, 12, "server", FACT_SERVER_STOPPED, "{}", NULL);
	ck_assert(past_found(&p, "xx-marked", 9));
	past_cut(&p, 12, 13);
	kit_sql(p.db, "PRAGMA wal_checkpoint(TRUNCATE)");
	ck_assert(!past_found(&p, "xx-marked", 9));
	past_fini(&p);
}
END_TEST

START_TEST(test_nothing_to_cut_is_no_checkpoint)
{
	/* cut.h: seq 0 where nothing would go, so that the log does not grow of it */
	struct cut cut;
	struct past p;

	past_init(&p);
	past_plan(&p, &cut, 1000);
	ck_assert_uint_eq(cut.seq, 0);
	past_fact(&p, 0, "staff/ann", FACT_STAFF_ADDED, "{\"roles\":\"admin\"}", NULL);
	past_fact(&p, 0, past_meeting(1), FACT_MEETING_CREATED, "{}", NULL);
	past_plan(&p, &cut, 1000);
	ck_assert_uint_eq(cut.seq, 0);
	past_fact(&p, 3, past_meeting(1), FACT_MEETING_CANCELLED, "{}", NULL);
	past_plan(&p, &cut, 3.99);	/* the day is not over */
	ck_assert_uint_eq(cut.seq, 0);
	past_plan(&p, &cut, 4);
	ck_assert_uint_eq(cut.seq, 3);
	ck_assert_uint_eq(cut.rows, 2);
	past_fini(&p);
}
END_TEST

START_TEST(test_a_fact_that_comes_in_between_stops_the_cut)
{
	/* cut.h: ERR_CONFLICT, nothing was cut, and the next plan goes */
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct cut cut;
	struct past p;

	ten_days(&p);
	past_plan(&p, &cut, 5);
	past_checkpoint(&p, &cut, 10);
	past_fact(&p, 10, past_meeting(3), FACT_PERSONAL_ERASED, "{\"reason\":\"api\"}",
		  NULL);
	past_dump(&before, p.db, "SELECT * FROM fact, cut");
	past_dump_views(&before, p.db);
	ck_assert_int_eq(cut_run(&cut.chore, p.db, p.keys, &p.why), ERR_CONFLICT);
	past_dump(&after, p.db, "SELECT * FROM fact, cut");
	past_dump_views(&after, p.db);
	ck_assert_str_eq(before.p, after.p);
	past_verifies(&p);
	ck_assert_uint_eq(past_cut(&p, 5, 10), 4 * 6 + 1);
	past_verifies(&p);
	buf_fini(&before);
	buf_fini(&after);
	past_fini(&p);
}
END_TEST

START_TEST(test_much_is_cut_in_parts)
{
	/* cut.h: CUT_FACTS, rounded up to a day; each part verifies */
	struct cut cut;
	struct past p;
	unsigned int parts = 0;

	past_init(&p);
	kit_sql(p.db, "BEGIN");
	for (unsigned int n = 0; n < CUT_FACTS * 3 / 2; n++)
		past_fact(&p, n / (CUT_FACTS / 4.0), "server", FACT_SERVER_STOPPED, "{}",
			  NULL);
	kit_sql(p.db, "COMMIT");
	do {
		past_plan(&p, &cut, 6);
		past_checkpoint(&p, &cut, 20);
		ck_assert_uint_le(cut.rows, CUT_FACTS + CUT_FACTS / 4);
		ck_assert_int_eq(cut_run(&cut.chore, p.db, p.keys, &p.why), 0);
		past_verifies(&p);
		parts++;
	} while (cut.more);
	ck_assert_uint_eq(parts, 2);
	ck_assert_int_eq(count(&p, "fact"), 2);
	past_fini(&p);
}
END_TEST

START_TEST(test_a_remembered_head_is_found_or_said_to_be_cut)
{
	/* verify.h: ERR_RANGE for a fact that is gone, 0 for one that is there, the
	 * checkpoint's own and one that was kept, and ERR_CORRUPT for another hash */
	static const struct {
		uint64_t seq;
		int want;
	} heads[] = {{2, 0}, {4, ERR_RANGE}, {40, 0}, {1, ERR_RANGE}};
	struct chain_head head[ARRAY_LEN(heads)], last;
	struct verify found;
	struct past p;
	struct cut cut;

	ten_days(&p);
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		ck_assert_int_eq(chain_at(&head[i], p.db, heads[i].seq, &p.why), 0);
	past_plan(&p, &cut, 5);
	ck_assert_int_eq(chain_at(&last, p.db, cut.seq, &p.why), 0);
	past_checkpoint(&p, &cut, 10);
	ck_assert_int_eq(cut_run(&cut.chore, p.db, p.keys, &p.why), 0);
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		ck_assert_int_eq(ledger_verify(p.kit.dir, &head[i], NULL, NULL, &found,
					       &p.why), heads[i].want);
	ck_assert_int_eq(ledger_verify(p.kit.dir, &last, NULL, NULL, &found, &p.why), 0);
	last.hash[7] ^= 1;
	ck_assert_int_eq(ledger_verify(p.kit.dir, &last, NULL, NULL, &found, &p.why),
			 ERR_CORRUPT);
	ck_assert_uint_eq(found.cut.head.seq, cut.seq);
	ck_assert_uint_eq(found.cut.fact, cut.fact);
	past_fini(&p);
}
END_TEST

START_TEST(test_a_walk_notices_a_cut)
{
	/* chain.h: ERR_CONFLICT when the ledger was cut since the walk began, wherever */
	static const unsigned int rows[] = {0, 1, 20, 60, 80};
	struct chain_walk *w;
	struct fact_row row;
	struct past p;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ten_days(&p);
		past_cut(&p, 2, 10);
		ck_assert_int_eq(chain_walk_new(&w, p.db, 0, UINT64_MAX, &p.why), 0);
		for (unsigned int n = 0; n < rows[i] && n < count(&p, "fact"); n++)
			ck_assert_int_eq(chain_walk_next(w, &row, &p.why), 1);
		chain_walk_rest(w);
		past_cut(&p, 4, 10);
		ck_assert_int_eq(chain_walk_next(w, &row, &p.why), ERR_CONFLICT);
		chain_walk_free(w);
		past_fini(&p);
	}
}
END_TEST

/* A progress that cuts, once. */
static bool cut_meanwhile(void *arg, uint64_t done, uint64_t of)
{
	struct past *p = arg;

	ck_assert_uint_le(done, of);
	if (kit_number(p->db, "SELECT seq FROM cut") == 0)
		past_cut(p, 5, 10);
	return true;
}

START_TEST(test_verify_begins_anew_when_the_ledger_is_cut)
{
	/* verify.h: what it says is of one state, the new one */
	struct verify found;
	struct past p;
	int err;

	ten_days(&p);
	err = ledger_verify(p.kit.dir, NULL, cut_meanwhile, &p, &found, &p.why);
	ck_assert_msg(err == 0, "%s", p.why.text);
	ck_assert_int_eq((int64_t)found.facts, count(&p, "fact"));
	ck_assert_uint_eq(found.head.seq, p.head.seq);
	ck_assert_uint_ne(found.cut.fact, 0);
	past_fini(&p);
}
END_TEST

START_TEST(test_what_is_left_is_exported)
{
	/* export.h: facts that were cut are left out, also where the range begins there */
	static const struct {
		uint64_t from;
		const char *first;
	} ranges[] = {{0, "{\"seq\":2,"}, {3, "{\"seq\":3,"}, {4, "{\"seq\":10,"}};
	struct export *x;
	struct past p;
	char *text;
	size_t len, lines;
	FILE *out;

	ten_days(&p);
	past_cut(&p, 5, 10);
	ck_assert_int_eq(export_open(&x, p.kit.dir, EXPORT_JSONL, &p.why), 0);
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		out = open_memstream(&text, &len);
		ck_assert_int_eq(export_write(x, ranges[i].from, UINT64_MAX, out, &p.why),
				 0);
		fclose(out);
		ck_assert_msg(strncmp(text, ranges[i].first, strlen(ranges[i].first)) == 0,
			      "%.40s", text);
		lines = 0;
		for (char *c = text; *c; c++)
			lines += *c == '\n';
		ck_assert_int_eq((int64_t)(lines + i), count(&p, "fact"));
		free(text);
	}
	export_close(x);
	past_fini(&p);
}
END_TEST

START_TEST(test_a_kill_in_the_middle_cuts_all_or_nothing)
{
	/* cut.h: one transaction, in whatever moment the power goes */
	unsigned int done = 0, undone = 0;
	struct past p;
	struct cut cut;
	pid_t child;

	past_init(&p);
	kit_sql(p.db, "BEGIN");
	for (unsigned int n = 0; n < 400; n++)
		past_visit(&p, n / 100.0, n);
	kit_sql(p.db, "COMMIT");
	for (unsigned int i = 0; done < 3; i++) {
		past_plan(&p, &cut, 1 + done);
		ck_assert_uint_ne(cut.seq, 0);
		past_checkpoint(&p, &cut, 5);
		past_close(&p);
		child = fork();
		ck_assert_int_ge(child, 0);
		if (child == 0) {
			past_open(&p);
			cut_run(&cut.chore, p.db, p.keys, &p.why);
			_exit(0);
		}
		usleep((useconds_t)(i * 997));	/* at last it is done in time */
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		past_open(&p);
		past_verifies(&p);
		past_rebuilds_the_same(&p);
		if (kit_number(p.db, "SELECT seq FROM cut") == (int64_t)cut.seq)
			done++;
		else
			undone++;
		/* and what the kill left of the keys goes now */
		ck_assert_int_eq(erase_run(NULL, p.db, p.keys, &p.why), 0);
	}
	ck_assert_uint_gt(undone, 0);
	past_fini(&p);
}
END_TEST

START_TEST(test_readers_see_no_damage_while_it_is_cut)
{
	/* verify.h, export.h: also while a server writes, and cuts */
	struct verify found;
	struct export *x;
	struct past p;
	pid_t child;
	int err, status;
	FILE *out;

	past_init(&p);
	kit_sql(p.db, "BEGIN");
	for (unsigned int n = 0; n < 1500; n++)
		past_visit(&p, n / 50.0, n);
	kit_sql(p.db, "COMMIT");
	past_close(&p);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		past_open(&p);
		for (unsigned int day = 1; day < 30; day++)
			past_cut(&p, day, 40 + day);
		past_close(&p);
		_exit(0);
	}
	out = fopen("/dev/null", "w");
	ck_assert_int_eq(export_open(&x, p.kit.dir, EXPORT_JSONL, &p.why), 0);
	do {
		err = ledger_verify(p.kit.dir, NULL, NULL, NULL, &found, &p.why);
		ck_assert_msg(err == 0, "%s", p.why.text);
		err = export_write(x, 1, UINT64_MAX, out, &p.why);
		ck_assert_msg(err == 0, "%s", p.why.text);
	} while (waitpid(child, &status, WNOHANG) == 0);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fclose(out);
	export_close(x);
	past_open(&p);
	ck_assert_uint_ne(found.facts, 9000);
	past_verifies(&p);
	past_fini(&p);
}
END_TEST

UNIT_MAIN("cut", test_a_cut_takes_whole_stories, test_a_second_cut_goes_on,
	  test_a_restart_reads_what_is_left, test_a_running_ledger_is_cut,
	  test_keys_go_with_their_stories,
	  test_what_was_cut_is_overwritten, test_nothing_to_cut_is_no_checkpoint,
	  test_a_fact_that_comes_in_between_stops_the_cut, test_much_is_cut_in_parts,
	  test_a_remembered_head_is_found_or_said_to_be_cut, test_a_walk_notices_a_cut,
	  test_verify_begins_anew_when_the_ledger_is_cut, test_what_is_left_is_exported,
	  test_a_kill_in_the_middle_cuts_all_or_nothing,
	  test_readers_see_no_damage_while_it_is_cut)
