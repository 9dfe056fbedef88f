#include "app/callers.h"

#include <stdio.h>
#include <string.h>

#include "app/answer.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/keyset.h"
#include "core/limits.h"
#include "proto/factdata.h"
#include "proto/token.h"

/* The Bearer token; false when there is none. */
static bool bearer(const struct http_request *rq, struct http_span *token)
{
	static const char scheme[] = "Bearer ";
	const struct http_span a = rq->head.field[HTTP_AUTHORIZATION];
	const size_t n = sizeof(scheme) - 1;

	if (!a.p || a.len <= n ||
	    !http_span_is_nocase((struct http_span){a.p, n}, scheme))
		return false;
	token->p = a.p + n;
	token->len = a.len - n;
	return true;
}

/* What is tried again and again is not worth a fact each time: 60 at once, then one in
 * ten seconds, whoever it is. */
static void remember_refusal(struct house *h, enum factdata_reason reason)
{
	static const struct bucket_rule rule = {.per_second = 1, .burst = 600};
	const struct factdata d = {.reason = reason};

	if (!h->stopping && ledger_writable(h->ledger) &&
	    bucket_take(&h->refusals, &rule, clock_mono_ms(), 10))
		house_server_fact(h, FACT_TOKEN_REFUSED, &d);
}

static int by_key(struct caller *out, struct house *h, struct http_span token,
		  unsigned int scopes)
{
	const struct keyset_key *key;
	enum factdata_reason reason;
	int err = keyset_check(&key, &reason, h->keys, clock_wall_ms(), token.p, token.len,
			       scopes);

	if (err) {
		remember_refusal(h, reason);
		return err;
	}
	out->kind = CALLER_KEY;
	out->scopes = key->scopes;
	memcpy(out->key, key->id, sizeof(out->key));
	snprintf(out->actor, sizeof(out->actor), "key:%s", key->id);
	return 0;
}

int caller_with_key(struct caller *out, struct house *h, const struct http_request *rq,
		    unsigned int scopes)
{
	struct http_span token;

	memset(out, 0, sizeof(*out));
	return bearer(rq, &token) ? by_key(out, h, token, scopes) : ERR_UNAUTHORIZED;
}

int caller_of_meeting(struct caller *out, struct house *h, const struct http_request *rq,
		      const char *id, bool host, unsigned int scopes)
{
	struct http_span token;

	memset(out, 0, sizeof(*out));
	if (!bearer(rq, &token))
		return ERR_UNAUTHORIZED;
	/* one in sixteen million of the hosts' tokens begins like a key; none is as long */
	if (token.len != TOKEN_LEN && apikey_looks(token.p, token.len))
		return by_key(out, h, token, scopes);
	if (!host || !token_is_host(h->key, id, token.p, token.len))
		return ERR_NOT_FOUND;
	out->kind = CALLER_HOST;
	strcpy(out->actor, "host");
	return 0;
}

bool caller_still(const struct caller *c, const struct house *h)
{
	const struct keyset_key *key =
		keyset_find(h->keys, c->key, strlen(c->key));

	return key && !key->revoked_at && key->scopes == c->scopes;
}

void caller_refuse(struct http_request *rq, int err)
{
	reply_err(rq, err, err == ERR_UNAUTHORIZED ?
		  "Send an API key, or the host's token of the meeting, as "
		  "Authorization: Bearer." : NULL);
}
