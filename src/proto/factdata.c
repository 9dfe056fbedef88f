#include "proto/factdata.h"

#include <assert.h>
#include <string.h>

#include "base/b64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"

static const char *const reasons[] = {
	NULL,
#define X(symbol, name) name,
	FACTDATA_REASONS(X)
#undef X
};

static const char *const transports[] = {
	NULL,
#define X(symbol, name) name,
	FACTDATA_TRANSPORTS(X)
#undef X
};

/* Members, in the order in which canonical JSON has them. */
enum {
	HAS_BY = 1,
	HAS_CLOSED = 2,
	HAS_ID = 4,
	HAS_PATH = 8,		/* optional */
	HAS_PEER = 16,
	HAS_REASON = 32,
	HAS_RESUMED = 64,	/* optional */
	HAS_ROLE = 128,
	HAS_STATS = 256,	/* optional */
	HAS_VERSION = 512,
	HAS_TRANSPORT = 1024,
	HAS_AMOUNT = 2048,	/* bytesDown, bytesUp, seconds */
};

static unsigned int members_of(enum fact_kind kind)
{
	switch (kind) {
	case FACT_SERVER_STARTED:
		return HAS_VERSION;
	case FACT_SERVER_RECOVERED:
		return HAS_CLOSED;
	case FACT_MEETING_ENDED:
		return HAS_REASON;
	case FACT_GUEST_WAITING:
		return HAS_ID | HAS_RESUMED;
	case FACT_GUEST_ADMITTED:
	case FACT_GUEST_DENIED:
	case FACT_PARTICIPANT_REMOVED:
		return HAS_BY | HAS_ID;
	case FACT_GUEST_GONE:
	case FACT_PARTICIPANT_LEFT:
		return HAS_ID | HAS_REASON;
	case FACT_PARTICIPANT_JOINED:
		return HAS_ID | HAS_ROLE;
	case FACT_PARTICIPANT_AWAY:
	case FACT_PARTICIPANT_BACK:
		return HAS_ID;
	case FACT_ROOM_LOCKED:
	case FACT_ROOM_UNLOCKED:
		return HAS_BY;
	case FACT_CALL_CONNECTED:
	case FACT_CALL_VERIFIED:
	case FACT_CALL_UNVERIFIED:
	case FACT_CALL_REFUSED:
	case FACT_CALL_LOST:
		return HAS_ID | HAS_PATH | HAS_PEER;
	case FACT_CALL_SUMMARY:
		return HAS_ID | HAS_PATH | HAS_PEER | HAS_STATS;
	case FACT_RELAY_OPENED:
		return HAS_ID | HAS_TRANSPORT;
	case FACT_RELAY_CLOSED:
		return HAS_AMOUNT | HAS_ID | HAS_TRANSPORT;
	default:
		return 0;
	}
}

/* What JSON numbers hold exactly (RFC 8259 section 6): 9 PB. */
#define AMOUNT_MAX ((INT64_C(1) << 53) - 1)

/* Copies what was written into the fact's own bytes. */
static void keep(char *out, size_t max, size_t *len, struct buf *b)
{
	assert(b->len <= max);
	memcpy(out, b->p, b->len + 1);
	*len = b->len;
	buf_fini(b);
}

static int64_t amount(uint64_t bytes)
{
	return bytes < AMOUNT_MAX ? (int64_t)bytes : AMOUNT_MAX;
}

static void put_id(struct json_writer *w, const char *key, const char *id)
{
	assert(strlen(id) == SIGMSG_ID_LEN);
	json_put_text(w, key, id);
}

void factdata_put(struct fact *f, const struct factdata *d)
{
	const unsigned int has = members_of(f->kind);
	struct buf b = BUF_INIT;
	struct json_writer w;

	json_put_init_sorted(&w, &b);
	json_put_object(&w, NULL);
	if (has & HAS_BY)
		put_id(&w, "by", d->by);
	if (has & HAS_AMOUNT) {
		json_put_int(&w, "bytesDown", amount(d->bytes_down));
		json_put_int(&w, "bytesUp", amount(d->bytes_up));
	}
	if (has & HAS_CLOSED)
		json_put_int(&w, "closed", d->closed);
	if (has & HAS_ID)
		put_id(&w, "id", d->id);
	if (has & HAS_PATH && d->path)
		json_put_text(&w, "path", sigmsg_path_name(d->path));
	if (has & HAS_PEER)
		put_id(&w, "peer", d->peer);
	if (has & HAS_REASON) {
		assert(d->reason);
		json_put_text(&w, "reason", reasons[d->reason]);
	}
	if (has & HAS_RESUMED && d->resumed)
		json_put_bool(&w, "resumed", true);
	if (has & HAS_ROLE)
		json_put_text(&w, "role", d->host ? "host" : "guest");
	if (has & HAS_AMOUNT)
		json_put_int(&w, "seconds", d->seconds);
	if (has & HAS_STATS && d->stats_len)
		json_put_raw(&w, "stats", d->stats, d->stats_len);
	if (has & HAS_TRANSPORT) {
		assert(d->transport);
		json_put_text(&w, "transport", transports[d->transport]);
	}
	if (has & HAS_VERSION)
		json_put_text(&w, "version", d->version);
	json_put_end(&w);
	keep(f->data, FACT_DATA_MAX, &f->data_len, &b);
}

/* Members of a fact; the first that does not fit sticks in `bad`. */
struct reading {
	struct json_member m[16];
	int count;
	bool bad;
};

static void read_object(struct reading *r, const char *text, size_t len)
{
	r->count = json_scan(r->m, ARRAY_LEN(r->m), text, len);
	r->bad = r->count < 0;
	if (r->bad)
		r->count = 0;
}

/* Returns the length; 0 where there is none. */
static size_t read_text(struct reading *r, const char *key, char *out, size_t cap,
			bool required)
{
	const struct json_member *m = json_find(r->m, r->count, key);
	ssize_t len = m ? json_get_string(m, out, cap) : 0;

	if (!m || len < 0)
		out[0] = '\0';
	r->bad |= len < 0 || (required && !m);
	return len < 0 ? 0 : (size_t)len;
}

static void read_id(struct reading *r, const char *key, char out[SIGMSG_ID_SIZE])
{
	size_t len = read_text(r, key, out, SIGMSG_ID_SIZE, true);

	r->bad |= len != SIGMSG_ID_LEN || !b64_alphabet(out, len);
}

static int64_t read_int(struct reading *r, const char *key, int64_t min, int64_t max)
{
	const struct json_member *m = json_find(r->m, r->count, key);
	int64_t v;

	if (!m || json_get_int(m, &v) || v < min || v > max) {
		r->bad = true;
		return min;
	}
	return v;
}

static bool read_bool(struct reading *r, const char *key, bool required)
{
	const struct json_member *m = json_find(r->m, r->count, key);
	bool v = false;

	r->bad |= m ? json_get_bool(m, &v) != 0 : required;
	return v;
}

static enum factdata_reason read_reason(struct reading *r)
{
	char word[16];
	unsigned int i;

	read_text(r, "reason", word, sizeof(word), true);
	for (i = 1; i < REASON_COUNT; i++)
		if (!r->bad && strcmp(reasons[i], word) == 0)
			return (enum factdata_reason)i;
	r->bad = true;
	return REASON_NONE;
}

static enum factdata_transport read_transport(struct reading *r)
{
	char word[8];
	unsigned int i;

	read_text(r, "transport", word, sizeof(word), true);
	for (i = 1; i < TRANSPORT_COUNT; i++)
		if (!r->bad && strcmp(transports[i], word) == 0)
			return (enum factdata_transport)i;
	r->bad = true;
	return TRANSPORT_NONE;
}

static enum sigmsg_path read_path(struct reading *r)
{
	enum sigmsg_path path;
	char word[16];
	size_t len = read_text(r, "path", word, sizeof(word), false);

	path = sigmsg_path_of(word, len);
	r->bad |= len && path == SIGMSG_NO_PATH;
	return path;
}

static void read_stats(struct reading *r, struct factdata *out)
{
	const struct json_member *m = json_find(r->m, r->count, "stats");

	if (!m)
		return;
	if (m->kind != JSON_KIND_OBJECT || m->len > SIGMSG_STATS_MAX) {
		r->bad = true;
		return;
	}
	memcpy(out->stats, m->value, m->len);
	out->stats[m->len] = '\0';
	out->stats_len = m->len;
}

int factdata_get(struct factdata *out, const struct fact *f)
{
	const unsigned int has = members_of(f->kind);
	struct reading r;
	char role[8];

	memset(out, 0, sizeof(*out));
	read_object(&r, f->data, f->data_len);
	if (has & HAS_BY)
		read_id(&r, "by", out->by);
	if (has & HAS_CLOSED)
		out->closed = (uint32_t)read_int(&r, "closed", 0, UINT32_MAX);
	if (has & HAS_ID)
		read_id(&r, "id", out->id);
	if (has & HAS_PATH)
		out->path = read_path(&r);
	if (has & HAS_PEER)
		read_id(&r, "peer", out->peer);
	if (has & HAS_REASON)
		out->reason = read_reason(&r);
	if (has & HAS_RESUMED)
		out->resumed = read_bool(&r, "resumed", false);
	if (has & HAS_ROLE) {
		read_text(&r, "role", role, sizeof(role), true);
		out->host = !r.bad && strcmp(role, "host") == 0;
		r.bad |= !out->host && strcmp(role, "guest") != 0;
	}
	if (has & HAS_AMOUNT) {
		out->bytes_down = (uint64_t)read_int(&r, "bytesDown", 0, AMOUNT_MAX);
		out->bytes_up = (uint64_t)read_int(&r, "bytesUp", 0, AMOUNT_MAX);
		out->seconds = (uint32_t)read_int(&r, "seconds", 0, UINT32_MAX);
	}
	if (has & HAS_STATS)
		read_stats(&r, out);
	if (has & HAS_TRANSPORT)
		out->transport = read_transport(&r);
	if (has & HAS_VERSION)
		read_text(&r, "version", out->version, sizeof(out->version), true);
	return r.bad ? ERR_CORRUPT : 0;
}

void factdata_put_plan(struct fact *f, const struct meeting_plan *p)
{
	struct buf b = BUF_INIT;
	struct json_writer w;

	json_put_init_sorted(&w, &b);
	json_put_object(&w, NULL);
	json_put_int(&w, "capacity", p->capacity);
	json_put_int(&w, "durationMinutes", p->minutes);
	json_put_text(&w, "kind", plan_kind_name(p->kind));
	json_put_text(&w, "locale", p->locale);
	json_put_bool(&w, "relayOnly", p->relay_only);
	json_put_time(&w, "startsAt", p->starts_at);
	json_put_bool(&w, "waitingRoom", p->waiting_room);
	json_put_end(&w);
	keep(f->data, FACT_DATA_MAX, &f->data_len, &b);
	f->personal[0] = '\0';
	f->personal_len = 0;
	if (!p->title[0] && !p->host_name[0])
		return;
	json_put_init_sorted(&w, &b);
	json_put_object(&w, NULL);
	if (p->host_name[0])
		json_put_text(&w, "hostName", p->host_name);
	if (p->title[0])
		json_put_text(&w, "title", p->title);
	json_put_end(&w);
	keep(f->personal, FACT_PERSONAL_MAX, &f->personal_len, &b);
}

int factdata_get_plan(struct meeting_plan *out, const struct fact *f)
{
	char kind[16], starts_at[CLOCK_RFC3339_SIZE];
	struct reading r;
	size_t len;

	plan_init(out);
	read_object(&r, f->data, f->data_len);
	out->capacity = (uint8_t)read_int(&r, "capacity", PLAN_CAPACITY_MIN,
					  PLAN_CAPACITY_MAX);
	out->minutes = (uint32_t)read_int(&r, "durationMinutes", PLAN_MINUTES_MIN,
					  PLAN_MINUTES_MAX);
	len = read_text(&r, "kind", kind, sizeof(kind), true);
	r.bad |= plan_kind_of(&out->kind, kind, len) != 0;
	len = read_text(&r, "locale", out->locale, sizeof(out->locale), true);
	r.bad |= len && !plan_locale_ok(out->locale, len);
	out->relay_only = read_bool(&r, "relayOnly", true);
	len = read_text(&r, "startsAt", starts_at, sizeof(starts_at), true);
	r.bad |= clock_rfc3339_parse(&out->starts_at, starts_at, len) != 0;
	out->waiting_room = read_bool(&r, "waitingRoom", true);
	if (!r.bad && f->personal_len) {
		read_object(&r, f->personal, f->personal_len);
		read_text(&r, "hostName", out->host_name, sizeof(out->host_name), false);
		read_text(&r, "title", out->title, sizeof(out->title), false);
	}
	return r.bad ? ERR_CORRUPT : 0;
}
