#include "proto/invitemsg.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"

#define TEN_YEARS_MS (3653 * INT64_C(86400000))
#define MEMBERS_MAX 64

/* Each reader of a member gives NULL, or the sentence about what is wrong. */

static const char *read_role(struct invitation_wish *out, const struct json_member *m)
{
	char word[8];

	if (json_get_string(m, word, sizeof(word)) < 0 ||
	    (strcmp(word, "guest") != 0 && strcmp(word, "host") != 0))
		return "must be guest or host";
	out->host = strcmp(word, "host") == 0;
	return NULL;
}

static const char *read_expires_at(struct invitation_wish *out,
				   const struct json_member *m, int64_t now_ms)
{
	char text[64];
	ssize_t len = json_get_string(m, text, sizeof(text));

	if (len < 0 || clock_rfc3339_parse(&out->expires_at, text, (size_t)len))
		return "must be a time as in 2026-11-20T09:30:00Z";
	if (out->expires_at <= now_ms)
		return "has passed already";
	return out->expires_at > now_ms + TEN_YEARS_MS ?
		"is more than ten years ahead" : NULL;
}

static const char *read_opens_before(struct invitation_wish *out,
				     const struct json_member *m)
{
	int64_t minutes;

	if (json_get_int(m, &minutes) || minutes < 0 || minutes > INVITATION_OPENS_MAX)
		return "must be a whole number from 0 to 10080";
	out->opens_before = (uint32_t)minutes;
	return NULL;
}

_Static_assert(INVITATION_OPENS_MAX == 10080, "the sentence above says 10080");

static void refuse(struct problem_fields *fields, const struct json_member *m,
		   const char *detail)
{
	char key[2 * PROBLEM_FIELD_SIZE];	/* problem_add() cuts it rightly */
	size_t len = m->key_len < sizeof(key) ? m->key_len : sizeof(key) - 1;

	memcpy(key, m->key, len);
	key[len] = '\0';
	problem_add(fields, key, detail);
}

int invitemsg_decode(struct invitation_wish *out, struct problem_fields *fields,
		     int64_t now_ms, const char *body, size_t len)
{
	struct json_member m[MEMBERS_MAX];
	int i, count = len ? json_scan(m, MEMBERS_MAX, body, len) : 0;

	fields->count = 0;
	*out = (struct invitation_wish){.opens_before = INVITATION_OPENS_DEFAULT};
	if (count < 0)
		return ERR_MALFORMED;
	for (i = 0; i < count; i++) {
		const bool none = m[i].kind == JSON_KIND_NULL;
		const char *detail = NULL;

		if (json_find(&m[i], 1, "role"))
			detail = none ? NULL : read_role(out, &m[i]);
		else if (json_find(&m[i], 1, "expiresAt"))
			detail = none ? NULL : read_expires_at(out, &m[i], now_ms);
		else if (json_find(&m[i], 1, "opensBefore"))
			detail = none ? NULL : read_opens_before(out, &m[i]);
		else
			detail = "is not a member this version knows";
		if (detail)
			refuse(fields, &m[i], detail);
	}
	return fields->count ? ERR_RANGE : 0;
}

static void put_time_or_null(struct json_writer *w, const char *key, int64_t wall_ms)
{
	if (wall_ms)
		json_put_time(w, key, wall_ms);
	else
		json_put_null(w, key);
}

/* The token stands in the fragment, where no log finds it. */
static void put_join_url(struct json_writer *w, const struct invitemsg *inv)
{
	struct buf url = BUF_INIT;

	buf_printf(&url, "%s/join/%s#token=%s", inv->base_url, inv->meeting, inv->token);
	json_put_string(w, "joinUrl", url.p, url.len);
	mem_wipe(url.p, url.len);
	buf_fini(&url);
}

void invitemsg_put(struct buf *b, const struct invitemsg *inv)
{
	struct json_writer w;

	json_put_init(&w, b);
	json_put_object(&w, NULL);
	json_put_text(&w, "invitationId", inv->id);
	json_put_text(&w, "role", inv->host ? "host" : "guest");
	put_time_or_null(&w, "opensAt", inv->opens_at);
	json_put_time(&w, "expiresAt", inv->expires_at);
	if (inv->token) {
		json_put_text(&w, "token", inv->token);
		put_join_url(&w, inv);
	} else {
		put_time_or_null(&w, "revokedAt", inv->revoked_at);
		put_time_or_null(&w, "usedAt", inv->used_at);
	}
	json_put_end(&w);
}
