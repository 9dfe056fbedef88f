#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>

#include "app/carrier.h"
#include "core/turn.h"
#include "net/relayconn.h"
#include "net/tls.h"
#include "pair.h"
#include "turnclient.h"
#include "unit.h"

#define MEETING "bWVldGluZy1zZWFsZWQtaQ."
#define ALICE MEETING "YWxpY2UtYWxpY2Ut.p"
#define BOB MEETING "Ym9iLWJvYi1ib2It.p"

static struct live live;
static struct carrier *carrier;
static struct tls *tls;
static struct pair pair;
static SSL_CTX *ctx;
static unsigned opened, closed;
static struct turn_event last;

static void on_event(void *arg, const struct turn_event *e)
{
	ck_assert_ptr_eq(arg, &live);
	opened += e->opened;
	closed += !e->opened;
	last = *e;
}

static void on_stun(void *arg, struct stream *s)
{
	(void)arg;
	carrier_adopt(carrier, s);
}

static void begin(void)
{
	struct turncred_secrets secrets = {.current = TURNCLIENT_SECRET};
	struct sockaddr_in sa = {.sin_family = AF_INET};
	struct listener_plan plan = {
		.on_stun = on_stun,
		.first_byte_ms = LISTENER_FIRST_BYTE_MS,
	};
	struct turn_conf conf;
	struct buf why = BUF_INIT;

	opened = closed = 0;
	live_init(&live);
	pair_make(&pair, 0, 30, NULL);
	ck_assert_int_eq(tls_new(&tls, pair.certificate, pair.key, &why), 0);
	ctx = SSL_CTX_new(TLS_client_method());
	plan.tls = tls;
	live_listen(&live, &plan);

	turn_conf_init(&conf);
	strcpy(conf.realm, TURNCLIENT_REALM);
	conf.v4.on = true;
	ck_assert(turn_addr_parse(&conf.v4.bind, "127.0.0.1", 0));
	conf.v4.advertise = conf.v4.bind;
	conf.port_min = 20000;
	conf.port_max = 31999;
	conf.peers.allow_loopback = true;
	conf.user_allocations = conf.meeting_allocations = conf.source_allocations = 10000;
	conf.refusals_per_s = conf.refusals_burst = conf.refusals_all_per_s = 100000;
	conf.bytes_per_s = conf.bytes_burst = 1000000000;

	carrier = carrier_new(live.base, on_event, &live);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(carrier_listen(carrier, (struct sockaddr *)&sa, sizeof(sa), &why), 0);
	ck_assert_int_eq(carrier_start(carrier, &conf, &secrets, &why), 0);
	buf_fini(&why);
}

static uint64_t count(enum turn_count which)
{
	struct carrier_counts n;

	carrier_counts(carrier, &n);
	return n.turn[which];
}

static void end(void)
{
	carrier_stop(carrier);
	ck_assert_uint_eq(opened, closed);
	carrier_free(carrier);
	live_fini(&live);
	SSL_CTX_free(ctx);
	tls_free(tls);
	pair_remove(&pair);
}

/* A peer of its own on 127.0.0.1; returns its socket. */
static int peer_new(uint16_t *port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	getsockname(fd, (struct sockaddr *)&sa, &len);
	*port = ntohs(sa.sin_port);
	return fd;
}

/* Waits for a datagram and sends it back to where it came from. */
static size_t peer_echo(int fd, uint8_t *out, size_t cap)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint64_t until = clock_mono_ms() + 2000;
	ssize_t n;

	while ((n = recvfrom(fd, out, cap, 0, (struct sockaddr *)&from, &len)) < 0) {
		ck_assert_msg(clock_mono_ms() < until, "nothing came to the peer");
		usleep(100);
	}
	ck_assert_int_eq(sendto(fd, out, (size_t)n, 0, (struct sockaddr *)&from, len), n);
	return (size_t)n;
}

static void client_of(struct turnclient *c, enum turn_transport transport, const char *id)
{
	if (transport == TURN_UDP)
		turnclient_udp(c, &live, carrier_port(carrier), id);
	else
		turnclient_stream(c, &live, transport == TURN_TLS ? ctx : NULL, id);
}

static void echo_both_ways(enum turn_transport transport)
{
	static struct turnclient c;
	uint8_t data[1200], seen[2000];
	uint16_t relayed, peer_port;
	int peer = peer_new(&peer_port);

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	begin();
	client_of(&c, transport, ALICE);
	ck_assert_int_eq(turnclient_allocate(&c, &relayed), 0);
	ck_assert_uint_ge(relayed, 20000);
	ck_assert_int_eq(turnclient_permit(&c), 0);
	turnclient_indicate(&c, peer_port, data, 101);
	ck_assert_uint_eq(peer_echo(peer, seen, sizeof(seen)), 101);
	ck_assert_mem_eq(seen, data, 101);
	turnclient_expect(&c, 0, data, 101);

	ck_assert_int_eq(turnclient_bind(&c, 0x4001, peer_port), 0);
	for (size_t len = 0; len <= sizeof(data); len += 401) {
		turnclient_data(&c, 0x4001, data, len);
		ck_assert_uint_eq(peer_echo(peer, seen, sizeof(seen)), len);
		turnclient_expect(&c, 0x4001, data, len);
	}
	ck_assert_int_eq(turnclient_refresh(&c, 0), 0);
	LIVE_UNTIL(&live, closed == 1);
	ck_assert_int_eq(last.transport, transport);
	ck_assert_uint_eq(last.bytes_up, 101 + 0 + 401 + 802);
	ck_assert_uint_eq(last.bytes_down, last.bytes_up);
	turnclient_fini(&c);
	close(peer);
	end();
}

START_TEST(test_udp_client_talks_to_a_peer)
{
	/* Allocate, permission, indications, channel, refresh 0, over UDP (RFC 8656). */
	echo_both_ways(TURN_UDP);
}
END_TEST

START_TEST(test_tcp_client_talks_to_a_peer)
{
	/* The same over TCP, with padding (RFC 8656 section 12.5). */
	echo_both_ways(TURN_TCP);
}
END_TEST

START_TEST(test_tls_client_talks_to_a_peer)
{
	/* The same over TLS, handed over from the thread that shook hands. */
	echo_both_ways(TURN_TLS);
}
END_TEST

static void hairpin(enum turn_transport a_by, enum turn_transport b_by)
{
	static struct turnclient a, b;
	uint16_t a_port, b_port;

	begin();
	client_of(&a, a_by, ALICE);
	client_of(&b, b_by, BOB);
	ck_assert_int_eq(turnclient_allocate(&a, &a_port), 0);
	ck_assert_int_eq(turnclient_allocate(&b, &b_port), 0);
	ck_assert_int_eq(turnclient_bind(&a, 0x4000, b_port), 0);
	ck_assert_int_eq(turnclient_permit(&b), 0);
	turnclient_data(&a, 0x4000, "to b", 4);
	turnclient_expect(&b, 0, "to b", 4);
	turnclient_indicate(&b, a_port, "to a", 4);
	turnclient_expect(&a, 0x4000, "to a", 4);
	ck_assert_int_eq(turnclient_bind(&b, 0x4007, a_port), 0);
	for (int i = 0; i < 100; i++) {
		char text[16];
		size_t len = (size_t)snprintf(text, sizeof(text), "number %d", i);

		turnclient_data(&a, 0x4000, text, len);
	}
	for (int i = 0; i < 100; i++) {
		char text[16];
		size_t len = (size_t)snprintf(text, sizeof(text), "number %d", i);

		turnclient_expect(&b, 0x4007, text, len);
	}
	ck_assert_uint_eq(count(TURN_HAIRPINS), 102);
	turnclient_fini(&a);
	turnclient_fini(&b);
	end();
}

START_TEST(test_two_clients_meet_inside)
{
	/* Both relayed: handed over in the process, in order, whatever they came by. */
	hairpin(TURN_UDP, TURN_UDP);
	hairpin(TURN_TCP, TURN_UDP);
	hairpin(TURN_UDP, TURN_TLS);
}
END_TEST

START_TEST(test_what_was_decrypted_before_the_handover_counts)
{
	/* Three requests in one record: main's thread has decrypted them all. */
	static struct turnclient c;
	uint8_t bytes[512];
	struct stun_out o;
	size_t len = 0;

	begin();
	client_of(&c, TURN_TLS, ALICE);
	for (int i = 0; i < 3; i++) {
		o = turnclient_begin(&c, bytes + len, sizeof(bytes) - len, STUN_BINDING);
		len += (size_t)stun_end(&o);
	}
	turnclient_send(&c, bytes, len);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(turnclient_answer(&c), 0);
	turnclient_fini(&c);
	end();
}
END_TEST

START_TEST(test_message_in_pieces_is_put_together)
{
	/* A stream may cut a message anywhere, also in its first bytes. */
	static struct turnclient c;
	uint8_t bytes[64];
	struct stun_out o;

	begin();
	client_of(&c, TURN_TCP, ALICE);
	o = turnclient_begin(&c, bytes, sizeof(bytes), STUN_BINDING);
	for (ssize_t i = 0; i < stun_end(&o); i++) {
		turnclient_send(&c, bytes + i, 1);
		live_wait(&live, 2);
	}
	ck_assert_int_eq(turnclient_answer(&c), 0);
	turnclient_fini(&c);
	end();
}
END_TEST

START_TEST(test_what_is_no_message_closes_the_stream)
{
	/* A wrong cookie, seen as soon as it is there (turn.md T2). */
	struct client c;

	begin();
	client_connect(&c, &live);
	client_send(&c, &live, "\0\1\0\0abcdefgh", 12);
	LIVE_UNTIL(&live, client_at_end(&c));
	client_fini(&c);
	LIVE_UNTIL(&live, listener_gauge_count(live.gauge) == 0);
	end();
}
END_TEST

START_TEST(test_stranger_sends_no_long_message)
{
	/* Nobody who has no allocation makes us keep 64 KB (D6, D7); it ends at once. */
	struct client c;

	begin();
	client_connect(&c, &live);
	client_send(&c, &live, "\0\3\x20\0\x21\x12\xa4\x42", 8);
	LIVE_UNTIL(&live, client_at_end(&c));
	client_fini(&c);
	LIVE_UNTIL(&live, listener_gauge_count(live.gauge) == 0);
	end();
}
END_TEST

static void no_message(void *arg, uint8_t *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
}

static void note_end(void *arg)
{
	*(bool *)arg = true;
}

/* How many kilobytes of answers nobody takes until the connection is over. */
static unsigned answers_kept(bool trusted)
{
	static const struct relayconn_events events = {no_message, note_end};
	static const uint8_t answer[1024];
	struct event_base *base = event_base_new();
	struct batch *batch = batch_new(base);
	struct relayconn_pool *pool = relayconn_pool_new(base, batch);
	struct stream_parts parts = {.in = BUF_INIT};
	struct relayconn *c;
	unsigned count = 0;
	bool over = false;
	int fd[2], small = 4096;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	parts.fd = fd[0];
	c = relayconn_new(pool, &parts, &events, &over);
	if (trusted)
		relayconn_trust(c);
	for (; !over; count++) {
		relayconn_answer(c, answer, sizeof(answer));
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	relayconn_free(c);
	close(fd[1]);
	relayconn_pool_free(pool);
	batch_free(batch);
	event_base_free(base);
	return count;
}

START_TEST(test_stranger_may_ask_much_at_once)
{
	/* Nobody waits for the turn's end with more answers than he may leave unread. */
	uint8_t many[1000 * STUN_HEADER_SIZE];
	struct client c;

	for (size_t i = 0; i < 1000; i++)
		stun_begin(many + i * STUN_HEADER_SIZE, STUN_HEADER_SIZE, STUN_REQUEST,
			   STUN_BINDING, "twelve bytes");
	begin();
	client_connect(&c, &live);
	ck_assert(client_start_tls(&c, &live, ctx));
	client_send(&c, &live, many, sizeof(many));
	LIVE_UNTIL(&live, (client_poll(&c), c.got.len == 1000 * 32));
	client_fini(&c);
	end();
}
END_TEST

START_TEST(test_stranger_reads_what_he_asks_for)
{
	/* Answers that nobody takes are kept for those we know (D7). */
	unsigned stranger = answers_kept(false), known = answers_kept(true);

	ck_assert_uint_ge(stranger, 16);
	ck_assert_uint_lt(stranger, 64);
	ck_assert_uint_ge(known, 256);
	ck_assert_uint_lt(known, 320);
}
END_TEST

#define ASKED 200

START_TEST(test_slow_reader_loses_data_and_keeps_answers)
{
	/* Above 128 KB unsent data is dropped, whole messages; answers still come (D7). */
	static struct turnclient c;
	static uint8_t data[1200];
	uint16_t relayed, peer_port;
	struct sockaddr_in to = {.sin_family = AF_INET};
	int peer = peer_new(&peer_port), small = 4096;
	unsigned got = 0, answered = 0;
	uint8_t bytes[64];
	struct stun_out o;

	begin();
	turnclient_login(&c, &live, ALICE);
	client_connect(&c.stream, &live);
	setsockopt(c.stream.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	ck_assert_int_eq(turnclient_allocate(&c, &relayed), 0);
	ck_assert_int_eq(turnclient_bind(&c, 0x4000, peer_port), 0);
	to.sin_port = htons(relayed);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < 4000; i++) {
		sendto(peer, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to));
		if (i % 50 == 0)
			usleep(1000);
	}
	for (int i = 0; i < ASKED; i++) {
		o = turnclient_begin(&c, bytes, sizeof(bytes), STUN_BINDING);
		turnclient_send(&c, bytes, (size_t)stun_end(&o));
	}
	live_wait(&live, 200);
	while (answered < ASKED && turnclient_waits(&c, 2000)) {
		bool answer = stun_first_byte(c.got[0]);

		answered += answer;
		got += !answer;
		ck_assert(answer || c.got_len == sizeof(data) + 4);
	}
	ck_assert_uint_eq(answered, ASKED);
	ck_assert_uint_gt(got, 50);
	ck_assert_uint_lt(got, 3900);
	turnclient_fini(&c);
	close(peer);
	end();
}
END_TEST

START_TEST(test_forgotten_user_is_closed_at_once)
{
	/* The end of a visit ends its allocations, and the name is refused (D10). */
	static struct turnclient a, b;
	uint16_t port;

	begin();
	client_of(&a, TURN_UDP, ALICE);
	client_of(&b, TURN_TCP, ALICE);
	ck_assert_int_eq(turnclient_allocate(&a, &port), 0);
	ck_assert_int_eq(turnclient_allocate(&b, &port), 0);
	LIVE_UNTIL(&live, opened == 2);
	carrier_forget(carrier, ALICE, strlen(ALICE) - 2);
	LIVE_UNTIL(&live, closed == 2);
	ck_assert_int_eq(last.reason, TURN_CLOSED_FORGOTTEN);
	ck_assert_int_ne(turnclient_refresh(&a, 600), 0);
	ck_assert_int_eq(turnclient_allocate(&a, &port), 401);
	LIVE_UNTIL(&live, client_at_end(&b.stream));
	ck_assert_uint_eq(count(TURN_ALLOCATIONS), 0);
	ck_assert_uint_eq(count(TURN_PORTS), 0);
	turnclient_fini(&a);
	turnclient_fini(&b);
	end();
}
END_TEST

START_TEST(test_closed_stream_ends_its_allocation)
{
	/* TCP or TLS gone: the allocation too, at once (L15), and the caps know. */
	static struct turnclient c;
	uint16_t port;

	begin();
	client_of(&c, TURN_TLS, ALICE);
	ck_assert_int_eq(turnclient_allocate(&c, &port), 0);
	ck_assert_uint_eq(listener_gauge_count(live.gauge), 1);
	turnclient_fini(&c);
	LIVE_UNTIL(&live, closed == 1 && listener_gauge_count(live.gauge) == 0);
	ck_assert_int_eq(last.reason, TURN_CLOSED_GONE);
	end();
}
END_TEST

static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

START_TEST(test_a_thousand_leave_nothing_behind)
{
	/* File descriptors, ports and counters are back at zero when all have gone. */
	static struct turnclient c[1000];
	const struct rlimit many = {8192, 8192};
	unsigned before;
	uint16_t port;

	setrlimit(RLIMIT_NOFILE, &many);
	begin();
	before = open_files();
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		client_of(&c[i], TURN_UDP, ALICE);
		ck_assert_int_eq(turnclient_allocate(&c[i], &port), 0);
	}
	ck_assert_uint_eq(count(TURN_ALLOCATIONS), ARRAY_LEN(c));
	ck_assert_uint_ge(open_files(), before + 2 * ARRAY_LEN(c));
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		ck_assert_int_eq(turnclient_refresh(&c[i], 0), 0);
		turnclient_fini(&c[i]);
	}
	ck_assert_uint_eq(count(TURN_ALLOCATIONS), 0);
	ck_assert_uint_eq(count(TURN_PORTS), 0);
	ck_assert_uint_eq(open_files(), before);
	LIVE_UNTIL(&live, closed == ARRAY_LEN(c));
	end();
}
END_TEST

START_TEST(test_stop_tells_of_all_that_was_open)
{
	/* The events of a stop are told before it returns. */
	static struct turnclient a, b;
	uint16_t port;

	begin();
	client_of(&a, TURN_UDP, ALICE);
	client_of(&b, TURN_TLS, BOB);
	ck_assert_int_eq(turnclient_allocate(&a, &port), 0);
	ck_assert_int_eq(turnclient_allocate(&b, &port), 0);
	carrier_stop(carrier);
	ck_assert_uint_eq(opened, 2);
	ck_assert_uint_eq(closed, 2);
	ck_assert_uint_eq(listener_gauge_count(live.gauge), 0);
	turnclient_fini(&a);
	turnclient_fini(&b);
	end();
}
END_TEST

START_TEST(test_rotated_secret_lets_both_in)
{
	/* What was made with the secret before still fits, what is open stays (A13, E5). */
	struct turncred_secrets next = {
		.current = "another-secret-of-the-test-12345",
		.previous = TURNCLIENT_SECRET,
	};
	static struct turnclient a, b;
	uint16_t port;

	begin();
	client_of(&a, TURN_UDP, ALICE);
	ck_assert_int_eq(turnclient_allocate(&a, &port), 0);
	carrier_set_secrets(carrier, &next);
	client_of(&b, TURN_UDP, BOB);
	ck_assert_int_eq(turnclient_allocate(&b, &port), 0);
	ck_assert_int_eq(turnclient_refresh(&a, 600), 0);
	next = (struct turncred_secrets){.current = "a-third-secret-of-the-test-12345"};
	carrier_set_secrets(carrier, &next);
	turnclient_fini(&b);
	client_of(&b, TURN_UDP, BOB);
	ck_assert_int_eq(turnclient_allocate(&b, &port), 401);
	ck_assert_int_eq(turnclient_refresh(&a, 600), 0);
	turnclient_fini(&a);
	turnclient_fini(&b);
	end();
}
END_TEST

UNIT_MAIN("carrier", test_udp_client_talks_to_a_peer, test_tcp_client_talks_to_a_peer,
	  test_tls_client_talks_to_a_peer, test_two_clients_meet_inside,
	  test_what_was_decrypted_before_the_handover_counts,
	  test_message_in_pieces_is_put_together,
	  test_what_is_no_message_closes_the_stream, test_stranger_sends_no_long_message,
	  test_stranger_may_ask_much_at_once, test_stranger_reads_what_he_asks_for,
	  test_slow_reader_loses_data_and_keeps_answers,
	  test_forgotten_user_is_closed_at_once, test_closed_stream_ends_its_allocation,
	  test_a_thousand_leave_nothing_behind, test_stop_tells_of_all_that_was_open,
	  test_rotated_secret_lets_both_in)
