/**
 * The relay's rules (RFC 8656): one server per worker, without socket, clock or thread.
 *
 * The carrier gives it each datagram or message with the time and the addresses; the
 * server says what to do with the bytes, in place. Nothing here allocates, locks or
 * logs for a packet; memory is taken for an allocation, a permission beyond the eighth,
 * a user.
 *
 * Buffers: where a packet is given, TURN_HEADROOM bytes before it and TURN_TAILROOM
 * behind it belong to the call too; the answer is framed there. (A message taken from
 * a stream brings its own tail, it is padded; and the bytes before it may be those of
 * the message before, if that has been sent or copied by then.)
 *
 * Calls from one thread only, except turn_counts_read().
 */
#ifndef PARAVENT_CORE_TURN_H
#define PARAVENT_CORE_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/peerpolicy.h"
#include "core/turncount.h"
#include "proto/turnaddr.h"
#include "proto/turncred.h"

#define TURN_HEADROOM 48	/* a Data indication with a v6 peer */
#define TURN_TAILROOM 4		/* padding */
#define TURN_REPLY_MAX 512

struct turn_server;
struct allocation;

enum turn_transport { TURN_UDP, TURN_TCP, TURN_TLS };

/* "udp", "tcp", "tls" */
const char *turn_transport_name(enum turn_transport transport);

/* --- What the operator says ---------------------------------------------------- */

/* One relay address; `bind` is never a wildcard. */
struct turn_relay_addr {
	bool on;
	struct turn_addr bind;		/* port ignored */
	struct turn_addr advertise;	/* what clients are told; bind, without NAT */
};

struct turn_conf {
	char realm[128];
	char software[64];		/* empty: not said */
	struct turn_relay_addr v4, v6;
	uint16_t port_min, port_max;	/* at least 1024 */

	uint32_t nonce_s;		/* 3600 */
	uint32_t lifetime_max_s;	/* 600 (also the least) to 3600 */
	uint32_t credential_max_s;	/* an expiry further ahead is refused */
	uint32_t port_rest_s;		/* 60 */

	uint32_t user_allocations;	/* 16, by participant */
	uint32_t meeting_allocations;	/* 64; who waits gets none when half is taken */
	uint32_t source_allocations;	/* 128, by IPv4 or v6 /64 */
	uint32_t refusals_per_s;	/* 20: 401 and 438 to one source over UDP */
	uint32_t refusals_burst;	/* 40 */
	uint32_t refusals_all_per_s;	/* to everybody together */
	uint32_t bytes_per_s;		/* 1000000: one allocation, one direction */
	uint32_t bytes_burst;		/* 500000 */
	uint32_t weak_bytes;		/* 2000000: who waits, both directions */
	uint32_t weak_s;		/* 60 */
	uint32_t weak_opens;		/* 32 allocations, one after the other */
	uint32_t weak_again_s;		/* 600: then there is another test */

	bool rfc5766_channels;		/* tests only: 0x4000 to 0x7ffe */
	struct peerpolicy_conf peers;
};

/* All but realm, addresses: the values named above, ports 49152 to 65535. */
void turn_conf_init(struct turn_conf *conf);

/* --- What the carrier does for the rules ----------------------------------------- */

enum turn_close_reason {
	TURN_CLOSED_EXPIRED,	/* not refreshed in time */
	TURN_CLOSED_DELETED,	/* Refresh with lifetime 0 */
	TURN_CLOSED_GONE,	/* the TCP or TLS connection ended */
	TURN_CLOSED_FORGOTTEN,	/* the participant left, was removed; the meeting ended */
	TURN_CLOSED_STOPPED,	/* the server stops */
};

/* An allocation's story, for facts: never an address. */
struct turn_event {
	bool opened;			/* else closed, and the rest has values */
	enum turn_transport transport;
	const char *id;			/* of the username, borrowed, NUL-terminated */
	bool weak;			/* of one who waits */
	enum turn_close_reason reason;
	uint64_t bytes_up, bytes_down;	/* payload: from the client, to the client */
	uint64_t packets_up, packets_down;
	uint32_t seconds;
};

struct turn_ops {
	/*
	 * Opens a UDP socket bound to exactly this address and port; no SO_REUSEADDR
	 * (L14). It is not read before relay_attach(). Returns 0, ERR_CONFLICT when
	 * the port is taken (the next is tried), or another error (508).
	 */
	int (*relay_open)(void *arg, const struct turn_addr *local, void **sock);

	/* From now on what it receives goes to turn_peer_packet() for `owner`. */
	void (*relay_attach)(void *arg, void *sock, struct allocation *owner);

	/* Also one that was never attached. `owner` is not valid afterwards. */
	void (*relay_close)(void *arg, void *sock);

	/* Ends a TCP or TLS connection (its user was forgotten), soon and not from
	 * inside the call; turn_stream_gone() may follow or not. */
	void (*stream_close)(void *arg, void *via);

	void (*event)(void *arg, const struct turn_event *e);
};

/* --- Life --------------------------------------------------------------------- */

/**
 * conf, secrets: borrowed and copied. ops: borrowed for the server's life.
 *
 * Returns 0 or ERR_RANGE when the configuration does not hold together.
 */
int turn_server_new(struct turn_server **out, const struct turn_conf *conf,
		    const struct turncred_secrets *secrets, const struct turn_ops *ops,
		    void *arg);

/* Closes what is open, with events. Accepts NULL. */
void turn_server_free(struct turn_server *ts, uint64_t now_ms);

/* The secrets were rotated: what is open stays open. */
void turn_set_secrets(struct turn_server *ts, const struct turncred_secrets *secrets);

/* The addresses of this machine (G6): all interfaces; relay addresses are known. Ports
 * are ignored; at most PEERPOLICY_OWN_MAX, more are ERR_FULL and nothing changes. */
int turn_set_own(struct turn_server *ts, const struct turn_own *own, size_t count);

/* No new allocations: before a stop. */
void turn_drain(struct turn_server *ts);

/* --- Packets ------------------------------------------------------------------ */

/* The 5-tuple, and where the carrier's answer goes. */
struct turn_tuple {
	struct turn_addr client;
	struct turn_addr local;		/* the address the packet came to */
	enum turn_transport transport;
	void *via;			/* the carrier's socket or connection; not looked at */
};

enum turn_action {
	TURN_DROP,	/* nothing */
	TURN_REPLY,	/* an answer to the client: never dropped for a slow reader */
	TURN_RELAY,	/* a datagram from relay socket `sock` to `to` */
	TURN_DELIVER,	/* data to `client`, framed; dropped for a slow reader (D7) */
};

/* Everything is borrowed until the next call into the server. */
struct turn_verdict {
	enum turn_action action;
	uint8_t *bytes;
	size_t len;
	const struct turn_tuple *client;	/* REPLY: the caller's, DELIVER: anyone's */
	void *sock;				/* RELAY */
	const struct turn_addr *to;		/* RELAY: already rewritten (W8) */
	bool dont_fragment;			/* RELAY: Send asked for it */
};

/**
 * What to do with one datagram, or with one message of a stream as turn_frame() cut it.
 *
 * reply: TURN_REPLY_MAX bytes of the caller that do not overlap the packet; `bytes` is
 *        there when the action is REPLY.
 */
void turn_client_packet(struct turn_server *ts, uint64_t now_ms, int64_t wall_ms,
			const struct turn_tuple *client, uint8_t *packet, size_t len,
			uint8_t *reply, struct turn_verdict *out);

/* A datagram that came to a relay socket of `a`: DELIVER or DROP. */
void turn_peer_packet(struct turn_server *ts, uint64_t now_ms, struct allocation *a,
		      const struct turn_addr *peer, uint8_t *packet, size_t len,
		      struct turn_verdict *out);

/* Whether there is an allocation: D7's 30 seconds to a successful Allocate. */
bool turn_is_allocated(struct turn_server *ts, uint64_t now_ms,
		       const struct turn_tuple *client);

/* --- Time, and the end of things ------------------------------------------------- */

/* Once a second: closes what has expired. */
void turn_tick(struct turn_server *ts, uint64_t now_ms);

/**
 * Closes all that this participant holds, of both classes, and refuses the usernames
 * from now on, until the last of them has expired by itself.
 *
 * id: "<meeting>.<seat>", without the class (see proto/turncred.h).
 */
void turn_forget(struct turn_server *ts, uint64_t now_ms, const char *id, size_t len);

/* The TCP or TLS connection is gone: so is its allocation (L15). */
void turn_stream_gone(struct turn_server *ts, uint64_t now_ms,
		      const struct turn_tuple *client);

/* --- Numbers ------------------------------------------------------------------ */

/* From any thread. */
void turn_counts_read(const struct turn_server *ts, uint64_t out[TURN_COUNT_COUNT]);

#endif
