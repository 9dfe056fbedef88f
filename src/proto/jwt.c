#include "proto/jwt.h"

#include <assert.h>
#include <string.h>
#include <sys/types.h>

#include <jwt.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"
#include "proto/label.h"

#define MEMBERS_MAX 64		/* of an object */
#define DEPTH_MAX 8
#define AUDIENCES_MAX 16

/* A token taken apart, before anybody has proved it. */
struct reading {
	char text[JWT_LEN_MAX + 1];
	const char *signature;
	size_t signature_len;
	char head[JWT_LEN_MAX], claims[JWT_LEN_MAX];	/* JSON */
	struct json_member in_head[3], in_claims[MEMBERS_MAX];
	int head_count, claims_count;
	char algorithm[8];
	char key_id[JWTCONF_KEY_ID_MAX + 1];	/* "": none */
	char issuer[JWTCONF_CLAIM_MAX + 1];	/* "": none */
};

/* --- Its form ------------------------------------------------------------------- */

/* json_scan() has seen that no key of an object is there twice; here for all objects
 * within it. What one reader takes for the first and another for the last proves
 * nothing. */
static bool is_unambiguous(const struct json_member *m, int depth)
{
	struct json_member inner[MEMBERS_MAX];
	const char *at = NULL;
	int count, i;

	if (m->kind != JSON_KIND_OBJECT && m->kind != JSON_KIND_ARRAY)
		return true;
	if (depth == DEPTH_MAX)
		return false;
	if (m->kind == JSON_KIND_ARRAY) {
		while (json_item(&inner[0], m, &at)) {
			if (!is_unambiguous(&inner[0], depth + 1))
				return false;
		}
		return true;
	}
	count = json_scan(inner, MEMBERS_MAX, m->value, m->len);
	for (i = 0; i < count; i++) {
		if (!is_unambiguous(&inner[i], depth + 1))
			return false;
	}
	return count >= 0;
}

/* Decodes one segment into `json` and its members. Returns how many, or an error. */
static int read_segment(char *json, struct json_member *out, size_t cap, const char *s,
			size_t len)
{
	ssize_t bytes = b64_decode(json, JWT_LEN_MAX, s, len);
	int count = bytes < 0 ? (int)bytes : json_scan(out, cap, json, (size_t)bytes);
	int i;

	for (i = 0; i < count; i++) {
		if (!is_unambiguous(&out[i], 1))
			return ERR_MALFORMED;
	}
	return count;
}

/* A string of up to cap - 1 bytes; "" when it is absent. False for anything else. */
static bool read_text(const struct json_member *m, int count, const char *key, char *out,
		      size_t cap)
{
	const struct json_member *found = json_find(m, count, key);

	*out = '\0';
	return !found || json_get_string(found, out, cap) > 0;
}

static bool in_head(const struct reading *r, const char *key)
{
	return json_find(r->in_head, r->head_count, key) != NULL;
}

/* alg, and perhaps typ and kid; nothing else, so nothing that we would have to obey
 * ("crit") or fetch ("jku"). */
static bool read_head(struct reading *r)
{
	char type[8];

	return read_text(r->in_head, r->head_count, "alg", r->algorithm,
			 sizeof(r->algorithm)) &&
	       read_text(r->in_head, r->head_count, "typ", type, sizeof(type)) &&
	       read_text(r->in_head, r->head_count, "kid", r->key_id,
			 sizeof(r->key_id)) &&
	       in_head(r, "alg") && (!*type || strcmp(type, "JWT") == 0) &&
	       (!*r->key_id || jwtconf_is_key_id(r->key_id, strlen(r->key_id))) &&
	       in_head(r, "alg") + in_head(r, "typ") + in_head(r, "kid") ==
		       r->head_count;
}

/* head.claims.signature: takes them apart. len: at most JWT_LEN_MAX. */
static bool take_apart(struct reading *r, const char *token, size_t len)
{
	const char *first = memchr(token, '.', len), *second, *end = token + len;

	if (!first)
		return false;
	second = memchr(first + 1, '.', (size_t)(end - first - 1));
	if (!second)
		return false;
	memcpy(r->text, token, len);
	r->text[len] = '\0';
	r->signature = second + 1;
	r->signature_len = (size_t)(end - r->signature);
	r->head_count = read_segment(r->head, r->in_head, ARRAY_LEN(r->in_head), token,
				     (size_t)(first - token));
	r->claims_count = read_segment(r->claims, r->in_claims, MEMBERS_MAX, first + 1,
				       (size_t)(second - first - 1));
	return r->head_count > 0 && r->claims_count >= 0 && r->signature_len &&
	       b64_alphabet(r->signature, r->signature_len);
}

/* --- Its proof ------------------------------------------------------------------ */

static const jwt_alg_t library_names[] = {
	[JWT_HS256] = JWT_ALG_HS256,
	[JWT_RS256] = JWT_ALG_RS256,
	[JWT_ES256] = JWT_ALG_ES256,
};

/* As many bytes as the algorithm makes, spelled in the one way there is. */
static bool signature_fits(const struct reading *r, enum jwt_algorithm algorithm)
{
	uint8_t bytes[JWT_LEN_MAX];
	ssize_t len = b64_decode(bytes, sizeof(bytes), r->signature, r->signature_len);

	switch (algorithm) {
	case JWT_HS256:
		return len == 32;
	case JWT_ES256:
		return len == 64;
	case JWT_RS256:
		return len >= 256;
	}
	return false;
}

static bool signature_is_good(const struct reading *r, const struct jwt_key *key)
{
	const enum jwt_algorithm algorithm = key->conf->algorithm;
	jwt_t *jwt = NULL;
	bool good;

	/* without a key the library takes everything for good */
	assert(key->len >= (algorithm == JWT_HS256 ? JWT_SECRET_MIN : 1));
	if (!signature_fits(r, algorithm))
		return false;
	good = jwt_decode(&jwt, r->text, key->bytes, (int)key->len) == 0 &&
	       jwt_get_alg(jwt) == library_names[algorithm];
	jwt_free(jwt);
	return good;
}

/* Gives the key that proves it, or returns why the one that fitted best does not. */
static enum factdata_reason find_key(const struct jwtconf **out, const struct reading *r,
				     const struct jwt_key *keys, size_t count)
{
	static const enum factdata_reason failed[] = {
		REASON_KEY, REASON_ISSUER, REASON_ALGORITHM, REASON_SIGNATURE,
	};
	size_t best = 0, passed, i;

	for (i = 0; i < count; i++) {
		const struct jwtconf *c = keys[i].conf;

		passed = 0;
		if (!*r->key_id || strcmp(r->key_id, c->key_id) == 0)
			passed = 1;
		if (passed == 1 && strcmp(r->issuer, c->issuer) == 0)
			passed = 2;
		if (passed == 2 &&
		    strcmp(r->algorithm, jwtconf_algorithm_name(c->algorithm)) == 0)
			passed = 3;
		if (passed == 3 && signature_is_good(r, &keys[i])) {
			*out = c;
			return REASON_NONE;
		}
		if (passed > best)
			best = passed;
	}
	return failed[best];
}

/* --- What it says --------------------------------------------------------------- */

static const struct json_member *claim(const struct reading *r, const char *key)
{
	return json_find(r->in_claims, r->claims_count, key);
}

/* Returns REASON_NONE, as all judges, when there is nothing to say against it. */
static enum factdata_reason judge_audience(const struct reading *r, const char *audience)
{
	const struct json_member *m = claim(r, "aud");
	struct json_member item;
	const char *at = NULL;
	char text[JWTCONF_CLAIM_MAX + 1];
	bool found = false;
	int count = 0;

	if (!m)
		return *audience ? REASON_AUDIENCE : REASON_NONE;
	if (m->kind == JSON_KIND_STRING)
		return json_get_string(m, text, sizeof(text)) >= 0 && *audience &&
				       strcmp(text, audience) == 0
			       ? REASON_NONE
			       : REASON_AUDIENCE;
	while (json_item(&item, m, &at)) {
		if (item.kind != JSON_KIND_STRING || ++count > AUDIENCES_MAX)
			return REASON_AUDIENCE;
		found |= json_get_string(&item, text, sizeof(text)) >= 0 && *audience &&
			 strcmp(text, audience) == 0;
	}
	return found ? REASON_NONE : REASON_AUDIENCE;
}

/* False for what is no integer; `absent` where there is none. */
static bool read_seconds(const struct reading *r, const char *key, int64_t absent,
			 int64_t *out)
{
	const struct json_member *m = claim(r, key);

	*out = absent;
	return !m || json_get_int(m, out) == 0;
}

static enum factdata_reason judge_time(struct jwt_person *out, const struct reading *r,
				       int64_t now)
{
	int64_t made;

	if (!claim(r, "exp") || !read_seconds(r, "exp", 0, &out->expires_at) ||
	    !read_seconds(r, "nbf", 0, &out->not_before) ||
	    !read_seconds(r, "iat", 0, &made))
		return REASON_CLAIMS;
	if (out->expires_at <= now - JWT_LEEWAY_S)
		return REASON_EXPIRED;
	if (out->expires_at > now + JWT_LIFE_S + JWT_LEEWAY_S)
		return REASON_LIFETIME;
	if (out->not_before > now + JWT_LEEWAY_S || made > now + JWT_LEEWAY_S)
		return REASON_NOT_YET;
	return REASON_NONE;
}

/* Who it is: what a person could read, letter by letter. */
static bool read_person(const struct json_member *m, char out[4 * JWT_PERSON_MAX + 1])
{
	ssize_t len = json_get_string(m, out, 4 * JWT_PERSON_MAX + 1);

	return len > 0 && label_clean(out, (size_t)len, JWT_PERSON_MAX) == len;
}

static bool read_name(const struct json_member *m, char out[4 * SIGMSG_NAME_MAX + 1])
{
	ssize_t len = json_get_string(m, out, 4 * SIGMSG_NAME_MAX + 1);

	return len == 0 ||
	       (len > 0 && label_clean(out, (size_t)len, SIGMSG_NAME_MAX) > 0);
}

static bool read_meeting(const struct json_member *m, char out[JWT_MEETING_LEN + 1])
{
	return m && json_get_string(m, out, JWT_MEETING_LEN + 1) == JWT_MEETING_LEN &&
	       b64_alphabet(out, JWT_MEETING_LEN);
}

static bool is_text(const struct json_member *m, const char *text)
{
	char value[16];

	return m && json_get_string(m, value, sizeof(value)) >= 0 &&
	       strcmp(value, text) == 0;
}

/* `moderator`: true or false, or the same as text, as some libraries write it. */
static bool read_moderator(const struct json_member *m, bool *out)
{
	*out = m && (m->kind == JSON_KIND_TRUE || is_text(m, "true"));
	return *out || !m || m->kind == JSON_KIND_FALSE || is_text(m, "false");
}

/* Native and Jitsi: room, sub, context.user.{id,name,moderator}. */
static enum factdata_reason judge_jitsi(struct jwt_person *out, const struct reading *r)
{
	struct json_member in_context[MEMBERS_MAX], in_user[MEMBERS_MAX];
	const struct json_member *context = claim(r, "context"), *user = NULL, *m;
	int count = 0;

	if (context) {
		count = json_scan(in_context, MEMBERS_MAX, context->value, context->len);
		user = json_find(in_context, count, "user");
	}
	if (user && count >= 0)
		count = json_scan(in_user, MEMBERS_MAX, user->value, user->len);
	else
		user = NULL;
	if (count < 0)
		return REASON_CLAIMS;
	m = user ? json_find(in_user, count, "id") : NULL;
	if (m && !read_person(m, out->person))
		return REASON_CLAIMS;
	m = user ? json_find(in_user, count, "name") : NULL;
	if (m && !read_name(m, out->name))
		return REASON_CLAIMS;
	if (!read_moderator(user ? json_find(in_user, count, "moderator") : NULL,
			    &out->host))
		return REASON_ROLE;
	if (is_text(claim(r, "room"), "*")) {
		strcpy(out->meeting, "*");
		return out->host ? REASON_NONE : REASON_ROLE;
	}
	return read_meeting(claim(r, "room"), out->meeting) ? REASON_NONE
							    : REASON_MEETING;
}

/* CarePulse: sessionId, role, sub. */
static enum factdata_reason judge_carepulse(struct jwt_person *out,
					    const struct reading *r)
{
	const struct json_member *role = claim(r, "role");

	out->host = is_text(role, "doctor");
	if (!out->host && !is_text(role, "patient"))
		return REASON_ROLE;
	return read_meeting(claim(r, "sessionId"), out->meeting) ? REASON_NONE
								 : REASON_MEETING;
}

static enum factdata_reason judge_claims(struct jwt_person *out, const struct reading *r,
					 const struct jwtconf *conf, int64_t now)
{
	const struct json_member *sub = claim(r, "sub");
	enum factdata_reason reason = judge_audience(r, conf->audience);

	if (!reason)
		reason = judge_time(out, r, now);
	if (!reason && (!sub || !read_person(sub, out->person)))
		reason = REASON_CLAIMS;
	if (!reason)
		reason = conf->dialect == JWT_CAREPULSE ? judge_carepulse(out, r)
							: judge_jitsi(out, r);
	return reason;
}

/* --- All of it ------------------------------------------------------------------ */

bool jwt_looks(const char *token, size_t len)
{
	return memchr(token, '.', len) != NULL;
}

bool jwt_opens(const struct jwt_person *p, const char *meeting)
{
	return strcmp(p->meeting, "*") == 0 || strcmp(p->meeting, meeting) == 0;
}

static enum factdata_reason judge(struct jwt_person *out, struct reading *r,
				  const struct jwt_key *keys, size_t count, int64_t now,
				  const char *token, size_t len)
{
	enum factdata_reason reason;

	if (len > JWT_LEN_MAX)
		return REASON_TOO_LONG;
	if (!take_apart(r, token, len) || !read_head(r))
		return REASON_MALFORMED;
	if (!read_text(r->in_claims, r->claims_count, "iss", r->issuer, sizeof(r->issuer)))
		return REASON_ISSUER;
	reason = find_key(&out->by, r, keys, count);
	return reason ? reason : judge_claims(out, r, out->by, now);
}

int jwt_judge(struct jwt_person *out, enum factdata_reason *reason,
	      const struct jwt_key *keys, size_t count, int64_t now,
	      const char *token, size_t len)
{
	struct jwt_person person = {.by = NULL};
	struct reading r;

	*reason = judge(&person, &r, keys, count, now, token, len);
	mem_wipe(&r, sizeof(r));
	if (*reason)
		return ERR_UNAUTHORIZED;
	*out = person;
	return 0;
}
