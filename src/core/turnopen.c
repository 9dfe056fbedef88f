#include "core/turnserver.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"

#define RESERVATION_MS 30000
#define BIND_TRIES 32		/* ports that somebody else has, before we give up */

static struct turnports *ports_of(struct turn_server *ts, uint8_t family)
{
	return &ts->ports[family == 6];
}

static void count_ports(struct turn_server *ts)
{
	turn_count_set(&ts->counts, TURN_PORTS,
		       turnports_used(&ts->ports[0]) + turnports_used(&ts->ports[1]));
	turn_count_set(&ts->counts, TURN_USERS, map_count(ts->users.by_owner));
}

/* --- Sockets ----------------------------------------------------------------- */

static int open_socket(struct turn_server *ts, uint8_t family, uint16_t port, void **sock)
{
	struct turn_addr local = turn_family_conf(ts, family)->bind;

	local.port = port;
	return ts->ops->relay_open(ts->arg, &local, sock);
}

static void close_socket(struct turn_server *ts, uint64_t now_ms, uint8_t family,
			 uint16_t port, void *sock)
{
	ts->ops->relay_close(ts->arg, sock);
	turnports_give(ports_of(ts, family), now_ms, port);
}

/* A bound socket and its port; next_sock: NULL, or the neighbour's too. */
static int bind_one(struct turn_server *ts, uint64_t now_ms, uint8_t family,
		    enum turnports_want want, uint16_t *port, void **sock,
		    void **next_sock)
{
	struct turnports *ports = ports_of(ts, family);
	int tries, err = ERR_CONFLICT;

	/* bind() is the arbiter: another process may have any of them */
	for (tries = 0; tries < BIND_TRIES && err == ERR_CONFLICT; tries++) {
		*port = turnports_take(ports, now_ms, want);
		if (!*port)
			return ERR_FULL;
		err = open_socket(ts, family, *port, sock);
		if (!err && next_sock) {
			err = open_socket(ts, family, (uint16_t)(*port + 1), next_sock);
			if (err)
				ts->ops->relay_close(ts->arg, *sock);
		}
		if (err) {
			turnports_give(ports, now_ms, *port);
			if (next_sock)
				turnports_give(ports, now_ms, (uint16_t)(*port + 1));
		}
	}
	return err;
}

static void set_relay(struct turn_server *ts, struct relay *r, uint8_t family,
		      uint16_t port, void *sock)
{
	r->open = true;
	r->sock = sock;
	r->port = port;
	r->addr = turn_family_conf(ts, family)->advertise;
	r->addr.port = port;
}

/* --- Reservations ------------------------------------------------------------- */

struct reservation *turn_reservation(struct turn_server *ts, uint64_t now_ms,
				     const uint8_t token[TURN_TOKEN_SIZE])
{
	LIST_EACH(it, &ts->reservations) {
		struct reservation *res = CONTAINER_OF(it, struct reservation, by_age);

		if (now_ms < res->due_ms &&
		    mem_equal_secret(res->token, token, TURN_TOKEN_SIZE))
			return res;
	}
	return NULL;
}

/* The reservation's own memory and place, not what it holds. */
static void end_reservation(struct turn_server *ts, struct reservation *res)
{
	struct turnuser *u = res->user;

	list_unlink(&res->by_age);
	turnuser_give(&ts->users, u);
	turnusers_settle(&ts->users, u);
	turn_count_add(&ts->counts, TURN_RESERVATIONS, (uint64_t)-1);
	free(res);
}

void turn_drop_reservation(struct turn_server *ts, uint64_t now_ms,
			   struct reservation *res)
{
	close_socket(ts, now_ms, res->family, res->port, res->sock);
	end_reservation(ts, res);
	count_ports(ts);
}

static void reserve(struct turn_server *ts, uint64_t now_ms, struct allocation *a,
		    uint8_t family, uint16_t port, void *sock)
{
	struct reservation *res = mem_new(sizeof(*res));

	list_init(&res->by_age);
	res->due_ms = now_ms + RESERVATION_MS;
	rnd_bytes(res->token, sizeof(res->token));
	res->family = family;
	res->port = port;
	res->sock = sock;
	res->user = a->user;
	list_append(&ts->reservations, &res->by_age);
	turn_count_add(&ts->counts, TURN_RESERVATIONS, 1);
	memcpy(a->token, res->token, sizeof(a->token));
	a->reserved = true;
}

/* --- Opening ----------------------------------------------------------------- */

static unsigned open_family(struct turn_server *ts, uint64_t now_ms,
			    struct allocation *a, const struct turn_wish *wish,
			    uint8_t family)
{
	bool pair = wish->port == PORT_PAIR;
	void *sock, *next_sock;
	uint16_t port;

	if (!turn_family_conf(ts, family)->on)
		return 440;
	if (bind_one(ts, now_ms, family, wish->port, &port, &sock,
		     pair ? &next_sock : NULL) != 0)
		return 508;
	set_relay(ts, allocation_relay(a, family), family, port, sock);
	if (pair)
		reserve(ts, now_ms, a, family, (uint16_t)(port + 1), next_sock);
	return 0;
}

static void redeem(struct turn_server *ts, struct allocation *a, struct reservation *res)
{
	set_relay(ts, allocation_relay(a, res->family), res->family, res->port,
		  res->sock);
	end_reservation(ts, res);
}

static unsigned open_relays(struct turn_server *ts, uint64_t now_ms,
			    struct allocation *a, const struct turn_wish *wish)
{
	unsigned v4, v6;

	if (wish->redeem) {
		redeem(ts, a, wish->redeem);
		return 0;
	}
	v4 = wish->v4 ? open_family(ts, now_ms, a, wish, 4) : 0;
	v6 = wish->v6 ? open_family(ts, now_ms, a, wish, 6) : 0;
	if (!wish->v4 || !wish->v6)
		return v4 ? v4 : v6;
	if (v4 && v6)
		return v4 == 508 ? v4 : v6;
	a->additional_error = (uint16_t)(v4 ? v4 : v6);
	return 0;
}

/* Until when who waits may test; begins a test where the last one is long ago. */
static bool may_test(struct turn_server *ts, uint64_t now_ms, struct turnuser *u)
{
	if (!u->tested ||
	    now_ms >= u->test_began_ms + (uint64_t)ts->conf.weak_again_s * 1000) {
		u->tested = true;
		u->test_began_ms = now_ms;
		u->test_bytes = 0;
		u->test_opens = 0;
	}
	return now_ms < u->test_began_ms + (uint64_t)ts->conf.weak_s * 1000 &&
	       u->test_bytes < ts->conf.weak_bytes &&
	       u->test_opens < ts->conf.weak_opens;
}

void turn_prolong(struct turn_server *ts, uint64_t now_ms, struct relay *r,
		  uint32_t lifetime_s)
{
	uint64_t due_ms = now_ms + (uint64_t)lifetime_s * 1000;

	if (r->owner->weak) {
		uint64_t end_ms = r->owner->user->test_began_ms +
				  (uint64_t)ts->conf.weak_s * 1000;

		due_ms = due_ms < end_ms ? due_ms : end_ms;
	}
	turnwheel_set(&ts->wheel, &r->expiry, due_ms);
}

static void remember_who(struct allocation *a, const struct turn_identity *who)
{
	a->weak = who->cred.weak;
	a->algorithm = who->algorithm;
	a->key_len = (uint8_t)who->key_len;
	memcpy(a->auth_key, who->key, who->key_len);
	a->username_len = who->cred.username_len;
	a->id_at = (size_t)(who->cred.id - who->cred.username);
	memcpy(a->username, who->cred.username, who->cred.username_len);
}

static struct turnkey key_of(const struct turn_tuple *client)
{
	return (struct turnkey){client->client, client->local, client->transport};
}

static void tell(struct turn_server *ts, const struct allocation *a,
		 struct turn_event *e)
{
	e->transport = a->client.transport;
	e->id = a->username + a->id_at;
	e->weak = a->weak;
	ts->ops->event(ts->arg, e);
}

/* It has its relay addresses: from now on it is known. */
static void begin(struct turn_server *ts, uint64_t now_ms, struct allocation *a,
		  const struct turn_wish *wish)
{
	size_t i;

	a->client = *wish->client;
	a->key = key_of(wish->client);
	a->opened_ms = now_ms;
	memcpy(a->tid, wish->tid, sizeof(a->tid));
	remember_who(a, wish->who);
	list_append(&a->user->allocations, &a->of_user);
	turntable_put(&ts->table, a);
	for (i = 0; i < ARRAY_LEN(a->relay); i++) {
		struct relay *r = &a->relay[i];

		if (!r->open)
			continue;
		turnports_set_owner(&ts->ports[i], r->port, a);
		ts->ops->relay_attach(ts->arg, r->sock, a);
		turn_prolong(ts, now_ms, r, wish->lifetime_s);
	}
	turn_count_add(&ts->counts, TURN_ALLOCATIONS, 1);
	turn_count_add(&ts->counts, TURN_OPENED, 1);
	count_ports(ts);
	tell(ts, a, &(struct turn_event){.opened = true});
}

/* What the user, the meeting and the source may hold; all or nothing. */
static bool take_quota(struct turn_server *ts, struct turnuser *u,
		       const struct turn_wish *wish)
{
	const struct turn_conf *conf = &ts->conf;
	uint32_t user_max = conf->user_allocations, meeting_max = conf->meeting_allocations;
	uint8_t source[TURN_ADDR_KEY_SIZE];

	turn_addr_key(source, &wish->client->client);
	/* strangers at the door leave places to those inside */
	if (wish->who->cred.weak)
		meeting_max /= 2;
	/* what is redeemed is held already */
	if (wish->redeem && wish->redeem->user == u)
		user_max++, meeting_max++;
	if (!turnuser_take(&ts->users, u, user_max, meeting_max))
		return false;
	if (wish->port == PORT_PAIR &&
	    !turnuser_take(&ts->users, u, user_max, meeting_max)) {
		turnuser_give(&ts->users, u);
		return false;
	}
	if (tally_take(&ts->sources, source, sizeof(source), conf->source_allocations))
		return true;
	turnuser_give(&ts->users, u);
	if (wish->port == PORT_PAIR)
		turnuser_give(&ts->users, u);
	return false;
}

static void give_source(struct turn_server *ts, const struct turn_addr *client)
{
	uint8_t source[TURN_ADDR_KEY_SIZE];

	turn_addr_key(source, client);
	tally_give(&ts->sources, source, sizeof(source));
}

unsigned turn_open(struct turn_server *ts, uint64_t now_ms, const struct turn_wish *wish,
		   struct allocation **out)
{
	struct turnuser *u = turnusers_get(&ts->users, &wish->who->cred);
	struct allocation *a;
	unsigned code = 486;

	if ((wish->who->cred.weak && !may_test(ts, now_ms, u)) ||
	    !take_quota(ts, u, wish)) {
		turnusers_settle(&ts->users, u);
		return code;
	}
	a = mem_new(sizeof(*a));
	allocation_init(a);
	a->user = u;
	code = open_relays(ts, now_ms, a, wish);
	if (code) {
		allocation_fini(a);
		free(a);
		give_source(ts, &wish->client->client);
		if (wish->port == PORT_PAIR)
			turnuser_give(&ts->users, u);
		turnuser_give(&ts->users, u);
		turnusers_settle(&ts->users, u);
		count_ports(ts);
		return code;
	}
	begin(ts, now_ms, a, wish);
	u->test_opens += a->weak;
	*out = a;
	return 0;
}

/* --- Closing ----------------------------------------------------------------- */

struct allocation *turn_find(struct turn_server *ts, uint64_t now_ms,
			     const struct turn_tuple *client)
{
	struct turnkey key = key_of(client);
	struct allocation *a = turntable_get(&ts->table, &key);

	if (!a || relay_lives(&a->relay[0], now_ms) || relay_lives(&a->relay[1], now_ms))
		return a;
	/* its time is over, only the tick has not come yet */
	turn_close(ts, now_ms, a, TURN_CLOSED_EXPIRED);
	return NULL;
}

static void shut(struct turn_server *ts, uint64_t now_ms, struct relay *r)
{
	turnwheel_clear(&r->expiry);
	r->open = false;
	close_socket(ts, now_ms, r->addr.family, r->port, r->sock);
}

void turn_close(struct turn_server *ts, uint64_t now_ms, struct allocation *a,
		enum turn_close_reason reason)
{
	struct turnuser *u = a->user;
	size_t i;

	turntable_take(&ts->table, a);
	list_unlink(&a->of_user);
	for (i = 0; i < ARRAY_LEN(a->relay); i++) {
		if (a->relay[i].open)
			shut(ts, now_ms, &a->relay[i]);
	}
	give_source(ts, &a->client.client);
	turnuser_give(&ts->users, u);
	turnusers_settle(&ts->users, u);
	turn_count_add(&ts->counts, TURN_ALLOCATIONS, (uint64_t)-1);
	turn_count_add(&ts->counts, TURN_CLOSED, 1);
	count_ports(ts);
	tell(ts, a, &(struct turn_event){
			.reason = reason,
			.bytes_up = a->bytes_up,
			.bytes_down = a->bytes_down,
			.packets_up = a->packets_up,
			.packets_down = a->packets_down,
			.seconds = (uint32_t)((now_ms - a->opened_ms) / 1000),
		});
	allocation_fini(a);
	free(a);
}

void turn_close_relay(struct turn_server *ts, uint64_t now_ms, struct relay *r,
		      enum turn_close_reason reason)
{
	struct allocation *a = r->owner;

	if (a->relay[0].open && a->relay[1].open) {
		shut(ts, now_ms, r);
		count_ports(ts);
	} else {
		turn_close(ts, now_ms, a, reason);
	}
}
