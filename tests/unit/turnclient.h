/**
 * A TURN client by hand, over real sockets: UDP, TCP or TLS, one request at a time.
 * Whoever waits lets the server's main loop turn meanwhile.
 */
#ifndef PARAVENT_TESTS_TURNCLIENT_H
#define PARAVENT_TESTS_TURNCLIENT_H

#include <arpa/inet.h>
#include <check.h>
#include <string.h>

#include "base/wire.h"
#include "live.h"
#include "proto/stun.h"
#include "proto/turnaddr.h"
#include "proto/turncred.h"
#include "proto/turnmsg.h"

#define TURNCLIENT_REALM "relay.test"
#define TURNCLIENT_SECRET "a-secret-of-the-test-0123456789"

struct turnclient {
	struct live *live;
	struct client stream;		/* TCP and TLS */
	int udp;			/* -1: over the stream */
	char username[TURNCRED_USERNAME_SIZE], password[TURNCRED_PASSWORD_SIZE];
	uint8_t nonce[128];
	size_t nonce_len;
	uint8_t got[66000];		/* the last message */
	size_t got_len;
	struct stun_msg msg;
	uint8_t tid;
};

static inline void turnclient_login(struct turnclient *c, struct live *l, const char *id)
{
	memset(c, 0, sizeof(*c));
	c->live = l;
	c->udp = -1;
	ck_assert_int_eq(turncred_make(c->username, c->password, TURNCLIENT_SECRET,
				       (uint64_t)clock_wall_ms() / 1000 + 3600, id), 0);
}

static inline int turnclient_socket(uint16_t to)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(to)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static inline void turnclient_udp(struct turnclient *c, struct live *l, uint16_t port,
				  const char *id)
{
	turnclient_login(c, l, id);
	c->udp = turnclient_socket(port);
}

/* To the listener of `l`; with ctx by TLS. */
static inline void turnclient_stream(struct turnclient *c, struct live *l, SSL_CTX *ctx,
				     const char *id)
{
	turnclient_login(c, l, id);
	client_connect(&c->stream, l);
	if (ctx)
		ck_assert(client_start_tls(&c->stream, l, ctx));
}

static inline void turnclient_fini(struct turnclient *c)
{
	if (c->udp >= 0)
		close(c->udp);
	else
		client_fini(&c->stream);
}

static inline void turnclient_send(struct turnclient *c, const void *p, size_t len)
{
	if (c->udp >= 0)
		ck_assert_int_eq(send(c->udp, p, len, 0), (ssize_t)len);
	else
		client_send(&c->stream, c->live, p, len);
}

/* Whether a message is there; it is in c->got then. */
static inline bool turnclient_poll(struct turnclient *c)
{
	ssize_t n;

	live_turn(c->live);
	if (c->udp >= 0) {
		n = recv(c->udp, c->got, sizeof(c->got), 0);
		c->got_len = n < 0 ? 0 : (size_t)n;
		return n >= 0;
	}
	client_poll(&c->stream);
	n = turn_frame(c->stream.got.p, c->stream.got.len);
	if (n < 0 || (size_t)n > c->stream.got.len)
		return false;
	memcpy(c->got, c->stream.got.p, (size_t)n);
	c->got_len = (size_t)n;
	buf_drop(&c->stream.got, (size_t)n);
	return true;
}

static inline bool turnclient_waits(struct turnclient *c, unsigned ms)
{
	uint64_t end = clock_mono_ms() + ms;

	while (!turnclient_poll(c)) {
		if (clock_mono_ms() > end)
			return false;
		usleep(100);
	}
	return true;
}

static inline struct stun_out turnclient_begin(struct turnclient *c, uint8_t *out,
					       size_t cap, uint16_t method)
{
	uint8_t tid[STUN_TID_SIZE] = "transaction";

	tid[11] = ++c->tid;
	return stun_begin(out, cap, STUN_REQUEST, method, tid);
}

/* Waits for the answer: 0 for success, or its error code; -1: none came. */
static inline int turnclient_answer(struct turnclient *c)
{
	struct stun_attr a;

	do {
		if (!turnclient_waits(c, 2000))
			return -1;
	} while (!stun_first_byte(c->got[0]));
	ck_assert_int_eq(stun_decode(&c->msg, c->got, c->got_len), 0);
	if (stun_find(&c->msg, STUN_ATTR_NONCE, &a)) {
		memcpy(c->nonce, a.value, a.len);
		c->nonce_len = a.len;
	}
	if (c->msg.class == STUN_SUCCESS)
		return 0;
	ck_assert(stun_find(&c->msg, STUN_ATTR_ERROR_CODE, &a));
	return stun_get_error(&a);
}

static inline void turnclient_sign(struct turnclient *c, struct stun_out *o)
{
	uint8_t key[TURNCRED_KEY_MAX];
	size_t len = turncred_key(key, TURNCRED_MD5, c->username, strlen(c->username),
				  TURNCLIENT_REALM, c->password);

	stun_put(o, STUN_ATTR_USERNAME, c->username, strlen(c->username));
	stun_put(o, STUN_ATTR_REALM, TURNCLIENT_REALM, strlen(TURNCLIENT_REALM));
	stun_put(o, STUN_ATTR_NONCE, c->nonce, c->nonce_len);
	stun_put_sha1(o, key, len);
}

static inline int turnclient_ask(struct turnclient *c, uint8_t *bytes, struct stun_out *o)
{
	turnclient_sign(c, o);
	ck_assert_int_gt(stun_end(o), 0);
	turnclient_send(c, bytes, (size_t)stun_end(o));
	return turnclient_answer(c);
}

/* Learns the nonce, then asks. relayed: gets the port of the relayed address. */
static inline int turnclient_allocate(struct turnclient *c, uint16_t *relayed)
{
	static const uint8_t udp[4] = {17};
	struct sockaddr_storage sa;
	struct stun_attr a;
	struct turn_addr addr;
	uint8_t bytes[512];
	struct stun_out o;
	int code;

	if (!c->nonce_len) {
		o = turnclient_begin(c, bytes, sizeof(bytes), TURN_ALLOCATE);
		stun_put(&o, TURN_ATTR_REQUESTED_TRANSPORT, udp, sizeof(udp));
		turnclient_send(c, bytes, (size_t)stun_end(&o));
		code = turnclient_answer(c);
		if (code != 401)
			return code;
	}
	o = turnclient_begin(c, bytes, sizeof(bytes), TURN_ALLOCATE);
	stun_put(&o, TURN_ATTR_REQUESTED_TRANSPORT, udp, sizeof(udp));
	code = turnclient_ask(c, bytes, &o);
	if (code)
		return code;
	ck_assert(stun_find(&c->msg, TURN_ATTR_XOR_RELAYED_ADDRESS, &a));
	ck_assert_int_eq(stun_get_xor_addr(&c->msg, &a, &sa), 0);
	ck_assert(turn_addr_of(&addr, (struct sockaddr *)&sa));
	*relayed = addr.port;
	return 0;
}

static inline void turnclient_put_peer(struct stun_out *o, uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	stun_put_xor_addr(o, TURN_ATTR_XOR_PEER_ADDRESS, (struct sockaddr *)&sa);
}

/* Peers are all on 127.0.0.1. */
static inline int turnclient_permit(struct turnclient *c)
{
	uint8_t bytes[512];
	struct stun_out o = turnclient_begin(c, bytes, sizeof(bytes),
					     TURN_CREATE_PERMISSION);

	turnclient_put_peer(&o, 0);
	return turnclient_ask(c, bytes, &o);
}

static inline int turnclient_bind(struct turnclient *c, uint16_t number, uint16_t port)
{
	const uint8_t value[4] = {(uint8_t)(number >> 8), (uint8_t)number};
	uint8_t bytes[512];
	struct stun_out o = turnclient_begin(c, bytes, sizeof(bytes), TURN_CHANNEL_BIND);

	stun_put(&o, TURN_ATTR_CHANNEL_NUMBER, value, sizeof(value));
	turnclient_put_peer(&o, port);
	return turnclient_ask(c, bytes, &o);
}

static inline int turnclient_refresh(struct turnclient *c, uint32_t seconds)
{
	const uint8_t value[4] = {(uint8_t)(seconds >> 24), (uint8_t)(seconds >> 16),
				  (uint8_t)(seconds >> 8), (uint8_t)seconds};
	uint8_t bytes[512];
	struct stun_out o = turnclient_begin(c, bytes, sizeof(bytes), TURN_REFRESH);

	stun_put(&o, TURN_ATTR_LIFETIME, value, sizeof(value));
	return turnclient_ask(c, bytes, &o);
}

static inline size_t turnclient_frame(uint8_t *out, uint16_t number, const void *p,
				      size_t len, bool padded)
{
	struct wire w = wire_of(out, 66000);

	wire_put_u16(&w, number);
	wire_put_u16(&w, (uint16_t)len);
	wire_put(&w, p, len);
	while (padded && (w.p - out) % 4)
		wire_put_u8(&w, 0);
	return (size_t)(w.p - out);
}

static inline void turnclient_data(struct turnclient *c, uint16_t number, const void *p,
				   size_t len)
{
	static uint8_t bytes[66000];

	turnclient_send(c, bytes, turnclient_frame(bytes, number, p, len, c->udp < 0));
}

static inline void turnclient_indicate(struct turnclient *c, uint16_t port, const void *p,
				       size_t len)
{
	static const uint8_t tid[STUN_TID_SIZE] = "indication!";
	uint8_t bytes[2048];
	struct stun_out o = stun_begin(bytes, sizeof(bytes), STUN_INDICATION, TURN_SEND, tid);

	turnclient_put_peer(&o, port);
	stun_put(&o, TURN_ATTR_DATA, p, len);
	turnclient_send(c, bytes, (size_t)stun_end(&o));
}

/* Expects ChannelData or a Data indication with exactly these bytes. */
static inline void turnclient_expect(struct turnclient *c, uint16_t number, const void *p,
				     size_t len)
{
	struct turn_channel_data d;
	struct stun_attr a;

	ck_assert_msg(turnclient_waits(c, 2000), "no data came");
	if (number) {
		ck_assert_int_eq(turn_channel_get(&d, c->got, c->got_len), 0);
		ck_assert_uint_eq(d.number, number);
		ck_assert_uint_eq(d.len, len);
		ck_assert_mem_eq(c->got + TURN_CHANNEL_HEADER_SIZE, p, len);
		return;
	}
	ck_assert_int_eq(stun_decode(&c->msg, c->got, c->got_len), 0);
	ck_assert_uint_eq(c->msg.method, TURN_DATA);
	ck_assert(stun_find(&c->msg, TURN_ATTR_DATA, &a));
	ck_assert_uint_eq(a.len, len);
	ck_assert_mem_eq(a.value, p, len);
}

#endif
