#include "turnkit.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"


/* --- The carrier --------------------------------------------------------------- */

static int relay_open(void *arg, const struct turn_addr *local, void **sock)
{
	struct kit *k = arg;

	if (k->open_err && k->open_err_times-- > 0)
		return k->open_err;
	if (local->port == k->taken_port || kit_sock_at(k, local->family, local->port))
		return ERR_CONFLICT;
	for (size_t i = 0; i < ARRAY_LEN(k->sock); i++) {
		if (!k->sock[i].open) {
			k->sock[i] = (struct kit_sock){true, *local, NULL};
			k->socks_open++;
			k->opened++;
			*sock = &k->sock[i];
			return 0;
		}
	}
	return ERR_UNAVAILABLE;
}

static void relay_attach(void *arg, void *sock, struct allocation *owner)
{
	struct kit_sock *s = sock;

	(void)arg;
	assert(s->open && !s->owner && owner);
	s->owner = owner;
}

static void relay_close(void *arg, void *sock)
{
	struct kit *k = arg;
	struct kit_sock *s = sock;

	assert(s->open);
	s->open = false;
	s->owner = NULL;
	k->socks_open--;
	k->closed++;
}

static void stream_close(void *arg, void *via)
{
	struct kit *k = arg;

	(void)via;
	k->streams_closed++;
}

static void on_event(void *arg, const struct turn_event *e)
{
	struct kit *k = arg;

	k->event = *e;
	snprintf(k->event_id, sizeof(k->event_id), "%s", e->id);
	k->event.id = k->event_id;
}

static const struct turn_ops ops = {relay_open, relay_attach, relay_close, stream_close,
				    on_event};

struct kit_sock *kit_sock_at(struct kit *k, uint8_t family, uint16_t port)
{
	for (size_t i = 0; i < ARRAY_LEN(k->sock); i++) {
		if (k->sock[i].open && k->sock[i].local.family == family &&
		    k->sock[i].local.port == port)
			return &k->sock[i];
	}
	return NULL;
}

/* --- Life -------------------------------------------------------------------- */

struct turn_addr kit_addr(const char *text, uint16_t port)
{
	struct turn_addr a;

	assert(turn_addr_parse(&a, text, port));
	return a;
}

void kit_init(struct kit *k)
{
	memset(k, 0, sizeof(*k));
	turn_conf_init(&k->conf);
	snprintf(k->conf.realm, sizeof(k->conf.realm), KIT_REALM);
	k->conf.v4 = (struct turn_relay_addr){true, kit_addr(KIT_BIND4, 0),
					      kit_addr(KIT_RELAY4, 0)};
	k->conf.v6 = (struct turn_relay_addr){true, kit_addr(KIT_RELAY6, 0),
					      kit_addr(KIT_RELAY6, 0)};
	snprintf(k->secrets.current, sizeof(k->secrets.current), KIT_SECRET);
	k->now_ms = 5000;
	k->wall_ms = 1800000000000;
}

void kit_start(struct kit *k)
{
	int err = turn_server_new(&k->ts, &k->conf, &k->secrets, &ops, k);

	assert(!err);
}

void kit_stop(struct kit *k)
{
	turn_server_free(k->ts, k->now_ms);
	assert(!k->socks_open && k->opened == k->closed);
}

uint64_t kit_count(const struct kit *k, enum turn_count which)
{
	uint64_t all[TURN_COUNT_COUNT];

	turn_counts_read(k->ts, all);
	return all[which];
}

void kit_credentials(struct kit *k, struct kit_client *c, const char *secret,
		     const char *id, uint64_t ttl_s)
{
	assert(turncred_make(c->username, c->password, secret,
			     (uint64_t)k->wall_ms / 1000 + ttl_s, id) == 0);
}

void kit_client(struct kit *k, struct kit_client *c, const char *ip, uint16_t port,
		const char *id)
{
	memset(c, 0, sizeof(*c));
	c->tuple.client = kit_addr(ip, port);
	c->tuple.local = kit_addr(strchr(ip, ':') ? KIT_RELAY6 : KIT_BIND4, 3478);
	c->tuple.via = c;
	kit_credentials(k, c, KIT_SECRET, id, 3600);
}

/* --- Requests ---------------------------------------------------------------- */

struct kit_ask kit_ask(struct kit *k, uint16_t method)
{
	uint8_t tid[STUN_TID_SIZE] = "kit.";
	struct kit_ask ask = {.k = k, .start = k->space + TURN_HEADROOM};

	k->tids++;
	memcpy(tid + 8, &k->tids, sizeof(k->tids));
	ask.o = stun_begin(ask.start, 60000, STUN_REQUEST, method, tid);
	return ask;
}

void kit_put_u8(struct kit_ask *ask, uint16_t type, uint8_t value)
{
	const uint8_t bytes[4] = {value};

	stun_put(&ask->o, type, bytes, sizeof(bytes));
}

void kit_put_peer(struct kit_ask *ask, const char *ip, uint16_t port)
{
	struct turn_addr peer = kit_addr(ip, port);

	turn_put_addr(&ask->o, TURN_ATTR_XOR_PEER_ADDRESS, &peer);
}

static void learn(struct kit *k, struct kit_client *c)
{
	struct stun_attr attr;
	size_t at = 0;

	if (stun_find(&k->msg, STUN_ATTR_NONCE, &attr)) {
		c->nonce_len = attr.len;
		memcpy(c->nonce, attr.value, attr.len);
	}
	if (k->msg.method != TURN_ALLOCATE || k->msg.class != STUN_SUCCESS)
		return;
	c->relayed_count = 0;
	while (stun_next(&k->msg, &at, &attr)) {
		if (attr.type == TURN_ATTR_XOR_RELAYED_ADDRESS)
			assert(turn_get_addr(&k->msg, &attr,
					     &c->relayed[c->relayed_count++]) == 0);
	}
}

int kit_send_bare(struct kit_ask *ask, struct kit_client *c)
{
	struct kit *k = ask->k;
	ssize_t len = stun_end(&ask->o);
	struct stun_attr attr;

	assert(len > 0);
	turn_client_packet(k->ts, k->now_ms, k->wall_ms, &c->tuple, ask->start,
			   (size_t)len, k->reply, &k->v);
	if (k->v.action == TURN_DROP)
		return KIT_DROPPED;
	assert(k->v.action == TURN_REPLY && k->v.bytes == k->reply &&
	       k->v.len <= TURN_REPLY_MAX && k->v.client == &c->tuple);
	assert(stun_decode(&k->msg, k->v.bytes, k->v.len) == 0);
	assert(memcmp(k->msg.tid, ask->start + 8, STUN_TID_SIZE) == 0);
	learn(k, c);
	if (k->msg.class == STUN_SUCCESS)
		return 0;
	assert(k->msg.class == STUN_ERROR);
	assert(stun_find(&k->msg, STUN_ATTR_ERROR_CODE, &attr));
	return stun_get_error(&attr);
}

int kit_challenge(struct kit *k, struct kit_client *c)
{
	struct kit_ask ask = kit_ask(k, TURN_ALLOCATE);

	return kit_send_bare(&ask, c);
}

int kit_send(struct kit_ask *ask, struct kit_client *c)
{
	static const uint8_t algorithms[] = {0, 2, 0, 0, 0, 1, 0, 0};
	struct kit *k = ask->k;
	uint8_t key[TURNCRED_KEY_MAX];
	size_t key_len;
	int code;

	if (!c->nonce_len) {
		struct stun_out saved = ask->o;
		uint8_t copy[2048];
		size_t len = (size_t)stun_end(&saved);

		assert(len <= sizeof(copy));
		memcpy(copy, ask->start, len);
		kit_challenge(k, c);
		memcpy(ask->start, copy, len);
	}
	stun_put(&ask->o, STUN_ATTR_USERNAME, c->username, strlen(c->username));
	stun_put(&ask->o, STUN_ATTR_REALM, k->conf.realm, strlen(k->conf.realm));
	stun_put(&ask->o, STUN_ATTR_NONCE, c->nonce, c->nonce_len);
	if (c->sha256) {
		stun_put(&ask->o, STUN_ATTR_PASSWORD_ALGORITHMS, algorithms, 8);
		stun_put(&ask->o, STUN_ATTR_PASSWORD_ALGORITHM, algorithms, 4);
	}
	key_len = turncred_key(key, c->sha256 ? TURNCRED_SHA256 : TURNCRED_MD5,
			       c->username, strlen(c->username), k->conf.realm,
			       c->password);
	if (c->sha256)
		stun_put_sha256(&ask->o, key, key_len);
	else
		stun_put_sha1(&ask->o, key, key_len);
	if (c->fingerprint)
		stun_put_fingerprint(&ask->o);
	code = kit_send_bare(ask, c);
	/* whatever is said to one who is known is signed with the same key */
	if (code >= 0 && code != 400 && code != 401 && code != 438)
		assert((c->sha256 ? stun_check_sha256(&k->msg, key, key_len) :
				    stun_check_sha1(&k->msg, key, key_len)) == 0);
	return code;
}

int kit_allocate(struct kit *k, struct kit_client *c)
{
	struct kit_ask ask = kit_ask(k, TURN_ALLOCATE);

	kit_put_u8(&ask, TURN_ATTR_REQUESTED_TRANSPORT, TURN_PROTOCOL_UDP);
	return kit_send(&ask, c);
}

int kit_refresh(struct kit *k, struct kit_client *c, uint32_t lifetime_s)
{
	struct kit_ask ask = kit_ask(k, TURN_REFRESH);

	turn_put_u32(&ask.o, TURN_ATTR_LIFETIME, lifetime_s);
	return kit_send(&ask, c);
}

int kit_permit(struct kit *k, struct kit_client *c, const char *ip)
{
	struct kit_ask ask = kit_ask(k, TURN_CREATE_PERMISSION);

	kit_put_peer(&ask, ip, 0);
	return kit_send(&ask, c);
}

int kit_bind(struct kit *k, struct kit_client *c, uint16_t number, const char *ip,
	     uint16_t port)
{
	struct kit_ask ask = kit_ask(k, TURN_CHANNEL_BIND);

	turn_put_channel(&ask.o, number);
	kit_put_peer(&ask, ip, port);
	return kit_send(&ask, c);
}

uint32_t kit_lifetime(struct kit *k)
{
	struct stun_attr attr;
	uint32_t seconds = 0;

	if (stun_find(&k->msg, TURN_ATTR_LIFETIME, &attr))
		assert(turn_get_u32(&attr, &seconds) == 0);
	return seconds;
}

/* --- Data -------------------------------------------------------------------- */

enum turn_action kit_give(struct kit *k, struct kit_client *c, const void *p, size_t len)
{
	uint8_t *packet = k->space + TURN_HEADROOM;

	memcpy(packet, p, len);
	turn_client_packet(k->ts, k->now_ms, k->wall_ms, &c->tuple, packet, len,
			   k->reply, &k->v);
	return k->v.action;
}

enum turn_action kit_indicate(struct kit *k, struct kit_client *c, const char *ip,
			      uint16_t port, const void *data, size_t len)
{
	uint8_t out[2048], tid[STUN_TID_SIZE] = "indication!";
	struct turn_addr peer = kit_addr(ip, port);
	struct stun_out o = stun_begin(out, sizeof(out), STUN_INDICATION, TURN_SEND, tid);

	turn_put_addr(&o, TURN_ATTR_XOR_PEER_ADDRESS, &peer);
	stun_put(&o, TURN_ATTR_DATA, data, len);
	if (c->fingerprint)
		stun_put_fingerprint(&o);
	return kit_give(k, c, out, (size_t)stun_end(&o));
}

enum turn_action kit_channel(struct kit *k, struct kit_client *c, uint16_t number,
			     const void *data, size_t len)
{
	uint8_t out[2048] = {0};
	bool stream = c->tuple.transport != TURN_UDP;

	memcpy(out + 4, data, len);
	return kit_give(k, c, out, turn_channel_put(out + 4, len, number, stream));
}

enum turn_action kit_peer(struct kit *k, struct kit_client *c, const char *ip,
			  uint16_t port, const void *data, size_t len)
{
	struct turn_addr peer = kit_addr(ip, port);
	uint8_t *packet = k->space + TURN_HEADROOM;

	memcpy(packet, data, len);
	for (size_t i = 0; i < c->relayed_count; i++) {
		struct kit_sock *s = kit_sock_at(k, peer.family, c->relayed[i].port);

		if (!s || !s->owner || s->local.family != c->relayed[i].family)
			continue;
		turn_peer_packet(k->ts, k->now_ms, s->owner, &peer, packet, len, &k->v);
		return k->v.action;
	}
	return TURN_DROP;
}
