/**
 * What is behind struct turn_server, for the files that make it up: turn.c (its life,
 * and which packet goes where), turnopen.c (allocations come and go), turnrequest.c
 * (requests and their answers), turndata.c (the packet path).
 */
#ifndef PARAVENT_CORE_TURNSERVER_H
#define PARAVENT_CORE_TURNSERVER_H

#include "core/allocation.h"
#include "core/peerpolicy.h"
#include "core/turn.h"
#include "core/turnauth.h"
#include "core/turnlimits.h"
#include "core/turnports.h"
#include "core/turntable.h"
#include "core/turnusers.h"
#include "core/turnwheel.h"

/* A port held for the one who shows the token (RFC 8656 section 7.2, EVEN-PORT). */
struct reservation {
	struct list by_age;
	uint64_t due_ms;
	uint8_t token[TURN_TOKEN_SIZE];
	uint8_t family;			/* 4 or 6 */
	uint16_t port;
	void *sock;
	struct turnuser *user;		/* counts as one that it holds */
};

struct turn_server {
	struct turn_conf conf;
	const struct turn_ops *ops;
	void *arg;
	bool draining;

	struct turnauth auth;
	struct turntable table;
	struct turnwheel wheel;
	struct turnports ports[2];	/* v4, v6; only where conf says on */
	struct peerpolicy policy;
	struct turnusers users;
	struct tally sources;
	struct refusals refusals;
	struct list reservations;
	struct bucket_rule rate;
	struct turnhash tid_seed;	/* of our indications */
	struct turn_addr send_to;	/* of the last Send, for its verdict */
	struct turn_counts counts;
};

static inline const struct turn_relay_addr *
turn_family_conf(const struct turn_server *ts, uint8_t family)
{
	return family == 4 ? &ts->conf.v4 : &ts->conf.v6;
}

/* --- turnopen.c ---------------------------------------------------------------- */

/* What an Allocate asks for, after it was checked. */
struct turn_wish {
	const struct turn_tuple *client;
	const struct turn_identity *who;
	const uint8_t *tid;
	bool v4, v6;			/* both: one of them is enough */
	enum turnports_want port;
	struct reservation *redeem;	/* instead of the three above */
	uint32_t lifetime_s;
};

/* Returns 0, or 440, 486 or 508 (and nothing has changed). */
unsigned turn_open(struct turn_server *ts, uint64_t now_ms, const struct turn_wish *wish,
		   struct allocation **out);

/* The allocation of this client, of which a part has not expired; NULL: none. */
struct allocation *turn_find(struct turn_server *ts, uint64_t now_ms,
			     const struct turn_tuple *client);

void turn_close(struct turn_server *ts, uint64_t now_ms, struct allocation *a,
		enum turn_close_reason reason);

/* One of two relay addresses; with the last one goes the allocation. */
void turn_close_relay(struct turn_server *ts, uint64_t now_ms, struct relay *r,
		      enum turn_close_reason reason);

/* Lets this relay address live for so long, or as long as a network test may. */
void turn_prolong(struct turn_server *ts, uint64_t now_ms, struct relay *r,
		  uint32_t lifetime_s);

struct reservation *turn_reservation(struct turn_server *ts, uint64_t now_ms,
				     const uint8_t token[TURN_TOKEN_SIZE]);
void turn_drop_reservation(struct turn_server *ts, uint64_t now_ms,
			   struct reservation *res);

/* --- turnrequest.c ------------------------------------------------------------- */

void turn_request(struct turn_server *ts, uint64_t now_ms, int64_t wall_ms,
		  const struct turn_tuple *client, const struct stun_msg *msg,
		  uint8_t *reply, struct turn_verdict *out);

/* --- turndata.c ---------------------------------------------------------------- */

void turn_channel_data(struct turn_server *ts, uint64_t now_ms,
		       const struct turn_tuple *client, uint8_t *packet, size_t len,
		       struct turn_verdict *out);

/* False: it is no Send indication. */
bool turn_send(struct turn_server *ts, uint64_t now_ms, const struct turn_tuple *client,
	       uint8_t *packet, size_t len, struct turn_verdict *out);

/* Whether this participant may send there at all, when it asks for a permission. */
enum peer_verdict turn_judge(const struct turn_server *ts, const struct allocation *a,
			     const struct turn_addr *peer);

/* Who receives at one of our own relay addresses at this moment; NULL: nobody. */
struct allocation *turn_at(struct turn_server *ts, uint64_t now_ms,
			   const struct turn_addr *relayed);

#endif
