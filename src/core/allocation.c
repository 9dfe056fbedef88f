#include "core/allocation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

_Static_assert(sizeof(struct allocation) <= 2048, "2 kB each, doc/decisions.md");

void allocation_init(struct allocation *a)
{
	size_t i;

	a->permission = a->permission_inline;
	a->channel = a->channel_inline;
	a->permission_cap = a->channel_cap = ALLOCATION_INLINE;
	list_init(&a->of_user);
	for (i = 0; i < ARRAY_LEN(a->relay); i++) {
		turnwheel_item_init(&a->relay[i].expiry);
		a->relay[i].owner = a;
	}
}

void allocation_fini(struct allocation *a)
{
	if (a->permission != a->permission_inline)
		free(a->permission);
	if (a->channel != a->channel_inline)
		free(a->channel);
	mem_wipe(a->auth_key, sizeof(a->auth_key));
}

/* Twice the room, out of the structure into memory of its own. */
static void *grow(void *old, void *first, uint8_t *cap, size_t size)
{
	void *more = mem_new((size_t)*cap * 2 * size);

	memcpy(more, old, *cap * size);
	if (old != first)
		free(old);
	*cap = (uint8_t)(*cap * 2);
	return more;
}

/* --- Permissions ------------------------------------------------------------- */

static bool permits(const struct permission *p, uint64_t now_ms,
		    const struct turn_addr *host)
{
	return now_ms < p->expires_ms && turn_addr_same_ip(&p->host, host);
}

struct permission *allocation_permission(struct allocation *a, uint64_t now_ms,
					 const struct turn_addr *host)
{
	uint8_t i;

	if (permits(&a->permission[a->permission_hint], now_ms, host))
		return &a->permission[a->permission_hint];
	for (i = 0; i < a->permissions; i++) {
		if (permits(&a->permission[i], now_ms, host)) {
			a->permission_hint = i;
			return &a->permission[i];
		}
	}
	return NULL;
}

static bool among(const struct turn_addr *host, size_t count,
		  const struct turn_addr *wanted)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (turn_addr_same_ip(&host[i], wanted))
			return true;
	}
	return false;
}

bool allocation_permits(struct allocation *a, uint64_t now_ms,
			const struct turn_addr *host, size_t count)
{
	size_t living = 0, i;

	for (i = 0; i < a->permissions; i++)
		living += now_ms < a->permission[i].expires_ms;
	for (i = 0; i < count; i++) {
		if (!allocation_permission(a, now_ms, &host[i]) &&
		    !among(host, i, &host[i]))
			living++;
	}
	return living <= ALLOCATION_MAX;
}

/* A place whose permission is over, or a new one. */
static struct permission *free_permission(struct allocation *a, uint64_t now_ms)
{
	uint8_t i;

	for (i = 0; i < a->permissions; i++) {
		if (now_ms >= a->permission[i].expires_ms)
			return &a->permission[i];
	}
	assert(a->permissions < ALLOCATION_MAX);
	if (a->permissions == a->permission_cap)
		a->permission = grow(a->permission, a->permission_inline,
				     &a->permission_cap, sizeof(*a->permission));
	return &a->permission[a->permissions++];
}

void allocation_permit(struct allocation *a, uint64_t now_ms,
		       const struct turn_addr *host, bool own)
{
	struct permission *p = allocation_permission(a, now_ms, host);

	if (!p)
		p = free_permission(a, now_ms);
	p->host = *host;
	p->own = own;
	p->expires_ms = now_ms + PERMISSION_MS;
}

/* --- Channels ---------------------------------------------------------------- */

static bool carries(const struct channel *c, uint64_t now_ms, uint16_t number)
{
	return c->number == number && now_ms < c->expires_ms;
}

struct channel *allocation_channel(struct allocation *a, uint64_t now_ms,
				   uint16_t number)
{
	size_t i = (size_t)(number - TURN_CHANNEL_MIN);

	/* browsers count from 0x4000, so the number is the place */
	if (i < a->channels && carries(&a->channel[i], now_ms, number))
		return &a->channel[i];
	for (i = 0; i < a->channels; i++) {
		if (carries(&a->channel[i], now_ms, number))
			return &a->channel[i];
	}
	return NULL;
}

static bool leads_to(const struct channel *c, uint64_t now_ms,
		     const struct turn_addr *peer)
{
	return now_ms < c->expires_ms && turn_addr_equal(&c->peer, peer);
}

struct channel *allocation_channel_to(struct allocation *a, uint64_t now_ms,
				      const struct turn_addr *peer)
{
	uint8_t i;

	if (leads_to(&a->channel[a->channel_hint], now_ms, peer))
		return &a->channel[a->channel_hint];
	for (i = 0; i < a->channels; i++) {
		if (leads_to(&a->channel[i], now_ms, peer)) {
			a->channel_hint = i;
			return &a->channel[i];
		}
	}
	return NULL;
}

static struct channel *free_channel(struct allocation *a, uint64_t now_ms)
{
	uint8_t i;

	for (i = 0; i < a->channels; i++) {
		if (now_ms >= a->channel[i].expires_ms)
			return &a->channel[i];
	}
	if (a->channels == ALLOCATION_MAX)
		return NULL;
	if (a->channels == a->channel_cap)
		a->channel = grow(a->channel, a->channel_inline, &a->channel_cap,
				  sizeof(*a->channel));
	return &a->channel[a->channels++];
}

int allocation_bind(struct allocation *a, uint64_t now_ms, uint16_t number,
		    const struct turn_addr *peer, bool own)
{
	struct channel *c = allocation_channel(a, now_ms, number);

	if (c != allocation_channel_to(a, now_ms, peer))
		return ERR_CONFLICT;
	if (!c)
		c = free_channel(a, now_ms);
	if (!c)
		return ERR_FULL;
	c->number = number;
	c->peer = *peer;
	c->own = own;
	c->expires_ms = now_ms + CHANNEL_MS;
	return 0;
}
