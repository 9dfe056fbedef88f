#include "unit.h"

#include "live.h"
#include "pair.h"

#include "base/err.h"
#include "net/addr.h"
#include "net/httpclient.h"
#include "net/tls.h"

/* A server that says what the test wants it to, whatever it is asked. */
struct stage {
	struct live live;
	struct httpclient *client;
	struct buf heard;		/* all requests */
	const char *answer;		/* "": silence; NULL: closes */
	const char *again;		/* said without end */
	bool then_close;
	struct stream *stream;
	int connections;

	int ends;
	struct httpclient_end end;
	int asked;			/* addresses that the policy was asked about */
	bool allow;
};

static void go_on(struct stage *st)
{
	while (st->again && stream_pending(st->stream) < 100000)
		stream_write(st->stream, st->again, strlen(st->again));
}

/* The head with the body that it announces. */
static bool is_whole(const struct buf *b)
{
	const char *head = strstr(b->p, "\r\n\r\n");
	const char *len = strstr(b->p, "Content-Length: ");

	return head && len && strlen(head + 4) >= strtoul(len + 16, NULL, 10);
}

static size_t on_read(void *arg, const char *data, size_t len)
{
	struct stage *st = arg;

	buf_put(&st->heard, data, len);
	if (!is_whole(&st->heard))
		return len;
	if (!st->answer) {
		stream_free(st->stream);
		st->stream = NULL;
		return len;
	}
	stream_write(st->stream, st->answer, strlen(st->answer));
	go_on(st);
	if (st->then_close) {
		stream_close(st->stream);
		st->stream = NULL;
	}
	return len;
}

static void on_drained(void *arg)
{
	go_on(arg);
}

static void on_closed(void *arg, int err)
{
	struct stage *st = arg;

	(void)err;
	st->stream = NULL;
}

static const struct stream_events server_events = {
	.on_read = on_read,
	.on_drained = on_drained,
	.on_closed = on_closed,
};

static void on_stream(void *arg, struct stream *s)
{
	struct stage *st = arg;

	st->connections++;
	st->stream = s;
	stream_set_owner(s, &server_events, st, 65536);
}

static void stage_init(struct stage *st, struct tls *tls)
{
	const struct listener_plan plan = {
		.tls = tls,
		.on_http = on_stream,
		.arg = st,
		.first_byte_ms = LIVE_PATIENCE_MS,
	};

	memset(st, 0, sizeof(*st));
	buf_init(&st->heard);
	st->answer = "HTTP/1.1 204 No Content\r\n\r\n";
	st->allow = true;
	live_init(&st->live);
	live_listen(&st->live, &plan);
}

static void stage_fini(struct stage *st)
{
	httpclient_free(st->client);
	stream_free(st->stream);
	buf_fini(&st->heard);
	live_fini(&st->live);
}

static bool may_connect(void *arg, const struct sockaddr *sa)
{
	struct stage *st = arg;

	st->asked++;
	ck_assert(addr_is_loopback(sa));
	return st->allow;
}

static void knows(struct stage *st, const char *scheme, const char *host, const char *ca)
{
	char url[128];
	const struct httpclient_plan plan = {
		.url = url, .ca_file = ca, .may_connect = may_connect, .policy_arg = st,
	};

	snprintf(url, sizeof(url), "%s://%s:%u/hook?key=1", scheme, host,
		 listener_port(st->live.listener));
	httpclient_free(st->client);
	st->client = httpclient_new(st->live.base, &plan);
}

static void on_end(void *arg, const struct httpclient_end *end)
{
	struct stage *st = arg;

	ck_assert(!httpclient_busy(st->client));
	st->ends++;
	st->end = *end;
}

static void start(struct stage *st)
{
	static const char *const headers[] = {"Content-Type: application/json", "X-A: b"};

	httpclient_post(st->client, headers, 2, "{\"a\":1}", 7, on_end, st);
	ck_assert(httpclient_busy(st->client));
}

/* Posts and waits; the end is in st->end. */
static void posts(struct stage *st)
{
	int before = st->ends;

	buf_reset(&st->heard);
	start(st);
	ck_assert_int_eq(st->ends, before);
	for (uint64_t end = clock_mono_ms() + 15000; st->ends == before;) {
		ck_assert_uint_lt(clock_mono_ms(), end);
		live_turn(&st->live);
		usleep(200);
	}
}

START_TEST(test_a_post_arrives)
{
	/* httpclient.h: one POST with our headers and no others that ask for anything,
	 * over a connection that is kept for the next */
	struct stage st;

	stage_init(&st, NULL);
	knows(&st, "http", "127.0.0.1", "");
	posts(&st);
	ck_assert_int_eq(st.end.err, 0);
	ck_assert_int_eq(st.end.status, 204);
	ck_assert_str_eq(st.end.sentence, "");
	ck_assert(strncmp(st.heard.p, "POST /hook?key=1 HTTP/1.1\r\n", 27) == 0);
	ck_assert_ptr_nonnull(strstr(st.heard.p, "\r\nContent-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(st.heard.p, "\r\nX-A: b\r\n"));
	ck_assert_ptr_nonnull(strstr(st.heard.p, "\r\n\r\n{\"a\":1}"));
	ck_assert_ptr_null(strstr(st.heard.p, "Expect"));
	ck_assert_ptr_null(strstr(st.heard.p, "Accept-Encoding"));
	st.answer = "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nOops";
	posts(&st);
	ck_assert_int_eq(st.end.err, 0);
	ck_assert_int_eq(st.end.status, 500);
	ck_assert_int_eq(st.connections, 1);
	stage_fini(&st);
}
END_TEST

START_TEST(test_redirects_and_proxies_lead_nowhere)
{
	/* httpclient.h: no redirect is followed, no proxy is taken from the environment */
	struct stage st;

	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	stage_init(&st, NULL);
	knows(&st, "http", "localhost", "");
	st.answer = "HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\n"
		    "Content-Length: 0\r\n\r\n";
	posts(&st);
	ck_assert_int_eq(st.end.status, 307);
	ck_assert_ptr_null(strstr(st.heard.p, "/other"));
	stage_fini(&st);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}
END_TEST

START_TEST(test_the_policy_is_asked_about_addresses)
{
	/* httpclient.h: after the lookup, for each address; what it refuses is not even
	 * connected to */
	struct stage st;

	stage_init(&st, NULL);
	st.allow = false;
	knows(&st, "http", "localhost", "");
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_FORBIDDEN);
	ck_assert_int_ge(st.asked, 1);
	live_wait(&st.live, 20);
	ck_assert_int_eq(st.connections, 0);
	st.allow = true;
	posts(&st);
	ck_assert_int_eq(st.end.status, 204);
	stage_fini(&st);
}
END_TEST

START_TEST(test_certificates_are_verified)
{
	/* httpclient.h: trusted by whom we say, and for that host */
	struct buf why = BUF_INIT;
	struct pair pair;
	struct stage st;
	struct tls *tls;

	pair_make(&pair, 0, 1, NULL);
	ck_assert_int_eq(tls_new(&tls, pair.certificate, pair.key, &why), 0);
	stage_init(&st, tls);

	knows(&st, "https", "localhost", "");
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_UNAUTHORIZED);
	knows(&st, "https", "127.0.0.1", pair.certificate);	/* not its name */
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_UNAUTHORIZED);
	ck_assert_uint_eq(st.heard.len, 0);
	knows(&st, "https", "localhost", pair.certificate);
	posts(&st);
	ck_assert_int_eq(st.end.status, 204);
	knows(&st, "https", "localhost", "/nonexistent.pem");
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_UNAUTHORIZED);

	stage_fini(&st);
	tls_free(tls);
	pair_remove(&pair);
	buf_fini(&why);
}
END_TEST

START_TEST(test_bad_answers_end_the_request)
{
	/* httpclient.h: err; nothing that a server says fills our memory */
	struct stage st;

	stage_init(&st, NULL);
	knows(&st, "http", "127.0.0.1", "");
	st.answer = NULL;
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_CLOSED);
	ck_assert_int_eq(st.end.status, 0);
	st.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
	st.then_close = true;
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_CLOSED);
	ck_assert_int_eq(st.end.status, 0);
	st.answer = "220 mail.example ESMTP\r\n";
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_MALFORMED);
	st.then_close = false;
	st.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	st.again = "a\r\n0123456789\r\n";
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_TOO_BIG);
	ck_assert_int_eq(st.end.status, 200);
	st.answer = "HTTP/1.1 200 OK\r\n";
	st.again = "X-More: and more and more\r\n";
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_MALFORMED);
	stage_fini(&st);
}
END_TEST

START_TEST(test_nobody_there)
{
	/* httpclient.h: ERR_UNAVAILABLE, ERR_NOT_FOUND */
	struct stage st;

	stage_init(&st, NULL);
	knows(&st, "http", "127.0.0.1", "");
	listener_free(st.live.listener);
	st.live.listener = NULL;
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_UNAVAILABLE);
	httpclient_free(st.client);
	st.client = httpclient_new(st.live.base, &(struct httpclient_plan){
		.url = "http://nobody.invalid/", .ca_file = "",
	});
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_NOT_FOUND);
	stage_fini(&st);
}
END_TEST

START_TEST(test_silence_ends_after_ten_seconds)
{
	/* HTTPCLIENT_WHOLE_MS */
	struct stage st;
	uint64_t began;

	stage_init(&st, NULL);
	knows(&st, "http", "127.0.0.1", "");
	st.answer = "";
	began = clock_mono_ms();
	posts(&st);
	ck_assert_int_eq(st.end.err, ERR_AGAIN);
	ck_assert_uint_ge(clock_mono_ms() - began, HTTPCLIENT_WHOLE_MS - 100);
	ck_assert_uint_lt(clock_mono_ms() - began, HTTPCLIENT_WHOLE_MS + 3000);
	stage_fini(&st);
}
END_TEST

START_TEST(test_dropped_requests_say_nothing)
{
	/* httpclient_cancel(), httpclient_free(): done is not called, in whatever state */
	struct stage st;

	stage_init(&st, NULL);
	knows(&st, "http", "localhost", "");
	st.answer = "";
	start(&st);
	httpclient_cancel(st.client);
	ck_assert(!httpclient_busy(st.client));
	httpclient_cancel(st.client);
	start(&st);
	LIVE_UNTIL(&st.live, st.heard.len);
	httpclient_cancel(st.client);
	LIVE_UNTIL(&st.live, !st.stream);
	ck_assert_int_eq(st.ends, 0);
	st.answer = "HTTP/1.1 204 No Content\r\n\r\n";
	posts(&st);
	ck_assert_int_eq(st.end.status, 204);
	start(&st);
	stage_fini(&st);
	ck_assert_int_eq(st.ends, 1);
}
END_TEST

/* Frees its client within its end. */
static void on_end_free(void *arg, const struct httpclient_end *end)
{
	struct stage *st = arg;

	st->ends++;
	st->end = *end;
	httpclient_free(st->client);
	st->client = NULL;
}

START_TEST(test_a_client_may_be_freed_in_its_end)
{
	/* httpclient_done_fn */
	struct stage st;

	stage_init(&st, NULL);
	knows(&st, "http", "127.0.0.1", "");
	httpclient_post(st.client, NULL, 0, "", 0, on_end_free, &st);
	LIVE_UNTIL(&st.live, st.ends);
	ck_assert_int_eq(st.end.status, 204);
	stage_fini(&st);
}
END_TEST

UNIT_MAIN("httpclient",
	  test_a_post_arrives,
	  test_redirects_and_proxies_lead_nowhere,
	  test_the_policy_is_asked_about_addresses,
	  test_certificates_are_verified,
	  test_bad_answers_end_the_request,
	  test_nobody_there,
	  test_silence_ends_after_ten_seconds,
	  test_dropped_requests_say_nothing,
	  test_a_client_may_be_freed_in_its_end)
