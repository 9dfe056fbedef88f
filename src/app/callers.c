#include "app/callers.h"

#include <stdio.h>
#include <string.h>

#include "app/answer.h"
#include "app/entry.h"
#include "app/issuers.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/keyset.h"
#include "core/limits.h"
#include "proto/jwt.h"
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

/* What is tried again and again is not worth a fact each time: 1000 at once, then one a
 * second, whoever it is. */
void caller_remember_refusal(struct house *h, enum factdata_reason reason,
			     enum factdata_via via)
{
	static const struct bucket_rule rule = {.per_second = 1, .burst = 1000};
	const struct factdata d = {.reason = reason, .via = via};

	if (!h->stopping && ledger_writable(h->ledger) &&
	    bucket_take(&h->refusals, &rule, clock_mono_ms(), 1))
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
		caller_remember_refusal(h, reason, VIA_HTTP);
		return err;
	}
	out->kind = CALLER_KEY;
	out->scopes = key->scopes;
	memcpy(out->key, key->id, sizeof(out->key));
	snprintf(out->actor, sizeof(out->actor), "key:%s", key->id);
	return 0;
}

static int refused(struct house *h, int err, enum factdata_reason reason)
{
	caller_remember_refusal(h, reason, VIA_HTTP);
	return err;
}

static int judge_jwt(struct jwt_person *p, struct house *h, struct http_span token)
{
	enum factdata_reason reason;

	return issuers_judge(h->issuers, p, &reason, clock_wall_ms(), token.p, token.len)
		       ? refused(h, ERR_UNAUTHORIZED, reason)
		       : 0;
}

/* A host by another system's word. meeting: whose host; "*": of all. */
static int by_jwt(struct caller *out, struct house *h, struct http_span token,
		  const char *meeting)
{
	struct jwt_person p;
	int err = judge_jwt(&p, h, token);

	if (err)
		return err;
	if (!jwt_opens(&p, meeting))
		return refused(h, ERR_NOT_FOUND, REASON_MEETING);
	if (!p.host)
		return refused(h, ERR_FORBIDDEN, REASON_ROLE);
	out->kind = CALLER_TOKEN;
	snprintf(out->actor, sizeof(out->actor), "token:%s", p.by->name);
	return 0;
}

/* Where a good JWT is not enough, whatever it says. */
static int by_jwt_in_vain(struct house *h, struct http_span token)
{
	struct jwt_person p;
	int err = judge_jwt(&p, h, token);

	return err ? err : refused(h, ERR_FORBIDDEN, REASON_SCOPE);
}

/* What somebody of the staff may do, as a key of the same rights would. */
static unsigned int scopes_of(unsigned int roles)
{
	if (roles & ROLE_ADMIN)
		return APIKEY_AUDIT | APIKEY_CREATE | APIKEY_READ;
	return (roles & ROLE_HOST ? APIKEY_CREATE | APIKEY_READ : 0) |
	       (roles & ROLE_AUDIT ? APIKEY_AUDIT : 0);
}

static bool may(unsigned int roles, unsigned int scopes)
{
	return roles & ROLE_ADMIN ||
	       (roles & ROLE_HOST && scopes & CALLER_HOSTS) ||
	       (roles & ROLE_AUDIT && scopes & CALLER_AUDITORS);
}

static const struct staffset_person *person_of(const struct house *h,
					       const struct sessionset_session *s)
{
	const struct staffset_person *p =
		s ? staffset_find(h->staff, s->name, strlen(s->name)) : NULL;

	return p && !p->disabled ? p : NULL;
}

const struct sessionset_session *caller_session(struct house *h,
						const struct http_request *rq)
{
	const struct sessionset_session *s = NULL;
	uint8_t hash[SIGNIN_HASH_SIZE];

	if (!rq->head.field[HTTP_AUTHORIZATION].p && signin_cookie(hash, &rq->head) == 0)
		s = sessionset_use(h->sessions, hash, clock_wall_ms());
	return person_of(h, s) ? s : NULL;
}

static int by_session(struct caller *out, struct house *h, const struct http_request *rq,
		      unsigned int scopes)
{
	const struct sessionset_session *s = caller_session(h, rq);
	const struct staffset_person *p = person_of(h, s);

	if (!p)
		return ERR_UNAUTHORIZED;
	if (!may(p->roles, scopes))
		return ERR_FORBIDDEN;
	out->kind = CALLER_STAFF;
	out->scopes = scopes_of(p->roles);
	memcpy(out->session, s->hash, sizeof(out->session));
	snprintf(out->actor, sizeof(out->actor), "staff:%s", p->name);
	return 0;
}

int caller_to_create(struct caller *out, struct house *h, const struct http_request *rq)
{
	struct http_span token;
	int err;

	memset(out, 0, sizeof(*out));
	if (!bearer(rq, &token))
		return by_session(out, h, rq, APIKEY_CREATE | CALLER_HOSTS);
	if (!jwt_looks(token.p, token.len))
		return by_key(out, h, token, APIKEY_CREATE);
	err = by_jwt(out, h, token, "*");
	return err == ERR_NOT_FOUND ? ERR_FORBIDDEN : err;
}

int caller_with_key(struct caller *out, struct house *h, const struct http_request *rq,
		    unsigned int scopes)
{
	struct http_span token;

	memset(out, 0, sizeof(*out));
	if (!bearer(rq, &token))
		return by_session(out, h, rq, scopes);
	return jwt_looks(token.p, token.len) ? by_jwt_in_vain(h, token)
					     : by_key(out, h, token, scopes);
}

int caller_of_meeting(struct caller *out, struct house *h, const struct http_request *rq,
		      const char *id, bool host, unsigned int scopes)
{
	struct http_span token;
	struct entry entry;

	memset(out, 0, sizeof(*out));
	if (!bearer(rq, &token))
		return by_session(out, h, rq, scopes);
	/* one in sixteen million of the hosts' tokens begins like a key; none is as long */
	if (token.len != TOKEN_LEN && apikey_looks(token.p, token.len))
		return by_key(out, h, token, scopes);
	if (jwt_looks(token.p, token.len))
		return host ? by_jwt(out, h, token, id) : by_jwt_in_vain(h, token);
	if (!host || entry_judge(&entry, h, id, token.p, token.len) || !entry.host)
		return ERR_NOT_FOUND;
	if (entry.invitation[0] && scopes & CALLER_NOT_INVITED)
		return refused(h, ERR_FORBIDDEN, REASON_ROLE);
	out->kind = CALLER_HOST;
	if (entry.invitation[0])
		snprintf(out->actor, sizeof(out->actor), "invitation:%s",
			 entry.invitation);
	else
		strcpy(out->actor, "host");
	return 0;
}

bool caller_still(const struct caller *c, const struct house *h)
{
	const struct staffset_person *p;
	const struct keyset_key *key;

	if (c->kind == CALLER_STAFF) {
		p = person_of(h, sessionset_find(h->sessions, c->session, clock_wall_ms()));
		return p && scopes_of(p->roles) == c->scopes;
	}
	key = keyset_find(h->keys, c->key, strlen(c->key));
	return key && !key->revoked_at && key->scopes == c->scopes;
}

void caller_refuse(struct http_request *rq, int err)
{
	reply_err(rq, err, err == ERR_UNAUTHORIZED ?
		  "Sign in, or send an API key, the host's token of the meeting, or a "
		  "JWT that opens it, as Authorization: Bearer." : NULL);
}
