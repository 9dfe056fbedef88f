#include "net/httpconn.h"

#include <stdio.h>

#include "live.h"
#include "unit.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define LARGE (8 * 1024 * 1024)

static const struct http_limits hasty = {200, 200, 200, 200, 200};

static struct live live;
static struct http_server *server;
static struct client client;
static struct http_request *waiting;	/* asked for /later */
static unsigned asked, gone;
static char *large;

static unsigned drained;

/* The next piece goes out when the one before has left; after the third the end. */
static void on_drained(void *arg, struct http_request *rq)
{
	ck_assert_ptr_eq(arg, &drained);
	ck_assert_ptr_eq(rq, waiting);
	ck_assert_uint_eq(http_reply_pending(rq), 0);
	if (++drained < 3) {
		http_reply_more(rq, large, LARGE);
	} else {
		http_reply_end(rq);
		waiting = NULL;
	}
}

static void on_gone(void *arg, struct http_request *rq)
{
	ck_assert_ptr_eq(arg, &gone);
	ck_assert_ptr_eq(rq, waiting);
	waiting = NULL;
	gone++;
}

static void handle(void *arg, struct http_request *rq)
{
	const char *path = rq->head.path;
	char text[HTTP_PATH_MAX + 64];

	ck_assert_ptr_eq(arg, &asked);
	asked++;
	if (!strcmp(path, "/later")) {
		ck_assert_ptr_null(waiting);
		waiting = rq;
		rq->on_gone = on_gone;
		rq->gone_arg = &gone;
	} else if (!strcmp(path, "/empty")) {
		http_reply(rq, 204, NULL, NULL, 0);
	} else if (!strcmp(path, "/same")) {
		http_reply(rq, 304, NULL, "never sent", 10);
	} else if (!strcmp(path, "/large")) {
		http_reply_static(rq, 200, "text/plain", large, LARGE);
	} else if (!strcmp(path, "/copied")) {
		http_reply(rq, 200, "text/plain", large, LARGE);
	} else if (!strcmp(path, "/header")) {
		http_add_header(rq, "Location", "/x\r\nEvil: yes");
		http_reply(rq, 201, NULL, NULL, 0);
	} else if (!strcmp(path, "/own")) {
		http_add_header(rq, "x-COMMON", "mine");
		http_add_header(rq, "X-Comm", "other");
		http_drop_header(rq, "x-dropped");
		http_reply(rq, 200, NULL, NULL, 0);
	} else {
		snprintf(text, sizeof(text), "<%s %s %zu>", http_method_name(rq->head.method),
			 path, rq->body_len);
		http_reply(rq, 200, "text/plain", text, strlen(text));
	}
}

static void problem(struct buf *body, int status)
{
	buf_printf(body, "{\"status\":%d}", status);
}

static void on_http(void *arg, struct stream *s)
{
	(void)arg;
	http_server_adopt(server, s);
}

static const struct listener_plan plan = {
	.on_http = on_http,
	.first_byte_ms = LISTENER_FIRST_BYTE_MS,
};

static void begin(const struct http_limits *limits)
{
	asked = gone = 0;
	waiting = NULL;
	large = mem_new(LARGE);
	memset(large, 'L', LARGE);
	live_init(&live);
	server = http_server_new(live.loop, handle, &asked, problem);
	http_server_set_common_headers(server, "X-Common: yes\r\n");
	if (limits)
		http_server_set_limits(server, limits);
	live_listen(&live, &plan);
	client_connect(&client, &live);
}

static void end(void)
{
	client_fini(&client);
	http_server_free(server);
	live_fini(&live);
	free(large);
}

static void say(const char *text)
{
	client_say(&client, &live, text);
}

static void expect(const char *text)
{
	client_expect(&client, &live, text);
}

static void expect_end(void)
{
	LIVE_UNTIL(&live, client_at_end(&client));
	ck_assert(!client.reset);
	ck_assert_str_eq(client.got.p, "");
}

START_TEST(test_requests_are_answered_in_order)
{
	/* Pipelined in one segment, then byte by byte, on one connection. */
	static const char slow[] = "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";

	begin(NULL);
	say(GET("/a") "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}" GET("/d"));
	expect("HTTP/1.1 200 OK\r\n");
	expect("X-Common: yes\r\n");
	expect("Content-Length: 10\r\n\r\n<GET /a 0>HTTP/1.1 200 OK\r\n");
	expect("\r\n\r\n<POST /b 2>HTTP/1.1 200 OK\r\n");
	expect("\r\n\r\n<GET /d 0>");
	for (size_t i = 0; i < sizeof(slow) - 1; i++) {
		client_send(&client, &live, slow + i, 1);
		live_turn(&live);
	}
	expect("<POST /c 3>");
	ck_assert_uint_eq(http_server_count(server), 1);
	end();
}
END_TEST

START_TEST(test_a_late_answer_holds_up_the_next_request)
{
	/* One connection has one request at work; what was sent ahead waits. */
	begin(NULL);
	say(GET("/later") GET("/b"));
	LIVE_UNTIL(&live, waiting);
	live_wait(&live, 20);
	ck_assert_uint_eq(asked, 1);
	http_reply(waiting, 200, NULL, "late", 4);
	waiting = NULL;
	expect("late");
	expect("<GET /b 0>");
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	http_reply(waiting, 200, NULL, "again", 5);
	waiting = NULL;
	expect("again");
	say(GET("/c"));
	expect("<GET /c 0>");
	end();
}
END_TEST

START_TEST(test_who_waits_is_told_that_the_client_has_gone)
{
	/* on_gone comes once: half_ms after a close, which may be a half, at once after a
	 * reset, and when the server goes first. */
	struct linger reset = {1, 0};
	uint64_t start;

	begin(&hasty);
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	client_fini(&client);
	start = clock_mono_ms();
	LIVE_UNTIL(&live, gone == 1);
	ck_assert_uint_ge(clock_mono_ms() - start, 150);
	ck_assert_uint_lt(clock_mono_ms() - start, 2000);
	ck_assert_uint_eq(http_server_count(server), 0);

	client_connect(&client, &live);
	say(GET("/later") GET("/b"));
	LIVE_UNTIL(&live, waiting);
	setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	client_fini(&client);
	LIVE_UNTIL(&live, gone == 2);
	ck_assert_uint_eq(http_server_count(server), 0);

	client_connect(&client, &live);
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	end();
	ck_assert_uint_eq(gone, 3);
	ck_assert_uint_eq(asked, 3);
}
END_TEST

START_TEST(test_some_answers_have_no_body)
{
	/* HEAD, 204 and 304 (RFC 9110 section 6.4.1): the next answer is not mistaken. */
	begin(NULL);
	say("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" GET("/empty") GET("/same") GET("/b"));
	expect("Content-Length: 11\r\n\r\nHTTP/1.1 204 No Content\r\n");
	expect("\r\n\r\nHTTP/1.1 304 Not Modified\r\n");
	expect("\r\n\r\nHTTP/1.1 200 OK\r\n");
	expect("<GET /b 0>");
	say(GET("/header"));
	expect("Location: /xEvil: yes\r\n\r\n");
	end();
}
END_TEST

START_TEST(test_connection_closes_when_asked)
{
	/* By the client, by an HTTP/1.0 client; politely each time. */
	begin(NULL);
	say("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/never"));
	expect("Connection: close\r\n");
	expect("<GET /a 0>");
	expect_end();
	client_fini(&client);
	client_connect(&client, &live);
	say("GET /a HTTP/1.0\r\n\r\n");
	expect("Connection: close\r\n");
	expect("<GET /a 0>");
	expect_end();
	client_fini(&client);
	client_connect(&client, &live);
	say("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" GET("/b"));
	expect("Connection: keep-alive\r\n");
	expect("<GET /a 0>");
	expect("<GET /b 0>");
	ck_assert_uint_eq(asked, 4);
	end();
}
END_TEST

START_TEST(test_continue_is_sent_once)
{
	/* RFC 9110 section 10.1.1; without it curl waits a second. */
	begin(NULL);
	say("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
	expect("HTTP/1.1 100 Continue\r\n\r\n");
	say("ab");
	live_wait(&live, 20);
	say("cd");
	expect("HTTP/1.1 200 OK\r\n");
	expect("<POST /a 4>");
	end();
}
END_TEST

START_TEST(test_what_cannot_be_read_ends_the_connection)
{
	/* A problem document, Connection: close, and nothing behind it is looked at. */
	static const struct {
		const char *bytes;
		const char *status;
	} cases[] = {
		{"GET / HTTP/1.1\r\n\r\n", "400"},
		{"GET / HTTP/1.1\n", "400"},
		{"GET / HTTP/3.0\r\n", "505"},
		{"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "501"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\nabc", "413"},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		 "501"},
	};

	begin(NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char status[32];

		say(GET("/first"));
		expect("<GET /first 0>");
		say(cases[i].bytes);
		say(GET("/smuggled"));
		snprintf(status, sizeof(status), "HTTP/1.1 %s ", cases[i].status);
		expect(status);
		expect("X-Common: yes\r\n");
		expect("Content-Type: application/problem+json\r\n");
		expect("Connection: close\r\n\r\n{\"status\":");
		expect("}");
		expect_end();
		client_fini(&client);
		client_connect(&client, &live);
	}
	ck_assert_uint_eq(asked, ARRAY_LEN(cases));
	end();
}
END_TEST

START_TEST(test_bodies_up_to_the_limit_are_taken)
{
	/* 64 KiB, in pieces, and the request behind it. */
	struct buf b = BUF_INIT;

	begin(NULL);
	buf_printf(&b, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
		   HTTP_BODY_MAX);
	for (int i = 0; i < HTTP_BODY_MAX; i++)
		buf_putc(&b, 'b');
	buf_puts(&b, GET("/next"));
	client_send(&client, &live, b.p, b.len);
	expect("<POST /a 65536>");
	expect("<GET /next 0>");
	buf_fini(&b);
	end();
}
END_TEST

/* A byte each 20 ms: a timeout that starts again with each byte would never end it. */
static uint64_t drip(const char *text)
{
	uint64_t start = clock_mono_ms();

	while (!client_at_end(&client)) {
		ck_assert_uint_lt(clock_mono_ms() - start, 5000);
		if (*text)
			send(client.fd, text++, 1, MSG_NOSIGNAL);
		live_wait(&live, 20);
	}
	return clock_mono_ms() - start;
}

START_TEST(test_slow_clients_meet_a_deadline)
{
	/* Head, body and pause have absolute deadlines, however the bytes drip. */
	begin(&hasty);
	ck_assert_uint_lt(drip("GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 1000);
	expect("HTTP/1.1 408 Request Timeout\r\n");
	client_fini(&client);

	client_connect(&client, &live);
	say("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
	ck_assert_uint_lt(drip("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"), 1000);
	expect("HTTP/1.1 408 Request Timeout\r\n");
	client_fini(&client);

	client_connect(&client, &live);
	say(GET("/a"));
	expect("<GET /a 0>");
	ck_assert_uint_lt(drip(""), 1000);
	ck_assert_str_eq(client.got.p, "");
	ck_assert_uint_eq(asked, 1);
	end();
}
END_TEST

START_TEST(test_a_client_that_never_reads_costs_little)
{
	/* It sends requests without end: one answer waits, the rest stays with it. */
	static const char request[] = GET("/large");
	struct buf ahead = BUF_INIT;
	size_t sent = 0;
	uint64_t end_ms;

	begin(&hasty);
	for (int i = 0; i < 10000; i++)
		buf_puts(&ahead, request);
	end_ms = clock_mono_ms() + 5000;
	while (http_server_count(server) || !asked) {
		ssize_t n = send(client.fd, ahead.p, ahead.len, MSG_NOSIGNAL);

		ck_assert_uint_lt(clock_mono_ms(), end_ms);
		if (n > 0)
			sent += (size_t)n;
		live_turn(&live);
	}
	ck_assert_uint_eq(asked, 1);
	ck_assert_uint_lt(sent, 8 * 1024 * 1024);	/* what the kernel took */
	buf_fini(&ahead);
	end();
}
END_TEST

static void read_large(const char *request)
{
	say(request);
	expect("\r\n\r\n");
	LIVE_UNTIL(&live, (client_poll(&client), client.got.len >= LARGE));
	ck_assert(!memcmp(client.got.p, large, LARGE));
	buf_drop(&client.got, LARGE);
}

START_TEST(test_large_answers_arrive_whole)
{
	/* Borrowed and copied, kept alive and closed, with a request waiting behind. */
	begin(NULL);
	read_large(GET("/large"));
	read_large(GET("/copied"));
	read_large(GET("/large") GET("/next"));
	expect("<GET /next 0>");
	read_large("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	expect_end();
	end();
}
END_TEST

START_TEST(test_a_half_closed_client_gets_its_answer)
{
	/* `printf ... | nc` closes its side right after the request. */
	begin(NULL);
	client_send(&client, &live, GET("/large") GET("/b"), strlen(GET("/large") GET("/b")));
	shutdown(client.fd, SHUT_WR);
	expect("\r\n\r\n");
	LIVE_UNTIL(&live, (client_poll(&client), client.got.len >= LARGE));
	buf_drop(&client.got, LARGE);
	expect("<GET /b 0>");
	expect_end();
	end();
}
END_TEST

START_TEST(test_a_half_closed_client_waits_for_a_late_answer)
{
	/* A POST through nc is answered when the disk has it; so is what came behind it. */
	begin(NULL);
	say(GET("/later") GET("/b") GET("/later"));
	shutdown(client.fd, SHUT_WR);
	LIVE_UNTIL(&live, waiting);
	live_wait(&live, 50);
	ck_assert_uint_eq(gone, 0);
	http_reply(waiting, 201, NULL, "late", 4);
	waiting = NULL;
	expect("HTTP/1.1 201 Created\r\n");
	expect("late");
	expect("<GET /b 0>");
	LIVE_UNTIL(&live, waiting);
	http_reply(waiting, 201, NULL, "again", 5);
	waiting = NULL;
	expect("again");
	expect_end();
	LIVE_UNTIL(&live, !http_server_count(server));
	ck_assert_uint_eq(gone, 0);
	end();
}
END_TEST

START_TEST(test_an_event_stream_ends_with_its_reader)
{
	/* A closed tab is a FIN and nothing else: no later than half_ms it is noticed,
	 * whether it comes before or during the stream. */
	begin(&hasty);
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	http_reply_begin(waiting, 200, "text/event-stream");
	expect("\r\n\r\n");
	client_fini(&client);
	LIVE_UNTIL(&live, gone == 1);
	client_connect(&client, &live);
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	shutdown(client.fd, SHUT_WR);
	live_wait(&live, 50);
	http_reply_begin(waiting, 200, "text/event-stream");
	expect("\r\n\r\n");
	LIVE_UNTIL(&live, gone == 2);
	ck_assert_uint_eq(http_server_count(server), 0);
	end();
}
END_TEST

START_TEST(test_an_answer_can_come_in_pieces)
{
	/* An event stream: ends with the connection, and its sender sees the reader go. */
	begin(&hasty);
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	http_reply_begin(waiting, 200, "text/event-stream");
	http_reply_more(waiting, "data: 1\n\n", 9);
	expect("Content-Type: text/event-stream\r\n");
	expect("\r\n\r\ndata: 1\n\n");
	live_wait(&live, 500);			/* longer than any answer may take */
	http_reply_more(waiting, "data: 2\n\n", 9);
	expect("data: 2\n\n");
	ck_assert_uint_eq(http_reply_pending(waiting), 0);
	http_reply_end(waiting);
	waiting = NULL;
	expect_end();
	ck_assert_uint_eq(gone, 0);
	client_fini(&client);

	client_connect(&client, &live);
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	http_reply_begin(waiting, 200, "text/event-stream");
	http_reply_more(waiting, large, LARGE);
	LIVE_UNTIL(&live, gone == 1);		/* takes nothing for longer than reply_ms */
	end();
}
END_TEST

START_TEST(test_pieces_wait_for_a_slow_reader)
{
	/* on_drained comes when all has left, and not before: so the sender holds one piece
	 * for a reader that takes its time, and each byte arrives. */
	size_t got = 0;

	begin(NULL);
	drained = 0;
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	waiting->on_drained = on_drained;
	waiting->drained_arg = &drained;
	http_reply_begin(waiting, 200, "text/event-stream");
	http_reply_more(waiting, large, LARGE);
	live_wait(&live, 50);
	ck_assert_uint_eq(drained, 0);
	ck_assert_uint_gt(http_reply_pending(waiting), LARGE / 4);
	expect("\r\n\r\n");
	while (!client_at_end(&client)) {
		got += client.got.len;
		buf_reset(&client.got);
		live_turn(&live);
	}
	got += client.got.len;
	ck_assert_uint_eq(got, 3 * (size_t)LARGE);
	ck_assert(!client.reset);
	ck_assert_uint_eq(drained, 3);
	ck_assert_uint_eq(gone, 0);
	end();
}
END_TEST

START_TEST(test_the_end_lets_out_what_waits)
{
	/* http_reply_end() with pieces on their way; the request behind is never served. */
	begin(NULL);
	say(GET("/later") GET("/never"));
	LIVE_UNTIL(&live, waiting);
	http_reply_begin(waiting, 200, "text/plain");
	http_reply_more(waiting, large, LARGE);
	http_reply_end(waiting);
	waiting = NULL;
	expect("\r\n\r\n");
	LIVE_UNTIL(&live, client_at_end(&client));
	ck_assert_uint_eq(client.got.len, LARGE);
	ck_assert(!client.reset);
	ck_assert_uint_eq(asked, 1);
	ck_assert_uint_eq(gone, 0);
	end();
}
END_TEST

START_TEST(test_a_reader_that_stalls_is_closed)
{
	/* reply_ms after the last byte it took, and not at some later look; one that takes
	 * a little now and then stays. */
	uint64_t start;
	char part[4096];

	begin(&(struct http_limits){.head_ms = 9000, .reply_ms = 1000, .idle_ms = 9000});
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	http_reply_begin(waiting, 200, "text/event-stream");
	live_wait(&live, 300);			/* the first look is 700 ms from here */
	http_reply_more(waiting, large, LARGE);
	start = clock_mono_ms();
	LIVE_UNTIL(&live, gone == 1);
	ck_assert_uint_ge(clock_mono_ms() - start, 980);
	ck_assert_uint_lt(clock_mono_ms() - start, 1500);
	client_fini(&client);
	http_server_set_limits(server, &hasty);

	client_connect(&client, &live);
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	http_reply_begin(waiting, 200, "text/event-stream");
	http_reply_more(waiting, large, LARGE);
	start = clock_mono_ms();
	while (clock_mono_ms() - start < 600) {
		for (int i = 0; i < 200; i++)
			ck_assert_int_ne(recv(client.fd, part, sizeof(part), 0), 0);
		live_wait(&live, 20);
	}
	ck_assert_uint_eq(gone, 1);
	end();
	ck_assert_uint_eq(gone, 2);		/* the server went first */
}
END_TEST

START_TEST(test_pieces_have_a_head_of_their_own)
{
	/* HEAD of a stream is its head and the end; HTTP/1.0 gets one too. */
	begin(NULL);
	say("HEAD /later HTTP/1.1\r\nHost: a\r\n\r\n");
	LIVE_UNTIL(&live, waiting);
	http_add_header(waiting, "X-Common", "no");
	http_reply_begin(waiting, 200, "text/event-stream");
	http_reply_more(waiting, "data: 1\n\n", 9);
	http_reply_end(waiting);
	waiting = NULL;
	LIVE_UNTIL(&live, client_has(&client, "\r\n\r\n"));
	ck_assert(!client_has(&client, "X-Common: yes"));
	ck_assert(!client_has(&client, "X-Dropped: yes"));
	expect("Content-Type: text/event-stream\r\nConnection: close\r\n"
	       "X-Common: no\r\n\r\n");
	expect_end();
	client_fini(&client);
	client_connect(&client, &live);
	say("GET /later HTTP/1.0\r\n\r\n");
	LIVE_UNTIL(&live, waiting);
	http_reply_begin(waiting, 200, "text/event-stream");
	http_reply_more(waiting, "data: 1\n\n", 9);
	http_reply_end(waiting);
	waiting = NULL;
	expect("\r\n\r\ndata: 1\n\n");
	expect_end();
	end();
}
END_TEST

START_TEST(test_an_answer_may_replace_a_common_header)
{
	/* One page with a policy of its own has one, and the next answer the common one. */
	begin(NULL);
	say(GET("/own"));
	expect("Content-Length: 0\r\nx-COMMON: mine\r\nX-Comm: other\r\n\r\n");
	ck_assert_str_eq(client.got.p, "");
	say(GET("/a"));
	expect("X-Common: yes\r\n");
	client_fini(&client);
	client_connect(&client, &live);
	http_server_set_common_headers(server, "X-Common: yes\r\nX-Other: yes\r\n"
				       "X-Dropped: yes\r\n");
	say(GET("/own"));
	LIVE_UNTIL(&live, client_has(&client, "\r\n\r\n"));
	ck_assert(!client_has(&client, "X-Common: yes"));
	ck_assert(client_has(&client, "X-Other: yes\r\n"));
	end();
}
END_TEST

START_TEST(test_drain_lets_answers_finish)
{
	/* Before a restart: idle connections go, others after their answer. */
	struct client idle;

	begin(NULL);
	client_connect(&idle, &live);
	client_say(&idle, &live, GET("/a"));
	client_expect(&idle, &live, "<GET /a 0>");
	say(GET("/later"));
	LIVE_UNTIL(&live, waiting);
	http_server_drain(server);
	LIVE_UNTIL(&live, client_at_end(&idle));
	ck_assert(!idle.reset);
	http_reply(waiting, 200, NULL, "late", 4);
	waiting = NULL;
	expect("Connection: close\r\n");
	expect("late");
	expect_end();
	client_fini(&idle);
	end();
}
END_TEST

UNIT_MAIN("httpconn", test_requests_are_answered_in_order,
	  test_a_late_answer_holds_up_the_next_request,
	  test_who_waits_is_told_that_the_client_has_gone, test_some_answers_have_no_body,
	  test_connection_closes_when_asked, test_continue_is_sent_once,
	  test_what_cannot_be_read_ends_the_connection, test_bodies_up_to_the_limit_are_taken,
	  test_slow_clients_meet_a_deadline, test_a_client_that_never_reads_costs_little,
	  test_large_answers_arrive_whole, test_a_half_closed_client_gets_its_answer,
	  test_a_half_closed_client_waits_for_a_late_answer,
	  test_an_event_stream_ends_with_its_reader, test_an_answer_can_come_in_pieces,
	  test_pieces_wait_for_a_slow_reader, test_the_end_lets_out_what_waits,
	  test_a_reader_that_stalls_is_closed, test_pieces_have_a_head_of_their_own,
	  test_an_answer_may_replace_a_common_header, test_drain_lets_answers_finish)
