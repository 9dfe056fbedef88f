#include "proto/apimsg.h"

#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"
#include "proto/label.h"

#define TEN_YEARS_MS (3653 * 86400000LL)

/* Each reader of a member gives NULL, or the sentence about what is wrong. */
typedef const char *read_fn(struct meeting_plan *out, const json_t *v);

/* Copies a string that json_t holds, when it fits; the length or -1. */
static ssize_t copy(char *out, size_t cap, const json_t *v)
{
	size_t len = json_string_length(v);

	if (!json_is_string(v) || len >= cap)
		return -1;
	memcpy(out, json_string_value(v), len + 1);
	return (ssize_t)len;
}

static const char *read_title(struct meeting_plan *out, const json_t *v)
{
	ssize_t len = copy(out->title, sizeof(out->title), v);

	return len < 0 || label_clean(out->title, (size_t)len, PLAN_TITLE_MAX) < 0 ?
		"must be 1 to 200 characters without control characters" : NULL;
}

static const char *read_host_name(struct meeting_plan *out, const json_t *v)
{
	ssize_t len = copy(out->host_name, sizeof(out->host_name), v);

	return len < 0 || label_clean(out->host_name, (size_t)len,
				      PLAN_HOST_NAME_MAX) < 0 ?
		"must be 1 to 80 characters without control characters" : NULL;
}

static const char *read_kind(struct meeting_plan *out, const json_t *v)
{
	const char *s = json_string_value(v);

	return !s || plan_kind_of(&out->kind, s, json_string_length(v)) ?
		"must be consultation, therapy, class or other" : NULL;
}

static const char *read_starts_at(struct meeting_plan *out, const json_t *v)
{
	const char *s = json_string_value(v);

	return !s || clock_rfc3339_parse(&out->starts_at, s, json_string_length(v)) ?
		"must be a time as in 2026-11-20T09:30:00Z" : NULL;
}

static const char *read_minutes(struct meeting_plan *out, const json_t *v)
{
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v) || n < PLAN_MINUTES_MIN || n > PLAN_MINUTES_MAX)
		return "must be a whole number from 5 to 1440";
	out->minutes = (uint32_t)n;
	return NULL;
}

static const char *read_capacity(struct meeting_plan *out, const json_t *v)
{
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v) || n < PLAN_CAPACITY_MIN || n > PLAN_CAPACITY_MAX)
		return "must be a whole number from 2 to 8";
	out->capacity = (uint8_t)n;
	return NULL;
}

static const char *read_waiting_room(struct meeting_plan *out, const json_t *v)
{
	out->waiting_room = json_is_true(v);
	return json_is_boolean(v) ? NULL : "must be true or false";
}

static const char *read_relay_only(struct meeting_plan *out, const json_t *v)
{
	out->relay_only = json_is_true(v);
	return json_is_boolean(v) ? NULL : "must be true or false";
}

static const char *read_locale(struct meeting_plan *out, const json_t *v)
{
	ssize_t len = copy(out->locale, sizeof(out->locale), v);

	return len < 0 || !plan_locale_ok(out->locale, (size_t)len) ?
		"must be a language tag such as de or pt-BR" : NULL;
}

static const struct {
	const char *name;
	unsigned int member;		/* CHANGE_* */
	read_fn *read;
} members[] = {
	{"title", CHANGE_TITLE, read_title},
	{"kind", CHANGE_KIND, read_kind},
	{"startsAt", CHANGE_STARTS_AT, read_starts_at},
	{"durationMinutes", CHANGE_MINUTES, read_minutes},
	{"capacity", CHANGE_CAPACITY, read_capacity},
	{"waitingRoom", CHANGE_WAITING_ROOM, read_waiting_room},
	{"relayOnly", CHANGE_RELAY_ONLY, read_relay_only},
	{"hostName", CHANGE_HOST_NAME, read_host_name},
	{"locale", CHANGE_LOCALE, read_locale},
};

/* The members that may be none. */
#define MAY_BE_NONE (CHANGE_TITLE | CHANGE_HOST_NAME | CHANGE_LOCALE)

static void read_member(struct meeting_change *out, struct problem_fields *fields,
			const char *key, const json_t *v, unsigned int may_be_null)
{
	const char *detail = "is not a member this version knows";
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++) {
		if (strcmp(members[i].name, key) != 0)
			continue;
		out->has |= members[i].member;
		detail = json_is_null(v) && members[i].member & may_be_null ? NULL :
			 members[i].read(&out->to, v);
	}
	if (detail)
		problem_add(fields, key, detail);
}

/* What is null stays as it was in `out`. */
static void read_members(struct meeting_change *out, struct problem_fields *fields,
			 json_t *root, unsigned int may_be_null)
{
	const char *key;
	json_t *v;

	json_object_foreach(root, key, v)
		read_member(out, fields, key, v, may_be_null);
}

static void check_time(const struct meeting_plan *p, struct problem_fields *fields,
		       int64_t now_ms, const char *field)
{
	if (p->starts_at > now_ms + TEN_YEARS_MS)
		problem_add(fields, field, "is more than ten years ahead");
	if (p->starts_at + p->minutes * 60000LL <= now_ms)
		problem_add(fields, field, "is such that the meeting would be over");
}

/*
 * jansson recurses for 2048 levels; ours are JSON_DEPTH_MAX, and the scan is also what
 * keeps the sentence "one JSON object" the same on both ways into the server.
 */
static bool is_object(const char *body, size_t len)
{
	struct json_member m[64];

	return json_scan(m, ARRAY_LEN(m), body, len) >= 0;
}

/* Gives the body as a tree; none for an empty one. */
static int load(json_t **out, const char *body, size_t len)
{
	*out = NULL;
	if (!len)
		return 0;
	if (len > APIMSG_BODY_MAX)
		return ERR_TOO_BIG;
	if (!is_object(body, len))
		return ERR_MALFORMED;
	*out = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	return *out ? 0 : ERR_MALFORMED;
}

static void read_plan(struct meeting_plan *out, struct problem_fields *fields,
		      int64_t now_ms, json_t *root)
{
	const json_t *start = json_object_get(root, "startsAt");
	struct meeting_change wish = {.has = 0};

	plan_init(&wish.to);
	wish.to.starts_at = now_ms;
	wish.to.capacity = 0;
	read_members(&wish, fields, root, ~0U);
	if (!wish.to.capacity)
		wish.to.capacity = plan_kind_capacity(wish.to.kind);
	check_time(&wish.to, fields, now_ms, "startsAt");
	if (!start || json_is_null(start))
		wish.to.starts_at = 0;
	*out = wish.to;
}

int apimsg_plan_decode(struct meeting_plan *out, struct problem_fields *fields,
		       int64_t now_ms, const char *body, size_t len)
{
	json_t *root;
	int err = load(&root, body, len);

	fields->count = 0;
	if (err)
		return err;
	read_plan(out, fields, now_ms, root);
	json_decref(root);
	return fields->count ? ERR_RANGE : 0;
}

int apimsg_change_decode(struct meeting_change *out, struct problem_fields *fields,
			 int64_t now_ms, const struct meeting_plan *is,
			 const char *body, size_t len)
{
	struct meeting_plan then = *is;
	json_t *root;
	int err = load(&root, body, len);

	fields->count = 0;
	out->has = 0;
	plan_init(&out->to);
	if (err)
		return err;
	read_members(out, fields, root, MAY_BE_NONE);
	json_decref(root);
	if (fields->count)
		return ERR_RANGE;
	plan_narrow(out, is);
	plan_change(&then, out);
	if (out->has & (CHANGE_STARTS_AT | CHANGE_MINUTES))
		check_time(&then, fields, now_ms, out->has & CHANGE_STARTS_AT ?
			   "startsAt" : "durationMinutes");
	return fields->count ? ERR_RANGE : 0;
}

static void put_text_or_null(struct json_writer *w, const char *key, const char *s)
{
	if (*s)
		json_put_text(w, key, s);
	else
		json_put_null(w, key);
}

/* <base>/join/<id>, and the host's token in the fragment, where no log finds it. */
static void put_url(struct json_writer *w, const char *key,
		    const struct apimsg_meeting *m, const char *token)
{
	struct buf url = BUF_INIT;

	buf_printf(&url, "%s/join/%s", m->base_url, m->id);
	if (token)
		buf_printf(&url, "#token=%s", token);
	json_put_string(w, key, url.p, url.len);
	if (token)
		mem_wipe(url.p, url.len);
	buf_fini(&url);
}

void apimsg_put_meeting(struct buf *b, const struct apimsg_meeting *m)
{
	struct json_writer w;

	json_put_init(&w, b);
	json_put_object(&w, NULL);
	json_put_text(&w, "meetingId", m->id);
	put_text_or_null(&w, "title", m->plan->title);
	json_put_text(&w, "kind", plan_kind_name(m->plan->kind));
	json_put_text(&w, "status", m->status);
	json_put_time(&w, "startsAt", m->plan->starts_at);
	json_put_int(&w, "durationMinutes", m->plan->minutes);
	json_put_int(&w, "capacity", m->plan->capacity);
	json_put_bool(&w, "waitingRoom", m->plan->waiting_room);
	json_put_bool(&w, "relayOnly", m->plan->relay_only);
	put_text_or_null(&w, "hostName", m->plan->host_name);
	json_put_text(&w, "practice", m->practice);
	put_text_or_null(&w, "locale", m->plan->locale);
	json_put_time(&w, "createdAt", m->created_at);
	put_url(&w, "joinUrl", m, NULL);
	if (m->counts) {
		json_put_int(&w, "participants", m->participants);
		json_put_int(&w, "waiting", m->waiting);
	}
	if (m->host_token)
		put_url(&w, "hostUrl", m, m->host_token);
	json_put_end(&w);
}
