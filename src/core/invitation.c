#include "core/invitation.h"

#include <string.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/registry.h"

static struct invitation *find(const struct meeting *m, const char *id)
{
	size_t i;

	for (i = 0; i < m->invitations; i++)
		if (strcmp(m->invitation[i].id, id) == 0)
			return &m->invitation[i];
	return NULL;
}

const struct invitation *invitation_find(const struct meeting *m, const char *id)
{
	return find(m, id);
}

int64_t invitation_opens_at(const struct invitation *inv, const struct meeting *m)
{
	return inv->host ? 0 : m->starts_at - inv->opens_before * INT64_C(60000);
}

int64_t invitation_expires_at(const struct invitation *inv, const struct meeting *m)
{
	return inv->expires_at ? inv->expires_at : meeting_expires_at(m);
}

enum factdata_reason invitation_judge(const struct invitation *inv,
				      const struct meeting *m, int64_t wall_ms)
{
	if (inv->revoked_at)
		return REASON_REVOKED;
	/* one that ends with the meeting holds for as long as people stay */
	if (inv->expires_at && inv->expires_at <= wall_ms)
		return REASON_EXPIRED;
	return invitation_opens_at(inv, m) > wall_ms ? REASON_NOT_YET : REASON_NONE;
}

static size_t count_live(const struct meeting *m, int64_t wall_ms)
{
	size_t i, n = 0;

	for (i = 0; i < m->invitations; i++) {
		const enum factdata_reason no =
			invitation_judge(&m->invitation[i], m, wall_ms);

		n += no == REASON_NONE || no == REASON_NOT_YET;
	}
	return n;
}

int invitation_make(const struct invitation **out, uint64_t *gate, struct meeting *m,
		    struct instant now, const struct invitation_wish *wish,
		    const uint8_t random[INVITATION_RANDOM], const char *actor)
{
	struct factdata d = {
		.host = wish->host,
		.expires_at = wish->expires_at,
		.opens_before = wish->opens_before,
	};

	if (meeting_over(m))
		return ERR_ENDED;
	if (m->invitations == INVITATIONS_MAX ||
	    count_live(m, now.wall) >= INVITATIONS_LIVE_MAX)
		return ERR_FULL;
	b64_encode(d.id, random, INVITATION_RANDOM);
	if (find(m, d.id))
		return ERR_CONFLICT;
	if (!registry_writable(m->house))
		return ERR_UNAVAILABLE;
	*gate = registry_fact(m, now, FACT_INVITATION_MADE, actor, &d);
	*out = find(m, d.id);
	log_info("meeting %.6s invited role=%s", m->id, wish->host ? "host" : "guest");
	return 0;
}

int invitation_revoke(uint64_t *gate, struct meeting *m, struct instant now,
		      const char *id, const char *actor)
{
	const struct invitation *inv = find(m, id);
	struct factdata d = {.host = false};

	if (!inv)
		return ERR_NOT_FOUND;
	*gate = m->last;
	if (inv->revoked_at)
		return 0;
	if (!registry_writable(m->house))
		return ERR_UNAVAILABLE;
	memcpy(d.id, inv->id, sizeof(d.id));
	*gate = registry_fact(m, now, FACT_INVITATION_REVOKED, actor, &d);
	log_info("meeting %.6s revoked an invitation", m->id);
	return 0;
}

static void add(struct meeting *m, const struct factdata *d)
{
	struct invitation *inv;

	m->invitation = mem_resize(m->invitation,
				   (m->invitations + 1) * sizeof(*m->invitation));
	inv = &m->invitation[m->invitations++];
	*inv = (struct invitation){
		.host = d->host,
		.expires_at = d->expires_at,
		.opens_before = d->opens_before,
	};
	memcpy(inv->id, d->id, sizeof(inv->id));
}

int invitation_apply(struct meeting *m, const struct fact *f, const struct factdata *d)
{
	struct invitation *inv = find(m, d->id);

	if (f->kind == FACT_INVITATION_MADE) {
		if (inv || m->invitations == INVITATIONS_MAX)
			return ERR_CORRUPT;
		add(m, d);
		return 0;
	}
	if (!inv || inv->revoked_at)
		return ERR_CORRUPT;
	if (f->kind == FACT_INVITATION_REVOKED) {
		inv->revoked_at = f->at;
		return 0;
	}
	inv->used_at = f->at;
	memcpy(inv->seat, d->by, sizeof(inv->seat));
	return 0;
}
