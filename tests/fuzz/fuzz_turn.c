/*
 * The relay's rules and codec under a script: datagrams and streams from clients, raw or
 * rightly signed, datagrams from peers, time that passes, participants who go.
 *
 * Each step is an opcode, a client, and its arguments (see `steps`). Whatever happens:
 * nothing is sent to a peer that the policy refuses, every answer is a message, bytes
 * stay inside of the buffer, and at the end nothing is left open.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/turn.h"
#include "proto/turnmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REALM "fuzz.test"
#define SECRET "secret"
#define CLIENTS 5
#define SOCKS 64
#define STREAM_MAX 4096
#define ROOM 2048

struct sock {
	bool open;
	struct turn_addr local;
	struct allocation *owner;
};

struct client {
	struct turn_tuple tuple;
	char username[TURNCRED_USERNAME_SIZE];
	char password[TURNCRED_PASSWORD_SIZE];
	char nonce[64];
	size_t nonce_len;
	uint8_t stream[STREAM_MAX];	/* what has not been a whole message yet */
	size_t stream_len;
	bool closed;
};

struct world {
	struct turn_server *ts;
	struct peerpolicy policy;	/* as the server should see it */
	uint64_t now_ms;
	int64_t wall_ms;
	struct sock sock[SOCKS];
	struct client client[CLIENTS];
	size_t events_open;
	const uint8_t *p, *end;		/* the script */
};

/* --- The carrier --------------------------------------------------------------- */

static int relay_open(void *arg, const struct turn_addr *local, void **sock)
{
	struct world *w = arg;

	/* somebody else has every seventh */
	if (local->port % 7 == 0)
		return ERR_CONFLICT;
	for (size_t i = 0; i < SOCKS; i++) {
		assert(!w->sock[i].open || !turn_addr_equal(&w->sock[i].local, local));
		if (!w->sock[i].open) {
			w->sock[i] = (struct sock){true, *local, NULL};
			*sock = &w->sock[i];
			return 0;
		}
	}
	return ERR_UNAVAILABLE;
}

static void relay_attach(void *arg, void *sock, struct allocation *owner)
{
	struct sock *s = sock;

	(void)arg;
	assert(s->open && !s->owner);
	s->owner = owner;
}

static void relay_close(void *arg, void *sock)
{
	struct sock *s = sock;

	(void)arg;
	assert(s->open);
	memset(s, 0, sizeof(*s));
}

static void stream_close(void *arg, void *via)
{
	struct client *c = via;

	(void)arg;
	assert(c->tuple.transport != TURN_UDP);
	c->closed = true;
}

static void on_event(void *arg, const struct turn_event *e)
{
	struct world *w = arg;

	assert(strncmp(e->id, "meet.", 5) == 0);
	w->events_open += e->opened ? 1 : (size_t)-1;
}

static const struct turn_ops ops = {relay_open, relay_attach, relay_close, stream_close,
				    on_event};

/* --- The script ------------------------------------------------------------------ */

static uint8_t next(struct world *w)
{
	return w->p < w->end ? *w->p++ : 0;
}

static uint16_t next_u16(struct world *w)
{
	uint8_t high = next(w);

	return (uint16_t)(high << 8 | next(w));
}

/* A length and so many bytes, cut at the script's end and at `max`. */
static const uint8_t *next_bytes(struct world *w, size_t *len, size_t max)
{
	const uint8_t *p;

	*len = next_u16(w);
	p = w->p;
	if (*len > (size_t)(w->end - w->p))
		*len = (size_t)(w->end - w->p);
	if (*len > max)
		*len = max;
	w->p += *len;
	return p;
}

static struct turn_addr address(const char *text, uint16_t port)
{
	struct turn_addr a;

	assert(turn_addr_parse(&a, text, port));
	return a;
}

/* Somebody out there, in here, or one of our own relay addresses. */
static struct turn_addr next_addr(struct world *w)
{
	static const char *const some[] = {
		"8.8.4.4", "2600::99", "10.0.0.1", "127.0.0.1", "::1", "20.0.0.5",
		"2600::5", "::ffff:8.8.4.4", "169.254.169.254", "9.9.9.9",
	};
	uint8_t which = next(w);
	uint16_t port = next_u16(w);

	if (which < SOCKS && w->sock[which].open) {
		struct turn_addr a = w->sock[which].local;

		return address(a.family == 4 ? "20.0.0.5" : "2600::5", a.port);
	}
	return address(some[which % ARRAY_LEN(some)], port);
}

/* --- Judging ------------------------------------------------------------------- */

static void learn(struct client *c, const struct stun_msg *msg)
{
	struct stun_attr attr;

	if (stun_find(msg, STUN_ATTR_NONCE, &attr) && attr.len <= sizeof(c->nonce)) {
		memcpy(c->nonce, attr.value, attr.len);
		c->nonce_len = attr.len;
	}
}

static void check_reply(struct client *c, const struct turn_verdict *v,
			const uint8_t *packet)
{
	struct stun_msg msg;

	assert(v->client == &c->tuple && v->len <= TURN_REPLY_MAX);
	assert(stun_decode(&msg, v->bytes, v->len) == 0);
	assert(msg.class == STUN_SUCCESS || msg.class == STUN_ERROR);
	assert(memcmp(msg.tid, packet + 8, STUN_TID_SIZE) == 0);
	learn(c, &msg);
}

static void check_relay(struct world *w, const struct turn_verdict *v)
{
	const struct sock *s = v->sock;

	assert(s->open && s->owner && s->local.family == v->to->family);
	assert(v->to->port);
	assert(peerpolicy_host(&w->policy, v->to) == PEER_ALLOWED);
}

static void check_deliver(const struct turn_verdict *v)
{
	const struct client *to = v->client->via;
	bool stream = to->tuple.transport != TURN_UDP;
	struct turn_channel_data said;
	struct stun_msg msg;

	if (stream)
		assert(turn_frame(v->bytes, v->len) == (ssize_t)v->len);
	if (turn_channel_first_byte(v->bytes[0], false)) {
		assert(turn_channel_get(&said, v->bytes, v->len) == 0);
		assert(stream || said.len + 4 == v->len);
	} else {
		assert(stun_decode(&msg, v->bytes, v->len) == 0);
		assert(msg.class == STUN_INDICATION && msg.method == TURN_DATA);
	}
}

/* One packet, in a buffer that ends where the call's bytes end. */
static void give(struct world *w, struct client *c, const uint8_t *bytes, size_t len)
{
	uint8_t *space = malloc(TURN_HEADROOM + len + TURN_TAILROOM);
	uint8_t *packet = space + TURN_HEADROOM, reply[TURN_REPLY_MAX];
	struct turn_verdict v;

	memcpy(packet, bytes, len);
	turn_client_packet(w->ts, w->now_ms, w->wall_ms, &c->tuple, packet, len, reply,
			   &v);
	if (v.action == TURN_REPLY) {
		assert(v.bytes == reply);
		check_reply(c, &v, packet);
	} else if (v.action == TURN_RELAY) {
		assert(v.bytes >= packet && v.bytes + v.len <= packet + len);
		check_relay(w, &v);
	} else if (v.action == TURN_DELIVER) {
		assert(v.bytes >= space &&
		       v.bytes + v.len <= packet + len + TURN_TAILROOM);
		check_deliver(&v);
	}
	free(space);
}

/* --- Steps ------------------------------------------------------------------- */

static void raw(struct world *w, struct client *c)
{
	size_t len;
	const uint8_t *bytes = next_bytes(w, &len, ROOM);

	if (c->tuple.transport == TURN_UDP) {
		give(w, c, bytes, len);
		return;
	}
	if (len > STREAM_MAX - c->stream_len)
		len = STREAM_MAX - c->stream_len;
	memcpy(c->stream + c->stream_len, bytes, len);
	c->stream_len += len;
	while (c->stream_len && !c->closed) {
		ssize_t frame = turn_frame(c->stream, c->stream_len);

		if (frame == ERR_TRUNCATED ||
		    (frame > 0 && (size_t)frame > c->stream_len))
			return;
		if (frame < 0) {
			turn_stream_gone(w->ts, w->now_ms, &c->tuple);
			c->stream_len = 0;
			return;
		}
		give(w, c, c->stream, (size_t)frame);
		c->stream_len -= (size_t)frame;
		memmove(c->stream, c->stream + frame, c->stream_len);
	}
}

/* A request of any method with any attributes, signed by one who may. */
static void request(struct world *w, struct client *c)
{
	static const uint8_t algorithms[] = {0, 2, 0, 0, 0, 1, 0, 0};
	uint8_t out[ROOM + 512], tid[STUN_TID_SIZE] = {0}, key[TURNCRED_KEY_MAX];
	uint8_t flags = next(w);
	bool sha256 = flags & 1;
	struct stun_out o;
	size_t count, key_len;

	tid[0] = next(w);
	o = stun_begin(out, sizeof(out), STUN_REQUEST, next(w) % 10, tid);
	for (count = next(w) % 16; count; count--) {
		uint16_t type = next_u16(w);
		struct turn_addr a;
		size_t len;
		const uint8_t *bytes;

		if (type == TURN_ATTR_XOR_PEER_ADDRESS && flags & 2) {
			a = next_addr(w);
			turn_put_addr(&o, type, &a);
			continue;
		}
		bytes = next_bytes(w, &len, 64);
		stun_put(&o, type, bytes, len);
	}
	stun_put(&o, STUN_ATTR_USERNAME, c->username, strlen(c->username));
	stun_put(&o, STUN_ATTR_REALM, REALM, strlen(REALM));
	stun_put(&o, STUN_ATTR_NONCE, c->nonce, c->nonce_len);
	if (sha256) {
		stun_put(&o, STUN_ATTR_PASSWORD_ALGORITHMS, algorithms, 8);
		stun_put(&o, STUN_ATTR_PASSWORD_ALGORITHM, algorithms, 4);
	}
	key_len = turncred_key(key, sha256 ? TURNCRED_SHA256 : TURNCRED_MD5, c->username,
			       strlen(c->username), REALM, c->password);
	if (sha256)
		stun_put_sha256(&o, key, key_len);
	else
		stun_put_sha1(&o, key, key_len);
	if (flags & 4)
		stun_put_fingerprint(&o);
	assert(stun_end(&o) > 0);
	give(w, c, out, (size_t)stun_end(&o));
}

static void send_indication(struct world *w, struct client *c)
{
	static const uint8_t tid[STUN_TID_SIZE];
	uint8_t out[ROOM + 64];
	struct turn_addr to = next_addr(w);
	struct stun_out o = stun_begin(out, sizeof(out), STUN_INDICATION, TURN_SEND, tid);
	size_t len;
	const uint8_t *bytes = next_bytes(w, &len, ROOM);

	turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &to);
	stun_put(&o, TURN_ATTR_DATA, bytes, len);
	give(w, c, out, (size_t)stun_end(&o));
}

/* ChannelData of a length that only a stream brings. */
static void long_frame(struct world *w, struct client *c)
{
	uint16_t number = next_u16(w), len = next_u16(w);
	uint8_t head[4] = {(uint8_t)(number >> 8), (uint8_t)number,
			   (uint8_t)(len >> 8), (uint8_t)len};
	ssize_t frame = turn_frame(head, sizeof(head));
	uint8_t *message;

	if (c->tuple.transport == TURN_UDP || number >> 14 != 1 || frame < 0)
		return;
	message = mem_new((size_t)frame);
	memcpy(message, head, sizeof(head));
	give(w, c, message, (size_t)frame);
	free(message);
}

static void from_peer(struct world *w, struct client *c)
{
	struct sock *s = &w->sock[next(w) % SOCKS];
	struct turn_addr peer = next_addr(w);
	struct turn_verdict v;
	uint8_t *space, *packet;
	size_t len;
	const uint8_t *bytes = next_bytes(w, &len, ROOM);

	(void)c;
	if (!s->open || !s->owner || s->local.family != peer.family)
		return;
	space = malloc(TURN_HEADROOM + len + TURN_TAILROOM);
	packet = space + TURN_HEADROOM;
	memcpy(packet, bytes, len);
	turn_peer_packet(w->ts, w->now_ms, s->owner, &peer, packet, len, &v);
	if (v.action == TURN_DELIVER) {
		assert(v.bytes >= space &&
		       v.bytes + v.len <= packet + len + TURN_TAILROOM);
		check_deliver(&v);
	} else {
		assert(v.action == TURN_DROP);
	}
	free(space);
}

static void pass_time(struct world *w, struct client *c)
{
	uint64_t ms = (uint64_t)next_u16(w) * (next(w) % 2 ? 1000 : 1);

	(void)c;
	w->now_ms += ms;
	w->wall_ms += (int64_t)ms;
}

static void tick(struct world *w, struct client *c)
{
	(void)c;
	turn_tick(w->ts, w->now_ms);
}

static void gone(struct world *w, struct client *c)
{
	turn_stream_gone(w->ts, w->now_ms, &c->tuple);
	c->stream_len = 0;
	c->closed = false;
}

static void forget(struct world *w, struct client *c)
{
	const char *id = strchr(c->username, ':') + 1;

	turn_forget(w->ts, w->now_ms, id, strlen(id) - 2);
}

static void (*const steps[])(struct world *w, struct client *c) = {
	raw, request, send_indication, from_peer, pass_time, tick, gone, forget, long_frame,
};

/* --- All --------------------------------------------------------------------- */

static void begin(struct world *w)
{
	static const struct {
		const char *ip, *id;
		enum turn_transport transport;
	} who[CLIENTS] = {
		{"203.0.113.7", "meet.a.p", TURN_UDP},
		{"203.0.113.8", "meet.b.p", TURN_UDP},
		{"2600::77", "meet.b.p", TURN_UDP},
		{"203.0.113.9", "meet.c.p", TURN_TCP},
		{"203.0.113.9", "meet.d.w", TURN_TLS},
	};
	struct turncred_secrets secrets = {.current = SECRET};
	struct turn_conf conf;

	turn_conf_init(&conf);
	strcpy(conf.realm, REALM);
	conf.v4 = (struct turn_relay_addr){true, address("10.9.0.5", 0),
					   address("20.0.0.5", 0)};
	conf.v6 = (struct turn_relay_addr){true, address("2600::5", 0),
					   address("2600::5", 0)};
	conf.port_min = 50000;
	conf.port_max = 50015;
	conf.user_allocations = 3;
	w->now_ms = 1000;
	w->wall_ms = 1800000000000;
	w->policy.own[0] = (struct turn_own){conf.v4.bind, 32};
	w->policy.own[1] = (struct turn_own){conf.v4.advertise, 32};
	w->policy.own[2] = (struct turn_own){conf.v6.bind, 128};
	w->policy.own_count = 3;
	assert(turn_server_new(&w->ts, &conf, &secrets, &ops, w) == 0);
	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *c = &w->client[i];

		c->tuple.client = address(who[i].ip, (uint16_t)(4000 + i));
		c->tuple.local = address(i == 2 ? "2600::5" : "10.9.0.5", 3478);
		c->tuple.transport = who[i].transport;
		c->tuple.via = c;
		assert(turncred_make(c->username, c->password, SECRET, 1800003600,
				     who[i].id) == 0);
	}
}

static void check_counts(const struct world *w)
{
	uint64_t counts[TURN_COUNT_COUNT];
	size_t open = 0;

	turn_counts_read(w->ts, counts);
	for (size_t i = 0; i < SOCKS; i++)
		open += w->sock[i].open;
	assert(counts[TURN_PORTS] == open);
	assert(counts[TURN_ALLOCATIONS] == w->events_open);
	assert(counts[TURN_OPENED] == counts[TURN_CLOSED] + counts[TURN_ALLOCATIONS]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = mem_new(sizeof(*w));

	begin(w);
	w->p = data;
	w->end = data + size;
	while (w->p < w->end) {
		uint8_t op = next(w), who = next(w);

		steps[op % ARRAY_LEN(steps)](w, &w->client[who % CLIENTS]);
		check_counts(w);
	}
	turn_server_free(w->ts, w->now_ms);
	assert(!w->events_open);
	for (size_t i = 0; i < SOCKS; i++)
		assert(!w->sock[i].open);
	free(w);
	return 0;
}
