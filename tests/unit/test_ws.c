#include "net/ws.h"

#include <stdio.h>

#include "base/err.h"
#include "live.h"
#include "unit.h"

#define HANDSHAKE                                                             \
	"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"          \
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                 \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

#define FIN 0x80
#define FLOOD (64 * 1024)

static struct live live;
static struct http_server *server;
static struct ws_hub *hub;
static struct client client;
static struct ws *open_ws;
static struct http_request *late;	/* upgraded by the test */
static unsigned messages, closed;
static int closed_code;
static size_t last_len;

static void on_message(void *arg, const char *text, size_t len)
{
	ck_assert_ptr_eq(arg, &messages);
	ck_assert_int_eq(text[len], '\0');
	messages++;
	last_len = len;
	if (!strcmp(text, "close me"))
		ws_close(open_ws, 4403, "as you like");
	else
		ws_send_text(open_ws, text, len);
}

static void on_closed(void *arg, int code)
{
	ck_assert_ptr_eq(arg, &messages);
	closed++;
	closed_code = code;
	open_ws = NULL;
}

static const struct ws_events events = {.on_message = on_message, .on_closed = on_closed};

static void upgrade(struct http_request *rq)
{
	char accept[HTTP_WS_ACCEPT_SIZE];

	ck_assert_int_eq(http_websocket_accept(&rq->head, accept), 0);
	open_ws = ws_accept(hub, rq, accept, "paravent.v1", &events, &messages);
}

static void handle(void *arg, struct http_request *rq)
{
	(void)arg;
	if (!strcmp(rq->head.path, "/late"))
		late = rq;
	else
		upgrade(rq);
}

static void problem(struct buf *body, int status)
{
	buf_printf(body, "%d", status);
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

static void say(const char *text)
{
	client_say(&client, &live, text);
}

static void expect(const char *text)
{
	client_expect(&client, &live, text);
}

static void connect_ws(void)
{
	messages = closed = 0;
	closed_code = 0;
	client_connect(&client, &live);
	say(HANDSHAKE);
	expect("HTTP/1.1 101 Switching Protocols\r\n");
	expect("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	       "Sec-WebSocket-Protocol: paravent.v1\r\n\r\n");
	ck_assert_ptr_nonnull(open_ws);
}

static void begin(const struct ws_limits *limits)
{
	live_init(&live);
	server = http_server_new(live.loop, handle, NULL, problem);
	hub = ws_hub_new(live.loop, limits);
	live_listen(&live, &plan);
	connect_ws();
	ck_assert_uint_eq(http_server_count(server), 0);
	ck_assert_uint_eq(ws_hub_count(hub), 1);
}

static void end(void)
{
	client_fini(&client);
	http_server_free(server);
	ws_hub_free(hub);
	live_fini(&live);
	ck_assert_uint_eq(closed, 1);	/* each is told, once */
}

/* A masked frame as a browser sends it. */
static void put_frame(struct buf *b, unsigned first, const void *payload, size_t len)
{
	static const char mask[4] = {0x37, (char)0xfa, 0x21, 0x3d};

	buf_putc(b, (char)first);
	if (len < 126) {
		buf_putc(b, (char)(0x80 | len));
	} else if (len < 65536) {
		buf_putc(b, (char)(0x80 | 126));
		buf_putc(b, (char)(len >> 8));
		buf_putc(b, (char)len);
	} else {
		buf_putc(b, (char)(0x80 | 127));
		for (int i = 0; i < 8; i++)
			buf_putc(b, (char)((uint64_t)len >> (56 - 8 * i)));
	}
	buf_put(b, mask, 4);
	for (size_t i = 0; i < len; i++)
		buf_putc(b, ((const char *)payload)[i] ^ mask[i % 4]);
}

static void send_frame(unsigned first, const void *payload, size_t len)
{
	struct buf b = BUF_INIT;

	put_frame(&b, first, payload, len);
	client_send(&client, &live, b.p, b.len);
	buf_fini(&b);
}

/* Waits for the close frame, which may follow others, and the end behind it. */
static int close_code(void)
{
	const unsigned char *p;
	size_t at = 0, len;

	LIVE_UNTIL(&live, client_at_end(&client));
	for (p = (unsigned char *)client.got.p; at + 2 <= client.got.len; at += 2 + len) {
		len = p[at + 1];
		ck_assert_uint_lt(len, 126);
		ck_assert_uint_le(at + 2 + len, client.got.len);
		if (p[at] == (FIN | 8)) {
			ck_assert_uint_eq(at + 2 + len, client.got.len);
			return len ? p[at + 2] << 8 | p[at + 3] : WS_NO_CODE;
		}
	}
	return 0;
}

START_TEST(test_messages_come_and_go)
{
	/* All three forms of length (RFC 6455 section 5.2), whole and byte by byte. */
	static const size_t lens[] = {0, 1, 125, 126, 2048, 65535, 65536};
	char *text = mem_new(65536);
	struct buf b = BUF_INIT;

	memset(text, 't', 65536);
	begin(NULL);
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		size_t head = lens[i] < 126 ? 2 : lens[i] < 65536 ? 4 : 10;

		send_frame(FIN | 1, text, lens[i]);
		LIVE_UNTIL(&live, (client_poll(&client), client.got.len == head + lens[i]));
		ck_assert_int_eq((unsigned char)client.got.p[0], FIN | 1);
		ck_assert(!memcmp(client.got.p + head, text, lens[i]));
		ck_assert_uint_eq(last_len, lens[i]);
		buf_reset(&client.got);
	}
	put_frame(&b, FIN | 1, text, 200);
	for (size_t i = 0; i < b.len; i++)
		client_send(&client, &live, b.p + i, 1);
	expect("tttt");
	ck_assert_uint_eq(messages, ARRAY_LEN(lens) + 1);
	buf_fini(&b);
	free(text);
	end();
}
END_TEST

START_TEST(test_fragments_make_one_message)
{
	/* With a ping between them, and a character cut in two (RFC 6455 section 5.4). */
	begin(NULL);
	send_frame(1, "gr\xc3", 3);
	send_frame(FIN | 9, "ping", 4);
	send_frame(0, "\xbc", 1);
	send_frame(0, "", 0);
	send_frame(FIN | 0, "n", 1);
	expect("\x8a\x04ping");
	expect("\x81\x05gr\xc3\xbcn");
	ck_assert_uint_eq(messages, 1);
	send_frame(FIN | 1, "next", 4);
	expect("\x81\x04next");
	end();
}
END_TEST

START_TEST(test_frames_behind_the_handshake_are_not_lost)
{
	/* In the same segment, answered at once or later. */
	struct buf b = BUF_INIT;

	begin(NULL);
	client_fini(&client);
	LIVE_UNTIL(&live, closed == 1);
	for (int i = 0; i < 2; i++) {
		messages = closed = 0;
		client_connect(&client, &live);
		buf_reset(&b);
		buf_puts(&b, i ? "GET /late" : "GET /socket");
		buf_puts(&b, HANDSHAKE + strlen("GET /socket"));
		put_frame(&b, FIN | 1, "early", 5);
		client_send(&client, &live, b.p, b.len);
		if (i) {
			LIVE_UNTIL(&live, late);
			live_wait(&live, 20);
			upgrade(late);
			ck_assert_uint_eq(messages, 0);
		}
		expect("101 Switching");
		expect("\x81\x05" "early");
		ck_assert_uint_eq(messages, 1);
		client_fini(&client);
		LIVE_UNTIL(&live, closed == 1);
	}
	buf_fini(&b);
	end();
}
END_TEST

/* Frames by hand: what a client must not send, and the code it gets. */
#define RAW(code, bytes) {code, bytes, sizeof(bytes) - 1}
#define M "\0\0\0\0"		/* a mask that changes nothing */

static const struct {
	int code;
	const char *bytes;
	size_t len;
} refused[] = {
	RAW(WS_PROTOCOL, "\x81\x01x"),				/* not masked */
	RAW(WS_PROTOCOL, "\xc1\x81" M "x"),			/* RSV1 */
	RAW(WS_PROTOCOL, "\xa1\x81" M "x"),			/* RSV2 */
	RAW(WS_PROTOCOL, "\x91\x81" M "x"),			/* RSV3 */
	RAW(WS_PROTOCOL, "\xc9\x80" M),				/* RSV1 on a ping */
	RAW(WS_PROTOCOL, "\x83\x80" M),				/* unknown opcodes */
	RAW(WS_PROTOCOL, "\x87\x80" M),
	RAW(WS_PROTOCOL, "\x8b\x80" M),
	RAW(WS_PROTOCOL, "\x8f\x80" M),
	RAW(WS_PROTOCOL, "\x80\x81" M "x"),			/* stray continuation */
	RAW(WS_PROTOCOL, "\x00\x81" M "x"),
	RAW(WS_PROTOCOL, "\x01\x81" M "x\x81\x81" M "y"),	/* text within a message */
	RAW(WS_PROTOCOL, "\x01\x81" M "x\x82\x81" M "y"),	/* binary within a message */
	RAW(WS_PROTOCOL, "\x09\x80" M),				/* ping in fragments */
	RAW(WS_PROTOCOL, "\x08\x80" M),				/* close in fragments */
	RAW(WS_PROTOCOL, "\x89\xfe\x00\x7e" M),			/* ping of 126 bytes */
	RAW(WS_PROTOCOL, "\x81\xfe\x00\x01" M "x"),		/* length not minimal */
	RAW(WS_PROTOCOL, "\x81\xfe\x00\x7d" M
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
	RAW(WS_PROTOCOL, "\x81\xff\0\0\0\0\0\0\x00\x01" M "x"),
	RAW(WS_PROTOCOL, "\x81\xff\x80\0\0\0\0\0\x00\x01" M),	/* top bit of the length */
	RAW(WS_POLICY, "\x82\x81" M "x"),			/* binary */
	RAW(WS_POLICY, "\x02\x81" M "x"),
	RAW(WS_TOO_BIG, "\x81\xff\0\0\0\0\0\x01\x00\x01" M),	/* 65537 bytes announced */
	RAW(WS_TOO_BIG, "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" M),
	RAW(WS_TOO_BIG, "\x01\x81" M "x\x80\xff\0\0\0\0\0\x01\0\0" M),	/* in two parts */
	RAW(WS_NOT_UTF8, "\x81\x81" M "\xff"),
	RAW(WS_NOT_UTF8, "\x81\x82" M "\xc0\x80"),
	RAW(WS_NOT_UTF8, "\x81\x83" M "\xed\xa0\x80"),
	RAW(WS_NOT_UTF8, "\x81\x84" M "\xf4\x90\x80\x80"),
	RAW(WS_NOT_UTF8, "\x81\x81" M "\xc3"),
	RAW(WS_NOT_UTF8, "\x01\x81" M "\xc3\x80\x81" M "x"),
	/* the peer closes */
	RAW(WS_NO_CODE, "\x88\x80" M),
	RAW(1000, "\x88\x82" M "\x03\xe8"),
	RAW(1001, "\x88\x85" M "\x03\xe9" "bye"),
	RAW(1014, "\x88\x82" M "\x03\xf6"),
	RAW(3000, "\x88\x82" M "\x0b\xb8"),
	RAW(4999, "\x88\x82" M "\x13\x87"),
	RAW(WS_PROTOCOL, "\x88\x81" M "\x03"),			/* half a code */
	RAW(WS_PROTOCOL, "\x88\x82" M "\x00\x00"),
	RAW(WS_PROTOCOL, "\x88\x82" M "\x03\xe7"),		/* 999 */
	RAW(WS_PROTOCOL, "\x88\x82" M "\x03\xec"),		/* 1004 */
	RAW(WS_PROTOCOL, "\x88\x82" M "\x03\xed"),		/* 1005 */
	RAW(WS_PROTOCOL, "\x88\x82" M "\x03\xee"),		/* 1006 */
	RAW(WS_PROTOCOL, "\x88\x82" M "\x03\xf7"),		/* 1015 */
	RAW(WS_PROTOCOL, "\x88\x82" M "\x0b\xb7"),		/* 2999 */
	RAW(WS_PROTOCOL, "\x88\x82" M "\x13\x88"),		/* 5000 */
	RAW(WS_NOT_UTF8, "\x88\x83" M "\x03\xe8\xff"),
};

START_TEST(test_each_violation_gets_its_code)
{
	/* RFC 6455 sections 5 and 7.4; whole and byte by byte; the code arrives. */
	begin(NULL);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		for (int slowly = 0; slowly < 2; slowly++) {
			size_t step = slowly ? 1 : refused[i].len;

			for (size_t at = 0; at < refused[i].len; at += step)
				client_send(&client, &live, refused[i].bytes + at, step);
			ck_assert_msg(close_code() == refused[i].code, "row %zu: %d", i,
				      close_code());
			ck_assert_uint_eq(closed, 1);
			ck_assert_int_eq(closed_code, refused[i].code);
			ck_assert_uint_eq(messages, 0);
			ck_assert(!client.reset);
			client_fini(&client);
			connect_ws();
		}
	}
	end();
}
END_TEST

START_TEST(test_what_came_before_a_close_is_answered)
{
	/* A message and a close, or a violation, in one segment: the echo leaves first. */
	struct buf b = BUF_INIT;

	begin(NULL);
	put_frame(&b, FIN | 1, "last", 4);
	put_frame(&b, FIN | 8, "\x03\xe8", 2);
	client_send(&client, &live, b.p, b.len);
	expect("\x81\x04last\x88\x02\x03\xe8");
	client_fini(&client);
	connect_ws();
	buf_reset(&b);
	put_frame(&b, FIN | 1, "last", 4);
	buf_put(&b, "\x81\x01x", 3);
	client_send(&client, &live, b.p, b.len);
	expect("\x81\x04last\x88\x02\x03\xea");
	buf_fini(&b);
	end();
}
END_TEST

START_TEST(test_we_can_close)
{
	/* From within a message; nothing is delivered after it; the peer answers or not. */
	static const struct ws_limits hasty = {65536, 16, 10, 20000, 60000, 1 << 20, 10000, 200};
	struct buf b = BUF_INIT;

	begin(&hasty);
	put_frame(&b, FIN | 1, "close me", 8);
	put_frame(&b, FIN | 1, "too late", 8);
	client_send(&client, &live, b.p, b.len);
	expect("\x88\x0d\x11\x33" "as you like");
	ck_assert_uint_eq(closed, 0);
	ck_assert_int_eq(ws_send_text(open_ws, "no", 2), ERR_CLOSED);
	send_frame(FIN | 8, "\x11\x33", 2);
	LIVE_UNTIL(&live, closed == 1);
	ck_assert_int_eq(closed_code, 4403);
	ck_assert_uint_eq(messages, 1);
	LIVE_UNTIL(&live, client_at_end(&client));
	client_fini(&client);

	connect_ws();
	ws_close(open_ws, WS_GOING_AWAY, "");
	ws_close(open_ws, WS_DONE, "");
	LIVE_UNTIL(&live, closed == 1);			/* no answer: close_ms */
	ck_assert_int_eq(closed_code, WS_GOING_AWAY);
	ck_assert_int_eq(close_code(), WS_GOING_AWAY);
	buf_fini(&b);
	end();
}
END_TEST

START_TEST(test_a_lost_connection_is_told)
{
	/* Without a close frame it is 1006, by FIN and by reset. */
	struct linger reset = {1, 0};

	begin(NULL);
	client_fini(&client);
	LIVE_UNTIL(&live, closed == 1);
	ck_assert_int_eq(closed_code, WS_LOST);
	connect_ws();
	setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	client_fini(&client);
	LIVE_UNTIL(&live, closed == 1);
	ck_assert_int_eq(closed_code, WS_LOST);
	end();
}
END_TEST

START_TEST(test_silence_ends_it_and_pongs_keep_it)
{
	/* doc/protocol.md: pinged every 20 s, dropped when silent for 60 s; here faster. */
	static const struct ws_limits hasty = {65536, 16, 10, 100, 300, 1 << 20, 10000, 200};

	begin(&hasty);
	for (int i = 0; i < 5; i++) {
		expect("\x89");
		buf_reset(&client.got);		/* its length, 0 */
		send_frame(FIN | 10, "", 0);
	}
	ck_assert_uint_eq(closed, 0);
	ck_assert_int_eq(close_code(), WS_SILENT);
	ck_assert_int_eq(closed_code, WS_SILENT);
	end();
}
END_TEST

START_TEST(test_control_frames_are_rationed)
{
	/* Ten a second, so that a flood of pings is no load. */
	begin(NULL);
	for (int i = 0; i < 11; i++)
		send_frame(FIN | 9, "p", 1);
	ck_assert_int_eq(close_code(), WS_POLICY);
	end();
}
END_TEST

START_TEST(test_fragments_are_counted)
{
	/* Sixteen a message, empty ones too. */
	begin(NULL);
	send_frame(1, "", 0);
	for (int i = 0; i < 14; i++)
		send_frame(0, "", 0);
	send_frame(FIN | 0, "x", 1);
	expect("\x81\x01x");
	send_frame(1, "", 0);
	for (int i = 0; i < 16; i++)
		send_frame(0, "", 0);
	ck_assert_int_eq(close_code(), WS_POLICY);
	end();
}
END_TEST

START_TEST(test_a_slow_reader_is_let_go)
{
	/* Over the limit of what may wait, and when it takes nothing for stuck_ms. */
	static const struct ws_limits hasty = {65536, 16, 10, 1000, 60000, 1 << 20, 300, 200};
	char *text = mem_new(FLOOD);
	int n = 0;

	memset(text, 't', FLOOD);
	begin(&hasty);
	while (!ws_send_text(open_ws, text, FLOOD))
		ck_assert_int_lt(n++, 1000);
	ck_assert_uint_le(ws_pending(open_ws), 1 << 20);
	ck_assert_uint_eq(closed, 0);			/* never from within the call */
	LIVE_UNTIL(&live, closed == 1);
	ck_assert_int_eq(closed_code, WS_LOST);
	client_fini(&client);

	connect_ws();
	while (!ws_pending(open_ws))
		ck_assert_int_eq(ws_send_text(open_ws, text, FLOOD), 0);
	LIVE_UNTIL(&live, closed == 1);
	ck_assert_int_eq(closed_code, WS_LOST);
	free(text);
	end();
}
END_TEST

START_TEST(test_a_reader_that_catches_up_stays)
{
	/* What waited arrives in order and whole. */
	char *text = mem_new(FLOOD);
	size_t sent = 0;
	unsigned frames = 0;

	begin(NULL);
	while (ws_pending(open_ws) < FLOOD * 4) {
		memset(text, 'a' + (int)(frames % 26), FLOOD - 1);
		ck_assert_int_eq(ws_send_text(open_ws, text, FLOOD - 1), 0);
		sent += 4 + FLOOD - 1;
		frames++;
	}
	LIVE_UNTIL(&live, (client_poll(&client), client.got.len == sent));
	for (unsigned i = 0; i < frames; i++)
		ck_assert_int_eq(client.got.p[(i + 1) * (size_t)(4 + FLOOD - 1) - 1],
				 'a' + (int)(i % 26));
	buf_reset(&client.got);
	send_frame(FIN | 1, "still here", 10);
	expect("still here");
	free(text);
	end();
}
END_TEST

START_TEST(test_all_can_be_closed)
{
	/* Before a restart: 1001 to everybody. */
	begin(NULL);
	ws_hub_close_all(hub, WS_GOING_AWAY, "restart");
	send_frame(FIN | 8, "\x03\xe9", 2);
	ck_assert_int_eq(close_code(), WS_GOING_AWAY);
	LIVE_UNTIL(&live, closed == 1);
	ck_assert_int_eq(closed_code, WS_GOING_AWAY);
	end();
}
END_TEST

UNIT_MAIN("ws", test_messages_come_and_go, test_fragments_make_one_message,
	  test_frames_behind_the_handshake_are_not_lost, test_each_violation_gets_its_code,
	  test_what_came_before_a_close_is_answered, test_we_can_close,
	  test_a_lost_connection_is_told, test_silence_ends_it_and_pongs_keep_it,
	  test_control_frames_are_rationed, test_fragments_are_counted,
	  test_a_slow_reader_is_let_go, test_a_reader_that_catches_up_stays,
	  test_all_can_be_closed)
