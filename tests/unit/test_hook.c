#include "unit.h"

#include "live.h"

#include <stdio.h>

#include "app/hook.h"
#include "base/err.h"
#include "core/peerpolicy.h"
#include "store/query.h"
#include "store/reader.h"

#define FACTS_MAX 2000

/*
 * A hook between a log that we play and a receiver that we play. The log's facts are of
 * kind call.lost where seq can be divided by three, else meeting.created; some seqs have
 * been cut off.
 */
struct stage {
	struct live live;
	struct hook_port port;
	struct hook *hook;
	uint64_t last;			/* seq of the log */
	uint64_t cut;			/* those up to here are gone */
	int read_err;
	struct reader_job *job;		/* asked and not answered */
	bool held;			/* the reader does not answer */
	int jobs;

	struct stream *stream;
	struct buf heard;
	const char *answer;		/* NULL: closes */
	uint64_t taken[FACTS_MAX];
	size_t count;			/* taken; ended() was called for each */
	int posts;
};

static struct stage *on_stage;	/* the stubs below are told nothing */

int reader_ask(struct reader *r, struct reader_job *job)
{
	(void)r;
	ck_assert_ptr_null(on_stage->job);
	on_stage->job = job;
	on_stage->jobs++;
	return 0;
}

int query_facts(struct query *q, const char *stream, uint64_t after, unsigned int limit,
		query_fact_fn *fn, void *arg, struct why *why)
{
	static const uint8_t hash[FACT_HASH_SIZE];
	unsigned int n = 0;

	(void)q;
	(void)stream;
	if (on_stage->read_err)
		return why_set(why, on_stage->read_err, "as we say");
	if (after < on_stage->cut)
		after = on_stage->cut;
	while (after < on_stage->last && n < limit) {
		const char *kind = ++after % 3 ? "meeting.created" : "call.lost";
		const struct fact_row row = {
			.seq = after, .at = 1, .version = 1, .stream = "s",
			.stream_len = 1, .kind = kind, .kind_len = strlen(kind),
			.actor = "a", .actor_len = 1, .data = "{}", .data_len = 2,
		};
		const struct query_fact fact = {
			.row = &row, .hash = hash, .personal = "{\"title\":\"secret\"}",
			.personal_len = 18,
		};

		n++;
		if (fn(arg, &fact))
			break;
	}
	return (int)n;
}

static struct hook_state state_of(const struct stage *st)
{
	struct hook_state state;

	hook_state(st->hook, &state);
	return state;
}

static uint64_t durable(void *arg)
{
	return ((struct stage *)arg)->last;
}

static void ended(void *arg, struct hook *h)
{
	struct stage *st = arg;

	ck_assert_ptr_eq(h, st->hook);
	if (!state_of(st).failures)
		st->count++;
}

static size_t on_read(void *arg, const char *data, size_t len)
{
	struct stage *st = arg;
	const char *body;

	buf_put(&st->heard, data, len);
	body = strstr(st->heard.p, "\r\n\r\n");
	if (!body || strlen(body) < 10)
		return len;
	st->posts++;
	if (!st->answer) {
		stream_free(st->stream);
		st->stream = NULL;
		return len;
	}
	ck_assert_ptr_null(strstr(body, "secret"));
	st->taken[st->count] = strtoull(strstr(body, "\"seq\":") + 6, NULL, 10);
	buf_reset(&st->heard);
	stream_write(st->stream, st->answer, strlen(st->answer));
	return len;
}

static void on_closed(void *arg, int err)
{
	(void)err;
	((struct stage *)arg)->stream = NULL;
}

static const struct stream_events receiver = {.on_read = on_read, .on_closed = on_closed};

static void on_stream(void *arg, struct stream *s)
{
	struct stage *st = arg;

	ck_assert_ptr_null(st->stream);		/* one at a time */
	st->stream = s;
	buf_reset(&st->heard);
	stream_set_owner(s, &receiver, st, 65536);
}

#define WELL "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void conf_of(struct hookconf *conf, const struct stage *st, const char *kind)
{
	struct buf url = BUF_INIT;

	buf_printf(&url, "http://127.0.0.1:%u/", listener_port(st->live.listener));
	*conf = (struct hookconf){
		.name = mem_copy("h", 1), .url = buf_detach(&url),
		.secret_file = mem_copy("", 0), .ca_file = mem_copy("", 0),
		.kinds = mem_new(sizeof(char *)), .kinds_count = 1,
	};
	conf->kinds[0] = mem_copy(kind, strlen(kind));
}

static struct buf secret_of(const char *text)
{
	struct buf b = BUF_INIT;

	buf_puts(&b, text);
	return b;
}

static void stage_init(struct stage *st, const char *kind)
{
	const struct listener_plan plan = {
		.on_http = on_stream, .arg = st, .first_byte_ms = LIVE_PATIENCE_MS,
	};
	struct buf secret = secret_of("a secret");
	struct hookconf conf;

	memset(st, 0, sizeof(*st));
	on_stage = st;
	buf_init(&st->heard);
	st->answer = WELL;
	live_init(&st->live);
	live_listen(&st->live, &plan);
	st->port = (struct hook_port){
		.loop = st->live.loop, .durable = durable, .ended = ended, .arg = st,
	};
	conf_of(&conf, st, kind);
	st->hook = hook_new(&st->port, &conf, &secret);
	hookconf_fini(&conf);
}

static void read_now(struct stage *st)
{
	struct reader_job *job = st->job;
	struct why why = {.text = ""};

	if (!job || st->held)
		return;
	st->job = NULL;
	job->done(job, job->run(job, NULL, &why), &why);
}

static void stage_fini(struct stage *st)
{
	st->held = false;
	hook_free(st->hook);
	read_now(st);
	stream_free(st->stream);
	buf_fini(&st->heard);
	live_fini(&st->live);
}

static void turn(struct stage *st)
{
	live_turn(&st->live);
	read_now(st);
}

static void wait_ms(struct stage *st, unsigned int ms)
{
	for (uint64_t end = clock_mono_ms() + ms; clock_mono_ms() < end; usleep(200))
		turn(st);
}

#define UNTIL(st, cond)                                                       \
	do {                                                                  \
		uint64_t end_ = clock_mono_ms() + LIVE_PATIENCE_MS;           \
                                                                              \
		while (!(cond)) {                                             \
			ck_assert_msg(clock_mono_ms() < end_, "never: " #cond); \
			turn(st);                                             \
		}                                                             \
	} while (0)

START_TEST(test_all_in_order)
{
	/* hook.h: one after the other, page after page, from behind the place where it
	 * begins */
	struct stage st;

	stage_init(&st, "*");
	st.last = 300;
	hook_go(st.hook);		/* it rests until it is started */
	turn(&st);
	ck_assert_int_eq(st.jobs, 0);
	hook_start(st.hook, 100, 0);
	ck_assert_uint_eq(state_of(&st).behind, 200);
	UNTIL(&st, st.count == 200);
	for (uint64_t i = 0; i < 200; i++)
		ck_assert_uint_eq(st.taken[i], 101 + i);
	ck_assert_uint_eq(state_of(&st).seq, 300);
	ck_assert_int_gt(state_of(&st).at, 0);
	st.last = 302;
	hook_go(st.hook);
	UNTIL(&st, st.count == 202);
	ck_assert_uint_eq(st.taken[201], 302);
	wait_ms(&st, 20);
	ck_assert_int_eq(st.posts, 202);
	stage_fini(&st);
}
END_TEST

START_TEST(test_what_it_does_not_want_is_behind_it)
{
	/* hook_state: facts that were not wanted are done with, and so are those that
	 * were cut off */
	struct stage st;

	stage_init(&st, "call.*");
	st.last = 1504;
	st.cut = 10;
	hook_start(st.hook, 0, 0);
	UNTIL(&st, state_of(&st).seq == 1504);
	ck_assert_uint_eq(st.count, 1503 / 3 - 3);
	ck_assert_uint_eq(st.taken[0], 12);
	ck_assert_uint_eq(st.taken[st.count - 1], 1503);
	/* a log whose end is cut off: nothing to wait for */
	st.last = st.cut = 1600;
	hook_go(st.hook);
	UNTIL(&st, state_of(&st).seq == 1600);
	stage_fini(&st);
}
END_TEST

START_TEST(test_it_tries_again_later_and_later)
{
	/* hook.h: 1 s, 2 s, ..., up to a quarter less, and the same fact each time */
	struct hook_state state;
	struct stage st;
	int64_t wait;

	stage_init(&st, "*");
	st.last = 3;
	st.answer = "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n";
	hook_start(st.hook, 0, 0);
	UNTIL(&st, st.posts == 1 && state_of(&st).failures == 1);
	state = state_of(&st);
	wait = state.next_try - clock_wall_ms();
	ck_assert_int_ge(wait, 600);
	ck_assert_int_le(wait, 1000);
	ck_assert_int_eq(state.status, 503);
	ck_assert_uint_eq(state.seq, 0);
	hook_go(st.hook);		/* news change nothing */
	wait_ms(&st, 600);
	ck_assert_int_eq(st.posts, 1);
	st.answer = NULL;
	UNTIL(&st, state_of(&st).failures == 2);
	state = state_of(&st);
	wait = state.next_try - clock_wall_ms();
	ck_assert_int_ge(wait, 1300);
	ck_assert_int_le(wait, 2000);
	ck_assert_int_eq(state.status, 0);
	ck_assert_str_eq(state.sentence, "it closed without an answer");
	ck_assert_uint_eq(st.count, 0);
	st.answer = WELL;
	UNTIL(&st, st.count == 3);
	ck_assert_uint_eq(st.taken[0], 1);
	ck_assert_uint_eq(state_of(&st).failures, 0);
	ck_assert_int_eq(state_of(&st).next_try, 0);
	stage_fini(&st);
}
END_TEST

START_TEST(test_what_is_cut_before_it_was_taken_is_said)
{
	/* hook.h: whether it stood before the cut; a hook that is well misses nothing */
	struct stage st;

	stage_init(&st, "*");
	st.last = 9;
	hook_start(st.hook, 0, 0);
	UNTIL(&st, st.count == 9);
	ck_assert(!hook_cut(st.hook, 9));
	st.answer = "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n";
	st.last = 12;
	hook_go(st.hook);
	UNTIL(&st, state_of(&st).failures == 1);
	ck_assert_uint_eq(state_of(&st).seq, 9);
	ck_assert(!hook_cut(st.hook, 9));
	ck_assert(hook_cut(st.hook, 10));
	ck_assert(hook_cut(st.hook, 12));
	stage_fini(&st);
}
END_TEST

START_TEST(test_only_2xx_is_taken)
{
	/* protocol.md, Webhooks: any answer of 200 to 299; a long one too */
	static const struct {
		const char *head;
		bool taken;
	} answers[] = {
		{"HTTP/1.1 200 OK\r\n", true}, {"HTTP/1.1 299 X\r\n", true},
		{"HTTP/1.1 300 X\r\n", false}, {"HTTP/1.1 302 X\r\nLocation: /\r\n", false},
		{"HTTP/1.1 404 X\r\n", false}, {"HTTP/1.1 410 X\r\n", false},
	};
	struct buf answer = BUF_INIT;
	struct stage st;

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		stage_init(&st, "*");
		st.last = 1;
		buf_reset(&answer);
		buf_printf(&answer, "%sContent-Length: 9000\r\n\r\n%9000d", answers[i].head,
			   1);
		st.answer = answer.p;
		hook_start(st.hook, 0, 0);
		UNTIL(&st, st.count || state_of(&st).failures);
		ck_assert_msg(!st.count != answers[i].taken, "%s", answers[i].head);
		ck_assert_int_eq(!state_of(&st).status, answers[i].taken);
		stage_fini(&st);
	}
	buf_fini(&answer);
}
END_TEST

START_TEST(test_rewind_goes_back_at_once)
{
	/* hook_rewind(): whatever it is at, also while it rests */
	struct stage st;

	stage_init(&st, "*");
	st.last = 5;
	hook_start(st.hook, 0, 0);
	UNTIL(&st, st.count == 5);
	hook_rewind(st.hook, 2);
	ck_assert_uint_eq(state_of(&st).behind, 3);
	UNTIL(&st, st.count == 8);
	ck_assert_uint_eq(st.taken[5], 3);
	/* while a page is read */
	st.held = true;
	st.last = 6;
	hook_go(st.hook);
	turn(&st);
	struct reader_job *old = st.job;
	ck_assert_ptr_nonnull(old);
	st.job = NULL;
	hook_rewind(st.hook, 4);
	st.held = false;
	old->done(old, old->run(old, NULL, &(struct why){.text = ""}),
		  &(struct why){.text = ""});
	UNTIL(&st, st.count == 10);
	ck_assert_uint_eq(st.taken[8], 5);
	ck_assert_uint_eq(st.taken[9], 6);
	/* while it rests */
	st.answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
	st.last = 7;
	hook_go(st.hook);
	UNTIL(&st, state_of(&st).failures);
	st.answer = WELL;
	hook_rewind(st.hook, 5);
	UNTIL(&st, st.count == 12);
	ck_assert_uint_eq(st.taken[10], 6);
	ck_assert_uint_eq(state_of(&st).failures, 0);
	stage_fini(&st);
}
END_TEST

START_TEST(test_change_keeps_the_place)
{
	/* hook_change(): other kinds and secrets from now on; nothing is lost or sent
	 * twice that was taken */
	struct buf secret = secret_of("a secret");
	struct hookconf conf;
	struct stage st;

	stage_init(&st, "meeting.*");
	st.last = 4;
	hook_start(st.hook, 0, 0);
	UNTIL(&st, st.count == 3);	/* 1, 2, 4 */
	st.answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
	st.last = 7;
	hook_go(st.hook);
	UNTIL(&st, state_of(&st).failures);
	st.answer = WELL;
	conf_of(&conf, &st, "meeting.*");
	hook_change(st.hook, &conf, &secret);	/* nothing changes: it rests on */
	ck_assert_int_gt(state_of(&st).next_try, 0);
	hookconf_fini(&conf);
	conf_of(&conf, &st, "call.lost");
	secret = secret_of("another secret");
	hook_change(st.hook, &conf, &secret);
	hookconf_fini(&conf);
	UNTIL(&st, st.count == 4);
	ck_assert_uint_eq(st.taken[3], 6);
	stage_fini(&st);
}
END_TEST

START_TEST(test_it_ends_in_any_state)
{
	/* hook_free(), hook_stop(): nothing is sent any more, nothing is left behind */
	struct stage st;

	stage_init(&st, "*");		/* not started */
	stage_fini(&st);
	stage_init(&st, "*");		/* reading */
	st.held = true;
	st.last = 5;
	hook_start(st.hook, 0, 0);
	turn(&st);
	ck_assert_ptr_nonnull(st.job);
	stage_fini(&st);
	stage_init(&st, "*");		/* sending */
	st.last = 5;
	hook_start(st.hook, 0, 0);
	read_now(&st);
	ck_assert(state_of(&st).sending);
	stage_fini(&st);
	stage_init(&st, "*");		/* waiting for the next try */
	st.last = 5;
	st.answer = NULL;
	hook_start(st.hook, 0, 0);
	UNTIL(&st, state_of(&st).failures);
	stage_fini(&st);
}
END_TEST

START_TEST(test_a_stop_hears_the_last_answer)
{
	/* hook_stop(): what was taken meanwhile is not sent again after a restart */
	struct stage st;

	stage_init(&st, "*");
	st.last = 5;
	hook_start(st.hook, 0, 0);
	read_now(&st);
	hook_stop(st.hook);
	hook_go(st.hook);
	UNTIL(&st, !state_of(&st).sending);
	ck_assert_uint_eq(state_of(&st).seq, 1);
	wait_ms(&st, 50);
	ck_assert_int_eq(st.posts, 1);
	stage_fini(&st);
}
END_TEST

START_TEST(test_a_log_that_cannot_be_read)
{
	/* it is tried again in a second; the receiver is not to blame */
	struct stage st;

	stage_init(&st, "*");
	st.last = 1;
	st.read_err = ERR_IO;
	hook_start(st.hook, 0, 0);
	UNTIL(&st, st.jobs == 1 && !st.job);
	st.read_err = 0;
	ck_assert_uint_eq(state_of(&st).failures, 0);
	ck_assert_uint_eq(state_of(&st).behind, 1);
	UNTIL(&st, st.count == 1);
	stage_fini(&st);
}
END_TEST

UNIT_MAIN("hook", test_all_in_order, test_what_it_does_not_want_is_behind_it,
	  test_it_tries_again_later_and_later,
	  test_what_is_cut_before_it_was_taken_is_said, test_only_2xx_is_taken,
	  test_rewind_goes_back_at_once, test_change_keeps_the_place,
	  test_it_ends_in_any_state, test_a_stop_hears_the_last_answer,
	  test_a_log_that_cannot_be_read)
