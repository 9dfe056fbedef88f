#include "core/turn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "core/turnserver.h"

const char *turn_transport_name(enum turn_transport transport)
{
	static const char *const names[] = {"udp", "tcp", "tls"};

	return names[transport];
}

/* --- Life --------------------------------------------------------------------- */

void turn_conf_init(struct turn_conf *conf)
{
	*conf = (struct turn_conf){
		.port_min = 49152,
		.port_max = 65535,
		.nonce_s = 3600,
		.lifetime_max_s = 600,
		.credential_max_s = 90000,
		.port_rest_s = 60,
		.user_allocations = 16,
		.meeting_allocations = 64,
		.source_allocations = 128,
		.refusals_per_s = 20,
		.refusals_burst = 40,
		.refusals_all_per_s = 20000,
		.bytes_per_s = 1000000,
		.bytes_burst = 500000,
		.weak_bytes = 2000000,
		.weak_s = 60,
		.weak_opens = 32,
		.weak_again_s = 600,
	};
}

static bool is_wildcard(const struct turn_addr *a)
{
	static const uint8_t zeros[16];
	size_t at = a->family == 4 ? 12 : 0;

	return memcmp(a->ip + at, zeros, 16 - at) == 0;
}

static bool relay_fits(const struct turn_relay_addr *r, uint8_t family)
{
	return !r->on || (r->bind.family == family && r->advertise.family == family &&
			  !is_wildcard(&r->bind) && !is_wildcard(&r->advertise));
}

static bool conf_fits(const struct turn_conf *conf)
{
	return conf->realm[0] && memchr(conf->realm, '\0', sizeof(conf->realm)) &&
	       memchr(conf->software, '\0', sizeof(conf->software)) &&
	       (conf->v4.on || conf->v6.on) && relay_fits(&conf->v4, 4) &&
	       relay_fits(&conf->v6, 6) && conf->port_min >= 1024 &&
	       conf->port_min <= conf->port_max && conf->lifetime_max_s >= 600 &&
	       conf->lifetime_max_s <= 3600 && conf->nonce_s;
}

static const struct turnkey *key_of(const void *allocation)
{
	return &((const struct allocation *)allocation)->key;
}

int turn_server_new(struct turn_server **out, const struct turn_conf *conf,
		    const struct turncred_secrets *secrets, const struct turn_ops *ops,
		    void *arg)
{
	struct turn_server *ts;
	size_t i;

	if (!conf_fits(conf) || !secrets->current[0])
		return ERR_RANGE;
	ts = mem_new(sizeof(*ts));
	ts->conf = *conf;
	ts->ops = ops;
	ts->arg = arg;
	ts->policy.conf = conf->peers;
	turnauth_init(&ts->auth, conf->realm, conf->nonce_s, secrets);
	turntable_init(&ts->table, key_of);
	turnwheel_init(&ts->wheel);
	for (i = 0; i < ARRAY_LEN(ts->ports); i++)
		turnports_init(&ts->ports[i], conf->port_min, conf->port_max,
			       conf->port_rest_s);
	turnusers_init(&ts->users);
	tally_init(&ts->sources);
	refusals_init(&ts->refusals,
		      (struct bucket_rule){conf->refusals_per_s, conf->refusals_burst},
		      (struct bucket_rule){conf->refusals_all_per_s,
					   conf->refusals_all_per_s});
	list_init(&ts->reservations);
	ts->rate = (struct bucket_rule){conf->bytes_per_s, conf->bytes_burst};
	rnd_bytes(&ts->tid_seed, sizeof(ts->tid_seed));
	turn_set_own(ts, NULL, 0);
	*out = ts;
	return 0;
}

void turn_server_free(struct turn_server *ts, uint64_t now_ms)
{
	size_t i;

	if (!ts)
		return;
	for (i = 0; i <= ts->table.mask; i++) {
		/* what follows may move up into this place */
		while (ts->table.slot[i].value)
			turn_close(ts, now_ms, ts->table.slot[i].value,
				   TURN_CLOSED_STOPPED);
	}
	LIST_EACH_SAFE(it, &ts->reservations)
		turn_drop_reservation(ts, now_ms,
				      CONTAINER_OF(it, struct reservation, by_age));
	turnauth_fini(&ts->auth);
	turntable_fini(&ts->table);
	for (i = 0; i < ARRAY_LEN(ts->ports); i++)
		turnports_fini(&ts->ports[i]);
	turnusers_fini(&ts->users);
	tally_fini(&ts->sources);
	free(ts);
}

void turn_set_secrets(struct turn_server *ts, const struct turncred_secrets *secrets)
{
	assert(secrets->current[0]);
	ts->auth.secrets = *secrets;
}

/* What was permitted under other own addresses is judged again. */
static void judge_again(struct turn_server *ts, struct allocation *a)
{
	size_t i;

	for (i = 0; i < a->permissions; i++) {
		struct permission *p = &a->permission[i];
		enum peer_verdict verdict = turn_judge(ts, a, &p->host);

		p->own = verdict == PEER_OWN;
		if (verdict == PEER_FORBIDDEN)
			p->expires_ms = 0;
	}
	for (i = 0; i < a->channels; i++) {
		struct channel *c = &a->channel[i];
		enum peer_verdict verdict = turn_judge(ts, a, &c->peer);

		c->own = verdict == PEER_OWN;
		if (verdict == PEER_FORBIDDEN)
			c->expires_ms = 0;
	}
}

static struct turn_own alone(const struct turn_addr *a)
{
	return (struct turn_own){*a, a->family == 4 ? 32 : 128};
}

int turn_set_own(struct turn_server *ts, const struct turn_own *own, size_t count)
{
	const struct turn_relay_addr *relays[] = {&ts->conf.v4, &ts->conf.v6};
	struct peerpolicy *p = &ts->policy;
	size_t n = 0, i;

	if (count + 2 * ARRAY_LEN(relays) > PEERPOLICY_OWN_MAX)
		return ERR_FULL;
	for (i = 0; i < ARRAY_LEN(relays); i++) {
		if (relays[i]->on) {
			p->own[n++] = alone(&relays[i]->bind);
			p->own[n++] = alone(&relays[i]->advertise);
		}
	}
	for (i = 0; i < count; i++)
		p->own[n++] = own[i];
	p->own_count = n;
	for (i = 0; i <= ts->table.mask; i++) {
		if (ts->table.slot[i].value)
			judge_again(ts, ts->table.slot[i].value);
	}
	return 0;
}

void turn_drain(struct turn_server *ts)
{
	ts->draining = true;
}

/* --- Packets ------------------------------------------------------------------ */

static void binding(struct turn_server *ts, const struct turn_tuple *client,
		    const uint8_t *packet, size_t len, uint8_t *reply,
		    struct turn_verdict *out)
{
	struct sockaddr_storage from;
	ssize_t n;

	turn_addr_sockaddr(&from, &client->client);
	n = stun_answer_binding(reply, TURN_REPLY_MAX, packet, len,
				(struct sockaddr *)&from);
	if (n <= 0)
		return;
	turn_count_add(&ts->counts, TURN_BINDINGS, 1);
	out->action = TURN_REPLY;
	out->bytes = reply;
	out->len = (size_t)n;
	out->client = client;
}

static void stun(struct turn_server *ts, uint64_t now_ms, int64_t wall_ms,
		 const struct turn_tuple *client, uint8_t *packet, size_t len,
		 uint8_t *reply, struct turn_verdict *out)
{
	struct stun_msg msg;

	if (turn_send(ts, now_ms, client, packet, len, out))
		return;
	if (stun_decode(&msg, packet, len) != 0) {
		turn_count_add(&ts->counts, TURN_DROP_JUNK, 1);
		return;
	}
	if (msg.class != STUN_REQUEST)
		return;		/* a keepalive, or what no server is sent (P3) */
	if (msg.method == STUN_BINDING)
		binding(ts, client, packet, len, reply, out);
	else
		turn_request(ts, now_ms, wall_ms, client, &msg, reply, out);
}

void turn_client_packet(struct turn_server *ts, uint64_t now_ms, int64_t wall_ms,
			const struct turn_tuple *client, uint8_t *packet, size_t len,
			uint8_t *reply, struct turn_verdict *out)
{
	out->action = TURN_DROP;
	if (!len)
		turn_count_add(&ts->counts, TURN_DROP_JUNK, 1);
	else if (turn_channel_first_byte(packet[0], ts->conf.rfc5766_channels))
		turn_channel_data(ts, now_ms, client, packet, len, out);
	else if (stun_first_byte(packet[0]))
		stun(ts, now_ms, wall_ms, client, packet, len, reply, out);
	else
		turn_count_add(&ts->counts, TURN_DROP_JUNK, 1);
}

bool turn_is_allocated(struct turn_server *ts, uint64_t now_ms,
		       const struct turn_tuple *client)
{
	return turn_find(ts, now_ms, client) != NULL;
}

/* --- Time, and the end of things ------------------------------------------------- */

void turn_tick(struct turn_server *ts, uint64_t now_ms)
{
	struct turnwheel_item *item;

	while ((item = turnwheel_due(&ts->wheel, now_ms)))
		turn_close_relay(ts, now_ms, CONTAINER_OF(item, struct relay, expiry),
				 TURN_CLOSED_EXPIRED);
	LIST_EACH_SAFE(it, &ts->reservations) {
		struct reservation *res = CONTAINER_OF(it, struct reservation, by_age);

		if (now_ms < res->due_ms)
			break;
		turn_drop_reservation(ts, now_ms, res);
	}
	turnusers_sweep(&ts->users, now_ms, ts->conf.weak_again_s);
	turn_count_set(&ts->counts, TURN_USERS, map_count(ts->users.by_owner));
}

void turn_forget(struct turn_server *ts, uint64_t now_ms, const char *id, size_t len)
{
	struct turnuser *u = turnusers_find(&ts->users, id, len);
	size_t left = u ? u->held : 0;

	turnusers_forget(&ts->users, id, len,
			 now_ms + (uint64_t)ts->conf.credential_max_s * 1000);
	LIST_EACH_SAFE(it, &ts->reservations) {
		struct reservation *res = CONTAINER_OF(it, struct reservation, by_age);

		if (left && res->user == u) {
			left--;
			turn_drop_reservation(ts, now_ms, res);
		}
	}
	/* with the last thing it holds the user may be gone */
	while (left--) {
		struct allocation *a = CONTAINER_OF(u->allocations.next,
						    struct allocation, of_user);
		struct turn_tuple client = a->client;

		turn_close(ts, now_ms, a, TURN_CLOSED_FORGOTTEN);
		if (client.transport != TURN_UDP)
			ts->ops->stream_close(ts->arg, client.via);
	}
}

void turn_stream_gone(struct turn_server *ts, uint64_t now_ms,
		      const struct turn_tuple *client)
{
	struct allocation *a = turn_find(ts, now_ms, client);

	if (a)
		turn_close(ts, now_ms, a, TURN_CLOSED_GONE);
}

/* --- Numbers ------------------------------------------------------------------ */

void turn_counts_read(const struct turn_server *ts, uint64_t out[TURN_COUNT_COUNT])
{
	size_t i;

	for (i = 0; i < TURN_COUNT_COUNT; i++)
		out[i] = turn_count_get(&ts->counts, (enum turn_count)i);
}
