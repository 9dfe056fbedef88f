#include "app/entry.h"

#include <string.h>

#include "app/issuers.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/invitation.h"
#include "proto/jwt.h"
#include "proto/token.h"

static enum factdata_reason by_jwt(struct entry *out, const struct house *h,
				   const char *meeting, const char *token, size_t len)
{
	enum factdata_reason reason;
	struct jwt_person p;

	if (issuers_judge(h->issuers, &p, &reason, clock_wall_ms(), token, len) != 0)
		return reason;
	if (!jwt_opens(&p, meeting))
		return REASON_MEETING;
	out->host = p.host;
	strcpy(out->name, p.name);
	return REASON_NONE;
}

/* The token is as long as that of an invitation. */
static enum factdata_reason by_invitation(struct entry *out, const struct house *h,
					  const char *meeting, const char *token)
{
	const struct meeting *m = meetings_find(h->meetings, meeting, strlen(meeting));
	const int64_t now = clock_wall_ms();
	const struct invitation *inv;
	char id[SIGMSG_ID_SIZE] = "";
	enum factdata_reason reason;
	bool proven;

	memcpy(id, token, SIGMSG_ID_LEN);
	inv = m ? invitation_find(m, id) : NULL;
	/* as much work for one that is not there */
	proven = token_is_invitation(h->key, meeting, id, inv && inv->host, token,
				     TOKEN_INVITATION_LEN);
	if (!inv || !proven)
		return REASON_UNKNOWN;
	reason = invitation_judge(inv, m, now);
	if (reason == REASON_NOT_YET)
		out->opens_at = invitation_opens_at(inv, m);
	if (reason != REASON_NONE)
		return reason;
	out->host = inv->host;
	memcpy(out->invitation, inv->id, sizeof(out->invitation));
	return REASON_NONE;
}

int entry_judge(struct entry *out, const struct house *h, const char *meeting,
		const char *token, size_t len)
{
	memset(out, 0, sizeof(*out));
	if (token_is_host(h->key, meeting, token, len))
		out->host = true;
	else if (jwt_looks(token, len))
		out->reason = by_jwt(out, h, meeting, token, len);
	else if (len == TOKEN_INVITATION_LEN)
		out->reason = by_invitation(out, h, meeting, token);
	else
		out->reason = REASON_UNKNOWN;
	return out->reason == REASON_NONE ? 0 : ERR_UNAUTHORIZED;
}
