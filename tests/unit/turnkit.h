/**
 * A relay on a bench: the rules with a carrier that only remembers, a clock that the
 * test turns, and clients that speak TURN.
 */
#ifndef PARAVENT_TESTS_TURNKIT_H
#define PARAVENT_TESTS_TURNKIT_H

#include "core/turn.h"
#include "proto/stun.h"
#include "proto/turnmsg.h"

#define KIT_SECRET "a-secret-of-the-test"
#define KIT_REALM "relay.test"
#define KIT_RELAY4 "20.0.0.5"		/* advertised, see kit_init() */
#define KIT_BIND4 "10.9.0.5"
#define KIT_RELAY6 "2600::5"
#define KIT_PEER "8.8.4.4"		/* somebody on the internet */

struct kit_sock {
	bool open;
	struct turn_addr local;
	struct allocation *owner;
};

struct kit {
	struct turn_conf conf;
	struct turncred_secrets secrets;
	struct turn_server *ts;
	uint64_t now_ms;
	int64_t wall_ms;

	struct kit_sock sock[4096];
	size_t socks_open, opened, closed, streams_closed;
	int open_err;			/* what relay_open() returns ... */
	int open_err_times;		/* ... so many times */
	uint16_t taken_port;		/* ERR_CONFLICT for this one */
	struct turn_event event;	/* the last */
	char event_id[TURNCRED_USERNAME_SIZE];

	uint8_t space[TURN_HEADROOM + 66000];
	uint8_t reply[TURN_REPLY_MAX];
	struct turn_verdict v;
	struct stun_msg msg;		/* the last reply, read */
	uint32_t tids;
};

/* A client with credentials; it learns a nonce when it first needs one. */
struct kit_client {
	struct turn_tuple tuple;
	char username[TURNCRED_USERNAME_SIZE];
	char password[TURNCRED_PASSWORD_SIZE];
	char nonce[128];
	size_t nonce_len;
	bool sha256;			/* PASSWORD-ALGORITHM 2, MESSAGE-INTEGRITY-SHA256 */
	bool fingerprint;
	struct turn_addr relayed[2];	/* of the last Allocate, in the reply's order */
	size_t relayed_count;
};

/* One request being written. */
struct kit_ask {
	struct kit *k;
	struct stun_out o;
	uint8_t *start;
};

void kit_init(struct kit *k);		/* then change k->conf, then: */
void kit_start(struct kit *k);
void kit_stop(struct kit *k);		/* asserts that nothing is left open */

uint64_t kit_count(const struct kit *k, enum turn_count which);
struct turn_addr kit_addr(const char *text, uint16_t port);

/* "203.0.113.7" and so on; transports come from the caller's tuple. */
void kit_client(struct kit *k, struct kit_client *c, const char *ip, uint16_t port,
		const char *id);
void kit_credentials(struct kit *k, struct kit_client *c, const char *secret,
		     const char *id, uint64_t ttl_s);

/* --- Requests ---------------------------------------------------------------- */

#define KIT_DROPPED (-1)

struct kit_ask kit_ask(struct kit *k, uint16_t method);
void kit_put_u8(struct kit_ask *ask, uint16_t type, uint8_t value);	/* and 3 zeros */
void kit_put_peer(struct kit_ask *ask, const char *ip, uint16_t port);

/* Sends as it is. Returns 0 (success), an error code, or KIT_DROPPED. */
int kit_send_bare(struct kit_ask *ask, struct kit_client *c);

/* Adds user name, realm, nonce and integrity (after learning a nonce), and sends. */
int kit_send(struct kit_ask *ask, struct kit_client *c);

int kit_challenge(struct kit *k, struct kit_client *c);
int kit_allocate(struct kit *k, struct kit_client *c);
int kit_refresh(struct kit *k, struct kit_client *c, uint32_t lifetime_s);
int kit_permit(struct kit *k, struct kit_client *c, const char *ip);
int kit_bind(struct kit *k, struct kit_client *c, uint16_t number, const char *ip,
	     uint16_t port);

/* Of the last reply; 0 where there is none. */
uint32_t kit_lifetime(struct kit *k);

/* --- Data -------------------------------------------------------------------- */

/* Each returns the action; the verdict is in k->v. */
enum turn_action kit_give(struct kit *k, struct kit_client *c, const void *p, size_t len);
enum turn_action kit_indicate(struct kit *k, struct kit_client *c, const char *ip,
			      uint16_t port, const void *data, size_t len);
enum turn_action kit_channel(struct kit *k, struct kit_client *c, uint16_t number,
			     const void *data, size_t len);
enum turn_action kit_peer(struct kit *k, struct kit_client *c, const char *ip,
			  uint16_t port, const void *data, size_t len);

struct kit_sock *kit_sock_at(struct kit *k, uint8_t family, uint16_t port);

#endif
