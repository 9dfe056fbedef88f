#include "app/entry.h"

#include <string.h>

#include "app/issuers.h"
#include "base/clock.h"
#include "base/err.h"
#include "proto/jwt.h"
#include "proto/token.h"

static enum factdata_reason by_jwt(struct entry *out, const struct house *h,
				   const char *meeting, const char *token, size_t len)
{
	enum factdata_reason reason;
	struct jwt_person p;
	size_t count;
	const struct jwt_key *keys = issuers_keys(h->issuers, &count);

	if (jwt_judge(&p, &reason, keys, count, clock_wall_ms() / 1000, token, len) != 0)
		return reason;
	if (!jwt_opens(&p, meeting))
		return REASON_MEETING;
	out->host = p.host;
	strcpy(out->name, p.name);
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
	else
		out->reason = REASON_UNKNOWN;
	return out->reason == REASON_NONE ? 0 : ERR_UNAUTHORIZED;
}
