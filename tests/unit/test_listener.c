#include "net/listener.h"

#include <stdio.h>
#include <sys/resource.h>

#include "base/err.h"
#include "live.h"
#include "pair.h"
#include "unit.h"

#define LARGE (16 * 1024 * 1024)

static struct live live;
static struct client client;
static unsigned https, stuns, closed;
static int closed_err;
static struct stream *taken;
static size_t shown, limit = 1024;

/* An owner that echoes; "!" closes, "?" asks for much, what begins with K is not taken. */
static size_t echo_on_read(void *arg, const char *data, size_t len)
{
	static char large[LARGE];

	(void)arg;
	shown = len;
	if (data[0] == 'K')
		return 0;
	if (data[len - 1] == '?') {
		struct iovec half = {large, sizeof(large) / 2};

		memset(large, 'L', sizeof(large));
		stream_writev_static(taken, &half, 1);
		stream_write(taken, large, sizeof(large) / 2);
		return len;
	}
	stream_write(taken, data, len);
	if (data[len - 1] == '!')
		stream_close(taken);
	return len;
}

static void echo_on_closed(void *arg, int err)
{
	(void)arg;
	closed++;
	closed_err = err;
	taken = NULL;
}

static const struct stream_events echo = {
	.on_read = echo_on_read,
	.on_closed = echo_on_closed,
};

static void on_http(void *arg, struct stream *s)
{
	ck_assert_ptr_eq(arg, &https);
	https++;
	taken = s;
	stream_set_owner(s, &echo, NULL, limit);
	stream_deadline(s, 0);
}

static void on_stun(void *arg, struct stream *s)
{
	ck_assert_ptr_eq(arg, &https);
	stuns++;
	stream_free(s);
}

static void begin_with(struct tls *tls, unsigned first_byte_ms)
{
	const struct listener_plan plan = {
		.tls = tls,
		.on_http = on_http,
		.on_stun = on_stun,
		.arg = &https,
		.first_byte_ms = first_byte_ms,
	};

	https = stuns = closed = 0;
	live_init(&live);
	live_listen(&live, &plan);
	client_connect(&client, &live);
}

static void end(void)
{
	client_fini(&client);
	stream_free(taken);
	taken = NULL;
	live_fini(&live);
}

static void again(void)
{
	client_fini(&client);
	client_connect(&client, &live);
}

static bool tls_up(SSL_CTX *ctx)
{
	return client_start_tls(&client, &live, ctx);
}

START_TEST(test_first_byte_decides)
{
	/* Letters are HTTP, 0..3 STUN, the rest (TLS without a certificate too) nobody's. */
	begin_with(NULL, 10000);
	client_say(&client, &live, "GET");
	client_expect(&client, &live, "GET");
	ck_assert_uint_eq(https, 1);
	for (int first = 0; first < 4; first++) {
		char byte = (char)first;

		again();
		client_send(&client, &live, &byte, 1);
		LIVE_UNTIL(&live, client_at_end(&client));
		ck_assert_int_eq((int)stuns, first + 1);
	}
	for (size_t i = 0; i < 4; i++) {
		again();
		client_send(&client, &live, &"\x04\x16 \xff"[i], 1);
		LIVE_UNTIL(&live, client_at_end(&client));
	}
	ck_assert_uint_eq(https, 1);
	end();
}
END_TEST

START_TEST(test_silence_before_the_first_byte_is_bounded)
{
	/* Plain, and a TLS hello that never ends. */
	struct buf why = BUF_INIT;
	struct pair pair;
	struct tls *tls;

	pair_make(&pair, 0, 10, NULL);
	ck_assert_int_eq(tls_new(&tls, pair.certificate, pair.key, &why), 0);
	begin_with(tls, 200);
	LIVE_UNTIL(&live, client_at_end(&client));
	again();
	client_send(&client, &live, "\x16\x03\x01\x02\x00\x01", 6);
	LIVE_UNTIL(&live, client_at_end(&client));
	ck_assert_uint_eq(https, 0);
	end();
	tls_free(tls);
	pair_remove(&pair);
}
END_TEST

START_TEST(test_tls_and_plain_share_the_port)
{
	/* 0x16 is TLS, what is inside is judged like plain; both say goodbye properly. */
	static const char stun[] = {0, 1, 0, 0};
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct buf why = BUF_INIT;
	struct pair pair;
	struct tls *tls;

	pair_make(&pair, 0, 10, NULL);
	ck_assert_int_eq(tls_new(&tls, pair.certificate, pair.key, &why), 0);
	begin_with(tls, 10000);
	ck_assert(tls_up(ctx));
	client_say(&client, &live, "Hello");
	client_expect(&client, &live, "Hello");
	ck_assert(stream_is_tls(taken));
	client_say(&client, &live, "bye!");
	client_expect(&client, &live, "bye!");
	LIVE_UNTIL(&live, client_at_end(&client));
	ck_assert(!client.reset);		/* close_notify came */

	again();
	client_say(&client, &live, "Hello");
	client_expect(&client, &live, "Hello");
	ck_assert(!stream_is_tls(taken));
	stream_free(taken);
	taken = NULL;

	again();
	ck_assert(tls_up(ctx));
	client_send(&client, &live, stun, sizeof(stun));
	LIVE_UNTIL(&live, client_at_end(&client));
	ck_assert_uint_eq(stuns, 1);
	end();
	tls_free(tls);
	SSL_CTX_free(ctx);
	pair_remove(&pair);
}
END_TEST

START_TEST(test_much_goes_through_tls)
{
	/* More than the socket takes, in both directions, keeps its order and is whole. */
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct buf why = BUF_INIT;
	struct pair pair;
	struct tls *tls;

	pair_make(&pair, 0, 10, NULL);
	ck_assert_int_eq(tls_new(&tls, pair.certificate, pair.key, &why), 0);
	for (int plain = 0; plain < 2; plain++) {
		begin_with(tls, 10000);
		if (!plain)
			ck_assert(tls_up(ctx));
		client_say(&client, &live, "Hello");
		client_expect(&client, &live, "Hello");
		client_say(&client, &live, "?");
		live_wait(&live, 50);
		ck_assert_uint_gt(stream_pending(taken), 0);
		LIVE_UNTIL(&live, (client_poll(&client), client.got.len == LARGE));
		for (size_t i = 0; i < LARGE; i++)
			if (client.got.p[i] != 'L')
				ck_abort_msg("byte %zu", i);
		ck_assert_uint_eq(stream_pending(taken), 0);
		buf_reset(&client.got);
		for (int i = 0; i < 100; i++) {
			char text[1001];

			memset(text, 'a' + i % 26, 1000);
			text[1000] = '\0';
			client_say(&client, &live, text);
		}
		LIVE_UNTIL(&live, (client_poll(&client), client.got.len == 100000));
		for (int i = 0; i < 100000; i++)
			if (client.got.p[i] != 'a' + i / 1000 % 26)
				ck_abort_msg("byte %d", i);
		end();
	}
	tls_free(tls);
	SSL_CTX_free(ctx);
	pair_remove(&pair);
}
END_TEST

START_TEST(test_nothing_is_left_in_tls)
{
	/* A record that fills what may be read at once, and a small one behind it that
	 * OpenSSL has taken from the socket already, which then wakes nobody. */
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct buf why = BUF_INIT;
	struct pair pair;
	struct tls *tls;
	static char record[LOOP_RECORD_SIZE];

	pair_make(&pair, 0, 10, NULL);
	ck_assert_int_eq(tls_new(&tls, pair.certificate, pair.key, &why), 0);
	limit = 3 * sizeof(record);
	begin_with(tls, 10000);
	ck_assert(tls_up(ctx));
	client_say(&client, &live, "Keep");
	LIVE_UNTIL(&live, shown == 4);
	ck_assert_int_eq(SSL_write(client.ssl, record, sizeof(record)), sizeof(record));
	ck_assert_int_eq(SSL_write(client.ssl, record, 100), 100);
	LIVE_UNTIL(&live, shown == 4 + sizeof(record) + 100);
	end();
	tls_free(tls);
	SSL_CTX_free(ctx);
	pair_remove(&pair);
}
END_TEST

START_TEST(test_unread_input_is_bounded)
{
	/* What the owner does not take is kept up to his limit; then the stream ends. */
	begin_with(NULL, 10000);
	client_say(&client, &live, "Keep");
	live_wait(&live, 10);
	ck_assert_uint_eq(closed, 0);
	for (int i = 0; i < 30; i++)
		client_say(&client, &live, "12345678901234567890123456789012345678901234567890");
	LIVE_UNTIL(&live, closed);
	ck_assert_int_eq(closed_err, ERR_TOO_BIG);
	end();
}
END_TEST

START_TEST(test_the_owner_hears_of_the_end_once)
{
	/* FIN is ERR_CLOSED; a deadline without on_deadline is ERR_AGAIN. */
	begin_with(NULL, 10000);
	client_say(&client, &live, "Hello");
	client_expect(&client, &live, "Hello");
	client_fini(&client);
	LIVE_UNTIL(&live, closed);
	live_wait(&live, 20);
	ck_assert_uint_eq(closed, 1);
	ck_assert_int_eq(closed_err, ERR_CLOSED);
	client_connect(&client, &live);
	client_say(&client, &live, "Hello");
	client_expect(&client, &live, "Hello");
	stream_deadline(taken, loop_now_ms(live.loop) + 100);
	LIVE_UNTIL(&live, closed == 2);
	ck_assert_int_eq(closed_err, ERR_AGAIN);
	end();
}
END_TEST

START_TEST(test_caps_turn_away_and_recover)
{
	/* In all and per address (loopback counts only in all); places come back. */
	struct client others[3];

	https = 0;
	live_init_capped(&live, &(struct listener_caps){
		.connections = 3, .per_address = 1,
	});
	live_listen(&live, &(struct listener_plan){.on_http = on_http, .arg = &https,
						   .first_byte_ms = 10000});
	for (int i = 0; i < 3; i++)
		client_connect(&others[i], &live);
	LIVE_UNTIL(&live, listener_gauge_count(live.gauge) == 3);
	client_connect(&client, &live);
	LIVE_UNTIL(&live, client_at_end(&client));
	ck_assert_uint_eq(listener_gauge_count(live.gauge), 3);
	client_fini(&others[0]);
	LIVE_UNTIL(&live, listener_gauge_count(live.gauge) == 2);
	again();
	client_say(&client, &live, "Hello");
	client_expect(&client, &live, "Hello");
	for (int i = 1; i < 3; i++)
		client_fini(&others[i]);
	end();
}
END_TEST

START_TEST(test_lack_of_descriptors_is_waited_out)
{
	/* accept() fails with EMFILE: no spinning, and service resumes by itself. */
	struct rlimit old, tight;
	struct rusage before, after;
	long used_us;
	int lowest;

	begin_with(NULL, 10000);
	lowest = dup(client.fd);
	close(lowest);
	getrlimit(RLIMIT_NOFILE, &old);
	tight = old;
	tight.rlim_cur = (rlim_t)lowest;	/* not one more */
	setrlimit(RLIMIT_NOFILE, &tight);
	getrusage(RUSAGE_SELF, &before);
	live_wait(&live, 1000);
	getrusage(RUSAGE_SELF, &after);
	setrlimit(RLIMIT_NOFILE, &old);
	used_us = (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
		  after.ru_stime.tv_usec - before.ru_stime.tv_usec;
	ck_assert_int_lt(used_us, 500000);
	ck_assert_uint_eq(listener_gauge_count(live.gauge), 0);
	client_say(&client, &live, "Hello");
	client_expect(&client, &live, "Hello");
	end();
}
END_TEST

START_TEST(test_a_taken_port_is_explained)
{
	/* One sentence with the address in it. */
	struct sockaddr_in sa = {.sin_family = AF_INET};
	struct buf why = BUF_INIT;
	struct listener_plan plan = {.on_http = on_http};
	struct listener *second;

	begin_with(NULL, 10000);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons(listener_port(live.listener));
	ck_assert_int_eq(listener_new(&second, live.loop, live.gauge, &plan,
				      (struct sockaddr *)&sa, sizeof(sa), &why), ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(why.p, "127.0.0.1:"));
	buf_reset(&why);
	sa.sin_addr.s_addr = htonl(0xc0000201);		/* 192.0.2.1 */
	ck_assert_int_eq(listener_new(&second, live.loop, live.gauge, &plan,
				      (struct sockaddr *)&sa, sizeof(sa), &why), ERR_NOT_FOUND);
	buf_fini(&why);
	end();
}
END_TEST

UNIT_MAIN("listener", test_first_byte_decides, test_silence_before_the_first_byte_is_bounded,
	  test_tls_and_plain_share_the_port, test_much_goes_through_tls,
	  test_nothing_is_left_in_tls, test_unread_input_is_bounded, test_the_owner_hears_of_the_end_once,
	  test_caps_turn_away_and_recover, test_lack_of_descriptors_is_waited_out,
	  test_a_taken_port_is_explained)
