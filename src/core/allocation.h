/**
 * One allocation: relay addresses, permissions and channels (RFC 8656 sections 6, 9
 * and 12). Fields are read by the rules on the packet path; they change through the
 * functions below and in turnopen.c.
 */
#ifndef PARAVENT_CORE_ALLOCATION_H
#define PARAVENT_CORE_ALLOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "core/limits.h"
#include "core/turn.h"
#include "core/turntable.h"
#include "core/turnwheel.h"
#include "proto/turnmsg.h"

#define PERMISSION_MS 300000
#define CHANNEL_MS 600000

#define ALLOCATION_INLINE 8	/* permissions and channels without further memory */
#define ALLOCATION_MAX 64

/* Of one host; the port does not matter (section 9). */
struct permission {
	uint64_t expires_ms;
	struct turn_addr host;		/* its port is whatever was asked with */
	bool own;			/* PEER_OWN */
};

struct channel {
	uint64_t expires_ms;
	struct turn_addr peer;
	uint16_t number;
	bool own;
};

/* One relayed address. */
struct relay {
	struct turnwheel_item expiry;
	struct allocation *owner;
	void *sock;			/* the carrier's */
	struct turn_addr addr;		/* as clients see it */
	uint16_t port;
	bool open;
};

struct allocation {
	struct turnkey key;
	struct turn_tuple client;
	struct relay relay[2];		/* v4, v6 */

	struct permission *permission;
	struct channel *channel;
	uint8_t permissions, channels;	/* in use, living or not */
	uint8_t permission_cap, channel_cap;
	uint8_t permission_hint, channel_hint;
	bool weak;

	struct bucket up, down;
	uint64_t bytes_up, bytes_down, packets_up, packets_down;
	uint64_t opened_ms;

	struct turnuser *user;
	struct list of_user;
	size_t username_len, id_at;
	char username[TURNCRED_USERNAME_SIZE];
	enum turncred_algorithm algorithm;
	uint8_t key_len;
	uint8_t auth_key[TURNCRED_KEY_MAX];

	/* to say the same again to a retransmitted Allocate */
	uint8_t tid[STUN_TID_SIZE];
	uint8_t token[TURN_TOKEN_SIZE];
	bool reserved;
	uint16_t additional_error;	/* 0: none */

	struct permission permission_inline[ALLOCATION_INLINE];
	struct channel channel_inline[ALLOCATION_INLINE];
};

void allocation_init(struct allocation *a);
void allocation_fini(struct allocation *a);	/* wipes the key */

/* The relay of an address's family, whether open or not. */
static inline struct relay *allocation_relay(struct allocation *a, uint8_t family)
{
	return &a->relay[family == 6];
}

static inline bool relay_lives(const struct relay *r, uint64_t now_ms)
{
	return r->open && now_ms < r->expiry.due_ms;
}

/* --- Permissions ------------------------------------------------------------- */

/* The living permission of this host, or NULL. */
struct permission *allocation_permission(struct allocation *a, uint64_t now_ms,
					 const struct turn_addr *host);

/* Whether all of these fit with those that live. Hosts may be given twice. */
bool allocation_permits(struct allocation *a, uint64_t now_ms,
			const struct turn_addr *host, size_t count);

/* Installs or refreshes for 300 s; it must fit. */
void allocation_permit(struct allocation *a, uint64_t now_ms,
		       const struct turn_addr *host, bool own);

/* --- Channels ---------------------------------------------------------------- */

/* The living channel of a number, or bound to a peer; NULL: none. */
struct channel *allocation_channel(struct allocation *a, uint64_t now_ms,
				   uint16_t number);
struct channel *allocation_channel_to(struct allocation *a, uint64_t now_ms,
				      const struct turn_addr *peer);

/**
 * Binds or refreshes for 600 s (RFC 8656 section 12.2).
 *
 * Returns 0, ERR_CONFLICT when number or peer is bound otherwise, ERR_FULL.
 */
int allocation_bind(struct allocation *a, uint64_t now_ms, uint16_t number,
		    const struct turn_addr *peer, bool own);

#endif
