#include "core/turnserver.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define LIFETIME_DEFAULT_S 600	/* and the least (RFC 8656 section 7.2) */
#define UNKNOWN_MAX 32		/* types that a 420 names */

/* One request, on its way to an answer. */
struct request {
	struct turn_server *ts;
	uint64_t now_ms;
	int64_t wall_ms;
	const struct turn_tuple *client;
	const struct stun_msg *msg;
	struct allocation *a;		/* of this 5-tuple, or NULL */
	struct turn_identity who;
	uint8_t *reply;
	struct turn_verdict *out;
};

static bool is_creator(const struct allocation *a, const struct turn_identity *who)
{
	return a->username_len == who->cred.username_len &&
	       memcmp(a->username, who->cred.username, a->username_len) == 0;
}

/* --- Answers ----------------------------------------------------------------- */

static struct stun_out begin(const struct request *rq, enum stun_class class)
{
	return stun_begin(rq->reply, TURN_REPLY_MAX, class, rq->msg->method,
			  rq->msg->tid);
}

/* The end of every answer. who: NULL: not signed. */
static void finish(const struct request *rq, struct stun_out *o,
		   const struct turn_identity *who)
{
	const char *software = rq->ts->conf.software;
	ssize_t n;

	if (who && software[0])
		stun_put(o, STUN_ATTR_SOFTWARE, software, strlen(software));
	if (who)
		turnauth_sign(o, who);
	if (rq->msg->fingerprint)
		stun_put_fingerprint(o);
	n = stun_end(o);
	if (n < 0)
		return;
	rq->out->action = TURN_REPLY;
	rq->out->bytes = rq->reply;
	rq->out->len = (size_t)n;
	rq->out->client = rq->client;
}

static void count_refusal(struct turn_server *ts, unsigned code)
{
	turn_count_add(&ts->counts,
		       code == 401 ? TURN_REFUSED_401 :
		       code == 403 ? TURN_REFUSED_403 :
		       code == 437 ? TURN_REFUSED_437 :
		       code == 438 ? TURN_REFUSED_438 :
		       code == 486 || code == 508 ? TURN_REFUSED_QUOTA :
						    TURN_REFUSED_OTHER,
		       1);
}

/* To somebody who has not shown who it is: 400, 401, 438. */
static void turn_away(struct request *rq, unsigned code)
{
	struct turn_server *ts = rq->ts;
	struct stun_out o;

	/* only a datagram's source can be made up */
	if (rq->client->transport == TURN_UDP &&
	    !refusals_take(&ts->refusals, rq->now_ms, &rq->client->client)) {
		turn_count_add(&ts->counts, TURN_SILENCED, 1);
		return;
	}
	count_refusal(ts, code);
	o = begin(rq, STUN_ERROR);
	stun_put_error(&o, code);
	if (code != 400)
		turnauth_put_challenge(&ts->auth, rq->now_ms, &o, &rq->client->client);
	finish(rq, &o, NULL);
}

static void refuse(struct request *rq, unsigned code)
{
	struct stun_out o = begin(rq, STUN_ERROR);

	count_refusal(rq->ts, code);
	stun_put_error(&o, code);
	finish(rq, &o, &rq->who);
}

static void refuse_unknown(struct request *rq, const uint16_t *types, size_t count)
{
	struct stun_out o = begin(rq, STUN_ERROR);

	count_refusal(rq->ts, 420);
	stun_put_error(&o, 420);
	stun_put_unknown(&o, types, count);
	finish(rq, &o, &rq->who);
}

static void agree(struct request *rq)
{
	struct stun_out o = begin(rq, STUN_SUCCESS);

	finish(rq, &o, &rq->who);
}

/* --- Allocate ---------------------------------------------------------------- */

/* L11: what is granted; the weak class ends earlier, without saying so. */
static uint32_t lifetime(const struct turn_server *ts, uint32_t asked_s)
{
	uint32_t max = ts->conf.lifetime_max_s;

	if (asked_s > max)
		asked_s = max;
	return asked_s < LIFETIME_DEFAULT_S ? LIFETIME_DEFAULT_S : asked_s;
}

static uint32_t remaining_s(const struct allocation *a, uint64_t now_ms)
{
	uint64_t due_ms = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(a->relay); i++) {
		if (a->relay[i].open && a->relay[i].expiry.due_ms > due_ms)
			due_ms = a->relay[i].expiry.due_ms;
	}
	return due_ms > now_ms ? (uint32_t)((due_ms - now_ms) / 1000) : 0;
}

static void agree_allocate(struct request *rq, const struct allocation *a,
			   uint32_t lifetime_s)
{
	struct stun_out o = begin(rq, STUN_SUCCESS);
	size_t i;

	for (i = 0; i < ARRAY_LEN(a->relay); i++) {
		if (a->relay[i].open)
			turn_put_addr(&o, TURN_ATTR_XOR_RELAYED_ADDRESS,
				      &a->relay[i].addr);
	}
	turn_put_u32(&o, TURN_ATTR_LIFETIME, lifetime_s);
	turn_put_addr(&o, STUN_ATTR_XOR_MAPPED_ADDRESS, &a->client.client);
	if (a->reserved)
		stun_put(&o, TURN_ATTR_RESERVATION_TOKEN, a->token, sizeof(a->token));
	if (a->additional_error)
		turn_put_address_error(&o,
				       a->relay[0].open ? TURN_FAMILY_IPV6 :
							  TURN_FAMILY_IPV4,
				       a->additional_error);
	finish(rq, &o, &rq->who);
}

/* The one protocol that we relay. */
static unsigned read_transport(const struct stun_msg *msg)
{
	struct stun_attr attr;
	uint8_t protocol;

	if (!stun_find(msg, TURN_ATTR_REQUESTED_TRANSPORT, &attr) ||
	    turn_get_transport(&attr, &protocol) != 0)
		return 400;
	return protocol == TURN_PROTOCOL_UDP ? 0 : 442;
}

/* Which port, of which family; what does not go together (L4, L5, L8). */
static unsigned read_address(struct request *rq, struct turn_wish *wish)
{
	const struct stun_msg *msg = rq->msg;
	struct stun_attr token, requested, additional, even;
	bool has_token = stun_find(msg, TURN_ATTR_RESERVATION_TOKEN, &token);
	bool has_requested = stun_find(msg, TURN_ATTR_REQUESTED_FAMILY, &requested);
	bool has_additional = stun_find(msg, TURN_ATTR_ADDITIONAL_FAMILY, &additional);
	bool has_even = stun_find(msg, TURN_ATTR_EVEN_PORT, &even), reserve = false;
	uint8_t family = TURN_FAMILY_IPV4, second = TURN_FAMILY_IPV6;

	if ((has_token && (token.len != TURN_TOKEN_SIZE || has_even || has_requested ||
			   has_additional)) ||
	    (has_requested && (has_additional || turn_get_family(&requested, &family))) ||
	    (has_additional && (turn_get_family(&additional, &second) ||
				second != TURN_FAMILY_IPV6)) ||
	    (has_even && turn_get_even_port(&even, &reserve)) ||
	    (reserve && has_additional))
		return 400;
	if (has_token) {
		wish->redeem = turn_reservation(rq->ts, rq->now_ms, token.value);
		return wish->redeem ? 0 : 508;
	}
	if (family != TURN_FAMILY_IPV4 && family != TURN_FAMILY_IPV6)
		return 440;
	wish->v4 = family == TURN_FAMILY_IPV4;
	wish->v6 = family == TURN_FAMILY_IPV6 || has_additional;
	wish->port = reserve ? PORT_PAIR : has_even ? PORT_EVEN : PORT_ANY;
	return 0;
}

static unsigned read_lifetime(const struct request *rq, uint32_t *seconds)
{
	struct stun_attr attr;

	*seconds = LIFETIME_DEFAULT_S;
	if (!stun_find(rq->msg, TURN_ATTR_LIFETIME, &attr))
		return 0;
	return turn_get_u32(&attr, seconds) == 0 ? 0 : 400;
}

static void allocate(struct request *rq)
{
	struct turn_server *ts = rq->ts;
	struct turn_wish wish = {.client = rq->client, .who = &rq->who,
				 .tid = rq->msg->tid};
	struct stun_attr attr;
	unsigned code;

	if (rq->a) {
		if (memcmp(rq->a->tid, rq->msg->tid, STUN_TID_SIZE) == 0 &&
		    is_creator(rq->a, &rq->who))
			agree_allocate(rq, rq->a, remaining_s(rq->a, rq->now_ms));
		else
			refuse(rq, 437);
		return;
	}
	code = read_transport(rq->msg);
	if (!code && stun_find(rq->msg, TURN_ATTR_DONT_FRAGMENT, &attr) && attr.len)
		code = 400;
	if (!code)
		code = read_address(rq, &wish);
	if (!code)
		code = read_lifetime(rq, &wish.lifetime_s);
	if (!code && ts->draining)
		code = 508;
	wish.lifetime_s = lifetime(ts, wish.lifetime_s);
	if (!code)
		code = turn_open(ts, rq->now_ms, &wish, &rq->a);
	if (code)
		refuse(rq, code);
	else
		agree_allocate(rq, rq->a, wish.lifetime_s);
}

/* --- Refresh ----------------------------------------------------------------- */

/* Which of the two: 443 where it is not ours (R3). */
static unsigned read_family(const struct request *rq, bool which[2])
{
	struct stun_attr attr;
	uint8_t family;

	which[0] = relay_lives(&rq->a->relay[0], rq->now_ms);
	which[1] = relay_lives(&rq->a->relay[1], rq->now_ms);
	if (!stun_find(rq->msg, TURN_ATTR_REQUESTED_FAMILY, &attr))
		return 0;
	if (turn_get_family(&attr, &family) != 0)
		return 400;
	if (family != TURN_FAMILY_IPV4)
		which[0] = false;
	if (family != TURN_FAMILY_IPV6)
		which[1] = false;
	return which[0] || which[1] ? 0 : 443;
}

static void refresh(struct request *rq)
{
	struct turn_server *ts = rq->ts;
	struct allocation *a = rq->a;
	uint32_t asked_s = 0, granted_s;
	struct stun_out o;
	bool which[2];
	unsigned code = read_family(rq, which);

	if (!code)
		code = read_lifetime(rq, &asked_s);
	if (code) {
		refuse(rq, code);
		return;
	}
	granted_s = asked_s ? lifetime(ts, asked_s) : 0;
	/* R2: what is deleted is gone before the answer leaves */
	if (!asked_s && which[0] == a->relay[0].open && which[1] == a->relay[1].open) {
		turn_close(ts, rq->now_ms, a, TURN_CLOSED_DELETED);
	} else {
		for (size_t i = 0; i < ARRAY_LEN(a->relay); i++) {
			if (which[i] && asked_s)
				turn_prolong(ts, rq->now_ms, &a->relay[i], granted_s);
			else if (which[i])
				turn_close_relay(ts, rq->now_ms, &a->relay[i],
						 TURN_CLOSED_DELETED);
		}
	}
	o = begin(rq, STUN_SUCCESS);
	turn_put_u32(&o, TURN_ATTR_LIFETIME, granted_s);
	finish(rq, &o, &rq->who);
}

/* --- Permissions and channels ---------------------------------------------------- */

static bool has_family(const struct request *rq, const struct turn_addr *peer)
{
	return relay_lives(allocation_relay(rq->a, peer->family), rq->now_ms);
}

/* All XOR-PEER-ADDRESSes, while they fit; the first failure decides. */
static unsigned read_peers(struct request *rq, struct turn_addr *peer, bool *own,
			   size_t *count)
{
	unsigned code = 0, full = 0;
	struct stun_attr attr;
	size_t at = 0, n = 0;

	while (stun_next(rq->msg, &at, &attr)) {
		struct turn_addr addr;
		enum peer_verdict verdict;

		if (attr.type != TURN_ATTR_XOR_PEER_ADDRESS)
			continue;
		if (turn_get_addr(rq->msg, &attr, &addr) != 0)
			return 400;
		verdict = turn_judge(rq->ts, rq->a, &addr);
		if (!code && !has_family(rq, &addr))
			code = 443;
		if (!code && verdict == PEER_FORBIDDEN)
			code = 403;
		if (n == ALLOCATION_MAX) {
			full = 403;
			continue;
		}
		own[n] = verdict == PEER_OWN;
		peer[n++] = addr;
	}
	*count = n;
	return !n ? 400 : code ? code : full;
}

static void create_permission(struct request *rq)
{
	struct turn_addr peer[ALLOCATION_MAX];
	bool own[ALLOCATION_MAX];
	size_t count, i;
	unsigned code = read_peers(rq, peer, own, &count);

	/* C3: a full table is 403, the one refusal that Firefox survives */
	if (!code && !allocation_permits(rq->a, rq->now_ms, peer, count))
		code = 403;
	if (code) {
		refuse(rq, code);
		return;
	}
	for (i = 0; i < count; i++)
		allocation_permit(rq->a, rq->now_ms, &peer[i], own[i]);
	agree(rq);
}

/* G6 at the time of the request; the packet path looks again. */
static bool may_bind(struct request *rq, const struct turn_addr *peer,
		     enum peer_verdict verdict)
{
	const struct turn_server *ts = rq->ts;

	if (verdict == PEER_FORBIDDEN || !peerpolicy_port(&ts->policy, peer->port))
		return false;
	return verdict != PEER_OWN || turn_at(rq->ts, rq->now_ms, peer) ||
	       (!rq->a->weak && ts->conf.peers.allow_loopback &&
		peerpolicy_loopback(peer));
}

static unsigned bind_channel(struct request *rq)
{
	uint16_t number, max = rq->ts->conf.rfc5766_channels ? 0x7ffe : TURN_CHANNEL_MAX;
	struct stun_attr attr;
	struct turn_addr peer;
	enum peer_verdict verdict;
	int err;

	if (!stun_find(rq->msg, TURN_ATTR_CHANNEL_NUMBER, &attr) ||
	    turn_get_channel(&attr, &number) != 0 || number < TURN_CHANNEL_MIN ||
	    number > max)
		return 400;
	if (!stun_find(rq->msg, TURN_ATTR_XOR_PEER_ADDRESS, &attr) ||
	    turn_get_addr(rq->msg, &attr, &peer) != 0)
		return 400;
	if (!has_family(rq, &peer))
		return 443;
	verdict = turn_judge(rq->ts, rq->a, &peer);
	if (!may_bind(rq, &peer, verdict) ||
	    !allocation_permits(rq->a, rq->now_ms, &peer, 1))
		return 403;
	err = allocation_bind(rq->a, rq->now_ms, number, &peer, verdict == PEER_OWN);
	if (err)
		return err == ERR_FULL ? 508 : 400;
	allocation_permit(rq->a, rq->now_ms, &peer, verdict == PEER_OWN);
	return 0;
}

static void channel_bind(struct request *rq)
{
	unsigned code = bind_channel(rq);

	if (code)
		refuse(rq, code);
	else
		agree(rq);
}

/* --- All ----------------------------------------------------------------------- */

static unsigned authenticate(struct request *rq)
{
	const struct turn_server *ts = rq->ts;
	const struct allocation *a = rq->a;
	const struct turncred *cred = &rq->who.cred;
	struct turn_known known;
	uint64_t wall_s = rq->wall_ms > 0 ? (uint64_t)rq->wall_ms / 1000 : 0;
	unsigned code;

	if (a)
		known = (struct turn_known){a->username, a->username_len, a->algorithm,
					    a->auth_key, a->key_len};
	code = turnauth_check(&ts->auth, rq->now_ms, rq->msg, &rq->client->client,
			      a ? &known : NULL, &rq->who);
	if (code)
		return code;
	if (turnusers_forgotten(&ts->users, cred->id, cred->owner_len))
		return 401;
	/* an expiry ends nothing that is open, only what would begin */
	if (rq->msg->method == TURN_ALLOCATE && !(a && is_creator(a, &rq->who)) &&
	    (cred->expires_s <= wall_s ||
	     cred->expires_s > wall_s + ts->conf.credential_max_s))
		return 401;
	return 0;
}

static const struct {
	uint16_t method;
	void (*answer)(struct request *rq);
} methods[] = {
	{TURN_ALLOCATE, allocate},
	{TURN_REFRESH, refresh},
	{TURN_CREATE_PERMISSION, create_permission},
	{TURN_CHANNEL_BIND, channel_bind},
};

static void answer(struct request *rq, void (*method)(struct request *rq))
{
	uint16_t unknown[UNKNOWN_MAX];
	size_t unknown_count;
	unsigned code = authenticate(rq);

	if (code) {
		turn_away(rq, code);
		return;
	}
	unknown_count = turn_unknown(rq->msg, unknown, UNKNOWN_MAX);
	if (unknown_count)
		refuse_unknown(rq, unknown, unknown_count);
	else if (method != allocate && !rq->a)
		refuse(rq, 437);
	else if (method != allocate && !is_creator(rq->a, &rq->who))
		refuse(rq, 441);
	else
		method(rq);
}

void turn_request(struct turn_server *ts, uint64_t now_ms, int64_t wall_ms,
		  const struct turn_tuple *client, const struct stun_msg *msg,
		  uint8_t *reply, struct turn_verdict *out)
{
	struct request rq = {.ts = ts, .now_ms = now_ms, .wall_ms = wall_ms,
			     .client = client, .msg = msg, .reply = reply, .out = out};
	size_t i;

	for (i = 0; i < ARRAY_LEN(methods); i++) {
		if (methods[i].method != msg->method)
			continue;
		if (!peerpolicy_client(&client->client)) {
			turn_count_add(&ts->counts, TURN_DROP_POLICY, 1);
			return;
		}
		turn_count_add(&ts->counts, TURN_REQUESTS, 1);
		rq.a = turn_find(ts, now_ms, client);
		answer(&rq, methods[i].answer);
		return;
	}
	turn_count_add(&ts->counts, TURN_DROP_JUNK, 1);
}
