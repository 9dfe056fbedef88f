#include "proto/sigmsg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"
#include "proto/label.h"

#define MEMBERS_MAX 64

static const char *const types[] = {
	NULL,
#define X(symbol, name) name,
	SIGMSG_TYPES(X)
#undef X
};

static const char *const events[] = {
#define X(symbol, name) name,
	SIGMSG_EVENTS(X)
#undef X
};

static const char *const paths[] = {
	NULL,
#define X(symbol, name) name,
	SIGMSG_PATHS(X)
#undef X
};

static const char *const errors[] = {
#define X(symbol, code) code,
	SIGMSG_ERRORS(X)
#undef X
};

/* The index of the word in the table, or -1. */
static int index_of(const char *const *table, size_t count, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (table[i] && strlen(table[i]) == len && memcmp(table[i], s, len) == 0)
			return (int)i;
	return -1;
}

const char *sigmsg_type_name(enum sigmsg_type type)
{
	return types[type];
}

const char *sigmsg_path_name(enum sigmsg_path path)
{
	return paths[path];
}

enum sigmsg_path sigmsg_path_of(const char *name, size_t len)
{
	int i = index_of(paths, ARRAY_LEN(paths), name, len);

	return i < 0 ? SIGMSG_NO_PATH : (enum sigmsg_path)i;
}

/* The members of the message that is being read. */
struct reading {
	struct json_member member[MEMBERS_MAX];
	int count;
};

/* The member, or NULL where it is absent or null. */
static const struct json_member *get(const struct reading *r, const char *key)
{
	const struct json_member *m = json_find(r->member, r->count, key);

	return m && m->kind != JSON_KIND_NULL ? m : NULL;
}

/* Each reader of a member gives NULL, or the sentence about what is wrong. */

static const char *read_id(struct sigmsg *out, const struct reading *r, const char *key)
{
	const struct json_member *m = get(r, key);
	ssize_t len;

	out->id[0] = '\0';
	if (!m || m->kind != JSON_KIND_STRING)
		return "an id is missing";
	len = json_get_string(m, out->id, sizeof(out->id));
	if (len != SIGMSG_ID_LEN || !b64_alphabet(out->id, SIGMSG_ID_LEN))
		out->id[0] = '\0';
	return NULL;
}

/* Exactly one of the plain member and `sealed`. */
static const char *read_label(struct sigmsg *out, const struct reading *r,
			      const char *plain, size_t plain_max, size_t sealed_max)
{
	const struct json_member *m = get(r, plain), *sealed = get(r, "sealed");
	ssize_t len;

	if (!m == !sealed)
		return "exactly one of the plain text and sealed is needed";
	out->sealed = sealed != NULL;
	if (sealed) {
		len = json_get_string(sealed, out->text, sealed_max + 1);
		if (len <= 0 || !b64_alphabet(out->text, (size_t)len))
			return "sealed is not base64url or too long";
	} else {
		/* as much as there is place for: white space is trimmed */
		len = json_get_string(m, out->text, sizeof(out->text));
		if (len > 0)
			len = label_clean(out->text, (size_t)len, plain_max);
		if (len <= 0)
			return "the text is empty, too long, or has control characters";
	}
	out->text_len = (size_t)len;
	return NULL;
}

static const char *read_join(struct sigmsg *out, const struct reading *r)
{
	const struct json_member *token = get(r, "token"), *resume = get(r, "resume");
	ssize_t len;

	out->token_len = 0;
	out->token[0] = out->resume[0] = '\0';
	if (token) {
		len = json_get_string(token, out->token, SIGMSG_TOKEN_MAX + 1);
		if (len == ERR_NO_SPACE) {
			/* it opens nothing; who judges tokens has an answer to that */
			len = SIGMSG_TOKEN_MAX + 1;
			memcpy(out->token, token->value + 1, (size_t)len);
			out->token[len] = '\0';
		}
		if (len < 0)
			return "token is not a string";
		out->token_len = (size_t)len;
	}
	if (resume) {
		if (resume->kind != JSON_KIND_STRING)
			return "resume is not a string";
		len = json_get_string(resume, out->resume, sizeof(out->resume));
		if (len < 0)
			out->resume[0] = '\0';
	}
	return read_label(out, r, "name", SIGMSG_NAME_MAX, SIGMSG_SEALED_MAX);
}

static const char *read_signal(struct sigmsg *out, const struct reading *r)
{
	/* null is data, too */
	const struct json_member *m = json_find(r->member, r->count, "data");

	if (!m)
		return "data is missing";
	out->raw = m->value;
	out->raw_len = m->len;
	return read_id(out, r, "to");
}

static const char *read_media(struct sigmsg *out, const struct reading *r)
{
	static const char *const keys[] = {"audio", "video", "screen", "hand"};
	bool *const flags[] = {&out->media.audio, &out->media.video,
			       &out->media.screen, &out->media.hand};
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		const struct json_member *m = get(r, keys[i]);

		if (!m || json_get_bool(m, flags[i]))
			return "audio, video, screen and hand must be true or false";
	}
	return NULL;
}

static int by_key(const void *a, const void *b)
{
	const struct json_member *x = a, *y = b;
	size_t len = x->key_len < y->key_len ? x->key_len : y->key_len;
	int order = memcmp(x->key, y->key, len);

	return order ? order : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

static bool plain_key(const struct json_member *m)
{
	size_t i;

	for (i = 0; i < m->key_len; i++) {
		char c = m->key[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return m->key_len > 0 && m->key_len <= 40;
}

/*
 * Numbers and booleans under plain keys, sorted: there is no way to write an address
 * or a word into the log through this.
 */
static const char *read_stats(struct sigmsg *out, const struct json_member *m)
{
	struct json_member stat[MEMBERS_MAX];
	char *p = out->stats;
	int count, i;

	if (m->kind != JSON_KIND_OBJECT || m->len > SIGMSG_STATS_MAX)
		return "stats is not an object or too big";
	count = json_scan(stat, ARRAY_LEN(stat), m->value, m->len);
	if (count < 0)
		return "stats has too many members, or one twice";
	if (count)
		qsort(stat, (size_t)count, sizeof(*stat), by_key);
	*p++ = '{';
	for (i = 0; i < count; i++) {
		bool number = stat[i].kind == JSON_KIND_NUMBER && stat[i].len <= 24;
		bool flag = stat[i].kind == JSON_KIND_TRUE ||
			    stat[i].kind == JSON_KIND_FALSE;

		if (!plain_key(&stat[i]) || (!number && !flag))
			return "stats may hold numbers and booleans under plain names";
		if (i)
			*p++ = ',';
		*p++ = '"';
		memcpy(p, stat[i].key, stat[i].key_len);
		p += stat[i].key_len;
		*p++ = '"';
		*p++ = ':';
		memcpy(p, stat[i].value, stat[i].len);
		p += stat[i].len;
	}
	*p++ = '}';
	*p = '\0';
	out->stats_len = (size_t)(p - out->stats);
	return NULL;
}

static const char *read_report(struct sigmsg *out, const struct reading *r)
{
	const struct json_member *event = get(r, "event"), *path = get(r, "path");
	const struct json_member *stats = get(r, "stats");
	char word[16];
	ssize_t len;
	int i;

	out->path = SIGMSG_NO_PATH;
	out->stats_len = 0;
	len = event ? json_get_string(event, word, sizeof(word)) : ERR_RANGE;
	i = len < 0 ? -1 : index_of(events, ARRAY_LEN(events), word, (size_t)len);
	if (i < 0)
		return "event is missing or unknown";
	out->event = (enum sigmsg_event)i;
	if (path) {
		len = json_get_string(path, word, sizeof(word));
		if (len >= 0)
			out->path = sigmsg_path_of(word, (size_t)len);
		if (out->path == SIGMSG_NO_PATH)
			return "path is unknown";
	}
	if (stats) {
		const char *detail = read_stats(out, stats);

		if (detail)
			return detail;
	}
	return read_id(out, r, "peer");
}

static const char *read_test(struct sigmsg *out, const struct reading *r)
{
	const struct json_member *m = get(r, "result");

	if (!m || m->kind != JSON_KIND_OBJECT || m->len > SIGMSG_RESULT_MAX)
		return "result is not an object or too big";
	out->raw = m->value;
	out->raw_len = m->len;
	return NULL;
}

static const char *read_note(struct sigmsg *out, const struct reading *r)
{
	const char *detail = read_id(out, r, "to");

	return detail ? detail : read_label(out, r, "text", SIGMSG_NOTE_MAX,
					    SIGMSG_NOTE_SEALED_MAX);
}

static const char *read_lock(struct sigmsg *out, const struct reading *r)
{
	const struct json_member *m = get(r, "on");

	return !m || json_get_bool(m, &out->on) ? "on must be true or false" : NULL;
}

static const char *read_type(struct sigmsg *out, const struct reading *r)
{
	switch (out->type) {
	case SIGMSG_JOIN:
		return read_join(out, r);
	case SIGMSG_SIGNAL:
		return read_signal(out, r);
	case SIGMSG_MEDIA:
		return read_media(out, r);
	case SIGMSG_REPORT:
		return read_report(out, r);
	case SIGMSG_TEST:
		return read_test(out, r);
	case SIGMSG_ADMIT:
	case SIGMSG_DENY:
	case SIGMSG_REMOVE:
		return read_id(out, r, "id");
	case SIGMSG_NOTE:
		return read_note(out, r);
	case SIGMSG_LOCK:
		return read_lock(out, r);
	case SIGMSG_ICE:
	case SIGMSG_END:
	case SIGMSG_LEAVE:
	case SIGMSG_NONE:
	case SIGMSG_TYPE_COUNT:
		break;
	}
	return NULL;
}

int sigmsg_decode(struct sigmsg *out, const char *text, size_t len)
{
	const struct json_member *m;
	struct reading r;
	char word[16];
	ssize_t word_len;
	int i;

	out->type = SIGMSG_NONE;
	out->detail = NULL;
	r.count = json_scan(r.member, MEMBERS_MAX, text, len);
	if (r.count < 0)
		return ERR_MALFORMED;
	m = json_find(r.member, r.count, "type");
	if (!m || m->kind != JSON_KIND_STRING) {
		out->detail = "type is missing";
		return ERR_RANGE;
	}
	word_len = json_get_string(m, word, sizeof(word));
	i = word_len < 0 ? -1 : index_of(types, ARRAY_LEN(types), word, (size_t)word_len);
	if (i < 0)
		return ERR_UNKNOWN;
	out->type = (enum sigmsg_type)i;
	out->detail = read_type(out, &r);
	return out->detail ? ERR_RANGE : 0;
}

/* The writers. */

static void begin(struct json_writer *w, struct buf *b, const char *type)
{
	json_put_init(w, b);
	json_put_object(w, NULL);
	json_put_text(w, "type", type);
}

static void put_role(struct json_writer *w, bool host)
{
	json_put_text(w, "role", host ? "host" : "guest");
}

static void put_label(struct json_writer *w, const char *plain,
		      const struct sigmsg_label *l)
{
	if (l->text)
		json_put_string(w, l->sealed ? "sealed" : plain, l->text, l->len);
}

static void put_media(struct json_writer *w, const struct sigmsg_media *m)
{
	json_put_bool(w, "audio", m->audio);
	json_put_bool(w, "video", m->video);
	json_put_bool(w, "screen", m->screen);
	json_put_bool(w, "hand", m->hand);
}

/* A message that is a type and an id. */
static void put_id(struct buf *b, const char *type, const char *id)
{
	struct json_writer w;

	begin(&w, b, type);
	json_put_text(&w, "id", id);
	json_put_end(&w);
}

void sigmsg_put_waiting(struct buf *b, const char *id, const char *resume,
			int position, const char *meeting, size_t meeting_len,
			const char *ice)
{
	struct json_writer w;

	begin(&w, b, "waiting");
	json_put_text(&w, "id", id);
	json_put_text(&w, "resume", resume);
	json_put_int(&w, "position", position);
	json_put_raw(&w, "meeting", meeting, meeting_len);
	json_put_raw(&w, "iceServers", ice, strlen(ice));
	json_put_end(&w);
}

void sigmsg_put_welcome(struct buf *b, const struct sigmsg_welcome *m)
{
	struct json_writer w;
	size_t i;

	begin(&w, b, "welcome");
	json_put_text(&w, "id", m->id);
	json_put_text(&w, "resume", m->resume);
	put_role(&w, m->host);
	json_put_raw(&w, "meeting", m->meeting, m->meeting_len);
	json_put_array(&w, "participants");
	for (i = 0; i < m->count; i++) {
		const struct sigmsg_person *p = &m->person[i];

		json_put_object(&w, NULL);
		json_put_text(&w, "id", p->id);
		put_role(&w, p->host);
		put_label(&w, "name", &p->label);
		json_put_object(&w, "media");
		put_media(&w, &p->media);
		json_put_end(&w);
		if (p->away)
			json_put_bool(&w, "away", true);
		json_put_end(&w);
	}
	json_put_end(&w);
	json_put_raw(&w, "iceServers", m->ice, strlen(m->ice));
	json_put_time(&w, "iceExpiresAt", m->ice_expires_at);
	json_put_end(&w);
}

void sigmsg_put_knock(struct buf *b, const char *id, const struct sigmsg_label *l)
{
	struct json_writer w;

	begin(&w, b, "knock");
	json_put_text(&w, "id", id);
	put_label(&w, "name", l);
	json_put_end(&w);
}

void sigmsg_put_knock_gone(struct buf *b, const char *id)
{
	put_id(b, "knock-gone", id);
}

void sigmsg_put_knock_test(struct buf *b, const char *id, const char *result,
			   size_t len)
{
	struct json_writer w;

	begin(&w, b, "knock-test");
	json_put_text(&w, "id", id);
	json_put_raw(&w, "result", result, len);
	json_put_end(&w);
}

void sigmsg_put_joined(struct buf *b, const char *id, bool host,
		       const struct sigmsg_label *l)
{
	struct json_writer w;

	begin(&w, b, "participant-joined");
	json_put_text(&w, "id", id);
	put_role(&w, host);
	put_label(&w, "name", l);
	json_put_end(&w);
}

void sigmsg_put_away(struct buf *b, const char *id)
{
	put_id(b, "participant-away", id);
}

void sigmsg_put_back(struct buf *b, const char *id, const struct sigmsg_label *l)
{
	struct json_writer w;

	begin(&w, b, "participant-back");
	json_put_text(&w, "id", id);
	put_label(&w, "name", l);
	json_put_end(&w);
}

void sigmsg_put_left(struct buf *b, const char *id, const char *reason)
{
	struct json_writer w;

	begin(&w, b, "participant-left");
	json_put_text(&w, "id", id);
	json_put_text(&w, "reason", reason);
	json_put_end(&w);
}

void sigmsg_put_signal(struct buf *b, const char *from, const char *data, size_t len)
{
	buf_reserve(b, len + 64);
	buf_puts(b, "{\"type\":\"signal\",\"from\":\"");
	buf_puts(b, from);
	buf_puts(b, "\",\"data\":");
	buf_put(b, data, len);
	buf_putc(b, '}');
}

void sigmsg_put_media(struct buf *b, const char *id, const struct sigmsg_media *m)
{
	struct json_writer w;

	begin(&w, b, "media");
	json_put_text(&w, "id", id);
	put_media(&w, m);
	json_put_end(&w);
}

void sigmsg_put_ice(struct buf *b, const char *ice, int64_t ice_expires_at)
{
	struct json_writer w;

	begin(&w, b, "ice");
	json_put_raw(&w, "iceServers", ice, strlen(ice));
	json_put_time(&w, "iceExpiresAt", ice_expires_at);
	json_put_end(&w);
}

void sigmsg_put_note(struct buf *b, const struct sigmsg_label *l)
{
	struct json_writer w;

	begin(&w, b, "note");
	put_label(&w, "text", l);
	json_put_end(&w);
}

void sigmsg_put_locked(struct buf *b, bool on)
{
	struct json_writer w;

	begin(&w, b, "locked");
	json_put_bool(&w, "on", on);
	json_put_end(&w);
}

void sigmsg_put_ended(struct buf *b, const char *reason)
{
	struct json_writer w;

	begin(&w, b, "ended");
	json_put_text(&w, "reason", reason);
	json_put_end(&w);
}

void sigmsg_put_denied(struct buf *b)
{
	buf_puts(b, "{\"type\":\"denied\"}");
}

void sigmsg_put_removed(struct buf *b)
{
	buf_puts(b, "{\"type\":\"removed\"}");
}

void sigmsg_put_error(struct buf *b, enum sigmsg_error code, const char *detail,
		      enum sigmsg_type re)
{
	struct json_writer w;

	begin(&w, b, "error");
	json_put_text(&w, "code", errors[code]);
	json_put_text(&w, "detail", detail);
	if (types[re])
		json_put_text(&w, "re", types[re]);
	json_put_end(&w);
}

void sigmsg_put_too_early(struct buf *b, int64_t opens_at)
{
	char time[CLOCK_RFC3339_SIZE], detail[64];
	struct json_writer w;

	clock_rfc3339(time, opens_at);
	snprintf(detail, sizeof(detail), "this link opens at %s (UTC)", time);
	begin(&w, b, "error");
	json_put_text(&w, "code", errors[SIGMSG_TOO_EARLY]);
	json_put_text(&w, "detail", detail);
	json_put_text(&w, "opensAt", time);
	json_put_text(&w, "re", types[SIGMSG_JOIN]);
	json_put_end(&w);
}
