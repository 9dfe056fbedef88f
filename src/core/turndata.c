/*
 * The packet path. Each function decides about one packet with what lies in the
 * allocation, and frames it where it lies.
 */
#include "core/turnserver.h"

#include <string.h>

#include "base/err.h"

/* --- Peers ------------------------------------------------------------------- */

enum peer_verdict turn_judge(const struct turn_server *ts, const struct allocation *a,
			     const struct turn_addr *peer)
{
	enum peer_verdict verdict = peerpolicy_host(&ts->policy, peer);

	/* who waits tests the way through this relay and back, nothing else */
	if (a->weak && verdict != PEER_OWN)
		return PEER_FORBIDDEN;
	return verdict;
}

struct allocation *turn_at(struct turn_server *ts, uint64_t now_ms,
			   const struct turn_addr *relayed)
{
	const struct turn_relay_addr *conf = turn_family_conf(ts, relayed->family);
	struct allocation *a;

	if (!conf->on || (!turn_addr_same_ip(relayed, &conf->advertise) &&
			  !turn_addr_same_ip(relayed, &conf->bind)))
		return NULL;
	a = turnports_owner(&ts->ports[relayed->family == 6], relayed->port);
	return a && relay_lives(allocation_relay(a, relayed->family), now_ms) ? a : NULL;
}

/* --- Bandwidth --------------------------------------------------------------- */

static bool drop(struct turn_server *ts, enum turn_count why)
{
	turn_count_add(&ts->counts, why, 1);
	return false;
}

/* The budgets of one allocation in one direction, and of its test. */
static bool may_pass(struct turn_server *ts, uint64_t now_ms, struct allocation *a,
		     struct bucket *direction, size_t len)
{
	const struct turn_conf *conf = &ts->conf;

	/* a stream's frame may hold more than the framing of the other side */
	if (len > TURN_DATA_MAX)
		return drop(ts, TURN_DROP_JUNK);
	if (a->weak && a->user->test_bytes + len > conf->weak_bytes)
		return drop(ts, TURN_DROP_RATE);
	if (conf->bytes_per_s &&
	    !bucket_take(direction, &ts->rate, now_ms, (uint32_t)len))
		return drop(ts, TURN_DROP_RATE);
	if (a->weak)
		a->user->test_bytes += len;
	return true;
}

static void count_up(struct turn_server *ts, struct allocation *a, size_t len)
{
	a->packets_up++;
	a->bytes_up += len;
	turn_count_add(&ts->counts, TURN_PACKETS_UP, 1);
	turn_count_add(&ts->counts, TURN_BYTES_UP, len);
}

static void count_down(struct turn_server *ts, struct allocation *a, size_t len)
{
	a->packets_down++;
	a->bytes_down += len;
	turn_count_add(&ts->counts, TURN_PACKETS_DOWN, 1);
	turn_count_add(&ts->counts, TURN_BYTES_DOWN, len);
}

/* --- To a client --------------------------------------------------------------- */

/* Unpredictable enough to be unique; nobody answers an indication. */
static void next_tid(struct turn_server *ts, uint8_t tid[STUN_TID_SIZE])
{
	uint64_t low = ++ts->tid_seed.k0;
	uint64_t high = turnhash_mix(low ^ ts->tid_seed.k1, 0x9e3779b97f4a7c15ULL);

	low = turnhash_mix(high, ts->tid_seed.k1 | 1);
	memcpy(tid, &high, 8);
	memcpy(tid + 8, &low, 4);
}

/* From a peer that has a permission: ChannelData where it has a channel. */
static void frame_down(struct turn_server *ts, uint64_t now_ms, struct allocation *a,
		       const struct turn_addr *peer, uint8_t *data, size_t len,
		       struct turn_verdict *out)
{
	const struct channel *c = a->channels ? allocation_channel_to(a, now_ms, peer) :
						NULL;
	uint8_t tid[STUN_TID_SIZE];

	if (c) {
		out->len = turn_channel_put(data, len, c->number,
					    a->client.transport != TURN_UDP);
		out->bytes = data - TURN_CHANNEL_HEADER_SIZE;
	} else {
		next_tid(ts, tid);
		out->len = turn_indication_put(data, len, peer, tid, &out->bytes);
	}
	out->action = TURN_DELIVER;
	out->client = &a->client;
	count_down(ts, a, len);
}

void turn_peer_packet(struct turn_server *ts, uint64_t now_ms, struct allocation *a,
		      const struct turn_addr *peer, uint8_t *packet, size_t len,
		      struct turn_verdict *out)
{
	out->action = TURN_DROP;
	if (!relay_lives(allocation_relay(a, peer->family), now_ms) ||
	    !allocation_permission(a, now_ms, peer) || a->weak)
		drop(ts, TURN_DROP_PERMISSION);
	else if (may_pass(ts, now_ms, a, &a->down, len))
		frame_down(ts, now_ms, a, peer, packet, len, out);
}

/* --- From a client ------------------------------------------------------------- */

/* From one client to the other without the kernel; one hop, never further. */
static void hairpin(struct turn_server *ts, uint64_t now_ms, struct allocation *a,
		    struct allocation *to, uint8_t family, uint8_t *data, size_t len,
		    struct turn_verdict *out)
{
	const struct turn_addr *from = &allocation_relay(a, family)->addr;

	if ((a->weak || to->weak) && a->user != to->user) {
		drop(ts, TURN_DROP_POLICY);
		return;
	}
	if (!allocation_permission(to, now_ms, from)) {
		drop(ts, TURN_DROP_PERMISSION);
		return;
	}
	if (!may_pass(ts, now_ms, a, &a->up, len) ||
	    !may_pass(ts, now_ms, to, &to->down, len))
		return;
	count_up(ts, a, len);
	turn_count_add(&ts->counts, TURN_HAIRPINS, 1);
	frame_down(ts, now_ms, to, from, data, len, out);
}

/* Something for a peer that has a permission or a channel. */
static void pass_up(struct turn_server *ts, uint64_t now_ms, struct allocation *a,
		    const struct turn_addr *peer, bool own, uint8_t *data, size_t len,
		    struct turn_verdict *out)
{
	struct relay *r = allocation_relay(a, peer->family);

	if (!relay_lives(r, now_ms)) {
		drop(ts, TURN_DROP_NO_ALLOCATION);
		return;
	}
	if (own) {
		struct allocation *to = turn_at(ts, now_ms, peer);

		if (to) {
			hairpin(ts, now_ms, a, to, peer->family, data, len, out);
			return;
		}
		if (a->weak || !ts->conf.peers.allow_loopback ||
		    !peerpolicy_loopback(peer)) {
			drop(ts, TURN_DROP_POLICY);
			return;
		}
	}
	if (!may_pass(ts, now_ms, a, &a->up, len))
		return;
	count_up(ts, a, len);
	out->action = TURN_RELAY;
	out->bytes = data;
	out->len = len;
	out->sock = r->sock;
	out->to = peer;
}

void turn_channel_data(struct turn_server *ts, uint64_t now_ms,
		       const struct turn_tuple *client, uint8_t *packet, size_t len,
		       struct turn_verdict *out)
{
	struct turn_channel_data said;
	struct allocation *a;
	struct channel *c;

	if (turn_channel_get(&said, packet, len) != 0) {
		drop(ts, TURN_DROP_JUNK);
		return;
	}
	a = turn_find(ts, now_ms, client);
	if (!a) {
		drop(ts, TURN_DROP_NO_ALLOCATION);
		return;
	}
	c = allocation_channel(a, now_ms, said.number);
	if (!c) {
		drop(ts, TURN_DROP_UNBOUND);
		return;
	}
	out->dont_fragment = false;
	pass_up(ts, now_ms, a, &c->peer, c->own, packet + TURN_CHANNEL_HEADER_SIZE,
		said.len, out);
}

bool turn_send(struct turn_server *ts, uint64_t now_ms, const struct turn_tuple *client,
	       uint8_t *packet, size_t len, struct turn_verdict *out)
{
	struct permission *p;
	struct turn_send said;
	struct allocation *a;
	int err = turn_send_get(&said, packet, len);

	if (err == ERR_UNKNOWN)
		return false;
	if (err) {
		drop(ts, TURN_DROP_JUNK);
		return true;
	}
	a = turn_find(ts, now_ms, client);
	if (!a) {
		drop(ts, TURN_DROP_NO_ALLOCATION);
		return true;
	}
	p = allocation_permission(a, now_ms, &said.peer);
	if (!p) {
		drop(ts, TURN_DROP_PERMISSION);
		return true;
	}
	if (!peerpolicy_port(&ts->policy, said.peer.port)) {
		drop(ts, TURN_DROP_POLICY);
		return true;
	}
	ts->send_to = said.peer;
	out->dont_fragment = said.dont_fragment;
	pass_up(ts, now_ms, a, &ts->send_to, p->own, packet + (said.data - packet),
		said.len, out);
	return true;
}
